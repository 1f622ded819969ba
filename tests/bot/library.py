"""Small libraries of our own making for the tests."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bot.service import Bot
from ingest.documents import Language, Page, Section, Source, SourceDocument, Statement
from ingest.library import Library
from ingest.settings import load

TODAY = dt.date(2026, 11, 23)


def document(id: str, language: Language, title: str, *facts: str, **meta: Any) -> SourceDocument:
    """Return a document of one page whose facts date from 2026."""
    statements = tuple(Statement(fact, source=Source("https://example.org/" + id, "2026-05")) for fact in facts)
    return SourceDocument(
        id=id, language=language, title=title, pages=(Page((Section((title,), statements, "brief"),)),),
        url=f"https://example.org/{id}", as_of="2026-05", meta=meta,
    )  # fmt: skip


@contextmanager
def small_bot(folder: Path, *documents: SourceDocument, **settings: Any) -> Iterator[Bot]:
    """Yield a bot that knows *documents* only."""
    flags: Mapping[str, Any] = {"data_dir": folder, "today": TODAY, **settings}
    chosen = load(**flags)
    with Library.open(chosen) as library:
        library.add_documents(documents)
        yield Bot(library, chosen)

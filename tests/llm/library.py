"""A small library with a model of the double behind it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bot.chat import open_chat_model
from bot.service import Bot
from ingest.documents import SourceDocument
from ingest.library import Library
from ingest.settings import load
from tests.bot.library import TODAY, document
from tests.llm.double import Double

PRIME = document(
    "prime", "fr", "Prime numérique",
    "La prime numérique paie 30 % des frais, avec un plafond de 50 000 €.",
    "La prime numérique est ouverte aux indépendants et aux petites entreprises.",
    "La demande de prime se fait en ligne avant le 31 mars 2027.",
    kind="subsidy",
)  # fmt: skip


@contextmanager
def model_bot(folder: Path, double: Double, model: str, *documents: SourceDocument, **settings: Any) -> Iterator[Bot]:
    """Yield a bot that knows *documents* (the ``PRIME`` if none are given) and has *model* phrase its answers."""
    flags: dict[str, Any] = {
        "data_dir": folder, "today": TODAY, "llm": f"openai:{model}", "llm_base_url": double.base_url, **settings
    }  # fmt: skip
    chosen = load(**flags)
    with Library.open(chosen) as library:
        library.add_documents(documents or (PRIME,))
        yield Bot(library, chosen, model=open_chat_model(chosen))

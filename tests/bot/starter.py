"""A guichet over a few real sheets of the starter corpus: quick to open, and all of it is the real thing."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bot.bootstrap import open_bot, open_live
from bot.live import Live
from bot.service import Bot
from ingest.documents import LANGUAGES
from ingest.settings import ROOT, Settings, load

SHEETS = ("eic-accelerator", "cheque-maturite-numerique", "win4company", "pret-coup-de-pouce", "start-ia", "ai-act")
LAST_DAY = dt.date(2026, 12, 17)
"""The closing day of the EIC Accelerator, by a sentence of its sheet."""


def corpus(folder: Path) -> Path:
    """Copy the sheets, in four languages, and the glossary below *folder*; return where they are."""
    root = folder / "corpus"
    for language in LANGUAGES:
        (root / language).mkdir(parents=True, exist_ok=True)
        for sheet in SHEETS:
            shutil.copy(ROOT / "corpus" / language / f"{sheet}.md", root / language)
    shutil.copy(ROOT / "corpus" / "glossary.yaml", root)
    return root


def settings(folder: Path, today: dt.date = LAST_DAY, **flags: Any) -> Settings:
    """Return the settings of a guichet below *folder* that lives on *today*."""
    return load(data_dir=folder / "data", corpus_dir=corpus(folder), today=today, **flags)


@contextmanager
def starter_bot(folder: Path, today: dt.date = LAST_DAY, **flags: Any) -> Iterator[Bot]:
    """Yield a bot over the sheets."""
    with open_bot(settings(folder, today, **flags)) as bot:
        yield bot


@contextmanager
def starter_live(chosen: Settings) -> Iterator[Live]:
    """Yield a bot for a server over the sheets."""
    with open_live(chosen) as live:
        yield live

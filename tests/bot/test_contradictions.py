"""Values that contradict each other are found, ruled on, and told with both sides until then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.cards import Cards
from bot.contradictions import Contradiction, Contradictions
from bot.service import Bot
from ingest.cards import CardStore
from ingest.database import connect
from ingest.documents import Language, Passage, SourceDocument
from ingest.library import DocumentInfo
from ingest.passages import split
from tests.bot.library import TODAY, document, small_bot

PAIRS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "pairs_of_values.yaml").read_text("utf-8"))


class Shelf:
    """Documents as a snapshot shows them, without any index."""

    def __init__(self, *documents: SourceDocument, generation: int = 1) -> None:
        self.generation = generation
        self._passages = {each.key: split(each) for each in documents}
        self.documents = {
            each.key: DocumentInfo(
                each.key, each.id, each.language, 1, each.title, each.url, each.as_of, dict(each.meta)
            )
            for each in documents
        }

    def passages_of(self, keys: Sequence[str]) -> list[Passage]:
        """Return the passages of these documents."""
        return [passage for key in keys for passage in self._passages[key]]

    def key_of(self, id: str, language: Language) -> str | None:
        """Return the key of a document, in *language* if it has it."""
        return next((key for key, info in self.documents.items() if info.id == id), None)


def sheet(language: Language = "fr", *facts: str, **meta: Any) -> SourceDocument:
    """Return the sheet of the made-up programme."""
    head = {"kind": "subsidy", "verified_on": "2026-11-01", **meta}
    texts = facts or ("Le Chèque Boussole aide à choisir un outil.",)
    return document("cheque-boussole", language, "Chèque Boussole", *texts, **head)


def other() -> SourceDocument:
    """Return the sheet of another programme with a like name."""
    return document("cheque-lanterne", "fr", "Chèque Lanterne", "Le Chèque Lanterne éclaire.", kind="subsidy")


def found(folder: Path, *documents: SourceDocument) -> tuple[Contradiction, ...]:
    """Return the contradictions of some documents."""
    engine = connect(folder / "guichet.sqlite")
    try:
        shelf: Any = Shelf(*documents)
        return Contradictions(Cards(CardStore(engine))).all(shelf, TODAY)
    finally:
        engine.dispose()


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair['contradicts']}-{pair['a'][1][:60]}")
def test_labelled_pairs(pair: dict[str, Any], tmp_path: Path) -> None:
    """Two sentences contradict each other exactly where a person said so, in every language."""
    (one, first), (two, second) = pair["a"], pair["b"]
    seen = found(
        tmp_path, sheet(), other(), document("guide", one, "Guide", first), document("page", two, "Page", second)
    )
    assert [each.field for each in seen] == ([pair["field"]] if pair["contradicts"] else [])

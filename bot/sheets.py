"""The documents as readers may see them: what each is, where it stands today, and what it says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.answers import State
from bot.cards import Card
from bot.contradictions import Contradictions
from bot.standing import standing, state_of
from bot.states import PROGRAMME_KINDS
from ingest.documents import LANGUAGES, Language, Passage
from ingest.snapshot import DocumentInfo, Reading


@dataclass(frozen=True, slots=True)
class Sheet:
    """One document in one language, with its state on a day; ``state`` is None for what is no programme."""

    info: DocumentInfo
    languages: tuple[Language, ...]
    state: State | None


@dataclass(frozen=True, slots=True)
class Sheets:
    """Some sheets in the order of their ids and languages, and how many there are in all."""

    sheets: tuple[Sheet, ...]
    total: int
    is_last: bool
    generation: int


class Shelf:
    """The sheets of one generation of a library, on the day *today*."""

    def __init__(self, library: Reading, contradictions: Contradictions, today: dt.date) -> None:
        self._library, self._contradictions, self._today = library, contradictions, today
        self._cards: dict[Language, dict[str, Card]] = {}

    def list(
        self, *, language: Language | None = None, kind: str | None = None, after: str = "", limit: int = 50
    ) -> Sheets:
        """Return the next *limit* sheets behind the key *after*, in one *language*, of one *kind*."""
        infos = [
            info
            for info in self._library.documents.values()
            if language in (None, info.language) and kind in (None, info.meta.get("kind"))
        ]
        infos.sort(key=lambda info: _place(info.key))
        rest = [info for info in infos if _place(info.key) > _place(after)] if after else infos
        sheets = tuple(self._sheet(info) for info in rest[:limit])
        return Sheets(sheets, len(infos), len(rest) <= limit, self._library.generation)

    def get(self, key: str) -> tuple[Sheet, Sequence[Passage]] | None:
        """Return the sheet *key* with its passages in reading order, or None when there is none."""
        info = self._library.documents.get(key)
        return (self._sheet(info), self._library.passages_of([key])) if info else None

    def _sheet(self, info: DocumentInfo) -> Sheet:
        languages = tuple(each for each in LANGUAGES if f"{each}/{info.id}" in self._library.documents)
        if info.meta.get("kind") not in PROGRAMME_KINDS or (card := self._card(info)) is None:
            return Sheet(info, languages, None)
        # As everywhere else: a day that no sentence holds, or that a ruling took away, is not known.
        days = {"opens": card.value("opens"), "closes": card.value("closes")}
        state = state_of(card, self._library, self._contradictions, self._today)
        return Sheet(replace(info, meta={**info.meta, **days}), languages, state)

    def _card(self, info: DocumentInfo) -> Card | None:
        if info.language not in self._cards:
            self._cards[info.language] = standing(self._library, self._contradictions, self._today, info.language)
        return self._cards[info.language].get(info.id)


def _place(key: str) -> tuple[str, str]:
    language, _, id = key.partition("/")
    return id, language

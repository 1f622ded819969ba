"""What the gap board shows: items with their label, their questions counted, and how they go over the weeks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ingest.documents import Language
from ingest.gaps import Gap, State, Tally

WEEKS = 12
"""Weeks of a trend."""
RECENT = 4
"""Weeks that are compared with as many before."""
Shown = Literal["unanswered", "weak", "rated"]
"""Why a question is on the board: not in the sources, little evidence, a thumb down."""
KINDS: tuple[Shown, ...] = ("unanswered", "weak", "rated")
Trend = Literal["new", "up", "steady", "down"]


@dataclass(frozen=True, slots=True)
class Label:
    """What an item is called. Only what ``staff`` wrote and ``words`` of many questions outlive the questions."""

    text: str
    source: Literal["staff", "question", "words", "none"]
    language: Language | None = None

    @property
    def lasting(self) -> str:
        """The label as it may leave the house: without the words of one visitor."""
        return "" if self.source == "question" else self.text


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the board."""

    gap: Gap
    tally: Tally
    label: Label
    programme: str | None
    """Title of the document concerned."""
    weeks: tuple[int, ...] = ()
    """Questions of the last weeks, the present one last."""

    @property
    def id(self) -> int:
        """Its number."""
        return self.gap.id

    @property
    def kinds(self) -> dict[Shown, int]:
        """How many questions stand here for which reason; one may have two."""
        kinds = self.tally.kinds
        counted: dict[Shown, int] = {
            "unanswered": kinds.get("unanswered", 0), "weak": kinds.get("weak", 0), "rated": self.tally.rated,
        }  # fmt: skip
        return {kind: count for kind, count in counted.items() if count}

    @property
    def trend(self) -> Trend:
        """Whether it is asked more often than in the weeks before; one question more or less is chance."""
        recent, before = sum(self.weeks[-RECENT:]), sum(self.weeks[-2 * RECENT : -RECENT])
        if recent and recent == self.tally.count:
            return "new"
        if abs(recent - before) < max(2, 0.25 * before):
            return "steady"
        return "up" if recent > before else "down"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which items somebody wants to see; empty fields leave nothing out."""

    state: str = "open"
    """A state, ``open`` for those that are not done, or ``all``."""
    kind: str = ""
    language: str = ""
    programme: str = ""
    """Id of a document."""
    text: str = ""

    def fits_state(self, state: State) -> bool:
        """Return whether an item of *state* is wanted."""
        return self.state in ("all", state) or (self.state == "open" and state != "done")


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the board."""

    items: Sequence[Item]
    total: int
    number: int
    programmes: dict[str, str]
    """Title by id of every document that items concern, to choose from."""
    empty: bool
    """Whether the board holds no item at all, whatever is wanted."""


def last_mondays(today: dt.date, weeks: int) -> list[dt.date]:
    """Return the first days of the last *weeks*, the present one last."""
    present = today - dt.timedelta(days=today.weekday())
    return [present - dt.timedelta(weeks=back) for back in range(weeks - 1, -1, -1)]

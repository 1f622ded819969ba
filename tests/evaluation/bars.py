"""The bars of this release: what it has to reach, as data, and which bars it is known to miss.

A bar names a figure by its key (:mod:`tests.evaluation.figures`, :mod:`tests.evaluation.search`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.evaluation.figures import Figure, Unit

DEVELOPED = "golden"
"""The set that developers work with: its bars are the bars of the release. Any other golden set is taken as unseen."""
ROOM = 3.0
"""How much longer than its bar an answer may take on a machine that is shared with others, as in CI."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A line that a figure has to reach: a number, or what a simpler search reaches (``against``)."""

    key: str
    limit: float | None = None
    at_most: bool = False
    against: str | None = None

    @property
    def name(self) -> str:
        """How the bar is called in reports and in ``KNOWN_MISSES``."""
        return f"{self.key} not below {self.against}" if self.against else self.key

    def check(self, figures: Mapping[str, Figure], *, room: float = 1.0) -> BarResult:
        """Compare; what could not be measured counts as missed. Times may take *room* times their limit."""
        figure = figures.get(self.key)
        value = figure.value if figure else None
        unit: Unit = figure.unit if figure else "share"
        limit = self._limit(figure)
        if value is None or limit is None:
            return BarResult(self, value, limit, unit, met=False)
        allowed = limit * room if unit == "ms" else limit
        # Shares are quotients: 0.1 + 0.2 must not miss a bar of 0.3.
        met = value <= allowed + 1e-9 if self.at_most else value >= allowed - 1e-9
        return BarResult(self, value, limit, unit, met)

    def _limit(self, figure: Figure | None) -> float | None:
        if self.against is None:
            return self.limit
        other = figure.others.get(self.against) if figure else None
        return other.value if other else None


@dataclass(frozen=True, slots=True)
class BarResult:
    """A bar, what was measured, the limit it was held against, and whether it is met."""

    bar: Bar
    value: float | None
    limit: float | None
    unit: Unit
    met: bool

    def as_json(self) -> dict[str, Any]:
        """Plain data for ``aggregates.json``."""
        side = "at_most" if self.bar.at_most else "at_least"
        return {"name": self.bar.name, "value": self.value, side: self.limit, "met": self.met}


ANSWER_BARS: tuple[Bar, ...] = (
    Bar("pass", 0.88),
    Bar("pass.followup", 0.70),
    Bar("spread", 0.06, at_most=True),
    Bar("right_sheet", 0.95),
    Bar("right_status", 0.90),
    Bar("false_declines", 0.05, at_most=True),
    Bar("quotes", 1.0),
    Bar("uncited", 0, at_most=True),
    Bar("words", 90, at_most=True),
    Bar("p95", 60, at_most=True),
)
"""Over the answers to the developers' set."""

SEARCH_BARS: tuple[Bar, ...] = (
    Bar(f"{DEVELOPED}/documents@1", 0.80),
    Bar(f"{DEVELOPED}/documents@5", 0.95),
    *(Bar(f"{DEVELOPED}/documents/{language}@5", 0.88) for language in ("fr", "nl", "de", "en")),
    Bar("fr_service_public@5", 0.97),
    Bar("fr_cnil_crpa/headings@5", 0.88),
    Bar("fr_cnil_crpa/paraphrases@5", 0.75),
    Bar("nl_algoritmekader@5", 0.95),
    Bar("de_xquad@5", 0.97),
    Bar("de_xquad/other_language@5", 0.85),
    Bar("en_govt_multiturn@5", 0.88),
    Bar("en_govt_multiturn/own_rules@5", 0.85),
    Bar("followups/tuned@5", 0.90),
    Bar("followups/unseen@5", 0.90),
)
"""Over the place of the right documents in the search."""

KNOWN_MISSES: Mapping[str, str] = {
    f"{DEVELOPED}/answers/spread": "11 of the 13 wrong answers are French; the other languages have 14 to 20 questions",
    "nl_algoritmekader@5 not below bm25": "one question of 32, two words long, of which every candidate holds both",
}
"""Bars that this release is known to miss, by name, each with its reason. A bar that is met must not stand here."""


def never_below(figures: Mapping[str, Figure]) -> tuple[Bar, ...]:
    """Return a bar for each row of the search, unseen questions aside, and each simpler search measured on it."""
    return tuple(
        Bar(key, against=other)
        for key, figure in figures.items()
        if key.endswith("@5") and "every" not in key and ("/documents" not in key or key.startswith(f"{DEVELOPED}/"))
        for other in sorted(figure.others)
    )


def check_all(bars: Sequence[Bar], figures: Mapping[str, Figure], *, room: float = 1.0) -> tuple[BarResult, ...]:
    """Return the result of every bar, in order."""
    return tuple(bar.check(figures, room=room) for bar in bars)

"""Figures by name: what a release is judged by, printed, drawn, kept and compared with the release before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.evaluation.metrics import DECLINED, SOURCED, Estimate, Summary, Verdict, summarise

Unit = Literal["share", "points", "count", "words", "ms"]
"""``share``: between 0 and 1; ``points``: a difference of two shares, between 0 and 1; ``ms``: milliseconds."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number about the product, and what simpler searches reach on the same questions."""

    key: str
    label: str
    n: int
    estimate: Estimate | None
    unit: Unit = "share"
    others: Mapping[str, Estimate] = field(default_factory=dict)
    """By the name of the simpler search, ``bm25`` or ``minilm``; a search that was not measured is absent."""

    @property
    def value(self) -> float | None:
        """The number itself; ``None`` where nothing could be measured."""
        return self.estimate.value if self.estimate else None

    def as_json(self) -> dict[str, Any]:
        """Plain data, rounded to four places."""
        return {
            "label": self.label,
            "n": self.n,
            "unit": self.unit,
            "ours": _rounded(self.estimate),
            **{name: _rounded(estimate) for name, estimate in self.others.items()},
        }

    @classmethod
    def from_json(cls, key: str, data: Mapping[str, Any]) -> Figure:
        """Read what ``as_json`` wrote; a key that is missing is a ``KeyError``."""
        ours = data["ours"]
        others = {name: Estimate(*data[name]) for name in ("bm25", "minilm") if data.get(name)}
        return cls(key, data["label"], data["n"], Estimate(*ours) if ours else None, data["unit"], others)


def in_words(value: float | None, unit: Unit) -> str:
    """Return a value as it is printed: ``88.3 %``, ``5.2 points``, ``62 ms``; a dash where nothing was measured."""
    if value is None:
        return "–"
    if unit == "share":
        return f"{100 * value:.1f} %"
    if unit == "points":
        return f"{100 * value:.1f} points"
    return f"{value:.0f} ms" if unit == "ms" else f"{value:g}"


def figures_of_answers(verdicts: Sequence[Verdict]) -> dict[str, Figure]:
    """Return the figures of a set of judged answers by their key, in the order in which they are printed."""
    sourced = [verdict for verdict in verdicts if verdict.kind in SOURCED]
    declined = [verdict for verdict in verdicts if verdict.kind in DECLINED]
    everything, of_sourced = summarise(verdicts), summarise(sourced)
    passed = Estimate.of([verdict.passed for verdict in sourced])
    found = [
        Figure("pass", "right answer, sourced kinds", len(sourced), passed),
        *(
            Figure(f"pass.{language}", f"right answer, sourced kinds, {language}", len(group), _passes(group))
            for language in dict.fromkeys(verdict.lang for verdict in verdicts)
            if (group := [verdict for verdict in sourced if verdict.lang == language])
        ),
        Figure("spread", "right answer, best less worst language", len(sourced), _spread(sourced), "points"),
        *(
            Figure(f"pass.{kind}", f"right answer, {kind}", len(group), _passes(group))
            for kind in dict.fromkeys(verdict.kind for verdict in verdicts)
            if (group := [verdict for verdict in verdicts if verdict.kind == kind])
        ),
        Figure("right_sheet", "right sheet cited, sourced kinds", len(sourced), _share(sourced, "right_sheet")),
        Figure("false_declines", "declined though sourced", len(sourced), _share(sourced, "false_decline")),
        Figure("right_status", "right status, declined kinds", len(declined), _share(declined, "status_right")),
        Figure("language", "answered in the asker's language", len(verdicts), _share(verdicts, "language_right")),
        _plain("quotes", "quotes found letter for letter", everything.quotes_found, "share", _citations(verdicts)),
        _plain("uncited", "statements without a source", everything.uncited if verdicts else None, "count",
               len(verdicts)),
        _plain("words", "words of an answer, median", everything.words_median, "words", _stated(verdicts)),
        _plain("words.sourced", "words, median, sourced kinds", of_sourced.words_median, "words", _stated(sourced)),
        *_latency(everything),
    ]  # fmt: skip
    return {figure.key: figure for figure in found}


def _latency(summary: Summary) -> list[Figure]:
    return [
        _plain("p50", "time to an answer, half within", summary.latency_p50_ms, "ms", summary.n),
        _plain("p95", "time to an answer, 95 % within", summary.latency_p95_ms, "ms", summary.n),
    ]


def _plain(key: str, label: str, value: float | None, unit: Unit, n: int) -> Figure:
    """A figure without an interval."""
    return Figure(key, label, n, None if value is None else Estimate(value), unit)


def _passes(group: Sequence[Verdict]) -> Estimate | None:
    return Estimate.of([verdict.passed for verdict in group])


def _share(group: Sequence[Verdict], name: str) -> Estimate | None:
    return Estimate.of([bool(getattr(verdict, name)) for verdict in group])


def _spread(sourced: Sequence[Verdict]) -> Estimate | None:
    """How far the languages lie apart: the highest share of right answers less the lowest."""
    groups: dict[str, list[bool]] = {}
    for verdict in sourced:
        groups.setdefault(verdict.lang, []).append(verdict.passed)
    shares = [sum(passed) / len(passed) for passed in groups.values()]
    return Estimate(max(shares) - min(shares)) if shares else None


def _citations(verdicts: Sequence[Verdict]) -> int:
    return sum(verdict.citations for verdict in verdicts)


def _stated(verdicts: Sequence[Verdict]) -> int:
    return sum(verdict.words > 0 for verdict in verdicts)


def _rounded(estimate: Estimate | None) -> list[float] | None:
    """``[value]`` or ``[value, low, high]``."""
    if estimate is None:
        return None
    ends = (estimate.low, estimate.high)
    return [round(number, 6) for number in (estimate.value, *ends) if number is not None]

"""Judge whether what was found answers the question: answered, partial, not in our sources, or not our subject."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.answers import Status
from bot.intent import Want
from bot.statements import Candidate
from ingest.analysis import content_words
from ingest.figures import figures
from ingest.library import Library

if TYPE_CHECKING:
    from bot.service import _Draft


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for an answer; every value lies between 0 and 1."""

    cosine: float
    """Of the best passage to the question."""
    overlap: float
    """Of the best statement."""
    named: float
    """How clearly the question calls a document by name."""
    known: float
    """Share of the question's words that stand anywhere in the library."""
    gap: float
    """1 when the best statement is a gap that the sources leave."""

    @property
    def subject(self) -> float:
        """How much the question looks like one of ours; set on the development questions."""
        return self.cosine + 0.3 * self.overlap + 0.15 * self.known + 0.3 * self.named


LEAST_SUBJECT = 0.64
LEAST_FOREIGN = 0.3
"""The same where the sources are in another language only: words cannot help there."""
WEAK_OVERLAP = 0.33
"""A figure is asked for and the best statement shares less with the question: it may be another figure."""


_FIGURE: frozenset[Want] = frozenset({"how_much"})
RIVAL = 0.02
"""How much less of the question than a gap a fact may hold and still go before it."""
_YEAR = re.compile(r"(?<!\d)20[0-4]\d(?!\d)")


def weigh(draft: _Draft, library: Library) -> Evidence:
    """Return the evidence of a draft whose statements are chosen."""
    cosine = max((hit.dense for hit in draft.hits), default=0.0)
    best = draft.chosen[0] if draft.chosen else None
    return Evidence(
        cosine,
        best.signal("overlap") if best else 0.0,
        max(draft.named.values(), default=0.0),
        _known(draft, library),
        float(bool(best) and best.span.role == "gap"),  # type: ignore[union-attr]
    )


def _known(draft: _Draft, library: Library) -> float:
    asked = dict.fromkeys(content_words(draft.question, draft.language))
    known = [library.lexicon.frequency(word) > 0 for word in asked]
    return sum(known) / len(known) if known else 0.0


def judge(draft: _Draft, library: Library) -> Status:
    """Return the status of a draft whose statements are chosen; a missing figure is put first among them."""
    if draft.rule:
        return draft.rule.status
    evidence = weigh(draft, library)
    least = LEAST_SUBJECT if not draft.chosen or draft.chosen[0].passage.language == draft.language else LEAST_FOREIGN
    if not draft.chosen or (evidence.subject < least and not draft.context):
        return "out_of_scope"
    if evidence.gap and draft.chosen[0].answers(draft.wants):
        if draft.chosen[0].span.topic == "state":
            return "partial"  # What is known of the past helps; whether it is open today is not known.
        if not _answered_all_the_same(draft):
            return "not_in_sources"
    if "price" in draft.wants and not _price(draft) and (gap := _missing_figure(draft)):
        draft.chosen = [gap, *(candidate for candidate in draft.chosen if candidate.span.role != "gap")]
        return "not_in_sources"
    if "how_much" not in draft.wants:
        return "answered"
    if "price" in draft.wants and evidence.overlap < WEAK_OVERLAP and (gap := _missing_figure(draft)):
        draft.chosen = [gap, *(candidate for candidate in draft.chosen if candidate.span.role != "gap")]
        return "not_in_sources"
    if not draft.context and (evidence.overlap < WEAK_OVERLAP or _other_year(draft)):
        return "partial"
    return "answered"


def _answered_all_the_same(draft: _Draft) -> bool:
    """Return whether a fact fits the question as well as the gap that was put first; then the fact goes first."""
    gap = draft.chosen[0]
    money = gap.span.topic in ("price", "rate", "ceiling", "amount")
    rivals = (
        c for c in draft.chosen[1:] if c.span.role == "fact" and c.signal("overlap") >= gap.signal("overlap") - RIVAL
    )
    # A missing price is only made good by a price: a statement on what is paid, with its figure.
    rival = next((c for c in rivals if not money or (c.span.section == "pays" and _has_figure(c))), None)
    if rival is None:
        return False
    rest = [candidate for candidate in draft.chosen if candidate not in (gap, rival)]
    draft.chosen = [rival, *rest, gap]
    return True


def _price(draft: _Draft) -> bool:
    """Return whether the best document says what is paid, with a figure."""
    best = draft.chosen[0].document
    return any(c.document == best and c.span.section == "pays" and _has_figure(c) for c in draft.candidates)


def _has_figure(candidate: Candidate) -> bool:
    return bool(figures(candidate.text, candidate.passage.language))


def _missing_figure(draft: _Draft) -> Candidate | None:
    """Return the gap that the best document leaves where a figure is asked for."""
    document = draft.chosen[0].document
    return next(
        (
            candidate
            for candidate in draft.candidates
            if candidate.document == document and candidate.span.role == "gap" and candidate.answers(_FIGURE)
        ),
        None,
    )


def _other_year(draft: _Draft) -> bool:
    """Return whether the question names a year of which no chosen statement speaks."""
    asked = set(_YEAR.findall(draft.question))
    held = {year for candidate in draft.chosen for year in _YEAR.findall(candidate.text)}
    return bool(asked - held)

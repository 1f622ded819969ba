"""Judge whether what was found answers the question: answered, partial, not in our sources, or not our subject."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.answers import Status
from bot.composer import TOPICS
from ingest.analysis import terms
from ingest.documents import Language
from ingest.library import Library

if TYPE_CHECKING:
    from bot.service import _Draft


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for an answer; every value lies between 0 and 1."""

    cosine: float
    """Of the best passage to the question."""
    coverage: float
    """Share of the question's rare words that the chosen statements or the names of their documents hold."""
    overlap: float
    """Of the best statement."""
    named: float
    """How clearly the question calls a document by name."""
    gap: float
    """1 when the best statement is a gap that the sources leave."""


LEAST_COSINE = 0.33
LEAST_COVERAGE = 0.22
PARTIAL_COVERAGE = 0.42


def weigh(draft: _Draft, library: Library) -> Evidence:
    """Return the evidence of a draft whose statements are chosen."""
    cosine = max((hit.dense for hit in draft.hits), default=0.0)
    best = draft.chosen[0] if draft.chosen else None
    coverage = _coverage(draft, library)
    return Evidence(
        cosine,
        coverage,
        best.overlap if best else 0.0,
        max(draft.named.values(), default=0.0),
        float(bool(best) and best.span.role == "gap"),  # type: ignore[union-attr]
    )


def _coverage(draft: _Draft, library: Library) -> float:
    language: Language = draft.language
    total = library.count() or 1
    held: set[str] = set()
    for candidate in draft.chosen:
        passage = candidate.passage
        held.update(terms(f"{candidate.text} {passage.title} {' '.join(passage.names)}", passage.language))
    asked = dict.fromkeys(terms(draft.question, language))
    weights = {term: math.log(1 + total / (1 + library.words.frequency(term, language))) for term in asked}
    weight = sum(weights.values())
    return sum(value for term, value in weights.items() if _in(term, held)) / weight if weight else 0.0


def _in(term: str, held: set[str]) -> bool:
    return term in held or (len(term) >= 5 and any(term in word or (len(word) >= 5 and word in term) for word in held))


def judge(question: str, language: Language, draft: _Draft, library: Library) -> Status:
    """Return the status of a draft whose statements are chosen."""
    if draft.rule:
        return draft.rule.status
    evidence = weigh(draft, library)
    if not draft.chosen or (evidence.cosine < LEAST_COSINE and not evidence.named and evidence.coverage < LEAST_COVERAGE):
        return "out_of_scope"
    first = draft.chosen[0]
    if evidence.gap and any(first.span.topic in TOPICS[want] for want in draft.wants):
        return "not_in_sources"
    if evidence.coverage < LEAST_COVERAGE and not draft.context:
        return "not_in_sources"
    return "answered"

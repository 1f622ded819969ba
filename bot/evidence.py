"""Judge whether what was found answers the question: answered, partial, not in our sources, or not our subject."""

from __future__ import annotations

import re
from dataclasses import astuple, dataclass, fields

import numpy as np

from bot.answers import Status
from bot.coefficients import coefficients
from bot.draft import Draft
from bot.intent import Want
from bot.statements import Candidate
from ingest.figures import figures


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for an answer, each value between about 0 and 1."""

    cosine: float
    """Of the best statement to the question."""
    overlap: float
    """Share of the question that stands in the best statement, and how alike the words are."""
    alike: float
    passage: float
    """Score of the best passage by the fusion."""
    match: float
    """How well the best passage holds the words of the question."""
    dense: float
    """Cosine of the nearest passage."""
    named: float
    """How clearly the question calls a document by name."""
    known: float
    """Share of the question's words that stand anywhere in the library."""
    apart: float
    """By how much the best document is better than the next."""
    foreign: float
    """1 when the best statement is in another language than the question."""
    ours: float
    """How likely the message is a question to our sources."""

    @property
    def probability(self) -> float:
        """How likely the answer holds what is asked: a logistic model, fitted on questions with known answers."""
        fitted = coefficients("evidence")
        score = fitted["intercept"] + sum(
            fitted["weights"][field.name] * value for field, value in zip(fields(self), astuple(self), strict=True)
        )
        return float(1 / (1 + np.exp(-score)))


LIKELY = 0.5
"""Probability from which an answer is given as one."""
UNLIKELY = 0.15
"""Probability under which the sources are said not to have it; between the two the answer is called partial."""
DOUBTFUL_SUBJECT = 0.6
"""Probability of being ours under which weak evidence means that the subject is another one."""
WEAK_OVERLAP = 0.33
"""A figure is asked for and the best statement shares less with the question: it may be another figure."""
_FIGURE: frozenset[Want] = frozenset({"how_much"})
RIVAL = 0.02
"""How much less of the question than a gap a fact may hold and still go before it."""
_FREE = re.compile(r"\b(gratuit\w*|gratis|kosteloos|kosteloze|kostenlos\w*|free( of charge)?)\b", re.IGNORECASE)
"""A price as well."""
_YEAR = re.compile(r"(?<!\d)20[0-4]\d(?!\d)")


def weigh(draft: Draft) -> Evidence:
    """Return the evidence of a draft whose statements are chosen."""
    best = draft.candidates[0] if draft.candidates else None
    scores = [score for _, score in draft.documents[:2]]
    return Evidence(
        cosine=best.signal("cosine") if best else 0.0,
        overlap=best.signal("overlap") if best else 0.0,
        alike=best.signal("alike") if best else 0.0,
        passage=draft.hits[0].score if draft.hits else 0.0,
        match=max((hit.match for hit in draft.hits), default=0.0),
        dense=max((hit.dense for hit in draft.hits), default=0.0),
        named=max(draft.named.values(), default=0.0),
        known=draft.known,
        apart=(scores[0] - scores[1]) / scores[0] if len(scores) == 2 and scores[0] else 1.0,
        foreign=float(bool(best) and best.passage.language != draft.language),  # type: ignore[union-attr]
        ours=draft.ours,
    )


def judge(draft: Draft) -> Status:
    """Return the status of a draft whose statements are chosen; a missing figure is put first among them."""
    if draft.rule:
        return draft.rule.status
    if not draft.chosen:
        return "out_of_scope" if draft.ours < DOUBTFUL_SUBJECT and not draft.context else "not_in_sources"
    likely = draft.evidence = weigh(draft).probability
    if draft.overview:
        return "answered"
    if likely < UNLIKELY and not draft.context:
        return "out_of_scope" if draft.ours < DOUBTFUL_SUBJECT else "not_in_sources"
    if draft.chosen[0].span.role == "gap" and draft.chosen[0].answers(draft.wants):
        if draft.chosen[0].span.topic == "state":
            return "partial"  # What is known of the past helps; whether it is open today is not known.
        if not _answered_all_the_same(draft):
            return "partial" if _answered_by_half(draft) else "not_in_sources"
    if "price" in draft.wants and (gap := _missing_figure(draft)) and (not _price(draft) or _weak(draft)):
        draft.chosen = [gap, *(candidate for candidate in draft.chosen if candidate.span.role != "gap")]
        return "partial" if _answered_by_half(draft) else "not_in_sources"
    if draft.context:
        return "answered"
    if likely < LIKELY or ("how_much" in draft.wants and (_weak(draft) or _other_year(draft))):
        return "partial"
    return "answered"


def _weak(draft: Draft) -> bool:
    return draft.chosen[0].signal("overlap") < WEAK_OVERLAP


def _answered_all_the_same(draft: Draft) -> bool:
    """Return whether a fact fits the question as well as the gap that was put first; then the fact goes first."""
    gap = draft.chosen[0]
    money = gap.span.topic in ("price", "rate", "ceiling", "amount")
    least = gap.signal("overlap") - RIVAL
    rivals = (c for c in draft.chosen[1:] if c.span.role == "fact" and c.signal("overlap") >= least)
    # A missing price is only made good by a price: a statement on what is paid, with its figure.
    rival = next((c for c in rivals if not money or (c.span.section == "pays" and _has_figure(c))), None)
    if rival is None:
        return False
    rest = [candidate for candidate in draft.chosen if candidate not in (gap, rival)]
    draft.chosen = [rival, *rest, gap]
    return True


def _answered_by_half(draft: Draft) -> bool:
    """Return whether an amount and a time are asked for in one, and what is paid stands among the chosen."""
    gap = draft.chosen[0]
    two = "how_much" in draft.wants and not draft.wants.isdisjoint({"when", "open"})
    return two and any(
        c.document == gap.document and c.span.role == "fact" and c.span.section == "pays" and _has_figure(c)
        for c in draft.chosen[1:]
    )


def _price(draft: Draft) -> bool:
    """Return whether the best document says what is paid, with a figure."""
    best = draft.chosen[0].document
    return any(c.document == best and c.span.section == "pays" and _has_figure(c) for c in draft.candidates)


def _has_figure(candidate: Candidate) -> bool:
    return bool(figures(candidate.text, candidate.passage.language)) or bool(_FREE.search(candidate.text))


def _missing_figure(draft: Draft) -> Candidate | None:
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


def _other_year(draft: Draft) -> bool:
    """Return whether the question names a year of which no chosen statement speaks."""
    asked = set(_YEAR.findall(draft.question))
    held = {year for candidate in draft.chosen for year in _YEAR.findall(candidate.text)}
    return bool(asked - held)

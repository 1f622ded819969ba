"""What a validated answer says stands in its quotes, and these stand in the present documents: else it is not kept, or
not served any more.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from bot.draft import Part
from bot.limits import turned
from bot.statements import SIGNALS, Candidate
from bot.verification import LONGEST, Quote, exchanged_figure, reorders, turned_limit, unheld_figure, verified
from ingest.documents import UNQUOTED, Language, Passage, Span
from ingest.pins import LONGEST_LIFE, PinContent, PinStatement
from ingest.snapshot import Reading

THRESHOLD = 0.65
"""Score from which a question is one that the pin answers, unless staff chose another: measured, see decision 13."""
LEAST = 0.65
"""The lowest that staff may choose: below it wrong answers were measured."""
WORDS = 120
"""Words of a validated answer at most."""

Fault = Literal["", "uncited", "source", "length", "form", "figure", "claim"]
"""Why a statement may not stand: it cites nothing, or a source that there is not; too long; signs that turn the order
of reading; a figure or a claim that stands in no cited quote."""
Reason = Literal["expired", "review", "document", "quote", "statement"]
"""Why an active pin is not served: past its last day; its owner must look at it; a cited document is gone, or no longer
says what is quoted; a statement does not stand in its quotes."""


Passages = Mapping[str, Sequence[Passage]]
"""The passages of documents, by key."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a pin cannot be kept: the field of its form, what is wrong, and the words it is about."""

    field: str
    kind: str
    detail: str = ""


def passages_cited(contents: Iterable[PinContent], library: Reading) -> Passages:
    keys = dict.fromkeys(source.document for content in contents for source in content.sources)
    found: dict[str, list[Passage]] = {}
    for passage in library.passages_of([key for key in keys if key in library.documents]):
        found.setdefault(passage.document_key, []).append(passage)
    return found


def resolve(
    content: PinContent, library: Reading, passages: Passages | None = None
) -> tuple[dict[int, Candidate], list[tuple[Reason, str]]]:
    """Return the quotes of a pin where they stand today, by number, and those that do not, with the reason."""
    passages = passages if passages is not None else passages_cited([content], library)
    cited: dict[int, Candidate] = {}
    missing: list[tuple[Reason, str]] = []
    for number, source in enumerate(content.sources, start=1):
        if source.document not in library.documents:
            missing.append(("document", source.document))
        elif found := _found(source.quote, passages.get(source.document, ())):
            cited[number] = found
        else:
            missing.append(("quote", source.quote))
    return cited, missing


def _found(quote: str, passages: Sequence[Passage]) -> Candidate | None:
    """Return *quote* as a statement, or a piece of one, of the first passage in which it stands letter for letter."""
    for passage in passages:
        for span, text in passage.quotes():
            place = text.find(quote) if quote and span.role not in UNQUOTED else -1
            if place >= 0:
                start = span.start + place
                piece = Span(start, start + len(quote), span.role, span.section, span.heading, span.topic, span.source)
                candidate = quoted(passage, piece)
                return candidate if verified(candidate) else None
    return None


_NO_VECTOR = np.zeros(0, dtype=np.float32)
_NO_SIGNALS = np.zeros(len(SIGNALS))


def quoted(passage: Passage, span: Span) -> Candidate:
    return Candidate(passage, span, passage.text[span.start : span.end], _NO_VECTOR, _NO_SIGNALS)


def parts_of(content: PinContent, cited: Mapping[int, Candidate]) -> dict[Language, tuple[Part, ...]]:
    return {
        language: tuple(
            Part(statement.text, tuple(cited[number] for number in statement.sources), language=language)
            for statement in statements
        )
        for language, statements in content.texts.items()
    }


def fault_of(content: PinContent, cited: Mapping[int, Candidate]) -> str:
    """Return the first thing in the answer that does not stand in its quotes, or nothing."""
    return next((problem.detail for problem in statement_problems(content, cited)), "")


def statement_problems(content: PinContent, cited: Mapping[int, Candidate]) -> list[Problem]:
    found = []
    for language, statements in content.texts.items():
        for statement in statements:
            fault, detail = _fault(statement, language, cited)
            if fault:
                found.append(Problem(f"text_{language}", fault, detail))
    return found


def _fault(statement: PinStatement, language: Language, cited: Mapping[int, Candidate]) -> tuple[Fault, str]:
    if not statement.sources:
        return "uncited", statement.text
    unknown = [number for number in statement.sources if number not in cited]
    if unknown:
        return "source", str(abs(unknown[0]))
    quotes = tuple(_quote(cited[number]) for number in statement.sources)
    return _held(statement.text, language, quotes)


def _quote(candidate: Candidate) -> Quote:
    passage = candidate.passage
    return Quote(candidate.text, passage.language, passage.document, (passage.title, *passage.names))


@lru_cache(maxsize=8_192)
def _held(text: str, language: Language, quotes: tuple[Quote, ...]) -> tuple[Fault, str]:
    """Return what in a statement stands in none of its quotes; figures first."""
    if len(text) > LONGEST:
        return "length", text[:60]
    if reorders(text):
        return "form", text[:60]
    if figure := (
        unheld_figure(text, language, quotes)
        or exchanged_figure(text, language, quotes)
        or turned_limit(text, language, quotes)
    ):
        return "figure", figure
    if claim := turned(text, [quote.text for quote in quotes]):
        return "claim", claim
    return "", ""


def form_problems(content: PinContent, today: dt.date, longest: int) -> Iterator[Problem]:
    if not content.wordings:
        yield Problem("question", "missing")
    for wording in content.wordings:
        if len(wording.text) > longest:
            yield Problem("wordings", "length", wording.text[:60])
    if not content.texts:
        yield Problem("texts", "missing")
    for language, statements in content.texts.items():
        if sum(len(statement.text.split()) for statement in statements) > WORDS:
            yield Problem(f"text_{language}", "words")
    if not content.sources:
        yield Problem("sources", "missing")
    if not content.owner.strip():
        yield Problem("owner", "missing")
    if content.expires < today:
        yield Problem("expires", "past")
    elif content.expires - today > LONGEST_LIFE:
        yield Problem("expires", "far")
    if not LEAST <= content.threshold <= 1:
        yield Problem("threshold", "range")

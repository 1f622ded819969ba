"""Nothing leaves the house that does not stand in its source."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.retrieval import Retriever
from bot.statements import Candidate
from ingest.analysis import content_words
from ingest.documents import Language
from ingest.figures import figures


def verified(candidate: Candidate) -> bool:
    """Return whether the statement is a quote of its passage, letter for letter, with all its figures."""
    passage, span = candidate.passage, candidate.span
    quote = passage.text[span.start : span.end]
    if candidate.text != quote:
        return False
    held = figures(passage.text, passage.language)
    return all(figure in held for figure in figures(candidate.text, passage.language))


def quote_found(quote: str, text: str) -> bool:
    """Return whether *quote* stands in *text*, letter for letter but for white space and hyphens at line ends."""

    def plain(words: str) -> str:
        return re.sub(r"\s+", " ", re.sub(r"-\n", "", words)).strip()

    return plain(quote) in plain(text)


@dataclass(frozen=True, slots=True)
class Quote:
    """What a statement may rest on: a quote, and the names of the document that it comes from."""

    text: str
    language: Language
    document: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a statement stands in its quotes; ``reason`` is empty when it does."""

    reason: str = ""
    detail: str = ""
    score: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether the statement may be shown as verified."""
        return not self.reason


class Verifier:
    """Holds statements against their quotes: figures and words (preliminary)."""

    def __init__(self, retriever: Retriever) -> None:
        self._retriever = retriever

    def check(self, statement: str, language: Language, quotes: Sequence[Quote]) -> Verdict:
        """Return whether *statement* stands in *quotes*."""
        if not quotes:
            return Verdict("uncited")
        held = {word for q in quotes for text in (q.text, *q.names) for word in content_words(text, q.language)}
        own = content_words(statement, language)
        for figure in figures(statement, language):
            if not any(figure in figures(quote.text, quote.language) for quote in quotes):
                return Verdict("figure", figure.value)
        share = sum(word in held for word in own) / max(1, len(own))
        return Verdict("" if share > 0.6 else "support", score=share)

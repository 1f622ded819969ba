"""Nothing leaves the house that does not stand in its source."""

from __future__ import annotations

import re

from bot.statements import Candidate
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

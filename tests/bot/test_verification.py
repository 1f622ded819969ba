"""Only what stands in its source leaves the house."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from bot.statements import SIGNALS, Candidate
from bot.verification import quote_found, verified
from ingest.documents import Passage, Span

VECTOR = np.zeros(2, dtype=np.float32)
UNSCORED = np.zeros(len(SIGNALS))
TEXT = "Le chèque paie 50 % de la facture.\nLe maximum est de 12 500 € par an."


def candidate(text: str, start: int = 0) -> Candidate:
    """Return a statement said to stand at *start* of the passage."""
    span = Span(start, start + len(text))
    passage = Passage("fr/alpha:1:0", "alpha", "fr/alpha", "fr", 1, "Alpha", (), TEXT, (span,))
    return Candidate(passage, span, text, VECTOR, UNSCORED)


def test_quote_passes() -> None:
    """A statement that is a quote, letter for letter, passes."""
    assert verified(candidate("Le chèque paie 50 % de la facture."))


@pytest.mark.parametrize(
    "changed",
    ["Le chèque paie 60 % de la facture.", "le chèque paie 50 % de la facture.", "Le chèque paie 50 % de la facture "],
)
def test_changed_statement_is_held_back(changed: str) -> None:
    """Another figure, a small letter or a lost full stop is enough to hold a statement back."""
    assert not verified(candidate(changed))


def test_shifted_span_is_held_back() -> None:
    """A statement whose place is not where it stands is held back."""
    moved = candidate("Le chèque paie 50 % de la facture.")
    assert not verified(dataclasses.replace(moved, span=Span(1, len(moved.text) + 1)))


def test_every_span_of_the_starter_corpus_is_verified(bot) -> None:
    """Each statement of the starter corpus passes as it is cut."""
    for passage in bot.library.passages_of(list(bot.library.documents)):
        for span, text in passage.quotes():
            assert verified(Candidate(passage, span, text, VECTOR, UNSCORED))


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("de la facture. Le maximum", True),
        ("Le  chèque\npaie 50 %", True),
        ("Le maximum est de 13 500 €", False),
        ("le chèque", False),
    ],
)
def test_quote_is_found_but_for_white_space(quote: str, found: bool) -> None:
    """White space may differ between quote and source; letters and figures may not."""
    assert quote_found(quote, TEXT) is found


def test_quote_is_found_over_a_hyphenated_line_end() -> None:
    """A word that the page breaks with a hyphen is found whole."""
    assert quote_found("intelligence artificielle", "l'intelli-\ngence artificielle")

"""Dates in words."""

from __future__ import annotations

import pytest

from bot.dates import in_words
from ingest.documents import LANGUAGES, Language
from ingest.figures import Figure, figures


@pytest.mark.parametrize(
    ("language", "expected"),
    [("fr", "24 novembre 2023"), ("nl", "24 november 2023"), ("de", "24. November 2023"), ("en", "24 November 2023")],
)
def test_whole_date(language: Language, expected: str) -> None:
    """A whole date reads as one writes it in each language."""
    assert in_words("2023-11-24", language) == expected


def test_first_of_the_month_in_french() -> None:
    """French says «1er» for the first of a month and plain numbers after it."""
    assert in_words("2027-01-01", "fr") == "1er janvier 2027"
    assert in_words("2027-01-02", "fr") == "2 janvier 2027"


def test_a_date_without_a_year_gets_none() -> None:
    """A day of every year is told as such."""
    assert [in_words("--07-01", language) for language in LANGUAGES] == ["1er juillet", "1 juli", "1. Juli", "1 July"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_partial_date_says_no_more_than_is_known(language: Language) -> None:
    """A year stays a year, and a month gets no day."""
    assert in_words("2019", language) == "2019"
    assert [part.isdigit() for part in in_words("2021-03", language).split()] == [False, True]


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_read_back_as_the_same_date(language: Language) -> None:
    """What is written in words is read as the same date by the figures of the verification, for each month."""
    for month in range(1, 13):
        date = f"2026-{month:02d}-21"
        assert figures(in_words(date, language), language) == (Figure("date", date),)

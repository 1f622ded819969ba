"""Words match by form and by meaning, across languages."""

from __future__ import annotations

import pytest

from bot.matching import WordMatcher
from ingest.analysis import content_words
from ingest.embedding import StaticEmbedder
from ingest.settings import load


@pytest.fixture(scope="module")
def matcher() -> WordMatcher:
    """A matcher over the bundled model."""
    return WordMatcher(StaticEmbedder(load().embedding_model))


def score(matcher: WordMatcher, asked: str, *text: str) -> float:
    """Return how well *text* holds one word."""
    return float(matcher.best(matcher.numbers([asked]), [matcher.numbers(text)])[0, 0])


def test_content_words_are_folded_without_stop_words() -> None:
    """What remains of a question is what it is about, without accents or capitals."""
    assert content_words("Est-ce que l'ÉTÉ des Artisans…", "fr") == ["artisans"]
    assert content_words("Wat kost de Opleiding?", "nl") == ["kost", "opleiding"]


def test_same_word_matches_in_full(matcher: WordMatcher) -> None:
    """A word matches itself with 1."""
    assert score(matcher, "plafond", "taux", "plafond") == 1.0


@pytest.mark.parametrize(
    ("asked", "held"), [("reifegrad", "reifegraddiagnose"), ("formation", "formations"), ("brevet", "brevets")]
)
def test_compounds_and_inflections_match(matcher: WordMatcher, asked: str, held: str) -> None:
    """A word matches its plural and a compound that holds it."""
    assert score(matcher, asked, held) > 0.89


def test_translation_matches_better_than_another_word(matcher: WordMatcher) -> None:
    """A word of the same meaning in another language matches better than an unrelated one."""
    assert score(matcher, "training", "opleiding") > score(matcher, "training", "belasting")


def test_numbers_match_only_themselves(matcher: WordMatcher) -> None:
    """A number is never «like» another number or a word."""
    assert score(matcher, "2025", "2026", "20255", "year") == 0.0
    assert score(matcher, "2025", "2025") == 1.0


def test_short_common_start_is_not_enough(matcher: WordMatcher) -> None:
    """Words that only begin alike do not count as one word."""
    assert score(matcher, "contrat", "contribution") < 0.8


def test_nothing_asked_or_held_is_zero(matcher: WordMatcher) -> None:
    """Empty texts and empty questions give zeros of the right shape, not errors."""
    nothing = matcher.numbers([])
    assert matcher.best(matcher.numbers(["alpha"]), [nothing, nothing]).shape == (2, 1)
    assert matcher.best(nothing, [matcher.numbers(["alpha"])]).shape == (1, 0)

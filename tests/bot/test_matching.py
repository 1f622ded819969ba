"""Words match by form and by meaning, across languages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.matching import WordMatcher
from ingest.analysis import content_words
from ingest.documents import Passage, Span
from ingest.embedding import StaticEmbedder
from ingest.lexicon import Lexicon
from ingest.settings import load

Score = Callable[..., float]


@pytest.fixture(scope="module")
def model() -> StaticEmbedder:
    """The bundled model."""
    return StaticEmbedder(load().embedding_model)


@pytest.fixture
def score(tmp_path: Path, model: StaticEmbedder) -> Score:
    """How well a text holds one word, by a library of that text alone."""

    def score(asked: str, *text: str) -> float:
        lexicon = lexicon_of(tmp_path, model, *text)
        matcher = WordMatcher(model, lexicon)
        return float(matcher.best(matcher.asked([asked]), lexicon.words_of(["fr/a:1:x:0"]))[0, 0])

    return score


def lexicon_of(folder: Path, model: StaticEmbedder, *words: str) -> Lexicon:
    """A lexicon of one passage."""
    text = " ".join(words)
    lexicon = Lexicon(folder, model)
    lexicon.update([Passage("fr/a:1:x:0", "a", "fr/a", "fr", 1, "", (), text, (Span(0, len(text)),))])
    return lexicon


def test_content_words_are_folded_without_stop_words() -> None:
    """What remains of a question is what it is about, without accents or capitals."""
    assert content_words("Est-ce que l'ÉTÉ des Artisans…", "fr") == ["artisans"]
    assert content_words("Wat kost de Opleiding?", "nl") == ["kost", "opleiding"]


def test_same_word_matches_in_full(score: Score) -> None:
    """A word matches itself with 1."""
    assert score("plafond", "taux", "plafond") == 1.0


@pytest.mark.parametrize(
    ("asked", "held"), [("reifegrad", "reifegraddiagnose"), ("formation", "formations"), ("brevet", "brevets")]
)
def test_compounds_and_inflections_match(score: Score, asked: str, held: str) -> None:
    """A word matches its plural and a compound that holds it."""
    assert score(asked, held) > 0.89


def test_translation_matches_better_than_another_word(score: Score) -> None:
    """A word of the same meaning in another language matches better than an unrelated one."""
    assert score("training", "opleiding") > score("training", "belasting")


def test_numbers_match_only_themselves(score: Score) -> None:
    """A number is never «like» another number or a word."""
    assert score("2025", "2026", "20255", "year") == 0.0
    assert score("2025", "2025") == 1.0


def test_short_common_start_is_not_enough(score: Score) -> None:
    """Words that only begin alike do not count as one word."""
    assert score("contrat", "contribution") < 0.8


def test_nothing_asked_or_held_is_zero(tmp_path: Path, model: StaticEmbedder) -> None:
    """Empty texts and empty questions give zeros of the right shape, not errors."""
    lexicon = lexicon_of(tmp_path, model, "alpha")
    matcher = WordMatcher(model, lexicon)
    nothing = lexicon.numbers([])
    assert matcher.best(matcher.asked(["alpha"]), [nothing, nothing]).shape == (2, 1)
    assert matcher.best(matcher.asked([]), [lexicon.numbers(["alpha"])]).shape == (1, 0)

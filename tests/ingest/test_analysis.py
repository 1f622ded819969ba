"""Turning text into index terms."""

from __future__ import annotations

import pytest

from ingest.analysis import fold, terms, words
from ingest.documents import Language


@pytest.mark.parametrize("text", ["50 000 €", "50\u00a0000 €", "50\u202f000", "50.000", "50,000", "50'000", "50000"])
def test_a_grouped_number_is_one_word(text: str) -> None:
    """However its thousands are parted, a number is one word of digits."""
    assert words(text) == ["50000"]


def test_decimals_stay_with_their_number() -> None:
    """«12,5 %» and «12.5%» are the same word."""
    assert words("12,5 % ou 12.5%") == ["12.5", "ou", "12.5"]


def test_names_with_digits_stay_whole() -> None:
    """A digit does not cut a name in two."""
    assert words("A6K, NIS2 et Win4Company") == ["a6k", "nis2", "et", "win4company"]


def test_accents_ligatures_and_case_fold() -> None:
    """What people leave out when they type fast makes no difference."""
    assert fold("ÉLÈVE Œuvre Straße") == "eleve oeuvre strasse"


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        ("fr", "numérique numerique Numériques"),
        ("fr", "aide aides aider"),
        ("fr", "déclarées déclarer"),
        ("nl", "lening leningen"),
        ("nl", "onderneming ondernemingen"),
        ("de", "Zuschuss Zuschüsse"),
        ("de", "Förderung Förderungen Foerderung"),
        ("en", "company companies"),
        ("en", "training trained trains"),
    ],
)
def test_forms_of_a_word_share_a_term(language: Language, forms: str) -> None:
    """Singular, plural and spelling without accents meet in a term that all of them have."""
    assert set.intersection(*(set(terms(form, language)) for form in forms.split()))


def test_numbers_are_not_stemmed() -> None:
    """A number is its own term in every language."""
    assert terms("2026", "fr") == terms("2026", "de") == ["2026"]


def test_stop_words_are_left_out() -> None:
    """Only the words that carry meaning remain, in reading order."""
    assert terms("Qui peut demander l'aide de 50 000 € ?", "fr") == ["demand", "aid", "50000"]

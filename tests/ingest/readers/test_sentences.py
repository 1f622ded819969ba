"""Cutting text into sentences."""

from __future__ import annotations

import pytest

from ingest.documents import Language
from ingest.sentences import split


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("fr", "L'art. 12 prévoit une aide, p. ex. Start IA."),
        ("fr", "Le plafond est de 1.029 euros env. par an."),
        ("fr", "Voir M. Dupont, réf. 12, tél. 081 23 45 67."),
        ("fr", "Les PME, les ASBL, etc. peuvent la demander."),
        ("nl", "Een kmo kan bijv. Start AI vragen, zie art. 5."),
        ("nl", "Mevr. Peeters en dhr. Janssens zijn o.a. Brusselaars."),
        ("de", "Das Gesetz trat am 24. November 2023 in Kraft."),
        ("de", "Das gilt z. B. Für KMU, d. h. Betriebe nach Nr. 5 und Dr. Müller."),
        ("en", "Some firms, e.g. Acme Inc. or i.e. Dr. J. Smith, pay 1.029 euros."),
        ("en", "See no. 5 of version 2.0 at www.example.com."),
        ("fr", "Depuis le 24. novembre 2023, c'est la règle."),
    ],
)
def test_a_stop_within_a_sentence_does_not_end_it(language: Language, sentence: str) -> None:
    """Abbreviations, figures, initials, dates and addresses leave a sentence whole."""
    assert split(sentence, language) == [sentence]


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        ("fr", ["Est-ce ouvert ?", "« Oui. »", "Demandez avant le 3 mai !", "C'est gratuit."]),
        ("fr", ["Sont visées les PME, etc.", "Les ASBL aussi."]),
        ("nl", ["De premie bedraagt 50.000 euro.", "Vraag ze aan in 2026.", "Dat is snel."]),
        ("de", ["Der Zuschuss endet 2026.", "Anträge sind frei.", "Gefördert werden Geräte usw.", "Die Frist läuft."]),
        ("en", ["The answer is no.", "Apply by 3 May.", '"Why?"', "Because."]),
    ],
)
def test_sentences_are_cut_where_they_end(language: Language, sentences: list[str]) -> None:
    """Text is cut after a stop, a question mark or an exclamation mark when a new sentence begins."""
    assert split(" ".join(sentences), language) == sentences


def test_white_space_is_levelled_but_not_within_figures() -> None:
    """Line ends become spaces, while the non-breaking space of a figure belongs to the quote."""
    assert split("Le  plafond\nest de 50\u00a0000 €.", "fr") == ["Le plafond est de 50\u00a0000 €."]


def test_empty_text_has_no_sentence() -> None:
    """White space alone gives no sentence."""
    assert split(" \n ", "fr") == []

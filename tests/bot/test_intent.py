"""What kind of answer a question wants."""

from __future__ import annotations

import pytest

from bot.intent import Want, wants


@pytest.mark.parametrize(
    ("question", "want"),
    [
        ("Combien rembourse-t-on pour une journée de cours ?", "how_much"),
        ("Hoeveel krijgt een zelfstandige terug?", "how_much"),
        ("Wie viel bekommt ein Selbstständiger zurück?", "how_much"),
        ("How much does a sole trader get back?", "how_much"),
        ("Quand faut-il rentrer le dossier ?", "when"),
        ("Wanneer moet het dossier binnen zijn?", "when"),
        ("Bis wann muss der Antrag da sein?", "when"),
        ("When is the file due?", "when"),
        ("Où faut-il s'adresser ?", "where"),
        ("Waar kan men terecht?", "where"),
        ("Wo wird der Antrag gestellt?", "where"),
        ("Where does one apply?", "where"),
        ("Qui gère ce fonds ?", "who"),
        ("Wie beheert dit fonds?", "who"),
        ("Wer verwaltet diesen Fonds?", "who"),
        ("Who runs this fund?", "who"),
        ("Puis-je en profiter comme ASBL ?", "allowed"),
        ("Kan ik dit als vzw krijgen?", "allowed"),
        ("Kann ich das als VoG bekommen?", "allowed"),
        ("Can I get this as a non-profit?", "allowed"),
        ("L'appel est-il toujours ouvert ?", "open"),
        ("Is de oproep nog open?", "open"),
        ("Ist der Aufruf noch offen?", "open"),
        ("Is the call still running?", "open"),
        ("Quelles aides pour un artisan ?", "support"),
        ("Welke steun voor een ambachtsman?", "support"),
        ("Welche Förderung für einen Handwerker?", "support"),
        ("Which grants are there for a craftsman?", "support"),
        ("En quoi ces deux chèques diffèrent-ils, comparés ?", "difference"),
        ("Wat is het verschil tussen de twee?", "difference"),
        ("Was ist der Unterschied zwischen den beiden?", "difference"),
        ("What is the difference between the two?", "difference"),
    ],
)
def test_want_is_read_in_four_languages(question: str, want: Want) -> None:
    """A question word of any of the four languages says what is wanted."""
    assert want in wants(question)


def test_plain_question_wants_what() -> None:
    """A question without any such word wants to know what the thing is."""
    assert wants("Win2Wal ?") == {"what"}


def test_curly_apostrophe_and_accents_do_not_matter() -> None:
    """The apostrophe that telephones type and missing accents change nothing."""
    assert wants("Jusqu’à quand l’appel est-il ouvert ?") == wants("Jusqu'a quand l'appel est-il ouvert ?")


def test_german_wie_is_no_person() -> None:
    """«Wie hoch» asks for a figure, not for a person."""
    assert "who" not in wants("Wie hoch ist der Satz?")

"""Reading the numbers, rates and dates of a text."""

from __future__ import annotations

import pytest

from ingest.figures import Figure, figures

WRITTEN = {
    "number 50000": {
        "fr": ("50\u00a0000\u00a0€", "50\u202f000 €", "50 000 euros", "50.000 euros", "50 k€", "50k"),
        "nl": ("€ 50.000", "50.000 euro", "50 duizend euro"),
        "de": ("50.000 Euro", "50'000 Franken", "50’000 Franken", "50 Tausend Euro"),
        "en": ("€50,000", "50,000 euros", "€50k"),
    },
    "number 1234.56": {
        "fr": ("1\u00a0234,56 €", "1.234,56 €", "1234,56 €"),
        "nl": ("€ 1.234,56",),
        "de": ("1.234,56 €", "1'234,56 €"),
        "en": ("€1,234.56", "1234.56 euros"),
    },
    "number 1500000": {
        "fr": ("1,5 million d'euros", "1,5 M€", "1\u00a0500\u00a0000 €"),
        "nl": ("1,5 miljoen euro", "€ 1,5 mln", "1.500.000 euro"),
        "de": ("1,5 Millionen Euro", "1,5 Mio. €", "1.500.000 Euro"),
        "en": ("1.5 million euros", "€1,500,000"),
    },
    "number 2000000000": {
        "fr": ("2 milliards d'euros",),
        "nl": ("2 miljard euro",),
        "de": ("2 Milliarden Euro", "2 Mrd. Euro"),
        "en": ("2 billion euros", "€2bn"),
    },
    "percent 12.5": {
        "fr": ("12,5\u00a0%", "12,5%", "12,50 %", "12,5 p.c.", "12,5 pour cent"),
        "nl": ("12,5 %", "12,5 procent"),
        "de": ("12,5 %", "12,5 Prozent"),
        "en": ("12.5%", "12.5 percent", "12.5 per cent"),
    },
    "date 2023-11-24": {
        "fr": ("24 novembre 2023", "24 nov. 2023", "24/11/2023", "24.11.2023", "2023-11-24"),
        "nl": ("24 november 2023", "24-11-2023", "24/11/2023"),
        "de": ("24. November 2023", "24.11.2023", "24. Nov. 2023"),
        "en": ("24 November 2023", "November 24, 2023", "the 24th of November 2023", "24/11/2023"),
    },
    "date 2024-08-01": {
        "fr": ("1er août 2024",),
        "nl": ("1 augustus 2024",),
        "de": ("1. August 2024",),
        "en": ("1st of August 2024", "August 1st, 2024"),
    },
    "date 2024-03": {
        "fr": ("mars 2024",),
        "nl": ("maart 2024", "maart van 2024"),
        "de": ("März 2024", "Maerz 2024"),
        "en": ("March 2024",),
    },
    "date --05-03": {
        "fr": ("3 mai",),
        "nl": ("3 mei",),
        "de": ("3. Mai",),
        "en": ("3 May", "3rd of May"),
    },
}
"""Every way to write a figure, by language."""
CASES = [
    (language, text, *figure.split())
    for figure, languages in WRITTEN.items()
    for language, texts in languages.items()
    for text in texts
]


@pytest.mark.parametrize(("language", "text", "kind", "value"), CASES)
def test_one_figure_however_it_is_written(language: str, text: str, kind: str, value: str) -> None:
    """All ways to write a figure in a language give the same figure, and no other."""
    assert [(figure.kind, figure.value) for figure in figures(f"({text}),", language)] == [(kind, value)]


def test_figures_come_in_reading_order() -> None:
    """Dates and numbers are told in the order in which they stand."""
    text = "De 50 à 75 % de 2\u00a0000 €, du 1er mars 2026 au 30 juin 2026, pour 10 à 49 personnes."
    assert [figure.value for figure in figures(text)] == ["50", "75", "2000", "2026-03-01", "2026-06-30", "10", "49"]


def test_a_decimal_mark_depends_on_the_language() -> None:
    """A comma groups thousands in English and begins the decimals elsewhere; with the point it is the reverse."""
    assert figures("1,234", "en") == figures("1.234", "fr") == (Figure("number", "1234"),)
    assert figures("1.5", "en") == figures("1,5", "nl") == (Figure("number", "1.5"),)


@pytest.mark.parametrize("name", ["A6K", "NIS2", "Win4Company", "AI4Belgium", "DigitalWallonia4.ai", "H2O"])
def test_digits_inside_a_name_are_no_figures(name: str) -> None:
    """A digit that touches letters belongs to a name."""
    assert figures(f"Demandez à {name} !") == ()


def test_a_range_of_years_is_two_numbers() -> None:
    """«2019-2024» holds both years."""
    assert [figure.value for figure in figures("la stratégie 2019-2024")] == ["2019", "2024"]


def test_words_and_empty_text_have_no_figure() -> None:
    """Numbers in words are left alone."""
    assert figures("") == figures("une dizaine de jours en mai") == ()

"""Reading figures with their units, and holding one text's against another's."""

from __future__ import annotations

import pytest

from ingest.documents import Language
from ingest.quantities import holds, quantities


def read(text: str, language: Language = "fr") -> list[tuple[str, str]]:
    """Return value and unit of what is surely a quantity, in the order of values."""
    return sorted((quantity.value, quantity.unit) for quantity in quantities(text, language) if quantity.sure)


def stands(statement: str, language: Language, quote: str, quoted: Language = "fr") -> bool:
    """Return whether every quantity of *statement* stands in *quote*."""
    held = quantities(quote, quoted)
    return all(holds(held, wanted) for wanted in quantities(statement, language) if wanted.sure)


WRITTEN: dict[tuple[str, str], dict[Language, tuple[str, ...]]] = {
    ("50000", "EUR"): {
        "fr": ("50 000 €", "50\u202f000\u00a0€", "50.000 EUR", "€50,000", "50 k€", "cinquante mille euros", "50 KEUR"),
        "nl": ("€ 50.000,-", "50.000,00 €", "vijftigduizend euro", "50 duizend euro", "EUR 50k"),
        "de": ("50.000 €", "50 000 Euro", "fünfzigtausend Euro", "50 TEUR", "50 Tausend €"),
        "en": (
            "€50,000",
            "EUR 50k",
            "€50k",
            "fifty thousand euros",
            "50.000 euros",
            "50 000 euros",
            "50 thousand euros",
        ),
    },
    ("500000", "EUR"): {
        "fr": ("0,5 M€", "500 000 €", "un demi-million d'euros", "cinq cent mille euros"),
        "nl": ("een half miljoen euro", "0,5 miljoen euro", "€ 0,5 mln"),
        "de": ("eine halbe Million Euro", "0,5 Mio. €"),
        "en": ("half a million euros", "€0.5M", "five hundred thousand euros"),
    },
    ("70", "percent"): {
        "fr": ("70 %", "70%", "70 p.c.", "70 pct", "soixante-dix pour cent", "septante pour cent", "70 pour cent"),
        "nl": ("70 procent", "zeventig procent", "70 %-subsidie", "70%-subsidie"),
        "de": ("siebzig Prozent", "70 Prozent", "70%ige Förderung", "70-prozentige Förderung"),
        "en": ("seventy percent", "seventy per cent", "70 per cent", "70%"),
    },
    ("12", "month"): {
        "fr": ("douze mois", "12 mois", "un an", "une année", "1 an"),
        "nl": ("twaalf maanden", "één jaar", "een jaar", "1 jaar"),
        "de": ("zwölf Monate", "ein Jahr", "12-monatig", "zwölfmonatige Laufzeit"),
        "en": ("twelve months", "for a year", "one year", "12-month project"),
    },
    ("18", "month"): {
        "fr": ("un an et demi", "18 mois"),
        "nl": ("anderhalf jaar",),
        "de": ("anderthalb Jahre", "eineinhalb Jahre"),
        "en": ("one and a half years", "eighteen months"),
    },
    ("5", "day"): {
        "fr": ("cinq jours", "5 journées"),
        "nl": ("vijf dagen", "vijfdaagse begeleiding"),
        "de": ("fünf Tage", "fünftägige Begleitung", "5-tägig"),
        "en": ("five days", "five-day support", "5 days"),
    },
    ("2026-01-01", "date"): {
        "fr": ("1er janvier 2026", "01/01/2026", "le premier janvier 2026", "01.01.2026."),
        "nl": ("1 januari 2026", "01-01-2026"),
        "de": ("1. Januar 2026", "01.01.2026"),
        "en": ("January 1, 2026", "1 January 2026", "the 1st of January 2026", "2026-01-01"),
    },
    ("2026-Q1", "date"): {
        "fr": ("T1 2026", "premier trimestre 2026"),
        "nl": ("Q1 2026", "eerste kwartaal van 2026"),
        "de": ("1. Quartal 2026", "erstes Quartal 2026"),
        "en": ("Q1 2026", "the first quarter of 2026"),
    },
    ("50", "percent"): {
        "fr": ("la moitié", "cinquante pour cent"),
        "nl": ("de helft",),
        "de": ("die Hälfte",),
        "en": ("half of the costs",),
    },
    ("042508111", "phone"): {"fr": ("04 250 81 11", "+32 4 250 81 11", "0032 4 250.81.11")},
    ("12", "per month"): {
        "fr": ("par an", "l'an", "chaque année"),
        "nl": ("per jaar", "elk jaar"),
        "de": ("pro Jahr", "im Jahr", "jedes Jahr"),
        "en": ("per year", "every year"),
    },
}
"""Every way to write a quantity, by language."""
CASES = [
    (language, text, quantity)
    for quantity, languages in WRITTEN.items()
    for language, texts in languages.items()
    for text in texts
]


@pytest.mark.parametrize(("language", "text", "quantity"), CASES)
def test_one_quantity_however_it_is_written(language: Language, text: str, quantity: tuple[str, str]) -> None:
    """All ways to write a quantity give the same value and unit, and nothing else."""
    assert read(f"({text}),", language) == [quantity]


@pytest.mark.parametrize(
    "written", ["5０ ０００ €", "٥٠ ٠٠٠ €", "5\u200b0 0\u200d00 €", "5\u00ad0\u2060 000 €", "𝟓𝟎 𝟎𝟎𝟎 €", "⁵⁰ ⁰⁰⁰ €"]
)
def test_look_alike_digits_are_digits(written: str) -> None:
    """Digits of other scripts and of other widths, and signs that nobody sees, hide no amount."""
    assert read(written) == [("50000", "EUR")]


@pytest.mark.parametrize(
    ("text", "language", "quantity"),
    [
        ("de 30 à 50 %", "fr", [("30", "percent"), ("50", "percent")]),
        ("30 tot 50 %", "nl", [("30", "percent"), ("50", "percent")]),
        ("30–50 %", "de", [("30", "percent"), ("50", "percent")]),
        ("€30,000 to 50,000", "en", [("30000", "EUR"), ("50000", "EUR")]),
        ("2 à 3 millions d'euros", "fr", [("2000000", "EUR"), ("3000000", "EUR")]),
        ("500 000 à 2 millions d'euros", "fr", [("2000000", "EUR"), ("500000", "EUR")]),
        ("un à deux ans", "fr", [("24", "month")]),
        ("two to three years", "en", [("24", "month"), ("36", "month")]),
    ],
)
def test_a_range_lends_its_unit_to_both_ends(text: str, language: Language, quantity: list[tuple[str, str]]) -> None:
    """The unit and the scale that stand once hold for both ends of a range."""
    assert read(text, language) == sorted(quantity)


@pytest.mark.parametrize("name", ["A6K", "NIS2", "Win4Company", "AI4Belgium", "H2O", "Covid19"])
def test_digits_inside_a_name_are_no_quantities(name: str) -> None:
    """A digit that touches letters belongs to a name."""
    assert quantities(f"Demandez à {name} !", "fr") == ()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("un bureau neuf", "fr"), ("M. Second travaille ici", "fr"), ("tout d'abord, une entreprise", "fr"),
        ("les premiers pas", "fr"), ("onze diensten", "nl"), ("een onderneming", "nl"), ("eerste stap", "nl"),
        ("eine Förderung", "de"), ("Achtung, Dritte", "de"), ("Montag und Vertrag", "de"), ("you may apply", "en"),
        ("one of the firms", "en"), ("third parties", "en"), ("first, read on", "en"),
    ],
)  # fmt: skip
def test_words_that_may_be_no_number_ask_for_nothing(text: str, language: Language) -> None:
    """Articles, «neuf» for new and such need not stand in a quote."""
    assert read(text, language) == []


@pytest.mark.parametrize(
    ("statement", "language", "quote", "quoted"),
    [
        ("Twelve months.", "en", "Pendant un an.", "fr"),
        ("In January 2026.", "en", "Le 1er janvier 2026.", "fr"),
        ("In 2026.", "en", "Le 1er janvier 2026.", "fr"),
        ("Op 1 januari.", "nl", "Le 1er janvier 2026.", "fr"),
        ("Im ersten Quartal 2026.", "de", "Le 15 février 2026.", "fr"),
        ("From 1 January 2026 to 30 June 2026.", "en", "Du 1er janvier au 30 juin 2026.", "fr"),
        ("Le 24 novembre 2026.", "fr", "On 24 and 25 November 2026.", "en"),
        ("Le plafond est de 50 000.", "fr", "Le plafond est de 50 000 €.", "fr"),
        ("Half of the price.", "en", "50 % du prix.", "fr"),
        ("Une entreprise sur deux.", "fr", "One company in two.", "en"),
        ("1 entreprise sur 2.", "fr", "One company in two.", "en"),
        ("81 companies.", "en", "81 entreprises ont participé.", "fr"),
        ("Around thirty firms.", "en", "Une trentaine de sociétés.", "fr"),
        ("€5,000 a year.", "en", "5 000 € par an.", "fr"),
        ("Open from the age of 15.", "en", "Dès 15 ans.", "fr"),
    ],
)
def test_a_quantity_is_held_across_languages(statement: str, language: Language, quote: str, quoted: Language) -> None:
    """The same value in the same kind of unit is held, a date by one that is as precise or more."""
    assert stands(statement, language, quote, quoted)


@pytest.mark.parametrize(
    ("statement", "language", "quote"),
    [
        ("12 mois.", "fr", "12 entreprises."),
        ("12 entreprises.", "fr", "12 travailleurs."),
        ("50 000 entreprises.", "fr", "50 000 €."),
        ("50 000 €.", "fr", "50 000 personnes."),
        ("50 %.", "fr", "50 €."),
        ("$50,000.", "en", "50 000 €."),
        ("12 months.", "en", "12 jours."),
        ("10 working days.", "en", "10 jours."),
        ("The 1st of January 2026.", "en", "En janvier 2026."),
        ("Le 1er janvier 2026.", "fr", "Le 1er janvier."),
        ("In January 2026.", "en", "En 2026."),
        ("In February 2026.", "en", "Le 1er janvier 2026."),
        ("In June.", "en", "En septembre 2026."),
        ("Im zweiten Quartal 2026.", "de", "Le 15 février 2026."),
        ("12 500 € par mois.", "fr", "12 500 € par an."),
        ("12 500 € par an.", "fr", "12 500 €."),
        ("Two thirds.", "en", "50 %."),
        ("5 M€.", "fr", "5 000 €."),
        ("Zwei Jahre.", "de", "Un an."),
        ("Ruf 04 250 81 12 an.", "de", "04 250 81 11"),
        ("Hundreds of firms.", "en", "81 entreprises."),
    ],
)
def test_another_quantity_is_not_held(statement: str, language: Language, quote: str) -> None:
    """Another value, another unit or a more precise date is not held."""
    assert not stands(statement, language, quote)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Das Programm half Unternehmen.", "de"), ("ein einfacher Antrag", "de"), ("Sie melden sich 2021 an", "de"),
        ("in der zweiten Hälfte", "de"), ("transmettre à un tiers de leur choix", "fr"), ("a second July source", "en"),
    ],
)  # fmt: skip
def test_words_of_another_meaning_are_no_part_of_a_whole(text: str, language: Language) -> None:
    """«half» helped, «einfach» is simple, «an» is a prefix, and a third party is no third."""
    assert [pair for pair in read(text, language) if pair[1] in ("percent", "month") or pair[0] == "1"] == []


@pytest.mark.parametrize(
    ("text", "language"),
    [("five-step method", "en"), ("une méthode en cinq étapes", "fr"), ("fünfmal", "de"), ("een vijftal", "nl")],
)
def test_a_number_within_a_word_is_read(text: str, language: Language) -> None:
    """Words that begin with a number hold it."""
    assert read(text, language) == [("5", "")]


def test_a_town_that_begins_with_a_number_is_no_number() -> None:
    """«Trois-Ponts» is a place."""
    assert read("une entreprise de Trois-Ponts") == []


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("le double des frais", "fr"), ("deux fois les frais", "fr"), ("les frais ont doublé", "fr"),
        ("het dubbele van de kosten", "nl"), ("das Doppelte der Kosten", "de"), ("twice the costs", "en"),
    ],
)  # fmt: skip
def test_a_factor_in_words_is_a_number(text: str, language: Language) -> None:
    """«Double» and «twice» say 2, as «two times» does."""
    assert [quantity.value for quantity in quantities(text, language)] == ["2"]


def test_the_quarter_of_something_is_a_rate() -> None:
    """With the definite article too."""
    assert [(quantity.value, quantity.unit) for quantity in quantities("le quart des dépenses", "fr")] == [
        ("25", "percent")
    ]

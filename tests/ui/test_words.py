"""The words of the pages, in four languages."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from bot.wording import catalogue
from ingest.documents import LANGUAGES
from ui.words import date_in_words, word

PAGES = {key: texts for key, texts in catalogue().items() if key.startswith("pages.")}
CODE = Path(__file__).parents[2] / "ui"


@pytest.mark.parametrize("key", PAGES)
def test_every_string_exists_in_four_languages_with_the_same_places(key: str) -> None:
    """No translation is missing, empty, or forgets a value."""
    texts = PAGES[key]
    places = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in texts.values()]
    assert set(texts) == set(LANGUAGES)
    assert all(text.strip() for text in texts.values())
    assert all(place == places[0] for place in places)


def test_every_string_is_used() -> None:
    """The catalogue holds nothing that no page shows."""
    code = "".join(path.read_text(encoding="utf-8") for path in CODE.rglob("*") if path.suffix in {".py", ".js"})
    families = re.compile(r"(stage|state|sureness|starter|about_\w+)_?\w*|months|day")
    used = set(re.findall(r"""["'](\w+)["']|words\.(\w+)""", code))
    names = {name for pair in used for name in pair}
    unused = [key for key in PAGES if key[6:] not in names and not families.fullmatch(key[6:])]
    assert unused == []


@pytest.mark.parametrize(
    ("date", "expected"),
    [("2026-11-23", "23 novembre 2026"), ("2026-12-01", "1er décembre 2026"), ("2026-11", "novembre 2026"),
     ("2026", "2026"), (None, "sans date"), ("", "sans date"), ("bientôt", "bientôt"), ("2026-13", "2026-13")],
)  # fmt: skip
def test_dates_are_written_in_words(date: str | None, expected: str) -> None:
    """Whole and partial dates are in words; what is no date is left alone."""
    assert date_in_words(date, "fr") == expected


def test_french_punctuation_never_starts_a_line() -> None:
    """French question marks and colons hang on to their word."""
    assert word("starter_1", "fr").endswith("\u00a0?")
    assert word("starter_1", "nl").endswith("IA?")

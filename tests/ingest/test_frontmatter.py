"""Validating the head of a sheet."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.errors import InvalidFrontMatter
from ingest.frontmatter import FrontMatter, parse
from tests.ingest.samples import head

PATH = Path("sheets/aide.md")


def refusal(text: str) -> str:
    """Return the sentence that refuses a head."""
    with pytest.raises(InvalidFrontMatter) as caught:
        parse(text, PATH)
    return str(caught.value)


def test_a_head_becomes_values() -> None:
    """Rates, ceilings and rules are read as numbers and words that code can compare."""
    amounts = "[{what: conseil, rate: [0.5, 0.75], ceiling_eur: 50000, as_of: '2026-05'}]"
    rules = "[{criterion: size, rule: only, values: [micro, small], source: f01}]"
    found = parse(head(amounts=amounts, eligibility=rules, closes="'2026-12-31'"), PATH)
    assert isinstance(found, FrontMatter)
    assert (found.amounts[0].rate, found.amounts[0].ceiling_eur) == ((0.5, 0.75), 50_000)
    assert found.eligibility[0].values == ("micro", "small")
    assert found.closes == "2026-12-31"


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("id", "Mon Aide", 2),
        ("lang", "es", 3),
        ("kind", "gift", 5),
        ("status", "perhaps", 8),
        ("closes", "'31/12/2026'", 11),
        ("review_by", "soon", 10),
        ("colour", "blue", 11),
    ],
)
def test_a_wrong_value_is_told_with_file_line_and_key(key: str, value: str, line: int) -> None:
    """The refusal names the file, the line of the file and the key, whichever key is wrong."""
    assert refusal(head(**{key: value})).startswith(f"aide.md, line {line}, key {key}: ")


@pytest.mark.parametrize("key", ["id", "title", "operator", "verified_on"])
def test_a_missing_key_is_told(key: str) -> None:
    """A key that is left out is named, on the first line."""
    assert refusal(head(**{key: ""})).startswith(f"aide.md, line 1, key {key}: ")


@pytest.mark.parametrize(
    ("key", "value", "place"),
    [
        ("contact", "{url: x, phone: '081'}", "contact.phone"),
        ("amounts", "[{what: a}, {what: b, rate: half}]", "amounts.1.rate"),
        ("eligibility", "[{criterion: size, rule: only, values: [tiny], source: f01}]", "eligibility.0"),
    ],
)
def test_a_wrong_value_inside_a_key_is_told_with_its_place(key: str, value: str, place: str) -> None:
    """Within a list or a group, the refusal leads to the part that is wrong."""
    assert refusal(head(**{key: value})).startswith(f"aide.md, line 11, key {place}")


def test_an_unknown_criterion_value_lists_the_known_ones() -> None:
    """A misspelt size is answered with the sizes there are."""
    rules = "[{criterion: size, rule: only, values: [tiny], source: f01}]"
    assert "'tiny' is not one of micro, small, medium, large" in refusal(head(eligibility=rules))


def test_broken_yaml_is_told_with_its_line() -> None:
    """What is not YAML is refused with the line of the file on which it breaks."""
    assert refusal("id: aide\ntitle: 'Une aide\nlang: fr\n").startswith("aide.md, line ")
    assert refusal("id: aide\ntitle: [a, b\n").endswith("not valid YAML; correct the head of the file")


def test_a_head_that_is_no_list_of_keys_is_refused() -> None:
    """A head of running text is told what it must be."""
    assert refusal("Une aide pour les PME") == "aide.md, line 1: the head must be a list of «key: value» lines"

"""Whether a firm may apply, in three values: truth tables."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import get_args

import pytest

from bot.cards import Card
from bot.eligibility import Truth, both, check, turned
from ingest.cards import CardValue

TRUTHS: tuple[Truth, ...] = get_args(Truth)


def rule(criterion: str, kind: str, *values: str, number: int = 0) -> CardValue:
    """Return a confirmed rule with its sentence."""
    held = {"criterion": criterion, "rule": kind, "values": list(values)}
    quote = f"{criterion} {kind} {', '.join(values)}."
    return CardValue("aid", "eligibility", held, quote=quote, document="fr/aid", state="confirmed", slot=f"e.{number}")


def card(*rules: CardValue, missing: Sequence[str] = ()) -> Card:
    """Return the card of an aid with these rules."""
    return Card("aid", "Aid", "en", tuple(rules), tuple(missing))


@pytest.mark.parametrize(("one", "other"), product(TRUTHS, TRUTHS))
def test_rules_are_joined_as_kleene_does(one: Truth, other: Truth) -> None:
    """«No» decides, else «unknown» leaves it open: the least of the two, with no < unknown < yes."""
    order: list[Truth] = ["no", "unknown", "yes"]
    assert both([one, other]) == min(one, other, key=order.index)


@pytest.mark.parametrize(("truth", "expected"), [("yes", "no"), ("no", "yes"), ("unknown", "unknown")])
def test_the_negation_of_unknown_is_unknown(truth: Truth, expected: Truth) -> None:
    """Yes and no change places; what is unknown stays so."""
    assert turned(truth) == expected


@pytest.mark.parametrize(
    ("kind", "named", "value", "expected"),
    [
        ("only", ("micro", "small"), "small", "yes"), ("only", ("micro", "small"), "large", "no"),
        ("only", ("micro", "small"), "", "unknown"), ("not", ("large",), "large", "no"),
        ("not", ("large",), "small", "yes"), ("not", ("large",), "", "unknown"),
        ("only", ("small",), "micro", "yes"), ("only", ("micro",), "small", "unknown"),
    ],
)  # fmt: skip
def test_one_rule_on_size(kind: str, named: tuple[str, ...], value: str, expected: Truth) -> None:
    """«Only» and «not» each give yes, no, or, where the profile is silent, unknown."""
    assert check(card(rule("size", kind, *named)), {"size": value}).truth == expected


@pytest.mark.parametrize(
    ("kind", "seat", "expected"),
    [
        ("only", "wallonia", "yes"), ("only", "german_community", "yes"), ("only", "brussels", "no"),
        ("only", "flanders", "no"), ("only", "belgium", "unknown"), ("only", "eu", "unknown"),
        ("not", "wallonia", "no"), ("not", "german_community", "no"), ("not", "brussels", "yes"),
        ("not", "belgium", "unknown"),
    ],
)  # fmt: skip
def test_places_lie_within_others(kind: str, seat: str, expected: Truth) -> None:
    """Of a firm of which only «Belgium» is known nobody can tell whether it is in Wallonia."""
    assert check(card(rule("seat", kind, "wallonia")), {"seat": seat}).truth == expected


@pytest.mark.parametrize(
    ("kind", "seats", "expected"),
    [
        ("only", ("wallonia", "flanders"), "yes"), ("only", ("brussels", "flanders"), "no"),
        ("only", ("brussels", "belgium"), "unknown"), ("not", ("wallonia", "flanders"), "unknown"),
        ("not", ("brussels", "flanders"), "yes"), ("not", ("wallonia", "german_community"), "no"),
    ],
)  # fmt: skip
def test_a_firm_with_several_seats(kind: str, seats: tuple[str, ...], expected: Truth) -> None:
    """One seat in Wallonia is enough where it is asked for; where one is excluded and another not, it has to ask."""
    assert check(card(rule("seat", kind, "wallonia")), {"seat": seats}).truth == expected


@pytest.mark.parametrize(
    ("sector", "expected"), [("digital", "no"), ("retail", "yes"), ("it", "unknown"), ("", "unknown")]
)
def test_a_word_for_a_sector_that_is_not_known_decides_nothing(sector: str, expected: Truth) -> None:
    """«IT» may well be the excluded digital sector: only sectors that are told apart give a yes."""
    assert check(card(rule("sector", "not", "digital")), {"sector": sector}).truth == expected


@pytest.mark.parametrize(("form", "expected"), [("liberal_profession", "unknown"), ("company", "no")])
def test_legal_forms_that_overlap_decide_nothing(form: str, expected: Truth) -> None:
    """A liberal profession may be exercised by a self-employed person."""
    assert check(card(rule("legal_form", "only", "self_employed")), {"legal_form": form}).truth == expected


@pytest.mark.parametrize(
    ("size", "seat", "expected"),
    [
        ("small", "wallonia", "yes"), ("large", "wallonia", "no"), ("small", "flanders", "no"),
        ("large", "", "no"), ("", "wallonia", "unknown"), ("", "", "unknown"), ("small", "", "unknown"),
    ],
)  # fmt: skip
def test_two_rules_together(size: str, seat: str, expected: Truth) -> None:
    """One rule that is not met decides, whatever the profile leaves out."""
    held = card(rule("size", "only", "small", number=0), rule("seat", "only", "wallonia", number=1))
    assert check(held, {"size": size, "seat": seat}).truth == expected


def test_never_yes_because_no_rule_is_known() -> None:
    """A programme without rules says nothing about anybody."""
    verdict = check(card(), {"size": "small", "seat": "wallonia"})
    assert (verdict.truth, verdict.incomplete) == ("unknown", True)


def test_never_yes_while_rules_are_missing() -> None:
    """A sheet that says its sources do not give all rules may say no, and never yes."""
    held = card(rule("size", "only", "small"), missing=["eligibility"])
    assert check(held, {"size": "small"}).truth == "unknown"
    assert check(held, {"size": "large"}).truth == "no"


def test_never_yes_while_a_rule_waits_to_be_confirmed() -> None:
    """A rule that staff have not confirmed yet decides nothing, and leaves the answer open."""
    waiting = CardValue("aid", "eligibility", {"criterion": "seat", "rule": "only", "values": ["wallonia"]})
    held = card(rule("size", "only", "small"), waiting)
    assert check(held, {"size": "small", "seat": "flanders"}).truth == "unknown"


def test_a_verdict_says_why_and_what_it_lacks() -> None:
    """Every rule is there with its sentence, and what the profile does not say is named once."""
    held = card(rule("size", "only", "small", number=0), rule("seat", "only", "wallonia", number=1),
                rule("seat", "not", "german_community", number=2))  # fmt: skip
    verdict = check(held, {"size": "small"})
    assert [(reason.truth, reason.criterion) for reason in verdict.reasons] == [
        ("yes", "size"), ("unknown", "seat"), ("unknown", "seat"),
    ]  # fmt: skip
    assert verdict.missing == ("seat",)
    assert verdict.reasons[0].rule.quote == "size only small."

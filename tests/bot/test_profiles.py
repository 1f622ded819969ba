"""Verdicts for tools: each rule with its sentence, and only those questions of which an answer decides."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.cards import Cards
from bot.contradictions import Contradictions
from bot.eligibility import Profile, Truth
from bot.profiles import Judged, judged, seat_of
from ingest.cards import CardStore
from ingest.database import connect
from ingest.documents import LANGUAGES, Language, Page, Section, Source, SourceDocument, Statement
from tests.bot.shelf import Shelf

TODAY = dt.date(2026, 11, 30)
WHO = "L'aide est réservée aux petites entreprises de Wallonie."
SIZE = {"criterion": "size", "rule": "only", "values": ["micro", "small"], "source": "f01"}
SEAT = {"criterion": "seat", "rule": "only", "values": ["wallonia"], "source": "f01"}
SECTOR = {"criterion": "sector", "rule": "not", "values": ["digital"], "source": "f01"}
UNQUOTED = {"criterion": "stage", "rule": "only", "values": ["starter"], "source": "f09"}


@pytest.fixture
def contradictions(tmp_path: Path) -> Iterator[Contradictions]:
    """Cards over a database of their own."""
    engine = connect(tmp_path / "guichet.sqlite")
    yield Contradictions(Cards(CardStore(engine)))
    engine.dispose()


def sheet(id: str, *rules: dict[str, Any], **meta: Any) -> SourceDocument:
    """Return the sheet of an aid with these rules."""
    said = (Statement(WHO, source=Source("https://example.org/qui", "2026-03", "high", "f01")),)
    head = {"kind": "subsidy", "status": "permanent", "verified_on": "2026-11-01", "eligibility": list(rules), **meta}
    return SourceDocument(id, "fr", id.title(), (Page((Section(("Qui",), said, "who"),)),), as_of="2026-03", meta=head)


def verdict(
    contradictions: Contradictions, profile: Profile, *rules: dict[str, Any], language: Language = "fr", **meta: Any
) -> Judged:
    """Return the verdict on an aid with these rules."""
    shelf: Any = Shelf(sheet("aide", *rules, **meta))
    (found,) = judged(shelf, contradictions, profile, TODAY, language)
    return found


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ({}, "unknown"), ({"size": "small"}, "unknown"), ({"seat": "wallonia"}, "unknown"),
        ({"size": "small", "seat": "wallonia"}, "yes"), ({"size": "micro", "seat": "german_community"}, "yes"),
        ({"size": "large"}, "no"), ({"seat": "flanders"}, "no"), ({"size": "large", "seat": "wallonia"}, "no"),
        ({"size": "small", "seat": "belgium"}, "unknown"), ({"size": "small", "seat": ("flanders", "wallonia")}, "yes"),
        ({"size": "small", "stage": "starter"}, "unknown"), ({"size": "", "seat": "wallonia"}, "unknown"),
    ],
)  # fmt: skip
def test_two_rules(contradictions: Contradictions, profile: Profile, expected: Truth) -> None:
    """What the profile leaves out never gives yes, and one rule that is not met gives no whatever else is unknown."""
    assert verdict(contradictions, profile, SIZE, SEAT).eligible == expected


@pytest.mark.parametrize(("rules", "meta"), [((), {}), ((SIZE, UNQUOTED), {}), ((SIZE,), {"missing": ["eligibility"]})])
def test_never_yes_from_half_the_rules(
    contradictions: Contradictions, rules: tuple[dict[str, Any], ...], meta: dict[str, Any]
) -> None:
    """No rules, a rule without its sentence, rules that the sources do not give: each leaves it open, and says why."""
    found = verdict(contradictions, {"size": "small", "stage": "starter"}, *rules, **meta)
    assert (found.eligible, found.incomplete) == ("unknown", True)
    assert found.text.startswith("Impossible à dire")
    assert not found.questions


def test_every_rule_has_its_sentence(contradictions: Contradictions) -> None:
    """A reason is the rule in words, what it says of the firm, and the sentence with its source."""
    found = verdict(contradictions, {"size": "large"}, SIZE, SEAT)
    assert [(rule.criterion, rule.truth) for rule in found.rules] == [("size", "no"), ("seat", "unknown")]
    assert all(rule.source and rule.source.quote == WHO for rule in found.rules)
    assert found.rules[0].source
    assert (found.rules[0].source.url, found.rules[0].source.as_of) == ("https://example.org/qui", "2026-03")


def test_the_question_that_decides(contradictions: Contradictions) -> None:
    """Asked is only what is open, with what each answer would make of the verdict."""
    found = verdict(contradictions, {"size": "small"}, SIZE, SEAT)
    (question,) = found.questions
    assert question.criterion == "seat"
    assert {choice.value: choice.then for choice in question.choices} == {
        "wallonia": "yes", "german_community": "yes", "brussels": "no", "flanders": "no", "belgium": "unknown",
        "eu": "unknown",
    }  # fmt: skip


def test_what_was_said_too_vaguely_is_asked_again(contradictions: Contradictions) -> None:
    """Of a firm of which only «Belgium» is known, the seat is still the question."""
    found = verdict(contradictions, {"size": "small", "seat": "belgium"}, SIZE, SEAT)
    assert [question.criterion for question in found.questions] == ["seat"]


def test_the_most_telling_question_comes_first(contradictions: Contradictions) -> None:
    """Where nothing is known, the question with the most deciding answers is asked first."""
    found = verdict(contradictions, {}, SIZE, SEAT, SECTOR)
    counts = [sum(choice.then != "unknown" for choice in question.choices) for question in found.questions]
    assert counts == sorted(counts, reverse=True)
    assert min(counts) > 0


def test_a_decided_verdict_asks_nothing(contradictions: Contradictions) -> None:
    """After a no, what else is unknown is nobody's question."""
    assert not verdict(contradictions, {"size": "large"}, SIZE, SEAT).questions


@pytest.mark.parametrize("language", LANGUAGES)
def test_in_every_language(contradictions: Contradictions, language: Language) -> None:
    """Verdict, question and choices are said in the language that was asked for."""
    found = verdict(contradictions, {"size": "small"}, SIZE, SEAT, language=language)
    assert found.text[-1] == "."
    assert found.questions[0].text[-1] == "?"
    assert found.questions[0].choices[0].text in ("Wallonie", "Wallonië", "Wallonia")


def test_yes_comes_first_and_only_what_is_asked_for(contradictions: Contradictions) -> None:
    """Verdicts are sorted by what they say; ids that are not known are left out."""
    far = {"criterion": "seat", "rule": "only", "values": ["flanders"], "source": "f01"}
    shelf: Any = Shelf(sheet("alpha", far), sheet("beta"), sheet("gamma", SEAT))
    found = judged(shelf, contradictions, {"seat": "wallonia"}, TODAY, "fr")
    assert [(each.id, each.eligible) for each in found] == [("gamma", "yes"), ("beta", "unknown"), ("alpha", "no")]
    only = judged(shelf, contradictions, {"seat": "wallonia"}, TODAY, "fr", ["alpha", "alpha", "nowhere"])
    assert [each.id for each in only] == ["alpha"]


@pytest.mark.parametrize(
    ("place", "seat"),
    [
        ("Namur", "wallonia"), ("Eupen", "wallonia"), ("Gent", "flanders"), ("Ixelles", "brussels"),
        ("Namur ou Gent", None), ("Lille", None), ("Xyzzy", None), ("", None),
    ],
)  # fmt: skip
def test_a_town_gives_its_region(place: str, seat: str | None) -> None:
    """One town that we know lies in one Region; two, one abroad, or none that we know give nothing."""
    assert seat_of(place) == seat

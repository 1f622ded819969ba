"""The programmes as tools see them: today's state, confirmed values with their sentences, and nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.cards import Cards
from bot.contradictions import Contradictions
from bot.disputing import Disputing
from bot.profiles import judged
from bot.programmes import Aid, aids, rule_in_words
from bot.sheets import Shelf as Sheets
from bot.states import state as state_in_chat
from ingest.cards import CardStore, Decision
from ingest.database import connect
from ingest.documents import LANGUAGES, Language, Page, Section, Source, SourceDocument, Statement
from tests.bot.library import document
from tests.bot.shelf import Shelf

RATE = "Le Chèque Boussole couvre 50 % de la facture, avec un maximum de 20 000 €."
WHO = "Le Chèque Boussole est réservé aux petites entreprises."
OPENS = "L'appel du Chèque Boussole ouvre le 1er décembre 2026."
CLOSES = "L'appel du Chèque Boussole se clôture le 17 décembre 2026."
URL = "https://example.org/taux"


@pytest.fixture
def contradictions(tmp_path: Path) -> Iterator[Contradictions]:
    """Cards and contradictions over a database of their own."""
    engine = connect(tmp_path / "guichet.sqlite")
    yield Contradictions(Cards(CardStore(engine)))
    engine.dispose()


def sheet(*, dates: tuple[str, ...] = (OPENS, CLOSES), **meta: Any) -> SourceDocument:
    """Return the sheet of a call that is open from 1 to 17 December 2026."""
    source = Source(URL, "2026-02", "high", "f01")
    said = tuple(Statement(text, source=source) for text in (RATE, WHO))
    told = tuple(Statement(text, source=source) for text in dates)
    head: dict[str, Any] = {
        "kind": "subsidy", "operator": "SPW", "audience": "PME", "status": "open", "status_as_of": "2026-02",
        "opens": "2026-12-01", "closes": "2026-12-17", "verified_on": "2026-11-01", "missing": ["price"],
        "contact": {"url": "https://example.org", "confirmed": True},
        "amounts": [{"what": "facture", "rate": 0.5, "ceiling_eur": 20000.0, "source": URL}],
        "eligibility": [{"criterion": "size", "rule": "only", "values": ["micro", "small"], "source": "f01"}], **meta,
    }  # fmt: skip
    sections = (Section(("Aide",), said, "pays"), Section(("Dates",), told, "dates"))
    return SourceDocument("cheque-boussole", "fr", "Chèque Boussole : l'aide", (Page(sections),),
                          url="https://example.org", as_of="2026-02", meta=head)  # fmt: skip


def one(
    contradictions: Contradictions, day: str, *others: SourceDocument, language: Language = "fr", **meta: Any
) -> Aid:
    """Return the programme on a day."""
    shelf: Any = Shelf(sheet(**meta), *others)
    (aid,) = aids(shelf, contradictions, dt.date.fromisoformat(day), language)
    return aid


@pytest.mark.parametrize(
    ("day", "state", "deadline"),
    [
        ("2026-11-30", "opens", "2026-12-17"), ("2026-12-01", "open", "2026-12-17"),
        ("2026-12-17", "open", "2026-12-17"), ("2026-12-18", "closed", None),
    ],
)  # fmt: skip
def test_the_state_is_that_of_the_day(contradictions: Contradictions, day: str, state: str, deadline: str) -> None:
    """The first and the last day count in full; after it there is no deadline any more."""
    aid = one(contradictions, day)
    assert (aid.state, aid.deadline, aid.opens, aid.closes) == (state, deadline, "2026-12-01", "2026-12-17")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_state_is_said_in_every_language(contradictions: Contradictions, language: Language) -> None:
    """The sentence is that of answers, in the language that was asked for."""
    said = one(contradictions, "2026-12-17", language=language).state_text
    assert said.startswith("Chèque Boussole")
    assert said.endswith(".")
    assert "2026" in said


def test_values_stand_with_their_sentence(contradictions: Contradictions) -> None:
    """Rate, ceiling, rule and days each have the sentence that holds them, its source and its date."""
    aid = one(contradictions, "2026-12-02")
    quotes = {fact.field: fact.source.quote for fact in aid.facts if fact.source}
    assert quotes["rate"] == quotes["ceiling"] == RATE
    assert (quotes["opens"], quotes["closes"]) == (OPENS, CLOSES)
    (rate,) = aid.of("rate")
    assert (rate.value, rate.text, rate.what) == (0.5, "50\xa0%", "facture")
    assert rate.source
    assert (rate.source.url, rate.source.as_of, rate.source.document) == (URL, "2026-02", "cheque-boussole")
    assert (aid.operator, aid.kind, aid.missing, aid.to_confirm) == ("SPW", "subsidy", ("price",), ())


def test_a_day_that_no_sentence_holds_is_no_deadline(contradictions: Contradictions) -> None:
    """An unconfirmed day is not shown; that something waits is."""
    aid = one(contradictions, "2026-12-02", dates=(OPENS,))
    assert (aid.closes, aid.deadline) == (None, None)
    assert "closes" in aid.to_confirm
    assert not aid.of("closes")


def test_never_open_while_an_unconfirmed_day_says_that_it_is_over(contradictions: Contradictions) -> None:
    """The sheet gives a last day without a sentence: after it the state is unknown, neither open nor closed."""
    assert one(contradictions, "2026-12-02", dates=(OPENS,)).state == "open"
    assert one(contradictions, "2026-12-18", dates=(OPENS,)).state == "unknown"


def test_a_month_is_no_deadline(contradictions: Contradictions) -> None:
    """«December 2026» is told as it is known, and gives no day to apply until."""
    aid = one(contradictions, "2026-12-02", closes="2026-12", dates=(OPENS, "L'appel se clôture en décembre 2026."))
    assert (aid.closes, aid.deadline, aid.state) == ("2026-12", None, "open")


def test_what_another_document_says_is_not_told(contradictions: Contradictions) -> None:
    """A guide that gives another rate proposes; the tools tell the sheet's, and that the two contradict each other."""
    guide = document("guide", "fr", "Guide", "Le Chèque Boussole couvre 75 % de la facture.")
    aid = one(contradictions, "2026-12-02", guide)
    assert [fact.value for fact in aid.of("rate")] == [0.5]
    assert aid.to_confirm == ("rate",)
    assert aid.disputed == ("rate",)
    shelf: Any = Shelf(sheet(), guide)
    (verdict,) = judged(shelf, contradictions, {}, dt.date(2026, 12, 2), "fr")
    assert (verdict.to_confirm, verdict.disputed) == (("rate",), ("rate",))


def test_a_value_that_staff_found_superseded_is_not_told(contradictions: Contradictions) -> None:
    """After the ruling that the guide's rate holds, the sheet's is gone; the guide's waits to be confirmed."""
    shelf: Any = Shelf(sheet(), document("guide", "fr", "Guide", "Le Chèque Boussole couvre 75 % de la facture."))
    day = dt.date(2026, 12, 2)
    (seen,) = contradictions.all(shelf, day)
    verdict: Decision = "first" if seen.first.value == 0.75 else "second"
    contradictions.rule(shelf, day, seen.key, verdict, "Nouveau taux.", "lea")
    (aid,) = aids(shelf, contradictions, day, "fr")
    assert not aid.of("rate")
    assert (aid.to_confirm, aid.disputed) == (("rate",), ())


def ruled_on_the_day(contradictions: Contradictions, held: str, lost: str) -> Any:
    """Return sheet and page that give another last day, after the ruling of spring that the page's *held* is right."""
    told = "Le Chèque Boussole se clôture le {}."
    shelf: Any = Shelf(
        sheet(dates=(told.format(WORDS[lost]),), opens=None, closes=lost, status_as_of="2026-03"),
        document("page", "fr", "Page", told.format(WORDS[held])),
    )
    spring = dt.date(2026, 3, 1)
    (seen,) = contradictions.all(shelf, spring)
    verdict: Decision = "first" if seen.first.value == held else "second"
    contradictions.rule(shelf, spring, seen.key, verdict, "La page est à jour.", "lea")
    return shelf


WORDS = {"2026-06-30": "30 juin 2026", "2027-01-31": "31 janvier 2027"}


@pytest.mark.parametrize(
    ("held", "lost", "state"), [("2026-06-30", "2027-01-31", "closed"), ("2027-01-31", "2026-06-30", "unknown")]
)
def test_a_ruling_on_the_last_day_makes_the_state_everywhere(
    contradictions: Contradictions, held: str, lost: str, state: str
) -> None:
    """The day that holds closes the call though it waits to be confirmed, and opens nothing; every face says so."""
    shelf = ruled_on_the_day(contradictions, held, lost)
    day = dt.date(2026, 11, 30)
    (aid,) = aids(shelf, contradictions, day, "fr")
    assert (aid.state, aid.closes, aid.deadline, aid.disputed) == (state, None, None, ())
    assert "closes" in aid.to_confirm
    sheets = Sheets(shelf, contradictions, day).list(kind="subsidy").sheets
    assert [(each.state, each.info.meta["closes"]) for each in sheets] == [(state, None)]
    info = shelf.documents["fr/cheque-boussole"]
    (told,) = Disputing(contradictions, shelf, day).stated([info], "fr")
    assert (state_in_chat(told.meta, day), told.meta["closes"]) == (state, None)
    (judged_,) = judged(shelf, contradictions, {}, day, "fr")
    assert (judged_.state, judged_.closes) == (state, None)


def test_a_confirmed_day_that_won_is_told(contradictions: Contradictions) -> None:
    """Once staff confirm the day that won, it makes the state by itself and is shown."""
    shelf = ruled_on_the_day(contradictions, "2027-01-31", "2026-06-30")
    day = dt.date(2026, 11, 30)
    (waiting,) = [v for v in contradictions.cards.all(shelf)["cheque-boussole"].proposed if v.field == "closes"]
    contradictions.cards.confirm(waiting, "lea", shelf)
    (aid,) = aids(shelf, contradictions, day, "fr")
    assert (aid.state, aid.closes, aid.deadline) == ("open", "2027-01-31", "2027-01-31")
    (told,) = Disputing(contradictions, shelf, day).stated([shelf.documents["fr/cheque-boussole"]], "fr")
    assert (state_in_chat(told.meta, day), told.meta["closes"]) == ("open", "2027-01-31")


def test_the_documents_give_confirmed_days_only(contradictions: Contradictions) -> None:
    """A last day that no sentence holds: the list of documents says no more than the list of programmes."""
    shelf: Any = Shelf(sheet(dates=(OPENS,)))
    for day in (dt.date(2026, 12, 2), dt.date(2026, 12, 18)):
        (aid,) = aids(shelf, contradictions, day, "fr")
        (found,) = Sheets(shelf, contradictions, day).list().sheets
        assert (found.state, found.info.meta["opens"], found.info.meta["closes"]) == (aid.state, aid.opens, aid.closes)


def test_a_title_falls_back_on_a_language_that_there_is(contradictions: Contradictions) -> None:
    """Asked in German, a sheet that is in French only keeps its title, and says which language that is."""
    aid = one(contradictions, "2026-12-02", language="de")
    assert (aid.title, aid.language) == ("Chèque Boussole : l'aide", "fr")
    assert aid.of("closes")[0].text == "17. Dezember 2026"


@pytest.mark.parametrize("language", LANGUAGES)
def test_rules_in_words(language: Language) -> None:
    """Criteria and values have names in every language; a sector that is not listed stands as it is."""
    said = rule_in_words({"criterion": "sector", "rule": "not", "values": ["digital", "widgets"]}, language)
    assert said.endswith("widgets")
    assert rule_in_words({"criterion": "size", "rule": "only", "values": ["micro"]}, language) != said

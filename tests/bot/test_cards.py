"""What a programme's card holds, and what it takes for a value to count as confirmed."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from bot.cards import Cards
from bot.heads import holds_figure
from bot.service import Bot
from bot.states import state
from ingest.cards import CardError, CardStore, CardValue, OwnProgramme
from ingest.database import connect
from ingest.documents import Page, Section, Source, SourceDocument, Statement
from ingest.journal import Journal
from tests.bot.library import TODAY, document, small_bot
from tests.bot.shelf import Shelf

RATE = "Le Chèque Boussole couvre 50 % de la facture, avec un maximum de 20 000 €."
WHO = "Le Chèque Boussole est réservé aux petites entreprises."
PROLONGED = "Le Chèque Boussole est ouvert jusqu'au 30 juin 2027."


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A database of its own."""
    opened = connect(tmp_path / "guichet.sqlite")
    yield opened
    opened.dispose()


@pytest.fixture
def cards(engine: Engine) -> Cards:
    """Cards without any decision."""
    return Cards(CardStore(engine))


def sheet(**meta: Any) -> SourceDocument:
    """Return the sheet of a programme with a rate, a ceiling and a rule."""
    url = "https://example.org/taux"
    statements = (Statement(RATE, source=Source(url, "2026-02", "high", "f01")),
                  Statement(WHO, source=Source(url, "2026-03", "high", "f02")))  # fmt: skip
    head: dict[str, Any] = {
        "kind": "subsidy", "operator": "SPW", "audience": "PME", "status": "open", "status_as_of": "2026-02",
        "closes": None, "verified_on": "2026-11-01", "missing": ["deadline"], "contact": {"url": "https://example.org"},
        "amounts": [{"what": "facture", "rate": 0.5, "ceiling_eur": 20000.0, "source": url}],
        "eligibility": [{"criterion": "size", "rule": "only", "values": ["micro", "small"], "source": "f02"}], **meta,
    }  # fmt: skip
    pages = (Page((Section(("Aide",), statements, "pays"),)),)
    return SourceDocument("cheque-boussole", "fr", "Chèque Boussole", pages, url="https://example.org",
                          as_of="2026-02", meta=head)  # fmt: skip


def shelf(*others: SourceDocument, generation: int = 1, version: int = 1, **meta: Any) -> Any:
    """Return a snapshot with the sheet and other documents."""
    return Shelf(sheet(**meta), *others, generation=generation, version=version)


def guide(*facts: str) -> SourceDocument:
    """Return a document without a head that speaks of the programme."""
    return document("guide", "fr", "Guide", *(facts or (PROLONGED,)))


def only(cards: Cards, snapshot: Any, field: str, *, slot: bool = False) -> CardValue:
    """Return the one value of a field, from a head or from elsewhere."""
    (value,) = [
        v for v in cards.all(snapshot)["cheque-boussole"].values if v.field == field and bool(v.slot) is slot
    ]  # fmt: skip
    return value


def test_values_of_a_head_rest_on_their_sentence(cards: Cards) -> None:
    """Rate and ceiling of a head count as confirmed, with the sentence that holds them, its date and its address."""
    card = cards.confirmed(shelf())["cheque-boussole"]
    (rate,), (ceiling,) = card.of("rate"), card.of("ceiling")
    assert (rate.value, ceiling.value, ceiling.unit) == (0.5, 20000, "EUR")
    assert rate.quote == ceiling.quote == RATE
    assert (rate.document, rate.url, rate.as_of, rate.at) == (
        "fr/cheque-boussole", "https://example.org/taux", "2026-02", "2026-11-01",
    )  # fmt: skip


def test_a_rule_rests_on_the_sentence_of_its_footnote(cards: Cards) -> None:
    """The head calls a source by its footnote, and the sentence with that footnote is the rule's."""
    (rule,) = cards.confirmed(shelf())["cheque-boussole"].rules
    assert rule.quote == WHO
    assert rule.value == {"criterion": "size", "rule": "only", "values": ["micro", "small"]}


def test_a_figure_that_no_sentence_holds_is_only_proposed(cards: Cards) -> None:
    """A closing day in the head that stands nowhere in the text feeds no tool."""
    snapshot = shelf(closes="2026-12-31")
    value = only(cards, snapshot, "closes", slot=True)
    assert (value.state, value.flag) == ("proposed", "no_sentence")
    assert cards.confirmed(snapshot)["cheque-boussole"].value("closes") is None


def test_other_documents_only_propose(cards: Cards) -> None:
    """What a guide says of a programme waits for a person, with the sentence and its passage."""
    snapshot = shelf(guide())
    value = only(cards, snapshot, "closes")
    assert (value.state, value.value, value.quote, value.document) == ("proposed", "2027-06-30", PROLONGED, "fr/guide")
    assert cards.confirmed(snapshot)["cheque-boussole"].value("closes") is None


def test_a_document_that_repeats_the_head_proposes_nothing(cards: Cards) -> None:
    """A value that the sheet gives already needs no second confirmation."""
    card = cards.all(shelf(guide("Le Chèque Boussole couvre 50 % de la facture.")))["cheque-boussole"]
    assert [value.state for value in card.of("rate")] == ["confirmed"]


def test_a_confirmed_proposal_feeds_the_tools(cards: Cards, engine: Engine) -> None:
    """Once a person confirms it, the value is there with who and when, and the journal says so."""
    snapshot = shelf(guide())
    cards.confirm(only(cards, snapshot, "closes"), "lea", snapshot)
    card = cards.confirmed(snapshot)["cheque-boussole"]
    assert (card.value("closes"), card.of("closes")[0].by) == ("2027-06-30", "lea")
    assert card.state(TODAY) == "open"
    (entry,) = Journal(engine).entries()
    assert (entry.by, entry.action, entry.subject) == ("lea", "value confirmed", "programme cheque-boussole")


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"quote": ""}, "unquoted"), ({"value": "2027-07-30"}, "no_figure"),
        ({"quote": "Le Chèque Boussole est ouvert jusqu'au 30 juillet 2027."}, "gone"),
        ({"document": "fr/rien"}, "unpublished"),
    ],
)  # fmt: skip
def test_a_value_without_its_sentence_is_refused(change: dict[str, Any], refusal: str, cards: Cards) -> None:
    """No quote, another figure, a quote that stands nowhere or a document that is gone: each is refused by name."""
    snapshot = shelf(guide())
    with pytest.raises(CardError) as raised:
        cards.confirm(dataclasses.replace(only(cards, snapshot, "closes"), **change), "lea", snapshot)
    assert raised.value.refusal == refusal
    assert cards.store.values() == []


def test_a_rejected_value_stays_rejected(cards: Cards) -> None:
    """A value of the sheet that staff rejected feeds no tool, and says who rejected it and why."""
    snapshot = shelf()
    cards.store.decide(only(cards, snapshot, "rate", slot=True), "rejected", "lea", "Taux de l'an passé.")
    value = only(cards, snapshot, "rate", slot=True)
    assert (value.state, value.by, value.reason) == ("rejected", "lea", "Taux de l'an passé.")
    assert cards.confirmed(snapshot)["cheque-boussole"].of("rate") == ()


def test_a_correction_takes_the_place_of_the_value(cards: Cards) -> None:
    """A corrected value of the sheet holds, with its own sentence; undoing the correction brings the old one back."""
    snapshot = shelf(guide("Le Chèque Boussole couvre 60 % de la facture."))
    proposed, old = only(cards, snapshot, "rate"), only(cards, snapshot, "rate", slot=True)
    number = cards.confirm(dataclasses.replace(proposed, target=old.key), "lea", snapshot)
    assert cards.confirmed(snapshot)["cheque-boussole"].value("rate") == 0.6
    cards.store.withdraw(number, "ann")
    assert cards.confirmed(snapshot)["cheque-boussole"].value("rate") == 0.5


def test_a_value_whose_sentence_is_gone_falls_back(cards: Cards) -> None:
    """When the next version no longer holds the quote, the value waits again and says why; nothing is silent."""
    before = shelf(guide())
    cards.confirm(only(cards, before, "closes"), "lea", before)
    after = shelf(guide("Le guide a été relu."), generation=2, version=4)
    value = only(cards, after, "closes")
    assert (value.state, value.flag, value.value, value.by) == ("proposed", "gone", "2027-06-30", "lea")
    assert cards.confirmed(after)["cheque-boussole"].value("closes") is None
    assert [held.state for held, _ in cards.store.history("cheque-boussole")] == ["confirmed"]


def test_a_value_that_is_worded_anew_has_to_be_confirmed_anew(cards: Cards) -> None:
    """The same day in another sentence is proposed with the new sentence; the old one stays in the history."""
    before = shelf(guide())
    cards.confirm(only(cards, before, "closes"), "lea", before)
    after = shelf(guide("Les demandes pour le Chèque Boussole se terminent le 30 juin 2027."), generation=2)
    value = only(cards, after, "closes")
    assert (value.state, value.flag) == ("proposed", "gone")
    assert value.quote.startswith("Les demandes")
    cards.confirm(dataclasses.replace(value, flag=""), "ann", after)
    assert only(cards, after, "closes").state == "confirmed"


def test_a_lost_correction_does_not_bring_the_wrong_value_back(cards: Cards) -> None:
    """When the sentence of a correction goes, the corrected value of the sheet waits as well."""
    before = shelf(guide("Le Chèque Boussole couvre 60 % de la facture."))
    proposed, old = only(cards, before, "rate"), only(cards, before, "rate", slot=True)
    cards.confirm(dataclasses.replace(proposed, target=old.key), "lea", before)
    after = shelf(guide("Le guide a été relu."), generation=2)
    assert [(v.state, v.flag) for v in cards.all(after)["cheque-boussole"].of("rate")] == [
        ("proposed", "gone"), ("proposed", "correction_lost"),
    ]  # fmt: skip


def test_a_document_that_is_gone_takes_its_value_along(cards: Cards) -> None:
    """A value whose document is no longer published falls back, and says that."""
    before = shelf(guide())
    cards.confirm(only(cards, before, "closes"), "lea", before)
    assert only(cards, shelf(generation=2), "closes").flag == "unpublished"


def test_a_decision_is_undone_once(cards: Cards) -> None:
    """Undoing twice is refused with a sentence."""
    snapshot = shelf(guide())
    number = cards.confirm(only(cards, snapshot, "closes"), "lea", snapshot)
    cards.store.withdraw(number, "lea")
    with pytest.raises(CardError, match="already undone"):
        cards.store.withdraw(number, "lea")
    assert only(cards, snapshot, "closes").state == "proposed"


def test_staff_make_a_programme_of_their_own(cards: Cards) -> None:
    """A programme without a sheet has a card, documents propose to it by its name, and withdrawing keeps its values."""
    cards.store.add_programme(OwnProgramme("prime-phare", "Prime Phare", "fr"), "lea")
    snapshot = shelf(document("note", "fr", "Note", "La Prime Phare couvre 30 % de la facture."))
    card = cards.all(snapshot)["prime-phare"]
    assert (card.title, [value.value for value in card.of("rate")]) == ("Prime Phare", [0.3])
    cards.confirm(card.of("rate")[0], "lea", snapshot)
    cards.store.withdraw_programme("prime-phare", "lea")
    assert "prime-phare" not in cards.all(snapshot)
    cards.store.add_programme(OwnProgramme("prime-phare", "Prime Phare", "fr"), "lea")
    assert cards.confirmed(snapshot)["prime-phare"].value("rate") == 0.3


@pytest.mark.parametrize(
    ("field", "value", "unit", "quote", "held"),
    [
        ("rate", 0.5, "", "couvre la moitié de la facture", True), ("rate", [0.25, 0.5], "", "de 25 à 50 %", True),
        ("rate", [0.25, 0.5], "", "jusqu'à 50 %", False), ("ceiling", 2500000, "EUR", "2,5 millions d'euros", True),
        ("ceiling", 2500, "EUR", "2 500 entreprises", False), ("closes", "2027-06", "date", "le 30 juin 2027", True),
        ("closes", "2027-06-30", "date", "en juin 2027", False), ("duration", 12, "month", "pendant un an", True),
        ("state", "open", "", "Le guichet est ouvert.", True), ("state", "open", "", "", False),
    ],
)  # fmt: skip
def test_a_quote_holds_a_figure_however_it_is_written(
    field: Any, value: Any, unit: str, quote: str, held: bool
) -> None:
    """Words, ranges and other precisions count; another unit, or a less precise date, does not."""
    assert holds_figure(CardValue("p", field, value, unit, quote=quote), "fr") is held


# --- in answers --------------------------------------------------------------------------------------------------


def test_a_confirmed_closing_day_is_told(tmp_path: Path) -> None:
    """An answer on a programme without dates in its sheet tells the day that staff confirmed from a document."""
    with small_bot(tmp_path, sheet(), guide()) as bot:
        cards = bot.contradictions.cards
        before = bot.ask("Le Chèque Boussole est-il ouvert ?", language="fr")
        cards.confirm(only(cards, bot.library, "closes"), "lea", bot.library)
        after = bot.ask("Le Chèque Boussole est-il ouvert ?", language="fr")
    assert "ouvert jusqu'au 30 juin 2027" not in " ".join(before.notes)
    assert "Chèque Boussole : ouvert jusqu'au 30 juin 2027." in after.notes
    assert after.programmes[0].closes == "2027-06-30"


def test_a_document_tells_the_state_of_a_programme_of_staff(tmp_path: Path) -> None:
    """A programme without a sheet is among the programmes of an answer that cites its confirmed document."""
    note = document("note", "fr", "Note", "La Prime Phare est ouverte jusqu'au 30 juin 2027.")
    with small_bot(tmp_path, note) as bot:
        cards = bot.contradictions.cards
        cards.store.add_programme(OwnProgramme("prime-phare", "Prime Phare", "fr"), "lea")
        (day,) = cards.all(bot.library)["prime-phare"].of("closes")
        cards.confirm(day, "lea", bot.library)
        cards.confirm(dataclasses.replace(day, field="state", value="open"), "lea", bot.library)
        answer = bot.ask("Jusqu'à quand la Prime Phare est-elle ouverte ?", language="fr")
    assert [(each.id, each.state, each.closes) for each in answer.programmes] == [("prime-phare", "open", "2027-06-30")]


def test_cards_of_the_starter_corpus(bot: Bot) -> None:
    """Every amount and rule of the starter corpus is confirmed with a sentence that holds it, in each language."""
    cards = bot.contradictions.cards
    for language in ("fr", "nl", "de", "en"):
        values = [v for card in cards.all(bot.library, language).values() for v in card.values if v.slot]
        amounts = [v for v in values if v.field in ("rate", "ceiling", "duration")]
        assert len(amounts) == 72
        assert all(v.state == "confirmed" and holds_figure(v, language) for v in amounts)
        assert all(v.state == "confirmed" and v.quote for v in values if v.field == "eligibility")


def test_state_of_a_card_is_that_of_its_sheet(bot: Bot) -> None:
    """Reading states from cards says what answers say, wherever the sheet's dates stand in its text."""
    for id, card in bot.contradictions.cards.all(bot.library).items():
        key = bot.library.key_of(id, "fr")
        assert key
        dated = [v for v in card.of("opens", "closes") if v.state != "confirmed"]
        if not dated:
            assert card.state(dt.date(2026, 11, 23)) == state(bot.library.documents[key].meta, dt.date(2026, 11, 23))

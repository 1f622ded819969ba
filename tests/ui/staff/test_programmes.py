"""The room of programmes: who may do what, what is shown, and that nothing foreign gets through unescaped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from bot.service import Bot
from bot.wording import catalogue
from ingest.cards import FIELDS
from ingest.documents import LANGUAGES, Language
from ingest.journal import Journal
from tests.bot.library import document, small_bot
from ui.staff.desk import Desk, NoSuchPlace, NotAllowed, Outcome
from ui.staff.forms import words
from ui.staff.people import Person
from ui.staff.rooms.programmes import Programmes

WORDS = {key.removeprefix("desk_programmes."): texts for key, texts in catalogue().items()
         if key.startswith("desk_programmes.")}  # fmt: skip
CODE = Path(__file__).parents[3]
FIRST = "Le Chèque Boussole couvre 50 % de la facture."
SECOND = "Le Chèque Boussole couvre 75 % de la facture."
DAY = "Le Chèque Boussole est ouvert jusqu'au 30 juin 2027."
EVIL = '<img src=x onerror="alert(1)">'
EDITOR, PUBLISHER = Person("ed", "editor"), Person("lea", "publisher")


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    """A bot over one sheet, two documents that contradict each other, and one with a hostile title."""
    documents = [
        document("cheque-boussole", "fr", "Chèque Boussole", "Le Chèque Boussole aide à choisir un outil.",
                 kind="subsidy", missing=["deadline"], verified_on="2026-11-01"),
        document("guide", "fr", "Guide", FIRST, DAY),
        document("page", "fr", f"Page {EVIL}", SECOND, f"Le Chèque Boussole aime {EVIL}."),
    ]  # fmt: skip
    with small_bot(tmp_path_factory.mktemp("desk"), *documents) as bot:
        yield bot


class Counter:
    """One person at the desk."""

    def __init__(self, bot: Bot, person: Person = PUBLISHER, language: Language = "fr") -> None:
        self.bot = bot
        self.room = Programmes(bot.library, bot.contradictions)
        self._desk = Desk([self.room])
        self._person, self._language = person, language

    def see(self, address: str = "programmes") -> str:
        """Return what the room shows at *address*."""
        return self._desk.show(self._person, self._language, address)

    def act(self, action: str, **fields: str) -> Outcome:
        """Do something and return what became of it."""
        *_, last = self._desk.act(self._person, self._language, "programmes", f"programmes.{action}", fields)
        assert isinstance(last, Outcome)
        return last

    def key(self, field: str, value: object) -> str:
        """Return the key of a value of the programme."""
        card = self.bot.contradictions.cards.all(self.bot.library)["cheque-boussole"]
        return next(each.key for each in card.values if (each.field, each.value) == (field, value))


@pytest.fixture
def desk(opened: Bot) -> Iterator[Counter]:
    """A publisher at a desk on which nothing was decided; what a test decides is undone after it."""
    yield Counter(opened)
    store = opened.library.cards
    while held := store.values():
        for value in held:
            store.withdraw(value.number, "test")
    for ruling in store.rulings():
        store.withdraw_ruling(ruling.number, "test")
    for programme in store.programmes():
        store.withdraw_programme(programme.id, "test")


def test_the_list_says_what_waits(desk: Counter) -> None:
    """The programme is listed with its state, proposals and contradictions, and the menu counts both kinds."""
    shown = desk.see()
    assert "Chèque Boussole" in shown
    assert "état inconnu" in shown
    assert "Contradictions (1)" in shown.replace("\u00a0", " ")
    assert desk.room.count() == 4  # two rates and a day to confirm, one contradiction


def test_a_value_is_shown_with_its_sentence_and_date(desk: Counter) -> None:
    """A proposal stands there with the sentence, its document, version and date, and can be confirmed."""
    shown = desk.see("programmes/cheque-boussole")
    assert "30 juin 2027" in shown
    assert "jusqu&#x27;au 30 juin 2027" in shown
    assert f'href="#/documents/{desk.bot.library.documents["fr/guide"].revision}"' in shown
    assert "version 1" in shown
    assert "mai 2026" in shown
    assert "la date limite" in shown


def test_a_publisher_confirms_rejects_and_undoes(desk: Counter) -> None:
    """Confirming takes the proposal off the list; undoing puts it back; rejecting asks why."""
    key = desk.key("closes", "2027-06-30")
    assert not desk.act("confirm", programme="cheque-boussole", key=key).failed
    assert desk.room.count() == 3
    (decision,) = desk.bot.library.cards.values()
    desk.act("undo", number=str(decision.number))
    assert desk.room.count() == 4
    refused = desk.act("reject", programme="cheque-boussole", key=key, reason=" ")
    assert refused.failed
    assert "reason" in refused.wrong
    desk.act("reject", programme="cheque-boussole", key=key, reason="C'est un ancien appel.")
    assert desk.room.count() == 3
    assert "C&#x27;est un ancien appel." in desk.see("programmes/cheque-boussole")


def test_a_correction_needs_a_sentence_that_holds_it(desk: Counter) -> None:
    """A corrected value that its sentence does not hold is refused in words; with another sentence it is kept."""
    key = desk.key("closes", "2027-06-30")
    refused = desk.act("correct", programme="cheque-boussole", key=key, value="31 mai 2027")
    assert refused.failed
    assert "ne porte pas cette valeur" in refused.message
    assert not desk.act("correct", programme="cheque-boussole", key=key, value="juin 2027").failed
    card = desk.bot.contradictions.cards.confirmed(desk.bot.library)["cheque-boussole"]
    assert card.value("closes") == "2027-06"


def test_a_value_that_cannot_be_read_is_told_beside_its_field(desk: Counter) -> None:
    """A rate without a percentage is no rate."""
    key = desk.key("rate", 0.5)
    assert "value" in desk.act("correct", programme="cheque-boussole", key=key, value="beaucoup").wrong


def test_an_editor_adds_a_value_by_choosing_its_sentence(opened: Bot, desk: Counter) -> None:
    """Search, choose, propose: the value waits for a publisher with the sentence that was chosen."""
    editor = Counter(opened, EDITOR)
    go = editor.act("find", programme="cheque-boussole", find="outil choisir").go
    assert go
    shown = editor.see(go)
    (address,) = set(re.findall(r'href="#/(programmes/cheque-boussole\?passage=[^"]+)"', shown))
    address = address.replace("&amp;", "&")
    assert "Proposer" in editor.see(address)
    passage, at = dict(pair.split("=") for pair in address.split("?")[1].split("&")).values()
    passage = passage.replace("%2F", "/").replace("%3A", ":")
    step = {"field": "next_step", "value": "Choisir un outil"}
    done = editor.act("propose", programme="cheque-boussole", passage=passage, at=at, **step)
    assert not done.failed
    (value,) = opened.library.cards.values()
    assert (value.state, value.by, value.quote) == ("proposed", "ed", "Le Chèque Boussole aide à choisir un outil.")


def test_a_rule_is_proposed_with_criterion_and_values(desk: Counter) -> None:
    """A rule of eligibility is read from its three controls; values that are not on the list are refused."""
    passage = desk.bot.library.passages_of(["fr/guide"])[0].id
    given = {"programme": "cheque-boussole", "field": "eligibility", "criterion": "size", "passage": passage, "at": "0"}
    assert "values" in desk.act("propose", **given, rule="only", values="tiny").wrong
    assert not desk.act("propose", **given, rule="only", values="micro, small").failed
    assert "Taille : seulement très petite, petite" in desk.see("programmes/cheque-boussole").replace("\u00a0", " ")


@pytest.mark.parametrize("action", ["confirm", "reject", "correct", "undo", "make", "unmake", "rule", "unrule"])
def test_editors_do_not_decide(action: str, opened: Bot) -> None:
    """Whatever changes what the public is told needs a publisher, and editors see no button for it."""
    editor = Counter(opened, EDITOR)
    with pytest.raises(NotAllowed):
        editor.act(action, programme="cheque-boussole")
    assert f'data-action="programmes.{action}"' not in editor.see("programmes/cheque-boussole")
    assert f'data-action="programmes.{action}"' not in editor.see("programmes?tab=contradictions")


def test_contradictions_stand_side_by_side(desk: Counter) -> None:
    """Both values are there with document, date and quote, and what may be decided."""
    shown = desk.see("programmes?tab=contradictions").replace("\u00a0", " ")
    assert FIRST in shown.replace("\u00a0", " ")
    assert SECOND in shown
    assert shown.count("mai 2026") >= 2
    assert "50 % est juste" in shown


def test_a_ruling_says_who_when_and_why_and_can_be_undone(desk: Counter) -> None:
    """After a ruling the loser is marked as superseded; undoing it opens the contradiction again."""
    (found,) = desk.bot.contradictions.all(desk.bot.library, desk.bot.today)
    assert "reason" in desk.act("rule", key=found.key, verdict="first").wrong
    assert "verdict" in desk.act("rule", key=found.key, reason="Plus récent.").wrong
    desk.act("rule", key=found.key, verdict="first", reason="Plus récent.")
    shown = desk.see("programmes?tab=contradictions").replace("\u00a0", " ")
    assert 'quiet">remplacé<' in shown
    assert "par lea" in shown
    assert "Plus récent." in shown
    (ruling,) = desk.bot.library.cards.rulings()
    desk.act("unrule", number=str(ruling.number))
    assert 'quiet">remplacé<' not in desk.see("programmes?tab=contradictions")


def test_an_example_firm_is_checked(desk: Counter) -> None:
    """Without rules nobody hears yes; with a confirmed rule the verdict quotes it and names what is not said."""
    go = desk.act("check", programme="cheque-boussole", check="1", size="small").go
    assert go
    assert "on ne peut pas le dire" in desk.see(go)
    passage = desk.bot.library.passages_of(["fr/guide"])[0].id
    desk.act("propose", programme="cheque-boussole", field="eligibility", criterion="size", rule="only", values="small",
             passage=passage, at="0")  # fmt: skip
    (value,) = desk.bot.library.cards.values()
    desk.act("confirm", programme="cheque-boussole", key=value.key)
    assert "oui, d&#x27;après nos règles confirmées" in desk.see(go)
    assert "on ne peut pas le dire" in desk.see("programmes/cheque-boussole?check=1")
    assert ">non<" in desk.see("programmes/cheque-boussole?check=1&size=large")


def test_a_programme_of_staff_is_made_and_withdrawn(desk: Counter) -> None:
    """A new programme has its page at once; the name of a document is refused; withdrawing takes it off the list."""
    assert desk.act("make", title="Prime Phare").go == "programmes/prime-phare"
    assert "Prime Phare" in desk.see("programmes/prime-phare")
    assert "title" in desk.act("make", title="Guide").wrong
    assert desk.act("make", title="Prime Phare").failed
    assert "title" in desk.act("make", title=" ").wrong
    desk.act("unmake", programme="prime-phare")
    with pytest.raises(NoSuchPlace):
        desk.see("programmes/prime-phare")


def test_every_change_is_in_the_journal(desk: Counter) -> None:
    """Each act leaves an entry by its person, and no look does."""
    journal = Journal(desk.bot.library.cards._engine)
    before = journal.count()
    desk.see("programmes/cheque-boussole")
    desk.act("confirm", programme="cheque-boussole", key=desk.key("closes", "2027-06-30"))
    desk.act("make", title="Prime Phare")
    assert [entry.action for entry in journal.entries(limit=2)] == ["programme made", "value confirmed"]
    assert {entry.by for entry in journal.entries(limit=2)} == {"lea"}
    assert journal.count() == before + 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_foreign_gets_through_unescaped(language: Language, opened: Bot, desk: Counter) -> None:
    """Titles, texts, reasons, searches and names from outside are shown as text."""
    seen = Counter(opened, Person(EVIL, "publisher"), language)
    seen.act("make", title=EVIL)
    seen.act("reject", programme="cheque-boussole", key=desk.key("rate", 0.75), reason=EVIL)
    pages = [seen.see(address) for address in (
        "programmes", "programmes?tab=contradictions", "programmes/cheque-boussole",
        f"programmes/cheque-boussole?find={EVIL}&document={EVIL}&check=1&sector={EVIL}&size={EVIL}",
        "programmes/cheque-boussole?find=aime&correct=" + desk.key("closes", "2027-06-30"),
    )]  # fmt: skip
    assert any("&lt;img" in page for page in pages)
    assert not any("<img" in page for page in pages)


@pytest.mark.parametrize("address", ["programmes/rien", "programmes/cheque-boussole/x", f"programmes/{EVIL}"])
def test_an_address_that_is_not_there(address: str, desk: Counter) -> None:
    """An unknown programme is no page."""
    with pytest.raises(NoSuchPlace):
        desk.see(address)


@pytest.mark.parametrize("fields", [{"number": "x"}, {"number": "9" * 40}, {"number": "-1"}, {}])
def test_a_decision_that_is_not_there_is_refused_in_words(fields: dict[str, str], desk: Counter) -> None:
    """A forged number undoes nothing and says so."""
    assert desk.act("undo", **fields).failed
    assert desk.act("unrule", **fields).failed


# --- words -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", WORDS)
def test_every_word_exists_in_four_languages_with_the_same_places(key: str) -> None:
    """No translation is missing, empty, or forgets a value."""
    texts = WORDS[key]
    places = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in texts.values()]
    assert set(texts) == set(LANGUAGES)
    assert all(text.strip() for text in texts.values())
    assert all(place == places[0] for place in places)


def test_every_word_is_used() -> None:
    """The catalogue holds nothing that no page of the room says."""
    files: list[Any] = [*(CODE / "ui/staff/rooms").glob("programmes*.py"), CODE / "bot/entries.py"]
    used = set(re.findall(r'"(?:desk_programmes\.)?(\w+)"', "".join(path.read_text("utf-8") for path in files)))
    families = re.compile(
        r"(field|kind|state|value|flag|missing|truth|criterion|size|legal_form|seat|stage|ruled|done|refused|head"
        r"|history)_\w+"
    )
    assert [key for key in WORDS if key not in used and not families.fullmatch(key)] == []
    assert {f"field_{field}" for field in FIELDS} <= set(WORDS)


def test_who_decides_second_is_told_who_was_first(desk: Counter) -> None:
    """A value on which somebody decided since the page was opened is not decided on again by itself."""
    key = _rate(desk)
    other = Counter(desk.bot, Person("zoe", "publisher"))
    assert not other.act("reject", programme="cheque-boussole", key=key, reason="ancien", seen="0").failed
    outcome = desk.act("confirm", programme="cheque-boussole", key=key, seen="0")
    assert outcome.failed
    assert "zoe" in outcome.message
    assert desk.bot.library.cards.values()[-1].state == "rejected"
    assert not desk.act("confirm", programme="cheque-boussole", key=key, **outcome.renewed).failed


def test_proposing_what_is_confirmed_takes_it_out_of_service_no_more(desk: Counter) -> None:
    """An editor cannot undo a confirmed value by proposing it once more."""
    editor = Counter(desk.bot, EDITOR)
    passage = desk.bot.library.passages_of(["fr/guide"])[0].id
    sent = {"programme": "cheque-boussole", "field": "rate", "value": "50 %", "passage": passage, "at": "0"}
    key = _rate(desk)
    assert not desk.act("confirm", programme="cheque-boussole", key=key).failed
    outcome = editor.act("propose", **sent)
    assert outcome.message == WORDS["refused_known"]["fr"]
    assert [value.state for value in desk.bot.library.cards.values()] == ["confirmed"]


def test_a_correction_waits_for_a_second_person(tmp_path: Path) -> None:
    """Where a second person is needed, who corrects or proposes does not confirm; the public value stays meanwhile."""
    documents = [
        document("cheque-boussole", "fr", "Chèque Boussole", "Le Chèque Boussole aide à choisir un outil.",
                 kind="subsidy", verified_on="2026-11-01"),
        document("guide", "fr", "Guide", FIRST, "Le Chèque Boussole couvre 60 % de la facture."),
    ]  # fmt: skip
    with small_bot(tmp_path / "data", *documents, staff_second_person=True) as bot:
        lea, zoe = Counter(bot), Counter(bot, Person("zoe", "publisher"))
        assert not lea.act("confirm", programme="cheque-boussole", key=_rate(lea)).failed  # the guichet has proposed it
        passage = bot.library.passages_of(["fr/guide"])[0]
        at = next(n for n, (_, quote) in enumerate(passage.quotes()) if "60 %" in quote)
        sent = {"value": "60 %", "passage": passage.id, "at": str(at)}
        outcome = lea.act("correct", programme="cheque-boussole", key=_rate(lea), **sent)
        assert outcome.message == words("desk_programmes.done_waits", "fr")

        def confirmed() -> list[object]:
            card = bot.contradictions.cards.confirmed(bot.library)["cheque-boussole"]
            return [value.value for value in card.of("rate")]

        assert confirmed() == [0.5]
        waiting = next(value.key for value in bot.library.cards.values() if value.corrects)
        assert "50 %" in lea.see("programmes/cheque-boussole").replace("\u00a0", " ")
        refused = lea.act("confirm", programme="cheque-boussole", key=waiting)
        assert refused.message == words("desk.second_person", "fr")
        assert not zoe.act("confirm", programme="cheque-boussole", key=waiting).failed
        assert confirmed() == [0.6]


@pytest.mark.parametrize("corrected", [False, True])
def test_a_rejection_in_between_makes_no_second_person(corrected: bool, tmp_path: Path) -> None:
    """Who proposed or corrected a value and then rejected it in another tab still may not confirm it; others may."""
    documents = [
        document("cheque-boussole", "fr", "Chèque Boussole", "Le Chèque Boussole aide à choisir un outil.",
                 kind="subsidy", verified_on="2026-11-01"),
        document("guide", "fr", "Guide", FIRST, "Le Chèque Boussole réclame 500 € par entreprise."),
    ]  # fmt: skip
    with small_bot(tmp_path / "data", *documents, staff_second_person=True) as bot:
        lea, zoe = Counter(bot), Counter(bot, Person("zoe", "publisher"))
        passage = bot.library.passages_of(["fr/guide"])[0]
        at = next(str(n) for n, (_, quote) in enumerate(passage.quotes()) if "500" in quote)
        sent = {"value": "500", "programme": "cheque-boussole", "passage": passage.id, "at": at}
        if corrected:
            sent = {**sent, "value": "50 %", "at": "0", "what": "PME", "key": _rate(lea)}
        proposed = lea.act("correct", **sent) if corrected else lea.act("propose", field="minimum", **sent)
        assert not proposed.failed, proposed.message
        value = bot.library.cards.values()[-1]
        asked = {"programme": "cheque-boussole", "key": value.key}
        assert not lea.act("reject", **asked, reason="à revoir", seen=str(value.number)).failed
        old_tab = lea.act("confirm", **asked, seen=str(value.number))
        assert old_tab.failed
        again = lea.act("confirm", **asked, **old_tab.renewed)
        assert again.message == words("desk.second_person", "fr")
        assert bot.library.cards.values()[-1].state == "rejected"
        assert not zoe.act("confirm", **asked).failed


def _rate(desk: Counter) -> str:
    """Return the key of the rate of 50 % that the guide tells."""
    card = desk.bot.contradictions.cards.all(desk.bot.library)["cheque-boussole"]
    return next(each.key for each in card.of("rate") if each.quote == FIRST)

"""The room of validated answers: written, refused, previewed, made public, taken back."""

from __future__ import annotations

import dataclasses
import datetime as dt
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from bot.gaps.masking import MASK
from bot.service import Bot
from bot.wording import catalogue
from ingest.documents import LANGUAGES, Language
from ingest.pins import PinStatement
from tests.bot.asking import receipt
from tests.bot.library import TODAY, document, small_bot
from ui.markup import finished
from ui.staff.desk import Desk, NoSuchPlace, NotAllowed, Outcome, Room
from ui.staff.forms import words
from ui.staff.people import Person
from ui.staff.rooms.answer_form import statements_of, written
from ui.staff.rooms.answers import Answers

RATE = "La prime numérique couvre 70 % des frais de conseil, avec un plafond de 10 000 €."
PRIME = document("prime", "fr", "Prime numérique", RATE, "La prime numérique dure six mois.", kind="programme")
LOAN = document("pret", "fr", "Prêt vert", "Le prêt vert finance des machines économes pour les entreprises.")
ASKED = "Quel est le taux de la prime numérique ?"
EDITOR, PUBLISHER = Person("ann", "editor"), Person("bob", "publisher")
FORM = {
    "question": ASKED, "language": "fr",
    "wordings": "nl: Welk percentage dekt de prime numérique?\nLa prime numérique, quel taux ?",
    "text_fr": "La prime numérique paie 70 % du conseil, 10 000 € au plus [1].", "text_nl": "", "text_de": "",
    "text_en": "", "sources": json.dumps([["fr/prime", RATE]]), "owner": "ann", "expires": "2027-06-01",
    "threshold": "0,70", "find": "", "number": "", "then": "save",
}  # fmt: skip
KEYS = {key: texts for key, texts in catalogue().items() if key.startswith("desk_answers.")}
CODE = Path(__file__).parents[3] / "ui" / "staff" / "rooms"


@pytest.fixture
def bot_of_two(tmp_path: Path) -> Iterator[Bot]:
    """A bot that knows a grant and a loan."""
    with small_bot(tmp_path / "data", PRIME, LOAN) as opened:
        yield opened


@pytest.fixture
def desk(bot_of_two: Bot) -> Desk:
    """A desk with this room alone."""
    room: Room = Answers(lambda: bot_of_two.pins)
    return Desk([room])


def act(desk: Desk, person: Person, action: str, **fields: str) -> Outcome:
    """Do an action of the room."""
    outcome = list(desk.act(person, "fr", "answers", f"answers.{action}", fields))[-1]
    assert isinstance(outcome, Outcome)
    return outcome


def plain(markup: str) -> str:
    """Return the words of markup."""
    return html.unescape(re.sub(r"<[^>]*>", " ", markup)).replace("\u00a0", " ")


def saved(desk: Desk) -> str:
    """Save the form as an editor and return the number of the pin."""
    outcome = act(desk, EDITOR, "write", **FORM)
    assert outcome.go is not None
    return outcome.go.rpartition("/")[2]


def test_an_editor_prepares_and_a_publisher_makes_public(desk: Desk, bot_of_two: Bot) -> None:
    """What an editor saved is given to readers once a publisher activates it, and no more when it is taken back."""
    number = saved(desk)
    assert bot_of_two.ask(ASKED).validated is None
    with pytest.raises(NotAllowed):
        act(desk, EDITOR, "activate", number=number)
    assert not act(desk, PUBLISHER, "activate", number=number).failed
    assert bot_of_two.ask(ASKED).validated
    act(desk, PUBLISHER, "deactivate", number=number)
    assert bot_of_two.ask(ASKED).validated is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_visitors_asked_is_told_in_plain_words_and_masked(language: Language, desk: Desk, bot_of_two: Bot) -> None:
    """Beside the questions that a pin would have answered stands how they ended, in words; nobody's number is shown."""
    number = saved(desk)
    receipt(bot_of_two.library.engine, ASKED)
    receipt(bot_of_two.library.engine, f"{ASKED[:-1]} à lea@firme.example ?")
    page = plain(desk.show(EDITOR, language, f"answers/{number}"))
    assert page.count(words("desk_questions.status_not_in_sources", language)) == 2
    assert "not_in_sources" not in page
    assert "firme.example" not in page
    assert f"à {MASK} ?" in page


def test_the_form_becomes_the_pin(desk: Desk, bot_of_two: Bot) -> None:
    """Wordings get the language that leads them or is guessed, statements their sources, the threshold its number."""
    content = bot_of_two.library.pins.pin(int(saved(desk))).latest.content
    assert [(wording.language, wording.text) for wording in content.wordings] == [
        ("fr", ASKED), ("nl", "Welk percentage dekt de prime numérique?"), ("fr", "La prime numérique, quel taux ?"),
    ]  # fmt: skip
    assert content.texts == {"fr": (PinStatement("La prime numérique paie 70 % du conseil, 10 000 € au plus.", (1,)),)}
    assert (content.owner, content.expires, content.threshold) == ("ann", dt.date(2027, 6, 1), 0.7)


@pytest.mark.parametrize(
    ("changed", "field", "named"),
    [
        ({"text_fr": "La prime paie 80 % du conseil [1]."}, "text_fr", "« 80 % »"),
        ({"text_fr": "La prime paie 70 % du conseil."}, "text_fr", "ne cite aucune source"),
        ({"text_fr": "La prime paie 70 % du conseil [4]."}, "text_fr", "[4]"),
        ({"expires": "demain"}, "expires", "2027-06-30"), ({"expires": "2029-01-01"}, "expires", "Un an au plus"),
        ({"threshold": "0.2"}, "threshold", "0,65"), ({"threshold": "beaucoup"}, "threshold", "0,65"),
        ({"question": "", "wordings": ""}, "question", "Écrivez la question"), ({"owner": ""}, "owner", "responsable"),
        ({"sources": "[]"}, "find", "source"), ({"sources": "{no list"}, "find", "source"),
        ({"sources": json.dumps([["fr/prime", "Tout est gratuit."]])}, "find", "Tout est gratuit."),
    ],
)  # fmt: skip
def test_saving_is_refused_in_a_sentence(
    desk: Desk, bot_of_two: Bot, changed: dict[str, str], field: str, named: str
) -> None:
    """What cannot be kept is told by its field in one sentence that names it; nothing is saved, the form keeps it."""
    outcome = act(desk, EDITOR, "write", **{**FORM, **changed})
    assert outcome.failed
    assert named in outcome.wrong[field].replace("\u00a0", " ")
    assert bot_of_two.library.pins.all() == []
    assert html.escape(changed.get("text_fr", ASKED if "question" not in changed else "")) in desk.show(
        EDITOR, "fr", "answers/new"
    )


def test_sources_are_found_ticked_and_dropped(desk: Desk) -> None:
    """A search shows sentences of the library to tick; a ticked one becomes a source, until it is dropped."""
    act(desk, EDITOR, "write", **{**FORM, "sources": "[]", "find": "prime numérique durée", "then": "search"})
    page = desk.show(EDITOR, "fr", "answers/new")
    boxes = re.findall(r'name="(tick_[^"]+)" value="([^"]+)"[^>]*>\s*<span[^>]*>([^<]+)', page)
    name, value, _ = next(box for box in boxes if "six mois" in box[2])
    act(desk, EDITOR, "write", **{**FORM, "then": "add", name: html.unescape(value)})
    page = desk.show(EDITOR, "fr", "answers/new")
    carried = html.unescape(re.findall(r'name="sources" value="([^"]*)"', page)[0])
    assert [quote for _, quote in json.loads(carried)] == [RATE, "La prime numérique dure six mois."]
    act(desk, EDITOR, "write", **{**FORM, "sources": carried, "then": "drop-1"})
    carried = html.unescape(re.findall(r'name="sources" value="([^"]*)"', desk.show(EDITOR, "fr", "answers/new"))[0])
    text = "Elle dure six mois [2]."
    outcome = act(desk, EDITOR, "write", **{**FORM, "sources": carried, "text_fr": text})
    assert not outcome.failed


def test_a_form_names_no_sentence_of_its_own(desk: Desk) -> None:
    """A ticked place that the library does not hold gives no source."""
    for place in ("fr/none:1:x:0~0", "nonsense", "~", "fr/prime~99"):
        outcome = act(desk, EDITOR, "write", **{**FORM, "sources": "[]", "tick_x": place})
        assert outcome.failed


def test_an_answer_that_was_given_is_a_beginning(desk: Desk, bot_of_two: Bot) -> None:
    """The form of a receipt holds its statements with their markers and its quotes, and not what the visitor wrote."""
    given = bot_of_two.ask("Que couvre la prime numérique ?")
    assert act(desk, EDITOR, "start", receipt=given.id).go == "answers/new"
    page = plain(desk.show(EDITOR, "fr", "answers/new")) + desk.show(EDITOR, "fr", "answers/new")
    assert given.question not in html.unescape(page)
    assert "70 % des frais de conseil" in page
    assert f"{given.statements[0].text[:-1]} [1]." in page
    assert act(desk, EDITOR, "start", receipt="none").failed


def test_the_preview_is_what_readers_see(desk: Desk) -> None:
    """A preview shows the badge, the text with its marker, the note and the quote; nothing is saved by it."""
    act(desk, EDITOR, "write", **{**FORM, "then": "preview"})
    page = plain(desk.show(EDITOR, "fr", "answers/new"))
    assert "Validée par l'équipe" in page
    assert "Réponse validée par l'équipe le 23 novembre 2026." in page
    assert page.count(RATE) >= 2
    assert "Il n'y a pas encore de réponse validée" in plain(desk.show(EDITOR, "fr", "answers"))


def test_questions_of_the_month_are_shown(desk: Desk, bot_of_two: Bot) -> None:
    """The page of a pin lists the retained questions that it would have answered, and no other."""
    bot_of_two.ask("La prime numérique, quel taux ?")
    bot_of_two.ask("Que finance le prêt vert ?")
    page = plain(desk.show(EDITOR, "fr", f"answers/{saved(desk)}"))
    receipts = page[page.index("Questions du dernier mois") : page.rindex("Versions")]
    assert "La prime numérique, quel taux ?" in receipts
    assert "prêt vert" not in receipts


def test_a_tried_question_shows_its_scores(desk: Desk) -> None:
    """The try field tells of each pin whether it would answer, or what keeps the question apart."""
    saved(desk)
    go = act(desk, EDITOR, "try", asked="La prime numérique, quel taux ?").go
    assert go is not None
    assert " oui" in plain(desk.show(EDITOR, "fr", go))
    go = act(desk, EDITOR, "try", asked="Jusqu'à quand la prime numérique est-elle ouverte ?").go
    assert go is not None
    assert "non : demande autre chose" in plain(desk.show(EDITOR, "fr", go))


def test_a_suspended_pin_is_first_and_counted(desk: Desk, bot_of_two: Bot) -> None:
    """A pin whose quote fell away is counted beside the room's name, stands first, and its page says why."""
    number = saved(desk)
    act(desk, PUBLISHER, "activate", number=number)
    assert desk.rooms["answers"].count() == 0
    bot_of_two.library.remove(["prime"])
    assert desk.rooms["answers"].count() == 1
    assert "suspendue" in plain(desk.show(EDITOR, "fr", "answers"))
    assert "Le document fr/prime n'est plus publié." in plain(desk.show(EDITOR, "fr", f"answers/{number}"))
    act(desk, PUBLISHER, "deactivate", number=number)
    assert act(desk, PUBLISHER, "activate", number=number).failed


def test_an_old_version_is_made_public_again(desk: Desk, bot_of_two: Bot) -> None:
    """Every version can be read and activated."""
    number = saved(desk)
    later = {**FORM, "number": number, "text_fr": "La prime numérique dure six mois [1].",
             "sources": json.dumps([["fr/prime", "La prime numérique dure six mois."]])}  # fmt: skip
    assert act(desk, EDITOR, "write", **later).go == f"answers/{number}"
    act(desk, PUBLISHER, "activate", number=number)
    assert "six mois" in bot_of_two.ask(ASKED).text
    act(desk, PUBLISHER, "activate", number=number, version="1")
    assert "70 %" in bot_of_two.ask(ASKED).text


def test_an_editor_asks_for_a_review_and_changes_nothing_public(desk: Desk, bot_of_two: Bot) -> None:
    """What an editor asks waits beside the answer that is given; who may publish holds it back, or lets it stay."""
    number = saved(desk)
    act(desk, PUBLISHER, "activate", number=number)
    with pytest.raises(NotAllowed):
        act(desk, EDITOR, "review", number=number, why="Taux changé ?")
    assert not act(desk, EDITOR, "wish", number=number, why="Taux changé ?").failed
    assert bot_of_two.ask(ASKED).validated
    assert "Taux changé ?" in plain(desk.show(PUBLISHER, "fr", f"answers/{number}"))
    assert desk.rooms["answers"].count() == 1
    assert not act(desk, PUBLISHER, "settle", number=number).failed
    assert desk.rooms["answers"].count() == 0
    act(desk, PUBLISHER, "review", number=number, why="Taux changé ?")
    assert bot_of_two.ask(ASKED).validated is None
    assert "Taux changé ?" in plain(desk.show(EDITOR, "fr", f"answers/{number}"))


def test_who_saves_an_answer_second_is_told_and_loses_nothing(desk: Desk, bot_of_two: Bot) -> None:
    """Of two people in one form the second hears of the first, keeps what was typed, and may save once more."""
    number = saved(desk)
    opened = re.search(r'name="seen" value="(\d+)"', desk.show(PUBLISHER, "fr", f"answers/{number}/edit"))
    assert opened
    first, second = ("La prime numérique paie 70 % du conseil [1].", "La prime numérique couvre 70 % du conseil [1].")
    written = {**FORM, "number": number, "seen": opened[1]}
    assert not act(desk, EDITOR, "write", **{**written, "text_fr": first}).failed
    outcome = act(desk, PUBLISHER, "write", **{**written, "text_fr": second})
    assert outcome.failed
    assert "ann" in outcome.message
    assert bot_of_two.library.pins.pin(int(number)).latest.number == 2
    assert "couvre 70 % du conseil" in plain(desk.show(PUBLISHER, "fr", f"answers/{number}/edit"))
    assert not act(desk, PUBLISHER, "write", **{**written, "text_fr": second, **outcome.renewed}).failed
    assert bot_of_two.library.pins.pin(int(number)).latest.number == 3


def test_who_wrote_an_answer_does_not_make_it_public(tmp_path: Path) -> None:
    """Where a second person is needed, all who wrote since the last public version are its authors."""
    with small_bot(tmp_path / "data", PRIME, LOAN, staff_second_person=True) as bot:
        desk = Desk([Answers(lambda: bot.pins)])
        pia = Person("pia", "publisher")
        outcome = act(desk, pia, "write", **FORM)
        number = str(outcome.go).rpartition("/")[2]
        assert not act(desk, PUBLISHER, "write", **{**FORM, "number": number}).failed
        for author in (pia, PUBLISHER):
            outcome = act(desk, author, "activate", number=number)
            assert (outcome.failed, outcome.message) == (True, words("desk.second_person", "fr"))
        assert bot.ask(ASKED).validated is None
        quinn = Person("quinn", "publisher")
        assert not act(desk, quinn, "activate", number=number).failed
        assert not act(desk, quinn, "deactivate", number=number).failed
        assert not act(desk, PUBLISHER, "activate", number=number).failed  # somebody else has approved this version
        assert bot.ask(ASKED).validated


def test_an_answer_that_is_not_there_is_said_in_the_readers_language(desk: Desk) -> None:
    """Neither a page nor an action of an unknown answer speaks English to a French reader."""
    with pytest.raises(NoSuchPlace):
        desk.show(EDITOR, "fr", "answers/999")
    assert act(desk, PUBLISHER, "deactivate", number="999").message == words("desk.no_such_place", "fr")


def test_what_is_typed_is_never_markup(desk: Desk) -> None:
    """Questions, owners, searches and tried questions come back as text."""
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    typed = dict.fromkeys(("question", "owner", "wordings", "text_fr", "find"), evil)
    act(desk, EDITOR, "write", **{**FORM, **typed, "then": "search"})
    pages = [desk.show(EDITOR, "fr", "answers/new")]
    saved(desk)
    go = act(desk, EDITOR, "try", asked=evil).go
    assert go is not None
    pages.append(desk.show(EDITOR, "fr", go))
    for page in pages:
        assert "&lt;script&gt;" in page
        assert "<script" not in page
        assert "<img" not in page


def test_unknown_places_are_none(desk: Desk) -> None:
    """An address of no answer is refused."""
    with pytest.raises(NoSuchPlace):
        desk.show(EDITOR, "fr", "answers/12/other")
    assert act(desk, PUBLISHER, "activate", number="99").failed


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_speaks_every_language(desk: Desk, language: str) -> None:
    """List, page and form of an answer are shown in each of the four languages."""
    number = saved(desk)
    for address in ("answers", f"answers/{number}", f"answers/{number}/edit", "answers/new"):
        assert "<h1" in desk.show(PUBLISHER, language, address)  # type: ignore[arg-type]


def test_typed_answers_are_read_as_written() -> None:
    """Statements that are written as text are read back; what stands after the last marker cites nothing."""
    statements = (PinStatement("Cinq jours.", (1, 2)), PinStatement("Combien ?", (3,)), PinStatement("Rien", ()))
    assert statements_of(written(statements)) == statements


def test_readers_see_a_badge(bot_of_two: Bot, desk: Desk) -> None:
    """The public page marks a validated answer, and no other, with a word and a sign; a copy takes the note along."""
    plain_answer = bot_of_two.ask(ASKED)
    act(desk, PUBLISHER, "activate", number=saved(desk))
    page = finished(bot_of_two.ask(ASKED), "de", TODAY)
    assert 'href="#sign-validated"' in page
    assert "Vom Team bestätigt" in page
    assert "Réponse validée par l&#x27;équipe" in page.split('class="copy-text"')[1].replace("\u00a0", " ")
    assert "sign-validated" not in finished(plain_answer, "de", TODAY)
    assert "sign-validated" not in finished(dataclasses.replace(bot_of_two.ask(ASKED), validated=None), "de", TODAY)


@pytest.mark.parametrize("key", KEYS)
def test_every_string_exists_in_four_languages_with_the_same_places(key: str) -> None:
    """No translation is missing, empty, or forgets a value."""
    places = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in KEYS[key].values()]
    assert set(KEYS[key]) == set(LANGUAGES)
    assert all(text.strip() for text in KEYS[key].values())
    assert all(place == places[0] for place in places)


def test_every_string_is_used() -> None:
    """The catalogue holds nothing that the room does not show."""
    code = "".join(path.read_text(encoding="utf-8") for path in CODE.glob("answer*.py"))
    families = re.compile(r"(problem|reason|no|state)_\w+|room")
    used = set(re.findall(r'"(\w+)"', code))
    assert [key for key in KEYS if key[13:] not in used and not families.fullmatch(key[13:])] == []

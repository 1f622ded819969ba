"""The desk without what carries it: rooms, roles, addresses, words."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from bot.wording import catalogue
from ingest.documents import LANGUAGES
from tests.ui.staff.demo import Desktop
from ui.staff import frame
from ui.staff.desk import Desk, NoSuchPlace, NotAllowed, Outcome
from ui.staff.people import Person

ELLA, ADA = Person("ella", "editor"), Person("ada", "administrator")
CODE = Path(__file__).parents[3] / "ui"
WORDS = [key for key in catalogue() if key.startswith(("desk.", "desk_journal."))]


@pytest.fixture
def desk(desktop: Desktop) -> Desk:
    """The rooms alone."""
    return desktop.staff.desk


def last(desk: Desk, person: Person, action: str, address: str = "documents", **fields: str) -> Outcome:
    """Do an action and return its outcome."""
    outcome = list(desk.act(person, "fr", address, action, fields))[-1]
    assert isinstance(outcome, Outcome)
    return outcome


def test_an_empty_address_is_the_first_room(desk: Desk) -> None:
    """Who opens the desk sees its first room."""
    assert "<h1" in desk.show(ELLA, "fr", "")
    assert "Documents" in desk.show(ELLA, "fr", "/documents/")


@pytest.mark.parametrize("address", ["nowhere", "documents/99", "documents/x", "..", "documents/0/../../x/%00"])
def test_an_address_that_does_not_exist_is_no_such_place(desk: Desk, address: str) -> None:
    """Unknown rooms and things say so, whatever is written in the address."""
    if address.startswith("documents/0"):
        assert "Start IA" in desk.show(ELLA, "fr", address)
        return
    with pytest.raises(NoSuchPlace):
        desk.show(ELLA, "fr", address)


def test_parts_of_an_address_are_read_as_a_browser_writes_them(desk: Desk, desktop: Desktop) -> None:
    """A percent sign in the browser's address is the letter that was meant."""
    desktop.shelf.titles.append("été")
    assert "été" in desk.show(ELLA, "fr", "documents/%33")


def test_an_editor_may_not_publish(desk: Desk, desktop: Desktop) -> None:
    """An action above one's role is refused before anything is done."""
    with pytest.raises(NotAllowed):
        last(desk, ELLA, "documents.publish", number="0")
    assert desktop.shelf.done == []


def test_a_room_for_administrators_is_closed_to_others(desk: Desk) -> None:
    """Neither its page nor its place in the menu is shown, and nothing can be done from its address."""
    with pytest.raises(NotAllowed):
        desk.show(ELLA, "fr", "accounts")
    with pytest.raises(NotAllowed):
        last(desk, ELLA, "documents.save", "accounts", title="a", number="0")
    assert "accounts" not in frame.menu(desk, ELLA, "fr", "")
    assert "accounts" in frame.menu(desk, ADA, "fr", "")
    assert "secret" in desk.show(ADA, "fr", "accounts")


def test_a_refusal_of_a_room_is_an_outcome(desk: Desk) -> None:
    """An error with a sentence becomes an outcome that failed, with that sentence."""
    outcome = last(desk, ELLA, "documents.refuse")
    assert outcome.failed
    assert outcome.message.startswith("Ce document est verrouillé")


def test_an_unknown_action_is_no_such_place(desk: Desk) -> None:
    """An action that no room has is not done by another."""
    for action in ("documents.nothing", "nothing.save", "save", "", "documents.actions"):
        with pytest.raises(NoSuchPlace):
            last(desk, ELLA, action)


def test_exports_need_their_role(desk: Desk) -> None:
    """A file for administrators is not made for others."""
    assert desk.export(ELLA, "fr", "documents", "list.csv")[1].startswith(b"Start IA")
    with pytest.raises(NotAllowed):
        desk.export(ELLA, "fr", "documents", "all.csv")
    with pytest.raises(NoSuchPlace):
        desk.export(ADA, "fr", "documents", "other.csv")


def test_a_room_whose_count_fails_keeps_its_place_in_the_menu(desk: Desk, desktop: Desktop) -> None:
    """A number less is better than no menu."""
    desktop.shelf.titles = None  # type: ignore[assignment]
    menu = frame.menu(desk, ELLA, "fr", "documents")
    assert 'href="#/documents" aria-current="page"' in menu
    assert "count" not in menu


def test_the_script_words_cannot_end_their_element() -> None:
    """A name with markup in it stays a word in the page's JSON and in its bar."""
    hostile = Person("</script><script>alert(1)</script>", "editor", "<!--")
    assert "<script>alert" not in frame.after(hostile, "fr", "x", "n") + frame.header("fr", hostile)


@pytest.mark.parametrize("key", WORDS)
def test_every_string_of_the_desk_exists_in_four_languages_with_the_same_places(key: str) -> None:
    """No translation is missing, empty, or forgets a value."""
    texts = catalogue()[key]
    places = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in texts.values()]
    assert set(texts) == set(LANGUAGES)
    assert all(text.strip() for text in texts.values())
    assert all(place == places[0] for place in places)


def test_every_string_of_the_desk_is_used() -> None:
    """The catalogue of the frame holds nothing that no page shows."""
    code = "".join(path.read_text(encoding="utf-8") for path in CODE.rglob("*") if path.suffix in {".py", ".js"})
    families = re.compile(
        r"desk\.(room|role)_\w+|desk_journal\.(action_\w+|room|when|by|subject|detail)|desk\.\w+_title"
    )
    unused = [
        key
        for key in WORDS
        if not families.fullmatch(key)
        and key not in code
        and not re.search(rf"[\"'.]{key.partition('.')[2]}\b|file_\$", code)
    ]
    assert unused == []

"""The desk without what carries it: rooms, roles, addresses, words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
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


def spelled(path: Path) -> Iterator[str]:
    """Yield a pattern for each string that a module spells out; what an f-string leaves open is any word."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [re.escape(part.value) if isinstance(part, ast.Constant) else "\0" for part in node.values]  # type: ignore[arg-type]
            # What is open on both sides, or nearly everywhere, would be every key there is.
            if len("".join(parts).replace("\0", "").rpartition(r"\.")[2]) > 1:
                yield "".join(parts).replace("\0", r"\w+")
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in inside
            and re.fullmatch(r"[\w.]{2,80}", node.value)
        ):
            yield re.escape(node.value)


def knowing(catalogue_name: str) -> list[Path]:
    """Return the modules that may use a catalogue by short names: those that name it, and those that import these."""
    paths = [path for folder in ("ui", "bot", "ingest") for path in (CODE.parent / folder).rglob("*.py")]
    texts = {path: path.read_text(encoding="utf-8") for path in paths}
    naming = {path for path, text in texts.items() if f"{catalogue_name}." in text}
    modules = [".".join(path.relative_to(CODE.parent).with_suffix("").parts) for path in naming]
    importing = [path for path, text in texts.items() if any(f"{module} import" in text for module in modules)]
    return [*naming, *importing]


FAMILIES = (
    r"desk_findings\.\w+_(one|many)|desk_quality\.(publish|archive)_anyway|desk_programmes\.(size|legal_form|seat|stage)_\w+"
    r"|desk_programmes\.bad_\w+|desk_web\.(scheme|port|credentials|dns|too_many_redirects|robots|tls|connection)"
    r"|desk_web\.(unreadable|not_taken)|desk_todo\.(stale|review_soon|expires_soon|call_closed|closes_soon|never_cited)"
    r"|desk_portals\.(name_taken|no_portal|bad_\w+|origin_taken|no_origin|too_many_origins)"
    r"|desk\.room_\w+|desk_journal\.(action|detail|subject)_\w+"
)
"""Strings whose keys are made of what other modules name: kinds, reasons, criteria; each has a test of its own."""


@pytest.mark.parametrize("name", sorted({key.partition(".")[0] for key in catalogue() if key.startswith("desk")}))
def test_every_string_of_the_desk_is_used(name: str) -> None:
    """The catalogues of the desk hold nothing that no page shows."""
    whole = "|".join({pattern for path in CODE.rglob("*.py") for pattern in spelled(path)})
    short = "|".join({pattern for path in knowing(name) for pattern in spelled(path)})
    script = " ".join(path.read_text(encoding="utf-8") for path in CODE.rglob("*.js"))
    unused = [
        key
        for key in catalogue()
        if key.startswith(f"{name}.")
        and not re.fullmatch(FAMILIES, key)
        and not re.fullmatch(whole, key)
        and not re.fullmatch(short, key.partition(".")[2])
        and not (name == "desk" and re.search(rf"words\.{key.partition('.')[2]}\b", script))
    ]
    assert unused == []

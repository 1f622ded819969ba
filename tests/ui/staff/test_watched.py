"""The room of watched pages: what was found, when it is looked at next, and who may end it."""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from ingest.database import WatchedRow, now
from ingest.documents import LANGUAGES, Language
from ingest.web.arriving import Imported
from ingest.web.fetching import Fetched, Fetcher
from ingest.web.sitemaps import Entry, Unread
from ingest.web.sitemaps import Found as FoundPages
from ingest.web.watching import Watched, Watching
from tests.bot.previewing import Desk, opened
from ui.staff.desk import Desk as StaffDesk
from ui.staff.desk import NoSuchPlace, NotAllowed, Outcome
from ui.staff.forms import words
from ui.staff.people import Person
from ui.staff.rooms.sitemap import told
from ui.staff.rooms.watched import WatchedPages

ELLA, PAUL = Person("ella", "editor"), Person("paul", "publisher")
URL = "https://www.aides.example/bus?ligne=12&x=%C3%A9"
PLACE = "watched/https%3A%2F%2Fwww.aides.example%2Fbus%3Fligne%3D12%26x%3D%25C3%25A9"


@pytest.fixture
def found(tmp_path: Path) -> Iterator[Desk]:
    """A library with two documents, where nothing of the web may be asked."""
    with opened(tmp_path, web_enabled=False) as desk:
        yield desk


@pytest.fixture
def watching(found: Desk) -> Watching:
    """A page on watch that was there yesterday."""

    def nothing(*_: Fetched | Watched) -> str:
        raise AssertionError("no page arrives here")

    watching = Watching(found.library.engine, Fetcher(found.settings), nothing, nothing)  # type: ignore[arg-type]
    watching.add(URL, "paul", every_days=5)
    with Session(found.library.engine) as session, session.begin():
        row = session.get_one(WatchedRow, URL)
        row.state, row.checked_at = "valid", now() - dt.timedelta(days=1)
    return watching


@pytest.fixture
def room(found: Desk, watching: Watching) -> StaffDesk:
    """A staff desk with this room only."""
    return StaffDesk([WatchedPages(found.library, watching)])


def act(room: StaffDesk, action: str, person: Person = PAUL, **fields: str) -> Outcome:
    """Return what an action says in the end."""
    *_, last = room.act(person, "fr", "watched", f"watched.{action}", {"url": URL, **fields})
    assert isinstance(last, Outcome)
    return last


def test_a_page_that_is_alive_is_seen(room: StaffDesk) -> None:
    """The list shows what was found last, when, and when the page is read next; its link leads to the page's own."""
    page = html.unescape(room.show(ELLA, "fr", "watched"))
    assert words("desk_web.state_valid", "fr") in page
    assert f"#/{PLACE}" in page
    assert 'value="5"' in room.show(ELLA, "fr", PLACE)
    assert URL not in html.unescape(room.show(ELLA, "fr", "watched?text=autre"))
    assert URL not in html.unescape(room.show(ELLA, "fr", "watched?state=dead"))
    with pytest.raises(NoSuchPlace):
        room.show(ELLA, "fr", "watched/https%3A%2F%2Felsewhere.example")


def test_a_page_is_read_at_once_and_the_trouble_told(room: StaffDesk, watching: Watching) -> None:
    """Who asks for a look is told what came of it in the reader's language; an error of the web is one of ours."""
    outcome = act(room, "check", ELLA)
    assert outcome.failed
    assert outcome.message == f"{words('desk_watched.was_failed', 'fr')} {words('desk_web.off', 'fr')}"
    assert watching.all()[0].health.problem == "off"


def test_two_people_who_set_the_days_hear_of_each_other(room: StaffDesk, watching: Watching) -> None:
    """The second one is told what the first one set, and may set another all the same."""
    opened = re.search(r'name="seen" value="(\d+)"', room.show(PAUL, "fr", PLACE))
    assert opened
    assert not act(room, "every", ELLA, days="3", seen=opened[1]).failed
    outcome = act(room, "every", PAUL, days="30", seen=opened[1])
    assert outcome.wrong == {"days": words("desk.there_now", "fr", value="3")}
    assert "ella" in outcome.message
    assert act(room, "stop", PAUL, seen=opened[1]).failed
    assert not act(room, "every", PAUL, days="30", **outcome.renewed).failed
    assert watching.all()[0].every_days == 30
    assert list(act(room, "every", PAUL, days="0").wrong) == ["days"]


def test_the_watch_is_ended_by_a_publisher(room: StaffDesk, watching: Watching) -> None:
    """Who may publish ends the watch of a page; another look finds nothing, and says so."""
    assert "watched.stop" not in room.show(ELLA, "fr", PLACE)
    with pytest.raises(NotAllowed):
        act(room, "stop", ELLA)
    assert not act(room, "stop").failed
    assert watching.all() == []
    for action in ("stop", "check", "every"):
        outcome = act(room, action, days="3")
        assert (outcome.failed, outcome.message) == (True, words("desk_watched.not_watched", "fr"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_that_a_sitemap_did_not_give_is_said(language: Language) -> None:
    """New and known pages, lists that could not be read, addresses left out and the limit are told; zeros are not."""
    entries = tuple(Entry(f"{URL}{number}") for number in range(15))
    unread = tuple(Unread(f"https://aides.example/{number}.xml", "status", 404) for number in range(6))
    said = told(Imported(FoundPages(entries, ("a", "b"), 5, 4, unread, more=True), 12), language)
    for key, values in (("added", {"count": 12}), ("known", {"count": 3}), ("elsewhere", {"count": 5}),
                        ("refused", {"count": 4}),
                        ("more", {"pages": 50_000, "lists": 50, "minutes": 2})):  # fmt: skip
        assert words(f"desk_watched.sitemap_{key}", language, **values) in said
    lists = words("desk_watched.sitemap_unread", language, count=6, total=8, which="https://aides.example/0.xml – ")
    assert lists in said
    assert words("desk_web.gone", language, number=404) in said
    assert "4.xml" in said
    assert "5.xml" not in said
    only = told(Imported(FoundPages(entries, ("a",)), 15), language)
    assert only == words("desk_watched.sitemap_added", language, count=15)

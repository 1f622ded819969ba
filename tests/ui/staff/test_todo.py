"""The first room: what waits for staff, and the end of what waits in vain."""

from __future__ import annotations

import dataclasses
import datetime as dt
import html
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from ingest.database import WatchedRow, now
from ingest.web.arriving import origin_of
from ingest.web.fetching import Fetched, Fetcher
from ingest.web.links import Links
from ingest.web.watching import Watched, Watching
from tests.bot.previewing import BUS, Desk, opened
from ui.staff.desk import Desk as StaffDesk
from ui.staff.desk import NoSuchPlace, NotAllowed, Outcome
from ui.staff.people import Person
from ui.staff.rooms.todo import Todo

ELLA, PAUL = Person("ella", "editor"), Person("paul", "publisher")
URL = "https://www.aides.example/bus"


@pytest.fixture
def found(tmp_path: Path) -> Iterator[Desk]:
    """A library with two documents."""
    with opened(tmp_path) as desk:
        yield desk


@pytest.fixture
def watching(found: Desk) -> Watching:
    """A page on watch that has vanished; nothing of the web is asked."""

    def nothing(*_: Fetched | Watched) -> str:
        raise AssertionError("no page is fetched here")

    watching = Watching(found.library.engine, Fetcher(found.settings), nothing, nothing)  # type: ignore[arg-type]
    watching.add(URL, "paul")
    with Session(found.library.engine) as session, session.begin():
        row = session.get_one(WatchedRow, URL)
        row.state, row.since = "dead", now() - dt.timedelta(days=2)
    return watching


@pytest.fixture
def room(found: Desk, watching: Watching) -> StaffDesk:
    """A staff desk with this room only."""
    return StaffDesk([Todo(found.library, Links(found.library.engine, Fetcher(found.settings)), watching, {})])


def test_a_page_that_vanished_is_shown_with_its_document(found: Desk, room: StaffDesk) -> None:
    """Staff see which document is made of a page that is gone, and open it from there."""
    document = dataclasses.replace(BUS, url=URL)
    number = found.library.revisions.write(document, "bus.html", origin_of(URL), "ella")
    found.library.publish([number], "paul")
    page = html.unescape(room.show(ELLA, "fr", "todo"))
    assert URL in page
    assert f'#/documents/{number}"' in page


def test_a_page_is_taken_off_watch_by_a_publisher(room: StaffDesk, watching: Watching) -> None:
    """Who may publish ends the watch of a page that is gone; it waits no longer, and another look finds nothing."""
    assert "todo.unwatch" not in room.show(ELLA, "fr", "todo")
    assert "todo.unwatch" in room.show(PAUL, "fr", "todo")
    with pytest.raises(NotAllowed):
        list(room.act(ELLA, "fr", "todo", "todo.unwatch", {"url": URL}))
    (outcome,) = room.act(PAUL, "fr", "todo", "todo.unwatch", {"url": URL})
    assert isinstance(outcome, Outcome)
    assert not outcome.failed
    assert watching.all() == []
    assert URL not in room.show(PAUL, "fr", "todo")
    with pytest.raises(NoSuchPlace):
        list(room.act(PAUL, "fr", "todo", "todo.unwatch", {"url": URL}))

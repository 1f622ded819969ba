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
from tests.bot.library import TODAY
from tests.bot.previewing import BUS, Desk, opened
from ui.staff.desk import Desk as StaffDesk
from ui.staff.people import Person
from ui.staff.rooms.todo import Todo

ELLA = Person("ella", "editor")
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


def test_a_publication_held_back_is_shown_with_its_reason(found: Desk, room: StaffDesk) -> None:
    """What was set for a day and did not take place stands first, apart from other drafts."""
    number = found.draft(BUS)
    found.library.revisions.schedule(number, TODAY, "paul")
    found.library.revisions.hold(number, "regressions", "guichet", 2)
    page = html.unescape(room.show(ELLA, "fr", "todo"))
    assert "Publications retenues (1)" in page
    assert f'#/documents/{number}"' in page
    assert "Brouillons et demandes" not in page


def test_long_lists_have_pages_of_their_own(found: Desk, room: StaffDesk) -> None:
    """Each list goes on where its own link says, and no entry is left out."""
    for number in range(45):
        found.draft(dataclasses.replace(BUS, id=f"bus-{number}", title=f"Ligne numéro {number}."))
    pages = [html.unescape(room.show(ELLA, "fr", f"todo?drafts={start}")) for start in (0, 20, 40)]
    held = [sum(f"Ligne numéro {number}." in page for page in pages) for number in range(45)]
    assert held == [1] * 45

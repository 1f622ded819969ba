"""The first room: what waits for staff, and the end of what waits in vain."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import html
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from ingest.database import LinkRow, WatchedRow, now
from ingest.revisions import Edit
from ingest.web.arriving import origin_of
from ingest.web.fetching import Fetched, Fetcher
from ingest.web.links import Links
from ingest.web.watching import Watched, Watching
from tests.bot.library import TODAY
from tests.bot.previewing import BUS, COURSE, Desk, opened
from ui.staff.desk import Desk as StaffDesk
from ui.staff.forms import words
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
    links = Links(found.library.engine, Fetcher(found.settings))
    return StaffDesk([Todo(found.library, links, watching, {"gaps": ("questions", lambda: 3)})])


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


@pytest.fixture
def linked(found: Desk) -> int:
    """A served document in two languages that cites a dead and an uncertain link; the number of the French one."""
    library, numbers = found.library, []
    for language, url in (("fr", "https://mort.example/a"), ("nl", "https://mort.example/a")):
        document = dataclasses.replace(BUS, language=language, title=f"Bus {language}", url=url)
        numbers.append(library.revisions.write(document, f"bus-{language}.md", "upload", "ella"))
    course = dataclasses.replace(COURSE, url="https://lent.example/")
    numbers.append(library.revisions.write(course, "course.md", "upload", "ella"))
    library.publish(numbers, "paul")
    links = Links(library.engine, Fetcher(found.settings))
    links.collect(["https://mort.example/a", "https://lent.example/"])
    with Session(library.engine) as session, session.begin():
        for url, state, problem, status in (("https://mort.example/a", "dead", "status", 404),
                                            ("https://lent.example/", "uncertain", "timeout", None)):  # fmt: skip
            row = session.get_one(LinkRow, url)
            row.state, row.problem, row.status, row.checked_at = state, problem, status, now()
    return numbers[0]


def test_a_dead_link_leads_to_the_documents_that_cite_it(linked: int, room: StaffDesk) -> None:
    """Beside a link stand the titles of its documents, each language a way to its page; no key stands bare."""
    page = html.unescape(room.show(ELLA, "fr", "todo"))
    assert f'<a href="#/documents/{linked}">Bus fr</a>' in page
    assert f'<a href="#/documents/{linked + 1}">NL</a>' in page
    assert "fr/bus" not in page


def test_all_that_the_room_shows_is_in_its_file(found: Desk, linked: int, room: StaffDesk) -> None:
    """Drafts, what was held back, duties, links, vanished pages and other rooms are rows, with title and address."""
    draft, held = found.draft(dataclasses.replace(BUS, id="ligne")), found.draft(dataclasses.replace(BUS, id="tram"))
    found.library.revisions.schedule(held, TODAY, "paul")
    found.library.revisions.hold(held, "regressions", "guichet", 2)
    found.library.revisions.mark(linked, Edit(review_by="2026-01-01"), "paul")
    assert "export/todo/todo.csv?lang=fr" in room.show(ELLA, "fr", "todo")
    _, content = room.export(ELLA, "fr", "todo", "todo.csv")
    _, *rows = csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";")
    by = {row[0]: row for row in rows}
    assert set(by) == {
        words(f"desk_todo.{key}", "fr")
        for key in ("held", "drafts", "stale", "links_dead", "links_uncertain", "pages_vanished", "gaps")
    }
    start = "/staff/?lang=fr#/"
    dead = by[words("desk_todo.links_dead", "fr")]
    assert (dead[1], dead[5], dead[6]) == ("Bus fr, Bus nl", "https://mort.example/a", f"{start}documents/{linked}")
    assert dead[4] == words("desk_web.gone", "fr", number=404)
    assert by[words("desk_todo.drafts", "fr")][6] == f"{start}documents/{draft}"
    assert by[words("desk_todo.held", "fr")][4] == words("desk_todo.held_regressions", "fr")
    assert by[words("desk_todo.pages_vanished", "fr")][5:] == [
        URL, f"{start}watched/https%3A%2F%2Fwww.aides.example%2Fbus",
    ]  # fmt: skip
    assert by[words("desk_todo.gaps", "fr")][4:] == ["3 à traiter", "", f"{start}questions"]


def test_the_file_is_offered_when_no_duty_is_due(found: Desk, room: StaffDesk) -> None:
    """A vanished page alone, or a draft alone, is reason enough for a file."""
    found.library.remove(["fr/prime", "fr/pret"], by="paul")
    page = room.show(ELLA, "nl", "todo")
    assert "export/todo/todo.csv?lang=nl" in page

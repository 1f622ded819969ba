"""The way in and the desk together, behind the guard and the threshold of the whole application."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from ingest.settings import Settings
from tests.ui.scripted import ScriptedBot
from tests.ui.staff.people import HOST, OTHER, PASSWORD, Visitor
from ui.server import create_app
from ui.staff.desk import Desk
from ui.staff.entrance import Entrance
from ui.staff.login import routes
from ui.staff.mount import Staff
from ui.staff.rooms.accounts import AccountsRoom


@pytest.fixture
def visitor(entrance: Entrance, settings: Settings) -> Iterator[Visitor]:
    """A browser before the whole application, whose desk has one room."""
    desk = Desk([AccountsRoom(entrance, settings)])
    staff = Staff(desk, entrance.sessions, routes=[routes(entrance, settings, "v1")])
    with TestClient(create_app(ScriptedBot(), settings, staff=staff), base_url=HOST, follow_redirects=False) as client:
        yield Visitor(client)


def test_the_guard_lets_the_way_in_through(visitor: Visitor, entrance: Entrance) -> None:
    """From the desk to the login, to an own password, to the desk, and out: cookies pass, the desk opens and shuts."""
    first = entrance.accounts.add("late", "editor", "boss")
    assert visitor.get("/staff/", accept="text/html").headers["location"].startswith("/staff/login?next=/staff/")
    assert visitor.log_in("late", first).headers["location"].startswith("/staff/password")
    assert visitor.get("/staff/", accept="text/html").status_code == 303
    fields = {"token": visitor.token(), "new": OTHER, "again": OTHER}
    assert visitor.post("/staff/password", fields).headers["location"] == "/staff/"
    desk = visitor.get("/staff/", accept="text/html")
    assert desk.status_code == 200
    assert "late" in desk.text
    person = entrance.sessions.person(dict(visitor.client.cookies))
    assert person
    assert visitor.post("/staff/logout", {"token": person.token}).status_code == 303
    assert visitor.get("/staff/", accept="text/html").status_code == 303


def test_the_pages_keep_their_headers(visitor: Visitor) -> None:
    """Behind the guard the login allows no script, no frame around it, no keeping, and forms to this site only."""
    headers = visitor.get("/staff/login").headers
    assert "script-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "same-origin"


def test_the_button_of_the_desk_logs_out(visitor: Visitor, entrance: Entrance) -> None:
    """The form in the head of the desk carries what the logout asks for."""
    visitor.log_in("anna", PASSWORD)
    person = entrance.sessions.person(dict(visitor.client.cookies))
    assert person
    page = visitor.get("/staff/", accept="text/html").text
    form = page.partition('action="logout')[2].partition("</form>")[0]
    assert 'name="token"' in form
    assert person.token in form

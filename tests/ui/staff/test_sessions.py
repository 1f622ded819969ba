"""Sessions: what the cookie is worth, when it ends, and which requests are not our own."""

from __future__ import annotations

import datetime as dt
import sqlite3
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from starlette.requests import HTTPConnection

from ingest.database import PATIENCE, StaffBrowserRow, StaffSessionRow, now
from ingest.settings import load
from ingest.writing import moment
from tests.slowness import slowness
from tests.ui.staff.people import PASSWORD, age, set_columns
from ui.staff.entrance import Entrance
from ui.staff.people import Person
from ui.staff.sessions import MOST, Came, Forged, Sessions

HERE = Came("192.0.2.1")


def request(**headers: str) -> HTTPConnection:
    """Return a request with these headers."""
    raw = [(key.replace("_", "-").encode(), value.encode("latin-1")) for key, value in headers.items()]
    return HTTPConnection({"type": "http", "scheme": "http", "path": "/staff/", "query_string": b"", "headers": raw})


def of(token: str) -> HTTPConnection:
    """Return a request with the cookie of a session."""
    return request(cookie=f"theme=dark; guichet_staff={token}")


def test_a_session_says_who_it_is(entrance: Entrance) -> None:
    """A request with the cookie is the person's, with role and form token; one without is nobody's."""
    person = entrance.sessions.person_of(of(entrance.enter("paul", PASSWORD, HERE).token))
    assert person is not None
    assert (person.name, person.role, len(person.token)) == ("paul", "publisher", 43)
    assert entrance.sessions.person_of(request()) is None


@pytest.mark.parametrize("value", ["", "x" * 43, "'; DROP TABLE account; --", "é\xff", "x" * 5000])
def test_an_invented_cookie_is_nobodys(entrance: Entrance, value: str) -> None:
    """What we did not give out opens nothing and breaks nothing."""
    assert entrance.sessions.person_of(of(value)) is None


def test_a_cookie_that_comes_twice_is_nobodys(entrance: Entrance) -> None:
    """A neighbouring host that plants a second cookie cannot choose whose session it is."""
    one, other = (entrance.enter(name, PASSWORD, HERE).token for name in ("anna", "paul"))
    assert entrance.sessions.person_of(request(cookie=f"guichet_staff={one}; guichet_staff={other}")) is None


def test_the_stored_form_of_a_cookie_opens_nothing(entrance: Entrance, engine: Engine) -> None:
    """Whoever reads the database cannot log in with what stands there."""
    entrance.enter("anna", PASSWORD, HERE)
    with engine.connect() as connection:
        stored = connection.exec_driver_sql("SELECT digest FROM staff_session").scalar_one()
    assert entrance.sessions.person_of(of(stored)) is None


def test_a_session_ends_when_nobody_uses_it(entrance: Entrance, engine: Engine) -> None:
    """An hour without a request ends it; with a request every half hour it goes on."""
    used, idle = entrance.enter("anna", PASSWORD, HERE).token, entrance.enter("paul", PASSWORD, HERE).token
    for _ in range(3):
        age(engine, dt.timedelta(minutes=30), StaffSessionRow)
        assert entrance.sessions.person_of(of(used))
    assert entrance.sessions.person_of(of(idle)) is None


def test_a_session_ends_after_twelve_hours_whatever_happens(entrance: Entrance, engine: Engine) -> None:
    """Even one that is used all the time ends."""
    token = entrance.enter("anna", PASSWORD, HERE).token
    for _ in range(23):
        age(engine, dt.timedelta(minutes=31), StaffSessionRow)
        assert entrance.sessions.person_of(of(token))
    age(engine, dt.timedelta(minutes=31), StaffSessionRow)
    assert entrance.sessions.person_of(of(token)) is None


def test_the_settings_say_how_long(entrance: Entrance, engine: Engine) -> None:
    """Both times can be set."""
    strict = Sessions(engine, load(staff_session_hours=0.5, staff_idle_minutes=10))
    token = entrance.enter("anna", PASSWORD, HERE).token
    age(engine, dt.timedelta(minutes=11), StaffSessionRow)
    assert strict.person_of(of(token)) is None


def test_a_login_ends_the_session_that_the_browser_had(entrance: Entrance) -> None:
    """A cookie that was planted before the login is worth nothing after it."""
    planted = entrance.enter("paul", PASSWORD, HERE).token
    fresh = entrance.enter("anna", PASSWORD, Came("192.0.2.1", session=planted)).token
    assert fresh != planted
    assert entrance.sessions.person_of(of(planted)) is None


def test_two_logins_at_once_are_two_sessions(entrance: Entrance) -> None:
    """Two browsers of one person do not log each other out."""
    one, other = (entrance.enter("anna", PASSWORD, HERE).token for _ in range(2))
    assert one != other
    assert entrance.sessions.person_of(of(one))
    assert entrance.sessions.person_of(of(other))


def test_the_oldest_of_too_many_sessions_ends(entrance: Entrance) -> None:
    """One account has a limited number of sessions."""
    tokens = [entrance.enter("anna", PASSWORD, HERE).token for _ in range(MOST + 2)]
    alive = [entrance.sessions.person_of(of(token)) is not None for token in tokens]
    assert alive == [False] * 2 + [True] * MOST


def test_a_reset_during_a_login_wins(entrance: Entrance) -> None:
    """A password that was right when it was compared begins no session once it has been replaced."""
    account = entrance.accounts.named("anna")
    entrance.accounts.reset("anna", "boss")
    assert entrance.sessions.begin(account.id, HERE, kept="$argon2id$of-before") is None


def test_nobody_ends_anothers_session(entrance: Entrance) -> None:
    """The number of a session works for its owner only."""
    anna = entrance.sessions.login(entrance.enter("anna", PASSWORD, HERE).token)
    assert anna
    assert not entrance.sessions.end(anna.number, "paul")
    assert entrance.sessions.end(anna.number, "anna")
    assert not entrance.sessions.end(anna.number, "anna")


def test_own_sessions_are_listed_and_marked(entrance: Entrance) -> None:
    """Everybody sees the own sessions only, and which of them is this one."""
    entrance.enter("paul", PASSWORD, HERE)
    entrance.enter("anna", PASSWORD, Came("192.0.2.1", browser="Firefox/1"))
    person = entrance.sessions.person_of(of(entrance.enter("anna", PASSWORD, HERE).token))
    assert person
    assert [(each.browser, each.current) for each in entrance.sessions.of(person)] == [("", True), ("Firefox/1", False)]


@pytest.mark.parametrize(
    ("values", "works"),
    [({"must_change": True}, False), ({"role": None}, False), ({"role": "root"}, False), ({"disabled": True}, False),
     ({"role": "editor"}, True)],
)  # fmt: skip
def test_no_role_no_desk(entrance: Entrance, engine: Engine, values: dict[str, object], works: bool) -> None:
    """With a one-time password, without a role, or disabled, nobody works at the desk although logged in."""
    token = entrance.enter("anna", PASSWORD, HERE).token
    set_columns(engine, "anna", **values)
    assert (entrance.sessions.person_of(of(token)) is not None) is works


def test_a_long_transaction_does_not_hold_requests_up(entrance: Entrance, engine: Engine, tmp_path: Path) -> None:
    """While somebody writes for long, a session is still found at once; its last use is noted later."""
    token = entrance.enter("anna", PASSWORD, HERE).token
    age(engine, dt.timedelta(minutes=5), StaffSessionRow)
    writer = sqlite3.connect(tmp_path / "guichet.sqlite", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    began = time.perf_counter()
    assert entrance.sessions.person_of(of(token))
    assert time.perf_counter() - began < 0.5
    writer.execute("ROLLBACK")
    writer.close()


@pytest.mark.parametrize("written", [False, True])
def test_a_session_leaves_its_connection_as_patient_as_it_was(
    written: bool, entrance: Entrance, engine: Engine, tmp_path: Path
) -> None:
    """Whoever gets the connection next waits for a long publication, whether the use was noted or not."""
    token = entrance.enter("anna", PASSWORD, HERE).token
    age(engine, dt.timedelta(minutes=5), StaffSessionRow)
    writer = sqlite3.connect(tmp_path / "guichet.sqlite", isolation_level=None)
    if not written:
        writer.execute("BEGIN IMMEDIATE")
    assert entrance.sessions.person_of(of(token))
    writer.close()
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one() == PATIENCE
        seen = connection.execute(select(StaffSessionRow.seen_at)).scalar_one()
    assert (now() - moment(seen) < dt.timedelta(minutes=4)) is written


def test_a_known_browser_is_forgotten_after_half_a_year(entrance: Entrance, engine: Engine) -> None:
    """The sign that somebody has logged in before does not last for ever."""
    account = entrance.accounts.named("anna").id
    known = entrance.enter("anna", PASSWORD, HERE).known
    assert entrance.sessions.knows(account, known)
    age(engine, dt.timedelta(days=181), StaffBrowserRow)
    assert entrance.sessions.knows(account, known) is None


def test_one_browser_is_known_for_all_its_people(entrance: Entrance) -> None:
    """On a shared computer both officers keep their known browser; a planted sign is replaced."""
    first = entrance.enter("anna", PASSWORD, Came("192.0.2.1", known="planted")).known
    assert first != "planted"
    assert entrance.enter("paul", PASSWORD, Came("192.0.2.1", known=first)).known == first
    for name in ("anna", "paul"):
        assert entrance.sessions.knows(entrance.accounts.named(name).id, first)


OWN = {"host": "guichet.test", "origin": "http://guichet.test", "sec_fetch_site": "same-origin"}


@pytest.mark.parametrize(
    "headers",
    [OWN, {**OWN, "host": "Guichet.test"}, {"host": "guichet.test", "origin": "http://guichet.test"},
     {"host": "guichet.test", "sec_fetch_site": "same-origin"},
     {"host": "guichet.test", "origin": "https://guichet.test"}],
)  # fmt: skip
def test_our_own_pages_may_ask(entrance: Entrance, headers: dict[str, str]) -> None:
    """What a page of ours sends is let through, also behind a proxy that takes the encryption off."""
    entrance.sessions.refuse_forged(request(**headers))


@pytest.mark.parametrize(
    "change",
    [{"origin": "http://evil.test"}, {"origin": "null"}, {"origin": ""}, {"origin": "http://guichet.test.evil.test"},
     {"origin": "http://guichet.test:81"}, {"origin": "ftp://guichet.test"}, {"origin": "http://[::1"},
     {"origin": "http://evil.test@guichet.test"}, {"sec_fetch_site": "cross-site"}, {"sec_fetch_site": "same-site"},
     {"sec_fetch_site": "none"}, {"sec_fetch_site": ""}, {"sec_fetch_site": "same-origin, cross-site"}],
)  # fmt: skip
def test_other_sites_may_not(entrance: Entrance, change: dict[str, str]) -> None:
    """One sign that a request comes from elsewhere is enough to refuse it."""
    with pytest.raises(Forged):
        entrance.sessions.refuse_forged(request(**OWN | change))


def test_a_request_that_says_nothing_is_refused(entrance: Entrance) -> None:
    """Without a word on where it comes from, nothing is changed."""
    with pytest.raises(Forged):
        entrance.sessions.refuse_forged(request(host="guichet.test"))


def test_a_form_needs_the_token_of_its_session(entrance: Entrance) -> None:
    """The token of another session, or none, is refused."""
    person = Person("anna", "editor", "a" * 43)
    entrance.sessions.refuse_forged(request(**OWN), person.token, "a" * 43)
    for token in ("", "b" * 43, "é", "\ud800"):
        with pytest.raises(Forged):
            entrance.sessions.refuse_forged(request(**OWN), person.token, token)


@pytest.mark.parametrize(
    ("host", "origin", "works"),
    [("guichet.example.be", "https://guichet.example.be", True),
     ("guichet.example.be", "http://guichet.example.be", False),
     ("10.0.0.5:7860", "https://guichet.example.be", True), ("10.0.0.5:7860", "http://10.0.0.5:7860", False),
     ("127.0.0.1:7860", "http://127.0.0.1:7860", True), ("evil.test", "http://evil.test", False),
     ("guichet.example.be", "https://guichet.example.be:443", True)],
)  # fmt: skip
def test_with_a_public_address_only_that_one_counts(engine: Engine, host: str, origin: str, works: bool) -> None:
    """A server that knows its address takes forms from there and, for whoever sits at the machine, from itself."""
    sessions = Sessions(engine, load(public_url="https://guichet.example.be/"))
    headers = {"host": host, "origin": origin}
    if works:
        sessions.refuse_forged(request(**headers))
    else:
        with pytest.raises(Forged):
            sessions.refuse_forged(request(**headers))


def test_finding_who_asks_costs_little(entrance: Entrance) -> None:
    """A request is recognised in far less than what anybody notices."""
    asked = of(entrance.enter("anna", PASSWORD, HERE).token)
    times = []
    for _ in range(200):
        began = time.perf_counter()
        assert entrance.sessions.person_of(asked)
        times.append(time.perf_counter() - began)
    assert sorted(times)[100] < 0.05 * slowness()

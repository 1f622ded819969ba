"""The keys of programs: what they are, what opens, what a scope allows, the desk and the command."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from ingest.documents import LANGUAGES, Language
from ingest.settings import load
from tests.ui.doors import Doors, asked, opened, raw, served
from ui.__main__ import main
from ui.admission.areas import scope_of
from ui.keys import SCOPES, KeyRefused
from ui.staff.desk import Desk, NoSuchPlace, NotAllowed, Outcome
from ui.staff.people import Person, Role
from ui.staff.rooms.keys import KeysRoom

KEY = re.compile(r"gk_[a-z0-9]{10}_[A-Za-z0-9]{32}")
TODAY = dt.datetime.now(dt.UTC)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Doors, int]]:
    """The application behind a real port, and the port."""
    settings = load(rate_limit="2/minute", rate_limit_key="4/minute", trusted_hosts=(), trusted_proxies=("127.0.0.1",))
    doors = opened(tmp_path_factory.mktemp("keys"), settings)
    with served(doors.app) as port:
        yield doors, port


@pytest.fixture
def doors(whole: tuple[Doors, int]) -> Doors:
    """The application without any key."""
    whole[0].tidy()
    return whole[0]


@pytest.fixture
def port(whole: tuple[Doors, int], doors: Doors) -> int:
    """Where it listens."""
    return whole[1]


def status(port: int, key: str, *headers: str) -> int:
    """Ask a question with a key."""
    return asked(port, "Host: localhost", f"Authorization: Bearer {key}", *headers)[0]


def test_a_key_is_random_and_kept_as_a_digest_only(doors: Doors) -> None:
    """It is long enough that nobody guesses it, and neither database nor journal holds a piece of its secret."""
    made = [doors.admission.keys.add(f"key-{number}", ["ask"], "ada") for number in range(20)]
    assert all(KEY.fullmatch(key) for key in made)
    assert len({key[-32:] for key in made}) == len({key[:13] for key in made}) == 20
    with doors.engine.connect() as connection:
        kept = str(connection.execute(text("SELECT * FROM api_key")).all())
        kept += str(connection.execute(text("SELECT * FROM journal")).all())
    assert not any(key[-32:] in kept for key in made)
    assert doors.journal()[0] == ("ada", "key_added", "key key-0")


def test_the_right_key_opens_and_pays(doors: Doors, port: int) -> None:
    """By both usual headers; its budget of a language model is its own, and the day of its use is kept."""
    key = doors.admission.keys.add("backend", ["ask"], "ada")
    assert status(port, key) == 200
    assert asked(port, "Host: localhost", f"X-API-Key: {key}")[0] == 200
    assert doors.bot.payers == ["key backend"] * 2
    assert doors.admission.keys.named("backend").used_on is not None


def test_a_wrong_key_opens_nothing(doors: Doors, port: int) -> None:
    """Unknown, changed, cut, of another: 401 with what is asked for, also where no key would be needed."""
    key, other = (doors.admission.keys.add(name, ["ask"], "ada") for name in ("one", "two"))
    mixed = key[:14] + other[14:]
    for wrong in (
        key[:-1],
        key + "a",
        key[:14] + key[14:].swapcase(),
        mixed,
        "gk_",
        "gk_x",
        "gk_" + "a" * 500,
        key[:-1] + "é",
    ):
        code, answer = asked(port, "Host: localhost", f"X-API-Key: {wrong}")
        assert code == 401, wrong
        assert 'www-authenticate: bearer realm="guichet"' in answer.lower()
        assert "urn:guichet-ia:problem:bad_key" in answer
        assert wrong not in answer.partition("\r\n\r\n")[2] or wrong == "gk_"
    assert doors.bot.payers == []


def test_tokens_that_are_no_keys_are_none(doors: Doors, port: int) -> None:
    """Clients of OpenAI cannot go without a key: what they make up is nobody's, where no key is needed."""
    assert status(port, "none", "X-Forwarded-For: 192.0.2.20") == 200
    assert doors.bot.payers == ["api"]


def test_a_key_ends_when_it_should(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    """On its last day it opens, on the next it does not; revoked, it opens nothing at once and for ever."""
    keys = doors.admission.keys
    made = keys.add("short", ["ask"], "ada", expires=TODAY.date() + dt.timedelta(days=1))
    assert keys.opened_by(made)
    monkeypatch.setattr("ui.keys.keys.now", lambda: TODAY + dt.timedelta(days=3))
    assert keys.opened_by(made) is None
    monkeypatch.undo()
    keys.revoke("short", "boss")
    assert keys.opened_by(made) is None
    with pytest.raises(KeyRefused, match="is revoked"):
        keys.rotate("short", "boss")
    with pytest.raises(KeyRefused, match="keeps its name"):
        keys.add("short", ["ask"], "ada")
    assert doors.journal()[-1] == ("boss", "key_revoked", "key short")


def test_a_rotated_key_leaves_time_for_the_change(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both secrets open until the time is over, then the new one only; without grace the old one stops at once."""
    keys = doors.admission.keys
    old = keys.add("turning", ["ask"], "ada")
    new = keys.rotate("turning", "ada")
    assert old[:13] == new[:13]
    assert keys.opened_by(old) == keys.opened_by(new) is not None
    monkeypatch.setattr("ui.keys.keys.now", lambda: TODAY + dt.timedelta(days=8))
    assert keys.opened_by(old) is None
    assert keys.opened_by(new)
    monkeypatch.undo()
    newest = keys.rotate("turning", "ada", dt.timedelta())
    assert keys.opened_by(new) is None
    assert keys.opened_by(old) is None
    assert keys.opened_by(newest)
    for grace in (dt.timedelta(days=-1), dt.timedelta(days=91)):
        with pytest.raises(KeyRefused, match="0 to 90 days"):
            keys.rotate("turning", "ada", grace)


def test_another_process_revokes_a_key_of_a_running_server(
    doors: Doors, port: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command makes, rotates, lists and revokes; the secret is printed once and never listed."""
    assert doors.engine.url.database
    monkeypatch.setenv("GUICHET_DATA_DIR", str(Path(doors.engine.url.database).parent))
    assert main(["keys", "add", "partner", "--scopes", "ask,search", "--expires", "2099-12-31"]) == 0
    made = KEY.search(capsys.readouterr().out)
    assert made
    doors.admission.keys._kept.forget()  # as two seconds would
    assert status(port, made[0]) == 200
    assert main(["keys", "rotate", "partner", "--grace", "0"]) == 0
    turned = KEY.search(capsys.readouterr().out)
    assert turned
    assert main(["keys", "revoke", "partner"]) == 0
    assert main(["keys", "list"]) == 0
    said = capsys.readouterr().out
    assert "revoked" in said
    assert made[0][-32:] not in said
    doors.admission.keys._kept.forget()
    assert status(port, turned[0]) == 401
    assert main(["keys", "add", "x", "--scopes", "everything"]) == 2
    assert main(["keys", "add", "x", "--expires", "tomorrow"]) == 2
    assert main(["keys", "add", "x", "--expires", "2020-01-01"]) == 2
    assert main(["keys", "revoke", "nobody"]) == 2
    assert capsys.readouterr().err.count("\n") == 4


@pytest.mark.parametrize(
    ("path", "scope"),
    [("/api/v1/ask", "ask"), ("/api/v1/ask/stream", "ask"), ("/v1/chat/completions", "ask"), ("/v1/models", "ask"),
     ("/api/v1/answers/x", "ask"), ("/api/v1/search", "search"), ("/api/v1/documents/fr/x", "documents"),
     ("/api/v1/programmes", "documents"), ("/api/v1/calendar.ics", "documents"), ("/api/v1/eligibility", "eligibility"),
     ("/api/v1/feedback", "feedback"), ("/mcp", "mcp"), ("/mcp/x", "mcp"), ("/api/v1/searching", "ask"),
     ("/api/v1/new", "ask")],
)  # fmt: skip
def test_each_way_in_needs_its_scope(path: str, scope: str) -> None:
    """What is not named needs the scope of questions: nothing is open because somebody forgot it."""
    assert scope_of(path) == scope


def test_a_key_does_only_what_it_is_good_for(doors: Doors, port: int) -> None:
    """Without the scope it is told which one it needs; the description of the API is open to every key."""
    key = doors.admission.keys.add("reader", ["documents"], "ada")
    code, answer = asked(port, "Host: localhost", f"Authorization: Bearer {key}", "Accept-Language: en")
    assert code == 403
    assert "“ask”" in answer
    assert doors.bot.payers == []
    assert raw(port, "/api/v1/openapi.json", "Host: localhost", f"Authorization: Bearer {key}")[0] == 200


def test_a_key_is_counted_by_itself(doors: Doors, port: int) -> None:
    """Not by the address that it shares with others; with a number of its own, by that."""
    here = "X-Forwarded-For: 192.0.2.30"
    usual = doors.admission.keys.add("usual", ["ask"], "ada")
    small = doors.admission.keys.add("small", ["ask"], "ada", a_minute=1)
    assert [asked(port, "Host: localhost", here)[0] for _ in range(3)] == [200, 200, 429]
    assert [status(port, usual, here) for _ in range(5)] == [200] * 4 + [429]
    assert "with this key" in asked(port, "Host: localhost", f"X-API-Key: {usual}", "Accept-Language: en")[1]
    assert [status(port, small, here) for _ in range(2)] == [200, 429]


def test_a_key_of_something_else_does_not_hide_ours(doors: Doors, port: int) -> None:
    """A gateway in between has a key of its own in one header: the one that is ours counts, wherever it stands."""
    key = doors.admission.keys.add("backend", ["ask"], "ada")
    assert status(port, key, "X-API-Key: of-the-gateway") == 200
    assert asked(port, "Host: localhost", f"X-API-Key: {key}", "Authorization: Bearer none")[0] == 200
    assert asked(port, "Host: localhost", "X-API-Key: none", f"X-API-Key: {key}")[0] == 200
    assert doors.bot.payers == ["key backend"] * 3
    assert status(port, "gk_wrong", "X-API-Key: of-the-gateway") == 401


def test_a_number_a_day_leaves_the_usual_one_a_minute(doors: Doors, port: int) -> None:
    """What an administrator did not set is what holds for every key."""
    key = doors.admission.keys.add("daily", ["ask"], "ada", a_day=1000)
    assert [status(port, key) for _ in range(5)] == [200] * 4 + [429]


def test_a_key_does_not_open_a_foreign_page(doors: Doors, port: int) -> None:
    """A key that stands in somebody's web page has leaked: the page is refused with it as without."""
    key = doors.admission.keys.add("leaked", ["ask"], "ada")
    assert status(port, key, "Origin: https://evil.example") == 403


def test_an_api_may_be_closed_to_programs_without_a_key(tmp_path: Path) -> None:
    """Then servers need one; own pages and portals do not, and health and description stay open."""
    doors = opened(tmp_path, load(rate_limit="off", trusted_hosts=(), api_key_required=True))
    doors.admission.portals.add("ville", ["https://portal.example"], "ada")
    key = doors.admission.keys.add("backend", ["ask"], "ada")
    with served(doors.app) as port:
        code, answer = asked(port, "Host: localhost")
        assert code == 401
        assert "www-authenticate" in answer.lower()
        assert status(port, "none") == 401
        assert status(port, key) == 200
        assert asked(port, "Host: localhost", "Origin: https://portal.example")[0] == 200
        assert asked(port, "Host: localhost", "Origin: http://localhost")[0] == 200
        assert raw(port, "/api/v1/answers/none", "Host: localhost")[0] == 401
        assert raw(port, "/api/v1/answers/none", "Host: localhost", "Sec-Fetch-Site: same-origin")[0] == 404
        # What no page of ours asks is not opened by what a browser writes, since a program can write it too.
        for said in ("Sec-Fetch-Site: same-origin", "Origin: http://localhost"):
            for path in ("/v1/chat/completions", "/v1/models", "/mcp"):
                assert raw(port, path, "Host: localhost", said, method="POST", body=b"{}")[0] == 401, (path, said)
        assert raw(port, "/v1/models", "Host: localhost", "Sec-Fetch-Site: same-origin", f"X-API-Key: {key}")[0] == 200
        assert raw(port, "/api/v1/openapi.json", "Host: localhost")[0] == 200
        assert raw(port, "/healthz", "Host: localhost")[0] == 200


# The room

ADA = Person("ada", "administrator")


@pytest.fixture
def desk(doors: Doors) -> Desk:
    """A desk with this room only, and one key."""
    doors.admission.keys.add("backend", ["ask", "search"], "ada", a_day=500)
    return Desk([KeysRoom(doors.admission.keys)])


def act(desk: Desk, verb: str, person: Person = ADA, language: Language = "en", **fields: str) -> Outcome:
    """Return what an action says in the end."""
    *_, last = desk.act(person, language, "keys", f"keys.{verb}", fields)
    assert isinstance(last, Outcome)
    return last


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_administrator_sees_the_keys(desk: Desk, language: Language) -> None:
    """Names, states, scopes and last use in each language, and each key by itself; never a secret."""
    page = str(desk.show(ADA, language, "keys")) + str(desk.show(ADA, language, "keys/backend"))
    assert 'data-action="keys.add"' in page
    assert all(f'data-action="keys.{verb}"' in page for verb in ("rotate", "revoke"))
    assert not KEY.search(page)
    with pytest.raises(NoSuchPlace):
        desk.show(ADA, language, "keys/nobody")


@pytest.mark.parametrize("verb", ["add", "rotate", "revoke"])
def test_others_do_not_enter(desk: Desk, verb: str) -> None:
    """Editors and publishers neither see keys nor make them."""
    roles: tuple[Role, ...] = ("editor", "publisher")
    for role in roles:
        person = Person("ella", role)
        assert desk.open_to(person) == []
        with pytest.raises(NotAllowed):
            act(desk, verb, person, name="backend")


def test_a_key_made_at_the_desk_is_shown_once_and_opens(desk: Desk, doors: Doors) -> None:
    """Made, replaced, revoked: each at once."""
    keys = doors.admission.keys
    made = KEY.search(act(desk, "add", name="new", scopes=",".join(SCOPES), expires="2099-01-01", a_day="9").message)
    assert made
    found = keys.opened_by(made[0])
    assert found
    assert (found.scopes, found.a_day) == (frozenset(SCOPES), 9)
    turned = KEY.search(act(desk, "rotate", name="new", grace="0").message)
    assert turned
    assert keys.opened_by(made[0]) is None
    assert keys.opened_by(turned[0])
    assert not act(desk, "revoke", name="new").failed
    assert keys.opened_by(turned[0]) is None
    page = str(desk.show(ADA, "en", "keys/new"))
    assert "revoked" in page
    assert "keys.rotate" not in page


@pytest.mark.parametrize(
    ("verb", "fields", "field"),
    [("add", {"name": "<b>", "scopes": "ask"}, "name"), ("add", {"name": "backend", "scopes": "ask"}, "name"),
     ("add", {"name": "b"}, "scopes"), ("add", {"name": "b", "scopes": "ask,root"}, "scopes"),
     ("add", {"name": "b", "scopes": "ask", "expires": "2020-01-01"}, "expires"),
     ("add", {"name": "b", "scopes": "ask", "expires": "9999-12-31"}, "expires"),
     ("add", {"name": "b", "scopes": "ask", "a_day": "-1"}, "a_day"),
     ("rotate", {"name": "backend", "grace": "x"}, "grace"), ("rotate", {"name": "backend", "grace": "91"}, "grace"),
     ("rotate", {"name": "nobody", "grace": "1"}, None), ("revoke", {"name": "nobody"}, None)],
)  # fmt: skip
def test_what_is_wrong_is_told_at_its_field(desk: Desk, verb: str, fields: dict[str, str], field: str | None) -> None:
    """A change that cannot be made says so, beside the field it is about."""
    *_, said = desk.act(ADA, "en", "keys", f"keys.{verb}", fields)
    assert isinstance(said, Outcome)
    assert said.failed
    assert list(said.wrong) == ([field] if field else [])

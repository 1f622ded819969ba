"""The way in through the browser: login, logout, own password, and those who should not come in."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from bot.wording import catalogue
from ingest.documents import LANGUAGES
from ingest.settings import load
from tests.ui.staff.people import CHEAP, HOST, OTHER, PASSWORD, Visitor, text_of
from ui.staff.entrance import IN_LINE, Entrance
from ui.staff.login import own_place, routes
from ui.staff.passwords import Cost, Hasher
from ui.staff.sessions import digest

WORDS = {key: texts for key, texts in catalogue().items() if key.startswith("desk_accounts.")}
CODE = Path(__file__).parents[3] / "ui"


class Fields(HTMLParser):
    """The labels and inputs of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.labels: set[str | None] = set()
        self.inputs: dict[str | None, dict[str, str | None]] = {}
        self.ids: list[str | None] = []
        self.headings = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take in one element."""
        attributes = dict(attrs)
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.headings += tag == "h1"
        if tag == "label":
            self.labels.add(attributes.get("for"))
        if tag == "input" and attributes.get("type") != "hidden":
            self.inputs[attributes.get("id")] = attributes


# In and out


def test_the_right_password_opens_the_desk(visitor: Visitor) -> None:
    """Name and password lead to the desk, with a cookie that no script and no other site can use."""
    answer = visitor.log_in()
    assert (answer.status_code, answer.headers["location"]) == (303, "/staff/")
    session = next(each for each in answer.headers.get_list("set-cookie") if each.startswith("guichet_staff="))
    assert [part.strip() for part in session.split(";")[1:]] == ["HttpOnly", "Path=/staff", "SameSite=strict"]
    assert visitor.get("/staff/login").headers["location"] == "/staff/"


@pytest.mark.parametrize(
    ("host", "public", "secure"),
    [("https://guichet.test", None, True), ("http://guichet.test", "https://guichet.test", True),
     ("http://127.0.0.1:7860", None, False), ("http://localhost:7860", "https://guichet.test", False),
     ("http://guichet.test", None, False)],
)  # fmt: skip
def test_cookies_travel_encrypted_where_they_can(
    engine: Engine, entrance: Entrance, host: str, public: str | None, secure: bool
) -> None:
    """Behind https the cookie is Secure; on the machine itself it works without, so that one can try things."""
    settings = load(public_url=public)
    app = FastAPI()
    app.include_router(routes(Entrance(engine, settings, Hasher(CHEAP)), settings))
    with TestClient(app, base_url=host, follow_redirects=False) as client:
        answer = Visitor(client).log_in(origin=public if public and secure else host)
        assert answer.status_code == 303
        assert all(("Secure" in each) is secure for each in answer.headers.get_list("set-cookie"))
        # The jar sends a Secure cookie over https only: what works here works in a browser.
        if host.startswith("https") or not secure:
            assert client.get("/staff/password").status_code == 200


@pytest.mark.parametrize(
    ("name", "password"),
    [("anna", "une mauvaise devinette"), ("nobody", PASSWORD), ("anna'--", PASSWORD), ("anna", PASSWORD + " "),
     ("anna", "x" * 5000), ("<script>alert(1)</script>", "y"), ("anna\x00", PASSWORD), ("\u0430nna", PASSWORD)],
)  # fmt: skip
def test_the_wrong_password_says_nothing(visitor: Visitor, name: str, password: str) -> None:
    """Every failure reads alike, gives no cookie, and repeats no markup and no password."""
    answer = visitor.log_in(name, password)
    assert answer.status_code == 422
    assert "The name or the password is not right" in text_of(answer.text)
    assert "set-cookie" not in answer.headers
    assert "<script" not in answer.text
    assert len(password) < 2 or password not in answer.text or password == PASSWORD


def test_answers_do_not_tell_names_apart(visitor: Visitor, entrance: Entrance) -> None:
    """But for the name that was typed, the pages for an existing, an invented and a disabled name are the same."""
    entrance.accounts.disable("paul", "boss")
    pages = {
        re.sub(rf'value="{name}"', "", visitor.log_in(name, "une mauvaise devinette").text)
        for name in ("anna", "nobody", "paul")
    }
    assert len(pages) == 1


def test_a_name_that_exists_takes_no_longer(engine: Engine) -> None:
    """The time of a failure does not tell whether the name exists."""
    entrance = Entrance(engine, load(), Hasher(Cost(time=2, memory_kib=8192)))
    entrance.accounts.add("anna", "editor", "test", PASSWORD)
    app = FastAPI()
    app.include_router(routes(entrance, load()))
    with TestClient(app, base_url=HOST, client=("192.0.2.7", 1)) as client:
        visitor = Visitor(client)

        def took(name: str) -> float:
            began = time.process_time()  # by the clock, other work on the machine would tell
            assert visitor.log_in(name, "une mauvaise devinette").status_code == 422
            return time.process_time() - began

        somebody, nobody = (min(took(name) for _ in range(4)) for name in ("anna", "nobody"))
    assert 0.6 < nobody / somebody < 1.67


def test_too_many_failures_are_told_with_the_wait(visitor: Visitor) -> None:
    """Who guessed too often reads how long to wait, in the page and for programs."""
    for _ in range(5):
        visitor.log_in(password="une mauvaise devinette")
    answer = visitor.log_in()
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    assert "Try again in 1 min" in text_of(answer.text)


@pytest.mark.parametrize(("field", "sentence"), [("name", "Enter your user name"), ("password", "Enter your password")])
def test_an_empty_field_is_told_beside_it(visitor: Visitor, field: str, sentence: str) -> None:
    """What is missing stands at the field, tied to it for those who cannot see."""
    answer = visitor.post("/staff/login", {"name": "anna", "password": "x", field: ""})
    assert answer.status_code == 422
    given = Fields(answer.text).inputs[field]
    assert (given["aria-invalid"], given["aria-describedby"]) == ("true", f"{field}-error")
    assert f'id="{field}-error"' in answer.text
    assert sentence in text_of(answer.text)


def test_logout_ends_the_session_itself(visitor: Visitor, entrance: Entrance) -> None:
    """After the logout the cookie is gone, and a copy of it is worth nothing."""
    visitor.log_in()
    copy = visitor.session
    assert copy
    answer = visitor.post("/staff/logout", {"token": visitor.token("/staff/logout")})
    assert answer.headers["location"] == "/staff/login?lang=en&out=1"
    assert visitor.session is None
    assert entrance.sessions.login(copy) is None
    assert "You are logged out" in text_of(visitor.get(answer.headers["location"]).text)


def test_a_link_does_not_log_out(visitor: Visitor, entrance: Entrance) -> None:
    """Opening the address only asks."""
    visitor.log_in()
    assert visitor.get("/staff/logout").status_code == 200
    assert entrance.sessions.login(visitor.session or "")


# Forged requests

FOREIGN = [{"origin": "http://evil.test", "sec_fetch_site": "cross-site"}, {"origin": "null", "sec_fetch_site": ""},
           {"origin": "", "sec_fetch_site": ""}, {"origin": "", "sec_fetch_site": "same-site"}]  # fmt: skip


@pytest.mark.parametrize("headers", FOREIGN)
def test_another_site_cannot_log_somebody_in(visitor: Visitor, headers: dict[str, str]) -> None:
    """A form on another site cannot put an attacker's session into a visitor's browser."""
    answer = visitor.log_in(**headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("path", ["/staff/logout", "/staff/password"])
def test_another_site_changes_nothing(visitor: Visitor, entrance: Entrance, path: str, headers: dict[str, str]) -> None:
    """Even with the form token, what another site sends is refused."""
    visitor.log_in()
    fields = {"token": visitor.token(), "current": PASSWORD, "new": OTHER, "again": OTHER}
    assert visitor.post(path, fields, **headers).status_code == 403
    assert entrance.sessions.login(visitor.session or "")
    assert visitor.log_in().status_code == 303


@pytest.mark.parametrize("token", [None, "", "x" * 43])
@pytest.mark.parametrize("path", ["/staff/logout", "/staff/password"])
def test_a_form_without_its_token_changes_nothing(
    visitor: Visitor, entrance: Entrance, path: str, token: str | None
) -> None:
    """A form of our own site that carries the token of no session, or another's, is refused."""
    visitor.log_in()
    fields = {"current": PASSWORD, "new": OTHER, "again": OTHER} | ({"token": token} if token is not None else {})
    assert visitor.post(path, fields).status_code == 403
    assert entrance.sessions.login(visitor.session or "")


def test_a_planted_session_is_replaced_at_login(visitor: Visitor, entrance: Entrance) -> None:
    """Whoever planted a cookie before the login holds nothing after it."""
    visitor.log_in("paul")
    planted = visitor.session or ""
    visitor.client.cookies.clear()
    visitor.client.cookies.set("guichet_staff", planted, domain="guichet.test", path="/staff")
    assert visitor.log_in("anna").status_code == 303
    assert entrance.sessions.login(planted) is None
    owner = entrance.sessions.login(visitor.session or "")
    assert owner
    assert owner.name == "anna"


# Where to

SAFE = ["/staff", "/staff/", "/staff/export/questions/gaps.csv", "/staff/?lang=nl", "/staff/a-b_c.d~e/?x=1&y=%20+2"]
UNSAFE = [
    None, "", "/", "//evil.test", "https://evil.test/staff/", "/staff//evil.test", "/staffevil", "/staff@evil.test",
    "/staff/../", "/staff/..", "/staff/x/../../y", "/staff/./x", "/staff\\evil", "/\\evil.test", "\t/staff", "/staff\n",
    "/staff/\r\nset-cookie:x=1", "/staff/%0d%0ax", "javascript:alert(1)", "/staff/?x=\"><script>", "/staff/é", "staff/",
    "/staff/#/documents", "/staff/login", "/staff/login?next=/staff/login", "/staff/logout", "/staff/password",
    "/staff/" + "x" * 1000, "/staff/;url=//evil.test", "/staff/?a;b", " /staff/",
]  # fmt: skip


@pytest.mark.parametrize("asked", SAFE)
def test_the_login_leads_where_one_wanted_to_go(asked: str) -> None:
    """An address of the desk is kept as it is."""
    assert own_place(asked) == asked


@pytest.mark.parametrize("asked", UNSAFE)
def test_the_login_leads_nowhere_else(visitor: Visitor, asked: str | None) -> None:
    """Anything else leads to the desk itself, and adds nothing to the headers."""
    assert own_place(asked) == "/staff/"
    if asked is not None:
        answer = visitor.client.post(
            "/staff/login",
            params={"next": asked},
            data={"name": "anna", "password": PASSWORD},
            headers={"origin": HOST},
        )
        assert answer.headers["location"] == "/staff/"
        assert "x" not in answer.headers


def test_the_language_of_the_login_is_that_of_the_desk(visitor: Visitor) -> None:
    """Who chose a language at the door keeps it inside."""
    assert visitor.log_in(path="/staff/login?lang=nl").headers["location"] == "/staff/?lang=nl"
    kept = visitor.get("/staff/login?lang=de&next=/staff/x%3Fy%3D1")
    assert kept.headers["location"] == "/staff/x?y=1&lang=de"
    assert visitor.get("/staff/login?lang=de&next=/staff/?lang%3Dfr").headers["location"] == "/staff/?lang=de"


@pytest.mark.parametrize("headers", [{"origin": "http://evil.test", "sec_fetch_site": "cross-site"}])
def test_another_site_cannot_take_the_cookie_away(visitor: Visitor, headers: dict[str, str]) -> None:
    """What another site sends comes without the strict cookie; the answer must not delete it in the browser."""
    answer = visitor.post("/staff/logout", {}, **headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


# Own password


def test_a_one_time_password_leads_to_an_own_one_and_nowhere_else(visitor: Visitor, entrance: Entrance) -> None:
    """The first login asks for a password of one's own; until then the desk stays shut; then it opens."""
    first = entrance.accounts.add("late", "editor", "boss")
    assert visitor.log_in("late", first).headers["location"] == "/staff/password?next=%2Fstaff%2F"
    session = visitor.session or ""
    login = entrance.sessions.login(session)
    assert login
    assert login.person is None
    assert visitor.get("/staff/login").headers["location"].startswith("/staff/password")
    assert 'id="current"' not in visitor.get("/staff/password").text
    fields = {"token": visitor.token(), "new": OTHER, "again": OTHER}
    assert visitor.post("/staff/password", fields).headers["location"] == "/staff/"
    assert entrance.sessions.login(session) is None
    after = entrance.sessions.login(visitor.session or "")
    assert after
    assert after.person


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [({"current": "falsch und lang"}, "current", "not your current password"),
     ({"current": ""}, "current", "Enter your password"),
     ({"again": "anders"}, "again", "not the same"), ({"new": "", "again": ""}, "new", "12 signs"),
     ({"new": "kurz", "again": "kurz"}, "new", "12 signs"),
     ({"new": PASSWORD, "again": PASSWORD}, "new", "should be replaced"),
     ({"new": "password1234", "again": "password1234"}, "new", "tried first"),
     ({"new": "annaanna1234", "again": "annaanna1234"}, "new", "nearly your user name"),
     ({"new": "x" * 2000, "again": "x" * 2000}, "new", "Too long")],
)  # fmt: skip
def test_what_is_wrong_with_a_new_password_stands_beside_its_field(
    visitor: Visitor, fields: dict[str, str], field: str, sentence: str
) -> None:
    """Each error is at the field that it is about; the old password goes on working; nothing typed comes back."""
    visitor.log_in()
    sent = {"token": visitor.token(), "current": PASSWORD, "new": OTHER, "again": OTHER} | fields
    answer = visitor.post("/staff/password", sent)
    assert answer.status_code == 422
    page = Fields(answer.text)
    assert page.inputs[field]["aria-invalid"] == "true"
    assert sum("aria-invalid" in each for each in page.inputs.values()) == 1
    assert sentence in text_of(answer.text)
    assert not any(value in answer.text for key, value in sent.items() if key != "token" and len(value) > 11)
    assert visitor.log_in().status_code == 303


def test_a_new_password_ends_the_other_sessions(visitor: Visitor, app: FastAPI, entrance: Entrance) -> None:
    """Whoever sat at another computer is out; this one goes on, with another cookie and another form token."""
    with TestClient(app, base_url=HOST, follow_redirects=False) as client:
        other = Visitor(client)
        other.log_in()
        visitor.log_in()
        before, token = visitor.session, visitor.token()
        sent = {"token": token, "current": PASSWORD, "new": OTHER, "again": OTHER}
        assert visitor.post("/staff/password", sent).status_code == 303
        assert entrance.sessions.login(other.session or "") is None
    assert visitor.session != before
    assert visitor.token() != token
    assert visitor.log_in(password=PASSWORD).status_code == 422
    assert visitor.log_in(password=OTHER).status_code == 303


def test_the_current_password_cannot_be_guessed_in_a_stolen_session(visitor: Visitor) -> None:
    """After ten wrong ones the page waits."""
    visitor.log_in()
    sent = {"token": visitor.token(), "current": "falsch und lang", "new": OTHER, "again": OTHER}
    answers = [text_of(visitor.post("/staff/password", sent).text) for _ in range(12)]
    assert ["Too many attempts" in answer for answer in answers] == [False] * 10 + [True] * 2


@pytest.mark.parametrize("path", ["/staff/password", "/staff/logout"])
def test_without_a_session_one_is_led_to_the_login(visitor: Visitor, path: str) -> None:
    """The pages of those who are in show nothing to others."""
    assert visitor.get(path).headers["location"].startswith("/staff/login?")
    assert visitor.post(path, {}).headers["location"].startswith("/staff/login?")


# The pages


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", ["/staff/login", "/staff/password", "/staff/logout"])
def test_pages_are_whole_in_every_language(visitor: Visitor, path: str, language: str) -> None:
    """One heading, labels for all fields, no id twice, no script, the language said, the files at their place."""
    if path != "/staff/login":
        visitor.log_in()
    answer = visitor.get(path, accept_language=language)
    page = Fields(answer.text)
    assert f'<html lang="{language}">' in answer.text
    assert page.headings == 1
    assert set(page.inputs) <= page.labels
    assert len(page.ids) == len(set(page.ids))
    assert "<script" not in answer.text
    assert '/static/guichet.css?v=v1"' in answer.text
    assert '/static/login.css?v=v1"' in answer.text
    assert answer.headers["cache-control"] == "no-store"


def test_password_managers_know_the_fields(visitor: Visitor) -> None:
    """Each field says what it is for, also which account a new password is of; nothing forbids pasting."""
    assert {key: each["autocomplete"] for key, each in Fields(visitor.get("/staff/login").text).inputs.items()} == {
        "name": "username",
        "password": "current-password",
    }
    visitor.log_in()
    page = Fields(visitor.get("/staff/password").text)
    assert {key: each["autocomplete"] for key, each in page.inputs.items()} == {
        "name": "username", "current": "current-password", "new": "new-password", "again": "new-password",
    }  # fmt: skip
    assert page.inputs["name"]["value"] == "anna"


def test_a_link_from_elsewhere_offers_to_go_on(visitor: Visitor) -> None:
    """A strict cookie stays at home when another site's link is followed: one who is logged in can go on by a click."""
    page = visitor.get("/staff/login?next=/staff/x", sec_fetch_site="cross-site").text
    assert '<a href="/staff/x">Continue</a>' in page
    assert "Already logged in" not in visitor.get("/staff/login", sec_fetch_site="same-origin").text


def test_a_name_comes_back_escaped(visitor: Visitor) -> None:
    """What was typed is shown as text, never as markup."""
    page = visitor.log_in('"><img src=x onerror=alert(1)>').text
    assert "<img" not in page
    assert Fields(page).inputs["name"]["value"] == '"><img src=x onerror=alert(1)>'


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"x" * 20_000, "application/x-www-form-urlencoded"), (b'{"name": "anna"}', "application/json"),
     (b"a=1&" * 50, "application/x-www-form-urlencoded"),
     (b"name=%ff%fe&password=%00", "application/x-www-form-urlencoded"),
     (b"--x\r\n", "multipart/form-data; boundary=x"), (b"", "")],
)  # fmt: skip
def test_a_body_that_is_no_form_of_ours_is_an_empty_form(visitor: Visitor, content: bytes, kind: str) -> None:
    """Whatever is sent, the login answers with its page."""
    answer = visitor.client.post("/staff/login", content=content, headers={"content-type": kind, "origin": HOST})
    assert answer.status_code == 422


def test_a_flood_of_logins_is_turned_away(visitor: Visitor, entrance: Entrance) -> None:
    """When too many wait in line the next is told so at once."""
    entrance._in_line = IN_LINE
    answer = visitor.log_in()
    assert (answer.status_code, "busy" in text_of(answer.text)) == (503, True)
    entrance._in_line = 0
    assert visitor.log_in().status_code == 303


def test_the_cookie_is_stored_as_a_digest(visitor: Visitor, engine: Engine) -> None:
    """What stands in the database is not what stands in the browser."""
    visitor.log_in()
    with engine.connect() as connection:
        stored = connection.exec_driver_sql("SELECT digest FROM staff_session").scalar_one()
    assert stored == digest(visitor.session or "") != visitor.session


# The words


@pytest.mark.parametrize("key", WORDS)
def test_every_string_exists_in_four_languages_with_the_same_places(key: str) -> None:
    """No translation is missing, empty, or forgets a value."""
    texts = WORDS[key]
    places = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in texts.values()]
    assert set(texts) == set(LANGUAGES)
    assert all(text.strip() for text in texts.values())
    assert all(place == places[0] for place in places)


def test_every_string_is_used() -> None:
    """The catalogue holds nothing that no page shows."""
    code = "".join(path.read_text(encoding="utf-8") for path in (CODE / "staff").rglob("*.py"))
    used = set(re.findall(r"""["'](\w+)["']""", code))
    families = re.compile(r"role_\w+|password_\w+|session_\w+|(name|password)_missing|room")
    names = [key.partition(".")[2] for key in WORDS]
    assert [name for name in names if name not in used and not families.fullmatch(name)] == []

"""The desk over HTTP: who comes in, from where, what of Gradio is reached, what the two events answer."""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.responses import Response
from fastapi.testclient import TestClient

from ingest.settings import load
from tests.ui.scripted import ScriptedBot
from tests.ui.staff.conftest import Enter
from tests.ui.staff.demo import COOKIE, Desktop
from ui.server import create_app
from ui.staff.mount import Staff, pursued

EVENTS = {"show": 0, "act": 1}


def heard(client: TestClient, event: str, **data: Any) -> list[dict[str, Any]]:
    """Send an event through Gradio's queue as the page does, and return all that its component gets."""
    sent = {"turn": "1", "address": "documents", "language": "fr", "token": "token-of-ella", **data}
    body = {"data": [], "fn_index": EVENTS[event], "session_hash": "abc", "event_data": sent}
    joined = client.post("/staff/gradio_api/queue/join", json=body)
    assert joined.status_code == 200, joined.text
    stream = client.get("/staff/gradio_api/queue/data", params={"session_hash": "abc"})
    messages = [json.loads(line[5:]) for line in stream.text.splitlines() if line.startswith("data:")]
    outputs = [
        message["output"] for message in messages if message["msg"] in {"process_generating", "process_completed"}
    ]
    return [output["data"][0] for output in outputs if output.get("data") and isinstance(output["data"][0], dict)]


def test_nobody_is_sent_to_log_in_and_comes_back(enter: Enter) -> None:
    """A page without a session leads to the login with the way back; anything else is told that it is not logged in."""
    page = enter("").get("/staff/?lang=nl")
    assert page.status_code == 303
    assert page.headers["location"] == "/staff/login?next=/staff/%3Flang%3Dnl&lang=nl"
    assert enter("").get("/staff").headers["location"].startswith("/staff/login?next=/staff/&")
    for method, path in [("POST", "/staff/files"), ("POST", "/staff/gradio_api/queue/join"), ("GET", "/staff/config")]:
        answer = enter("").request(method, path, headers={"Accept": "application/json"})
        assert answer.status_code == 401
        assert answer.json()["detail"].startswith("Votre session est terminée")


def test_the_address_without_a_slash_leads_to_the_desk(enter: Enter) -> None:
    """/staff is /staff/, with its language."""
    assert enter("ella").get("/staff?lang=de").headers["location"] == "/staff/?lang=de"


def test_the_desk_is_framed_in_the_readers_language(enter: Enter) -> None:
    """Menu, name, role, way out and token stand in the first response; others' rooms do not."""
    page = enter("ella").get("/staff/", headers={"Accept-Language": "nl-BE"})
    assert page.status_code == 200
    assert 'lang="nl"' in page.text[:200]
    assert "Uitloggen" in page.text
    assert '<span class="name">ella</span>' in page.text
    assert "token-of-ella" in page.text
    assert "Accounts" not in page.text
    assert enter("ada").get("/staff/?lang=nl").text.count("Accounts") == 1


@pytest.mark.parametrize(
    "path", ["/staff/", "/staff", "/staff/login", "/staff/export/documents/list.csv", "/staff/files"]
)
@pytest.mark.parametrize("name", ["ella", ""])
def test_every_answer_of_the_desk_is_dressed(enter: Enter, path: str, name: str) -> None:
    """Not framed by anybody, not kept, not sniffed, not open to other sites, and without cookies of Gradio's."""
    headers = enter(name).get(path, headers={"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}).headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert not any(key.startswith("access-control-") or key == "set-cookie" for key in headers)


def test_the_policy_of_the_desk_allows_its_own_scripts_only(enter: Enter) -> None:
    """Every script has this response's nonce; no other host, nothing inline."""
    page = enter("ella").get("/staff/")
    policy = page.headers["content-security-policy"]
    nonce = policy.split("'nonce-")[1].split("'")[0]
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
    assert "http" not in policy
    scripts = re.findall(r"<script[^>]*>", page.text)
    assert len(scripts) > 4
    assert all(f'nonce="{nonce}"' in script for script in scripts)


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://other-name.example"}, True),
        ({"Origin": "http://testserver"}, True),
        ({}, True),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://testserver.evil.example"}, False),
    ],
)
@pytest.mark.parametrize("path", ["/staff/files?name=a", "/staff/logout", "/staff/gradio_api/queue/join"])
def test_requests_that_another_site_makes_are_refused(
    enter: Enter, headers: dict[str, str], passes: bool, path: str
) -> None:
    """Whatever changes something must come from the desk's own pages."""
    answer = enter("ella").post(path, headers=headers, content=b"{}")
    assert (answer.status_code == 403 and "urn:guichet-ia:problem:forged" in answer.text) is not passes


@pytest.mark.parametrize(
    "path",
    ["gradio_api/upload", "gradio_api/info", "gradio_api/file=/etc/passwd", "config", "openapi.json", "docs",
     "login_check", "gradio_api/runs", "monitoring", "token", "app_id", "gradio_api/proxy=http://example.org",
     "gradio_api/cancel", "gradio_api/component_server", "gradio_api/reset", "gradio_api/call/show",
     "static/../config", "manifest.json"],
)  # fmt: skip
def test_gradio_routes_that_the_desk_does_not_need_are_refused(enter: Enter, path: str) -> None:
    """Even for somebody who is logged in, uploads, files, schemas and other pages of Gradio answer 404."""
    client = enter("ada")
    assert client.get(f"/staff/{path}").status_code == 404
    assert client.post(f"/staff/{path}", files={"files": b"x"}).status_code in {404, 405}


def test_cookies_pass_where_a_session_begins_and_nowhere_else(desktop: Desktop) -> None:
    """A cookie is set by the pages to log in; set anywhere else it is taken away."""
    router = APIRouter(prefix="/staff")

    @router.get("/login")
    @router.get("/login/oidc/callback")
    @router.get("/other")
    @router.get("/loginx")
    def cookie() -> Response:
        return Response(headers={"Set-Cookie": "session=1"})

    staff = Staff(desktop.staff.desk, desktop.sessions, routes=[router])
    client = TestClient(create_app(ScriptedBot(), load(), staff=staff), cookies={COOKIE: "ella"})
    assert "set-cookie" in client.get("/staff/login").headers
    assert "set-cookie" in client.get("/staff/login/oidc/callback").headers
    assert "set-cookie" not in client.get("/staff/other").headers
    assert "set-cookie" not in client.get("/staff/loginx").headers


def test_without_a_desk_there_is_nothing_below_staff() -> None:
    """The application works without a desk, and says that there is none."""
    client = TestClient(create_app(ScriptedBot(), load()))
    assert client.get("/staff/").status_code == 404
    assert client.get("/").status_code == 200


def test_the_public_page_does_not_know_the_desk(enter: Enter) -> None:
    """The chat page is the same for staff as for everybody, and still lets itself be embedded as before."""
    page = enter("ella").get("/")
    assert "token-of-ella" not in page.text
    assert "frame-ancestors 'self'" in page.headers["content-security-policy"]


@pytest.fixture(scope="module")
def running(opened: tuple[Desktop, FastAPI]) -> Iterator[TestClient]:
    """Ella's client of the running application; Gradio's queue starts and ends with it."""
    with TestClient(opened[1], cookies={COOKIE: "ella"}) as client:
        yield client


@pytest.fixture
def ella(running: TestClient, desktop: Desktop) -> TestClient:
    """Ella's client, of a desk where nobody has been."""
    return running


def test_a_room_is_shown_with_its_menu(ella: TestClient) -> None:
    """An address brings its markup and the counts of the menu."""
    shown = heard(ella, "show")[-1]["shown"]
    assert "<h1" in shown["html"]
    assert '<span class="count">3' in shown["menu"]


@pytest.mark.parametrize(
    ("address", "title"),
    [("nowhere", "Page introuvable"), ("accounts", "Accès réservé"), ("documents/99", "Page introuvable")],
)
def test_an_address_that_cannot_be_shown_is_a_page_that_says_so(ella: TestClient, address: str, title: str) -> None:
    """Unknown and forbidden addresses have a heading, a sentence and the way back."""
    html = heard(ella, "show", address=address)[-1]["shown"]["html"]
    assert title in html
    assert 'href="#/"' in html


def test_an_action_answers_with_outcome_and_room(ella: TestClient, desktop: Desktop) -> None:
    """What is done is said, and what is to be seen after it comes along."""
    done = heard(ella, "act", action="documents.save", fields={"title": "Neuf", "number": "1"})[-1]
    assert done["done"]
    assert not done["failed"]
    assert done["message"] == "Le document est enregistré."
    assert "Neuf" in done["shown"]["html"]
    assert desktop.shelf.done == [("ella", "save", {"title": "Neuf", "number": "1"})]


def test_what_is_wrong_leaves_the_form_alone(ella: TestClient) -> None:
    """Sentences about fields make an outcome that failed, and no room comes along to take the form away."""
    done = heard(ella, "act", action="documents.save", fields={"title": "x", "number": "1"})[-1]
    assert done["failed"]
    assert done["wrong"] == {"title": "Ce titre est trop court."}
    assert done["shown"] is None


@pytest.mark.parametrize("token", ["", "token-of-ada", "token-of-ellax", "é", None, ["token-of-ella"]])
@pytest.mark.parametrize("event", ["show", "act"])
def test_an_event_without_the_sessions_token_does_nothing(
    ella: TestClient, desktop: Desktop, token: object, event: str
) -> None:
    """Neither a room nor an action is had with another token."""
    said = heard(ella, event, action="documents.save", fields={"title": "Neuf", "number": "1"}, token=token)
    assert {(each.get("stale"), "shown" in each) for each in said} == {(True, False)}
    assert desktop.shelf.done == []
    assert desktop.shelf.shown == 0


def test_a_person_without_a_token_can_do_nothing(ella: TestClient, desktop: Desktop) -> None:
    """A gate that gives no token does not make the empty token right."""
    person = desktop.sessions.people["ella"]
    desktop.sessions.people["ella"] = type(person)(person.name, person.role)
    assert heard(ella, "act", action="documents.save", fields={}, token="")[-1]["stale"]


def test_a_session_that_ended_says_so(desktop: Desktop) -> None:
    """Somebody whose session ends between the door and the event gets no room and does nothing."""
    looks = iter([True, False])

    class Closing:
        def person(self, cookies: Any, /) -> Any:
            return desktop.sessions.person(cookies) if next(looks, True) else None

    staff = Staff(desktop.staff.desk, Closing())
    with TestClient(create_app(ScriptedBot(), load(), staff=staff), cookies={COOKIE: "ella"}) as client:
        said = heard(client, "act", action="documents.save", fields={"title": "Neuf", "number": "1"})
    assert said[-1]["ended"]
    assert desktop.shelf.done == []


@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        ("documents.publish", "Votre rôle ne le permet pas"),
        ("documents.nothing", "Cette action n'existe plus"),
        ("documents.refuse", "Ce document est verrouillé"),
        ("documents.crash", "Quelque chose n'a pas fonctionné"),
    ],
)
def test_whatever_fails_is_a_sentence(
    ella: TestClient, action: str, sentence: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Missing rights, unknown actions, refusals and crashes are told in words; the log holds no words of theirs."""
    with caplog.at_level(logging.DEBUG):
        done = heard(ella, "act", action=action)[-1]
    assert done["failed"]
    assert done["message"].replace("\u00a0", " ").startswith(sentence)
    assert "secret words" not in caplog.text


def test_strange_events_are_answered(ella: TestClient, desktop: Desktop) -> None:
    """Events of the wrong form end in a sentence, not in silence."""
    for strange in ({"fields": [1]}, {"fields": None}, {"action": 7}, {"address": None}, {"language": {}}):
        assert heard(ella, "act", **strange)[-1]["failed"]
    assert desktop.shelf.done == []


def test_steps_are_told_before_the_outcome(ella: TestClient, desktop: Desktop) -> None:
    """A long work says how far it is, then what came of it."""
    desktop.shelf.go_on.set()
    said = heard(ella, "act", action="documents.wait")
    assert said[0]["step"] == "Je relis le document 1 sur 3…"
    assert said[-1]["message"] == "Tout est relu."


def test_a_work_goes_on_when_nobody_listens() -> None:
    """An action whose page is closed in the middle of it is done to its end."""
    listened, ended = threading.Event(), threading.Event()

    def work() -> Iterator[dict[str, Any]]:
        yield {"done": False, "step": "1"}
        listened.wait(5)
        yield {"done": False, "step": "2"}
        ended.set()
        yield {"done": True}

    hearing = pursued(work())
    assert next(hearing)["step"] == "1"
    hearing.close()  # type: ignore[attr-defined]
    listened.set()
    assert ended.wait(5)


def test_steps_that_nobody_heard_yet_are_told_once() -> None:
    """Of a thousand quick steps a slow listener hears a few, and always the outcome."""
    steps: list[dict[str, Any]] = [{"done": False, "step": str(number)} for number in range(1000)]
    said = list(pursued(iter([*steps, {"done": True}])))
    assert said[-1] == {"done": True}
    assert len(said) <= 1001

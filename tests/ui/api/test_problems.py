"""Whatever is wrong with a request, its caller gets a problem with a name, a sentence and a request id."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.types import Receive, Scope, Send

from tests.ui.scripted import ScriptedBot
from ui.api.envelope import Net

JSON = {"Content-Type": "application/json"}
DEEP = '{"question": ' + "[" * 50_000 + "]" * 50_000 + "}"


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "kind"),
    [
        ("GET", "/api/v1/nothing", {}, 404, "not_found"),
        ("POST", "/api", {}, 404, "not_found"),
        ("GET", "/api/v1/answers/none", {}, 404, "not_found"),
        ("GET", "/api/v1/ask", {}, 405, "wrong_method"),
        ("PUT", "/api/v1/feedback", {}, 405, "wrong_method"),
        ("POST", "/healthz", {}, 405, "wrong_method"),
        ("POST", "/api/v1/ask", {"json": {"question": "a"}, "headers": {"Accept": "text/html"}}, 406, "not_acceptable"),
        ("POST", "/api/v1/ask", {"content": b"x" * 200_000, "headers": JSON}, 413, "too_large"),
        ("POST", "/api/v1/ask", {"content": "question=a"}, 415, "wrong_type"),
        ("POST", "/api/v1/ask", {"data": {"question": "a"}}, 415, "wrong_type"),
        ("POST", "/api/v1/ask", {"content": "{", "headers": JSON}, 400, "unreadable"),
        ("POST", "/api/v1/ask", {"content": b'{"question": "\xff\xfe"}', "headers": JSON}, 400, "unreadable"),
        ("POST", "/api/v1/ask", {"content": DEEP, "headers": JSON}, (400, 422), ("unreadable", "malformed")),
        ("POST", "/api/v1/feedback", {"content": '{"rating": ' + "9" * 5000 + "}", "headers": JSON}, 400, "unreadable"),
        ("POST", "/api/v1/feedback", {"json": {"answer_id": "a", "rating": 10**400}}, 422, "malformed"),
        ("POST", "/api/v1/ask", {"content": "", "headers": JSON}, 422, "malformed"),
        ("POST", "/api/v1/ask", {"json": []}, 422, "malformed"),
        ("POST", "/api/v1/ask", {"json": {"question": "\x00 \x19"}}, 422, "empty"),
        ("POST", "/api/v1/ask", {"json": {"question": "x" * 601}}, 422, "too_long"),
        ("GET", "/api/v1/answers/a%00b", {}, 404, "not_found"),
        ("GET", "/api/v1/documents?limit=0", {}, 422, "malformed"),
        ("GET", "/api/v1/documents?limit=" + "9" * 5000, {}, 422, "malformed"),
        ("GET", "/api/v1/documents/xx/start-ia", {}, 422, "malformed"),
    ],
)  # fmt: skip
def test_every_refusal_is_a_problem(
    client: TestClient, method: str, path: str, options: dict[str, Any], status: Any, kind: Any
) -> None:
    """Status, name, sentence and request id of each kind of error."""
    response = client.request(method, path, **options)
    problem = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert response.status_code in (status if isinstance(status, tuple) else (status,))
    assert problem["type"].rpartition(":")[2] in (kind if isinstance(kind, tuple) else (kind,))
    assert problem["status"] == response.status_code
    assert len(problem["detail"].split()) > 3
    assert problem["request_id"] == response.headers["x-request-id"]


def test_a_wrong_method_is_told_the_right_ones(client: TestClient) -> None:
    """405 names what the address takes; HEAD goes with GET."""
    assert client.get("/api/v1/ask").headers["allow"] == "POST"
    assert client.post("/api/v1/answers/a").headers["allow"] == "GET, HEAD"
    assert client.post("/api/v1/streams/a").headers["allow"] == "GET, DELETE, HEAD"


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("fr", "Cette adresse ne répond pas"), ("nl", "Dit adres"), ("de", "Diese Adresse"), ("en", "This address")],
)
def test_problems_speak_the_language_of_the_caller(client: TestClient, language: str, sentence: str) -> None:
    """The sentence is in the language of the address, else of the header."""
    assert client.get(f"/api/v1/ask?lang={language}").json()["detail"].startswith(sentence)
    assert client.get("/api/v1/ask", headers={"Accept-Language": language}).json()["detail"].startswith(sentence)


def test_a_malformed_body_is_told_each_wrong_field(client: TestClient) -> None:
    """``errors`` points at every wrong field, in the caller's language, and repeats nothing of what was sent."""
    body = {"question": 7, "history": [{"role": "user", "text": "a"}, {"role": "private", "text": ["private"]}]}
    response = client.post("/api/v1/ask?lang=en", json=body)
    errors = response.json()["errors"]
    assert {error["pointer"] for error in errors} == {"#/question", "#/history/1/role", "#/history/1/text"}
    assert {error["detail"] for error in errors} == {
        "The value does not have the expected form.", "The value is not among those allowed."
    }  # fmt: skip
    assert "private" not in response.text


def test_half_characters_do_no_harm(client: TestClient, bot: ScriptedBot) -> None:
    """Half of an emoji, as a script that cuts texts sends it, arrives as the sign for an unknown character."""
    body = json.dumps({"question": "Start IA \ud83d", "history": [{"role": "user", "text": "\udc00"}]})
    response = client.post("/api/v1/ask", content=body, headers=JSON)
    assert response.json()["question"] == "Start IA \ufffd"
    assert bot.histories[0][0].text == "\ufffd"
    rating = json.dumps({"answer_id": response.json()["id"], "rating": 1, "reason": "\ud83d"})
    assert client.post("/api/v1/feedback", content=rating, headers=JSON).status_code == 204


@pytest.mark.parametrize("asked", ["a", "portal-7.42_B", "f" * 64])
def test_a_harmless_request_id_is_taken_over(client: TestClient, asked: str) -> None:
    """Who names a request finds its name in the response, whether it went well or not."""
    for path in ("/api/v1/status", "/api/v1/nothing", "/v1/models/other"):
        assert client.get(path, headers={"X-Request-ID": asked}).headers["x-request-id"] == asked


@pytest.mark.parametrize("asked", ["", "a b", "f" * 65, "é", "\x1b[31m", "<script>"])
def test_any_other_request_id_is_replaced(client: TestClient, asked: str) -> None:
    """Nothing that could forge a line of a log is taken over."""
    headers = {"X-Request-ID": asked.encode("utf-8")}
    found = client.get("/api/v1/status", headers=headers).headers["x-request-id"]  # type: ignore[arg-type]
    assert len(found) == 16
    assert int(found, 16) >= 0


def test_a_crash_is_logged_under_its_request_id_and_without_words(
    client: TestClient, bot: ScriptedBot, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where anything breaks, caller and log have the same id; what the error says stays out of both."""

    def broken(*_: object) -> None:
        raise OSError("secret 12345")

    monkeypatch.setattr(bot, "answer", broken)
    with caplog.at_level(logging.DEBUG):
        stored = client.get("/api/v1/answers/a", headers={"X-Request-ID": "mine"})
        asked = client.post("/api/v1/ask", json={"question": "crash 12345"}, headers={"X-Request-ID": "other"})
    assert [stored.status_code, asked.status_code] == [500, 500]
    assert stored.json()["type"].endswith(":unexpected")
    assert "request mine failed: OSError" in caplog.text
    assert "(request other)" in caplog.text
    assert "12345" not in caplog.text + stored.text + asked.text


def test_what_is_not_ready_says_when_to_come_back(client: TestClient, bot: ScriptedBot) -> None:
    """503 has Retry-After, for every way to ask."""
    bot.ready = False
    chat = {"model": "guichet-ia", "messages": [{"role": "user", "content": "Start IA"}]}
    for path, body in (("/api/v1/ask", {"question": "a"}), ("/api/v1/streams", {"question": "a"}),
                       ("/v1/chat/completions", chat), ("/v1/chat/completions", chat | {"stream": True})):  # fmt: skip
        response = client.post(path, json=body, headers={"Accept": "text/event-stream, application/json"})
        assert response.status_code == 503
        assert response.headers["retry-after"].isdecimal()
    assert client.get("/readyz").headers["retry-after"].isdecimal()
    assert client.get("/api/v1/status").json()["status"] == "not_ready"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/event-stream", "text/event-stream"),
        ("application/json, text/event-stream;q=0.9", "application/json"),
        ("application/json;q=0.5, text/event-stream", "text/event-stream"),
        ("text/*, application/json;q=0", "text/event-stream"),
        ("text/html, */*;q=0.1", "application/json"),
    ],
)
def test_the_caller_chooses_the_form_of_the_answer(client: TestClient, accept: str, kind: str) -> None:
    """Weights and ranges of Accept are understood; JSON where it does not matter."""
    response = client.post("/api/v1/ask", json={"question": "Start IA"}, headers={"Accept": accept})
    assert response.headers["content-type"].partition(";")[0] == kind


@pytest.mark.parametrize("path", ["/ask", "/widget.js", "/quality", "/static/guichet.css", "/favicon.ico", "/"])
def test_pages_and_files_answer_head_too(client: TestClient, path: str) -> None:
    """Those who watch over a page, and caches in between, ask for heads only."""
    got, head = client.get(path), client.head(path)
    assert head.status_code == got.status_code < 300
    assert head.content == b""
    assert head.headers.get("content-type") == got.headers.get("content-type")


def test_head_is_answered_like_get_without_a_body(client: TestClient) -> None:
    """HEAD works wherever GET does, also where GET would not end."""
    got, head = client.get("/api/v1/status"), client.head("/api/v1/status")
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == got.headers["content-length"]
    assert client.head("/v1/nothing").status_code == client.head("/api/v1/nothing").status_code == 404
    stream = client.post("/api/v1/streams", json={"question": "slow"}).headers["location"]
    assert client.head(stream).headers["content-type"].startswith("text/event-stream")
    client.delete(stream)


HALF = '[{"role": "user", "text": "Start IA \\ud800"}, {"role": "assistant", "text": "\\udfff"}]'


def test_half_characters_in_the_history_of_the_form_break_nothing(client: TestClient, bot: ScriptedBot) -> None:
    """What no encoder takes is replaced: the page comes whole, and so does the history that it carries on."""
    response = client.post("/ask?lang=fr", data={"question": "Qu'est-ce que Start IA ?", "history": HALF})
    assert (response.status_code, bot.histories[-1][0].text) == (200, "Start IA \ufffd")
    assert "cinq jours" in response.text


@pytest.mark.parametrize("path", ["/ask?lang=nl", "/mcp", "/api/v1/ask?lang=nl"])
def test_a_body_that_grows_too_long_is_too_large(
    client: TestClient, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    """Without a stated length it is cut on its way, which is told as what it is; nothing of it enters the log."""
    caplog.set_level(logging.INFO)
    headers = {"Accept": "text/html, application/json, text/event-stream"}
    headers["Content-Type"] = "application/x-www-form-urlencoded" if path.startswith("/ask") else "application/json"
    chunks = (b"question=private+words" for _ in range(10_000))
    response = client.post(path, content=chunks, headers=headers)
    assert response.status_code == 413
    if path.startswith("/ask"):
        assert "Het verzoek is te groot" in response.text
        assert 'id="question"' in response.text
    else:
        assert response.json()["type"] == "urn:guichet-ia:problem:too_large"
    assert "private" not in caplog.text
    assert not any(record.exc_info for record in caplog.records)


@pytest.mark.parametrize(
    ("path", "accept", "kind"),
    [("/ask", "text/html", "text/html"), ("/quality", "text/html", "text/html"), ("/mcp", "text/html", "problem+json"),
     ("/ask", "*/*", "problem+json")],
)  # fmt: skip
def test_what_breaks_behind_any_face_is_told(path: str, accept: str, kind: str, caplog: Any) -> None:
    """A page is told as a page in the reader's language, a program gets a problem; the log has no text of the error."""

    async def broken(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise ValueError("private words")

    inner: Any = Net(broken)
    found = TestClient(inner, raise_server_exceptions=False).get(
        path, headers={"Accept": accept, "Accept-Language": "nl"}
    )
    assert found.status_code == 500
    assert kind in found.headers["content-type"]
    assert "Er ging bij ons iets mis" in found.text
    assert "private" not in found.text + caplog.text
    with pytest.raises(ValueError, match="private"):
        TestClient(inner).get("/gradio_api/queue/data")


def test_a_stored_answer_is_kept_by_no_cache(api: TestClient) -> None:
    """It holds what a visitor asked."""
    known = api.post("/api/v1/ask", json={"question": "Start IA"}).json()["id"]
    assert api.get(f"/api/v1/answers/{known}").headers["cache-control"] == "no-store"

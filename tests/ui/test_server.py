"""The web application over a scripted bot: API, health, limits, headers."""

from __future__ import annotations

import json
import logging
import re

import pytest
from fastapi.testclient import TestClient

from tests.ui.scripted import ScriptedBot

START = {"question": "Qu'est-ce que Start IA ?"}


def events(text: str) -> list[tuple[str, dict[str, object]]]:
    """Return name and data of each event of a stream."""
    found = []
    for block in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        found.append((fields["event"], json.loads(fields["data"])))
    return found


def test_ask_gives_the_public_form_of_the_answer(client: TestClient) -> None:
    """A question gets the same JSON as everywhere else, with its quotes."""
    answer = client.post("/api/v1/ask", json=START).json()
    assert answer["status"] == "answered"
    assert answer["citations"][0]["quote"] in answer["citations"][0]["passage"]
    assert not {"complete", "stage", "notes"} & set(answer)


def test_ask_streams_status_tokens_and_answer(client: TestClient) -> None:
    """A caller that accepts events gets the steps, the text as it grows, then the whole answer."""
    response = client.post("/api/v1/ask", json=START, headers={"Accept": "text/event-stream"})
    found = events(response.text)
    assert response.headers["x-accel-buffering"] == "no"
    assert [name for name, _ in found][:3] == ["status", "status", "status"]
    assert "".join(str(data["text"]) for name, data in found if name == "token").startswith("Start IA est")
    assert found[-1][0] == "answer"
    assert found[-1][1]["generation"] == 7


def test_history_reaches_the_bot(client: TestClient, bot: ScriptedBot) -> None:
    """The earlier turns of a stateless caller are handed on."""
    client.post("/api/v1/ask", json=START | {"history": [{"role": "user", "text": "Bonjour"}]})
    assert bot.histories[0][0].text == "Bonjour"


@pytest.mark.parametrize("language", ["fr", "nl", "de", "en"])
def test_an_empty_question_is_a_problem_in_the_readers_language(client: TestClient, language: str) -> None:
    """An empty question is refused with a sentence in the language that was asked for."""
    response = client.post("/api/v1/ask", json={"question": "  ", "language": language})
    sentences = {"fr": "Écrivez", "nl": "Schrijf", "de": "Schreiben", "en": "Write"}
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["detail"].startswith(sentences[language])


def test_a_long_question_is_refused_with_both_lengths(client: TestClient) -> None:
    """A question over the limit is told its own length and the limit."""
    detail = client.post("/api/v1/ask", json={"question": "x" * 601}).json()["detail"]
    assert "601" in detail
    assert "600" in detail


def test_a_malformed_request_names_the_field_and_repeats_nothing(client: TestClient) -> None:
    """A body of the wrong form is a problem that names the field without echoing what was sent."""
    response = client.post("/api/v1/ask", json={"question": "a", "language": "secret"})
    assert response.status_code == 422
    assert "language" in response.json()["detail"]
    assert "secret" not in response.text


def test_a_crash_is_a_sentence_and_leaves_no_question_in_the_log(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever breaks behind the counter, the caller gets a problem and the log no words of the question."""
    with caplog.at_level(logging.DEBUG):
        response = client.post("/api/v1/ask", json={"question": "please crash 12345"})
    assert response.status_code == 500
    assert response.json()["type"].endswith(":unexpected")
    assert "ZeroDivisionError" in caplog.text
    assert "12345" not in caplog.text + response.text


def test_a_crash_in_a_stream_is_an_error_event(client: TestClient) -> None:
    """A stream that cannot go on ends with an error event, not with a cut."""
    response = client.post("/api/v1/ask", json={"question": "crash"}, headers={"Accept": "text/event-stream"})
    assert events(response.text)[-1][0] == "error"


def test_feedback_is_kept(client: TestClient, bot: ScriptedBot) -> None:
    """A thumb down with its reason reaches the bot."""
    identity = client.post("/api/v1/ask", json=START).json()["id"]
    body = {"answer_id": identity, "rating": -1, "reason": "Le prix manque"}
    assert client.post("/api/v1/feedback", json=body).status_code == 204
    assert bot.ratings == [(identity, -1, "Le prix manque")]


def test_feedback_on_nothing_is_refused(client: TestClient, bot: ScriptedBot) -> None:
    """A rating of an answer that was never given is a 404; a rating of 5 is malformed."""
    assert client.post("/api/v1/feedback", json={"answer_id": "none", "rating": 1}).status_code == 404
    assert client.post("/api/v1/feedback", json={"answer_id": "none", "rating": 5}).status_code == 422
    assert bot.ratings == []


def test_a_stored_answer_can_be_read_again(client: TestClient) -> None:
    """An answer is found under its id; another id is a 404."""
    answer = client.post("/api/v1/ask", json=START).json()
    assert client.get(f"/api/v1/answers/{answer['id']}").json() == answer
    assert client.get("/api/v1/answers/none").status_code == 404


def test_health_and_readiness(client: TestClient, bot: ScriptedBot) -> None:
    """The process is healthy as long as it answers, ready only once the bot is."""
    assert client.get("/healthz").json()["status"] == "ok"
    assert client.get("/readyz").status_code == 200
    bot.ready = False
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
    assert client.post("/api/v1/ask", json=START).status_code == 503


@pytest.mark.parametrize("path", ["/", "/healthz", "/api/v1/answers/none", "/nowhere", "/static/guichet.css"])
def test_every_response_carries_the_security_headers(client: TestClient, path: str) -> None:
    """Pages, files, errors: all forbid foreign frames and sniffing, and none sets a cookie or opens to another site."""
    headers = client.get(path, headers={"Origin": "https://evil.example", "Host": "guichet.example"}).headers
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert "referrer-policy" in headers
    assert "permissions-policy" in headers
    assert not any(name.startswith("access-control-") or name == "set-cookie" for name in headers)


def test_the_policy_of_the_page_allows_its_own_scripts_only(client: TestClient) -> None:
    """No other host, no inline script without this response's nonce, and a new nonce each time."""
    response = client.get("/")
    policy = response.headers["content-security-policy"]
    nonce = policy.split("'nonce-")[1].split("'")[0]
    assert "http" not in policy
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
    scripts = re.findall(r"<script[^>]*>", response.text)
    assert len(scripts) > 3
    assert all(f'nonce="{nonce}"' in script for script in scripts)
    assert nonce not in client.get("/").headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    ["/gradio_api/upload", "/gradio_api/info", "/gradio_api/file=/etc/passwd", "/config", "/openapi.json", "/docs",
     "/gradio_api/runs", "/monitoring", "/login", "/gradio_api/proxy=http://example.org", "/anything/else",
     "/static/../server.py", "/gradio_api/component_server"],
)  # fmt: skip
def test_gradio_routes_that_the_page_does_not_need_are_refused(client: TestClient, path: str) -> None:
    """Uploads, files, schemas and other pages of Gradio answer 404."""
    assert client.get(path).status_code == 404
    assert client.post(path, files={"files": b"x"}).status_code in {404, 405}


def test_a_large_body_is_refused(client: TestClient) -> None:
    """Nobody can post megabytes to a page that takes 600 characters."""
    assert client.post("/api/v1/ask", content=b"x" * 200_000).status_code == 413
    assert client.post("/gradio_api/queue/join", content=b"x" * 200_000).status_code == 413


@pytest.mark.parametrize(
    ("address", "header", "expected"),
    [("/?lang=nl", "fr", "nl"), ("/", "de-BE,de;q=0.9,fr;q=0.5", "de"), ("/", "es,en;q=0.3", "en"),
     ("/?lang=xx", "ja", "fr"), ("/", "fr;q=0.2,nl;q=0.8", "nl"), ("/", ";;q=x,,", "fr")],
)  # fmt: skip
def test_the_page_speaks_the_language_of_address_then_browser(
    client: TestClient, address: str, header: str, expected: str
) -> None:
    """The address decides, else the browser, else French; the whole frame stands in the first response."""
    response = client.get(address, headers={"Accept-Language": header})
    assert f'lang="{expected}"' in response.text[:200]
    assert response.headers["content-language"] == expected
    labels = {"fr": "Votre question", "nl": "Uw vraag", "de": "Ihre Frage", "en": "Your question"}
    assert labels[expected] in response.text


def test_the_page_names_no_third_party(client: TestClient) -> None:
    """Nothing in the page's head points a browser to another site."""
    head, body, _ = client.get("/").text.partition("<body")
    assert body
    assert "raw.githubusercontent" not in head
    assert "gradio.app" not in head
    assert "fonts.g" not in head

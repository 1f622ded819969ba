"""Answers as events: over real connections, which break, are left and come back."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import sync_playwright
from starlette.requests import ClientDisconnect
from starlette.types import Message

from ingest.settings import load
from tests.slowness import slowness
from tests.ui.api.served import Event, read, served
from tests.ui.scripted import ScriptedBot
from ui.api import asking, streams
from ui.server import create_app

QUESTION = {"question": "Qu'est-ce que Start IA ?"}
SLOW = {"question": "slow: qu'est-ce que Start IA ?"}
EVENTS = {"Accept": "text/event-stream"}
CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[ScriptedBot, str]]:
    """A bot that takes a tenth of a second for each step, and where it answers."""
    bot = ScriptedBot(pause=0.1)
    with served(create_app(bot, load(max_question=600))) as address:
        yield bot, address


@pytest.fixture
def slow_bot(shared: tuple[ScriptedBot, str]) -> ScriptedBot:
    """That bot, as if nobody had asked it."""
    bot, _ = shared
    bot.finished = 0
    bot.histories.clear()
    return bot


@pytest.fixture
def client(shared: tuple[ScriptedBot, str]) -> Iterator[httpx.Client]:
    """A client of it."""
    with httpx.Client(base_url=shared[1], timeout=20) as client:
        yield client


def heard(client: httpx.Client, address: str, *, most: int = 100, after: str = "") -> list[Event]:
    """Return the next events of a stream; the connection is broken off after *most*."""
    found: list[Event] = []
    with client.stream("GET", address, headers={"Last-Event-ID": after} if after else {}) as response:
        assert response.status_code == 200
        for event in read(response.iter_lines()):
            found.append(event)
            if len(found) == most:
                break
    return found


def test_an_interrupted_stream_goes_on_where_it_broke(client: httpx.Client, slow_bot: ScriptedBot) -> None:
    """A caller who comes back with the last event's id gets the rest, without a gap, and nothing is asked again."""
    started = client.post("/api/v1/streams", json=QUESTION)
    address = started.headers["location"]
    assert started.status_code == 201
    assert QUESTION["question"] not in address
    first = heard(client, address, most=2)
    rest = heard(client, address, after=first[-1].id)
    whole = heard(client, address)
    assert [event.id for event in first + rest] == [event.id for event in whole]
    assert len({event.id for event in whole}) == len(whole)
    assert rest[-1].name == "answer"
    assert len(slow_bot.histories) == 1


def test_a_stream_that_was_heard_to_the_end_sends_nobody_back(client: httpx.Client) -> None:
    """After the last event there is 204, which ends a browser's EventSource; the whole answer can still be heard."""
    address = client.post("/api/v1/streams", json=QUESTION).headers["location"]
    last = heard(client, address)[-1]
    assert client.get(address, headers={"Last-Event-ID": last.id}).status_code == 204
    assert heard(client, address)[-1].data == last.data


def test_the_same_request_with_the_last_id_is_not_asked_again(client: httpx.Client, slow_bot: ScriptedBot) -> None:
    """Clients that repeat their POST when it broke get what they missed; anything else has to begin anew."""
    whole = client.post("/api/v1/ask", json=QUESTION, headers=EVENTS)
    events = list(read(whole.text.splitlines()))
    again = client.post("/api/v1/ask", json=QUESTION, headers=EVENTS | {"Last-Event-ID": events[1].id})
    assert list(read(again.text.splitlines())) == events[2:]
    assert again.headers["content-location"] == whole.headers["content-location"]
    others: list[tuple[dict[str, object], str]] = [
        ({"question": "Wat is Start IA?"}, events[1].id), (QUESTION | {"language": "nl"}, events[1].id),
        (QUESTION | {"profile": {"size": "small"}}, events[1].id), (dict(QUESTION), "x"),
        (dict(QUESTION), "R3VpY2hldCBJQSwgYm9uam.1"), (dict(QUESTION), events[0].id.replace(".1", ".999")),
    ]  # fmt: skip
    for body, last in others:
        refused = client.post("/api/v1/ask?lang=en", json=body, headers=EVENTS | {"Last-Event-ID": last})
        assert refused.status_code == 409
        assert refused.json()["type"].endswith(":not_resumable")
        assert "Last-Event-ID" in refused.json()["detail"]
    assert len(slow_bot.histories) == 1


def test_a_post_that_broke_goes_on_where_it_broke(client: httpx.Client, slow_bot: ScriptedBot) -> None:
    """While the answer still grows: the same request with the last id brings the rest, each event once."""
    first: list[Event] = []
    with client.stream("POST", "/api/v1/ask", json=QUESTION, headers=EVENTS) as response:
        for event in read(response.iter_lines()):
            first.append(event)
            if event.name == "token":
                break
        address = response.headers["content-location"]
    rest = client.post("/api/v1/ask", json=QUESTION, headers=EVENTS | {"Last-Event-ID": first[-1].id})
    found = first + list(read(rest.text.splitlines()))
    assert found == heard(client, address)
    assert found[-1].name == "answer"
    assert "".join(each.data["text"] for each in found if each.name == "token") in found[-1].data["text"]
    assert len(slow_bot.histories) == 1


@pytest.mark.parametrize("path", ["ask", "streams"])
def test_an_answer_gives_way_to_the_next_question_of_its_conversation(
    client: httpx.Client, slow_bot: ScriptedBot, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """Who stops an answer and asks on is answered at once: the one that he left does not go on for its grace."""
    monkeypatch.setattr("ui.admission.admission.PATIENCE", 30.0)  # however late the server sees that he has left
    talk = {"conversation": "stopped-and-asked-on"}
    with client.stream("POST", "/api/v1/ask", json=SLOW | talk, headers=EVENTS) as response:
        next(read(response.iter_lines()))
        left = response.headers["content-location"]
    after = client.post(f"/api/v1/{path}", json=QUESTION | talk)
    if path == "streams":
        assert heard(client, after.headers["location"])[-1].name == "answer"
    else:
        assert after.json()["status"] == "answered"
    assert client.get(left).status_code == 404
    assert slow_bot.finished == 1


def test_who_leaves_stops_the_answer(
    client: httpx.Client, slow_bot: ScriptedBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer on its asker's own connection ends soon after it; one at an address of its own waits for him."""
    monkeypatch.setattr(asking, "BRIEF", 0.1)
    with client.stream("POST", "/api/v1/ask", json=QUESTION, headers=EVENTS) as response:
        next(read(response.iter_lines()))
    address = client.post("/api/v1/streams", json=QUESTION).headers["location"]
    heard(client, address, most=1)
    time.sleep(1.0 * slowness())  # ten steps: both would have ended
    assert slow_bot.finished == 1
    assert heard(client, address)[-1].name == "answer"


def test_who_leaves_stops_an_answer_as_json_too(client: httpx.Client, slow_bot: ScriptedBot) -> None:
    """A caller who no longer waits for the whole answer does not have it made."""
    with pytest.raises(httpx.ReadTimeout):
        client.post("/api/v1/ask", json=QUESTION, timeout=0.25)
    time.sleep(0.8 * slowness())
    assert len(slow_bot.histories) == 1
    assert slow_bot.finished == 0


def test_a_stream_that_nobody_hears_is_stopped(
    client: httpx.Client, slow_bot: ScriptedBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who starts an answer and never listens has it stopped, and it is forgotten."""
    monkeypatch.setattr(asking, "GRACE", 0.15)
    address = client.post("/api/v1/streams", json=SLOW).headers["location"]
    time.sleep(0.3 * slowness())  # to look at it would be to hear it
    assert client.get(address).status_code == 404
    assert slow_bot.finished == 0


def test_who_leaves_before_the_first_event_stops_the_answer() -> None:
    """A caller who is gone before anything was sent: the answer that began for him is stopped, not finished unheard."""
    stopped: list[str] = []

    async def events() -> AsyncIterator[streams.Named]:
        try:
            await asyncio.sleep(60 * slowness())
            yield "answer", {}
        finally:
            stopped.append("stopped")

    async def work() -> None:
        run = streams.Streams().begin(events(), "Start IA", leave=lambda: stopped.append("let go"))
        await asyncio.sleep(0)
        response = streams.EventResponse(run.listen(), left=run.left)

        async def receive() -> Message:
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            raise OSError("the caller is gone")

        with contextlib.suppress(ClientDisconnect):
            await response({"type": "http", "asgi": {"spec_version": "2.4"}}, receive, send)
        async with asyncio.timeout(5 * slowness()):
            while "let go" not in stopped:
                await asyncio.sleep(0.01)

    asyncio.run(work())
    assert stopped == ["stopped", "let go"]


def test_a_stream_can_be_stopped(client: httpx.Client, slow_bot: ScriptedBot) -> None:
    """DELETE ends an answer under way and forgets it; a second time there is nothing."""
    address = client.post("/api/v1/streams", json=SLOW).headers["location"]
    assert client.delete(address).status_code == 204
    assert client.delete(address).status_code == 404
    assert client.get(address).status_code == 404
    assert slow_bot.finished == 0


def test_silence_is_filled_with_heartbeats(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a step takes long, comments go out, so that no proxy closes the connection."""
    monkeypatch.setattr(streams, "HEARTBEAT", 0.1)
    address = client.post("/api/v1/streams", json=SLOW).headers["location"]
    with client.stream("GET", address) as response:
        lines = response.iter_lines()
        assert next(lines) == f"retry: {streams.RETRY}"
        beats = 0
        for line in lines:
            beats += line.startswith(": ")
            if beats == 3:
                break
    client.delete(address)
    assert beats == 3


def test_only_so_many_answers_are_held_at_a_time(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """When all places are taken by answers under way, another one is refused for a moment; finished ones make room."""
    done = client.post("/api/v1/streams", json=QUESTION).headers["location"]
    heard(client, done)
    monkeypatch.setattr(streams, "MOST", 1)
    address = client.post("/api/v1/streams", json=SLOW).headers["location"]
    assert client.get(done).status_code == 404
    refused = client.post("/api/v1/streams", json=QUESTION)
    assert refused.status_code == 503
    assert refused.headers["retry-after"].isdecimal()
    assert refused.json()["type"].endswith(":busy")
    asked = client.post("/api/v1/ask", json=QUESTION, headers=EVENTS)
    assert list(read(asked.text.splitlines()))[-1].name == "answer"
    client.delete(address)


def test_finished_answers_are_forgotten_after_a_while(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """What visitors asked does not stay in memory."""
    monkeypatch.setattr(streams, "KEPT", 0.05)
    response = client.post("/api/v1/ask", json=QUESTION, headers=EVENTS)
    address = response.headers["content-location"]
    until = time.monotonic() + 5
    while client.get(address).status_code != 404 and time.monotonic() < until:
        time.sleep(0.05)
    assert client.get(address).status_code == 404


def test_ids_of_other_streams_lead_nowhere(client: httpx.Client) -> None:
    """A wrong, forged or endless Last-Event-ID brings the stream from its beginning, never another one's."""
    mine = client.post("/api/v1/streams", json=QUESTION).headers["location"]
    other = heard(client, client.post("/api/v1/streams", json=QUESTION).headers["location"])
    whole = heard(client, mine)
    for forged in (other[1].id, "x", "9" * 5000, whole[0].id.replace(".1", ".999"), whole[0].id + "\\n", "../../1"):
        assert heard(client, mine, after=forged) == whole


def test_curl_shows_events_as_they_come(shared: tuple[ScriptedBot, str]) -> None:
    """``curl -N`` prints the first event long before the answer is whole."""
    command = ["curl", "-sN", "-H", "Accept: text/event-stream", "-H", "Content-Type: application/json"]
    command += ["-d", json.dumps(QUESTION), f"{shared[1]}/api/v1/ask"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as curl:
        assert curl.stdout
        times = [(event.name, time.monotonic()) for event in read(curl.stdout)]
    assert curl.returncode == 0
    assert [times[0][0], times[-1][0]] == ["status", "answer"]
    assert times[-1][1] - times[0][1] > 0.3


def test_a_browsers_event_source_hears_an_answer_and_ends(shared: tuple[ScriptedBot, str]) -> None:
    """EventSource gets every event once; left open, it connects again with its last id and is told to stop."""
    script = """async (question) => {
      const started = await fetch('/api/v1/streams', {
        method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({question}),
      })
      const source = new EventSource(started.headers.get('Location'))
      const heard = []
      let opened = 0
      for (const name of ['status', 'token', 'answer'])
        source.addEventListener(name, (event) => heard.push([name, event.lastEventId, event.data]))
      source.addEventListener('open', () => { opened += 1 })
      while (source.readyState !== EventSource.CLOSED) await new Promise((next) => setTimeout(next, 50))
      return {heard, opened}
    }"""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is missing")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.goto(shared[1] + "/quality")
        result = page.evaluate(script, QUESTION["question"])
        browser.close()
    names = [name for name, _, _ in result["heard"]]
    assert names[0] == "status"
    assert names.count("answer") == 1
    assert len({id for _, id, _ in result["heard"]}) == len(names)
    answer = json.loads(result["heard"][-1][2])
    said = "".join(json.loads(data)["text"] for name, _, data in result["heard"] if name == "token")
    assert answer["text"].startswith(said.strip())

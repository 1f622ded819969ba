"""What a browser or a program sees of a model at work: text as it comes, and an end to it when nobody listens."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bot.budget import budget_day
from bot.service import Bot
from tests.llm.double import Double
from tests.llm.library import model_bot
from tests.llm.served import served

QUESTION = "Combien paie la prime ?"


@pytest.fixture
def slow_bot(tmp_path: Path, double: Double) -> Iterator[Bot]:
    """A bot whose model sends a token every tenth of a second."""
    with model_bot(tmp_path, double, "quotes@100") as bot:
        yield bot


def events(response: httpx.Response) -> Iterator[tuple[str, dict[str, object]]]:
    """The server-sent events of a response."""
    name = ""
    for line in response.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def test_text_comes_before_the_answer_is_whole(slow_bot: Bot) -> None:
    """The first words arrive while the model still writes, and what arrives adds up to the answer's beginning."""
    with served(slow_bot) as address:
        asked = httpx.Request(
            "POST", f"{address}/api/v1/ask", json={"question": QUESTION}, headers={"accept": "text/event-stream"}
        )
        with httpx.Client(timeout=30) as client:
            response = client.send(asked, stream=True)
            began, times, text = time.monotonic(), [], ""
            for name, data in events(response):
                if name == "token":
                    times.append(time.monotonic() - began)
                    text = str(data["text"]) if data.get("replaces") else text + str(data["text"])
                if name == "answer":
                    assert data["mode"] == "llm:quotes@100"
                    assert len(times) > 3
                    assert times[0] < (time.monotonic() - began) / 2
                    assert "30 %" in str(data["text"])
                    assert text.split()[0] == str(data["text"]).split()[0]
                    return
    pytest.fail("no answer came")


def test_a_client_that_goes_ends_the_request_to_the_model(
    slow_bot: Bot, double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once nobody comes back the request is closed upstream too: nobody pays for words that nobody reads."""
    monkeypatch.setattr("ui.api.asking.BRIEF", 0.0)
    with served(slow_bot) as address, httpx.Client(timeout=30) as client:
        headers = {"accept": "text/event-stream"}
        with client.stream("POST", f"{address}/api/v1/ask", json={"question": QUESTION}, headers=headers) as response:
            for name, _ in events(response):
                if name == "token":
                    break
        left = time.perf_counter()
        exchange = double.wait_for("quotes@100")
        assert exchange.end == "cancelled"
        assert exchange.ended - left < 1.0
    assert slow_bot.library.usage.spent(budget_day(), "api").tokens > 0

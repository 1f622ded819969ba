"""A small real server that speaks OpenAI's chat completions; the name of the model says how it behaves.

``python -m tests.llm.double --port 8099`` serves it for trying things out by hand. ``NAME@MS`` sends a token every so
many milliseconds: ``quotes@40`` is a good model that writes 25 tokens a second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from tests.llm.prompt import Prompt
from tests.llm.replies import BEHAVIOURS, Cut, Pause, Step, paced

End = Literal["running", "finished", "cut", "cancelled"]
REFUSALS: Mapping[str, tuple[int, str, str]] = {
    "401": (401, "invalid_request_error", "Incorrect API key provided: sk-secret."),
    "429": (429, "rate_limit_exceeded", "Rate limit reached for requests."),
    "500": (500, "server_error", "The server had an error while processing your request."),
}
"""Models that are answered with an error before anything is sent: status, code and message."""
RETRY_AFTER = "20"
MUTE = "mute"
"""A model that is still being loaded: not even the head of a response comes."""
MODELS = (*REFUSALS, *BEHAVIOURS, MUTE)


class Broken(Exception):
    """The server breaks the connection, as the behaviour wants it."""


@dataclass(eq=False)
class Exchange:
    """One request and what became of it; times are those of ``time.perf_counter``."""

    model: str
    messages: Sequence[Mapping[str, Any]]
    body: Mapping[str, Any]
    headers: Mapping[str, str]
    began: float
    at: list[float] = field(default_factory=list)
    """When each piece of text was sent."""
    said: str = ""
    end: End = "running"
    """``cancelled``: the client went before all was said."""
    ended: float = math.nan

    @property
    def prompt(self) -> Prompt:
        """The request as the model understands it."""
        return Prompt.read(self.messages)

    @property
    def usage(self) -> dict[str, int]:
        """Tokens as OpenAI reports them; here a token is four letters."""
        sent, said = len(self.prompt.text) // 4, len(self.at)
        return {"prompt_tokens": sent, "completion_tokens": said, "total_tokens": sent + said}


@dataclass(eq=False)
class Double:
    """The server: where it listens and everything it was asked."""

    base_url: str = ""
    exchanges: list[Exchange] = field(default_factory=list)

    def requests(self, model: str) -> list[Exchange]:
        """Return what was asked of one model, oldest first."""
        return [exchange for exchange in self.exchanges if exchange.model == model]

    def wait_for(self, model: str, seconds: float = 5.0) -> Exchange:
        """Return the last exchange with *model* once it is over: the server hears of a client that goes a bit later."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = self.requests(model)
            if found and found[-1].end != "running":
                return found[-1]
            time.sleep(0.005)
        raise TimeoutError(f"no exchange with {model} came to an end within {seconds} s")

    def application(self) -> FastAPI:
        """Return the application that serves this object."""
        app = FastAPI()

        @app.get("/health")
        async def health() -> dict[str, str]:
            return {"status": "ok"}

        @app.get("/v1/models")
        async def models() -> dict[str, Any]:
            entries = [{"id": name, "object": "model", "created": 0, "owned_by": "tests"} for name in MODELS]
            return {"object": "list", "data": entries}

        @app.post("/v1/chat/completions")
        async def complete(request: Request) -> Response:
            body = await request.json()
            exchange = Exchange(body["model"], body["messages"], body, dict(request.headers), time.perf_counter())
            again = bool(self.requests(exchange.model))
            self.exchanges.append(exchange)
            return await _respond(exchange, request, again=again)

        return app


async def _respond(exchange: Exchange, request: Request, *, again: bool) -> Response:
    name, _, pace = exchange.model.partition("@")
    failing = "500" if name == "flaky" and not again else name
    if failing in REFUSALS:
        return _refusal(failing, exchange)
    if name == MUTE:
        await _gone(request)
        _close(exchange, "cancelled")
        return Response()
    if name not in BEHAVIOURS:
        _close(exchange, "finished")
        return _error(404, "model_not_found", f"The model `{name}` does not exist.")
    steps: Iterable[Step] = BEHAVIOURS[name](exchange.prompt)
    if pace:
        # Only texts are paced: a behaviour that breaks off has no use for it.
        steps = paced((step for step in steps if isinstance(step, str)), int(pace) / 1000)
    events = _events(exchange, request, steps)
    if exchange.body.get("stream"):
        return StreamingResponse(events, media_type="text/event-stream")
    async for _ in events:
        pass
    return JSONResponse(_whole(exchange))


def _refusal(name: str, exchange: Exchange) -> Response:
    _close(exchange, "finished")
    status, code, message = REFUSALS[name]
    return _error(status, code, message, {"Retry-After": RETRY_AFTER} if status == 429 else {})


def _error(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    error = {"message": message, "type": code, "param": None, "code": code}
    return JSONResponse({"error": error}, status, headers=headers)


async def _events(exchange: Exchange, request: Request, steps: Iterable[Step]) -> AsyncIterator[str]:
    """Yield what the behaviour says as server-sent events, until all is said or the client has gone."""
    gone = asyncio.ensure_future(_gone(request))
    end: End = "cancelled"
    try:
        yield _event(exchange, {"role": "assistant", "content": ""})
        for step in steps:
            if isinstance(step, Pause):
                await asyncio.wait({gone}, timeout=None if math.isinf(step.seconds) else step.seconds)
            elif isinstance(step, Cut):
                end = "cut"
                raise Broken
            else:
                exchange.at.append(time.perf_counter())
                exchange.said += step
                yield _event(exchange, {"content": step})
                # A stream of a hundred thousand tokens must leave room to hear that the client goes.
                await asyncio.sleep(0)
            if gone.done():
                return
        yield _event(exchange, {}, finish="stop")
        if (exchange.body.get("stream_options") or {}).get("include_usage"):
            yield _line({**_head(exchange), "choices": [], "usage": exchange.usage})
        yield "data: [DONE]\n\n"
        end = "finished"
    finally:
        gone.cancel()
        _close(exchange, end)


def _close(exchange: Exchange, end: End) -> None:
    exchange.ended = time.perf_counter()
    exchange.end = end


async def _gone(request: Request) -> None:
    """Return when the client has closed the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _head(exchange: Exchange, kind: str = "chat.completion.chunk") -> dict[str, Any]:
    return {"id": f"chatcmpl-{id(exchange)}", "object": kind, "created": int(time.time()), "model": exchange.model}


def _event(exchange: Exchange, delta: Mapping[str, str], finish: str | None = None) -> str:
    return _line({**_head(exchange), "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def _line(data: Mapping[str, Any]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"


def _whole(exchange: Exchange) -> dict[str, Any]:
    message = {"role": "assistant", "content": exchange.said}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {**_head(exchange, "chat.completion"), "choices": [choice], "usage": exchange.usage}


@contextmanager
def serving(double: Double | None = None) -> Iterator[Double]:
    """Serve on a free port of this machine, in a thread, until the test is done."""
    double = double or Double()
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        double.base_url = f"http://127.0.0.1:{held.getsockname()[1]}/v1"
        # Connections that break on purpose are no news.
        running = uvicorn.Server(uvicorn.Config(double.application(), log_level="critical", lifespan="off"))
        held.listen()
        thread = threading.Thread(target=running.run, kwargs={"sockets": [held]}, daemon=True)
        thread.start()
        try:
            yield double
        finally:
            running.should_exit = True
            running.force_exit = True
            thread.join(10)


@contextmanager
def refusing() -> Iterator[str]:
    """Yield the address of a port that refuses connections: it is held, and nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}/v1"


@contextmanager
def unreachable() -> Iterator[str]:
    """Yield the address of a port that neither accepts nor refuses: its queue is full."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        try:
            for each in waiting:
                each.setblocking(False)
                each.connect_ex(held.getsockname())
            yield f"http://127.0.0.1:{held.getsockname()[1]}/v1"
        finally:
            for each in waiting:
                each.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m tests.llm.double", description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8099)
    options = parser.parse_args(arguments)
    uvicorn.run(Double().application(), host=options.host, port=options.port, log_level="warning")
    return 0


if __name__ == "__main__":
    sys.exit(main())

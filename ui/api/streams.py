"""Answers as server-sent events that outlive a broken connection.

An answer under way fills a :class:`Run` with events; whoever listens gets them from the first, or after the last one
that he has seen. A run that nobody hears is stopped, at once or after a while; one that has ended is kept for a while.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import Any

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from ui.api.callers import EVENTS

logger = logging.getLogger(__name__)

HEARTBEAT = 10.0
"""Seconds of silence after which a comment tells proxies and callers that the answer is still under way."""
GRACE = 15.0
"""Seconds that an answer goes on without a listener, where its caller said that it may come back."""
BRIEF = 5.0
"""The same where the question came on the connection that broke: a phone that changes its network is back by then."""
RETRY = 1000
"""Milliseconds after which a browser connects again to a stream that broke."""
KEPT = 120.0
"""Seconds that the events of a finished answer are kept."""
MOST = 512
"""Answers that are under way or kept at a time."""
LARGEST = 1_000_000
"""Characters of events that one answer may have."""
LARGEST_TOGETHER = 32_000_000
"""Characters of events of all answers together, from which finished ones are let go of, the oldest first."""
BEAT = ": still here\n\n"

Named = tuple[str, dict[str, Any]]
"""Name and data of an event."""
_EVENT_ID = re.compile(r"([\w-]{22})\.(\d{1,9})")


class Run:
    """One answer under way, or just finished."""

    def __init__(self, request: str, grace: float, talk: str) -> None:
        """*request* marks what was asked; *grace* is for how many seconds it goes on when nobody listens."""
        self.id = secrets.token_urlsafe(16)
        self.request = request
        self.grace = grace
        self.talk = talk
        self.events: list[str] = []
        self.size = 0
        self.done = False
        self._listeners = 0
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._leaving: asyncio.TimerHandle | None = None

    async def follow(self, events: AsyncIterator[Named]) -> None:
        """Take the events of an answer until it ends."""
        async for name, data in events:
            self._add(name, data)
            if self.size > LARGEST:
                logger.error("a stream was longer than %s characters", LARGEST)
                return

    def start(self, task: asyncio.Task[None]) -> None:
        """Note the task that follows the answer; somebody has to listen soon."""
        self._task = task
        if self.grace:
            self._leaving = asyncio.get_running_loop().call_later(self.grace, self.stop)

    def stop(self) -> None:
        """End the answer, and with it what it asks of a language model."""
        if self._task:
            self._task.cancel()

    def give_way(self) -> None:
        """Stop the answer as soon as nobody listens: its asker has asked something else."""
        self.grace = 0.0
        if self._leaving:
            self._leaving.cancel()
            self._leaving = None
        self.left()

    def close(self) -> None:
        """Let go of the listeners once they have heard everything: no event will come any more."""
        self.done = True
        if self._leaving:
            self._leaving.cancel()
        self._wake()

    async def listen(self, after: int = 0) -> AsyncIterator[str]:
        """Yield the events after the *after*-th as they come, and a heartbeat in each silence."""
        with self._heard():
            while True:
                if after < len(self.events):
                    news = "".join(self.events[after:])
                    after = len(self.events)
                    yield news
                elif self.done:
                    return
                else:
                    try:
                        async with asyncio.timeout(HEARTBEAT):
                            await self._news.wait()
                    except TimeoutError:
                        yield BEAT

    @contextmanager
    def _heard(self) -> Iterator[None]:
        self._listeners += 1
        if self._leaving:
            self._leaving.cancel()
            self._leaving = None
        try:
            yield
        finally:
            self._listeners -= 1
            self.left()

    def left(self) -> None:
        """Stop the answer, at once or after its grace, if nobody listens."""
        if not self._listeners and not self.done and not self._leaving:
            self._leaving = asyncio.get_running_loop().call_later(self.grace, self.stop)

    def _add(self, name: str, data: dict[str, Any]) -> None:
        number = len(self.events) + 1
        event = f"id: {self.id}.{number}\nevent: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
        self.events.append(event)
        self.size += len(event)
        self._wake()

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()


class Streams:
    """The runs of one server, each under an id that nobody can guess."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}

    @property
    def full(self) -> bool:
        """Whether no further run can be kept: all places are taken by answers that are under way."""
        self._make_room()
        return len(self._runs) >= MOST

    def begin(
        self,
        events: AsyncIterator[Named],
        request: str,
        grace: float = 0.0,
        leave: Callable[[], object] = bool,
        talk: str = "",
    ) -> Run:
        """Return a new run over the *events* of the answer to *request*; it is kept if there is room.

        *leave* is called when it has ended, however. *talk* names the conversation, if it has a name.
        """
        # One that is not kept cannot be found again: nobody comes back to it.
        kept = not self.full
        run = Run(request, grace if kept else 0.0, talk)
        if kept:
            self._runs[run.id] = run
        task = asyncio.create_task(run.follow(events))
        task.add_done_callback(lambda ended: self._ended(run, ended))
        task.add_done_callback(lambda _: leave())
        run.start(task)
        return run

    def find(self, id: str) -> Run | None:
        """Return a run that is under way or was kept."""
        return self._runs.get(id)

    def resumed(self, event_id: str | None) -> tuple[Run, int] | None:
        """Return the run that has sent the event *event_id*, with the number of that event."""
        found = _EVENT_ID.fullmatch(event_id or "")
        run = self._runs.get(found[1]) if found else None
        if found is None or run is None or int(found[2]) > len(run.events):
            return None
        return run, int(found[2])

    def make_way(self, talk: str) -> None:
        """Stop what is under way in a conversation that goes on with another question, once nobody listens to it."""
        for run in [run for run in self._runs.values() if talk and run.talk == talk and not run.done]:
            run.give_way()

    def drop(self, id: str) -> None:
        """Stop a run if it is under way, and forget it."""
        if run := self._runs.pop(id, None):
            run.stop()

    def _ended(self, run: Run, task: asyncio.Task[None]) -> None:
        run.close()
        if task.cancelled() or task.exception():
            self._runs.pop(run.id, None)
            if not task.cancelled():
                logger.error("a stream broke: %s", type(task.exception()).__name__)
            return
        asyncio.get_running_loop().call_later(KEPT, self._runs.pop, run.id, None)

    def _make_room(self) -> None:
        size = sum(run.size for run in self._runs.values()) if len(self._runs) > LARGEST_TOGETHER // LARGEST else 0
        for id, run in list(self._runs.items()):
            if len(self._runs) < MOST and size <= LARGEST_TOGETHER:
                return
            if run.done:
                size -= run.size
                del self._runs[id]


class EventResponse(StreamingResponse):
    """A stream of events to one caller; when he goes, what made them is told at once."""

    def __init__(
        self,
        events: AsyncIterator[str],
        headers: dict[str, str] | None = None,
        retry: int = 0,
        left: Callable[[], object] = bool,
    ) -> None:
        """*retry* tells a browser after how many milliseconds to connect again; *left* is called when he has gone."""
        unbuffered = {"cache-control": "no-store", "x-accel-buffering": "no"}
        self._left = left
        self._events = _after(f"retry: {retry}\n\n", events) if retry else events
        super().__init__(self._events, media_type=EVENTS, headers=unbuffered | (headers or {}))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events until they end or the caller goes."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            # A generator that is only dropped would be closed some time later.
            await self._events.aclose()  # type: ignore[attr-defined]
            # One that never began, since its caller left before the first event, has nothing to close.
            self._left()


async def _after(first: str, events: AsyncIterator[str]) -> AsyncIterator[str]:
    yield first
    async with aclosing(events):  # type: ignore[type-var]
        async for event in events:
            yield event

"""The staff desk at ``/staff``: a Gradio page of its own. Its markup and script are ours; Gradio carries two events.

``show`` brings a room, ``act`` does something in it. Each has a component of its own, so that what one says never
overtakes what the other says. Who asks is looked up anew for every event: a session may end while its page is open.
"""

from __future__ import annotations

import hmac
import logging
import os
import queue
import threading
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

# Gradio calls home when it is imported and mounted unless this is set before.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import gradio as gr
from fastapi import APIRouter, FastAPI, Request

from ingest.documents import Language
from ui.staff import frame
from ui.staff.desk import Desk, Fields, NoSuchPlace, NotAllowed, Outcome, Step
from ui.staff.forms import words
from ui.staff.people import Person
from ui.words import preferred

logger = logging.getLogger(__name__)

PATH = "/staff"
PERSON = "guichet.person"
"""Where a request's scope holds who makes it."""
LARGEST = 50 * 1024 * 1024

# Gradio finds the names of a component's events in this text.
CONNECT = """
// The event of this component: '{name}'.
window.desk.connect('{name}', element, trigger, props, watch);
"""


class Gate(Protocol):
    """Who knows which session is whose."""

    def person(self, cookies: Mapping[str, str], /) -> Person | None:
        """Return who is logged in by these cookies; None: nobody, or the session has ended."""


class Receive(Protocol):
    """Who takes in a file that has arrived."""

    def __call__(self, person: Person, name: str, path: Path, /) -> int:
        """Keep the file at *path*, synced, under a name that is only data; return the number of its revision.

        It may move the file away. A refusal is a ``GuichetError`` with a sentence for the person.
        """


@dataclass(frozen=True, slots=True)
class Staff:
    """Everything that the application needs to have a staff desk."""

    desk: Desk
    gate: Gate
    receive: Receive | None = None
    folder: Path | None = None
    """Where files are written while they arrive; on the same disk as the place that they are moved to."""
    largest: int = LARGEST
    """The largest file that is taken, in bytes."""
    routes: Sequence[APIRouter] = ()
    """Pages below ``/staff`` that are plain HTTP: log in, log out."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """An event as the page sent it, read with care: every part may be anything."""

    turn: str
    address: str
    language: Language
    token: str
    action: str
    fields: Fields

    @classmethod
    def of(cls, event: gr.EventData) -> _Asked:
        data = event._data if isinstance(event._data, dict) else {}
        fields = data.get("fields")
        return cls(
            turn=str(data.get("turn", "")),
            address=str(data.get("address", "")),
            language=preferred(str(data.get("language")), None),
            token=str(data.get("token", "")),
            action=str(data.get("action", "")),
            fields={str(key): str(value) for key, value in fields.items()} if isinstance(fields, dict) else {},
        )


def matches(person: Person, token: str) -> bool:
    """Return whether *token* is that of the person's session; a session without one permits nothing."""
    return bool(person.token) and hmac.compare_digest(person.token.encode(), token.encode())


def build(staff: Staff) -> gr.Blocks:
    """Return the page of the desk, ready to be mounted."""

    def show(event: gr.EventData, request: gr.Request) -> dict[str, Any]:
        """Return the room at an address, with the menu."""
        asked = _Asked.of(event)
        person = _present(staff.gate, request)
        if problem := _problem(person, asked):
            return problem
        assert person is not None
        return {"turn": asked.turn, "done": True, "shown": shown(staff.desk, person, asked.language, asked.address)}

    def act(event: gr.EventData, request: gr.Request) -> Iterator[dict[str, Any]]:
        """Yield the steps of an action, then its outcome with what is to be seen after it."""
        asked = _Asked.of(event)
        person = _present(staff.gate, request)
        if problem := _problem(person, asked):
            yield problem
            return
        assert person is not None
        for said in pursued(_acted(staff.desk, person, asked)):
            yield {"turn": asked.turn, **said}

    blocks = gr.Blocks(title="Guichet IA", analytics_enabled=False, delete_cache=(3600, 3600))
    with blocks:
        room = _carrier("show", "gradio-room")
        counter = _carrier("act", "gradio-act")
        quiet: dict[str, Any] = {"show_progress": "hidden", "trigger_mode": "multiple", "api_visibility": "private"}
        room.show(show, None, room, concurrency_limit=16, **quiet)
        counter.act(act, None, counter, concurrency_limit=8, **quiet)
    blocks.queue(max_size=200)
    return blocks


def _carrier(name: str, id: str) -> gr.HTML:
    connect = CONNECT.format(name=name)
    return gr.HTML(value={}, html_template="", js_on_load=connect, apply_default_css=False, elem_id=id)


def mount(app: FastAPI, staff: Staff) -> None:
    """Mount the desk without Gradio's footer, run history, uploads, monitoring or fonts."""

    def somebody(request: Request) -> str | None:
        # The threshold has looked already: one look-up a request, in a thread.
        person = request.scope.get(PERSON)
        return person.name if isinstance(person, Person) else None

    gr.mount_gradio_app(
        app,
        build(staff),
        path=PATH,
        auth_dependency=somebody,
        theme=gr.themes.Base(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]),
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        max_file_size="1kb",
        show_error=False,
        enable_monitoring=False,
        mcp_server=False,
        pwa=False,
    )


def shown(desk: Desk, person: Person, language: Language, address: str) -> dict[str, Any]:
    """Return what the page shows at *address*; whatever goes wrong there is a page with a sentence."""
    try:
        page = desk.show(person, language, address)
    except NoSuchPlace:
        page = frame.trouble("no_such_place", language)
    except NotAllowed:
        page = frame.trouble("not_allowed", language)
    except Exception as error:  # noqa: BLE001  one broken room must not take the desk away
        _note(error, "showing")
        page = frame.trouble("unexpected", language)
    return {"address": address, "html": str(page), "menu": str(frame.menu(desk, person, language, address))}


def _acted(desk: Desk, person: Person, asked: _Asked) -> Iterator[dict[str, Any]]:
    """Yield steps and outcome of the action; errors that are nobody's sentence become one."""
    outcome = Outcome(words("desk.unexpected", asked.language), failed=True)
    try:
        for said in desk.act(person, asked.language, asked.address, asked.action, asked.fields):
            if isinstance(said, Step):
                yield {"done": False, "step": said.text, "reached": said.done, "total": said.total}
            else:
                outcome = said
    except NotAllowed:
        outcome = Outcome(words("desk.not_allowed", asked.language), failed=True)
    except NoSuchPlace:
        outcome = Outcome(words("desk.no_such_action", asked.language), failed=True)
    except Exception as error:  # noqa: BLE001  staff get a sentence, whatever broke behind the desk
        _note(error, asked.action)
    if outcome.wrong and not outcome.failed:
        outcome = replace(outcome, failed=True)
    address = asked.address if outcome.go is None else outcome.go
    # What failed leaves the form as it is, with everything typed into it.
    stays = outcome.failed and outcome.go is None
    yield {
        "done": True,
        "message": outcome.message,
        "failed": outcome.failed,
        "wrong": dict(outcome.wrong),
        "renewed": dict(outcome.renewed),
        "go": outcome.go,
        "shown": None if stays else shown(desk, person, asked.language, address),
    }


def pursued(said: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield what is *said*, while the work goes on in a thread of its own until its end.

    Gradio drops a generator as soon as its page is closed: a work half done would be left so. Of several steps that
    nobody has heard yet, only the last is told.
    """
    told: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()

    def work() -> None:
        try:
            for each in said:
                told.put(each)
        finally:
            told.put(None)

    threading.Thread(target=work, name="desk-action", daemon=True).start()
    while (heard := told.get()) is not None:
        while not heard["done"] and not told.empty():
            newer = told.get()
            if newer is None:
                return
            heard = newer
        yield heard


def _present(gate: Gate, request: gr.Request) -> Person | None:
    """Return who makes this event now: the session may have ended since it was let in."""
    held = request.request
    person = gate.person(held.cookies) if held is not None else None
    return person if person is not None and person.name == request.username else None


def _problem(person: Person | None, asked: _Asked) -> dict[str, Any] | None:
    """Return what is said to somebody whose session has ended or whose page is not of this session."""
    if person is None:
        return {"turn": asked.turn, "done": True, "ended": True}
    if not matches(person, asked.token):
        return {"turn": asked.turn, "done": True, "stale": True}
    return None


def _note(error: Exception, what: str) -> None:
    # Not logger.exception: the text of a foreign error may hold a visitor's words, which never enter the log.
    where = traceback.extract_tb(error.__traceback__)[-1]
    logger.error("the desk failed at %.80r: %s in %s:%s", what, type(error).__name__, where.filename, where.lineno)

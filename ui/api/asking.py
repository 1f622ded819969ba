"""Ask: the answer as JSON, as events on the same connection, or as events at an address of their own."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Request
from fastapi.responses import JSONResponse, Response

from bot.answers import Answer
from bot.profiles import Judged
from ingest.documents import Language
from ingest.settings import Settings
from ui import problems
from ui.admission import Admission
from ui.api import schemas
from ui.api.callers import EVENTS, JSON, V1, accepted, admitted, page_language
from ui.api.examples import body, example
from ui.api.openapi import answers_with, events
from ui.api.programmes import form
from ui.api.reading import JsonRoute
from ui.api.schemas import Firm, Question
from ui.api.streams import BRIEF, GRACE, RETRY, EventResponse, Named, Run, Streams
from ui.asking import SOON, Bot, Refusal, answers, checked, looked_up, not_ready, whole

LastEventId = Annotated[
    str | None,
    Header(description="Id of the last event that was received: the events after it follow, nothing is asked anew."),
]
StreamId = Annotated[str, Path(description="Id of the stream, as Location gives it.", max_length=100)]


def router(bot: Bot, settings: Settings) -> APIRouter:
    """Return the routes over *bot*."""
    router = APIRouter(route_class=JsonRoute, tags=["ask"])
    streams = Streams()

    @router.post(
        "/ask",
        operation_id="ask",
        summary="Ask a question",
        response_model=schemas.Answer,
        responses=answers_with(
            400,
            406,
            409,
            413,
            415,
            422,
            429,
            500,
            503,
            headers=("Content-Location",),
            ok={200: events(example("events"), "Event", example("answer"))},
        ),
        openapi_extra=body("questions"),
    )
    async def ask(request: Request, body: Question, last_event_id: LastEventId = None) -> Response:
        """Answer a question: as JSON, or as events if the caller prefers `text/event-stream`.

        The events are `status` when a step begins, `token` for new text, and at the end `answer` with the whole answer
        or `error` with a problem. A token with `"checked": false` ends in words of a language model that were not
        checked yet; one with `"replaces": true` takes the place of all text before. A comment is sent in each silence
        of ten seconds.

        With a `profile`, each programme of the answer says whether that firm may apply, as `POST /api/v1/eligibility`
        does; nothing of the firm is stored or logged.

        An answer whose reader has gone is stopped after five seconds, at once where its conversation goes on; one that
        had ended is kept for two minutes. Until then the same request with `Last-Event-ID` gets the events that
        were missed, and is no second question; after that it gets 409. To stop an answer at once, `DELETE` what
        `Content-Location` names. Use `POST /api/v1/streams` for an answer that waits longer for its reader.
        """
        page = page_language(request, body.language)
        kind = accepted(request.headers.get("accept"), (JSON, EVENTS))
        if kind is None:
            raise Refusal("api.not_acceptable", page, 406, types=f"{JSON}, {EVENTS}")
        question = checked(body.question, page, settings)
        if kind == EVENTS and last_event_id:
            return _resumed(streams, body, last_event_id, page)
        if not bot.ready:
            raise not_ready(page)
        streams.make_way(_talk(request, body))
        if kind == JSON:
            payer = await admitted(request, page, body.conversation)
            stream = answers(bot, question, body.messages, page, body.language, payer)
            return await _as_json(request, stream, _For(bot, page, body.profile))
        return _heard(await _begun(bot, streams, request, body, question, BRIEF))

    @router.post(
        "/streams",
        operation_id="startStream",
        summary="Ask a question whose answer is heard elsewhere",
        status_code=201,
        response_model=schemas.Started,
        responses=answers_with(400, 413, 415, 422, 429, 500, 503, ok={201: example("started")}, headers=("Location",)),
        openapi_extra=body("questions"),
    )
    async def start(request: Request, body: Question) -> Response:
        """Begin an answer and say at which address its events are: for the browser's `EventSource`.

        The question stands in no address. The answer begins at once; without a listener it is stopped after fifteen
        seconds, also between two connections.
        """
        page = page_language(request, body.language)
        question = checked(body.question, page, settings)
        if not bot.ready:
            raise not_ready(page)
        if streams.full:
            raise Refusal("api.busy", page, 503, headers={"retry-after": str(SOON)})
        streams.make_way(_talk(request, body))
        run = await _begun(bot, streams, request, body, question, GRACE)
        address = f"{V1}/streams/{run.id}"
        return JSONResponse({"id": run.id, "events": address}, 201, {"location": address, "cache-control": "no-store"})

    @router.get(
        "/streams/{stream}",
        operation_id="hearStream",
        summary="Hear an answer",
        status_code=200,
        response_class=EventResponse,
        responses=answers_with(
            404,
            406,
            422,
            429,
            500,
            ok={200: events(example("events"), "Event"), 204: "No event is left: do not come back."},
        ),
    )  # fmt: skip
    async def hear(request: Request, stream: StreamId, last_event_id: LastEventId = None) -> Response:
        """Send the events of an answer as they come: those of `POST /api/v1/ask`.

        All of them, or those after `Last-Event-ID`, which `EventSource` sends by itself when it connects again. Close
        it on `answer` or `error`. An answer that has ended can be heard for two minutes.
        """
        page = page_language(request)
        if accepted(request.headers.get("accept"), (EVENTS,)) is None:
            raise Refusal("api.not_acceptable", page, 406, types=EVENTS)
        run = streams.find(stream)
        if run is None:
            raise Refusal("not_found", page, 404)
        resumed = streams.resumed(last_event_id)
        seen = resumed[1] if resumed and resumed[0] is run else 0
        if run.done and seen == len(run.events):
            return Response(status_code=204, headers={"cache-control": "no-store"})
        return EventResponse(run.listen(seen), retry=RETRY, left=run.left)

    @router.delete(
        "/streams/{stream}",
        operation_id="stopStream",
        summary="Stop an answer",
        status_code=204,
        response_class=Response,
        responses=answers_with(404, 422, 429, 500, ok={204: "Stopped and forgotten."}),
    )
    async def stop(request: Request, stream: StreamId) -> Response:
        """Stop an answer under way, and forget it."""
        if streams.find(stream) is None:
            raise Refusal("not_found", page_language(request), 404)
        streams.drop(stream)
        return Response(status_code=204)

    return router


async def _begun(bot: Bot, streams: Streams, request: Request, body: Question, question: str, grace: float) -> Run:
    """Begin an answer that outlives its connection for *grace* seconds; its place is held as long."""
    page = page_language(request, body.language)
    admission: Admission = request.app.state.admission
    caller = admission.caller(request.scope)
    leave = await admission.hold(caller, page, body.conversation)
    stream = answers(bot, question, body.messages, page, body.language, caller.payer)
    written = _events(stream, _For(bot, page, body.profile))
    return streams.begin(written, _mark(body), grace, leave, _talk(request, body))


def _talk(request: Request, body: Question) -> str:
    """Return the name of a conversation among those of all callers; empty if it has none."""
    admission: Admission = request.app.state.admission
    return f"{admission.caller(request.scope).name} {body.conversation}" if body.conversation else ""


def _mark(body: Question) -> str:
    """Return by what a request is known again; what it says of its asker is not kept for that."""
    return hashlib.sha256(body.model_dump_json().encode()).hexdigest()


def _resumed(streams: Streams, body: Question, last_event_id: str, page: Language) -> Response:
    """Return the events after the one that was received; raises ``Refusal`` where they are gone.

    Asking anew instead would begin at the first event: a reader who appends what comes would see the text twice.
    """
    run, seen = streams.resumed(last_event_id) or (None, 0)
    if run is None or run.request != _mark(body):
        raise Refusal("api.not_resumable", page, 409)
    return _heard(run, seen)


def _heard(run: Run, seen: int = 0) -> Response:
    return EventResponse(run.listen(seen), {"content-location": f"{V1}/streams/{run.id}"}, left=run.left)


@dataclass(frozen=True, slots=True)
class _For:
    """For whom an answer is written out."""

    bot: Bot
    page: Language
    firm: Firm | None

    async def written(self, answer: Answer) -> dict[str, Any]:
        """Return a whole answer as JSON: where a firm is known, each programme says whether it may apply."""
        said = answer.as_json()
        ids = [programme.id for programme in answer.programmes]
        if self.firm is None or not ids:
            return said
        profile = self.firm.profile
        found = await looked_up(self.bot, self.page, lambda: self.bot.eligibility(profile, answer.language, ids))
        verdicts = {each.id: form(Judged).dump_python(each, mode="json") for each in found}
        programmes = [each | {"eligibility": verdicts.get(each["id"])} for each in said["programmes"]]
        return said | {"programmes": programmes}


async def _as_json(request: Request, stream: AsyncIterator[Answer], for_whom: _For) -> Response:
    answer = await whole(request, stream)
    if answer is None:
        return Response(status_code=499)  # nobody reads it
    return JSONResponse(await for_whom.written(answer), headers={"cache-control": "no-store"})


async def _events(stream: AsyncIterator[Answer], for_whom: _For) -> AsyncIterator[Named]:
    """Yield ``status`` when a step begins, ``token`` for new text, then ``answer`` or ``error``.

    A token that is not ``checked`` ends in a language model's words of an unfinished sentence: it may be taken back by
    one that ``replaces`` all text before.
    """
    stage, shown = "", ""
    try:
        async for answer in stream:
            if answer.complete:
                yield "answer", await for_whom.written(answer)
                return
            if answer.stage != stage:
                stage = answer.stage
                yield "status", {"stage": stage}
            if answer.text != shown:
                yield "token", _token(answer, shown)
            shown = answer.text
    except Refusal as refusal:
        yield "error", problems.details(refusal.key, refusal.status, refusal.sentence)


def _token(answer: Answer, shown: str) -> dict[str, Any]:
    is_checked = not answer.provisional
    if answer.text.startswith(shown):
        return {"text": answer.text[len(shown) :], "checked": is_checked}
    return {"text": answer.text, "replaces": True, "checked": is_checked}

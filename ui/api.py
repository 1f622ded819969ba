"""``/api/v1``: the same answers for programs and for the widget; stateless, without cookies."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from bot.answers import Answer, Message
from ingest.documents import Language
from ingest.settings import Settings
from ui import problems
from ui.admission import Admission
from ui.asking import Bot, Refusal, answers, checked
from ui.words import preferred

ORIGIN = "api"
"""Who pays for what programs without a key ask of a language model."""


class Turn(BaseModel):
    """One earlier turn of the conversation."""

    role: Literal["user", "assistant"]
    text: str = Field(max_length=8000)


class Question(BaseModel):
    """What is asked, after what, and in which language if the asker knows it."""

    question: str
    history: Annotated[list[Turn], Field(max_length=40)] = []
    language: Language | None = None
    conversation: str | None = Field(None, pattern=r"^[A-Za-z0-9._-]{1,100}$")
    """A random name of the conversation, so that one of several behind an address does not use up what all have."""

    @property
    def messages(self) -> tuple[Message, ...]:
        """The history as the bot takes it."""
        return tuple(Message(turn.role, turn.text) for turn in self.history)


class Feedback(BaseModel):
    """What a reader thinks of an answer."""

    answer_id: str = Field(min_length=1, max_length=100)
    rating: Literal[1, -1]
    reason: str | None = Field(None, max_length=500)


def page_language(request: Request, asked: str | None = None) -> Language:
    """Return the language in which this caller is spoken to."""
    return preferred(asked or request.query_params.get("lang"), request.headers.get("accept-language"))


def routes(bot: Bot, settings: Settings, admission: Admission) -> APIRouter:
    """Return the routes over *bot*; *admission* says which questions are answered now."""
    router = APIRouter(prefix="/api/v1")

    @router.post("/ask")
    async def ask(request: Request, body: Question) -> Response:
        """Answer a question: as JSON, or as events if the caller accepts ``text/event-stream``."""
        page = page_language(request, body.language)
        question = checked(body.question, page, settings)
        caller = admission.caller(request.scope, ORIGIN)
        await admission.admit(request.scope, caller, page, body.conversation)
        stream = answers(bot, question, body.messages, page, body.language, caller.payer)
        if "text/event-stream" in request.headers.get("accept", ""):
            if not bot.ready:
                raise Refusal("not_ready", page, 503)
            unbuffered = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
            return StreamingResponse(_events(stream), media_type="text/event-stream", headers=unbuffered)
        last = [answer async for answer in stream][-1]
        return JSONResponse(last.as_json())

    @router.post("/feedback", status_code=204)
    async def feedback(request: Request, body: Feedback) -> Response:
        """Keep a rating; an answer that is not known is a 404."""
        if await run_in_threadpool(bot.answer, body.answer_id) is None:
            raise Refusal("not_found", page_language(request), 404)
        await run_in_threadpool(bot.feedback, body.answer_id, body.rating, body.reason)
        return Response(status_code=204)

    @router.get("/answers/{answer_id}")
    async def stored_answer(request: Request, answer_id: str) -> Response:
        """Return the receipt of an answer."""
        found = await run_in_threadpool(bot.answer, answer_id)
        if found is None:
            raise Refusal("not_found", page_language(request), 404)
        return JSONResponse(found.as_json())

    return router


async def _events(stream: AsyncIterator[Answer]) -> AsyncIterator[str]:
    """Yield ``status`` when a step begins, ``token`` for new text, then ``answer`` or ``error``.

    A token that is not ``checked`` ends in a language model's words of an unfinished sentence: it may be taken back by
    one that ``replaces`` all text before.
    """
    stage, shown = "", ""
    try:
        async for answer in stream:
            if answer.complete:
                yield _event("answer", answer.as_json())
                return
            if answer.stage != stage:
                stage = answer.stage
                yield _event("status", {"stage": stage})
            checked = not answer.provisional
            if answer.text.startswith(shown) and answer.text != shown:
                yield _event("token", {"text": answer.text[len(shown) :], "checked": checked})
            elif answer.text != shown:
                yield _event("token", {"text": answer.text, "replaces": True, "checked": checked})
            shown = answer.text
    except Refusal as refusal:
        yield _event("error", problems.details(refusal.key, refusal.status, refusal.sentence))


def _event(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"

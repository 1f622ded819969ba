"""The guichet as a model: the protocol of OpenAI's chat completions, for programs that speak it already.

The last message of the user is the question, what was said before it the history. Messages of the system are no
instruction to us and are passed over, as are parameters that change nothing of an answer by quotes; those that ask for
what we cannot give are refused.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse, Response

from bot.answers import MARKER, Answer, Citation, Message
from bot.wording import say
from ingest.documents import Language
from ingest.settings import Settings
from ui import problems
from ui.api import schemas
from ui.api.callers import admitted, page_language
from ui.api.examples import body, example
from ui.api.openai_errors import to_openai
from ui.api.openapi import answers_with, events
from ui.api.reading import JsonRoute
from ui.api.schemas import MODEL, ChatMessage, Completion
from ui.api.streams import BEAT, HEARTBEAT, EventResponse
from ui.asking import Bot, Refusal, answers, checked, not_ready, whole
from ui.words import date_in_words

SINCE = 1_790_000_000
"""When the model came to be, for clients that show it."""
RULE = "\n\n---\n"
"""What stands between an answer and its sources."""
_ACTIVE = re.compile(r"<|(?<=\])[(:]")


def router(bot: Bot, settings: Settings) -> APIRouter:
    """Return the routes over *bot*, with their own prefix: clients want ``/v1``."""
    router = APIRouter(prefix="/v1", route_class=JsonRoute, tags=["openai"])
    failure = schemas.OpenAIFailure

    @router.post(
        "/chat/completions",
        operation_id="createChatCompletion",
        summary="Ask as one asks a model of OpenAI",
        response_model=schemas.ChatCompletion,
        responses=answers_with(
            400, 404, 413, 415, 429, 500, 503, failure=failure,
            ok={200: events(example("completion_events"), "ChatCompletionEvent", example("completion"))},
        ),
        openapi_extra=body("completions"),
    )  # fmt: skip
    async def complete(request: Request, body: Completion) -> Response:
        """Answer the last message of the user; with `stream`, as chunks that end with `[DONE]`.

        The sources stand below the answer, numbered as its markers `[n]`, and as `annotations`. Only checked words are
        sent. `usage` counts the tokens that a language model took: none where the answer is made of quotes.
        """
        page = page_language(request)
        _refuse_unsupported(body, page)
        question, history = _asked(body.messages, page)
        question = _checked(question, page, settings)
        if not bot.ready:
            raise not_ready(page)
        stream = answers(bot, question, history, page, None, await admitted(request, page))
        if not body.stream:
            return await _whole(request, stream)
        with_usage = bool(body.stream_options and body.stream_options.include_usage)
        return EventResponse(_chunks(stream, with_usage=with_usage))

    @router.get(
        "/models",
        operation_id="listModels",
        summary="List the models",
        response_model=schemas.ModelList,
        responses=answers_with(429, 500, failure=failure, ok={200: {"object": "list", "data": [_model()]}}),
    )
    async def models() -> Response:
        """Return the one model that there is."""
        return JSONResponse({"object": "list", "data": [_model()]})

    @router.get(
        "/models/{model}",
        operation_id="readModel",
        summary="Read a model",
        response_model=schemas.Model,
        responses=answers_with(400, 404, 429, 500, failure=failure, ok={200: _model()}),
    )
    async def model(
        request: Request, model: Annotated[str, Path(description="Name of the model.", max_length=100)]
    ) -> Response:
        """Return the model, if it is ours."""
        _refuse_other_model(model, page_language(request))
        return JSONResponse(_model())

    return router


def _model() -> dict[str, Any]:
    return {"id": MODEL, "object": "model", "created": SINCE, "owned_by": "guichet-ia"}


# --- the request -----------------------------------------------------------------------------------------------------


def _refuse_other_model(model: str, page: Language) -> None:
    if model != MODEL:
        raise Refusal("api.unknown_model", page, 404, pointer="#/model", model=MODEL)


def _refuse_unsupported(body: Completion, page: Language) -> None:
    _refuse_other_model(body.model, page)
    for parameter in body.missed:
        raise Refusal("api.unsupported", page, 400, pointer=f"#/{parameter}", parameter=parameter)


def _asked(messages: Sequence[ChatMessage], page: Language) -> tuple[str, tuple[Message, ...]]:
    """Return the last message of the user and what user and assistant said before it."""
    spoken: list[tuple[int, Message]] = []
    for index, message in enumerate(messages):
        if message.role == "user":
            spoken.append((index, Message("user", _text(message, index, page))))
        elif message.role == "assistant":
            spoken.append((index, Message("assistant", _text(message, index, page).partition(RULE)[0])))
    while spoken and spoken[-1][1].role != "user":
        spoken.pop()
    if not spoken or not spoken[-1][1].text.strip():
        raise Refusal("api.no_question", page, 400, pointer="#/messages")
    said = [message for _, message in spoken[:-1] if message.text.strip()][-schemas.MOST_TURNS :]
    return spoken[-1][1].text, tuple(Message(each.role, each.text[: schemas.LONGEST_TURN]) for each in said)


def _text(message: ChatMessage, index: int, page: Language) -> str:
    if message.content is None or isinstance(message.content, str):
        return message.content or ""
    for place, part in enumerate(message.content):
        if part.type != "text":
            pointer = f"#/messages/{index}/content/{place}"
            raise Refusal("api.unsupported", page, 400, pointer=pointer, parameter=f"content[{place}].type")
    return "\n".join(part.text or "" for part in message.content)


def _checked(question: str, page: Language, settings: Settings) -> str:
    try:
        return checked(question, page, settings)
    except Refusal as refusal:
        refusal.pointer = "#/messages"
        raise


# --- the response ----------------------------------------------------------------------------------------------------


async def _whole(request: Request, stream: AsyncIterator[Answer]) -> Response:
    answer = await whole(request, stream)
    if answer is None:
        return Response(status_code=499)  # nobody reads it
    content = _inert(answer.text) + _footnotes(answer)
    message = {"role": "assistant", "content": content, "refusal": None, "annotations": _annotations(content, answer)}
    completion = {
        "id": _name(),
        "object": "chat.completion",
        "created": int(time.time()),
        "model": MODEL,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": _usage(answer),
        "system_fingerprint": f"generation-{answer.generation}",
        "guichet": _about(answer),
    }
    return JSONResponse(completion, headers={"cache-control": "no-store"})


async def _chunks(stream: AsyncIterator[Answer], *, with_usage: bool) -> AsyncIterator[str]:
    """Yield the answer as OpenAI's chunks. What was sent is never taken back: only checked words are."""
    head = {"id": _name(), "object": "chat.completion.chunk", "created": int(time.time()), "model": MODEL}
    usage = {"usage": None} if with_usage else {}

    def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _data(head | {"choices": [choice]} | usage | more)

    yield chunk({"role": "assistant", "content": ""})
    sent = ""
    try:
        async with aclosing(_beating(stream)) as steps:
            async for answer in steps:
                if answer is None:
                    yield BEAT
                elif answer.complete:
                    rest = _rest(sent, answer)
                    yield chunk({"content": rest})
                    yield chunk(
                        {"annotations": _annotations(sent + rest, answer, _begin(sent, answer))},
                        "stop",
                        guichet=_about(answer),
                    )
                    if with_usage:
                        yield _data(head | {"choices": [], "usage": _usage(answer)})
                else:
                    text = _inert(answer.text.removesuffix(answer.provisional))
                    if text.startswith(sent) and text != sent:
                        yield chunk({"content": text[len(sent) :]})
                        sent = text
    except Refusal as refusal:
        yield _data(to_openai(problems.details(refusal.key, refusal.status, refusal.sentence))[1])
    yield "data: [DONE]\n\n"


def _begin(sent: str, answer: Answer) -> int:
    """Return where the answer begins in what the caller has: behind *sent* where it has come out another way."""
    return 0 if _inert(answer.text).startswith(sent.rstrip()) else len(sent)


def _rest(sent: str, answer: Answer) -> str:
    """Return what is to follow on *sent*: the rest of the answer, or all of it where it has come out another way.

    A language model that breaks off leaves sentences behind that were checked, but whose numbers are not those of the
    answer that replaces them.
    """
    whole = _inert(answer.text)
    if not _begin(sent, answer):
        said = sent if whole.startswith(sent) else sent.rstrip()
        return whole[len(said) :] + _footnotes(answer)
    return f"\n\n**{say('api.whole_answer', answer.language)}**\n\n{whole}{_footnotes(answer)}"


async def _beating(stream: AsyncIterator[Answer]) -> AsyncGenerator[Answer | None, None]:
    """Yield of *stream*, and None after each silence."""
    step: asyncio.Future[Answer] | None = None
    try:
        while True:
            step = step or asyncio.ensure_future(anext(stream))
            done, _ = await asyncio.wait({step}, timeout=HEARTBEAT)
            if not done:
                yield None
                continue
            try:
                answer = step.result()
            except StopAsyncIteration:
                return
            step = None
            yield answer
    finally:
        if step:
            step.cancel()


def _footnotes(answer: Answer) -> str:
    """Return the sources of *answer* as a numbered list: few chat programs show Markdown's own footnotes."""
    if not answer.citations:
        return ""
    lines = "\n".join(_footnote(citation, answer.language) for citation in answer.citations)
    return f"{RULE}**{say('api.sources', answer.language)}**\n\n{lines}"


def _footnote(citation: Citation, language: Language) -> str:
    title = _literal(citation.title)
    address = citation.link or citation.url
    if address and address.startswith(("https://", "http://")):
        title = f"[{title}](<{address.replace('<', '%3C').replace('>', '%3E')}>)"
    facts = [date_in_words(citation.as_of, language)] if citation.as_of else []
    if citation.page:
        facts.append(say("api.page", language, page=citation.page))
    about = f" ({', '.join(facts)})" if facts else ""
    return f"{citation.n}. {title}{about}: {say('api.source', language, quote=_literal(citation.quote))}"


def _annotations(content: str, answer: Answer, begin: int = 0) -> list[dict[str, Any]]:
    """Return the places of the markers in *content* from *begin* on, as OpenAI describes citations of pages."""
    links = {citation.n: citation for citation in answer.citations}
    end = content.find(RULE, begin) if RULE in content[begin:] else len(content)
    return [
        {
            "type": "url_citation",
            "url_citation": {
                "start_index": found.start(),
                "end_index": found.end(),
                "title": links[number].title,
                "url": address,
            },
        }
        for found in MARKER.finditer(content, begin, end)
        if (number := int(found[1])) in links and (address := links[number].link or links[number].url)
    ]


def _inert(text: str) -> str:
    """Return *text* as Markdown with its line breaks, in which no source can draw an image, make a link or a tag.

    No look ahead: what holds of the beginning of a text holds of the whole.
    """
    return _ACTIVE.sub(lambda found: "\\" + found[0], text).replace("\n", "  \n")


def _literal(text: str) -> str:
    """Return a text of a source on one line, every sign of Markdown as it stands."""
    return re.sub(r"([\\`*_\[\]<>#~|])", r"\\\1", re.sub(r"[ \t\r\n]+", " ", text))


def _usage(answer: Answer) -> dict[str, int]:
    asked, written = answer.trace.tokens_in, answer.trace.tokens_out
    return {"prompt_tokens": asked, "completion_tokens": written, "total_tokens": asked + written}


def _about(answer: Answer) -> dict[str, Any]:
    """Return what our own protocol says beside the text: the id, for feedback, and the status."""
    return {"answer_id": answer.id, "status": answer.status, "language": answer.language, "as_of": answer.as_of}


def _name() -> str:
    return f"chatcmpl-{secrets.token_urlsafe(16)}"


def _data(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"

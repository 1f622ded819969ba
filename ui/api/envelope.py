"""What every response is wrapped in that programs get: a request id, an answer to HEAD, a sentence for any crash.

Below ``/v1`` errors have the form that clients of OpenAI expect, whoever raised them.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import traceback
from typing import Any

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui import problems, request_ids
from ui.api.openai_errors import to_openai
from ui.words import preferred

logger = logging.getLogger(__name__)

ENVELOPED = re.compile(
    r"/(?:api|v1)(?:/.*)?|/(?:healthz|readyz)"
    r"|/ask|/quality|/favicon\.ico|/widget(?:/.*|\.js)|/static/[\w.-]+", re.DOTALL
)  # fmt: skip
"""Where a response to GET tells what one to HEAD is. Not ``areas.PROGRAMS``, which says who is let in and counted."""
UNCAUGHT = re.compile(
    r"(?:/staff)?/(?:gradio_api|assets|static|svelte)(?:/.*)?|(?:/staff)?/(?:theme\.css|config)", re.DOTALL
)
"""Gradio's own addresses, and files: their errors are theirs."""
OPENAI = re.compile(r"/v1(?:/.*)?", re.DOTALL)


TOO_LARGE = 413


class Envelope:
    """Outermost middleware: what is inside may fail or refuse as it likes."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = Net(app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        send = _named(send, request_ids.begin(headers.get(request_ids.HEADER)))
        if not ENVELOPED.fullmatch(scope["path"]):
            await self.app(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            receive, send = _headless(send)
            scope = {**scope, "method": "GET"}
        if OPENAI.fullmatch(scope["path"]):
            send = _translated(send)
        await self.app(scope, receive, send)


class Net:
    """Middleware that catches what breaks behind our addresses: programs get a problem, readers of pages a page.

    Inside the guard, so that its headers are on the problem too; and around it, since it may break as well.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or UNCAUGHT.fullmatch(scope["path"]):
            await self.app(scope, receive, send)
            return
        begun = cut = whole = False

        async def receiving() -> Message:
            nonlocal cut, whole
            message = await receive()
            if message["type"] == "http.request":
                whole = not message.get("more_body", False)
            else:
                cut = not whole
            return message

        async def sending(message: Message) -> None:
            nonlocal begun
            # What is made of a body that was cut is no answer to it, whoever reads bodies in his own way.
            if begun or not cut or message.get("status") == TOO_LARGE:
                begun = True
                await send(message)

        try:
            await self.app(scope, receiving, sending)
        except Exception as error:  # noqa: BLE001  whatever broke, the caller gets a problem
            if not cut:
                # Not logger.exception: the text of a foreign error may hold the question, which never enters the log.
                where = traceback.extract_tb(error.__traceback__)[-1]
                place = f"{where.filename}:{where.lineno}"
                logger.error("request %s failed: %s in %s", request_ids.current(), type(error).__name__, place)
            if begun:
                # The server closes the connection on an error; the words of this one are ours.
                raise RuntimeError(f"request {request_ids.current()} broke off") from None
            if not cut:
                await _told(scope, "unexpected", 500)(scope, receive, send)
        if cut and not begun:
            # The guard cuts a body that grows too long as if its sender had gone; who has gone hears nothing anyway.
            await _told(scope, "too_large", TOO_LARGE)(scope, receive, send)


def _told(scope: Scope, key: str, status: int) -> ASGIApp:
    headers = Headers(scope=scope)
    language = preferred(QueryParams(scope.get("query_string", b"")).get("lang"), headers.get("accept-language"))
    return problems.told(scope, key, language, status)


def _named(send: Send, name: str) -> Send:
    async def named(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=list(message["headers"]))
            headers[request_ids.HEADER] = name
            message = {**message, "headers": headers.raw}
        await send(message)

    return named


def _headless(send: Send) -> tuple[Receive, Send]:
    """Return what makes of the response to GET the one to HEAD: its body is left out, and an endless one ends."""
    begun = asyncio.Event()

    async def receive() -> Message:
        await begun.wait()
        return {"type": "http.disconnect"}

    async def headless(message: Message) -> None:
        if message["type"] == "http.response.start":
            await send(message)
            await send({"type": "http.response.body", "body": b""})
            begun.set()

    return receive, headless


def _translated(send: Send) -> Send:
    """Return a *send* that turns problem details into errors as OpenAI writes them."""
    start: Message | None = None
    body = bytearray()

    async def translated(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start":
            if Headers(raw=message["headers"]).get("content-type") == problems.MEDIA_TYPE:
                start = message
                return
        elif start is not None and message["type"] == "http.response.body":
            body.extend(message.get("body", b""))
            if message.get("more_body"):
                return
            status, error = to_openai(json.loads(body))
            await send(_as_json(start, status, len(content := _encoded(error))))
            await send({"type": "http.response.body", "body": content})
            return
        await send(message)

    return translated


def _as_json(start: Message, status: int, length: int) -> Message:
    headers = MutableHeaders(raw=list(start["headers"]))
    headers["content-type"] = "application/json"
    headers["content-length"] = str(length)
    return {**start, "status": status, "headers": headers.raw}


def _encoded(data: dict[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=False).encode()

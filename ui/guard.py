"""What every response is wrapped in: security headers, limits on what comes in, and our frame around Gradio's page."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ingest.documents import Language
from ui.markup import Markup
from ui.problems import problem
from ui.words import preferred

MAX_BODY = 128 * 1024
"""The longest request body, in bytes: a question with its history is far shorter."""

MAX_STAFF_BODY = 1024 * 1024
"""The same for those who are logged in: a form may hold the text of a whole page."""

STAFF = re.compile(r"/staff(?:/.*)?", re.DOTALL)
UPLOAD = "/staff/files"
"""The one route whose body may be long; it counts itself, and only what a person who is logged in sends."""
ENTRANCE = re.compile(r"/staff/(?:login|logout|password)(?:/[\w-]+)*/?")
"""Where a session begins and ends: open to everybody. Nothing else sets a cookie, Gradio least of all."""
LIBRARY = re.compile(r"/staff/(?:(?:assets|static|svelte)/[\w./-]+|theme\.css)")
"""Gradio's own files below the desk, the same for everybody."""

OPEN_ROUTES = re.compile(
    r"/|/(?:assets|static|svelte)/[\w./-]+|/theme\.css"
    r"|/gradio_api/(?:queue/join|queue/data|heartbeat/\w+|startup-events)/?"
)
"""What our page asks of Gradio; its uploads, files, proxies, schemas and other pages are refused.

So is ``app_id``: a page that lost its connection asks it whether to reload itself, and would lose the conversation.
"""

_GRADIO_META = re.compile(rb'<meta\s+(?:property="og:|name="twitter:)[^>]*>|<base [^>]*>|<link rel="manifest"[^>]*>')


@dataclass(frozen=True, slots=True)
class Frame:
    """What is put around a page of Gradio's: into its head, before and behind its own element."""

    head: Markup
    before: Markup
    after: Markup


Framing = Callable[[Scope, Language, str], Frame | None]
"""Returns the frame of a page for this request, in a language, with the nonce of its scripts."""


def content_policy(nonce: str | None, ancestors: str = "'self'") -> str:
    """Return the policy of a page: our own files only. Gradio compiles its templates, hence ``unsafe-eval``."""
    scripts = f"'self' 'nonce-{nonce}' 'unsafe-eval'" if nonce else "'none'"
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src {scripts}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            f"frame-ancestors {ancestors}",
        )
    )


class Door:
    """In front of a mount of Gradio's at *path*: lets through what our page needs of it and nothing else."""

    def __init__(self, app: ASGIApp, path: str = "") -> None:
        self.app, self.path = app, path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http" and not OPEN_ROUTES.fullmatch(scope["path"].removeprefix(self.path)):
            language = preferred(None, Headers(scope=scope).get("accept-language"))
            await problem("not_found", language, 404)(scope, receive, send)
            return
        await self.app(scope, receive, send)


class Guard:
    """Middleware of every face: refuse what no page of ours asks for, dress what goes out, frame our pages."""

    def __init__(self, app: ASGIApp, frames: Mapping[str, Framing]) -> None:
        self.app, self.frames = app, frames

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("lang", [None])[0]
        language = preferred(asked, headers.get("accept-language"))
        path = scope["path"]
        framing = self.frames.get(path) if scope["method"] == "GET" else None
        nonce = secrets.token_urlsafe(16)
        dressed = _dressed(send, path, nonce if framing else None)
        largest = _largest(path)
        if largest is not None and _too_large(headers, largest):
            await problem("too_large", language, 413)(scope, receive, dressed)
        elif framing:
            framed = _framed(dressed, language, nonce, lambda: framing(scope, language, nonce))
            await self.app(scope, receive, framed)
        else:
            await self.app(scope, receive if largest is None else _limited(receive, largest), dressed)


def _framed(send: Send, language: Language, nonce: str, frame: Callable[[], Frame | None]) -> Send:
    """Return a *send* that holds Gradio's page back until our frame is around it."""
    start: Message = {}
    body = bytearray()

    async def framed(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start":
            start = message
            return
        if message["type"] != "http.response.body":
            await send(message)
            return
        body.extend(message.get("body", b""))
        if message.get("more_body"):
            return
        page = bytes(body)
        headers = MutableHeaders(raw=start["headers"])
        if headers.get("content-type", "").startswith("text/html") and (around := frame()):
            page = _page(page, language, nonce, around)
            headers["content-length"] = str(len(page))
            headers["content-language"] = language
            headers["cache-control"] = "no-store"
            headers["vary"] = "Accept-Language"
        await send(start)
        await send({"type": "http.response.body", "body": page})

    return framed


def _page(page: bytes, language: Language, nonce: str, frame: Frame) -> bytes:
    """Return Gradio's page in *language*, with our head, our header and the first paint of the room."""
    page = _GRADIO_META.sub(b"", page)
    page = page.replace(b"<script", f'<script nonce="{nonce}"'.encode())
    page = page.replace(b'lang="en"', f'lang="{language}"'.encode(), 1)
    page = page.replace(b"<head>", b"<head>" + frame.head.encode(), 1)
    above, app, below = page.partition(b"<gradio-app")
    return (
        above
        + frame.before.encode()
        + app
        + below.replace(b"</gradio-app>", b"</gradio-app>" + frame.after.encode(), 1)
    )


def _dressed(send: Send, path: str, nonce: str | None) -> Send:
    """Return a *send* that adds our headers and takes away those by which Gradio lets any site in."""
    staff = bool(STAFF.fullmatch(path))
    cookies = bool(ENTRANCE.fullmatch(path))

    async def dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=list(message["headers"]))
            for name in [name for name in headers if name.startswith("access-control-")]:
                del headers[name]
            if not cookies:
                del headers["set-cookie"]
            headers["content-security-policy"] = content_policy(nonce, "'none'" if staff else "'self'")
            headers["x-content-type-options"] = "nosniff"
            headers["referrer-policy"] = "same-origin" if staff else "strict-origin-when-cross-origin"
            headers["permissions-policy"] = "camera=(), microphone=(), geolocation=(), payment=(), usb=()"
            headers["cross-origin-opener-policy"] = "same-origin"
            if staff:
                headers["x-frame-options"] = "DENY"
                headers["cross-origin-resource-policy"] = "same-origin"
                if not LIBRARY.fullmatch(path):
                    headers["cache-control"] = "no-store"
            message = {**message, "headers": headers.raw}
        await send(message)

    return dressed


def _largest(path: str) -> int | None:
    """Return the longest body that *path* takes; None: it counts itself."""
    if path == UPLOAD:
        return None
    return MAX_STAFF_BODY if STAFF.fullmatch(path) else MAX_BODY


def _too_large(headers: Headers, largest: int) -> bool:
    length = headers.get("content-length", "0")
    return not length.isdecimal() or int(length) > largest


def _limited(receive: Receive, largest: int) -> Receive:
    """Return a *receive* that ends a body without a stated length once it grows too long."""
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > largest:
            return {"type": "http.disconnect"}
        return message

    return limited

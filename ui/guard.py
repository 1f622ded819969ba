"""What every response is wrapped in: security headers, limits on what comes in, and our frame around Gradio's page."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ingest.documents import Language
from ui import shell
from ui.problems import problem
from ui.words import preferred

MAX_BODY = 128 * 1024
"""The longest request body, in bytes: a question with its history is far shorter."""

OPEN_ROUTES = re.compile(
    r"/|/(?:assets|static|svelte)/[\w./-]+|/theme\.css"
    r"|/gradio_api/(?:queue/join|queue/data|heartbeat/\w+|startup-events)/?"
)
"""What our page asks of Gradio; its uploads, files, proxies, schemas and other pages are refused.

So is ``app_id``: a page that lost its connection asks it whether to reload itself, and would lose the conversation.
"""

_GRADIO_META = re.compile(rb'<meta\s+(?:property="og:|name="twitter:)[^>]*>|<base [^>]*>|<link rel="manifest"[^>]*>')


def content_policy(nonce: str | None) -> str:
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
            "frame-ancestors 'self'",
        )
    )


class Door:
    """In front of Gradio's mount: lets through what our page needs of it and nothing else."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http" and not OPEN_ROUTES.fullmatch(scope["path"]):
            language = preferred(None, Headers(scope=scope).get("accept-language"))
            await problem("not_found", language, 404)(scope, receive, send)
            return
        await self.app(scope, receive, send)


class Guard:
    """Middleware of the public faces: refuse what no page of ours asks for, and dress what goes out."""

    def __init__(self, app: ASGIApp, frame: Callable[[], shell.Frame], version: str) -> None:
        self.app, self.frame, self.version = app, frame, version

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("lang", [None])[0]
        language = preferred(asked, headers.get("accept-language"))
        nonce = secrets.token_urlsafe(16)
        path = scope["path"]
        dressed = _dressed(send, nonce if path == "/" else None)
        if _too_large(headers):
            await problem("too_large", language, 413)(scope, receive, dressed)
        elif path == "/" and scope["method"] == "GET":
            await self.app(scope, receive, self._framed(dressed, language, nonce))
        else:
            await self.app(scope, _limited(receive), dressed)

    def _framed(self, send: Send, language: Language, nonce: str) -> Send:
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
            if headers.get("content-type", "").startswith("text/html"):
                page = self._page(page, language, nonce)
                headers["content-length"] = str(len(page))
                headers["content-language"] = language
                headers["cache-control"] = "no-store"
                headers["vary"] = "Accept-Language"
            await send(start)
            await send({"type": "http.response.body", "body": page})

        return framed

    def _page(self, page: bytes, language: Language, nonce: str) -> bytes:
        """Return Gradio's page in *language*, with our head, our header and the first paint of the room."""
        frame = self.frame()
        head = shell.head(language, self.version, nonce).encode()
        before = shell.before(language, frame).encode()
        after = shell.after(language, frame, nonce).encode()
        page = _GRADIO_META.sub(b"", page)
        page = page.replace(b"<script", f'<script nonce="{nonce}"'.encode())
        page = page.replace(b'lang="en"', f'lang="{language}"'.encode(), 1)
        page = page.replace(b"<head>", b"<head>" + head, 1)
        above, app, below = page.partition(b"<gradio-app")
        return above + before + app + below.replace(b"</gradio-app>", b"</gradio-app>" + after, 1)


def _dressed(send: Send, nonce: str | None) -> Send:
    """Return a *send* that adds our headers and takes away those by which Gradio lets any site in."""

    async def dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=list(message["headers"]))
            for name in [name for name in headers if name.startswith("access-control-") or name == "set-cookie"]:
                del headers[name]
            headers["content-security-policy"] = content_policy(nonce)
            headers["x-content-type-options"] = "nosniff"
            headers["referrer-policy"] = "strict-origin-when-cross-origin"
            headers["permissions-policy"] = "camera=(), microphone=(), geolocation=(), payment=(), usb=()"
            headers["cross-origin-opener-policy"] = "same-origin"
            message = {**message, "headers": headers.raw}
        await send(message)

    return dressed


def _too_large(headers: Headers) -> bool:
    length = headers.get("content-length", "0")
    return not length.isdecimal() or int(length) > MAX_BODY


def _limited(receive: Receive) -> Receive:
    """Return a *receive* that ends a body without a stated length once it grows too long."""
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > MAX_BODY:
            return {"type": "http.disconnect"}
        return message

    return limited

"""What every response is wrapped in: security headers, limits on what comes in, and our frame around Gradio's page."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ingest.documents import Language
from ui.admission import Admission, Crossing, areas
from ui.admission.admission import CROSSING, KEY
from ui.admission.crossing import SAFE
from ui.api.reading import replayed
from ui.asking import Refusal
from ui.markup import Markup
from ui.problems import problem, told, told_of
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
    r"|/gradio_api/(?:queue/join|queue/data|heartbeat/\w{1,64}|startup-events)/?",
    re.ASCII,
)
"""What our page asks of Gradio; its uploads, files, proxies, schemas and other pages are refused.

So is ``app_id``: a page that lost its connection asks it whether to reload itself, and would lose the conversation.
"""

JOIN = re.compile(r"/gradio_api/queue/join/?")
SESSION = re.compile(r"[\w-]{1,64}", re.ASCII)
MOST_INPUTS = 8
PREFLIGHT = "guichet.preflight"

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
    """In front of a mount of Gradio's at *path*: lets through what our page needs of it and nothing else.

    *events* are the numbers of the page's own events: Gradio would look for any other one, and fail in its own words.
    """

    def __init__(self, app: ASGIApp, path: str = "", events: Collection[int] = ()) -> None:
        self.app, self.path, self.events = app, path, frozenset(events)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"].removeprefix(self.path)
        language = preferred(None, Headers(scope=scope).get("accept-language"))
        if not OPEN_ROUTES.fullmatch(path):
            await told(scope, "not_found", language, 404)(scope, receive, send)
        elif not JOIN.fullmatch(path):
            await self.app(scope, receive, send)
        elif scope["method"] != "POST":
            await problem("not_found", language, 405, {"allow": "POST"})(scope, receive, send)
        else:
            field, event = _event(await _body(receive), self.events)
            if field:
                await problem("malformed", language, 422, field=field)(scope, receive, send)
            else:
                await self.app(_resized(scope, event), replayed(event, receive), send)


class Guard:
    """Middleware of every face: ask *admission* who comes from where, dress what goes out, frame our pages."""

    def __init__(self, app: ASGIApp, frames: Mapping[str, Framing], admission: Admission) -> None:
        self.app, self.frames, self.admission = app, frames, admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "websocket":
            # No page of ours opens any, and no header of another site's would be looked at.
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope = self.admission.proxies.undo(scope)
        headers = Headers(scope=scope)
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("lang", [None])[0]
        language = preferred(asked, headers.get("accept-language"))
        framing = self.frames.get(scope["path"]) if scope["method"] == "GET" else None
        nonce = secrets.token_urlsafe(16)
        where = self.admission.crossing(headers, scope["method"])
        scope[CROSSING] = where
        dressed = _dressed(send, self._headers(scope["path"], headers, where, nonce if framing else None), scope)
        try:
            preflight = await self._looked_at(scope, headers, where, language)
            with self.admission.stream(scope, language):
                if preflight:
                    await preflight(scope, receive, dressed)
                elif framing:
                    framed = _framed(dressed, language, nonce, lambda: framing(scope, language, nonce))
                    await self.app(scope, receive, framed)
                else:
                    largest = _largest(scope["path"])
                    await self.app(scope, receive if largest is None else _limited(receive, largest), dressed)
        except Refusal as refusal:
            await told_of(scope, refusal, language)(scope, receive, dressed)
        finally:
            self.admission.let_go(scope)

    async def _looked_at(self, scope: Scope, headers: Headers, where: Crossing, language: Language) -> Response | None:
        """Raise ``Refusal`` where the face that is asked shall not hear of it; the cheapest reasons come first.

        Returns the answer to a browser that asks whether a page may ask.
        """
        path, method = scope["path"], scope["method"]
        if areas.CONTROL.search(path):
            raise Refusal("not_found", language, 404)
        if path in areas.HEALTH:
            return None
        if not self.admission.hosts.knows(headers.get("host", "")):
            raise Refusal("portals.wrong_host", language, 421)
        largest = _largest(path)
        if largest is not None and _too_large(headers, largest):
            raise Refusal("too_large", language, 413)
        if STAFF.fullmatch(path):
            return None  # its threshold decides
        if method == "OPTIONS" and "access-control-request-method" in headers:
            scope[PREFLIGHT] = True
            return _preflight(path, where, language)
        programs, changes = bool(areas.PROGRAMS.fullmatch(path)), method not in SAFE
        if (programs or changes) and not where.may(bool(areas.API.fullmatch(path))):
            raise _not_from_here(where, language)
        if programs:
            scope[KEY] = self.admission.permit(where, headers, path, language)
        if programs or JOIN.fullmatch(path) or (changes and areas.ASKING.fullmatch(path)):
            count = self.admission.attempt if areas.ASKING.fullmatch(path) else self.admission.request
            await count(self.admission.caller(scope), language)
        return None

    def _headers(self, path: str, headers: Headers, where: Crossing, nonce: str | None) -> dict[str, str]:
        """Return the headers of every response at *path*."""
        staff = bool(STAFF.fullmatch(path))
        ancestors = "'none'" if staff else "'self'"
        if path in areas.FRAMED:
            ancestors = self.admission.portals.allowed().ancestors
        said = {
            "content-security-policy": content_policy(nonce, ancestors),
            "x-content-type-options": "nosniff",
            "referrer-policy": "same-origin" if staff else "strict-origin-when-cross-origin",
            "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
        }
        if self.admission.hosts.is_public_by_https(headers.get("host", "")):
            said["strict-transport-security"] = "max-age=31536000"
        if path in areas.FRAMED:
            said["cross-origin-resource-policy"] = "cross-origin"
        elif areas.WIDGET.fullmatch(path):
            said |= {"cross-origin-resource-policy": "cross-origin", "access-control-allow-origin": "*"}
        elif areas.API.fullmatch(path):
            said |= _shared(where)
        if staff:
            said["x-frame-options"] = "DENY"
            if not LIBRARY.fullmatch(path):
                said["cache-control"] = "no-store"
        return said


def _shared(where: Crossing) -> dict[str, str]:
    """Return by what headers a page of a portal may read a response of the API. No cookie ever goes with it.

    One whose portal is closed gets refusals only, and may read them: its visitors learn why.
    """
    if where.relation not in {"portal", "closed"}:
        return {"vary": "Origin"}
    return {
        "vary": "Origin",
        "access-control-allow-origin": where.origin,
        "access-control-expose-headers": "Retry-After, X-Request-ID, ETag, Location, Content-Location, Link",
    }


def _preflight(path: str, where: Crossing, language: Language) -> Response:
    """Answer a browser that asks whether a page may ask."""
    if areas.WIDGET.fullmatch(path):
        return Response(status_code=204, headers={"access-control-allow-methods": "GET, HEAD"})
    if not areas.API.fullmatch(path) or where.relation not in {"portal", "closed"}:
        raise _not_from_here(where, language)
    return Response(
        status_code=204,
        headers={
            "access-control-allow-methods": "GET, HEAD, POST, DELETE",
            "access-control-allow-headers": "Content-Type, Accept, Last-Event-ID, X-Request-ID, If-None-Match",
            "access-control-max-age": "7200",
        },
    )


def _not_from_here(where: Crossing, language: Language) -> Refusal:
    return Refusal("portals.portal_closed" if where.relation == "closed" else "portals.foreign", language, 403)


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


def _dressed(send: Send, said: Mapping[str, str], scope: Scope) -> Send:
    """Return a *send* that adds our headers and takes away those by which Gradio lets any site in."""
    cookies = bool(ENTRANCE.fullmatch(scope["path"]))

    async def dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=list(message["headers"]))
            if PREFLIGHT not in scope:  # what answers one is ours
                for name in [name for name in headers if name.startswith("access-control-")]:
                    del headers[name]
            if not cookies:
                del headers["set-cookie"]
            for name, value in said.items():
                if name == "vary":
                    headers.add_vary_header(value)
                else:
                    headers[name] = value
            message = {**message, "headers": headers.raw}
        await send(message)

    return dressed


async def _body(receive: Receive) -> bytes:
    """Return the whole body of a request; one that breaks off, or grew too long, is empty."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b""
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


def _event(body: bytes, events: Collection[int]) -> tuple[str, bytes]:
    """Return the name of the member of an event that is wrong, or "" and the event with what our page sends only."""
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        return "body", b""
    if not isinstance(sent, dict):
        return "body", b""
    checks: dict[str, Callable[[Any], bool]] = {
        "fn_index": lambda value: type(value) is int and value in events,
        "session_hash": lambda value: isinstance(value, str) and bool(SESSION.fullmatch(value)),
        "data": lambda value: isinstance(value, list) and len(value) <= MOST_INPUTS,
        "event_data": lambda value: value is None or isinstance(value, dict),
        "trigger_id": lambda value: value is None or (type(value) is int and 0 <= value < 2**31),
    }
    kept = {name: sent.get(name) for name in checks}
    wrong = next((name for name, is_right in checks.items() if not is_right(kept[name])), "")
    return wrong, b"" if wrong else json.dumps(kept).encode()


def _resized(scope: Scope, body: bytes) -> Scope:
    """Return *scope* with the headers that belong to *body*."""
    headers = MutableHeaders(raw=list(scope["headers"]))
    headers["content-length"] = str(len(body))
    headers["content-type"] = "application/json"
    return {**scope, "headers": headers.raw}


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

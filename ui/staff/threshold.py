"""The threshold of the staff desk: who comes in, from where, and what of Gradio is behind it."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ingest.documents import Language
from ui.guard import ENTRANCE, LIBRARY
from ui.problems import response
from ui.staff.forms import words
from ui.staff.mount import PATH, PERSON, Gate
from ui.words import preferred

LOGIN = f"{PATH}/login"
SAFE = frozenset({"GET", "HEAD"})


class Threshold:
    """Middleware for everything below ``/staff``: no forged request passes, and nobody who is not logged in."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        self.app, self.gate = app, gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        path = scope.get("path", "")
        if scope["type"] not in {"http", "websocket"} or not (path == PATH or path.startswith(f"{PATH}/")):
            await self.app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = Headers(scope=scope)
        language = preferred(HTTPConnection(scope).query_params.get("lang"), headers.get("accept-language"))
        if scope["method"] not in SAFE and _foreign(headers):
            refused = response("forged", 403, words("desk.forged", language))
            await refused(scope, receive, send)
        elif LIBRARY.fullmatch(path):
            await self.app(scope, receive, send)
        else:
            await self._admit(scope, receive, send, language)

    async def _admit(self, scope: Scope, receive: Receive, send: Send, language: Language) -> None:
        """Look who it is; somebody unknown gets no further than the pages to log in."""
        path, query = scope["path"], scope.get("query_string", b"").decode("latin-1")
        person = await run_in_threadpool(self.gate.person, HTTPConnection(scope).cookies)
        scope[PERSON] = person
        root = scope.get("root_path", "")
        if person is None and not ENTRANCE.fullmatch(path):
            page = scope["method"] in SAFE and "text/html" in Headers(scope=scope).get("accept", "")
            wanted = f"{PATH}/" if path == PATH else path
            following = quote(f"{wanted}?{query}" if query else wanted, safe="/")
            login = RedirectResponse(f"{root}{LOGIN}?next={following}&lang={language}", 303)
            ended = response("not_logged_in", 401, words("desk.ended", language))
            await (login if page else ended)(scope, receive, send)
        elif path == PATH and scope["method"] in SAFE:
            await RedirectResponse(f"{root}{PATH}/" + (f"?{query}" if query else ""), 303)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def _foreign(headers: Headers) -> bool:
    """Return whether a browser says that another site had this request made.

    The first header cannot be set by a page and survives proxies that rename the host; browsers too old for it
    send the second. Who sends neither is no browser, and holds no cookie that somebody else could use.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site != "same-origin"
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host")

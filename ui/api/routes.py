"""All routes for programs, put together from the rooms of this folder."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI
from starlette.datastructures import QueryParams
from starlette.routing import Match, Mount, Route
from starlette.types import Receive, Scope, Send

from ingest.settings import Settings
from ui.api import asking, completions, documents, programmes, receipts, search
from ui.api.callers import V1
from ui.asking import Bot
from ui.problems import problem
from ui.words import preferred

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def routes(bot: Bot, settings: Settings) -> APIRouter:
    """Return the routes over *bot*."""
    router = APIRouter()
    for room in (asking, receipts, documents, programmes, search):
        router.include_router(room.router(bot, settings), prefix=V1)
    router.include_router(completions.router(bot, settings))
    return router


def close(app: FastAPI) -> None:
    """Answer what no route of *app* takes at the addresses of programs: it must not reach the chat page."""
    end = _End(app)
    for path in ("/api", "/api/{rest:path}", "/v1", "/v1/{rest:path}", "/healthz", "/readyz"):
        app.router.routes.append(Route(path, end))


class _End:
    """Says which methods an address takes, or that there is nothing."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        asked = QueryParams(scope.get("query_string", b"")).get("lang")
        header = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"accept-language"), None)
        language = preferred(asked, header)
        methods = [method for method in METHODS if self._is_taken(scope, method)]
        if "GET" in methods:
            methods.append("HEAD")
        if methods:
            response = problem("api.wrong_method", language, 405, {"allow": ", ".join(methods)})
        else:
            response = problem("not_found", language, 404)
        await response(scope, receive, send)

    def _is_taken(self, scope: Scope, method: str) -> bool:
        asked = {"type": "http", "path": scope["path"], "root_path": "", "headers": [], "method": method}
        others = (
            route
            for route in self._app.router.routes
            if not isinstance(route, Mount) and getattr(route, "endpoint", None) is not self
        )
        return any(route.matches(dict(asked))[0] is Match.FULL for route in others)

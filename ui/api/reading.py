"""How bodies of requests are read: JSON in UTF-8 that says so, or a problem."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import Message, Receive

from ui.api.callers import JSON, page_language
from ui.asking import Refusal


def replayed(body: bytes, receive: Receive) -> Receive:
    """Return a *receive* that begins with a *body* that was read already."""
    told = False

    async def replayed() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed


class JsonRoute(APIRoute):
    """A route that refuses what does not call itself JSON; FastAPI would call it JSON of a wrong form."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with the look at the content type before it."""
        handler = super().get_route_handler()
        if self.body_field is None:
            return handler

        async def checked(request: Request) -> Response:
            kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
            if kind != JSON and not (kind.startswith("application/") and kind.endswith("+json")):
                raise Refusal("api.wrong_type", page_language(request), 415, headers={"accept": JSON})
            return await handler(request)

        return checked

"""Search our sources without an answer in words. The query comes in the body: addresses end up in logs."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool

from bot.programmes import DESCRIBED
from bot.searching import MOST, Found
from ingest.documents import Language
from ingest.settings import Settings
from ui.api.callers import JSON, page_language
from ui.api.examples import body, example
from ui.api.openapi import answers_with
from ui.api.programmes import as_bytes
from ui.api.reading import JsonRoute
from ui.api.schemas import Text
from ui.asking import SAYS, Bot, checked, looked_up


def _counted(value: Any) -> Any:
    """Return a number as it is; JSON has 5 and 5.0 for one number, and "5" and true for none."""
    if isinstance(value, str | bool):
        raise ValueError("a number is needed")
    return value


class Searched(BaseModel):
    """What to search for."""

    model_config = ConfigDict(extra="forbid")

    query: Text = Field(
        description="A few words or a question; at most as long as a question may be.",
        json_schema_extra={"minLength": 1, "pattern": SAYS.pattern},
    )
    language: Language | None = Field(None, description="Language of the query; else it is found out.")
    limit: Annotated[int, BeforeValidator(_counted)] = Field(10, ge=1, le=MOST, description="Most passages to return.")
    current_only: StrictBool = Field(
        False, description="Whether sheets of programmes that are closed today are left out."
    )
    languages: list[Language] = Field([], max_length=4, description="Languages of passages to keep; empty: all.")


@dataclass(frozen=True, slots=True)
class Results:
    """The passages that were found, best first."""

    as_of: dt.date
    """The day that states were computed for."""
    generation: int
    results: tuple[Found, ...]

    __pydantic_config__ = DESCRIBED


async def results(bot: Bot, asked: Searched, page: Language, settings: Settings) -> Results:
    """Return what is found for a query; it is neither kept nor logged."""
    query = checked(asked.query, page, settings, "#/query")
    found = await looked_up(
        bot,
        page,
        lambda: bot.search(
            query, asked.language, limit=asked.limit, current=asked.current_only, languages=asked.languages
        ),
    )
    return Results(bot.today, bot.generation, tuple(found))


def router(bot: Bot, settings: Settings) -> APIRouter:
    """Return the routes over *bot*."""
    router = APIRouter(route_class=JsonRoute, tags=["search"])

    @router.post(
        "/search",
        operation_id="search",
        summary="Search the sources",
        response_model=Results,
        responses=answers_with(400, 413, 415, 422, 429, 500, 503, ok={200: example("results")}),
        openapi_extra=body("searches"),
    )
    async def search(request: Request, body: Searched) -> Response:
        """Return passages with the sentence that comes closest to the query, letter for letter, dated and linked."""
        found = await results(bot, body, page_language(request, body.language), settings)
        return Response(as_bytes(found), media_type=JSON, headers={"cache-control": "no-store"})

    return router

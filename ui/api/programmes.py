"""What programs get of the programmes: all of them, one, their calendar, and whether a firm may apply."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from bot.answers import State
from bot.profiles import Judged
from bot.programmes import DESCRIBED, Aid, Kind
from bot.wording import say
from ingest.documents import Language
from ingest.settings import Settings
from ui import calendar
from ui.api.callers import JSON, page_language
from ui.api.examples import body, example
from ui.api.marks import UNCHANGED, IfNoneMatch, marked
from ui.api.openapi import answers_with
from ui.api.reading import JsonRoute
from ui.api.schemas import Firm
from ui.asking import Bot, Refusal, looked_up

ProgrammeId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=100)]


class Asked(BaseModel):
    """A firm, and the programmes to hold against it; none: all."""

    model_config = ConfigDict(extra="forbid")

    profile: Firm
    programmes: list[ProgrammeId] = Field([], max_length=50, description="Ids of programmes; empty: all of them.")
    language: Language | None = Field(None, description="Language of the sentences; else that of Accept-Language.")


@dataclass(frozen=True, slots=True)
class Listed:
    """The programmes that fit the filters."""

    as_of: dt.date
    """The day that states were computed for."""
    generation: int
    language: Language
    programmes: tuple[Aid, ...]

    __pydantic_config__ = DESCRIBED


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Whether the firm may apply: the programmes with yes first, then those that cannot be told, then no."""

    as_of: dt.date
    language: Language
    profile: dict[str, tuple[str, ...]]
    """What was understood of the firm."""
    notes: tuple[str, ...]
    """What was not understood, in words."""
    programmes: tuple[Judged, ...]

    __pydantic_config__ = DESCRIBED


@cache
def form(kind: Any) -> TypeAdapter[Any]:
    """Return what writes values of *kind* as JSON; making it takes longer than writing."""
    return TypeAdapter(kind)


def as_bytes(value: Any) -> bytes:
    """Return a value of ours as JSON."""
    kind: Any = type(value)
    return form(kind).dump_json(value)


def chosen(aids: tuple[Aid, ...], states: list[State], kinds: list[Kind]) -> tuple[Aid, ...]:
    """Return the programmes in one of *states* and of one of *kinds*; an empty list leaves out none."""
    return tuple(
        aid for aid in aids if (not states or aid.state in states) and (not kinds or aid.kind in kinds)
    )  # fmt: skip


async def verdicts(bot: Bot, asked: Asked, language: Language) -> Verdicts:
    """Return what the rules say of a firm, in *language*; nothing of it is kept."""
    profile = asked.profile.profile
    found = await looked_up(bot, language, lambda: bot.eligibility(profile, language, asked.programmes))
    known = {each.id for each in found}
    notes = [
        say("programmes_api.unknown_programme", language, id=id)
        for id in dict.fromkeys(asked.programmes)
        if id not in known
    ]
    if asked.profile.place and not asked.profile.seat and "seat" not in profile:
        notes.append(say("programmes_api.unknown_place", language))
    return Verdicts(bot.today, language, profile, tuple(notes), found)


def router(bot: Bot, settings: Settings) -> APIRouter:
    """Return the routes over *bot*."""
    router = APIRouter(route_class=JsonRoute, tags=["programmes"])

    @router.get(
        "/programmes",
        operation_id="listProgrammes",
        summary="List the programmes",
        response_model=Listed,
        responses=answers_with(422, 429, 500, 503, ok={200: example("programmes"), 304: UNCHANGED}, headers=("ETag",)),
    )
    async def programmes(
        request: Request,
        state: Annotated[list[State], Query(description="States to keep; none: all.", max_length=5)] = [],  # noqa: B006
        kind: Annotated[list[Kind], Query(description="Kinds to keep; none: all.", max_length=4)] = [],  # noqa: B006
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """Return the programmes with what is confirmed of them, each value with its sentence and its source.

        States are those of today in Brussels. What our sources do not say is null or in `missing`. Titles and words are
        in the language of the caller, where a sheet has it.
        """
        language = page_language(request)
        found = await looked_up(bot, language, lambda: bot.programmes(language))
        listed = Listed(bot.today, bot.generation, language, chosen(found, state, kind))
        return _kept(as_bytes(listed), JSON, language, if_none_match)

    @router.get(
        "/programmes/{id}",
        operation_id="readProgramme",
        summary="Read a programme",
        response_model=Aid,
        responses=answers_with(
            404, 422, 429, 500, 503, ok={200: example("programme"), 304: UNCHANGED}, headers=("ETag",)
        ),
    )
    async def programme(
        request: Request,
        id: Annotated[str, Path(description="Id of the programme.", max_length=100)],
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """Return one programme as it is today, with what is confirmed of it."""
        language = page_language(request)
        return _kept(as_bytes(await _one(bot, id, language)), JSON, language, if_none_match)

    @router.get(
        "/calendar.ics",
        operation_id="readCalendar",
        summary="Subscribe to opening and closing days",
        response_class=Response,
        responses=answers_with(
            404, 422, 429, 500, 503, headers=("ETag",),
            ok={200: {"content": {"text/calendar": {"schema": {"type": "string"}, "example": example("calendar")}}},
                304: UNCHANGED},
        ),
    )  # fmt: skip
    async def calendar_file(
        request: Request,
        programme: Annotated[
            str | None, Query(description="Id of the only programme to tell the days of.", max_length=100)
        ] = None,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """Return the days that are known to the day and not past, as all-day events of an iCalendar file."""
        language = page_language(request)
        if programme is not None:
            found: tuple[Aid, ...] = (await _one(bot, programme, language),)
        else:
            found = await looked_up(bot, language, lambda: bot.programmes(language))
        file = calendar.calendar(found, bot.today, language)
        response = _kept(file, "text/calendar", language, if_none_match)
        response.headers["content-disposition"] = 'inline; filename="guichet-ia.ics"'
        return response

    @router.post(
        "/eligibility",
        operation_id="checkEligibility",
        summary="Tell whether a firm may apply",
        response_model=Verdicts,
        responses=answers_with(400, 413, 415, 422, 429, 500, 503, ok={200: example("verdicts")}),
        openapi_extra=body("firms"),
    )
    async def eligibility(request: Request, body: Asked) -> Response:
        """Return yes, no or unknown for each programme, with every rule, its sentence, and what to ask next.

        A rule that needs what the profile leaves out is unknown, and so is a programme whose rules are not all known.
        Nothing of the profile is stored or logged.
        """
        found = await verdicts(bot, body, page_language(request, body.language))
        return Response(as_bytes(found), media_type=JSON, headers={"cache-control": "no-store"})

    return router


async def _one(bot: Bot, id: str, language: Language) -> Aid:
    found = await looked_up(bot, language, lambda: bot.programmes(language))
    aid = next((each for each in found if each.id == id), None)
    if aid is None:
        raise Refusal("not_found", language, 404)
    return aid


def _kept(content: bytes, media_type: str, language: Language, known: str | None) -> Response:
    return marked(content, known, {"vary": "Accept-Language", "content-language": language}, media_type)

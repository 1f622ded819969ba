"""All routes for programs, put together from the rooms of this folder."""

from __future__ import annotations

from fastapi import APIRouter

from ingest.settings import Settings
from ui.api import asking, programmes, search
from ui.asking import Bot

V1 = "/api/v1"


def routes(bot: Bot, settings: Settings) -> APIRouter:
    """Return the routes over *bot*."""
    router = APIRouter()
    for room in (asking, programmes, search):
        router.include_router(room.router(bot, settings), prefix=V1)
    return router

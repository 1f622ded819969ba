"""Who calls: the language in which they are spoken to, and who pays for what they ask of a language model."""

from __future__ import annotations

from starlette.requests import Request

from ingest.documents import Language
from ui.words import preferred

ORIGIN = "api"
"""Who pays for what programs ask of a language model."""


def page_language(request: Request, asked: str | None = None) -> Language:
    """Return the language in which this caller is spoken to."""
    return preferred(asked or request.query_params.get("lang"), request.headers.get("accept-language"))


def payer(request: Request) -> str:
    """Return who pays for what this caller asks of a language model."""
    return ORIGIN

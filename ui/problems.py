"""Errors over HTTP as RFC 9457 problem details, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import JSONResponse

from ingest.documents import Language
from ui.asking import Refusal
from ui.words import word

TITLES = {
    "empty": "Empty question",
    "too_long": "Question too long",
    "not_ready": "Not ready",
    "not_found": "Not found",
    "too_large": "Request too large",
    "malformed": "Malformed request",
    "unexpected": "Unexpected error",
    "not_logged_in": "Not logged in",
    "ended": "Not logged in",
    "forged": "Request from another site",
    "outdated": "Outdated page",
    "forbidden": "Not allowed",
    "no_uploads": "No uploads here",
    "no_name": "File without a name",
    "file_too_large": "File too large",
    "file_empty": "Empty file",
    "disk_full": "No space left",
    "interrupted": "Upload interrupted",
    "upload_refused": "File refused",
    "too_many": "Too many questions",
    "too_many_open": "Too many questions at once",
    "one_at_a_time": "One question at a time",
    "key_spent": "Too many questions for this key",
    "portal_spent": "Too many questions for this portal",
    "portal_closed": "Access of this portal is closed",
    "foreign": "Not allowed from this site",
    "wrong_host": "Unknown host name",
    "busy": "Too busy",
    "bad_key": "Unknown key",
    "key_needed": "A key is needed",
    "key_scope": "Not allowed with this key",
}
"""The English name of each kind, the same in every language so that programs may rely on it."""


def details(key: str, status: int, sentence: str) -> dict[str, str | int]:
    """Return the members of a problem; *key* may name a file of the catalogue before it (``portals.busy``)."""
    name = key.rpartition(".")[2]
    return {"type": f"urn:guichet-ia:problem:{name}", "title": TITLES[name], "status": status, "detail": sentence}


def response(key: str, status: int, sentence: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return a problem as a response."""
    content = details(key, status, sentence)
    return JSONResponse(content, status, headers=headers, media_type="application/problem+json")


def problem(
    key: str, language: Language, status: int, headers: Mapping[str, str] | None = None, **values: object
) -> JSONResponse:
    """Return the problem *key* with its sentence of the catalogue."""
    return response(key, status, word(key, language, **values), headers)


def refused(refusal: Refusal) -> JSONResponse:
    """Return a refusal as a response."""
    return response(refusal.key, refusal.status, refusal.sentence, refusal.headers)

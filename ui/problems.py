"""Errors over HTTP as RFC 9457 problem details, in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Scope

from ingest.documents import Language
from ui import request_ids
from ui.admission import areas
from ui.api.callers import page_language
from ui.asking import Refusal
from ui.markup import Markup, joined, tag
from ui.words import word

MEDIA_TYPE = "application/problem+json"
TITLES = {
    "empty": "Empty question",
    "too_long": "Question too long",
    "not_ready": "Not ready",
    "busy": "Too many answers under way",
    "not_found": "Not found",
    "wrong_method": "Method not allowed",
    "not_acceptable": "Not acceptable",
    "not_resumable": "Nothing to resume",
    "too_large": "Request too large",
    "wrong_type": "Unsupported media type",
    "malformed": "Malformed request",
    "unreadable": "Unreadable request",
    "unsupported": "Unsupported parameter",
    "unknown_model": "Unknown model",
    "no_question": "No question",
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
    "too_many": "Too many requests",
    "too_many_open": "Too many questions at once",
    "one_at_a_time": "One question at a time",
    "key_spent": "Too many questions for this key",
    "portal_spent": "Too many questions for this portal",
    "portal_closed": "Access of this portal is closed",
    "foreign": "Not allowed from this site",
    "wrong_host": "Unknown host name",
    "bad_key": "Unknown key",
    "key_needed": "A key is needed",
    "key_scope": "Not allowed with this key",
}
"""The English name of each kind, the same in every language so that programs may rely on it."""

_BY_STATUS = {
    400: "api.unreadable",
    404: "not_found",
    405: "api.wrong_method",
    406: "api.not_acceptable",
    413: "too_large",
    415: "api.wrong_type",
}
"""The sentence of an error that a library raised, by its status."""
_FIELD_ERRORS = (
    (re.compile("missing"), "api.field_missing"),
    (re.compile("literal_error|enum"), "api.field_choice"),
    (re.compile("too_long|too_short"), "api.field_length"),
    (re.compile("greater_than|less_than"), "api.field_range"),
)
"""What is wrong with a field, by how pydantic calls it."""
_PLAIN = re.compile(r"[A-Za-z_-]{1,40}")


def details(key: str, status: int, sentence: str, **members: Any) -> dict[str, Any]:
    """Return the members of a problem; *key* may name a file of the catalogue before it (``api.wrong_type``)."""
    name = key.rpartition(".")[2]
    problem = {"type": f"urn:guichet-ia:problem:{name}", "title": TITLES[name], "status": status, "detail": sentence}
    if request := request_ids.current():
        problem["request_id"] = request
    return problem | members


def response(
    key: str, status: int, sentence: str, headers: Mapping[str, str] | None = None, **members: Any
) -> JSONResponse:
    """Return a problem as a response."""
    body = details(key, status, sentence, **members)
    return JSONResponse(body, status, {"cache-control": "no-store", **(headers or {})}, media_type=MEDIA_TYPE)


def problem(
    key: str, language: Language, status: int, headers: Mapping[str, str] | None = None, **values: object
) -> JSONResponse:
    """Return the problem *key* with its sentence of the catalogue."""
    return response(key, status, word(key, language, **values), headers)


def page(refusal: Refusal, language: Language) -> HTMLResponse:
    """Return a refusal as a page that needs nothing else of us, for a reader's browser."""
    request = request_ids.current()
    body = joined(
        Markup("<!doctype html>"),
        tag(
            "html",
            tag("head", Markup('<meta charset="utf-8">'),
                Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
                tag("title", word("title", language))),
            tag("body", tag("main", tag("h1", word("title", language)),
                            tag("p", refusal.sentence, role="alert"),
                            tag("p", tag("small", request)) if request else None)),
            lang=language,
        ),
    )  # fmt: skip
    headers = {"cache-control": "no-store", "content-language": language, **refusal.headers}
    return HTMLResponse(body, refusal.status, headers)


def told(scope: Scope, key: str, language: Language, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Return the refusal *key* for whoever asks: see ``told_of``."""
    return told_of(scope, Refusal(key, language, status, headers=headers), language)


def told_of(scope: Scope, refusal: Refusal, language: Language) -> Response:
    """Return *refusal* as a page to a browser that asks for one, to everybody else and to programs as a problem."""
    accept = Headers(scope=scope).get("accept", "")
    reads = "text/html" in accept and not areas.PROGRAMS.fullmatch(scope["path"])
    return page(refusal, language) if reads else refused(refusal)


def refused(refusal: Refusal) -> JSONResponse:
    """Return a refusal as a response."""
    members = {"errors": [{"pointer": refusal.pointer, "detail": refusal.sentence}]} if refusal.pointer else {}
    return response(refusal.key, refusal.status, refusal.sentence, refusal.headers, **members)


def malformed(errors: Sequence[Mapping[str, Any]], language: Language) -> JSONResponse:
    """Return what is wrong with the fields of a request, as pydantic found it.

    Only places are repeated, in our own words: what was sent may be private.
    """
    if errors and errors[0]["type"] == "json_invalid":
        return problem("api.unreadable", language, 400)
    found = [_field_error(error, language) for error in errors[:20]]
    field = (found[0].get("pointer", "") or found[0].get("parameter", "")).lstrip("#/").replace("/", ".")
    return response("malformed", 422, word("malformed", language, field=field or "body"), errors=found)


def _field_error(error: Mapping[str, Any], language: Language) -> dict[str, str]:
    where, *place = error["loc"]
    # Names of types in a union, as pydantic puts them between names of fields, are no place in the body.
    path = [str(part) for part in place if isinstance(part, int) or _PLAIN.fullmatch(part)]
    key = next((key for kind, key in _FIELD_ERRORS if kind.search(error["type"])), "api.field_form")
    detail = word(key, language)
    if where == "body":
        return {"pointer": "#" + "".join(f"/{part}" for part in path), "detail": detail}
    return {"parameter": ".".join(path), "detail": detail}


def explain(app: FastAPI) -> None:
    """Turn every error of the routes of *app* into problem details."""

    @app.exception_handler(Refusal)
    async def on_refusal(_request: Request, error: Refusal) -> Response:
        return refused(error)

    @app.exception_handler(RequestValidationError)
    async def on_malformed(request: Request, error: RequestValidationError) -> Response:
        return malformed(error.errors(), page_language(request))

    @app.exception_handler(HTTPException)
    async def on_failure(request: Request, error: HTTPException) -> Response:
        key = _BY_STATUS.get(error.status_code, "unexpected")
        return problem(key, page_language(request), error.status_code, error.headers)

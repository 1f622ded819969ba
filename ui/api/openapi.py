"""The OpenAPI document: what FastAPI derives of the routes, and what holds for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from ingest.settings import Settings
from ui import problems
from ui.admission import areas
from ui.api import schemas
from ui.api.callers import EVENTS, JSON
from ui.api.openai_errors import to_openai
from ui.words import word

VERSION = "1.0.0"
DESCRIPTION = """Answers about public support for AI and digital projects of firms in Wallonia, every statement quoted
from a dated source.

Stateless, without cookies. Every response has an `X-Request-ID`; every error is a problem (RFC 9457) with a sentence in
the caller's language: `lang`, else `Accept-Language`, else French. Below `/v1` errors have the form of OpenAI.

A key is sent as `Authorization: Bearer gk_…` or `X-API-Key: gk_…`, by servers only. A wrong one is refused also where
none is needed.
"""
TAGS = (
    {"name": "ask", "description": "A question in, a cited answer out."},
    {"name": "documents", "description": "What is quoted."},
    {"name": "search", "description": "Passages, without an answer in words."},
    {"name": "programmes", "description": "What is confirmed of each programme, its days, and who may apply."},
    {"name": "openai", "description": "The guichet as a model, for programs that speak the protocol of OpenAI."},
    {"name": "service", "description": "What answers, and whether it does."},
)
ERRORS = {
    400: "The body cannot be read.",
    401: "The key is wrong, expired or revoked, or this guichet asks one of programs.",
    403: "Not allowed from the page that asks, or not with this key.",
    404: "There is nothing at this address.",
    406: "None of the formats that are asked for is there.",
    409: "The events after `Last-Event-ID` are gone; ask again without it.",
    413: "The body is too large.",
    415: "The body is no JSON.",
    421: "This guichet is not called so.",
    422: "Something in the request is not as it must be; `errors` names the fields.",
    429: "Too many requests; come back after `Retry-After` seconds.",
    500: "Something broke.",
    503: "Not ready yet, or too much to do; come back after `Retry-After` seconds.",
}
GUARDED = (401, 403, 421)
"""What every operation of programs may answer: the guard refuses before the operation is asked."""
_SHOWN: dict[int, tuple[str, dict[str, object]]] = {
    400: ("api.unreadable", {}),
    401: ("portals.bad_key", {}),
    403: ("portals.foreign", {}),
    404: ("not_found", {}),
    406: ("api.not_acceptable", {"types": f"{JSON}, {EVENTS}"}),
    409: ("api.not_resumable", {}),
    413: ("too_large", {}),
    415: ("api.wrong_type", {}),
    421: ("portals.wrong_host", {}),
    422: ("malformed", {"field": "history.0.role"}),
    429: ("portals.too_many", {"wait": "12 seconds"}),
    500: ("unexpected", {}),
    503: ("not_ready", {}),
}
"""The problem that is the example of each status, with what fills its sentence."""
SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A key, `gk_…`; never from a page."},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The same key."},
}
_COMMON: tuple[dict[str, Any], ...] = (
    {
        "name": "lang", "in": "query", "required": False, "schema": {"type": "string", "examples": ["nl"]},
        "description": "Language of sentences for people: fr, nl, de or en; any other is passed over.",
    },
    {
        "name": "Accept-Language", "in": "header", "required": False,
        "schema": {"type": "string", "examples": ["de-BE,de;q=0.9"]},
        "description": "The same, where `lang` is not given.",
    },
    {
        "name": "X-Request-ID", "in": "header", "required": False, "schema": {"type": "string"},
        "description": "Name for this request, up to 64 of A-Z a-z 0-9 . _ -; any other is replaced by one of ours.",
    },
)  # fmt: skip
_HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-ID": {"description": "Name of the request.", "required": True, "schema": {"type": "string"}},
    "ETag": {"description": "Mark of the content.", "required": True, "schema": {"type": "string"}},
    "Last-Modified": {"description": "Since when the version is served.", "schema": {"type": "string"}},
    "Link": {"description": 'Address of the next page, rel="next".', "schema": {"type": "string"}},
    "Location": {"description": "Address of the events.", "required": True, "schema": {"type": "string"}},
    "Content-Location": {"description": "Address of the same events.", "schema": {"type": "string"}},
    "WWW-Authenticate": {"description": "How to show a key.", "required": True, "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "string", "pattern": r"^\d+$"}},
}
_MODELS: tuple[type[BaseModel], ...] = (schemas.Problem, schemas.OpenAIFailure, schemas.ChatCompletionChunk)


def answers_with(
    *statuses: int,
    ok: Mapping[int, Any],
    headers: tuple[str, ...] = (),
    failure: type[BaseModel] = schemas.Problem,
) -> dict[int | str, dict[str, Any]]:
    """Return what an operation answers with: errors of these *statuses*, and *ok*, by status.

    Of what went well a status gives an example, a sentence (str) or a whole response object (with "content"). *headers*
    stand in every response that went well.
    """
    responses: dict[int | str, dict[str, Any]] = {status: _refused(status, failure) for status in statuses}
    for status, said in ok.items():
        named = _headers("X-Request-ID", *headers)
        if isinstance(said, str):
            responses[status] = {"description": said, "headers": named}
        elif isinstance(said, dict) and "content" in said:
            responses[status] = {"description": "Done.", **said, "headers": named}
        else:
            responses[status] = {"description": "Done.", "headers": named, "content": {JSON: {"example": said}}}
    return responses


def _refused(status: int, failure: type[BaseModel]) -> dict[str, Any]:
    """Return the response object of an error: its form and its headers."""
    own = {401: ("WWW-Authenticate",), 429: ("Retry-After",), 503: ("Retry-After",)}.get(status, ())
    media_type = problems.MEDIA_TYPE if failure is schemas.Problem else JSON
    reference = {"schema": {"$ref": f"#/components/schemas/{failure.__name__}"}}
    return {
        "description": ERRORS[status], "content": {media_type: reference}, "headers": _headers("X-Request-ID", *own),
    }  # fmt: skip


def _problem(status: int) -> dict[str, Any]:
    """Return an example of a problem, in English."""
    key, values = _SHOWN[status]
    shown = problems.details(key, status, word(key, "en", **values), request_id="3f2a9c1b7d5e4f60")
    if status == 422:
        shown["errors"] = [{"pointer": "#/history/0/role", "detail": word("api.field_choice", "en")}]
    return shown


def events(example: str, schema: str, also: Any = None) -> dict[str, Any]:
    """Return the response object of a stream of events of a *schema*; *also* is an example of the same as JSON."""
    json = {JSON: {"example": also}} if also is not None else {}
    stream = {"itemSchema": {"$ref": f"#/components/schemas/{schema}"}, "example": example}
    return {"content": json | {EVENTS: stream}}


def _event(data: Mapping[str, Any], *, id: bool, name: str = "message") -> dict[str, Any]:
    """Return the schema of an event as a browser sees it: its data is a string."""
    content = {"type": "string", "contentMediaType": JSON, "contentSchema": data}
    properties = {"event": {"const": name}, "data": content} | ({"id": {"type": "string"}} if id else {})
    return {"type": "object", "properties": properties, "required": ["data", *(("id",) if id else ())]}


def _named(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


_STAGE = {"type": "object", "properties": {"stage": {"type": "string"}}, "required": ["stage"]}
_TOKEN = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "checked": {"type": "boolean", "description": "False: it ends in words that were not checked yet."},
        "replaces": {"const": True, "description": "The text takes the place of all before."},
    },
    "required": ["text", "checked"],
}
_STREAMED = {
    "Event": {
        "description": "An event of an answer under way.",
        "oneOf": [
            _event(_STAGE, id=True, name="status"),
            _event(_TOKEN, id=True, name="token"),
            _event(_named("Answer"), id=True, name="answer"),
            _event(_named("Problem"), id=True, name="error"),
        ],
    },
    "ChatCompletionEvent": {
        "description": "An event of a stream as OpenAI sends it.",
        "oneOf": [
            _event({"oneOf": [_named("ChatCompletionChunk"), _named("OpenAIFailure")]}, id=False),
            {"type": "object", "properties": {"data": {"const": "[DONE]"}}, "required": ["data"]},
        ],
    },
}


def describe(app: FastAPI, settings: Settings) -> None:
    """Have *app* serve the whole document; it is made when it is first asked for."""

    def document() -> dict[str, Any]:
        if not app.openapi_schema:
            app.openapi_schema = _finished(
                get_openapi(
                    title="Guichet IA",
                    version=VERSION,
                    description=DESCRIPTION,
                    routes=app.routes,
                    tags=[*TAGS],
                    license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
                ),
                settings,
            )
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _finished(document: dict[str, Any], settings: Settings) -> dict[str, Any]:
    components = document.setdefault("components", {})
    held = components.setdefault("schemas", {})
    for model in _MODELS:
        schema = model.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
        held.update(schema.pop("$defs", {}))
        held[model.__name__] = schema
    held.update(_STREAMED)
    for unused in ("HTTPValidationError", "ValidationError"):
        held.pop(unused, None)
    held["Question"]["properties"]["question"]["maxLength"] = settings.max_question
    held["Searched"]["properties"]["query"]["maxLength"] = settings.max_question
    components["parameters"] = {_slug(each["name"]): each for each in _COMMON}
    components["headers"] = _HEADERS
    components["securitySchemes"] = SCHEMES
    common = [{"$ref": f"#/components/parameters/{name}"} for name in components["parameters"]]
    for path, methods in document["paths"].items():
        for operation in methods.values():
            # FastAPI's own form of what is malformed: ours are problems, and below /v1 a 400.
            if "HTTPValidationError" in str(operation["responses"].get("422")):
                del operation["responses"]["422"]
            if areas.PROGRAMS.fullmatch(path):
                _guard(path, operation, settings)
            operation["parameters"] = [*operation.get("parameters", ()), *common]
            for status, response in operation["responses"].items():
                response.setdefault("headers", {}).update(_headers("X-Request-ID"))
                # Here, since FastAPI leaves out what is null, and an error of OpenAI's form says null.
                for media_type, content in response["content"].items() if int(status) >= 400 else ():
                    problem = _problem(int(status))
                    content["example"] = problem if media_type == problems.MEDIA_TYPE else to_openai(problem)[1]
    return document


def _guard(path: str, operation: dict[str, Any], settings: Settings) -> None:
    """Say in *operation* which key it takes, and what the guard may answer instead of it."""
    needs = [areas.scope_of(path)]
    keys: list[dict[str, Any]] = [{name: needs} for name in SCHEMES]
    # Where keys are asked of programs, pages may still ask the API without one; nothing else may be.
    needed = settings.api_key_required and not areas.API.fullmatch(path)
    operation["security"] = keys if needed else [{}, *keys]
    failure = schemas.Problem if areas.API.fullmatch(path) else schemas.OpenAIFailure
    refusals = {str(status): _refused(status, failure) for status in GUARDED}
    operation["responses"] = dict(sorted((operation["responses"] | refusals).items()))


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _slug(name: str) -> str:
    return name.replace("-", "")

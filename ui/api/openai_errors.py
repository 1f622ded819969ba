"""Our problems as the errors that clients of OpenAI know."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_CODES = {
    "too_long": "context_length_exceeded",
    "unknown_model": "model_not_found",
    "unsupported": "unsupported_value",
    "too_many": "rate_limit_exceeded",
    "too_many_open": "rate_limit_exceeded",
    "one_at_a_time": "rate_limit_exceeded",
    "key_spent": "rate_limit_exceeded",
    "portal_spent": "rate_limit_exceeded",
    "bad_key": "invalid_api_key",
    "key_needed": "invalid_api_key",
}
_KINDS = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_INDEX = re.compile(r"\.(\d+)")


def to_openai(problem: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """Return status and body of the error that stands for *problem*; what we call unprocessable is a bad request."""
    status = int(problem["status"])
    name = str(problem["type"]).rpartition(":")[2]
    kind = _KINDS.get(status, "server_error" if status >= 500 else "invalid_request_error")
    error = {
        "message": problem["detail"],
        "type": kind,
        "param": _parameter(problem),
        "code": _CODES.get(name, name),
        "request_id": problem.get("request_id"),
    }
    return 400 if status == 422 else status, {"error": error}


def _parameter(problem: Mapping[str, Any]) -> str | None:
    """Return the place that is wrong as OpenAI writes it: ``messages[0].content``."""
    for error in problem.get("errors", ()):
        place = str(error.get("pointer", "")).removeprefix("#/").replace("/", ".")
        return _INDEX.sub(r"[\1]", place).lstrip("#") or None
    return None

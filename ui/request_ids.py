"""The name of the request at work: in its response, in a problem and beside an error in the log, so that they meet."""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar

HEADER = "x-request-id"
_SAFE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_current: ContextVar[str] = ContextVar("request_id", default="")


def begin(asked: str | None) -> str:
    """Name the request at work: as its caller *asked*, if that is harmless in a log, else anew; return the name."""
    name = asked if asked and _SAFE.fullmatch(asked) else secrets.token_hex(8)
    _current.set(name)
    return name


def current() -> str:
    """Return the name of the request at work; nothing outside of one."""
    return _current.get()

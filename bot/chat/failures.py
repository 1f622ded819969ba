"""Why a language model gave nothing that can be used: one closed list of reasons, whoever the provider is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

Kind = Literal[
    "unreachable", "key", "busy", "server", "request", "slow", "stalled", "cut", "empty", "garbage", "language",
    "budget", "paused", "fault",
]  # fmt: skip
"""What went wrong; each has its sentence in the catalogue (``answers.model_…``). ``fault``: our own check broke."""
MAY_PASS: frozenset[Kind] = frozenset({"unreachable", "busy", "server", "cut"})
"""What a second try may mend; one that took its whole time is not given it twice."""
DEAD: frozenset[Kind] = frozenset({"unreachable", "key", "busy", "server", "slow", "stalled", "cut"})
"""What says that the next question would fare no better, for a while."""

_TELLING: dict[Kind, frozenset[str]] = {
    "unreachable": frozenset({"ConnectError", "ConnectTimeout", "ConnectionRefusedError"}),
    "slow": frozenset({"TimeoutException", "TimeoutError"}),
    "cut": frozenset({"TransportError", "ConnectionError"}),
}
"""Names of errors that tell what happened on the way to a server."""


class ChatFailure(Exception):
    """A model gave nothing that can be used. ``kind`` says why; the text, for the operator, never holds a question."""

    def __init__(self, kind: Kind, detail: str = "", *, waited: bool = False) -> None:
        """*waited* tells that the time for connecting was used up: it is not given twice."""
        super().__init__(detail or kind)
        self.kind = kind
        self.may_pass = kind in MAY_PASS and not waited


def translated(error: Exception, *, begun: bool) -> ChatFailure:
    """Return what *error* of a provider's package means; *begun* tells whether some text had come already.

    The packages have families of their own; what they share is a status code, or an error of the wire as the cause.
    """
    for cause in _causes(error):
        if status := _status(cause):
            return ChatFailure(_by_status(status), f"HTTP {status}")
    # By name: the packages bring two generations of httpx along, whose classes are called alike.
    names = {kind.__name__ for cause in _causes(error) for kind in type(cause).__mro__}
    for kind, telling in _TELLING.items():
        if names & telling:
            told = "stalled" if kind == "slow" and begun else kind
            return ChatFailure(told, type(error).__name__, waited="ConnectTimeout" in names)
    return ChatFailure("cut" if begun else "server", type(error).__name__)


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


def _status(error: BaseException) -> int | None:
    """Return the HTTP status that an error tells, wherever its package keeps it."""
    for holder in (error, getattr(error, "response", None)):
        status = getattr(holder, "status_code", None)
        if isinstance(status, int) and status >= 400:
            return status
    return None


def _by_status(status: int) -> Kind:
    if status in (401, 403):
        return "key"
    if status == 429:
        return "busy"
    return "server" if status >= 500 else "request"

"""Who calls: the language in which they are spoken to, what they can read, and who pays for what they ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from starlette.requests import Request

from ingest.documents import Language
from ui.words import preferred

if TYPE_CHECKING:  # it needs our refusals, which need this
    from ui.admission import Admission

V1 = "/api/v1"
JSON = "application/json"
EVENTS = "text/event-stream"


def page_language(request: Request, asked: str | None = None) -> Language:
    """Return the language in which this caller is spoken to."""
    return preferred(asked or request.query_params.get("lang"), request.headers.get("accept-language"))


async def admitted(request: Request, language: Language, conversation: str | None = None) -> str:
    """Hold a place for a question until its response has ended, and return who pays for a language model.

    Raises ``Refusal`` in *language* when there is no place, or when there were too many questions.
    """
    admission: Admission = request.app.state.admission
    caller = admission.caller(request.scope)
    await admission.admit(request.scope, caller, language, conversation)
    return caller.payer


def accepted(header: str | None, offered: Sequence[str]) -> str | None:
    """Return the media type among *offered* that an ``Accept`` header likes best, the first one of equals, or None."""
    if not header or not header.strip():
        return offered[0]
    ranges = [_range(part) for part in header[:1000].split(",")]
    weights = {each: _weight(each, ranges) for each in offered}
    best = max(offered, key=lambda each: weights[each])
    return best if weights[best] > 0 else None


def _range(part: str) -> tuple[str, float]:
    kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return kind, float(parameter[2:])
            except ValueError:
                return kind, 0.0
    return kind, 1.0


def _weight(kind: str, ranges: Sequence[tuple[str, float]]) -> float:
    """Return the weight of the narrowest range that holds *kind*; 0: none does."""
    for wanted in (kind, kind.partition("/")[0] + "/*", "*/*"):
        found = [weight for name, weight in ranges if name == wanted]
        if found:
            return max(found)
    return 0.0

"""The ways in for programs by their addresses, and what a key must be good for there.

Decided here for all of them, before their code runs: a new route cannot forget it.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ui.keys import ScopeName

MCP = re.compile(r"/mcp(?:/.*)?", re.DOTALL)
PROGRAMS = re.compile(r"/(?:api/v1|v1|mcp)(?:/.*)?", re.DOTALL)
"""Everything that programs and the widget ask."""
API = re.compile(r"/api/v1(?:/.*)?", re.DOTALL)
"""The part of it that pages of portals may ask, and read."""
DESCRIPTION = re.compile(r"/api/v1/openapi\.(?:json|yaml)")
"""What tells how to ask: open to every program, since it is the same for all."""
WIDGET = re.compile(r"/widget(?:/[\w.-]+){0,2}\.(?:js|css|map|svg)", re.ASCII)
"""The scripts of the widget: any page may load them, and gets nothing by it."""
STREAMS = re.compile(r"(?:/staff)?/gradio_api/(?:queue/data|heartbeat/\w{1,64})/?", re.ASCII)
"""What stays open as long as a page of Gradio's does."""
FRAMED = frozenset({"/", "/ask"})
"""Pages that a portal may show in a frame."""
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
"""Signs that stand in no address of ours. Routes end in ``$``, which looks past a line's end; what is here does not."""
HEALTH = frozenset({"/healthz", "/readyz", "/metrics"})
"""What machines around the guichet ask, by whatever name they know it."""

_SCOPES: tuple[tuple[re.Pattern[str], ScopeName], ...] = (
    (re.compile(r"/api/v1/search\b.*", re.DOTALL), "search"),
    (re.compile(r"/api/v1/(?:documents|programmes|calendar\.ics)\b.*", re.DOTALL), "documents"),
    (re.compile(r"/api/v1/eligibility\b.*", re.DOTALL), "eligibility"),
    (re.compile(r"/api/v1/feedback\b.*", re.DOTALL), "feedback"),
    (MCP, "mcp"),
)
ASKING = re.compile(r"/api/v1/ask(?:/.*)?|/v1/chat/completions|/ask/?", re.DOTALL)
"""Ways in whose every request is a question, and counted as one; of the page at ``/ask`` each form that is sent."""


@lru_cache(maxsize=1024)
def scope_of(path: str) -> ScopeName:
    """Return what a key must be good for to ask at *path*; whatever is not named here needs ``ask``."""
    return next((scope for pattern, scope in _SCOPES if pattern.fullmatch(path)), "ask")

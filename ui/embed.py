"""``/?embed=1``: the chat page in a frame of a portal, without its header; its script tells the portal its height.

What the portal hears is ``{"type": "guichet-ia:height", "height": 812}``, in CSS pixels, and nothing else ever.
"""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.types import Scope

MESSAGE = "guichet-ia:height"
"""The type of the message to the portal."""


def asked(scope: Scope) -> bool:
    """Return whether the address of a request asks for the page without its header."""
    fields = parse_qs(str(scope.get("query_string", b""), "latin-1"))
    return fields.get("embed", [""])[0] == "1"

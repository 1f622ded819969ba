"""By which portal the chat page is framed: its page carries a sealed note of that, since its own origin is ours.

The note is sealed when the page is asked for, for the origin that the browser names in ``Referer``: no page can write
another's there, and none of another origin can read ours to take the note out. A program can write any ``Referer``, as
it can any ``Origin`` (see ``crossing``), and gains no more by it: of a portal's number an address has a share.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from urllib.parse import urlsplit

from starlette.datastructures import Headers


class Seals:
    """The notes of one process: its pages talk to no other one, and are fetched anew when it is gone."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def note(self, origin: str) -> str:
        """Return the note for a page that *origin* has in a frame."""
        return f"{self._seal(origin)} {origin}"

    def origin(self, note: str) -> str | None:
        """Return the origin that *note* names, or None if it is none of ours."""
        seal, _, origin = note.partition(" ")
        return origin if hmac.compare_digest(seal.encode(), self._seal(origin).encode()) else None

    def _seal(self, origin: str) -> str:
        return hmac.new(self._secret, origin.encode(errors="replace"), hashlib.sha256).hexdigest()


def framing(headers: Headers) -> str | None:
    """Return the origin of the page that asks for ours, as far as the browser says it."""
    try:
        seen = urlsplit(headers.get("referer", ""))
    except ValueError:
        return None
    return f"{seen.scheme}://{seen.netloc}" if seen.netloc else None

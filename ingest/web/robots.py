"""What a site asks of robots: its robots.txt (RFC 9309), fetched with the same guards as a page and kept for a day."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from protego import Protego

from ingest.errors import FetchFailed
from ingest.web.addresses import Address
from ingest.web.connections import Deadline

__all__ = ["LONGEST", "PRODUCT", "Reply", "Robots"]

PRODUCT = "GuichetIA"
"""The name that a robots.txt may address us by, and that begins our user agent."""
LONGEST = 500 * 1024
"""Bytes of a robots.txt that are read; rules after them are not there."""
KEPT = 24 * 3600.0
KEPT_WHEN_BROKEN = 600.0
"""Seconds until a site is asked again whose robots.txt could not be given."""
SITES = 1000
LONGEST_PAUSE = 30.0

_AGENT = re.compile(rb"^([ \t]*user[- ]?agent[ \t]*:)[ \t]*([^\r\n#]*)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a site answered when it was asked for its robots.txt."""

    status: int
    content: bytes


@dataclass(frozen=True, slots=True)
class _Rules:
    parsed: Protego | None
    """None: the site cannot say now, and so nothing is asked of it."""
    until: float


class Robots:
    """The rules of the sites that were asked, for our name; safe to use from several threads."""

    def __init__(self, ask: Callable[[Address, Deadline], Reply], clock: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._clock = clock
        self._known: dict[str, _Rules] = {}
        self._lock = threading.Lock()

    def check(self, address: Address, deadline: Deadline) -> None:
        """Raise ``FetchFailed`` when the site does not let robots read *address*, or cannot say so now."""
        rules = self._rules(address, deadline)
        if rules is None:
            message = f"{address}: the site's robots.txt cannot be read at present; try again later"
            raise FetchFailed(message, "robots")
        if not rules.can_fetch(address.url, PRODUCT):
            raise FetchFailed(f"{address}: the site's robots.txt asks robots to keep away from it", "robots")

    def sitemaps(self, address: Address, deadline: Deadline) -> list[str]:
        """Return the sitemaps that the site of *address* names."""
        rules = self._rules(address, deadline)
        return list(rules.sitemaps) if rules else []

    def pause(self, address: Address) -> float:
        """Return the seconds that the site wants between two requests, if it is known; never over half a minute."""
        known = self._known.get(address.origin)
        delay = known.parsed.crawl_delay(PRODUCT) if known and known.parsed else None
        return min(delay or 0.0, LONGEST_PAUSE)

    def _rules(self, address: Address, deadline: Deadline) -> Protego | None:
        known = self._known.get(address.origin)
        if known and known.until > self._clock():
            return known.parsed
        reply = self._ask(Address(address.scheme, address.host, address.port, "/robots.txt"), deadline)
        broken = reply.status >= 500 or reply.status == 429
        parsed = None if broken else _parsed(reply.content if 200 <= reply.status < 300 else b"")
        with self._lock:
            while len(self._known) >= SITES:
                del self._known[next(iter(self._known))]
            self._known.pop(address.origin, None)
            self._known[address.origin] = _Rules(parsed, self._clock() + (KEPT_WHEN_BROKEN if broken else KEPT))
        return parsed


def _parsed(content: bytes) -> Protego:
    return Protego.parse(_AGENT.sub(_ours, content[:LONGEST]).decode("utf-8-sig", "replace"))


def _ours(line: re.Match[bytes]) -> bytes:
    """Leave of the names only ours and «*»: the parser copies each rule for each name, and there may be thousands."""
    name = re.match(rb"[A-Za-z_-]*|\*", line[2])
    token = name[0].lower() if name else b""
    if token == PRODUCT.lower().encode():
        return line[1] + b" " + token
    return line[1] + (b" *" if line[2].strip() == b"*" else b" another")

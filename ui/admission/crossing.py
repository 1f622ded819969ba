"""Where a request comes from, as a browser says it: from a page of ours, of a portal, of anybody, or from no page.

``Origin`` and ``Sec-Fetch-Site`` are written by the browser, and no page can change them; a program can write what it
likes into them and gains little: what is open to no page, a key is asked for whatever they say; the rest is limited by
address. ``Referer`` decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from starlette.datastructures import Headers

from ui.admission.hosts import Hosts
from ui.portals.portals import Allowed, Portal

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
OUTSIDE = frozenset({"cross-site", "same-site"})

Relation = Literal["none", "own", "portal", "closed", "foreign"]


@dataclass(frozen=True, slots=True)
class Crossing:
    """From which page a request came, if from any."""

    relation: Relation
    origin: str = ""
    portal: Portal | None = None

    def may(self, shared: bool) -> bool:
        """Return whether anything is computed for it; only what is *shared* with portals is so for theirs."""
        return self.relation in ({"none", "own", "portal"} if shared else {"none", "own"})


def crossing(headers: Headers, method: str, hosts: Hosts, allowed: Allowed) -> Crossing:
    """Return where a request comes from."""
    origins = headers.getlist("origin")
    if not origins:
        if headers.get("sec-fetch-site") == "same-origin":
            return Crossing("own")
        return Crossing("foreign" if _outside(headers, method) else "none")
    origin = origins[0]
    if len(origins) > 1:
        return Crossing("foreign")
    if hosts.is_own(origin, headers.get("host", "")):
        return Crossing("own", origin)
    if portal := allowed.open.get(origin):
        return Crossing("portal", origin, portal)
    return Crossing("closed" if origin in allowed.closed else "foreign", origin)


def _outside(headers: Headers, method: str) -> bool:
    """Return whether another site's page has this fetched without saying which: an image, a script, an old form.

    A link that is followed is the reader's own doing, and shows what it brings to nobody else.
    """
    if headers.get("sec-fetch-site") not in OUTSIDE:
        return False
    followed = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return not (followed and method in SAFE)

"""The names under which the guichet may be asked. A request for another one was not meant for it, or is a trap."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from ingest.settings import LOOPBACK, Settings
from ui.portals.origins import same

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?")


class Hosts:
    """The known names: that of ``public_url``, those of ``trusted_hosts``, and this machine's own."""

    def __init__(self, settings: Settings) -> None:
        self._public = settings.public_url
        self._names = set(settings.trusted_hosts)
        if settings.public_url:
            parts = urlsplit(settings.public_url)
            self._names |= {parts.netloc.lower(), (parts.hostname or "").lower()}
        self._by_https = urlsplit(self._public).netloc.lower() if (self._public or "").startswith("https:") else None
        # Where nobody said how the guichet is called, its number is no name that somebody else could point at it.
        self._numbers = not settings.public_url and settings.host not in LOOPBACK

    def knows(self, host: str) -> bool:
        """Return whether *host*, as a request names it, is this guichet."""
        found = _HOST.fullmatch(host)
        if found is None or len(host) > 300:
            return False
        name = found[1].lower()
        if name.strip("[]") in LOOPBACK or host.lower() in self._names or name in self._names:
            return True
        return self._numbers and _is_number(name.strip("[]"))

    def is_public_by_https(self, host: str) -> bool:
        """Return whether *host* is the name of a public address that begins with ``https``."""
        return self._by_https is not None and host.lower() == self._by_https

    def is_own(self, origin: str, host: str) -> bool:
        """Return whether *origin* is a page of this guichet, asked as *host*."""
        if self._public and same(origin, self._public):
            return True
        try:
            seen = urlsplit(origin)
        except ValueError:
            return False
        if seen.scheme not in {"http", "https"} or seen.netloc.lower() != host.lower() or not self.knows(host):
            return False
        # Without a public address its scheme is unknown: a proxy may have taken the encryption off. With one, that
        # name is spoken to as it says, and only other names of ours are left.
        return not self._public or seen.hostname != urlsplit(self._public).hostname


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True

"""Origins as browsers write them in ``Origin``: scheme, host in ASCII and port, each only if it is not the usual one.

What an administrator types is brought into that form once; what a request says is then compared sign by sign, and no
second reading of an address can take one host for another.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit

import idna

from ingest.settings import LOOPBACK

LONGEST = 300
_PORTS = {"https": 443, "http": 80}
_SHAPE = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[^\s/?#@:\[\]\\*%]+)(?::([0-9]{1,5}))?/?", re.IGNORECASE)
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
"""A last label that makes browsers read the whole name as a number."""


def normal(text: str) -> str | None:
    """Return the origin that *text* is, or None if it is none: no path, no wildcard, no ``null``, encrypted.

    ``http`` is an origin on this machine only, where portals are built and tried out.
    """
    found = _SHAPE.fullmatch(text.strip(" \t")) if len(text) <= LONGEST else None
    if found is None:
        return None
    scheme, host, port = found[1].lower(), _host(found[2]), int(found[3]) if found[3] else None
    if host is None or (port is not None and not 0 < port < 65536):
        return None
    if scheme == "http" and host.strip("[]") not in LOOPBACK:
        return None
    return f"{scheme}://{host}" + (f":{port}" if port and port != _PORTS[scheme] else "")


def same(one: str, other: str) -> bool:
    """Return whether two addresses are of one origin, whatever way their usual port is written."""

    def origin(address: str) -> tuple[str, str | None, int]:
        parts = urlsplit(address)
        return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme, 0)

    try:
        return origin(one) == origin(other)
    except ValueError:
        return False


def _host(text: str) -> str | None:
    if text.startswith("["):
        try:
            return f"[{IPv6Address(text[1:-1])}]"
        except ValueError:
            return None
    name = text.lower()
    try:
        if not name.isascii():
            # The mapping that browsers apply, so that «é.example» is kept as they will write it.
            name = idna.encode(name, uts46=True).decode("ascii").lower()
        elif "xn--" in name:
            idna.decode(name)
    except (idna.IDNAError, UnicodeError):
        return None
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        return None
    if _NUMBER.fullmatch(labels[-1]):
        try:
            return str(IPv4Address(name))
        except ValueError:
            return None
    return name

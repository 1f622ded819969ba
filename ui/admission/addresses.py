"""The address that a request is counted by. What a header says of it is believed of proxies that are known, only."""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from starlette.datastructures import Headers
from starlette.types import Scope

logger = logging.getLogger(__name__)

SAID_BY_PROXIES = re.compile(rb"x-forwarded-.*|forwarded|x-gradio-server|x-real-ip|x-original-.*", re.DOTALL)
"""Headers that go no further than here: Gradio would believe them of everybody, and write pages for another host."""
MOST_HOPS = 20
"""Addresses that are looked at in ``X-Forwarded-For``."""


@lru_cache(maxsize=4096)
def counted(address: str) -> str:
    """Return what *address* is counted as: of IPv6 the /64 network, since a household has billions of addresses."""
    ip = _ip(address)
    if ip is None:
        return hashlib.sha256(address.encode(errors="replace")).hexdigest()[:32]
    return str(ipaddress.ip_network((ip, 64), strict=False) if ip.version == 6 else ip)


class Proxies:
    """The reverse proxies in front of the guichet, by address or network."""

    def __init__(self, trusted: Sequence[str]) -> None:
        self._warned = False
        self._trusted: list[IPv4Network | IPv6Network] = [ipaddress.ip_network(each) for each in trusted]

    def undo(self, scope: Scope) -> Scope:
        """Return *scope* as it was before the proxies: who asked them, and by which scheme.

        From the right, since every proxy appends whom it saw: the first address that is none of ours is the visitor's,
        and what stands to the left of it anybody may have written. No header of theirs is left for what is behind.
        """
        peer = (scope.get("client") or ("", 0))[0]
        headers = Headers(scope=scope)
        if not self._knows(peer):
            self._warn(peer, headers)
            return {**scope, "headers": _own(scope)}
        written = ",".join(headers.getlist("x-forwarded-for")).split(",")
        client = self._first(peer, reversed(written[-MOST_HOPS:]))
        scheme = headers.get("x-forwarded-proto", "").strip().lower()
        return {
            **scope,
            "headers": _own(scope),
            "client": (client, 0),
            "scheme": scheme if scheme in {"http", "https"} else scope.get("scheme", "http"),
        }

    def _warn(self, peer: str, headers: Headers) -> None:
        """Say once that a proxy nobody named seems to stand in front: all behind it would share what one may ask."""
        ip = _ip(peer)
        if not self._warned and ip is not None and ip.is_private and "x-forwarded-for" in headers:
            self._warned = True
            logger.warning("a proxy at %s is not in GUICHET_TRUSTED_PROXIES: all behind it are one address", ip)

    def _first(self, peer: str, written: Iterable[str]) -> str:
        for text in written:
            ip = _ip(_without_port(text.strip()))
            if ip is None:
                return peer
            peer = str(ip)
            if not self._knows(peer):
                return peer
        return peer

    def _knows(self, address: str) -> bool:
        ip = _ip(address)
        return ip is not None and any(ip in network for network in self._trusted)


def _own(scope: Scope) -> list[tuple[bytes, bytes]]:
    """Return the headers of a request without those that only proxies write."""
    return [(name, value) for name, value in scope["headers"] if not SAID_BY_PROXIES.fullmatch(name.lower())]


def _ip(text: str) -> IPv4Address | IPv6Address | None:
    try:
        ip = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (ip.ipv4_mapped or ip) if isinstance(ip, IPv6Address) else ip


def _without_port(text: str) -> str:
    if text.startswith("["):
        return text[1:].partition("]")[0]
    host, colon, port = text.rpartition(":")
    return host if colon and ":" not in host and port.isdecimal() else text

"""Which web addresses the guichet may ask: public ones, written in the usual way.

An address is refused here by how it is written, before any name is looked up; what a name leads to is checked where the
connection is made (``ingest.web.connections``), with ``is_public`` of this module.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import NoReturn
from urllib.parse import SplitResult, urljoin, urlsplit

import httpx
import idna

from ingest.errors import AddressRefused

__all__ = ["KINDS", "Address", "follow", "is_public", "parse", "shown"]

KINDS = (
    "refused_address", "scheme", "port", "credentials", "dns", "timeout", "too_large", "too_many_redirects", "robots",
    "status", "type", "tls", "connection", "off", "unreadable", "not_taken",
)  # fmt: skip
"""Why an address gives no page; each has its words in ``bot/wording/desk_web.yaml``."""
DEFAULT_PORTS = {"http": 80, "https": 443}
LONGEST = 2000
"""Characters of an address; browsers and servers get on with as many."""

_NOT_PUBLIC_4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8",
            "168.63.129.16/32",  # the host of virtual machines at Azure: public by number, private by nature
            "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24",
            "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24",
            "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        ),
    )
)  # fmt: skip
_PUBLIC_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocols, Teredo among them
            "2001:db8::/32",
            "2002::/16",  # 6to4: carries an IPv4 address
            "2620:4f:8000::/48",
            "3fff::/20",
        ),
    )
)
_PRIVATE_ENDINGS = frozenset({
    "localhost", "local", "localdomain", "internal", "intranet", "private", "corp", "home", "lan", "arpa", "onion",
    "invalid",
})  # fmt: skip
"""Last labels of names that only a network of one's own knows."""
_CONTROLS = re.compile("[\x00-\x1f\x7f-\xa0\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_HOST_AND_PORT = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]{0,5}))?")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_PLAIN_TARGET = re.compile(
    r"(?:/(?!\.)(?:[A-Za-z0-9_.~-]|%[0-9A-F]{2})*+)++(?:\?(?:[A-Za-z0-9_.~=&-]|%[0-9A-F]{2})*+)?"
)
"""Path and query that nobody writes otherwise: most of the thousands in a sitemap, taken as they are."""
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
"""A last label that makes the whole name a number for browsers and for ``inet_aton``, whatever its notation."""


@dataclass(frozen=True, slots=True)
class Address:
    """A web address that may be asked: its parts as they are sent, in ASCII, without fragment."""

    scheme: str
    host: str
    """A name in lower case, or an IP address in its one canonical form, IPv6 without brackets."""
    port: int
    target: str
    """Path and query."""

    @property
    def origin(self) -> str:
        """Scheme, host and port: what a robots.txt speaks for."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    @property
    def url(self) -> str:
        """The address as text."""
        return self.origin + self.target

    def __str__(self) -> str:
        return shown(self.url)

    @property
    def site(self) -> str:
        """The host without ``www.``: pages of one site share it."""
        return self.host.removeprefix("www.")


def parse(text: str, ports: Collection[int] = (80, 443)) -> Address:
    """Return the address that *text* is, or raise ``AddressRefused`` with the kind of reason.

    One parser decides, and what is sent is built from its parts: no second one can read another host into the text.
    """
    text = text.strip(" \t\r\n")
    parts = _split(text)
    if "@" in parts.netloc:
        _refuse(text, "credentials", "holds a name or a password before «@»; take it out")
    place = _HOST_AND_PORT.fullmatch(parts.netloc)
    if place is None:
        _refuse(text, "refused_address", "has no readable host; copy it from the browser")
    host = _host(text, place[1])
    port = int(place[2]) if place[2] else DEFAULT_PORTS[parts.scheme]
    if port not in ports:
        _refuse(text, "port", f"asks for port {port}; only {', '.join(map(str, sorted(ports)))} may be asked")
    return Address(parts.scheme, host, port, _target(text, parts))


def follow(address: Address, location: str, ports: Collection[int] = (80, 443)) -> Address:
    """Return where a redirect of *address* leads, checked like any other; from https never back to http."""
    try:
        joined = urljoin(address.url, location.strip(" \t"))
    except ValueError:
        _refuse(location, "refused_address", "is no readable address; the site redirects to it")
    onward = parse(joined, ports)
    if address.scheme == "https" and onward.scheme == "http":
        _refuse(onward.url, "scheme", "is not encrypted, and an encrypted page redirects to it")
    return onward


def is_public(ip: IPv4Address | IPv6Address) -> bool:
    """Say whether *ip* is one host of the public Internet.

    An IPv6 address that carries an IPv4 one (mapped, compatible, 6to4, Teredo, NAT64) never is: it would reach the
    other through a gateway that nobody checked.
    """
    if isinstance(ip, IPv4Address):
        return ip.is_global and not any(ip in network for network in _NOT_PUBLIC_4)
    if ip.scope_id is not None:
        return False
    return ip in _PUBLIC_6 and ip.is_global and not any(ip in network for network in _NOT_PUBLIC_6)


def shown(text: str) -> str:
    """Return *text* fit for a sentence or a terminal: no control characters, not too long."""
    printable = "".join(character if character.isprintable() else "?" for character in text[:201])
    return printable if len(printable) <= 200 else printable[:199] + "…"


def _split(text: str) -> SplitResult:
    scheme = _SCHEME.match(text)
    if scheme is None or scheme[1].lower() not in DEFAULT_PORTS:
        _refuse(text, "scheme", "is no web address; it must start with https:// or http://")
    if len(text) > LONGEST:
        _refuse(text, "refused_address", f"is longer than {LONGEST} characters")
    if _CONTROLS.search(text):
        # urlsplit would take some of them out, and so read another address than the one that is shown.
        _refuse(text, "refused_address", "holds invisible characters; type it anew")
    try:
        parts = urlsplit(text)
    except ValueError:
        _refuse(text, "refused_address", "has no readable host; copy it from the browser")
    if "\\" in parts.netloc or not text[len(scheme[0]) :].startswith("//"):
        _refuse(text, "refused_address", "has no readable host; copy it from the browser")
    return parts


def _host(text: str, host: str) -> str:
    if host.startswith("["):
        try:
            ip: IPv4Address | IPv6Address = IPv6Address(host[1:-1])
        except ValueError:
            _refuse(text, "refused_address", "has no readable host; copy it from the browser")
        return _public(text, ip)
    name = _name(text, host)
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        try:
            ip = IPv4Address(name)
        except ValueError:
            _refuse(text, "refused_address", "gives its host as a number in an unusual notation")
        return _public(text, ip)
    if len(labels) == 1 or labels[-1] in _PRIVATE_ENDINGS:
        _refuse(text, "refused_address", "is a name of an internal network; only public addresses are asked")
    return name


def _public(text: str, ip: IPv4Address | IPv6Address) -> str:
    if not is_public(ip):
        _refuse(text, "refused_address", "is no public address; only public addresses are asked")
    return str(ip)


def _name(text: str, host: str) -> str:
    """Return the name *host* as the domain name system knows it: ASCII, in lower case, without a last dot."""
    name = host.lower()
    try:
        if not name.isascii() and len(host) <= 253:
            name = idna.encode(host, uts46=True).decode("ascii").lower()
        elif "xn--" in name and len(host) <= 254:
            idna.decode(name)  # a name in this form that stands for none breaks clients
    except (idna.IDNAError, UnicodeError):
        _refuse(text, "refused_address", "has no readable host; copy it from the browser")
    name = name.removesuffix(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        _refuse(text, "refused_address", "has no readable host; copy it from the browser")
    return name


def _target(text: str, parts: SplitResult) -> str:
    """Return path and query, percent-encoded and without dot segments."""
    query = f"?{parts.query}" if parts.query else ""
    if _PLAIN_TARGET.fullmatch(parts.path + query):
        return parts.path + query
    try:
        target = httpx.URL(f"https://host.invalid{parts.path or '/'}{query}").raw_path.decode("ascii")
    except (httpx.InvalidURL, UnicodeError, ValueError):
        _refuse(text, "refused_address", "holds characters that no address has; copy it from the browser")
    if len(target) > LONGEST:
        _refuse(text, "refused_address", f"is longer than {LONGEST} characters")
    return target


def _refuse(text: str, kind: str, reason: str) -> NoReturn:
    raise AddressRefused(f"{shown(text)}: {reason}", kind)


def to_ip(text: str) -> IPv4Address | IPv6Address | None:
    """Return the IP address that a resolver gave as *text*."""
    try:
        return ip_address(text)
    except ValueError:
        return None

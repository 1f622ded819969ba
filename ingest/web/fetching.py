"""Fetch one page from the web, or say in one sentence why not; every redirect is checked like the first address."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import Protocol

import httpcore
import httpx

from ingest.errors import FetchFailed
from ingest.web.addresses import Address, follow, parse
from ingest.web.connections import Connector, Deadline, GuardedTransport, Line, Resolver, connect, resolve
from ingest.web.contents import DOCUMENTS, agreed, declared
from ingest.web.pace import Pace
from ingest.web.robots import LONGEST, PRODUCT, Reply, Robots
from ingest.web.unpacking import ENCODINGS, BrokenPacking, TooMuch, unpack

__all__ = ["Fetched", "Fetcher", "NotModified", "Probe", "WebSettings"]

REDIRECTS = frozenset({301, 302, 303, 307, 308})
LONGEST_MARK = 500
"""Characters of an ETag or a date that are kept to be sent back."""


class WebSettings(Protocol):
    """What fetching needs to know; ``Settings`` is one."""

    @property
    def web_enabled(self) -> bool:
        """Whether anything is fetched at all."""

    @property
    def web_contact(self) -> str | None:
        """Where the people behind the guichet are reached."""

    @property
    def web_ports(self) -> tuple[int, ...]:
        """Ports that may be asked."""

    @property
    def web_connect_seconds(self) -> float:
        """Longest wait for a name server and for a connection."""

    @property
    def web_between_seconds(self) -> float:
        """Longest silence."""

    @property
    def web_total_seconds(self) -> float:
        """Longest time for all of one page."""

    @property
    def web_megabytes(self) -> int:
        """Largest page, before and after it is unpacked."""

    @property
    def web_redirects(self) -> int:
        """Most redirects in a row."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page as it came. ``url`` is what was asked for, in its one form, ``final_url`` where it was found."""

    url: str
    final_url: str
    content: bytes
    media_type: str
    etag: str | None = None
    last_modified: str | None = None
    status: int = 200


@dataclass(frozen=True, slots=True)
class NotModified:
    """The page is still what the given ETag or date stands for."""

    url: str
    final_url: str


@dataclass(frozen=True, slots=True)
class Probe:
    """A server answers that a page is there."""

    url: str
    final_url: str
    status: int


class Fetcher:
    """Fetches pages; safe to use from several threads.

    *resolve* and *connect* are the only two ways out, and the seams of the tests; *trust* says whose certificates are
    believed.
    """

    def __init__(
        self,
        settings: WebSettings,
        *,
        resolve: Resolver = resolve,
        connect: Connector = connect,
        trust: ssl.SSLContext | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._settings = settings
        self._resolve = resolve
        self._connect = connect
        self._given_trust = trust
        self.pace = pace or Pace()
        self.robots = Robots(self._ask_robots)

    @property
    def enabled(self) -> bool:
        """Whether anything is fetched at all."""
        return self._settings.web_enabled

    @cached_property
    def user_agent(self) -> str:
        """Who asks, and where to complain."""
        try:
            number = version("guichet-ia")
        except PackageNotFoundError:  # run from a folder that was never installed
            number = "0"
        contact = self._settings.web_contact
        return f"{PRODUCT}/{number}" + (f" (+{contact})" if contact else "")

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        return self._given_trust or httpx.create_ssl_context(trust_env=False)

    def fetch(self, url: str, *, etag: str | None = None, last_modified: str | None = None) -> Fetched | NotModified:
        """Return the page at *url*; with an ETag or a date of before, perhaps only that it is the same."""
        url = self.address(url).url
        since = {"if-none-match": etag, "if-modified-since": last_modified}
        conditions = {name: value for name, value in since.items() if value and _fit(value)}
        with self._opened(url, "GET", self.deadline(), conditions=conditions) as (address, response):
            if response.status_code == 304 and conditions:
                return NotModified(url, address.url)
            page = self._page(url, address, response, DOCUMENTS)
        media_type = agreed(address, page.media_type, page.content)
        return Fetched(page.url, page.final_url, page.content, media_type, page.etag, page.last_modified, page.status)

    def fetch_as(self, url: str, types: frozenset[str], deadline: Deadline | None = None) -> Fetched:
        """Return what is at *url* if it is announced as one of *types*; its content is not looked at."""
        url = self.address(url).url
        with self._opened(url, "GET", deadline or self.deadline()) as (address, response):
            return self._page(url, address, response, types)

    def probe(self, url: str) -> Probe:
        """Return whether a page is there, without reading it; raise ``WebError`` when it is not."""
        deadline = self.deadline()
        try:
            return self._probe(url, "HEAD", deadline)
        except FetchFailed as failure:
            # Many servers answer HEAD with anything from 403 to 501 for a page that they show.
            if failure.status in {429, 503} or (failure.status is None and failure.kind != "connection"):
                raise
        return self._probe(url, "GET", deadline)

    def deadline(self) -> Deadline:
        """Return the end of a fetch that begins now."""
        return Deadline(self._settings.web_total_seconds)

    def address(self, url: str) -> Address:
        """Return *url* as an address that may be asked, or raise ``AddressRefused``."""
        return parse(url, self._settings.web_ports)

    def _probe(self, url: str, method: str, deadline: Deadline) -> Probe:
        with self._opened(url, method, deadline) as (address, response):
            _expect_success(address, response)
            return Probe(url, address.url, response.status_code)

    @contextmanager
    def _opened(
        self,
        url: str,
        method: str,
        deadline: Deadline,
        *,
        conditions: Mapping[str, str] | None = None,
        robots: bool = True,
    ) -> Iterator[tuple[Address, httpx.Response]]:
        """Follow *url* to where a server answers something else than a redirect."""
        if not self.enabled:
            raise FetchFailed("This guichet fetches nothing from the web; GUICHET_WEB_ENABLED allows it", "off")
        first = address = self.address(url)
        for _ in range(self._settings.web_redirects + 1):
            if robots:
                self.robots.check(address, deadline)
            # What a page is marked with is nothing to tell another site.
            marks = conditions if conditions and address.origin == first.origin else {}
            with self._asked(address, method, marks, deadline) as response:
                location = response.headers.get("location")
                if response.status_code not in REDIRECTS or not location:
                    yield address, response
                    return
            address = follow(address, location, self._settings.web_ports)
        raise FetchFailed(f"{first}: leads from one address to the next without end", "too_many_redirects")

    @contextmanager
    def _asked(
        self, address: Address, method: str, conditions: Mapping[str, str], deadline: Deadline
    ) -> Iterator[httpx.Response]:
        """Send one request over a connection of its own; whatever goes wrong is told in our words."""
        settings = self._settings
        line = Line(address, self._resolve, self._connect, deadline, settings.web_connect_seconds)
        headers = {
            "user-agent": self.user_agent,
            "accept": "text/html,application/xhtml+xml,application/pdf,*/*;q=0.5",
            "accept-encoding": ", ".join(ENCODINGS),
            "connection": "close",
            **conditions,
        }
        waits = httpx.Timeout(settings.web_between_seconds, connect=settings.web_connect_seconds).as_dict()
        request = httpx.Request(method, address.url, headers=headers, extensions={"timeout": waits})
        trust = self._trust if address.scheme == "https" else None
        try:
            with GuardedTransport(line, trust) as transport, closing(transport.handle_request(request)) as reply:
                yield reply
        except (httpx.TimeoutException, httpcore.TimeoutException) as error:
            raise FetchFailed(f"{address}: does not answer in time; try again later", "timeout") from error
        except (httpx.HTTPError, httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise FetchFailed(f"{address}: the connection failed or broke off; try again", "connection") from error

    def _ask_robots(self, address: Address, deadline: Deadline) -> Reply:
        try:
            with self._opened(address.url, "GET", deadline, robots=False) as (final, response):
                if response.status_code != 200:
                    return Reply(response.status_code, b"")
                return Reply(200, self._body(final, response, LONGEST, cut=True))
        except FetchFailed as failure:
            if failure.kind not in {"too_many_redirects", "type"}:
                raise
            return Reply(404, b"")  # as RFC 9309 wants it: a file that cannot be had asks for nothing

    def _page(self, url: str, address: Address, response: httpx.Response, types: frozenset[str]) -> Fetched:
        _expect_success(address, response)
        if response.status_code != 200:
            message = f"{address}: the server sends no whole page ({response.status_code})"
            raise FetchFailed(message, "status", response.status_code)
        media_type = declared(address, response.headers.get("content-type", ""), types)
        content = self._body(address, response, self._settings.web_megabytes * 2**20)
        etag, modified = response.headers.get("etag"), response.headers.get("last-modified")
        return Fetched(
            url,
            address.url,
            content,
            media_type,
            etag if etag and _fit(etag) else None,
            modified if modified and _fit(modified) else None,
        )

    def _body(self, address: Address, response: httpx.Response, limit: int, *, cut: bool = False) -> bytes:
        """Return the body, unpacked; over *limit* it is cut, or else refused."""
        encoding = response.headers.get("content-encoding", "").strip().lower().removeprefix("x-")
        encoding = "" if encoding == "identity" else encoding
        if encoding and encoding not in ENCODINGS:
            raise FetchFailed(f"{address}: is packed in a way that nobody asked for", "type")
        announced = response.headers.get("content-length", "")
        too_large = FetchFailed(f"{address}: is larger than {limit / 2**20:g} MB", "too_large")
        if announced.isdecimal() and len(announced) < 20 and int(announced) > limit and not cut:
            raise too_large
        content = bytearray()
        try:
            for part in unpack(response.iter_raw(), encoding, limit):
                content += part
        except TooMuch as error:
            if not cut:
                raise too_large from error
        except BrokenPacking as error:
            raise FetchFailed(f"{address}: is damaged on its way; try again", "connection") from error
        return bytes(content)


def _expect_success(address: Address, response: httpx.Response) -> None:
    status = response.status_code
    if status in {404, 410}:
        raise FetchFailed(f"{address}: the page is gone ({status})", "status", status)
    if not 200 <= status < 300:
        raise FetchFailed(f"{address}: the server refuses or is in trouble ({status})", "status", status)


def _fit(mark: str) -> bool:
    """Say whether an ETag or date can be sent back as it came."""
    return len(mark) <= LONGEST_MARK and mark.isascii() and mark.isprintable()

"""The pages that a site lists itself: sitemap.xml, an index of several, packed or not, or a plain list."""

from __future__ import annotations

import datetime as dt
import re
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from ingest.errors import AddressRefused, FetchFailed, WebError
from ingest.web.addresses import Address
from ingest.web.contents import SITEMAPS
from ingest.web.fetching import Fetcher
from ingest.web.unpacking import BrokenPacking, TooMuch, unpack

__all__ = ["Entry", "Found", "Sitemaps", "Unread"]

URLS = 50_000
"""Pages of one import, as many as the protocol allows in one file."""
FILES = 50
DEPTH = 2
"""How far an index may lead: to sitemaps, or to indexes of these."""
UNPACKED = 50 * 2**20
SECONDS = 120.0
"""For all files of an import together."""
_NESTED = 8
_LONGEST_TEXT = 4000
_PIECE = 64 * 1024
_LONGEST_TAG = 4 * _PIECE
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Entry:
    """A page of a sitemap, with the day of its last change if the site tells."""

    url: str
    lastmod: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """A sitemap that could not be read: ``problem`` is one of ``KINDS``, ``status`` what the server answered."""

    url: str
    problem: str
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What an import found: pages in the order of the site, each once."""

    entries: tuple[Entry, ...]
    files: tuple[str, ...]
    """The sitemaps that were read."""
    elsewhere: int = 0
    """Pages and sitemaps that lie on another site and were left out."""
    refused: int = 0
    """Entries that are no address that may be asked."""
    problems: tuple[Unread, ...] = ()
    more: bool = False
    """Whether there are more than were read."""


@dataclass
class _Import:
    """An import that is under way."""

    start: Address
    same_site: bool
    entries: dict[str, Entry] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    problems: list[Unread] = field(default_factory=list)
    waiting: deque[tuple[str, int]] = field(default_factory=deque)
    seen: set[str] = field(default_factory=set)
    elsewhere: int = 0
    refused: int = 0
    more: bool = False
    looked_at: int = 0

    @property
    def full(self) -> bool:
        """Whether enough was found, or enough was looked at in vain."""
        return len(self.entries) >= URLS or self.looked_at > 2 * URLS


class Sitemaps:
    """Reads the sitemaps of sites with one fetcher."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher

    def of_site(self, url: str, *, same_site: bool = True) -> Found:
        """Return the pages of the site of *url*: from the sitemaps that its robots.txt names, or else /sitemap.xml."""
        address = self._fetcher.address(url)
        named = self._fetcher.robots.sitemaps(address, self._fetcher.deadline())
        return self._read(address, named or [f"{address.origin}/sitemap.xml"], same_site)

    def read(self, url: str, *, same_site: bool = True) -> Found:
        """Return the pages that the sitemap at *url* lists; raises ``WebError`` when it cannot be read."""
        return self._read(self._fetcher.address(url), [url], same_site)

    def _read(self, start: Address, urls: list[str], same_site: bool) -> Found:
        work = _Import(start, same_site, waiting=deque((url, 0) for url in urls[:FILES]))
        end = time.monotonic() + SECONDS
        first: WebError | None = None
        while work.waiting and not work.full:
            if time.monotonic() > end:
                work.more = True
                break
            url, depth = work.waiting.popleft()
            try:
                self._file(work, url, depth)
            except WebError as error:
                first = first or error
                work.problems.append(Unread(url, error.kind, getattr(error, "status", None)))
        if first and not work.files:
            raise first
        return Found(
            tuple(work.entries.values()), tuple(work.files), work.elsewhere, work.refused, tuple(work.problems),
            work.more or bool(work.waiting),
        )  # fmt: skip

    def _file(self, work: _Import, url: str, depth: int) -> None:
        address = self._fetcher.address(url)
        if address.url in work.seen:
            return
        work.seen.add(address.url)
        with self._fetcher.pace.turn(address.site, self._fetcher.robots.pause(address)):
            page = self._fetcher.fetch_as(url, SITEMAPS)
        for kind, location, lastmod in _locations(address, page.content):
            work.looked_at += 1
            if work.full:
                work.more = True
                break
            if kind == "url":
                self._entry(work, location, lastmod)
            elif depth >= DEPTH or len(work.seen) + len(work.waiting) >= FILES:
                work.more = True
            elif not work.same_site or self._is_same_site(work, location):
                work.waiting.append((location, depth + 1))
        work.files.append(address.url)

    def _entry(self, work: _Import, location: str, lastmod: str) -> None:
        try:
            page = self._fetcher.address(location)
        except AddressRefused:
            work.refused += 1
            return
        if work.same_site and page.site != work.start.site:
            work.elsewhere += 1
        else:
            work.entries.setdefault(page.url, Entry(page.url, _day(lastmod)))

    def _is_same_site(self, work: _Import, location: str) -> bool:
        try:
            same = self._fetcher.address(location).site == work.start.site
        except AddressRefused:
            work.refused += 1
            return False
        work.elsewhere += not same
        return same


def _locations(address: Address, content: bytes) -> Iterator[tuple[str, str, str]]:
    """Yield what a sitemap lists: ``url`` or ``sitemap``, the address, and the day of its last change or nothing."""
    pieces: Iterator[bytes] = (content[start : start + _PIECE] for start in range(0, len(content), _PIECE))
    try:
        if content.startswith(b"\x1f\x8b"):
            pieces = unpack(pieces, "gzip", UNPACKED)
        start = next(pieces, b"")
        if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") or start.startswith((b"\xff\xfe", b"\xfe\xff")):
            yield from _from_xml(start, pieces)
        else:
            yield from _from_list(start, pieces)
    except TooMuch as error:
        raise FetchFailed(f"{address}: is larger than {UNPACKED // 2**20} MB unpacked", "too_large") from error
    except (BrokenPacking, ParseError, LookupError, ValueError, DefusedXmlException) as error:
        # DefusedXmlException is a ValueError too; so is an encoding that nobody knows.
        raise FetchFailed(f"{address}: is no sitemap, or a damaged one", "type") from error


def _from_xml(start: bytes, pieces: Iterator[bytes]) -> Iterator[tuple[str, str, str]]:
    listing = _Listing()
    # No document type at all: a sitemap needs none, and every attack with entities begins with one.
    parser = DefusedXMLParser(target=listing, forbid_dtd=True)
    parser.feed(start)
    yield from listing.taken()
    fed = len(start)
    for piece in pieces:
        parser.feed(piece)
        yield from listing.taken()
        fed += len(piece)
        if fed - parser.parser.CurrentByteIndex > _LONGEST_TAG:
            # The parser reads what it did not finish anew with each piece.
            raise ValueError("a tag or a comment without end")
    parser.close()
    if not listing.is_sitemap:
        raise ValueError("another XML file")
    yield from listing.taken()


def _from_list(start: bytes, pieces: Iterator[bytes]) -> Iterator[tuple[str, str, str]]:
    rest = start.removeprefix(b"\xef\xbb\xbf")
    if not rest.lstrip()[:4].lower() == b"http":
        raise ValueError("no list of addresses")
    while True:
        *lines, rest = rest.split(b"\n")
        following = next(pieces, None)
        if following is None:
            lines.append(rest)
        for line in lines:
            if line.strip():
                yield "url", line.decode().strip(), ""
        if following is None:
            return
        if len(rest) > _LONGEST_TEXT:
            raise ValueError("a line without end")
        rest += following


class _Listing:
    """Takes addresses out of a sitemap while it is parsed; holds no tree."""

    def __init__(self) -> None:
        self.is_sitemap = False
        self._path: list[str] = []
        self._text: list[str] = []
        self._length = 0
        self._location = self._lastmod = ""
        self._found: list[tuple[str, str, str]] = []

    def taken(self) -> list[tuple[str, str, str]]:
        """Return what was found since the last time."""
        found, self._found = self._found, []
        return found

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Enter an element."""
        self._path.append(tag.rpartition("}")[2])
        if len(self._path) > _NESTED:
            raise ValueError("elements within elements without end")
        if self._path[0] in {"urlset", "sitemapindex"}:
            self.is_sitemap = True
        if len(self._path) == 2:
            self._location = self._lastmod = ""
        self._text, self._length = [], 0

    def data(self, text: str) -> None:
        """Take in text, of the two elements that matter."""
        if len(self._path) == 3 and self._path[2] in {"loc", "lastmod"}:
            self._length += len(text)
            if self._length > _LONGEST_TEXT:
                raise ValueError("an address without end")
            self._text.append(text)

    def end(self, tag: str) -> None:
        """Leave an element."""
        name = self._path.pop()
        if len(self._path) == 2 and name == "loc":
            self._location = "".join(self._text).strip()
        elif len(self._path) == 2 and name == "lastmod":
            self._lastmod = "".join(self._text).strip()
        elif len(self._path) == 1 and self.is_sitemap and name in {"url", "sitemap"} and self._location:
            self._found.append((name, self._location, self._lastmod))
        self._text, self._length = [], 0

    def close(self) -> None:
        """Be done."""


def _day(text: str) -> dt.date | None:
    found = _DAY.match(text)
    try:
        return dt.date.fromisoformat(found[0]) if found else None
    except ValueError:
        return None

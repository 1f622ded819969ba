"""The addresses that documents cite: which of them still live. Nothing is changed by what is found; staff decides."""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from ingest.database import LinkRow, now
from ingest.documents import Passage
from ingest.errors import AddressRefused, WebError
from ingest.web import health as life
from ingest.web.addresses import LONGEST, parse
from ingest.web.fetching import Fetcher
from ingest.web.health import Health, State
from ingest.web.rounds import SECONDS, Unreached, due, in_turn, site_of

__all__ = ["Link", "Links", "Shelf", "cited", "plain"]

EVERY_DAYS = 7
SPREAD_DAYS = 3
"""A link that lives is looked at again after EVERY_DAYS to EVERY_DAYS + SPREAD_DAYS, each on a day of its own."""
BATCH = 500


class _Document(Protocol):
    @property
    def url(self) -> str | None:
        """The page that the document was made of."""

    @property
    def meta(self) -> Mapping[str, Any]:
        """Its front matter."""


class Shelf(Protocol):
    """What documents there are; a library is one, and so is each of its generations."""

    @property
    def documents(self) -> Mapping[str, _Document]:
        """Every document by key."""

    def passages_of(self, keys: Sequence[str]) -> Sequence[Passage]:
        """Return the passages of the documents with these keys."""


@dataclass(frozen=True, slots=True)
class Link:
    """An address that documents cite, and whether it lives."""

    url: str
    health: Health
    final_url: str | None = None


def plain(url: str) -> str:
    """Return *url* as links are kept: without what stands after «#», in the form in which it is asked."""
    try:
        return parse(url, ports=range(65536)).url
    except AddressRefused:
        return url.strip().partition("#")[0][:LONGEST].encode("utf-8", "replace").decode()


def cited(shelf: Shelf) -> dict[str, tuple[str, ...]]:
    """Return each address that documents cite, with the keys of these documents: pages, contacts, sources."""
    keys: dict[str, dict[str, None]] = {}
    for key, document in shelf.documents.items():
        contact = document.meta.get("contact") or {}
        sources = (span.source.url for passage in shelf.passages_of([key]) for span in passage.spans)
        for url in (document.url, contact.get("url"), *sources):
            if url and plain(url):
                keys.setdefault(plain(url), {})[key] = None
    return {url: tuple(citing) for url, citing in keys.items()}


class Links:
    """The links of one database."""

    def __init__(self, engine: Engine, fetcher: Fetcher) -> None:
        self._engine = engine
        self._fetcher = fetcher

    def collect(self, urls: Iterable[str]) -> None:
        """Keep exactly *urls*, as ``cited`` gives them: new ones are due at once, others keep what is known of them."""
        wanted = set(urls)
        with Session(self._engine) as session, session.begin():
            known = set(session.scalars(select(LinkRow.url)))
            left = sorted(known - wanted)
            for start in range(0, len(left), BATCH):
                session.execute(delete(LinkRow).where(LinkRow.url.in_(left[start : start + BATCH])))
            moment = now()
            for url in sorted(wanted - known):
                row = LinkRow(url=url)
                life.keep(row, life.new(moment))
                session.add(row)

    def all(self, state: State | None = None) -> list[Link]:
        """Return the links, all or those in *state*; those that are so for longest come first."""
        wanted = select(LinkRow).order_by(LinkRow.since, LinkRow.url)
        if state is not None:
            wanted = wanted.where(LinkRow.state == state, LinkRow.checked_at.is_not(None))
        with Session(self._engine) as session:
            return [_link(row) for row in session.scalars(wanted)]

    def find(self, url: str) -> Link | None:
        """Return what is known of *url*, in whatever form a document cites it."""
        with Session(self._engine) as session:
            row = session.get(LinkRow, plain(url))
            return _link(row) if row else None

    def run_due(self, now: dt.datetime, limit: int = 200, seconds: float = SECONDS) -> list[Link]:
        """Check links that are due, each kept as soon as it is known; what is left stays due for the next round."""
        links: list[Link] = []
        unreached = Unreached()
        if not self._fetcher.enabled:
            return []  # that nothing may be asked says nothing of the pages
        for url in in_turn(self._engine, LinkRow, due(self._engine, LinkRow, now, limit), now, seconds):
            links.append(self.check(url, now))
            if unreached(site_of(url), links[-1].health):
                break
        return links

    def check(self, url: str, now: dt.datetime) -> Link:
        """Ask for one link at once, and keep what was found."""
        moment, final_url, problem = now.astimezone(dt.UTC), None, None
        try:
            address = self._fetcher.address(url)
            with self._fetcher.pace.turn(address.site, self._fetcher.robots.pause(address)):
                final_url = self._fetcher.probe(url).final_url
        except WebError as error:
            problem = error
        with Session(self._engine) as session, session.begin():
            row = session.get(LinkRow, url)
            known = life.health_of(row) if row else life.new(moment)
            if problem is None:
                health = life.found(known, moment, moment + dt.timedelta(days=_days(url)))
            else:
                health = life.failed(known, moment, _days(url), problem.kind, getattr(problem, "status", None))
            if row is not None:  # else it was given up meanwhile
                life.keep(row, health)
                row.final_url = final_url or row.final_url
            return Link(url, health, final_url or (row.final_url if row else None))


def _days(url: str) -> int:
    return EVERY_DAYS + zlib.crc32(url.encode()) % (SPREAD_DAYS + 1)


def _link(row: LinkRow) -> Link:
    return Link(row.url, life.health_of(row), row.final_url)

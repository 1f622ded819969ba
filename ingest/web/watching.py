"""Pages that staff put on watch: fetched again on a schedule; what changed is handed on, what vanished is flagged."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from ingest.database import WatchedRow, now
from ingest.errors import GuichetError, UnreadableFile, WebError
from ingest.journal import GUICHET, note
from ingest.web import health as life
from ingest.web.addresses import shown
from ingest.web.fetching import Fetched, Fetcher, NotModified
from ingest.web.health import Health
from ingest.web.rounds import SECONDS, Unreached, due, in_turn, site_of
from ingest.writing import refuse_newer, writing

__all__ = ["NotWatched", "Outcome", "Watched", "Watching"]


class NotWatched(GuichetError):
    """This address is not on watch."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A page on watch, and what was found there the last times."""

    url: str
    document: str | None
    every_days: int
    added_by: str
    added_at: dt.datetime
    health: Health
    final_url: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one look at a page gave. A page that is gone for good is ``vanished``, any other trouble ``failed``."""

    url: str
    what: Literal["unchanged", "changed", "vanished", "failed"]
    health: Health
    page: Fetched | None = None
    """The page as it is now, if it changed."""
    problem: str | None = None
    """Why it failed: one of ``KINDS``."""
    message: str = ""


class Watching:
    """The pages on watch of one database.

    *digest* says what stands for the text of a page, so that a new banner is no change; it raises ``UnreadableFile``.
    *arrived* gets each page that changed: only when it returns is the page taken for known.
    """

    def __init__(
        self,
        engine: Engine,
        fetcher: Fetcher,
        digest: Callable[[Fetched], str],
        arrived: Callable[[Watched, Fetched], None],
        *,
        every_days: int = 7,
    ) -> None:
        self._engine = engine
        self._fetcher = fetcher
        self._digest = digest
        self._arrived = arrived
        self._every_days = every_days

    def add(
        self,
        url: str,
        by: str,
        *,
        document: str | None = None,
        every_days: int | None = None,
        known: Fetched | None = None,
        seen: int | None = None,
    ) -> Watched:
        """Put *url* on watch, or change how; raises ``AddressRefused`` for one that may not be asked.

        *known* is the page as it was already taken in: then only another text is a change. *seen* is the ``mark`` of
        what was opened: raises ``ChangedMeanwhile`` when somebody else has changed it since.
        """
        address = self._fetcher.address(url).url
        digest = self._digest_of(known)
        days = max(1, every_days or self._every_days)
        with writing(self._engine) as session:
            refuse_newer(session, _subject(address), ("watched", "unwatched"), seen)
            row = session.get(WatchedRow, address)
            if row is None:
                moment = now()
                row = WatchedRow(url=address, every_days=days, added_by=by, added_at=moment)
                life.keep(row, life.new(moment))
                session.add(row)
            row.every_days = days
            row.document = document or row.document
            if known and digest:
                row.digest, row.etag, row.last_modified = digest, known.etag, known.last_modified
                row.final_url = known.final_url
            note(session, by, "watched", _subject(address), days=days, document=row.document, changed=["days"])
            return _watched(row)

    def add_all(self, urls: Iterable[str], by: str, source: str) -> int:
        """Put the pages of a list such as a sitemap on watch, all or none; return how many were not yet."""
        wanted = {self._fetcher.address(url).url for url in urls}
        moment, added = now(), 0
        with writing(self._engine) as session:
            known = set(session.scalars(select(WatchedRow.url)))
            for url in sorted(wanted - known):
                row = WatchedRow(url=url, every_days=self._every_days, added_by=by, added_at=moment)
                life.keep(row, life.new(moment))
                session.add(row)
                added += 1
            note(session, by, "watched", _subject(source), pages=added)
        return added

    def remove(self, url: str, by: str, *, seen: int | None = None) -> None:
        """Take *url* off watch; the document that was made of it stays. *seen* as in ``add``."""
        with writing(self._engine) as session:
            row = self._row(session, url)
            refuse_newer(session, _subject(row.url), ("watched",), seen)
            session.delete(row)
            note(session, by, "unwatched", _subject(row.url))

    def all(self, document: str | None = None) -> list[Watched]:
        """Return the pages on watch, all or those of a *document*: dead ones first, then uncertain ones."""
        order = {"dead": 0, "uncertain": 1, "valid": 2}
        wanted = select(WatchedRow).order_by(WatchedRow.url)
        if document is not None:
            wanted = wanted.where(WatchedRow.document == document)
        with Session(self._engine) as session:
            rows = [_watched(row) for row in session.scalars(wanted)]
        return sorted(rows, key=lambda watched: order[watched.health.state])

    def due(self, now: dt.datetime, limit: int = 100) -> list[str]:
        """Return the addresses to look at by *now*."""
        return due(self._engine, WatchedRow, now, limit)

    def run_due(self, now: dt.datetime, limit: int = 100, seconds: float = SECONDS) -> list[Outcome]:
        """Look at the pages that are due; what this round does not reach stays due for the next."""
        outcomes: list[Outcome] = []
        unreached = Unreached()
        if not self._fetcher.enabled:
            return []  # that nothing may be asked says nothing of the pages
        for url in in_turn(self._engine, WatchedRow, self.due(now, limit), now, seconds):
            try:
                outcomes.append(self.check(url, now))
            except NotWatched:  # taken off watch meanwhile
                continue
            if unreached(site_of(url), outcomes[-1].health):
                break
        return outcomes

    def check(self, url: str, now: dt.datetime | None = None) -> Outcome:
        """Look at one page at once, and keep what was found."""
        moment = (now or _now()).astimezone(dt.UTC)
        with Session(self._engine) as session:
            address = self._row(session, url).url
        # Whoever comes second finds what the first one kept: a change arrives once.
        with self._fetcher.pace.turn(site_of(address), self._pause(address)):
            with Session(self._engine) as session:
                watched = _watched(self._row(session, address))
            return self._look(watched, moment)

    def _look(self, watched: Watched, moment: dt.datetime) -> Outcome:
        try:
            page = self._fetcher.fetch(watched.url, etag=watched.etag, last_modified=watched.last_modified)
            if isinstance(page, NotModified):
                return self._found(watched, moment, watched.digest, None)
            digest = self._digest(page)
        except WebError as error:
            return self._failed(watched, moment, error.kind, str(error), getattr(error, "status", None))
        except UnreadableFile as error:
            return self._failed(watched, moment, "unreadable", str(error))
        if digest == watched.digest:
            return self._found(watched, moment, digest, page)
        try:
            self._arrived(watched, page)
        except GuichetError as error:
            # Neither digest nor ETag is kept, so that the page comes again.
            return self._failed(watched, moment, "not_taken", str(error))
        return replace(self._found(watched, moment, digest, page), what="changed", page=page)

    def _digest_of(self, known: Fetched | None) -> str | None:
        """Return the digest of a page that was taken in; one that could not be read is not known."""
        try:
            return self._digest(known) if known else None
        except UnreadableFile:
            return None

    def _pause(self, url: str) -> float:
        try:
            return self._fetcher.robots.pause(self._fetcher.address(url))
        except WebError:
            return 0.0

    def _found(self, watched: Watched, moment: dt.datetime, digest: str | None, page: Fetched | None) -> Outcome:
        next_at = moment + dt.timedelta(days=watched.every_days)
        health = life.found(watched.health, moment, next_at)
        with writing(self._engine) as session:
            row = session.get(WatchedRow, watched.url)
            if row is not None:  # else it was taken off watch meanwhile
                life.keep(row, health)
                row.digest = digest
                if page is not None:
                    row.etag, row.last_modified, row.final_url = page.etag, page.last_modified, page.final_url
        return Outcome(watched.url, "unchanged", health)

    def _failed(
        self, watched: Watched, moment: dt.datetime, kind: str, message: str, status: int | None = None
    ) -> Outcome:
        health = life.failed(watched.health, moment, watched.every_days, kind, status)
        with writing(self._engine) as session:
            row = session.get(WatchedRow, watched.url)
            if row is not None:
                life.keep(row, health)
            if row is not None and health.state == "dead" != watched.health.state:
                note(session, GUICHET, "vanished", _subject(row.url), status=status, document=row.document)
        what: Literal["vanished", "failed"] = "vanished" if health.state == "dead" else "failed"
        return Outcome(watched.url, what, health, problem=kind, message=message)

    def _row(self, session: Session, url: str) -> WatchedRow:
        row = session.get(WatchedRow, url)
        if row is None:
            row = session.get(WatchedRow, self._fetcher.address(url).url)
        if row is None:
            raise NotWatched(f"{shown(url)}: is not on watch; `python -m ingest watch list` shows what is")
        return row


_now = now


def _subject(url: str) -> str:
    return f"page {shown(url)}"


def _watched(row: WatchedRow) -> Watched:
    return Watched(
        row.url, row.document, row.every_days, row.added_by, row.added_at.replace(tzinfo=dt.UTC),
        life.health_of(row), row.final_url, row.etag, row.last_modified, row.digest,
    )  # fmt: skip

"""A round over addresses that are due: bounded in number and time, polite, and never twice over the same one."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import urlsplit

from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from ingest.database import LinkRow, WatchedRow
from ingest.web.health import Health
from ingest.web.pace import by_turns

__all__ = ["SECONDS", "Unreached", "due", "in_turn", "site_of"]

SECONDS = 900.0
"""Longest time of a round; what is left stays due."""
CLAIMED = dt.timedelta(hours=1)
"""How long an address is left alone by others from the moment that its check begins; after a crash it is due again."""
SILENT_SITES = 5
"""So many different sites, not reached one after the other at the start, mean that it is our own line that is down."""


class Unreached:
    """Notices that a round reaches nobody: then it is not the pages that have changed."""

    def __init__(self) -> None:
        self._reached = False
        self._silent: set[str] = set()

    def __call__(self, site: str, health: Health) -> bool:
        """Note what a check found, and say whether to give up the round."""
        if health.problem not in {"dns", "connection", "timeout"}:
            self._reached = True
        elif health.failures == 1:  # what has been out of reach for long says nothing of our line
            self._silent.add(site)
        return not self._reached and len(self._silent) >= SILENT_SITES


def due(engine: Engine, table: type[WatchedRow] | type[LinkRow], now: dt.datetime, limit: int) -> list[str]:
    """Return the addresses of *table* that are to be looked at by *now*: those that wait longest."""
    now = now.astimezone(dt.UTC)
    with Session(engine) as session:
        wanted = select(table.url, table.failures).where(table.next_at <= now)
        found = session.execute(wanted.order_by(table.next_at, table.url).limit(limit)).tuples().all()
    # Those that were in order go first: if even they are out of reach, our own line is down.
    return [url for url, _ in sorted(found, key=lambda row: row[1] > 0)]


def in_turn(
    engine: Engine,
    table: type[WatchedRow] | type[LinkRow],
    urls: Sequence[str],
    now: dt.datetime,
    seconds: float = SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[str]:
    """Yield each of *urls* that is still due, site by site in turn, until *seconds* have passed."""
    end = clock() + seconds
    now = now.astimezone(dt.UTC)
    for url in by_turns(urls, site_of):
        if clock() >= end:
            return
        claim = update(table).where(table.url == url, table.next_at <= now).values(next_at=now + CLAIMED)
        with Session(engine) as session, session.begin():
            mine = session.execute(claim).rowcount  # type: ignore[attr-defined]
        if mine:
            yield url


def site_of(url: str) -> str:
    """Return the host of *url*, also of one that may not be asked."""
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""

"""How often one may try to log in: after some failures every further one makes the next wait longer.

An attempt is counted before the password is looked at, so that a hundred at the same moment are a hundred; a right one
is taken back. Names wait whether they exist or not. Who logs in from a browser that has logged in before waits for that
browser's failures only, so nobody can be kept out by somebody else's.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, delete
from sqlalchemy.orm import Session

from ingest.database import StaffAttemptRow, now
from ingest.writing import moment, writing
from ui.admission.addresses import counted

FORGOTTEN = dt.timedelta(hours=24)
"""Failures older than this count no more and are deleted."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How many failures are free, and how the wait grows after them."""

    free: int
    first: dt.timedelta
    most: dt.timedelta

    def wait(self, failures: int) -> dt.timedelta | None:
        """Return how long to wait after so many *failures*."""
        over = failures - self.free
        if over < 0:
            return None
        return min(self.first * (1 << min(over, 20)), self.most)


@dataclass(frozen=True, slots=True)
class Key:
    """One thing whose failures are counted."""

    name: str
    pace: Pace


def of_name(name: str | None) -> Key:
    """Return the counter of a login name; those that no account can have share one."""
    # Hashed, since people type passwords into the field of the name.
    kept = hashlib.sha256(name.encode()).hexdigest()[:32] if name else "none"
    return Key(f"name {kept}", Pace(5, dt.timedelta(seconds=30), dt.timedelta(minutes=15)))


def of_address(address: str) -> Key:
    """Return the counter of an address; of IPv6 the network, since a household has billions of addresses."""
    return Key(f"address {counted(address)}", Pace(20, dt.timedelta(minutes=1), dt.timedelta(hours=1)))


def of_browser(digest: str, account: int) -> Key:
    """Return the counter of an account in a browser that it has logged in from before."""
    return Key(f"browser {digest[:32]} {account}", Pace(10, dt.timedelta(seconds=30), dt.timedelta(minutes=15)))


@dataclass(frozen=True, slots=True)
class Ticket:
    """The permission to try once, or how long to wait instead."""

    keys: tuple[Key, ...]
    wait: dt.timedelta | None = None
    locks: tuple[Key, ...] = ()
    """The counters that this attempt, if it fails, has begun to lock."""


class Attempts:
    """The failures in the database: a restart forgets none."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def take(self, keys: Sequence[Key]) -> Ticket:
        """Count an attempt against each of *keys*, unless one of them has to wait."""
        with writing(self._engine) as session:
            at = now()
            session.execute(delete(StaffAttemptRow).where(StaffAttemptRow.last_at < at - FORGOTTEN))
            rows = [session.get(StaffAttemptRow, key.name) for key in keys]
            waits = [
                moment(row.blocked_until) - at for row in rows if row is not None and row.blocked_until is not None
            ]
            if (longest := max(waits, default=dt.timedelta())) > dt.timedelta():
                return Ticket(tuple(keys), wait=longest)
            locks = [key for key, row in zip(keys, rows, strict=True) if _count(session, key, row, at)]
        return Ticket(tuple(keys), locks=tuple(locks))

    def give_back(self, ticket: Ticket) -> None:
        """Take the attempt back: the password was right.

        The name and the browser begin anew. An address does not: whoever has an account of his own could otherwise
        wash off his failures with other names.
        """
        with writing(self._engine) as session:
            for key in ticket.keys:
                row = session.get(StaffAttemptRow, key.name)
                if row is None:
                    continue
                row.failures = row.failures - 1 if key.name.startswith("address") else 0
                row.blocked_until = None


def _count(session: Session, key: Key, row: StaffAttemptRow | None, at: dt.datetime) -> bool:
    if row is None:
        row = StaffAttemptRow(key=key.name, failures=0)
        session.add(row)
    row.failures += 1
    row.last_at = at
    wait = key.pace.wait(row.failures)
    row.blocked_until = at + wait if wait else None
    return row.failures == key.pace.free

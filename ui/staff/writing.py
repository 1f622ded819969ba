"""Transactions that read, decide and write."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from ingest.errors import GuichetError


class Busy(GuichetError):
    """The database is being written by something long; a moment later it works."""


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """Open a transaction in which nobody else writes, from its first read on; leaving it without an error commits."""
    try:
        with Session(engine) as session, session.begin():
            # SQLite would take the lock at the first write only: two could then read the same and both decide.
            session.execute(text("BEGIN IMMEDIATE"))
            yield session
    except OperationalError as error:
        raise Busy("The guichet is busy writing; try again in a moment.") from error


def moment(at: dt.datetime) -> dt.datetime:
    """Return a moment of a table with its time zone, which SQLite does not keep."""
    return at.replace(tzinfo=dt.UTC)

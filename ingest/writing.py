"""Transactions that read, decide and write; and how a form that has grown old is told from a fresh one.

A form carries the :func:`mark` of what it was opened on: the last entry of the journal. What the journal tells of its
subject after that, somebody else did meanwhile.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from ingest.database import PATIENCE, JournalRow
from ingest.errors import Busy, ChangedMeanwhile


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


@contextmanager
def at_once(engine: Engine) -> Iterator[Connection]:
    """Open a connection for a write that is not worth a wait; leaving it without an error commits.

    While somebody else writes it raises an ``OperationalError``.
    """
    with engine.connect() as connection:
        try:
            connection.exec_driver_sql("PRAGMA busy_timeout=0")
            yield connection
            connection.commit()
        finally:
            connection.rollback()
            # The connection goes back to others, who do wait.
            connection.exec_driver_sql(f"PRAGMA busy_timeout={PATIENCE}")


def mark(engine: Engine) -> int:
    """Return the number of the last entry of the journal: read it before what is opened, never after."""
    with Session(engine) as session:
        return session.scalar(select(func.max(JournalRow.number))) or 0


def refuse_newer(session: Session, subject: str, actions: Collection[str], seen: int | None) -> None:
    """Raise ``ChangedMeanwhile`` when the journal tells of one of *actions* on *subject* after the entry *seen*.

    None sees everything. Call it in the transaction that writes.
    """
    if seen is None:
        return
    later = (
        select(JournalRow)
        .where(JournalRow.subject == subject, JournalRow.action.in_(actions), JournalRow.number > seen)
        .order_by(JournalRow.number)
    )
    rows = session.scalars(later).all()
    if rows:
        last = rows[-1]
        changed = {str(name) for row in rows for name in row.detail.get("changed", ())}
        raise ChangedMeanwhile(last.by, moment(last.at), tuple(sorted(changed)), last.number)


def moment(at: dt.datetime) -> dt.datetime:
    """Return a moment of a table with its time zone, which SQLite does not keep."""
    return at.replace(tzinfo=dt.UTC)

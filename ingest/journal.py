"""The journal of the staff: who changed what, and when. Entries are only ever added."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from ingest.database import JournalRow, now

GUICHET = "guichet"
"""Who stands in the journal for what nobody did by hand."""
COMMAND_LINE = "(command line)"
"""Who stands in the journal for what was done from the command line."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One change: *action* is a word (``published``), *subject* what it was done to (``document fr/start-ia``)."""

    number: int
    at: dt.datetime
    by: str
    action: str
    subject: str
    detail: Mapping[str, Any]


def note(session: Session, by: str, action: str, subject: str, /, **detail: Any) -> None:
    """Write an entry in the transaction of the change itself: neither is kept without the other.

    No secret and no visitor's words may stand in *detail*: the journal is kept and exported.
    """
    session.add(JournalRow(at=now(), by=by, action=action, subject=subject, detail=detail))


class Journal:
    """The journal of one database; ``Library.journal`` opens it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def note(self, by: str, action: str, subject: str, /, **detail: Any) -> None:
        """Write an entry of something that changes no table, such as a login."""
        with Session(self._engine) as session, session.begin():
            note(session, by, action, subject, **detail)

    def entries(
        self, *, limit: int = 100, before: int | None = None, subject: str = "", by: str = "", action: str = ""
    ) -> list[Entry]:
        """Return entries, newest first: those numbered below *before*, of one *subject*, person or action."""
        wanted = select(JournalRow).order_by(JournalRow.number.desc()).limit(limit)
        if before is not None:
            wanted = wanted.where(JournalRow.number < before)
        for column, value in ((JournalRow.subject, subject), (JournalRow.by, by), (JournalRow.action, action)):
            if value:
                wanted = wanted.where(column == value)
        with Session(self._engine) as session:
            return [
                Entry(row.number, row.at.replace(tzinfo=dt.UTC), row.by, row.action, row.subject, row.detail)
                for row in session.scalars(wanted)
            ]

    def mark(self) -> int:
        """Return the number of the last entry: what a form carries of the moment when it was opened."""
        with Session(self._engine) as session:
            return session.scalar(select(func.max(JournalRow.number))) or 0

    def people(self) -> list[str]:
        """Return who stands in the journal, by the alphabet."""
        with Session(self._engine) as session:
            return list(session.scalars(select(JournalRow.by).distinct().order_by(JournalRow.by)))

    def actions(self) -> list[str]:
        """Return which actions stand in the journal, by the alphabet."""
        with Session(self._engine) as session:
            return list(session.scalars(select(JournalRow.action).distinct().order_by(JournalRow.action)))

    def count(self) -> int:
        """Return how many entries there are."""
        with Session(self._engine) as session:
            return session.scalar(select(func.count()).select_from(JournalRow)) or 0

"""What was read of revisions, kept so that the next start need not read them again: derived, and lost at no harm."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Engine, delete, insert, select
from sqlalchemy.orm import Session

from ingest.database import ClaimRow, RevisionRow

_AT_A_TIME = 10_000
"""SQLite takes some thousand values in one statement."""


class ClaimStore:
    """What was read of the revisions in one database, as JSON; *rules* are what it was read by."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find(self, revisions: Iterable[int], rules: str) -> dict[int, Any]:
        """Return what is kept of these revisions and was read by these very *rules*."""
        numbers = list(revisions)
        found: dict[int, Any] = {}
        with Session(self._engine) as session:
            for start in range(0, len(numbers), _AT_A_TIME):
                wanted = ClaimRow.revision.in_(numbers[start : start + _AT_A_TIME])
                rows = session.execute(select(ClaimRow.revision, ClaimRow.data).where(wanted, ClaimRow.rules == rules))
                found.update(rows.tuples().all())
        return found

    def keep(self, read: Mapping[int, Any], rules: str) -> None:
        """Keep what was *read*, by revision, and let go of what belongs to revisions that are not served any more."""
        served = select(RevisionRow.number).where(RevisionRow.state == "published")
        with Session(self._engine) as session, session.begin():
            numbers = list(read)
            session.execute(delete(ClaimRow).where(ClaimRow.revision.in_(numbers) | ClaimRow.revision.not_in(served)))
            # By the database, not by who calls: a draft still changes, and nothing of it may stay.
            held = set(session.scalars(served.where(RevisionRow.number.in_(numbers))))
            rows = [{"revision": number, "rules": rules, "data": read[number]} for number in numbers if number in held]
            if rows:
                session.execute(insert(ClaimRow), rows)

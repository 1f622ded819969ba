"""The previews that were made: one for each change, the last one; what does not matter any more goes by itself."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from ingest.database import PreviewRow, now

KEPT = 200
"""Previews that are kept; of more, the oldest go."""
PRESENT = "present"
"""The subject of the control questions on what is served now."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A preview as it was stored."""

    at: dt.datetime
    by: str
    generation: int
    basis: str
    data: Mapping[str, Any]


class PreviewStore:
    """The previews of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep(self, subject: str, by: str, generation: int, basis: str, data: Mapping[str, Any]) -> None:
        """Store a preview in the place of an earlier one of the same change."""
        with Session(self._engine) as session, session.begin():
            session.merge(
                PreviewRow(subject=subject, at=now(), by=by, generation=generation, basis=basis, data=dict(data))
            )
            session.flush()
            newest = select(PreviewRow.subject).order_by(PreviewRow.at.desc()).limit(KEPT)
            session.execute(delete(PreviewRow).where(PreviewRow.subject.not_in(newest)))

    def find(self, subject: str) -> Kept | None:
        """Return the preview of a change, if there is one."""
        with Session(self._engine) as session:
            row = session.get(PreviewRow, subject)
            return Kept(row.at.replace(tzinfo=dt.UTC), row.by, row.generation, row.basis, row.data) if row else None


def digest(parts: Iterable[object]) -> str:
    """Return one short name for *parts*, which are strings and numbers."""
    return hashlib.sha256(json.dumps(list(parts), ensure_ascii=False).encode()).hexdigest()

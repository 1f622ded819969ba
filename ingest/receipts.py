"""Receipts: every answer that was given, under its id, and what readers thought of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from ingest.database import AnswerRow, FeedbackRow, now


class Receipts:
    """The answers of one database; ``Library.receipts`` opens it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep(self, answer: dict[str, Any]) -> None:
        """Store the receipt of an answer, given as its public form."""
        columns = {name: answer[name] for name in ("id", "language", "status", "generation")}
        with Session(self._engine) as session, session.begin():
            session.add(AnswerRow(at=now(), data=answer, **columns))

    def answer(self, id: str) -> dict[str, Any] | None:
        """Return the public form of the answer that has this id."""
        with Session(self._engine) as session:
            return session.scalar(select(AnswerRow.data).where(AnswerRow.id == id))

    def keep_feedback(self, answer_id: str, rating: int, reason: str | None) -> None:
        """Store a thumb up (1) or down (-1)."""
        with Session(self._engine) as session, session.begin():
            session.add(FeedbackRow(answer_id=answer_id, at=now(), rating=rating, reason=reason))

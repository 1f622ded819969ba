"""Receipts: every answer that was given, how it was made, and what readers thought of it.

What a visitor wrote is kept for a limited time only; the rest of a receipt stays.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from ingest.database import AnswerRow, FeedbackRow, now

BATCH = 200
"""Receipts that are purged in one transaction: an answer that is to be stored meanwhile waits for no more."""


class Receipts:
    """The answers of one database; ``Library.receipts`` opens it."""

    def __init__(self, engine: Engine, *, words: bool = True) -> None:
        self._engine = engine
        self._words = words
        """Whether what a visitor wrote is stored at all."""

    def keep(self, answer: dict[str, Any], trace: dict[str, Any]) -> None:
        """Store the receipt of an answer: its public form, and how it was made."""
        if not self._words:
            answer, trace = _without_words(answer, trace)
        columns = {name: answer[name] for name in ("id", "language", "status", "generation")}
        with Session(self._engine) as session, session.begin():
            session.add(AnswerRow(at=now(), data=answer, trace=trace, purged=not self._words, **columns))

    def answer(self, id: str) -> dict[str, Any] | None:
        """Return the public form of the answer that has this id."""
        with Session(self._engine) as session:
            return session.scalar(select(AnswerRow.data).where(AnswerRow.id == id))

    def trace(self, id: str) -> dict[str, Any] | None:
        """Return how the answer was made; None also for receipts of before traces were kept."""
        with Session(self._engine) as session:
            return session.scalar(select(AnswerRow.trace).where(AnswerRow.id == id))

    def cited(self, since: dt.datetime) -> set[str]:
        """Return the keys of the documents that the answers since a moment have cited."""
        recent = (
            select(AnswerRow.data).where(AnswerRow.at >= since.astimezone(dt.UTC)).execution_options(yield_per=BATCH)
        )
        found: set[str] = set()
        with Session(self._engine) as session:
            for data in session.scalars(recent):
                found.update(f"{each['language']}/{each['document']}" for each in data["citations"])
        return found

    def keep_feedback(self, answer_id: str, rating: int, reason: str | None) -> None:
        """Store a thumb up (1) or down (-1)."""
        reason = reason if self._words else None
        with Session(self._engine) as session, session.begin():
            session.add(FeedbackRow(answer_id=answer_id, at=now(), rating=rating, reason=reason))

    def purge(self, before: dt.datetime) -> int:
        """Take what visitors wrote out of the receipts and the feedback of *before*; return how many receipts."""
        # The tables hold moments in UTC, without saying so.
        before = before.astimezone(dt.UTC)
        old = update(FeedbackRow).where(FeedbackRow.at < before, FeedbackRow.reason.is_not(None))
        with Session(self._engine) as session, session.begin():
            touched = session.execute(old.values(reason=None)).rowcount  # type: ignore[attr-defined]
        purged = 0
        while batch := self._blanked(before):
            with Session(self._engine) as session, session.begin():
                session.execute(update(AnswerRow), batch)
            purged += len(batch)
        if purged or touched:
            with self._engine.connect() as connection:
                # The log of SQLite repeats what was written until it is cut.
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return purged

    def _blanked(self, before: dt.datetime) -> list[dict[str, Any]]:
        """Return the next receipts to purge, as they are to be."""
        old = select(AnswerRow.id, AnswerRow.data, AnswerRow.trace).where(~AnswerRow.purged, AnswerRow.at < before)
        blanked = []
        with Session(self._engine) as session:
            for id, answer, trace in session.execute(old.limit(BATCH)).tuples():
                data, how = _without_words(answer, trace or {})
                blanked.append({"id": id, "data": data, "trace": how or None, "purged": True})
        return blanked


def _without_words(answer: dict[str, Any], trace: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a receipt without what the visitor wrote, nor what may repeat it."""
    answer = {**answer, "question": "", "standalone_question": ""}
    if not trace:
        return answer, trace
    shown = {statement["text"] for statement in answer["statements"]}
    # A sentence of the model that was not shown may be about the visitor's firm, and the reason may name it.
    verdicts = [
        verdict if verdict.get("statement") in shown else {**verdict, "statement": "", "detail": ""}
        for verdict in trace["verdicts"]
    ]
    return answer, {**trace, "history": [], "verdicts": verdicts}

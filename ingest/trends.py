"""What was asked over time: how answers ended, week by week, and what they were about."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Engine, case, func, select
from sqlalchemy.orm import Session

from ingest.database import AnswerRow, GapQuestionRow
from ingest.settings import BRUSSELS

NEAR = func.coalesce(
    AnswerRow.data[("programmes", 0, "id")].as_string(), AnswerRow.data[("citations", 0, "document")].as_string()
)
"""Id of the document that an answer was about, in a query."""


def monday(day: dt.date) -> dt.date:
    """Return the first day of a week."""
    return day - dt.timedelta(days=day.weekday())


class Trends:
    """The answers of one database, counted."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def statuses(self, mondays: Sequence[dt.date]) -> list[Counter[str]]:
        """Return for each week how many answers had which status."""
        counted = []
        with Session(self._engine) as session:
            for first in mondays:
                wanted = select(AnswerRow.status, func.count()).where(*within(first, first + dt.timedelta(days=7)))
                counted.append(Counter(dict(session.execute(wanted.group_by(AnswerRow.status)).tuples().all())))
        return counted

    def topics(self, first: dt.date, end: dt.date, limit: int = 10) -> list[tuple[str, int, int]]:
        """Return the documents that most answers of a period were about: id, answers, questions without a good one."""
        lacking = func.sum(case((GapQuestionRow.answer_id.is_not(None), 1), else_=0))
        wanted = (
            select(NEAR, func.count(), lacking)
            .outerjoin(GapQuestionRow, GapQuestionRow.answer_id == AnswerRow.id)
            .where(*within(first, end), NEAR.is_not(None))
            .group_by(NEAR).order_by(func.count().desc(), NEAR).limit(limit)
        )  # fmt: skip
        with Session(self._engine) as session:
            return [(document, count, bad) for document, count, bad in session.execute(wanted).tuples()]

    def topics_by_week(self, mondays: Sequence[dt.date], documents: Collection[str]) -> list[Counter[str]]:
        """Return for each week how many answers were about which of *documents*, by their ids."""
        counted: list[Counter[str]] = []
        with Session(self._engine) as session:
            for first in mondays:
                asked = *within(first, first + dt.timedelta(days=7)), NEAR.in_(list(documents))
                wanted = select(NEAR, func.count()).where(*asked).group_by(NEAR)
                counted.append(Counter(dict(session.execute(wanted).tuples().all())))
        return counted


def within(first: dt.date, end: dt.date) -> tuple[Any, Any]:
    """Return the condition of a receipt of the days from *first* to before *end*, in Brussels."""
    starts, ends = (dt.datetime.combine(day, dt.time(), BRUSSELS).astimezone(dt.UTC) for day in (first, end))
    return AnswerRow.at >= starts, AnswerRow.at < ends

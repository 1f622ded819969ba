"""What was asked of language models, by day and origin: tokens, euro, requests."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Engine, delete, func, select, text
from sqlalchemy.orm import InstrumentedAttribute

from ingest.database import UsageRow

# One statement each: SQLite lets one writer in at a time, so that nothing comes between the comparison and the entry.
_ENTER = """
INSERT INTO usage (day, origin, tokens_in, tokens_out, euro, requests)
SELECT :day, :origin, :tokens_in, :tokens_out, :euro, :requests WHERE {condition}
ON CONFLICT (day, origin) DO UPDATE SET
    tokens_in = usage.tokens_in + excluded.tokens_in, tokens_out = usage.tokens_out + excluded.tokens_out,
    euro = usage.euro + excluded.euro, requests = usage.requests + excluded.requests
"""
_ADD = text(_ENTER.format(condition="true"))
_ADD_WITHIN = text(
    _ENTER.format(
        condition="""
(SELECT (:most_tokens IS NULL OR coalesce(sum(tokens_in + tokens_out), 0) + :tokens_in + :tokens_out <= :most_tokens)
    AND (:most_euro IS NULL OR coalesce(sum(euro), 0) + :euro <= :most_euro)
    AND (:most_of_origin IS NULL OR coalesce(sum(CASE WHEN origin = :origin THEN tokens_in + tokens_out END), 0)
         + :tokens_in + :tokens_out <= :most_of_origin)
 FROM usage WHERE day = :day)"""
    )
)


@dataclass(frozen=True, slots=True)
class Spent:
    """Tokens that went to a model and came from it, and what they cost."""

    tokens_in: int = 0
    tokens_out: int = 0
    euro: float = 0.0

    @property
    def tokens(self) -> int:
        """Both ways together."""
        return self.tokens_in + self.tokens_out

    def __sub__(self, other: Spent) -> Spent:
        return Spent(self.tokens_in - other.tokens_in, self.tokens_out - other.tokens_out, self.euro - other.euro)


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that a day may take: all origins together, and each of them; None is no limit."""

    tokens: int | None = None
    euro: float | None = None
    origin_tokens: int | None = None


class Usage:
    """The usage that one database remembers; ``Library.usage`` opens it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, day: dt.date, origin: str, spent: Spent, *, requests: int = 1) -> None:
        """Enter what was spent; a negative amount gives back what was entered too much."""
        with self._engine.begin() as connection:
            connection.execute(_ADD, _entry(day, origin, spent, requests))

    def add_within(self, day: dt.date, origin: str, spent: Spent, limits: Limits) -> bool:
        """Enter one request if the day keeps within *limits* with it; return whether it does."""
        most = {"most_tokens": limits.tokens, "most_euro": limits.euro, "most_of_origin": limits.origin_tokens}
        with self._engine.begin() as connection:
            return connection.execute(_ADD_WITHIN, {**_entry(day, origin, spent, 1), **most}).rowcount == 1

    def spent(self, day: dt.date, origin: str | None = None) -> Spent:
        """Return what a day took, of one origin or of all."""
        entered = select(_sum(UsageRow.tokens_in), _sum(UsageRow.tokens_out), _sum(UsageRow.euro))
        entered = entered.where(UsageRow.day == day.isoformat())
        if origin is not None:
            entered = entered.where(UsageRow.origin == origin)
        with self._engine.connect() as connection:
            return Spent(*connection.execute(entered).one())

    def purge(self, before: dt.date) -> int:
        """Remove the days of *before*; return how many entries went."""
        with self._engine.begin() as connection:
            return connection.execute(delete(UsageRow).where(UsageRow.day < before.isoformat())).rowcount


def _sum(column: InstrumentedAttribute[Any]) -> Any:
    return func.coalesce(func.sum(column), 0)


def _entry(day: dt.date, origin: str, spent: Spent, requests: int) -> dict[str, object]:
    return {"day": day.isoformat(), "origin": origin, **asdict(spent), "requests": requests}

"""Whether an address of the web still lives: valid, dead or uncertain, and when to look again."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Literal

from ingest.database import LinkRow, WatchedRow

__all__ = ["Health", "State", "failed", "found", "health_of", "keep", "new"]

State = Literal["valid", "dead", "uncertain"]
"""Dead is only what its server twice called gone, at least a day apart; whatever else fails is uncertain."""

DAY = dt.timedelta(days=1)
GONE = frozenset({404, 410})
BACK_OFF = (dt.timedelta(hours=1), dt.timedelta(hours=6), DAY, 3 * DAY, 7 * DAY)
"""How long to wait after the first, second, … failure in a row."""


@dataclass(frozen=True, slots=True)
class Health:
    """What is known of an address; an address that was never asked is uncertain."""

    state: State
    since: dt.datetime
    next_at: dt.datetime
    checked_at: dt.datetime | None = None
    failures: int = 0
    gone_at: dt.datetime | None = None
    problem: str | None = None
    status: int | None = None


def new(now: dt.datetime) -> Health:
    """Return the health of an address that is known from *now* on, and due."""
    return Health("uncertain", now, now)


def found(health: Health, now: dt.datetime, next_at: dt.datetime) -> Health:
    """Return the health after the page was there."""
    return Health("valid", health.since if health.state == "valid" else now, next_at, now)


def failed(health: Health, now: dt.datetime, days: int, problem: str, status: int | None = None) -> Health:
    """Return the health after a check that failed; a dead address is looked at every *days* all the same."""
    failures = health.failures + 1
    gone_at = (health.gone_at or now) if status in GONE else health.gone_at
    gone_twice = status in GONE and gone_at is not None and now - gone_at >= DAY
    state: State = "dead" if gone_twice or health.state == "dead" else "uncertain"
    wait = BACK_OFF[min(failures, len(BACK_OFF)) - 1]
    if state == "dead":
        wait = max(wait, days * DAY)
    elif status in GONE:
        wait = DAY  # the second look that decides
    since = health.since if health.state == state else now
    return replace(
        health, state=state, since=since, next_at=now + wait, checked_at=now, failures=failures, gone_at=gone_at,
        problem=problem, status=status,
    )  # fmt: skip


def health_of(row: WatchedRow | LinkRow) -> Health:
    """Return what *row* holds."""
    return Health(
        row.state,  # type: ignore[arg-type]
        _utc(row.since),
        _utc(row.next_at),
        _utc(row.checked_at) if row.checked_at else None,
        row.failures,
        _utc(row.gone_at) if row.gone_at else None,
        row.problem,
        row.status,
    )


def keep(row: WatchedRow | LinkRow, health: Health) -> None:
    """Write *health* into *row*."""
    row.state, row.since, row.next_at, row.checked_at = health.state, health.since, health.next_at, health.checked_at
    row.failures, row.gone_at, row.problem, row.status = health.failures, health.gone_at, health.problem, health.status


def _utc(moment: dt.datetime) -> dt.datetime:
    """Return a moment as it was stored: the tables hold UTC, without saying so."""
    return moment.replace(tzinfo=dt.UTC)

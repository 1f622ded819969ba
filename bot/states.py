"""Whether a programme is open on a given day, computed from its dates: never stored, never guessed."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Mapping
from typing import Any

from bot.answers import State

STALE_AFTER = dt.timedelta(days=366)
"""A source that says «open» and is older than this no longer proves it."""
PROGRAMME_KINDS = frozenset({"programme", "subsidy", "training", "compute"})
"""The kinds of sheet that have a state; a law that is in force is not an open call."""


def first_day(date: str) -> dt.date:
    """Return the first day of a whole or partial ISO date."""
    year, month, day = (*(int(part) for part in date.split("-")), 1, 1)[:3]
    return dt.date(year, month, day)


def last_day(date: str) -> dt.date:
    """Return the last day of a whole or partial ISO date: ``2025`` ends on 31 December."""
    parts = [int(part) for part in date.split("-")]
    month = parts[1] if len(parts) > 1 else 12
    return dt.date(parts[0], month, parts[2] if len(parts) > 2 else calendar.monthrange(parts[0], month)[1])


def state(meta: Mapping[str, Any], today: dt.date) -> State:
    """Return the state on *today*: closing days count in full, an unreadable or old claim is ``unknown``."""
    status, opens, closes = meta.get("status"), meta.get("opens"), meta.get("closes")
    try:
        if status == "closed" or (status == "open" and closes and last_day(closes) < today):
            return "closed"
        if status in ("open", "permanent") and opens and first_day(opens) > today:
            return "opens"
        if status == "permanent":
            return "closed" if closes and last_day(closes) < today else "permanent"
        if status == "open":
            if closes:
                return "open"
            shown = meta.get("status_as_of")
            return "open" if shown and today - first_day(shown) <= STALE_AFTER else "unknown"
    except ValueError:
        return "unknown"
    return "unknown"

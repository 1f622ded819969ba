"""A programme's state follows from its dates and the day it is asked on."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.answers import State
from bot.states import STALE_AFTER, first_day, last_day, state

TODAY = dt.date(2026, 11, 23)


@pytest.mark.parametrize(
    ("today", "expected"),
    [("2026-11-22", "open"), ("2026-11-23", "open"), ("2026-11-24", "closed")],
)
def test_closing_day_counts_in_full(today: str, expected: State) -> None:
    """A call is open on its closing day and closed from the next."""
    meta = {"status": "open", "closes": "2026-11-23"}
    assert state(meta, dt.date.fromisoformat(today)) == expected


@pytest.mark.parametrize(
    ("today", "expected"),
    [("2026-11-22", "opens"), ("2026-11-23", "open"), ("2026-11-24", "open")],
)
def test_opening_day_counts_in_full(today: str, expected: State) -> None:
    """A call that was announced opens at the start of its first day."""
    meta = {"status": "open", "opens": "2026-11-23", "closes": "2026-12-31"}
    assert state(meta, dt.date.fromisoformat(today)) == expected


@pytest.mark.parametrize(
    ("date", "first", "last"),
    [
        ("2028", "2028-01-01", "2028-12-31"),
        ("2028-02", "2028-02-01", "2028-02-29"),
        ("2027-02", "2027-02-01", "2027-02-28"),
        ("2027-02-03", "2027-02-03", "2027-02-03"),
    ],
)
def test_partial_date_covers_its_whole_span(date: str, first: str, last: str) -> None:
    """A year or a month begins on its first day and ends on its last, leap years included."""
    assert first_day(date) == dt.date.fromisoformat(first)
    assert last_day(date) == dt.date.fromisoformat(last)


@pytest.mark.parametrize(("closes", "expected"), [("2026", "open"), ("2026-11", "open"), ("2026-10", "closed")])
def test_partial_closing_date_lasts_to_its_end(closes: str, expected: State) -> None:
    """A call that closes «in November 2026» is open until the last of November."""
    assert state({"status": "open", "closes": closes}, TODAY) == expected


@pytest.mark.parametrize("opens", ["2027", "2026-12", "2026-11-24"])
def test_partial_opening_date_starts_on_its_first_day(opens: str) -> None:
    """A call that opens next month, next year or tomorrow is not open yet."""
    assert state({"status": "open", "opens": opens, "status_as_of": "2026-11"}, TODAY) == "opens"


def test_recent_claim_of_being_open_holds() -> None:
    """Without a closing date, a source of at most a year ago is believed."""
    shown = (TODAY - STALE_AFTER).isoformat()
    assert state({"status": "open", "status_as_of": shown}, TODAY) == "open"


def test_old_claim_of_being_open_becomes_unknown() -> None:
    """Without a closing date, a source older than a year no longer proves that a call is open."""
    shown = (TODAY - STALE_AFTER - dt.timedelta(days=1)).isoformat()
    assert state({"status": "open", "status_as_of": shown}, TODAY) == "unknown"


def test_undated_claim_of_being_open_is_unknown() -> None:
    """«Open» without a date of closing or of the source proves nothing."""
    assert state({"status": "open"}, TODAY) == "unknown"


@pytest.mark.parametrize("wrong", ["soon", "2026-13", "2026-11-31", "2026-11-23-01x", ""])
@pytest.mark.parametrize("key", ["opens", "closes", "status_as_of"])
def test_unreadable_date_never_opens(key: str, wrong: str) -> None:
    """A date that cannot be read never makes a call open."""
    meta = {"status": "open", key: wrong}
    assert state(meta, TODAY) != "open"


@pytest.mark.parametrize("status", [None, "unknown", "maybe"])
def test_unknown_status_stays_unknown(status: str | None) -> None:
    """Dates alone do not open a programme whose status no source tells."""
    assert state({"status": status, "opens": "2020", "closes": "2030"}, TODAY) == "unknown"


def test_closed_stays_closed_whatever_its_dates() -> None:
    """A programme that a source calls closed is closed, even with a date that cannot be read."""
    assert state({"status": "closed", "closes": "some day"}, TODAY) == "closed"


def test_permanent_ends_with_its_closing_date() -> None:
    """What has no end is permanent; an end in the past closes it all the same."""
    assert state({"status": "permanent"}, TODAY) == "permanent"
    assert state({"status": "permanent", "closes": "2025"}, TODAY) == "closed"


def test_permanent_that_has_not_begun_opens_later() -> None:
    """A permanent measure that starts next year cannot be asked for today."""
    assert state({"status": "permanent", "opens": "2027-01-01"}, TODAY) == "opens"

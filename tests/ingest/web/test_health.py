"""When an address counts as dead, and when it is looked at again."""

from __future__ import annotations

import datetime as dt

import pytest

from ingest.web.health import BACK_OFF, DAY, Health, failed, found, new

START = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)
DAYS = 7


def gone(health: Health, now: dt.datetime) -> Health:
    return failed(health, now, DAYS, "status", 404)


def test_a_page_that_is_there_is_valid() -> None:
    """An address is uncertain until it was asked; then it is valid since the first time that it was there."""
    health = new(START)
    assert (health.state, health.next_at, health.checked_at) == ("uncertain", START, None)
    first = found(health, START, START + DAY)
    second = found(first, START + DAY, START + 2 * DAY)
    assert (second.state, second.since, second.checked_at) == ("valid", START, START + DAY)


def test_a_page_is_dead_when_it_is_gone_twice_a_day_apart() -> None:
    """Once gone is uncertain, and so is twice on one day; gone again after a day is dead."""
    once = gone(found(new(START), START, START), START)
    assert (once.state, once.next_at - START) == ("uncertain", DAY)
    assert gone(once, START + dt.timedelta(hours=23)).state == "uncertain"
    dead = gone(once, START + DAY)
    assert (dead.state, dead.since, dead.next_at) == ("dead", START + DAY, START + DAY + DAYS * DAY)


def test_a_page_that_came_back_begins_anew() -> None:
    """Between two times gone a time when it was there counts: the second is a first again."""
    back = found(gone(new(START), START), START + DAY, START + 2 * DAY)
    assert (back.state, back.failures, back.gone_at, back.problem, back.status) == ("valid", 0, None, None, None)
    assert gone(back, START + 2 * DAY).state == "uncertain"
    dead = gone(gone(new(START), START), START + DAY)
    assert found(dead, START + 2 * DAY, START + 3 * DAY).state == "valid"


@pytest.mark.parametrize(("problem", "status"), [("timeout", None), ("status", 500), ("status", 403), ("robots", None)])
def test_other_trouble_never_makes_a_page_dead(problem: str, status: int | None) -> None:
    """However often a page cannot be had for another reason, it is uncertain, since the first time."""
    health, now = found(new(START), START, START), START
    for _ in range(20):
        now += 10 * DAY
        health = failed(health, now, DAYS, problem, status)
    assert (health.state, health.since, health.failures) == ("uncertain", START + 10 * DAY, 20)


def test_a_dead_page_stays_dead_until_it_is_there() -> None:
    """A time-out is no sign of life."""
    dead = gone(gone(new(START), START), START + DAY)
    late = failed(dead, START + 9 * DAY, DAYS, "timeout")
    assert (late.state, late.since, late.problem) == ("dead", START + DAY, "timeout")


def test_trouble_in_between_does_not_hide_that_a_page_is_gone() -> None:
    """Gone, then out of reach, then gone again after a day is dead."""
    health = failed(gone(new(START), START), START + DAY / 2, DAYS, "timeout")
    assert gone(health, START + DAY).state == "dead"


def test_waits_grow() -> None:
    """Each failure in a row waits longer than the one before, up to a week."""
    health, now, waits = new(START), START, []
    for _ in range(8):
        health = failed(health, now, DAYS, "timeout")
        waits.append(health.next_at - now)
        now = health.next_at
    assert waits == sorted(waits)
    assert waits[: len(BACK_OFF)] == list(BACK_OFF)
    assert waits[-1] == 7 * DAY

"""What the language model may cost a day holds, also when many ask at once and after a restart."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from bot.budget import Budget, budget_day, estimated
from ingest.database import connect
from ingest.errors import SettingsError
from ingest.settings import Settings, load
from ingest.usage import Spent, Usage

TODAY = dt.date(2026, 11, 23)
PRICES: dict[str, Any] = {"llm_euro_in": 1.0, "llm_euro_out": 4.0}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = connect(tmp_path / "guichet.sqlite")
    yield opened
    opened.dispose()


@pytest.fixture
def usage(engine: Engine) -> Usage:
    return Usage(engine)


def limited(usage: Usage, **limits: Any) -> Budget:
    """Return a budget with these settings."""
    return Budget(usage, Settings(**limits))


def test_without_limits_everything_is_allowed(usage: Usage) -> None:
    """With nothing set, any number of tokens is let through, and remembered all the same."""
    budget = limited(usage)
    budget.spend("page", TODAY, 10**9, 10**9)
    assert budget.allowed("page", TODAY)
    assert budget.reserve("page", TODAY, 10**9)
    assert usage.spent(TODAY).tokens == 3 * 10**9


@pytest.mark.parametrize(
    ("limits", "tokens"),
    [
        ({"llm_daily_tokens": 1_000}, (400, 599)),
        ({"llm_origin_daily_tokens": 1_000}, (400, 599)),
        ({"llm_daily_euro": 0.001, **PRICES}, (199, 200)),
    ],
)
def test_each_limit_closes_the_day(usage: Usage, limits: dict[str, Any], tokens: tuple[int, int]) -> None:
    """One token below a limit is still allowed; at the limit nothing is, until the next day."""
    budget = limited(usage, **limits)
    budget.spend("page", TODAY, *tokens)
    assert budget.allowed("page", TODAY)
    budget.spend("page", TODAY, 1, 0)
    assert not budget.allowed("page", TODAY)
    assert budget.reserve("page", TODAY, 1) is None
    assert budget.allowed("page", TODAY + dt.timedelta(days=1))
    assert budget.reserve("page", TODAY + dt.timedelta(days=1), 1)


def test_one_portal_does_not_eat_the_tokens_of_another(usage: Usage) -> None:
    """A limit for each origin stops the one that reached it; the others go on, up to the limit for all."""
    budget = limited(usage, llm_origin_daily_tokens=100, llm_daily_tokens=150)
    budget.spend("https://portal.example", TODAY, 100, 0)
    assert not budget.allowed("https://portal.example", TODAY)
    assert budget.allowed("page", TODAY)
    budget.spend("page", TODAY, 50, 0)
    assert not budget.allowed("command", TODAY)


def test_both_directions_have_their_price(usage: Usage) -> None:
    """A million tokens cost what the settings say, each way."""
    limited(usage, **PRICES).spend("page", TODAY, 2_000_000, 500_000)
    assert usage.spent(TODAY).euro == pytest.approx(4.0)


def test_a_reservation_that_does_not_fit_is_not_entered(usage: Usage) -> None:
    """A question that would pass the limit is refused, and leaves its room to a smaller one."""
    budget = limited(usage, llm_daily_tokens=1_000)
    assert budget.reserve("page", TODAY, 600, 401) is None
    assert usage.spent(TODAY) == Spent()
    assert budget.reserve("page", TODAY, 600, 400)


def test_settling_replaces_what_was_reserved(usage: Usage) -> None:
    """Once settled, a question counts for what it took, in tokens and in euro, and as one request."""
    budget = limited(usage, llm_daily_tokens=1_000, **PRICES)
    reservation = budget.reserve("page", TODAY, 600, 400)
    assert reservation
    budget.settle(reservation, 550, 50)
    spent = usage.spent(TODAY)
    assert (spent.tokens_in, spent.tokens_out) == (550, 50)
    assert spent.euro == pytest.approx(750e-6)
    assert budget.reserve("page", TODAY, 400)


def test_a_question_over_midnight_settles_on_its_day(usage: Usage) -> None:
    """What was reserved before midnight is settled on the day it was reserved for."""
    budget = limited(usage)
    reservation = budget.reserve("page", TODAY, 100)
    assert reservation
    budget.settle(reservation, 80, 10)
    assert usage.spent(TODAY).tokens == 90
    assert usage.spent(TODAY + dt.timedelta(days=1)) == Spent()


def test_questions_at_once_never_reserve_past_the_limit(usage: Usage) -> None:
    """Of 40 questions asked in the same moment by 16 threads, exactly those that fit are let through."""
    budget = limited(usage, llm_daily_tokens=1_000)
    start = threading.Barrier(16)

    def ask(number: int) -> bool:
        if number < 16:
            start.wait()
        return budget.reserve(f"origin {number % 3}", TODAY, 60, 40) is not None

    with ThreadPoolExecutor(16) as pool:
        granted = list(pool.map(ask, range(40)))
    assert sum(granted) == 10
    assert usage.spent(TODAY).tokens == 1_000


def test_settling_at_once_loses_nothing(usage: Usage) -> None:
    """Questions that end in the same moment are all counted, each for what it took."""
    budget = limited(usage)

    def ask(_number: int) -> None:
        reservation = budget.reserve("page", TODAY, 100, 100)
        assert reservation
        budget.settle(reservation, 30, 7)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(ask, range(100)))
    spent = usage.spent(TODAY)
    assert (spent.tokens_in, spent.tokens_out) == (3_000, 700)


def test_a_restart_does_not_forget(tmp_path: Path) -> None:
    """A day that was used up stays so for a new process, and what was never settled counts in full."""
    for allowed in (True, False):
        engine = connect(tmp_path / "guichet.sqlite")
        budget = limited(Usage(engine), llm_daily_tokens=100)
        assert budget.allowed("page", TODAY) is allowed
        budget.reserve("page", TODAY, 100)
        engine.dispose()


def test_old_days_are_removed(usage: Usage) -> None:
    """Days of before the limit go, the day of the limit and later ones stay."""
    for days in (401, 400, 399):
        usage.add(TODAY - dt.timedelta(days=days), "page", Spent(1, 1))
    assert usage.purge(TODAY - dt.timedelta(days=400)) == 1
    assert usage.spent(TODAY - dt.timedelta(days=401)) == Spent()
    assert usage.spent(TODAY - dt.timedelta(days=400)).tokens == 2


def test_a_limit_in_euro_wants_prices() -> None:
    """Euro without both prices would hold back nothing: the setting is refused by name."""
    with pytest.raises(SettingsError, match="GUICHET_LLM_EURO_OUT"):
        load(llm_daily_euro=5, llm_euro_in=1)
    assert load(llm_daily_euro=5, llm_euro_in=0, llm_euro_out=0).llm_daily_euro == 5


def test_budget_days_are_real_days(monkeypatch: pytest.MonkeyPatch) -> None:
    """A date set for the answers does not stop the clock of the budget."""
    monkeypatch.setenv("GUICHET_TODAY", "2020-01-01")
    assert budget_day() >= dt.datetime.now(dt.UTC).date()


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2)])
def test_tokens_are_estimated_upwards(text: str, tokens: int) -> None:
    """Four characters are a token, a rest is one more."""
    assert estimated(text) == tokens

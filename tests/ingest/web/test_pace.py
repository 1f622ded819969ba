"""Sites are asked one request at a time, with pauses, in rounds that end."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from ingest.database import LinkRow
from ingest.web import health as life
from ingest.web.pace import Pace, by_turns
from ingest.web.rounds import CLAIMED, Unreached, due, in_turn, site_of

NOW = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let *seconds* pass."""
        self.slept.append(seconds)
        self.now += seconds


def test_a_site_is_left_alone_for_a_second() -> None:
    """The second request to a site waits for what is left of its pause, another site is asked at once."""
    clock = Clock()
    pace = Pace(1.0, clock, clock.sleep)
    for site in ("a", "b", "a"):
        with pace.turn(site):
            clock.now += 0.25
    assert clock.slept == [0.75]
    with pace.turn("a", pause=5):
        pass
    assert clock.slept == [0.75, 5]


def test_a_site_is_asked_once_at_a_time() -> None:
    """Threads that ask one site take turns, those that ask different ones do not wait for each other."""
    pace = Pace(0)
    inside: list[int] = []
    most: list[int] = []
    both = threading.Barrier(2, timeout=5)

    def ask(site: str, meet: bool) -> None:
        with pace.turn(site):
            inside.append(1)
            most.append(len(inside))
            if meet:
                both.wait()
            inside.pop()

    for sites, meet in ((("a", "b"), True), (("a", "a"), False)):
        most.clear()
        threads = [threading.Thread(target=ask, args=(site, meet)) for site in sites]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(5)
        assert len(most) == 2
        assert max(most) == 2 if meet else max(most) <= 1


def test_a_failure_ends_the_turn() -> None:
    """A site whose page failed can be asked again."""
    pace = Pace(0)
    with pytest.raises(ValueError, match="x"), pace.turn("a"):
        raise ValueError("x")
    with pace.turn("a"):
        pass


def test_sites_come_in_turn() -> None:
    """No site is asked twice while another waits for its first time."""
    assert by_turns(["a1", "a2", "a3", "b1", "c1", "b2"], lambda item: item[0]) == ["a1", "b1", "c1", "a2", "b2", "a3"]


@pytest.fixture
def urls(engine: Engine) -> list[str]:
    """Three links that are due, the oldest last, and one that is not."""
    rows = {"https://a.be/1": 0, "https://a.be/2": 1, "https://b.be/": 2, "https://c.be/": -1}
    with Session(engine) as session, session.begin():
        for url, hours in rows.items():
            row = LinkRow(url=url)
            life.keep(row, life.new(NOW - dt.timedelta(hours=hours)))
            session.add(row)
    return list(rows)


def test_those_who_wait_longest_are_due_first(engine: Engine, urls: list[str]) -> None:
    """What is due comes in the order in which it fell due, no more than asked for, in whatever time zone."""
    assert due(engine, LinkRow, NOW, 10) == [urls[2], urls[1], urls[0]]
    assert due(engine, LinkRow, NOW.astimezone(dt.timezone(dt.timedelta(hours=9))), 2) == [urls[2], urls[1]]


def test_those_who_failed_come_last(engine: Engine, urls: list[str]) -> None:
    """Of those who are due, the ones that were in order are asked first."""
    with Session(engine) as session, session.begin():
        session.get_one(LinkRow, urls[2]).failures = 1
    assert due(engine, LinkRow, NOW, 10) == [urls[1], urls[0], urls[2]]
    assert due(engine, LinkRow, NOW, 1) == [urls[2]]


def test_two_rounds_do_not_ask_the_same(engine: Engine, urls: list[str]) -> None:
    """A round leaves out what another one has begun; after a crash it is due again."""
    first = in_turn(engine, LinkRow, urls, NOW)
    assert next(first) == urls[0]
    assert list(in_turn(engine, LinkRow, urls, NOW)) == [urls[2], urls[1]]
    assert list(first) == []
    assert set(due(engine, LinkRow, NOW + CLAIMED, 10)) >= set(urls[:3])


def test_a_round_ends_in_time(engine: Engine, urls: list[str]) -> None:
    """After its seconds a round begins no more, and what is left stays due."""
    clock = Clock()
    going = in_turn(engine, LinkRow, urls, NOW, seconds=10, clock=clock)
    assert next(going) == urls[0]
    clock.now = 10
    assert list(going) == []
    assert due(engine, LinkRow, NOW, 10) == [urls[2], urls[1]]


def after(problem: str, failures: int = 1) -> life.Health:
    """Return the health of an address after so many failures."""
    health = life.new(NOW)
    for _ in range(failures):
        health = life.failed(health, NOW, 7, problem)
    return health


def test_a_line_that_is_down_is_noticed() -> None:
    """Five sites that are not reached, and none that is, end a round; one that answers says that the line works."""
    down = Unreached()
    assert [down(f"{number}.be", after("dns")) for number in (1, 1, 2, 3, 4, 5)] == [False] * 5 + [True]
    up = Unreached()
    outcomes = [up("0.be", after("status"))] + [up(f"{number}.be", after("timeout")) for number in range(1, 20)]
    assert not any(outcomes)


def test_sites_that_are_long_out_of_reach_do_not_end_a_round() -> None:
    """Five dead domains among the links must not keep the others from being checked, day after day."""
    round_ = Unreached()
    assert not any(round_(f"{number}.be", after("dns", failures=2)) for number in range(20))


@pytest.mark.parametrize(
    ("url", "site"), [("https://www.a.be/x", "a.be"), ("mailto:x@a.be", ""), ("https://[x", ""), ("", "")]
)
def test_any_text_has_a_site(url: str, site: str) -> None:
    """Also what is no address can be put in turn."""
    assert site_of(url) == site

"""How often one may try: guessers are held back, officers are not, and nobody learns a name."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from ingest.database import StaffAttemptRow
from ingest.journal import Journal
from ingest.settings import load
from tests.ui.staff.people import CHEAP, PASSWORD, age
from ui.staff.attempts import Attempts, Pace, of_address, of_name
from ui.staff.entrance import Entrance, MustWait, NotRight
from ui.staff.passwords import Hasher
from ui.staff.sessions import Came

WRONG = "une mauvaise devinette"


def came(number: int = 1, **more: Any) -> Came:
    """Return a visit from one of many addresses."""
    return Came(f"198.51.{number // 250}.{number % 250}", **more)


def guess(entrance: Entrance, name: str, times: int, *, address: int | None = 1) -> list[type[Exception]]:
    """Return what a guesser gets; without an *address* each guess comes from another one."""
    got: list[type[Exception]] = []
    for time in range(times):
        try:
            entrance.enter(name, WRONG, came(address if address is not None else 1000 + time))
        except (NotRight, MustWait) as error:
            got.append(type(error))
    return got


def test_the_sixth_guess_waits(entrance: Entrance) -> None:
    """After five wrong passwords even the right one is not looked at."""
    assert guess(entrance, "anna", 7) == [NotRight] * 5 + [MustWait] * 2
    with pytest.raises(MustWait):
        entrance.enter("anna", PASSWORD, came(2))


def test_the_wait_grows_and_has_an_end() -> None:
    """Each failure doubles the wait, up to the longest; no number of failures is too large."""
    pace = Pace(3, dt.timedelta(seconds=30), dt.timedelta(minutes=4))
    waits = [pace.wait(failures) for failures in (2, 3, 4, 5, 6, 7, 10**9)]
    assert waits == [None, *(dt.timedelta(seconds=seconds) for seconds in (30, 60, 120, 240, 240, 240))]


def test_after_the_wait_the_officer_gets_in(entrance: Entrance, engine: Engine) -> None:
    """However long somebody guessed, a quarter of an hour later the right password opens, and the count begins anew."""
    for _ in range(30):
        guess(entrance, "anna", 1, address=None)
        age(engine, dt.timedelta(minutes=16), StaffAttemptRow)
    assert entrance.enter("anna", PASSWORD, came(2))
    assert guess(entrance, "anna", 5, address=3) == [NotRight] * 5


def test_an_officer_in_a_known_browser_is_never_locked_out_by_others(entrance: Entrance) -> None:
    """While a thousand addresses guess, the browser that has logged in before opens with the right password."""
    known = entrance.enter("anna", PASSWORD, came(7)).known
    assert guess(entrance, "anna", 12, address=None)[-1] is MustWait
    with pytest.raises(MustWait):
        entrance.enter("anna", PASSWORD, came(8))
    assert entrance.enter("anna", PASSWORD, came(8, known=known))


def test_a_known_browser_is_no_way_around_the_limit(entrance: Entrance) -> None:
    """Guesses in a known browser wait too, and it helps for no other account."""
    known = entrance.enter("anna", PASSWORD, came(7)).known
    got: list[type[Exception]] = []
    for time in range(12):
        try:
            entrance.enter("anna", WRONG, came(100 + time, known=known))
        except (NotRight, MustWait) as error:
            got.append(type(error))
    assert got == [NotRight] * 10 + [MustWait] * 2
    assert guess(entrance, "paul", 6) == [NotRight] * 5 + [MustWait]
    with pytest.raises(MustWait):
        entrance.enter("paul", PASSWORD, came(9, known=known))


def test_an_invented_browser_is_not_known(entrance: Entrance) -> None:
    """A cookie that we did not give out changes nothing."""
    guess(entrance, "anna", 5)
    with pytest.raises(MustWait):
        entrance.enter("anna", PASSWORD, came(2, known="x" * 43))


def test_a_name_that_does_not_exist_waits_alike(entrance: Entrance) -> None:
    """Existing, invented and impossible names, and the disabled, give the same answers in the same order."""
    entrance.accounts.disable("paul", "boss")
    names = ("anna", "paul", "nobody", "<script>")
    answers = {tuple(guess(entrance, name, 8, address=20 + number)) for number, name in enumerate(names)}
    assert answers == {(NotRight,) * 5 + (MustWait,) * 3}


def test_an_address_waits_after_twenty_names(entrance: Entrance) -> None:
    """Somebody who tries one password with many names is held back as well, other addresses are not."""
    got = [guess(entrance, f"name{number}", 1)[0] for number in range(22)]
    assert got == [NotRight] * 20 + [MustWait] * 2
    assert entrance.enter("anna", PASSWORD, came(2))


def test_an_own_account_does_not_wash_an_address_clean(entrance: Entrance) -> None:
    """A guesser who logs in to his own account between guesses at others is held back all the same."""
    got: list[type[Exception] | None] = []
    for number in range(24):
        got += guess(entrance, f"name{number}", 1)
        try:
            entrance.enter("paul", PASSWORD, came(1))
        except MustWait:
            got.append(None)
    assert got.count(NotRight) <= 25
    with pytest.raises(MustWait):
        entrance.enter("name99", WRONG, came(1))


def test_a_hundred_guesses_at_once_are_a_hundred(entrance: Entrance) -> None:
    """Guesses in the same moment cannot all be the fifth: at most five are looked at."""

    def one(number: int) -> str:
        try:
            entrance.enter("anna", WRONG, came(number))
        except (NotRight, MustWait) as error:
            return type(error).__name__
        return "in"

    with ThreadPoolExecutor(12) as pool:
        got = list(pool.map(one, range(60)))
    assert got.count("NotRight") == 5
    assert got.count("MustWait") == 55


def test_a_restart_forgets_no_failure(entrance: Entrance, engine: Engine) -> None:
    """What was counted before the server stopped counts after it starts."""
    guess(entrance, "anna", 5)
    again = Entrance(engine, load(), Hasher(CHEAP))
    with pytest.raises(MustWait):
        again.enter("anna", PASSWORD, came(2))


def test_a_day_later_all_is_forgotten(entrance: Entrance, engine: Engine) -> None:
    """Old failures count no more, and their addresses are no longer stored."""
    guess(entrance, "anna", 4)
    age(engine, dt.timedelta(hours=25), StaffAttemptRow)
    assert guess(entrance, "anna", 5, address=2) == [NotRight] * 5
    with Session(engine) as session:
        assert not any("198.51.0.1" in key for key in session.scalars(select(StaffAttemptRow.key)))


def test_a_reset_forgives(entrance: Entrance) -> None:
    """Whoever gets a new password from an administrator can use it at once."""
    guess(entrance, "anna", 9, address=None)
    assert entrance.enter("anna", entrance.accounts.reset("anna", "boss"), came(2)).must_change


def test_no_typed_name_is_stored(entrance: Entrance, engine: Engine) -> None:
    """A password in the field of the name is kept neither among the attempts nor in the journal."""
    guess(entrance, "mon-vrai-mot-de-passe", 6)
    with Session(engine) as session:
        stored = repr([row.key for row in session.scalars(select(StaffAttemptRow))])
    assert "mon-vrai" not in stored + repr(Journal(engine).entries())


def test_a_lock_is_written_down_once(entrance: Entrance, engine: Engine) -> None:
    """The journal says when an account began to wait, and does not grow with each guess while it waits."""
    guess(entrance, "anna", 50)
    actions = [entry.action for entry in Journal(engine).entries(subject="account anna", by="anna")]
    assert sorted(actions) == ["login_failed"] * 5 + ["login_locked"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True), ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
     ("::ffff:192.0.2.1", "192.0.2.1", True), ("192.0.2.1", "192.0.2.2", False), ("fe80::1%eth0", "fe80::1", True),
     ("testclient", "other", False), ("", "\ud800", False)],
)  # fmt: skip
def test_addresses_are_counted_by_network(one: str, other: str, same: bool) -> None:
    """The 64 bits that one household may choose among are one address; IPv4 written as IPv6 is IPv4."""
    assert (of_address(one).name == of_address(other).name) is same


def test_an_attempt_can_be_taken_back(engine: Engine) -> None:
    """A right password leaves a name without failures."""
    attempts = Attempts(engine)
    for _ in range(20):
        ticket = attempts.take([of_name("anna")])
        assert ticket.wait is None
        attempts.give_back(ticket)

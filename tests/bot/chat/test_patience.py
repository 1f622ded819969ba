"""A model is waited for so long and no longer; a dead one is left alone for a while."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from bot.chat import Breaker, ChatFailure, Kind, Patience, Turn, patiently
from tests.bot.chat.scripted import ScriptedModel
from tests.slowness import slowness

pytestmark = pytest.mark.alone

TURNS = (Turn("user", "?"),)
QUICK = Patience(first=0.2, between=0.1, total=0.5)


def heard(model: ScriptedModel, patience: Patience = QUICK) -> tuple[str, Kind | None, float]:
    """What came, how it failed, and how long it took."""

    async def listen() -> tuple[str, Kind | None, float]:
        clock = asyncio.get_running_loop().time
        began, text = clock(), ""
        try:
            async with aclosing(patiently(model, TURNS, patience, began + patience.total)) as pieces:
                async for piece in pieces:
                    text += piece.text
        except ChatFailure as failure:
            return text, failure.kind, clock() - began
        return text, None, clock() - began

    return asyncio.run(listen())


def test_all_that_comes_in_time_is_heard() -> None:
    """Pauses under the limits do no harm."""
    assert heard(ScriptedModel([(0.1, "a", 0.05, "b")]))[:2] == ("ab", None)


@pytest.mark.parametrize(
    ("script", "patience", "kind", "seconds"),
    [
        ((5.0, "a"), QUICK, "slow", QUICK.first),
        (("a", 5.0, "b"), QUICK, "stalled", QUICK.between),
        (tuple(["a", 0.06] * 50), Patience(first=2.0, between=2.0, total=0.5), "slow", 0.5),
    ],
)
def test_each_wait_has_its_limit(
    script: tuple[str | float, ...], patience: Patience, kind: Kind, seconds: float
) -> None:
    """First word, between words, in all: what takes longer fails by that much and no later, and is closed."""
    model = ScriptedModel([script])
    _, failed, took = heard(model, patience)
    assert failed == kind
    assert seconds <= took < seconds + 0.1 * slowness()
    assert model.closed == 1


@pytest.mark.parametrize(("kind", "asked"), [("unreachable", 2), ("server", 2), ("busy", 2), ("cut", 2), ("key", 1)])
def test_before_the_first_word_one_second_try_is_made(kind: Kind, asked: int) -> None:
    """What may pass is tried once more; a refused key is not."""
    model = ScriptedModel([(ChatFailure(kind),), (ChatFailure(kind),)])
    assert heard(model)[1] == kind
    assert len(model.asked) == asked


def test_second_try_is_heard_as_if_it_were_the_first() -> None:
    """A stumble before the first word is not seen."""
    assert heard(ScriptedModel([(ChatFailure("server"),), ("a",)]))[:2] == ("a", None)


def test_after_the_first_word_nothing_is_tried_again() -> None:
    """Half an answer is never begun anew in the same breath."""
    model = ScriptedModel([("a", ChatFailure("cut")), ("b",)])
    assert heard(model)[:2] == ("a", "cut")
    assert len(model.asked) == 1


def test_second_try_has_what_is_left_of_the_first_wait() -> None:
    """Two tries together wait no longer for the first word than one."""
    _, kind, took = heard(ScriptedModel([(0.1, ChatFailure("server")), (5.0,)]))
    assert kind == "slow"
    assert took < QUICK.first + 0.1 * slowness()


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(("kind", "failures"), [("unreachable", 1), ("key", 1), ("server", 2), ("stalled", 2)])
def test_a_dead_model_is_left_alone_for_half_a_minute(kind: Kind, failures: int) -> None:
    """Out of reach: at once; a fault: the second time in a row. Then one question tries for all."""
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(failures):
        assert breaker.allows()
        breaker.note(kind)
    assert not breaker.allows()
    clock.now += Breaker.PAUSE - 1
    assert not breaker.allows()
    clock.now += 2
    assert breaker.allows()
    assert not breaker.allows(), "a second question tried beside the first"
    breaker.note(None)
    assert breaker.allows()
    assert breaker.allows()


def test_words_that_cannot_be_used_do_not_pause_a_model() -> None:
    """Garbage costs an answer, not half a minute of them; and it ends a row of faults."""
    breaker = Breaker(Clock())
    for kind in ("garbage", "language", "empty", "server", "garbage", "server"):
        breaker.note(kind)  # type: ignore[arg-type]
        assert breaker.allows()


def test_a_question_that_did_not_ask_says_nothing_about_the_model() -> None:
    """Over budget, or during the pause: the pause goes on."""
    breaker = Breaker(Clock())
    breaker.note("unreachable")
    for kind in ("paused", "budget"):
        breaker.note(kind)  # type: ignore[arg-type]
        assert not breaker.allows()

"""However a model fails, an answer comes in the same reply, in time, and says in one line why it is in quotes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from bot.answers import Answer
from bot.service import Bot
from bot.wording import say
from tests.llm.double import Double, refusing, unreachable
from tests.llm.library import model_bot
from tests.slowness import slowness

QUESTION = "Combien paie la prime ?"
PATIENCE = {
    "llm_connect_seconds": 0.3, "llm_first_seconds": 0.8, "llm_between_seconds": 0.5, "llm_total_seconds": 3.0,
}  # fmt: skip
BUSY = 2.5
"""Seconds of patience with a machine that does other things meanwhile: the bar is measured (``phrasing.py`` of the
evaluation), what is tested here is that no other time-out than the one concerned is waited for."""


@pytest.fixture(scope="module", autouse=True)
def warm(running_double: Double, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Ask once before time is taken: the patterns of four languages are made ready at the first check."""
    with model_bot(tmp_path_factory.mktemp("warm"), running_double, "quotes") as bot:
        bot.ask(QUESTION, language="fr")


@pytest.fixture
def asking(tmp_path: Path, double: Double) -> Callable[..., AbstractContextManager[Bot]]:
    """Return a function that opens a bot whose model has this name."""

    @contextmanager
    def opened(model: str, **settings: Any) -> Iterator[Bot]:
        with model_bot(tmp_path, double, model, **(PATIENCE | settings)) as bot:
            yield bot

    return opened


def timed(bot: Bot) -> tuple[list[Answer], float]:
    """Return every answer that came, and the seconds until the last one."""

    async def watch() -> tuple[list[Answer], float]:
        clock = asyncio.get_running_loop().time
        began = clock()
        answers = [answer async for answer in bot.stream(QUESTION, language="fr")]
        return answers, clock() - began

    return asyncio.run(watch())


@pytest.fixture
def plain(tmp_path: Path, double: Double) -> Answer:
    """What the bot says without a model."""
    with model_bot(tmp_path / "plain", double, "quotes", llm_daily_tokens=0) as bot:
        return bot.ask(QUESTION, language="fr")


@pytest.mark.parametrize(
    ("model", "address", "settings", "kind", "timeout"),
    [
        ("quotes", refusing, {}, "unreachable", 0.0),
        ("quotes", unreachable, {}, "unreachable", PATIENCE["llm_connect_seconds"]),
        ("401", nullcontext, {}, "key", 0.0),
        ("429", nullcontext, {}, "busy", 0.0),
        ("500", nullcontext, {}, "server", 0.0),
        ("silent", nullcontext, {}, "slow", PATIENCE["llm_first_seconds"]),
        ("mute", nullcontext, {}, "slow", PATIENCE["llm_first_seconds"]),
        ("drip", nullcontext, {}, "slow", PATIENCE["llm_total_seconds"]),
        ("stall", nullcontext, {}, "stalled", PATIENCE["llm_between_seconds"]),
        ("cut", nullcontext, {}, "cut", 0.0),
        ("empty", nullcontext, {}, "empty", 0.0),
        ("garbage", nullcontext, {}, "garbage", 0.0),
        ("wrong-language", nullcontext, {}, "language", 0.0),
        ("refusal", nullcontext, {}, "garbage", 0.0),
        ("quotes", nullcontext, {"llm_daily_tokens": 1}, "budget", 0.0),
    ],
    ids=lambda value: value if isinstance(value, str) else getattr(value, "__name__", ""),
)
def test_each_failure_ends_in_the_extractive_answer(
    model: str, address: Callable[[], AbstractContextManager[str | None]], settings: Mapping[str, Any], kind: str,
    timeout: float, plain: Answer, asking: Callable[..., AbstractContextManager[Bot]],
) -> None:  # fmt: skip
    """The statements and their quotes are those of the answer without a model, with one line that says why."""
    with address() as url:
        where = {"llm_base_url": url} if url else {}
        with asking(model, **settings, **where) as bot:
            answers, took = timed(bot)
    answer = answers[-1]
    assert answer.complete
    assert answer.mode == "extractive"
    assert answer.statements == plain.statements
    assert [(c.quote, c.document) for c in answer.citations] == [(c.quote, c.document) for c in plain.citations]
    assert answer.text.count(say(f"answers.model_{kind}", "fr")) == 1
    assert answer.text.count("Réponse par citations") == 1
    assert took < timeout + BUSY * slowness()


def test_a_model_that_stumbles_once_is_asked_again(asking: Callable[..., AbstractContextManager[Bot]]) -> None:
    """One 500 before the first token costs nothing but the second try."""
    with asking("flaky") as bot:
        answers, _ = timed(bot)
    assert answers[-1].mode == "llm:flaky"


def test_a_dead_model_is_not_asked_again_at_once(
    double: Double, asking: Callable[..., AbstractContextManager[Bot]]
) -> None:
    """After a refused key the next question goes without the model, and says so."""
    with asking("401") as bot:
        timed(bot)
        answers, _ = timed(bot)
    assert len(double.requests("401")) == 1
    assert say("answers.model_paused", "fr") in answers[-1].text


def test_what_was_given_up_is_cancelled_upstream(
    double: Double, asking: Callable[..., AbstractContextManager[Bot]]
) -> None:
    """A stall, an endless reply and a reader who stops all end the request."""
    for model in ("stall", "drip", "huge"):
        with asking(model) as bot:
            timed(bot)
        assert double.wait_for(model).end == "cancelled", model


def test_what_is_written_anew_is_shown_when_it_holds(asking: Callable[..., AbstractContextManager[Bot]]) -> None:
    """A model that corrects itself when told is shown with the corrected sentences, and no invented one on the way."""
    with asking("mends") as bot:
        answers, _ = timed(bot)
    assert answers[-1].mode == "llm:mends"
    assert "30 %" in answers[-1].text

"""A server's bot follows its library: the next generation answers when it is ready, the last one until then."""

from __future__ import annotations

import asyncio
import datetime as dt
import errno
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.answers import Answer
from bot.live import Live
from bot.service import Bot
from ingest.library import Library
from ingest.revisions import Edit
from ingest.settings import load
from tests.bot.library import document

ALPHA = document("alpha", "fr", "Alphacash", "Alphacash paie 25 % de la facture.", "Il vaut pour les PME.")
ASKED = "Combien paie Alphacash ?"


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    """A live bot that knows one programme, on the day that the settings say."""
    settings = load(data_dir=tmp_path / "data", today=dt.date(2026, 11, 30))
    with Library.open(settings) as library:
        library.add_documents([ALPHA])
        opened = Live(library, lambda snapshot: Bot(snapshot, settings))
        yield opened
        opened.close()


def ask(live: Live, question: str = ASKED) -> Answer:
    """Return the last answer of a stream."""

    async def last() -> Answer:
        answers = [answer async for answer in live.stream(question)]
        return answers[-1]

    return asyncio.run(last())


def test_the_next_question_is_answered_from_what_was_published(live: Live) -> None:
    """As soon as a change returns, answers hold it, with its generation."""
    assert "25 %" in ask(live).text
    live.library.add_documents([document("alpha", "fr", "Alphacash", "Alphacash paie 40 % de la facture.")])
    answer = ask(live)
    assert "40 %" in answer.text
    assert "25 %" not in answer.text
    assert answer.generation == live.generation == 2


def test_an_answer_ends_on_the_generation_that_it_began_on(live: Live) -> None:
    """An answer that is under way while its document is removed still comes, whole, from the old generation."""

    async def interrupted() -> Answer:
        stream = live.stream(ASKED)
        await anext(stream)
        await asyncio.to_thread(live.library.remove, ["alpha"])
        answers = [answer async for answer in stream]
        return answers[-1]

    answer = asyncio.run(interrupted())
    assert (answer.generation, answer.complete, answer.status) == (1, True, "answered")
    assert "25 %" in answer.text
    assert "25 %" not in ask(live).text


def test_what_ended_yesterday_does_not_answer_today(live: Live) -> None:
    """The first question after the last day of a document is answered without it, whatever ran in between."""
    number = live.library.documents["fr/alpha"].revision
    live.library.revisions.mark(number, Edit(expires_on="2026-11-29"), "anne")
    answer = ask(live)
    assert "25 %" not in answer.text
    assert live.library.documents == {}


def test_a_disk_that_is_full_costs_no_answer(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was set for today and cannot be done now is done later; the question is answered meanwhile."""
    number = live.library.documents["fr/alpha"].revision
    live.library.revisions.mark(number, Edit(expires_on="2026-11-29"), "anne")
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copytree", raising(OSError(errno.ENOSPC, "No space left on device")))
        assert ask(live).complete
    assert list(live.library.documents) == ["fr/alpha"]
    live.settle()
    assert live.library.documents == {}


def test_a_bot_that_could_not_be_made_is_made_later(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was published while the next bot failed is answered from after the next round of the chores."""
    with monkeypatch.context() as patch:
        patch.setattr(Bot, "warm", raising(MemoryError()))
        with pytest.raises(MemoryError):
            live.library.add_documents([document("alpha", "fr", "Alphacash", "Alphacash paie 40 % de la facture.")])
    assert live.generation == 1
    live.settle()
    assert live.generation == 2
    assert "40 %" in ask(live).text


def raising(error: BaseException) -> Callable[..., None]:
    """Return something that fails with *error* whenever it is called."""

    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def test_a_closed_bot_follows_no_longer(live: Live) -> None:
    """After it was closed, a change of the library does not touch it."""
    before = live.bot
    live.close()
    live.library.add_documents([document("beta", "fr", "Betacash", "Betacash paie 20 %.")])
    assert live.bot is before
    live.library.changed.append(live.refresh)  # the fixture closes it again

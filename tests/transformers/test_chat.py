"""A real server streams over HTTP through LangChain: ``transformers serve`` with a tiny Llama of random weights."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

from bot.bootstrap import open_bot
from bot.chat import Patience, Piece, Turn, open_chat_model, patiently
from ingest.settings import Settings, load
from tests.bot.library import TODAY, document
from tests.transformers import llama

TURNS = (Turn("system", "Answer in French."), Turn("user", "Que paie Start IA ?"))


@pytest.fixture(scope="module")
def served(extra: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings that name the model and the address where it is served."""
    folder = tmp_path_factory.mktemp("llama") / "model"
    with llama.serving(llama.build(folder, llama.corpus())) as url:
        yield load(llm=f"openai:{folder}", llm_base_url=url)


def test_a_reply_streams_over_http(served: Settings) -> None:
    """Text comes piece by piece as it is made, and the last piece says what it cost."""
    pieces = asyncio.run(_reply(served))
    told = [piece for piece in pieces if piece.text]
    assert len(told) > 10
    assert "".join(piece.text for piece in told).strip()
    assert (pieces[-1].tokens_in, pieces[-1].tokens_out) >= (10, len(told))


def test_the_first_piece_comes_long_before_the_last(served: Settings) -> None:
    """Nothing on the way waits for the whole reply."""
    times = asyncio.run(_times(served))
    assert times[0] < times[-1] / 2


def test_a_reader_who_stops_leaves_the_server_free(served: Settings) -> None:
    """Closing the stream after one piece ends the request; the next one is answered at once."""

    async def stop_and_ask_again() -> list[Piece]:
        async with aclosing(_stream(served)) as pieces:
            await anext(pieces)
        return [piece async for piece in _stream(served)]

    assert len(asyncio.run(stop_and_ask_again())) > 10


def test_nothing_that_it_says_is_shown(served: Settings, tmp_path: Path) -> None:
    """Behind the bot, noise ends in the extractive answer, which says why."""
    where = {"data_dir": tmp_path, "corpus_dir": tmp_path / "none", "today": TODAY}
    with open_bot(served.model_copy(update=where)) as bot:
        bot.library.add_documents(
            [document("prime", "fr", "Prime numérique", "La prime numérique paie 30 % des frais.")]
        )
        answer = bot.ask("Combien paie la prime numérique ?", language="fr")
    assert answer.mode == "extractive"
    assert "La prime numérique paie 30 % des frais [1]." in answer.text
    assert "Réponse par citations" in answer.text


def _stream(settings: Settings) -> AsyncGenerator[Piece, None]:
    model = open_chat_model(settings)
    assert model is not None
    deadline = asyncio.get_running_loop().time() + settings.llm_total_seconds
    return patiently(model, TURNS, Patience.of(settings), deadline)


async def _reply(settings: Settings) -> list[Piece]:
    return [piece async for piece in _stream(settings)]


async def _times(settings: Settings) -> list[float]:
    clock = asyncio.get_running_loop().time
    began = clock()
    return [clock() - began async for piece in _stream(settings) if piece.text]

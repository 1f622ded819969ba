"""The API over the whole of ``corpus/``: in process, and on a port."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from bot.service import Bot
from ingest.settings import load
from tests.ui.api.served import served
from tests.ui.scripted import ScriptedBot
from ui.server import create_app


@pytest.fixture(scope="session")
def application(corpus_bot: Bot) -> FastAPI:
    """The application over the starter corpus."""
    return create_app(corpus_bot, corpus_bot.settings)


@pytest.fixture(scope="session")
def api(application: FastAPI) -> Iterator[TestClient]:
    """A client of that application, in process."""
    with TestClient(application, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="session")
def address(application: FastAPI) -> Iterator[str]:
    """Where that application answers."""
    with served(application) as where:
        yield where


@pytest.fixture(scope="session")
def scripted() -> Iterator[tuple[ScriptedBot, TestClient]]:
    """A bot that answers at once, and a client of the application over it."""
    bot = ScriptedBot()
    with TestClient(create_app(bot, load(max_question=600)), raise_server_exceptions=False) as client:
        yield bot, client


@pytest.fixture
def bot(scripted: tuple[ScriptedBot, TestClient]) -> ScriptedBot:
    """That bot, as if nobody had asked it."""
    bot, _ = scripted
    bot.ready = True
    bot.histories.clear()
    return bot


@pytest.fixture
def client(scripted: tuple[ScriptedBot, TestClient], bot: ScriptedBot) -> TestClient:
    """That client."""
    return scripted[1]

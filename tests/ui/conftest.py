"""The application over a scripted bot, in process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from ingest.settings import load
from tests.ui.scripted import ScriptedBot
from ui.server import create_app


@pytest.fixture
def bot() -> ScriptedBot:
    """A bot that answers at once."""
    return ScriptedBot()


@pytest.fixture
def client(bot: ScriptedBot) -> Iterator[TestClient]:
    """A client of the application over *bot*."""
    with TestClient(create_app(bot, load(max_question=600)), raise_server_exceptions=False) as client:
        yield client

"""The API over the whole of ``corpus/``: in process, and on a port."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from bot.service import Bot
from tests.ui.api.served import served
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

"""The application with a desk, in process."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from ingest.settings import load
from tests.ui.scripted import ScriptedBot
from tests.ui.staff.demo import COOKIE, Desktop
from ui.server import create_app


@pytest.fixture(scope="session")
def opened(tmp_path_factory: pytest.TempPathFactory) -> tuple[Desktop, FastAPI]:
    """A desk and the application around it, built once: Gradio takes a second."""
    desktop = Desktop(tmp_path_factory.mktemp("desk") / "arriving")
    return desktop, create_app(ScriptedBot(), load(), staff=desktop.staff)


@pytest.fixture
def desktop(opened: tuple[Desktop, FastAPI]) -> Desktop:
    """A desk of two rooms, as if nobody had been there."""
    opened[0].tidy()
    return opened[0]


Entrance = Callable[[str], TestClient]


@pytest.fixture
def enter(desktop: Desktop, opened: tuple[Desktop, FastAPI]) -> Entrance:
    """Return a client of the application as somebody; nobody if the name is empty."""

    def client(name: str) -> TestClient:
        return TestClient(
            opened[1],
            cookies={COOKIE: name} if name else {},
            headers={"Accept": "text/html"},
            follow_redirects=False,
            raise_server_exceptions=False,
        )

    return client

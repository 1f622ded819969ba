"""The way in to the desk over an empty database, with a hash that costs little; a desk of demonstration rooms."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from ingest.database import connect
from ingest.settings import Settings, load
from tests.ui.scripted import ScriptedBot
from tests.ui.staff.demo import COOKIE, Desktop
from tests.ui.staff.people import CHEAP, HOST, PASSWORD, Visitor
from ui.server import create_app
from ui.staff.entrance import Entrance
from ui.staff.login import routes
from ui.staff.passwords import Hasher


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all its tables and nothing in them; made once, since that takes a second."""
    path = tmp_path_factory.mktemp("empty") / "guichet.sqlite"
    engine = connect(path)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


@pytest.fixture
def engine(empty_database: Path, tmp_path: Path) -> Iterator[Engine]:
    """A database of its own for each test."""
    engine = connect(Path(shutil.copy(empty_database, tmp_path / "guichet.sqlite")))
    yield engine
    engine.dispose()


@pytest.fixture
def settings() -> Settings:
    """The settings as they come."""
    return load()


@pytest.fixture
def entrance(engine: Engine, settings: Settings) -> Entrance:
    """Accounts, sessions and attempts; there are ``boss`` (administrator), ``anna`` (editor), ``paul`` (publisher)."""
    entrance = Entrance(engine, settings, Hasher(CHEAP))
    for name, role in (("boss", "administrator"), ("anna", "editor"), ("paul", "publisher")):
        entrance.accounts.add(name, role, "test", PASSWORD)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE account SET must_change = 0, valid_until = NULL")
    return entrance


@pytest.fixture
def app(entrance: Entrance, settings: Settings) -> FastAPI:
    """An application with the pages of the way in and nothing else."""
    app = FastAPI()
    app.include_router(routes(entrance, settings, "v1"))
    return app


@pytest.fixture
def visitor(app: FastAPI) -> Iterator[Visitor]:
    """A browser of somebody who has never been here."""
    with TestClient(app, base_url=HOST, follow_redirects=False) as client:
        yield Visitor(client)


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


Enter = Callable[[str], TestClient]


@pytest.fixture
def enter(desktop: Desktop, opened: tuple[Desktop, FastAPI]) -> Enter:
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

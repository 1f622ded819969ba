"""A web of its own for each test, and a fetcher that knows no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from ingest.database import connect
from ingest.settings import Settings
from ingest.web.fetching import Fetcher
from ingest.web.pace import Pace
from tests.ingest.web.world import World

MakeFetcher = Callable[..., Fetcher]


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.close()


@pytest.fixture
def fetcher_with(world: World) -> MakeFetcher:
    """Return a fetcher in the test's web, with settings and what else is given; it never pauses."""

    def make(trust: Any = None, pace: Pace | None = None, **settings: Any) -> Fetcher:
        chosen = Settings(**{"web_total_seconds": 5.0, "web_between_seconds": 2.0, **settings})
        never = pace or Pace(0)
        return Fetcher(chosen, resolve=world.resolve, connect=world.connect, trust=trust, pace=never)

    return make


@pytest.fixture
def fetcher(fetcher_with: MakeFetcher) -> Fetcher:
    return fetcher_with()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = connect(tmp_path / "guichet.sqlite")
    yield opened
    opened.dispose()

"""What the tests of the readers share: default settings, a way to read bytes, and one sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingest.documents import SourceDocument
from ingest.readers import read
from ingest.readers.sandbox import Sandbox
from ingest.settings import Settings

ReadBytes = Callable[[str, bytes], SourceDocument]


@pytest.fixture(scope="session")
def settings() -> Settings:
    return Settings()


@pytest.fixture
def read_bytes(tmp_path: Path, settings: Settings) -> ReadBytes:
    def read_as(name: str, content: bytes) -> SourceDocument:
        path = tmp_path / name
        path.write_bytes(content)
        return read(path, settings)

    return read_as


@pytest.fixture(scope="session")
def sandbox(settings: Settings) -> Iterator[Sandbox]:
    with Sandbox(settings) as opened:
        yield opened

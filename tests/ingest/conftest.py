"""What the tests of ingestion share: one embedding model, a data folder each, and sheets to take in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.documents import SourceDocument
from ingest.embedding import StaticEmbedder
from ingest.library import Library
from ingest.readers import read
from ingest.settings import Settings
from tests.ingest.samples import two_sheets


@pytest.fixture(scope="session", autouse=True)
def compiled_modules(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Where Python may write no bytecode, the many child processes of these tests share a folder of it."""
    with pytest.MonkeyPatch.context() as environment:
        if sys.dont_write_bytecode:
            environment.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
            environment.setenv("PYTHONPYCACHEPREFIX", str(tmp_path_factory.mktemp("bytecode")))
        yield


@pytest.fixture(scope="session")
def embedder() -> StaticEmbedder:
    return StaticEmbedder(Settings().embedding_model)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def library(settings: Settings, embedder: StaticEmbedder) -> Iterator[Library]:
    with Library.open(settings, embedder) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of two sheets: an aid in French and a loan in Dutch."""
    return two_sheets(tmp_path / "sheets")


@pytest.fixture(scope="session")
def documents(tmp_path_factory: pytest.TempPathFactory) -> list[SourceDocument]:
    """The same two sheets, already read: adding them needs no reading process."""
    path = two_sheets(tmp_path_factory.mktemp("read") / "sheets")
    return [read(file, Settings()) for file in sorted(path.iterdir())]

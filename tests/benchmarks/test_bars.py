"""The bars at a size that takes seconds, with three times the room: a busy machine passes, a slip does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.measures import NotMeasured, latency, measure
from tests.slowness import slowness

pytestmark = pytest.mark.alone
ROOM = 3
SIZE = 1_000


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """The folder of a library of 1,000 passages and what building it took."""
    folder = str(tmp_path_factory.mktemp("benchmark") / "library")
    return folder, measure("ingestion", size=SIZE, folder=folder)


def test_ingestion_keeps_pace(library):
    """A library of 1,000 passages is built at a pace that takes 10,000 in at most 90 seconds."""
    _, found = library
    assert found["passages"] == SIZE
    assert found["seconds"] * 10_000 / SIZE <= 30 * ROOM * slowness(), found


def test_search_is_quick(library):
    """A search among 1,000 passages takes 45 milliseconds at most, 19 times of 20, whatever the language."""
    folder, _ = library
    found = measure("retrieval", folder=folder, rounds=2)
    assert found["passages"] == SIZE
    assert set(found["languages"]) == {"fr", "nl", "de", "en"}
    assert min(found["p95_ms"], found["again"]["p95_ms"]) <= 15 * ROOM * slowness(), found


def test_model_is_quick():
    """The model embeds at least 1,333 passages a second and a question in 1.5 milliseconds."""
    found = measure("embedding", size=2_000, repeats=3)
    assert found["passages_per_second"] >= 4_000 / ROOM / slowness(), found
    assert found["query"]["p50_ms"] <= 0.5 * ROOM * slowness(), found


def test_model_is_small():
    """The model adds at most 90 MB to a process: memory, unlike time, does not depend on neighbours."""
    assert measure("model_memory")["memory_mb"] <= 90


def test_measure_that_fails_says_why(tmp_path: Path):
    """A measure that breaks in its process is told with its reason, and ends no run."""
    (tmp_path / "file").write_text("")
    with pytest.raises(NotMeasured, match="cannot write there"):
        measure("retrieval", folder=str(tmp_path / "file"))


def test_latency_of_known_times():
    """Of 1 to 101 milliseconds the median is 51, the 95th percentile 96, the maximum 101."""
    assert latency(range(101, 0, -1)) == {"p50_ms": 51, "p95_ms": 96, "max_ms": 101}

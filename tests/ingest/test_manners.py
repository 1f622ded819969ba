"""Long work stands back for those who wait, and still ends."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import pytest

from ingest.manners import PATIENCE, in_pieces, stand_back, standing_back
from ingest.passages import split
from ingest.words import WordIndex
from tests.benchmarks.passages import generate
from tests.slowness import slowness


def test_it_stands_back_while_somebody_waits_but_not_for_ever() -> None:
    """Between two pieces it waits as long as somebody does, a tenth of a second at most; outside it never waits."""
    start = time.monotonic()
    with standing_back(lambda: True):
        assert list(in_pieces(range(5), 2)) == [0, 1, 2, 3, 4]
    waited = time.monotonic() - start
    assert 2 * PATIENCE <= waited < 2 * PATIENCE + 0.2 * slowness()
    until = time.monotonic() + PATIENCE / 5
    with standing_back(lambda: time.monotonic() < until):
        stand_back()
    assert until <= time.monotonic() < until + PATIENCE / 2 * slowness()
    start = time.monotonic()
    stand_back()
    assert time.monotonic() - start < PATIENCE / 2 * slowness()


@pytest.mark.alone
def test_others_get_their_turns_while_passages_are_indexed(tmp_path: Path) -> None:
    """A thread that only wants a moment of the interpreter, as a request does, does not starve beside a publication."""
    passages = [passage for document in generate(3_000) for passage in split(document, version=1)]
    waits, done = list[float](), threading.Event()

    def look() -> None:
        while not done.is_set():
            start = time.perf_counter()
            time.sleep(0.001)
            waits.append(time.perf_counter() - start)

    usual = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)
    looking = threading.Thread(target=look)
    looking.start()
    try:
        with standing_back(lambda: False):
            WordIndex(tmp_path / "words").update(passages)
    finally:
        done.set()
        looking.join()
        sys.setswitchinterval(usual)
    assert sum(wait for wait in waits if wait > 0.03 * slowness()) < sum(waits) / 3

"""Long work stands back for those who wait, and still ends."""

from __future__ import annotations

import time

from ingest.manners import PATIENCE, in_pieces, stand_back, standing_back
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

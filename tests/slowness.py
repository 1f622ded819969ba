"""How slow the machine is at this moment, for tests that hold something to a time.

Bounds are set on a quiet machine. One that is shared with others may take three times as long for the very same work; a
bound that grows with it still catches what has become slower by itself.
"""

from __future__ import annotations

import time

LOOPS = 15
REFERENCE = 0.006
"""Seconds of processor that the loop below takes on the machine that bounds are set on."""


def slowness() -> float:
    """Return how many times as long as there plain work takes here and now, by the clock; at least 1."""
    # The mean, not the least: where others have their turns too, some loops run undisturbed.
    return max(1.0, sum(_loop() for _ in range(LOOPS)) / LOOPS / REFERENCE)


def _loop() -> float:
    start, total = time.perf_counter(), 0
    for number in range(100_000):
        total += number
    return time.perf_counter() - start

"""Which Region the towns in a message lie in."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ingest.analysis import fold, words
from ingest.listing import read_list

REGIONS = ("wallonia", "flanders", "brussels", "abroad")


@cache
def _places() -> dict[tuple[str, ...], str]:
    """Return the region of each town, by the folded words of its name."""
    listed = read_list(Path(__file__).parent / "places.yaml")
    return {
        tuple(fold(word) for word in words(name)): region for region in REGIONS for name in listed[region].split(", ")
    }


@cache
def _longest() -> int:
    return max(len(name) for name in _places())


def regions(text: str) -> frozenset[str]:
    """Return the regions of the towns that *text* names; the longest name wins (Louvain-la-Neuve is not Louvain)."""
    spoken = [fold(word) for word in words(text)]
    found, position = set(), 0
    while position < len(spoken):
        for length in range(min(_longest(), len(spoken) - position), 0, -1):
            region = _places().get(tuple(spoken[position : position + length]))
            if region:
                found.add(region)
                position += length - 1
                break
        position += 1
    return frozenset(found)

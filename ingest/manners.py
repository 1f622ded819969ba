"""Long work that stands back for those who wait for an answer in the same process.

Threads of one interpreter share it: a publication that computes for half a minute would make every answer three times
as slow. So it is done in small pieces, and between two of them it looks whether somebody waits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Item = TypeVar("Item")

PATIENCE = 0.1
"""Seconds that work stands back at most between two pieces, so that it ends however many people ask."""
_LOOK = 0.002
_MOMENT = 0.0005

_waited_for: ContextVar[Callable[[], bool] | None] = ContextVar("waited_for", default=None)


@contextmanager
def standing_back(waited_for: Callable[[], bool]) -> Iterator[None]:
    """Let the work of this thread stand back while *waited_for* says that somebody waits for an answer."""
    token = _waited_for.set(waited_for)
    try:
        yield
    finally:
        _waited_for.reset(token)


def stand_back() -> None:
    """Wait while somebody waits for an answer, for a tenth of a second at most; at once where nobody could."""
    if (waited_for := _waited_for.get()) is None:
        return
    until = time.monotonic() + PATIENCE
    # Also for those whom nobody knows to wait yet, whose request is only being read. Work that lets go of the
    # interpreter for microseconds, as calls of an index or a database do, takes it again before a waiting thread wakes,
    # and each time that thread's wait begins anew: without a pause it starves for a tenth of a second and more.
    time.sleep(_MOMENT)
    while waited_for() and time.monotonic() < until:
        time.sleep(_LOOK)


def in_pieces(items: Iterable[Item], size: int) -> Iterator[Item]:
    """Yield *items*, and stand back after each *size* of them."""
    for number, item in enumerate(items, 1):
        yield item
        if number % size == 0:
            stand_back()

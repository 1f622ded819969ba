"""Politeness: one request at a time to a site, and a pause before the next."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

__all__ = ["Pace", "by_turns"]

PAUSE = 1.0
"""Least seconds between the end of one request to a site and the next."""
T = TypeVar("T")


class Pace:
    """Gives out turns to ask a site; safe to use from several threads."""

    def __init__(
        self,
        pause: float = PAUSE,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._pause = pause
        self._clock = clock
        self._sleep = sleep
        self._turns: dict[str, threading.Lock] = {}
        self._last: dict[str, float] = {}
        self._lock = threading.Lock()

    @contextmanager
    def turn(self, site: str, pause: float = 0.0) -> Iterator[None]:
        """Wait until *site* may be asked again: a second after the last time, or *pause* if the site wants more."""
        with self._lock:
            mine = self._turns.setdefault(site, threading.Lock())
        with mine:
            if site in self._last:
                left = self._last[site] + max(self._pause, pause) - self._clock()
                if left > 0:
                    self._sleep(left)
            try:
                yield
            finally:
                self._last[site] = self._clock()


def by_turns(items: Iterable[T], site: Callable[[T], str]) -> list[T]:
    """Return *items* so that each site comes again as late as possible: pauses pass while others are asked."""
    queues: dict[str, deque[T]] = {}
    for item in items:
        queues.setdefault(site(item), deque()).append(item)
    ordered: list[T] = []
    while queues:
        for name in list(queues):
            ordered.append(queues[name].popleft())
            if not queues[name]:
                del queues[name]
    return ordered

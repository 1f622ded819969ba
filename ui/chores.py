"""What a running guichet does by itself: each chore at its own interval, one after another, in one thread."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType

logger = logging.getLogger(__name__)

MINUTE = 60.0
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to do every so many *seconds*, for the first time *after* so many."""

    name: str
    do: Callable[[], object]
    seconds: float
    after: float


class Chores:
    """Does chores until it is left; a context manager. One that fails is noted, and done again when its time comes."""

    def __init__(self, chores: Sequence[Chore]) -> None:
        self._chores = chores
        begun = time.monotonic()
        self._due = {chore.name: begun + chore.after for chore in chores}
        self._woken = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._work, name="chores", daemon=True)

    def __enter__(self) -> Chores:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended = True
        self._woken.set()
        self._thread.join(5)

    def soon(self, name: str) -> None:
        """Do the chore *name* as soon as the one at hand is done."""
        self._due[name] = 0.0
        self._woken.set()

    def _work(self) -> None:
        while not self._ended:
            # Before the look: what is asked for meanwhile wakes the next wait.
            self._woken.clear()
            for chore in self._chores:
                if not self._ended and self._due[chore.name] <= time.monotonic():
                    self._due[chore.name] = time.monotonic() + chore.seconds
                    self._do(chore)
            wait = min(self._due.values(), default=MINUTE) - time.monotonic()
            self._woken.wait(max(0.0, min(wait, MINUTE)))

    def _do(self, chore: Chore) -> None:
        try:
            chore.do()
        except Exception as error:  # noqa: BLE001  what must be done must not depend on one busy moment
            logger.error("the chore «%s» failed: %s", chore.name, type(error).__name__)

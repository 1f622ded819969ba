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
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._work, name="chores", daemon=True)

    def __enter__(self) -> Chores:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left.set()
        self._thread.join(5)

    def _work(self) -> None:
        while not self._left.is_set():
            for chore in self._chores:
                if not self._left.is_set() and self._due[chore.name] <= time.monotonic():
                    self._due[chore.name] = time.monotonic() + chore.seconds
                    self._do(chore)
            wait = min((due - time.monotonic() for due in self._due.values()), default=MINUTE)
            self._left.wait(max(0.0, min(wait, MINUTE)))

    def _do(self, chore: Chore) -> None:
        try:
            chore.do()
        except Exception as error:  # noqa: BLE001  what must be done must not depend on one busy moment
            logger.error("the chore «%s» failed: %s", chore.name, type(error).__name__)

"""How long a model is waited for: for its first word, between words, in all. One second try, and a pause."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from threading import Lock

from bot.chat.failures import DEAD, ChatFailure, Kind
from bot.chat.model import ChatModel, Piece, Turn
from ingest.settings import Settings

_BEFORE_RETRY = 0.05


@dataclass(frozen=True, slots=True)
class Patience:
    """Time-outs in seconds. *total* is for all that one answer asks of the model."""

    first: float = 10.0
    between: float = 10.0
    total: float = 30.0

    @classmethod
    def of(cls, settings: Settings) -> Patience:
        """Return what the settings say; the time-out for connecting is the provider's class's to keep."""
        return cls(settings.llm_first_seconds, settings.llm_between_seconds, settings.llm_total_seconds)


async def patiently(
    model: ChatModel, turns: Sequence[Turn], patience: Patience, deadline: float
) -> AsyncGenerator[Piece, None]:
    """Yield the reply of *model*, with one second try before its first piece; raises ``ChatFailure``.

    *deadline* is the time of the event loop's clock at which the whole answer must be there.
    """
    clock = asyncio.get_running_loop().time
    first_by = min(clock() + patience.first, deadline)
    for final in (False, True):
        begun = False
        try:
            async with aclosing(model.stream(turns)) as pieces:
                while True:
                    limit = min(clock() + patience.between, deadline) if begun else first_by
                    async with asyncio.timeout_at(limit):
                        piece = await anext(pieces, None)
                    if piece is None:
                        return
                    begun = begun or bool(piece.text)
                    yield piece
        except TimeoutError as error:
            late = clock() >= deadline
            raise ChatFailure("slow" if late or not begun else "stalled") from error
        except ChatFailure as failure:
            if begun or final or not failure.may_pass or clock() + _BEFORE_RETRY >= first_by:
                raise
            await asyncio.sleep(_BEFORE_RETRY)


class Breaker:
    """Stops asking a dead model for a while, so that nobody waits for what will not come.

    A model that cannot be reached or refuses the key is dead at once; one that stumbles, the second time in a row.
    After the pause one question tries again while the others still go without (Nygard, Release It!, 2007).
    """

    PAUSE = 30.0
    """Seconds."""
    STUMBLES = 2

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._failures = 0
        self._closed_until = 0.0

    def allows(self) -> bool:
        """Return whether the model may be asked now; after a pause, the first who asks tries it for all."""
        with self._lock:
            now = self._clock()
            if now < self._closed_until:
                return False
            if self._failures >= self.STUMBLES:
                self._closed_until = now + self.PAUSE
            return True

    def note(self, failure: Kind | None) -> None:
        """Take in how an attempt ended; one that was not made says nothing."""
        if failure in ("paused", "budget"):
            return
        with self._lock:
            if failure not in DEAD:
                self._failures, self._closed_until = 0, 0.0
                return
            self._failures = self.STUMBLES if failure in ("unreachable", "key") else self._failures + 1
            if self._failures >= self.STUMBLES:
                self._closed_until = self._clock() + self.PAUSE

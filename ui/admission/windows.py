"""How often something happened in the last minute or day: the moving windows of ``limits``.

In memory they are kept by a storage of our own. That of the library walks over every key it holds in a new thread
after each request, and forgets no key: with fifty thousand addresses a request waits half a millisecond, and memory
only grows.
"""

from __future__ import annotations

import asyncio
import logging
import time
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, cast

from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerMinute, parse_many
from limits.aio.strategies import MovingWindowRateLimiter as SharedLimiter
from limits.errors import ConfigurationError
from limits.storage import storage_from_string
from limits.storage.base import MovingWindowSupport, Storage
from limits.strategies import MovingWindowRateLimiter

from ingest.errors import SettingsError

logger = logging.getLogger(__name__)

MOST_KEYS = 200_000
"""Windows that are remembered; over it the eldest make room. Whoever has so many networks is stopped by none."""
SWEPT = 4
"""Windows that are looked at with each entry, in turn: what is over is forgotten faster than it comes."""

TOGETHER = 0.5
"""Seconds that the storage of several processes may take for one question; a longer silence counts as its end."""
ALONE = 10.0
"""Seconds for which a process then counts by itself."""

Limit = RateLimitItem


@dataclass(frozen=True, slots=True)
class Window:
    """What is counted by *name*, and its limits, the shortest first."""

    limits: Sequence[Limit]
    name: tuple[str, ...]


def parsed(text: str) -> tuple[Limit, ...]:
    """Return the limits that a setting names, the shortest first; ``off`` is none."""
    return () if text == "off" else tuple(sorted(parse_many(text), key=lambda limit: limit.get_expiry()))


def limits_of(a_minute: int | None, a_day: int | None) -> tuple[Limit, ...]:
    """Return the limits that an administrator has set."""
    minute = (RateLimitItemPerMinute(a_minute),) if a_minute else ()
    return (*minute, *((RateLimitItemPerDay(a_day),) if a_day else ()))


def filled(own: Sequence[Limit], usual: Sequence[Limit]) -> tuple[Limit, ...]:
    """Return *own*, and of *usual* those for a time of which *own* says nothing."""
    said = {limit.get_expiry() for limit in own}
    others = (limit for limit in usual if limit.get_expiry() not in said)
    return tuple(sorted((*own, *others), key=lambda limit: limit.get_expiry()))


def at_least(limits: Sequence[Limit], others: Sequence[Limit]) -> tuple[Limit, ...]:
    """Return *limits*, none of them less than that of *others* for the same time."""
    most = {limit.get_expiry(): limit.amount for limit in others}
    return tuple(type(limit)(max(limit.amount, most.get(limit.get_expiry(), 0)), limit.multiples) for limit in limits)


def share(number: int | None) -> int | None:
    """Return how much of the *number* of a portal one address may have: a quarter, of a small one up to a half.

    An office asks from one address; yet a portal is never one visitor's, unless it may ask one question only.
    """
    return number and max(number // 4, min(10, (number + 1) // 2))


class BoundedMemory(Storage, MovingWindowSupport):
    """Moving windows in this process: an entry is a moment, and what is over goes little by little."""

    STORAGE_SCHEME = ["guichet+memory"]  # noqa: RUF012  declared so by the library

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **_: Any) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions)
        self._entries: OrderedDict[str, tuple[int, list[float]]] = OrderedDict()
        """Length and moments of each window, oldest first; of the windows, those to be looked at next stand first."""
        self._turn = Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Enter the present moment unless the window is full."""
        now = time.time()
        with self._turn:
            _, moments = self._entries.get(key, (expiry, []))
            del moments[: bisect_right(moments, now - expiry)]
            free = len(moments) + amount <= limit
            if free:
                moments.extend([now] * amount)
                self._entries[key] = expiry, moments
            self._sweep(now)
        return free

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Return the oldest moment of the window and how many there are."""
        now = time.time()
        _, moments = self._entries.get(key, (expiry, []))
        first = bisect_right(moments, now - expiry)
        return (moments[first], len(moments) - first) if first < len(moments) else (now, 0)

    def _sweep(self, now: float) -> None:
        for _ in range(min(SWEPT, len(self._entries))):
            key, (length, moments) = next(iter(self._entries.items()))
            if not moments or moments[-1] <= now - length or len(self._entries) > MOST_KEYS:
                del self._entries[key]
            else:
                self._entries.move_to_end(key)

    # What the library's other strategies would ask.

    @property
    def base_exceptions(self) -> type[Exception]:
        """Nothing goes wrong here."""
        return MemoryError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Not a fixed window."""
        raise NotImplementedError

    def get(self, key: str) -> int:
        """Not a fixed window."""
        raise NotImplementedError

    def get_expiry(self, key: str) -> float:
        """Not a fixed window."""
        raise NotImplementedError

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def reset(self) -> int:
        """Forget everything and return how many windows that were."""
        count = len(self._entries)
        self._entries.clear()
        return count

    def clear(self, key: str) -> None:
        """Forget one window."""
        self._entries.pop(key, None)


class Windows:
    """The windows in force, in memory or shared by several processes."""

    def __init__(self, storage: str | None = None) -> None:
        self._memory = MovingWindowRateLimiter(BoundedMemory())
        self._shared = SharedLimiter(cast("Any", _opened(storage))) if storage else None
        self._alone_until = 0.0

    async def enter(self, wanted: Sequence[Window]) -> tuple[Window, float] | None:
        """Enter something in all windows *wanted*; if one of them is full, in none.

        Returns the first full one with the seconds until there is room in it, or None.
        """
        if self._shared and time.monotonic() >= self._alone_until:
            try:
                async with asyncio.timeout(TOGETHER):
                    return await self._together(self._shared, wanted)
            except Exception as error:  # noqa: BLE001  whatever a client of another system raises
                # Neither open to everybody nor closed to all: each process counts for itself for a while.
                if time.monotonic() >= self._alone_until:
                    logger.error("limits cannot be counted together: %s", type(error).__name__)
                self._alone_until = time.monotonic() + ALONE
        for window, limit in _each(wanted):
            if not self._memory.test(limit, *window.name):
                return window, _seconds(self._memory.get_window_stats(limit, *window.name).reset_time)
        for window, limit in _each(wanted):
            self._memory.hit(limit, *window.name)
        return None

    async def _together(self, shared: SharedLimiter, wanted: Sequence[Window]) -> tuple[Window, float] | None:
        # Between the look and the entry another process may take the last room: hence the second look.
        for doing in (shared.test, shared.hit):
            for window, limit in _each(wanted):
                if not await doing(limit, *window.name):
                    return window, _seconds((await shared.get_window_stats(limit, *window.name)).reset_time)
        return None


def _each(wanted: Sequence[Window]) -> Iterator[tuple[Window, Limit]]:
    return ((window, limit) for window in wanted for limit in window.limits)


def options_of(address: str) -> dict[str, Any]:
    """Return the options of the client for the storage at *address*."""
    if "redis" not in address.partition(":")[0]:
        return {}
    # Its client would wait for ever for a server that is there and says nothing.
    return {"implementation": "redispy", "socket_timeout": TOGETHER, "socket_connect_timeout": TOGETHER}


def _opened(storage: str) -> object:
    address = storage if storage.startswith("async+") else f"async+{storage}"
    try:
        return storage_from_string(address, wrap_exceptions=True, **options_of(address))
    except ConfigurationError as error:
        # Not the text of the error: the address may hold a password.
        raise SettingsError(
            "GUICHET_RATE_LIMIT_STORAGE: this storage cannot be used; give an address such as redis://host:6379/0 and"
            " install its client (pip install redis)."
        ) from error


def _seconds(until: float) -> float:
    return max(0.001, until - time.time())

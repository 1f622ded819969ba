"""What is read of the database for every request, and may be a moment old."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ingest.writing import writing

logger = logging.getLogger(__name__)

OLDEST = 2.0
"""Seconds after which it is read again: what another process changed is seen no later."""

T = TypeVar("T")


class Recent(Generic[T]):
    """A value that *read* returns, read again when it is too old. Until it was read once, *nothing* stands for it."""

    def __init__(self, read: Callable[[], T], nothing: T) -> None:
        self._read, self._value = read, nothing
        self._until = 0.0
        self._changes = 0
        self._turn = threading.Lock()

    def get(self) -> T:
        """Return the value; about a millisecond when it must be read, and nothing else."""
        if time.monotonic() < self._until:
            return self._value
        with self._turn:
            if time.monotonic() >= self._until:
                seen = self._changes
                try:
                    self._value = self._read()
                except SQLAlchemyError as error:
                    # The last list is better than none: neither does a busy disk shut a portal out, nor let one in.
                    logger.error("portals and keys could not be read: %s", type(error).__name__)
                # What was changed while it was read must be read once more.
                self._until = time.monotonic() + OLDEST if seen == self._changes else 0.0
        return self._value

    def forget(self) -> None:
        """Have it read again at the next look: this process has changed it."""
        self._changes += 1
        self._until = 0.0


@contextmanager
def changing(engine: Engine, recent: Recent[T]) -> Iterator[Session]:
    """Open a transaction like ``writing``, after which *recent* is read anew."""
    try:
        with writing(engine) as session:
            yield session
    finally:
        recent.forget()

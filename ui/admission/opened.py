"""How many questions are being answered: of one conversation, of one caller, of all together."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from itertools import count
from threading import Lock
from typing import Literal

LONGEST = 120.0
"""Seconds after which a question counts no more: who does not read his answer must not hold a place for ever."""

Full = Literal["all", "caller", "conversation"]


@dataclass(frozen=True, slots=True)
class Ticket:
    """The place of a question; give it back once, however it ends."""

    number: int
    caller: str
    conversation: str | None
    since: float
    """By the clock that only goes forward."""


class Opened:
    """The questions that are open in this process."""

    def __init__(self, most: int, most_of_caller: int | None) -> None:
        self.most, self.most_of_caller = most, most_of_caller
        self._tickets: dict[int, Ticket] = {}
        self._of: Counter[str] = Counter()
        self._talking: dict[str, int] = {}
        self._numbers = count()
        self._turn = Lock()

    def __len__(self) -> int:
        return len(self._tickets)

    def take(self, caller: str, conversation: str | None) -> Ticket | Full:
        """Return a place, or what is full."""
        with self._turn:
            self._drop_old()
            if len(self._tickets) >= self.most:
                return "all"
            if self.most_of_caller is not None and self._of[caller] >= self.most_of_caller:
                return "caller"
            if conversation is not None and conversation in self._talking:
                return "conversation"
            ticket = Ticket(next(self._numbers), caller, conversation, time.monotonic())
            self._tickets[ticket.number] = ticket
            self._of[caller] += 1
            if conversation is not None:
                self._talking[conversation] = ticket.number
            return ticket

    def give_back(self, ticket: Ticket) -> None:
        """Free the place of a question; a second time does nothing."""
        with self._turn:
            self._free(ticket)

    def _free(self, ticket: Ticket) -> None:
        if self._tickets.pop(ticket.number, None) is None:
            return
        self._of[ticket.caller] -= 1
        if not self._of[ticket.caller]:
            del self._of[ticket.caller]
        if ticket.conversation is not None and self._talking.get(ticket.conversation) == ticket.number:
            del self._talking[ticket.conversation]

    def _drop_old(self) -> None:
        # They stand in the order in which they came.
        before = time.monotonic() - LONGEST
        while self._tickets and (first := next(iter(self._tickets.values()))).since <= before:
            self._free(first)

"""What the language model may cost a day. Over it the bot answers by extraction, which costs nothing.

reservation = budget.reserve("page", budget_day(), tokens_in, tokens_out)
if reservation is None: answer without the model
…  and in every case, also when the visitor stops or the connection breaks:
budget.settle(reservation, tokens_in, tokens_out)
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

from ingest.settings import BRUSSELS, Settings
from ingest.usage import Limits, Spent, Usage

CHARACTERS_A_TOKEN = 4
"""By which tokens are estimated where a provider does not count them."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """What was entered before a question was asked; settle it once, on whatever day that is."""

    origin: str
    day: dt.date
    spent: Spent


class Budget:
    """The limits of the settings, over the usage that the database remembers.

    An origin is a face ("page", "api", "mcp", "command"), or a portal or key that is known ("portal NAME", "key NAME");
    never a header as it comes: whoever makes up origins would have as many budgets.
    """

    def __init__(self, usage: Usage, settings: Settings) -> None:
        self._usage = usage
        self._limits = Limits(settings.llm_daily_tokens, settings.llm_daily_euro, settings.llm_origin_daily_tokens)
        self._prices = settings.llm_euro_in or 0.0, settings.llm_euro_out or 0.0

    def allowed(self, origin: str, today: dt.date) -> bool:
        """Return whether anything is left of the day: a quick look that reserves nothing."""
        limits = self._limits
        if limits == Limits():
            return True
        day = self._usage.spent(today)
        if limits.tokens is not None and day.tokens >= limits.tokens:
            return False
        if limits.euro is not None and day.euro >= limits.euro:
            return False
        return limits.origin_tokens is None or self._usage.spent(today, origin).tokens < limits.origin_tokens

    def reserve(self, origin: str, today: dt.date, tokens_in: int, tokens_out: int = 0) -> Reservation | None:
        """Enter the most that a question may take, or return None when the day has no room for it.

        It is entered at once, so that questions asked together see each other, and a crash loses no expense.
        """
        most = self._priced(tokens_in, tokens_out)
        return Reservation(origin, today, most) if self._usage.add_within(today, origin, most, self._limits) else None

    def settle(self, reservation: Reservation, tokens_in: int, tokens_out: int) -> None:
        """Put what a question took in the place of what was reserved for it."""
        more = self._priced(tokens_in, tokens_out) - reservation.spent
        self._usage.add(reservation.day, reservation.origin, more, requests=0)

    def spend(self, origin: str, today: dt.date, tokens_in: int, tokens_out: int) -> None:
        """Enter what was taken without a reservation, whatever is left."""
        self._usage.add(today, origin, self._priced(tokens_in, tokens_out))

    def _priced(self, tokens_in: int, tokens_out: int) -> Spent:
        price_in, price_out = self._prices
        return Spent(tokens_in, tokens_out, (tokens_in * price_in + tokens_out * price_out) / 1_000_000)


def budget_day() -> dt.date:
    """Return the day in Brussels that spends. ``GUICHET_TODAY`` moves answers in time, not money."""
    return dt.datetime.now(BRUSSELS).date()


def estimated(text: str) -> int:
    """Return about how many tokens *text* is."""
    return math.ceil(len(text) / CHARACTERS_A_TOKEN)

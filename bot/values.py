"""Write the values of programme cards in words, in four languages."""

from __future__ import annotations

from typing import Any

from bot.dates import in_words
from bot.wording import say
from ingest.cards import Field
from ingest.documents import Language

_DECIMAL: dict[Language, str] = {"fr": ",", "nl": ",", "de": ",", "en": "."}
_GROUP: dict[Language, str] = {"fr": "\u00a0", "nl": ".", "de": ".", "en": ","}
STATES = frozenset({"open", "closed", "permanent", "unknown"})


def value_in_words(field: Field, value: Any, unit: str, language: Language) -> str:
    """Return a value as readers of *language* expect it: ``50 %``, ``€ 50.000``, ``31 mai 2026``."""
    if field == "rate":
        if isinstance(value, list | tuple):
            low, high = (_percent(each, language) for each in value)
            return say("answers.value_range", language, low=low, high=high)
        return _percent(value, language)
    if field in ("ceiling", "minimum"):
        return money(value, language)
    if field == "duration" and unit in ("month", "day", "hour"):
        return say(f"answers.value_{unit}", language, n=_number(value, language))
    if field in ("opens", "closes"):
        return in_words(str(value), language)
    if field == "state" and value in STATES:
        return say(f"answers.value_{value}", language)
    return str(value)


def money(value: float, language: Language) -> str:
    """Return a sum in euro as *language* writes it."""
    number = _number(value, language)
    return {"fr": f"{number}\u00a0€", "de": f"{number}\u00a0€", "nl": f"€\u00a0{number}", "en": f"€{number}"}[language]


def _percent(value: float, language: Language) -> str:
    return f"{_number(round(float(value) * 100, 2), language)}\u00a0%"


def _number(value: float, language: Language) -> str:
    whole, _, rest = f"{float(value):,.2f}".partition(".")
    rest = rest.rstrip("0")
    return whole.replace(",", _GROUP[language]) + (_DECIMAL[language] + rest if rest else "")

"""Read what a sentence claims of a programme: rates, ceilings, least amounts, durations, opening and closing days.

Precise rather than complete: a sentence that holds two rates, tells of the past or speaks of a budget claims nothing
here. Each claim carries marks, the same in four languages, of whom and what it is true: two claims are compared only
where these agree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from bot.limits import CEILING, PAST
from ingest.cards import Field
from ingest.documents import Language
from ingest.listing import read_list
from ingest.quantities import in_order, plain, quantities

_I = re.IGNORECASE


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that a sentence claims; ``marks`` say of whom and what, ``years`` of which time."""

    field: Field
    value: Any
    unit: str
    marks: frozenset[str] = frozenset()
    years: frozenset[str] = frozenset()
    past: bool = False
    """Told of as something that was."""
    most: bool = False
    """Only an upper end: «up to 50 %»."""


@cache
def _patterns(part: str, language: Language) -> Mapping[str, re.Pattern[str]]:
    """Return the patterns of ``claims.yaml`` for one language: ``words`` or ``marks``, by name."""
    listed = read_list(Path(__file__).parent / "claims.yaml")[part]
    return {
        name: re.compile(rf"(?<!\w)(?:{'|'.join(by_language[language])})(?!\w)", _I)
        for name, by_language in listed.items()
    }


_SINCE = re.compile(
    r"(?:depuis|dès|à partir d[eu]|sinds|vanaf|seit|ab|since|from|as of)\s+(?:\S+\s+){0,3}?((?:19|20)\d\d)", _I
)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_BETWEEN = re.compile(
    r"\d\s?%?\s*(?:à|et|tot|en|bis|und|to|and|-|–)\s*\d+(?:[.,]\d+)?\s?(?:%|pour|procent|prozent)", _I
)


_SPAN = re.compile(r"\b(?:du|entre|van|tussen|vom|zwischen|between)\b", _I)
_PERCENT = re.compile(r"%|pour ?cent|procent|prozent|per ?cent", _I)
_EURO = re.compile(r"€|\beur", _I)
_TIME = re.compile(
    r"(?<!\w)(?:mois|maand\w*|\w*monat\w*|months?|ans?|jaar|jahre?\w*|years?|jours?|dag\w*|tage?n?|days?|heures?|uur|uren"
    r"|stunden?|hours?)(?!\w)", _I,
)  # fmt: skip
LONGEST = 600
"""Letters of a sentence that is read for claims."""
FAR = 60
"""Letters between «at most» and its sum."""
NEAR = 25
"""Letters between «up to» and its rate."""


def marks(text: str, language: Language) -> frozenset[str]:
    """Return the marks of *text*: of whom and what it speaks."""
    return frozenset(name for name, pattern in _patterns("marks", language).items() if pattern.search(text))


@lru_cache(maxsize=65_536)
def claims(text: str, language: Language) -> tuple[Claim, ...]:
    """Return what *text*, one statement, claims of the programme that it speaks of."""
    flat = plain(text)
    if len(flat) > LONGEST or flat.rstrip().endswith("?") or _has("doubt", flat, language):
        return ()
    past = bool(PAST.search(flat))
    found = _state(flat, language)
    # Reading figures takes a millisecond: first the words that make a claim of them.
    if any(sign.isdigit() for sign in flat) or _TIME.search(flat):
        for wanted, read in _READERS:
            if wanted(flat, language):
                found += read(flat, language)
    if not found:
        return ()
    own, years = marks(flat, language), _years(flat)
    return tuple(replace(claim, marks=own | claim.marks, years=claim.years or years, past=past) for claim in found)


def _has(words: str, text: str, language: Language) -> bool:
    return bool(_patterns("words", language)[words].search(text))


def _years(text: str) -> frozenset[str]:
    """Return the years of which *text* speaks; «since 2023» speaks of now."""
    since = {match[1] for match in _SINCE.finditer(text)}
    return frozenset(_YEAR.findall(text)) - since


def _may_rate(text: str, language: Language) -> bool:
    return bool(_PERCENT.search(text) and _has("pays", text, language)) and not (
        _has("no_rate", text, language) or _has("not", text, language)
    )


def _rate(text: str, language: Language) -> list[Claim]:
    told = [quantity for quantity in in_order(text, language) if quantity.unit == "percent"]
    rates = list(dict.fromkeys(float(quantity.value) / 100 for quantity in told))
    if len(rates) == 2 and rates[0] < rates[1] and _BETWEEN.search(text):
        return [Claim("rate", [round(rate, 4) for rate in rates], "")]
    if len(rates) != 1 or not 0 < rates[0] <= 1:
        return []
    mark = CEILING.search(text)
    most = mark is not None and 0 <= text.find(told[0].text) - mark.end() < NEAR
    return [Claim("rate", round(rates[0], 4), "", most=most)]


def _may_limit(text: str, language: Language) -> bool:
    return bool(_EURO.search(text) and (CEILING.search(text) or _has("floor", text, language))) and not _has(
        "no_money", text, language
    )


def _money(text: str, language: Language) -> list[Claim]:
    found: list[Claim] = []
    fields: tuple[tuple[Field, re.Pattern[str]], ...] = (
        ("ceiling", CEILING),
        ("minimum", _patterns("words", language)["floor"]),
    )
    for field, pattern in fields:
        sums = {_limited(text, match, language) for match in pattern.finditer(text)} - {None}
        if len(sums) == 1 and not (field == "minimum" and _has("not", text, language)):
            found.append(Claim(field, _plain_number(sums.pop() or "0"), "EUR"))
    return found


def _limited(text: str, mark: re.Match[str], language: Language) -> str | None:
    """Return the sum that *mark* makes a limit: the next one after it, or the one just before it."""
    rest = text[mark.end() :]
    after = next((q for q in in_order(rest, language) if q.unit != "date"), None)
    if after and rest.find(after.text) <= FAR:
        return after.value if after.unit == "EUR" else None
    before = [q for q in in_order(text[: mark.start()], language) if q.unit == "EUR"]
    return before[-1].value if before and mark.start() - text.rfind(before[-1].text) <= FAR else None


def _may_last(text: str, language: Language) -> bool:
    return bool(_TIME.search(text) and _has("lasts", text, language)) and not _has("no_deadline", text, language)


def _duration(text: str, language: Language) -> list[Claim]:
    lengths = {(q.value, q.unit) for q in quantities(text, language) if q.sure and q.unit in ("month", "day", "hour")}
    if len(lengths) != 1:
        return []
    value, unit = lengths.pop()
    return [Claim("duration", _plain_number(value), unit)]


def _may_date(text: str, language: Language) -> bool:
    dated = bool(_YEAR.search(text) and _has("call", text, language)) and not (
        _has("no_deadline", text, language) or _has("not", text, language)
    )
    return dated and bool(_has("until", text, language) or _has("from", text, language) or _SPAN.search(text))


def _days(text: str, language: Language) -> list[Claim]:
    """Return opening and closing days: one date with its word, or two as the ends of a time."""
    dates = [q for q in quantities(text, language) if q.unit == "date" and re.match(r"\d{4}-\d\d", q.value)]
    values = sorted({q.value for q in dates})
    if len(values) == 2:
        return [_day("opens", values[0]), _day("closes", values[1])]
    if len(values) == 1 and _has("until", text, language):
        return [_day("closes", values[0])]
    return [_day("opens", values[0])] if len(values) == 1 and _has("from", text, language) else []


def _day(field: Field, value: str) -> Claim:
    return Claim(field, value, "date", years=frozenset({value[:4]}))


def _state(text: str, language: Language) -> list[Claim]:
    closed, opened = _has("closed", text, language), _has("open", text, language)
    return [] if closed == opened else [Claim("state", "closed" if closed else "open", "")]


def _plain_number(value: str) -> float | int:
    number = float(value)
    return int(number) if number.is_integer() else number


_READERS: tuple[tuple[Callable[[str, Language], bool], Callable[[str, Language], list[Claim]]], ...] = (
    (_may_rate, _rate), (_may_limit, _money), (_may_last, _duration), (_may_date, _days),
)  # fmt: skip
"""What a sentence may claim: the words that it needs for it, and how its figures are read."""

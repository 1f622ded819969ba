"""The words of the public page: the catalogue's strings as a reader of each language expects them printed."""

from __future__ import annotations

import re

from bot.wording import catalogue, say
from ingest.documents import LANGUAGES, Language

DEFAULT: Language = "fr"

_FRENCH_SPACE = re.compile(r" (?=[:;?!»])|(?<=«) ")
_WITHIN_FIGURE = re.compile(r"(?<=\d) (?=\d{3}(?!\d)|[€%]|[kM]€|EUR\b)|(?<=€) (?=\d)")
_PREFIX = "pages."


def word(key: str, language: Language, **values: object) -> str:
    """Return the page's string *key*, or one of another file with its name before a dot (``portals.busy``).

    In French, high punctuation never starts a line.
    """
    return typeset(say(key if "." in key else _PREFIX + key, language, **values), language)


def typeset(text: str, language: Language) -> str:
    """Return *text* with the no-break spaces that its language asks for; no line ends within a figure."""
    text = _WITHIN_FIGURE.sub("\u00a0", text)
    return _FRENCH_SPACE.sub("\u00a0", text) if language == "fr" else text


def for_script(language: Language, keys: tuple[str, ...]) -> dict[str, str]:
    """Return the strings that the page's script fills in itself, with their ``{places}`` left open."""
    return {key: typeset(catalogue()[_PREFIX + key][language], language) for key in keys}


def date_in_words(date: str | None, language: Language) -> str:
    """Return a whole or partial ISO date in words: ``2026-11`` is «novembre 2026»."""
    if not date:
        return word("undated", language)
    parts = date.split("-")
    if not 1 <= len(parts) <= 3 or not all(part.isdecimal() for part in parts):
        return date
    if len(parts) == 1:
        return parts[0]
    months = word("months", language).split()
    if not 1 <= int(parts[1]) <= len(months):
        return date
    month = months[int(parts[1]) - 1]
    if len(parts) == 2:
        return f"{month} {parts[0]}"
    day = "1er" if language == "fr" and int(parts[2]) == 1 else str(int(parts[2]))
    return word("day", language, day=day, month=month, year=parts[0])


def preferred(asked: str | None, accepted: str | None) -> Language:
    """Return the language of the page: the one in the address, else the browser's, else French."""
    for language in LANGUAGES:
        if asked == language:
            return language
    for code in _by_weight(accepted or ""):
        for language in LANGUAGES:
            if code == language:
                return language
    return DEFAULT


def _by_weight(header: str) -> list[str]:
    """Return the main codes of an ``Accept-Language`` header, the dearest first."""
    weighted: list[tuple[float, str]] = []
    for part in header[:500].split(","):
        code, _, weight = part.strip().partition(";q=")
        try:
            share = float(weight) if weight else 1.0
        except ValueError:
            continue
        if share > 0:
            weighted.append((share, code.split("-")[0].strip().lower()))
    return [code for _, code in sorted(weighted, key=lambda pair: -pair[0])]

"""Write dates in words, in four languages."""

from __future__ import annotations

from ingest.documents import Language

_MONTHS: dict[Language, tuple[str, ...]] = {
    "fr": ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
           "décembre"),
    "nl": ("januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober",
           "november", "december"),
    "de": ("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
           "Dezember"),
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
}  # fmt: skip


def in_words(date: str, language: Language) -> str:
    """Return a whole or partial ISO date in words: ``24 novembre 2023``, ``März 2021``, ``2019``, ``1er juillet``."""
    parts = date.removeprefix("-").split("-")  # without a year, a date begins with two of them
    if len(parts) == 1:
        return date
    month = _MONTHS[language][int(parts[1]) - 1]
    if len(parts) == 2:
        return f"{month} {parts[0]}"
    day = int(parts[2])
    number = {"fr": "1er" if day == 1 else str(day), "de": f"{day}."}.get(language, str(day))
    return f"{number} {month} {parts[0]}".rstrip()

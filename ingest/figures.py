"""Read the numbers, rates and dates of a text, whatever the language wrote them in.

One canonical form makes ``50 000 €``, ``€ 50.000``, ``€50,000`` and ``50k`` the same figure, so that a quote can be
held against its source, a translation against its original, and a question against a passage.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Kind = Literal["number", "percent", "date"]


@dataclass(frozen=True, slots=True, order=True)
class Figure:
    """A number, a rate or a date in canonical form.

    ``value`` is a plain decimal for numbers and rates (``"50000"``, ``"28.1"``) and an ISO date, whole or partial,
    for dates (``"2023-11-24"``, ``"2023-11"``, ``"--11-24"`` when the year is not said).
    """

    kind: Kind
    value: str


MONTHS: dict[str, int] = {
    name: number
    for number, names in enumerate(
        (
            "janvier januari januar january jan jänner",
            "février fevrier februari februar february feb févr fév",
            "mars maart märz maerz march",
            "avril april avr apr",
            "mai mei may",
            "juin juni june",
            "juillet juli july juil",
            "août aout augustus august aug",
            "septembre september sept sep",
            "octobre oktober october oct okt",
            "novembre november nov",
            "décembre decembre december dezember dec déc dez",
        ),
        start=1,
    )
    for name in names.split()
}

_MONTH = "(?P<month>" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")\b\.?"
_DAY = r"(?P<day>0?[1-9]|[12]\d|3[01])"
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_ORDINAL = r"(?:er|ère|re|e|ème|st|nd|rd|th|ste|de)?\b\.?"

_DATES = (
    re.compile(rf"(?<![\w.,]){_YEAR}-(?P<month>0[1-9]|1[0-2])-{_DAY}(?!\d)"),
    re.compile(rf"(?<![\w.,]){_DAY}(?P<mark>[./-])(?P<month>0?[1-9]|1[0-2])(?P=mark){_YEAR}(?!\d)"),
    re.compile(rf"(?<![\w.,]){_DAY}{_ORDINAL}\s+(?:of\s+)?{_MONTH}(?:,?\s+{_YEAR})?(?!\w)", re.IGNORECASE),
    re.compile(rf"(?<!\w){_MONTH}\s+{_DAY}(?:st|nd|rd|th)?,\s+{_YEAR}(?!\w)", re.IGNORECASE),
    re.compile(rf"(?<!\w){_MONTH}\s+(?:de\s+|van\s+)?{_YEAR}(?!\w)", re.IGNORECASE),
)

_SPACES = "[ \u00a0\u202f\u2009]"
_GROUPED = {
    "en": r"\d{1,3}(?:,\d{3})+(?:\.\d+)?",
    "": rf"\d{{1,3}}(?:(?:{_SPACES}\d{{3}})+|(?:\.\d{{3}})+|(?:['’]\d{{3}})+)(?:,\d+)?",
}
_PLAIN = {"en": r"\d+(?:\.\d+)?", "": r"\d+(?:[.,]\d+)?"}
_SCALES = (
    (Decimal(10) ** 9, r"milliards?|billions?|bn|miljard|Milliarden?|Mrd\.?"),
    (Decimal(10) ** 6, r"millions?|mio\.?|mln\.?|miljoen(?:en)?|Millionen|M(?=\s?(?:€|EUR|euros?))"),
    (Decimal(10) ** 3, r"k(?=\s?(?:€|EUR|euros?|\b))|duizend|Tausend"),
)
_PERCENT = r"%|p\.?\s?c\.?\b|pour\s?cent|per\s?cent|percent|procent|Prozent"


def _number_pattern(language: str) -> re.Pattern[str]:
    key = "en" if language == "en" else ""
    scales = "|".join(f"(?P<scale{index}>{names})" for index, (_, names) in enumerate(_SCALES))
    return re.compile(
        rf"(?<![\w])(?<!\d[.,])(?P<digits>{_GROUPED[key]}|{_PLAIN[key]})"
        rf"(?:(?:er|ère|re|e|ème|st|nd|rd|th|ste|de)\b"
        rf"|{_SPACES}?-?(?:{scales})(?!\w)|{_SPACES}?(?P<percent>{_PERCENT})|(?![\w]))",
        re.IGNORECASE,
    )


_NUMBERS = {language: _number_pattern(language) for language in ("en", "fr")}
_DIGIT = re.compile(r"\d")


def figures(text: str, language: str = "fr") -> tuple[Figure, ...]:
    """Return every figure of *text* in reading order; *language* decides between decimal point and comma.

    Digits inside a name (``A6K``, ``NIS2``, ``Win4Company``) are no figures.
    """
    return tuple(figure for _, figure in sorted(_scan(text, language), key=lambda pair: pair[0]))


def _scan(text: str, language: str) -> Iterator[tuple[int, Figure]]:
    if not _DIGIT.search(text):
        return  # most sentences: every pattern needs a digit
    for pattern in _DATES:
        for match in pattern.finditer(text):
            yield match.start(), Figure("date", _iso(match))
        # A date that was read is blanked out, so that its digits are not read again as numbers.
        text = pattern.sub(lambda match: " " * len(match.group()), text)
    for match in _NUMBERS["en" if language == "en" else "fr"].finditer(text):
        value = _decimal(match["digits"], language)
        for index, (factor, _) in enumerate(_SCALES):
            if match[f"scale{index}"]:
                value *= factor
        yield match.start(), Figure("percent" if match["percent"] else "number", _plain(value))


def _iso(match: re.Match[str]) -> str:
    groups = match.groupdict()
    name = groups["month"].lower().rstrip(".")
    month = MONTHS.get(name) or int(name)
    day = groups.get("day")
    return f"{groups.get('year') or '-'}-{month:02d}" + (f"-{int(day):02d}" if day else "")


def _decimal(digits: str, language: str) -> Decimal:
    digits = re.sub(r"[\s'’]", "", digits)
    if language == "en":
        return Decimal(digits.replace(",", ""))
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?", digits):
        digits = digits.replace(".", "")
    return Decimal(digits.replace(",", "."))


def _plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text

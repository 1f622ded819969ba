"""Read a text's figures with their units, so that a statement can be held against its source across languages.

``figures`` tells that two texts write one number; here «douze mois», "a year" and «12 Monate» are twelve months, and
twelve firms are not. Words for numbers are read, look-alike digits too, and what is uncertain is marked as such.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache, lru_cache

from text_to_num import find_numbers, text2num

from ingest.documents import Language
from ingest.figures import MONTHS


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit, or a date.

    ``value`` is a plain decimal, in the smallest of units that convert (a year is 12 ``month``, a week 7 ``day``), or
    for the unit ``date`` an ISO date, whole or partial: ``2026``, ``2026-01``, ``2026-Q1``, ``--01-31``, ``--01``.
    """

    value: str
    unit: str
    text: str
    """As it is written, number words in digits."""
    bare: bool = False
    """No word after it says what is counted."""
    sure: bool = True
    """False for what may be no number («un», «first», «neuf»): it bears out, but needs no bearing out."""


REMEMBERED = 8_192
"""Texts whose quantities are kept: a quote is read again for every statement that cites it."""


@lru_cache(maxsize=REMEMBERED)
def quantities(text: str, language: Language) -> tuple[Quantity, ...]:
    """Return every quantity of *text*, in no particular order; *language* decides how number words and marks are read.

    Digits inside a name (``A6K``, ``NIS2``) are no quantities.
    """
    text = plain(text)
    found: list[Quantity] = []
    for read in (_fractions, _dates, _periods, _phones, _clocks):
        if read is _dates:
            text = _in_digits(text, language)
        taken = list(read(text, language))
        found += [quantity for _, _, quantity in taken]
        text = _blank(text, [(start, end) for start, end, _ in taken])
    return (*found, *_numbers(text, language))


def in_order(text: str, language: Language) -> tuple[Quantity, ...]:
    """Return the sure quantities of *text* in reading order; one whose place cannot be told is left out."""
    text = plain(text)
    digits = _in_digits(text, language)
    placed = (
        (max(text.find(quantity.text), digits.find(quantity.text)), quantity)
        for quantity in quantities(text, language)
        if quantity.sure
    )
    return tuple(quantity for place, quantity in sorted(placed, key=lambda pair: pair[0]) if place >= 0)


def holds(quoted: Iterable[Quantity], wanted: Quantity) -> bool:
    """Return whether one of *quoted* says as much as *wanted*; a less precise date is held by a more precise one."""
    return any(_says(quantity, wanted) for quantity in quoted)


def _says(quantity: Quantity, wanted: Quantity) -> bool:
    if wanted.unit == "date" or quantity.unit == "date":
        year = wanted.unit == "date" or (wanted.unit == "" and _YEAR.fullmatch(wanted.value))
        return bool(year) and _within(quantity.value, wanted.value)
    if quantity.value != wanted.value:
        return False
    if quantity.unit == wanted.unit:
        return True
    if wanted.unit == "":
        # «Le plafond est de 50 000» says nothing but an amount; «50 000 entreprises» does not.
        return quantity.unit in _COUNTED or (wanted.bare and quantity.unit in _CURRENCIES.values())
    return wanted.unit in _COUNTED and quantity.unit == ""


def _within(held: str, wanted: str) -> bool:
    """Return whether the date *held* lies in the date or period *wanted*."""
    if held == wanted:
        return True
    if part := re.fullmatch(r"(\d{4})-([QH])(\d)", wanted):
        month = re.match(rf"{part[1]}-(\d\d)", held)
        return month is not None and (int(month[1]) - 1) // (3 if part[2] == "Q" else 6) + 1 == int(part[3])
    if wanted.startswith("--"):
        return (held[:2] != "--" and held[4:].startswith(wanted[1:])) or held.startswith(wanted + "-")
    return held.startswith(wanted + "-")


# --- the text in one plain form ----------------------------------------------------------------------------------

_INVISIBLE = re.compile(r"[\ufe00-\ufe0f\u20e3]")
_ONCE = "\ue000"
"""After a number that stands for an article or another word that may be no number."""


def plain(text: str) -> str:
    """Return *text* with every digit as ``0-9``, without marks of emphasis and signs that nobody sees."""
    kept = "".join(sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) != "Cf")
    # Marks of emphasis: «_60_ %» and «**60** %» are 60 %.
    kept = re.sub(r"[*`~]", "", kept.replace("_", " "))
    kept = re.sub(r"[^\S\n]+", " ", _INVISIBLE.sub("", kept))
    return "".join(_digit(sign) if sign > "\x7f" else sign for sign in kept)


def _digit(sign: str) -> str:
    if sign in "\ue000\ue001":
        return " "
    return str(number) if (number := unicodedata.digit(sign, None)) is not None else sign


def _blank(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Cover what has been read, so that its digits are not read again and its neighbours do not join."""
    for start, end in spans:
        text = text[:start] + "·" * (end - start) + text[end:]
    return text


# --- units -------------------------------------------------------------------------------------------------------

_TIME: dict[str, tuple[str, int]] = {
    r"années?|ans|an(?=\W|$)|(?:kalender)?jaa?r(?:en)?|years?|(?:kalender)?jahr(?:e[ns]?|s)?|jährig\w*|jarig\w*": (
        "month",
        12,
    ),
    r"mois|maand(?:en)?|months?|monat(?:en?|s)?|monatig\w*|maandse?|mth": ("month", 1),
    r"semestres?|semesters?|halbjahre?[ns]?": ("month", 6),
    r"trimestres?|kwarta(?:al|len)|quartale?n?|quarters?": ("month", 3),
    r"semaines?|weken|week|weeks?|wochen?|wöchig\w*|weekse?": ("day", 7),
    r"jours?\s+(?:ouvrables?|ouvrés?)|(?:working|business)\s+days?|werkdag(?:en)?|werktagen?|werktage?s?"
    r"|arbeitstage?[ns]?": ("workday", 1),
    r"(?:\w{3,}[snr])?tage[ns]?|tag|tägig\w*|jours?|journées?|(?:\w+s?)?dagen|dag|daagse?|days?": ("day", 1),
    r"heures?|h|u|hours?|hrs?|uur|(?:\w+s)?uren|stunden?|stündig\w*|(?:\w+s)stunden": ("hour", 1),
}
_CURRENCIES = {r"€|eur|euros?": "EUR", r"\$|usd|dollars?": "USD", r"£|gbp|pounds?": "GBP", r"chf|franken": "CHF"}
_PERCENT = r"%|p\.?\s?c(?:\.|\b)|pct\b|pourcents?|percent|procent|prozent\w*|v\.\s?h\."
_COUNTED = {
    "people": r"personnes?|travailleurs?|employés?|salariés?|collaborateurs?|etp|personen|mensen|werknemers|"
    r"medewerkers|vte|mitarbeiter\w*|beschäftigten?|arbeitnehmer\w*|menschen|vzä|people|persons?|employees|workers|fte|"
    r"staff",
    "firms": r"entreprises?|sociétés?|pme|tpe|firmes|bedrijven|ondernemingen|kmo|unternehmen|firmen|kmu|betriebe\w?|"
    r"companies|firms|businesses|enterprises|smes?",
}
"""What is counted most: twelve firms are not twelve people. Other nouns are not told apart here."""
_BETWEEN = (
    r"(?:premi(?:er|ère)s?|derni(?:er|ère)s?|prochaine?s?|full|whole|last|first|next|past|calendar|volle|laatste|eerste|"
    r"komende|opeenvolgende|letzten?|ersten?|nächsten?|vollen?|consecutive)"
)
"""What may stand between a number and its unit."""
_SCALES: dict[Language, tuple[tuple[str, int], ...]] = {
    "en": ((r"billions?|bn", 9), (r"millions?|mln|mio\.?|m", 6), (r"thousand|k", 3)),
    "fr": ((r"billions?", 12), (r"milliards?|mds?", 9), (r"millions?|mios?\.?|m", 6), (r"mille|k", 3)),
    "nl": ((r"biljoen", 12), (r"miljard|mld\.?", 9), (r"miljoen|mln\.?|m", 6), (r"duizend|k", 3)),
    "de": (
        (r"billionen?", 12),
        (r"milliarden?|mrd\.?", 9),
        (r"millionen|million|mio\.?|m", 6),
        (r"tausend|tsd\.?|t|k", 3),
    ),
}
_SPACE = " "
"""The only one within a line that ``plain`` leaves; numbers do not run over lines."""
_CURRENCY = "|".join(_CURRENCIES)
_DIGITS = (
    rf"\d{{1,3}}(?:(?:{_SPACE}\d{{3}})+|(?:\.\d{{3}})+|(?:,\d{{3}})+|(?:['’]\d{{3}})+)(?!\d)(?:[.,]\d+)?"
    rf"|\d+(?:[.,]\d+)?"
)
_TIMES = "|".join(_TIME)


@cache
def _number(language: Language) -> re.Pattern[str]:
    scales = "|".join(rf"(?P<scale{power}>{_guarded(names)})" for names, power in _SCALES[language])
    # «an» is a year in French only: «meldeten sich 2021 an».
    names_of_time = [names if language == "fr" else names.replace("|an(?=\\W|$)", "") for names in _TIME]
    times = "|".join(f"(?P<time{number}>{names})" for number, names in enumerate(names_of_time))
    return re.compile(
        rf"(?<![\w])(?<!\d[.,])(?:(?P<before>{_CURRENCY}){_SPACE}?)?(?<!\d[.,])(?P<digits>{_DIGITS})(?P<once>{_ONCE})?"
        rf"(?:,-|,–)?(?:(?:er|ère|re|e|ème|st|nd|rd|th|ste|de|-tal)(?!\w))?"
        rf"(?P<half>{_SPACE}(?:et{_SPACE}demie?|and{_SPACE}a{_SPACE}half|en{_SPACE}(?:een{_SPACE})?half))?"
        rf"(?:{_SPACE}?-?(?:{scales}))?"
        rf"(?:{_SPACE}?(?:d['’]|de{_SPACE}|of{_SPACE})?-?(?P<money>{_CURRENCY})(?!\w)"
        rf"|{_SPACE}?-?(?P<percent>{_PERCENT})"
        rf"|(?:{_SPACE}|-){{0,3}}(?:{_BETWEEN}{_SPACE}+)?(?:{times})(?!\w)"
        rf"(?P<halftime>{_SPACE}(?:et{_SPACE}demie?|and{_SPACE}a{_SPACE}half)(?!\w))?"
        rf"|(?:{_SPACE}|-){{1,3}}(?:[^\W\d_]+{_SPACE}+)?(?:(?P<people>{_COUNTED['people']})|(?P<firms>{_COUNTED['firms']}))"
        rf"(?!\w)|(?!\w))",
        re.IGNORECASE,
    )


def _guarded(names: str) -> str:
    """Let a scale of one letter count only before money or glued to the number: «5 m» are metres, ``50k`` is not."""
    words = [name for name in names.split("|") if len(name) > 1]
    letters = [name for name in names.split("|") if len(name) == 1]
    guarded = [rf"(?:{'|'.join(words)})(?!\w)"] if words else []
    if letters:
        one = "|".join(letters)
        guarded.append(rf"(?:{one})(?=\s?(?:€|eur))")
        guarded.append(rf"(?<=\d)(?:{one})(?!\w)")
    return "|".join(guarded)


# --- words for numbers -------------------------------------------------------------------------------------------

_ARTICLES: dict[Language, str] = {
    "fr": "une?", "nl": "een|één", "de": "ein|eine[snmr]?", "en": "one|an?",
}  # fmt: skip
_LASTS = re.compile(
    r"\b(?:for|of|in|within|after|lasts?|takes?|over|during|than|about|to|least|once|only|nearly|almost|is|be|by)\s+$",
    re.IGNORECASE,
)
"""Before "a year" it is a duration; elsewhere ("5,000 euros a year") a rate."""
_AGO = re.compile(r"\s+(?:ago|before|earlier|later|after|or)\b", re.IGNORECASE)
_FORMS: tuple[tuple[str, str], ...] = (
    (r"\b(?:anderthalb|eineinhalb|anderhalf|anderhalve)\w{0,2}\b", "1.5"),
    (r"\b(?:zweieinhalb|tweeënhalf|tweeëneenhalf)\b", "2.5"),
    (
        r"\b(?:(?:une?|een|eine?[nmr]?|an?)[ -])?(?:demi-?|half|halve|halbe[nmrs]?)[ -]?(?:an?\s)?"
        r"(?=(?:million|miljoen|journée|jour|days?|dag|tag|jaar|year|jahr|hour|heure|uur|stunde)\b)",
        "0.5 ",
    ),
    (r"\b(?:age of|aged|âge de|leeftijd van|alter von)\s+(\d{1,2})(?!\d|\s*(?:ans|years|jaar|jahre))", r"\1 jaar"),
    (r"\b(?:une\s+)?dizaine\b|\btiental\b", "10"),
    (r"\b(?:une\s+)?quinzaine\b", "15"),
    (r"\b(?:une\s+)?douzaine\b|\ba\s+dozen\b|\b(?:een\s+)?dozijn\b|\bein\s+dutzend\b", "12"),
    (r"\b(?:une\s+)?vingtaine\b|\btwintigtal\b", "20"),
    (r"\b(?:une\s+)?trentaine\b|\bdertigtal\b", "30"),
    (r"\b(?:une\s+)?quarantaine\b|\bveertigtal\b", "40"),
    (r"\b(?:une\s+)?cinquantaine\b|\bvijftigtal\b", "50"),
    (r"\b(?:une\s+)?soixantaine\b|\bzestigtal\b", "60"),
    (r"\b(?:une\s+)?centaine\b|\bhonderdtal\b", "100"),
)
_MANY: tuple[tuple[str, str], ...] = (
    (r"dizaines|tientallen|dozens|tens|dutzende[n]?", "10"),
    (r"centaines|honderden|hundreds|hunderten?", "100"),
    (r"milliers|duizenden|thousands|tausenden?", "1000"),
    (r"(?:des|plusieurs|many|several|enkele|mehrere)\s+(?:millions|miljoenen|millionen)", "1000000"),
)
_ADJECTIVE: dict[Language, str] = {
    "de": r"\b(?P<number>[a-zäöüß]{3,20}?)(?P<unit>prozentig|tägig|wöchig|monatig|jährig|stündig|mal\b|fach)\w*",
    "nl": r"\b(?P<number>[a-zéë]{3,20}?)(?P<unit>daagse?|jarige?|maandse|weekse|tal\b|voud)",
    "en": r"\b(?P<number>[a-z]{3,12})(?P<unit>fold)\b",
}
"""Words that hold a number and its unit: «fünftägig», «driejarig», «vijftiental», "sevenfold"."""
_HYPHENED = re.compile(r"\b(?P<number>[^\W\d_]+(?:-[^\W\d_]+)*)-(?P<rest>[^\W\d_]{3,})")
_FIRST = frozenset(
    {"premier", "premiers", "première", "premières", "eerste", "erste", "ersten", "erster", "erstes", "erstem", "first"}
)
_QUARTER = re.compile(r"trimestre|semestre|kwartaal|semester|quartal|halbjahr|quarter|half", re.IGNORECASE)
_SPOKEN_PERCENT = re.compile(r"[\s-]{0,3}\b(?:pour|per)\s?cent\b(?!\s*(?:€|euros?\b|mille\b))", re.IGNORECASE)
_TOKEN = re.compile(rf"(?=\w*\d)\w+(?:[.,]\d+)*|[^\W\d_]+(?:-(?!(?:{_TIMES})\b)[^\W\d_]+)*|[^\w\s]", re.IGNORECASE)


class _Word:
    """A token as text2num wants it."""

    def __init__(self, text: str, number: bool) -> None:
        self._text = text
        self._number = number

    def text(self) -> str:
        return self._text

    def nt_separated(self, previous: _Word) -> bool:
        return False

    def not_a_number_part(self) -> bool:
        return not self._number


def _in_digits(text: str, language: Language) -> str:
    """Return *text* with words for numbers in digits."""
    text = _SPOKEN_PERCENT.sub(" %", text)
    for pattern, digits in _FORMS:
        text = re.sub(pattern, _localised(digits, language), text, flags=re.IGNORECASE)
    if language in _ADJECTIVE:
        text = re.sub(_ADJECTIVE[language], lambda match: _adjective(match, language), text, flags=re.IGNORECASE)
    text = _HYPHENED.sub(lambda match: _apart(match, language), text)
    text = _articles(text, language)
    tokens = list(_TOKEN.finditer(text))
    words = [token.group() for token in tokens]
    readable = [_may_be_number(words, place, language) for place in range(len(words))]
    pieces, last = [], 0
    for found in find_numbers(list(map(_Word, words, readable)), language, threshold=0):
        spoken = words[found.start : found.end]
        pieces.append(text[last : tokens[found.start].start()])
        last = tokens[found.end - 1].end()
        pieces.append(_written(found.value, language) + ("" if _certain(spoken, found, words) else _ONCE))
    return "".join((*pieces, text[last:]))


def _may_be_number(words: Sequence[str], place: int, language: Language) -> bool:
    word, before = words[place].lower(), words[place - 1] if place else ""
    after = words[place + 1] if place + 1 < len(words) else ""
    if word[0].isdigit() or word in ("ones", "hundreds", "thirds", "thousands"):
        return False
    # «2 millions»: the scale of digits. «15 sept. 2026»: a month.
    if before[:1].isdigit() and any(re.fullmatch(names, word) for names, _ in _SCALES[language]):
        return False
    if word in _FIRST:  # «les deux premières années», «premiers pas»: only of a day or a quarter is it the number 1
        return after.lower() in MONTHS or bool(_QUARTER.fullmatch(after))
    if after.lower() in MONTHS and word in ("one", "un", "een", "ein", "second"):  # "one June 2026 summary"
        return False
    if word.startswith(("derde", "third")) and before and _word_value(before, language):
        return False
    return not (word == "sept" and (after == "." or before[:1].isdigit() or _YEAR.fullmatch(after)))


def _word_value(word: str, language: Language) -> int | None:
    """Return the number that *word* is, if it is one."""
    try:
        return int(text2num(word, language))
    except ValueError:
        return None


def _certain(spoken: Sequence[str], found: object, words: Sequence[str]) -> bool:
    """Return whether a word is a number and nothing else."""
    if len(spoken) > 1:
        return True
    word, value = spoken[0].lower(), getattr(found, "value", 0)
    if value == 1 or word in ("achte", "achten", "second", "seconde"):
        return False
    if word in ("dritte", "dritten", "dritter"):
        return not spoken[0][0].isupper()  # «Dritte»: others
    if word == "third":
        return not any(other.lower() in ("party", "parties") for other in words)
    if word == "neuf":  # new
        after = words[words.index(spoken[0]) + 1 :][:1]
        return bool(after) and bool(re.fullmatch(f"{_TIMES}|{_CURRENCY}|%|{'|'.join(_COUNTED.values())}", after[0]))
    return True


def _adjective(match: re.Match[str], language: Language) -> str:
    number = _word_value(match["number"], language)
    return match.group() if number in (None, 1) else f"{number} {match['unit']}"


def _apart(match: re.Match[str], language: Language) -> str:
    """Write "five-step" as two words; «Trois-Ponts» is a town."""
    number, rest = match["number"], match["rest"]
    apart = (
        rest.islower() and _word_value(number, language) is not None and _word_value(match.group(), language) is None
    )
    return f"{number} {rest}" if apart and _word_value(rest, language) is None else match.group()


def _articles(text: str, language: Language) -> str:
    """Write «un an» as one year; "a year" only where it is no rate."""

    def one(match: re.Match[str]) -> str:
        lasts = _LASTS.search(text[: match.start()]) or _AGO.match(text[match.end() :])
        if language == "en" and match["article"].lower() in ("a", "an") and not lasts:
            return f"per {match['rest']}"
        return f"1 {match['rest']}"

    pattern = rf"\b(?P<article>{_ARTICLES[language]})\s+(?P<rest>(?:{_BETWEEN}\s+)?(?:{_TIMES}|million|miljoen)(?!\w))"
    return re.sub(pattern, one, text, flags=re.IGNORECASE)


def _written(value: float, language: Language) -> str:
    return _localised(format(Decimal(str(value)).normalize(), "f"), language)


def _localised(digits: str, language: Language) -> str:
    """Return a decimal number as *language* writes it."""
    return digits if language == "en" else digits.replace(".", ",")


# --- dates -------------------------------------------------------------------------------------------------------

_YEAR = re.compile(r"(?:19|20)\d\d")
_Y = r"(?P<year>(?:19|20)\d\d)(?!\d)"
_D = r"(?P<day>0?[1-9]|[12]\d|3[01])"
_NAME = "(?P<month>" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")\b\.?"
_NTH = rf"(?:er|ère|re|e|ème|st|nd|rd|th|ste|de|{_ONCE})?\.?"
_OF = r"(?:of\s+|de\s+|van\s+|des\s+)?"
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?<![\w.,]){_Y[:-6]}-(?P<month>0[1-9]|1[0-2])-{_D}(?!\d)",
        rf"(?<![\w.,]){_D}(?P<mark>[./-])\s?(?P<month>0?[1-9]|1[0-2])(?P=mark)\s?(?P<year>(?:19|20)\d\d|\d\d)(?!\d|\.\d)",
        rf"(?<![\w.,]){_D}{_NTH}\s*{_OF}{_NAME}(?:,?\s+{_OF}{_Y})?(?!\w)",
        rf"(?<!\w){_NAME}\s+{_D}(?:st|nd|rd|th)?(?:,?\s+{_Y})?(?![\w%€]|[.,]\d|\s?[%€])",
        rf"(?<!\w){_NAME},?\s+{_OF}{_Y}(?!\w)",
        rf"(?<!\w)(?P<part>[QTH])\s?(?P<nth>[1-4])[\s/-]+{_OF}{_Y}",
        rf"(?<!\w){_Y}[\s/-]+(?P<part>[QTH])\s?(?P<nth>[1-4])(?!\w)",
        rf"(?<!\w)(?P<nth>[1-4]){_NTH}\s*(?P<part>{_QUARTER.pattern})\s+"
        rf"{_OF}(?:l['’]année\s+|the\s+year\s+)?{_Y}",
    )
)
_MONTH_ALONE = re.compile(rf"(?<!\w){_NAME}(?!\w)", re.IGNORECASE)
_SHORT_MONTH = 4
_NO_MONTH = frozenset({"mars", "march", "may", "sept", "févr", "juil"})
"""No months where no day and no year stand beside, nor what is shorter than ``_SHORT_MONTH``; "May" and "March" are."""
_TO = r"(?:au|à|et|ou|jusqu['’]au|tot|en|of|bis|und|oder|to|until|and|or|through|tot\s+en\s+met|-|–|—|/)"
_DAY_BEFORE = re.compile(rf"(?<![\w.,]){_D}{_NTH}\s*{_TO}\s*(?:le\s+|the\s+|dem\s+|den\s+|zum\s+)?$", re.IGNORECASE)
_RANGE = re.compile(
    rf"\s*,?\s*(?:inclus\w*\s+)?{_TO}\s*(?:et\s+y\s+compris\s+|le\s+|the\s+|den\s+|zum\s+)?", re.IGNORECASE
)

Found = tuple[int, int, Quantity]


def _dates(text: str, language: Language) -> Iterator[Found]:
    found: list[tuple[int, int, str]] = []
    covered = text
    for pattern in _DATES:
        for match in pattern.finditer(covered):
            found.append((match.start(), match.end(), _iso(match)))
        covered = pattern.sub(lambda match: "·" * len(match.group()), covered)
    for match in _MONTH_ALONE.finditer(covered):
        name = match["month"]
        named = len(name) >= _SHORT_MONTH and name.lower() not in _NO_MONTH
        named = (
            named
            or (language == "fr" and name.lower() == "mars")
            or name in ("Mai", "mei", "mai")
            or (name in ("May", "March") and match.start() > 0)
        )
        if named and (language in ("fr", "nl") or name[0].isupper()):
            found.append((match.start(), match.end(), f"--{MONTHS[name.lower()]:02d}"))
    found.sort()
    for place, (start, end, value) in enumerate(found):
        follower = found[place + 1] if place + 1 < len(found) else None
        joined = follower and value.startswith("--") and _RANGE.fullmatch(text[end : follower[0]])
        date = _with_year(value, follower[2]) if follower and joined else value
        yield start, end, Quantity(date, "date", text[start:end].strip())
        if len(date) == 10 or date.count("-") == 3:
            before = _DAY_BEFORE.search(text[:start])
            if before:
                day = f"{date[:-2]}{int(before['day']):02d}"
                yield before.start(), before.start("day") + len(before["day"]), Quantity(day, "date", before["day"])


def _with_year(value: str, later: str) -> str:
    """Give a date without a year that of the *later* end of its range."""
    year = _YEAR.match(later)
    month = re.match(r"\d{4}-(\d\d)", later)
    return f"{year[0]}-{value[2:]}" if year and month and value[2:4] <= month[1] else value


def _iso(match: re.Match[str]) -> str:
    groups = match.groupdict()
    year = groups.get("year")
    year = f"20{year}" if year and len(year) == 2 else year
    if part := groups.get("part"):
        half = part.lower() in ("h", "semestre", "semester", "halbjahr", "half")
        return f"{year}-{'H' if half else 'Q'}{groups['nth']}"
    name = groups["month"].lower().rstrip(".")
    month = MONTHS.get(name) or int(name)
    day = groups.get("day")
    return f"{year or '-'}-{month:02d}" + (f"-{int(day):02d}" if day else "")


# --- other figures -----------------------------------------------------------------------------------------------

_ONE = r"(?:1|une?|een|één|einem|einer|ein|one|a)[\s-]+"
_PART = rf"(?:{_ONE}|(?:le|au|du|la|het|das|the)[\s-]+)"
_FRACTIONS = (
    (
        r"(?<!première )(?<!seconde )(?<!deuxième )moitié|(?<!eerste )(?<!tweede )helft"
        r"|(?<!ersten )(?<!zweiten )hälfte",
        "50",
    ),
    (r"(?:2|deux|twee|zwei|two)[\s-]*(?:tiers|derden?|drittel\w*|thirds)", "66.67"),
    # "A third source" is no third.
    (
        _ONE
        + r"(?:tiers(?!\s+(?:payant|de\s+(?:leur|son|votre|confiance)))|drittel)|"
        + _ONE
        + r"(?:derde|third)(?=\s+(?:of|van)\b|[.,;:)]|$)|one-third",
        "33.33",
    ),
    (r"(?:3|trois|drie|drei|three)[\s-]*(?:quarts|kwart|viertel|quarters)", "75"),
    (_PART + r"(?:quart|kwart|viertel|quarter)(?=\s+(?:de|des|du|van|of|der)\b(?!\s+\d)|[.,;:)]|$)", "25"),
    (_ONE + r"(?:cinquième|vijfde|fünftel|fifth)(?=\s+(?:de|des|du|van|of|der)\b)|ein\s+fünftel", "20"),
)
"""Parts of a whole as rates; the second half of July is none."""
_TIMES_OVER: tuple[tuple[str, str], ...] = (
    (r"doubl(?:e|es|ed|er|ent|é|ée|és|ées|ing)|verdubbel\w*|(?:het\s+)?dubbele?|doppelt\w*|verdoppel\w*|twice", "2"),
    (r"tripl(?:e|es|ed|er|é|ée)|verdrievoudig\w*|verdreifach\w*|thrice", "3"),
    (r"quadrupl\w+|verviervoudig\w*|vervierfach\w*", "4"),
)
"""Words that hold a factor: «le double», «twice as much»."""
_HALF = (
    r"(?<!first )(?<!second )(?<!and a )half"
    r"(?![\s-]+(?:an?|days?|hours?|years?|millions?|(?:19|20)\d\d)\b)",
    "50",
)
"""English: «half» has helped in German."""
_BOTH = r"both|beiden?|tous\s+(?:les\s+)?deux|toutes\s+(?:les\s+)?deux|alle\s+beide"
_PERIOD = re.compile(
    rf"(?:\b(?:par|per|pro|je|chaque|every|each|elke?|jede[srnm]?|tous\s+les|toutes\s+les|im(?=\s+(?:jahr|monat|tag)))\s+|\bl['’](?=an\b)|/\s?)"
    rf"(?:{_BETWEEN}\s+)?(?P<unit>{_TIMES})(?!\w)(?!\s+(?:19|20)\d\d)",
    re.IGNORECASE,
)
_OFTEN: tuple[tuple[str, str], ...] = (
    (r"annuel(?:le)?s?|annuellement|jaarlijkse?|jährlich\w*|annual|annually|yearly|p\.\s?a\.", "12 month"),
    (r"mensuel(?:le)?s?|mensuellement|maandelijkse?|monatlich\w*|monthly", "1 month"),
    (r"hebdomadaires?|wekelijkse?|wöchentlich\w*|weekly", "7 day"),
    (r"trimestriel(?:le)?s?|trimestriellement|driemaandelijkse?|vierteljährlich\w*|quarterly", "3 month"),
    (r"semestriel(?:le)?s?|semestriellement|halfjaarlijkse?|halbjährlich\w*|half-yearly", "6 month"),
    (r"journali(?:er|ère)s?|quotidien\w*|dagelijkse?|täglich\w*|daily", "1 day"),
)
_PHONE = re.compile(r"(?<![\w.,])(?:(?:\+|00)32[\s./()-]*(?:\(0\))?|0)[1-9](?:[\s./()-]{0,2}\d){6,9}(?!\w)")
_CLOCK = re.compile(
    r"(?<![\w.,:])(?P<hour>[01]?\d|2[0-4])(?:\s?[hu]\s?|:)(?P<minute>[0-5]\d)(?:\s?(?:uur|uhr|h))?(?!\w)"
)


def _fractions(text: str, language: Language) -> Iterator[Found]:
    for pattern, value, unit in (
        *((*pair, "percent") for pair in (*_FRACTIONS, *([_HALF] if language == "en" else []))),
        *((*pair, "many") for pair in _MANY),
        *((*pair, "") for pair in _TIMES_OVER),
    ):
        for match in re.finditer(rf"(?<!\w)(?:{pattern})(?!\w)", text, re.IGNORECASE):
            yield match.start(), match.end(), Quantity(value, unit, match.group().replace(_ONCE, ""))
            text = _blank(text, [match.span()])
    for match in re.finditer(rf"\b(?:{_BOTH})\b", text, re.IGNORECASE):
        yield match.start(), match.start(), Quantity("2", "", match.group(), sure=False)


def _periods(text: str, language: Language) -> Iterator[Found]:
    for match in _PERIOD.finditer(text):
        unit, factor = _time_of(match["unit"])
        yield match.start(), match.end(), Quantity(str(factor), f"per {unit}", match.group())
    for pattern, period in _OFTEN:
        for match in re.finditer(rf"\b(?:{pattern})(?!\w)", text, re.IGNORECASE):
            value, unit = period.split()
            yield match.start(), match.end(), Quantity(value, f"per {unit}", match.group())


def _phones(text: str, language: Language) -> Iterator[Found]:
    for match in _PHONE.finditer(text):
        digits = re.sub(r"^(?:\+|00)32\D*0?|^0", "0", match.group())
        yield match.start(), match.end(), Quantity(re.sub(r"\D", "", digits), "phone", match.group())


def _clocks(text: str, language: Language) -> Iterator[Found]:
    for match in _CLOCK.finditer(text):
        value = Decimal(match["hour"]) + Decimal(match["minute"]) / 60
        yield match.start(), match.end(), Quantity(_canonical(round(value, 2)), "hour", match.group())


def _time_of(word: str) -> tuple[str, int]:
    return next(unit for names, unit in _TIME.items() if re.fullmatch(names, word, re.IGNORECASE))


# --- numbers -----------------------------------------------------------------------------------------------------

_LINKS: dict[Language, tuple[str, str]] = {
    "fr": (r"à|au|jusqu['’]à", r"et|ou|et\s+de"),
    "nl": (r"tot|à|tot\s+en\s+met", r"en|of"),
    "de": (r"bis|bis\s+zu", r"und|oder"),
    "en": (r"to|up\s+to|through", r"and|or"),
}
_CHAINS = {
    language: re.compile(rf"\s*(?:(?P<to>{to}|-|–|—)|{joined}|,|/)\s*", re.IGNORECASE)
    for language, (to, joined) in _LINKS.items()
}
"""What may stand between two numbers of which one lends the other its unit; ``to`` makes them the ends of a range."""
_COUNTS = re.compile(r"[\s-]*[^\W\d_]{3,}")
_COUNTS_NOTHING = re.compile(
    r"\s*(?:par|per|pro|pour|voor|für|for|maximum|max|minimum|min|hors|excl|htva|et|and|und|mais|but|aber|maar|est|sont|"
    r"dans|with|avec|met|mit)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Read:
    """A number as it was read, before its neighbours lend it their unit."""

    start: int
    end: int
    mantissa: Decimal
    scale: int
    quantity: Quantity


def _numbers(text: str, language: Language) -> list[Quantity]:
    read = [_read(match, text, language) for match in _number(language).finditer(text)]
    # «30 à 50 %»: the unit of the end is that of the beginning; «€ 30.000 tot 50.000»: the other way round.
    for place in range(len(read) - 2, -1, -1):
        link = _CHAINS[language].fullmatch(text[read[place].end : read[place + 1].start])
        if link and (link["to"] or not _YEAR.fullmatch(read[place].quantity.value)):
            read[place] = _lend(read[place + 1], read[place], listed="," in link.group())
    for place in range(1, len(read)):
        link = _CHAINS[language].fullmatch(text[read[place - 1].end : read[place].start])
        if link and link["to"] and read[place].quantity.bare:
            read[place] = _lend(read[place - 1], read[place])
    return [each.quantity for each in read]


def _lend(lender: _Read, taker: _Read, *, listed: bool = False) -> _Read:
    """Return *taker* with the unit and the scale of *lender*, if it has none; of a list, with care."""
    unit = lender.quantity.unit
    if taker.quantity.unit or not taker.quantity.sure or not lender.quantity.sure or not (unit or lender.scale):
        return taker
    shared = unit == "percent" or unit in _CURRENCIES.values()
    if (listed and not shared) or (_YEAR.fullmatch(taker.quantity.value) and unit not in _CURRENCIES.values()):
        return taker
    value, scale = taker.mantissa, taker.scale
    if lender.scale and not scale and taker.start < lender.start and value < lender.mantissa:
        scale = lender.scale
    factor = next((factor for held, factor in _TIME.values() if held == unit and _is_multiple(lender, factor)), 1)
    quantity = replace(taker.quantity, unit=unit, bare=False, value=_canonical(value * factor * 10**scale))
    return replace(taker, scale=scale, quantity=quantity)


def _is_multiple(lender: _Read, factor: int) -> bool:
    return Decimal(lender.quantity.value) == lender.mantissa * factor and factor > 1


def _read(match: re.Match[str], text: str, language: Language) -> _Read:
    groups = match.groupdict()
    money = groups["before"] or groups["money"]
    number = _decimal(match["digits"], language, bool(money))
    if groups["half"]:
        number += Decimal("0.5")
    scale = next((int(key[5:]) for key, held in groups.items() if key.startswith("scale") and held), 0)
    value, unit = number * 10**scale, ""
    rest = text[match.end() :]
    if money:
        unit = next(code for names, code in _CURRENCIES.items() if re.fullmatch(names, money, re.IGNORECASE))
    elif groups["percent"]:
        unit = "percent"
    elif time := next((key for key, held in groups.items() if key.startswith("time") and held), None):
        unit, factor = list(_TIME.values())[int(time[4:])]
        value = (value + (Decimal("0.5") if groups["halftime"] else 0)) * factor
    else:
        unit = next((kind for kind in _COUNTED if groups[kind]), "")
    bare = not unit and (not _COUNTS.match(rest) or bool(_COUNTS_NOTHING.match(rest)))
    sure = not groups["once"] or bool(scale or (unit and unit not in _COUNTED))
    quantity = Quantity(_canonical(value), unit, match.group().replace(_ONCE, "").strip(), bare, sure)
    return _Read(match.start(), match.end(), number, scale, quantity)


def _decimal(digits: str, language: Language, money: bool) -> Decimal:
    """Read digits with their marks: three digits after one mark are thousands where money is meant."""
    digits = re.sub(r"[\s'’]", "", digits)
    marks = re.findall(r"[.,]", digits)
    if len(set(marks)) == 2:  # 1.234,56
        return Decimal(digits.replace(marks[0], "").replace(",", "."))
    grouped = re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", digits)
    own = "," if language == "en" else "."
    if grouped and (len(marks) > 1 or marks[0] == own or money) and not digits.startswith("0"):
        return Decimal(re.sub(r"[.,]", "", digits))
    # A version or a paragraph, 0.123.456, is no number that one could compute with, but one that can be compared.
    return Decimal(re.sub(r"[.,]", "", digits) if len(marks) > 1 else digits.replace(",", "."))


def _canonical(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text

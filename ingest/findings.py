"""The verdict on a document: what was found in it, and what was guessed of it, as data that can be stored.

Nothing here is certain but the counts. Each guess says where it comes from, for staff to confirm or correct.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from ingest.analysis import STOP_WORDS, fold, words
from ingest.documents import LEFT_OUT, Basis, FileKind, Language, SourceDocument
from ingest.figures import figures
from ingest.filenames import slug
from ingest.frontmatter import SheetKind
from ingest.languages import detect
from ingest.listing import read_list
from ingest.quantities import in_order, plain, quantities

__all__ = ["Findings", "Fingerprint", "Guess", "Resemblance", "examine", "fingerprint", "resembles"]

RULES = Path(__file__).parent / "findings.yaml"
LISTED = 200
"""Dates and amounts that are listed one by one; all are counted."""
READ_CLOSELY = 400
"""Statements whose amounts are read word by word, which takes milliseconds each."""
SURE_SHARE = 0.15
"""Share of small words of a language from which on a text is surely in it."""
PART = 40
"""Words of a part whose language is told by itself."""
SUBSTANTIAL = (60, 0.1)
"""Words, and share of all words, from which on a part in another language is worth a word."""
CUE_REACH = 45
"""Characters before a date in which it is said what the date is for."""

_CURRENCY = re.compile(r"€|\b(?:eur|euros?)\b", re.IGNORECASE)
_WHOLE_DATE = re.compile(r"\d{4}-\d\d(?:-\d\d)?")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_HOME = re.compile(r"[^/?]*")
"""The address of a site's first page, as ``_address`` has it."""
_MONTH = re.compile(r"\d{4}-\d\d(?:-\d\d)?")


@dataclass(frozen=True, slots=True)
class Guess:
    """A value that nobody confirmed, where it comes from, and the sentence that says it, if one does."""

    value: str
    basis: Basis
    sentence: str | None = None


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A document in a hundred numbers: enough to tell a new version of it from another document."""

    language: Language
    title: str
    slug: str
    url: str | None
    size: int
    """Runs of four words in all."""
    sample: tuple[int, ...]
    """The smallest hashes of them, in order."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found in a file."""

    file: FileKind
    pages: int
    words: int
    tables: int
    scanned: tuple[int, ...]
    unread: tuple[int, ...]
    dates: tuple[str, ...]
    date_count: int
    amounts: tuple[str, ...]
    amount_count: int
    language: Language
    language_basis: Basis
    language_sure: bool
    other_languages: tuple[Language, ...]
    orders: int
    order_pages: tuple[int, ...]
    hidden: int
    warnings: tuple[str, ...]
    title: Guess
    as_of: Guess | None
    kind: Guess | None
    opens: Guess | None
    closes: Guess | None
    url: Guess | None
    author: Guess | None
    publisher: Guess | None
    fingerprint: Fingerprint

    def as_data(self) -> dict[str, Any]:
        """Return plain data, as JSON holds it."""
        return asdict(self)

    @classmethod
    def of_data(cls, data: dict[str, Any]) -> Findings:
        """Return what :meth:`as_data` gave, after a way through JSON."""
        values: dict[str, Any] = {}
        for each in fields(cls):
            value = data[each.name]
            if each.name == "fingerprint":
                value = Fingerprint(**{**value, "sample": tuple(value["sample"])})
            elif isinstance(value, list):
                value = tuple(value)
            elif isinstance(value, dict):
                value = Guess(**value)
            values[each.name] = value
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Resemblance:
    """Another document that this one may be a new version of, and why."""

    key: str
    title: str
    share: float
    """Share of the shorter text that stands in both."""
    reason: Literal["url", "title", "text"]
    sure: bool = False
    """Whether nobody need be asked: the same page of the web, with most of its text as it was."""


@dataclass(frozen=True, slots=True)
class _Told:
    """A statement with its page."""

    page: int | None
    text: str


@dataclass(frozen=True)
class _Rules:
    """What ``findings.yaml`` says."""

    kinds: dict[SheetKind, re.Pattern[str]]
    near: dict[str, re.Pattern[str]]
    right_before: dict[str, re.Pattern[str]]


@cache
def _rules() -> _Rules:
    data = read_list(RULES)
    articles = rf"(?:[\s:(]+(?:{data['articles']}))*[\s:(–-]*$"
    return _Rules(
        {kind: re.compile(rf"\b(?:{pattern})\b") for kind, pattern in data["kinds"].items()},
        {name: re.compile(rf"\b(?:{pattern})\b") for name, pattern in data["near"].items()},
        {name: re.compile(rf"\b(?:{pattern}){articles}") for name, pattern in data["right_before"].items()},
    )


def examine(document: SourceDocument, *, last_modified: str | None = None) -> Findings:
    """Return what is found in *document*; *last_modified* is the ISO date that a web server gave with it."""
    file, language = document.file, document.language
    told = [
        _Told(page.number, statement.text)
        for page in document.pages
        for section in page.sections
        for statement in section.statements
    ]
    whole = " ".join(each.text for each in told)
    dates, amounts = _dates(told, language), _amounts(told, language)
    order_count, order_pages = _orders(document)
    dated = _dated(told, language)
    opens, closes = _span(dated)
    return Findings(
        file=file.kind,
        pages=len(document.pages),
        words=len(whole.split()),
        tables=file.tables,
        scanned=file.scanned,
        unread=file.unread,
        dates=tuple(dates[:LISTED]),
        date_count=len(dates),
        amounts=tuple(amounts[:LISTED]),
        amount_count=len(amounts),
        language=language,
        language_basis=file.language_from or "text",
        language_sure=_is_surely(whole[:20_000], language),
        other_languages=_other_languages(told, language),
        orders=order_count,
        order_pages=order_pages,
        hidden=file.hidden,
        warnings=document.warnings,
        title=Guess(document.title, file.title_from or "name"),
        as_of=_as_of(document, dated, last_modified),
        kind=_kind(document, whole),
        opens=opens,
        closes=closes,
        url=Guess(document.url, "link" if file.kind == "html" else "metadata") if document.url else None,
        author=Guess(file.author, "metadata") if file.author else None,
        publisher=Guess(file.publisher, "metadata") if file.publisher else None,
        fingerprint=fingerprint(document.language, document.title, document.id, document.url, whole),
    )


# --- figures -------------------------------------------------------------------------------------------------------


def _dates(told: Sequence[_Told], language: Language) -> list[str]:
    """Return the distinct dates, at least of a month, in the order in which they stand."""
    found = dict.fromkeys(
        figure.value
        for each in told
        if any(map(str.isdigit, each.text))
        for figure in figures(each.text, language)
        if figure.kind == "date" and _WHOLE_DATE.fullmatch(figure.value)
    )
    # «mars 2027» beside «31 mars 2027» is no second date.
    return [date for date in found if not any(other != date and other.startswith(f"{date}-") for other in found)]


def _amounts(told: Sequence[_Told], language: Language) -> list[str]:
    """Return the distinct sums of money in euro, as plain decimals."""
    priced = [each for each in told if _CURRENCY.search(each.text)]
    return list(
        dict.fromkeys(
            quantity.value
            for each in priced[:READ_CLOSELY]
            for quantity in quantities(each.text, language)
            if quantity.unit == "EUR"
        )
    )


# --- languages -----------------------------------------------------------------------------------------------------


def _is_surely(text: str, language: Language) -> bool:
    """Say whether enough of the small words of *language* stand in *text*, and more than of any other."""
    spoken = words(text)
    if len(spoken) < PART // 2:
        return False
    shares = {each: sum(word in stop for word in spoken) / len(spoken) for each, stop in STOP_WORDS.items()}
    return shares[language] >= SURE_SHARE and shares[language] == max(shares.values())


def _other_languages(told: Sequence[_Told], language: Language) -> tuple[Language, ...]:
    """Return the languages of substantial parts, the largest first."""
    counts: Counter[Language] = Counter()
    for part in _parts(told):
        spoken = detect(part, language)
        counts[spoken if spoken == language or _is_surely(part, spoken) else language] += len(part.split())
    least, share = SUBSTANTIAL
    total = counts.total()
    return tuple(
        each for each, count in counts.most_common() if each != language and count >= max(least, share * total)
    )


def _parts(told: Iterable[_Told]) -> Iterator[str]:
    """Yield pieces of text long enough to tell their language."""
    part: list[str] = []
    count = 0
    for each in told:
        part.append(each.text)
        count += len(each.text.split())
        if count >= PART:
            yield " ".join(part)
            part, count = [], 0
    if count >= PART // 2:
        yield " ".join(part)


# --- orders --------------------------------------------------------------------------------------------------------


def _orders(document: SourceDocument) -> tuple[int, tuple[int, ...]]:
    """Return how many orders to an AI the document holds, hidden ones included, and on which pages."""
    pages: list[int | None] = [number or None for number in document.file.hidden_orders]
    for page in document.pages:
        for section in page.sections:
            headed = LEFT_OUT in section.headings
            count = headed + sum(statement.role == "order" for statement in section.statements)
            pages.extend([page.number] * count)
    return len(pages), tuple(sorted({page for page in pages if page}))


# --- guesses -------------------------------------------------------------------------------------------------------


def _as_of(document: SourceDocument, dated: Iterable[_Dated], last_modified: str | None) -> Guess | None:
    """Return the date of the state that a document describes: what its text says goes before what its file says."""
    said = next((each for each in dated if each.says == "updated" and _MONTH.fullmatch(each.value)), None)
    if said is not None:
        return Guess(said.value, "text", said.sentence)
    if document.as_of:
        return Guess(document.as_of, document.file.as_of_from or "metadata")
    return Guess(last_modified, "link") if last_modified else None


def _span(dated: Sequence[_Dated]) -> tuple[Guess | None, Guess | None]:
    """Return when something opens, the first time that is said, and when it closes, the last date of all."""
    days = [each for each in dated if _DAY.fullmatch(each.value)]
    opens = next((each for each in days if each.says == "opens"), None)
    closes = max((each for each in days if each.says == "closes"), key=lambda each: each.value, default=None)
    return _guess(opens), _guess(closes)


def _guess(dated: _Dated | None) -> Guess | None:
    return Guess(dated.value, "text", dated.sentence) if dated else None


@dataclass(frozen=True, slots=True)
class _Dated:
    """A date and what its sentence says of it: ``opens``, ``closes``, ``updated``, or nothing."""

    value: str
    says: str | None
    sentence: str


def _dated(told: Iterable[_Told], language: Language) -> list[_Dated]:
    """Return the dates of which the words before them say what they are for."""
    found: list[_Dated] = []
    for each in told:
        # A cheap look first: to read a sentence's quantities takes milliseconds.
        if any(figure.kind == "date" for figure in figures(each.text, language)):
            found += _dates_of(each.text, language)
        if len(found) >= READ_CLOSELY:
            break
    return [each for each in found if each.says]


def _dates_of(sentence: str, language: Language) -> list[_Dated]:
    text, place = plain(sentence), 0
    found: list[_Dated] = []
    for quantity in in_order(sentence, language):
        start = text.find(quantity.text, place)
        if start < 0:
            continue
        if quantity.unit == "date":
            before = fold(text[max(place, start - CUE_REACH) : start])
            found.append(_Dated(quantity.value, _cue(before), sentence))
        place = start + len(quantity.text)
    for place, (one, other) in enumerate(pairwise(found)):
        # «du 1er février au 31 mars»: only both together say that something opens and closes.
        if one.says == "from" and other.says in ("to", "closes"):
            found[place], found[place + 1] = replace(one, says="opens"), replace(other, says="closes")
    return [replace(each, says=None) if each.says in ("from", "to") else each for each in found]


def _cue(before: str) -> str | None:
    """Return what the words before a date say of it: those right before it first, then the nearest."""
    rules = _rules()
    updated = rules.near["updated"].search(before)
    right = next((name for name, pattern in rules.right_before.items() if pattern.search(before)), None)
    if right and not (updated and right in ("from", "to")):
        return right
    ends = [(match.end(), name) for name, pattern in rules.near.items() for match in pattern.finditer(before)]
    return max(ends)[1] if ends else right


def _kind(document: SourceDocument, whole: str) -> Guess | None:
    """Return what kind of sheet the words make of a document, if they speak clearly for one."""
    if kind := document.meta.get("kind"):
        return Guess(str(kind), "metadata")
    title, text = fold(document.title), fold(whole[:20_000])
    counts = {
        kind: 10 * len(pattern.findall(title)) + min(len(pattern.findall(text)), 20)
        for kind, pattern in _rules().kinds.items()
    }
    best = max(counts, key=lambda kind: counts[kind])
    second = max(count for kind, count in counts.items() if kind != best)
    if counts[best] < 3 or counts[best] < 1.5 * second:
        return None
    return Guess(best, "heading" if _rules().kinds[best].search(title) else "text")


# --- resemblance ---------------------------------------------------------------------------------------------------

SAMPLE = 128
ALIKE = 0.4
"""Share of the shorter text in the other from which on both are taken for versions of one document."""
SURE = 0.7
"""Share of the *longer* text in the other from which on two texts under one address are versions of one document.

Measured on the 517 sheets of the corpus: two different ones share 0.17 at most; one with half of its sentences
rewritten 0.5 with itself, and 0.7 at most; one with every single figure changed 0.83 (medians).
"""
SHORTEST_TITLE = 8


def fingerprint(language: Language, title: str, id: str, url: str | None, text: str) -> Fingerprint:
    """Return what a document of this *text* is recognised by."""
    spoken = [word.encode() for word in words(fold(text))]
    hashes = {zlib.crc32(b" ".join(spoken[start : start + 4])) for start in range(max(1, len(spoken) - 3))}
    return Fingerprint(language, title, id, url, len(hashes), tuple(sorted(hashes)[:SAMPLE]))


def resembles(document: Fingerprint, others: dict[str, Fingerprint]) -> Resemblance | None:
    """Return the one of *others*, by key, that *document* looks like a new version of: by address, text or title."""
    found: list[tuple[tuple[bool, bool, bool, float], Resemblance]] = []
    sample, address = frozenset(document.sample), _address(document.url)
    for key, other in others.items():
        if other.language != document.language:
            continue
        # Nearly all of a library has nothing in common: that is seen before anything is made of it.
        share = 0.0 if sample.isdisjoint(other.sample) else _shared(document, other)
        same_address = bool(address) and address == _address(other.url)
        alike = share >= ALIKE
        if same_address or alike or _same_name(document, other):
            reason: Literal["url", "title", "text"] = "url" if same_address else "text" if alike else "title"
            # Sites there are whose every page names the home page as its address: that says nothing of the document.
            sure = same_address and not _HOME.fullmatch(address) and share * _evenness(document, other) >= SURE
            rank = (sure, alike, same_address, share)
            found.append((rank, Resemblance(key, other.title, round(share, 2), reason, sure)))
    return max(found, key=lambda each: each[0])[1] if found else None


def _shared(one: Fingerprint, other: Fingerprint) -> float:
    """Return the share of the shorter text that stands in both, judged by the smallest hashes of both together."""
    first, second = set(one.sample), set(other.sample)
    union = sorted(first | second)[: SAMPLE if min(len(first), len(second)) >= SAMPLE else None]
    alike = sum(each in first and each in second for each in union) / len(union) if union else 0.0
    common = alike / (1 + alike) * (one.size + other.size)
    return min(1.0, common / max(1, min(one.size, other.size)))


def _evenness(one: Fingerprint, other: Fingerprint) -> float:
    """Return how long the shorter text is beside the longer: a teaser stands whole in its page and is not the page."""
    return min(one.size, other.size) / max(1, one.size, other.size)


def _same_name(one: Fingerprint, other: Fingerprint) -> bool:
    """Say whether both are called the same, apart from years and numbers of versions."""
    names = [
        (_bare(one.title), _bare(other.title)),
        (_bare(one.slug.replace("-", " ")), _bare(other.slug.replace("-", " "))),
    ]
    return any(mine == theirs and len(mine) >= SHORTEST_TITLE for mine, theirs in names)


@lru_cache(maxsize=4_096)
def _bare(name: str) -> str:
    return re.sub(r"-?\b(?:\d+|v|version|versie|fassung|final\w*|copie|kopie|copy)\b", "", slug(name)).strip("-")


def _address(url: str | None) -> str:
    """Return what tells one page of the web from another: on many sites it is the query alone."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return ""
    place = f"{parts.netloc.lower().removeprefix('www.')}{parts.path.rstrip('/')}"
    return f"{place}?{parts.query}" if parts.query else place

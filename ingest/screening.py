"""Find what does not belong in a document: invisible characters, and orders to the machine that reads it.

An order keeps its place with the role ``order``, for staff to see, and is never quoted, indexed or shown to a model. A
statement that only asks keeps its place as ``question``: it helps the search, and there is nothing in it to quote.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from ingest import sentences
from ingest.analysis import STOP_WORDS, fold
from ingest.documents import LEFT_OUT, Section, SourceDocument, Statement
from ingest.listing import read_list

RULES = Path(__file__).parent / "screening.yaml"
LISTED = 10
"""Findings of a document that are named one by one; of the rest the number is told."""
EXCERPT = 80
"""Characters of a finding that are shown."""
KNOWN_SHARE = 0.34
"""Share of the words of a task that stand elsewhere in the document, up to which the task is foreign to it."""
STEM = 5
"""Letters by which two words count as the same: enough for inflected forms."""
MANY = 3
"""Orders of a section from which on it holds a whole speech to a machine."""
GAP = 5
"""How far apart two orders of a speech may stand."""
_CLAUSE = "{start}"
CODE = "program code"
FOREIGN = "a task that has nothing to do with the document"
STRANGE = "a question that has nothing to do with the document"

_SOFT = "\u00ad\u200b\ufeff"
_ZERO_WIDTH = "\u200c\u200d\u180e\u2060-\u2064\u206a-\u206f\u034f\u115f\u1160\u3164\uffa0\ufff9-\ufffb"
_DIRECTION = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_TAGS = "\U000e0000-\U000e0fff"
UNSEEN = f"[{_SOFT}{_ZERO_WIDTH}{_DIRECTION}{_TAGS}]|[\ufe00-\ufe0f]{{2,}}"
"""Pattern of the characters that nobody sees."""
_UNSEEN = re.compile(UNSEEN)
_UNSEEN_SET = frozenset(
    filter(
        re.compile(f"[{_SOFT}{_ZERO_WIDTH}{_DIRECTION}{_TAGS}\ufe00-\ufe0f]").match,
        map(chr, (*range(0x10000), *range(0xE0000, 0xE1000))),
    )
)
_SUSPECT = (
    ("tag characters", re.compile(f"[{_TAGS}]"), 1),
    ("characters that reverse the reading order", re.compile("[\u202d\u202e]"), 1),
    ("variation selectors", re.compile("[\ufe00-\ufe0f]{2,}"), 1),
    ("zero-width characters", re.compile(f"[\u200b\ufeff{_ZERO_WIDTH}{_DIRECTION}]{{3,}}"), 1),
    ("zero-width characters", re.compile(f"(?<=[^\\W\\d_])[\u200b\ufeff{_ZERO_WIDTH}](?=[^\\W\\d_])"), 4),
    ("zero-width characters", re.compile(f"[\u200b\ufeff{_ZERO_WIDTH}{_DIRECTION}]"), 40),
)
"""What gives away a hidden message, with how many of it go beyond ordinary use; soft hyphens never do."""

_ACCENTS = re.compile("[\u0300-\u036f]")
_STRAIGHT = (*((mark, "'") for mark in "’ʼ´‘‚"), *((mark, '"') for mark in "“”„«»"), ("œ", "oe"))
_LOOKALIKES = {
    ord(foreign): latin
    for foreign, latin in zip("асеһіјкморѕтухѵԁαεικνορτυχ", "acehijkmopstyxvdaeikvoptux", strict=True)
}
"""Letters of other scripts that look like ours."""
_MIXED = re.compile("[\u0370-\u04ff\u0500-\u052f]")
_WORD = re.compile(r"[a-z_]\w*")
_ONLY_WORDS = bytes(byte if chr(byte).isalnum() or chr(byte) in "_\n" else ord(" ") for byte in range(128)) + bytes(128)
_SPACED = re.compile(r"\b(?:\w[ ._*-]){4,}\w\b")
_BETWEEN_LETTERS = re.compile(r"(?<=\b\w)[ ._*-](?=\w\b)")
_TASK = re.compile(
    r"[\"'(\[*#> -]*(?:(?:please|now|then|also),? )?(?P<verb>[a-z]+)(?: (?:sie|moi|me))?(?: (?P<next>[a-z]+))?"
)
_TO_SOMEBODY = frozenset({"to", "a", "au", "aux", "naar", "aan", "an"})
"""Who is told to write to somebody is a reader."""
_QUESTION = re.compile(r"\?[\"'”’»)\s]*$")
_TELLS = re.compile(r"[.!;…:][\"'”’»)]?\s+\S")
_ANNOUNCES_CODE = re.compile(r"\b(?:code|script|snippet)\b.*[:`]")
_LIKE_CODE = re.compile(r"```|\w\(.*\)|\w\s*=\s*\S|[{};]\s*$|^\s*(?:import|from|def|with|try|except|return)\b")
_STOP = frozenset(fold(word).encode() for words in STOP_WORDS.values() for word in words)
_BASE64 = re.compile(r"(?<![\w/+=.-])[A-Za-z0-9+/]{24,}={0,2}(?![\w/+=])")


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """Signs of one kind of order: patterns for the whole sentence, and some for what follows the start of a clause.

    A sentence needs one of the *words*, one of *also*, and one of *first* among its first words, for a try.
    """

    name: str
    says: str
    words: frozenset[str]
    also: frozenset[str]
    first: frozenset[str]
    patterns: tuple[re.Pattern[str], ...]
    clauses: tuple[re.Pattern[str], ...]
    unless: re.Pattern[str] | None = None

    def applies(self, sentence: Folded) -> bool:
        """Return whether *sentence* bears a sign of this kind."""
        if self.also and self.also.isdisjoint(sentence.words):
            return False
        if self.unless and self.unless.search(sentence.text):
            return False
        if self.first and self.first.isdisjoint(sentence.words[:4]):
            return False
        return any(pattern.search(sentence.text) for pattern in self.patterns) or any(
            pattern.match(sentence.text, start) for pattern in self.clauses for start in sentence.starts
        )


@dataclass(frozen=True)
class Signs:
    """The rules of ``screening.yaml``, and what makes a task."""

    rules: tuple[Rule, ...]
    tasks: frozenset[str]
    before_article: frozenset[str]
    articles: frozenset[str]
    generic: frozenset[str]
    house: frozenset[str]
    addressed: re.Pattern[str]
    clause: re.Pattern[str]

    @cached_property
    def by_word(self) -> dict[str, tuple[Rule, ...]]:
        """The rules that a word of a sentence calls for."""
        found: dict[str, list[Rule]] = {}
        for rule in self.rules:
            for word in rule.words:
                found.setdefault(word, []).append(rule)
        return {word: tuple(rules) for word, rules in found.items()}

    @cached_property
    def calling(self) -> frozenset[bytes]:
        """The words without one of which a sentence needs no closer look."""
        return frozenset(word.encode() for word in (*self.by_word, *self.tasks))


@cache
def signs() -> Signs:
    """Return what ``screening.yaml`` says."""
    data = read_list(RULES)
    telling = frozenset(data["telling"].split())
    parts = {**data["parts"], "desk": data["desk"]}
    polite = "(?:(?:please|kindly|now|then|also|finally|veuillez|gelieve|bitte|stp|svp),? )?"
    parts["order"] = f"^[\"'(\\[*#> -]*{polite}(?!(?:{'|'.join(sorted(telling))})\\b)(?=[a-z])"
    return Signs(
        tuple(_rule(entry, parts) for entry in data["rules"]),
        frozenset(word for listed in data["tasks"].values() for word in listed.split()),
        frozenset(data["tasks_before_article"].split()),
        frozenset(data["articles"].split()),
        frozenset(data["generic"].split()),
        frozenset(data["house"].split()),
        _compiled(data["addressed"], parts),
        _compiled(_CLAUSE, parts),
    )


def _rule(entry: dict[str, Any], parts: dict[str, str]) -> Rule:
    return Rule(
        entry["name"],
        entry["says"],
        frozenset(entry["words"].split()),
        frozenset(entry.get("also", "").split()),
        frozenset(entry.get("first", "").split()),
        tuple(_compiled(pattern, parts) for pattern in entry["patterns"] if not pattern.startswith(_CLAUSE)),
        # Looked for only where a clause begins: a search everywhere costs ten times as much.
        tuple(
            _compiled(pattern.removeprefix(_CLAUSE), parts)
            for pattern in entry["patterns"]
            if pattern.startswith(_CLAUSE)
        ),
        _compiled(entry["unless"], parts) if "unless" in entry else None,
    )


def _compiled(pattern: str, parts: dict[str, str]) -> re.Pattern[str]:
    # Parts name other parts, two levels deep; quantifiers such as {3,} are left alone.
    for _ in range(2):
        pattern = re.sub(r"\{([a-z]+)\}", lambda match: parts[match[1]], pattern)
    return re.compile(pattern)


def visible(text: str) -> str:
    """Return *text* without characters that nobody sees: soft hyphens, zero width, directions, tags."""
    return text if text.isascii() else _UNSEEN.sub("", text)


def unseen(text: str) -> str | None:
    """Say which characters in *text* may carry a message that nobody sees, if there are more than ordinary use has."""
    if text.isascii() or _UNSEEN_SET.isdisjoint(set(text)):
        return None
    for name, pattern, least in _SUSPECT:
        if len(pattern.findall(text)) >= least:
            return f"{len(_UNSEEN.findall(text))} invisible characters, among them {name}"
    return None


def is_order(text: str) -> bool:
    """Return whether a piece of text that stands in no document, such as a comment, gives an order to an AI.

    Code and tasks do not count: web pages are full of the one, and without a document nothing is foreign to it.
    """
    screening = _Screening(SourceDocument("", "en", "", ()))
    parts = sentences.split(visible(text), "en")
    return any(screening.order(part, foreign=False) not in (None, CODE, FOREIGN) for part in parts)


def excerpt(text: str) -> str:
    """Return the beginning of *text* as warnings show it."""
    return text if len(text) <= EXCERPT else f"{text[:EXCERPT].rstrip()}…"


def listed(name: str, findings: Iterable[str]) -> tuple[str, ...]:
    """Return *findings* about the file *name* as warnings, the first ones in words and the others as a number."""
    found = list(dict.fromkeys(findings))
    rest = len(found) - LISTED
    lines = found[:LISTED] + ([f"{rest} more findings of this kind"] if rest > 0 else [])
    return tuple(f"{name}: {line}" for line in lines)


def screen(document: SourceDocument) -> SourceDocument:
    """Return *document* with its orders marked as such, its invisible characters gone and its warnings complete."""
    document = _visible(document)
    screening = _Screening(document)
    pages = tuple(
        replace(page, sections=tuple(screening.section(section, page.number) for section in page.sections))
        for page in document.pages
    )
    title = screening.name(document.title, "the title") or Path(document.path).stem
    meta = dict(document.meta)
    if aliases := meta.get("aliases"):
        meta["aliases"] = [alias for alias in aliases if screening.name(alias, "an alias")]
    warnings = (*document.warnings, *listed(document.path or document.id, screening.findings))
    return replace(document, title=title, pages=pages, meta=meta, warnings=warnings)


def _visible(document: SourceDocument) -> SourceDocument:
    """Return *document* without invisible characters; nearly every document is returned as it is."""
    sections = [section for page in document.pages for section in page.sections]
    texts = [statement.text for section in sections for statement in section.statements]
    names = [name for section in sections for name in section.headings]
    if _UNSEEN_SET.isdisjoint(set().union(document.title, *names, *texts)):
        return document

    def seen(section: Section) -> Section:
        statements = tuple(replace(statement, text=visible(statement.text)) for statement in section.statements)
        return replace(section, headings=tuple(map(visible, section.headings)), statements=statements)

    pages = tuple(replace(page, sections=tuple(map(seen, page.sections))) for page in document.pages)
    return replace(document, title=visible(document.title), pages=pages)


class _Screening:
    """One pass over a document."""

    def __init__(self, document: SourceDocument) -> None:
        self._document = document
        self.findings: list[str] = []

    def section(self, section: Section, page: int | None) -> Section:
        """Return *section* with the roles of its statements."""
        statements: list[Statement] = []
        in_code = False
        texts = [statement.text for statement in section.statements]
        for statement, words in zip(section.statements, _words_of(texts), strict=True):
            if not in_code and not _calls(statement.text, words):
                asks = statement.role == "fact" and _only_asks(statement.text)
                statements.append(self._question(statement, page) if asks else statement)
                continue
            for part, says in self._judged(statement, in_code):
                in_code = says == CODE or (says is not None and _ANNOUNCES_CODE.search(part.text) is not None)
                if says:
                    self.findings.append(f"{_place(page)}{says} is not quoted: '{excerpt(part.text)}'")
                    statements.append(replace(part, role="order"))
                elif part.role == "fact" and _only_asks(part.text):
                    statements.append(self._question(part, page))
                else:
                    statements.append(part)
        headings = tuple(self.name(name, "a heading", page) or LEFT_OUT for name in section.headings)
        marked = tuple(_bridged(statements))
        if headings == section.headings and marked == section.statements:
            return section
        return replace(section, headings=headings, statements=marked)

    def _question(self, statement: Statement, page: int | None) -> Statement:
        """Return a statement that only asks with its role; a question about something else is bait for a machine."""
        subject = _stems(_quick_words(statement.text)) - signs().generic
        if len(subject) < 2 or not self._is_strange(subject, statement.text.casefold()):
            return replace(statement, role="question")
        self.findings.append(f"{_place(page)}{STRANGE} is not quoted: '{excerpt(statement.text)}'")
        return replace(statement, role="order")

    def _is_strange(self, subject: set[str], sentence: str) -> bool:
        """Say whether *subject*, by its stems, stands nowhere else in the document, and no reader is addressed."""
        if not subject or signs().addressed.search(sentence):
            return False
        return len(subject & self._known) <= KNOWN_SHARE * len(subject)

    def name(self, text: str, what: str, page: int | None = None) -> str | None:
        """Return a title or heading, or ``None`` when it is an order."""
        if self.order(text, foreign=False) is None:
            return text
        finding = f"{_place(page)}{what} is an order and is left out: '{excerpt(text)}'"
        if finding not in self.findings:
            self.findings.append(finding)
        return None

    def _judged(self, statement: Statement, in_code: bool) -> Iterator[tuple[Statement, str | None]]:
        """Yield *statement* with what order it is, or each of its sentences when only some are orders."""
        text = statement.text
        if in_code and _LIKE_CODE.search(text):
            yield statement, CODE
            return
        parts = sentences.split(text, self._document.language) if _TELLS.search(text) else [text]
        found = [self.order(part) for part in parts]
        if len(parts) == 1 or not any(found):
            # An order may run over what looks like the end of a sentence.
            yield statement, found[0] if len(parts) == 1 else self.order(text)
            return
        for part, says in zip(parts, found, strict=True):
            yield replace(statement, text=part), says

    def order(self, text: str, *, foreign: bool = True) -> str | None:
        """Say what kind of order a sentence is, if it is one; *foreign* tasks count as well."""
        if not _calls(text, _quick_words(text)):
            return None
        if _holds_encoded_words(text):
            return "encoded text"
        sentence = Folded.of(text)
        by_word = signs().by_word
        for rule in dict.fromkeys(rule for word in sentence.words for rule in by_word.get(word, ())):
            if rule.applies(sentence):
                return rule.says
        return FOREIGN if foreign and self._is_foreign(sentence) else None

    def _is_foreign(self, sentence: Folded) -> bool:
        """Say whether *sentence* sets a task whose subject stands nowhere else in the document."""
        found = signs()
        if found.tasks.isdisjoint(sentence.words[:3]):
            return False
        match = _TASK.match(sentence.text)
        if match is None or match["verb"] not in found.tasks:
            return False
        if match["verb"] in found.before_article and match["next"] not in found.articles:
            return False
        if match["next"] in _TO_SOMEBODY:
            return False
        subject = _stems(_quick_words(sentence.text)) - {match["verb"][:STEM]} - found.generic
        return self._is_strange(subject, sentence.text)

    @cached_property
    def _known(self) -> frozenset[str]:
        """Stems of the words that stand in two statements of the document, or in its names and headings."""
        sections = [section for page in self._document.pages for section in page.sections]
        texts = {statement.text for section in sections for statement in section.statements}
        counts = Counter(stem for text in texts for stem in _stems(_quick_words(text)))
        names = {*self._document.names, *(name for section in sections for name in section.headings)}
        named = {stem for name in names for stem in _stems(_quick_words(name))}
        return frozenset(signs().house | named | {stem for stem, count in counts.items() if count > 1})


def _quick_words(text: str) -> list[bytes]:
    """Return the words of *text* in lower case without accents, in a tenth of the time that folding it takes."""
    return _prepared(text).split()


def _prepared(text: str) -> bytes:
    text = text.casefold()
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.replace("’", "'"))
    # Accents stand apart now, and are no ASCII.
    return text.encode("ascii", "ignore").translate(_ONLY_WORDS)


def _words_of(texts: Sequence[str]) -> list[list[bytes]]:
    """Return the words of each text; many are prepared at once, which halves the time."""
    lines = _prepared("\n".join(texts)).split(b"\n")
    return [line.split() for line in lines] if len(lines) == len(texts) else [_quick_words(text) for text in texts]


def _calls(text: str, words: list[bytes]) -> bool:
    """Say whether *text* needs a closer look: by a word, by disguised letters, by something encoded."""
    if not signs().calling.isdisjoint(words):
        return True
    # Letters set apart: «i g n o r e».
    if len(text) > 12 and len(text) < 2.6 * len(words):
        return True
    if words and len(max(words, key=len)) >= 16 and _BASE64.search(text):
        return True
    return not text.isascii() and _MIXED.search(text) is not None


@dataclass(frozen=True)
class Folded:
    """A sentence as the patterns see it: lower case, no accents, straight quotes, no letters of other scripts."""

    text: str
    words: list[str]

    @classmethod
    def of(cls, raw: str) -> Folded:
        """Fold *raw*."""
        text = raw.casefold()
        if not text.isascii():
            for typeset, straight in _STRAIGHT:
                text = text.replace(typeset, straight)
            text = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
            if _MIXED.search(text):
                text = text.translate(_LOOKALIKES)
        if _SPACED.search(text):
            text = _BETWEEN_LETTERS.sub("", text)
        text = " ".join(text.split())
        return cls(text, _WORD.findall(text))

    @cached_property
    def starts(self) -> list[int]:
        """Where clauses begin."""
        return [match.end() for match in signs().clause.finditer(self.text)]


def _stems(words: Iterable[bytes]) -> set[str]:
    """Return the first letters of the words that mean something."""
    return {word[:STEM].decode() for word in words if len(word) > 2 and word not in _STOP and not word[:1].isdigit()}


def _bridged(statements: list[Statement]) -> Iterator[Statement]:
    """Yield *statements*; in a section of many orders, the few between two orders belong to the same speech."""
    orders = [place for place, statement in enumerate(statements) if statement.role == "order"]
    if len(orders) < MANY:
        yield from statements
        return
    for place, statement in enumerate(statements):
        turn = bisect(orders, place)
        between = 0 < turn < len(orders) and orders[turn] - orders[turn - 1] <= GAP
        yield replace(statement, role="order") if between else statement


def _place(page: int | None) -> str:
    return f"page {page}: " if page else ""


def _only_asks(text: str) -> bool:
    return "?" in text[-5:] and _QUESTION.search(text) is not None and not _TELLS.search(text)


def _holds_encoded_words(text: str) -> bool:
    return any(_is_words(match[0]) for match in _BASE64.finditer(text))


def _is_words(blob: str) -> bool:
    try:
        decoded = base64.b64decode(blob + "=" * (-len(blob) % 4), validate=True)
    except ValueError:
        return False
    return decoded.isascii() and decoded.decode().isprintable() and b" " in decoded

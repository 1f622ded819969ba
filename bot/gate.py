"""Cut what a model says into sentences with the numbers of their quotes, as it comes, and clean them.

Nothing of a sentence that is not whole yet is shown but words that are surely harmless: those that the sources use. A
figure, a marker, an address or a strange word holds the rest back until the sentence is there and was checked.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

from ingest.analysis import fold
from ingest.documents import Language
from ingest.figures import MONTHS
from ingest.quantities import quantities
from ingest.sentences import split

LONGEST = 4_000
"""Characters of a reply that are read; five sentences have some 600."""

_MARKER = re.compile(r"\[\s*\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*\s*\]")
_MARKERS_ALIKE = (
    (
        re.compile(
            r"\\?[\[［【]\s*\^?(?:quotes?|sources?|citations?|quelle|bron)?\s*(\d{1,3})(?:†[^\]］】]*)?\s*\\?[\]］】](?:\(#[^)]*\))?",
            re.IGNORECASE,
        ),
        r"[\1]",
    ),
    (re.compile(r"\{\s*(\d{1,2})\s*\}"), r"[\1]"),
    (re.compile(r"\((\d{1,2})\)(?=\s*[.!?](?:\s|$))"), r"[\1]"),
    (re.compile(r"(?<=[\w%€)»”]{2})([¹²³⁴⁵⁶⁷⁸⁹])(?=[\s.,;]|$)"), lambda match: f"[{unicodedata.digit(match[1])}]"),
)
"""Other ways in which models write the number of a quote."""
_OPENING_MARKERS = re.compile(rf"(?:\s*{_MARKER.pattern}\s*[.,;]?)+")
_HALF_MARKER = re.compile(r"\[[^\]\w]*\d[^\]]*$|\[\s*$")
_BEGUN_MARKER = re.compile(r"\[[\s\d,;–-]*$")
_RANGE = re.compile(r"(\d+)\s*[–-]\s*(\d+)")
_BULLET = re.compile(r"^\s*(?:[-*•·–—>]+\s+|#+\s*|\d{1,2}[.)]\s+(?=\D))+")
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)
_PAYLOADS = tuple(
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        r"<(script|style|iframe|svg|object|template|img)\b.*?(?:</\1\s*>|$)",
        r"!\[[^\]]*\](?:\([^)]*\)?|\[[^\]]*\])?",
    )
)
_TAGS = tuple(
    re.compile(pattern, re.IGNORECASE | re.DOTALL) for pattern in (r"<!--.*?(?:-->|$)", r"</?[a-z][^<>]*(?:>|$)")
)
_DISGUISED = re.compile("[\u2460-\u24ff\uff01-\uff5e\U0001d400-\U0001d7ff\U0001f100-\U0001f1ff]+")
"""Letters and digits that look like others: full-width, circled, mathematical."""
_OTHER_STOPS = re.compile("[\u3002\uff0e\uff61\u2024]")
"""Full stops of other scripts: browsers read them in an address."""
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)?")
_ENDINGS = (
    "com|org|net|info|biz|edu|gov|int|eu|be|brussels|vlaanderen|gent|fr|nl|de|lu|at|ch|uk|ie|it|es|pt|pl|cz|dk|se|no|fi|ru|ua"
    "|cn|jp|in|us|ca|au|br|io|ai|co|me|tv|cc|ws|to|ly|gg|tk|ml|ga|cf|gq|app|dev|xyz|top|site|online|shop|store|club|live"
    "|link|click|page|web|cloud|tech|digital|agency|support|help|zip|mov|win|bid|loan|work|world|today|news|blog|wiki"
    "|example|test|local|localhost|onion"
    r"|[\u0370-\u06ff\u0900-\u0eff\u1100-\u11ff\u3040-\u9fff\uac00-\ud7af]{2,}"
)
"""Endings of a bare domain. Without such a list «p.ex.» and «cf.annexe» would be places on the net."""
ADDRESS = re.compile(
    r"(?:[a-z][a-z0-9+.-]{1,12}:)?//[^\s<>]*"
    r"|\b(?:(?:java|vb)\s*script|data|mailto|tel|file):\S+"
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)*"
    r"|\b[\w-]+\s*(?:\s+dot\s+|[\[({]\s*(?:\.|dot|point|punt|punkt)\s*[\])}]\s*)[^\W\d_]{2,}"
    rf"|(?<![\w.])(?:[\w-]{{2,}}\.)+(?:(?:{_ENDINGS}|xn--[\w-]+)(?![\w])(?:/[^\s<>]*)?|[^\W\d_]{{2,}}/[^\s<>]+)",
    re.IGNORECASE,
)
"""Whatever leads somewhere: addresses with and without ``https://``, bare domains, mail addresses."""
_TOKEN = re.compile(r"[^\W\d_][^\W_]*|\s+|.", re.DOTALL)
_HARMLESS = frozenset(",;:()'’«»\"“”„–—-…!?.%€")
_OPENERS = frozenset("«\"“„(’'")
_WHOLE = frozenset(".!?…»”\"')%€")
_FEWEST = 3
"""Words of the shortest sentence."""
_PARROTED = 6
"""Words in a row that nobody says like our rules by chance."""


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence of a model: its words without markers, and the numbers that it gave, offered ones only."""

    text: str
    numbers: tuple[int, ...]
    led_away: bool = False
    """Whether an address, an image or a script had to be taken out: what is left is not to be trusted."""

    @property
    def marked(self) -> str:
        """The sentence with its numbers, as a model writes it."""
        return self.text + " " + "".join(f"[{number}]" for number in self.numbers)


class Vocabulary:
    """Words that may be shown before their sentence is checked, folded."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = frozenset(words)

    def __contains__(self, word: str) -> bool:
        return word in self._words

    def begins(self, beginning: str) -> bool:
        """Return whether some word begins so."""
        place = bisect_left(self._sorted, beginning)
        return place < len(self._sorted) and self._sorted[place].startswith(beginning)

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self._words)


class Gate:
    """Takes a reply piece by piece and gives its sentences one by one."""

    def __init__(self, offered: int, language: Language, vocabularies: Iterable[Vocabulary]) -> None:
        """*offered* is how many quotes there are; the words of *vocabularies* may be shown at once."""
        self._offered = offered
        self._language = language
        self._vocabularies = tuple(vocabularies)
        self._rest = ""
        self._shown = ""
        self._read = 0
        self._thinking = False

    @property
    def provisional(self) -> str:
        """What may be shown of the sentence that is not whole yet; it only grows."""
        return self._shown

    def feed(self, text: str) -> list[Said]:
        """Take in *text*; return the sentences that are whole by now."""
        spoken = self._spoken(text)
        if self._thinking:
            return []
        self._rest += spoken
        for pattern, plain in _MARKERS_ALIKE:
            self._rest = pattern.sub(plain, self._rest)
        *lines, last = self._rest.split("\n")
        found = [sentence for line in lines for sentence in self._cut(line)]
        whole = self._cut(last)
        if len(whole) > 1 and _BEGUN_MARKER.match(whole[-1]):
            whole[-2:] = [f"{whole[-2]} {whole[-1]}"]
        # The last one may go on, and a marker may still follow the one before.
        if whole:
            found += whole[:-1]
            self._rest = whole[-1] + (" " if last[-1:].isspace() else "")
        else:
            self._rest = last
        if found:
            self._shown = ""
        safe = self._safe(self._rest)
        if len(safe) > len(self._shown):
            self._shown = safe
        return [said for sentence in found if (said := self._said(sentence)).text]

    @property
    def is_full(self) -> bool:
        """Whether more has come than is read."""
        return self._read >= LONGEST

    def _spoken(self, text: str) -> str:
        """Return what of *text* is said aloud: not what a model thinks before, nor what nobody sees, nor too much."""
        begun, text = self._rest + text, _UNSEEN.sub("", text)
        if self._thinking or re.match(r"\s*<(?:think|thinking|reasoning)>", begun, re.IGNORECASE):
            self._thinking = not re.search(r"</(?:think|thinking|reasoning)>", begun, re.IGNORECASE)
            self._rest = begun[-20:] if self._thinking else ""
            return (
                "" if self._thinking else re.split(r"</(?:think|thinking|reasoning)>", begun, flags=re.IGNORECASE)[-1]
            )
        text = text[: max(0, LONGEST - self._read)]
        self._read += len(text)
        return text

    def close(self) -> list[Said]:
        """Return what is left at the end; half a sentence is none."""
        rest, self._rest, self._shown = self._rest, "", ""
        said = [self._said(sentence) for sentence in self._cut(rest)]
        return [each for each in said if each.text and (each.numbers or each.text[-1] in _WHOLE)]

    def _cut(self, line: str) -> list[str]:
        """Return the sentences of a line; markers after a full stop belong to the sentence before."""
        found: list[str] = []
        for sentence in split(line, self._language):
            opening = _OPENING_MARKERS.match(sentence) if found else None
            if opening:
                found[-1] += " " + opening.group().strip()
            if rest := sentence[opening.end() if opening else 0 :].lstrip():
                found.append(rest)
        return found

    def _said(self, sentence: str) -> Said:
        numbers: dict[int, None] = {}
        for marker in _MARKER.findall(sentence):
            expanded = _RANGE.sub(lambda match: _spelled(int(match[1]), int(match[2])), marker)
            numbers.update((number, None) for digits in re.findall(r"\d+", expanded) if (number := int(digits)))
        offered = tuple(number for number in numbers if number <= self._offered)
        text = _plain_letters(_HALF_MARKER.sub("", _MARKER.sub("", sentence)))
        return Said(cleaned(text), offered, led_away=any(pattern.search(text) for pattern in (ADDRESS, *_PAYLOADS)))

    def _safe(self, text: str) -> str:
        """Return the beginning of *text* that holds nothing but words of the sources."""
        shown, place = "", 0
        text = _BULLET.sub("", text)
        while place < len(text):
            if marker := _MARKER.match(text, place):
                place = marker.end()
                continue
            match = _TOKEN.match(text, place)
            if match is None:
                break
            token, place = match.group(), match.end()
            if token[0].isalpha():
                if not self._may_show(token, whole=place < len(text)) or shown[-1:] in (".", ":", "@"):
                    break
            elif not token.isspace() and (token not in _HARMLESS or (not shown.strip() and token not in _OPENERS)):
                break
            shown += token
        return re.sub(r"\s+([.,])", r"\1", " ".join(shown.split())) if shown.strip() else ""

    def _may_show(self, word: str, *, whole: bool) -> bool:
        folded = fold(word)
        if not whole:
            return any(vocabulary.begins(folded) for vocabulary in self._vocabularies)
        return any(folded in vocabulary for vocabulary in self._vocabularies) and not _counts(word, self._language)


def _spelled(first: int, last: int) -> str:
    return " ".join(map(str, range(first, last + 1))) if first <= last <= first + 20 else f"{first} {last}"


def cleaned(text: str) -> str:
    """Return *text* without markup, images and addresses; of a link its words stay."""
    text = _plain_letters(text)
    for pattern in (*_PAYLOADS, *_TAGS):
        text = pattern.sub(" ", text)
    text = _LINK.sub(r"\1", text)
    text = _BULLET.sub("", text)
    text = re.sub(r"[*_`#|~^{}<>\\]+", "", text)
    text = ADDRESS.sub("", text)
    text = re.sub(r"\[[^\]]*\]?|\]", "", text)
    text = re.sub(r"\(\s*\)|«\s*»", "", text)
    return re.sub(r"\s+([.,;)])", r"\1", " ".join(text.split())).strip(" -–—")


@lru_cache(maxsize=4_096)
def _counts(word: str, language: Language) -> bool:
    """Return whether a word is a figure, a factor, a part or a month."""
    return any(quantity.sure for quantity in quantities(word, language)) or word.casefold() in MONTHS


def is_sentence(text: str) -> bool:
    """Return whether *text* looks like one: a few words, the first with a capital, or a figure in its place."""
    first = text.lstrip("«»\"“„(’' \u00a0")[:1]
    return len(re.findall(r"\w+", text)) >= _FEWEST and bool(first) and not (first.islower() and text[1:2].islower())


def _plain_letters(text: str) -> str:
    """Return *text* without letters that cannot be seen, and with plain ones for those that only look like them."""
    text = _OTHER_STOPS.sub(".", _UNSEEN.sub("", text))
    return _DISGUISED.sub(lambda match: unicodedata.normalize("NFKC", match.group()), text)


def parrots(text: str, rules: str) -> bool:
    """Return whether *text* repeats a run of words of *rules*: they are nobody's business."""
    told = _runs(rules)
    return not told.isdisjoint(_runs(text))


def _runs(text: str) -> frozenset[tuple[str, ...]]:
    words = re.findall(r"\w+", fold(text))
    return frozenset(tuple(words[place : place + _PARROTED]) for place in range(len(words) - _PARROTED + 1))

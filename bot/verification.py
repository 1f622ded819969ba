"""Nothing leaves the house that does not stand in its source.

A quoted statement has to stand there letter for letter (``verified``). One that a language model phrased is held
against the quotes that it cites (``Verifier``): its figures, its names, and whether its words say what theirs say.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from rapidfuzz.fuzz import ratio

from bot.limits import CEILING, is_of_the_past, tells_when, turned
from bot.retrieval import Retriever
from bot.statements import Candidate
from bot.support import in_other_words, other_words, threshold, weigh_support
from ingest.analysis import STOP_WORDS, fold, words
from ingest.documents import LANGUAGES, Language
from ingest.figures import MONTHS, figures
from ingest.languages import detect
from ingest.quantities import Quantity, holds, in_order, plain, quantities

Reason = Literal["", "uncited", "figure", "name", "support", "language", "form"]
"""Why a statement is held back: it cites nothing; a figure or a name stands in no cited quote; its words say something
else; it is in another language; it is no sentence, or holds signs that turn the order of reading."""
_LIMITED = frozenset({"percent", "EUR"})
"""Units of which a ceiling is part of the promise."""
_APART = frozenset({"percent", "EUR", "date", "month", "day", "hour"})
"""Units whose figures are not taken for one another: «50 %, up to €50,000» may be said the other way round."""
_NEAR = 25
LONGEST = 1_500
"""Letters of a statement; more is no sentence."""
JUDGED = 6
"""Words from which the language of a statement is judged."""
INTERNATIONAL = 4
"""Languages in which a word has to stand to be a name though it is not written as one."""
CLOSE = 80
"""Likeness, of 100, from which two names are forms of one (Wallonie, Wallonië)."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What a statement may rest on: a quote, and the names of the document that it comes from."""

    text: str
    language: Language
    document: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a statement may be shown, and if not, why."""

    reason: Reason = ""
    detail: str = ""
    """The figure, the name or the claim that stands in no cited quote."""
    score: float = 0.0
    """How likely the quotes bear the statement out; 0 where it was held back before that was asked."""

    @property
    def ok(self) -> bool:
        """Whether the statement is verified."""
        return not self.reason


class Verifier:
    """Holds phrased statements against the quotes that they cite."""

    def __init__(self, retriever: Retriever) -> None:
        self._retriever = retriever

    def check(self, statement: str, language: Language, quotes: Sequence[Quote]) -> Verdict:
        """Return whether *statement*, which is to be in *language* and without its ``[n]``, stands in *quotes*."""
        if not quotes:
            return Verdict("uncited")
        if len(statement) > LONGEST or _REORDERING.search(statement):
            return Verdict("form")
        statement = plain(statement)
        if self._in_another_language(statement, language):
            return Verdict("language")
        if figure := (
            unheld_figure(statement, language, self._of_subject(statement, quotes))
            or exchanged_figure(statement, language, quotes)
            or turned_limit(statement, language, quotes)
        ):
            return Verdict("figure", figure)
        if claim := turned(statement, [quote.text for quote in quotes]):
            return Verdict("support", claim)
        if name := self._unheld_name(statement, language, quotes):
            return Verdict("name", name)
        score = weigh_support(
            self._retriever, statement, language, [(quote.text, quote.language) for quote in quotes],
            [(name, quote.language) for quote in quotes for name in quote.names],
        ).probability  # fmt: skip
        return Verdict("" if score >= threshold() else "support", score=score)

    def _of_subject(self, statement: str, quotes: Sequence[Quote]) -> Sequence[Quote]:
        """Return the quotes of the one document that *statement* names: a rate must be its own."""
        named = self._retriever.searcher.names.named(statement).keys() & {quote.document for quote in quotes}
        return [quote for quote in quotes if quote.document in named] if len(named) == 1 else quotes

    def _in_another_language(self, statement: str, language: Language) -> bool:
        """Return whether *statement* is clearly in another language; one of names and figures is in none."""
        bare = self._retriever.searcher.names.without(_ADDRESS.sub(" ", statement))
        spoken = [word for word in words(bare) if word.isalpha()]
        if len(spoken) < JUDGED:
            return False
        votes = {each: sum(word in STOP_WORDS[each] for word in spoken) for each in LANGUAGES}
        # Small words are the surest sign: letters alone mislead among borrowed words.
        return detect(bare, language) != language and votes[language] < max(votes.values())

    def _unheld_name(self, statement: str, language: Language, quotes: Sequence[Quote]) -> str:
        """Return a name in *statement* that no cited quote bears out, or nothing."""
        names = self._retriever.searcher.names
        quoted = " | ".join(text for quote in quotes for text in (quote.text, *quote.names))
        held_documents = {quote.document for quote in quotes} | names.named(quoted).keys()
        held = {fold(word) for word in _parts(plain(quoted))}
        texts = [(text, quote.language) for quote in quotes for text in (quote.text, *quote.names)]
        others = other_words(self._retriever, texts, language)
        initials = "".join(word[0] for word in (fold(part) for part in _parts(quoted)) if word)
        for name in (*proper_names(statement, language), *self._international(statement)):
            if not _is_held(fold(name), held, initials, acronym=name.isupper()) and not in_other_words(
                name, language, others
            ):
                return name
        return self._other_document(statement, held_documents)

    def _international(self, statement: str) -> Iterator[str]:
        """Yield the words that the library has in four languages and that are a word in none: names, however written.

        German gives every noun a capital, and some names have none.
        """
        library = self._retriever.library
        for word in _parts(statement):
            folded = fold(word)
            if len(word) > 3 and word.isalpha() and folded not in library.words_model.vocabulary:
                spoken = sum(library.lexicon.frequency(folded, each) > 0 for each in LANGUAGES)
                if spoken >= INTERNATIONAL:
                    yield word

    def _other_document(self, statement: str, held_documents: set[str]) -> str:
        """Return what *statement* calls a document that nothing cited names, or nothing: Start IA is not Start AI."""
        said = [word.casefold() for word in _parts(statement)]
        for document in self._retriever.searcher.names.named(statement).keys() - held_documents:
            for name in self._proper_names_of(document):
                spelled = [word.casefold() for word in _parts(name)]
                if any(said[at : at + len(spelled)] == spelled for at in range(len(said))):
                    return name
        return ""

    def _proper_names_of(self, document: str) -> Iterator[str]:
        """Yield the titles of a document and those of its aliases that are written as names."""
        for language in LANGUAGES:
            if info := self._retriever.library.documents.get(f"{language}/{document}"):
                title, *aliases = info.names
                title = title.split(":")[0].split(" (")[0].strip()
                # «Gebruik van AI door ondernemingen» describes; it is no name.
                if STOP_WORDS[language].isdisjoint(words(title)):
                    yield title
                yield from (alias for alias in aliases if all(not word[0].islower() for word in _parts(alias)))


def verified(candidate: Candidate) -> bool:
    """Return whether the statement is a quote of its passage, letter for letter, with all its figures."""
    passage, span = candidate.passage, candidate.span
    quote = passage.text[span.start : span.end]
    if candidate.text != quote:
        return False
    held = figures(passage.text, passage.language)
    return all(figure in held for figure in figures(candidate.text, passage.language))


def quote_found(quote: str, text: str) -> bool:
    """Return whether *quote* stands in *text*, letter for letter but for white space and hyphens at line ends."""

    def plain(words: str) -> str:
        return re.sub(r"\s+", " ", re.sub(r"-\n", "", words)).strip()

    return plain(quote) in plain(text)


# --- figures -----------------------------------------------------------------------------------------------------

_ADDRESS = re.compile(r"\S+(?:://|@)\S+|www\.\S+")
_REORDERING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Signs by which 05 may be shown as 50."""


def reorders(text: str) -> bool:
    """Return whether *text* holds signs that turn the order of reading: 05 may be shown as 50."""
    return bool(_REORDERING.search(text))


def unheld_figure(statement: str, language: Language, quotes: Sequence[Quote]) -> str:
    """Return the first figure of *statement* that stands in no cited quote, as it is written there, or nothing."""
    statement = _without_names(statement, [name for quote in quotes for name in quote.names])
    held = [quantity for quote in quotes for quantity in _quoted(quote.text, quote.language)]
    wanted = (quantity for quantity in quantities(statement, language) if quantity.sure)
    if missing := next((quantity for quantity in wanted if not holds(held, quantity)), None):
        return missing.text
    # A sign that stands for a number in some script and was not read as one must not pass for a letter.
    return next((sign for sign in statement if sign > "\x7f" and unicodedata.numeric(sign, None) is not None), "")


def exchanged_figure(statement: str, language: Language, quotes: Sequence[Quote]) -> str:
    """Return a figure of *statement* that has changed places with another one of its kind, or nothing.

    «400 for a sole trader, 80 for a firm» holds the figures of «80 for a sole trader, 400 for a firm». The order of a
    quote has to be kept; a sentence that turns it round and means the same is lost.
    """
    told = in_order(statement, language)
    for first, second in pairwise(told):
        if first.value == second.value or (first.unit != second.unit and {first.unit, second.unit} <= _APART):
            continue
        orders = {_order(first, second, in_order(quote.text, quote.language)) for quote in quotes} - {None}
        if orders == {False}:
            return second.text
    return ""


def _order(first: Quantity, second: Quantity, held: Sequence[Quantity]) -> bool | None:
    """Return whether *first* comes before *second* among those *held*; None when one of them is not there."""
    firsts = [place for place, quantity in enumerate(held) if holds([quantity], first)]
    seconds = [place for place, quantity in enumerate(held) if holds([quantity], second)]
    return firsts[0] <= seconds[-1] if firsts and seconds else None


def turned_limit(statement: str, language: Language, quotes: Sequence[Quote]) -> str:
    """Return an amount or a rate that was a ceiling, or held in the past, and is told as if it were neither."""
    limited, dated = bool(CEILING.search(statement)), tells_when(statement)
    for quantity in quantities(statement, language):
        holding = [quote for quote in quotes if holds(_quoted(quote.text, quote.language), quantity)]
        if quantity.unit not in _LIMITED or not holding:
            continue
        if not limited and all(_is_limited(quantity, quote) for quote in holding):
            return quantity.text
        if not dated and all(is_of_the_past(quote.text) for quote in holding):
            return quantity.text
    return ""


def _is_limited(quantity: Quantity, quote: Quote) -> bool:
    """Return whether *quote* calls the figure a ceiling: it is the next one after such words, or they follow it."""
    for mark in CEILING.finditer(quote.text):
        after = in_order(quote.text[mark.end() :], quote.language)
        if after and holds([after[0]], quantity):
            return True
        before = in_order(quote.text[max(0, mark.start() - _NEAR) : mark.start()], quote.language)
        if before and holds([before[-1]], quantity) and not after:
            return True
    return False


@lru_cache(maxsize=4096)
def _quoted(text: str, language: Language) -> tuple[Quantity, ...]:
    return quantities(text, language)


def _without_names(statement: str, names: Iterable[str]) -> str:
    """Return *statement* without the names that hold a year or a number: «Digital Wallonia 2025-2029» is no date."""
    for name in names:
        called = name.split(":")[0].split(" (")[0].strip()
        if any(sign.isdigit() for sign in called):
            statement = re.sub(rf"(?<!\w){re.escape(called)}(?!\w)", " ", statement, flags=re.IGNORECASE)
    return statement


# --- names -------------------------------------------------------------------------------------------------------

_TOKEN = re.compile(r"[^\W_]+(?:[.&+][^\W_]+)*")
_NEW_SENTENCE = re.compile(r"(?:^|[.!?:;«\"“„(\[•\n]|[-–—]\s)\s*$")
_QUARTER = re.compile(r"[qth][1-4](?=[\s/-]+(?:of\s+|van\s+)?20\d\d)", re.IGNORECASE)
_LESS = ("l", "d", "qu", "s", "n", "j", "c", "m", "t")

_SAME_NAMES = tuple(
    tuple(line.split())
    for line in """
    wallon walloon waals
    bruxell brussel
    flandre fland vlaander vlaam vlaams flamand flamisch flemish
    belg
    europ ue eu
    allemand duits deutsch german
    francais frans franzos french
    neerlandais nederlands niederland dutch
    anglais engels englisch english
    france frankrijk frankreich
    allemagne duitsland deutschland germany
    danemark denemarken danemark denmark
    suede zweden schweden sweden
    finlande finland finnland
    espagne spanje spanien spain
    liege luik luttich
    mons bergen
    namur namen
    louvain leuven lowen
    anvers antwerp
    gand gent ghent
    laeken laken
    ia ai ki
    it informatique informatica informatik
    pme kmo kmu sme smes mkb
    tva btw mwst vat
    pib bbp bip gdp
    rgpd gdpr avg dsgvo
    asbl vzw vog npo
    etp vte fte vza
    bce kbo zdu cbe
    feder efro efre erdf
    onss rsz lss nsso
    spf fod fps
    apd gba dsb dpa
    ibpt bipt
    r&d o&o f&e fue
    dri iid
    ria aia
    etats staten staaten states
    etat staat state lidstaat mitgliedstaat
    gouvernement regering regierung government
    conseil raad rat council
    parlement parlament parliament
    commission commissie kommission
    communaute gemeenschap gemeinschaft community
    federation federatie foderation
    region gewest
    union unie
    article artikel
    annexe bijlage anhang annex
    recommandation aanbeveling empfehlung recommendation
    reglement verordening verordnung regulation
    directive richtlijn richtlinie
    sante gezondheid gesundheit health
    """.strip().splitlines()
)
"""Names, abbreviations and words of titles that are one and the same in the four languages, folded; longer ones by
their beginning."""
_BEGINNING = 4


def proper_names(statement: str, language: Language) -> Iterator[str]:
    """Yield what is written as a name: acronyms, words with inner capitals or digits, capitals within a sentence.

    German writes every noun with a capital: there that says nothing.
    """
    for match in _TOKEN.finditer(statement):
        word, before = match.group(), statement[: match.start()]
        if (
            word.lower() in _LESS
            or word.lower() in _NO_NAMES
            or len(word) < 2
            or _QUARTER.match(statement, match.start())
        ):
            continue
        # What begins with a digit is a figure if it can be read as one, and else a name: no digit goes unseen.
        if word.isdecimal() or (word[0].isdecimal() and quantities(word, language)):
            continue
        marked = any(sign.isupper() for sign in word[1:]) or (
            any(sign.isdigit() for sign in word) and any(sign.isalpha() for sign in word)
        )
        capital = word[0].isupper() and language != "de" and not _NEW_SENTENCE.search(before)
        if marked or (capital and word.lower() not in STOP_WORDS[language]):
            yield word


_NO_NAMES = frozenset(MONTHS) | frozenset(
    {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "eur", "euro", "mio", "mrd"}
)
"""Written with a capital, in English or everywhere; months are read as dates."""


def _parts(text: str) -> list[str]:
    """Return the words of *text* as names are cut."""
    return _TOKEN.findall(text)


@lru_cache(maxsize=65_536)
def _group(name: str) -> int:
    """Return the number of the line of ``_SAME_NAMES`` that has *name*, or -1."""
    for number, names in enumerate(_SAME_NAMES):
        if any(name == each or (len(each) >= _BEGINNING and name.startswith(each)) for each in names):
            return number
    return -1


def folded_parts(text: str) -> frozenset[str]:
    """Return the words of *text* as names are cut, folded."""
    return frozenset(fold(word) for word in _parts(plain(text)))


def is_known_name(name: str, held: Collection[str]) -> bool:
    """Return whether a folded *name* is, in some form or language, among the folded words *held*."""
    return _is_held(name, held, "", acronym=False)


def _is_held(name: str, held: Collection[str], initials: str, *, acronym: bool) -> bool:
    """Return whether a folded *name* is among the *held* words in some form."""
    group = _group(name)
    if name in held or (group >= 0 and any(_group(other) == group for other in held)):
        return True
    if any(sign.isdigit() for sign in name):
        return False
    if acronym and len(name) > 2 and name in initials:
        return True
    return len(name) > 3 and any(other[:3] == name[:3] and ratio(name, other) >= CLOSE for other in held)

"""How far quotes bear out a statement in other words: features, and the probability that they give.

Words are compared by form, by meaning and by the glossary, so that a statement may be in another language than its
quote. What turns a sentence round (not, only, at most, unless …) is looked for in both.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.coefficients import coefficients
from bot.retrieval import Retriever
from ingest.analysis import content_words, terms
from ingest.documents import Language
from ingest.listing import read_list

HELD = 0.8
"""A match from which a word counts as said."""
NEAR = 0.6
"""Mean of cosine and likeness that a statement on the same thing nearly always has."""
GLOSSARY = 0.9
"""The match of two names of one concept of the glossary."""


@dataclass(frozen=True, slots=True)
class Support:
    """What speaks for and against a statement, each value between about 0 and 1."""

    said: float
    """Share of the statement's words, rare ones counting more, that the quotes say in some form."""
    alike: float
    """How alike its words are to those of the quotes at best, on average."""
    cosine: float
    """Of the statement and the nearest quote, or all quotes together."""
    strangest: float
    """How unlike anything quoted the strangest of its words is, rare ones counting more."""
    repeated: float
    """How much of the quotes the statement says: what is left out may be a condition."""
    foreign: float
    """1 where no quote is in the statement's language."""
    apart: float
    """How far words and meaning fall short of ``NEAR``: such a statement is about something else."""
    longer: float
    """Logarithm of the statement's words to those of the quotes, where it has more."""
    negated: float
    """1 where one of the two denies and the other does not."""
    recounted: float
    """1 where the two deny another number of times."""
    widened: float
    """Words that widen («all», «always», «also») that only the statement has."""
    unbound: float
    """Words that bind («only», «if», «unless», «at most») that only the quotes have."""
    bound: float
    """The same that only the statement has."""
    forced: float
    """1 where a duty is made of something else."""
    freed: float
    """1 where something else is made of a duty."""
    assured: float
    """Words of doubt or possibility that only the quotes have."""
    promised: float
    """Promises («free», «without interest», «refunded») that only the statement makes."""
    moved: float
    """Regions that only the statement names."""
    others: float
    """Kinds of people and firms that only the statement names."""
    turned: float
    """1 where an order is turned round: before and after, more and less, open and closed."""

    @property
    def probability(self) -> float:
        """How likely the quotes say what the statement says: a logistic model, fitted on labelled pairs."""
        fitted = coefficients("support")
        score = fitted["intercept"] + sum(
            fitted["weights"][field.name] * value for field, value in zip(fields(self), astuple(self), strict=True)
        )
        return float(1 / (1 + np.exp(-score)))


def threshold() -> float:
    """Return the probability from which a statement is shown."""
    return float(coefficients("support")["threshold"])


Texts = Sequence[tuple[str, Language]]


def weigh_support(
    retriever: Retriever, statement: str, language: Language, quotes: Texts, titles: Texts = ()
) -> Support:
    """Return the features of a *statement* that rests on *quotes*; *titles* are what their documents are called."""
    library, matcher = retriever.library, retriever.searcher.matcher
    own = list(dict.fromkeys(_spoken(statement, language)))
    quoted = list(dict.fromkeys(word for text, spoken in quotes for word in _spoken(text, spoken)))
    called = list(dict.fromkeys(word for text, spoken in titles for word in _spoken(text, spoken)))
    rare = retriever.rarity(dict.fromkeys(own, 1.0))
    rare /= rare.sum() or 1.0
    asked, held = matcher.asked(own), matcher.asked([*quoted, *called])
    hard, soft = matcher.compare(asked, held)
    others = other_words(retriever, (*quotes, *titles), language)
    same = np.array([in_other_words(word, language, others) for word in own], dtype=np.bool_)
    best = _highest(hard[:, : len(quoted)])
    best = np.where(same, np.maximum(best, GLOSSARY), best)
    near = np.maximum(_highest(soft[:, : len(quoted)]), best)
    by_title = _highest(hard[:, len(quoted) :]) > np.maximum(best, HELD)
    best, near = np.where(by_title, HELD + 0.05, best), np.where(by_title, np.maximum(near, HELD), near)
    back = _highest(hard[:, : len(quoted)].T)
    quoted_rare = retriever.rarity(dict.fromkeys(quoted, 1.0))
    texts = [statement, *(text for text, _ in quotes), " ".join(text for text, _ in quotes)]
    vectors = library.words_model.encode(texts)
    foreign = float(all(spoken != language for _, spoken in quotes))
    said, alike = float((best >= HELD) @ rare), float(near @ rare)
    cosine = float((vectors[1:] @ vectors[0]).max())
    mine, theirs = _signs(statement, language), _signs_of(quotes)
    return Support(
        said=said,
        alike=alike,
        cosine=cosine,
        strangest=float(((1 - near) * np.minimum(1.0, rare * max(1, len(own)))).max(initial=0.0)),
        repeated=float(back @ quoted_rare / (quoted_rare.sum() or 1.0)),
        foreign=foreign,
        apart=max(0.0, NEAR - (cosine + alike) / 2),
        longer=float(np.log(max(1.0, (1 + len(own)) / (1 + len(quoted))))),
        negated=float(bool(mine["not"]) != bool(theirs["not"])),
        recounted=float(mine["not"] != theirs["not"]),
        widened=_more(mine, theirs, "all", "also"),
        unbound=_more(theirs, mine, "only", "if", "most"),
        bound=_more(mine, theirs, "only", "if"),
        forced=_more(mine, theirs, "must"),
        freed=_more(theirs, mine, "must"),
        assured=_more(theirs, mine, "may", "doubt"),
        promised=_more(mine, theirs, "free"),
        moved=_more(mine, theirs, *_PLACES),
        others=_more(mine, theirs, *_PEOPLE),
        turned=_turned(mine, theirs),
    )


def _spoken(text: str, language: Language) -> list[str]:
    """Return the words that mean something, numbers left out: these are held against the quotes one by one."""
    return [word for word in content_words(text, language) if not word[0].isdigit()]


def _highest(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.asarray(scores.max(axis=1, initial=0.0), dtype=np.float64)


def other_words(retriever: Retriever, texts: Texts, language: Language) -> frozenset[str]:
    """Return the index terms in *language* by which the glossary names the concepts of *texts*."""
    glossary = retriever.searcher.glossary
    return frozenset(
        term
        for text, spoken in texts
        for term, share in glossary.others(terms(text, spoken), spoken, language).items()
        if share >= 0.5
    )


def in_other_words(word: str, language: Language, others: frozenset[str]) -> bool:
    """Return whether *word* names one of the concepts that ``other_words`` gave."""
    return not others.isdisjoint(terms(word, language))


# --- what turns a sentence round ---------------------------------------------------------------------------------

_OPPOSITES = (("before", "after"), ("more", "less"), ("open", "closed"))
_PLACES = ("wallonia", "belgium", "flanders", "brussels", "europe")
_PEOPLE = ("small", "large", "self-employed", "non-profit", "public", "start-up", "student")
_NOT_ONLY = r"\b(?:pas (?:que|seulement|uniquement)|niet (?:alleen|enkel)|nicht nur|not (?:only|just))\b"
_NO_MORE = r"\b(?:ne|n['’])\s?\w+ pas (?:\w+ )?plus d(?:e|['’])|\b(?:niet meer dan|nicht mehr als|not? more than)\b"
_NOTHING = r"\bne coûte\w* rien\b|\bkost(?:en)? niets\b|\bkoste[nt]? nichts\b|\bcosts? nothing\b"
_REWORDED = tuple(
    (re.compile(pattern, re.IGNORECASE), said)
    for pattern, said in ((_NOT_ONLY, " "), (_NO_MORE, " maximum "), (_NOTHING, " gratis "))
)
"""Denials that deny nothing, as what they say."""


@cache
def _patterns(language: Language) -> Mapping[str, re.Pattern[str]]:
    """Return for each kind of such words the pattern that finds them in *language*."""
    listed = read_list(Path(__file__).parent / "support.yaml")
    return {
        sign: re.compile(rf"(?<!\w)(?:{'|'.join(by_language[language].split('; '))})(?!\w)", re.IGNORECASE)
        for sign, by_language in listed.items()
    }


@lru_cache(maxsize=4096)
def _signs(text: str, language: Language) -> Mapping[str, int]:
    """Return how often each kind of word that turns a sentence round stands in *text*."""
    for pattern, said in _REWORDED:
        text = pattern.sub(said, text)
    return {sign: len(pattern.findall(text)) for sign, pattern in _patterns(language).items()}


def _signs_of(quotes: Texts) -> Mapping[str, int]:
    """Return the same for all quotes together."""
    found: Counter[str] = Counter()
    for text, language in quotes:
        found.update(_signs(text, language))
    return found


def _more(some: Mapping[str, int], others: Mapping[str, int], *signs: str) -> float:
    return float(sum(bool(some.get(sign)) and not others.get(sign) for sign in signs))


def _turned(mine: Mapping[str, int], theirs: Mapping[str, int]) -> float:
    """Return 1 where one side of a pair of opposites stands in the statement and the other in the quotes."""
    return float(
        any(
            (mine[one] and not mine[other] and theirs[other] and not theirs[one])
            or (mine[other] and not mine[one] and theirs[one] and not theirs[other])
            for one, other in _OPPOSITES
        )
    )

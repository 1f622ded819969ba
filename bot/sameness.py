"""Whether two questions ask the same, so that one answer serves both.

Meaning alone cannot tell: «until when» and «from when» lie nearer to each other than two ways to ask the price. So what
is asked for, of which programme, by whom, where, for which year, and whether it is negated has to be equal
(``sameness.yaml``); what is left is told by the cosine of the questions and by the words that the other one lacks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass, fields
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.matching import Asked, Forms
from bot.places import regions
from bot.retrieval import Retriever
from bot.verification import folded_parts, is_known_name, proper_names
from ingest.analysis import content_words, fold
from ingest.documents import Language
from ingest.embedding import StaticEmbedder, Vectors
from ingest.figures import Figure, figures
from ingest.listing import read_list

CALLED = 0.5
"""Weight from which a question calls a document by name."""
CLEARLY = 0.8
"""Weight from which a name may not be missing in the other question."""
NEARLY = 0.05
"""By how much less clearly than the clearest another document may be meant as well."""
MEANING = 0.5
"""Share of the cosine in the score; the words have the rest."""
LEAST_COSINE = 0.45
"""Under it two questions are not compared word by word: of 89 pairs that ask the same one lies lower."""
UNKNOWN = 6.0
"""Rarity (logarithm) from which a word that the other question lacks counts in full."""


@dataclass(frozen=True, slots=True)
class Points:
    """What has to be equal in two questions; read off the text alone, so that most pairs are told apart at once."""

    asked: str
    """What is asked for: ``price``, ``until``, …; nothing special is empty."""
    several: bool
    """Whether more than one thing is asked."""
    facets: frozenset[str]
    """Negation, tense, who asks, which Region."""
    figures: frozenset[Figure]
    places: frozenset[str]
    """Regions of the towns that are named, other than ours."""

    def apart(self, other: Points) -> str:
        """Return the name of the first point that differs, or nothing."""
        return next((f.name for f in fields(self) if getattr(self, f.name) != getattr(other, f.name)), "")


@dataclass(frozen=True, slots=True)
class Naming:
    """What documents a question calls by name, and how clearly."""

    all: frozenset[str]
    called: frozenset[str]
    clearest: frozenset[str]
    clearly: frozenset[str]

    @classmethod
    def of(cls, named: Mapping[str, float]) -> Naming:
        """Return the same of the weights that ``Names.named`` gives."""
        most = max(named.values(), default=0.0)
        called, clearest, clearly = (
            frozenset(document for document, weight in named.items() if weight >= least)
            for least in (CALLED, most - NEARLY, CLEARLY)
        )
        return cls(frozenset(named), called, clearest, clearly)

    def agrees(self, other: Naming) -> bool:
        """Return whether both may be about the same documents."""
        if not self.called or not other.called:
            return True  # a name in one language may be a plain word in the other: the words decide
        if self.clearest.isdisjoint(other.clearest):
            return False
        return self.clearly <= other.all and other.clearly <= self.all


@dataclass(frozen=True, slots=True, eq=False)
class Asking:
    """A question made ready to be compared with others."""

    text: str
    language: Language
    points: Points
    vector: Vectors
    naming: Naming
    called: Mapping[str, frozenset[str]]
    """The words by which it calls documents."""
    names: tuple[str, ...]
    """What is written as a proper name, folded."""
    held: frozenset[str]
    """All its words as names are cut, folded."""
    words: Asked
    """Its words that no point speaks of already."""
    groups: NDArray[np.int32]
    """Which words stand for one another; -1 for one that stands for itself."""
    rarity: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much alike two questions are, and what keeps them apart whatever the score."""

    score: float
    """Between 0 and 1."""
    cosine: float
    words: float
    apart: str = ""
    """``asked``, ``several``, ``facets``, ``figures``, ``places`` or ``programme``; empty when nothing does."""


@cache
def _data() -> dict[str, Any]:
    loaded: dict[str, Any] = read_list(Path(__file__).with_suffix(".yaml"))
    return loaded


@cache
def _patterns(part: str) -> dict[str, re.Pattern[str]]:
    return {name: re.compile("|".join(alternatives)) for name, alternatives in _data()[part].items()}


@cache
def _compiled(part: str, language: Language) -> re.Pattern[str]:
    return re.compile(_data()[part][language])


@cache
def _alike() -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(line.split()) for line in _data()["alike"])


@cache
def _empty() -> tuple[tuple[str, ...], frozenset[str]]:
    return tuple(_data()["empty"].split()), frozenset(_data()["empty_words"].split())


def points(question: str, language: Language) -> Points:
    """Return what has to be equal in a question that asks the same as *question*."""
    text = re.sub(r"[’ʼ`´]", "'", fold(question))
    asked = next((name for name, pattern in _patterns("asked").items() if pattern.search(text)), "")
    facets = {name for name, pattern in _patterns("facets").items() if pattern.search(text)}
    if _compiled("past", language).search(text):
        facets.add("past")
    several = len(_compiled("interrogatives", language).findall(text)) > 1
    places = regions(question) - {"wallonia"}
    return Points(asked, several, frozenset(facets), frozenset(figures(question, language)), places)


def asking(question: str, language: Language, of: Points, vector: Vectors, retriever: Retriever) -> Asking:
    """Return *question*, whose points are *of*, made ready; *vector* is its meaning by the bundled model."""
    searcher = retriever.searcher
    called = searcher.names.calling(question)
    kept = {word for words in called.values() for word in words}
    mended = content_words(searcher.speller.mend(question, language), language)
    spoken = dict.fromkeys((word for word in mended if word in kept or not _settled(word)), 1.0)
    return Asking(
        question, language, of, vector, Naming.of(searcher.names.named(question)), called,
        tuple(fold(name) for name in proper_names(question, language)), folded_parts(question),
        _asked(tuple(spoken), retriever), np.array([_group(word) for word in spoken], dtype=np.int32),
        retriever.rarity(spoken),
    )  # fmt: skip


def _asked(spoken: tuple[str, ...], retriever: Retriever) -> Asked:
    """Return words made ready for matching; most are met again and again, and reading one costs more than the rest."""
    vectors = [_vector(word, retriever.library.words_model) for word in spoken]
    held = np.stack(vectors) if vectors else np.zeros((0, 1), dtype=np.float32)
    return Asked(spoken, np.full(len(spoken), -1, dtype=np.int32), held, Forms.of(spoken))


@lru_cache(maxsize=20_000)
def _vector(word: str, model: StaticEmbedder) -> Vectors:
    vector: Vectors = model.encode([word])[0]
    return vector


@lru_cache(maxsize=20_000)
def _settled(word: str) -> bool:
    """Return whether a word was looked at already, as what is asked for or as a facet, or names nothing."""
    beginnings, whole = _empty()
    if len(word) < 2 or word[0].isdigit() or word in whole or word.startswith(beginnings):
        return True
    return any(pattern.search(word) for part in ("asked", "facets") for pattern in _patterns(part).values())


@lru_cache(maxsize=20_000)
def _group(word: str) -> int:
    return next((number for number, beginnings in enumerate(_alike()) if word.startswith(beginnings)), -1)


def least_cosine(score: float) -> float:
    """Return the cosine under which no words bring two questions to *score*, or under which they are not compared."""
    return max(LEAST_COSINE, (score - (1 - MEANING)) / MEANING)


def compare(one: Asking, other: Asking, retriever: Retriever) -> Likeness:
    """Return how much alike two questions are."""
    cosine = float(one.vector @ other.vector)
    common = _common_words(one, other, retriever)
    apart = one.points.apart(other.points)
    if not apart and (not one.naming.agrees(other.naming) or _other_names(one, other)):
        apart = "programme"
    return Likeness(max(0.0, MEANING * cosine + (1 - MEANING) * common), cosine, common, apart)


def _other_names(one: Asking, other: Asking) -> bool:
    """Return whether each question holds a proper name that the other lacks: LUMI is not JUPITER."""
    return all(
        any(not is_known_name(name, whole.held) for name in part.names) for part, whole in ((one, other), (other, one))
    )


def _common_words(one: Asking, other: Asking, retriever: Retriever) -> float:
    """Return how well each question holds the words of the other: the worse of both ways.

    A single rare word that the other lacks tells another subject, however many words are common.
    """
    # What a document is called in one language may be nothing like its name in the other.
    shared = one.called.keys() & other.called.keys() if one.language != other.language else set()
    if len(one.words) and len(other.words):
        hard, soft = retriever.searcher.matcher.compare(one.words, other.words)
        scores = np.maximum(hard, soft)
        scores[(one.groups[:, None] == other.groups[None]) & (one.groups[:, None] >= 0)] = 1.0
        best = (scores.max(axis=1), scores.max(axis=0))
    else:
        best = (np.zeros(len(one.words), dtype=np.float32), np.zeros(len(other.words), dtype=np.float32))
    return min(_held(question, held, shared) for question, held in zip((one, other), best, strict=True))


def _held(question: Asking, best: NDArray[np.float32], shared: Set[str]) -> float:
    """Return how well the words of *question* are held, given how well each is at best."""
    called = {word for document in shared for word in question.called[document]}
    lacking = np.array(
        [0.0 if word in called else 1.0 - score for word, score in zip(question.words.words, best, strict=True)]
    )
    if not len(lacking):
        return 1.0
    return 1.0 - float((lacking * np.minimum(question.rarity / UNKNOWN, 1.0)).max())

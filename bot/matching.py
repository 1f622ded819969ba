"""Match single words by form and by meaning, across the four languages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.embedding import StaticEmbedder, Vectors
from ingest.lexicon import Lexicon, Numbers

Scores = NDArray[np.float32]

ALIKE = 0.7
"""A cosine below it is no match: single words of a static model are rarely quite unlike."""
RELATED = 0.9
"""The match of two forms of one word, or of a word and a compound that holds it."""
COMPOUND = 6
"""Letters that a word must have to count as a part of a longer one."""
_LONGEST = 12
"""Letters of a word that count when beginnings are compared."""


@dataclass(frozen=True, slots=True, eq=False)
class Forms:
    """How words are written, a row a word."""

    letters: NDArray[np.uint16]
    """The first letters, shape ``(n, 12)``, 0 after the end of a word."""
    lengths: NDArray[np.int32]
    figures: NDArray[np.bool_]
    """Whether a word begins with a digit."""

    @classmethod
    def of(cls, words: Sequence[str]) -> Forms:
        """Return the forms of *words*."""
        points = np.array(words, dtype=f"U{_LONGEST}").view(np.uint32).reshape(len(words), _LONGEST)
        lengths = np.fromiter(map(len, words), dtype=np.int32, count=len(words))
        figures = np.fromiter((word[:1].isdigit() for word in words), dtype=np.bool_, count=len(words))
        return cls(points.astype(np.uint16), lengths, figures)

    @property
    def beginnings(self) -> NDArray[np.uint64]:
        """The first four letters as one number."""
        return self.letters[:, :4].copy().view(np.uint64)[:, 0]

    def take(self, rows: Numbers) -> Forms:
        """Return the forms of some words."""
        return Forms(self.letters[rows], self.lengths[rows], self.figures[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """The words of a question, made ready for matching."""

    words: tuple[str, ...]
    numbers: Numbers
    """The number of each word in the lexicon, -1 for a word that no passage holds."""
    vectors: Vectors
    forms: Forms

    def __len__(self) -> int:
        return len(self.words)


class WordMatcher:
    """Says how well the words of a question match those of passages; the latter go by their numbers in the lexicon."""

    def __init__(self, model: StaticEmbedder, lexicon: Lexicon) -> None:
        """Take a *model* of words: a question asks for hundreds, too many for a transformer."""
        self._model = model
        self._lexicon = lexicon
        self._forms = Forms.of(lexicon.vocabulary)

    def asked(self, words: Iterable[str]) -> Asked:
        """Return words of a question made ready."""
        words = tuple(words)
        numbers = [-1 if (number := self._lexicon.number(word)) is None else number for word in words]
        return Asked(words, np.array(numbers, dtype=np.int32), self._model.encode(words), Forms.of(words))

    def alike(self, asked: Asked, known: Numbers) -> Scores:
        """Return the cosine of each pair of words, at least 0, shape ``(len(asked), len(known))``; 1 for the same."""
        scores = np.maximum(asked.vectors @ self._lexicon.vectors[known].T, 0.0)
        # A figure is like nothing but itself: 2025 is not 2026.
        scores[asked.forms.figures[:, None] | self._forms.figures[known][None]] = 0.0
        scores[asked.numbers[:, None] == known[None]] = 1.0
        return np.asarray(scores, dtype=np.float32)

    def matches(self, asked: Asked, known: Numbers) -> Scores:
        """Return how well each pair matches, 0 to 1, shape ``(len(asked), len(known))``.

        1 for the same word, ``RELATED`` for its other forms and its compounds, less for a word of like meaning.
        """
        words = [self._lexicon.vocabulary[number] for number in known]
        same = asked.numbers[:, None] == known[None]
        return _by_form(self.alike(asked, known), same, asked, words, self._forms.take(known))

    def compare(self, asked: Asked, held: Asked) -> tuple[Scores, Scores]:
        """Return ``matches`` and ``alike`` of two texts' words, whether the library holds them or not."""
        same = np.array(asked.words, dtype=object)[:, None] == np.array(held.words, dtype=object)[None]
        alike = np.maximum(asked.vectors @ held.vectors.T, 0.0)
        alike[asked.forms.figures[:, None] | held.forms.figures[None]] = 0.0
        alike[same] = 1.0
        return _by_form(alike, same, asked, held.words, held.forms), alike

    def best(self, asked: Asked, texts: Sequence[Numbers], *, soft: bool = False) -> Scores:
        """Return how well each text holds each asked word at best, shape ``(len(texts), len(asked))``.

        By ``alike`` when *soft*, else by ``matches`` (late interaction: Khattab and Zaharia, ColBERT, 2020).
        """
        result = np.zeros((len(texts), len(asked)), dtype=np.float32)
        held = [(row, text) for row, text in enumerate(texts) if len(text)]
        if not held or not len(asked):
            return result
        flat = np.concatenate([text for _, text in held])
        known, places = np.unique(flat, return_inverse=True)
        scores = (self.alike if soft else self.matches)(asked, known.astype(np.int32))
        starts = np.cumsum([0, *(len(text) for _, text in held[:-1])])
        result[[row for row, _ in held]] = np.maximum.reduceat(scores[:, places], starts, axis=1).T
        return result


def _by_form(alike: Scores, same: NDArray[np.bool_], asked: Asked, words: Sequence[str], forms: Forms) -> Scores:
    """Return how well each pair of words matches, from how *alike* they are and how they are written."""
    scores: Scores = np.maximum((alike - ALIKE) / (1 - ALIKE), 0.0)
    scores[~same] *= RELATED
    shorter = np.minimum(asked.forms.lengths[:, None], forms.lengths[None])
    longer = np.maximum(asked.forms.lengths[:, None], forms.lengths[None])
    figures = asked.forms.figures[:, None] | forms.figures[None]
    begins = (asked.forms.beginnings[:, None] == forms.beginnings[None]) & ~figures
    rows, columns = np.nonzero(begins & (shorter >= 4) & (longer - shorter <= 3) & ~same)
    common = np.clip(np.minimum(shorter, np.maximum(4, shorter - 2)), 4, _LONGEST)[rows, columns]
    unlike = asked.forms.letters[rows] != forms.letters[columns]
    first_unlike = np.where(unlike.any(axis=1), unlike.argmax(axis=1), _LONGEST)
    related = first_unlike >= common
    rows, columns = rows[related], columns[related]
    scores[rows, columns] = np.maximum(scores[rows, columns], RELATED)
    _match_compounds(asked, words, scores)
    return scores


def _match_compounds(asked: Asked, words: Sequence[str], scores: Scores) -> None:
    """Raise the score of pairs of which one word stands in the other (``reifegrad``, ``reifegraddiagnose``)."""
    for row, word in enumerate(asked.words):
        if len(word) < COMPOUND or word[0].isdigit():
            continue
        for column, other in enumerate(words):
            if len(other) >= COMPOUND and (word in other or other in word) and scores[row, column] < RELATED:
                scores[row, column] = RELATED

"""Match single words by form and by meaning, across the four languages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from threading import RLock

import numpy as np
from numpy.typing import NDArray

from ingest.embedding import StaticEmbedder
from ingest.lexicon import Numbers

Scores = NDArray[np.float32]

ALIKE = 0.7
"""A cosine below it is no match: single words of a static model are rarely quite unlike."""
RELATED = 0.9
"""The match of two forms of one word, or of a word and a compound that holds it."""
COMPOUND = 6
"""Letters that a word must have to count as a part of a longer one."""
_LONGEST = 12
"""Letters of a word that count when beginnings are compared."""


class WordMatcher:
    """Says how well words match; remembers the vectors and the beginnings of words it has seen.

    Words have numbers. Those of a library's lexicon come first, so that its numbers can be used here as they are.
    """

    def __init__(self, model: StaticEmbedder, vocabulary: Sequence[str] = ()) -> None:
        """Take a *model* of words: a question asks for hundreds, too many for a transformer."""
        self._model = model
        # Questions are answered in threads, and new words make the arrays grow.
        self._lock = RLock()
        self._words = list(vocabulary)
        self._number = {word: number for number, word in enumerate(self._words)}
        self._beginnings: dict[str, int] = {}
        size = max(256, len(self._words))
        self._ready = np.zeros(size, dtype=bool)
        self._vectors = np.zeros((size, model.dimension), dtype=np.float16)
        self._starts = np.zeros((size, _LONGEST + 1), dtype=np.int32)
        self._lengths = np.zeros(size, dtype=np.int32)
        self._figures = np.zeros(size, dtype=bool)

    def numbers(self, words: Iterable[str]) -> Numbers:
        """Return the number of each word, giving new words one."""
        found = []
        with self._lock:
            for word in words:
                number = self._number.get(word)
                if number is None:
                    number = self._number[word] = len(self._words)
                    self._words.append(word)
                found.append(number)
        return np.array(found, dtype=np.int32)

    def alike(self, asked: Numbers, known: Numbers) -> Scores:
        """Return the cosine of each pair of words, at least 0, shape ``(len(asked), len(known))``; 1 for the same."""
        self._prepare(asked, known)
        cosines = self._vectors[asked].astype(np.float32) @ self._vectors[known].astype(np.float32).T
        scores = np.maximum(cosines, 0.0)
        # A figure is like nothing but itself: 2025 is not 2026.
        scores[self._figures[asked][:, None] | self._figures[known][None]] = 0.0
        scores[asked[:, None] == known[None]] = 1.0
        return np.asarray(scores, dtype=np.float32)

    def matches(self, asked: Numbers, known: Numbers) -> Scores:
        """Return how well each pair matches, 0 to 1, shape ``(len(asked), len(known))``.

        1 for the same word, ``RELATED`` for its other forms and its compounds, less for a word of like meaning.
        """
        scores: Scores = np.maximum((self.alike(asked, known) - ALIKE) / (1 - ALIKE), 0.0)
        same = asked[:, None] == known[None]
        scores[~same] *= RELATED
        long, short = self._lengths[asked][:, None], self._lengths[known][None]
        shorter = np.minimum(long, short)
        common = np.clip(np.minimum(shorter, np.maximum(4, shorter - 2)), 4, _LONGEST)
        figures = self._figures[asked][:, None] | self._figures[known][None]
        begins = (self._starts[asked][:, 4][:, None] == self._starts[known][:, 4][None]) & ~figures
        rows, columns = np.nonzero(begins & (shorter >= 4) & (np.abs(long - short) <= 3) & ~same)
        length = common[rows, columns]
        related = self._starts[asked[rows], length] == self._starts[known[columns], length]
        rows, columns = rows[related], columns[related]
        scores[rows, columns] = np.maximum(scores[rows, columns], RELATED)
        self._match_compounds(asked, known, scores)
        return scores

    def best(self, asked: Numbers, texts: Sequence[Numbers], *, soft: bool = False) -> Scores:
        """Return how well each text holds each asked word at best, shape ``(len(texts), len(asked))``.

        By ``alike`` when *soft*, else by ``matches`` (late interaction: Khattab and Zaharia, ColBERT, 2020).
        """
        result = np.zeros((len(texts), len(asked)), dtype=np.float32)
        held = [(row, text) for row, text in enumerate(texts) if len(text)]
        if not held or not len(asked):
            return result
        flat = np.concatenate([text for _, text in held])
        known, places = np.unique(flat, return_inverse=True)
        with self._lock:
            scores = (self.alike if soft else self.matches)(asked, known.astype(np.int32))
        starts = np.cumsum([0, *(len(text) for _, text in held[:-1])])
        result[[row for row, _ in held]] = np.maximum.reduceat(scores[:, places], starts, axis=1).T
        return result

    def _match_compounds(self, asked: Numbers, known: Numbers, scores: Scores) -> None:
        """Raise the score of pairs of which one word stands in the other (``reifegrad``, ``reifegraddiagnose``)."""
        words = [self._words[number] for number in known]
        for row, number in enumerate(asked):
            word = self._words[number]
            if len(word) < COMPOUND or word[0].isdigit():
                continue
            for column, other in enumerate(words):
                if len(other) >= COMPOUND and (word in other or other in word) and scores[row, column] < RELATED:
                    scores[row, column] = RELATED

    def _prepare(self, *groups: Numbers) -> None:
        """Work out vectors and beginnings of words that have none yet."""
        if len(self._words) > len(self._ready):
            self._grow(max(len(self._words), 2 * len(self._ready)))
        wanted = np.unique(np.concatenate(groups)) if groups else np.zeros(0, dtype=np.int32)
        new = wanted[~self._ready[wanted]]
        if not len(new):
            return
        words = [self._words[number] for number in new]
        self._vectors[new] = self._model.encode(words)
        self._ready[new] = True
        for number, word in zip(new, words, strict=True):
            self._lengths[number] = len(word)
            self._figures[number] = word[0].isdigit()
            for length in range(4, _LONGEST + 1):
                # A word that is too short begins like no other.
                beginning = word[:length] if length <= len(word) else f"{word}/{length}"
                self._starts[number, length] = self._beginnings.setdefault(beginning, len(self._beginnings))

    def _grow(self, size: int) -> None:
        for name in ("_ready", "_vectors", "_starts", "_lengths", "_figures"):
            old = getattr(self, name)
            new = np.zeros((size, *old.shape[1:]), dtype=old.dtype)
            new[: len(old)] = old
            setattr(self, name, new)

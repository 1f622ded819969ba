"""Match single words by form and by meaning, across the four languages."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ingest.analysis import STOP_WORDS, fold, words
from ingest.documents import Language
from ingest.embedding import StaticEmbedder, Vectors

ALIKE = 0.7
"""A cosine below it says nothing: single words of a static model are rarely quite unlike."""
COMPOUND = 6
"""Letters that a word must have to count as a part of a longer one."""
_CACHE = 50_000
_folded = lru_cache(_CACHE)(fold)


def content_words(text: str, language: Language) -> list[str]:
    """Return the words of *text* that mean something, folded, in reading order."""
    stop = STOP_WORDS[language]
    return [_folded(word) for word in words(text) if word not in stop]


class WordMatcher:
    """Says how well words match; remembers the vectors of words it has seen."""

    def __init__(self, model: StaticEmbedder) -> None:
        """Take a *model* of words: a question asks for hundreds, too many for a transformer."""
        self._model = model
        self._vectors: dict[str, Vectors] = {}

    def matches(self, asked: Sequence[str], texts: Sequence[Sequence[str]]) -> NDArray[np.float32]:
        """Return how well each text holds each asked word, 0 to 1, shape ``(len(texts), len(asked))``."""
        known = list(dict.fromkeys(word for text in texts for word in text))
        if not known or not asked:
            return np.zeros((len(texts), len(asked)), dtype=np.float32)
        place = {word: number for number, word in enumerate(known)}
        alike = self._encode(asked) @ self._encode(known).T
        scores = np.clip((alike - ALIKE) / (1 - ALIKE), 0.0, 1.0) * 0.9
        for row, word in enumerate(asked):
            start, digit = word[:4], word[0].isdigit()
            for column, other in enumerate(known):
                if word == other:
                    scores[row, column] = 1.0
                elif digit or other[0].isdigit():
                    scores[row, column] = 0.0
                elif (other[:4] == start or word in other or other in word) and _related(word, other):
                    scores[row, column] = max(scores[row, column], 0.9)
        result = np.zeros((len(texts), len(asked)), dtype=np.float32)
        for number, text in enumerate(texts):
            if text:
                result[number] = scores[:, [place[word] for word in text]].max(axis=1)
        return result

    def _encode(self, wanted: Sequence[str]) -> Vectors:
        new = [word for word in dict.fromkeys(wanted) if word not in self._vectors]
        if new:
            if len(self._vectors) > _CACHE:
                self._vectors.clear()
                new = list(dict.fromkeys(wanted))
            self._vectors.update(zip(new, self._model.encode(new), strict=True))
        return np.stack([self._vectors[word] for word in wanted])


def _related(word: str, other: str) -> bool:
    """Return whether one word is the stem or a part of the other (``reifegrad`` in ``reifegraddiagnose``)."""
    short, long = sorted((word, other), key=len)
    if len(short) >= COMPOUND and short in long:
        return True
    common = min(len(short), max(4, len(short) - 2))
    return len(short) >= 4 and word[:common] == other[:common] and len(long) - len(short) <= 3

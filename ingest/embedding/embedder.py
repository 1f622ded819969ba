"""The seam through which every embedding model passes, and what all of them do alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """What the library needs of an embedding model. Both ways of encoding give vectors of one space."""

    @property
    def name(self) -> str:
        """Model and revision, and whatever else decides a passage's vector: an index remembers it."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector a passage, shape ``(len(texts), dimension)``; a blank one gives the zero vector."""
        ...

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector a question, shape ``(len(texts), dimension)``; a blank one gives the zero vector."""
        ...


def unit(vectors: Vectors) -> Vectors:
    """Return *vectors* brought to length one, in place; a zero vector stays as it is."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    np.divide(vectors, lengths, out=vectors, where=lengths > 0)
    return vectors


def encode_said(texts: Sequence[str], dimension: int, encode: Callable[[list[str]], Vectors]) -> Vectors:
    """Return unit vectors of *texts*, of which *encode* is given those that say something.

    A transformer gives a blank text some vector, too; mixed into a question it would lead astray.
    """
    vectors = np.zeros((len(texts), dimension), dtype=np.float32)
    said = [number for number, text in enumerate(texts) if text.strip()]
    if said:
        vectors[said] = encode([texts[number] for number in said])
    return unit(vectors)

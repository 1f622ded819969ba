"""The nearest passages by meaning: Chroma, embedded, one collection a language (its ``where`` filter is linear)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ingest.documents import LANGUAGES, Language
from ingest.embedding import Vectors

_BATCH = 2_000


class VectorIndex:
    """Vectors of passages by id."""

    def __init__(self, folder: Path) -> None:
        import chromadb
        from chromadb.config import Settings as ChromaSettings

        # Any: the class that is promised has no «close», the one that comes has.
        self._client: Any = chromadb.PersistentClient(str(folder), settings=ChromaSettings(anonymized_telemetry=False))
        self._collections = {language: self._open(language) for language in LANGUAGES}
        self._sizes: dict[Language, int] = {}

    def _open(self, language: Language) -> Any:
        # embedding_function=None: Chroma must never fetch its own default model.
        return self._client.get_or_create_collection(
            f"passages-{language}", embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
        )

    def close(self) -> None:
        """Give back the memory and the files; nothing can be asked afterwards."""
        self._client.close()

    def count(self) -> int:
        """Return how many passages have a vector."""
        return sum(self._size(language) for language in LANGUAGES)

    def _size(self, language: Language) -> int:
        # Asking Chroma for its count takes as long as a search, and nothing else runs meanwhile.
        if language not in self._sizes:
            self._sizes[language] = self._collections[language].count()
        return self._sizes[language]

    def add(self, language: Language, ids: Sequence[str], vectors: Vectors) -> None:
        """Store the vectors of passages in *language*."""
        for start in range(0, len(ids), _BATCH):
            batch = slice(start, start + _BATCH)
            self._collections[language].upsert(ids=list(ids[batch]), embeddings=vectors[batch])
            self._sizes.pop(language, None)

    def remove(self, ids: Sequence[str]) -> None:
        """Forget passages; unknown ids are ignored."""
        for start in range(0, len(ids), _BATCH):
            for collection in self._collections.values():
                collection.delete(ids=list(ids[start : start + _BATCH]))
        self._sizes.clear()

    def clear(self) -> None:
        """Forget everything."""
        for language in LANGUAGES:
            self._client.delete_collection(f"passages-{language}")
            self._collections[language] = self._open(language)
        self._sizes.clear()

    def nearest(self, vector: Vectors, language: Language, limit: int) -> list[tuple[str, float]]:
        """Return up to *limit* pairs of passage id and cosine, nearest first, among passages in *language*."""
        collection = self._collections[language]
        if not vector.any() or not (count := self._size(language)):
            return []
        found = collection.query(query_embeddings=[vector], n_results=min(limit, count), include=["distances"])
        return [
            (id, 1.0 - float(distance)) for id, distance in zip(found["ids"][0], found["distances"][0], strict=True)
        ]

    def vectors(self, language: Language, ids: Sequence[str]) -> dict[str, Vectors]:
        """Return the stored vector of each known id."""
        if not ids:
            return {}
        found = self._collections[language].get(ids=list(ids), include=["embeddings"])
        return {
            id: np.asarray(vector, dtype=np.float32)
            for id, vector in zip(found["ids"], found["embeddings"], strict=True)
        }

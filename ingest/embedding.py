"""Texts in, vectors out: the seam through which every embedding model passes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ingest.errors import SettingsError

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """What the library needs of an embedding model."""

    @property
    def name(self) -> str:
        """Model and revision: an index remembers it."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector a text, shape ``(len(texts), dimension)``."""
        ...


class StaticEmbedder:
    """A static model in sentence-transformers format (``StaticEmbedding`` + ``Normalize``), read without torch.

    A text is the mean of the vectors of its tokens, of unit length; without a known token it is the zero vector.
    """

    LONGEST = 384
    """Tokens of a text that count."""

    def __init__(self, folder: Path) -> None:
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        try:
            self._table = next(iter(load_file(folder / "model.safetensors").values()))
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:
            raise SettingsError(f"{folder}: no static embedding model is there; correct GUICHET_EMBEDDING_MODEL") from (
                error
            )
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(self.LONGEST)
        unknown = self._tokenizer.token_to_id("[UNK]")
        self._unknown = -1 if unknown is None else unknown
        digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()[:12]
        self.name = f"{folder.name}@{digest}"

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """The whole words, folded, that have a vector of their own."""
        return frozenset(token for token in self._tokenizer.get_vocab() if token.isalnum())

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._table.shape[1])

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector a text, shape ``(len(texts), dimension)``, float32."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, encoding in enumerate(self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)):
            ids = [token for token in encoding.ids if token != self._unknown]
            if ids:
                vectors[row] = self._table[ids].astype(np.float32).mean(axis=0)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(np.divide(vectors, lengths, out=vectors, where=lengths > 0), dtype=np.float32)

"""Static models: a text is the mean of its tokens' vectors. Quick, small, and read without torch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.embedding.embedder import Vectors, unit
from ingest.errors import SettingsError

LONGEST = 384
"""Tokens of a text that count."""
_UNKNOWN = ("[UNK]", "<unk>")
_LAYOUTS = (("embedding.weight", "scale"), ("embeddings", "weights"))
"""Names of the table and, where there is one, of the factor of each row. sentence-transformers reads the second layout,
that of model2vec, in one byte a number."""


def is_static(folder: Path) -> bool:
    """Return whether *folder* holds a static model: all its weights are one table of vectors."""
    from safetensors import SafetensorError, safe_open

    try:
        if any(kind not in ("StaticEmbedding", "Normalize") for kind, _ in _modules(folder)):
            return False
        with safe_open(_weights_folder(folder) / "model.safetensors", framework="numpy") as weights:
            return any({table} <= set(weights.keys()) <= {table, scale} for table, scale in _LAYOUTS)
    except (OSError, ValueError, SafetensorError):
        return False


class StaticEmbedder:
    """A static model in sentence-transformers format (``StaticEmbedding`` + ``Normalize``), read without torch.

    A text is the mean of the vectors of its known tokens, of unit length; without one it is the zero vector.
    ``model.safetensors`` holds a table, shape ``(tokens, dimension)``, in float16, float32 or int8; with it may go one
    factor a row. The table stays in memory as it is stored.
    """

    def __init__(self, folder: str | Path) -> None:
        """Load the model; raises ``SettingsError`` when *folder* holds none."""
        self.folder = Path(folder).expanduser().resolve()
        try:
            place = _weights_folder(self.folder)
            self._table, self._scale = _read_table(place / "model.safetensors")
            self._tokenizer = _read_tokenizer(place / "tokenizer.json")
            with (place / "model.safetensors").open("rb") as file:
                revision = hashlib.file_digest(file, "sha256").hexdigest()[:12]
            if self._tokenizer.get_vocab_size() > len(self._table):
                raise ValueError("more tokens than rows")
        except Exception as error:  # tokenizers raises nothing more precise
            raise SettingsError(
                f"{folder}: no static embedding model is there; correct GUICHET_EMBEDDING_MODEL"
            ) from error
        known = (self._tokenizer.token_to_id(token) for token in _UNKNOWN)
        self._unknown = next((id for id in known if id is not None), -1)
        self.name = f"{self.folder.name}@{revision}"

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._table.shape[1])

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """The whole words, folded, that have a vector of their own."""
        return frozenset(token for token in self._tokenizer.get_vocab() if token.isalnum())

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector a text, shape ``(len(texts), dimension)``, float32."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        # Buffers that are used again: fresh memory for each text costs more than the sums. One multiplication a text
        # was quicker than sums over many texts at once (reduceat three times slower, a count matrix no quicker).
        stored = np.empty((LONGEST, self.dimension), dtype=self._table.dtype)
        wide = np.empty(stored.shape, dtype=np.float32)
        ones = np.ones(LONGEST, dtype=np.float32)
        for row, encoding in enumerate(self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)):
            ids = [token for token in encoding.ids if token != self._unknown]
            if ids:
                length = len(ids)
                # mode="clip": the default one copies; every id has a row, see above.
                self._table.take(ids, axis=0, out=stored[:length], mode="clip")
                wide[:length] = stored[:length]
                factors = ones[:length] if self._scale is None else self._scale[ids]
                # The sum points where the mean does.
                np.matmul(factors, wide[:length], out=vectors[row])
        return unit(vectors)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return the same as ``encode``: a mean of words has no use for a prompt."""
        return self.encode(texts)


def _modules(folder: Path) -> list[tuple[str, str]]:
    """Return class name and sub-folder of each part of the model; nothing where ``modules.json`` is missing."""
    path = folder / "modules.json"
    if not path.is_file():
        return []
    return [(entry["type"].rpartition(".")[2], entry["path"]) for entry in json.loads(path.read_text("utf-8"))]


def _weights_folder(folder: Path) -> Path:
    """Return where table and tokenizer lie: older releases of sentence-transformers give them a folder of their own."""
    return next((folder / place for kind, place in _modules(folder) if kind == "StaticEmbedding"), folder)


def _read_table(path: Path) -> tuple[NDArray[Any], NDArray[np.float32] | None]:
    """Return the table and, for each of its rows, the factor that its numbers are to be multiplied with."""
    from safetensors.numpy import load_file

    tensors = load_file(path)
    table_name, scale_name = next(names for names in _LAYOUTS if names[0] in tensors)
    table, scale = tensors[table_name], tensors.get(scale_name)
    if table.ndim != 2 or table.dtype not in (np.float16, np.float32, np.int8):
        raise ValueError("not a table of float16, float32 or int8")
    return table, None if scale is None else scale.astype(np.float32).reshape(len(table))


def _read_tokenizer(path: Path) -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.enable_truncation(LONGEST)
    return tokenizer

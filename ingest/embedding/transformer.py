"""Any model of sentence-transformers, by name or folder, through the extra ``guichet-ia[transformers]``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock

import numpy as np

from ingest.embedding.embedder import Vectors, encode_said
from ingest.embedding.hub import open_model
from ingest.embedding.prompts import Prompts

_BATCH = 32


class TransformerEmbedder:
    """A sentence-transformers model. A question and a passage are read after the prompts that the model wants."""

    def __init__(self, name: str, prompts: Prompts | None = None) -> None:
        """Load the model; raises ``SettingsError`` or ``ModelUnavailable`` when it cannot be had."""
        self._model, revision = open_model("SentenceTransformer", name, "GUICHET_EMBEDDING_MODEL")
        self._prompts = (prompts or Prompts()).or_those_of(self._model.prompts)
        folder = Path(name).expanduser()
        shown = folder.resolve().name if folder.is_dir() else name.partition("@")[0]
        self.name = self._prompts.named(f"{shown}@{revision}")
        # Two threads that use one tokenizer at a time break it («Already borrowed»), and torch has every core anyway.
        self._lock = Lock()
        self._dimension = len(self._model.encode_document(["guichet"], show_progress_bar=False)[0])

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._dimension

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector a passage, shape ``(len(texts), dimension)``, float32."""
        return self._encode(texts, self._model.encode_document, self._prompts.passage)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector a question, shape ``(len(texts), dimension)``, float32."""
        return self._encode(texts, self._model.encode_query, self._prompts.query)

    def _encode(self, texts: Sequence[str], encode: Callable[..., Vectors], prompt: str | None) -> Vectors:
        def vectors(said: list[str]) -> Vectors:
            with self._lock:
                found = encode(said, prompt=prompt or "", batch_size=_BATCH, show_progress_bar=False)
            return np.asarray(found, dtype=np.float32)

        return encode_said(texts, self._dimension, vectors)

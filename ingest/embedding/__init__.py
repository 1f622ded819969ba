"""Texts in, vectors out: a small room with one seam, ``Embedder``, and three kinds of model behind it."""

from ingest.embedding.embedder import Embedder, Vectors
from ingest.embedding.opening import open_embedder, open_words_model
from ingest.embedding.static import StaticEmbedder

__all__ = ["Embedder", "StaticEmbedder", "Vectors", "open_embedder", "open_words_model"]

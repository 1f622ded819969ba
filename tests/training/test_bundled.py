"""The bundled model is one artefact with two readers."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from ingest.embedding import StaticEmbedder
from training import sheets
from training.embedding import CORPUS

MODEL = Path(__file__).parents[2] / "ingest" / "model"


def test_both_readers_give_the_same_vectors() -> None:
    """With sentence-transformers the bundled model gives the vectors that the product computes without torch."""
    library = pytest.importorskip("sentence_transformers", reason="sentence-transformers is not installed")
    statements = [statement.text for sheet in sheets.read(CORPUS) for statement in sheet.statements]
    texts = [*random.Random(0).sample(statements, 200), "kmo", "subside", "KI-Beihilfe ☃ für KMU"]
    theirs = library.SentenceTransformer(str(MODEL), device="cpu").encode(texts)
    ours = StaticEmbedder(MODEL).encode(texts)
    assert (theirs * ours).sum(axis=1).min() >= 0.999

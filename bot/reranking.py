"""Look again at the best hits with a model that reads question and passage together (a cross-encoder)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from threading import Lock
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bot.answers import Hit
from ingest.embedding.hub import open_model
from ingest.errors import SettingsError
from ingest.settings import Settings

TOP = 20
"""Hits that are looked at again: a small cross-encoder takes some 30 ms for each on a processor."""
SHARE = 0.5
"""Of the reranker in the new order; the rest stays with the fusion, which knows names and languages."""

Scores = NDArray[np.float32]


class Reranker(Protocol):
    """What reranking needs of a model."""

    def scores(self, question: str, texts: Sequence[str]) -> Scores:
        """Return how well each text answers *question*, shape ``(len(texts),)``, higher is better, on any scale."""
        ...


class CrossEncoderReranker:
    """A cross-encoder of sentence-transformers, through the extra ``guichet-ia[transformers]``."""

    def __init__(self, name: str) -> None:
        """Load the model; raises ``SettingsError`` or ``ModelUnavailable`` when it cannot be had or is no reranker."""
        self._model: Any
        self._model, revision = open_model("CrossEncoder", name, "GUICHET_RERANKER")
        if self._model.num_labels != 1:
            raise SettingsError(
                f"GUICHET_RERANKER: {name} gives {self._model.num_labels} scores a text; give a model that gives one"
            )
        self.name = f"{name}@{revision}"
        # One tokenizer serves one thread at a time.
        self._lock = Lock()

    def scores(self, question: str, texts: Sequence[str]) -> Scores:
        """Return one score a text, shape ``(len(texts),)``, float32."""
        with self._lock:
            found = self._model.predict([(question, text) for text in texts], show_progress_bar=False)
        return np.asarray(found, dtype=np.float32)


def open_reranker(settings: Settings) -> Reranker | None:
    """Return the model that ``GUICHET_RERANKER`` names, if it names one."""
    return CrossEncoderReranker(settings.reranker) if settings.reranker else None


def rerank(reranker: Reranker | None, question: str, hits: Sequence[Hit]) -> list[Hit]:
    """Return *hits* with the first ``TOP`` in a new order, in which fusion and reranker count half each.

    The order is new, the scores are not: the best hit gets the best score that the fusion gave, and so on. What is
    judged by a score further on was calibrated on those of the fusion, and each reranker has a scale of its own.
    """
    top, rest = list(hits[:TOP]), list(hits[TOP:])
    if reranker is None or len(top) < 2:
        return [*top, *rest]
    scores = reranker.scores(question, [hit.passage.indexed_text for hit in top])
    fused = np.array([hit.score for hit in top], dtype=np.float32)
    mixed = SHARE * _spread(scores) + (1 - SHARE) * _spread(fused)
    order = np.argsort(-mixed, kind="stable")
    held = sorted((hit.score for hit in top), reverse=True)
    moved = [dataclasses.replace(top[place], score=score) for place, score in zip(order, held, strict=True)]
    return [*moved, *rest]


def _spread(scores: Scores) -> Scores:
    """Return *scores* brought to 0…1; all alike, they say nothing: 0."""
    low, high = float(scores.min()), float(scores.max())
    return (scores - low) / (high - low) if high > low else np.zeros_like(scores)

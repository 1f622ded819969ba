"""Find the passages that may answer a question: meaning and words, fused by score.

The fusion follows what was measured for static models: BM25 over its maximum, cosine brought to 0…1 over the
candidates, meaning weighing more when question and passage differ in language.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import yaml

from bot.answers import Hit
from bot.reranking import Reranker, rerank
from ingest.analysis import fold, terms, words
from ingest.documents import LANGUAGES, Language
from ingest.embedding import Vectors
from ingest.library import Library

CANDIDATES = 40
DENSE_WEIGHT_SAME = 0.35
DENSE_WEIGHT_OTHER = 0.65
NAME_BONUS = 0.35
"""Added to the score of a document that the question calls by its name."""


@dataclass(frozen=True, slots=True)
class Name:
    """A name or alias of a document, as folded words."""

    words: tuple[str, ...]
    document: str
    title: bool


class Retriever:
    """Finds passages of one library."""

    def __init__(self, library: Library, reranker: Reranker | None = None) -> None:
        self.library = library
        self.reranker = reranker
        self._named_generation = -1

    def find(self, question: str, language: Language, limit: int = 20, *, context: str = "") -> list[Hit]:
        """Return up to *limit* passages of any language, best first.

        *context* holds earlier turns that the question leans on; its words count half.
        """
        vector = self.embed(question, context)
        scored: dict[str, list[float]] = {}
        home: dict[str, Language] = {}
        for other in LANGUAGES:
            query = dict.fromkeys([*terms(question, language), *terms(question, other), *terms(context, other)])
            for id, cosine in self.library.vectors.nearest(vector, other, CANDIDATES):
                scored.setdefault(id, [0.0, 0.0])[0] = cosine
                home[id] = other
            for id, score in self.library.words.best(list(query), other, CANDIDATES):
                scored.setdefault(id, [0.0, 0.0])[1] = score
                home[id] = other
        if not scored:
            return []
        self._fill_cosines(scored, home, vector)
        return rerank(self.reranker, question, self._fuse(scored, home, language, limit))

    def embed(self, question: str, context: str = "") -> Vectors:
        """Return the unit vector of a question; what it leans on counts half."""
        question_vector, context_vector = self.library.embedder.encode_queries([question, context])
        mixed = question_vector + 0.5 * context_vector
        length = float(np.linalg.norm(mixed))
        return np.asarray(mixed / length if length else mixed, dtype=np.float32)

    def _fill_cosines(self, scored: dict[str, list[float]], home: dict[str, Language], vector: Vectors) -> None:
        for language in LANGUAGES:
            missing = [id for id, pair in scored.items() if not pair[0] and home[id] == language]
            for id, stored in self.library.vectors.vectors(language, missing).items():
                scored[id][0] = float(stored @ vector)

    def _fuse(
        self, scored: dict[str, list[float]], home: dict[str, Language], language: Language, limit: int
    ) -> list[Hit]:
        cosines = np.array([pair[0] for pair in scored.values()])
        low, high = float(cosines.mean()), float(cosines.max())
        most = max(pair[1] for pair in scored.values()) or 1.0
        fused = []
        for id, (cosine, bm25) in scored.items():
            dense = max(0.0, (cosine - low) / (high - low)) if high > low else 1.0
            weight = DENSE_WEIGHT_SAME if home[id] == language else DENSE_WEIGHT_OTHER
            fused.append((weight * dense + (1 - weight) * bm25 / most, id, max(0.0, cosine), bm25 / most))
        fused.sort(key=lambda entry: (-entry[0], entry[1]))
        passages = self.library.passages([id for _, id, _, _ in fused[:limit]])
        return [Hit(passages[id], score, cosine, bm25) for score, id, cosine, bm25 in fused[:limit] if id in passages]

    @cached_property
    def _names(self) -> dict[str, list[Name]]:
        """Names by their first word."""
        by_first: dict[str, list[Name]] = {}
        for info in self.library.documents.values():
            title = info.title.split(":")[0].split(" (")[0].strip()
            for number, name in enumerate((title, *info.names[1:])):
                folded = tuple(fold(word) for word in words(name))
                if folded and (len(folded) > 1 or len(folded[0]) > 3 or any(c.isupper() for c in name[1:])):
                    by_first.setdefault(folded[0], []).append(Name(folded, info.id, number == 0))
        held = {info.id for info in self.library.documents.values()}
        for entry in self._glossary.get("names", ()):
            folded = tuple(fold(word) for word in words(entry["name"]))
            for document in held.intersection(entry["documents"]):
                by_first.setdefault(folded[0], []).append(Name(folded, document, False))
        return by_first

    @cached_property
    def _glossary(self) -> dict[str, list[dict[str, Any]]]:
        """Abbreviations and former names of the starter corpus; empty where there is no glossary."""
        path = self.library.settings.corpus_dir / "glossary.yaml"
        entries: dict[str, list[dict[str, Any]]] = yaml.safe_load(path.read_text("utf-8")) if path.is_file() else {}
        return entries

    def named(self, question: str) -> dict[str, float]:
        """Return the documents that *question* calls by name, each with a weight: 1 for a name that says it all."""
        if self._named_generation != self.library.generation:
            for cached in ("_names", "_documents_with"):
                self.__dict__.pop(cached, None)
            self._named_generation = self.library.generation
        spoken = [fold(word) for word in words(question)]
        found: dict[str, float] = {}
        for position, word in enumerate(spoken):
            for name in self._names.get(word, ()):
                if tuple(spoken[position : position + len(name.words)]) == name.words:
                    weight = self._rarity(name.words) * (1.0 if name.title else 0.8)
                    found[name.document] = max(found.get(name.document, 0.0), weight)
        return found

    def without_names(self, question: str) -> str:
        """Return *question* without the proper names of documents: they say nothing about its language."""
        titles = {word for names in self._names.values() for name in names if name.title for word in name.words}
        kept = [
            word for word in question.split()
            if not (word[:1].isupper() and {fold(part) for part in words(word)} & titles)
        ]  # fmt: skip
        return " ".join(kept)

    def _rarity(self, name: tuple[str, ...]) -> float:
        """Return between 0 and 1 how little else the words of a name may mean: how few documents are called so."""
        rarest = min(self._documents_with.get(word, 1) for word in name)
        total = len({info.id for info in self.library.documents.values()})
        alone = 1 - math.log(rarest) / math.log(max(total, 2))
        return max(0.0, min(1.0, alone + 0.15 * (len(name) - 1)))

    @cached_property
    def _documents_with(self) -> dict[str, int]:
        """In how many documents' names each word stands."""
        held: dict[str, set[str]] = {}
        for names in self._names.values():
            for name in names:
                for word in name.words:
                    held.setdefault(word, set()).add(name.document)
        return {word: len(documents) for word, documents in held.items()}

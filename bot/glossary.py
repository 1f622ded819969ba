"""The hand-kept glossary: other words for what is asked, in four languages, and former names of programmes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from ingest.analysis import terms
from ingest.documents import LANGUAGES, Language
from ingest.listing import read_list

_Concept = Mapping[Language, tuple[tuple[str, ...], ...]]
"""By language, the index terms of each of its names."""


@dataclass(frozen=True, slots=True)
class Glossary:
    """Concepts by the first index term of their names, and former names with the documents that they mean now."""

    concepts: Mapping[Language, Mapping[str, Sequence[tuple[tuple[str, ...], _Concept]]]] = field(default_factory=dict)
    former: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    overview: str = ""
    """Id of the document that lists the aids; empty where none does."""

    @classmethod
    def read(cls, path: Path) -> Glossary:
        """Read ``glossary.yaml``; without that file, a glossary that knows nothing."""
        return _read(path, path.stat().st_mtime_ns) if path.is_file() else cls()

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Glossary:
        """Return the glossary of what stands in such a file."""
        concepts: dict[Language, dict[str, list[tuple[tuple[str, ...], _Concept]]]] = {la: {} for la in LANGUAGES}
        for entry in data.get("terms", ()):
            concept: _Concept = {
                language: tuple(dict.fromkeys(tuple(terms(name, language)) for name in entry.get(language, ())))
                for language in LANGUAGES
            }
            for language, names in concept.items():
                for name in names:
                    if name:
                        concepts[language].setdefault(name[0], []).append((name, concept))
        former = {entry["name"]: tuple(entry["documents"]) for entry in data.get("names", ())}
        return cls(concepts, former, str(data.get("overview") or ""))

    def others(self, question: Sequence[str], language: Language, other: Language) -> dict[str, float]:
        """Return the index terms in *other* of the concepts that a question names, each with its share.

        *question* holds index terms in *language*. The words of a name share the weight of one word.
        """
        found: dict[str, float] = {}
        by_first = self.concepts.get(language, {})
        for position, term in enumerate(question):
            for name, concept in by_first.get(term, ()):
                if tuple(question[position : position + len(name)]) != name:
                    continue
                for synonym in concept[other]:
                    for word in synonym:
                        found[word] = max(found.get(word, 0.0), 1 / len(synonym))
        return found


@lru_cache(maxsize=2)
def _read(path: Path, _written: int) -> Glossary:
    """Return the glossary in a file as it was *written*: each generation asks for it anew."""
    return Glossary.of(read_list(path))

"""What documents are called: which of them a question names, and how clearly."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from ingest.analysis import fold, words
from ingest.snapshot import DocumentInfo


@dataclass(frozen=True, slots=True)
class Name:
    """A name or alias of a document, as folded words."""

    words: tuple[str, ...]
    document: str
    title: bool


@lru_cache(maxsize=65_536)
def _folded(name: str) -> tuple[str, ...]:
    """Return the folded words of *name*; the names of documents are read again for each generation."""
    return tuple(fold(word) for word in words(name))


class Names:
    """The titles and aliases of documents, and the *former* names that a glossary gives (name → document ids)."""

    def __init__(self, documents: Iterable[DocumentInfo], former: Mapping[str, tuple[str, ...]]) -> None:
        self._documents = list(documents)
        self._former = former

    def named(self, question: str) -> dict[str, float]:
        """Return the documents that *question* calls by name, each with a weight: 1 for a name that says it all."""
        found: dict[str, float] = {}
        for name in self._spoken(question):
            weight = self._rarity(name.words) * (1.0 if name.title else 0.8)
            found[name.document] = max(found.get(name.document, 0.0), weight)
        return found

    def calling(self, question: str) -> dict[str, frozenset[str]]:
        """Return the folded words by which *question* calls each document that it names."""
        found: dict[str, frozenset[str]] = {}
        for name in self._spoken(question):
            found[name.document] = found.get(name.document, frozenset()) | set(name.words)
        return found

    def _spoken(self, question: str) -> Iterator[Name]:
        """Yield the names that stand in *question*."""
        spoken = [fold(word) for word in words(question)]
        for position, word in enumerate(spoken):
            for name in self._by_first_word.get(word, ()):
                if tuple(spoken[position : position + len(name.words)]) == name.words:
                    yield name

    def without(self, question: str) -> str:
        """Return *question* without the proper names of documents: they say nothing about its language."""
        kept = [
            word for word in question.split()
            if not (word[:1].isupper() and {fold(part) for part in words(word)} & self.title_words)
        ]  # fmt: skip
        return " ".join(kept)

    @cached_property
    def every_word(self) -> frozenset[str]:
        """Every folded word that stands in a title or an alias."""
        return frozenset(self._documents_with)

    @cached_property
    def title_words(self) -> frozenset[str]:
        """Every folded word that stands in a title."""
        return frozenset(
            word for names in self._by_first_word.values() for name in names if name.title for word in name.words
        )

    @cached_property
    def _by_first_word(self) -> dict[str, list[Name]]:
        found: dict[str, list[Name]] = {}
        for info in self._documents:
            title = info.title.split(":")[0].split(" (")[0].strip()
            for number, name in enumerate((title, *info.names[1:])):
                folded = _folded(name)
                if folded and (len(folded) > 1 or len(folded[0]) > 3 or any(c.isupper() for c in name[1:])):
                    found.setdefault(folded[0], []).append(Name(folded, info.id, number == 0))
        held = {info.id for info in self._documents}
        for name, documents in self._former.items():
            folded = _folded(name)
            for document in held.intersection(documents):
                found.setdefault(folded[0], []).append(Name(folded, document, False))
        return found

    def _rarity(self, name: tuple[str, ...]) -> float:
        """Return between 0 and 1 how little else the words of a name may mean: how few documents are called so."""
        rarest = min(self._documents_with.get(word, 1) for word in name)
        alone = 1 - math.log(rarest) / math.log(max(self._total, 2))
        return max(0.0, min(1.0, alone + 0.15 * (len(name) - 1)))

    @cached_property
    def _total(self) -> int:
        return len({info.id for info in self._documents})

    @cached_property
    def _documents_with(self) -> dict[str, int]:
        """In how many documents' names each word stands."""
        held: dict[str, set[str]] = {}
        for names in self._by_first_word.values():
            for name in names:
                for word in name.words:
                    held.setdefault(word, set()).add(name.document)
        return {word: len(documents) for word, documents in held.items()}

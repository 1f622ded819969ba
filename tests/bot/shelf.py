"""Documents as a snapshot shows them, without any index: for tests of what only reads passages."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.documents import LANGUAGES, Language, Passage, SourceDocument
from ingest.passages import split
from ingest.snapshot import DocumentInfo


class Shelf:
    """Some documents, each in one version; a genuine reading side, only small."""

    def __init__(self, *documents: SourceDocument, generation: int = 1, version: int = 1) -> None:
        self.generation = generation
        self._passages = {each.key: split(each, version=version) for each in documents}
        self.documents = {
            each.key: DocumentInfo(
                each.key, each.id, each.language, version, each.title, each.url, each.as_of, dict(each.meta)
            )
            for each in documents
        }

    def passages_of(self, keys: Sequence[str]) -> list[Passage]:
        """Return the passages of these documents."""
        return [passage for key in keys for passage in self._passages[key]]

    def passages(self, ids: Sequence[str]) -> dict[str, Passage]:
        """Return the passages with these ids; unknown ones are left out."""
        held = {passage.id: passage for each in self._passages.values() for passage in each}
        return {id: held[id] for id in ids if id in held}

    def key_of(self, id: str, language: Language) -> str | None:
        """Return the key of a document, in *language* if it has it."""
        return next((key for each in (language, *LANGUAGES) if (key := f"{each}/{id}") in self.documents), None)

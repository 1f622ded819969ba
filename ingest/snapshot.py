"""One generation of a library as readers see it: it never changes, and stays readable while the next one is made."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from ingest.cards import CardStore
from ingest.database import PassageRow
from ingest.documents import LANGUAGES, Language, Passage, Source, Span
from ingest.embedding import Embedder, StaticEmbedder
from ingest.indexes import Indexes
from ingest.lexicon import Lexicon
from ingest.pins import Pins
from ingest.receipts import Receipts
from ingest.settings import Settings
from ingest.usage import Usage
from ingest.vectors import VectorIndex
from ingest.words import WordIndex

CACHE = 20_000
"""Passages that are kept in memory once they were read."""


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """What the library knows of one language version of a document, without its text."""

    key: str
    id: str
    language: Language
    version: int
    title: str
    url: str | None
    as_of: str | None
    meta: dict[str, Any] = field(default_factory=dict)
    passages: int = 0
    revision: int = 0
    """The number of the revision that is served."""
    published_at: dt.datetime | None = None
    """Since when this revision is served, in UTC; none for a draft in a preview."""

    @property
    def names(self) -> tuple[str, ...]:
        """Title and aliases."""
        return (self.title, *self.meta.get("aliases", ()))

    @property
    def is_settled(self) -> bool:
        """Whether this is a stored version, which never changes; a draft in a preview has no version yet."""
        return self.revision > 0 and self.version > 0


class Passages:
    """The stored passages by id. A passage never changes, so that every generation may share what was read once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._read: dict[str, Passage] = {}

    def find(self, ids: Sequence[str]) -> dict[str, Passage]:
        """Return the passages with these ids; unknown ones are left out."""
        read = self._read
        unread = [id for id in ids if id not in read]
        if unread:
            if len(read) > CACHE:
                # A new cache, not an emptied one: another thread may be reading the old one.
                self._read = read = {id: found for id in ids if (found := read.get(id))}
            for passage in self.where(PassageRow.id.in_(unread)):
                read[passage.id] = passage
        return {id: found for id in ids if (found := read.get(id))}

    def of(self, revisions: Iterable[int]) -> Iterator[Passage]:
        """Yield the passages of these revisions, in no order."""
        numbers = list(revisions)
        # SQLite takes some thousand values in one statement.
        for start in range(0, len(numbers), 10_000):
            yield from self.where(PassageRow.revision.in_(numbers[start : start + 10_000]))

    def where(self, *conditions: Any) -> Iterator[Passage]:
        """Yield the passages that fulfil *conditions* on their rows."""
        with Session(self._engine) as session:
            rows = session.execute(select(PassageRow.id, PassageRow.text, PassageRow.data).where(*conditions))
            for id, text, data in rows:
                yield _to_passage(id, text, data)


class Snapshot:
    """One generation: its documents, its passages, its indexes; with the receipts, which belong to all generations."""

    def __init__(
        self,
        generation: int,
        documents: Mapping[str, DocumentInfo],
        indexes: Indexes,
        stored: Passages,
        *,
        settings: Settings,
        embedder: Embedder,
        words_model: StaticEmbedder,
        receipts: Receipts,
        usage: Usage,
        cards: CardStore,
        pins: Pins,
        unpublished: Mapping[str, Sequence[Passage]] | None = None,
    ) -> None:
        """*unpublished* are the passages of documents that are not in the database, by key: those of a preview."""
        self.generation = generation
        self.documents = dict(documents)
        self.indexes = indexes
        self.settings = settings
        self.embedder = embedder
        self.words_model = words_model
        self.receipts = receipts
        self.usage = usage
        self.cards = cards
        self.pins = pins
        self._stored = stored
        self._unpublished = dict(unpublished or {})
        self._by_id = {passage.id: passage for own in self._unpublished.values() for passage in own}

    @property
    def vectors(self) -> VectorIndex:
        """The passages by meaning."""
        return self.indexes.vectors

    @property
    def words(self) -> WordIndex:
        """The passages by words."""
        return self.indexes.words

    @property
    def lexicon(self) -> Lexicon:
        """Which words stand in which passage."""
        return self.indexes.lexicon

    def key_of(self, id: str, language: Language) -> str | None:
        """Return the key of a document in *language*, or else in the first language that it has."""
        return next((key for la in (language, *LANGUAGES) if (key := f"{la}/{id}") in self.documents), None)

    def passages(self, ids: Sequence[str]) -> dict[str, Passage]:
        """Return the passages with these ids, also those of earlier generations; unknown ones are left out."""
        if not self._by_id:
            return self._stored.find(ids)
        found = self._stored.find([id for id in ids if id not in self._by_id])
        found.update((id, self._by_id[id]) for id in ids if id in self._by_id)
        return found

    def passages_of(self, keys: Sequence[str]) -> list[Passage]:
        """Return the passages of the documents with these keys, in reading order."""
        stored = [
            self.documents[key].revision for key in keys if key in self.documents and key not in self._unpublished
        ]
        found = list(self._stored.of(stored)) if stored else []
        for key in keys:
            found.extend(self._unpublished.get(key, ()))
        return sorted(found, key=lambda passage: _position(passage.id))

    def count(self) -> int:
        """Return how many passages this generation holds."""
        return sum(info.passages for info in self.documents.values())


class Reading(Protocol):
    """What readers need of a library: a snapshot is one, a library is another, always at its newest generation."""

    @property
    def generation(self) -> int:
        """Counts the changes of the library."""

    @property
    def documents(self) -> dict[str, DocumentInfo]:
        """Every document by key."""

    @property
    def settings(self) -> Settings:
        """The settings in force."""

    @property
    def embedder(self) -> Embedder:
        """The model that embeds passages and questions."""

    @property
    def words_model(self) -> StaticEmbedder:
        """The bundled model, for single words."""

    @property
    def vectors(self) -> VectorIndex:
        """The passages by meaning."""

    @property
    def words(self) -> WordIndex:
        """The passages by words."""

    @property
    def lexicon(self) -> Lexicon:
        """Which words stand in which passage."""

    @property
    def receipts(self) -> Receipts:
        """The answers that were given."""

    @property
    def usage(self) -> Usage:
        """What was asked of language models."""

    @property
    def cards(self) -> CardStore:
        """What staff decided on the cards of programmes."""

    @property
    def pins(self) -> Pins:
        """The answers that staff has validated."""

    def key_of(self, id: str, language: Language) -> str | None:
        """Return the key of a document in *language*, or else in the first language that it has."""

    def passages(self, ids: Sequence[str]) -> dict[str, Passage]:
        """Return the passages with these ids; unknown ones are left out."""

    def passages_of(self, keys: Sequence[str]) -> list[Passage]:
        """Return the passages of the documents with these keys, in reading order."""

    def count(self) -> int:
        """Return how many passages there are."""


def passage_values(passage: Passage, revision: int) -> dict[str, Any]:
    """Return the row of a passage."""
    data = dataclasses.asdict(passage)
    text = data.pop("text")
    return {
        "id": data.pop("id"), "revision": revision, "document_key": passage.document_key,
        "language": passage.language, "text": text, "data": data,
    }  # fmt: skip


def _to_passage(id: str, text: str, data: dict[str, Any]) -> Passage:
    spans = tuple(Span(**{**span, "source": Source(**span["source"])}) for span in data["spans"])
    rest = {key: value for key, value in data.items() if key not in ("spans", "headings", "names")}
    return Passage(id=id, text=text, spans=spans, headings=tuple(data["headings"]), names=tuple(data["names"]), **rest)


def _position(passage_id: str) -> tuple[str, int]:
    key, _, number = passage_id.rpartition(":")
    return key, int(number)

"""A library: documents in, searchable passages out, owned by one process.

The database is the truth. Vectors and words are derived from it, carry its generation number, and are repaired on
opening when theirs differs.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from filelock import FileLock, Timeout
from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session
from threadpoolctl import threadpool_limits

from ingest.database import DocumentRow, PassageRow, StateRow, connect, now
from ingest.documents import LANGUAGES, Language, Passage, Source, SourceDocument, Span
from ingest.embedding import Embedder, StaticEmbedder, open_embedder, open_words_model
from ingest.errors import LibraryBusy, LibraryUnwritable, ModelMismatch, UnknownDocument, UnreadableFile
from ingest.lexicon import Lexicon
from ingest.originals import Originals, listed
from ingest.passages import split
from ingest.pins import Pins
from ingest.progress import Progress
from ingest.readers.sandbox import Sandbox
from ingest.receipts import Receipts
from ingest.report import DraftReport, Failure, Report
from ingest.settings import Settings
from ingest.usage import Usage
from ingest.vectors import VectorIndex
from ingest.words import WordIndex

FORMAT = "4"
"""The form of passages and indexes; another one in the data folder means that they are derived anew."""

CACHE = 20_000
"""Passages that are kept in memory once they were read."""
USAGE_KEPT = dt.timedelta(days=400)
"""A year of usage can be compared with the one before it ends."""


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

    @property
    def names(self) -> tuple[str, ...]:
        """Title and aliases."""
        return (self.title, *self.meta.get("aliases", ()))


@dataclass(frozen=True, slots=True)
class _Incoming:
    document: SourceDocument
    origin: str
    folder: str | None


class Library:
    """The documents of one data folder. Open it with ``with Library.open(settings) as library``."""

    def __init__(self, settings: Settings, embedder: Embedder, lock: FileLock) -> None:
        self.settings = settings
        self.embedder = embedder
        self._lock = lock
        folder = settings.data_dir
        self._engine = connect(folder / "guichet.sqlite")
        self._originals = Originals(folder / "originals", settings.max_file_megabytes)
        self._read: dict[str, Passage] = {}
        self._generation: int | None = None
        # A mark goes with its folder: an index that is deleted, and made empty on opening, must not pass for whole.
        self._marks = [folder / name / "generation" for name in ("chroma", "words", "lexicon")]

    @classmethod
    def open(cls, settings: Settings, embedder: Embedder | None = None, *, repair: bool = True) -> Self:
        """Take ownership of the data folder and mend what is derived; raises a ``GuichetError`` when that fails."""
        folder = settings.data_dir
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / ".writable").write_text("")
            (folder / ".writable").unlink(missing_ok=True)
        except OSError as error:
            raise LibraryUnwritable(
                f"{folder}: cannot write there ({error.strerror}); choose another folder with GUICHET_DATA_DIR"
            ) from error
        lock = FileLock(folder / "owner.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise LibraryBusy(
                f"{folder}: a running guichet owns this folder; stop it, or choose another with GUICHET_DATA_DIR"
            ) from error
        # The matrices here are small: a second thread of BLAS only spins against the threads that search.
        threadpool_limits(1, user_api="blas")
        try:
            library = cls(settings, embedder or open_embedder(settings), lock)
            if repair:
                library.repair()
        except BaseException:
            lock.release()
            raise
        return library

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the data folder back."""
        self._engine.dispose()
        self._lock.release()

    @cached_property
    def vectors(self) -> VectorIndex:
        """The passages by meaning; opened when first asked."""
        return VectorIndex(self.settings.data_dir / "chroma")

    @cached_property
    def words_model(self) -> StaticEmbedder:
        """The bundled model, for single words: there are many, and a transformer takes milliseconds for each."""
        return open_words_model(self.embedder)

    @cached_property
    def words(self) -> WordIndex:
        """The passages by words; opened when first asked."""
        return WordIndex(self.settings.data_dir / "words", self.words_model.vocabulary)

    @cached_property
    def lexicon(self) -> Lexicon:
        """Which words stand in which passage; opened when first asked."""
        return Lexicon(self.settings.data_dir / "lexicon", self.words_model)

    @cached_property
    def receipts(self) -> Receipts:
        """The answers that were given, and what readers thought of them."""
        return Receipts(self._engine, words=self.settings.question_days > 0)

    @cached_property
    def usage(self) -> Usage:
        """What was asked of language models."""
        return Usage(self._engine)

    @cached_property
    def pins(self) -> Pins:
        """The answers that staff has validated."""
        return Pins(self._engine)

    def expire(self) -> None:
        """Let go of what was kept long enough: when a bot is opened, and once a day while it runs."""
        present = now()
        self.receipts.purge(present - dt.timedelta(days=self.settings.question_days))
        self.usage.purge(present.date() - USAGE_KEPT)

    # --- what is there -------------------------------------------------------------------------------------------

    @property
    def generation(self) -> int:
        """Counts the changes of the library."""
        # One process owns the library, and every step of an answer asks for it: it is read once.
        if self._generation is None:
            self._generation = int(self._state("generation") or 0)
        return self._generation

    @cached_property
    def documents(self) -> dict[str, DocumentInfo]:
        """Every document by key."""
        with Session(self._engine) as session:
            rows = session.scalars(select(DocumentRow).order_by(DocumentRow.id, DocumentRow.language)).all()
            counted = select(PassageRow.document_key, func.count()).group_by(PassageRow.document_key)
            sizes = dict(session.execute(counted).tuples().all())
        return {
            row.key: DocumentInfo(
                row.key, row.id, row.language, row.version, row.title, row.url, row.as_of, row.meta,  # type: ignore[arg-type]
                sizes.get(row.key, 0),
            )
            for row in rows
        }  # fmt: skip

    def key_of(self, id: str, language: Language) -> str | None:
        """Return the key of a document in *language*, or else in the first language that it has."""
        return next((key for la in (language, *LANGUAGES) if (key := f"{la}/{id}") in self.documents), None)

    def passages(self, ids: Sequence[str]) -> dict[str, Passage]:
        """Return the passages with these ids; unknown ones are left out."""
        unread = [id for id in ids if id not in self._read]
        if unread:
            if len(self._read) > CACHE:
                self._read.clear()
                unread = list(ids)
            self._read.update((passage.id, passage) for passage in self._passages(PassageRow.id.in_(unread)))
        return {id: self._read[id] for id in ids if id in self._read}

    def passages_of(self, keys: Sequence[str]) -> list[Passage]:
        """Return the passages of the documents with these keys, in reading order."""
        return sorted(self._passages(PassageRow.document_key.in_(keys)), key=lambda passage: _position(passage.id))

    def _passages(self, *conditions: Any) -> Iterator[Passage]:
        with Session(self._engine) as session:
            for id, text, data in session.execute(
                select(PassageRow.id, PassageRow.text, PassageRow.data).where(*conditions)
            ):
                yield _to_passage(id, text, data)

    def count(self) -> int:
        """Return how many passages the library holds."""
        with Session(self._engine) as session:
            return session.scalar(select(func.count()).select_from(PassageRow)) or 0

    # --- changing it ---------------------------------------------------------------------------------------------

    def add(self, paths: Iterable[Path], progress: Progress | None = None) -> Report:
        """Take in files and folders. A folder is compared with what it held: what went is removed."""
        report = DraftReport()
        files = list(listed(paths, report))
        seen_folders = {folder for _, folder in files if folder} | report.folders
        known = self._known()
        incoming: list[_Incoming] = []
        with Sandbox(self.settings) as sandbox:
            for number, (path, folder) in enumerate(files, start=1):
                origin = str(path)
                keys = known.get(origin, {})
                try:
                    digest = hashlib.sha256(self._originals.read(path)).hexdigest()
                    if keys and all(held == digest for held in keys.values()):
                        report.unchanged.extend(keys)
                    else:
                        self._originals.keep(path, digest)
                        incoming.append(_Incoming(sandbox.read(path), origin, folder))
                        report.warnings.extend(incoming[-1].document.warnings)
                except UnreadableFile as error:
                    # What could be read before stays in service; the report says what to mend.
                    report.failed.append(Failure(origin, error.kind, str(error)))
                if progress:
                    progress("read", number, len(files))
        origins = {str(path) for path, _ in files}
        served = {key: origin for origin, held in known.items() if origin in origins for key in held}
        incoming = _without_doubles(incoming, served, report)
        gone = [key for key, origin, folder in self._places() if folder in seen_folders and origin not in origins]
        return self._store(incoming, gone, report, progress)

    def add_documents(self, documents: Iterable[SourceDocument], progress: Progress | None = None) -> Report:
        """Take in documents that were read elsewhere."""
        report = DraftReport()
        held = {key: digest for digests in self._known().values() for key, digest in digests.items()}
        incoming = []
        for document in documents:
            digest = document.digest or hashlib.sha256(repr(document).encode()).hexdigest()
            if held.get(document.key) == digest:
                report.unchanged.append(document.key)
            else:
                incoming.append(_Incoming(dataclasses.replace(document, digest=digest), document.key, None))
        return self._store(_without_doubles(incoming, {}, report), [], report, progress)

    def remove(self, ids: Iterable[str]) -> Report:
        """Remove documents by id (every language) or by key (``fr/start-ia``)."""
        keys: list[str] = []
        for id in ids:
            found = [key for key, info in self.documents.items() if id in (key, info.id)]
            if not found:
                raise UnknownDocument(f"{id}: no document has this id; `python -m ingest list` shows them all")
            keys.extend(found)
        return self._store([], keys, DraftReport(), None)

    def _store(
        self, incoming: list[_Incoming], gone: list[str], report: DraftReport, progress: Progress | None
    ) -> Report:
        if not incoming and not gone:
            return report.frozen()
        self._mark_derived(-1)
        removed: list[str] = []
        passages: list[Passage] = []
        with Session(self._engine) as session, session.begin():
            versions = dict(session.execute(select(DocumentRow.key, DocumentRow.version)).tuples().all())
            # A file whose id changed leaves its old document behind: it goes.
            origins = {entry.origin for entry in incoming}
            stale = session.scalars(select(DocumentRow.key).where(DocumentRow.origin.in_(origins))).all()
            new_keys = {entry.document.key for entry in incoming}
            gone = [key for key in dict.fromkeys([*gone, *stale]) if key not in new_keys]
            touched = [*gone, *(key for key in new_keys if key in versions)]
            for key in touched:
                removed.extend(session.scalars(select(PassageRow.id).where(PassageRow.document_key == key)))
                session.execute(delete(PassageRow).where(PassageRow.document_key == key))
                session.execute(delete(DocumentRow).where(DocumentRow.key == key))
            for entry in incoming:
                key = entry.document.key
                version = versions.get(key, 0) + 1
                (report.replaced if key in versions else report.added).append(key)
                cut = split(entry.document, version=version)
                session.execute(insert(DocumentRow).values(**_document_values(entry, version)))
                if cut:
                    session.execute(insert(PassageRow), [_passage_values(passage) for passage in cut])
                passages.extend(cut)
            report.removed.extend(gone)
            generation = int(session.scalar(select(StateRow.value).where(StateRow.name == "generation")) or 0) + 1
            session.merge(StateRow(name="generation", value=str(generation)))
            self._remember_model(session)
        self._derive(passages, removed, progress)
        self._mark_derived(generation)
        self._generation = generation
        self.__dict__.pop("documents", None)
        self._read.clear()
        return report.frozen()

    # --- what is derived -----------------------------------------------------------------------------------------

    def repair(self, progress: Progress | None = None) -> bool:
        """Derive vectors and words anew when they do not fit the database; return whether that was needed."""
        if mismatch := self._mismatch():
            raise ModelMismatch(f"{self.settings.data_dir}: {mismatch}; run `python -m ingest rebuild`")
        if self._state("format") in (None, FORMAT) and (self._derived_fits() or not self.generation):
            return False
        self.rebuild(progress)
        return True

    def rebuild(self, progress: Progress | None = None) -> None:
        """Derive vectors and words anew from the database, with the model that is set."""
        self._mark_derived(-1)
        # The model first, the marks last: what is interrupted in between is made again with the same model.
        with Session(self._engine) as session, session.begin():
            self._remember_model(session)
        self.vectors.clear()
        self.words.clear()
        self.lexicon.clear()
        self._derive(list(self._passages()), [], progress)
        self._mark_derived(self.generation)

    def check(self) -> list[str]:
        """Return what is wrong, one sentence each; an empty list means that all three stores agree."""
        problems = []
        if mismatch := self._mismatch():
            problems.append(f"{mismatch[0].upper()}{mismatch[1:]}; run `python -m ingest rebuild`.")
        counts = {
            "database": self.count(), "vectors": self.vectors.count(), "words": self.words.count(),
            "lexicon": self.lexicon.count(),
        }  # fmt: skip
        if len(set(counts.values())) > 1:
            listed = ", ".join(f"{name} {count}" for name, count in counts.items())
            problems.append(
                f"The stores hold different numbers of passages ({listed}); run `python -m ingest rebuild`."
            )
        if self.generation and not self._derived_fits():
            problems.append("The indexes are of another generation than the database; run `python -m ingest rebuild`.")
        for info in self.documents.values():
            review = info.meta.get("review_by")
            if review and review < self.settings.current_date().isoformat():
                problems.append(f"{info.key}: was to be reviewed by {review}.")
        with Session(self._engine) as session:
            for key, warnings in session.execute(select(DocumentRow.key, DocumentRow.warnings)).tuples():
                problems.extend(f"{key}: {warning}." for warning in warnings)
        return problems

    def _derive(self, passages: list[Passage], removed: list[str], progress: Progress | None) -> None:
        self.words.update(passages, removed)
        self.lexicon.update(passages, removed)
        if removed:
            self.vectors.remove(removed)
        done = 0
        for language in LANGUAGES:
            group = [passage for passage in passages if passage.language == language]
            for start in range(0, len(group), 1_000):
                batch = group[start : start + 1_000]
                vectors = self.embedder.encode([passage.indexed_text for passage in batch])
                self.vectors.add(language, [passage.id for passage in batch], vectors)
                done += len(batch)
                if progress:
                    progress("index", done, len(passages))

    def _remember_model(self, session: Session) -> None:
        session.merge(StateRow(name="model", value=self.embedder.name))
        session.merge(StateRow(name="dimension", value=str(self.embedder.dimension)))
        session.merge(StateRow(name="format", value=FORMAT))

    def _mismatch(self) -> str | None:
        """Return in which way the index is of another model than the one that is set, if it is."""
        model, dimension = self._state("model"), self._state("dimension")
        if model and model != self.embedder.name:
            return f"the index was made with the model {model}, not {self.embedder.name}"
        if dimension and dimension != str(self.embedder.dimension):
            return f"the index holds vectors of {dimension} numbers, not {self.embedder.dimension}"
        return None

    def _mark_derived(self, generation: int) -> None:
        """Note which generation of the database vectors and words stand for; -1 while they are being written."""
        for mark in self._marks:
            mark.parent.mkdir(exist_ok=True)
            mark.write_text(str(generation))

    def _derived_fits(self) -> bool:
        generation = str(self.generation)
        return all(mark.is_file() and mark.read_text() == generation for mark in self._marks)

    # --- small parts ---------------------------------------------------------------------------------------------

    def _state(self, name: str) -> str | None:
        with Session(self._engine) as session:
            return session.scalar(select(StateRow.value).where(StateRow.name == name))

    def _known(self) -> dict[str, dict[str, str]]:
        known: dict[str, dict[str, str]] = {}
        with Session(self._engine) as session:
            for origin, key, digest in session.execute(
                select(DocumentRow.origin, DocumentRow.key, DocumentRow.digest)
            ).tuples():
                known.setdefault(origin, {})[key] = digest
        return known

    def _places(self) -> list[tuple[str, str, str | None]]:
        with Session(self._engine) as session:
            found = session.execute(select(DocumentRow.key, DocumentRow.origin, DocumentRow.folder)).tuples()
            return [(key, origin, folder) for key, origin, folder in found]


def _position(passage_id: str) -> tuple[str, int]:
    key, _, number = passage_id.rpartition(":")
    return key, int(number)


def _without_doubles(incoming: list[_Incoming], served: dict[str, str], report: DraftReport) -> list[_Incoming]:
    """Keep one file of each document key; any other is a failure that names both.

    The file that is *served* (origin by key) keeps its place, or else files of one id would take turns.
    """
    files = {entry.origin: entry.document.key for entry in incoming}
    owners = {key: origin for key, origin in served.items() if files.get(origin, key) == key}
    kept = []
    for entry in incoming:
        owner = owners.setdefault(entry.document.key, entry.origin)
        if owner == entry.origin:
            kept.append(entry)
            continue
        message = (
            f"{Path(entry.origin).name}: has the same id and language ({entry.document.key}) as "
            f"{Path(owner).name}; give it another id"
        )
        report.failed.append(Failure(entry.origin, "same_id", message))
    return kept


def _document_values(entry: _Incoming, version: int) -> dict[str, Any]:
    document = entry.document
    return {
        "key": document.key, "id": document.id, "language": document.language, "version": version,
        "title": document.title, "origin": entry.origin, "folder": entry.folder, "digest": document.digest,
        "url": document.url, "as_of": document.as_of, "meta": dict(document.meta),
        "warnings": list(document.warnings), "pages": len(document.pages), "added_at": now(),
    }  # fmt: skip


def _passage_values(passage: Passage) -> dict[str, Any]:
    data = dataclasses.asdict(passage)
    text = data.pop("text")
    return {
        "id": data.pop("id"), "document_key": passage.document_key, "language": passage.language, "text": text,
        "data": data,
    }  # fmt: skip


def _to_passage(id: str, text: str, data: dict[str, Any]) -> Passage:
    spans = tuple(Span(**{**span, "source": Source(**span["source"])}) for span in data["spans"])
    rest = {key: value for key, value in data.items() if key not in ("spans", "headings", "names")}
    return Passage(id=id, text=text, spans=spans, headings=tuple(data["headings"]), names=tuple(data["names"]), **rest)

"""A library: documents in, searchable passages out, owned by one process.

The database is the truth: it holds every revision of every document. The indexes are derived from it, a generation in a
folder of its own; a change builds the next generation beside the present one and makes it the present one in the
transaction that changes the documents. What is interrupted before leaves nothing behind.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from threadpoolctl import threadpool_limits

from ingest import serving
from ingest.cards import CardStore
from ingest.database import RevisionRow, StateRow, connect, now
from ingest.documents import Language, Passage, SourceDocument
from ingest.embedding import Embedder, StaticEmbedder, open_embedder, open_words_model
from ingest.errors import LibraryBusy, LibraryUnwritable, ModelMismatch, UnknownDocument
from ingest.folders import read_in
from ingest.indexes import Indexes
from ingest.journal import COMMAND_LINE, GUICHET, Journal
from ingest.lexicon import Lexicon
from ingest.manners import in_pieces, standing_back
from ingest.originals import Originals
from ingest.passages import split
from ingest.pins import Pins
from ingest.progress import Progress
from ingest.readers.sandbox import Sandbox
from ingest.receipts import Receipts
from ingest.report import DraftReport, Report
from ingest.revisions import PUBLISHABLE, Revisions, WrongState
from ingest.serving import Arrival, without_doubles
from ingest.settings import Settings
from ingest.snapshot import DocumentInfo, Passages, Snapshot, position
from ingest.usage import Usage
from ingest.vectors import VectorIndex
from ingest.words import WordIndex

FORMAT = "5"
"""The form of passages and indexes; another one in the data folder means that the indexes are derived anew."""
USAGE_KEPT = dt.timedelta(days=400)
"""A year of usage can be compared with the one before it ends."""


class Library:
    """The documents of one data folder. Open it with ``with Library.open(settings) as library``."""

    def __init__(self, settings: Settings, embedder: Embedder, lock: FileLock) -> None:
        self.settings = settings
        self.embedder = embedder
        self.changed: list[Callable[[], object]] = []
        """Called after every change, in the thread that made it."""
        self.waited_for: Callable[[], bool] = lambda: False
        """Whether somebody waits for an answer: a change stands back for him."""
        self._lock = lock
        self._writing = RLock()
        folder = settings.data_dir
        self.engine: Engine = connect(folder / "guichet.sqlite")
        self.originals = Originals(folder / "originals", settings.max_file_megabytes)
        self._indexes_folder = folder / "indexes"
        self._stored = Passages(self.engine)
        self._current: Snapshot | None = None

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
        self._current = None
        self.engine.dispose()
        self._lock.release()

    @cached_property
    def words_model(self) -> StaticEmbedder:
        """The bundled model, for single words: there are many, and a transformer takes milliseconds for each."""
        return open_words_model(self.embedder)

    @cached_property
    def receipts(self) -> Receipts:
        """The answers that were given, and what readers thought of them."""
        return Receipts(self.engine, words=self.settings.question_days > 0)

    @cached_property
    def cards(self) -> CardStore:
        """What staff decided on the cards of programmes."""
        return CardStore(self.engine)

    @cached_property
    def usage(self) -> Usage:
        """What was asked of language models."""
        return Usage(self.engine)

    @cached_property
    def journal(self) -> Journal:
        """Who changed what."""
        return Journal(self.engine)

    @cached_property
    def revisions(self) -> Revisions:
        """Every version of every document, in its state."""
        return Revisions(self.engine, self.look_again)

    @cached_property
    def pins(self) -> Pins:
        """The answers that staff has validated."""
        return Pins(self.engine)

    def expire(self) -> None:
        """Let go of what was kept long enough: when a bot is opened, and once a day while it runs."""
        present = now()
        self.receipts.purge(present - dt.timedelta(days=self.settings.question_days))
        self.usage.purge(present.date() - USAGE_KEPT)

    # --- what is there: the newest generation --------------------------------------------------------------------

    @property
    def current(self) -> Snapshot:
        """The newest generation. It never changes: a change of the library makes another one."""
        # One process owns the library: what it has read of the database stays true until it changes it itself.
        if self._current is None:
            generation = int(self._state("generation") or 0)
            self._current = self._snapshot(generation, serving.served(self.engine), self._indexes())
        return self._current

    @property
    def generation(self) -> int:
        """Counts the changes of the library."""
        return self.current.generation

    @property
    def documents(self) -> dict[str, DocumentInfo]:
        """Every document by key."""
        return self.current.documents

    @property
    def vectors(self) -> VectorIndex:
        """The passages by meaning."""
        return self.current.vectors

    @property
    def words(self) -> WordIndex:
        """The passages by words."""
        return self.current.words

    @property
    def lexicon(self) -> Lexicon:
        """Which words stand in which passage."""
        return self.current.lexicon

    def key_of(self, id: str, language: Language) -> str | None:
        """Return the key of a document in *language*, or else in the first language that it has."""
        return self.current.key_of(id, language)

    def passages(self, ids: Sequence[str]) -> dict[str, Passage]:
        """Return the passages with these ids; unknown ones are left out."""
        return self.current.passages(ids)

    def passages_of(self, keys: Sequence[str]) -> list[Passage]:
        """Return the passages of the documents with these keys, in reading order."""
        return self.current.passages_of(keys)

    def count(self) -> int:
        """Return how many passages the library holds."""
        return self.current.count()

    # --- files and folders ---------------------------------------------------------------------------------------

    def add(self, paths: Iterable[Path], progress: Progress | None = None, *, by: str = COMMAND_LINE) -> Report:
        """Take in files and folders. A folder is compared with what it held: what went is removed."""
        report = DraftReport()
        with Sandbox(self.settings) as sandbox:
            incoming = read_in(paths, self.engine, self.originals, sandbox, report, progress)
        return self._store(list(incoming.arrivals), list(incoming.gone), report, by, progress)

    def add_documents(
        self, documents: Iterable[SourceDocument], progress: Progress | None = None, *, by: str = COMMAND_LINE
    ) -> Report:
        """Take in documents that were read elsewhere."""
        report = DraftReport()
        held = {key: digest for key, _, _, digest in serving.places(self.engine)}
        arrivals = []
        for document in documents:
            digest = document.digest or hashlib.sha256(repr(document).encode()).hexdigest()
            if held.get(document.key) == digest:
                report.unchanged.append(document.key)
            else:
                arrivals.append(
                    Arrival(dataclasses.replace(document, digest=digest), origin=document.key, name=document.id)
                )
        return self._store(without_doubles(arrivals, {}, report), [], report, by, progress)

    def remove(
        self,
        ids: Iterable[str],
        *,
        by: str = COMMAND_LINE,
        overruled: str = "",
        check: Callable[[], object] = lambda: None,
    ) -> Report:
        """Stop serving documents by id (every language) or by key (``fr/start-ia``); their revisions are kept.

        *overruled* and *check* as in ``publish``.
        """
        keys: list[str] = []
        for id in ids:
            found = [key for key, info in self.documents.items() if id in (key, info.id)]
            if not found:
                raise UnknownDocument(f"{id}: no document has this id; `python -m ingest list` shows them all")
            keys.extend(found)
        with self._writing:
            check()
            for key in keys if overruled else ():
                self.journal.note(by, "overruled", f"document {key}", reason=overruled)
            return self._store([], keys, DraftReport(), by, None)

    # --- revisions -----------------------------------------------------------------------------------------------

    def publish(
        self,
        numbers: Sequence[int],
        by: str,
        progress: Progress | None = None,
        *,
        overruled: str = "",
        check: Callable[[], object] = lambda: None,
    ) -> Report:
        """Serve drafts from now on, or again what was served before; what they replace is kept as it was.

        *overruled* is why, although control questions would fail. *check* is called when nothing else can be published
        any more and the drafts were read: what it raises ends the publication.
        """
        report = DraftReport()
        with standing_back(self.waited_for), self._writing:
            arrivals = [dataclasses.replace(each, overruled=overruled) for each in self._arrivals(numbers)]
            check()
            arrivals = without_doubles(arrivals, {}, report)
            return self._store(arrivals, [], report, by, progress)

    def passages_of_revision(self, number: int) -> list[Passage]:
        """Return the passages with which a revision was served, in reading order; none if it never was."""
        return sorted(self._stored.of([number]), key=lambda passage: position(passage.id))

    @contextmanager
    def candidate(self, numbers: Sequence[int], gone: Sequence[str] = ()) -> Iterator[Snapshot]:
        """Yield the generation that publishing these revisions and removing the documents *gone* would make."""
        arrivals = self._arrivals(numbers)
        base = self.current
        versions = {arrival.document.key: arrival.version or self._next_version(arrival) for arrival in arrivals}
        incoming = {
            arrival.document.key: self._passages(arrival, versions[arrival.document.key]) for arrival in arrivals
        }
        removed = [*incoming, *gone]
        leaving = [passage.id for passage in base.passages_of(removed)]
        documents = {key: info for key, info in base.documents.items() if key not in removed}
        for arrival in arrivals:
            key = arrival.document.key
            documents[key] = serving.info(
                arrival.document, arrival.number or 0, versions[key], len(incoming[key]), draft=arrival.version is None
            )
        folder = self._new_folder(base.generation)
        every = [passage for passages in incoming.values() for passage in passages]
        indexes = Indexes.build(
            folder, base.indexes if base.generation else None, self.embedder, self.words_model, passages=every,
            removed=leaving,
        )  # fmt: skip
        indexes.retire()
        yield self._snapshot(base.generation, serving.in_order(documents), indexes, incoming)

    def scheduled(self, today: dt.date) -> list[int]:
        """Return the revisions that are to be published on *today* or were before, oldest first."""
        wanted = select(RevisionRow.number).where(
            RevisionRow.state == "scheduled", RevisionRow.publish_on <= today.isoformat()
        )
        with Session(self.engine) as session:
            return list(session.scalars(wanted.order_by(RevisionRow.number)))

    def hold_ended(self, today: dt.date) -> None:
        """Hold back what is scheduled until *today* and has its last day behind it: it would be archived at once."""
        ended = select(RevisionRow.number).where(
            RevisionRow.state == "scheduled",
            RevisionRow.publish_on <= today.isoformat(),
            RevisionRow.expires_on < today.isoformat(),
        )
        with Session(self.engine) as session:
            numbers = session.scalars(ended).all()
        for number in numbers:
            with suppress(WrongState):  # somebody has just taken it back
                self.revisions.hold(number, "ended", GUICHET)

    def settle(self, today: dt.date, *, publishing: bool = True) -> Report | None:
        """Publish what is scheduled until *today*, stop serving what ended before; None: there was nothing to do.

        Without *publishing* what is scheduled is left alone: somebody else looks first at what it does to answers.
        """
        with self._writing:
            if not self.is_due(today, publishing=publishing):
                return None
            day = today.isoformat()
            if publishing:
                self.hold_ended(today)
            due = self.scheduled(today) if publishing else []
            arrivals = without_doubles(list(self._presentable(due)), {}, report := DraftReport())
            arriving = {arrival.document.key for arrival in arrivals}
            ended = [key for key, last in serving.ends(self.engine).items() if last < day and key not in arriving]
            for number in set(due) - {arrival.number for arrival in arrivals}:
                # Two drafts of one document for one day, or one that cannot be read any more: staff has to choose.
                self.revisions.hold(number, "doubled", GUICHET)
            self.look_again()
            return self._store(arrivals, ended, report, GUICHET, None)

    def _presentable(self, numbers: Sequence[int]) -> Iterator[Arrival]:
        """Yield those of scheduled revisions that can be published: one that cannot must not keep the others back."""
        for number in numbers:
            with suppress(WrongState):
                yield from self._arrivals([number])

    def is_due(self, today: dt.date, *, publishing: bool = True) -> bool:
        """Return whether a day has come that was set as a last day or, with *publishing*, for a publication."""
        due = self._due
        if due is None:
            looked = self._looked
            with Session(self.engine) as session:
                first = session.scalar(select(func.min(RevisionRow.publish_on)).where(RevisionRow.state == "scheduled"))
            ends = [dt.date.fromisoformat(last) + dt.timedelta(days=1) for last in serving.ends(self.engine).values()]
            due = (dt.date.fromisoformat(first) if first else dt.date.max), min(ends, default=dt.date.max)
            if looked == self._looked:  # else a day was set meanwhile that may have been overlooked
                self._due = due
        return today >= (min(due) if publishing else due[1])

    _due: tuple[dt.date, dt.date] | None = None
    """The first day set for a publication, and the first after a last day; None: not known."""
    _looked = 0
    """Counts how often the days were to be looked at again."""

    def look_again(self) -> None:
        """Forget what was known of coming days: after one was set, or what is served has changed."""
        self._looked += 1
        self._due = None

    def _arrivals(self, numbers: Sequence[int]) -> list[Arrival]:
        arrivals = []
        for number in in_pieces(numbers, 5):
            found = self.revisions.get(number)
            if found.state not in PUBLISHABLE:
                raise WrongState(f"{found.title or found.name}: is {found.state}; only drafts can be published")
            document = self.revisions.document(number)
            arrivals.append(Arrival(document, number, found.version, origin=f"revision {number}", name=found.name))
        return arrivals

    def _passages(self, arrival: Arrival, version: int) -> list[Passage]:
        """Return the passages of a document; those of a version that was served before are stored."""
        if arrival.version is not None and arrival.number is not None:
            return list(self._stored.of([arrival.number]))
        return split(arrival.document, version=version)

    def _next_version(self, arrival: Arrival) -> int:
        with Session(self.engine) as session:
            return serving.versions(session, [arrival.document.key]).get(arrival.document.key, 0) + 1

    def _store(
        self, arrivals: list[Arrival], gone: list[str], report: DraftReport, by: str, progress: Progress | None
    ) -> Report:
        if not arrivals and not gone:
            return report.frozen()
        with standing_back(self.waited_for):
            with self._writing:
                self._change(arrivals, gone, report, by, progress)
            for told in self.changed:
                told()
        return report.frozen()

    def _change(
        self, arrivals: list[Arrival], gone: list[str], report: DraftReport, by: str, progress: Progress | None
    ) -> None:
        base = self.current
        keys = {arrival.document.key for arrival in arrivals}
        with Session(self.engine) as session:
            highest = serving.versions(session, keys)
            # A file whose id changed leaves its old document behind: it goes.
            origins = {arrival.origin for arrival in arrivals if arrival.number is None}
            stale = serving.served_of(session, origins)
        gone = [key for key in dict.fromkeys([*gone, *stale]) if key in base.documents and key not in keys]
        replaced = [key for key in keys if key in base.documents]
        removed = [passage.id for passage in base.passages_of([*gone, *replaced])]
        cut: list[serving.Cut] = []
        for arrival in in_pieces(arrivals, 5):
            version = arrival.version or highest.get(arrival.document.key, 0) + 1
            cut.append((arrival, version, self._passages(arrival, version)))
        passages = [passage for _, _, own in cut for passage in own]
        generation = base.generation + 1
        indexes = Indexes.build(
            self._new_folder(generation), base.indexes if base.generation else None, self.embedder,
            self.words_model, passages=passages, removed=removed, progress=progress,
        )  # fmt: skip
        try:
            serving.lay_out(self.engine, cut)
            with self.revisions.turn, Session(self.engine) as session, session.begin():
                serving.end(session, gone, "archived", by)
                serving.serve(session, cut, by, self.settings.current_date())
                self._point(session, generation, indexes)
        except BaseException:
            indexes.retire()
            with suppress(SQLAlchemyError):  # what stays is in nobody's way
                serving.clear_away(self.engine, [arrival for arrival, _, _ in cut])
            raise
        report.removed += gone
        for arrival, _, _ in cut:
            key = arrival.document.key
            (report.replaced if key in base.documents else report.added).append(key)
        self._use(generation, indexes)

    def _use(self, generation: int, indexes: Indexes) -> None:
        """Make a generation that the database names already the present one."""
        old = self._current
        try:
            # In one step: whoever looks meanwhile must not open these indexes a second time.
            self._current = self._snapshot(generation, serving.served(self.engine), indexes)
        except BaseException:
            self._current = None  # the old one is not what the database says any more
            raise
        finally:
            self.look_again()
        if old is not None and old.indexes.folder != indexes.folder:
            old.indexes.retire()

    # --- what is derived -----------------------------------------------------------------------------------------

    def repair(self, progress: Progress | None = None) -> bool:
        """Derive the indexes anew when they do not fit the database; return whether that was needed."""
        if mismatch := self.mismatch():
            raise ModelMismatch(f"{self.settings.data_dir}: {mismatch}; run `python -m ingest rebuild`")
        self._sweep()
        if self._state("format") in (None, FORMAT) and (self.fits() or not self.generation):
            return False
        self.rebuild(progress)
        return True

    def rebuild(self, progress: Progress | None = None) -> None:
        """Derive the indexes anew from the database, with the model that is set."""
        with self._writing:
            # Beside the present ones, if there are any: what is interrupted leaves those as they are.
            generation = int(self._state("generation") or 0)
            documents = serving.served(self.engine)
            passages = list(self._stored.of(info.revision for info in documents.values()))
            indexes = Indexes.build(
                self._new_folder(generation), None, self.embedder, self.words_model, passages=passages,
                progress=progress,
            )  # fmt: skip
            with Session(self.engine) as session, session.begin():
                self._point(session, generation, indexes)
            self._use(generation, indexes)
        for told in self.changed:
            told()

    def _sweep(self) -> None:
        """Remove what earlier runs left: generations that never became the present one, indexes of an older form."""
        keep = self._state("indexes")
        for folder in self._indexes_folder.iterdir() if self._indexes_folder.is_dir() else ():
            if folder.name != keep:
                shutil.rmtree(folder, ignore_errors=True)
        for name in ("chroma", "words", "lexicon"):
            shutil.rmtree(self.settings.data_dir / name, ignore_errors=True)

    def _new_folder(self, generation: int) -> Path:
        return self._indexes_folder / f"{generation}-{secrets.token_hex(4)}"

    def _indexes(self) -> Indexes:
        return Indexes(self._indexes_folder / (self._state("indexes") or "none"), self.words_model)

    def _point(self, session: Session, generation: int, indexes: Indexes) -> None:
        """Make a generation, with its indexes and the model that made them, the present one of the database."""
        session.merge(StateRow(name="generation", value=str(generation)))
        session.merge(StateRow(name="indexes", value=indexes.folder.name))
        session.merge(StateRow(name="model", value=self.embedder.name))
        session.merge(StateRow(name="dimension", value=str(self.embedder.dimension)))
        session.merge(StateRow(name="format", value=FORMAT))

    def fits(self) -> bool:
        """Return whether the indexes of the present generation are whole."""
        return self._indexes().whole

    def mismatch(self) -> str | None:
        """Return in which way the index is of another model than the one that is set, if it is."""
        model, dimension = self._state("model"), self._state("dimension")
        if model and model != self.embedder.name:
            return f"the index was made with the model {model}, not {self.embedder.name}"
        if dimension and dimension != str(self.embedder.dimension):
            return f"the index holds vectors of {dimension} numbers, not {self.embedder.dimension}"
        return None

    # --- small parts ---------------------------------------------------------------------------------------------

    def _snapshot(
        self,
        generation: int,
        documents: dict[str, DocumentInfo],
        indexes: Indexes,
        unpublished: dict[str, list[Passage]] | None = None,
    ) -> Snapshot:
        return Snapshot(
            generation, documents, indexes, self._stored, settings=self.settings, embedder=self.embedder,
            words_model=self.words_model, receipts=self.receipts, usage=self.usage, cards=self.cards, pins=self.pins,
            unpublished=unpublished,
        )  # fmt: skip

    def _state(self, name: str) -> str | None:
        with Session(self.engine) as session:
            return session.scalar(select(StateRow.value).where(StateRow.name == name))

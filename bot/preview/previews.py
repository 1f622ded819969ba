"""What a change of the library would do to answers: looked at before it is published, and remembered."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Event, Lock
from typing import Literal, Protocol

from bot.preview.asking import Pace, PreviewStopped, Progress, Question, answered, comparing
from bot.preview.comparison import Comparison, Side
from bot.preview.golden import GoldenInvalid, GoldenSet, read_golden
from bot.service import Bot
from ingest import asked
from ingest.database import now
from ingest.errors import GuichetError, UnknownDocument
from ingest.library import Library
from ingest.previews import PRESENT, PreviewStore, digest
from ingest.revisions import PUBLISHABLE, UnknownRevision
from ingest.settings import Settings
from ingest.snapshot import Reading

logger = logging.getLogger(__name__)

MONTH = dt.timedelta(days=30)
Verdict = Literal["clear", "regressions", "stale", "none"]


class PreviewRunning(GuichetError):
    """Another preview is being made: there is one at a time."""

    def __init__(self, running: Running) -> None:
        super().__init__(
            f"A preview of {running.by} is being made ({running.done} of {running.total} questions); "
            "wait for it or stop it."
        )
        self.running = running


class PreviewFailed(GuichetError):
    """The generation that the change would make could not be built."""


class LibraryChanged(GuichetError):
    """Something was published while the preview began."""


@dataclass(frozen=True, slots=True)
class Running:
    """The preview that is being made."""

    by: str
    numbers: tuple[int, ...]
    gone: tuple[str, ...]
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Made:
    """A comparison that was kept, with when, by whom and for which generation it was made."""

    comparison: Comparison
    at: dt.datetime
    by: str
    generation: int
    current: bool
    """Whether nothing changed since: what is served, the drafts, the control questions, the decisions of staff."""


@dataclass(frozen=True, slots=True)
class GoldenResult:
    """How the control questions fare on what is served."""

    day: str
    asked: int
    failed: Mapping[str, Side]
    """The answers that are not right, by the id of the question."""

    @property
    def passed(self) -> int:
        """How many are answered right."""
        return self.asked - len(self.failed)


@dataclass(frozen=True, slots=True)
class GoldenMade:
    """A result that was kept."""

    result: GoldenResult
    at: dt.datetime
    by: str
    generation: int
    current: bool


class Serving(Protocol):
    """What a preview needs of what answers now: ``bot.live.Live`` is one."""

    @property
    def bot(self) -> Bot:
        """The bot over the newest generation."""

    @property
    def busy(self) -> bool:
        """Whether a visitor waits for an answer."""


class Previews:
    """Makes previews, one at a time, and remembers the last one of each change."""

    def __init__(self, library: Library, live: Serving, settings: Settings) -> None:
        self._library = library
        self._live = live
        self._settings = settings
        self._store = PreviewStore(library.engine)
        self._turn = Lock()
        self._stop = Event()
        self._running: Running | None = None
        self._known: tuple[tuple[object, ...], dict[str, Side]] = ((), {})

    # --- what is known -------------------------------------------------------------------------------------------

    @property
    def running(self) -> Running | None:
        """The preview that is being made now, if one is."""
        return self._running

    def golden(self) -> GoldenSet:
        """Return the control questions in force; raises ``GoldenInvalid``."""
        return read_golden(self._settings)

    def latest(self, numbers: Sequence[int], gone: Sequence[str] = ()) -> Made | None:
        """Return the last preview of publishing these revisions and removing these documents."""
        kept = self._store.find(_subject(numbers, gone))
        if kept is None:
            return None
        current = kept.generation == self._library.generation and kept.basis == self._basis(numbers)
        return Made(Comparison.from_json(kept.data), kept.at, kept.by, kept.generation, current)

    def verdict(self, numbers: Sequence[int], gone: Sequence[str] = ()) -> Verdict:
        """Return what is known of a change: ``stale`` when a preview was made and something changed since."""
        made = self.latest(numbers, gone)
        if made is None:
            return "none"
        if not made.current:
            return "stale"
        return "regressions" if made.comparison.regressions else "clear"

    def blocks(self, numbers: Sequence[int], gone: Sequence[str] = ()) -> bool:
        """Return whether the publication is held back until a reason is given."""
        return self._settings.preview_blocks and self.verdict(numbers, gone) == "regressions"

    def is_known(self, numbers: Sequence[int], gone: Sequence[str] = ()) -> bool:
        """Return whether the effect of a change was looked at, and nothing changed since."""
        return self.verdict(numbers, gone) in ("clear", "regressions")

    def questions_of(self, ids: Sequence[str]) -> dict[str, str]:
        """Return what visitors asked, by receipt, as far as it is still kept."""
        return asked.words_of(self._library.engine, list(ids))

    def present(self) -> GoldenMade | None:
        """Return how the control questions fared when they were last asked of what is served."""
        kept = self._store.find(PRESENT)
        if kept is None:
            return None
        failed = {id: Side.from_json(side) for id, side in kept.data["failed"].items()}
        result = GoldenResult(kept.data["day"], kept.data["asked"], failed)
        current = kept.generation == self._library.generation and kept.basis == self._basis(())
        return GoldenMade(result, kept.at, kept.by, kept.generation, current)

    # --- what is done --------------------------------------------------------------------------------------------

    def run(self, numbers: Sequence[int], gone: Sequence[str], by: str) -> Iterator[Progress | Comparison]:
        """Make the preview of a change and keep it; yield how far it is and, last, the comparison.

        Raises a ``GuichetError``: ``PreviewRunning``, ``PreviewStopped``, or why the change cannot be made.
        """
        numbers, gone = sorted(set(numbers)), sorted(set(gone))
        with self._taking_turns(Running(by, tuple(numbers), tuple(gone))):
            yield Progress("prepare")
            for key in gone:
                if key not in self._library.documents:
                    raise UnknownDocument(f"{key}: no document has this key; go back to the list of documents")
            golden = self.golden()
            basis = self._basis(numbers)
            real = asked.questions(self._library.engine, now() - MONTH, self._settings.preview_questions)
            questions = [*map(Question.control, golden.questions), *map(Question.asked, real)]
            with self._candidate(numbers, gone) as (old, new):
                for said in comparing(old, new, questions, old.today, self._pace(), self._remembered(old, golden)):
                    if isinstance(said, Progress):
                        self._tell(said)
                    else:
                        self._store.keep(_subject(numbers, gone), by, old.generation, basis, said.as_json())
                    yield said

    def check(self, by: str) -> Iterator[Progress | GoldenResult]:
        """Ask the control questions of what is served and keep the result; yield how far it is and, last, that."""
        with self._taking_turns(Running(by, (), ())):
            golden, basis = self.golden(), self._basis(())
            bot = self._live.bot
            bot = bot.beside(bot.library)
            known, pace, today = self._remembered(bot, golden), self._pace(), bot.today
            failed: dict[str, Side] = {}
            for count, question in enumerate(map(Question.control, golden.questions)):
                self._tell(progress := Progress("ask", count, len(golden.questions)))
                yield progress
                pace.yield_to_visitors()
                side = known[question.key] = answered(bot, question, today)
                if side.missing:
                    failed[question.id] = side
            result = GoldenResult(today.isoformat(), len(golden.questions), failed)
            data = {"day": result.day, "asked": result.asked,
                    "failed": {id: dataclasses.asdict(side) for id, side in failed.items()}}  # fmt: skip
            self._store.keep(PRESENT, by, bot.generation, basis, data)
            yield result

    def stop(self) -> None:
        """End the preview that is being made; nothing of it is kept."""
        self._stop.set()

    # --- small parts ---------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _taking_turns(self, running: Running) -> Iterator[None]:
        if not self._turn.acquire(blocking=False):
            raise PreviewRunning(self._running or running)
        try:
            self._stop.clear()
            self._running = running
            yield
        finally:
            self._running = None
            self._turn.release()

    @contextlib.contextmanager
    def _candidate(self, numbers: Sequence[int], gone: Sequence[str]) -> Iterator[tuple[Bot, Bot]]:
        """Yield a bot over what is served and one over what would be."""
        with contextlib.ExitStack() as held:
            try:
                snapshot = held.enter_context(self._library.candidate(numbers, gone))
                serving = self._live.bot
                old, new = serving.beside(_snapshot(serving.library)), serving.beside(snapshot)
            except GuichetError:
                raise
            except Exception as error:
                logger.exception("the generation of a preview could not be made")
                raise PreviewFailed(
                    "The preview could not be prepared: the documents could not be indexed. Run it again; if it fails "
                    "again, tell the operator."
                ) from error
            if old.generation != snapshot.generation:
                raise LibraryChanged("Something was published while the preview began. Run it again.")
            yield old, new

    def _pace(self) -> Pace:
        return Pace(self._settings.preview_seconds, lambda: self._live.busy, self._stop.is_set)

    def _tell(self, progress: Progress) -> None:
        if self._running:
            self._running = dataclasses.replace(self._running, done=progress.done, total=progress.total)

    def _remembered(self, bot: Bot, golden: GoldenSet) -> dict[str, Side]:
        """Return the answers of the present generation that are known already: they are good for a day."""
        rests_on = (bot.generation, bot.today, golden.digest, *self._decisions())
        if self._known[0] != rests_on:
            self._known = (rests_on, {})
        return self._known[1]

    def _decisions(self) -> tuple[object, ...]:
        """Return what staff decided about answers besides documents: validated answers, cards and contradictions."""
        cards = self._library.cards
        return self._library.pins.changes, repr(cards.rulings()), repr(cards.values())

    def _basis(self, numbers: Sequence[int]) -> str:
        """Return a name for what a preview rests on besides the generation: drafts, control questions, decisions."""
        try:
            parts: list[object] = [self.golden().digest, *self._decisions()]
        except GoldenInvalid:
            parts = ["invalid"]
        for number in sorted(set(numbers)):
            try:
                revision = self._library.revisions.get(number)
            except UnknownRevision:
                continue
            parts.append(number)
            # From draft to waiting is no change of what would be served.
            if revision.state in PUBLISHABLE:
                parts.append(repr(self._library.revisions.document(number)))
        return digest(parts)


def _snapshot(library: Reading) -> Reading:
    """Return one generation of what may be a library, which goes on changing."""
    return library.current if isinstance(library, Library) else library


def _subject(numbers: Sequence[int], gone: Sequence[str]) -> str:
    return digest([sorted(set(numbers)), sorted(set(gone))])


__all__ = [
    "GoldenMade", "GoldenResult", "LibraryChanged", "Made", "PreviewFailed", "PreviewRunning", "PreviewStopped",
    "Previews", "Running", "Verdict",
]  # fmt: skip

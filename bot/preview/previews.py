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
from ingest.journal import GUICHET
from ingest.library import Library
from ingest.previews import PRESENT, PreviewStore, digest
from ingest.revisions import PUBLISHABLE, UnknownRevision, WrongState
from ingest.settings import Settings
from ingest.snapshot import Reading

logger = logging.getLogger(__name__)

MONTH = dt.timedelta(days=30)
Verdict = Literal["clear", "regressions", "stale", "none"]
Demand = Literal["nothing", "preview", "reason"]
"""What a publication needs first: nothing, a fresh preview, or a reason to go on in spite of what one has shown."""


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

    def demands(self, numbers: Sequence[int], gone: Sequence[str] = ()) -> Demand:
        """Return what publishing these revisions and removing these documents needs first.

        Without control questions nothing can break. With a file of them that cannot be read nobody can tell.
        """
        if not self._settings.preview_blocks:
            return "nothing"
        try:
            if not self.golden().questions:
                return "nothing"
        except GoldenInvalid:
            return "reason"
        verdict = self.verdict(numbers, gone)
        return "nothing" if verdict == "clear" else "reason" if verdict == "regressions" else "preview"

    def blocks(self, numbers: Sequence[int], gone: Sequence[str] = ()) -> bool:
        """Return whether the publication is held back until a reason is given."""
        return self.demands(numbers, gone) == "reason"

    def refuse_unseen(self, numbers: Sequence[int], gone: Sequence[str] = ()) -> None:
        """Raise ``LibraryChanged`` when what was previewed is not what would be published now."""
        if self.demands(numbers, gone) == "preview":
            raise LibraryChanged("Something was published or edited since the preview. Run it again.")

    def broken(self, numbers: Sequence[int], gone: Sequence[str] = ()) -> frozenset[str]:
        """Return the control questions that the last preview of a change saw break, by id."""
        made = self.latest(numbers, gone)
        return frozenset(change.id for change in made.comparison.regressions) if made else frozenset()

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

    def publish_due(self, today: dt.date) -> None:
        """Publish what was set for *today* or before, each after a look at what it does on this very day.

        What would break a control question that no reason was given for is held back, and so is that of which it
        cannot be found out, and what would end at once. A preview that somebody else runs or stops, or a change
        meanwhile, leaves the rest for the next time.
        """
        try:
            self._library.hold_ended(today)
            due = self._without_doubles(self._library.scheduled(today))
            if len(due) > 1 and self._breaks(due, today) == frozenset():
                self._publish(due)
                return
            for number in due:
                found = self._breaks([number], today)
                despite = (self._library.revisions.get(number).overruled or {}).get("questions", ())
                if found is not None and found <= set(despite):
                    self._publish([number])
                else:
                    why = "unknown" if found is None else "regressions"
                    self._library.revisions.hold(number, why, GUICHET, len(found or ()))
        except (PreviewRunning, PreviewStopped, LibraryChanged, WrongState) as error:
            logger.info("what is set for today waits: %s", type(error).__name__)

    def stop(self) -> None:
        """End the preview that is being made; nothing of it is kept."""
        self._stop.set()

    # --- small parts ---------------------------------------------------------------------------------------------

    def _without_doubles(self, numbers: Sequence[int]) -> list[int]:
        """Hold back drafts of one document that were set for one time: staff have to choose; return the others."""
        keys = {number: self._library.revisions.get(number).key for number in numbers}
        doubled = {number for number, key in keys.items() if list(keys.values()).count(key) > 1}
        for number in doubled:
            self._library.revisions.hold(number, "doubled", GUICHET)
        return [number for number in numbers if number not in doubled]

    def _breaks(self, numbers: Sequence[int], today: dt.date) -> frozenset[str] | None:
        """Return the control questions that publishing breaks on *today*; None when that cannot be found out."""
        try:
            if not self._settings.preview_blocks or not self.golden().questions:
                return frozenset()
            made = self.latest(numbers)
            if not (made and made.current and made.comparison.day == today.isoformat()):
                for _ in self.run(numbers, (), GUICHET):
                    pass
        except (PreviewRunning, PreviewStopped, LibraryChanged):
            raise
        except GuichetError as error:
            logger.warning("a publication that was set for today is held back: %s", type(error).__name__)
            return None
        return self.broken(numbers)

    def _publish(self, numbers: Sequence[int]) -> None:
        self._library.publish(numbers, GUICHET, check=lambda: self.refuse_unseen(numbers))

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
    "Demand", "GoldenMade", "GoldenResult", "LibraryChanged", "Made", "PreviewFailed", "PreviewRunning",
    "PreviewStopped", "Previews", "Running", "Verdict",
]  # fmt: skip

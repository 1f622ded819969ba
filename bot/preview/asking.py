"""Ask the same questions of two bots, while visitors go on asking."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import time
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from bot.answers import Answer, Message
from bot.preview.comparison import FAILED, Change, Comparison, Side, change
from bot.preview.golden import GoldenQuestion, Missing, missing
from ingest.asked import Asked
from ingest.documents import Language
from ingest.errors import GuichetError

logger = logging.getLogger(__name__)

PATIENCE = 0.25
"""Seconds that a question of the preview waits, at most, for visitors' answers to end."""
LOOK = 0.004


class PreviewTooSlow(GuichetError):
    """The control questions could not be asked in the time that a preview may take."""


class PreviewStopped(GuichetError):
    """Somebody has stopped the preview."""


class Answering(Protocol):
    """What is asked: ``bot.service.Bot``, or anything that answers like it."""

    def replayed(self, question: str, history: Sequence[Message], language: Language | None, today: dt.date) -> Answer:
        """Return the answer to *question* as on the day *today*, without keeping a receipt."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a preview is."""

    step: Literal["prepare", "ask"]
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Question:
    """A question that is asked again: a control question, or one that a visitor asked."""

    id: str
    text: str
    history: tuple[Message, ...] = ()
    language: Language | None = None
    golden: GoldenQuestion | None = None

    @property
    def key(self) -> str:
        """What its answer is remembered by: nobody can read the question in it."""
        said = repr((self.text, self.history, self.language, self.golden))
        return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()

    @classmethod
    def control(cls, golden: GoldenQuestion) -> Question:
        """Return a control question; its language is found out, as for a visitor who sets none."""
        return cls(golden.id, golden.question, golden.turns, None, golden)

    @classmethod
    def asked(cls, asked: Asked) -> Question:
        """Return a question of a visitor, after the same turns and in the same language."""
        turns = tuple(Message("assistant" if role == "assistant" else "user", text) for role, text in asked.history)
        return cls(asked.id, asked.question, turns, asked.language)


@dataclass(frozen=True, slots=True)
class Pace:
    """How much a preview may ask of the machine."""

    seconds: float = 60.0
    busy: Callable[[], bool] = lambda: False
    """Whether a visitor waits for an answer."""
    stopped: Callable[[], bool] = lambda: False
    began: float = field(default_factory=time.monotonic)

    @property
    def over(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() - self.began > self.seconds

    def yield_to_visitors(self) -> None:
        """Wait while visitors are answered, though not for ever; raise ``PreviewStopped`` when it is to end."""
        until = time.monotonic() + PATIENCE
        while self.busy() and time.monotonic() < until and not self.stopped():
            time.sleep(LOOK)
        if self.stopped():
            raise PreviewStopped("The preview was stopped; nothing of it is kept. Run it again.")


def answered(bot: Answering, question: Question, today: dt.date) -> Side:
    """Return the answer to a question; one that cannot be made is an answer too, and a bad one."""
    try:
        answer = bot.replayed(question.text, question.history, question.language, today)
        return Side.of(answer, missing(question.golden, answer) if question.golden else ())
    except Exception as error:  # noqa: BLE001  one broken answer is a finding, not the end of a preview
        # Not logger.exception: the text of a foreign error may hold the question, which never enters the log.
        logger.error("a question of a preview failed: %s", type(error).__name__)
        language = question.golden.lang if question.golden else question.language or "fr"
        return Side(FAILED, language, missing=(Missing("error", type(error).__name__),) if question.golden else ())


def comparing(
    old: Answering,
    new: Answering,
    questions: Sequence[Question],
    today: dt.date,
    pace: Pace | None = None,
    known: MutableMapping[str, Side] | None = None,
) -> Iterator[Progress | Comparison]:
    """Ask *questions* of both, control questions first, and yield how far it is; last, what differs.

    *known* holds answers of *old* that were found before, by the question's key, and gets those that are found now.
    """
    pace = pace or Pace()
    known = {} if known is None else known
    golden = [question for question in questions if question.golden]
    asked = [*golden, *(question for question in questions if not question.golden)]
    changes: list[Change] = []
    right_before = right_after = count = 0
    for question in asked:
        if pace.over:
            break
        yield Progress("ask", count, len(asked))
        before = known.get(question.key)
        if before is None or before.status == FAILED:
            pace.yield_to_visitors()
            before = known[question.key] = answered(old, question, today)
        pace.yield_to_visitors()
        after = answered(new, question, today)
        if found := change(question.id, before, after, golden=bool(question.golden)):
            changes.append(found)
        right_before += bool(question.golden) and not before.missing
        right_after += bool(question.golden) and not after.missing
        count += 1
    if count < len(golden):
        raise PreviewTooSlow(
            f"Only {count} of {len(golden)} control questions could be asked in {pace.seconds:g} seconds; "
            "raise GUICHET_PREVIEW_SECONDS or take some questions out."
        )
    yield Progress("ask", count, len(asked))
    yield Comparison(
        today.isoformat(), len(golden), count - len(golden), right_before, right_after, tuple(changes),
        len(asked) - count,
    )  # fmt: skip


def compare(old: Answering, new: Answering, questions: Sequence[Question], today: dt.date) -> Comparison:
    """Return what differs between the answers of two bots."""
    *_, last = comparing(old, new, questions, today)
    assert isinstance(last, Comparison)
    return last

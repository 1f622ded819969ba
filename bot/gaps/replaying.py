"""Ask the questions of open items again after a change of the library: what is answered now closes by itself."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bot.answers import Answer, Citation, Trace
from bot.evidence import LIKELY
from bot.gaps.board import Board
from bot.replay import Replaying
from ingest.gaps import Gap, Joined, Tally

SAMPLES = 3
"""Questions of an item that are asked again: the one that stands for it, the last one, and one in another language."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a run of replays did."""

    asked: int = 0
    """Questions that were asked again."""
    closed: tuple[int, ...] = ()
    """Items that are answered now."""
    left: int = 0
    """Items that there was no time for: the next run goes on with them."""


def replayed_gaps(bot: Replaying, board: Board, today: dt.date, *, seconds: float = 60.0) -> Replayed:
    """Ask again what open items ask, the most asked first, and close those that are answered with evidence.

    An item is looked at once for each generation of the library, and again when a validated answer was made public or
    taken back. The run ends after *seconds*, at a question's end.
    """
    ends = time.monotonic() + seconds
    generation, pins = bot.library.generation, bot.library.pins.public_changes
    tallies = board.gaps.tallies()
    due = [
        gap
        for gap in board.gaps.gaps()
        if gap.state != "done" and (gap.replayed < generation or gap.replayed_pins < pins)
    ]
    due.sort(key=lambda gap: (-tallies.get(gap.id, Tally()).count, gap.id))
    asked = 0
    closed: list[int] = []
    for number, gap in enumerate(due):
        document, last = "", generation
        for one in samples(gap, board.gaps.questions([gap.id], kept=True)[gap.id]):
            if time.monotonic() >= ends:
                return Replayed(asked, tuple(closed), len(due) - number)
            asked += 1
            found, last = _asked_again(bot, one, today)
            document = document or found
            if not found:
                document = ""
                break
        if not document:
            board.gaps.mark_replayed(gap.id, generation, pins)
        elif board.gaps.close_by_replay(gap.id, last, document, pins):
            closed.append(gap.id)
    return Replayed(asked, tuple(closed))


def samples(gap: Gap, questions: Sequence[Joined]) -> list[Joined]:
    """Return the questions that stand for an item, of those that are kept."""
    if not questions:
        return []
    leading = next((one for one in questions if one.asked.answer_id == gap.leading), questions[0])
    chosen = [leading]
    for one in (questions[-1], *reversed(questions)):
        other_language = all(one.asked.language != held.asked.language for held in chosen)
        if one not in chosen and (one is questions[-1] or other_language):
            chosen.append(one)
    return chosen[:SAMPLES]


def _asked_again(bot: Replaying, one: Joined, today: dt.date) -> tuple[str, int]:
    """Return what answers a question now, if anything does, and the generation that was asked.

    It is the key of a document, or ``pin 3`` for a validated answer. Of documents only what was not quoted in the
    answer of then counts: of the same sources, the asker has seen what they say.
    """
    receipts = bot.library.receipts
    data, trace = receipts.answer(one.asked.answer_id), receipts.trace(one.asked.answer_id)
    if data is None or not data["question"]:
        return "", bot.library.generation
    stored, how = Answer.from_json(data), Trace.from_json(trace) if trace else Trace()
    if trace is None and stored.standalone_question != stored.question:
        return "", bot.library.generation  # the turns that it leans on were not kept
    new = bot.replayed(stored.question, how.history, how.asked_language, today)
    if new.trace.pin:
        # Staff wrote it for this question. The same words once more are no other answer.
        other = how.pin != new.trace.pin or new.text != stored.text
        return (f"pin {new.trace.pin}" if other and new.status == "answered" else ""), new.generation
    if stored.generation >= bot.library.generation:
        return "", bot.library.generation  # asked of these very documents
    evidence = new.trace.evidence
    if new.status != "answered" or (evidence is not None and evidence < LIKELY):
        return "", new.generation
    before = {_version(citation) for citation in stored.citations}
    fresh = [citation for citation in new.citations if _version(citation) not in before]
    return (f"{fresh[0].language}/{fresh[0].document}" if fresh else ""), new.generation


def _version(citation: Citation) -> tuple[str, str, int, str]:
    return citation.language, citation.document, citation.version, citation.quote

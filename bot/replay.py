"""Answer the question of a receipt again, and show what is said otherwise now."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bot.answers import Answer, Citation, Message, Trace
from ingest.documents import Language
from ingest.errors import GuichetError
from ingest.snapshot import Reading


class NotReplayable(GuichetError):
    """A receipt that is not there, or no longer holds what it takes to ask again."""


class Replaying(Protocol):
    """What a replay needs of the bot."""

    library: Reading

    def replayed(self, question: str, history: Sequence[Message], language: Language | None, today: dt.date) -> Answer:
        """Return the answer to *question* as on the day *today*, without keeping a receipt."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is said otherwise, before and after, line by line; no line: not said at all."""

    field: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Replay:
    """An answer as it was given and as it is given now, for the same day."""

    stored: Answer
    new: Answer
    changed: tuple[Difference, ...] = ()
    """The cited documents that changed since, by key; «before» and «after» are their versions."""
    differences: tuple[Difference, ...] = ()

    @property
    def same_generation(self) -> bool:
        """Whether the library is as it was when the answer was given."""
        return self.stored.generation == self.new.generation

    def as_json(self) -> dict[str, Any]:
        """The form for programs."""
        return {
            "id": self.stored.id, "same_generation": self.same_generation,
            "changed": [_as_json(change) for change in self.changed],
            "differences": [_as_json(difference) for difference in self.differences],
            "stored": self.stored.as_json(), "new": self.new.as_json(),
        }  # fmt: skip


def replay(bot: Replaying, id: str) -> Replay:
    """Ask the question of a receipt again, after the same turns, in the same language and for the same day."""
    stored, trace = _receipt(bot.library, id)
    today = dt.date.fromisoformat(stored.as_of)
    new = bot.replayed(stored.question, trace.history, trace.asked_language, today)
    return Replay(stored, new, tuple(_changed(stored, bot.library)), tuple(_differences(stored, new)))


def told(replay: Replay) -> str:
    """Return the replay in plain lines for the command line."""
    stored, new = replay.stored, replay.new
    lines = [f"Answer {stored.id}, given for {stored.as_of}, generation {stored.generation}."]
    if not replay.same_generation:
        lines.append(
            f"The library is at generation {new.generation} now: differences may come from documents that changed."
        )
        lines += [_change(change) for change in replay.changed]
        if not replay.changed:
            lines.append("  No cited document changed.")
    if not replay.differences:
        return "\n".join([*lines, "No difference: the same answer is given now."])
    for difference in replay.differences:
        lines.append(f"{difference.field}:")
        lines += [f"  {line}" for line in difflib.ndiff(difference.before, difference.after) if line[0] in "-+"]
    return "\n".join(lines)


def _receipt(library: Reading, id: str) -> tuple[Answer, Trace]:
    data, trace = library.receipts.answer(id), library.receipts.trace(id)
    if data is None:
        raise NotReplayable(f"{id}: no answer has this id")
    stored = Answer.from_json(data)
    if not stored.question:
        raise NotReplayable(
            f"{id}: the question of this answer is not kept any more (GUICHET_QUESTION_DAYS); ask it anew"
        )
    if trace is None and stored.standalone_question != stored.question:
        raise NotReplayable(f"{id}: this follow-up is of before earlier turns were kept; ask it anew after them")
    return stored, Trace.from_json(trace) if trace else Trace()


def _changed(stored: Answer, library: Reading) -> Iterator[Difference]:
    """Yield each cited document that is another version now."""
    cited: dict[str, list[Citation]] = {}
    for citation in stored.citations:
        cited.setdefault(f"{citation.language}/{citation.document}", []).append(citation)
    for key, citations in cited.items():
        before, info = citations[0].version, library.documents.get(key)
        if info is None or info.version != before:
            yield Difference(key, (str(before),), (str(info.version),) if info else ())


def _differences(stored: Answer, new: Answer) -> Iterator[Difference]:
    before, after = _said(stored), _said(new)
    for field in before:
        if before[field] != after[field]:
            yield Difference(field, before[field], after[field])


def _said(answer: Answer) -> dict[str, tuple[str, ...]]:
    """Return what an answer says, field by field in lines: neither ids nor times."""
    step = answer.next_step
    return {
        "status": (answer.status,),
        "mode": (answer.mode,),
        "text": tuple(line for line in answer.text.splitlines() if line),
        "statements": tuple(
            statement.text + " " + "".join(f"[{n}]" for n in statement.citations) for statement in answer.statements
        ),
        "citations": tuple(
            f"{citation.language}/{citation.document}, version {citation.version}: {citation.quote}"
            for citation in answer.citations
        ),
        "programmes": tuple(f"{programme.id}: {programme.state}" for programme in answer.programmes),
        "next_step": (f"{step.text} {step.url or ''}".rstrip(),) if step else (),
    }


def _change(change: Difference) -> str:
    if not change.after:
        return f"  {change.field}: version {change.before[0]} was cited, the document was removed."
    return f"  {change.field}: version {change.before[0]} was cited, it is version {change.after[0]} now."


def _as_json(difference: Difference) -> dict[str, Any]:
    return {"field": difference.field, "before": list(difference.before), "after": list(difference.after)}

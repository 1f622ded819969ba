"""The values that flow through answering: Hit → Answer (with Citations). Only ``ui/`` knows markup."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ingest.documents import Language, Passage

Status = Literal[
    "answered", "partial", "not_in_sources", "clarify", "out_of_scope", "other_region", "refused", "unavailable"
]
STATUSES: tuple[Status, ...] = (
    "answered", "partial", "not_in_sources", "clarify", "out_of_scope", "other_region", "refused", "unavailable",
)  # fmt: skip
State = Literal["open", "opens", "closed", "permanent", "unknown"]

MARKER = re.compile(r"\[(\d+)\]")
"""A citation marker inside ``Answer.text``."""


@dataclass(frozen=True, slots=True)
class Message:
    """One earlier turn of the conversation."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found: ``score`` is fused of the three signals, all lie between 0 and 1."""

    passage: Passage
    score: float
    dense: float
    words: float
    match: float = 0.0


@dataclass(frozen=True, slots=True)
class Citation:
    """One source of an answer. ``quote`` stands letter for letter in ``passage``."""

    n: int
    document: str
    version: int
    title: str
    url: str | None
    page: int | None
    heading: str | None
    language: Language
    quote: str
    passage: str
    passage_id: str
    as_of: str | None
    confidence: str | None
    link: str | None


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of an answer with the numbers of its citations."""

    text: str
    citations: tuple[int, ...]
    language: Language
    phrased: bool = False
    """Whether a language model chose the words; else it is a quote."""


@dataclass(frozen=True, slots=True)
class Programme:
    """A programme that an answer speaks of, with its state on the day of the answer (ISO dates, whole or partial)."""

    id: str
    title: str
    state: State
    opens: str | None
    closes: str | None
    verified_on: str | None
    url: str | None


@dataclass(frozen=True, slots=True)
class NextStep:
    """The one official place to go next."""

    text: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Validated:
    """That staff wrote and validated an answer, and on which day (ISO); who did is no business of readers."""

    on: str


@dataclass(frozen=True, slots=True)
class Trace:
    """How an answer was made; kept with its receipt, not part of the public form."""

    model: str = ""
    """Name of the language model that was asked, empty when none was."""
    prompt: str = ""
    """Version of the prompt."""
    quotes: tuple[str, ...] = ()
    """The quotes that were offered, in their order: id of the passage, start and end (``fr/start-ia:0:12-80``)."""
    verdicts: tuple[Mapping[str, Any], ...] = ()
    """What was found of each statement: statement, citations, reason (empty: verified), detail, score, attempt."""
    failure: str = ""
    """Why the text of the model was not used: ``refused``, ``timeout``, …"""
    tokens_in: int = 0
    tokens_out: int = 0
    asked_language: Language | None = None
    """The language that the asker had set; none when it was found out."""
    history: tuple[Message, ...] = ()
    """The earlier turns that the question was asked after."""
    evidence: float | None = None
    """How likely the answer holds what was asked; none where it was not judged by evidence, or before it was kept."""
    pin: int = 0
    """Number of the validated answer that was given; 0 when none was."""

    def as_json(self) -> dict[str, Any]:
        """The form in which a receipt keeps it."""
        return dataclasses.asdict(dataclasses.replace(self, verdicts=tuple(dict(verdict) for verdict in self.verdicts)))

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Trace:
        """Return the trace that ``as_json`` made *data* of."""
        history = tuple(Message(**turn) for turn in data["history"])
        return cls(**{**data, "quotes": tuple(data["quotes"]), "verdicts": tuple(data["verdicts"]), "history": history})


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said, how sure, and from where. ``text`` holds everything the user must read, with ``[n]`` markers."""

    id: str
    question: str
    standalone_question: str
    language: Language
    status: Status
    text: str
    as_of: str
    generation: int
    mode: str = "extractive"
    statements: tuple[Statement, ...] = ()
    citations: tuple[Citation, ...] = ()
    programmes: tuple[Programme, ...] = ()
    next_step: NextStep | None = None
    notes: tuple[str, ...] = ()
    """The lines of ``text`` after the statements: state of the programmes, contact, age of the sources."""
    timings: Mapping[str, float] = field(default_factory=dict)
    provisional: str = ""
    """While the answer grows: the end of ``text`` that was not checked yet."""
    complete: bool = True
    """False while the answer is still growing."""
    stage: str = ""
    """While the answer grows: the step at work."""
    validated: Validated | None = None
    """Set when staff wrote the answer: its statements are then theirs, over the quotes that they cite."""
    trace: Trace = field(default=Trace(), compare=False)
    """How it was made; two answers that say the same are the same."""

    @property
    def is_phrased(self) -> bool:
        """Whether a language model chose words of it."""
        return self.mode != "extractive"

    @property
    def plain_text(self) -> str:
        """The text without citation markers."""
        return MARKER.sub("", self.text).replace(" .", ".")

    def as_json(self) -> dict[str, Any]:
        """The public form: the same from the command line, batch, HTTP and the stored receipt."""
        data = dataclasses.asdict(dataclasses.replace(self, trace=Trace()))
        for key in ("complete", "stage", "notes", "provisional", "trace"):
            del data[key]
        if self.validated is None:
            del data["validated"]
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Answer:
        """Return the answer that ``as_json`` made *data* of."""
        values = dict(data)
        for key, kind in (("citations", Citation), ("programmes", Programme)):
            values[key] = tuple(kind(**entry) for entry in values[key])
        values["statements"] = tuple(
            Statement(**{**entry, "citations": tuple(entry["citations"])}) for entry in values["statements"]
        )
        values["next_step"] = NextStep(**values["next_step"]) if values["next_step"] else None
        if values.get("validated"):
            values["validated"] = Validated(**values["validated"])
        return cls(**values)

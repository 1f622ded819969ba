"""What is known about an answer while it is being made."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bot.answers import Hit, Message, Status, Validated
from bot.chat import Kind
from bot.intent import Want
from bot.retrieval import Query
from bot.scope import Rule
from bot.statements import Candidate
from ingest.documents import Language


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One statement of an answer: a quote as it stands, or a model's words over the quotes that hold them."""

    text: str
    quotes: tuple[Candidate, ...]
    phrased: bool = False
    language: Language | None = None
    """The language of words that staff wrote; none for a quote."""

    @classmethod
    def quoted(cls, candidate: Candidate) -> Part:
        """Return a statement that is a quote."""
        return cls(candidate.text, (candidate,))


@dataclass
class Draft:
    """An answer on its way through the steps; lives for one question."""

    question: str
    language: Language
    history: tuple[Message, ...]
    standalone: str
    today: dt.date
    """The day that is answered for."""
    asked_language: Language | None = None
    """The language that the asker had set."""
    context: str = ""
    searched: str = ""
    """The question as a language model put it in full, when it did."""
    wants: frozenset[Want] = frozenset({"what"})
    query: Query | None = None
    hits: list[Hit] = field(default_factory=list)
    documents: list[tuple[str, float]] = field(default_factory=list)
    named: dict[str, float] = field(default_factory=dict)
    overview: str = ""
    """Id of the document that lists the aids, when the question asks which there are."""
    mentioned: tuple[str, ...] = ()
    """Ids of further documents whose states are to be shown: those that such a list names."""
    known: float = 0.0
    """Share of the question's words that stand anywhere in the library."""
    rule: Rule | None = None
    """What the message is, when it is no question to the sources."""
    ours: float = 1.0
    """How likely it is one."""
    candidates: list[Candidate] = field(default_factory=list)
    chosen: list[Candidate] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    """What is said, in order: what was chosen, or what a model made of it."""
    pin: int = 0
    """Number of the validated answer that the question asks for."""
    validated: Validated | None = None
    """When staff validated that answer; *parts* are then its statements."""
    failure: Kind | None = None
    """Why a language model's words are not used, when one was to phrase the answer."""
    evidence: float | None = None
    """How likely what was chosen holds what is asked, once that was judged."""
    status: Status = "answered"
    timings: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Add the time of a step, in milliseconds."""
        start = time.perf_counter()
        yield
        self.timings[step] = round(self.timings.get(step, 0.0) + (time.perf_counter() - start) * 1000, 2)

"""Judge answers and rankings: pure functions from a question and what came back to numbers. README.md defines each."""

from __future__ import annotations

import json
import math
import re
import statistics
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from bot.answers import MARKER, Answer, Citation, Message, Status
from ingest.documents import Language

SOURCED = frozenset({"answerable", "followup", "closed", "contradiction"})
"""Kinds whose answer stands in a sheet, which has to be cited."""
DECLINED = frozenset({"unanswerable", "out_of_scope", "adversarial"})
"""Kinds that the sources do not answer or that the bot must not follow."""
ELSEWHERE = frozenset({"flanders", "brussels", "ostbelgien", "bel-sme"})
"""Sheets that send the reader to another region or to the federal state."""

_ANSWERED: frozenset[Status] = frozenset({"answered", "partial"})
EXPECTED: Mapping[str, frozenset[Status]] = {
    **dict.fromkeys(sorted(SOURCED), _ANSWERED),
    "unanswerable": frozenset({"not_in_sources", "partial"}),
    "out_of_scope": frozenset({"out_of_scope", "other_region", "refused"}),
    "adversarial": frozenset({"refused", "out_of_scope", "not_in_sources", "partial"}),
}
"""The statuses that are right for each kind of question."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a golden set with what a right answer must hold."""

    id: str
    lang: Language
    kind: str
    question: str
    history: tuple[Message, ...] = ()
    sheets: tuple[str, ...] = ()
    must: tuple[tuple[str, ...], ...] = ()
    must_not: tuple[str, ...] = ()
    note: str = ""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Question:
        """Read one record; a key that is missing, or a kind that nobody knows, is a ``ValueError``."""
        try:
            question = cls(
                id=data["id"],
                lang=data["lang"],
                kind=data["kind"],
                question=data["question"],
                history=tuple(Message(turn["role"], turn["text"]) for turn in data["history"]),
                sheets=tuple(data["sheets"]),
                must=tuple(tuple(group) for group in data["must"]),
                must_not=tuple(data["must_not"]),
                note=data.get("note", ""),
            )
        except KeyError as error:
            raise ValueError(f"question {data.get('id', '?')}: the key {error} is missing") from error
        if question.kind not in EXPECTED:
            raise ValueError(f"question {question.id}: unknown kind {question.kind!r}")
        return question


def read_records(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a JSON Lines file; a line that is none is a ``ValueError`` with its number."""
    records = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise ValueError(f"{path.name}, line {number}: not JSON ({error.msg})") from error
        if not isinstance(record, dict):
            raise ValueError(f"{path.name}, line {number}: not a JSON object")
        records.append(cast("dict[str, Any]", record))
    return records


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was right and wrong in one answer; ``None`` where the kind of question does not ask for it."""

    id: str
    lang: Language
    kind: str
    status: Status
    passed: bool
    right_sheet: bool | None
    status_right: bool
    false_decline: bool | None
    language_right: bool
    missed: tuple[int, ...]
    """The ``must`` groups without a hit, counted from 1."""
    forbidden: tuple[str, ...]
    """The ``must_not`` patterns that hit."""
    citations: int
    quotes_found: int
    uncited: int
    words: int
    latency_ms: float

    @property
    def failures(self) -> tuple[str, ...]:
        """Everything that is wrong, in words; empty for a good answer."""
        checks = (
            (bool(self.missed), "must group " + ", ".join(map(str, self.missed))),
            (bool(self.forbidden), "must_not " + " | ".join(self.forbidden)),
            (self.right_sheet is False, "right sheet not cited"),
            (not self.status_right, f"status {self.status}"),
            (self.false_decline is True, "false decline"),
            (not self.language_right, "language"),
            (self.quotes_found < self.citations, f"{self.citations - self.quotes_found} quote(s) not found"),
            (self.uncited > 0, f"{self.uncited} uncited statement(s)"),
        )
        return tuple(words for failed, words in checks if failed)


def judge(question: Question, answer: Answer, stored: Callable[[str], str | None], latency_ms: float = 0.0) -> Verdict:
    """Return the verdict on *answer*; *stored* gives the text of a passage as the library holds it."""
    return Verdict(
        id=question.id,
        lang=question.lang,
        kind=question.kind,
        status=answer.status,
        passed=passes(question, answer),
        right_sheet=right_sheet(question, answer),
        status_right=status_right(question, answer),
        false_decline=false_decline(question, answer),
        language_right=answer.language == question.lang,
        missed=missed_groups(question, answer),
        forbidden=forbidden(question, answer),
        citations=len(answer.citations),
        quotes_found=sum(quote_found(citation, stored) for citation in answer.citations),
        uncited=uncited(answer),
        words=words(answer),
        latency_ms=latency_ms,
    )


def passes(question: Question, answer: Answer) -> bool:
    """Say whether every ``must`` group and no ``must_not`` hits and, for the sourced kinds, the right sheet is cited.

    A question that asks for no words at all passes only with the right status: silence alone proves nothing.
    """
    if missed_groups(question, answer) or forbidden(question, answer) or right_sheet(question, answer) is False:
        return False
    return bool(question.must) or status_right(question, answer)


def missed_groups(question: Question, answer: Answer) -> tuple[int, ...]:
    """Return the numbers, from 1, of the ``must`` groups of which no pattern hits."""
    # Without markers: "[5]" would satisfy a pattern that looks for the number 5.
    text = answer.plain_text
    return tuple(
        number
        for number, group in enumerate(question.must, start=1)
        if not any(re.search(pattern, text, re.IGNORECASE) for pattern in group)
    )


def forbidden(question: Question, answer: Answer) -> tuple[str, ...]:
    """Return the ``must_not`` patterns that hit."""
    return tuple(pattern for pattern in question.must_not if re.search(pattern, answer.plain_text, re.IGNORECASE))


def right_sheet(question: Question, answer: Answer) -> bool | None:
    """Say whether one of the sheets that hold the answer is cited; ``None`` for kinds that need no source."""
    if question.kind not in SOURCED:
        return None
    return any(citation.document in question.sheets for citation in answer.citations)


def status_right(question: Question, answer: Answer) -> bool:
    """Say whether the status fits the kind; ``other_region`` also fits where every sheet is of another region."""
    if question.kind in SOURCED and question.sheets and ELSEWHERE.issuperset(question.sheets):
        return answer.status in _ANSWERED or answer.status == "other_region"
    return answer.status in EXPECTED[question.kind]


def false_decline(question: Question, answer: Answer) -> bool | None:
    """Say whether a question that a sheet answers was turned away; ``None`` for the other kinds."""
    return not status_right(question, answer) if question.kind in SOURCED else None


def quote_found(citation: Citation, stored: Callable[[str], str | None]) -> bool:
    """Say whether the quote stands letter for letter in the passage shown and in the passage stored."""
    kept = stored(citation.passage_id)
    return bool(citation.quote) and citation.quote in citation.passage and kept is not None and citation.quote in kept


def uncited(answer: Answer) -> int:
    """Count the statements that no citation of the answer bears; a number that leads nowhere bears nothing."""
    known = {citation.n for citation in answer.citations}
    return sum(known.isdisjoint(statement.citations) for statement in answer.statements)


def words(answer: Answer) -> int:
    """Count the words of the statements: what the reader reads before the notes and the contact."""
    return sum(len(MARKER.sub("", statement.text).split()) for statement in answer.statements)


@dataclass(frozen=True, slots=True)
class Summary:
    """A group of verdicts in numbers: shares between 0 and 1, ``None`` where no answer of the group counts."""

    n: int
    passed: float | None
    passed_interval: tuple[float, float] | None
    right_sheet: float | None
    status_right: float | None
    false_declines: float | None
    language_right: float | None
    quotes_found: float | None
    uncited: int
    words_median: float | None
    latency_p50_ms: float | None
    latency_p95_ms: float | None


def summarise(verdicts: Collection[Verdict]) -> Summary:
    """Return the numbers of a group; the median length is that of the answers that state something."""
    passed = [verdict.passed for verdict in verdicts]
    lengths = [verdict.words for verdict in verdicts if verdict.words]
    latencies = [verdict.latency_ms for verdict in verdicts]
    citations = sum(verdict.citations for verdict in verdicts)
    return Summary(
        n=len(verdicts),
        passed=share(passed),
        passed_interval=bootstrap_interval(passed) if passed else None,
        right_sheet=share(verdict.right_sheet for verdict in verdicts),
        status_right=share(verdict.status_right for verdict in verdicts),
        false_declines=share(verdict.false_decline for verdict in verdicts),
        language_right=share(verdict.language_right for verdict in verdicts),
        quotes_found=sum(verdict.quotes_found for verdict in verdicts) / citations if citations else None,
        uncited=sum(verdict.uncited for verdict in verdicts),
        words_median=float(statistics.median(lengths)) if lengths else None,
        latency_p50_ms=percentile(latencies, 50),
        latency_p95_ms=percentile(latencies, 95),
    )


def share(judgements: Iterable[bool | None]) -> float | None:
    """Return the share of true among the judgements that are not ``None``; ``None`` where there are none."""
    counted = [judgement for judgement in judgements if judgement is not None]
    return sum(counted) / len(counted) if counted else None


def percentile(values: Sequence[float], rank: float) -> float | None:
    """Return the percentile of *values*, interpolated; ``None`` where there are none."""
    return float(np.percentile(values, rank)) if values else None


def found_at(ranking: Sequence[str], gold: Collection[str], k: int) -> float:
    """Return 1.0 where any of the gold documents stands among the first *k*, else 0.0."""
    return float(not set(gold).isdisjoint(ranking[:k]))


def recall_at(ranking: Sequence[str], gold: Collection[str], k: int) -> float:
    """Return the share of the gold documents that stand among the first *k*."""
    return len(set(gold).intersection(ranking[:k])) / len(set(gold))


def ndcg_at(ranking: Sequence[str], gold: Collection[str], k: int) -> float:
    """Return the discounted gain of the first *k*, as a share of the best that as many gold documents could reach."""
    wanted = set(gold)
    gain = sum(1 / math.log2(place + 2) for place, document in enumerate(ranking[:k]) if document in wanted)
    best = sum(1 / math.log2(place + 2) for place in range(min(k, len(wanted))))
    return gain / best


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with the ends of its 95 % interval, where it has one."""

    value: float
    low: float | None = None
    high: float | None = None

    @classmethod
    def of(cls, values: Sequence[float]) -> Estimate | None:
        """Return the mean of one value a question with its bootstrap interval; ``None`` without questions."""
        return cls(sum(values) / len(values), *bootstrap_interval(values)) if values else None


def bootstrap_interval(values: Sequence[float], *, rounds: int = 2000, seed: int = 20261123) -> tuple[float, float]:
    """Return the 95 % interval of the mean of *values*, by drawing them again with replacement; the same every time.

    For a paired comparison, *values* are the differences of each question.
    """
    sample = np.asarray(values, dtype=float)
    draws = np.random.default_rng(seed).choice(sample, size=(rounds, sample.size))
    low, high = np.percentile(draws.mean(axis=1), [2.5, 97.5])
    return float(low), float(high)

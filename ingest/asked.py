"""What receipts tell: the questions that can be asked again, and how the answers of a time were."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, cast

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from ingest.database import AnswerRow, FeedbackRow
from ingest.documents import Language
from ingest.settings import BRUSSELS

LOOKED_THROUGH = 20
"""Receipts that are looked through for each question that is wanted: many ask the same."""
MOST = 20_000
"""Receipts that are measured at most, newest first."""
_MARK = re.compile(r"\[\d+\]")
"""A citation marker, which is no word."""
_QUESTION = AnswerRow.data["question"].as_string()


@dataclass(frozen=True, slots=True)
class Asked:
    """A visitor's question as its receipt still holds it."""

    id: str
    question: str
    history: tuple[tuple[str, str], ...]
    """The earlier turns: who spoke, and what was said."""
    language: Language | None
    """The language that the visitor had set."""

    @property
    def sense(self) -> tuple[object, ...]:
        """What makes it another question than one that differs by a capital, a space or a mark only."""
        earlier = tuple((role, _plain(text)) for role, text in self.history)
        return (_plain(self.question), earlier, self.language)


@dataclass(frozen=True, slots=True)
class Given:
    """What is measured of one answer."""

    day: dt.date
    language: str
    status: str
    words: int
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Measures:
    """What is told of the answers of a time; a figure that there is none of is 0."""

    answers: int
    answered: int
    """How many were answered, at least in part."""
    words: int
    """Of an answer, median."""
    p50: int
    """Milliseconds that half of the answers took at most."""
    p95: int


def measures(answers: Sequence[Given]) -> Measures:
    """Return the measures of *answers*."""
    times = sorted(answer.milliseconds for answer in answers)
    return Measures(
        answers=len(answers),
        answered=sum(answer.status in ("answered", "partial") for answer in answers),
        words=round(median([answer.words for answer in answers] or [0])),
        p50=round(_share(times, 0.5)),
        p95=round(_share(times, 0.95)),
    )


def questions(engine: Engine, since: dt.datetime, limit: int) -> list[Asked]:
    """Return up to *limit* questions that were asked from *since* on and are still kept, newest first, each once."""
    found: dict[tuple[object, ...], Asked] = {}
    if limit:
        for each in _asked(engine, since, limit * LOOKED_THROUGH):
            found.setdefault(each.sense, each)
            if len(found) == limit:
                break
    return list(found.values())


def words_of(engine: Engine, ids: list[str]) -> dict[str, str]:
    """Return the questions of these receipts that are still kept, by id."""
    found: dict[str, str] = {}
    with Session(engine) as session:
        for start in range(0, len(ids), 500):
            wanted = select(AnswerRow.id, _QUESTION).where(AnswerRow.id.in_(ids[start : start + 500]))
            found |= {id: text for id, text in session.execute(wanted).tuples() if text}
    return found


def given(engine: Engine, since: dt.datetime) -> list[Given]:
    """Return the answers that were given from *since* on, newest first."""
    text, timings = AnswerRow.data["text"].as_string(), AnswerRow.data["timings"]
    wanted = select(AnswerRow.at, AnswerRow.language, AnswerRow.status, text, timings)
    wanted = wanted.where(AnswerRow.at >= since.astimezone(dt.UTC)).order_by(AnswerRow.at.desc()).limit(MOST)
    with Session(engine) as session:
        return [
            Given(_day(at), language, status, _words(said or ""), _sum(spent))
            for at, language, status, said, spent in session.execute(wanted).tuples()
        ]


def ratings(engine: Engine, since: dt.datetime) -> Mapping[tuple[dt.date, int], int]:
    """Return how many thumbs went up (1) and down (-1) on each day from *since* on."""
    wanted = select(FeedbackRow.at, FeedbackRow.rating).where(FeedbackRow.at >= since.astimezone(dt.UTC))
    with Session(engine) as session:
        return Counter((_day(at), rating) for at, rating in session.execute(wanted).tuples())


def _asked(engine: Engine, since: dt.datetime, most: int) -> Iterator[Asked]:
    standalone = AnswerRow.data["standalone_question"].as_string()
    wanted = (
        select(AnswerRow.id, _QUESTION, standalone, AnswerRow.trace["history"],
               AnswerRow.trace["asked_language"].as_string(), AnswerRow.trace.is_not(None))
        .where(~AnswerRow.purged, AnswerRow.at >= since.astimezone(dt.UTC), func.length(_QUESTION) > 0)
        .order_by(AnswerRow.at.desc()).limit(most)
    )  # fmt: skip
    with Session(engine) as session:
        for id, text, full, history, language, traced in session.execute(wanted).tuples():
            # A follow-up of before earlier turns were kept cannot be asked again.
            if traced or full == text:
                yield Asked(id, text, tuple(_turns(history)), cast("Language | None", language))


def _share(ordered: Sequence[float], share: float) -> float:
    """Return the value that *share* of the *ordered* ones do not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0


def _turns(history: Any) -> Iterator[tuple[str, str]]:
    for turn in history or ():
        yield turn["role"], turn["text"]


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def _words(text: str) -> int:
    return sum(any(sign.isalnum() for sign in word) for word in _MARK.sub("", text).split())


def _day(at: dt.datetime) -> dt.date:
    return at.replace(tzinfo=dt.UTC).astimezone(BRUSSELS).date()


def _sum(timings: Any) -> float:
    return sum(float(spent) for spent in (timings or {}).values())

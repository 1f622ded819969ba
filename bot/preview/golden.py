"""The control questions: a file of questions with what a right answer must hold, and the judgement of an answer.

A line of the file is a JSON object (docs/preview.md)::

    {"id": "g001", "lang": "fr", "question": "…", "history": [{"role": "user", "text": "…"}],
     "expected": {"status": ["answered"], "facts": ["515", "cinq jours|5 jours"], "documents": ["start-ia"]}}
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.answers import Answer, Message, Status
from ingest.documents import Language
from ingest.errors import GuichetError
from ingest.figures import MONTHS, figures
from ingest.settings import Settings

MOST = 1000
"""Questions that a file may hold: each preview asks all of them twice."""
_PLAIN_FIGURE = re.compile(
    r"(?:[\d\s.,%€/-]|\b(?:euros?|eur|" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")\b)+", re.IGNORECASE
)
"""A fact that is a figure or a date and nothing else."""


class GoldenInvalid(GuichetError):
    """The file of control questions cannot be read."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Turn(_Strict):
    """An earlier turn of the conversation."""

    role: Literal["user", "assistant"]
    text: str


class Expected(_Strict):
    """What a right answer must hold."""

    status: tuple[Status, ...] = Field(min_length=1)
    """Any of these."""
    facts: tuple[Annotated[str, Field(pattern=r"[^\s|]")], ...] = ()
    """Each must be said: a figure in any way of writing it, or words; ``a|b`` is one or the other."""
    documents: tuple[str, ...] = ()
    """One of them must be cited."""


class GoldenQuestion(_Strict):
    """A control question."""

    id: Annotated[str, Field(min_length=1, max_length=50)]
    lang: Language
    question: Annotated[str, Field(min_length=1)]
    history: tuple[Turn, ...] = ()
    expected: Expected

    @property
    def turns(self) -> tuple[Message, ...]:
        """The earlier turns, as the bot takes them."""
        return tuple(Message(turn.role, turn.text) for turn in self.history)


@dataclass(frozen=True, slots=True)
class GoldenSet:
    """The control questions in force."""

    questions: tuple[GoldenQuestion, ...] = ()
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that a right answer would hold."""

    kind: Literal["status", "language", "fact", "document", "error"]
    detail: str = ""


def read_golden(settings: Settings) -> GoldenSet:
    """Return the control questions in force; a file that is named and not there, or is wrong, is ``GoldenInvalid``."""
    path = settings.golden_questions or settings.corpus_dir / "golden.jsonl"
    if settings.golden_questions is None and not path.is_file():
        return GoldenSet()
    try:
        content = path.read_bytes()
        lines = content.decode("utf-8-sig").splitlines()
    except OSError as error:
        raise GoldenInvalid(
            f"{path.name}: cannot be opened ({error.strerror}); correct GUICHET_GOLDEN_QUESTIONS"
        ) from error
    except UnicodeDecodeError as error:
        raise GoldenInvalid(f"{path.name}: is not UTF-8 text; save it as UTF-8") from error
    found: dict[str, GoldenQuestion] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        question = _read(line, f"{path.name}, line {number}")
        if question.id in found:
            raise GoldenInvalid(f"{path.name}, line {number}: the id {question.id} stands twice; give it another one")
        found[question.id] = question
    if len(found) > MOST:
        raise GoldenInvalid(f"{path.name}: {len(found)} questions; a preview asks {MOST} at most, take some out")
    return GoldenSet(tuple(found.values()), hashlib.sha256(content).hexdigest())


def missing(question: GoldenQuestion, answer: Answer) -> tuple[Missing, ...]:
    """Return what *answer* lacks to be right; nothing for a right one."""
    expected = question.expected
    found: list[Missing] = []
    if answer.status not in expected.status:
        found.append(Missing("status", answer.status))
    if answer.language != question.lang:
        found.append(Missing("language", answer.language))
    said = _said(answer)
    found += [Missing("fact", fact) for fact in expected.facts if not _holds(said, fact, question.lang)]
    cited = {citation.document for citation in answer.citations}
    if expected.documents and cited.isdisjoint(expected.documents):
        found.append(Missing("document", ", ".join(expected.documents)))
    return tuple(found)


def _read(line: str, place: str) -> GoldenQuestion:
    try:
        return GoldenQuestion.model_validate(json.loads(line))
    except json.JSONDecodeError as error:
        raise GoldenInvalid(f"{place}: is no JSON object ({error.msg}); see docs/preview.md") from error
    except ValidationError as error:
        first: Any = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "line"
        raise GoldenInvalid(f"{place}: {where}: {first['msg']}; see docs/preview.md") from error


def _said(answer: Answer) -> str:
    """Return what an answer says, without the line on the age of its sources: a year there is no fact."""
    text = answer.plain_text
    if answer.citations and answer.notes:
        text = text.replace(answer.notes[-1], "")
    return text


def _holds(said: str, fact: str, language: Language) -> bool:
    return any(_says(said, each.strip(), language) for each in fact.split("|") if each.strip())


def _says(said: str, fact: str, language: Language) -> bool:
    if _PLAIN_FIGURE.fullmatch(fact) and (wanted := set(figures(fact, language))):
        return wanted <= set(figures(said, language))
    return re.search(rf"(?<!\w){re.escape(_plain(fact))}(?!\w)", _plain(said)) is not None


def _plain(text: str) -> str:
    """Return *text* without what differs from one way of writing to another: capitals, kinds of spaces and quotes."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return " ".join(text.split())

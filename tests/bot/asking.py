"""Receipts of our own making, as visitors would leave them, for the tests of the gap board."""

from __future__ import annotations

import datetime as dt
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from ingest.database import AnswerRow, now
from ingest.receipts import Receipts

_NUMBERS = count(1)
Group = list[tuple[str, str]]


@cache
def labelled() -> dict[str, list[Group]]:
    """Return the groups of questions of one meaning, by the part of the set that they are of."""
    data = yaml.safe_load((Path(__file__).parent / "gap_questions.yaml").read_text(encoding="utf-8"))
    return {part: [[(la, text) for la, text in group] for group in groups] for part, groups in data.items()}


def receipt(
    engine: Engine, text: str, language: str = "fr", *, status: str = "not_in_sources", days: float = 0.0,
    evidence: float | None = None, near: str | None = None, generation: int = 1,
) -> str:  # fmt: skip
    """Keep the receipt of an answer that was given *days* ago; return its id."""
    id = f"asked{next(_NUMBERS)}"
    answer: dict[str, Any] = {
        "id": id, "question": text, "standalone_question": text, "language": language, "status": status, "text": "…",
        "as_of": "2026-11-23", "generation": generation, "mode": "extractive", "statements": [], "citations": [],
        "programmes": [{"id": near, "title": near, "state": "unknown", "opens": None, "closes": None,
                        "verified_on": None, "url": None}] if near else [],
        "next_step": None, "timings": {},
    }  # fmt: skip
    trace: dict[str, Any] = {"verdicts": [], "quotes": [], "history": [], "evidence": evidence}
    Receipts(engine).keep(answer, trace)
    aged(engine, id, days)
    return id


def aged(engine: Engine, id: str, days: float) -> None:
    """Make a receipt that many days old."""
    with Session(engine) as session, session.begin():
        session.execute(update(AnswerRow).where(AnswerRow.id == id).values(at=now() - dt.timedelta(days=days)))


def rate(engine: Engine, id: str, rating: int, reason: str | None = None) -> None:
    """Keep a thumb."""
    Receipts(engine).keep_feedback(id, rating, reason)

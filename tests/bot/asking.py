"""Receipts of our own making, as visitors would leave them, for the tests of the gap board."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import Engine, insert, update
from sqlalchemy.orm import Session

from ingest.database import AnswerRow, now
from ingest.documents import Language
from ingest.receipts import Receipts

_NUMBERS = count(1)
Group = list[tuple[Language, str]]


@cache
def labelled() -> dict[str, list[Group]]:
    """Return the groups of questions of one meaning, by the part of the set that they are of."""
    data = yaml.safe_load((Path(__file__).parent / "gap_questions.yaml").read_text(encoding="utf-8"))
    return {part: [[(la, text) for la, text in group] for group in groups] for part, groups in data.items()}


def receipt(engine: Engine, text: str, language: str = "fr", *, days: float = 0.0, **told: Any) -> str:
    """Keep the receipt of an answer that was given *days* ago, see ``receipts``; return its id."""
    return receipts(engine, [(text, language, days)], **told)[0]


def receipts(
    engine: Engine, asked: Iterable[tuple[str, str, float]], *, status: str = "not_in_sources",
    evidence: float | None = None, near: str | None = None, generation: int = 1,
) -> list[str]:  # fmt: skip
    """Keep the receipts of answers to questions, each with its language and how many days ago; return their ids."""
    rows = []
    for text, language, days in asked:
        id = f"asked{next(_NUMBERS)}"
        answer: dict[str, Any] = {
            "id": id, "question": text, "standalone_question": text, "language": language, "status": status,
            "text": "…", "as_of": "2026-11-23", "generation": generation, "mode": "extractive", "statements": [],
            "citations": [], "next_step": None, "timings": {},
            "programmes": [{"id": near, "title": near, "state": "unknown", "opens": None, "closes": None,
                            "verified_on": None, "url": None}] if near else [],
        }  # fmt: skip
        trace: dict[str, Any] = {"verdicts": [], "quotes": [], "history": [], "evidence": evidence}
        rows.append({"id": id, "at": now() - dt.timedelta(days=days), "language": language, "status": status,
                     "generation": generation, "data": answer, "trace": trace, "purged": False})  # fmt: skip
    with Session(engine) as session, session.begin():
        session.execute(insert(AnswerRow), rows)
    return [row["id"] for row in rows]


def aged(engine: Engine, id: str, days: float) -> None:
    """Make a receipt that many days old."""
    with Session(engine) as session, session.begin():
        session.execute(update(AnswerRow).where(AnswerRow.id == id).values(at=now() - dt.timedelta(days=days)))


def rate(engine: Engine, id: str, rating: int, reason: str | None = None) -> None:
    """Keep a thumb."""
    Receipts(engine).keep_feedback(id, rating, reason)

"""Questions as training data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training import questions, sheets
from training.embedding import CORPUS
from training.questions import Question

ASKED = Question("x-0001", "fr", "Combien d'organisations pour Start IA ?", ("start-ia",), ("start-ia.f02",))


def same(texts: Sequence[str]) -> NDArray[np.float32]:
    """Encode every text alike: no statement is nearer than another."""
    return np.ones((len(texts), 1), dtype=np.float32)


def test_every_fifth_question_is_held_out(tmp_path: Path) -> None:
    """A question whose number five divides never reaches training."""
    rows = [
        {"id": f"q-{number:04}", "lang": "fr", "question": "?", "sheets": ["a6k"], "facts": [], "gap": None}
        for number in range(1, 11)
    ]
    path = tmp_path / "questions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert [question.id[-2:] for question in questions.read(path)] == ["01", "02", "03", "04", "06", "07", "08", "09"]


def test_a_question_is_paired_with_its_fact_in_four_languages() -> None:
    """The right statement and the title of the sheet are learnt in the asker's language and in the others."""
    found = questions.pairs([ASKED], sheets.read(CORPUS))
    assert len(found) == 8
    assert sum("515" in pair.right for pair in found) == 4
    assert {pair.key for pair in found} == {"start-ia"}


def test_a_rival_is_of_another_sheet_and_of_the_language_of_the_answer() -> None:
    """What is taught to be wrong never stands in a sheet that answers the question."""
    corpus = [sheet for sheet in sheets.read(CORPUS) if sheet.id in ("start-ia", "a6k", "adn")]
    asked = Question("x-0002", "fr", "Start IA ou A6K ?", ("start-ia", "a6k"), ("start-ia.f01", "a6k.f02"))
    language = {statement.text: sheet.language for sheet in corpus for statement in sheet.statements}
    language |= {sheet.title: sheet.language for sheet in corpus}
    allowed = {statement.text for sheet in corpus if sheet.id == "adn" for statement in sheet.statements}
    for pair in questions.with_rivals(questions.pairs([asked], corpus), [asked], corpus, same):
        assert pair.against in allowed
        assert language[pair.against] == language[pair.right]

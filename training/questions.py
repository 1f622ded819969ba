"""Questions written for training, with the sheets and facts that answer them, and answers that only look right."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.pairs import Pair
from training.sheets import Sheet, SheetStatement, aligned

HELD_OUT = 5
"""Questions whose number this divides are never trained on: choices are made on them."""
Encode = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts in, unit vectors out, shape ``(texts, dimension)``."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question; *facts* are written ``sheet.place``, and there are none where the sources leave a gap."""

    id: str
    language: str
    text: str
    sheets: tuple[str, ...]
    facts: tuple[str, ...] = ()

    @property
    def held_out(self) -> bool:
        """Whether the number at the end of the id is divisible by :data:`HELD_OUT`."""
        number = re.search(r"(\d+)$", self.id)
        return number is None or int(number[1]) % HELD_OUT == 0


def read(path: Path) -> list[Question]:
    """Return the questions in the file *path* that may be trained on, one JSON object a line."""
    questions = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        questions.append(
            Question(row["id"], row["lang"], row["question"], tuple(row["sheets"]), tuple(row["facts"] or ()))
        )
    return [question for question in questions if question.sheets and not question.held_out]


def pairs(questions: Sequence[Question], sheets: Sequence[Sheet]) -> list[Pair]:
    """Return each question with the statements that answer it, and with the title of its sheet, in all languages.

    The sheet is the key: another statement of it may well help with the question, and is not taught to be wrong.
    """
    statements = aligned(sheets)
    titles: dict[str, dict[str, str]] = {}
    for sheet in sheets:
        titles.setdefault(sheet.id, {})[sheet.language] = sheet.title
    found = []
    for question in questions:
        for fact in question.facts:
            name, _, place = fact.partition(".")
            for statement in statements.get((name, place), {}).values():
                found.append(Pair(question.text, statement.text, name))
        for name in question.sheets:
            found += [Pair(question.text, title, name) for title in titles.get(name, {}).values()]
    return found


def with_rivals(
    found: Sequence[Pair],
    questions: Sequence[Question],
    sheets: Sequence[Sheet],
    encode: Encode,
    *,
    among: int = 5,
    seed: int = 0,
) -> list[Pair]:
    """Return the pairs, each with a statement of a sheet that is not asked for and that *encode* finds near.

    One of the nearest *among* in the language of the right answer is drawn: always the nearest would teach one detail.
    """
    statements: list[SheetStatement] = [statement for sheet in sheets for statement in sheet.statements]
    language = {statement.text: statement.language for statement in statements}
    language |= {sheet.title: sheet.language for sheet in sheets}
    wanted = {question.text: question.sheets for question in questions}
    of_sheet = np.asarray([statement.sheet for statement in statements])
    of_language = np.asarray([statement.language for statement in statements])
    near = encode([pair.left for pair in found]) @ encode([statement.text for statement in statements]).T
    chance = np.random.default_rng(seed)
    result = []
    for row, pair in zip(near, found, strict=True):
        rivals = np.flatnonzero(~np.isin(of_sheet, wanted[pair.left]) & (of_language == language[pair.right]))
        nearest = rivals[np.argsort(-row[rivals])[:among]]
        result.append(replace(pair, against=statements[chance.choice(nearest)].text))
    return result

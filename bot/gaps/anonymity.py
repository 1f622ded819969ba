"""Tables by place or sector in which nobody can be told apart: a figure is shown from five different questions on.

What is left out of a table must not come back by subtraction: such a table has neither sums nor filters, always covers
the same whole weeks, and counts questions that are published nowhere else. Zero is left out like any other small
figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

LEAST = 5
"""Different questions from which a figure or a word is shown."""


@dataclass(frozen=True, slots=True)
class Crossed:
    """A table of two dimensions; a figure that would be small is None."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: Mapping[tuple[str, str], int | None]


def crossed(entries: Iterable[tuple[str, str, str]], columns: Sequence[str]) -> Crossed:
    """Return the table of *entries* (row, column, what was asked): each cell counts different questions.

    A row without any figure is left out, and the order of the rows tells nothing of what is not shown.
    """
    asked: dict[tuple[str, str], set[str]] = {}
    for row, column, question in entries:
        asked.setdefault((row, column), set()).add(question)
    enough = {cell: len(questions) for cell, questions in asked.items() if len(questions) >= LEAST}
    rows = tuple(sorted({row for row, _ in enough}))
    return Crossed(
        rows, tuple(columns), {(row, column): enough.get((row, column)) for row in rows for column in columns}
    )

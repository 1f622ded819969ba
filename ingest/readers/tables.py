"""Count the tables of a PDF page: rows of short cells that begin in the same places, with or without lines around."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

FEWEST_ROWS = 3
ALIGNED = 4.0
"""Points that the beginnings, middles or ends of the cells of a column may lie apart."""
LONGEST_CELL = 0.45
"""Share of the page's width from which on a text beside another is a column of running text."""
MOST_PIECES = 5_000
"""Pieces of text of a page that are looked at: a page of more is a drawing."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of text with its place in points."""

    left: float
    bottom: float
    right: float
    top: float

    def lines_up_with(self, other: Cell) -> bool:
        """Return whether both stand in one column, set left, right or in the middle."""
        middle = abs(self.left + self.right - other.left - other.right) / 2
        return min(abs(self.left - other.left), abs(self.right - other.right), middle) <= ALIGNED


def count_tables(page: Any) -> int:
    """Return how many tables *page* shows."""
    width = page.get_width()
    count, run = 0, 0
    above: list[Cell] | None = None
    for row in _rows(list(_texts(page))):
        is_row = len(row) > 1 and all(cell.right - cell.left <= LONGEST_CELL * width for cell in row)
        if is_row and above is not None and _continues(above, row):
            run += 1
            count += run == FEWEST_ROWS
        else:
            run = int(is_row)
        above = row if is_row else None
    return count


def _continues(above: Sequence[Cell], row: Sequence[Cell]) -> bool:
    """Say whether *row* has the columns of the row above, and stands near it."""
    aligned = sum(any(cell.lines_up_with(other) for other in above) for cell in row)
    height = max(cell.top - cell.bottom for cell in (*above, *row))
    near = above[0].bottom - row[0].top < 4 * height
    return near and aligned >= 2 and aligned * 3 >= 2 * min(len(above), len(row))


def _texts(page: Any) -> Iterator[Cell]:
    from pypdfium2 import raw

    bounds = [ctypes.c_float() for _ in range(4)]
    handles = page.raw
    for index in range(min(raw.FPDFPage_CountObjects(handles), MOST_PIECES)):
        thing = raw.FPDFPage_GetObject(handles, index)
        if raw.FPDFPageObj_GetType(thing) == raw.FPDF_PAGEOBJ_TEXT and raw.FPDFPageObj_GetBounds(thing, *bounds):
            left, bottom, right, top = (bound.value for bound in bounds)
            if right > left and top > bottom:
                yield Cell(left, bottom, right, top)


def _rows(texts: Sequence[Cell]) -> Iterator[list[Cell]]:
    """Yield the rows of a page from top to bottom, what stands close together being one cell."""
    row: list[Cell] = []
    for text in sorted(texts, key=lambda each: (-(each.bottom + each.top), each.left)):
        if row and (text.bottom + text.top) / 2 < row[0].bottom + 0.15 * (row[0].top - row[0].bottom):
            yield _joined(row)
            row = []
        row.append(text)
    if row:
        yield _joined(row)


def _joined(row: list[Cell]) -> list[Cell]:
    ordered = sorted(row, key=lambda cell: cell.left)
    cells = [ordered[0]]
    for before, cell in pairwise(ordered):
        held = cells[-1]
        # A space is a quarter of a letter's height; the gap between two columns is wider than the letters are high.
        if cell.left - max(held.right, before.right) < 0.9 * (held.top - held.bottom):
            cells[-1] = Cell(
                held.left, min(held.bottom, cell.bottom), max(held.right, cell.right), max(held.top, cell.top)
            )
        else:
            cells.append(cell)
    return cells

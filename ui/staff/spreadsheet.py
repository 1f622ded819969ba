"""Tables as files for a spreadsheet: with a mark of UTF-8, semicolons, and nothing that a cell would compute."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet may take for the start of a formula, in their wide forms too."""


def spreadsheet(heads: Sequence[str], rows: Iterable[Sequence[str | int]]) -> bytes:
    """Return a table as a file that a Belgian spreadsheet opens by itself; a text is only ever a text."""
    written = io.StringIO()
    writer = csv.writer(written, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([safe(head) for head in heads])
    writer.writerows([safe(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + written.getvalue().encode("utf-8")


def safe(cell: str) -> str:
    """Return a text that no spreadsheet computes: what looks like a formula, blanks before it or not, gets a quote."""
    cell = cell.replace("\x00", "")
    return f"'{cell}" if cell.startswith(_STARTS) or cell.lstrip().startswith(_STARTS) else cell

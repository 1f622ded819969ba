"""Text that a file holds and nobody sees: how a reader tells it, and the warnings that staff gets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from ingest.screening import excerpt, is_order, listed, unseen, visible


@dataclass(frozen=True, slots=True)
class Hidden:
    """A piece of hidden text; *kept* says that it may be visible after all and stays in the document."""

    how: str
    text: str
    page: int | None = None
    kept: bool = False

    @property
    def place(self) -> tuple[int | None, str, bool]:
        """What pieces that lie together have in common."""
        return self.page, self.how, self.kept

    def __str__(self) -> str:
        page = f"page {self.page}: " if self.page else ""
        said = "text that may be hidden was kept" if self.kept else "hidden text was left out"
        return f"{page}{said} ({self.how}): '{excerpt(self.text)}'"


def warnings(name: str, found: Iterable[Hidden], raw: Iterable[tuple[int | None, str]] = ()) -> tuple[str, ...]:
    """Return the warnings about hidden text of the file *name*, one for pieces of one kind that follow each other.

    *raw* holds the text of each page as the file has it, in which invisible characters are looked for.
    """
    findings = []
    for (page, how, kept), pieces in groupby(found, key=lambda piece: piece.place):
        text = " ".join(filter(None, (" ".join(visible(piece.text).split()) for piece in pieces)))
        if any(map(str.isalpha, text)):
            findings.append(str(Hidden(how, text, page, kept)))
    for page, text in raw:
        if what := unseen(text):
            findings.append(f"page {page}: {what} were left out" if page else f"{what} were left out")
    return listed(name, findings)


def order_in_comment(text: str) -> Hidden | None:
    """Return a comment as hidden text when it gives orders; other comments are the daily work of web pages."""
    return Hidden("comment", text) if is_order(text) else None

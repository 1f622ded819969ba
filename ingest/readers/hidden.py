"""Text that a file holds and nobody sees, and the warnings that staff gets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ingest.screening import excerpt, is_order, listed, unseen, visible

ORDINARY = frozenset({"comment", "template", "noscript"})
"""What every web page hides in its daily work: worth a warning only when it gives an order."""
_TAG = re.compile(r"<script\b.*?</script>|<[^<>]*>", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Hidden:
    """A piece of hidden text; *kept* says that it may be visible after all and stays in the document."""

    how: str
    text: str
    page: int | None = None
    kept: bool = False


def comments(markup: str) -> Iterator[Hidden]:
    """Yield the comments in HTML or Markdown."""
    start = markup.find("<!--")
    # Not a pattern: it would look for the end of each of a million comments that have none.
    while start >= 0 and (end := markup.find("-->", start + 4)) >= 0:
        if words := markup[start + 4 : end].strip():
            yield Hidden("comment", words)
        start = markup.find("<!--", end + 3)


def order_pages(found: Iterable[Hidden]) -> tuple[int, ...]:
    """Return the page of each hidden piece that gives an order to an AI, 0 in a file without pages."""
    return tuple(piece.page or 0 for piece in found if is_order(" ".join(visible(_TAG.sub(" ", piece.text)).split())))


def warnings(
    name: str,
    found: Iterable[Hidden],
    raw: Iterable[tuple[int | None, str]] = (),
    *,
    ordinary: frozenset[str] = ORDINARY,
) -> tuple[str, ...]:
    """Return the warnings about hidden text of the file *name*: first orders, then one for each way and page.

    *raw* holds the text of each page as the file has it, in which invisible characters are looked for. Pieces that are
    hidden in an *ordinary* way count only when they give an order.
    """
    orders, groups = [], dict[tuple[int | None, str, bool], list[str]]()
    for piece in found:
        text = " ".join(visible(_TAG.sub(" ", piece.text)).split())
        if piece.how not in ordinary or is_order(text):
            groups.setdefault((piece.page, piece.how, piece.kept), []).append(text)
    findings = []
    for (page, how, kept), pieces in groups.items():
        text = " ".join(pieces)
        if not any(map(str.isalpha, text)):
            continue
        said = "text that may be hidden was kept" if kept else "hidden text was left out"
        if order := next((piece for piece in (*pieces, text) if is_order(piece)), None):
            orders.append(f"{_place(page)}{said} ({how}), with an order to an AI: '{excerpt(order)}'")
        else:
            findings.append(f"{_place(page)}{said} ({how}): '{excerpt(text)}'")
    for page, text in raw:
        if what := unseen(text):
            findings.append(f"{_place(page)}{what}, were left out")
    return listed(name, [*orders, *findings])


def _place(page: int | None) -> str:
    return f"page {page}: " if page else ""

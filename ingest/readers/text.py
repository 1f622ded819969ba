"""Read plain text: paragraphs between blank lines, list items, and headings in capitals or underlined."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ingest.documents import FileFacts, SourceDocument
from ingest.readers.blocks import Block, Sheet, check_length, document
from ingest.readers.hidden import warnings

BULLET = re.compile(r"\s*(?:[-–—*•‣▪▫◦·●○■□➢➤✓✔\uf0b7\uf0a7\uf0fc]|\(?(?:\d{1,2}|[a-z])[.)])\s+(?=\S)")
"""The mark before a list item; it is no part of the item's words."""

_UNDERLINE = re.compile(r"\s*(?:={3,}|-{3,}|~{3,}|\*{3,}|_{3,})\s*")
_LONGEST_HEADING = 120


def read_text(path: Path, content: bytes) -> SourceDocument:
    """Return the plain-text document in *content*."""
    from ingest.readers import decode

    text = decode(path, content)
    check_length(path, len(text))
    sheet = Sheet(tuple(blocks(text.splitlines())))
    return document(path, content, [sheet], warnings=warnings(path.name, (), [(None, text)]), file=FileFacts("text"))


def blocks(lines: list[str]) -> Iterator[Block]:
    """Yield the headings, list items and paragraphs of *lines*."""
    pending: list[str] = []
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        underlined = bool(line.strip()) and not pending and _UNDERLINE.fullmatch(following) is not None
        if _UNDERLINE.fullmatch(line) or not line.strip():
            yield from _flush(pending)
        elif underlined or (not pending and _in_capitals(line)):
            yield Block("heading", line, level=1 if underlined and following.strip().startswith("=") else 2)
        else:
            if BULLET.match(line):
                yield from _flush(pending)
            pending.append(line)
    yield from _flush(pending)


def _flush(pending: list[str]) -> Iterator[Block]:
    if pending:
        text = " ".join(line.strip() for line in pending)
        mark = BULLET.match(text)
        yield Block("item", text[mark.end() :]) if mark else Block("paragraph", text)
        pending.clear()


def _in_capitals(line: str) -> bool:
    words = line.strip()
    letters = sum(character.isalpha() for character in words)
    return letters > 3 and words.isupper() and len(words) <= _LONGEST_HEADING and not words.endswith((".", ";", ","))

"""What every reader hands over: blocks in reading order, made here into the pages of a document."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ingest import sentences
from ingest.documents import Language, Page, Section, SourceDocument, Statement
from ingest.errors import UnreadableFile
from ingest.screening import UNSEEN

LONG_ITEM = 400
"""A list item longer than this is cut into its sentences."""

_SPACES = re.compile(r"[ \t\r\n\f\v]+")
_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1f\x7f\ufffe]|" + UNSEEN)
_LATIN = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "đ": "d"})


@dataclass(frozen=True, slots=True)
class Block:
    """A heading (of a *level*, 1 is the highest), a paragraph, a list item or a table row."""

    kind: Literal["heading", "paragraph", "item", "row"]
    text: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Sheet:
    """The blocks of one page of a PDF, or of the whole of another file."""

    blocks: tuple[Block, ...]
    number: int | None = None
    label: str | None = None


def clean(text: str) -> str:
    """Return *text* on one line, without invisible characters; non-breaking spaces belong to the words and stay."""
    return _SPACES.sub(" ", _INVISIBLE.sub("", text)).strip(" ")


def table_rows(rows: Iterable[Sequence[str]]) -> list[Block]:
    """Return one block a row, ``header: cell; …``, the first being the header; a lone row or column is plain text."""
    filled = [[clean(cell) for cell in row] for row in rows]
    filled = [row for row in filled if any(row)]
    if len(filled) < 2 or max(map(len, filled)) < 2:
        return [Block("paragraph", cell) for row in filled for cell in row if cell]
    header, *body = filled
    return [Block("row", _row(header, row)) for row in body]


def _row(header: Sequence[str], row: Sequence[str]) -> str:
    names = [*header, *[""] * (len(row) - len(header))]
    return "; ".join(f"{name}: {cell}" if name else cell for name, cell in zip(names, row, strict=False) if cell)


def document(
    path: Path,
    content: bytes,
    sheets: Sequence[Sheet],
    *,
    title: str | None = None,
    language: Language | None = None,
    url: str | None = None,
    as_of: str | None = None,
    warnings: tuple[str, ...] = (),
) -> SourceDocument:
    """Return the document made of *sheets*; its language is told from its text unless the file says it."""
    language = language or _language(sheets)
    digest = hashlib.sha256(content).hexdigest()
    pages = _pages(sheets, language)
    if not any(page.sections for page in pages):
        raise UnreadableFile(f"{path.name}: holds no text; check that it is the right file", "empty")
    return SourceDocument(
        id=slug(path.stem) or f"document-{digest[:8]}",
        language=language,
        title=clean(title or "") or _first_heading(sheets) or path.stem.replace("_", " "),
        pages=pages,
        path=path.name,
        digest=digest,
        url=url,
        as_of=as_of,
        warnings=warnings,
    )


def slug(stem: str) -> str:
    """Return *stem* in lower-case ASCII with hyphens: ``Où s'adresser`` becomes ``ou-s-adresser``."""
    plain = unicodedata.normalize("NFKD", stem.lower().translate(_LATIN)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def _language(sheets: Sequence[Sheet]) -> Language:
    from ingest.languages import detect

    return detect(" ".join(block.text for sheet in sheets for block in sheet.blocks))


def _first_heading(sheets: Sequence[Sheet]) -> str | None:
    return next((block.text for sheet in sheets for block in sheet.blocks if block.kind == "heading"), None)


def _pages(sheets: Sequence[Sheet], language: Language) -> tuple[Page, ...]:
    pages, path = [], _HeadingPath()
    for sheet in sheets:
        sections: list[Section] = []
        statements: list[Statement] = []
        for block in sheet.blocks:
            if block.kind == "heading":
                _close(sections, path.names, statements)
                path.enter(block.level, clean(block.text))
            else:
                statements.extend(Statement(text) for text in _texts(block, language))
        _close(sections, path.names, statements)
        pages.append(Page(tuple(sections), sheet.number, sheet.label))
    return tuple(pages)


def _close(sections: list[Section], headings: tuple[str, ...], statements: list[Statement]) -> None:
    if statements:
        sections.append(Section(headings, tuple(statements)))
        statements.clear()


def _texts(block: Block, language: Language) -> list[str]:
    text = clean(block.text)
    if block.kind == "paragraph" or len(text) > LONG_ITEM:
        return [sentence for sentence in sentences.split(text, language) if _says_something(sentence)]
    return [text] if _says_something(text) else []


def _says_something(text: str) -> bool:
    """Say whether *text* holds words, or a figure longer than a page or line number."""
    return any(map(str.isalpha, text)) or sum(map(str.isdigit, text)) > 4


class _HeadingPath:
    """The headings that a statement stands under, whatever levels the document leaves out."""

    def __init__(self) -> None:
        self._entries: list[tuple[int, str]] = []

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for _, name in self._entries)

    def enter(self, level: int, name: str) -> None:
        if name:
            self._entries = [*(entry for entry in self._entries if entry[0] < level), (level, name)]

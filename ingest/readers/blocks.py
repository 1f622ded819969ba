"""What every reader hands over: blocks in reading order, made here into the pages of a document."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ingest import sentences
from ingest.documents import FileFacts, Language, Page, Section, SourceDocument, Statement
from ingest.errors import UnreadableFile
from ingest.filenames import NAMELESS, slug
from ingest.screening import UNSEEN

LONG_ITEM = 400
"""A list item longer than this is cut into its sentences."""
LONGEST_STATEMENT = 4_000
"""Characters after which a text without the end of a sentence is cut between words; patterns need not see more."""
MAX_CHARACTERS = 5_000_000
"""Characters of a document: 1,500 full pages. More of it comes from a file made to fill the memory."""
PIECE = 500
"""Characters that tell a language."""
PIECES = 12
MAX_STATEMENTS = 200_000

_ENDS = (". ", "! ", "? ", "… ")
_SPACES = re.compile(r"[ \t\r\n\f\v]+")
_INVISIBLE = re.compile("[\x00-\x08\x0e-\x1f\x7f\ufffe]|" + UNSEEN)


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
    file: FileFacts,
) -> SourceDocument:
    """Return the document made of *sheets*; its language is told from its text unless the file says it."""
    declared = language is not None
    check_length(path, sum(len(block.text) for sheet in sheets for block in sheet.blocks))
    language = language or _language(sheets)
    digest = hashlib.sha256(content).hexdigest()
    pages = _pages(sheets, language)
    check_statements(path, pages)
    if not any(page.sections for page in pages):
        raise UnreadableFile(f"{path.name}: holds no text; check that it is the right file", "empty")
    title, heading = clean(title or ""), _first_heading(sheets)
    file = replace(
        file,
        title_from=(file.title_from or "metadata") if title else "heading" if heading else "name",
        as_of_from=(file.as_of_from or "metadata") if as_of else None,
        language_from="metadata" if declared else "text",
    )
    return SourceDocument(
        id=_id(path.name, digest),
        language=language,
        title=title or heading or path.stem.replace("_", " "),
        pages=pages,
        path=path.name,
        digest=digest,
        url=url,
        as_of=as_of,
        warnings=warnings,
        file=file,
    )


def check_length(path: Path, characters: int) -> None:
    """Raise when a document holds more text than any honest one."""
    if characters > MAX_CHARACTERS:
        millions = MAX_CHARACTERS // 10**6
        message = f"{path.name}: holds more than {millions} million characters of text; split it into smaller files"
        raise UnreadableFile(message, "too_large")


def check_statements(path: Path, pages: Iterable[Page]) -> None:
    """Raise when a document has more statements than any honest one."""
    if sum(len(section.statements) for page in pages for section in page.sections) > MAX_STATEMENTS:
        message = f"{path.name}: holds more than {MAX_STATEMENTS} sentences; split it into smaller files"
        raise UnreadableFile(message, "too_large")


def _id(name: str, digest: str) -> str:
    """Return the id that *name* gives; what says nothing is told apart by its content."""
    id = slug(name)
    return id if id != NAMELESS or name.lower().startswith(NAMELESS) else f"{NAMELESS}-{digest[:8]}"


def _language(sheets: Sequence[Sheet]) -> Language:
    """Return the language of most of the text: of a long one, pieces from all over it are asked."""
    from ingest.languages import detect

    text = " ".join(block.text[:LONGEST_STATEMENT] for sheet in sheets for block in sheet.blocks)
    if len(text) < 2 * PIECE:
        return detect(text)
    starts = range(0, len(text) - PIECE + 1, max(PIECE, (len(text) - PIECE) // PIECES))
    return Counter(detect(text[start : start + PIECE]) for start in starts).most_common(1)[0][0]


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
    pieces = list(_pieces(clean(block.text)))
    if block.kind == "paragraph" or len(pieces) > 1 or len(pieces[0]) > LONG_ITEM:
        found = (sentence for piece in pieces for sentence in sentences.split(piece, language))
        return [sentence for sentence in found if _says_something(sentence)]
    return [text for text in pieces if _says_something(text)]


def _pieces(text: str) -> Iterator[str]:
    """Yield *text* whole, or in pieces when no honest paragraph is as long: cut after a sentence, or between words."""
    start = 0
    while len(text) - start > 2 * LONGEST_STATEMENT:
        window = text[start : start + LONGEST_STATEMENT]
        place = max((window.rfind(mark) for mark in _ENDS), default=-1)
        cut = place + 2 if place > 0 else max(window.rfind(" "), 0) + 1 if " " in window else LONGEST_STATEMENT
        yield text[start : start + cut].strip(" ")
        start += cut
    yield text[start:]


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

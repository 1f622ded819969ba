"""Read a Word file: headings by style or outline level, lists, tables row by row, text boxes after their paragraph."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingest.documents import FileFacts, SourceDocument
from ingest.errors import UnreadableFile
from ingest.readers.blocks import Block, Sheet, clean, document, table_rows
from ingest.readers.hidden import Hidden, order_pages, warnings
from ingest.readers.package import Package

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_OUTLINE = f"{_W}pPr/{_W}outlineLvl"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_SKIPPED = {
    f"{_W}{name}"
    for name in ("del", "moveFrom", "txbxContent", "instrText", "delText", "rPr", "pPr", "sdtPr", "sectPr", "tblPr")
} | {_FALLBACK}
_MARKS = {f"{_W}tab": " ", f"{_W}br": " ", f"{_W}cr": " ", f"{_W}noBreakHyphen": "-"}
_NOTES = {f"{_W}footnoteReference": "footnotes", f"{_W}endnoteReference": "endnotes"}
_HEADING_NAME = re.compile(r"(?:heading|titre|kop|überschrift)\s*([1-9])", re.IGNORECASE)
_TITLE_LEVEL = 0
_TINY = 4
"""Half points."""
_WHITE = re.compile(r"[fF][a-fA-F\d](?:[fF][a-fA-F\d]){2}")
_DATE = re.compile(r"((?:199[1-9]|20\d\d)-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))")

Notes = dict[tuple[str, str], Any]
"""Footnotes and endnotes by kind and id."""


def read_docx(path: Path, content: bytes) -> SourceDocument:
    """Return the document in the Word file *content*, or raise before unpacking what would fill the memory."""
    package = Package(path, content)
    main = package.main()
    body = package.xml(main).find(f"{_W}body")
    if body is None:
        raise UnreadableFile(f"{path.name}: holds no text; check that it is the right file", "empty")
    notes = _notes(package, main)
    raw = "".join(body.itertext())
    hidden = [*without_hidden(body), *(piece for note in notes.values() for piece in without_hidden(note))]
    hidden += _comments(package, main)
    blocks = list(_blocks(body, _style_levels(_part(package, main, "styles")), notes))
    properties = _properties(package)
    named = next((block.text for block in blocks if block.kind == "heading" and block.level == _TITLE_LEVEL), None)
    return document(
        path,
        content,
        [Sheet(tuple(blocks))],
        title=named or properties.get("title"),
        as_of=_date(properties.get("modified")) or _date(properties.get("created")),
        warnings=(*_unread(path, package, main), *warnings(path.name, hidden, [(None, raw)])),
        file=FileFacts(
            kind="docx",
            tables=sum(1 for _ in body.iter(f"{_W}tbl")),
            hidden=len(hidden),
            hidden_orders=order_pages(hidden),
            title_from="heading" if named else "metadata" if properties.get("title") else None,
            as_of_from="metadata",
            author=properties.get("creator"),
        ),
    )


def _part(package: Package, main: str, kind: str) -> Any:
    return next((part for name in package.related(main, kind) if (part := package.xml(name)) is not None), None)


def _notes(package: Package, main: str) -> Notes:
    """Return the footnotes and endnotes; those that draw the line above the notes have a type."""
    found: Notes = {}
    for kind in _NOTES.values():
        part = _part(package, main, kind)
        for note in part if part is not None else ():
            if note.get(f"{_W}type", "normal") == "normal":
                found[kind, note.get(f"{_W}id", "")] = note
    return found


def _comments(package: Package, main: str) -> list[Hidden]:
    """Return the remarks at the margin: they are no part of the text, but an order may stand in one."""
    part = _part(package, main, "comments")
    found = (_text(paragraph).strip() for paragraph in part.iter(f"{_W}p")) if part is not None else ()
    return [Hidden("comment", text) for text in found if text]


def _unread(path: Path, package: Package, main: str) -> tuple[str, ...]:
    """Return a warning when other files are set into the text, which Word shows as part of it."""
    count = len(list(package.related(main, "aFChunk")))
    if not count:
        return ()
    return (f"{path.name}: {count} inserted files are not read; open it in Word and save it again",)


def without_hidden(body: Any) -> list[Hidden]:
    """Take the runs that nobody sees out of *body*, and return what they say."""
    found = []
    for run in list(body.iter(f"{_W}r")):
        if (how := _hides(run)) and (text := _text(run)).strip():
            found.append(Hidden(how, text))
            run.getparent().remove(run)
    return found


def _hides(run: Any) -> str | None:
    """Say how a run is hidden, if it is: marked as such, tiny, or white where nothing darkens the paper."""
    format = run.find(f"{_W}rPr")
    if format is None:
        return None
    vanish, size, color = (format.find(f"{_W}{name}") for name in ("vanish", "sz", "color"))
    if vanish is not None and vanish.get(f"{_W}val", "1") not in ("0", "false", "off"):
        return "hidden text of Word"
    if size is not None and size.get(f"{_W}val", "").isdigit() and int(size.get(f"{_W}val")) <= _TINY:
        return "tiny letters"
    if color is not None and _WHITE.fullmatch(color.get(f"{_W}val", "")) and not _is_darkened(run):
        return "white letters"
    return None


def _is_darkened(run: Any) -> bool:
    """Return whether something around a run may be dark: its own shading, its paragraph's, or a table with a style."""
    for element in (run, *run.iterancestors()):
        if element.tag in (f"{_W}tbl", f"{_W}txbxContent"):
            return True
        for properties in (element.find(f"{_W}rPr"), element.find(f"{_W}pPr")):
            if properties is not None and any(properties.find(f"{_W}{n}") is not None for n in ("shd", "highlight")):
                return True
    return False


def _properties(package: Package) -> dict[str, str]:
    """Return what the file says about itself: ``title``, ``creator``, ``modified``, ``created``."""
    name = next(package.related("", "core-properties"), None)
    root = package.xml(name) if name else None
    pairs = ((str(child.tag).rpartition("}")[2], child.text) for child in (root if root is not None else ()))
    return {tag: clean(text) for tag, text in pairs if text and text.strip()}


def _date(text: str | None) -> str | None:
    match = _DATE.match(text or "")
    return match[1] if match else None


def _style_levels(styles: Any) -> dict[str, int]:
    """Return the heading level of each style that has one, by style id: localised files translate the ids."""
    levels = {}
    for style in styles.iter(f"{_W}style") if styles is not None else ():
        id, named, outline = style.get(f"{_W}styleId", ""), style.find(f"{_W}name"), style.find(_OUTLINE)
        name = named.get(f"{_W}val", "") if named is not None else ""
        if match := _HEADING_NAME.fullmatch(name):
            levels[id] = int(match[1])
        elif name.lower() == "title":
            levels[id] = _TITLE_LEVEL
        elif (level := _outline_level(outline)) is not None:
            levels[id] = level
    return levels


def _outline_level(outline: Any) -> int | None:
    """Return the level that an outline names, 1 to 9; 9 there means running text."""
    value = outline.get(f"{_W}val", "") if outline is not None else ""
    return int(value) + 1 if value in set("012345678") else None


def _blocks(element: Any, levels: dict[str, int], notes: Notes) -> Iterator[Block]:
    """Yield the blocks in *element*, looking into content controls and text boxes; a note follows what refers to it."""
    for child in element:
        if child.tag == f"{_W}p":
            text = _text(child)
            if text.strip():
                yield _paragraph(child, text, levels)
            for box in _boxes(child):
                yield from _blocks(box, levels, notes)
            yield from _noted(child, notes)
        elif child.tag == f"{_W}tbl":
            yield from table_rows([[_cell(cell) for cell in _cells(row)] for row in _rows(child)])
            yield from _noted(child, notes)
        elif child.tag not in _SKIPPED and len(child):
            yield from _blocks(child, levels, notes)


def _noted(element: Any, notes: Notes) -> Iterator[Block]:
    for reference in element.iter(*_NOTES) if notes else ():
        # Taken out: a note to which two places refer is read once.
        note = notes.pop((_NOTES[reference.tag], reference.get(f"{_W}id", "")), None)
        for paragraph in note.iter(f"{_W}p") if note is not None else ():
            if (text := _text(paragraph)).strip():
                yield Block("paragraph", text)


def _paragraph(paragraph: Any, text: str, levels: dict[str, int]) -> Block:
    style = paragraph.find(f"{_W}pPr/{_W}pStyle")
    style_id = style.get(f"{_W}val", "") if style is not None else ""
    if (level := _outline_level(paragraph.find(_OUTLINE))) is not None:
        return Block("heading", text, level)
    if style_id in levels:
        return Block("heading", text, levels[style_id])
    numbered = paragraph.find(f"{_W}pPr/{_W}numPr") is not None
    return Block("item" if numbered or style_id.lower().startswith("list") else "paragraph", text)


def _text(element: Any) -> str:
    parts: list[str] = []
    for child in element:
        if child.tag == f"{_W}t":
            parts.append(child.text or "")
        elif child.tag in _MARKS:
            parts.append(_MARKS[child.tag])
        elif child.tag not in _SKIPPED:
            parts.append(_text(child))
    return "".join(parts)


def _boxes(paragraph: Any) -> Iterator[Any]:
    for box in paragraph.iter(f"{_W}txbxContent"):
        ancestors = list(box.iterancestors())
        nested = ancestors[: ancestors.index(paragraph)]
        if not any(ancestor.tag in (_FALLBACK, f"{_W}txbxContent") for ancestor in nested):
            yield box


def _rows(table: Any) -> Iterator[Any]:
    yield from (row for row in table.iter(f"{_W}tr") if next(row.iterancestors(f"{_W}tbl")) is table)


def _cells(row: Any) -> Iterator[Any]:
    yield from (cell for cell in row.iter(f"{_W}tc") if next(cell.iterancestors(f"{_W}tr")) is row)


def _cell(cell: Any) -> str:
    return " ".join(filter(None, (_text(paragraph).strip() for paragraph in cell.iter(f"{_W}p"))))

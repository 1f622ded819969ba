"""Read a Word file: headings by style or outline level, lists, tables row by row, text boxes after their paragraph."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingest.documents import SourceDocument
from ingest.errors import UnreadableFile
from ingest.readers.blocks import Block, Sheet, document, table_rows
from ingest.readers.hidden import Hidden, warnings

MAX_UNPACKED_MEGABYTES = 200
MAX_MEMBERS = 2000

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_SKIPPED = {f"{_W}del", f"{_W}moveFrom", f"{_W}txbxContent", f"{_W}instrText", f"{_W}rPr", f"{_W}pPr", _FALLBACK}
_MARKS = {f"{_W}tab": " ", f"{_W}br": " ", f"{_W}cr": " ", f"{_W}noBreakHyphen": "-"}
_HEADING_NAME = re.compile(r"(?:heading|titre|kop|überschrift)\s*([1-9])", re.IGNORECASE)
_TITLE_LEVEL = 0
_TINY = 4
"""Half points."""
_WHITE = re.compile(r"[fF][a-fA-F\d](?:[fF][a-fA-F\d]){2}")


def read_docx(path: Path, content: bytes) -> SourceDocument:
    """Return the document in the Word file *content*, or raise before unpacking what would fill the memory."""
    _check_members(path, content)
    import docx

    word = docx.Document(io.BytesIO(content))
    raw = "".join(word.element.body.itertext())
    hidden = without_hidden(word.element.body)
    levels = _style_levels(word)
    blocks = list(_blocks(word.element.body, levels))
    properties = _properties(word)
    named = next((block.text for block in blocks if block.kind == "heading" and block.level == _TITLE_LEVEL), None)
    changed = properties and (properties.modified or properties.created)
    return document(
        path,
        content,
        [Sheet(tuple(blocks))],
        title=named or (properties and properties.title),
        as_of=changed.date().isoformat() if changed and changed.year > 1990 else None,
        warnings=warnings(path.name, hidden, [(None, raw)]),
    )


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


def _properties(word: Any) -> Any:
    """Return the core properties, or ``None``: python-docx makes up a title and a date where there are none."""
    from docx.opc.constants import RELATIONSHIP_TYPE

    related = {relationship.reltype for relationship in word.part.package.rels.values()}
    return word.core_properties if RELATIONSHIP_TYPE.CORE_PROPERTIES in related else None


def _check_members(path: Path, content: bytes) -> None:
    members = zipfile.ZipFile(io.BytesIO(content)).infolist()
    if len(members) > MAX_MEMBERS:
        message = f"{path.name}: holds {len(members)} parts, more than {MAX_MEMBERS}; save it again from Word"
        raise UnreadableFile(message, "too_many_members")
    if sum(member.file_size for member in members) > MAX_UNPACKED_MEGABYTES * 2**20:
        message = f"{path.name}: unpacks to more than {MAX_UNPACKED_MEGABYTES} MB; take out pictures and attachments"
        raise UnreadableFile(message, "too_large")
    if any(member.flag_bits & 1 for member in members):
        raise UnreadableFile(f"{path.name}: is protected by a password; save it without one", "password")


def _style_levels(word: Any) -> dict[str, int]:
    """Return the heading level of each style that has one, by style id: localised files translate the ids."""
    levels = {}
    for style in word.styles.element.iter(f"{_W}style"):
        name = style.find(f"{_W}name")
        match = _HEADING_NAME.fullmatch(name.get(f"{_W}val", "") if name is not None else "")
        outline = style.find(f"{_W}pPr/{_W}outlineLvl")
        if match:
            levels[style.get(f"{_W}styleId")] = int(match[1])
        elif name is not None and name.get(f"{_W}val", "").lower() == "title":
            levels[style.get(f"{_W}styleId")] = _TITLE_LEVEL
        elif outline is not None and outline.get(f"{_W}val", "9") < "9":
            levels[style.get(f"{_W}styleId")] = int(outline.get(f"{_W}val")) + 1
    return levels


def _blocks(element: Any, levels: dict[str, int]) -> Iterator[Block]:
    """Yield the blocks in *element*, looking into content controls and text boxes."""
    for child in element:
        if child.tag == f"{_W}p":
            text = _text(child)
            if text.strip():
                yield _paragraph(child, text, levels)
            for box in _boxes(child):
                yield from _blocks(box, levels)
        elif child.tag == f"{_W}tbl":
            yield from table_rows([[_cell(cell) for cell in _cells(row)] for row in _rows(child)])
        elif child.tag not in _SKIPPED and len(child):
            yield from _blocks(child, levels)


def _paragraph(paragraph: Any, text: str, levels: dict[str, int]) -> Block:
    style = paragraph.find(f"{_W}pPr/{_W}pStyle")
    outline = paragraph.find(f"{_W}pPr/{_W}outlineLvl")
    style_id = style.get(f"{_W}val", "") if style is not None else ""
    if outline is not None and outline.get(f"{_W}val", "9") < "9":
        return Block("heading", text, int(outline.get(f"{_W}val")) + 1)
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

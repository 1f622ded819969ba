"""Read a PDF: its text page by page, headings from the outline or the letters, no running headers, whole sentences.

PDFium does all of it. It reads more damaged and encrypted files than pypdf, and finds the same outlines and labels.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest.documents import FileFacts, SourceDocument
from ingest.errors import UnreadableFile
from ingest.readers.blocks import Block, Sheet, check_length, clean, document
from ingest.readers.hidden import Hidden, order_pages
from ingest.readers.hidden import warnings as hidden_warnings
from ingest.readers.layout import Line, paragraphs, without_running_lines
from ingest.readers.tables import count_tables

if TYPE_CHECKING:
    from ingest.readers.ink import Inspector

_DATE = re.compile(r"(?:D:)?((?:19|20)\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")
_NO_TITLE = re.compile(
    r"untitled|document\d*|(?:microsoft word|powerpoint presentation|layout \d)\b.*"
    r"|.*\.(?:docx?|pdf|indd|pptx?|xlsx?|tex|dvi)",
    re.IGNORECASE,
)
_BOLD = re.compile(r"bold|black|heavy|semibold", re.IGNORECASE)
_DEEPEST = 6
MAX_PAGES = 5_000

Outline = dict[int, list[tuple[int, str]]]
"""For each page index, the levels and titles of the bookmarks that lead there."""


@dataclass(frozen=True, slots=True)
class Read:
    """A page as read: the lines that are seen, the text as the file has it, and what of that nobody sees."""

    lines: tuple[Line, ...]
    text: str = ""
    hidden: tuple[Hidden, ...] = ()
    tables: int = 0


def read_pdf(path: Path, content: bytes) -> SourceDocument:
    """Return the document in the PDF *content*; pages without a text layer are named in its warnings."""
    import pypdfium2 as pdfium

    try:
        # PDFium wants the mark at the beginning that some writers forget; it finds the objects by itself then.
        pdf = pdfium.PdfDocument(content if b"%PDF" in content[:1024] else b"%PDF-1.4\n" + content)
    except pdfium.PdfiumError as error:
        raise _refusal(path, getattr(error, "err_code", None)) from error
    with pdf:
        if len(pdf) > MAX_PAGES:
            message = f"{path.name}: has {len(pdf)} pages, more than {MAX_PAGES}; split it into smaller files"
            raise UnreadableFile(message, "too_large")
        pages, unread = _read_pages(path, pdf)
        total, scanned = len(pages), [number for number, page in enumerate(pages, 1) if page is None]
        texts = [list(page.lines) if page else [] for page in pages]
        veiled = [piece for page in pages if page for piece in page.hidden]
        raw_texts = [(number, page.text) for number, page in enumerate(pages, 1) if page]
        if not any(line.text for lines in texts for line in lines):
            raise _without_text(path, total, unread)
        outline, labels = _outline(pdf), [_label(pdf, index) for index in range(total)]
        metadata = pdf.get_metadata_dict()
        more = _more_warnings(path, pdf)
    texts = without_running_lines(texts, labels)
    sheets = [
        Sheet(tuple(blocks), number, label)
        for number, (blocks, label) in enumerate(zip(_page_blocks(texts, outline), labels, strict=True), 1)
    ]
    return document(
        path,
        content,
        sheets,
        title=_title(metadata.get("Title", "")),
        as_of=_iso_date(metadata.get("ModDate", "")) or _iso_date(metadata.get("CreationDate", "")),
        warnings=(*_warnings(path, total, scanned, unread), *more, *hidden_warnings(path.name, veiled, raw_texts)),
        file=FileFacts(
            kind="pdf",
            tables=sum(page.tables for page in pages if page),
            scanned=tuple(scanned),
            unread=tuple(unread),
            hidden=len(veiled),
            hidden_orders=order_pages(veiled),
            title_from="metadata",
            as_of_from="metadata",
            author=clean(metadata.get("Author", "")) or None,
        ),
    )


def _refusal(path: Path, code: int | None) -> UnreadableFile:
    from pypdfium2 import raw

    if code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
        return UnreadableFile(f"{path.name}: is protected by a password; save it without one", "password")
    return UnreadableFile(f"{path.name}: is not a readable PDF; export it again", "damaged")


def _without_text(path: Path, total: int, unread: list[int]) -> UnreadableFile:
    if not total:
        return UnreadableFile(f"{path.name}: has no pages; export it again", "damaged")
    if unread:
        what = f"none of its {total} pages" if total > 1 else "its only page"
        verb = "can" if total > 1 else "cannot"
        return UnreadableFile(f"{path.name}: {what} {verb} be read; export it again", "damaged")
    count = f"{total} pages, none has" if total > 1 else "1 page without"
    return UnreadableFile(f"{path.name}: {count} a text layer; run OCR and add it again", "no_text")


def _warnings(path: Path, total: int, scanned: list[int], unread: list[int]) -> tuple[str, ...]:
    warnings = []
    if scanned:
        pages = _ranges(scanned)
        warnings.append(f"{path.name}: {total} pages, no text layer on {pages}; run OCR and add it again")
    if unread:
        warnings.append(f"{path.name}: {total} pages, {_ranges(unread)} cannot be read; export it again")
    return tuple(warnings)


def _more_warnings(path: Path, pdf: Any) -> tuple[str, ...]:
    """Return warnings about what a PDF holds beside its pages: attached files, and a form that only Adobe shows."""
    from pypdfium2 import raw

    warnings = []
    if count := pdf.count_attachments():
        what = "1 attached file is" if count == 1 else f"{count} attached files are"
        warnings.append(f"{path.name}: {what} not read; add what matters as a file of its own")
    if pdf.get_formtype() in (raw.FORMTYPE_XFA_FULL, raw.FORMTYPE_XFA_FOREGROUND):
        warnings.append(f"{path.name}: is a form that only Adobe Reader shows whole; print it to a PDF and add that")
    return tuple(warnings)


def _ranges(numbers: list[int]) -> str:
    """Return page numbers for people: ``pages 2–4, 9``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    listed = ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
    return ("pages " if len(numbers) > 1 else "page ") + listed


def _read_pages(path: Path, pdf: Any) -> tuple[list[Read | None], list[int]]:
    """Return every page as read, ``None`` for a picture without text, and the numbers of unreadable pages."""
    import pypdfium2 as pdfium
    from pypdfium2 import raw

    from ingest.readers.ink import Inspector

    inspector, ruler = Inspector(), _Ruler()
    pages: list[Read | None] = []
    unread = []
    characters = 0
    for index in range(len(pdf)):
        read: Read | None = Read(())
        try:
            page = _flat_page(pdf, index)
            read = _page(page, index + 1, inspector, ruler)
            characters += len(read.text)
            check_length(path, characters)
            if not read.lines and next(page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE]), None) is not None:
                read = replace(read, lines=()) if read.hidden else None
            page.close()
        except pdfium.PdfiumError:
            unread.append(index + 1)
        # An unreadable page keeps its place, so that the numbers still match the printed ones.
        pages.append(read)
    return pages, unread


def _flat_page(pdf: Any, index: int) -> Any:
    """Return a page with what was filled into its forms and written over it made part of its text."""
    from pypdfium2 import raw

    page = pdf[index]
    if (
        raw.FPDFPage_GetAnnotCount(page) > 0
        and raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY) == raw.FLATTEN_SUCCESS
    ):
        page.close()
        page = pdf[index]
    return page


def _page(page: Any, number: int, inspector: Inspector, ruler: _Ruler) -> Read:
    textpage = page.get_textpage()
    try:
        text = textpage.get_text_range()
        hidden = []
        seen = text
        for veil in inspector.veils(page, textpage, len(text)) if text.strip() else ():
            hidden.append(Hidden(veil.how, text[veil.start : veil.end], number))
            # Blanks in their place: the count of characters must not shift.
            seen = seen[: veil.start] + " " * (veil.end - veil.start) + seen[veil.end :]
        return Read(tuple(_lines(textpage, seen, ruler)), text, tuple(hidden), count_tables(page))
    finally:
        textpage.close()


def _lines(textpage: Any, text: str, ruler: _Ruler) -> Iterator[Line]:
    start = 0
    # Not str.splitlines: form feeds and the like stand within a line and must not shift the count of characters.
    # PDFium joins the lines around a hyphen and leaves a mark: there the line ends for us.
    for line in re.split("(\r\n|\r|\n|(?<=[\x02\ufffe]))", text):
        if line.strip():
            yield ruler.line(textpage, line, start)
        start += len(line)


class _Ruler:
    """Measures lines; its buffers serve every line, because there are thousands."""

    def __init__(self) -> None:
        import ctypes

        from pypdfium2 import raw

        self._raw = raw
        self._box = raw.FS_RECTF()
        self._matrix = raw.FS_MATRIX()
        self._font = ctypes.create_string_buffer(128)
        self._flags = ctypes.c_int()
        self._bold: dict[bytes, bool] = {}

    def line(self, textpage: Any, text: str, start: int) -> Line:
        """Return the line *text*, whose first character is number *start* of its page, with its place and letters."""
        first = start + len(text) - len(text.lstrip())
        last = start + len(text.rstrip()) - 1
        box = self._box
        # PDFium knows no box for some characters that it made up; such a line only lacks its place.
        if not self._raw.FPDFText_GetLooseCharBox(textpage, first, box):
            return Line(text)
        left, top = box.left, box.top
        if not self._raw.FPDFText_GetLooseCharBox(textpage, last, box):
            return Line(text)
        bold = self._is_bold(textpage, first) and self._is_bold(textpage, last)
        return Line(text, left, box.right, top, box.top, self._size(textpage, first), bold)

    def _size(self, textpage: Any, index: int) -> float:
        size = float(self._raw.FPDFText_GetFontSize(textpage, index))
        if self._raw.FPDFText_GetMatrix(textpage, index, self._matrix):
            size *= (self._matrix.c**2 + self._matrix.d**2) ** 0.5
        return round(size, 1)

    def _is_bold(self, textpage: Any, index: int) -> bool:
        self._font.value = b""
        self._raw.FPDFText_GetFontInfo(textpage, index, self._font, 128, self._flags)
        name = self._font.value
        if name not in self._bold:
            self._bold[name] = _BOLD.search(name.decode("utf-8", "replace")) is not None
        return self._bold[name]


def _outline(pdf: Any) -> Outline:
    outline: Outline = {}
    for bookmark in pdf.get_toc(max_depth=_DEEPEST):
        destination = bookmark.get_dest()
        index = destination.get_index() if destination is not None else None
        title = clean(bookmark.get_title())
        if index is not None and title:
            outline.setdefault(index, []).append((bookmark.level + 1, title))
    return outline


def _label(pdf: Any, index: int) -> str | None:
    return clean(pdf.get_page_label(index)) or None


def _title(text: str) -> str | None:
    text = clean(text)
    return text if any(map(str.isalpha, text)) and not _NO_TITLE.fullmatch(text) else None


def _iso_date(text: str) -> str | None:
    match = _DATE.match(text)
    return "-".join(match.groups()) if match else None


def _page_blocks(pages: list[list[Line]], outline: Outline) -> Iterator[list[Block]]:
    """Yield the blocks of each page, a sentence that runs over the page break staying on the page where it begins."""
    made = [
        _with_outline(blocks, outline.get(index, [])) for index, blocks in enumerate(paragraphs(pages, bool(outline)))
    ]
    for blocks, following in pairwise(made):
        _join_over_break(blocks, following)
    yield from made


def _with_outline(blocks: list[Block], bookmarks: list[tuple[int, str]]) -> list[Block]:
    """Return *blocks* with the bookmarks of their page as headings, in place of the line that shows each."""
    waiting = {_bare(title): (level, title) for level, title in bookmarks}
    made: list[Block] = []
    for block in blocks:
        level, title = waiting.pop(_bare(block.text), (0, "")) if waiting else (0, "")
        if title:
            made.append(Block("heading", title, level))
        elif block.kind == "heading":
            # Letters say that this is a heading; it ranks below every bookmark.
            made.append(replace(block, level=_DEEPEST + block.level))
        else:
            made.append(block)
    return [*(Block("heading", title, level) for level, title in waiting.values()), *made]


def _bare(title: str) -> str:
    """Return the letters of a title without its number: ``1.2 Objet`` and ``Objet`` are the same heading."""
    return re.sub(r"\W+", "", re.sub(r"^[\dIVX.\s]+[.)\s]", "", title)).lower()


def _join_over_break(blocks: list[Block], following: list[Block]) -> None:
    if not blocks or not following or blocks[-1].kind != "paragraph" or following[0].kind != "paragraph":
        return
    start, rest = blocks[-1].text, following[0].text
    if start.endswith((".", "!", "?", ":", ";", "…", "»")) or not rest[:1].islower():
        return
    end = re.match(r".*?[.!?…]+(?=\s|$)", rest)
    if end is None or end.end() > 600:
        return
    joined = start[:-1] + end[0] if start.endswith("-") else f"{start} {end[0]}"
    blocks[-1] = replace(blocks[-1], text=joined)
    following[0] = replace(following[0], text=rest[end.end() :].strip())
    if not following[0].text:
        del following[0]

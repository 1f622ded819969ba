"""Read any file that the guichet takes into a ``SourceDocument``; what a file is, its content says, not its name."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol

from ingest.documents import SourceDocument
from ingest.errors import UnreadableFile
from ingest.filenames import shown
from ingest.readers.package import check_count, is_word
from ingest.screening import screen

__all__ = ["Limits", "read"]

MARKDOWN_SUFFIXES = (".md", ".markdown")
MARKED_SUFFIXES = {
    ".pdf": "PDF", ".doc": "Word file", ".docx": "Word file", ".docm": "Word file", ".dotx": "Word file",
    ".dotm": "Word file", ".odt": "Word file",
}  # fmt: skip
"""Kinds of file whose content bears a mark: what bears none is not such a file, whatever its name."""
WRONG_TYPES = {
    b"{\\rtf": "an RTF file; save it as .docx or PDF",
    b"\x89PNG": "an image; run OCR and add the PDF",
    b"\xff\xd8\xff": "an image; run OCR and add the PDF",
    b"GIF8": "an image; run OCR and add the PDF",
    b"\x1f\x8b": "a compressed file; unpack it and add what it holds",
    b"%!PS": "a PostScript file; save it as PDF",
    b"\xc5\xd0\xd3\xc6": "a PostScript file; save it as PDF",
    b"II*\0": "an image; run OCR and add the PDF",
    b"MM\0*": "an image; run OCR and add the PDF",
    b"BM": "an image; run OCR and add the PDF",
    b"7z\xbc\xaf": "a compressed file; unpack it and add what it holds",
    b"Rar!": "a compressed file; unpack it and add what it holds",
    b"BZh": "a compressed file; unpack it and add what it holds",
    b"\xfd7zXZ": "a compressed file; unpack it and add what it holds",
    b"MZ": "a program; add a document",
    b"\x7fELF": "a program; add a document",
}
"""What a file may be that is not read, by its first bytes, with the way out."""
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

# Atomic, because comments that can be grouped in many ways would take exponential time.
_PROLOGUE = r"\s*(?>(?:<\?xml[^>]*>|<!--(?>.*?-->))\s*)*+<"
_HTML = re.compile(
    _PROLOGUE + r"(?:!doctype\s+html|html|head|body|title|meta|script|style|div|table|p|h1)\b",
    re.IGNORECASE | re.DOTALL,
)
_XML = re.compile(r"\s*<(?:\?xml\s|svg[\s>]|!doctype\s+svg)", re.IGNORECASE)
_HTML_INSIDE = re.compile(r"<(?:html|body)[\s>]", re.IGNORECASE)
_STRICT_HTML = re.compile(_PROLOGUE + r"(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)
_NOISE = re.compile("[\x00-\x06\x0e-\x1a\x1c-\x1f]")

Reader = Callable[[Path, bytes], SourceDocument]


class Limits(Protocol):
    """What reading needs to know; ``Settings`` is one."""

    @property
    def max_file_megabytes(self) -> int:
        """Largest file that is read."""


def read(path: Path, settings: Limits, *, id: str | None = None, name: str | None = None) -> SourceDocument:
    """Return the document in the file *path*, or raise ``UnreadableFile`` with the reason and the way out.

    *name* is what the file was called before it was stored under another one; it is for messages and guesses only.
    Nothing here limits time or memory: for a file of unknown origin use ``ingest.readers.sandbox``.
    """
    # From here on the path is but a name, which no reader opens.
    path, place = Path(shown(path.name if name is None else name)), path
    content = _content(place, path, settings.max_file_megabytes)
    try:
        document = screen(_reader(path, content)(path, content))
    except UnreadableFile:
        raise
    except MemoryError as error:
        raise UnreadableFile(
            f"{path.name}: takes too much memory to read; split it into smaller files", "memory"
        ) from error
    except Exception as error:
        # The parsers raise anything from AssertionError to struct.error on damaged files: none may reach the caller.
        reason = type(error).__name__
        raise UnreadableFile(f"{path.name}: is damaged ({reason}); open it and save it again", "damaged") from error
    return replace(document, id=id) if id else document


def _content(place: Path, path: Path, megabytes: int) -> bytes:
    if place.is_dir():
        raise UnreadableFile(f"{path.name}: is a folder; name a file", "wrong_type")
    try:
        if place.exists() and not place.is_file():
            raise UnreadableFile(f"{path.name}: is not a regular file; name a file", "wrong_type")
        if place.stat().st_size > megabytes * 2**20:
            raise UnreadableFile(
                f"{path.name}: is larger than {megabytes} MB; split it or raise the limit", "too_large"
            )
        content = place.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UnreadableFile(f"{path.name}: cannot be opened ({reason}); check the file and its rights") from error
    if not content.strip(b"\0\t\r\n\f \xef\xbb\xbf\xff\xfe"):
        raise UnreadableFile(f"{path.name}: is empty; check that it was saved", "empty")
    return content


def _reader(path: Path, content: bytes) -> Reader:
    """Return the reader for *content*; each is loaded only when a file needs it."""
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_reader(path, content)
    if content.startswith(OLE):
        raise _old_office(path, content)
    if (b"%PDF" in content[:1024] and not _is_prose(content)) or _is_headless(content):
        from ingest.readers.pdf import read_pdf

        return read_pdf
    for start, description in WRONG_TYPES.items():
        if content.startswith(start):
            raise UnreadableFile(f"{path.name}: is {description}", "wrong_type")
    return _text_reader(path, decode(path, content))


def _is_prose(content: bytes) -> bool:
    """Say whether a file that mentions ``%PDF`` is a text about PDF: words come before the mark and no object after."""
    return not content.lstrip().startswith(b"%PDF") and b"endobj" not in content and b"startxref" not in content


def _is_headless(content: bytes) -> bool:
    """Say whether a file without the mark of a PDF has its objects and its end all the same."""
    # Not everywhere: a web page or a text may well hold all of these.
    return b" obj" in content[:4096] and content[:4096].lstrip()[:1].isdigit() and b"startxref" in content[-2048:]


def _zip_reader(path: Path, content: bytes) -> Reader:
    check_count(path, content)
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise UnreadableFile(f"{path.name}: is a damaged archive; save or download it again", "damaged") from error
    if not is_word(archive, names):
        raise UnreadableFile(f"{path.name}: is {_archive_kind(names)}; save it as .docx or PDF", "wrong_type")
    from ingest.readers.docx import read_docx

    return read_docx


def _archive_kind(names: Sequence[str]) -> str:
    """Say what an archive is that holds no text of Word."""
    kinds = {"xl/workbook.xml": "an Excel file", "ppt/presentation.xml": "a PowerPoint file", "mimetype": "an e-book "
             "or an OpenDocument file"}  # fmt: skip
    return next((kind for name, kind in kinds.items() if name in names), "an archive but no Word file")


def _old_office(path: Path, content: bytes) -> UnreadableFile:
    if "EncryptedPackage".encode("utf-16-le") in content:
        return UnreadableFile(f"{path.name}: is protected by a password; save it without one", "password")
    return UnreadableFile(f"{path.name}: is an old Office file; save it as .docx or PDF", "wrong_type")


def _text_reader(path: Path, text: str) -> Reader:
    markdown = path.suffix.lower() in MARKDOWN_SUFFIXES
    if (_STRICT_HTML if markdown else _HTML).match(text) or (not markdown and _HTML_INSIDE.search(text[:4096])):
        from ingest.readers.html import read_html

        return read_html
    if markdown:
        return partial(_read_markdown, text)
    if _XML.match(text):
        raise UnreadableFile(f"{path.name}: is an XML file or a drawing; save it as PDF or as a web page", "wrong_type")
    if expected := MARKED_SUFFIXES.get(path.suffix.lower()):
        # Plain text has no mark of its own, so that here the name counts: what was saved under it is something else.
        message = f"{path.name}: is no {expected} but plain text; save it again, or name it .txt"
        raise UnreadableFile(message, "wrong_type")
    from ingest.readers.text import read_text

    return read_text


def _read_markdown(text: str, path: Path, content: bytes) -> SourceDocument:
    """Read Markdown in whatever encoding it came; its digest stays that of the file."""
    from ingest.readers.markdown import read_markdown

    return replace(read_markdown(path, text.encode()), digest=hashlib.sha256(content).hexdigest())


def decode(path: Path, content: bytes) -> str:
    """Return *content* as text (UTF-8, UTF-16 or Windows-1252), or raise when it is no text."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", *_bare_utf16(content), "cp1252")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if len(_NOISE.findall(text)) <= len(text) // 2000:
            return text
    raise UnreadableFile(f"{path.name}: is no text, PDF, Word or web page; save it as one of these", "wrong_type")


def _bare_utf16(content: bytes) -> tuple[str, ...]:
    """Return the UTF-16 order that zero bytes give away: every second byte of Western text is zero."""
    even, odd = content[:4096:2].count(0), content[1:4096:2].count(0)
    if max(even, odd) * 5 < len(content[:4096]):
        return ()
    return ("utf-16-be",) if even > odd else ("utf-16-le",)

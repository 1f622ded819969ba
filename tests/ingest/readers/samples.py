"""Small files, and what the tests measure on real ones."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from pypdf import PdfReader, PdfWriter

from ingest.documents import SourceDocument
from ingest.errors import UnreadableFile
from ingest.readers.sandbox import Sandbox
from tests.testdata import needed


def expected(folder: str) -> list[dict[str, Any]]:
    """Return the rows of ``expected.jsonl`` in a folder of third-party files."""
    listing = needed(f"{folder}/expected.jsonl")
    return [json.loads(line) for line in listing.read_text("utf-8").splitlines()]


def pdf(*pages: list[str], size: int = 12, head_size: int = 0) -> bytes:
    """Return a PDF of *pages* of lines in Helvetica; *head_size* sets the first line of each page larger.

    Tabs part a line into the cells of a table.
    """
    count = len(pages)
    kids = " ".join(f"{4 + 2 * index} 0 R" for index in range(count))
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Count {count}/Kids[{kids}]>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ]
    for index, lines in enumerate(pages):
        marks = [
            f"BT /F1 {head_size if head_size and not row else size} Tf {60 + 150 * place} {760 - row * 16} Td "
            f"({cell}) Tj ET"
            for row, line in enumerate(lines)
            for place, cell in enumerate(line.split("\t"))
        ]
        stream = "\n".join(marks)
        objects.append(
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources<</Font<</F1 3 0 R>>>>"
            f"/Contents {5 + 2 * index} 0 R>>"
        )
        objects.append(f"<</Length {len(stream.encode('cp1252'))}>>\nstream\n{stream}\nendstream")
    return _with_table([text.encode("cp1252") for text in objects])


def _with_table(objects: list[bytes]) -> bytes:
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, text in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, text)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(out + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start))


def scanned(content: bytes, line: str) -> bytes:
    """Return a PDF in which a picture stands in place of a line."""
    start = content.rindex(b"BT", 0, content.index(line.encode("cp1252")))
    end = content.index(b"ET", start) + 2
    picture = b"q 9 0 0 9 0 0 cm BI /W 1 /H 1 /BPC 8 /CS /G ID x EI Q"
    return content[:start] + picture.ljust(end - start) + content[end:]


def edited(content: bytes) -> PdfWriter:
    """Return a writer holding the pages of a PDF."""
    return PdfWriter(clone_from=PdfReader(io.BytesIO(content)))


def saved(writer: PdfWriter) -> bytes:
    """Return what *writer* writes."""
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def text_or_refusal(sandbox: Sandbox, path: Path) -> tuple[str, str | None]:
    """Return the whole text of a file, or no text and the kind of the refusal."""
    try:
        return whole_text(sandbox.read(path)), None
    except UnreadableFile as refusal:
        return "", refusal.kind


def statements(document: SourceDocument) -> list[str]:
    """Return the statements of *document* in reading order."""
    return [item.text for page in document.pages for section in page.sections for item in section.statements]


def headings(document: SourceDocument) -> list[tuple[str, ...]]:
    """Return the heading path of each section in reading order."""
    return [section.headings for page in document.pages for section in page.sections]


def whole_text(document: SourceDocument) -> str:
    """Return title, headings and statements in lower case."""
    paths = (name for path in headings(document) for name in path)
    return " ".join([document.title, *paths, *statements(document)]).lower()


def recall(words: list[str], text: str) -> float:
    """Return the share of *words* found in *text*."""
    return sum(word in text for word in words) / len(words)


def shingles(text: str) -> Counter[tuple[str, ...]]:
    """Return the runs of four words of *text*."""
    words = re.findall(r"\w+", text)
    return Counter(tuple(words[start : start + 4]) for start in range(max(1, len(words) - 3)))

"""Reading Word files."""

from __future__ import annotations

import datetime as dt
import io
import zipfile

import docx
import pytest

from ingest.errors import UnreadableFile
from ingest.readers.package import MAX_MEMBERS
from ingest.readers.sandbox import Sandbox
from tests.ingest.readers.conftest import ReadBytes
from tests.ingest.readers.samples import TESTDATA, expected, headings, recall, statements, text_or_refusal


def _saved(word: object) -> bytes:
    out = io.BytesIO()
    word.save(out)  # type: ignore[attr-defined]
    return out.getvalue()


def test_headings_lists_and_tables_are_kept(read_bytes: ReadBytes) -> None:
    """Styles make headings, list items stay whole, a table gives one statement a row."""
    word = docx.Document()
    word.add_heading("Guide des aides", 0)
    word.add_heading("Montants", 1)
    word.add_paragraph("La prime vaut la moitié. Elle est unique.")
    word.add_paragraph("être une PME. Avoir un siège", style="List Bullet")
    word.add_heading("Taux", 2)
    table = word.add_table(rows=2, cols=2)
    for cell, text in zip(
        (c for row in table.rows for c in row.cells), ("Taille", "Taux", "micro", "75 %"), strict=True
    ):
        cell.text = text
    word.core_properties.modified = dt.datetime(2026, 5, 31)
    document = read_bytes("guide.docx", _saved(word))
    assert document.title == "Guide des aides"
    assert document.as_of == "2026-05-31"
    assert headings(document)[-1] == ("Guide des aides", "Montants", "Taux")
    assert statements(document) == [
        "La prime vaut la moitié.", "Elle est unique.", "être une PME. Avoir un siège", "Taille: micro; Taux: 75 %",
    ]  # fmt: skip


def test_too_many_members_are_refused(read_bytes: ReadBytes) -> None:
    """A file of thousands of parts is refused before any is unpacked."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(MAX_MEMBERS):
            archive.writestr(f"word/media/{number}", "")
        archive.writestr("word/document.xml", "<x/>")
    with pytest.raises(UnreadableFile) as caught:
        read_bytes("bomb.docx", out.getvalue())
    assert caught.value.kind == "too_many_members"


def test_a_zip_bomb_is_refused_unpacked(read_bytes: ReadBytes) -> None:
    """A small file that unpacks to more than 200 MB is refused by the sizes in its directory."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("word/document.xml", "w") as member:
        for _ in range(201):
            member.write(bytes(2**20))
    with pytest.raises(UnreadableFile) as caught:
        read_bytes("bomb.docx", out.getvalue())
    assert caught.value.kind == "too_large"


def test_real_word_files_are_read_or_refused(sandbox: Sandbox) -> None:
    """Real Word files give all their words, or a refusal: protected ones, and those that hold nothing."""
    found = []
    for row in expected("docx"):
        text, refusal = text_or_refusal(sandbox, TESTDATA / "docx" / row["file"])
        assert refusal is None or (row["category"] != "text" and refusal in ("password", "empty", "wrong_type"))
        if row["words"] and refusal is None:
            found.append(recall(row["words"], text))
    assert sum(found) / len(found) >= 0.98

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
from tests.ingest.readers.bombs import W, paragraph, word
from tests.ingest.readers.conftest import ReadBytes
from tests.ingest.readers.samples import expected, headings, recall, statements, text_or_refusal
from tests.testdata import TESTDATA


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


def test_the_strict_form_and_other_kinds_of_word_file_are_read(read_bytes: ReadBytes) -> None:
    """Strict namespaces, macros and templates hold the same text as any Word file, which is all that is read."""
    plain = word(paragraph("La prime vaut la moitié."))
    strict = _replaced(
        plain, b"schemas.openxmlformats.org/wordprocessingml/2006", b"purl.oclc.org/ooxml/wordprocessingml"
    )
    macros = _replaced(plain, b"openxmlformats-officedocument.wordprocessingml.document.main",
                       b"ms-word.document.macroEnabled.main")  # fmt: skip
    template = _replaced(plain, b"wordprocessingml.document.main", b"wordprocessingml.template.main")
    for name, content in (("a.docx", plain), ("b.docx", strict), ("c.docm", macros), ("d.dotx", template)):
        assert statements(read_bytes(name, content)) == ["La prime vaut la moitié."], name


def _replaced(content: bytes, old: bytes, new: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(old, new))
    return out.getvalue()


def test_deleted_text_is_not_quoted_and_inserted_text_is(read_bytes: ReadBytes) -> None:
    """Tracked changes count as accepted; field codes and alternates are no text either."""
    body = (
        '<w:p><w:r><w:t xml:space="preserve">La prime vaut </w:t></w:r>'
        "<w:del><w:r><w:delText>10</w:delText></w:r></w:del>"
        "<w:ins><w:r><w:t>75</w:t></w:r></w:ins><w:r><w:instrText>PAGE</w:instrText></w:r>"
        '<w:r><w:t xml:space="preserve"> % des frais.</w:t></w:r></w:p>'
    )
    assert statements(read_bytes("a.docx", word(body))) == ["La prime vaut 75 % des frais."]


def test_a_footnote_follows_what_refers_to_it(read_bytes: ReadBytes) -> None:
    """Footnotes are read where they are referred to, once; the line above the notes is not."""
    notes = f'<w:footnotes {W}><w:footnote w:id="0" w:type="separator">{paragraph("trait")}</w:footnote>' + (
        f'<w:footnote w:id="2">{paragraph("Hors taxe.")}</w:footnote></w:footnotes>'
    )
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="n" Type='
        '"http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes" Target="footnotes.xml"/>'
        "</Relationships>"
    )
    body = '<w:p><w:r><w:t>La prime vaut 50 €.</w:t><w:footnoteReference w:id="2"/></w:r></w:p>' + paragraph("Suite.")
    members = {"word/footnotes.xml": notes.encode(), "word/_rels/document.xml.rels": relations.encode()}
    assert statements(read_bytes("a.docx", word(body, **members))) == ["La prime vaut 50 €.", "Hors taxe.", "Suite."]


def test_a_part_under_another_spelling_is_found(read_bytes: ReadBytes) -> None:
    """A file whose parts are named with other slashes and capitals is read, as Word does."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(word())) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            target.writestr(name.replace("word/document", "Word\\Document"), source.read(name))
    assert statements(read_bytes("a.docx", out.getvalue()))


def test_a_package_without_its_text_is_damaged(read_bytes: ReadBytes) -> None:
    """Where the part with the text is missing, the refusal says so."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(word())) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist()[:2]:
            target.writestr(name, source.read(name))
    with pytest.raises(UnreadableFile, match="its text is missing") as caught:
        read_bytes("a.docx", out.getvalue())
    assert caught.value.kind == "damaged"

"""What a file is, its content says."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from ingest.errors import UnreadableFile
from ingest.readers import read
from ingest.settings import Settings
from tests.ingest.readers.conftest import ReadBytes
from tests.ingest.readers.samples import headings, pdf, statements

FRENCH = "La Région accorde une aide aux entreprises. Elle couvre la moitié des frais."


def test_content_decides_not_the_name(read_bytes: ReadBytes) -> None:
    """A PDF and a web page under a wrong name are read as what they are."""
    assert read_bytes("note.txt", pdf(["La prime est ouverte aux PME."])).pages[0].number == 1
    page = f"<!doctype html><html lang='fr'><title>Aide</title><body><p>{FRENCH}</p></body></html>"
    assert read_bytes("page.pdf", page.encode()).title == "Aide"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_text_in_the_usual_encodings_is_read(read_bytes: ReadBytes, encoding: str) -> None:
    """UTF-8, UTF-16 and Windows-1252 give the same statements."""
    document = read_bytes("aide.txt", FRENCH.encode(encoding))
    assert statements(document) == ["La Région accorde une aide aux entreprises.", "Elle couvre la moitié des frais."]
    assert document.language == "fr"


def test_plain_text_has_headings_and_items(read_bytes: ReadBytes) -> None:
    """Capitals and underlines make headings, bullets make items, wrapped lines make sentences."""
    text = "Le guide\n========\nUne aide\nexiste.\n\nCONDITIONS\n\n- être une PME\n- avoir un siège\n  en Wallonie\n"
    document = read_bytes("guide.txt", text.encode())
    assert document.title == "Le guide"
    assert headings(document) == [("Le guide",), ("Le guide", "CONDITIONS")]
    assert statements(document) == ["Une aide existe.", "être une PME", "avoir un siège en Wallonie"]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_markdown_goes_by_its_suffix(read_bytes: ReadBytes, encoding: str) -> None:
    """A file in .md is read as Markdown, whatever its encoding: its heading is no statement."""
    content = f"# Note\n\n{FRENCH}\n".encode(encoding)
    document = read_bytes("note.md", content)
    assert (document.title, len(statements(document))) == ("Note", 2)
    assert document.digest == hashlib.sha256(content).hexdigest()


def test_many_comments_before_text_do_not_stall(read_bytes: ReadBytes) -> None:
    """Thousands of HTML comments before plain text are read past at once."""
    assert statements(read_bytes("a.md", ("<!-- a -->\n" * 3000 + "\n" + FRENCH).encode()))


def test_identity_comes_from_name_and_bytes(read_bytes: ReadBytes) -> None:
    """The id is the name in ASCII, the digest that of the bytes."""
    document = read_bytes("Où s'adresser (2026).txt", FRENCH.encode())
    assert document.id == "ou-s-adresser-2026"
    assert document.digest == hashlib.sha256(FRENCH.encode()).hexdigest()


def test_a_given_id_wins(tmp_path: Path, settings: Settings) -> None:
    """The caller may name the document."""
    path = tmp_path / "a.txt"
    path.write_text(FRENCH, "utf-8")
    assert read(path, settings, id="start-ia").id == "start-ia"


def _archive(**members: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(name), text)  # without the time: it stands in the names of tests
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("empty.pdf", b"", "empty"),
        ("blank.txt", b" \r\n\t", "empty"),
        ("photo.docx", b"\x89PNG\r\n\x1a\n" + bytes(40), "wrong_type"),
        ("noise.txt", bytes(range(256)) * 8, "wrong_type"),
        ("sheet.docx", _archive(workbook="<x/>"), "wrong_type"),
        ("cut.docx", _archive(a="b" * 99)[:60], "damaged"),
        ("cut.pdf", b"%PDF-1.7\n1 0 obj\n<<", "damaged"),
        ("old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "wrong_type"),
        ("words.pdf", b"not even a PDF", "wrong_type"),
        ("words.docx", b"not even a Word file", "wrong_type"),
        ("drawing.txt", b"<svg xmlns='http://www.w3.org/2000/svg'><text>aide</text></svg>", "wrong_type"),
        ("program.txt", b"MZ" + bytes(60), "wrong_type"),
        (
            "pages.pdf",
            b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Count 0/Kids[]>>endobj "
            b"trailer<</Root 1 0 R>>",
            "damaged",
        ),
        ("menu.html", b"<html><body><script>1</script></body></html>", "empty"),
    ],
)
def test_what_cannot_be_read_is_refused_by_kind(read_bytes: ReadBytes, name: str, content: bytes, kind: str) -> None:
    """A refusal has a kind and one sentence that begins with the file's name and shows a way out."""
    with pytest.raises(UnreadableFile) as caught:
        read_bytes(name, content)
    assert caught.value.kind == kind
    assert str(caught.value).startswith(f"{name}: ")
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path, settings: Settings) -> None:
    """What is not there, and what is no file, is refused like any other."""
    with pytest.raises(UnreadableFile, match=r"^gone.pdf: cannot be opened"):
        read(tmp_path / "gone.pdf", settings)
    with pytest.raises(UnreadableFile, match="is a folder"):
        read(tmp_path, settings)


def test_a_large_file_is_refused_unread(tmp_path: Path) -> None:
    """A file over the limit is refused by its size."""
    path = tmp_path / "large.txt"
    path.write_bytes(b"a" * (2**20 + 1))
    with pytest.raises(UnreadableFile) as caught:
        read(path, Settings(max_file_megabytes=1))
    assert caught.value.kind == "too_large"


def test_a_stored_file_is_known_by_its_own_name(tmp_path: Path, settings: Settings) -> None:
    """A file under its digest gets title, id and messages from the name it came with, made harmless."""
    path = tmp_path / "0123abcd"
    path.write_text(FRENCH, "utf-8")
    document = read(path, settings, name="../../Où s'adresser\u202e.txt")
    assert (document.id, document.title, document.path) == ("ou-s-adresser", "Où s'adresser", "Où s'adresser.txt")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    with pytest.raises(UnreadableFile, match=r"^photo\.pdf: is an image"):
        read(path, settings, name="C:\\photos\\photo.pdf")


def test_the_suffix_of_the_given_name_makes_markdown(tmp_path: Path, settings: Settings) -> None:
    """Markdown has no mark of its own: the name it came with tells it."""
    path = tmp_path / "0123abcd"
    path.write_text(f"# Note\n\n{FRENCH}\n", "utf-8")
    assert read(path, settings, name="note.md").title == "Note"
    assert read(path, settings).file.kind == "text"


def test_a_pdf_without_its_mark_is_read(read_bytes: ReadBytes) -> None:
    """Some writers forget the mark at the beginning: the objects are there all the same."""
    content = pdf(["La prime est ouverte aux PME."]).removeprefix(b"%PDF-1.4\n")
    assert statements(read_bytes("a.pdf", content)) == ["La prime est ouverte aux PME."]


def test_too_much_text_is_refused(read_bytes: ReadBytes) -> None:
    """A text of more than five million characters is too large, however small its file is packed."""
    with pytest.raises(UnreadableFile, match="million") as caught:
        read_bytes("long.txt", b"aide " * 1_100_000)
    assert caught.value.kind == "too_large"


def test_a_text_without_end_is_cut_between_words(read_bytes: ReadBytes) -> None:
    """A line of many pages becomes statements of some thousand characters, no word lost."""
    text = " ".join(f"mot{number}" for number in range(3_000))
    found = statements(read_bytes("a.txt", text.encode()))
    assert max(map(len, found)) <= 8_000
    assert " ".join(found) == text


def test_a_long_text_is_in_the_language_of_most_of_it(read_bytes: ReadBytes) -> None:
    """A summary in another language at the beginning does not decide."""
    dutch = "De regio geeft steun aan kleine ondernemingen die met hun gegevens willen werken. " * 10
    assert read_bytes("a.txt", (dutch + "\n\n" + FRENCH * 40).encode()).language == "fr"

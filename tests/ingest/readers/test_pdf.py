"""Reading PDF files."""

from __future__ import annotations

import time

import pytest

from ingest.errors import UnreadableFile
from ingest.readers.sandbox import Sandbox
from tests.ingest.readers.conftest import ReadBytes
from tests.ingest.readers.samples import (
    edited,
    expected,
    headings,
    pdf,
    recall,
    saved,
    statements,
    text_or_refusal,
)
from tests.testdata import TESTDATA

WRAPPED = [
    "La prime couvre la moitié des frais de conseil des petites entreprises qui ont leur siège en Wal-",
    "lonie et qui occupent moins de cinquante personnes. Elle est peut-",
    "être suspendue. Demandez-la avant le 3 mai.",
]


def test_lines_become_whole_sentences(read_bytes: ReadBytes) -> None:
    """Line ends and hyphens of the layout are undone; a hyphen of the spelling stays."""
    assert statements(read_bytes("aide.pdf", pdf(WRAPPED))) == [
        "La prime couvre la moitié des frais de conseil des petites entreprises qui ont leur siège en Wallonie"
        " et qui occupent moins de cinquante personnes.",
        "Elle est peut-être suspendue.",
        "Demandez-la avant le 3 mai.",
    ]


def test_running_lines_and_page_numbers_are_left_out(read_bytes: ReadBytes) -> None:
    """What heads and foots every page is no statement, whatever number is in it."""
    texts = ("Le premier point est clair.", "Le deuxième suit.", "Le troisième aussi.", "Le dernier conclut.")
    pages = [["Guide des aides 2026", text, f"Page {number} / 4"] for number, text in enumerate(texts, 1)]
    assert statements(read_bytes("guide.pdf", pdf(*pages))) == list(texts)


def test_a_sentence_over_a_page_break_stays_whole(read_bytes: ReadBytes) -> None:
    """A sentence belongs to the page where it begins."""
    document = read_bytes("a.pdf", pdf(["La prime couvre la moitié"], ["des frais. Elle est ouverte."]))
    assert [page.text for page in document.pages] == ["La prime couvre la moitié des frais.", "Elle est ouverte."]


def test_larger_letters_make_a_heading(read_bytes: ReadBytes) -> None:
    """A short line in larger letters is a heading and no statement."""
    document = read_bytes("a.pdf", pdf(["Conditions", "Il faut être une PME wallonne."], head_size=20))
    assert headings(document) == [("Conditions",)]
    assert statements(document) == ["Il faut être une PME wallonne."]


def test_outline_labels_title_and_date_are_taken(read_bytes: ReadBytes) -> None:
    """Bookmarks are headings in place of the line that shows them; pages carry their printed labels."""
    writer = edited(pdf(["Montants", "La prime vaut la moitié."], ["Délais", "La demande se fait en mai."]))
    parent = writer.add_outline_item("Montants", 0)
    writer.add_outline_item("Délais", 1, parent=parent)
    writer.set_page_label(0, 1, style="/r")
    writer.add_metadata({"/Title": "Guide des aides", "/ModDate": "D:20260531120000+02'00'"})
    document = read_bytes("g.pdf", saved(writer))
    assert headings(document) == [("Montants",), ("Montants", "Délais")]
    assert statements(document) == ["La prime vaut la moitié.", "La demande se fait en mai."]
    assert [(page.number, page.label) for page in document.pages] == [(1, "i"), (2, "ii")]
    assert (document.title, document.as_of) == ("Guide des aides", "2026-05-31")


def test_a_password_is_asked_for_only_when_needed(read_bytes: ReadBytes) -> None:
    """An owner's password does not hinder reading, a user's does."""
    for password, kind in (("", None), ("secret", "password")):
        writer = edited(pdf(["La prime est ouverte."]))
        writer.encrypt(password, "owner", algorithm="AES-256")
        if kind is None:
            assert statements(read_bytes("a.pdf", saved(writer))) == ["La prime est ouverte."]
        else:
            with pytest.raises(UnreadableFile) as caught:
                read_bytes("a.pdf", saved(writer))
            assert caught.value.kind == kind


def test_a_scan_is_sent_to_ocr(read_bytes: ReadBytes) -> None:
    """A PDF without a text layer is refused with the way out."""
    with pytest.raises(UnreadableFile) as caught:
        read_bytes("scan.pdf", pdf(*[[]] * 12))
    assert str(caught.value) == "scan.pdf: 12 pages, none has a text layer; run OCR and add it again"
    assert caught.value.kind == "no_text"


def test_a_partly_scanned_pdf_names_its_pictures(read_bytes: ReadBytes) -> None:
    """Pages that are only a picture are named in the warnings, the others are read."""
    picture = "q 9 0 0 9 0 0 cm BI /W 1 /H 1 /BPC 8 /CS /G ID x EI Q"
    page = ["La prime est ouverte."]
    content = pdf(page, ["PICTURE" + " " * 60], page)
    start = content.index(b"BT /F1 12 Tf 60 760 Td (PICTURE")
    end = content.index(b"ET", start) + 2
    content = content[:start] + picture.encode().ljust(end - start) + content[end:]
    document = read_bytes("guide.pdf", content)
    assert document.warnings == ("guide.pdf: 3 pages, no text layer on page 2; run OCR and add it again",)
    assert [page.number for page in document.pages if page.sections] == [1, 3]


KINDS = {
    "text": (), "mixed": (), "no_text": ("no_text", "password", "damaged", "empty"), "password": ("password",),
    "unreadable": ("damaged", "password", "wrong_type", "no_text"),
}  # fmt: skip


@pytest.mark.parametrize(("folder", "bar"), [("normal", 0.98), ("nasty", 0.80)])
def test_real_pdfs_are_read_or_refused(sandbox: Sandbox, folder: str, bar: float) -> None:
    """Real PDFs give their words; what is refused is refused within 20 seconds and for a sensible reason."""
    found = []
    for row in expected("pdfs"):
        if not row["file"].startswith(folder):
            continue
        start = time.monotonic()
        text, refusal = text_or_refusal(sandbox, TESTDATA / "pdfs" / row["file"])
        assert refusal is None or refusal in KINDS[row["category"]], row["file"]
        assert time.monotonic() - start < 20
        if row["words"] and row["category"] == "text":
            found.append(recall(row["words"], text))
    assert sum(found) / len(found) >= bar

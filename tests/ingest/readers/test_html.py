"""Reading web pages."""

from __future__ import annotations

import gzip
from pathlib import Path

from ingest.readers.sandbox import Sandbox
from tests.ingest.readers.conftest import ReadBytes
from tests.ingest.readers.samples import expected, headings, shingles, statements
from tests.testdata import TESTDATA

PAGE = """<!doctype html><html lang="nl-BE"><head><title>Premies | Loket</title>
<link rel="canonical" href="https://www.example.be/premies"><meta property="og:title" content="Premies">
<meta property="article:modified_time" content="2026-05-31T10:00:00Z"></head><body>
<nav><ul><li><a href="/">Start</a></li><li><a href="/contact">Contact</a></li></ul></nav>
<main><article><h1>Premies</h1><p>De premie dekt de helft van de kosten van advies. Ze is er voor elke kleine
onderneming die haar zetel in Wallonië heeft en minder dan vijftig personen telt.</p>
<h2>Voorwaarden</h2><p>Dit zijn de voorwaarden waaraan een onderneming moet voldoen om de premie te krijgen.</p>
<ul><li>een kmo zijn</li><li>een zetel in Wallonië hebben</li></ul></article></main>
<footer>Alle rechten voorbehouden</footer></body></html>"""


def test_main_text_is_kept_with_its_headings_and_lists(read_bytes: ReadBytes) -> None:
    """A web page gives its article, not its menu; list items are statements and headings are not."""
    document = read_bytes("premies.html", PAGE.encode())
    assert headings(document)[-1][-1] == "Voorwaarden"
    assert statements(document)[-2:] == ["een kmo zijn", "een zetel in Wallonië hebben"]
    assert "De premie dekt de helft van de kosten van advies." in statements(document)
    assert not {"Contact", "Voorwaarden", "Alle rechten voorbehouden"} & set(statements(document))


def test_title_language_date_and_address_are_taken(read_bytes: ReadBytes) -> None:
    """What a page says about itself is believed."""
    document = read_bytes("premies.html", PAGE.encode())
    assert (document.title, document.language, document.as_of) == ("Premies", "nl", "2026-05-31")
    assert document.url == "https://www.example.be/premies"


def test_words_of_neighbouring_blocks_do_not_run_together(read_bytes: ReadBytes) -> None:
    """Where the screen shows a gap, the text has one, whatever the markup leaves out."""
    text = "La prime couvre la moitié des frais de conseil des petites entreprises wallonnes."
    page = (
        f"<html lang='fr'><body><article><div><span>Aide</span><div>{text}</div></div><p>{text}<br>Fin.</p></article>"
    )
    found = " ".join(statements(read_bytes("a.html", page.encode())))
    assert "AideLa" not in found
    assert "wallonnes.Fin" not in found


def test_real_articles_come_out_whole(sandbox: Sandbox, tmp_path: Path) -> None:
    """Over 76 real pages, the runs of four words agree with the expected text at F1 of 0.95 or more."""
    precisions, recalls, path = [], [], tmp_path / "page.html"
    for row in expected("html"):
        content = (TESTDATA / "html" / row["file"]).read_bytes()
        path.write_bytes(gzip.decompress(content) if row["file"].endswith(".gz") else content)
        document = sandbox.read(path)
        shown = (line for page in document.pages for section in page.sections
                 for line in (*section.headings[-1:], *(item.text for item in section.statements)))  # fmt: skip
        got, due = shingles("\n".join(shown)), shingles(row["text"])
        precisions.append((got & due).total() / got.total())
        recalls.append((got & due).total() / due.total())
    precision, recall = sum(precisions) / len(precisions), sum(recalls) / len(recalls)
    assert 2 * precision * recall / (precision + recall) >= 0.95


def test_odd_pages_are_read(sandbox: Sandbox) -> None:
    """Broken and unusual markup still gives statements."""
    expected("html")
    for path in sorted((TESTDATA / "html" / "odd").glob("*.htm*")):
        assert statements(sandbox.read(path)), path.name

"""Files made to hang, fill or fool a reader, each by a few lines; none is stored."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from tests.ingest.readers.samples import pdf

TEXT = "La Région accorde une aide aux entreprises."
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type='
    '"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/>'
    "</Relationships>"
)


@dataclass(frozen=True, slots=True)
class Bomb:
    """A hostile file; *kinds* are the refusals that are right, with ``read`` where it may also be read."""

    name: str
    make: Callable[[], bytes]
    kinds: tuple[str, ...]


def paragraph(text: str = TEXT) -> str:
    """Return a paragraph of Word."""
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def word(body: str = paragraph(), *, head: str = "", attributes: str = "", **members: bytes) -> bytes:
    """Return the least Word file, with more *members* by path (``_`` for ``/`` in the name is not translated)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", TYPES)
        archive.writestr("_rels/.rels", RELATIONS)
        archive.writestr(
            "word/document.xml", f"{head}<w:document {W} {attributes}><w:body>{body}</w:body></w:document>"
        )
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def archive(**members: bytes) -> bytes:
    """Return a ZIP archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in members.items():
            opened.writestr(name, content)
    return out.getvalue()


def nested_archive(levels: int = 6, copies: int = 8) -> bytes:
    """Return archives in archives: petabytes, if anybody unpacked them all."""
    content = archive(zeros=bytes(2**24))
    for _ in range(levels):
        content = archive(**{f"{number}.zip": content for number in range(copies)})
    return content


def _blanks(megabytes: int, window: int) -> bytes:
    """Return megabytes of blanks, packed; after a full flush a piece can be repeated as it is."""
    packer = zlib.compressobj(9, zlib.DEFLATED, window)
    head = packer.compress(b" " * 2**20) + packer.flush(zlib.Z_FULL_FLUSH)
    piece = packer.compress(b" " * 2**20) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + piece * (megabytes - 1) + packer.flush()


def giant_members(gigabytes: int = 1, *, lying: bool = False) -> bytes:
    """Return a Word file whose text unpacks to gigabytes of blanks; a *lying* one gives its size as a hundred bytes."""
    packed = _blanks(1024 * gigabytes, -15)
    size = 100 if lying else gigabytes * 2**30
    members = [("[Content_Types].xml", TYPES.encode()), ("_rels/.rels", RELATIONS.encode())]
    out, directory = bytearray(), bytearray()
    for name, data, method, length in [
        *((name, content, 0, len(content)) for name, content in members),
        ("word/document.xml", packed, 8, size),
    ]:
        check = zlib.crc32(data) if method == 0 else 0
        fields = struct.pack("<HHHHHIIIHH", 20, 0, method, 0, 33, check, len(data), length, len(name), 0)
        directory += b"PK\1\2" + struct.pack("<H", 20) + fields
        directory += struct.pack("<HHHII", 0, 0, 0, 0, len(out)) + name.encode()
        out += b"PK\3\4" + fields + name.encode() + data
    end = struct.pack("<HHHHIIH", 0, 0, 3, 3, len(directory), len(out), 0)
    return bytes(out + directory + b"PK\5\6" + end)


def many_members(count: int) -> bytes:
    """Return a Word file of many empty parts."""
    return word(**{f"word/media/{number}": b"" for number in range(count)})


LAUGHS = "<!DOCTYPE a [<!ENTITY a0 'ha'>{}]>".format(
    "".join(f"<!ENTITY a{level} '{f'&a{level - 1};' * 10}'>" for level in range(1, 10))
)
OUTSIDE = "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>"


def layered_stream(layers: int = 3, megabytes: int = 700) -> bytes:
    """Return a PDF whose page is packed several times over: a few kilobytes become hundreds of megabytes."""
    stream = _blanks(megabytes, 15)
    for _ in range(layers - 1):
        stream = zlib.compress(stream, 9)
    head = b"<</Filter[%s]/Length %d>>\nstream\n" % (b"/FlateDecode" * layers, len(stream))
    return _with_content(head + stream)


def _with_content(content: bytes) -> bytes:
    whole = pdf([TEXT])
    start, end = whole.rindex(b"<</Length"), whole.rindex(b"endstream")
    return whole[:start] + content + b"\n" + whole[end:]


def page_tree(count: int) -> bytes:
    """Return a PDF of many pages, all of one content."""
    kids = " ".join(f"{10 + number} 0 R" for number in range(count))
    pages = "\n".join(
        f"{10 + number} 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 5 0 R>>\nendobj"
        for number in range(count)
    )
    return (
        f"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Count {count}"
        f"/Kids[{kids}]>>\nendobj\n5 0 obj\n<</Length 0>>\nstream\n\nendstream\nendobj\n{pages}\n"
        "trailer<</Root 1 0 R>>\n%%EOF"
    ).encode()


def page_loop() -> bytes:
    """Return a PDF whose tree of pages is its own branch."""
    return (
        b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Count 9/Kids[2 0 R 2 0 R]"
        b"/Parent 2 0 R>>\nendobj\ntrailer<</Root 1 0 R>>\n%%EOF"
    )


def recursive_form() -> bytes:
    """Return a PDF whose page draws a form that draws itself, twice."""
    form = (
        b"<</Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources<</XObject<</F 5 0 R>>/Font<</F1 3 0 R>>>>"
        b"/Length 14>>\nstream\n/F Do /F Do   "
    )
    return _with_content(form).replace(b"/Resources<</Font", b"/Resources<</XObject<</F 5 0 R>>/Font")


def fan_of_forms(levels: int = 12, fan: int = 10) -> bytes:
    """Return a PDF whose forms each draw the next one ten times."""
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Count 1/Kids[3 0 R]>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources<</XObject<</F 5 0 R>>>>/Contents 4 0 R>>",
        "<</Length 5>>\nstream\n/F Do\nendstream",
    ]  # fmt: skip
    drawing = "/F Do " * fan
    for level in range(levels):
        objects.append(
            f"<</Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources<</XObject<</F {6 + level} 0 R>>>>"
            f"/Length {len(drawing)}>>\nstream\n{drawing}\nendstream"
        )
    last = "BT /F1 12 Tf 60 700 Td (aide) Tj ET"
    objects.append(
        "<</Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources<</Font<</F1<</Type/Font/Subtype/Type1"
        f"/BaseFont/Helvetica>>>>>>/Length {len(last)}>>\nstream\n{last}\nendstream"
    )
    body = "".join(f"{number} 0 obj\n{text}\nendobj\n" for number, text in enumerate(objects, 1))
    return f"%PDF-1.4\n{body}trailer<</Root 1 0 R>>\n%%EOF".encode()


def html(body: str) -> bytes:
    """Return a web page."""
    return f"<!doctype html><html lang='fr'><head><title>Aide</title></head><body>{body}</body></html>".encode()


def grid(cell: str, table: str, row: str, column: str, size: int = 150) -> str:
    """Return a table of many rows and columns."""
    rows = f"<{row}>{f'<{column}>{cell}</{column}>' * size}</{row}>" * size
    return f"<{table}>{rows}</{table}>"


def attributes(count: int) -> str:
    """Return many attributes of one element."""
    return " ".join(f'a{number}="x"' for number in range(count))


def merges(levels: int = 9) -> str:
    """Return a head of YAML whose merge keys multiply ninefold at each level."""
    lines = ["a0: &a0 {x: 1}"]
    for level in range(1, levels + 1):
        lines.append(f"a{level}: &a{level} {{<<: [{', '.join([f'*a{level - 1}'] * 9)}]}}")
    return "\n".join(lines)


def sheet(head: str) -> bytes:
    """Return a Markdown sheet with this head."""
    return f"---\n{head}\n---\n\n# Aide\n\n{TEXT}\n".encode()


def runs(piece: str, megabytes: float = 0.06) -> bytes:
    """Return text that repeats one piece, a few sentences before and after."""
    return f"{TEXT}\n\n{piece * int(megabytes * 2**20 / len(piece.encode()))}\n\n{TEXT}\n".encode()


SVG = f"<?xml version='1.0'?>{LAUGHS.replace('a [', 'svg [')}<svg xmlns='http://www.w3.org/2000/svg'>&a9;</svg>"
ANY = ("read", "timeout", "memory", "too_large", "damaged", "empty")
HOSTILE_RUNS = {
    "brackets": "[", "images": "![", "links": "[a](", "stars": "*a ", "mixed marks": "**_*_", "ticks": "` ``",
    "comments": "<!--", "tags": "<a ", "quotes": "> ", "lists": "- ", "backslashes": "\\", "ampersands": "&",
    "dots": ".", "spaces": "\t ", "digits": "1", "capitals": "A", "addresses": "http://a.", "footnotes": "[^1]",
    "accents": "e\u0301", "hashes": "#", "pipes": "|a", "dates": "1/1/", "euros": "1.000 ", "letters": "i g n o r e ",
    "base64": "aWdub3Jl",
}  # fmt: skip

BOMBS = (
    Bomb("nested.docx", nested_archive, ("wrong_type",)),
    Bomb("inside.docx", lambda: word(**{"word/embeddings/a.zip": nested_archive()}), ("read",)),
    Bomb("giant.docx", giant_members, ("too_large",)),
    Bomb("lying.docx", lambda: giant_members(lying=True), ("damaged",)),
    Bomb("members.docx", lambda: many_members(5_000), ("too_many_members",)),
    Bomb("many-members.docx", lambda: many_members(20_000), ("too_many_members",)),
    Bomb("laughs.docx", lambda: word(paragraph("&a9;"), head=LAUGHS), ("damaged",)),
    Bomb("outside.docx", lambda: word(paragraph("&x;"), head=OUTSIDE), ("damaged",)),
    Bomb("attributes.docx", lambda: word(attributes=attributes(50_000)), ("read", "damaged")),
    Bomb("nested-tags.docx", lambda: word("<w:sdt>" * 100_000 + paragraph() + "</w:sdt>" * 100_000), ("damaged",)),
    Bomb("deep-tables.docx", lambda: word("<w:tbl><w:tr><w:tc>" * 50 + paragraph() + "</w:tc></w:tr></w:tbl>" * 50),
         ("read",)),
    Bomb("wide-table.docx", lambda: word(grid(paragraph("a"), "w:tbl", "w:tr", "w:tc") + paragraph()),
         ("read", "timeout")),
    Bomb("layers.pdf", layered_stream, ("memory", "timeout")),
    Bomb("layers-small.pdf", lambda: layered_stream(megabytes=60), ("read", "empty", "no_text")),
    Bomb("pages.pdf", lambda: page_tree(100_000), ("too_large",)),
    Bomb("loop.pdf", page_loop, ("damaged",)),
    Bomb("recursive.pdf", recursive_form, ("timeout", "memory", "no_text", "damaged", "read")),
    Bomb("fan.pdf", fan_of_forms, ("timeout", "memory", "read")),
    Bomb("arrays.pdf", lambda: pdf([TEXT]).replace(b"/MediaBox", b"/X " + b"[" * 10**6 + b"]" * 10**6 + b"/MediaBox"),
         ("read", "damaged")),
    Bomb("attributes.html", lambda: html(f"<p {attributes(50_000)}>{TEXT}</p>"), ("read", "damaged")),
    Bomb("nested-tags.html", lambda: html("<div>" * 100_000 + TEXT + "</div>" * 100_000), ("read", "empty")),
    Bomb("nested-inline.html", lambda: html("<b><i>" * 50_000 + TEXT), ("read", "empty")),
    Bomb("deep-tables.html", lambda: html("<table><tr><td>" * 5_000 + TEXT), ("read", "empty")),
    Bomb("wide-table.html", lambda: html(grid("a", "table", "tr", "td") + f"<p>{TEXT}</p>"),
         ("read", "too_large", "timeout")),
    Bomb("entities.html", lambda: html("<p>" + "&lt;" * 10_000_000 + f"</p><p>{TEXT}</p>"),
         ("read", "too_large", "memory", "timeout")),
    Bomb("laughs.html", lambda: LAUGHS.encode() + html(f"<p>{TEXT} &a9;</p>"), ("read", "damaged")),
    Bomb("outside.xhtml", lambda: b"<?xml version='1.0'?>" + OUTSIDE.encode() + html(f"<p>{TEXT} &x;</p>"), ("read",)),
    Bomb("comments.html", lambda: html(f"<p>{TEXT}</p>" + "<!--" * 500_000), ("read", "timeout")),
    Bomb("styles.html", lambda: html(f"<style>{'@media{a' * 100_000}</style><p>{TEXT}</p>"), ("read", "timeout")),
    Bomb("laughs.svg", SVG.encode, ("wrong_type",)),
    Bomb("line.txt", (f"{TEXT} " * (49 * 2**20 // 45)).encode, ("too_large",)),
    Bomb("line-of-one.txt", lambda: b"a" * (49 * 2**20), ("too_large",)),
    Bomb("aliases.md", lambda: sheet(merges().replace("<<: ", "x: ")), ("front_matter",)),
    Bomb("merges.md", lambda: sheet(merges()), ("front_matter",)),
    Bomb("nested-head.md", lambda: sheet("a: " + "[" * 20_000 + "]" * 20_000), ("front_matter",)),
    Bomb("long-head.md", lambda: sheet("\n".join(f"k{n}: v" for n in range(200_000))), ("front_matter",)),
    Bomb("png-zip.docx", lambda: b"\x89PNG\r\n\x1a\n" + bytes(40) + word(), ("wrong_type",)),
    Bomb("zip-pdf.docx", lambda: word() + pdf([TEXT]), ("read", "damaged")),
    Bomb("pdf-zip.pdf", lambda: pdf([TEXT]) + word(), ("read",)),
    *(Bomb(f"{name}.{suffix}", lambda piece=piece: runs(piece), ANY)
      for name, piece in HOSTILE_RUNS.items() for suffix in ("md", "txt")),
)  # fmt: skip

"""Read a web page: its main text without menus and banners, its headings, its lists and its tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from ingest.documents import LANGUAGES, Language, SourceDocument
from ingest.errors import UnreadableFile
from ingest.readers.blocks import Block, Sheet, clean, document, table_rows
from ingest.readers.hidden import comments, warnings
from ingest.readers.styles import without_hidden

_ISO_DATE = re.compile(r"(?:19|20)\d\d-\d\d-\d\d")
_CONTAINERS = {"body", "main", "quote", "div", "section", "article", "comments", "post"}


def read_html(path: Path, content: bytes) -> SourceDocument:
    """Return the main text of the web page in *content* with its title, language, date and address."""
    import trafilatura

    tree = trafilatura.load_html(content)
    if tree is None:
        raise UnreadableFile(f"{path.name}: is a damaged web page; save it again from the browser", "damaged")
    raw = "".join(tree.itertext())
    # The parser drops comments.
    hidden = [*without_hidden(tree), *comments(content.decode("utf-8", "ignore"))]
    language, address, title = _language(tree), _canonical(tree), clean(tree.findtext(".//title") or "")
    found: Any = trafilatura.bare_extraction(
        tree,
        include_comments=False,
        include_tables=True,
        with_metadata=True,
        date_extraction_params={"extensive_search": False, "original_date": False},
    )
    blocks = list(_blocks(found.body)) if found is not None and found.body is not None else []
    if not blocks:
        blocks = [Block("paragraph", line) for line in trafilatura.html2txt(tree).splitlines() if line.strip()]
    return document(
        path,
        content,
        [Sheet(tuple(blocks))],
        title=(found.title if found is not None else None) or title,
        language=language,
        url=address or (found.url if found is not None else None),
        as_of=_date(found.date if found is not None else None),
        warnings=warnings(path.name, hidden, [(None, raw)]),
    )


def _language(tree: Any) -> Language | None:
    declared = (tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang") or "").lower()
    primary = re.split("[-_]", declared.strip())[0]
    return cast(Language, primary) if primary in LANGUAGES else None


def _canonical(tree: Any) -> str | None:
    address = next(iter(tree.xpath("//link[@rel='canonical']/@href")), "").strip()
    return address if address.startswith(("https://", "http://")) else None


def _date(text: str | None) -> str | None:
    return text if text and _ISO_DATE.fullmatch(text) else None


def _blocks(element: Any) -> Iterator[Block]:
    """Yield the blocks of *element*, whose tags are those of trafilatura: head, p, list, item, table, row, cell."""
    for child in element:
        text = _words(child)
        if child.tag == "head":
            yield Block("heading", text, level=_level(child.get("rend")))
        elif child.tag == "list":
            yield from _items(child)
        elif child.tag == "table":
            yield from table_rows([[_words(cell) for cell in row.iter("cell")] for row in child.iter("row")])
        elif child.tag in _CONTAINERS and len(child):
            yield from _lead(child)
            yield from _blocks(child)
        elif text:
            yield Block("paragraph", text)
        if child.tail and child.tail.strip():
            yield Block("paragraph", clean(child.tail))


def _items(element: Any) -> Iterator[Block]:
    for item in element:
        inner = item.find("list")
        if item.tag == "list":
            yield from _items(item)
        elif inner is None:
            yield Block("item", _words(item))
        else:
            yield from (Block("item", lead.text) for lead in _lead(item))
            yield from _items(inner)


def _lead(element: Any) -> Iterator[Block]:
    if element.text and element.text.strip():
        yield Block("paragraph", clean(element.text))


def _level(rend: str | None) -> int:
    return int(rend[1]) if rend and re.fullmatch("h[1-6]", rend) else 2


def _words(element: Any) -> str:
    for line_break in element.iter("lb"):
        line_break.tail = " " + (line_break.tail or "")
    return clean("".join(element.itertext()))

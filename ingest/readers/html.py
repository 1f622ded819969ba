"""Read a web page: its main text without menus and banners, its headings, its lists and its tables."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from ingest.documents import LANGUAGES, FileFacts, Language, SourceDocument
from ingest.errors import UnreadableFile
from ingest.readers.blocks import Block, Sheet, check_length, clean, document, table_rows
from ingest.readers.hidden import ORDINARY, comments, order_pages, warnings
from ingest.readers.styles import without_hidden

MAX_ATTRIBUTES = 500
SHORT_PAGE = 1_000
"""Characters of a page that has no room for much beside its main text."""

_CROWDED = re.compile(rb"<([a-zA-Z][\w:-]*)([^<>]{4000,})>")
_ISO_DATE = re.compile(r"(?:19|20)\d\d-\d\d-\d\d")
_BLOCKS = (
    "address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "figcaption", "figure", "footer",
    "form",
    "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "section", "table", "td", "th",
    "tr", "ul",
)  # fmt: skip
_CONTAINERS = {"body", "main", "quote", "div", "section", "article", "comments", "post"}


def read_html(path: Path, content: bytes) -> SourceDocument:
    """Return the main text of the web page in *content* with its title, language, date and address."""
    import trafilatura

    tree = trafilatura.load_html(_CROWDED.sub(_uncrowded, content))
    if tree is None:
        raise UnreadableFile(f"{path.name}: is a damaged web page; save it again from the browser", "damaged")
    raw = "".join(tree.itertext())
    check_length(path, len(raw))
    # The parser drops comments.
    hidden = [*without_hidden(tree), *comments(content.decode("utf-8", "ignore"))]
    language, address, title = _language(tree), _canonical(tree), clean(tree.findtext(".//title") or "")
    publisher = _publisher(tree)
    _set_apart(tree)
    found = _main_text(tree)
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
        file=FileFacts(
            kind="html",
            tables=_tables(found),
            hidden=sum(piece.how not in ORDINARY for piece in hidden),
            hidden_orders=order_pages(hidden),
            title_from="metadata",
            as_of_from="metadata",
            author=clean((found.author if found is not None else None) or "") or None,
            publisher=publisher or (found.sitename if found is not None else None),
        ),
    )


def _main_text(tree: Any) -> Any:
    """Return what trafilatura takes for the main text: a long page read strictly, unless half of it would be lost."""
    for element in tree.iter():
        # What styles hide is gone by now; where one is still there, the text after its element would go too.
        element.attrib.pop("style", None)
    strict, loose = (_extracted(copy.deepcopy(tree), strict=True), _extracted(tree, strict=False))
    return strict if 2 * _length(strict) >= _length(loose) > SHORT_PAGE else loose


def _extracted(tree: Any, *, strict: bool) -> Any:
    import trafilatura

    return trafilatura.bare_extraction(
        tree,
        include_comments=False,
        include_tables=True,
        with_metadata=True,
        favor_precision=strict,
        date_extraction_params={"extensive_search": False, "original_date": False},
    )


def _length(found: Any) -> int:
    return sum(map(len, found.body.itertext())) if found is not None and found.body is not None else 0


def _uncrowded(match: re.Match[bytes]) -> bytes:
    """Return a tag without its attributes when it has more than any page needs: each is compared with all others."""
    return b"<%b>" % match[1] if match[2].count(b"=") > MAX_ATTRIBUTES else match[0]


def _tables(found: Any) -> int:
    """Return how many tables of the main text are more than a frame for the layout."""
    tables = found.body.iter("table") if found is not None and found.body is not None else ()
    return sum(len(list(table.iter("row"))) > 1 and len(list(table.iter("cell"))) > 3 for table in tables)


def _set_apart(tree: Any) -> None:
    """Put a space where a block begins or ends: the screen shows a gap there, and words must not run together."""
    for element in tree.iter(*_BLOCKS):
        element.text = f" {element.text or ''}"
        element.tail = f" {element.tail or ''}"


def _publisher(tree: Any) -> str | None:
    return clean(next(iter(tree.xpath("//meta[@property='og:site_name']/@content")), "")) or None


def _language(tree: Any) -> Language | None:
    declared = (tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang") or "").lower()
    primary = re.split("[-_]", declared.strip())[0]
    return cast(Language, primary) if primary in LANGUAGES else None


def _canonical(tree: Any) -> str | None:
    places = ("//link[@rel='canonical']/@href", "//meta[@property='og:url']/@content")
    address = next((str(found).strip() for place in places for found in tree.xpath(place)), "")
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

"""Read Markdown: the sheets of the corpus with their front matter and footnotes, and any other Markdown file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import yaml
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode
from mdit_py_plugins.footnote import footnote_plugin

from ingest import frontmatter, sentences
from ingest.documents import Basis, FileFacts, Language, Page, Role, Section, Source, SourceDocument, Statement
from ingest.errors import InvalidFrontMatter, UnreadableFile
from ingest.filenames import slug
from ingest.listing import LOADER
from ingest.readers.blocks import check_length, check_statements
from ingest.readers.hidden import comments, order_pages, warnings

_HEAD = re.compile(r"\A---\r?\n(.*?)\r?\n---\r?\n", re.DOTALL)
_URL = re.compile(r"https?://[^\s>]+")
_DATE = re.compile(r"(?<![\d/-])(\d{4}(?:-\d\d(?:-\d\d)?)?)(?![\d-])")

_UNDER_HEAD = re.compile(r"^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)+\|?[ \t]*$", re.MULTILINE)
LONGEST_HEAD = 65_536
DEEPEST_HEAD = 10

CONFIDENCE = {
    "confiance élevée": "high", "hoge betrouwbaarheid": "high", "hohe Verlässlichkeit": "high",
    "high confidence": "high", "confiance moyenne": "medium", "gemiddelde betrouwbaarheid": "medium",
    "mittlere Verlässlichkeit": "medium", "medium confidence": "medium", "confiance faible": "low",
    "lage betrouwbaarheid": "low", "geringe Verlässlichkeit": "low", "low confidence": "low",
}  # fmt: skip
SECTION_KEYS = {
    "brief": ("En bref", "In het kort", "Auf einen Blick", "In brief"),
    "who": ("Pour qui", "Voor wie", "Für wen", "Who it is for"),
    "pays": ("Ce que cela paie", "Wat het oplevert", "Was gezahlt wird", "What it pays"),
    "covers": (
        "Ce qui est couvert ou exclu", "Wat wel en niet in aanmerking komt", "Was gefördert wird und was nicht",
        "What is covered and what is not",
    ),
    "rules": ("Ce que dit la règle", "Wat de regel zegt", "Was die Regel sagt", "What the rule says"),
    "apply": ("Comment demander", "Hoe aanvragen", "So stellen Sie den Antrag", "How to apply"),
    "dates": ("Dates et statut", "Data en stand van zaken", "Fristen und Stand", "Dates and status"),
    "before": ("Avant de signer", "Voor u tekent", "Bevor Sie unterschreiben", "Before you sign"),
    "figures": ("Chiffres", "Cijfers", "Zahlen", "Figures"),
    "background": ("Contexte", "Achtergrond", "Hintergrund", "Background"),
    "contact": ("Contact", "Kontakt"),
}  # fmt: skip
"""The headings of a sheet, by the stable name of the section (see ``corpus/README.md``)."""
_KEY_OF = {heading: key for key, headings in SECTION_KEYS.items() for heading in headings}


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark").enable("table").use(footnote_plugin)


def read_markdown(path: Path, content: bytes, *, id: str | None = None) -> SourceDocument:
    """Return the document in *content*; a sheet's head is validated, a file without a head is plain Markdown."""
    text = content.decode("utf-8-sig").replace("\r\n", "\n")
    check_length(path, len(text))
    digest = hashlib.sha256(content).hexdigest()
    match = _HEAD.match(text)
    if match is None:
        return _plain(path, text, digest, id)
    _check_head(match[1], path)
    head = frontmatter.parse(match[1], path)
    sections = tuple(_sections(text[match.end() :], head.lang))
    check_statements(path, (Page(sections),))
    if not sections:
        raise UnreadableFile(f"{path.name}: holds a head but no text; write at least one sentence", "empty")
    return SourceDocument(
        id=id or head.id,
        language=head.lang,
        title=head.title,
        pages=(Page(sections),),
        path=path.name,
        digest=digest,
        url=head.contact.url,
        as_of=head.status_as_of,
        meta=head.model_dump(mode="json", exclude={"id", "lang", "title"}),
        warnings=warnings(path.name, comments(text), [(None, text)]),
        file=_facts(text, "metadata", "metadata"),
    )


def _check_head(head: str, path: Path) -> None:
    """Raise when a head is made to multiply or to nest without end, before anything is built of it."""
    if len(head) > LONGEST_HEAD:
        raise InvalidFrontMatter(f"{path.name}, line 1: the head is longer than {LONGEST_HEAD} characters; shorten it")
    depth = 0
    try:
        for event in yaml.parse(head, LOADER):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST_HEAD or isinstance(event, yaml.AliasEvent):
                line = event.start_mark.line + 2 if event.start_mark else 1
                what = "refers to another place (&, *)" if depth <= DEEPEST_HEAD else "is nested too deeply"
                raise InvalidFrontMatter(f"{path.name}, line {line}: the head {what}; write its values out")
    except yaml.YAMLError:
        return  # to be explained by who reads it
    except RecursionError as error:
        raise InvalidFrontMatter(f"{path.name}, line 1: the head is nested too deeply; correct it") from error


def _plain(path: Path, text: str, digest: str, id: str | None) -> SourceDocument:
    from ingest.languages import detect

    language = detect(text)
    sections = tuple(_sections(text, language))
    check_statements(path, (Page(sections),))
    if not sections:
        raise UnreadableFile(f"{path.name}: holds no text; write at least one sentence", "empty")
    title = next((section.headings[0] for section in sections if section.headings), None)
    return SourceDocument(
        id or slug(path.name), language, title or path.stem, (Page(sections),), path=path.name, digest=digest,
        warnings=warnings(path.name, comments(text), [(None, text)]),
        file=_facts(text, "heading" if title else "name", "text"),
    )  # fmt: skip


def _facts(text: str, title_from: Basis, language_from: Basis) -> FileFacts:
    return FileFacts(
        kind="markdown",
        tables=len(_UNDER_HEAD.findall(text)),
        hidden_orders=order_pages(comments(text)),
        title_from=title_from,
        as_of_from="metadata",
        language_from=language_from,
    )


def _sections(body: str, language: Language) -> Iterator[Section]:
    tree = SyntaxTreeNode(_parser().parse(body))
    footnotes = {
        node.meta["label"]: _source(_plain_text(node), _address(node))
        for node in tree.walk()
        if node.type == "footnote" and node.meta.get("label")
    }
    path: list[str] = []
    statements: list[Statement] = []
    for node in tree.children:
        if node.type == "heading":
            if statements:
                yield _section(path, statements)
                statements = []
            level = int(node.tag[1])
            path = [*path[: level - 1], _plain_text(node)]
        elif node.type != "footnote_block":
            statements.extend(_statements(node, footnotes, language))
    if statements:
        yield _section(path, statements)


def _section(path: list[str], statements: list[Statement]) -> Section:
    key = _KEY_OF.get(path[-1]) if path else None
    return Section(tuple(path[1:]) if len(path) > 1 else tuple(path), tuple(statements), key)


def _statements(node: SyntaxTreeNode, footnotes: dict[str, Source], language: Language) -> Iterator[Statement]:
    if node.type in ("bullet_list", "ordered_list"):
        for item in node.children:
            for child in item.children:
                yield from (_statements(child, footnotes, language) if child.type.endswith("list") else
                            _from_text(child, footnotes, language, whole=True))  # fmt: skip
    elif node.type == "table":
        rows = [[_plain_text(cell) for cell in row.children] for part in node.children for row in part.children]
        for row in rows[1:]:
            yield Statement("; ".join(f"{name}: {cell}" for name, cell in zip(rows[0], row, strict=False) if cell))
    elif node.type in ("paragraph", "blockquote", "code_block", "fence"):
        yield from _from_text(node, footnotes, language, whole=False)


def _from_text(
    node: SyntaxTreeNode, footnotes: dict[str, Source], language: Language, *, whole: bool
) -> Iterator[Statement]:
    text = _plain_text(node)
    labels = [child.meta["label"] for child in node.walk() if child.type == "footnote_ref"]
    source = replace(footnotes.get(labels[0], Source()), note=labels[0]) if labels else Source()
    role, topic = _role(labels, text)
    for part in [text] if whole else sentences.split(text, language):
        if part:
            yield Statement(part, role, source, topic)


def _role(labels: list[str], text: str) -> tuple[Role, str | None]:
    for label in labels:
        if label.startswith("note-"):
            return "gap", label.removeprefix("note-")
        if label == "note":
            return "warning", None
    return ("contact" if not labels and _URL.search(text) and len(text) < 300 else "fact"), None


def _plain_text(node: SyntaxTreeNode) -> str:
    if node.type in ("text", "code_inline", "code_block", "fence"):
        return node.content
    if node.type in ("softbreak", "hardbreak"):
        return " "
    if node.type in ("footnote_ref", "footnote_anchor", "html_inline", "html_block", "image"):
        return ""
    # Non-breaking spaces inside figures are kept: they belong to the words that are quoted.
    return re.sub(r"[ \t\n]+", " ", "".join(_plain_text(child) for child in node.children)).strip(" ") if (
        node.type != "inline"
    ) else "".join(_plain_text(child) for child in node.children)  # fmt: skip


def _address(node: SyntaxTreeNode) -> str | None:
    """Return the address of the first link under *node*, as written: its text shows escapes undone."""
    link = next((child for child in node.walk() if child.type == "link"), None)
    return str(link.attrs["href"]) if link else None


def _source(text: str, address: str | None) -> Source:
    url = _URL.search(text)
    rest = text.replace(url[0], "") if url else text
    date = _DATE.search(rest)
    confidence = next((level for words, level in CONFIDENCE.items() if words in text), None)
    return Source(address, date[1] if date else None, confidence)

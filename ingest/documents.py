"""The values that flow through ingestion: Page → SourceDocument → Passage.

A reader turns a file into a :class:`SourceDocument`: pages of sections of statements. A statement is the smallest thing
that may be quoted: a sentence or a list item, never a heading, a footnote mark or half a sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Language = Literal["fr", "nl", "de", "en"]
LANGUAGES: tuple[Language, ...] = ("fr", "nl", "de", "en")

Role = Literal["fact", "gap", "warning", "contact", "question", "order"]
"""What a statement is for: a sourced fact; a gap that the sources leave; a warning of the editors; the contact; a mere
question, which helps the search; an order to the machine that reads it, which only staff sees."""
UNQUOTED: frozenset[Role] = frozenset({"contact", "question", "order"})
"""What is never quoted."""
LEFT_OUT = "[…]"
"""What stands for an order where readers see its passage."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a statement comes from: the original page, the date of that page and how sure we are."""

    url: str | None = None
    as_of: str | None = None
    confidence: str | None = None
    note: str | None = None
    """Name of the footnote of a sheet (``f02``): its head calls sources by it."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One quotable sentence or list item of a document."""

    text: str
    role: Role = "fact"
    source: Source = Source()
    topic: str | None = None
    """For a gap: what is missing (``price``, ``rate``, ``state``, …)."""


@dataclass(frozen=True, slots=True)
class Section:
    """Statements under one heading path; *key* is the stable name of a known heading (``pays``, ``apply``, …)."""

    headings: tuple[str, ...]
    statements: tuple[Statement, ...]
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a PDF (``number`` counts from 1, ``label`` is what is printed on it), or the whole of another file."""

    sections: tuple[Section, ...]
    number: int | None = None
    label: str | None = None

    @property
    def text(self) -> str:
        """The statements of the page, one a line."""
        return "\n".join(statement.text for section in self.sections for statement in section.statements)


FileKind = Literal["pdf", "docx", "html", "markdown", "text"]
Basis = Literal["metadata", "heading", "text", "name", "link"]
"""Where a guess comes from: what the file says about itself, its headings, its text, its name, a link in it."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a reader saw of a file beside its text, for the verdict that staff gets."""

    kind: FileKind = "text"
    tables: int = 0
    scanned: tuple[int, ...] = ()
    """Pages that are pictures without text, by number."""
    unread: tuple[int, ...] = ()
    """Pages that cannot be read, by number."""
    hidden: int = 0
    """Pieces of text that nobody sees."""
    hidden_orders: tuple[int, ...] = ()
    """Pages on which such a piece gives an order to an AI; 0 in a file without pages."""
    title_from: Basis | None = None
    as_of_from: Basis | None = None
    language_from: Basis | None = None
    author: str | None = None
    publisher: str | None = None


@dataclass(frozen=True, slots=True)
class SourceDocument:
    """A document as read: what it is (``meta`` holds the validated front matter as plain data) and its pages."""

    id: str
    language: Language
    title: str
    pages: tuple[Page, ...]
    path: str = ""
    digest: str = ""
    url: str | None = None
    as_of: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    file: FileFacts = FileFacts()

    @property
    def key(self) -> str:
        """The identity of this language version: ``fr/start-ia``."""
        return f"{self.language}/{self.id}"

    @property
    def names(self) -> tuple[str, ...]:
        """Title and aliases: what people may call this document."""
        return (self.title, *self.meta.get("aliases", ()))


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of one page, small enough to embed and to quote.

    ``text`` holds the statements, one a line; ``statements`` gives each with its span, so that
    ``passage.text[start:end]`` is a quote letter for letter.
    """

    id: str
    document: str
    document_key: str
    language: Language
    version: int
    title: str
    headings: tuple[str, ...]
    text: str
    spans: tuple[Span, ...]
    names: tuple[str, ...] = ()
    page: int | None = None
    page_label: str | None = None
    url: str | None = None
    as_of: str | None = None

    @property
    def indexed_text(self) -> str:
        """What is embedded: the title, the path of headings, then the text."""
        return " — ".join((self.title, *self.headings)) + "\n" + self.body

    @property
    def body(self) -> str:
        """The text without orders: what is indexed."""
        return self._text("")

    @property
    def shown(self) -> str:
        """The text as readers and models may see it: orders replaced by «[…]»."""
        return self._text(LEFT_OUT)

    def _text(self, instead: str) -> str:
        if not any(span.role == "order" for span in self.spans):
            return self.text
        lines: list[str] = []
        for span, quote in self.quotes():
            line = instead if span.role == "order" else quote
            # Many orders in a row leave one mark.
            if line and not (lines and line == instead == lines[-1]):
                lines.append(line)
        return "\n".join(lines)

    def quotes(self) -> Iterator[tuple[Span, str]]:
        """Yield each statement's span with its words."""
        for span in self.spans:
            yield span, self.text[span.start : span.end]


@dataclass(frozen=True, slots=True)
class Span:
    """The place of a statement in ``Passage.text`` with what is known about it."""

    start: int
    end: int
    role: Role = "fact"
    section: str | None = None
    heading: str | None = None
    topic: str | None = None
    source: Source = Source()

"""Cut documents into passages small enough to embed and to quote."""

from __future__ import annotations

from collections.abc import Iterator

from ingest.documents import Page, Passage, Section, SourceDocument, Span, Statement

LENGTH = 110
"""Words of a passage at most; short passages suit a static model, which averages all its words."""
SHORT = 35
"""A passage with fewer words takes in the next section of the same page."""
LONGEST_STATEMENT = 1_200
"""Characters; a longer statement (a table row, a page without full stops) is cut between words."""


def split(document: SourceDocument, *, version: int = 1, length: int = LENGTH) -> list[Passage]:
    """Return the passages of *document* in reading order, none crossing a page, no statement cut in two.

    An id depends only on document, version, content and position: a second run replaces rather than duplicates, and
    a document that went and came back changed is not taken for its old self.
    """
    passages: list[Passage] = []
    for page in document.pages:
        for group in _groups(page, length):
            passages.append(_passage(document, version, page, group, len(passages)))
    return passages


def _groups(page: Page, length: int) -> Iterator[list[tuple[Section, Statement]]]:
    group: list[tuple[Section, Statement]] = []
    size = 0
    for section in page.sections:
        if size >= SHORT:
            yield group
            group, size = [], 0
        for statement in section.statements:
            for piece in _pieces(statement):
                words = len(piece.text.split())
                if group and size + words > length:
                    yield group
                    group, size = [], 0
                group.append((section, piece))
                size += words
    if group:
        yield group


def _pieces(statement: Statement) -> Iterator[Statement]:
    if len(statement.text) <= LONGEST_STATEMENT:
        yield statement
        return
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(chunk_size=LONGEST_STATEMENT, chunk_overlap=0, separators=["; ", " ", ""])
    for text in splitter.split_text(statement.text):
        yield Statement(text, statement.role, statement.source, statement.topic)


def _passage(
    document: SourceDocument, version: int, page: Page, group: list[tuple[Section, Statement]], position: int
) -> Passage:
    spans: list[Span] = []
    lines: list[str] = []
    start = 0
    for section, statement in group:
        end = start + len(statement.text)
        heading = section.headings[-1] if section.headings else None
        spans.append(Span(start, end, statement.role, section.key, heading, statement.topic, statement.source))
        lines.append(statement.text)
        start = end + 1
    return Passage(
        id=f"{document.key}:{version}:{document.digest[:8]}:{position}",
        document=document.id,
        document_key=document.key,
        language=document.language,
        version=version,
        title=document.title,
        headings=group[0][0].headings,
        text="\n".join(lines),
        spans=tuple(spans),
        names=document.names[1:],
        page=page.number,
        page_label=page.label,
        url=document.url,
        as_of=document.as_of,
    )

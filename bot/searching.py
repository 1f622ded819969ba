"""Search our sources: passages with the sentence that comes closest to what was asked, for programs that quote it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bot.answers import Hit, State
from bot.contradictions import Contradictions
from bot.finishing import linked
from bot.programmes import DESCRIBED
from bot.retrieval import Query, Retriever
from bot.standing import standing, state_of
from ingest.analysis import content_words
from ingest.documents import UNQUOTED, Language, Passage, Role, Span

MOST = 20
"""Passages that one search returns at most."""
_WIDE = 60
"""Passages that are looked at, before filters."""


@dataclass(frozen=True, slots=True)
class Found:
    """A passage that was found, with its sentence that comes closest to what was asked."""

    score: float
    """Orders the passages of one search; not to be compared between searches."""
    match: float
    """How well the passage holds the words that were asked for, 0 to 1."""
    quote: str
    """Letter for letter in ``passage``."""
    role: Role
    """Whether the quote tells a fact, a gap that the sources leave, or a warning of the editors."""
    passage: str
    document: str
    version: int
    title: str
    heading: str | None
    language: Language
    page: int | None
    url: str | None
    """Address of the original page that the quote was taken from."""
    link: str | None
    """The same, at the page of the quote where that can be said."""
    as_of: str | None
    """Date of the source, ISO, as far as it is known."""
    confidence: str | None
    verified_on: str | None
    """Day on which the editors last checked the document."""
    state: State | None
    """Whether the programme that the document describes is open today; None when it describes none."""
    passage_id: str

    __pydantic_config__ = DESCRIBED


def found(
    retriever: Retriever,
    contradictions: Contradictions,
    query: Query,
    today: dt.date,
    *,
    limit: int = MOST,
    current: bool = False,
    languages: Collection[Language] = (),
) -> list[Found]:
    """Return up to *limit* passages, best first: of *languages*, and with *current* of no programme that is closed.

    A document in several languages comes in one: that of the query where it was found in it, else that of its best
    passage. A query without a word that means something finds nothing.
    """
    if not query.words:
        return []
    library = retriever.library
    cards = standing(library, contradictions, today, query.language)
    hits = [hit for hit in retriever.search(query, _WIDE) if not languages or hit.passage.language in languages]
    spoken = {hit.passage.document for hit in hits if hit.passage.language == query.language}
    chosen: dict[str, Language] = dict.fromkeys(spoken, query.language)
    results: list[Found] = []
    for hit in hits:
        passage = hit.passage
        card = cards.get(passage.document)
        state = state_of(card, library, contradictions, today) if card else None
        if current and state == "closed":
            continue
        if chosen.setdefault(passage.document, passage.language) != passage.language:
            continue
        if (span := closest(retriever, query, passage)) is not None:
            results.append(_found(hit, span, state, library.documents[passage.document_key].meta.get("verified_on")))
        if len(results) == limit:
            break
    return results


def closest(retriever: Retriever, query: Query, passage: Passage) -> Span | None:
    """Return the statement of *passage* that holds most of what is asked, the first of several; None without one."""
    spans = [(span, text) for span, text in passage.quotes() if span.role not in UNQUOTED and text.strip()]
    if not spans:
        return None
    numbers = retriever.library.lexicon.numbers
    worded = [numbers(content_words(f"{text} {span.heading or ''}", passage.language)) for span, text in spans]
    alike = retriever.searcher.matcher.best(query.asked, worded, soft=True) @ retriever.rarity(query.words)
    return spans[int(alike.argmax())][0]


def _found(hit: Hit, span: Span, state: State | None, verified_on: object) -> Found:
    passage = hit.passage
    url = span.source.url or passage.url
    return Found(
        round(hit.score, 4), round(hit.match, 4), passage.text[span.start : span.end], span.role,
        passage.shown,
        passage.document, passage.version, passage.title, span.heading or _last(passage.headings), passage.language,
        passage.page, url, linked(url, passage.page), span.source.as_of or passage.as_of, span.source.confidence,
        str(verified_on) if verified_on else None, state, passage.id,
    )  # fmt: skip


def _last(headings: Sequence[str]) -> str | None:
    return headings[-1] if headings else None

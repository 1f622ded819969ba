"""The passages that share words with a question: BM25 by tantivy over terms that ``ingest.analysis`` prepares."""

from __future__ import annotations

import shutil
from collections.abc import Container, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path

import tantivy

from ingest.analysis import terms
from ingest.documents import LANGUAGES, Language, Passage
from ingest.manners import stand_back

TITLE_WEIGHT = 1.6
"""How much a term in title, aliases or headings counts, against 1 in the text."""


_AT_ONCE = 20
"""Passages that are indexed before others get their turn."""


class WordIndex:
    """Terms of passages by id."""

    def __init__(self, folder: Path, dictionary: Container[str] = frozenset()) -> None:
        self._folder = folder
        self._dictionary = dictionary
        self._open()

    def _open(self) -> None:
        builder = tantivy.SchemaBuilder()
        builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
        for language in LANGUAGES:
            for field in ("title", "body"):
                builder.add_text_field(f"{field}_{language}", tokenizer_name="terms", index_option="freq")
        self._schema = builder.build()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._index = tantivy.Index(self._schema, path=str(self._folder))
        self._index.register_tokenizer("terms", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
        self._index.reload()

    def count(self) -> int:
        """Return how many passages are indexed."""
        return int(self._index.searcher().num_docs)

    def update(self, passages: Iterable[Passage], removed: Sequence[str] = ()) -> None:
        """Index *passages* and forget the *removed* ids, in one commit."""
        writer = self._index.writer(heap_size=64_000_000, num_threads=1)
        for id in removed:
            writer.delete_documents("id", id)
        remaining = iter(passages)
        # Some at a time: to add one lets go of the interpreter for so short a time that nobody else gets it.
        while batch := [self._document(passage) for passage in islice(remaining, _AT_ONCE)]:
            for document in batch:
                writer.add_document(document)
            stand_back()
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()

    def _document(self, passage: Passage) -> tantivy.Document:
        language = passage.language
        document = tantivy.Document()
        document.add_text("id", passage.id)
        # A span's own heading counts as title too: short sections share a passage.
        headings = dict.fromkeys(span.heading or "" for span in passage.spans)
        title = terms(" ".join((passage.title, *passage.names, *headings)), language, self._dictionary)
        document.add_text(f"title_{language}", " ".join(title))
        document.add_text(f"body_{language}", " ".join(terms(passage.body, language, self._dictionary)))
        return document

    def clear(self) -> None:
        """Forget everything."""
        shutil.rmtree(self._folder)
        self._open()

    def best(self, query: Mapping[str, float], language: Language, limit: int) -> list[tuple[str, float]]:
        """Return up to *limit* pairs of passage id and BM25 score, best first, among passages in *language*.

        *query* says how much each term counts.
        """
        parts = []
        for term, share in query.items():
            for field, weight in ((f"title_{language}", TITLE_WEIGHT), (f"body_{language}", 1.0)):
                found = tantivy.Query.term_query(self._schema, field, term, index_option="freq")
                parts.append((tantivy.Occur.Should, tantivy.Query.boost_query(found, weight * share)))
        if not parts:
            return []
        searcher = self._index.searcher()
        hits = searcher.search(tantivy.Query.boolean_query(parts), limit).hits
        return [(searcher.doc(address)["id"][0], float(score)) for score, address in hits]

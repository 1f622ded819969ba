"""The statements that may answer a question, each with what speaks for it."""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from bot.intent import Want
from bot.retrieval import Query, Retriever
from ingest.analysis import content_words
from ingest.documents import UNQUOTED, Language, Passage, Span
from ingest.embedding import Vectors
from ingest.errors import GuichetError
from ingest.figures import Figure, figures
from ingest.lexicon import Numbers
from ingest.manners import stand_back

logger = logging.getLogger(__name__)

SIGNALS = (
    "document", "named", "cosine", "apart", "overlap", "alike", "passage", "section", "figure", "date", "gap_asked",
    "warning", "defines", "length",
)  # fmt: skip
"""What is known of a statement when a question is asked, in the order of ``Candidate.signals``:

- *document*: score of its document, 1 for the best; *named*: how clearly the question calls that by name;
- *passage*: score of its passage among the hits, 0 when it was not found;
- *cosine* of statement and question; *apart*: the same less the mean of its document's statements;
- *overlap*: share of the question's words, by rarity among the statements, that stand in it in some form;
- *alike*: how alike its words, its heading's and its document's names are to those of the question, rare ones first;
- *section*, *figure*, *date*: it stands where such answers stand, holds a figure, or a date, when one is asked for;
- *gap_asked*: it says, in the best document, that the sources do not tell what is asked for;
- *warning*: it is a remark of the editors;
- *defines*: it says what a thing is, and nothing but the thing's name is asked; *length*: logarithm of its words.
"""
SECTIONS: dict[Want, frozenset[str]] = {
    "how_much": frozenset({"pays", "figures"}),
    "when": frozenset({"dates"}),
    "open": frozenset({"dates"}),
    "where": frozenset({"apply", "contact"}),
    "who": frozenset({"brief", "apply"}),
    "allowed": frozenset({"who", "covers", "rules"}),
    "difference": frozenset({"brief", "figures"}),
    "support": frozenset({"brief", "pays"}),
    "price": frozenset({"pays"}),
    "what": frozenset({"brief"}),
}
TOPICS: dict[Want, frozenset[str]] = {
    "how_much": frozenset({"price", "rate", "ceiling", "amount", "duration"}),
    "when": frozenset({"deadline", "state"}),
    "open": frozenset({"state", "deadline"}),
    "where": frozenset({"how", "contact"}),
    "who": frozenset({"contact", "other"}),
    "allowed": frozenset({"eligibility"}),
    "difference": frozenset(),
    "support": frozenset(),
    "price": frozenset({"price", "rate"}),
    "what": frozenset({"content"}),
}
"""Which gaps of a sheet answer which kind of question: with «the sources do not say»."""
DOCUMENTS = 6
"""Documents whose statements are looked at."""
WHOLE = 40
"""Passages up to which a document is looked at as a whole; of a longer one only what was found is."""
NAME_SHARE = 0.3
"""What a word counts that stands in the names of the document only."""
_CACHE = 20_000
_BATCH = 50
"""Passages that are prepared in one piece."""
_YEAR = re.compile(r"(?:19|20)\d\d")


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A statement that may be quoted, with what speaks for it (see ``SIGNALS``) and its score."""

    passage: Passage
    span: Span
    text: str
    vector: Vectors
    signals: NDArray[np.float64]
    score: float = 0.0

    @property
    def document(self) -> str:
        """Id of the document."""
        return self.passage.document

    def signal(self, name: str) -> float:
        """Return one of the signals."""
        return float(self.signals[SIGNALS.index(name)])

    def answers(self, wants: frozenset[Want]) -> bool:
        """Return whether this gap is about what is asked: the price that is missing when a price is wanted."""
        return any(self.span.topic in TOPICS[want] for want in wants)


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A statement with what scoring needs of it, whatever the question."""

    passage: Passage
    span: Span
    text: str
    vector: Vectors
    words: Numbers
    names: Numbers
    has_figure: bool
    has_date: bool


class Statements:
    """The statements of one library; those that were needed once are kept ready."""

    def __init__(self, retriever: Retriever) -> None:
        self._retriever = retriever
        self._library = retriever.library
        self._generation = -1
        self._prepared: dict[str, list[Row]] = {}
        self._whole: dict[str, list[str]] = {}

    def prepare(self, passages: Iterable[Passage]) -> None:
        """Prepare the statements of *passages*, so that the first questions about them are as quick as later ones."""
        self._forget_if_changed()
        remaining = iter(passages)
        while batch := list(islice(remaining, _BATCH)):
            self._prepare(batch)
            stand_back()

    def _prepare(self, passages: Sequence[Passage]) -> None:
        held = [(passage, [pair for pair in passage.quotes() if pair[0].role not in UNQUOTED]) for passage in passages]
        texts = [text for _, quotes in held for _, text in quotes]
        try:
            vectors = iter(self._library.embedder.encode(texts))
        except GuichetError as error:
            logger.warning("no vectors of statements (%s): chosen by words", type(error).__name__)
            vectors = iter(np.zeros((len(texts), self._library.embedder.dimension), dtype=np.float32))
            self._generation = -1  # forgotten at the next question: the model may be back by then
        numbers = self._library.lexicon.numbers
        for passage, quotes in held:
            language = passage.language
            names = numbers(content_words(" ".join((passage.title, *passage.names)), language))
            rows = []
            for span, text in quotes:
                found = figures(text, language)
                words = numbers(_words(text, span, language))
                rows.append(Row(passage, span, text, next(vectors), words, names, bool(found), _has_date(found)))
            self._prepared[passage.id] = rows

    def take_over(self, former: Statements) -> bool:
        """Keep what was prepared for an earlier generation, if words are still numbered as then; return whether."""
        self._forget_if_changed()
        old, new = former._library.lexicon.vocabulary, self._library.lexicon.vocabulary
        if new[: len(old)] != old:
            return False
        self._prepared = dict(former._prepared)
        return True

    def unprepared(self, passages: Iterable[Passage]) -> list[Passage]:
        """Return those of *passages* whose statements are not prepared yet."""
        self._forget_if_changed()
        return [passage for passage in passages if passage.id not in self._prepared]

    def candidates(
        self,
        query: Query,
        wants: frozenset[Want],
        documents: Sequence[tuple[str, float]],
        passages: Mapping[str, float],
        named: Mapping[str, float],
    ) -> list[Candidate]:
        """Return the statements of the best *documents*, in the asker's language where they have it.

        *documents* come with their scores; *passages* gives the score of each passage that was found, by id; *named*
        how clearly documents are called by name.
        The candidates have no score yet.
        """
        self._forget_if_changed()
        best = dict(documents[:DOCUMENTS])
        keys = [key for document in best if (key := self._library.key_of(document, query.language))]
        rows = self._rows(keys, passages)
        if not rows:
            return []
        top = documents[0][1] or 1.0
        bare = not query.context and self._only_names(query, documents[0][0], rows)
        signals = np.zeros((len(rows), len(SIGNALS)))
        column = {name: signals[:, place] for place, name in enumerate(SIGNALS)}
        column["document"][:] = [best[row.passage.document] / top for row in rows]
        column["named"][:] = [named.get(row.passage.document, 0.0) for row in rows]
        column["passage"][:] = [passages.get(row.passage.id, 0.0) for row in rows]
        column["cosine"][:], column["apart"][:] = _meanings(rows, query.vector)
        column["overlap"][:], column["alike"][:] = self._word_matches(rows, query)
        column["section"][:] = [any(row.span.section in SECTIONS[want] for want in wants) for row in rows]
        column["figure"][:] = [row.has_figure and "how_much" in wants for row in rows]
        column["date"][:] = [row.has_date and not wants.isdisjoint({"when", "open"}) for row in rows]
        column["gap_asked"][:] = [
            row.span.role == "gap"
            and row.passage.document == documents[0][0]
            and any(row.span.topic in TOPICS[want] for want in wants)
            for row in rows
        ]
        column["warning"][:] = [row.span.role == "warning" for row in rows]
        column["defines"][:] = [bare and row.span.section == "brief" for row in rows]
        column["length"][:] = [np.log(1 + len(row.text.split())) for row in rows]
        return [
            Candidate(row.passage, row.span, row.text, row.vector, own) for row, own in zip(rows, signals, strict=True)
        ]

    def _rows(self, keys: Sequence[str], found: Mapping[str, float]) -> list[Row]:
        """Return the statements to look at: all of a short document, those of the passages found of a long one."""
        short = [key for key in keys if self._library.documents[key].passages <= WHOLE]
        unread: dict[str, list[str]] = {key: [] for key in short if key not in self._whole}
        for passage in self._library.passages_of(list(unread)):
            unread[passage.document_key].append(passage.id)
        self._whole.update(unread)
        long = tuple(f"{key}:" for key in keys if key not in short)
        ids = [id for key in short for id in self._whole.get(key, ())]
        ids += [id for id in found if long and id.startswith(long)]
        if len(self._prepared) > _CACHE:
            self._prepared = {}
        prepared = self._prepared  # another thread may begin a new one
        if new := [id for id in ids if id not in prepared]:
            self.prepare(self._library.passages(new).values())
            prepared = {**prepared, **self._prepared}
        return [row for id in ids for row in prepared.get(id, ())]

    def _forget_if_changed(self) -> None:
        """Words are numbered anew for each generation."""
        if self._generation != self._retriever.searcher.generation:
            self._prepared, self._whole = {}, {}
            self._generation = self._retriever.searcher.generation

    def _only_names(self, query: Query, document: str, rows: Sequence[Row]) -> bool:
        """Return whether the question says nothing but what *document* is called («C'est quoi Start IA ?»)."""
        matcher = self._retriever.searcher.matcher
        names = next((row.names for row in rows if row.passage.document == document), None)
        if not query.words or names is None:
            return False
        return bool((matcher.best(query.asked, [names]) > 0.85).all())

    def _word_matches(self, rows: Sequence[Row], query: Query) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return *overlap* and *alike* of each statement (the best match of each word: ColBERT, 2020)."""
        if not query.words:
            return np.zeros(len(rows)), np.zeros(len(rows))
        matcher = self._retriever.searcher.matcher
        named = {row.passage.document: row.names for row in rows}
        place = {document: number for number, document in enumerate(named, start=len(rows))}
        names = [place[row.passage.document] for row in rows]
        texts = [*(row.words for row in rows), *named.values()]
        hard, soft = matcher.best(query.asked, texts), matcher.best(query.asked, texts, soft=True)
        counts = (hard[: len(rows)] > 0.8).sum(axis=0)
        rare_here = np.array(list(query.words.values())) * np.log(1 + len(rows) / (1 + counts))
        rare = self._retriever.rarity(query.words)
        overlap = np.maximum(hard[: len(rows)], NAME_SHARE * hard[names]) @ rare_here
        alike = np.maximum(soft[: len(rows)], soft[names]) @ rare
        return overlap / (rare_here.sum() or 1.0), alike / (rare.sum() or 1.0)


def _words(text: str, span: Span, language: Language) -> list[str]:
    return content_words(f"{text} {span.heading or ''}", language)


def _has_date(found: Sequence[Figure]) -> bool:
    return any(
        figure.kind == "date" or (figure.kind == "number" and _YEAR.fullmatch(figure.value) is not None)
        for figure in found
    )


def _meanings(rows: Sequence[Row], vector: Vectors) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    cosines = np.stack([row.vector for row in rows]).astype(np.float64) @ vector
    by_document: dict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        by_document[row.passage.document].append(place)
    apart = cosines.copy()
    for places in by_document.values():
        apart[places] -= cosines[places].mean()
    return cosines, apart

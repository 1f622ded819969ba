"""Compose an answer by extraction: pick the statements that answer the question, not whole passages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bot.answers import Hit
from bot.intent import Want
from bot.matching import WordMatcher, content_words
from ingest.documents import Language, Passage, Span
from ingest.embedding import Vectors
from ingest.figures import figures
from ingest.library import Library

WORDS = 90
"""Words of an answer at most; the first statement always comes through."""
STATEMENTS = 5
_CACHE = 20_000
"""Passages whose statements are kept prepared."""
LEAST_SHARE = 0.62
"""Of the best statement's score that another one must reach."""
REPEATS = 0.93
"""Cosine from which a statement says again what another one said."""
CITED_DOCUMENTS = 3
NEARLY = 0.55
"""Of the best document's score that another one must reach to be cited as well."""
DOCUMENTS = 6
"""Documents whose statements are looked at."""

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


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A statement that may be quoted, with its score and the parts of it."""

    passage: Passage
    span: Span
    text: str
    score: float
    document_score: float
    meaning: float
    overlap: float
    """Share of the question's weight, by rarity, whose words stand in the statement or its document's names."""
    vector: Vectors

    @property
    def document(self) -> str:
        """Id of the document."""
        return self.passage.document

    def answers(self, wants: frozenset[Want]) -> bool:
        """Return whether this gap is about what is asked: the price that is missing when a price is wanted."""
        return any(self.span.topic in TOPICS[want] for want in wants)


@dataclass(frozen=True, slots=True)
class _Row:
    """A statement with what scoring needs of it."""

    passage: Passage
    span: Span
    text: str
    vector: Vectors
    words: list[str]
    names: list[str]
    has_figure: bool
    has_date: bool


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each part of a statement's score counts."""

    document: float = 0.7
    meaning: float = 1.2
    overlap: float = 0.9
    wanted: float = 0.15
    gap: float = 0.04
    context: float = 0.35
    defines: float = 0.3
    """For a statement that says what a thing is, when nothing but its name is asked."""
    warning: float = 0.1
    """Off for a remark of the editors: it comes after what it warns of."""


class Composer:
    """Picks the statements of an answer from what was found."""

    def __init__(self, library: Library, weights: Weights | None = None) -> None:
        self._library = library
        self._weights = weights or Weights()
        self._matcher = WordMatcher(library.words_model)
        self._prepared: dict[str, list[_Row]] = {}

    def prepare(self, passages: Iterable[Passage]) -> None:
        """Prepare the statements of *passages*, so that the first questions about them are as quick as later ones."""
        quotes = [(passage, list(_quotes(passage))) for passage in passages]
        vectors = self._library.embedder.encode([text for _, held in quotes for _, text in held])
        start = 0
        for passage, held in quotes:
            self._prepared[passage.id] = _rows_of(passage, held, vectors[start : start + len(held)])
            start += len(held)

    def rank_documents(self, hits: Sequence[Hit], named: dict[str, float], bonus: float) -> list[tuple[str, float]]:
        """Return the documents of *hits* and those called by name, best first, with their scores."""
        scores: dict[str, float] = {}
        for hit in hits:
            document = hit.passage.document
            if document not in scores:
                scores[document] = hit.score
            else:
                scores[document] += 0.04 * hit.score
        for document, weight in named.items():
            scores[document] = scores.get(document, 0.0) + bonus * weight
        return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))

    def candidates(
        self,
        question: str,
        vector: Vectors,
        language: Language,
        wants: frozenset[Want],
        documents: Sequence[tuple[str, float]],
        context: str = "",
    ) -> list[Candidate]:
        """Return the statements of the best *documents*, best first, in the asker's language where there are some."""
        documents = documents[:DOCUMENTS]
        if not documents:
            return []
        top = documents[0][1] or 1.0
        keys = [key for document, _ in documents if (key := self._key(document, language))]
        rows = [row for passage in self._library.passages_of(keys) for row in self._rows(passage)]
        if not rows:
            return []
        vectors = np.stack([row.vector for row in rows])
        meanings = self._meanings(rows, vectors, vector)
        overlaps = self._overlaps(rows, question, context, language)
        scores = dict(documents)
        weights = self._weights
        bare = not context and self._only_names(question, language, documents[0][0], rows)
        found = []
        for row, meaning, overlap in zip(rows, meanings, overlaps, strict=True):
            passage, span, text = row.passage, row.span, row.text
            document_score = scores[passage.document] / top
            score = weights.document * document_score + weights.meaning * meaning + weights.overlap * overlap
            score += weights.wanted * _wanted(wants, row)
            score += weights.defines * (bare and span.section == "brief")
            score -= weights.warning * (span.role == "warning")
            score += weights.gap * (span.role == "gap" and any(span.topic in TOPICS[want] for want in wants))
            score -= 0.08 * (span.section == "background") + 0.05 * (span.source.confidence == "low")
            found.append(
                Candidate(passage, span, text, float(score), document_score, float(meaning), float(overlap), row.vector)
            )
        return sorted(found, key=lambda candidate: -candidate.score)

    def _key(self, document: str, language: Language) -> str | None:
        versions = [key for key in self._library.documents if key.split("/", 1)[1] == document]
        return f"{language}/{document}" if f"{language}/{document}" in versions else next(iter(versions), None)

    def _rows(self, passage: Passage) -> list[_Row]:
        """Return the statements of *passage*, prepared for scoring; prepared ones are remembered."""
        if passage.id not in self._prepared:
            if len(self._prepared) > _CACHE:
                self._prepared.clear()
            self.prepare([passage])
        return self._prepared[passage.id]

    def _only_names(self, question: str, language: Language, document: str, rows: Sequence[_Row]) -> bool:
        """Return whether *question* says nothing but what *document* is called («C'est quoi Start IA ?»)."""
        asked = content_words(question, language)
        names = next((row.names for row in rows if row.passage.document == document), [])
        return bool(asked) and bool((self._matcher.matches(asked, [names])[0] > 0.85).all())

    def _meanings(self, rows: Sequence[_Row], vectors: Vectors, vector: Vectors) -> list[float]:
        """Return each statement's cosine to the question, less half of its document's mean: what sets it apart."""
        cosines = vectors @ vector
        by_document: dict[str, list[float]] = {}
        for row, cosine in zip(rows, cosines, strict=True):
            by_document.setdefault(row.passage.document, []).append(float(cosine))
        means = {document: float(np.mean(values)) for document, values in by_document.items()}
        return [float(cosine) - 0.5 * means[row.passage.document] for row, cosine in zip(rows, cosines, strict=True)]

    def _overlaps(self, rows: Sequence[_Row], question: str, context: str, language: Language) -> list[float]:
        """Return which share of the question's words, weighed by their rarity here, each statement holds.

        A word counts in full where it stands, and in part where a word of like meaning stands, in any language
        (the best match of each question word, as in late interaction: Khattab and Zaharia, ColBERT, 2020).
        """
        asked = dict.fromkeys(content_words(question, language), 1.0)
        for word in content_words(context, language):
            asked.setdefault(word, self._weights.context)
        if not asked:
            return [0.0] * len(rows)
        names = {row.passage.document: row.names for row in rows}
        match = self._matcher.matches(list(asked), [*(row.words for row in rows), *names.values()])
        in_text, in_names = match[: len(rows)], dict(zip(names, match[len(rows) :], strict=True))
        counts = (in_text > 0.8).sum(axis=0)
        weights = np.array(list(asked.values())) * np.log(1 + len(rows) / (1 + counts))
        total = float(weights.sum()) or 1.0
        return [
            float(np.maximum(own, 0.3 * in_names[row.passage.document]) @ weights) / total
            for row, own in zip(rows, in_text, strict=True)
        ]

    def select(self, candidates: Sequence[Candidate], wants: frozenset[Want]) -> list[Candidate]:
        """Return two to five statements that cover the question without repeating, the direct answer first.

        What a programme pays is not left out when money is the question: rate and ceiling come right after.
        """
        if not candidates:
            return []
        chosen = [candidates[0]]
        best = candidates[0].score
        money = self._money(candidates, wants)
        for candidate in (*money, *candidates[1:]):
            if candidate.score < LEAST_SHARE * best and candidate not in money:
                continue
            if _fits(candidate, chosen, wants):
                chosen.append(candidate)
        return chosen

    def _money(self, candidates: Sequence[Candidate], wants: frozenset[Want]) -> list[Candidate]:
        """Return the statements on rate and ceiling that an answer of this kind must hold."""
        best = candidates[0].document
        paying = [
            candidate
            for candidate in candidates
            if candidate.span.section == "pays"
            and candidate.span.role == "fact"
            and figures(candidate.text, candidate.passage.language)
        ]
        if "difference" in wants:
            # Two things are compared on the same point: what each is or pays, not what one of them once paid.
            compared = list(dict.fromkeys(c.document for c in candidates if c.document_score >= NEARLY))[:2]
            briefs = [c for c in candidates if c.span.section == "brief" and c.span.role == "fact"]
            firsts = (
                next((c for c in group if c.document == document), None)
                for document in compared
                for group in (briefs, paying)
            )
            return [candidate for candidate in firsts if candidate]
        number = 2 if "support" in wants else 1 if "how_much" in wants else 0
        return [candidate for candidate in paying if candidate.document == best][:number]


def _fits(candidate: Candidate, chosen: Sequence[Candidate], wants: frozenset[Want]) -> bool:
    """Return whether *candidate* may join the *chosen*: room, no repetition, few documents, one gap at most."""
    if candidate in chosen or len(chosen) >= STATEMENTS:
        return False
    gaps = any(other.span.role == "gap" for other in chosen)
    if candidate.span.role == "gap" and (gaps or not candidate.answers(wants)):
        return False
    if sum(len(other.text.split()) for other in (*chosen, candidate)) > WORDS:
        return False
    if max(float(candidate.vector @ other.vector) for other in chosen) > REPEATS:
        return False
    seen = {other.document for other in chosen}
    return candidate.document in seen or (len(seen) < CITED_DOCUMENTS and candidate.document_score >= NEARLY)


def _quotes(passage: Passage) -> Iterator[tuple[Span, str]]:
    return ((span, text) for span, text in passage.quotes() if span.role != "contact")


def _rows_of(passage: Passage, quotes: Sequence[tuple[Span, str]], vectors: Vectors) -> list[_Row]:
    names = content_words(" ".join((passage.title, *passage.names)), passage.language)
    return [_row(passage, span, text, vector, names) for (span, text), vector in zip(quotes, vectors, strict=True)]


def _row(passage: Passage, span: Span, text: str, vector: Vectors, names: list[str]) -> _Row:
    held = figures(text, passage.language)
    dated = any(figure.kind == "date" or (figure.kind == "number" and _YEAR.fullmatch(figure.value)) for figure in held)
    words = content_words(f"{text} {span.heading or ''}", passage.language)
    return _Row(passage, span, text, vector, words, names, bool(held), dated)


_YEAR = re.compile(r"(?:19|20)\d\d")


def _wanted(wants: frozenset[Want], row: _Row) -> float:
    """Return how well a statement is of the kind that is asked for, between 0 and 1."""
    return max(
        0.5 * (row.span.section in SECTIONS[want])
        + 0.5 * ((want == "how_much" and row.has_figure) or (want in ("when", "open") and row.has_date))
        for want in wants
    )

"""Find the passages that may answer a question, by three signals fused by score.

- *dense*: the cosine of question and passage;
- *words*: BM25 over index terms, with the glossary's other names for what is asked;
- *match*: for each word of the question the most alike word of the passage, rare words counting more (late
  interaction: Khattab and Zaharia, ColBERT, 2020, here with static word vectors).

Candidates come from the first two. Each signal is brought to 0…1 over the candidates (BM25 by its maximum, the others
between mean and maximum), and they are added: across languages BM25 counts little, since words differ.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.answers import Hit
from bot.glossary import Glossary
from bot.matching import Asked, WordMatcher
from bot.names import Names
from bot.reranking import Reranker, rerank
from bot.spelling import Speller
from ingest.analysis import content_words, terms
from ingest.documents import LANGUAGES, Language
from ingest.embedding import Vectors
from ingest.errors import GuichetError
from ingest.snapshot import Reading

logger = logging.getLogger(__name__)

Found = list[tuple[str, float]]
"""Ids of passages with a score."""
CANDIDATES = 40
"""Passages of each language that dense and words search bring in."""
COMPARED = 120
"""Nearest passages of each language whose cosine is looked up, for what words alone bring in; costs no more than 40."""


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each signal counts; BM25 has the rest of 1."""

    dense: float
    match: float


SAME_LANGUAGE = Weights(dense=0.3, match=0.4)
OTHER_LANGUAGE = Weights(dense=0.4, match=0.5)
FEW_WORDS = 4
"""A question with fewer is searched more by BM25."""
CONTEXT = 0.35
"""What a word of the earlier turns counts, against 1 for a word of the question."""
CONTEXT_MEANING = 0.5
SYNONYM = 0.35
"""What another word for what is asked counts in the same language, by the glossary."""
TRANSLATION = 0.7
SECOND_PASSAGE = 0.15
NAME_BONUS = 0.35
"""Added to the score of a document that the question calls by its name."""


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """A question made ready for searching."""

    text: str
    """The question with typing errors mended."""
    language: Language
    context: str
    """Earlier turns that the question leans on."""
    words: Mapping[str, float]
    """The folded words that say what it is about, each with what it counts."""
    asked: Asked
    """The same words, ready for matching."""
    vector: Vectors


class Searcher:
    """What searching needs of one generation of a library."""

    def __init__(self, library: Reading) -> None:
        self.generation = library.generation
        glossary = Glossary.read(library.settings.corpus_dir / "glossary.yaml")
        self.glossary = glossary
        self.names = Names(library.documents.values(), glossary.former)
        self.speller = Speller(library.lexicon, library.words_model.vocabulary)
        self.matcher = WordMatcher(library.words_model, library.lexicon)
        self.languages = [
            language for language in LANGUAGES if any(info.language == language for info in library.documents.values())
        ]


class Retriever:
    """Finds passages of one library."""

    def __init__(self, library: Reading, reranker: Reranker | None = None) -> None:
        self.library = library
        self.reranker = reranker
        self._searcher: Searcher | None = None
        self._threads = ThreadPoolExecutor(2, "search")

    @property
    def searcher(self) -> Searcher:
        """What is prepared for the present generation; made anew when the library has changed."""
        if self._searcher is None or self._searcher.generation != self.library.generation:
            self._searcher = Searcher(self.library)
        return self._searcher

    def query(self, question: str, language: Language, *, context: str = "") -> Query:
        """Return *question* made ready; *context* holds earlier turns that it leans on."""
        text = self.searcher.speller.mend(question, language)
        words = dict.fromkeys(content_words(text, language), 1.0)
        for word in content_words(context, language):
            words.setdefault(word, CONTEXT)
        return Query(text, language, context, words, self.searcher.matcher.asked(words), self.embed(text, context))

    def find(self, question: str, language: Language, limit: int = 20, *, context: str = "") -> list[Hit]:
        """Return up to *limit* passages of any language, best first."""
        return self.search(self.query(question, language, context=context), limit)

    def search(self, query: Query, limit: int) -> list[Hit]:
        """Return up to *limit* passages of any language, best first."""
        cosines: dict[str, float] = {}
        bm25: dict[str, float] = {}
        home: dict[str, Language] = {}

        def both(language: Language) -> tuple[Found, Found]:
            nearest = self.library.vectors.nearest(query.vector, language, COMPARED)
            return nearest, self.library.words.best(self._terms(query, language), language, CANDIDATES)

        languages = self.searcher.languages
        # Both indexes work outside Python's lock: two languages are searched at a time.
        for language, (near, worded) in zip(languages, self._threads.map(both, languages), strict=True):
            cosines.update(near)
            bm25.update(worded)
            home.update((id, language) for id, _ in (*near[:CANDIDATES], *worded))
        if not home:
            return []
        self._fill(cosines, home, query.vector)
        ids = list(home)
        dense = np.array([cosines.get(id, 0.0) for id in ids])
        words = np.array([bm25.get(id, 0.0) for id in ids])
        words /= words.max() or 1.0
        match = self.match(query, ids)
        same = np.array([home[id] == query.language for id in ids])
        # One or two words have little meaning beyond themselves: within a language, counting them says most.
        share = min(1.0, len(query.words) / FEW_WORDS)
        dense_weight = np.where(same, SAME_LANGUAGE.dense * share, OTHER_LANGUAGE.dense)
        match_weight = np.where(same, SAME_LANGUAGE.match * share, OTHER_LANGUAGE.match)
        scores = dense_weight * _spread(dense) + match_weight * _spread(match)
        scores += (1 - dense_weight - match_weight) * words
        order = sorted(range(len(ids)), key=lambda place: (-scores[place], ids[place]))[:limit]
        passages = self.library.passages([ids[place] for place in order])
        hits = [
            Hit(
                passages[ids[place]], float(scores[place]), max(0.0, float(dense[place])), float(words[place]),
                float(match[place]),
            )
            for place in order if ids[place] in passages
        ]  # fmt: skip
        return rerank(self.reranker, query.text, hits)

    def match(self, query: Query, ids: Sequence[str]) -> NDArray[np.float64]:
        """Return for each passage how well it holds the words of the question, rare words counting more, 0 to 1."""
        weights = self.rarity(query.words)
        total = float(weights.sum())
        if not total:
            return np.zeros(len(ids))
        best = self.searcher.matcher.best(query.asked, self.library.lexicon.words_of(ids), soft=True)
        return np.asarray(best @ weights / total, dtype=np.float64)

    def rarity(self, words: Mapping[str, float]) -> NDArray[np.float64]:
        """Return what each word counts, times its rarity in the library (the inverse document frequency of BM25)."""
        total = self.library.lexicon.count()
        held = [self.library.lexicon.frequency(word) for word in words]
        return np.array(
            [
                weight * math.log(1 + (total - count + 0.5) / (count + 0.5))
                for weight, count in zip(words.values(), held, strict=True)
            ]
        )

    def embed(self, question: str, context: str = "") -> Vectors:
        """Return the unit vector of a question; what it leans on counts half. Zeros when the model does not answer."""
        try:
            question_vector, context_vector = self.library.embedder.encode_queries([question, context])
        except GuichetError as error:
            # A model behind an address may fall silent while questions come in: words still find.
            logger.warning("no vector of a question (%s): searched by words", type(error).__name__)
            return np.zeros(self.library.embedder.dimension, dtype=np.float32)
        mixed = question_vector + CONTEXT_MEANING * context_vector
        length = float(np.linalg.norm(mixed))
        return np.asarray(mixed / length if length else mixed, dtype=np.float32)

    def _terms(self, query: Query, language: Language) -> dict[str, float]:
        """Return the index terms to look for among passages in *language*, each with its share."""
        dictionary = self.library.words_model.vocabulary
        own = terms(query.text, query.language)
        share = SYNONYM if language == query.language else TRANSLATION
        found = {
            term: share * part for term, part in self.searcher.glossary.others(own, query.language, language).items()
        }
        # A name is a name in every language: the question's own words are looked for everywhere.
        for text, weight in ((query.context, CONTEXT), (query.text, 1.0)):
            for spoken in (query.language, language):
                for term in terms(text, spoken, dictionary):
                    found[term] = max(found.get(term, 0.0), weight)
        return found

    def _fill(self, cosines: dict[str, float], home: Mapping[str, Language], vector: Vectors) -> None:
        """Add the cosines of the passages that words alone brought in."""
        missing: dict[Language, list[str]] = {language: [] for language in self.searcher.languages}
        for id, language in home.items():
            if id not in cosines:
                missing[language].append(id)
        for stored in self._threads.map(self.library.vectors.vectors, missing, missing.values()):
            cosines.update((id, float(own @ vector)) for id, own in stored.items())


def rank_documents(hits: Iterable[Hit], named: Mapping[str, float] | None = None) -> list[tuple[str, float]]:
    """Return the documents of *hits* and those that are *named*, best first, with their scores.

    A document is as good as its best passage, and a little better when another one is good too.
    """
    found: dict[str, list[float]] = {}
    for hit in hits:
        found.setdefault(hit.passage.document, []).append(hit.score)
    scores = {}
    for document, own in found.items():
        best, second = sorted((*own, 0.0), reverse=True)[:2]
        scores[document] = best + SECOND_PASSAGE * second
    for document, weight in (named or {}).items():
        scores[document] = scores.get(document, 0.0) + NAME_BONUS * weight
    return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))


def _spread(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bring *values* to 0…1 between their mean and their maximum; what lies below the mean says nothing."""
    low, high = float(values.mean()), float(values.max())
    return np.maximum(0.0, (values - low) / (high - low)) if high > low else np.ones_like(values)

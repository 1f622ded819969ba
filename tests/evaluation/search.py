"""Search figures: where the right documents stand in our search, in plain BM25 and in MiniLM, question by question."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from bot.answers import Message
from bot.retrieval import Retriever, rank_documents
from bot.service import Bot
from ingest.documents import LANGUAGES, Passage
from ingest.library import Library
from ingest.settings import load
from tests.evaluation.baselines import Encoder, Meanings, PlainWords, Ranker
from tests.evaluation.figures import Figure
from tests.evaluation.metrics import SOURCED, Estimate, Question, read_records
from tests.evaluation.retrieval import Query, Score, found_documents, read_corpus

OURS = "ours"
FOLLOW_UPS = Path(__file__).parent / "followups.jsonl"
"""Talks of our own over the starter corpus: what a question leans on, and the sheets that answer it."""
SPLITS: Mapping[str, str] = {"tuned": "rules made with them", "unseen": "rules made without them"}

KINDS: Mapping[str, Mapping[str, str]] = {
    "fr_cnil_crpa": {"headings": "official FAQ heading", "paraphrases": "paraphrase"},
}
"""Sets whose kinds have figures of their own: the name of each row and how the kinds in it begin."""

Measure = Literal["found", "recall"]
"""``found``: 1 where any of the right documents is among the first k; ``recall``: the share of them that is."""


class Fused:
    """The product's search over a library."""

    def __init__(self, library: Library) -> None:
        self._retriever = Retriever(library)

    def rank(self, query: Query) -> list[str]:
        """Return documents, best first."""
        return found_documents(self._retriever, query)


@dataclass(frozen=True, slots=True)
class Row:
    """The scores of every search on one group of questions, in the order of ``ids``."""

    key: str
    label: str
    measure: Measure
    ids: tuple[str, ...]
    scores: Mapping[str, tuple[Score, ...]]

    def values(self, search: str, k: Literal[1, 5]) -> list[float]:
        """Return one value a question."""
        return [float(getattr(score, f"{self.measure}_{k}")) for score in self.scores[search]]

    def figure(self, k: Literal[1, 5]) -> Figure:
        """Return the figure of our search at *k*, with those of the others."""
        others = {
            search: estimate
            for search in self.scores
            if search != OURS and (estimate := Estimate.of(self.values(search, k)))
        }
        return Figure(
            f"{self.key}@{k}",
            f"{self.label}, Recall@{k}",
            len(self.ids),
            Estimate.of(self.values(OURS, k)),
            others=others,
        )


@dataclass(frozen=True, slots=True)
class SearchSet:
    """One set of questions over one corpus, searched in every way."""

    name: str
    rows: tuple[Row, ...]
    texts: str
    """Digest of all passages and questions: figures of other texts are not comparable."""

    def figures(self) -> dict[str, Figure]:
        """Return the figures of all rows by key."""
        found = [row.figure(k) for row in self.rows for k in (1, 5)]
        return {figure.key: figure for figure in found}

    def as_rows(self) -> Iterator[dict[str, Any]]:
        """Yield the lines of ``rows.jsonl``: one a question and row."""
        for row in self.rows:
            for place, question in enumerate(row.ids):
                yield {
                    "set": row.key,
                    "id": question,
                    **{
                        search: {"at_1": row.values(search, 1)[place], "at_5": row.values(search, 5)[place]}
                        for search in row.scores
                    },
                }


@dataclass(frozen=True, slots=True)
class Meaning:
    """The simpler search by meaning: its model, and the texts that need no measuring again."""

    encoder: Encoder
    measured: Mapping[str, str] = field(default_factory=dict)
    """By the name of a set: the digest of the texts that an earlier run measured, with this same model."""

    def due(self, name: str, texts: str) -> Encoder | None:
        """Return the model where the texts of the set are others than those that were measured."""
        return None if self.measured.get(name) == texts else self.encoder


def search_set(folder: Path, meaning: Meaning | None) -> SearchSet:
    """Build a library of the folder's corpus.jsonl and search it for questions.jsonl, in every way there is."""
    documents = read_corpus(folder / "corpus.jsonl")
    names = {document.id: name for name, document in documents.items()}
    records = read_records(folder / "questions.jsonl")
    scored = [record for record in records if record["gold"]]
    queries = [Query.from_json(record) for record in scored]
    with _library() as library:
        library.add_documents(list(documents.values()))
        passages = library.passages_of(list(library.documents))
        texts = _digest(passages, queries)
        found = _search(library, passages, queries, meaning.due(folder.resolve().name, texts) if meaning else None)
        talks = any(query.context for query in queries)
        bot = Bot(library, library.settings)
        own = [by_own_rules(bot, record, named=False) for record in scored] if talks else []
    rankings = {search: [[names[id] for id in ranking] for ranking in lists] for search, lists in found.items()}
    name = folder.resolve().name
    rows = list(_rows(name, queries, rankings))
    if own:
        found_by_rules = {OURS: [[names[id] for id in ranking] for ranking in own]}
        rows.append(_row(f"{name}/own_rules", f"{name}, by the bot's own rules", queries, found_by_rules))
    return SearchSet(name, tuple(rows), texts)


def search_documents(name: str, questions: Sequence[Question], library: Library, meaning: Meaning | None) -> SearchSet:
    """Search the corpus of the product for the sheets of the golden questions that have a right one."""
    queries = [_as_query(question) for question in questions if question.kind in SOURCED and question.sheets]
    passages = library.passages_of(list(library.documents))
    key, texts = f"{name}/documents", _digest(passages, queries)
    rankings = _search(library, passages, queries, meaning.due(key, texts) if meaning else None)
    label = f"{name} questions → our sheets"
    rows = [_row(key, f"{label}, any right one", queries, rankings, "found")]
    for language in LANGUAGES:
        chosen = [number for number, query in enumerate(queries) if query.lang == language]
        if chosen:
            rows.append(_row(f"{key}/{language}", f"{label}, {language}", *_only(chosen, queries, rankings), "found"))
    rows.append(_row(f"{key}/every", f"{label}, share of all right ones", queries, rankings, "recall"))
    return SearchSet(key, tuple(rows), texts)


def search_follow_ups(bot: Bot) -> SearchSet:
    """Let the bot find out by itself what the questions of our own talks lean on, and search for their sheets."""
    records = [record for record in read_records(FOLLOW_UPS) if record["sheets"]]
    rows, queries = [], []
    for split, label in SPLITS.items():
        chosen = [record for record in records if record["split"] == split]
        asked = [Query.from_json({**record, "gold": record["sheets"]}) for record in chosen]
        found = [by_own_rules(bot, record, named=True) for record in chosen]
        rows.append(_row(f"followups/{split}", f"follow-ups → our sheets, {label}", asked, {OURS: found}, "found"))
        queries += asked
    return SearchSet("followups", tuple(rows), _digest(bot.library.passages_of(list(bot.library.documents)), queries))


def by_own_rules(bot: Bot, record: Mapping[str, Any], *, named: bool) -> list[str]:
    """Return documents, best first, for the last question of a talk: the bot decides which turns it leans on.

    *named*: let a document gain by its name, as it does in an answer.
    """
    history = [Message(turn["role"], turn["text"]) for turn in record["history"]]
    draft = bot.consider(record["question"], history)
    return [document for document, _ in rank_documents(draft.hits, draft.named if named else None)]


Rankings = Mapping[str, Sequence[Sequence[str]]]
"""By the name of the search: for each question, document ids, best first."""


def _search(
    library: Library, passages: Sequence[Passage], queries: Sequence[Query], encoder: Encoder | None
) -> Rankings:
    rankers: dict[str, Ranker] = {OURS: Fused(library), "bm25": PlainWords(passages)}
    if encoder:
        rankers["minilm"] = Meanings(passages, encoder)
    return {name: [ranker.rank(query) for query in queries] for name, ranker in rankers.items()}


def _rows(name: str, queries: Sequence[Query], rankings: Rankings) -> Iterable[Row]:
    if name in KINDS:
        for part, beginning in KINDS[name].items():
            chosen = [number for number, query in enumerate(queries) if (query.kind or "").startswith(beginning)]
            yield _row(f"{name}/{part}", f"{name}, {part}", *_only(chosen, queries, rankings))
    else:
        yield _row(name, name, queries, rankings)
    chosen = [number for number, query in enumerate(queries) if query.gold_other_language]
    if chosen:
        yield _row(
            f"{name}/other_language",
            f"{name}, text in the other language",
            *_without_twins(*_only(chosen, queries, rankings)),
            gold=lambda query: query.gold_other_language,
        )


def _row(
    key: str,
    label: str,
    queries: Sequence[Query],
    rankings: Rankings,
    measure: Measure = "recall",
    gold: Callable[[Query], frozenset[str]] = lambda query: query.gold,
) -> Row:
    scores = {
        search: tuple(Score.of(ranking, gold(query)) for ranking, query in zip(lists, queries, strict=True))
        for search, lists in rankings.items()
    }
    return Row(key, label, measure, tuple(query.id for query in queries), scores)


def _only(chosen: Sequence[int], queries: Sequence[Query], rankings: Rankings) -> tuple[list[Query], Rankings]:
    kept = {search: [lists[number] for number in chosen] for search, lists in rankings.items()}
    return [queries[number] for number in chosen], kept


def _without_twins(queries: Sequence[Query], rankings: Rankings) -> tuple[Sequence[Query], Rankings]:
    """As if the document existed in the other language only: else its twin always stands above it."""
    return queries, {
        search: [
            [name for name in ranking if name not in query.gold] for ranking, query in zip(lists, queries, strict=True)
        ]
        for search, lists in rankings.items()
    }


def _as_query(question: Question) -> Query:
    turns = [message.text for message in question.history if message.role == "user"]
    gold = frozenset(question.sheets)
    return Query(question.id, question.lang, question.question, "\n".join(turns), gold, frozenset(), question.kind)


def _digest(passages: Sequence[Passage], queries: Sequence[Query]) -> str:
    found = hashlib.sha256()
    for text in (*sorted(passage.indexed_text for passage in passages), *(query.whole for query in queries)):
        found.update(text.encode() + b"\0")
    return found.hexdigest()[:16]


@contextmanager
def _library() -> Iterator[Library]:
    """Yield an empty library in a folder that goes away."""
    with (
        tempfile.TemporaryDirectory(prefix="guichet-evaluation-") as folder,
        Library.open(load(data_dir=Path(folder))) as library,
    ):
        yield library

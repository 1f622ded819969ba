"""Measure the search alone: build a library from a corpus and look where the gold documents rank.

``python -m tests.evaluation.retrieval DIR [--json]`` where DIR holds corpus.jsonl and questions.jsonl
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bot.retrieval import Retriever, rank_documents
from ingest.documents import Language, Page, Section, SourceDocument, Statement
from ingest.errors import GuichetError
from ingest.library import Library
from ingest.sentences import split
from ingest.settings import ROOT, load
from tests.evaluation.metrics import bootstrap_interval, found_at, ndcg_at, read_records, recall_at

LIMIT = 50
"""Hits that are asked for: a long document may fill several places before the tenth document comes."""
_HEADING = re.compile(r"(#{1,6})\s+(.+)")


@dataclass(frozen=True, slots=True)
class Query:
    """One question with the documents that hold its answer, in its own language and in another."""

    id: str
    lang: Language
    text: str
    context: str
    """What the user said before."""
    gold: frozenset[str]
    gold_other_language: frozenset[str]
    kind: str | None

    @property
    def whole(self) -> str:
        """All that the user said, for a search that knows no context."""
        return f"{self.context}\n{self.text}".strip()

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Query:
        """Read one record; of a conversation, everything that the user said counts."""
        turns = [turn["text"] for turn in data.get("history", ()) if turn["role"] == "user"]
        return cls(
            id=data["id"],
            lang=data["lang"],
            text=data["question"],
            context="\n".join(turns),
            gold=frozenset(data["gold"]),
            gold_other_language=frozenset(data.get("gold_other_language", ())),
            kind=data.get("kind"),
        )


@dataclass(frozen=True, slots=True)
class Score:
    """The place of the gold documents of one question."""

    kind: str | None
    found_1: float
    found_5: float
    recall_1: float
    recall_5: float
    recall_10: float
    ndcg_10: float

    @classmethod
    def of(cls, ranking: Sequence[str], gold: frozenset[str], kind: str | None = None) -> Score:
        """Score one ranking of documents, best first."""
        found_1, found_5 = (found_at(ranking, gold, k) for k in (1, 5))
        first, five, ten = (recall_at(ranking, gold, k) for k in (1, 5, 10))
        return cls(kind, found_1, found_5, first, five, ten, ndcg_at(ranking, gold, 10))


def sets_folder() -> Path:
    """Return the folder of the sets that are not part of the repository; it may be missing."""
    return Path(os.environ.get("GUICHET_TESTDATA") or ROOT.parent / "shared" / "testdata")


def read_corpus(path: Path) -> dict[str, SourceDocument]:
    """Return the documents of a corpus by their id there.

    They get ids of our own form: those of a corpus may hold slashes and colons.
    """
    return {
        record["id"]: build_document(f"document-{number:05}", record)
        for number, record in enumerate(read_records(path), start=1)
    }


def build_document(document_id: str, record: dict[str, Any]) -> SourceDocument:
    """Cut the text of a record into sections at Markdown headings, and these into statements at lines and sentences."""
    language: Language = record["lang"]
    sections: list[tuple[tuple[str, ...], list[Statement]]] = [((), [])]
    path: dict[int, str] = {}
    for line in record["text"].splitlines():
        heading = _HEADING.fullmatch(line.strip())
        if heading:
            level = len(heading[1])
            path = {above: words for above, words in path.items() if above < level} | {level: heading[2]}
            sections.append((tuple(path.values()), []))
        else:
            sections[-1][1].extend(Statement(sentence) for sentence in split(line, language))
    return SourceDocument(
        id=document_id,
        language=language,
        title=record.get("title", ""),
        pages=(Page(tuple(Section(headings, tuple(found)) for headings, found in sections if found)),),
        url=record.get("url"),
    )


def found_documents(retriever: Retriever, query: Query) -> list[str]:
    """Return the ids of documents, best first, as the product ranks them; nothing is gained by a document's name."""
    hits = retriever.find(query.text, query.lang, LIMIT, context=query.context)
    return [document for document, _ in rank_documents(hits)]


def evaluate(folder: Path) -> dict[str, Any]:
    """Build a library of the folder's corpus, ask its questions and return the numbers as plain data."""
    documents = read_corpus(folder / "corpus.jsonl")
    queries = [Query.from_json(record) for record in read_records(folder / "questions.jsonl")]
    names = {document.id: name for name, document in documents.items()}
    scored = [query for query in queries if query.gold]
    scores, elsewhere = [], []
    with (
        tempfile.TemporaryDirectory(prefix="guichet-evaluation-") as data_dir,
        Library.open(load(data_dir=Path(data_dir))) as library,
    ):
        library.add_documents(list(documents.values()))
        retriever = Retriever(library)
        for query in scored:
            ranking = [names[found] for found in found_documents(retriever, query)]
            scores.append(Score.of(ranking, query.gold, query.kind))
            if query.gold_other_language:
                # As if the document existed in the other language only: else its twin always stands above it.
                foreign = [name for name in ranking if name not in query.gold]
                elsewhere.append(Score.of(foreign, query.gold_other_language))
    return {
        "set": folder.resolve().name,
        **summarise(scores),
        "without_gold": len(queries) - len(scored),
        "kinds": {kind: summarise([score for score in scores if score.kind == kind]) for kind in _kinds(scores)},
        **({"other_language": summarise(elsewhere)} if elsewhere else {}),
    }


def summarise(scores: Sequence[Score]) -> dict[str, Any]:
    """Return the means of a group of scores, with the 95 % interval of the two that are quoted most."""
    if not scores:
        return {"n": 0}
    columns = {
        "recall@1": [score.recall_1 for score in scores],
        "recall@5": [score.recall_5 for score in scores],
        "recall@10": [score.recall_10 for score in scores],
        "ndcg@10": [score.ndcg_10 for score in scores],
    }
    means = {name: round(sum(values) / len(values), 4) for name, values in columns.items()}
    intervals = {
        name: [round(bound, 4) for bound in bootstrap_interval(columns[name])] for name in ("recall@5", "ndcg@10")
    }
    return {"n": len(scores), **means, "interval95": intervals}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.evaluation.retrieval", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder with corpus.jsonl and questions.jsonl")
    parser.add_argument("--json", action="store_true", help="print one JSON object, nothing else")
    options = parser.parse_args(arguments)
    try:
        numbers = evaluate(options.folder)
    except (OSError, ValueError, GuichetError) as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    if options.json:
        sys.stdout.write(json.dumps(numbers, ensure_ascii=False) + "\n")
    else:
        report(numbers, Console(highlight=False))
    return 0


def report(numbers: dict[str, Any], console: Console) -> None:
    """Print one table: the whole set, each kind, and the other language where there is one."""
    table = Table(title=f"Retrieval on {numbers['set']} ({numbers['without_gold']} questions without gold left out)")
    table.add_column("questions")
    measures = ("recall@1", "recall@5", "recall@10", "ndcg@10")
    for heading in ("n", *measures, "ndcg@10, 95 %"):
        table.add_column(heading, justify="right")
    rows = {"all": numbers, **numbers["kinds"]}
    if "other_language" in numbers:
        rows["gold in the other language"] = numbers["other_language"]
    for name, row in rows.items():
        if row["n"]:
            low, high = row["interval95"]["ndcg@10"]
            table.add_row(name, str(row["n"]), *(f"{row[key]:.3f}" for key in measures), f"{low:.3f}–{high:.3f}")
    console.print(table)


def _kinds(scores: Iterable[Score]) -> list[str]:
    """The kinds that the questions name, in their order."""
    return [kind for kind in dict.fromkeys(score.kind for score in scores) if kind is not None]


if __name__ == "__main__":
    sys.exit(main())

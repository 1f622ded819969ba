"""How good is a model alone, without words to help it: sentence-transformers' own evaluators on the sets at hand."""

from __future__ import annotations

import csv
import gzip
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.evaluation import InformationRetrievalEvaluator, TranslationEvaluator

from ingest.documents import LANGUAGES

_BATCH = 512

Figures = Mapping[str, float]
"""Percent, by the name of the column."""


@dataclass(frozen=True, slots=True)
class Task:
    """Questions, the texts to find in, and for each question the ids of the right ones."""

    name: str
    questions: Mapping[str, str]
    texts: Mapping[str, str]
    right: Mapping[str, set[str]]


def measure(model: SentenceTransformer, data: Path, qa: Path | None) -> dict[str, float]:
    """Return the figures of *model* on ``dev/`` and the domain terms of *data*, and on the sets under *qa*."""
    figures = _msdocs(model, data / "dev")
    figures |= _translation(model, data / "dev")
    figures["single words"] = single_words(model, data / "train" / "domain_terms.tsv")
    if qa is not None:
        for task in qa_tasks(qa):
            found = search(model, task)
            figures[f"{task.name} R@5"] = found["cosine_recall@5"]
            figures[f"{task.name} nDCG"] = found["cosine_ndcg@10"]
    return {name: 100 * figure for name, figure in figures.items()}


def search(model: SentenceTransformer, task: Task) -> dict[str, float]:
    """Return what the evaluator measures on *task*, without a prefix."""
    evaluator = InformationRetrievalEvaluator(
        dict(task.questions),
        dict(task.texts),
        dict(task.right),
        mrr_at_k=[10],
        ndcg_at_k=[10],
        accuracy_at_k=[1],
        precision_recall_at_k=[5],
        map_at_k=[10],
        batch_size=_BATCH,
        write_csv=False,
    )
    return dict(evaluator(model))


def _msdocs(model: SentenceTransformer, dev: Path) -> dict[str, float]:
    figures: dict[str, list[float]] = defaultdict(list)
    for path in sorted(dev.glob("msdocs_*.jsonl.gz")):
        meta, *rows = _lines(path)
        same = "docs same" if meta["query_lang"] == meta["passage_lang"] else "docs cross"
        task = Task(
            path.name,
            {f"q{row['id']}": row["text"] for row in rows if row["type"] == "query"},
            {str(row["id"]): row["text"] for row in rows if row["type"] == "passage"},
            {f"q{row['id']}": {str(id) for id in row["relevant"]} for row in rows if row["type"] == "query"},
        )
        figures[same].append(search(model, task)["cosine_ndcg@10"])
    return {name: float(np.mean(values)) for name, values in figures.items()}


def _translation(model: SentenceTransformer, dev: Path) -> dict[str, float]:
    tatoeba = [
        _accuracy(model, [row["a"] for row in rows], [row["b"] for row in rows])
        for rows in (list(_lines(path)) for path in sorted(dev.glob("tatoeba_*.jsonl.gz")))
    ]
    rows = list(_lines(dev / "ntrex_4lang.jsonl.gz"))
    ntrex = [
        _accuracy(model, [row[one] for row in rows], [row[other] for row in rows])
        for number, one in enumerate(LANGUAGES)
        for other in LANGUAGES[number + 1 :]
    ]
    return {"tatoeba": float(np.mean(tatoeba)), "ntrex": float(np.mean(ntrex))}


def _accuracy(model: SentenceTransformer, left: list[str], right: list[str]) -> float:
    """Return the share of texts whose translation is the nearest of all, the mean of both directions."""
    found = TranslationEvaluator(left, right, batch_size=_BATCH, write_csv=False)(model)
    return float(np.mean([found["src2trg_accuracy"], found["trg2src_accuracy"]]))


def single_words(model: SentenceTransformer, terms: Path) -> float:
    """Return how often the nearest single word of another language is a translation, over all pairs of languages.

    The words stand in the training data: the figure says what is kept, not what would be guessed.
    """
    concepts: dict[str, dict[str, set[str]]] = {language: defaultdict(set) for language in LANGUAGES}
    with terms.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            if " " not in row["term"]:
                concepts[row["lang"]][row["term"].casefold()].add(row["concept_id"])
    shares = []
    for one in LANGUAGES:
        for other in LANGUAGES:
            if one == other:
                continue
            right = {
                word: {found for found, ids in concepts[other].items() if ids & concepts[one][word]}
                for word in concepts[one]
            }
            task = Task(one + other, {w: w for w in right if right[w]}, {w: w for w in concepts[other]}, right)
            shares.append(search(model, task)["cosine_accuracy@1"])
    return float(np.mean(shares))


def qa_tasks(folder: Path) -> Iterator[Task]:
    """Yield the sets under *folder*: ``corpus.jsonl`` and ``questions.jsonl`` each, kinds and languages apart."""
    for path in sorted(folder.glob("*/corpus.jsonl")):
        set_name = path.parent.name
        passages = list(_lines(path))
        questions = [row for row in _lines(path.with_name("questions.jsonl")) if row["gold"]]
        texts = {row["id"]: f"{row['title']}\n{row['text']}".strip() for row in passages}
        if set_name == "de_xquad":
            german = {id: text for id, text in texts.items() if id.startswith("de:")}
            english = {id: text for id, text in texts.items() if id.startswith("en:")}
            yield _task("xquad de>de", questions, german)
            yield _task("xquad de>en", questions, english, gold="gold_other_language")
            yield _task("xquad en>en", questions, english, text="question_en", gold="gold_other_language")
        elif set_name == "fr_cnil_crpa":
            for kind in ("paraphrase", "heading"):
                yield _task(f"cnil {kind}", [row for row in questions if kind in row["kind"]], texts)
        else:
            yield _task(set_name, questions, texts)


def _task(
    name: str,
    rows: Sequence[Mapping[str, Any]],
    texts: Mapping[str, str],
    *,
    text: str = "question",
    gold: str = "gold",
) -> Task:
    return Task(name, {row["id"]: row[text] for row in rows}, texts, {row["id"]: set(row[gold]) for row in rows})


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    opening = gzip.open if path.suffix == ".gz" else open
    with opening(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)

"""How question sets of others are read, and how the places of their documents are counted."""

from __future__ import annotations

import json

import pytest

from bot.answers import Hit
from bot.retrieval import rank_documents
from ingest.documents import Passage
from tests.evaluation.retrieval import Query, Score, build_document, evaluate


def test_a_folder_is_measured_whole_and_by_kind(tmp_path):
    """The command's numbers: recall and gain of all questions and of each kind, those without gold counted apart."""
    corpus = [{"id": name, "lang": "fr", "title": "", "text": f"Le mot {name} est ici."} for name in ("lune", "soleil")]
    questions = [
        {"id": "1", "lang": "fr", "question": "Où est la lune ?", "gold": ["lune"], "kind": "sky"},
        {"id": "2", "lang": "fr", "question": "Et demain ?", "gold": []},
    ]
    for name, records in (("corpus", corpus), ("questions", questions)):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    numbers = evaluate(tmp_path)
    assert (numbers["n"], numbers["without_gold"], numbers["recall@1"], numbers["ndcg@10"]) == (1, 1, 1.0, 1.0)
    assert numbers["kinds"]["sky"]["recall@5"] == 1.0


def test_record_is_cut_at_headings_lines_and_sentences():
    """Markdown headings become the path of a section, even where a level is left out; the rest becomes sentences."""
    text = "Vooraf.\n## Pilot\nEen zin. Nog een zin.\n#### Test\n* punt\n## Slot\nEinde."
    document = build_document("document-00001", {"lang": "nl", "title": "Fase 6", "text": text})
    (page,) = document.pages
    assert [section.headings for section in page.sections] == [(), ("Pilot",), ("Pilot", "Test"), ("Slot",)]
    assert page.text.split("\n") == ["Vooraf.", "Een zin.", "Nog een zin.", "* punt", "Einde."]


def test_conversation_is_searched_as_the_user_told_it():
    """Every turn of the user counts, none of the assistant's."""
    history = [{"role": "user", "text": "Erste Frage?"}, {"role": "assistant", "text": "Antwort."}]
    record = {"id": "q", "lang": "de", "history": history, "question": "Und dann?", "gold": ["a"]}
    query = Query.from_json(record)
    assert (query.context, query.text, query.whole) == ("Erste Frage?", "Und dann?", "Erste Frage?\nUnd dann?")


def test_document_ranks_by_its_best_passage():
    """Several passages of a document take one place, that of the best; a second good one lifts it a little."""
    hits = [hit("a", 0.4), hit("b", 0.9), hit("a", 0.7), hit("c", 0.72)]
    assert [document for document, _ in rank_documents(hits)] == ["b", "a", "c"]


def test_score_of_a_ranking():
    """One of two gold documents on the second place: no recall at 1, half of it at 5."""
    score = Score.of(["x", "a", "y"], frozenset({"a", "b"}))
    assert (score.recall_1, score.recall_5, score.recall_10) == (0.0, 0.5, 0.5)
    assert score.ndcg_10 == pytest.approx(0.3869, abs=1e-4)


def hit(document: str, score: float) -> Hit:
    """A hit of which only the document and the score matter."""
    passage = Passage(
        id=f"{document}:0", document=document, document_key=f"fr/{document}", language="fr", version=1, title="",
        headings=(), text="", spans=(),
    )  # fmt: skip
    return Hit(passage, score, dense=score, words=score)

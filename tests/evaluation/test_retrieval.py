"""The search on question sets of others, and how the sets are read.

The sets lie outside the repository; where one is missing its test is skipped and the summary says so.
"""

from __future__ import annotations

import pytest

from bot.answers import Hit
from ingest.documents import Passage
from tests.evaluation.retrieval import Query, Score, build_document, evaluate, rank_documents, sets_folder

WORDS_ALONE = {
    "de_xquad": 0.994,
    "en_govt_multiturn": 0.946,
    "fr_cnil_crpa": 0.883,
    "fr_service_public": 1.0,
    "nl_algoritmekader": 1.0,
}
"""Recall@10 of the word index without the vectors, measured once: what the whole search must not fall under."""
ROOM = 0.05
"""About one question in the sets of some thirty: less is chance."""
OTHER_LANGUAGE = 0.80
"""Recall@10 where the document is English and the question German; the vectors alone reach 0.835."""


@pytest.mark.parametrize("name", WORDS_ALONE)
def test_search_keeps_up_with_words_alone(name):
    """The search finds what a plain word search finds, within chance, and documents in the other language too."""
    folder = sets_folder() / "qa" / name
    if not folder.is_dir():
        pytest.skip(f"question set qa/{name} is not there; GUICHET_TESTDATA names the folder of the sets")
    numbers = evaluate(folder)
    assert numbers["recall@10"] >= WORDS_ALONE[name] - ROOM, numbers
    if "other_language" in numbers:
        assert numbers["other_language"]["recall@10"] >= OTHER_LANGUAGE, numbers


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
    assert Query.from_json(record).text == "Erste Frage?\nUnd dann?"


def test_document_ranks_by_its_best_passage():
    """Several passages of a document take one place, that of the best."""
    hits = [hit("a", 0.4), hit("b", 0.9), hit("a", 0.7), hit("c", 0.5)]
    assert rank_documents(hits) == ["b", "a", "c"]


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

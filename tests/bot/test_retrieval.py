"""Finding: by name, by words and across languages."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.responses import JSONResponse

from bot.retrieval import Retriever
from ingest.documents import Language
from ingest.embedding import StaticEmbedder
from ingest.settings import load
from tests.bot.library import document, small_bot
from tests.ingest.embedding.server import EmbeddingServer, serving


@pytest.fixture(scope="module")
def retriever(bot) -> Retriever:
    """A retriever over the starter corpus."""
    return Retriever(bot.library)


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("Wat doet Technofutur voor leerkrachten?", "technofutur"),
        ("Was macht das CETIC in Gosselies?", "cetic"),
        ("Is Win2Wal for universities?", "win2wal"),
        ("Le prêt Coup de Pouce, pour qui ?", "pret-coup-de-pouce"),
        ("c'est quoi la SOWALFIN", "wallonie-entreprendre"),
    ],
)
def test_document_is_known_by_name_and_alias(retriever: Retriever, question: str, named: str) -> None:
    """A title or an alias in a question calls its document, whatever the case."""
    found = retriever.searcher.names.named(question)
    assert max(found, key=lambda document: found[document]) == named


def test_longer_name_weighs_more(retriever: Retriever) -> None:
    """«Start IA» calls the Walloon programme, «Start AI» that of Brussels."""
    assert "brussels" not in retriever.searcher.names.named("Combien dure Start IA ?")
    assert "start-ia" not in retriever.searcher.names.named("Combien paie Start AI ?")


def test_name_within_a_word_does_not_count(retriever: Retriever) -> None:
    """A name is a run of whole words, not a part of one."""
    assert "win2wal" not in retriever.searcher.names.named("Le site win2walonline parle de quoi ?")


def test_question_without_a_name_calls_nothing(retriever: Retriever) -> None:
    """Ordinary words call no document."""
    assert not retriever.searcher.names.named("Quel jour sommes-nous ?")


@pytest.mark.parametrize(
    ("question", "language", "document"),
    [
        ("une bourse pour préparer un doctorat dans une firme", "fr", "win4doc"),
        ("lening zonder grote waarborg van familie en vrienden", "nl", "pret-coup-de-pouce"),
        ("Supercomputer in Finnland mit AMD-Grafikkarten", "de", "lumi-eurohpc"),
        ("agency that helps firms sell abroad", "en", "awex"),
    ],
)
def test_paraphrase_finds_its_document(retriever: Retriever, question: str, language: Language, document: str) -> None:
    """The right document is among the first five though its name is not said."""
    hits = retriever.find(question, language)
    assert document in list(dict.fromkeys(hit.passage.document for hit in hits))[:5]


def test_hits_are_ordered_and_within_bounds(retriever: Retriever) -> None:
    """Hits come best first, no more than asked for, each once, with scores between 0 and 1."""
    hits = retriever.find("Welke steun voor cyberveiligheid?", "nl", 10)
    assert len(hits) == 10
    assert len({hit.passage.id for hit in hits}) == 10
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert all(0 <= value <= 1.0001 for hit in hits for value in (hit.score, hit.dense, hit.words))


def test_same_question_finds_the_same(retriever: Retriever) -> None:
    """Finding is repeatable."""
    first, second = (retriever.find("Hilfe für Landwirte", "de") for _ in range(2))
    assert first == second


def test_context_moves_the_search(retriever: Retriever) -> None:
    """What a follow-up leans on decides what is found."""
    hits = retriever.find("combien d'organisations ?", "fr", context="Qu'est-ce que Tremplin IA ?")
    assert hits[0].passage.document == "tremplin-ia"


@pytest.mark.parametrize("question", ["", "???", "zzqxv", "'\"; DROP TABLE passage; --", 'AND OR NOT ( " *'])
def test_odd_questions_raise_nothing(retriever: Retriever, question: str) -> None:
    """A question without words, or with the signs of a query language, is searched like any other."""
    assert len(retriever.find(question, "fr", 5)) <= 5


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("aide pour les abeilles et le miel", "fr"),
        ("steun voor bijen en honing", "nl"),
        ("Hilfe für Bienen und Honig", "de"),
    ],
)
def test_document_in_another_language_is_found(tmp_path, question: str, language: Language) -> None:
    """A document that exists in English only is found by questions in the other three languages."""
    with small_bot(
        tmp_path,
        document("hive", "en", "Beehive grant", "The beehive grant pays beekeepers for bees, hives and honey."),
        document("rail", "en", "Railway tax", "The railway tax is paid on tracks and locomotives."),
    ) as bot:
        assert Retriever(bot.library).find(question, language)[0].passage.document == "hive"


def test_empty_library_finds_nothing(tmp_path) -> None:
    """Before anything is taken in, nothing is found and nothing fails."""
    with small_bot(tmp_path) as bot:
        assert Retriever(bot.library).find("Start IA", "fr") == []


def test_document_that_comes_later_is_known_by_name(tmp_path) -> None:
    """A running bot knows the name of a document that was just added."""
    with small_bot(tmp_path, document("alpha", "fr", "Alphacash", "Alphacash paie 10 %.")) as bot:
        retriever = Retriever(bot.library)
        retriever.searcher.names.named("Alphacash")
        bot.library.add_documents([document("beta", "fr", "Betacash", "Betacash paie 20 %.")])
        assert "beta" in retriever.searcher.names.named("Que paie Betacash ?")


def test_words_still_find_when_the_model_falls_silent(tmp_path: Path) -> None:
    """A model behind an address that fails while questions come in costs nearness, not the answer."""
    with serving(EmbeddingServer(StaticEmbedder(load().embedding_model))) as server:
        model = {"embedding_model": "openai:tiny", "embedding_base_url": server.base_url}
        with small_bot(tmp_path, document("aide", "fr", "Aide", "La prime paie 30 % des frais."), **model) as bot:
            server.failures.extend([lambda: JSONResponse({}, 401)] * 8)
            answer = bot.ask("Combien paie la prime ?")
            assert "30 %" in answer.text
            assert len(server.failures) < 8, "the model was not asked"
            server.failures.clear()
            assert bot.ask("Combien paie la prime ?").statements == answer.statements

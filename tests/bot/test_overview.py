"""A general question about aid is answered by the sheet that lists the aids, one with an aim by the sheets on it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.service import Bot
from tests.bot.library import document, small_bot

OVERVIEW = "premiers-pas"
GENERAL = (
    "Quelles aides pour une petite entreprise de 8 personnes qui veut un chatbot ?",
    "Je suis boulanger à Namur, quelles aides pour utiliser l'IA ?",
    "Quels subsides existent pour une PME wallonne qui veut se lancer dans l'intelligence artificielle ?",
    "Quelle aide pour automatiser mes devis avec l'IA ?",
    "Welke subsidies zijn er voor een kmo die AI wil gebruiken?",
    "Ik heb een bakkerij in Namen, welke steun is er voor AI?",
    "Met welke steun begin ik best voor AI?",
    "Welche Förderung gibt es für KI in meinem Betrieb mit 10 Leuten?",
    "Welche Zuschüsse bekommt ein kleines Unternehmen für einen Chatbot?",
    "Which grants can a company with 5 people get for an AI project?",
    "What support is there for small firms that want to try AI?",
)
AIMED = (
    "Quelle aide pour la cybersécurité ?",
    "Quelles aides pour former mon personnel à l'IA ?",
    "Quelle aide pour engager un doctorant en IA ?",
    "Quel est le taux de l'aide pour un projet d'IA dans une PME ?",
    "Is there funding for GPU computing for my AI startup?",
    "Gibt es Unterstützung für KI in Ostbelgien?",
    "Is er steun voor de opleiding van mijn personeel in AI?",
)


@pytest.mark.parametrize("question", GENERAL)
def test_a_general_question_is_answered_by_the_list_of_aids(bot: Bot, question: str) -> None:
    """Every statement stands in the sheet that lists the aids, in its order, and the aids come as cards."""
    answer = bot.ask(question)
    assert answer.status == "answered"
    assert {citation.document for citation in answer.citations} == {OVERVIEW}
    steps = [int(re.findall(r"\d", statement.text)[0]) for statement in answer.statements]
    assert steps == sorted(steps)
    assert set(steps) == {1, 2, 3, 4}
    assert answer.text.count("\n\n") == len(steps)  # a paragraph each, and what is to be known besides
    assert {"start-ia", "tremplin-ia"} <= {programme.id for programme in answer.programmes}
    assert any("1890, https://www.1890.be" in note for note in answer.notes)
    assert len(answer.programmes) >= 3


@pytest.mark.parametrize("question", AIMED)
def test_a_question_with_an_aim_is_answered_by_what_is_about_it(bot: Bot, question: str) -> None:
    """An aim, an amount or a place that documents speak of is looked for as before."""
    cited = {citation.document for citation in bot.ask(question).citations}
    assert cited
    assert cited != {OVERVIEW}


def test_another_region_is_told_as_such(bot: Bot) -> None:
    """The list of Walloon aids does not answer a firm in Ghent."""
    answer = bot.ask("Mijn firma zit in Gent, welke steun krijg ik voor een AI-project?")
    assert answer.status in ("other_region", "out_of_scope")


@pytest.mark.parametrize(
    "question",
    [
        "Quelles aides à l'IA pour une PME en Bretagne ?",
        "Quels subsides pour un projet d'IA dans le Limousin ?",
        "Which AI grants can a small firm get in Catalonia?",
        "Welke steun is er voor AI in Zeeland?",
        "Welche Zuschüsse gibt es für KI in Sachsen?",
    ],
)
def test_a_place_that_is_not_ours_is_not_answered_for(bot: Bot, question: str) -> None:
    """A firm in a place that no list has is not told of Walloon aids as if they were meant for it."""
    answer = bot.ask(question)
    assert not {2, 3, 4} <= {int(n) for s in answer.statements for n in re.findall(r"^\w+ (\d),", s.text)}


def test_a_library_without_such_a_list_answers_as_before(tmp_path: Path) -> None:
    """Where the document that the glossary names is not served, its own documents answer."""
    alpha = document("alpha", "fr", "Alphacash", "Alphacash est une aide à l'IA pour les PME.")
    with small_bot(tmp_path, alpha) as bot:
        answer = bot.ask("Quelles aides à l'IA pour les PME ?")
    assert {citation.document for citation in answer.citations} == {"alpha"}

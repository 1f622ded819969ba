"""Values that contradict each other are found, ruled on, and told with both sides until then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import select

from bot.cards import Cards
from bot.contradictions import Contradiction, Contradictions
from bot.service import Bot
from ingest.cards import CardStore, Decision
from ingest.database import JournalRow, connect
from ingest.documents import LANGUAGES, Language, SourceDocument
from ingest.journal import COMMAND_LINE
from ingest.library import Library
from ingest.settings import load
from tests.bot.chat.scripted import ScriptedModel
from tests.bot.library import TODAY, document, small_bot
from tests.bot.shelf import Shelf

PAIRS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "pairs_of_values.yaml").read_text("utf-8"))


def sheet(language: Language = "fr", *facts: str, **meta: Any) -> SourceDocument:
    """Return the sheet of the made-up programme."""
    head = {"kind": "subsidy", "verified_on": "2026-11-01", **meta}
    texts = facts or ("Le Chèque Boussole aide à choisir un outil.",)
    return document("cheque-boussole", language, "Chèque Boussole", *texts, **head)


def other() -> SourceDocument:
    """Return the sheet of another programme with a like name."""
    return document("cheque-lanterne", "fr", "Chèque Lanterne", "Le Chèque Lanterne éclaire.", kind="subsidy")


def found(folder: Path, *documents: SourceDocument) -> tuple[Contradiction, ...]:
    """Return the contradictions of some documents."""
    engine = connect(folder / "guichet.sqlite")
    try:
        shelf: Any = Shelf(*documents)
        return Contradictions(Cards(CardStore(engine))).all(shelf, TODAY)
    finally:
        engine.dispose()


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair['contradicts']}-{pair['a'][1][:60]}")
def test_labelled_pairs(pair: dict[str, Any], tmp_path: Path) -> None:
    """Two sentences contradict each other exactly where a person said so, in every language."""
    (one, first), (two, second) = pair["a"], pair["b"]
    seen = found(
        tmp_path, sheet(), other(), document("guide", one, "Guide", first), document("page", two, "Page", second)
    )
    assert [each.field for each in seen] == ([pair["field"]] if pair["contradicts"] else [])


def test_two_languages_of_one_document_are_compared(tmp_path: Path) -> None:
    """A guide whose Dutch version gives another ceiling than its French one contradicts itself across languages."""
    french = document("guide", "fr", "Guide", "Le maximum du Chèque Boussole est de 50 000 €.")
    dutch = document("guide", "nl", "Gids", "De Chèque Boussole bedraagt maximaal € 40.000.")
    assert [each.field for each in found(tmp_path, sheet(), french, dutch)] == ["ceiling"]


def test_the_head_of_a_sheet_is_held_against_a_document(tmp_path: Path) -> None:
    """A closing day in the head of a sheet and another one in a document contradict each other."""
    own = sheet("fr", "Le Chèque Boussole se demande jusqu'au 31 décembre 2026.", status="open", closes="2026-12-31")
    page = document("page", "de", "Seite", "Anträge für den Chèque Boussole sind bis zum 30. Juni 2027 möglich.")
    (seen,) = found(tmp_path, own, page)
    assert (seen.field, {side.value for side in seen.sides}, seen.waits) == (
        "closes",
        {"2026-12-31", "2027-06-30"},
        True,
    )


def test_a_document_that_gives_two_values_is_left_alone(tmp_path: Path) -> None:
    """A document that itself gives two rates means two things by them, though no mark tells which."""
    both = ("Le Chèque Boussole couvre 50 % du devis.", "Le Chèque Boussole couvre 40 % du projet vert.")
    page = document("page", "fr", "Page", *both)
    other_page = document("guide", "fr", "Guide", "Le Chèque Boussole couvre 60 % du devis.")
    assert found(tmp_path, sheet(), page, other_page) == ()


def test_the_starter_corpus_holds_one_contradiction_and_tells_it_itself(bot: Bot) -> None:
    """Of the starter corpus only what Win4Company itself warns of is found, and nobody has to decide on it."""
    seen = bot.contradictions.all(bot.library, TODAY)
    assert [(each.programme, each.field, {each.first.value, each.second.value}, each.waits) for each in seen] == [
        ("win4company", "rate", {0.3, 0.5}, False)
    ]


# --- in answers --------------------------------------------------------------------------------------------------

FIRST = "Le Chèque Boussole couvre 50 % de la facture."
SECOND = "De Chèque Boussole dekt 75 % van de factuur."
QUESTION = "Quelle part de la facture couvre le Chèque Boussole ?"


@contextmanager
def disputed(folder: Path) -> Iterator[Bot]:
    """Yield a bot with two documents that contradict each other on a rate."""
    guide = document("guide", "fr", "Guide des aides", FIRST, "Le guide des aides paraît chaque année.")
    page = document("pagina", "nl", "Pagina over steun", SECOND, "De pagina verschijnt elk jaar.")
    with small_bot(folder, sheet("fr", "Le Chèque Boussole aide à choisir un outil."), guide, page) as opened:
        yield opened


def ruled(bot: Bot, value: float, reason: str = "Page officielle plus récente.") -> None:
    """Rule that *value* holds."""
    (seen,) = bot.contradictions.all(bot.library, TODAY)
    verdict: Decision = "first" if seen.first.value == value else "second"
    bot.contradictions.rule(bot.library, TODAY, seen.key, verdict, reason, "lea")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_answer_shows_both_values_until_staff_decide(language: Language, tmp_path: Path) -> None:
    """Whoever is told one of two contradicting values is told the other, both as quotes, and a line names both."""
    with disputed(tmp_path) as bot:
        answer = bot.ask(QUESTION, language=language)
    assert {FIRST, SECOND} <= {citation.quote for citation in answer.citations}
    (line,) = [note for note in answer.notes if "50" in note and "75" in note]
    assert line.startswith(
        {"fr": "Nos sources se contredisent", "nl": "Onze bronnen spreken elkaar tegen",
         "de": "Unsere Quellen widersprechen sich", "en": "Our sources contradict each other"}[language]
    )  # fmt: skip
    assert line in answer.text
    assert "2026" in line
    assert "Guide des aides" in line
    assert "Pagina over steun" in line


def test_quotes_of_both_sides_stand_in_their_passages(tmp_path: Path) -> None:
    """The quote that joined an answer is found in its stored passage like any other."""
    with disputed(tmp_path) as bot:
        answer = bot.ask(QUESTION, language="fr")
        assert all(citation.quote in (bot.passage_text(citation.passage_id) or "") for citation in answer.citations)
    numbers = {number for statement in answer.statements for number in statement.citations}
    assert numbers == {citation.n for citation in answer.citations}


@pytest.mark.parametrize(("holds", "kept", "lost"), [(0.5, FIRST, SECOND), (0.75, SECOND, FIRST)])
def test_after_a_ruling_only_the_valid_value_is_quoted(holds: float, kept: str, lost: str, tmp_path: Path) -> None:
    """What staff found superseded is not quoted any more, and nothing is said of a contradiction."""
    with disputed(tmp_path) as bot:
        ruled(bot, holds)
        answer = bot.ask(QUESTION, language="fr")
    quotes = {citation.quote for citation in answer.citations}
    assert kept in quotes
    assert lost not in quotes
    assert not any("contredisent" in note for note in answer.notes)


def test_a_ruling_that_is_undone_brings_both_values_back(tmp_path: Path) -> None:
    """Undoing a ruling opens the contradiction again, and the journal holds both acts."""
    with disputed(tmp_path) as bot:
        ruled(bot, 0.5)
        (ruling,) = bot.library.cards.rulings()
        bot.library.cards.withdraw_ruling(ruling.number, "ann")
        answer = bot.ask(QUESTION, language="fr")
        with bot.library.cards._engine.connect() as connection:
            acts = connection.execute(
                select(JournalRow.by, JournalRow.action).where(JournalRow.by != COMMAND_LINE)
            ).all()
    assert {FIRST, SECOND} <= {citation.quote for citation in answer.citations}
    assert acts == [("lea", "contradiction ruled"), ("ann", "ruling undone")]


@pytest.mark.parametrize(("verdict", "told"), [("both", False), ("asked", True)])
def test_rulings_that_keep_both_values(verdict: Decision, told: bool, tmp_path: Path) -> None:
    """«Both are right» ends the contradiction and keeps both sentences; «to be asked» leaves it open."""
    with disputed(tmp_path) as bot:
        (seen,) = bot.contradictions.all(bot.library, TODAY)
        bot.contradictions.rule(bot.library, TODAY, seen.key, verdict, "Autre public.", "lea")
        answer = bot.ask(QUESTION, language="fr")
    assert any("contredisent" in note for note in answer.notes) is told
    assert FIRST in {citation.quote for citation in answer.citations}


def test_a_ruling_ends_with_the_sentence_that_staff_saw(tmp_path: Path) -> None:
    """When a document words its value anew, a ruling on the old words no longer covers it."""
    with disputed(tmp_path) as bot:
        ruled(bot, 0.5)
        bot.library.add_documents(
            [document("pagina", "nl", "Pagina over steun", "De Chèque Boussole betaalt 75 % van de kosten.")]
        )
        (seen,) = bot.contradictions.all(bot.library, TODAY)
        assert seen.is_open


def test_a_language_model_does_not_hide_a_contradiction(tmp_path: Path) -> None:
    """With a model that tells one value, the other side joins as a quote and the line stands there too."""
    guide = document("guide", "fr", "Guide des aides", FIRST)
    page = document("pagina", "nl", "Pagina over steun", SECOND)
    settings = load(data_dir=tmp_path, today=TODAY)
    with Library.open(settings) as library:
        library.add_documents([sheet(), guide, page])
        model = ScriptedModel([("Le Chèque Boussole couvre 50 % de la facture [=Le Chèque Boussole cou].",)])
        answer = Bot(library, settings, model=model).ask(QUESTION, language="fr")
    assert answer.is_phrased
    assert {FIRST, SECOND} <= {citation.quote for citation in answer.citations}
    assert any("contredisent" in note for note in answer.notes)

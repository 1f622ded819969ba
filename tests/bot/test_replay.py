"""A stored answer is asked for again, and what differs is shown."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.answers import Message
from bot.bootstrap import open_bot
from bot.replay import Difference, NotReplayable, replay, told
from bot.service import Bot
from ingest.database import AnswerRow, now
from ingest.settings import load
from tests.bot.library import document, small_bot

PRIME = document(
    "prime", "fr", "Prime numérique", "La prime numérique couvre 70 % des frais de conseil.",
    kind="programme", status="open", closes="2026-12-31", verified_on="2026-11-01",
)  # fmt: skip
DEARER = document(
    "prime", "fr", "Prime numérique", "La prime numérique couvre 50 % des frais de conseil.",
    kind="programme", status="open", closes="2026-12-31", verified_on="2026-11-01",
)  # fmt: skip
LOAN = document("pret", "fr", "Prêt vert", "Le prêt vert finance des machines économes pour les entreprises.")
ASKED = "Combien couvre la prime numérique ?"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Bot]:
    """A bot that knows a grant and a loan."""
    with small_bot(tmp_path / "data", PRIME, LOAN) as opened:
        yield opened


def stored(bot: Bot) -> int:
    """Return how many receipts there are."""
    with Session(bot.library.engine) as session:
        return session.scalar(select(func.count()).select_from(AnswerRow)) or 0


def test_the_same_generation_gives_the_same_answer(small: Bot) -> None:
    """While nothing changed a replay shows no difference, neither ids nor times, and says so."""
    given = small.ask(ASKED)
    played = replay(small, given.id)
    assert "70 %" in played.new.text
    assert played.new.id != given.id
    assert played.same_generation
    assert (played.changed, played.differences) == ((), ())
    assert told(played).endswith("No difference: the same answer is given now.")


def test_a_replay_leaves_no_receipt(small: Bot) -> None:
    """Answers that are replayed are not stored."""
    given = small.ask(ASKED)
    replay(small, given.id)
    assert stored(small) == 1


def test_a_changed_document_is_said_first(small: Bot) -> None:
    """After a change, the new generation and the cited document come before what is said otherwise."""
    given = small.ask(ASKED)
    small.library.add_documents([DEARER])
    played = replay(small, given.id)
    assert not played.same_generation
    assert played.changed == (Difference("fr/prime", ("1",), ("2",)),)
    assert {"text", "statements", "citations"} <= {difference.field for difference in played.differences}
    lines = told(played).splitlines()
    assert "generation 2 now" in lines[1]
    assert lines[2] == "  fr/prime: version 1 was cited, it is version 2 now."
    assert any(line.startswith("  - ") and "70 %" in line for line in lines)
    assert any(line.startswith("  + ") and "50 %" in line for line in lines)


def test_another_document_that_changes_is_no_difference(small: Bot) -> None:
    """A new generation in which no cited document changed says just that."""
    given = small.ask(ASKED)
    small.library.add_documents([document("bus", "fr", "Bus", "Le bus 12 passe toutes les dix minutes.")])
    played = replay(small, given.id)
    assert played.changed == ()
    assert "No cited document changed." in told(played)


def test_a_document_that_came_back_is_seen_through(small: Bot) -> None:
    """A document that was removed and taken in with another text has the next version, not the first again."""
    given = small.ask(ASKED)
    small.library.remove(["prime"])
    small.library.add_documents([DEARER])
    played = replay(small, given.id)
    assert played.changed == (Difference("fr/prime", ("1",), ("2",)),)
    assert "version 1 was cited, it is version 2 now" in told(played)


def test_a_removed_document_is_named(small: Bot) -> None:
    """A cited document that is gone is named as removed."""
    given = small.ask(ASKED)
    small.library.remove(["prime"])
    assert "fr/prime: version 1 was cited, the document was removed." in told(replay(small, given.id))


def test_the_day_of_the_receipt_is_answered_for(tmp_path: Path) -> None:
    """A call that was open when the question was asked is open in the replay, whatever the day is now."""
    with small_bot(tmp_path / "data", PRIME, today=dt.date(2026, 11, 23)) as bot:
        given = bot.ask(ASKED)
    with small_bot(tmp_path / "data", today=dt.date(2027, 3, 1)) as bot:
        assert bot.ask(ASKED).programmes[0].state == "closed"
        played = replay(bot, given.id)
    assert played.new.as_of == "2026-11-23"
    assert played.new.programmes[0].state == "open"
    assert played.differences == ()


def test_a_follow_up_is_asked_after_its_turns(small: Bot) -> None:
    """A question that leans on earlier turns is replayed after them."""
    turns = [Message("user", ASKED), Message("assistant", "La prime numérique couvre 70 % des frais de conseil.")]
    given = small.ask("Et jusqu'à quand ?", turns)
    assert given.standalone_question != given.question
    played = replay(small, given.id)
    assert played.new.standalone_question == given.standalone_question
    assert played.differences == ()


def test_the_language_that_was_set_is_kept(small: Bot) -> None:
    """A question asked in French with the page set to Dutch is replayed in Dutch."""
    given = small.ask(ASKED, language="nl")
    played = replay(small, given.id)
    assert played.new.language == "nl"
    assert played.differences == ()


def test_a_purged_question_cannot_be_replayed(small: Bot) -> None:
    """When the question is gone the replay says so in one sentence that names the setting."""
    given = small.ask(ASKED)
    small.library.receipts.purge(now() + dt.timedelta(seconds=1))
    with pytest.raises(NotReplayable, match=rf"{given.id}: the question .* \(GUICHET_QUESTION_DAYS\)"):
        replay(small, given.id)


def test_an_unknown_id_is_named(small: Bot) -> None:
    """An id of no answer is one sentence."""
    with pytest.raises(NotReplayable, match="no-such-id: no answer has this id"):
        replay(small, "no-such-id")


def test_a_follow_up_without_its_turns_is_not_guessed(small: Bot) -> None:
    """A follow-up of before traces cannot be asked again; another question of then can."""
    turns = [Message("user", ASKED), Message("assistant", "Elle couvre 70 % des frais.")]
    leaning, plain = small.ask("Et jusqu'à quand ?", turns), small.ask(ASKED)
    with Session(small.library.engine) as session, session.begin():
        for row in session.scalars(select(AnswerRow)):
            row.trace = None
    with pytest.raises(NotReplayable, match="before earlier turns were kept"):
        replay(small, leaning.id)
    assert replay(small, plain.id).differences == ()


def test_the_form_for_programs_is_json(small: Bot) -> None:
    """A replay survives JSON with both answers and every difference."""
    given = small.ask(ASKED)
    small.library.add_documents([DEARER])
    data = json.loads(json.dumps(replay(small, given.id).as_json()))
    assert (data["id"], data["same_generation"]) == (given.id, False)
    assert data["changed"] == [{"field": "fr/prime", "before": ["1"], "after": ["2"]}]
    assert data["stored"]["text"] == given.text
    assert "50 %" in data["new"]["text"]


def test_opening_a_bot_takes_old_questions_out(tmp_path: Path) -> None:
    """A bot that is opened purges first; an answer of yesterday can be replayed, one of two months cannot."""
    settings = load(data_dir=tmp_path / "data", corpus_dir=tmp_path / "none")
    with small_bot(settings.data_dir, PRIME) as bot:
        old, young = bot.ask(ASKED), bot.ask(ASKED)
        with Session(bot.library.engine) as session, session.begin():
            for id, days in ((old.id, 60), (young.id, 1)):
                session.get_one(AnswerRow, id).at = now() - dt.timedelta(days=days)
    with open_bot(settings) as bot:
        assert replay(bot, young.id).stored.question == ASKED
        with pytest.raises(NotReplayable):
            replay(bot, old.id)

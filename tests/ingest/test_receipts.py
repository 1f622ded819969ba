"""Receipts keep answers for good, and what visitors wrote for a limited time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from ingest.database import AnswerRow, FeedbackRow, connect, now
from ingest.embedding import StaticEmbedder
from ingest.library import Library
from ingest.receipts import BATCH, Receipts
from ingest.settings import Settings
from ingest.usage import Spent

SECRET = "Boulangerie Vandersteen"
SAID = "La prime couvre 70 % des frais."
TRACE = {
    "model": "ollama:llama3.2",
    "quotes": ["fr/prime:0:0-31"],
    "verdicts": [
        {"statement": SAID, "citations": [1], "reason": "", "detail": "", "score": 1.0, "attempt": 1},
        {"statement": f"{SECRET} y a droit.", "citations": [1], "reason": "name", "detail": SECRET, "attempt": 1},
    ],
    "history": [{"role": "user", "text": f"Je suis la {SECRET}."}, {"role": "assistant", "text": "Bonjour."}],
    "asked_language": "fr",
}


def answer(id: str) -> dict[str, Any]:
    """Return the public form of an answer to a question that names a firm."""
    return {
        "id": id, "language": "fr", "status": "answered", "generation": 3, "text": f"{SAID[:-1]} [1].",
        "question": f"Une prime pour la {SECRET} ?", "standalone_question": f"Une prime pour la {SECRET} ?",
        "statements": [{"text": SAID, "citations": [1], "language": "fr"}], "timings": {"retrieve": 3.5},
    }  # fmt: skip


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = connect(tmp_path / "guichet.sqlite")
    yield opened
    opened.dispose()


@pytest.fixture
def receipts(engine: Engine) -> Receipts:
    return Receipts(engine)


def aged(engine: Engine, id: str, days: float) -> None:
    """Make a receipt and its feedback that many days old."""
    at = now() - dt.timedelta(days=days)
    with Session(engine) as session, session.begin():
        session.execute(update(AnswerRow).where(AnswerRow.id == id).values(at=at))
        session.execute(update(FeedbackRow).where(FeedbackRow.answer_id == id).values(at=at))


def reasons(engine: Engine) -> list[tuple[int, str | None]]:
    """Return the stored feedback."""
    with Session(engine) as session:
        return list(session.execute(select(FeedbackRow.rating, FeedbackRow.reason)).tuples())


def days_ago(days: int) -> dt.datetime:
    return now() - dt.timedelta(days=days)


def test_a_receipt_is_read_as_it_was_kept(receipts: Receipts) -> None:
    """Answer and trace come back exactly; another id has neither."""
    receipts.keep(answer("a"), TRACE)
    assert (receipts.answer("a"), receipts.trace("a")) == (answer("a"), TRACE)
    assert (receipts.answer("b"), receipts.trace("b")) == (None, None)


def test_purge_takes_out_the_question_and_leaves_the_rest(receipts: Receipts, engine: Engine) -> None:
    """An old receipt loses both forms of the question; what was said, from where and how fast stays."""
    receipts.keep(answer("a"), TRACE)
    aged(engine, "a", 31)
    assert receipts.purge(days_ago(30)) == 1
    assert receipts.answer("a") == {**answer("a"), "question": "", "standalone_question": ""}


def test_purge_takes_out_what_repeats_the_visitor(receipts: Receipts, engine: Engine) -> None:
    """History goes, and of the model's sentences those that were not shown; why they were not stays."""
    receipts.keep(answer("a"), TRACE)
    aged(engine, "a", 31)
    receipts.purge(days_ago(30))
    trace = receipts.trace("a")
    assert trace is not None
    assert trace["history"] == []
    assert [verdict["statement"] for verdict in trace["verdicts"]] == [SAID, ""]
    assert trace["verdicts"][1] == {"statement": "", "citations": [1], "reason": "name", "detail": "", "attempt": 1}
    assert (trace["model"], trace["quotes"]) == (TRACE["model"], TRACE["quotes"])


def test_a_sentence_that_passed_but_was_not_shown_goes_too(receipts: Receipts, engine: Engine) -> None:
    """When the text of the model was not used at all, none of its sentences is kept, verified or not."""
    passed = {"statement": f"La {SECRET} reçoit 70 %.", "citations": [1], "reason": "", "detail": "", "attempt": 1}
    receipts.keep(answer("a"), {**TRACE, "failure": "language", "verdicts": [passed]})
    aged(engine, "a", 31)
    receipts.purge(days_ago(30))
    assert SECRET not in str(receipts.trace("a"))


def test_a_young_receipt_keeps_its_question(receipts: Receipts, engine: Engine) -> None:
    """What is younger than the limit is not touched."""
    receipts.keep(answer("a"), TRACE)
    aged(engine, "a", 29)
    assert receipts.purge(days_ago(30)) == 0
    assert receipts.answer("a") == answer("a")


def test_the_limit_is_a_moment_in_any_time_zone(receipts: Receipts, engine: Engine) -> None:
    """A limit given in Brussels time falls on the same moment as in UTC, where the tables count."""
    receipts.keep(answer("a"), TRACE)
    aged(engine, "a", 30)
    limit = days_ago(30).astimezone(ZoneInfo("Europe/Brussels"))
    assert receipts.purge(limit - dt.timedelta(minutes=30)) == 0
    assert receipts.purge(limit + dt.timedelta(minutes=30)) == 1


def test_a_receipt_is_purged_once(receipts: Receipts, engine: Engine) -> None:
    """More receipts than one batch are purged in one run, and none of them a second time."""
    for number in range(BATCH + 1):
        receipts.keep(answer(str(number)), TRACE)
        aged(engine, str(number), 31)
    assert receipts.purge(days_ago(30)) == BATCH + 1
    assert receipts.purge(days_ago(30)) == 0


def test_remarks_go_with_the_questions(receipts: Receipts, engine: Engine) -> None:
    """An old thumb stays, the words beside it go."""
    receipts.keep(answer("a"), TRACE)
    receipts.keep_feedback("a", -1, f"Rien pour la {SECRET}")
    aged(engine, "a", 31)
    receipts.purge(days_ago(30))
    assert reasons(engine) == [(-1, None)]


def test_a_young_remark_on_an_old_answer_stays(receipts: Receipts, engine: Engine) -> None:
    """A remark has an age of its own."""
    receipts.keep(answer("a"), TRACE)
    aged(engine, "a", 31)
    receipts.keep_feedback("a", 1, "merci")
    receipts.purge(days_ago(30))
    assert reasons(engine) == [(1, "merci")]


def test_nothing_purged_is_left_in_the_files(receipts: Receipts, engine: Engine, tmp_path: Path) -> None:
    """Neither the database nor its log still holds the words that were taken out of many receipts."""
    for number in range(300):
        receipts.keep(answer(str(number)), TRACE)
        receipts.keep_feedback(str(number), -1, f"Rien pour la {SECRET}")
        aged(engine, str(number), 31 if number % 3 else 1)
    held = {path.name: path.read_bytes().count(SECRET.encode()) for path in tmp_path.iterdir()}
    assert sum(held.values()) > 300
    receipts.purge(now())
    assert all(SECRET.encode() not in path.read_bytes() for path in tmp_path.iterdir())


def test_without_retention_no_word_is_stored(engine: Engine, tmp_path: Path) -> None:
    """Receipts that keep no words never write the question, the history or a remark to disk."""
    receipts = Receipts(engine, words=False)
    receipts.keep(answer("a"), TRACE)
    receipts.keep_feedback("a", -1, f"Rien pour la {SECRET}")
    assert receipts.answer("a") == {**answer("a"), "question": "", "standalone_question": ""}
    assert reasons(engine) == [(-1, None)]
    assert all(SECRET.encode() not in path.read_bytes() for path in tmp_path.iterdir())


@pytest.mark.parametrize(("days", "kept"), [(30, True), (10, False), (0, False)])
def test_the_setting_says_how_long(tmp_path: Path, embedder: StaticEmbedder, days: int, kept: bool) -> None:
    """A receipt of twenty days keeps its question under ``question_days`` 30 and loses it under 10 and 0."""
    with Library.open(Settings(data_dir=tmp_path / "data"), embedder) as library:
        library.receipts.keep(answer("a"), TRACE)
        aged(library.engine, "a", 20)
    with Library.open(Settings(data_dir=tmp_path / "data", question_days=days), embedder) as library:
        library.expire()
        receipt = library.receipts.answer("a")
    assert receipt is not None
    assert bool(receipt["question"]) is kept


def test_usage_expires_after_400_days(library: Library) -> None:
    """The library lets go of usage older than 400 days and keeps the rest."""
    days = [now().date() - dt.timedelta(days=age) for age in (402, 398)]
    for day in days:
        library.usage.add(day, "page", Spent(1, 1))
    library.expire()
    assert [library.usage.spent(day).tokens for day in days] == [0, 2]


def test_answers_are_kept_while_others_are_purged(receipts: Receipts, engine: Engine) -> None:
    """Receipts that are stored while a purge is at work are all there, and none makes the other fail."""
    for number in range(2 * BATCH):
        receipts.keep(answer(str(number)), TRACE)
    moment = now()
    with ThreadPoolExecutor(4) as pool:
        purge = pool.submit(receipts.purge, moment)
        list(pool.map(lambda number: receipts.keep(answer(f"new {number}"), TRACE), range(100)))
        assert purge.result() == 2 * BATCH
    assert all(receipts.answer(f"new {number}") == answer(f"new {number}") for number in range(100))

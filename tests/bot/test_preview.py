"""What a change would do to answers is seen before it is published."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.answers import Answer, Message
from bot.preview import (
    Comparison,
    GoldenInvalid,
    GoldenResult,
    LibraryChanged,
    PreviewFailed,
    PreviewRunning,
    PreviewStopped,
    PreviewTooSlow,
    Progress,
    Question,
    compare,
    read_golden,
)
from bot.preview.asking import Pace, comparing
from bot.preview.golden import GoldenQuestion, missing
from bot.service import Bot
from ingest import asked
from ingest.database import AnswerRow, PreviewRow, now
from ingest.documents import Language, SourceDocument
from ingest.errors import UnknownDocument
from ingest.library import Library
from ingest.pins import PinContent, PinSource, PinStatement, Wording
from ingest.revisions import Edit, WrongState
from ingest.settings import ROOT, load
from tests.bot.chat.scripted import ScriptedModel
from tests.bot.library import TODAY
from tests.bot.previewing import BUS, COURSE, COVERS, FINANCES, GOLDEN, Desk, covering, opened

MARK = "Boulangerie Dupont de Ciney"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A library with two documents, its bot and its previews."""
    with opened(tmp_path) as found:
        yield found


def said(text: str, status: Any = "answered") -> Answer:
    """Return an answer that says *text*."""
    return Answer("x", "", "", "fr", status, text, TODAY.isoformat(), 1)


class Fixed:
    """A bot that says one thing, or fails on some questions; it counts what it was asked."""

    def __init__(self, answer: Answer, *, fails_on: Sequence[str] = ()) -> None:
        self.answer, self.fails_on = answer, fails_on
        self.asked: list[str] = []

    def replayed(self, question: str, history: Sequence[Message], language: Language | None, today: dt.date) -> Answer:
        """Return the answer."""
        self.asked.append(question)
        if question in self.fails_on:
            raise RuntimeError(f"secret: {question}")
        return self.answer


# --- what is compared --------------------------------------------------------------------------------------------


def test_a_control_question_that_breaks_is_worse(desk: Desk) -> None:
    """A figure that a control question expects and the change takes away is a regression; the rest is unchanged."""
    found = desk.run(desk.draft(covering("50 %")))
    assert (found.golden, found.passed_before, found.passed_after, found.unchanged) == (2, 2, 1, 1)
    [change] = found.changes
    assert (change.id, change.kind, change.is_regression) == ("g1", "worse", True)
    assert change.what[0] == "verdict"
    assert {"facts", "citations"} <= set(change.what)
    assert [(each.kind, each.detail) for each in change.after.missing] == [("fact", "70 %")]
    assert "70 %" in change.before.text
    assert "50 %" in change.after.text


def test_a_change_that_touches_no_answer_changes_none(desk: Desk) -> None:
    """A new document about something else leaves every answer as it is."""
    found = desk.run(desk.draft(BUS))
    assert (found.changes, found.passed_after) == ((), 2)


def test_a_control_question_that_gets_right_is_better(tmp_path: Path) -> None:
    """A control question that failed and passes after the change is better, and blocks nothing."""
    expected = {"status": ["answered"], "facts": ["50 %"]}
    with opened(tmp_path, [{**GOLDEN[0], "expected": expected}]) as desk:
        number = desk.draft(covering("50 %"))
        found = desk.run(number)
        assert [(change.kind, change.is_regression) for change in found.changes] == [("better", False)]
        assert desk.previews.verdict([number]) == "clear"


def test_losing_an_answer_is_worse_and_gaining_one_is_better(desk: Desk) -> None:
    """A visitor's question that gets a better answer is better; one that loses its document is worse."""
    desk.live.bot.ask("Combien paie la prime formation par heure de cours ?")
    number = desk.draft(COURSE)
    [gained] = desk.run(number).changes
    assert (gained.golden, gained.kind, gained.what[0]) == (False, "better", "status")
    assert (gained.before.status, gained.after.status) == ("partial", "answered")
    desk.library.publish([number], "paul")
    [lost] = desk.run(gone=["fr/formation"]).changes
    assert (lost.golden, lost.kind, lost.is_regression) == (False, "worse", False)


def test_other_figures_are_neither_better_nor_worse(desk: Desk) -> None:
    """Whether another figure is the right one, only a person can tell."""
    desk.live.bot.ask(COVERS)
    found = desk.run(desk.draft(covering("50 %")))
    [change] = [each for each in found.changes if not each.golden]
    assert change.kind == "other"
    assert change.what == ("facts", "citations")


def test_the_state_of_a_programme_is_compared(desk: Desk) -> None:
    """A last day that moves is seen, though the sentence that is quoted stays."""
    found = desk.run(desk.draft(covering("70 %", closes="2026-11-01")))
    [change] = found.changes
    assert "programmes" in change.what
    assert "facts" not in change.what
    assert (change.before.programmes[0].state, change.after.programmes[0].state) == ("open", "closed")


def test_only_another_wording_is_said_to_be_that(desk: Desk) -> None:
    """Answers that differ in nothing but words differ in their text only."""
    found = compare(Fixed(said("Oui.")), Fixed(said("Certes.")), [Question("a", "?")], TODAY)
    assert [(change.kind, change.what) for change in found.changes] == [("other", ("text",))]


# --- visitors' questions -----------------------------------------------------------------------------------------


def test_a_question_is_asked_once_after_the_same_turns_in_the_same_language(desk: Desk) -> None:
    """What differs by capitals and marks is one question; other turns or another language make it another."""
    turns = [Message("user", COVERS), Message("assistant", "Elle couvre 70 %.")]
    desk.live.bot.ask(COVERS)
    desk.live.bot.ask("combien couvre la prime numérique")
    desk.live.bot.ask(COVERS, language="nl")
    newest = desk.live.bot.ask("Et jusqu'à quand ?", turns)
    found = asked.questions(desk.library.engine, now() - dt.timedelta(days=1), 10)
    assert [each.language for each in found] == [None, "nl", None]
    assert (found[0].id, found[0].history) == (newest.id, (("user", COVERS), ("assistant", "Elle couvre 70 %.")))
    assert found[2].question == "combien couvre la prime numérique"
    assert len(asked.questions(desk.library.engine, now() - dt.timedelta(days=1), 2)) == 2
    assert desk.run(desk.draft(BUS)).real == 3


def test_a_purged_question_is_not_asked_again(desk: Desk) -> None:
    """What a receipt no longer holds cannot be asked."""
    desk.live.bot.ask(COVERS)
    desk.library.receipts.purge(now() + dt.timedelta(seconds=1))
    assert desk.run(desk.draft(BUS)).real == 0


def test_older_questions_than_a_month_are_left(desk: Desk) -> None:
    """A question of two months ago that is still kept is not asked."""
    old = desk.live.bot.ask(COVERS)
    with Session(desk.library.engine) as session, session.begin():
        session.get_one(AnswerRow, old.id).at = now() - dt.timedelta(days=60)
    assert desk.run(desk.draft(BUS)).real == 0


def test_what_is_kept_holds_no_words_of_visitors(desk: Desk) -> None:
    """A kept comparison names receipts; the question is read from them, and gone with them."""
    given = desk.live.bot.ask(f"{COVERS} Je demande pour {MARK}.")
    number = desk.draft(covering("50 %"))
    assert given.id in [change.id for change in desk.run(number).changes]
    with Session(desk.library.engine) as session:
        kept = json.dumps([row.data for row in session.scalars(select(PreviewRow))], ensure_ascii=False)
    assert given.id in kept
    assert MARK not in kept
    assert MARK in desk.previews.questions_of([given.id])[given.id]
    desk.library.receipts.purge(now() + dt.timedelta(seconds=1))
    assert desk.previews.questions_of([given.id]) == {}
    assert desk.previews.latest([number]) is not None


def test_a_preview_leaves_no_receipt(desk: Desk) -> None:
    """Answers of a preview are not stored as if somebody had asked."""
    desk.run(desk.draft(covering("50 %")))
    with Session(desk.library.engine) as session:
        assert session.scalar(select(func.count()).select_from(AnswerRow)) == 0


def test_no_language_model_is_asked(desk: Desk) -> None:
    """A preview quotes, even where a model phrases the answers of visitors."""
    model = ScriptedModel([])
    bot = Bot(desk.library.current, desk.settings, model=model)
    with desk.library.candidate([desk.draft(covering("50 %"))]) as snapshot:
        answer = bot.beside(snapshot).replayed(COVERS, (), None, TODAY)
    assert "50 %" in answer.text
    assert model.asked == []


# --- what is known of a change -----------------------------------------------------------------------------------


def test_a_regression_holds_back_the_publication(desk: Desk) -> None:
    """Nothing is known of a change first; one that breaks a control question is held back."""
    number = desk.draft(covering("50 %"))
    assert (desk.previews.verdict([number]), desk.previews.is_known([number])) == ("none", False)
    desk.run(number)
    assert (desk.previews.verdict([number]), desk.previews.is_known([number])) == ("regressions", True)
    assert desk.previews.blocks([number])


def test_regressions_need_not_hold_back(tmp_path: Path) -> None:
    """Where the setting says so, a regression is shown and blocks nothing."""
    with opened(tmp_path, preview_blocks=False) as desk:
        number = desk.draft(covering("50 %"))
        desk.run(number)
        assert desk.previews.verdict([number]) == "regressions"
        assert not desk.previews.blocks([number])


def test_a_change_without_regressions_is_clear(desk: Desk) -> None:
    """A preview in which no control question breaks holds nothing back."""
    number = desk.draft(BUS)
    desk.run(number)
    assert desk.previews.verdict([number]) == "clear"
    assert not desk.previews.blocks([number])


def test_a_preview_is_of_its_own_change_only(desk: Desk) -> None:
    """What was found of one draft says nothing of it together with another, whatever the order."""
    one, two = desk.draft(BUS), desk.draft(covering("50 %"))
    desk.run(two, one)
    assert desk.previews.verdict([one, two]) == "regressions"
    assert desk.previews.verdict([one]) == "none"
    assert desk.previews.verdict([one, two], ["fr/pret"]) == "none"


def test_a_publication_makes_a_preview_stale(desk: Desk) -> None:
    """After another document was published the preview is out of date and blocks nothing."""
    number = desk.draft(covering("50 %"))
    desk.run(number)
    desk.library.publish([desk.draft(BUS)], "paul")
    assert desk.previews.verdict([number]) == "stale"
    assert not desk.previews.blocks([number])


def test_an_edit_makes_a_preview_stale_and_waiting_does_not(desk: Desk) -> None:
    """A draft that waits for a second person would be served as it is; one with another title would not."""
    number = desk.draft(covering("50 %"))
    desk.run(number)
    desk.library.revisions.submit(number, "ella")
    assert desk.previews.verdict([number]) == "regressions"
    desk.library.revisions.edit(number, Edit(title="Prime au conseil"), "ella")
    assert desk.previews.verdict([number]) == "stale"


def test_other_control_questions_make_a_preview_stale(desk: Desk) -> None:
    """A preview that was made with other control questions says nothing of the present ones."""
    number = desk.draft(covering("50 %"))
    desk.run(number)
    assert desk.settings.golden_questions
    desk.settings.golden_questions.write_text(json.dumps(GOLDEN[1]), encoding="utf-8")
    assert desk.previews.verdict([number]) == "stale"


def test_a_validated_answer_makes_a_preview_stale(desk: Desk) -> None:
    """What staff validate or take back changes answers without a new generation: both sides are asked anew."""
    number = desk.draft(covering("50 %"))
    assert "70 %" in desk.run(number).changes[0].before.text
    said = (PinStatement("La prime numérique est à demander au guichet.", (1,)),)
    source = PinSource("fr/pret", "Le prêt vert finance des machines économes pour les entreprises.")
    content = PinContent((Wording(COVERS, "fr"),), {"fr": said}, (source,), "ella", dt.date(2027, 6, 1), 0.9)
    pin = desk.library.pins.activate(desk.library.pins.save(content, "ella").number, "paul", TODAY)
    assert desk.previews.verdict([number]) == "stale"
    desk.run(number)
    assert desk.previews.verdict([number]) == "clear"
    desk.library.pins.deactivate(pin.number, "paul")
    assert desk.previews.verdict([number]) == "stale"
    assert [change.id for change in desk.run(number).regressions] == ["g1"]


def test_a_preview_outlives_a_restart(tmp_path: Path) -> None:
    """What was kept is found again, whole, by those who open the library next."""
    with opened(tmp_path) as desk:
        number = desk.draft(covering("50 %"))
        found = desk.run(number)
    with opened(tmp_path) as desk:
        made = desk.previews.latest([number])
        assert made is not None
        assert (made.comparison, made.by, made.current) == (found, "ella", True)


def test_the_control_questions_are_asked_of_what_is_served(desk: Desk) -> None:
    """The present result names those that fail, is kept, and is out of date once something is published."""
    *steps, result = desk.previews.check("ella")
    assert isinstance(result, GoldenResult)
    assert [step.total for step in steps if isinstance(step, Progress)] == [2, 2]
    assert (result.passed, result.asked) == (2, 2)
    desk.library.publish([desk.draft(covering("50 %"))], "paul")
    made = desk.previews.present()
    assert made is not None
    assert not made.current
    *_, result = desk.previews.check("ella")
    assert isinstance(result, GoldenResult)
    assert list(result.failed) == ["g1"]
    made = desk.previews.present()
    assert made is not None
    assert (made.result, made.current) == (result, True)


# --- under attack ------------------------------------------------------------------------------------------------


def test_a_question_that_fails_is_a_finding(caplog: pytest.LogCaptureFixture) -> None:
    """A question that only the new side cannot answer is worse; what neither can is unchanged; no word is logged."""
    questions = [Question("a", "first"), Question("b", "second"), Question("c", "third")]
    old, new = Fixed(said("Oui."), fails_on=["second"]), Fixed(said("Oui."), fails_on=["first", "second"])
    with caplog.at_level(logging.DEBUG):
        found = compare(old, new, questions, TODAY)
    assert [(change.id, change.kind, change.what[0]) for change in found.changes] == [("a", "worse", "error")]
    assert found.asked == 3
    assert "second" not in caplog.text


def test_a_control_question_that_fails_is_a_regression() -> None:
    """A control question that the change makes impossible to answer is broken."""
    golden = GoldenQuestion.model_validate({**GOLDEN[0], "expected": {"status": ["answered"]}})
    new = Fixed(said("Oui."), fails_on=[COVERS])
    found = compare(Fixed(said("Oui.")), new, [Question.control(golden)], TODAY)
    assert [each.after.missing[0].kind for each in found.regressions] == ["error"]


def test_a_change_that_cannot_be_made_is_said_and_lets_others_go_on(desk: Desk) -> None:
    """A revision that is served already and a document that is not there are refused; the next preview is made."""
    number = desk.draft(BUS)
    desk.library.publish([number], "paul")
    with pytest.raises(WrongState):
        desk.run(number)
    with pytest.raises(UnknownDocument, match="fr/nothing"):
        desk.run(gone=["fr/nothing"])
    assert desk.previews.running is None
    desk.run(desk.draft(covering("50 %")))


def test_a_generation_that_cannot_be_built_is_one_sentence(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever breaks while the documents are indexed becomes one sentence, and the turn is given back."""

    @contextmanager
    def broken(*_: object) -> Iterator[None]:
        raise OSError("disk full")
        yield

    number = desk.draft(BUS)
    with monkeypatch.context() as patched:
        patched.setattr(desk.library, "candidate", broken)
        with pytest.raises(PreviewFailed, match="could not be indexed"):
            desk.run(number)
    assert desk.previews.running is None
    assert desk.run(number).asked == 2


def test_there_is_one_preview_at_a_time(desk: Desk) -> None:
    """Who begins a second one is told whose the first is; when that is dropped half-way the next one begins."""
    first = desk.previews.run([desk.draft(BUS)], [], "paul")
    for _ in range(2):
        next(first)
    with pytest.raises(PreviewRunning, match="A preview of paul is being made"):
        desk.run(desk.draft(covering("50 %")))
    first.close()  # type: ignore[attr-defined]
    assert desk.previews.running is None
    desk.run(desk.draft(covering("50 %")))


def test_a_preview_that_is_stopped_keeps_nothing(desk: Desk) -> None:
    """Stopping ends it before the next question; the next preview is not stopped with it."""
    number = desk.draft(covering("50 %"))
    work = desk.previews.run([number], [], "ella")
    next(work)
    next(work)
    desk.previews.stop()
    with pytest.raises(PreviewStopped):
        list(work)
    assert desk.previews.verdict([number]) == "none"
    assert desk.run(number).asked == 2


def test_receipts_that_are_purged_meanwhile_do_no_harm(desk: Desk) -> None:
    """A question that is taken out of its receipt during a preview is asked all the same, and not shown after."""
    given = desk.live.bot.ask(COVERS)
    work = desk.previews.run([desk.draft(covering("50 %"))], [], "ella")
    for _ in range(3):
        next(work)
    desk.library.receipts.purge(now() + dt.timedelta(seconds=1))
    *_, last = work
    assert isinstance(last, Comparison)
    assert given.id in [change.id for change in last.changes]
    assert desk.previews.questions_of([given.id]) == {}


def test_a_library_that_changes_meanwhile_makes_the_result_stale(desk: Desk) -> None:
    """The comparison ends on the generation that it began with, and is out of date at once."""
    number = desk.draft(covering("50 %"))
    work = desk.previews.run([number], [], "ella")
    for _ in range(2):
        next(work)
    desk.library.publish([desk.draft(covering("60 %"))], "paul")
    *_, last = work
    assert isinstance(last, Comparison)
    assert "70 %" in last.changes[0].before.text
    assert desk.previews.verdict([number]) == "stale"


def test_a_publication_between_two_generations_is_noticed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """When what is served changes while the other generation is built, nothing is compared."""
    number, bus = desk.draft(covering("50 %")), desk.draft(BUS)
    candidate = Library.candidate

    @contextmanager
    def overtaken(*change: Any) -> Iterator[Any]:
        with candidate(desk.library, *change) as snapshot:
            desk.library.publish([bus], "paul")
            yield snapshot

    monkeypatch.setattr(desk.library, "candidate", overtaken)
    with pytest.raises(LibraryChanged):
        desk.run(number)


# --- pace --------------------------------------------------------------------------------------------------------


def test_what_there_is_no_time_for_is_counted() -> None:
    """Visitors' questions that do not fit into the time are left out and counted; control questions may not be."""
    golden = Question.control(GoldenQuestion.model_validate(GOLDEN[0]))
    bot, over = Fixed(said("Oui.")), Pace(seconds=0.0, began=0.0)
    *_, found = comparing(bot, bot, [Question("a", "?")], TODAY, over)
    assert isinstance(found, Comparison)
    assert (found.asked, found.left_out) == (0, 1)
    with pytest.raises(PreviewTooSlow, match="GUICHET_PREVIEW_SECONDS"):
        list(comparing(bot, bot, [Question("a", "?"), golden], TODAY, over))


def test_control_questions_come_first() -> None:
    """They are asked before those of visitors: they are the ones that may hold a publication back."""
    golden = Question.control(GoldenQuestion.model_validate(GOLDEN[0]))
    bot = Fixed(said("Oui."))
    compare(bot, bot, [Question("a", "visitor"), golden], TODAY)
    assert bot.asked == [COVERS, COVERS, "visitor", "visitor"]


def test_it_stands_back_while_visitors_wait() -> None:
    """A question waits for the answers that are under way, though not for ever."""
    bot, waits = Fixed(said("Oui.")), iter([True, True, False, False])
    compared = comparing(bot, bot, [Question("a", "?")], TODAY, Pace(busy=lambda: next(waits)))
    assert isinstance(list(compared)[-1], Comparison)
    assert list(waits) == []
    stubborn = comparing(bot, bot, [Question("a", "?")], TODAY, Pace(busy=lambda: True))
    assert isinstance(list(stubborn)[-1], Comparison)


def test_a_bot_that_answers_is_busy(desk: Desk) -> None:
    """A live bot is busy from the first step of an answer to its end, also when the visitor leaves."""

    async def asking() -> None:
        seen = []
        async for _ in desk.live.stream(COVERS):
            seen.append(desk.live.busy)
        assert seen
        assert all(seen)
        assert not desk.live.busy
        left = desk.live.stream(COVERS)
        await anext(left)
        await left.aclose()
        assert not desk.live.busy

    asyncio.run(asking())


def test_answers_of_the_present_generation_are_remembered() -> None:
    """The second preview asks the old side nothing that it asked already, but what failed is asked again."""
    old, new = Fixed(said("Oui."), fails_on=["second"]), Fixed(said("Oui."))
    questions, known = [Question("a", "first"), Question("b", "second")], {}  # type: ignore[var-annotated]
    for _ in range(2):
        list(comparing(old, new, questions, TODAY, known=known))
    assert old.asked == ["first", "second", "second"]
    assert "first" not in repr(list(known))


# --- control questions -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fact", "text", "held"),
    [
        ("50 000 €", "Au maximum 50.000 euros.", True),
        ("50 000 €", "Au maximum 500 000 €.", False),
        ("5", "En 2025, 515 entreprises.", False),
        ("24 novembre 2023", "Clos depuis le 24/11/2023.", True),
        ("75 %", "Elle paie 75\u00a0% [1].", True),
        ("75 %", "Elle compte 75 membres.", False),
        ("plan d'action", "Un plan d’action est établi.", True),
        ("plan d'action", "Un plan d'actions est établi.", False),
        ("cinq jours|5 jours", "Il dure 5 jours.", True),
        ("cinq jours|5 jours", "Il dure 15 jours.", False),
    ],
)
def test_a_fact_is_found_however_it_is_written(fact: str, text: str, held: bool) -> None:
    """Figures and dates are compared by value, words as whole words, alternatives one by one."""
    question = GoldenQuestion.model_validate({**GOLDEN[0], "expected": {"status": ["answered"], "facts": [fact]}})
    assert (missing(question, said(text)) == ()) is held


def test_everything_that_is_lacking_is_named() -> None:
    """Status, language, each fact and the document are told apart."""
    question = GoldenQuestion.model_validate({**GOLDEN[0], "lang": "nl"})
    found = [(each.kind, each.detail) for each in missing(question, said("Non.", "not_in_sources"))]
    assert found == [("status", "not_in_sources"), ("language", "fr"), ("fact", "70 %"), ("document", "prime")]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "golden.jsonl, line 2: is no JSON object"),
        ("[]", "golden.jsonl, line 2"),
        (json.dumps({**GOLDEN[0], "id": "x", "lang": "es"}), "golden.jsonl, line 2: lang"),
        (json.dumps({**GOLDEN[0], "id": "x", "expected": {"status": ["right"]}}), "line 2: expected.status"),
        (json.dumps({**GOLDEN[0], "id": "x", "must": "70 %"}), "line 2: must"),
        (json.dumps({**GOLDEN[0], "id": "x", "expected": {"status": ["answered"], "facts": [" | "]}}), "facts"),
        (json.dumps(GOLDEN[0]), "the id g1 stands twice"),
        ("\udcff", "is not UTF-8"),
    ],
)
def test_a_wrong_file_is_named_with_its_line(tmp_path: Path, line: str, told: str) -> None:
    """A line that cannot be used is one sentence with the file, the line and the key."""
    file = tmp_path / "golden.jsonl"
    file.write_bytes(f"{json.dumps(GOLDEN[0])}\n{line}\n".encode("utf-8", "surrogateescape"))
    with pytest.raises(GoldenInvalid, match=told):
        read_golden(load(golden_questions=file))


def test_a_file_that_is_set_must_be_there(tmp_path: Path) -> None:
    """A path that leads nowhere is an error; a corpus without control questions has none."""
    with pytest.raises(GoldenInvalid, match="GUICHET_GOLDEN_QUESTIONS"):
        read_golden(load(golden_questions=tmp_path / "none.jsonl"))
    assert read_golden(load(corpus_dir=tmp_path)).questions == ()


def test_a_wrong_file_stops_a_preview_and_not_the_desk(desk: Desk) -> None:
    """A preview says what is wrong with the file; verdicts go on, out of date."""
    number = desk.draft(covering("50 %"))
    desk.run(number)
    assert desk.settings.golden_questions
    desk.settings.golden_questions.write_text("{", encoding="utf-8")
    with pytest.raises(GoldenInvalid):
        desk.run(number)
    assert desk.previews.verdict([number]) == "stale"


def test_the_bundled_control_questions_are_answered_right(bot: Bot) -> None:
    """Every control question that comes along passes on the starter corpus."""
    golden = read_golden(load(corpus_dir=ROOT / "corpus")).questions
    failed = {
        question.id: lacking
        for question in golden
        if (lacking := missing(question, bot.replayed(question.question, question.turns, None, TODAY)))
    }
    assert failed == {}


def test_the_bundled_control_questions_cover_the_product() -> None:
    """There are 60 to 100, in four languages, with limits of the sources, other regions, follow-ups, other subjects."""
    golden = read_golden(load(corpus_dir=ROOT / "corpus")).questions
    assert 60 <= len(golden) <= 100
    assert {question.lang for question in golden} == {"fr", "nl", "de", "en"}
    assert {"not_in_sources", "other_region", "out_of_scope"} <= {s for q in golden for s in q.expected.status}
    assert sum(bool(question.history) for question in golden) >= 4
    documents = {path.stem for path in (ROOT / "corpus").glob("??/*.md")}
    assert {id for question in golden for id in question.expected.documents} <= documents


# --- what receipts tell ------------------------------------------------------------------------------------------


def test_answers_are_measured(desk: Desk) -> None:
    """Words leave markers out, times are sums of the steps, and half or 95 of 100 answers took at most so long."""
    given = desk.live.bot.ask(COVERS)
    [one] = asked.given(desk.library.engine, now() - dt.timedelta(days=1))
    assert one.milliseconds == pytest.approx(sum(given.timings.values()))
    assert one.words == len(given.plain_text.replace(" %", "").replace(" :", "").split())
    many = [
        asked.Given(TODAY, "fr", status, 10, float(ms))
        for ms, status in zip(range(1, 101), ["answered", "refused"] * 50, strict=True)
    ]
    found = asked.measures(many)
    assert (found.answers, found.answered, found.words, found.p50, found.p95) == (100, 50, 10, 50, 95)
    assert asked.measures([]).p95 == 0


def test_thumbs_are_counted_by_day(desk: Desk) -> None:
    """Each thumb counts on the day that it was given."""
    given = desk.live.bot.ask(FINANCES)
    for rating in (1, 1, -1):
        desk.live.feedback(given.id, rating)
    found = asked.ratings(desk.library.engine, now() - dt.timedelta(days=1))
    assert sorted((rating, count) for (_, rating), count in found.items()) == [(-1, 1), (1, 2)]


# --- what is set for a day ---------------------------------------------------------------------------------------

TOMORROW = TODAY + dt.timedelta(days=1)


def scheduled(desk: Desk, document: SourceDocument, **despite: Any) -> int:
    """Return the number of a draft that is to be published tomorrow."""
    number = desk.draft(document)
    desk.library.revisions.schedule(number, TOMORROW, "paul", **despite)
    return number


def test_what_is_set_for_a_day_is_looked_at_on_that_day(desk: Desk) -> None:
    """A draft is published on its day in the name of who scheduled it, and not before; nobody has to be there."""
    number = scheduled(desk, BUS)
    desk.previews.publish_due(TODAY)
    assert desk.library.revisions.get(number).state == "scheduled"
    desk.previews.publish_due(TOMORROW)
    found = desk.library.revisions.get(number)
    assert (found.state, found.published_by) == ("published", "paul")
    made = desk.previews.latest([number])
    assert made
    assert made.by == "guichet"


def test_what_would_break_an_answer_is_held_back_on_its_day(desk: Desk) -> None:
    """A draft that breaks a control question is never published silently: it is a draft again that says why."""
    broken, clear = scheduled(desk, covering("50 %")), scheduled(desk, BUS)
    desk.previews.publish_due(TOMORROW)
    held = desk.library.revisions.get(broken)
    assert (held.state, held.publish_on) == ("draft", None)
    assert held.held == {"why": "regressions", "day": TOMORROW.isoformat(), "count": 1}
    assert desk.library.revisions.get(clear).state == "published"
    assert desk.library.journal.entries(action="held back")[0].by == "guichet"
    desk.library.revisions.edit(broken, Edit(title="Prime"), "ella")
    assert desk.library.revisions.get(broken).held is None


@pytest.mark.parametrize(("questions", "state"), [(["g1"], "published"), (["g2"], "draft"), ([], "draft")])
def test_a_reason_covers_the_questions_that_it_was_given_for(desk: Desk, questions: list[str], state: str) -> None:
    """Who scheduled in spite of some questions is heard on the day, as far as no others break."""
    number = scheduled(desk, covering("50 %"), overruled="décidé", questions=questions)
    desk.previews.publish_due(TOMORROW)
    assert desk.library.revisions.get(number).state == state


def test_what_cannot_be_found_out_is_held_back(tmp_path: Path) -> None:
    """Where the control questions could not be asked, staff decide."""
    with opened(tmp_path, preview_seconds=1e-9) as desk:
        number = scheduled(desk, BUS)
        desk.previews.publish_due(TOMORROW)
        assert (desk.library.revisions.get(number).held or {})["why"] == "unknown"


def test_two_drafts_for_one_day_are_both_held_back(desk: Desk) -> None:
    """Of two versions of one document that were set for one day, staff choose."""
    numbers = [scheduled(desk, covering("70 %")), scheduled(desk, covering("80 %"))]
    desk.previews.publish_due(TOMORROW)
    assert [(desk.library.revisions.get(number).held or {})["why"] for number in numbers] == ["doubled"] * 2


@pytest.mark.parametrize("blocks", [True, False])
def test_what_would_end_at_once_is_held_back(tmp_path: Path, blocks: bool) -> None:
    """A version whose last day is over on the day of its publication is not published, whoever publishes."""
    with opened(tmp_path, preview_blocks=blocks) as desk:
        number, other = scheduled(desk, BUS), scheduled(desk, COURSE)
        desk.library.revisions.mark(number, Edit(expires_on=TODAY.isoformat()), "ella")
        if blocks:
            desk.previews.publish_due(TOMORROW)
        else:
            desk.library.settle(TOMORROW)
        held = desk.library.revisions.get(number)
        assert (held.state, held.held) == ("draft", {"why": "ended", "day": TOMORROW.isoformat(), "count": 0})
        assert desk.library.revisions.get(other).state == "published"


def test_a_preview_that_somebody_makes_leaves_it_for_later(desk: Desk) -> None:
    """While another preview is made nothing is published and nothing held back; the next round does it."""
    number = scheduled(desk, BUS)
    other = desk.previews.run([desk.draft(COURSE)], (), "ella")
    next(other)
    desk.previews.publish_due(TOMORROW)
    assert desk.library.revisions.get(number).state == "scheduled"
    list(other)
    desk.previews.publish_due(TOMORROW)
    assert desk.library.revisions.get(number).state == "published"


def test_nothing_else_publishes_what_has_to_be_looked_at(tmp_path: Path) -> None:
    """Neither the first question of the day nor the start publishes it unseen; without the setting both do."""
    for name, blocks, state in (("a", True, "scheduled"), ("b", False, "published")):
        (tmp_path / name).mkdir()
        with opened(tmp_path / name, preview_blocks=blocks) as desk:
            number = desk.draft(covering("50 %"))
            desk.library.revisions.schedule(number, TODAY, "paul")
            desk.live.settle()
            assert desk.library.revisions.get(number).state == state


def test_the_candidate_is_in_the_order_of_what_is_served(desk: Desk) -> None:
    """The generation of a preview holds its documents in the order and with the versions that publishing gives them."""
    numbers = [desk.draft(BUS), desk.draft(covering("50 %"))]
    with desk.library.candidate(numbers) as snapshot:
        seen = [(key, info.version) for key, info in snapshot.documents.items()]
        assert not snapshot.documents["fr/bus"].is_settled
    desk.library.publish(numbers, "paul")
    assert seen == [(key, info.version) for key, info in desk.library.documents.items()]
    assert seen == [("fr/bus", 1), ("fr/pret", 1), ("fr/prime", 2)]

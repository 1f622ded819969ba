"""The judges themselves: each is given an answer made by hand whose verdict is plain to see."""

from __future__ import annotations

import dataclasses
import re

import pytest

from bot.answers import Answer, Citation, Statement
from tests.evaluation.bars import ANSWER_BARS
from tests.evaluation.figures import figures_of_answers
from tests.evaluation.metrics import (
    Question,
    bootstrap_interval,
    found_at,
    judge,
    ndcg_at,
    quote_found,
    read_records,
    recall_at,
    right_sheet,
    status_right,
    summarise,
    uncited,
)

PASSAGE = "Start IA dure cinq jours.\nIl est ouvert aux PME wallonnes."
CITATION = Citation(
    n=1, document="start-ia", version=1, title="Start IA", url=None, page=None, heading=None, language="fr",
    quote="Start IA dure cinq jours.", passage=PASSAGE, passage_id="p1", as_of="2026-11-01", confidence="high",
    link=None,
)  # fmt: skip
ANSWER = Answer(
    id="a1", question="Combien de jours dure Start IA ?", standalone_question="Combien de jours dure Start IA ?",
    language="fr", status="answered", text="Start IA dure cinq jours. [1]", as_of="2026-11-23", generation=1,
    statements=(Statement("Start IA dure cinq jours.", (1,), "fr"),), citations=(CITATION,),
)  # fmt: skip
QUESTION = Question(
    id="q1", lang="fr", kind="answerable", question="Combien de jours dure Start IA ?", sheets=("start-ia",),
    must=((r"(?:5|cinq)\s+jours", "five-day"),), must_not=("dix jours",),
)  # fmt: skip
DECLINE = dataclasses.replace(
    ANSWER, status="not_in_sources", text="Pas dans nos sources.", statements=(), citations=()
)
STORED = {"p1": PASSAGE}.get


def verdict(question=QUESTION, answer=ANSWER, **changes):
    """Judge a good answer, or one that differs from it in *changes*."""
    return judge(question, dataclasses.replace(answer, **changes), STORED, latency_ms=12.0)


def test_good_answer_has_no_failure():
    """An answer with every group, the sheet, the quote and the status passes and fails in nothing."""
    found = verdict()
    assert found.passed
    assert found.failures == ()
    assert (found.citations, found.quotes_found, found.words, found.latency_ms) == (1, 1, 5, 12.0)


def test_every_group_needs_a_hit():
    """The number of the group that no pattern of it hits is kept, and the answer does not pass."""
    found = verdict(dataclasses.replace(QUESTION, must=(("cinq",), ("juin", "june"), ("PME",))))
    assert found.missed == (2, 3)
    assert not found.passed


def test_patterns_ignore_case():
    """A pattern in small letters finds capitals."""
    assert verdict(text="START IA DURE CINQ JOURS.").passed


def test_forbidden_words_fail_the_answer():
    """One hit of must_not is enough to fail, whatever else is right."""
    found = verdict(text="Cinq jours, ou dix jours.")
    assert found.forbidden == ("dix jours",)
    assert not found.passed


def test_citation_marker_is_no_figure():
    """The 5 of the marker [5] does not count as the figure 5."""
    found = verdict(dataclasses.replace(QUESTION, must=((r"(?<!\d)5(?!\d)",),)), text="Plusieurs jours [5].")
    assert found.missed == (1,)


def test_another_sheet_fails_the_answer():
    """The right words from a sheet that does not hold them do not pass."""
    found = verdict(citations=(dataclasses.replace(CITATION, document="start-ai-brussels"),))
    assert found.right_sheet is False
    assert not found.passed


def test_one_right_sheet_among_others_is_enough():
    """Citing any one of the sheets suffices."""
    other = dataclasses.replace(CITATION, n=2, document="premiers-pas")
    assert right_sheet(QUESTION, dataclasses.replace(ANSWER, citations=(other, CITATION)))


def test_declined_kinds_need_no_sheet():
    """A question that no sheet answers is not judged by its citations."""
    question = dataclasses.replace(QUESTION, kind="unanswerable", must=(("pas dans nos sources",),))
    found = verdict(question, DECLINE)
    assert found.right_sheet is None
    assert found.passed


def test_silence_passes_only_with_the_right_status():
    """Where no words are asked for, the bot must have marked its refusal."""
    question = dataclasses.replace(QUESTION, kind="out_of_scope", sheets=(), must=())
    assert not verdict(question).passed
    assert verdict(question, DECLINE, status="refused").passed


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        ("answerable", ("answered", "partial"), ("not_in_sources", "clarify", "refused", "other_region")),
        ("followup", ("answered", "partial"), ("clarify", "unavailable")),
        ("closed", ("answered", "partial"), ("not_in_sources",)),
        ("contradiction", ("answered", "partial"), ("out_of_scope",)),
        ("unanswerable", ("not_in_sources", "partial"), ("answered", "refused")),
        ("out_of_scope", ("out_of_scope", "other_region", "refused"), ("answered", "not_in_sources")),
        ("adversarial", ("refused", "out_of_scope", "not_in_sources", "partial"), ("answered", "other_region")),
    ],
)
def test_status_of_each_kind(kind, right, wrong):
    """Each kind of question has its statuses, and no others are right."""
    question = dataclasses.replace(QUESTION, kind=kind)
    assert all(status_right(question, dataclasses.replace(ANSWER, status=status)) for status in right)
    assert not any(status_right(question, dataclasses.replace(ANSWER, status=status)) for status in wrong)


def test_other_region_is_right_for_sheets_of_elsewhere():
    """Sending a question on Flanders to Flanders is no false decline; one that Wallonia answers too is."""
    elsewhere = dataclasses.replace(QUESTION, sheets=("flanders", "bel-sme"))
    mixed = dataclasses.replace(QUESTION, sheets=("flanders", "start-ia"))
    assert verdict(elsewhere, status="other_region").false_decline is False
    assert verdict(mixed, status="other_region").false_decline is True


def test_false_decline_is_for_sourced_kinds_only():
    """Declining what a sheet answers is false; declining what none answers cannot be."""
    assert verdict(answer=DECLINE).false_decline is True
    assert verdict(dataclasses.replace(QUESTION, kind="unanswerable"), DECLINE).false_decline is None


@pytest.mark.parametrize(
    ("changes", "stored"),
    [
        ({"quote": "Start IA dure six jours."}, PASSAGE),
        ({"quote": ""}, PASSAGE),
        ({"passage": "Autre passage."}, PASSAGE),
        ({}, "Le passage a changé."),
        ({}, None),
    ],
)
def test_quote_stands_in_both_passages(changes, stored):
    """A quote that is empty, or missing from the passage shown or stored, is not found."""
    assert quote_found(CITATION, STORED)
    assert not quote_found(dataclasses.replace(CITATION, **changes), lambda passage_id: stored)


def test_statement_without_working_citation_is_uncited():
    """A statement without a number, or with one that leads nowhere, counts; one good number is enough."""
    statements = tuple(Statement("Texte.", numbers, "fr") for numbers in ((), (9,), (1,), (9, 1)))
    assert uncited(dataclasses.replace(ANSWER, statements=statements)) == 2


def test_summary_counts_only_what_applies():
    """Shares leave out the answers that a measure does not apply to; silence does not shorten the median length."""
    declined = verdict(dataclasses.replace(QUESTION, kind="unanswerable"), DECLINE)
    summary = summarise([verdict(), verdict(answer=DECLINE), declined])
    assert (summary.n, summary.right_sheet, summary.false_declines) == (3, 0.5, 0.5)
    assert (summary.words_median, summary.quotes_found, summary.latency_p95_ms) == (5, 1.0, 12.0)


def test_summary_of_nothing_claims_nothing():
    """An empty group has no shares, rather than perfect or zero ones."""
    summary = summarise([])
    assert summary.n == 0
    assert summary.passed is summary.quotes_found is summary.latency_p50_ms is None


def test_bars_are_met_by_good_answers():
    """Good answers to a sourced, a follow-up and a declined question meet every bar."""
    declined = verdict(dataclasses.replace(QUESTION, kind="unanswerable", must=(("sources",),)), DECLINE)
    followup = verdict(dataclasses.replace(QUESTION, kind="followup"))
    figures = figures_of_answers([verdict(), followup, declined])
    assert [bar.name for bar in ANSWER_BARS if not bar.check(figures).met] == []


def test_bars_are_missed_without_answers():
    """Bars over questions that were never asked are not met by default."""
    assert not any(bar.check(figures_of_answers([])).met for bar in ANSWER_BARS)


def test_slow_answers_miss_the_latency_bar():
    """A bar that is an upper limit is missed above it."""
    slow = dataclasses.replace(verdict(), latency_ms=61.0)
    (bar,) = (bar for bar in ANSWER_BARS if bar.key == "p95")
    assert not bar.check(figures_of_answers([slow])).met


def test_languages_are_as_far_apart_as_best_and_worst():
    """The spread is the best language's share of right answers less the worst one's, over sourced kinds only."""
    wrong = verdict(dataclasses.replace(QUESTION, lang="de"), text="Nein.")
    declined = verdict(dataclasses.replace(QUESTION, lang="nl", kind="unanswerable", must=(("x",),)), DECLINE)
    half = [verdict(dataclasses.replace(QUESTION, lang="de")), wrong]
    assert figures_of_answers([verdict(), *half, declined])["spread"].value == 0.5


def test_any_right_document_is_enough_to_be_found():
    """With several right documents, one among the first is found; recall counts them all."""
    assert found_at(["x", "b"], {"a", "b"}, 2) == 1.0
    assert found_at(["x", "b"], {"a", "b"}, 1) == 0.0


def test_recall_is_the_share_of_gold_found():
    """With several gold documents, recall counts how many of them stand above the line."""
    ranking = ["a", "x", "b", "y"]
    assert recall_at(ranking, {"a", "b"}, 1) == 0.5
    assert recall_at(ranking, {"a", "b"}, 3) == 1.0
    assert recall_at(ranking, {"c"}, 4) == 0.0


def test_ndcg_rewards_early_places():
    """The best order gives 1, a later place less, a miss 0; more gold than places can still give 1."""
    assert ndcg_at(["a", "b", "x"], {"a", "b"}, 10) == pytest.approx(1.0)
    assert ndcg_at(["x", "a"], {"a"}, 10) == pytest.approx(0.6309, abs=1e-4)
    assert ndcg_at(["x", "y"], {"a"}, 10) == 0.0
    assert ndcg_at(["a"], {"a", "b", "c"}, 1) == pytest.approx(1.0)


def test_bootstrap_interval_holds_the_mean_and_repeats():
    """The interval surrounds the mean, narrows with more values and is the same on every run."""
    few, many = bootstrap_interval([1, 0] * 10), bootstrap_interval([1, 0] * 500)
    assert few[0] < 0.5 < few[1]
    assert many[1] - many[0] < few[1] - few[0]
    assert bootstrap_interval([1, 0] * 10) == few
    assert bootstrap_interval([1, 1, 1]) == (1.0, 1.0)


def test_question_of_unknown_kind_is_named():
    """A question of a kind that has no right status is refused, by its id."""
    data = {**dataclasses.asdict(QUESTION), "kind": "riddle"}
    with pytest.raises(ValueError, match=re.escape("q1: unknown kind 'riddle'")):
        Question.from_json(data)


def test_question_without_a_key_is_named():
    """A question that lacks a key is refused, by its id and the key."""
    with pytest.raises(ValueError, match="q1: the key 'must' is missing"):
        Question.from_json({key: value for key, value in dataclasses.asdict(QUESTION).items() if key != "must"})


@pytest.mark.parametrize("line", ["{", "[1]", '"text"'])
def test_bad_line_is_named_by_its_number(tmp_path, line):
    """A line that is no JSON object is refused, with the file and the line."""
    path = tmp_path / "questions.jsonl"
    path.write_text(f'{{"id": 1}}\n\n{line}\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"questions\.jsonl, line 3"):
        read_records(path)

"""The golden questions, asked once, against the bars of the first release."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from bot.bootstrap import open_bot
from ingest.settings import load
from tests.evaluation.answers import GOLDEN, GOLDEN_DATE, Run, answer_all, read_questions
from tests.evaluation.metrics import FIRST_RELEASE


@pytest.fixture(scope="module")
def golden_run(tmp_path_factory):
    """The golden set, asked once of a bot with the starter corpus on the golden date."""
    settings = load(today=GOLDEN_DATE, data_dir=tmp_path_factory.mktemp("golden"))
    with open_bot(settings) as bot:
        return Run(GOLDEN, settings, answer_all(bot, read_questions(GOLDEN)))


@pytest.mark.parametrize("bar", FIRST_RELEASE, ids=lambda bar: bar.name)
def test_bar_of_the_first_release(golden_run, bar):
    """The answers to the golden questions meet each bar."""
    result = bar.check(golden_run.verdicts)
    failed = [
        f"{verdict.id} {verdict.kind}: {'; '.join(verdict.failures)}"
        for verdict in golden_run.verdicts
        if verdict.kind in bar.kinds and verdict.failures
    ]
    assert result.met, "\n".join((f"{bar.name}: {result.value}, limit {bar.limit}", *failed))


def test_run_folder_is_complete(golden_run, tmp_path):
    """A run leaves its config, its numbers and one row a question, and no secret or folder of the machine."""
    golden_run.write(tmp_path / "run")
    written = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "run").iterdir()}
    assert set(written) == {"config.json", "aggregates.json", "rows.jsonl"}
    assert written["rows.jsonl"].count("\n") == len(golden_run.results)
    assert str(golden_run.settings.data_dir) not in written["config.json"]
    assert "api_key" not in written["config.json"]


def test_golden_file_is_sound():
    """The ids of the golden questions are unique and every pattern compiles."""
    questions = read_questions(GOLDEN)
    assert Counter(question.id for question in questions).most_common(1)[0][1] == 1
    for question in questions:
        for pattern in (*question.must_not, *(pattern for group in question.must for pattern in group)):
            re.compile(pattern)

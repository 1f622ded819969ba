"""``python -m bot`` from the outside."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.__main__ import main
from ingest.documents import LANGUAGES
from ingest.settings import ROOT


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a guichet with three sheets in four languages."""
    corpus = tmp_path_factory.mktemp("corpus")
    for language in LANGUAGES:
        (corpus / language).mkdir()
        for sheet in ("start-ia", "tremplin-ia", "cetic"):
            shutil.copy(ROOT / "corpus" / language / f"{sheet}.md", corpus / language)
    data = tmp_path_factory.mktemp("data")
    return {"GUICHET_DATA_DIR": str(data), "GUICHET_CORPUS_DIR": str(corpus), "GUICHET_TODAY": "2026-11-23"}


@pytest.fixture(autouse=True)
def environment(folders: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command works on that guichet."""
    for name, value in folders.items():
        monkeypatch.setenv(name, value)


def written(path: Path, *questions: object) -> Path:
    """Write questions, one a line; a text is written as it is."""
    lines = (line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in questions)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def answers(path: Path) -> list[dict[str, object]]:
    """Read answers, one a line."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_ask_prints_answer_and_sources(capsys) -> None:
    """``ask`` prints the text, then each source with its number, date and link."""
    assert main(["ask", "Combien de jours dure Start IA ?"]) == 0
    printed = capsys.readouterr().out
    assert "cinq jours" in printed
    assert "\n[1] Start IA" in printed


def test_ask_json_prints_one_object(capsys) -> None:
    """``ask --json`` prints the whole answer as one JSON object and nothing else."""
    assert main(["ask", "Hoeveel organisaties zijn geselecteerd voor Tremplin IA?", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["language"], answer["citations"][0]["document"]) == ("nl", "tremplin-ia")
    assert answer["as_of"] == "2026-11-23"


def test_ask_in_another_language(capsys) -> None:
    """``--lang`` decides the language of the answer."""
    main(["ask", "CETIC", "--lang", "de", "--json"])
    assert json.loads(capsys.readouterr().out)["language"] == "de"


def test_program_runs_from_the_shell(folders: dict[str, str]) -> None:
    """``python -m bot ask … --json`` writes its object to standard output and ends with 0."""
    command = [sys.executable, "-m", "bot", "ask", "What is CETIC?", "--json"]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **folders}, capture_output=True, text=True, check=True, timeout=60
    )
    assert json.loads(done.stdout)["citations"][0]["document"] == "cetic"


def test_unwritable_data_folder_is_one_sentence(capsys, tmp_path, monkeypatch) -> None:
    """A data folder that cannot be one ends with 2 and a sentence that names the setting."""
    (tmp_path / "taken").write_text("a file")
    monkeypatch.setenv("GUICHET_DATA_DIR", str(tmp_path / "taken"))
    assert main(["ask", "CETIC"]) == 2
    assert "GUICHET_DATA_DIR" in capsys.readouterr().err


def test_batch_keeps_the_order(tmp_path) -> None:
    """One answer a line, in the order of the questions, each with the id of its question; empty lines are skipped."""
    asked = [{"id": f"q{n}", "question": text} for n, text in enumerate(("CETIC ?", "Tell me a joke", "Start IA ?"))]
    source = written(tmp_path / "in.jsonl", asked[0], "", asked[1], asked[2])
    assert main(["batch", str(source), str(tmp_path / "out.jsonl")]) == 0
    rows = answers(tmp_path / "out.jsonl")
    assert [row["question_id"] for row in rows] == ["q0", "q1", "q2"]
    assert [row["status"] for row in rows] == ["answered", "out_of_scope", "answered"]


def test_batch_takes_history_into_account(tmp_path) -> None:
    """A follow-up in a batch is about what its history spoke of."""
    question = "Et combien d'organisations ont été retenues ?"
    turns = {
        subject: [{"role": "user", "text": f"Qu'est-ce que {name} ?"}, {"role": "assistant", "text": "…"}]
        for subject, name in (("start-ia", "Start IA"), ("tremplin-ia", "Tremplin IA"))
    }
    rows = [{"id": subject, "question": question, "history": history} for subject, history in turns.items()]
    main(["batch", str(written(tmp_path / "in.jsonl", *rows)), str(tmp_path / "out.jsonl")])
    for row in answers(tmp_path / "out.jsonl"):
        assert row["citations"][0]["document"] == row["question_id"]


def test_batch_takes_lang_into_account(tmp_path) -> None:
    """A question that comes with ``lang`` is answered in that language."""
    source = written(tmp_path / "in.jsonl", {"id": "a", "question": "CETIC", "lang": "de"})
    main(["batch", str(source), str(tmp_path / "out.jsonl")])
    assert answers(tmp_path / "out.jsonl")[0]["language"] == "de"


@pytest.mark.parametrize(
    "bad",
    [
        "{not json",
        "[1, 2]",
        '"a text"',
        {"id": "b"},
        {"question": "Et ?", "history": "Start IA"},
        {"question": "Et ?", "history": [{"role": "user"}]},
        {"question": None},
        {"question": 5},
    ],
    ids=str,
)
def test_bad_line_is_named(capsys, tmp_path, bad: object) -> None:
    """A line that is no question ends the batch with 2 and a sentence that names file and line."""
    source = written(tmp_path / "in.jsonl", {"question": "CETIC ?"}, bad)
    assert main(["batch", str(source), str(tmp_path / "out.jsonl")]) == 2
    message = capsys.readouterr().err
    assert "in.jsonl" in message
    assert "line 2" in message


def test_answers_before_a_bad_line_are_kept(tmp_path) -> None:
    """What was answered before the bad line is in the file."""
    source = written(tmp_path / "in.jsonl", {"id": "good", "question": "CETIC ?"}, "{not json")
    main(["batch", str(source), str(tmp_path / "out.jsonl")])
    assert [row["question_id"] for row in answers(tmp_path / "out.jsonl")] == ["good"]


def test_missing_questions_are_one_sentence(capsys, tmp_path) -> None:
    """A file that is not there ends with 2 and its name."""
    assert main(["batch", str(tmp_path / "none.jsonl"), str(tmp_path / "out.jsonl")]) == 2
    assert "none.jsonl" in capsys.readouterr().err


def test_questions_that_are_not_utf8_are_one_sentence(capsys, tmp_path) -> None:
    """A file in another encoding ends with 2 and its name."""
    source = tmp_path / "in.jsonl"
    source.write_bytes('{"question": "Où est le CETIC ?"}\n'.encode("latin-1"))
    assert main(["batch", str(source), str(tmp_path / "out.jsonl")]) == 2
    assert "in.jsonl" in capsys.readouterr().err

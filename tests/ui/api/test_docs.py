"""What docs/api.md shows is run here, command by command."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bot.profiles import judged
from bot.service import Bot
from ui.problems import TITLES

TEXT = (Path(__file__).parents[3] / "docs" / "api.md").read_text("utf-8")
CARDS = (Path(__file__).parents[3] / "docs" / "programme-cards.md").read_text("utf-8")
COMMANDS = re.findall(r"```sh\n(.*?)```\n```\n(.*?)```", TEXT, re.DOTALL)
PROGRAMS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize(("command", "shown"), COMMANDS, ids=range(len(COMMANDS)))
def test_a_documented_command_shows_what_is_documented(address: str, command: str, shown: str) -> None:
    """Each command succeeds and prints every line that stands below it."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command], env=os.environ | {"GUICHET": address}, capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for line in shown.splitlines():
        assert line in done.stdout


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
def test_a_documented_program_prints_the_answer(address: str, program: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each Python example runs as it stands."""
    exec(compile(program, "docs/api.md", "exec"), {"GUICHET": address})
    assert "Start IA est un accompagnement de cinq jours" in capsys.readouterr().out


def test_the_program_on_cards_keeps_what_waits(corpus_bot: Bot) -> None:
    """What docs/programme-cards.md shows runs, and gives ``check`` the whole card: a waiting rule prevents a yes."""
    (program,) = re.findall(r"```python\n(.*?)```", CARDS, re.DOTALL)
    contradictions, today = corpus_bot.contradictions, corpus_bot.today
    held = {"library": corpus_bot.library, "contradictions": contradictions, "today": today}
    exec(compile(program, "docs/programme-cards.md", "exec"), held)
    found: Any = held
    waiting = [id for id, card in contradictions.cards.all(corpus_bot.library).items() if card.proposed]
    assert waiting
    assert all(found["cards"][id].proposed for id in waiting)
    (verdict,) = judged(corpus_bot.library, contradictions, {"size": "small", "seat": "wallonia"}, today, "fr",
                        ["cheque-maturite-numerique"])  # fmt: skip
    assert found["verdict"].truth == verdict.eligible


def test_every_command_is_run(address: str) -> None:
    """No command of the document escapes the test above, and each operation of programs is shown."""
    assert len(COMMANDS) == TEXT.count("```sh\n")
    assert len(PROGRAMS) == TEXT.count("```python\n") == 2
    for path in (
        "ask", "streams", "feedback", "answers/", "search", "programmes", "programmes/eic-accelerator", "calendar.ics",
        "eligibility", "documents", "documents/fr", "status", "openapi.json",
    ):  # fmt: skip
        assert f"$GUICHET/api/v1/{path}" in TEXT


def test_every_kind_of_refusal_is_told() -> None:
    """The table of errors names each kind of problem that the way in for programs can give."""
    for kind in ("bad_key", "key_needed", "foreign", "portal_closed", "key_scope", "wrong_host", "too_many",
                 "too_many_open", "one_at_a_time", "key_spent", "portal_spent", "not_resumable"):  # fmt: skip
        assert kind in TITLES
        assert f"`{kind}`" in TEXT

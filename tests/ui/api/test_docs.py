"""What docs/api.md shows is run here, command by command."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

TEXT = (Path(__file__).parents[3] / "docs" / "api.md").read_text("utf-8")
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


def test_every_command_is_run(address: str) -> None:
    """No command of the document escapes the test above, and each operation of programs is shown."""
    assert len(COMMANDS) == TEXT.count("```sh\n")
    assert len(PROGRAMS) == TEXT.count("```python\n") == 2
    for path in ("ask", "streams", "feedback", "answers/", "documents", "documents/fr", "status", "openapi.json"):
        assert f"$GUICHET/api/v1/{path}" in TEXT

"""One whole run for all tests that judge it, and a word on which question sets were not there to be measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.evaluation.released import Released
from tests.evaluation.suite import Evaluation, evaluate, golden_sets


@pytest.fixture(scope="session")
def released() -> Released:
    """The last release."""
    found = Released.read()
    assert found is not None, "there is no released.json; make one with python -m tests.evaluation --release"
    return found


@pytest.fixture(scope="session")
def evaluation(released: Released) -> Evaluation:
    """Everything measured once; MiniLM is too slow for CI, its released figures stand for it."""
    with pytest.MonkeyPatch.context() as environment:
        # The developer's own library and date are not what is judged.
        for name in ("GUICHET_DATA_DIR", "GUICHET_TODAY"):
            environment.delenv(name, raising=False)
        return evaluate(golden_sets(), borrowed=released.figures)


@pytest.fixture(scope="session")
def run_folder(evaluation: Evaluation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of that run, without plots."""
    folder = tmp_path_factory.mktemp("run")
    evaluation.write(folder)
    return folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line per missing set: ``-q`` would hide why a test was skipped."""
    folder = __name__.rpartition(".")[0].replace(".", "/")
    reasons = (
        report.longrepr[2].removeprefix("Skipped: ")
        for report in terminalreporter.getreports("skipped")
        if report.nodeid.startswith(f"{folder}/") and isinstance(report.longrepr, tuple)
    )
    for reason in dict.fromkeys(reasons):
        terminalreporter.write_line(f"skipped: {reason}", yellow=True)

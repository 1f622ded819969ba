"""Say aloud which question sets were not there to be measured."""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line per missing set: ``-q`` would hide why a test was skipped."""
    folder = __name__.rpartition(".")[0].replace(".", "/")
    for report in terminalreporter.getreports("skipped"):
        if report.nodeid.startswith(f"{folder}/") and isinstance(report.longrepr, tuple):
            terminalreporter.write_line(f"skipped: {report.longrepr[2].removeprefix('Skipped: ')}", yellow=True)

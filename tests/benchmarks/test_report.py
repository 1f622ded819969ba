"""What a run says of its figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.__main__ import main, median
from tests.benchmarks.report import END, START, Bar, Row, Run, release, table


@pytest.fixture
def run() -> Run:
    """A run of two sizes: a search that misses its bar, a tutorial stack that could not be had."""
    times = {1_000: (2.0, 4.0), 10_000: (8.0, 16.0)}
    measures = {
        f"retrieval_{size}": {"p50_ms": p50, "p95_ms": p95, "max_ms": 90.0} for size, (p50, p95) in times.items()
    }
    machine = {"processor": "abacus", "cores": 2, "memory_gb": 8.0, "system": "Linux 6", "python": "3.11"}
    measures["tutorial_ask"] = {"not_measured": "no torch"}
    return Run("2026-11-23", (1_000, 10_000), machine, {}, "abc", measures, loads={"retrieval_1000": [5.0, 1.0, 1.0]})


def test_missed_bar_is_said(run):
    """A figure beyond its bar is marked as missed in the table."""
    (row,) = (row for row in run.rows if row.what == "Search 10,000 passages, p95")
    assert row.met is False
    assert "| Search 10,000 passages, p95 | ms | 16 | ≤ 15 ✗ missed |" in table(run.rows)


def test_bar_from_below():
    """A rate meets its bar from the limit upwards, a time up to the limit."""
    rate, time = Bar(4_000, at_most=False), Bar(15)
    assert [rate.met(4_000), rate.met(3_999), time.met(15), time.met(15.1)] == [True, False, True, False]


def test_missing_figure_misses_its_bar():
    """A figure that could not be measured is no figure that is good enough."""
    assert Row("Search", "ms", None, Bar(15)).met is False


def test_what_could_not_be_had_is_said(run):
    """The tutorial stack's figures read "not measured", and the plot is drawn without them."""
    (line,) = (line for line in table(run.rows).splitlines() if line.startswith("| Search 1,000 passages, p95"))
    assert line == "| Search 1,000 passages, p95 | ms | 4 |  | not measured |"


def test_busy_machine_is_said(run):
    """A load above the number of cores is told beside the figures."""
    assert "others were at work" in run.place()


def test_run_folder(run, tmp_path: Path):
    """A run leaves its data, from which the same rows come again, its table and its plot."""
    run.write(tmp_path)
    assert Run.read(tmp_path).rows == run.rows
    assert (tmp_path / "table.md").read_text("utf-8").endswith(table(run.rows))
    assert "<svg" in (tmp_path / "latency.svg").read_text("utf-8")


def test_same_figures_same_plot(run, tmp_path: Path):
    """The plot of the same figures is the same file: the history shows changes only."""
    run.write(tmp_path / "one")
    run.write(tmp_path / "two")
    assert (tmp_path / "one" / "latency.svg").read_bytes() == (tmp_path / "two" / "latency.svg").read_bytes()


def test_release_writes_between_the_marks(run, tmp_path: Path):
    """The README gets the headline figures between its marks, twice the same, and keeps the rest."""
    readme, image = tmp_path / "README.md", tmp_path / "docs" / "bench.svg"
    readme.write_text(f"Before.\n{START}\nold\n{END}\nAfter.\n", "utf-8")
    release(run, readme, image)
    written = readme.read_text("utf-8")
    release(run, readme, image)
    assert readme.read_text("utf-8") == written
    assert written.startswith(f"Before.\n{START}\n")
    assert written.endswith(f"\n{END}\nAfter.\n")
    assert "old" not in written
    assert "| Search 10,000 passages, p95 |" in written
    assert image.exists()


def test_readme_without_marks_is_left_alone(run, tmp_path: Path):
    """Without its marks the README is not guessed into."""
    readme = tmp_path / "README.md"
    readme.write_text("Before.\n", "utf-8")
    with pytest.raises(ValueError, match="not both there"):
        release(run, readme, tmp_path / "bench.svg")
    assert readme.read_text("utf-8") == "Before.\n"


def test_medians_of_processes():
    """Figures of several processes become their median, a maximum the largest."""
    found = [{"a": {"p50_ms": value, "max_ms": value}, "model": "m"} for value in (3.0, 1.0, 2.0)]
    assert median(found) == {"a": {"p50_ms": 2.0, "max_ms": 3.0}, "model": "m"}


@pytest.mark.parametrize("arguments", [["--sizes", "0"], ["--sizes", "many"], ["--release", "--only", "answers"]])
def test_wrong_command_line(arguments, capsys):
    """Sizes that are none, and a release of half a run, are refused with a sentence."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "error:" in capsys.readouterr().err

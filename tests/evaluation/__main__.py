"""Measure everything and say how good this version is: ``python -m tests.evaluation [--release] [--failures]``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from ingest.errors import GuichetError
from tests.evaluation import plots
from tests.evaluation.answers import RESULTS, commit, list_failures, place
from tests.evaluation.baselines import minilm
from tests.evaluation.released import README, RELEASED, Released, public, readme_tables, with_tables
from tests.evaluation.report import report
from tests.evaluation.search import Meaning
from tests.evaluation.suite import Evaluation, evaluate, golden_sets
from ui import quality


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; 0 when the run was made, whether bars are met or not; 2 when it could not be."""
    parser = argparse.ArgumentParser(prog="python -m tests.evaluation", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--release", action="store_true", help="keep this run as the released one: released.json, public page, README"
    )
    parser.add_argument("--failures", action="store_true", help="list the questions that failed, with the reason")
    parser.add_argument("--without-minilm", action="store_true", help="do not run MiniLM even where it is installed")
    parser.add_argument("--out", type=Path, metavar="DIR", help="run folder (default: results/<date>)")
    options = parser.parse_args(arguments)
    if options.release and options.out:
        parser.error("a release is kept in results/<date>, where the README shows its plot; leave --out away")
    console = Console(highlight=False)
    try:
        released = Released.read()
        encoder = None if options.without_minilm else minilm()
        meaning = Meaning(encoder, released.minilm if released else {}) if encoder else None
        run = evaluate(golden_sets(), meaning, Console(stderr=True), released.figures if released else None)
        if options.release and run.absent:
            raise ValueError(f"a release needs every question set; not there: {', '.join(run.absent)}")
        folder = options.out or RESULTS / run.date.isoformat()
        run.write(folder)
        plots.draw(run, folder)
        if options.release:
            release(run, released)
    except (OSError, ValueError, GuichetError) as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    # Wide enough for a table that is sent into a file.
    wide = console if console.is_terminal else Console(highlight=False, width=150)
    report(run, released, wide)
    if options.failures:
        for answers in run.answers.values():
            list_failures(answers, console)
    console.print(f"Run folder: {place(folder)}", markup=False)
    return 0


def release(run: Evaluation, before: Released | None) -> None:
    """Keep *run* as the released one, in the three places that tell of it."""
    made = Released.of(run, before, commit())
    # All is made before anything is written: a run that cannot be told leaves the last release whole.
    tables = with_tables(README.read_text(encoding="utf-8"), readme_tables(made))
    told = public(run)
    made.write(RELEASED)
    quality.write(told, quality.FILE)
    README.write_text(tables, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())

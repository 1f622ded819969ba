"""``python -m tests.benchmarks [--sizes 1000,10000,100000] [--only NAME] [--release]``: how fast, how large."""

from __future__ import annotations

import argparse
import datetime as dt
import statistics
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markdown import Markdown

from ingest.settings import BRUSSELS, ROOT
from tests.benchmarks import machine
from tests.benchmarks.measures import NotMeasured, measure
from tests.benchmarks.report import Run, release, table

RESULTS = Path(__file__).parent / "results"
NAMES = ("reading", "embedding", "ingestion", "retrieval", "answers", "startup", "tutorial")
SIZES = (1_000, 10_000, 100_000)
COMPARED = 1_000
"""Passages that the tutorials' stack is given: it embeds some thirty a second."""
ONCE = 50_000
"""From this many passages on, a library is built once: it takes a minute, and chance weighs little over a minute."""


@dataclass
class Bench:
    """Takes the measures one after another, never two at a time, and keeps what each process found."""

    folder: Path
    console: Console
    repeats: int
    measures: dict[str, Any] = field(default_factory=dict)
    repetitions: dict[str, list[Any]] = field(default_factory=dict)
    loads: dict[str, list[float]] = field(default_factory=dict)

    def take(self, times: int, **measures: Callable[[int], dict[str, Any]]) -> None:
        """Call each of *measures* with 0, 1, … and keep its medians by name; a failure is kept with its reason.

        Several measures take turns, so that a neighbour who keeps the machine busy slows them alike.
        """
        self.loads |= dict.fromkeys(measures, machine.load())
        for number in range(times):
            for key, once in measures.items():
                if "not_measured" in self.measures.get(key, ()):
                    continue
                self.console.print(f"{key}, {number + 1} of {times} …", highlight=False)
                try:
                    self.repetitions.setdefault(key, []).append(once(number))
                    self.measures[key] = median(self.repetitions[key])
                except NotMeasured as reason:
                    self.console.print(f"{key}: not measured ({reason})", style="yellow", highlight=False, markup=False)
                    self.measures[key] = {"not_measured": str(reason)}

    def reading(self) -> None:
        """Read files."""
        self.take(1, reading=lambda _: measure("reading", repeats=self.repeats))

    def embedding(self) -> None:
        """Embed, and see what the model weighs."""
        self.take(
            self.repeats, embedding=lambda _: measure("embedding"), model_memory=lambda _: measure("model_memory")
        )

    def ingestion(self, size: int) -> None:
        """Build libraries of *size* passages; the last one is the one that is searched."""
        times = 1 if size >= ONCE else self.repeats
        self.take(times, **{f"ingestion_{size}": lambda _: measure("ingestion", size=size, folder=self.library(size))})

    def tutorial(self) -> None:
        """Build the library of the tutorials' stack."""
        self.take(1, tutorial_index=lambda _: measure("tutorial_index", folder=self.library("tutorial")))

    def retrieval(self, size: int, *, compare: bool = False) -> None:
        """Search the library of *size* passages, in turns with the tutorials' stack when they are to be compared."""
        measures = {f"retrieval_{size}": lambda _: measure("retrieval", folder=self.library(size))}
        if compare:
            measures["tutorial_ask"] = lambda _: measure("tutorial_ask", folder=self.library("tutorial"))
        self.take(self.repeats, **measures)

    def answers(self) -> None:
        """Answer the golden questions."""
        self.take(self.repeats, answers=lambda _: measure("answers"))

    def startup(self) -> None:
        """Start the server for the first time and again."""

        def start(number: int) -> dict[str, Any]:
            folder = self.library(f"server-{number}")
            first = measure("startup", folder=folder, questions=0)
            return {"first": first, "next": measure("startup", folder=folder)}

        self.take(self.repeats, startup=start)

    def library(self, name: int | str) -> str:
        """Return the folder of a library, called after its size or its use."""
        return str(self.folder / f"library-{name}")


def median(found: Sequence[Any]) -> Any:
    """Return the medians of figures that lie in dictionaries of one shape; of a maximum, the largest."""
    first = found[0]
    if isinstance(first, Mapping):
        return {
            key: max(one[key] for one in found) if key == "max_ms" else median([one[key] for one in found])
            for key in first
        }
    if isinstance(first, int | float):
        return statistics.median(found)
    return first


def runs(names: Collection[str], sizes: Sequence[int], repeats: int, console: Console) -> Iterator[Run]:
    """Take the measures *names* and yield the run as it grows: one that is cut short has left what it had."""
    with tempfile.TemporaryDirectory(prefix="guichet-benchmark-") as folder:
        bench = Bench(Path(folder), console, repeats)
        # Now, not at the end: the files that are measured are those of the start.
        commit, today = machine.commit(), str(dt.datetime.now(BRUSSELS).date())
        for step in _steps(bench, names, sizes):
            step()
            yield Run(
                date=today,
                sizes=tuple(sizes),
                machine=machine.describe(),
                versions=machine.versions(),
                commit=commit,
                repeats=repeats,
                measures=dict(bench.measures),
                repetitions=dict(bench.repetitions),
                loads=dict(bench.loads),
            )


def _steps(bench: Bench, names: Collection[str], sizes: Sequence[int]) -> Iterator[Callable[[], None]]:
    """Yield what to do in order; what is searched has to be built first, and is, without being asked for."""
    yield from (getattr(bench, name) for name in ("reading", "embedding", "answers", "startup") if name in names)
    if "tutorial" in names:
        yield bench.tutorial
        sizes = sorted({COMPARED, *sizes})
    for size in sizes:
        compare = "tutorial" in names and size == COMPARED
        if compare or not {"ingestion", "retrieval"}.isdisjoint(names):
            yield partial(bench.ingestion, size)
        if compare or "retrieval" in names:
            yield partial(bench.retrieval, size, compare=compare)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; 0 when the run was made, bars met or not."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Measure speed and memory.")
    parser.add_argument("--sizes", type=_sizes, default=SIZES, metavar="N,N", help="passages (1000,10000,100000)")
    parser.add_argument("--only", choices=NAMES, metavar="NAME", help=f"one of {', '.join(NAMES)}")
    parser.add_argument(
        "--repeats",
        type=int,
        choices=range(1, 10),
        default=3,
        metavar="N",
        help="processes that a figure is taken from (3)",
    )
    parser.add_argument(
        "--release", action="store_true", help="write the headline figures and the plot into the README"
    )
    parser.add_argument(
        "--from", dest="folder", type=Path, metavar="DIR", help="show a run made earlier, measure nothing"
    )
    options = parser.parse_args(arguments)
    if options.release and (options.only or tuple(options.sizes) != SIZES):
        parser.error("--release goes with a whole run: leave out --only and --sizes")
    try:
        finished = Run.read(options.folder) if options.folder else _measured(options)
    except (OSError, ValueError, TypeError) as error:
        parser.exit(
            2, f"{parser.prog}: {options.folder or 'results'}: no run is there, or it cannot be written ({error})\n"
        )
    if options.release:
        release(finished, ROOT / "README.md", ROOT / "docs" / "images" / "bench.svg")
    console = Console()
    console.print(Markdown(table(finished.rows if not options.only else finished.taken)))
    console.print(finished.place(), highlight=False, markup=False)
    return 0


def _measured(options: argparse.Namespace) -> Run:
    """Measure what is asked for, keep it in its folder after each step, and return the whole."""
    names = {options.only} if options.only else NAMES
    for finished in runs(names, options.sizes, options.repeats, Console(stderr=True)):
        finished.write(RESULTS / (f"{finished.date}-{options.only}" if options.only else finished.date))
    return finished


def _sizes(text: str) -> tuple[int, ...]:
    with suppress(ValueError):
        sizes = tuple(sorted({int(part) for part in text.split(",")}))
        if sizes and sizes[0] > 0:
            return sizes
    raise argparse.ArgumentTypeError(f"{text}: not a list of numbers such as 1000,10000")


if __name__ == "__main__":
    sys.exit(main())

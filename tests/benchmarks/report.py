"""Turn what was measured into rows with their bars, a table in Markdown, and a section of the README."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

START, END = "<!-- bench:start -->", "<!-- bench:end -->"
"""Between these two lines of the README stands what ``--release`` writes."""
NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Bar:
    """What a figure has to keep to."""

    limit: float
    at_most: bool = True

    def met(self, value: float) -> bool:
        """Say whether *value* keeps to the bar."""
        return value <= self.limit if self.at_most else value >= self.limit

    def __str__(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {number(self.limit)}"


SEARCH_BARS = {10_000: Bar(15), 100_000: Bar(50)}
"""For the 95th percentile of the search, by number of passages, in milliseconds."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure; ``None`` where it could not be measured."""

    what: str
    unit: str
    value: float | None
    bar: Bar | None = None
    tutorial: float | None = None
    headline: bool = False
    """Whether it stands in the README."""
    compared: bool = False
    """Whether the tutorial stack has a figure of this kind, measured or not."""

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; a figure that is missing misses it; ``None`` without a bar."""
        if self.bar is None:
            return None
        return self.value is not None and self.bar.met(self.value)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the benchmarks: what was measured, where and on which commit."""

    date: str
    sizes: tuple[int, ...]
    machine: Mapping[str, Any]
    versions: Mapping[str, str]
    commit: str | None
    measures: Mapping[str, Any]
    """Per measure its figures, medians of the repetitions; for a measure that failed ``{"not_measured": reason}``."""
    repetitions: Mapping[str, Any] = field(default_factory=dict)
    """Per measure the figures of each process, as they came."""
    repeats: int = 3
    """Processes that a figure is the median of."""
    loads: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """The load average of the machine when each measure began."""

    def value(self, *path: str) -> float | None:
        """Return the figure at *path*, or ``None`` where there is none."""
        found: Any = self.measures
        for name in path:
            if not isinstance(found, Mapping) or name not in found:
                return None
            found = found[name]
        return float(found)

    def search(self, size: int) -> tuple[float, float] | None:
        """Return p50 and p95 of our search among *size* passages, in milliseconds."""
        return self._middle_and_upper(f"retrieval_{size}")

    def tutorial_search(self) -> tuple[float, float] | None:
        """Return p50 and p95 of the tutorial stack's search, in milliseconds."""
        return self._middle_and_upper("tutorial_ask")

    def _middle_and_upper(self, measure: str) -> tuple[float, float] | None:
        middle, upper = self.value(measure, "p50_ms"), self.value(measure, "p95_ms")
        return None if middle is None or upper is None else (middle, upper)

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every figure that a reader may ask for, in the order of the table."""
        return (*self._taking_in(), *self._embedding(), *self._asking(), *self._starting())

    @property
    def taken(self) -> tuple[Row, ...]:
        """The rows that hold a figure: what a run of one measure has to show."""
        return tuple(row for row in self.rows if (row.value, row.tutorial) != (None, None))

    def _taking_in(self) -> Iterator[Row]:
        for name, text in (
            ("markdown", "Read the Markdown corpus"),
            ("pdf_generated", "Read a generated PDF"),
            ("pdf_real", "Read PDFs of others"),
        ):
            yield Row(text, "pages/s", self.value("reading", name, "pages_per_second"), headline=name != "pdf_real")
        for size in self.sizes:
            own = f"ingestion_{size}"
            bar = Bar(30) if size == 10_000 else None
            text = f"Take in {size:,} passages, all in"
            theirs = self._tutorial(size, "index", "seconds")
            yield Row(text, "s", self.value(own, "seconds"), bar, theirs, True, size == 1_000)
            theirs = self._tutorial(size, "index", "passages_per_second")
            yield Row(text, "passages/s", self.value(own, "passages_per_second"), None, theirs, False, size == 1_000)
            theirs = self._tutorial(size, "index", "cpu_seconds")
            yield Row(
                f"… processor time, {size:,}", "s", self.value(own, "cpu_seconds"), None, theirs, False, size == 1_000
            )
            yield Row(f"… memory at its peak, {size:,}", "MB more", self.value(own, "memory_added_mb"))
            yield Row(f"… on disk, {size:,}", "MB", self.value(own, "disk_mb"))

    def _embedding(self) -> Iterator[Row]:
        rate = self.value("embedding", "passages_per_second")
        yield Row("Embed passages, nothing else", "passages/s", rate, Bar(4_000, at_most=False), headline=True)
        yield Row("Embed one question, p50", "ms", self.value("embedding", "query", "p50_ms"), Bar(0.5))
        yield Row("Memory that the model adds", "MB", self.value("model_memory", "memory_mb"), Bar(60), headline=True)
        yield Row("Load the model", "ms", self.value("model_memory", "load_ms"))

    def _asking(self) -> Iterator[Row]:
        for size in self.sizes:
            own, shared = f"retrieval_{size}", size == 1_000
            for key, text in (("p50_ms", "p50"), ("p95_ms", "p95"), ("max_ms", "max")):
                bar = SEARCH_BARS.get(size) if key == "p95_ms" else None
                theirs = self._tutorial(size, "ask", key)
                told = f"Search {size:,} passages, {text}"
                yield Row(told, "ms", self.value(own, key), bar, theirs, key != "max_ms", shared)
            theirs = self._tutorial(size, "ask", "cpu_ms")
            work = self.value(own, "cpu_ms")
            yield Row(f"… {size:,}, processor time, mean", "ms", work, None, theirs, size == 1_000, shared)
            for language in ("fr", "nl", "de", "en"):
                value = self.value(own, "languages", language, "p95_ms")
                yield Row(f"… {size:,}, questions in {language}, p95", "ms", value)
            yield Row(f"… {size:,}, asked before, p95", "ms", self.value(own, "again", "p95_ms"))
            theirs = self._tutorial(size, "ask", "first_query_ms")
            first = self.value(own, "first_query_ms")
            yield Row(f"… {size:,}, first query after opening", "ms", first, None, theirs, False, shared)
            yield Row(f"… {size:,}, memory of the process", "MB", self.value(own, "memory_mb"))
        yield Row("Complete answer, starter corpus, p50", "ms", self.value("answers", "p50_ms"), headline=True)
        yield Row("Complete answer, starter corpus, p95", "ms", self.value("answers", "p95_ms"), Bar(60), headline=True)
        yield Row("Complete answer, asked before, p95", "ms", self.value("answers", "again", "p95_ms"))

    def _starting(self) -> Iterator[Row]:
        first = self.value("startup", "first", "ready_seconds")
        yield Row("First start, with the corpus taken in", "s", first, headline=True)
        theirs = self._tutorial(1_000, "ask", "ready_seconds")
        ready = self.value("startup", "next", "ready_seconds")
        yield Row("Next start, until ready", "s", ready, None, theirs, True, True)
        theirs = self._tutorial(1_000, "ask", "memory_mb")
        memory = self.value("startup", "next", "memory_asked_mb")
        yield Row("Memory of the running server", "MB", memory, None, theirs, True, True)

    def _tutorial(self, size: int, *path: str) -> float | None:
        step, *rest = path
        return self.value(f"tutorial_{step}", *rest) if size == 1_000 else None

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Return the run that was written to *folder*; raises ``OSError`` or ``ValueError`` when none is there."""
        data = json.loads((folder / "results.json").read_text("utf-8"))
        return cls(**{**data, "sizes": tuple(data["sizes"])})

    def write(self, folder: Path) -> None:
        """Write results.json, table.md and latency.svg."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "results.json").write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n", "utf-8")
        (folder / "table.md").write_text(f"{self.place()}\n\n{table(self.rows)}", "utf-8")
        _plot(self, folder / "latency.svg")

    def place(self) -> str:
        """Return one sentence that says where and when the figures were taken."""
        machine, loads = self.machine, [load[0] for load in self.loads.values()]
        shared = f", load average {min(loads):.1f} to {max(loads):.1f} while measuring" if loads else ""
        if loads and max(loads) > machine["cores"]:
            shared += " (others were at work: times are longer than on an idle machine)"
        processes = "one process" if self.repeats == 1 else f"{self.repeats} processes"
        return (
            f"Measured on {self.date} at commit {self.commit}, {processes} a figure: "
            f"{machine['processor']}, {machine['cores']} cores, "
            f"{machine['memory_gb']:.0f} GB, {machine['system'].split()[0]}, Python {machine['python']}{shared}."
        )


def table(rows: Sequence[Row]) -> str:
    """Return *rows* as a Markdown table."""
    lines = ["| what | | Guichet IA | bar | tutorial stack |", "|---|---|--:|---|--:|"]
    for row in rows:
        mark = "" if row.met is None else f"{row.bar} {'✓' if row.met else '✗ missed'}"
        theirs = "" if not row.compared else number(row.tutorial)
        lines.append(f"| {row.what} | {row.unit} | {number(row.value)} | {mark} | {theirs} |")
    return "\n".join(lines) + "\n"


def number(value: float | None) -> str:
    """Write *value* with as many digits as it deserves."""
    if value is None:
        return NOT_MEASURED
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def release(run: Run, readme: Path, image: Path) -> None:
    """Write the headline figures between the two marks of *readme* and the plot to *image*.

    A README without the marks is a ``ValueError``.
    """
    before, start, rest = readme.read_text("utf-8").partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise ValueError(f"{readme.name}: the lines {START} and {END} are not both there; put them in")
    image.parent.mkdir(parents=True, exist_ok=True)
    _plot(run, image)
    rows = [row for row in run.rows if row.headline]
    place = image.relative_to(readme.parent).as_posix()
    section = f"{run.place()}\n\n{table(rows)}\n![Milliseconds a search takes, by number of passages]({place})"
    readme.write_text(f"{before}{START}\n{section}\n{END}{after}", "utf-8")


def _plot(run: Run, path: Path) -> None:
    # Imported here: matplotlib takes a second, which a reader of rows need not wait for.
    from tests.benchmarks.plot import draw

    sizes = {size: run.search(size) for size in run.sizes}
    bars = {size: bar.limit for size, bar in SEARCH_BARS.items() if size in run.sizes}
    draw({size: found for size, found in sizes.items() if found}, bars, run.tutorial_search(), path)

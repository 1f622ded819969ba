"""Ask the bot every question of a golden set, judge what it says and keep the run as a folder.

``python -m tests.evaluation.answers QUESTIONS.jsonl [--json] [--failures] [--out DIR]``
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console
from rich.progress import track
from rich.table import Table
from rich.text import Text

from bot.answers import Answer, Message
from bot.bootstrap import open_bot
from ingest.documents import Language
from ingest.errors import GuichetError
from ingest.settings import BRUSSELS, ROOT, Settings, load
from tests.evaluation.bars import ANSWER_BARS, BarResult, check_all
from tests.evaluation.figures import Figure, figures_of_answers, in_words
from tests.evaluation.metrics import (
    Question,
    Summary,
    Verdict,
    judge,
    read_records,
    summarise,
)

RESULTS = Path(__file__).parent / "results"
GOLDEN = Path(__file__).parent / "golden.jsonl"
GOLDEN_DATE = dt.date(2026, 11, 23)
"""The day that the golden questions suppose."""
PACKAGES = ("guichet-ia", "chromadb", "numpy", "pydantic", "sqlalchemy", "tantivy", "tokenizers")


class Asker(Protocol):
    """What is measured: ``bot.Bot``, or anything that answers like it."""

    def ask(self, question: str, history: Sequence[Message] = (), language: Language | None = None) -> Answer:
        """Answer one question."""

    def passage_text(self, passage_id: str) -> str | None:
        """Return the stored text of a passage."""


@dataclass(frozen=True, slots=True)
class Result:
    """One question, its answer and the verdict."""

    question: Question
    answer: Answer
    verdict: Verdict

    def as_row(self) -> dict[str, Any]:
        """The line of ``rows.jsonl``."""
        return {
            **asdict(self.verdict),
            "failures": self.verdict.failures,
            "answer_language": self.answer.language,
            "text": self.answer.text,
            "cited": list(dict.fromkeys(citation.document for citation in self.answer.citations)),
            "timings": dict(self.answer.timings),
        }


@dataclass(frozen=True, slots=True)
class Run:
    """Every result of one run with the settings that gave them."""

    questions: Path
    settings: Settings
    results: tuple[Result, ...]

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The verdicts alone, in the order of the questions."""
        return tuple(result.verdict for result in self.results)

    @property
    def figures(self) -> dict[str, Figure]:
        """The figures that releases are compared by, by key."""
        return figures_of_answers(self.verdicts)

    @property
    def bars(self) -> tuple[BarResult, ...]:
        """The bars of this release, each met or missed."""
        return check_all(ANSWER_BARS, self.figures)

    def groups(self) -> dict[str, dict[str, Summary]]:
        """Summaries over all, per kind and per language; kinds and languages in the order of the questions."""
        everything = self.verdicts
        return {
            "overall": {"all": summarise(everything)},
            "kinds": {
                kind: summarise([verdict for verdict in everything if verdict.kind == kind])
                for kind in dict.fromkeys(verdict.kind for verdict in everything)
            },
            "languages": {
                lang: summarise([verdict for verdict in everything if verdict.lang == lang])
                for lang in dict.fromkeys(verdict.lang for verdict in everything)
            },
        }

    def aggregates(self) -> dict[str, Any]:
        """The content of ``aggregates.json``."""
        groups = self.groups()
        return {
            "n": len(self.results),
            "overall": asdict(groups["overall"]["all"]),
            "kinds": {name: asdict(summary) for name, summary in groups["kinds"].items()},
            "languages": {name: asdict(summary) for name, summary in groups["languages"].items()},
            "bars": [result.as_json() for result in self.bars],
        }

    def config(self) -> dict[str, Any]:
        """The content of ``config.json``: enough to run it again, without secrets or the machine's folders."""
        settings = self.settings.model_dump(
            mode="json", exclude={"llm_api_key", "llm_base_url", "embedding_api_key", "embedding_base_url"}
        )
        for key in ("data_dir", "corpus_dir"):
            settings[key] = place(Path(settings[key]))
        model = Path(self.settings.embedding_model)
        if model.is_dir():
            settings["embedding_model"] = place(model)
        return {
            "questions": {"file": self.questions.name, "sha256": _digest(self.questions), "n": len(self.results)},
            "settings": settings,
            "modes": sorted({result.answer.mode for result in self.results}),
            "generations": sorted({result.answer.generation for result in self.results}),
            "embedding_model": {"name": model.name, "sha256": _model_digest(self.settings)},
            "versions": {"python": platform.python_version(), **dict(_versions())},
            "commit": commit(),
        }

    def write(self, folder: Path) -> None:
        """Write the run folder; a run of the same day replaces it."""
        folder.mkdir(parents=True, exist_ok=True)
        rows = (json.dumps(result.as_row(), ensure_ascii=False) + "\n" for result in self.results)
        (folder / "rows.jsonl").write_text("".join(rows), encoding="utf-8")
        for name, content in (("config", self.config()), ("aggregates", self.aggregates())):
            text = json.dumps(content, ensure_ascii=False, indent=2)
            (folder / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def read_questions(path: Path) -> list[Question]:
    """Return the questions of a golden file in order."""
    return [Question.from_json(record) for record in read_records(path)]


def answer_all(bot: Asker, questions: Sequence[Question], console: Console | None = None) -> tuple[Result, ...]:
    """Ask every question as a visitor would, the language left to be detected, and judge the answers."""
    results = []
    quiet = console or Console(stderr=True, quiet=True)
    for question in track(questions, "Asking", console=quiet, transient=True):
        began = time.perf_counter()
        answer = bot.ask(question.question, history=question.history)
        latency_ms = (time.perf_counter() - began) * 1000
        results.append(Result(question, answer, judge(question, answer, bot.passage_text, latency_ms)))
    return tuple(results)


@contextlib.contextmanager
def evaluation_settings() -> Iterator[Settings]:
    """Yield settings for the golden date and a data folder that goes away, unless the environment names others."""
    today = None if os.environ.get("GUICHET_TODAY") else GOLDEN_DATE
    if os.environ.get("GUICHET_DATA_DIR"):
        yield load(today=today)
        return
    with tempfile.TemporaryDirectory(prefix="guichet-evaluation-") as folder:
        yield load(today=today, data_dir=Path(folder))


def run(path: Path, console: Console | None = None) -> Run:
    """Open the bot, ask every question of the file and return the judged run."""
    questions = read_questions(path)
    with evaluation_settings() as settings, open_bot(settings) as bot:
        return Run(path, settings, answer_all(bot, questions, console))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; 0 when the run was made, bars met or not."""
    parser = argparse.ArgumentParser(prog="python -m tests.evaluation.answers", description=__doc__.splitlines()[0])
    parser.add_argument("questions", type=Path, nargs="?", default=GOLDEN, help="golden file (default: golden.jsonl)")
    parser.add_argument("--json", action="store_true", help="print the aggregates as one JSON object, nothing else")
    parser.add_argument("--failures", action="store_true", help="list the questions that failed, with the reason")
    parser.add_argument("--out", type=Path, metavar="DIR", help="run folder (default: results/<date>-answers)")
    options = parser.parse_args(arguments)
    try:
        finished = run(options.questions, Console(stderr=True))
    except (OSError, ValueError, GuichetError) as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    folder = options.out or RESULTS / f"{dt.datetime.now(BRUSSELS).date()}-answers"
    finished.write(folder)
    if options.json:
        sys.stdout.write(json.dumps(finished.aggregates(), ensure_ascii=False) + "\n")
        return 0
    console = Console(highlight=False)
    report(finished, console)
    if options.failures:
        list_failures(finished, console)
    console.print(f"Run folder: {place(folder)}", markup=False)
    return 0


def report(finished: Run, console: Console) -> None:
    """Print a table per kind, one per language, and the bars."""
    groups = finished.groups()
    for title, rows in (("kind", groups["kinds"]), ("language", groups["languages"])):
        table = Table(title=f"Answers per {title}")
        table.add_column(title)
        for heading in (
            *("n", "pass", "95 %", "right sheet", "right status", "false declines", "language", "quotes"),
            *("uncited", "median words", "p50 ms", "p95 ms"),
        ):
            table.add_column(heading, justify="right")
        for name, summary in {**rows, **groups["overall"]}.items():
            table.add_row(name, *_cells(summary))
        console.print(table)
    bars = Table(title="Bars of this release")
    for heading in ("bar", "limit", "measured", ""):
        bars.add_column(heading)
    figures = finished.figures
    for result in finished.bars:
        limit = f"{'≤' if result.bar.at_most else '≥'} {in_words(result.limit, result.unit)}"
        verdict = Text("met", "green") if result.met else Text("missed", "red")
        bars.add_row(figures[result.bar.key].label, limit, in_words(result.value, result.unit), verdict)
    console.print(bars)


def list_failures(finished: Run, console: Console) -> None:
    """Print each question that failed: what was asked, what came back and what is wrong with it."""
    failed = [result for result in finished.results if result.verdict.failures]
    for question, answer, verdict in ((result.question, result.answer, result.verdict) for result in failed):
        console.print(Text(f"\n{verdict.id} {verdict.kind} {verdict.lang}: {'; '.join(verdict.failures)}", "bold"))
        for turn in question.history:
            console.print(Text(f"  {turn.role}: {turn.text}", "dim"))
        console.print(Text(f"  asked:  {question.question}"))
        console.print(Text(f"  status: {answer.status}"))
        console.print(Text(f"  text:   {answer.text}"))
        cited = dict.fromkeys(citation.document for citation in answer.citations)
        console.print(Text(f"  cited:  {', '.join(cited) or '–'}   right: {', '.join(question.sheets) or '–'}"))
        for number in verdict.missed:
            console.print(Text(f"  missed: {textwrap.shorten(' | '.join(question.must[number - 1]), 300)}", "red"))
        if question.note:
            console.print(Text(f"  note:   {question.note}", "dim"))
    console.print(f"\n{len(failed)} of {len(finished.results)} questions failed in some way.")


def _cells(summary: Summary) -> tuple[str, ...]:
    """The figures of one row of a table, in the order of its headings."""

    def percent(value: float | None) -> str:
        return "–" if value is None else f"{100 * value:.0f} %"

    def number(value: float | None) -> str:
        return "–" if value is None else f"{value:.0f}"

    low, high = summary.passed_interval or (None, None)
    return (
        str(summary.n),
        percent(summary.passed),
        f"{number(low and low * 100)}–{number(high and high * 100)}",
        percent(summary.right_sheet),
        percent(summary.status_right),
        percent(summary.false_declines),
        percent(summary.language_right),
        percent(summary.quotes_found),
        str(summary.uncited),
        number(summary.words_median),
        number(summary.latency_p50_ms),
        number(summary.latency_p95_ms),
    )


def place(path: Path) -> str:
    """Name a folder without naming the machine: relative to the repository, or its last part alone."""
    path = path.resolve()
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else f"…/{path.name}"


def _digest(*paths: Path) -> str:
    found = hashlib.sha256()
    for path in paths:
        found.update(path.read_bytes())
    return found.hexdigest()


def _model_digest(settings: Settings) -> str | None:
    """One digest over the files of the model's folder; ``None`` for a model that is named, not bundled."""
    folder = Path(settings.embedding_model)
    return _digest(*sorted(path for path in folder.rglob("*") if path.is_file())) if folder.is_dir() else None


def _versions() -> Iterator[tuple[str, str]]:
    for package in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            yield package, importlib.metadata.version(package)


def commit() -> str | None:
    """The commit of the working tree, with ``+`` when files differ from it; ``None`` outside a checkout."""
    try:
        head, changes = (
            subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
            for words in (("rev-parse", "HEAD"), ("status", "--porcelain", "--untracked-files=no"))
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return head + ("+" if changes else "")


if __name__ == "__main__":
    sys.exit(main())

"""A whole run: every golden set answered, every search measured, kept as a folder of data and plots."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from bot.bootstrap import open_bot
from bot.service import Bot
from ingest.settings import BRUSSELS
from tests.evaluation.answers import Run, answer_all, evaluation_settings, read_questions
from tests.evaluation.bars import ANSWER_BARS, DEVELOPED, SEARCH_BARS, Bar, BarResult, check_all, never_below
from tests.evaluation.figures import Figure
from tests.evaluation.retrieval import sets_folder
from tests.evaluation.search import (
    FOLLOW_UPS,
    OURS,
    Meaning,
    SearchSet,
    search_documents,
    search_follow_ups,
    search_set,
)

FOLDER = Path(__file__).parent
QA_SETS = ("de_xquad", "en_govt_multiturn", "fr_cnil_crpa", "fr_service_public", "nl_algoritmekader")
"""Question sets of others that a full run needs; a folder beside them that has another name is measured too."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """One value a question, between 0 and 1, for the comparison of two runs question by question."""

    ids: tuple[str, ...]
    values: tuple[float, ...]

    def by_id(self) -> dict[str, float]:
        """Return the value of each question."""
        return dict(zip(self.ids, self.values, strict=True))


@dataclass(frozen=True, slots=True)
class Corpus:
    """The state of the starter corpus in a run."""

    documents: int
    passages: int
    verified_on: str | None
    """The latest day on which an editor compared a sheet with its sources, ISO."""

    @classmethod
    def of(cls, bot: Bot) -> Corpus:
        """Look at the library of *bot*."""
        library = bot.library
        days = [str(info.meta["verified_on"]) for info in library.documents.values() if info.meta.get("verified_on")]
        return cls(bot.document_count, library.count(), max(days, default=None))


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything that one run measured."""

    date: dt.date
    answers: Mapping[str, Run]
    """By the name of the golden set."""
    searches: tuple[SearchSet, ...]
    absent: tuple[str, ...]
    """Question sets of others that were not there."""
    corpus: Corpus
    borrowed: Mapping[str, Figure] = field(default_factory=dict)
    """The figures of the last release: they stand for MiniLM where it was not run."""

    @property
    def figures(self) -> dict[str, Figure]:
        """Every figure by key; those of answers begin with the set's name: ``golden/answers/pass``."""
        found = {
            f"{name}/answers/{key}": figure for name, run in self.answers.items() for key, figure in run.figures.items()
        }
        for search in self.searches:
            found |= {key: self._with_borrowed(key, figure) for key, figure in search.figures().items()}
        return found

    def _with_borrowed(self, key: str, figure: Figure) -> Figure:
        before = self.borrowed.get(key)
        if "minilm" in figure.others or before is None or "minilm" not in before.others:
            return figure
        return replace(figure, others={**figure.others, "minilm": before.others["minilm"]})

    @property
    def minilm(self) -> dict[str, str]:
        """The texts of the sets on which MiniLM was run, by set."""
        ran = (search for search in self.searches if any("minilm" in row.scores for row in search.rows))
        return {search.name: search.texts for search in ran}

    def bars(self, *, room: float = 1.0) -> tuple[BarResult, ...]:
        """Return every bar of this release that can be checked in this run, each met or missed."""
        figures = self.figures
        return (
            *check_all(answer_bars(DEVELOPED), figures, room=room),
            *check_all([bar for bar in SEARCH_BARS if not self._lacks(bar.key)], figures),
            *check_all(never_below(figures), figures),
        )

    def _lacks(self, key: str) -> bool:
        return key.split("@", maxsplit=1)[0].split("/", maxsplit=1)[0] in self.absent

    @property
    def outcomes(self) -> dict[str, Outcomes]:
        """Return one value a question of each set: did the answer pass, was the right document among the first five."""
        found = {
            f"{name}/answers": Outcomes(
                tuple(verdict.id for verdict in run.verdicts),
                tuple(float(verdict.passed) for verdict in run.verdicts),
            )
            for name, run in self.answers.items()
        }
        for search in self.searches:
            for row in search.rows:
                # The rows of one language repeat questions of the row of all.
                if not (search.name.endswith("/documents") and row.key != search.name):
                    # Rounded as they are kept, so that a third is no difference to a third.
                    found[row.key] = Outcomes(row.ids, tuple(round(value, 3) for value in row.values(OURS, 5)))
        return found

    @property
    def texts(self) -> dict[str, str]:
        """Return the digest of the texts of each search set."""
        return {search.name: search.texts for search in self.searches}

    def aggregates(self) -> dict[str, Any]:
        """Return the content of ``aggregates.json``."""
        return {
            "date": self.date.isoformat(),
            "absent": list(self.absent),
            "figures": {key: figure.as_json() for key, figure in self.figures.items()},
            "bars": [result.as_json() for result in self.bars()],
            "answers": {name: run.aggregates() for name, run in self.answers.items()},
        }

    def config(self) -> dict[str, Any]:
        """Return the content of ``config.json``: what would be needed to run it again."""
        configs = {name: run.config() for name, run in self.answers.items()}
        shared = next(iter(configs.values()), {})
        return {
            **{key: value for key, value in shared.items() if key != "questions"},
            "questions": {name: config["questions"] for name, config in configs.items()},
            "searches": self.texts,
            "corpus": {"documents": self.corpus.documents, "passages": self.corpus.passages,
                       "verified_on": self.corpus.verified_on},
            "minilm": self.minilm,
        }  # fmt: skip

    def write(self, folder: Path) -> None:
        """Write the run folder without its plots; a run of the same day replaces it."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in (("config", self.config()), ("aggregates", self.aggregates())):
            (folder / f"{name}.json").write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in self._rows())
        (folder / "rows.jsonl").write_text("".join(lines), encoding="utf-8")

    def _rows(self) -> Iterator[dict[str, Any]]:
        for name, run in self.answers.items():
            for result in run.results:
                yield {"set": f"{name}/answers", **result.as_row()}
        for search in self.searches:
            yield from search.as_rows()


def answer_bars(name: str) -> tuple[Bar, ...]:
    """Return the bars of answers for the golden set *name*."""
    return tuple(Bar(f"{name}/answers/{bar.key}", bar.limit, bar.at_most, bar.against) for bar in ANSWER_BARS)


def golden_sets() -> list[Path]:
    """Return the golden-format files that lie here, the developers' set first."""
    found = (path for path in FOLDER.glob("*.jsonl") if path != FOLLOW_UPS)
    return sorted(found, key=lambda path: (path.stem != DEVELOPED, path.name))


def qa_sets() -> tuple[list[Path], tuple[str, ...]]:
    """Return the folders of the question sets of others, and the names of those that are not there."""
    folder = sets_folder() / "qa"
    there = sorted(path.parent for path in folder.glob("*/questions.jsonl"))
    return there, tuple(name for name in QA_SETS if name not in {path.name for path in there})


def evaluate(
    sets: Sequence[Path],
    meaning: Meaning | None = None,
    console: Console | None = None,
    borrowed: Mapping[str, Figure] | None = None,
) -> Evaluation:
    """Answer the golden *sets*, search the corpus for their sheets, and search every question set of others.

    *meaning* is the simpler search by meaning; where it is not run, figures that are *borrowed* stand for it.
    """
    said = console or Console(quiet=True)
    runs: dict[str, Run] = {}
    searches: list[SearchSet] = []
    with evaluation_settings() as settings, open_bot(settings) as bot:
        corpus = Corpus.of(bot)
        for path in sets:
            questions = read_questions(path)
            runs[path.stem] = Run(path, settings, answer_all(bot, questions, console))
            searches.append(search_documents(path.stem, questions, bot.library, meaning))
        searches.append(search_follow_ups(bot))
    folders, absent = qa_sets()
    for name in absent:
        said.print(f"skipped: question set qa/{name} is not there; GUICHET_TESTDATA names the folder of the sets")
    for folder in folders:
        said.print(f"Searching {folder.name}", style="dim")
        searches.append(search_set(folder, meaning))
    today = dt.datetime.now(BRUSSELS).date()
    return Evaluation(today, runs, tuple(searches), absent, corpus, borrowed or {})

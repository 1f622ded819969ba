"""The last release: its figures and, question by question, its outcomes; what it is compared with and how it is made.

``released.json`` holds what CI compares with, ``ui/quality.json`` what the public page tells, and the README's tables
stand between two marker comments. All three are written by ``python -m tests.evaluation --release``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.documents import LANGUAGES
from ingest.settings import ROOT
from tests.evaluation.bars import DEVELOPED, BarResult
from tests.evaluation.figures import Figure, in_words
from tests.evaluation.metrics import Estimate, Verdict
from tests.evaluation.suite import Corpus, Evaluation, Outcomes
from ui import quality

RELEASED = Path(__file__).parent / "released.json"
README = ROOT / "README.md"
BEGIN, END = "<!-- released figures: begin -->", "<!-- released figures: end -->"
COMPARABLE = 0.8
"""Share of the released questions that a set must still hold to be compared with its released outcomes."""


@dataclass(frozen=True, slots=True)
class Released:
    """What the last release measured."""

    date: str
    commit: str | None
    corpus: Corpus
    figures: Mapping[str, Figure]
    outcomes: Mapping[str, Outcomes]
    texts: Mapping[str, str]
    """Digest of the texts of each search set."""
    minilm: Mapping[str, str]
    """Digest of the texts on which MiniLM was measured; absent where it never was."""

    @classmethod
    def read(cls, path: Path = RELEASED) -> Released | None:
        """Return the last release; ``None`` where there is none yet."""
        if not path.is_file():
            return None
        data = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            date=data["date"],
            commit=data["commit"],
            corpus=Corpus(**data["corpus"]),
            figures={key: Figure.from_json(key, figure) for key, figure in data["figures"].items()},
            outcomes={key: _unpacked(outcome) for key, outcome in data["outcomes"].items()},
            texts=data["texts"],
            minilm=data["minilm"],
        )

    @classmethod
    def of(cls, run: Evaluation, before: Released | None, commit: str | None) -> Released:
        """Return the release that *run* makes; figures of MiniLM that were borrowed keep the texts they stand for."""
        kept = dict(before.minilm) if before else {}
        return cls(
            date=run.date.isoformat(),
            commit=commit,
            corpus=run.corpus,
            figures=run.figures,
            outcomes=run.outcomes,
            texts=run.texts,
            minilm=kept | run.minilm,
        )

    def write(self, path: Path = RELEASED) -> None:
        """Write the release, one figure and one set of outcomes a line."""
        corpus = self.corpus
        data = {
            "date": self.date,
            "commit": self.commit,
            "corpus": {"documents": corpus.documents, "passages": corpus.passages, "verified_on": corpus.verified_on},
            "texts": self.texts,
            "minilm": self.minilm,
        }
        lines = [f'"{key}": {_compact(value)}' for key, value in data.items()]
        lines += _block("figures", {key: figure.as_json() for key, figure in self.figures.items()})
        lines += _block("outcomes", {key: _packed(outcome) for key, outcome in self.outcomes.items()})
        path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Change:
    """How the outcomes of one set differ from the released ones, question by question."""

    key: str
    n: int
    """Questions in both."""
    difference: Estimate
    """Present less released, mean over the questions, with its interval."""
    worse: tuple[str, ...]
    better: tuple[str, ...]

    @property
    def regressed(self) -> bool:
        """Whether the whole interval lies below zero: worse by more than the choice of questions explains."""
        return self.difference.high is not None and self.difference.high < 0


def compare(present: Mapping[str, Outcomes], released: Mapping[str, Outcomes]) -> dict[str, Change]:
    """Return the change of every set that both runs asked; a set whose questions were replaced is left out."""
    changes = {}
    for key, before in released.items():
        if key not in present:
            continue
        now, then = present[key].by_id(), before.by_id()
        shared = [id for id in then if id in now]
        if not shared or len(shared) < COMPARABLE * len(then):
            continue
        differences = [now[id] - then[id] for id in shared]
        difference = Estimate.of(differences)
        assert difference is not None
        changes[key] = Change(
            key,
            len(shared),
            difference,
            tuple(id for id, step in zip(shared, differences, strict=True) if step < 0),
            tuple(id for id, step in zip(shared, differences, strict=True) if step > 0),
        )
    return changes


def _packed(outcomes: Outcomes) -> dict[str, Any]:
    """Ids with one digit each where all values are 0 or 1, else with the values."""
    whole = all(value in {0.0, 1.0} for value in outcomes.values)
    values = "".join(str(int(value)) for value in outcomes.values) if whole else list(outcomes.values)
    return {"ids": list(outcomes.ids), "values": values}


def _unpacked(data: Mapping[str, Any]) -> Outcomes:
    return Outcomes(tuple(data["ids"]), tuple(float(value) for value in data["values"]))


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _block(name: str, entries: Mapping[str, object]) -> list[str]:
    inner = ",\n".join(f' "{key}": {_compact(value)}' for key, value in entries.items())
    return [f'"{name}": {{\n{inner}\n}}']


# What the public page tells


def public(run: Evaluation) -> quality.Quality:
    """Return the figures for the public page; of several golden sets, those nobody worked with come first."""
    figures = run.figures
    names = sorted(run.answers, key=lambda name: (name == DEVELOPED, name))
    documents = [key for key in figures if key.endswith("@5") and key.startswith(f"{names[0]}/documents")]
    others = [key for key in figures if key.endswith("@5") and "/documents" not in key]
    return quality.Quality(
        released=run.date.isoformat(),
        verified_on=run.corpus.verified_on,
        documents=run.corpus.documents,
        sets=tuple(_answer_set(name, run) for name in names),
        searches=tuple(_search(figures[key]) for key in (*documents, *others) if not key.endswith("/every@5")),
        missed=tuple(_missed(result) for result in run.bars() if not result.met and result.value is not None),
    )


def _answer_set(name: str, run: Evaluation) -> quality.AnswerSet:
    verdicts = run.answers[name].verdicts
    figures = run.answers[name].figures
    return quality.AnswerSet(
        unseen=name != DEVELOPED,
        questions=len(verdicts),
        right=_share(figures["pass"]),
        right_sheet=_share(figures["right_sheet"]),
        declined=_share(figures["false_declines"]),
        limits=_share(figures["right_status"]),
        languages={
            language: _share(figures[f"pass.{language}"]) for language in LANGUAGES if f"pass.{language}" in figures
        },
        kinds={kind: _share(figures[f"pass.{kind}"]) for kind in quality.KINDS if f"pass.{kind}" in figures},
        quotes=_sum(verdicts, "citations"),
        quotes_found=_sum(verdicts, "quotes_found"),
        uncited=_sum(verdicts, "uncited"),
        words=round(figures["words"].value or 0),
        p95_ms=round(figures["p95"].value or 0),
    )


def _sum(verdicts: tuple[Verdict, ...], name: str) -> int:
    return sum(int(getattr(verdict, name)) for verdict in verdicts)


def _share(figure: Figure) -> quality.Share:
    found = figure.estimate
    if found is None:
        raise ValueError(f"{figure.key}: no question of the set measures it; a release needs every kind of question")
    return _as_share(found, figure.n)


def _as_share(estimate: Estimate, n: int) -> quality.Share:
    low = estimate.value if estimate.low is None else estimate.low
    high = estimate.value if estimate.high is None else estimate.high
    return quality.Share(n, round(estimate.value, 4), round(low, 4), round(high, 4))


def _search(figure: Figure) -> quality.Search:
    others = {name: _as_share(estimate, figure.n) for name, estimate in figure.others.items()}
    return quality.Search(
        figure.key.removesuffix("@5"), _share(figure), bm25=others.get("bm25"), minilm=others.get("minilm")
    )


def _missed(result: BarResult) -> quality.Missed:
    bar = result.bar
    assert result.value is not None
    limit = result.limit if result.limit is not None else 0.0
    return quality.Missed(bar.key, round(result.value, 4), round(limit, 4), result.unit, bar.at_most, bar.against)


# What the README tells


def readme_tables(released: Released) -> str:
    """Return the README's tables of a release in Markdown, markers included."""
    names = dict.fromkeys(key.partition("/")[0] for key in released.figures if "/answers/" in key)
    lines = [BEGIN, f"Release of {released.date}, {released.corpus.documents} sheets in four languages.", ""]
    shown = ("pass", *(f"pass.{language}" for language in LANGUAGES), "right_sheet", "false_declines",
             "right_status", "quotes", "uncited", "words", "p95")  # fmt: skip
    headings = ["answers", *(f"{_named(name)}" for name in names)]
    lines += _markdown(headings)
    for key in shown:
        found = [released.figures.get(f"{name}/answers/{key}") for name in names]
        label = next((figure.label for figure in found if figure), None)
        if label:
            lines.append(f"| {label} | " + " | ".join(_cell(figure) for figure in found) + " |")
    lines += ["", *_markdown(["right document among the first five", "n", "ours", "BM25 alone", "MiniLM alone"])]
    for key, figure in released.figures.items():
        if key.endswith("@5") and not key.endswith("/every@5"):
            cells = (in_words(figure.value, "share"), *(_other(figure, name) for name in ("bm25", "minilm")))
            label = figure.label.removesuffix(", Recall@5")
            lines.append(f"| {label} | {figure.n} | " + " | ".join(cells) + " |")
    picture = f"tests/evaluation/results/{released.date}/search.svg"
    lines += ["", f"![Recall at 5 of each question set: Guichet IA, BM25, MiniLM]({picture})"]
    return "\n".join([*lines, END])


def with_tables(text: str, tables: str) -> str:
    """Return the README *text* with *tables* between its markers; without markers it is a ``ValueError``."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README.md: the markers {BEGIN} and {END} are missing; put them where the tables belong")
    return before + tables + after


def _named(name: str) -> str:
    return f"{name} (developers' set)" if name == DEVELOPED else f"{name} (set apart)"


def _markdown(headings: list[str]) -> list[str]:
    return ["| " + " | ".join(headings) + " |", "|---" * len(headings) + "|"]


def _cell(figure: Figure | None) -> str:
    if figure is None or figure.estimate is None:
        return "–"
    found = figure.estimate
    text = in_words(found.value, figure.unit)
    if found.low is None or found.high is None:
        return text
    return f"{text} ({100 * found.low:.0f}–{100 * found.high:.0f}), n = {figure.n}"


def _other(figure: Figure, name: str) -> str:
    return in_words(figure.others[name].value, "share") if name in figure.others else "–"

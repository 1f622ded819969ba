"""Measure when a validated answer is given: to the questions that it is for, and to no other.

``python -m tests.evaluation.pins [--json] [--failures] [--golden QUESTIONS.jsonl …]``

``pinned/pairs.jsonl`` holds the questions of 25 pins, each with others that ask the same in four languages, and with
near misses: another programme, kind of amount, negation, year, Region, asker. The pins marked ``held`` were written
after the rules and are not developed on. Golden questions are held against every pin made of another one of them.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from bot.bootstrap import open_bot
from bot.sameness import Asking, asking, compare, points
from bot.service import Bot
from bot.validation import THRESHOLD
from ingest.documents import Language
from tests.evaluation.answers import evaluation_settings, read_questions

PAIRS = Path(__file__).parent / "pinned" / "pairs.jsonl"
CURVE = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9)


@dataclass(frozen=True, slots=True)
class Pair:
    """A pin's question and another one, with the score of the two: 0 where a rule keeps them apart."""

    pin: str
    question: str
    same: bool
    kind: str
    held: bool
    score: float


@dataclass(frozen=True, slots=True)
class Point:
    """What a threshold gives."""

    threshold: float
    precision: float
    recall: float
    wrong: int


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured."""

    pairs: int
    near_misses: int
    developed: list[Point]
    held: list[Point]
    wrong: list[Pair] = field(default_factory=list)
    missed: list[Pair] = field(default_factory=list)
    golden_pairs: int = 0
    golden_wrong: list[tuple[str, str, float]] = field(default_factory=list)
    milliseconds: float = 0.0


def measure(bot: Bot, golden: Sequence[Path] = ()) -> Report:
    """Score every pair, and every golden question against every other."""
    pairs = list(scored(bot))
    developed, held = ([pair for pair in pairs if pair.held is which] for which in (False, True))
    questions = [_ready(bot, text, language) for path in golden for text, language in _golden(bot, path)]
    wrong = [
        (one.text, other.text, likeness.score)
        for one in questions
        for other in questions
        if one.text != other.text
        and one.points == other.points
        and not (likeness := compare(one, other, bot.pins.retriever)).apart
        and likeness.score >= THRESHOLD
    ]
    return Report(
        len(pairs), sum(not pair.same for pair in pairs), curve(developed), curve(held),
        [pair for pair in pairs if not pair.same and pair.score >= THRESHOLD],
        [pair for pair in pairs if pair.same and pair.score < THRESHOLD],
        len(questions) * (len(questions) - 1), wrong, _milliseconds(bot, pairs),
    )  # fmt: skip


def scored(bot: Bot) -> Iterator[Pair]:
    """Yield every pair of the labelled set with its score."""
    for line in PAIRS.read_text(encoding="utf-8").splitlines():
        pin = json.loads(line)
        own = _ready(bot, pin["question"], pin["language"])
        for same in (True, False):
            for other in pin["same" if same else "other"]:
                likeness = compare(_ready(bot, other["question"], other["language"]), own, bot.pins.retriever)
                score = 0.0 if likeness.apart else likeness.score
                kind = other.get("kind", "")
                yield Pair(pin["question"], other["question"], same, kind, pin["held"], round(score, 3))


def curve(pairs: Sequence[Pair]) -> list[Point]:
    """Return precision and recall at each threshold; without any answer nothing is wrong."""
    points = []
    for threshold in CURVE:
        given = [pair for pair in pairs if pair.score >= threshold]
        right = sum(pair.same for pair in given)
        every = sum(pair.same for pair in pairs)
        precision = right / len(given) if given else 1.0
        points.append(Point(threshold, round(precision, 4), round(right / every, 4), len(given) - right))
    return points


def _ready(bot: Bot, text: str, language: Language) -> Asking:
    vector = bot.library.words_model.encode([text])[0]
    return asking(text, language, points(text, language), vector, bot.pins.retriever)


def _golden(bot: Bot, path: Path) -> Iterator[tuple[str, Language]]:
    for question in read_questions(path):
        draft = bot.consider(question.question, question.history)
        yield draft.standalone, draft.language


def _milliseconds(bot: Bot, pairs: Sequence[Pair]) -> float:
    """Return how long a question takes to be held against the pins there are: the best of five, in the middle."""
    taken = []
    for pair in pairs:
        rounds = []
        for _ in range(5):
            start = time.perf_counter()
            bot.pins.find(pair.question, "fr", bot.today)
            rounds.append((time.perf_counter() - start) * 1000)
        taken.append(min(rounds))
    return round(median(taken), 3)


def _table(report: Report) -> Table:
    table = Table("threshold", "precision", "recall", "wrong", "held: precision", "held: recall", "held: wrong")
    for one, other in zip(report.developed, report.held, strict=True):
        mark = " (default)" if one.threshold == THRESHOLD else ""
        table.add_row(
            f"{one.threshold:.2f}{mark}", f"{one.precision:.3f}", f"{one.recall:.3f}", str(one.wrong),
            f"{other.precision:.3f}", f"{other.recall:.3f}", str(other.wrong),
        )  # fmt: skip
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; 1 when a wrong answer would be given at the default threshold."""
    parser = argparse.ArgumentParser(prog="python -m tests.evaluation.pins", description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one object")
    parser.add_argument("--failures", action="store_true", help="list what is answered wrongly or missed")
    parser.add_argument("--golden", type=Path, nargs="*", default=[], metavar="FILE", help="golden questions")
    options = parser.parse_args(arguments)
    console = Console(highlight=False)
    with evaluation_settings() as settings, open_bot(settings) as bot:
        report = measure(bot, options.golden)
    if options.json:
        sys.stdout.write(json.dumps(asdict(report), ensure_ascii=False) + "\n")
    else:
        console.print(f"{report.pairs} pairs, {report.near_misses} of them near misses")
        console.print(_table(report))
        console.print(f"golden: {len(report.golden_wrong)} wrong of {report.golden_pairs} pairs")
        for pair in (*report.wrong, *report.missed) if options.failures else report.wrong:
            console.print(f"{'missed' if pair.same else 'wrong '} {pair.score:.2f}  {pair.question}  |  {pair.pin}")
        for one, other, score in report.golden_wrong:
            console.print(f"golden {score:.2f}  {one}  |  {other}")
    return 1 if report.wrong or report.golden_wrong else 0


if __name__ == "__main__":
    sys.exit(main())

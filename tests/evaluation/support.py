"""Measure the verification of phrased statements on labelled pairs: ``python -m tests.evaluation.support [--json]``.

Only the half of the pairs counts that ``python -m training.support`` did not see; ``--all`` takes both halves.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bot.bootstrap import open_bot
from bot.retrieval import Retriever
from bot.verification import Verdict, Verifier
from ingest.documents import LANGUAGES
from ingest.settings import load
from training.support import DATE, Pair, read


@dataclass(frozen=True, slots=True)
class Judged:
    """A pair with what the verification made of it."""

    pair: Pair
    verdict: Verdict
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Rates:
    """How many of the supported statements pass, and how many of the others pass too."""

    supported: int
    hits: int
    unsupported: int
    false_alarms: int

    @classmethod
    def of(cls, judged: Iterable[Judged]) -> Rates:
        """Count."""
        counted = Counter((each.pair.supported, each.verdict.ok) for each in judged)
        return cls(
            counted[True, True] + counted[True, False], counted[True, True],
            counted[False, True] + counted[False, False], counted[False, True],
        )  # fmt: skip

    @property
    def hit_rate(self) -> float:
        """Share of the supported statements that pass."""
        return self.hits / self.supported if self.supported else 0.0

    @property
    def false_alarm_rate(self) -> float:
        """Share of the unsupported statements that pass."""
        return self.false_alarms / self.unsupported if self.unsupported else 0.0


def judge(retriever: Retriever, pairs: Sequence[Pair]) -> list[Judged]:
    """Verify every statement, each timed."""
    verifier = Verifier(retriever)
    found = []
    for pair in pairs:
        start = time.perf_counter()
        verdict = verifier.check(pair.statement, pair.language, pair.quotes)
        found.append(Judged(pair, verdict, 1000 * (time.perf_counter() - start)))
    return found


def measured(judged: Sequence[Judged]) -> dict[str, Rates]:
    """Return the rates in all, by language of the statement, by whether its quotes are in it, and by kind."""
    languages = {each: [one for one in judged if one.pair.language == each] for each in LANGUAGES}
    foreign = [one for one in judged if all(quote.language != one.pair.language for quote in one.pair.quotes)]
    own = [one for one in judged if one not in foreign]
    kinds = dict.fromkeys(
        one.pair.kind for one in sorted(judged, key=lambda one: (not one.pair.supported, one.pair.kind))
    )
    groups = {
        "all": list(judged), **languages, "quotes in its language": own, "in another language": foreign,
        **{kind: [one for one in judged if one.pair.kind == kind] for kind in kinds},
    }  # fmt: skip
    return {name: Rates.of(group) for name, group in groups.items()}


def as_data(judged: Sequence[Judged]) -> dict[str, Any]:
    """Return all figures as plain data."""
    times = sorted(one.milliseconds for one in judged)
    reasons = Counter(one.verdict.reason or "verified" for one in judged)
    return {
        "n": len(judged),
        "groups": {
            name: asdict(rates)
            | {"hit_rate": round(rates.hit_rate, 3), "false_alarm_rate": round(rates.false_alarm_rate, 3)}
            for name, rates in measured(judged).items()
        },
        "reasons": dict(reasons),
        "milliseconds": {"median": round(times[len(times) // 2], 2), "p95": round(times[int(0.95 * len(times))], 2)},
    }


def report(data: dict[str, Any], console: Console) -> None:
    """Print one table."""
    table = Table(title=f"Verification of {data['n']} phrased statements")
    for heading in ("statements", "supported", "of these shown", "unsupported", "of these shown"):
        table.add_column(heading, justify="left" if heading == "statements" else "right")
    for name, row in data["groups"].items():
        shown = [
            (str(row[count]), f"{row[rate]:.1%}") if row[count] else ("", "")
            for count, rate in (("supported", "hit_rate"), ("unsupported", "false_alarm_rate"))
        ]
        table.add_row(name, *(cell for pair in shown for cell in pair))
    console.print(table)
    times = data["milliseconds"]
    console.print(f"Time a statement: median {times['median']} ms, 95 % within {times['p95']} ms")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.evaluation.support", description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object, nothing else")
    parser.add_argument("--all", action="store_true", help="measure the fitted half too")
    options = parser.parse_args(arguments)
    pairs = [pair for pair in read() if pair.held or options.all]
    with (
        tempfile.TemporaryDirectory(prefix="guichet-evaluation-") as folder,
        open_bot(load(data_dir=Path(folder), today=DATE)) as bot,
    ):
        judged = judge(bot._retriever, pairs)
    if options.json:
        sys.stdout.write(json.dumps(as_data(judged), ensure_ascii=False) + "\n")
    else:
        report(as_data(judged), Console(highlight=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Fit how likely quotes bear a statement out: ``python -m training.support`` writes the part *support* of
``bot/coefficients.json``.

The pairs of ``tests/evaluation/support`` are cut into two halves by their quotes, so that two statements on one quote
are never parted. The model is fitted on one half and the threshold is chosen there, over folds; the other half is
only measured (``python -m tests.evaluation.support``). Pairs that a figure or a name gives away are left out: the model
is asked only about those that pass so far. The fit, not the threshold, also sees statements with the quotes of another.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from bot.bootstrap import open_bot
from bot.retrieval import Retriever
from bot.support import Support, weigh_support
from bot.verification import Quote, Verifier
from ingest.documents import Language
from ingest.settings import ROOT, load

PAIRS = ROOT / "tests" / "evaluation" / "support"
DATE = dt.date(2026, 11, 23)
SEED = 7
SHIFT = 5
"""How many statements on the quotes of a misplaced one are taken from."""
FOLDS = 5
STRENGTH = 2.0
"""Inverse penalty of the logistic model: the pairs are few."""
FALSE_ALARMS = 0.15
"""Share of the unsupported statements that pass figures and names and may be taken for supported, in the folds."""


Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pair:
    """A statement with the quotes that it cites, and whether they bear it out."""

    id: str
    statement: str
    language: Language
    quotes: tuple[Quote, ...]
    supported: bool
    kind: str

    @property
    def held(self) -> bool:
        """Whether it belongs to the half that is measured and never fitted."""
        texts = "\n".join(sorted(quote.text for quote in self.quotes))
        return hashlib.sha256(f"{SEED}{texts}".encode()).digest()[0] % 2 == 0

    @property
    def group(self) -> str:
        """Pairs on the same first quote stay together."""
        return self.quotes[0].text


def read(folder: Path = PAIRS) -> list[Pair]:
    """Return the labelled pairs, in the order of their files."""
    rows = [
        json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()
    ]
    return [
        Pair(
            row["id"], row["statement"], row["language"],
            tuple(Quote(quote["text"], quote["language"], names=(quote["title"],)) for quote in row["quotes"]),
            row["supported"], row["kind"],
        )
        for row in rows
    ]  # fmt: skip


def features(retriever: Retriever, pair: Pair) -> Support:
    """Return what speaks for and against a pair."""
    return weigh_support(
        retriever, pair.statement, pair.language, [(quote.text, quote.language) for quote in pair.quotes],
        [(name, quote.language) for quote in pair.quotes for name in quote.names],
    )  # fmt: skip


def misplaced(pairs: Sequence[Pair]) -> list[Pair]:
    """Return the supported statements with quotes of another: about something else, as a wrong number cites."""
    good = [pair for pair in pairs if pair.supported]
    return [
        replace(pair, quotes=other.quotes, supported=False, kind="misplaced")
        for pair, other in zip(good, (*good[SHIFT:], *good[:SHIFT]), strict=True)
    ]


def fit(values: Matrix, good: NDArray[np.bool_], groups: Sequence[str], more: Matrix) -> dict[str, Any]:
    """Return weights, intercept and the threshold that lets no more false alarms pass in the folds than allowed.

    *more* are the features of misplaced statements.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold

    def fitted(rows: Any) -> LogisticRegression:
        model = LogisticRegression(C=STRENGTH, max_iter=5000)
        return model.fit(np.vstack([values[rows], more]), np.concatenate([good[rows], np.zeros(len(more), bool)]))

    likely = np.zeros(len(good))
    for seen, unseen in GroupKFold(FOLDS).split(values, good, groups):
        likely[unseen] = fitted(seen).predict_proba(values[unseen])[:, 1]
    threshold = float(np.quantile(likely[~good], 1 - FALSE_ALARMS))
    Console().print(
        f"support: {len(good)} pairs, {good.mean():.3f} supported, area under the curve "
        f"{roc_auc_score(good, likely):.3f}; from {threshold:.3f} on, hits {(likely[good] >= threshold).mean():.3f}, "
        f"false alarms {(likely[~good] >= threshold).mean():.3f}"
    )
    model = fitted(np.arange(len(good)))
    names = [field.name for field in fields(Support)]
    return {
        "weights": {name: round(float(weight), 3) for name, weight in zip(names, model.coef_[0], strict=True)},
        "intercept": round(float(model.intercept_[0]), 3),
        "threshold": round(threshold, 3),
    }


def main() -> None:
    """Fit on the half that is not held."""
    # Here, not above: the pairs are read where what only training needs is not installed.
    from training.coefficients import save

    names = [field.name for field in fields(Support)]
    save("support", {"weights": dict.fromkeys(names, 0.0), "intercept": 9.0, "threshold": 0.5})
    with (
        tempfile.TemporaryDirectory(prefix="guichet-training-") as folder,
        open_bot(load(data_dir=Path(folder), today=DATE)) as bot,
    ):
        verifier = Verifier(bot._retriever)
        open_to_doubt = [
            pair for pair in read() if not pair.held and verifier.check(pair.statement, pair.language, pair.quotes).ok
        ]
        others = [
            pair for pair in misplaced(open_to_doubt) if verifier.check(pair.statement, pair.language, pair.quotes).ok
        ]
        values, more = (
            np.array([[*asdict(features(bot._retriever, pair)).values()] for pair in pairs])
            for pairs in (open_to_doubt, others)
        )
    good = np.array([pair.supported for pair in open_to_doubt])
    save("support", fit(values, good, [pair.group for pair in open_to_doubt], more))


if __name__ == "__main__":
    main()

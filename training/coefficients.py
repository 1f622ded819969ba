"""Fit the coefficients of the answer path and draw how far its probabilities can be trusted.

``python -m training.coefficients`` reads ``questions.jsonl`` and ``messages.jsonl`` of this room and the developers'
golden questions, asks the bot, and writes ``bot/coefficients.json``,
``bot/scope.npz`` and ``docs/images/reliability.svg``.

Of ``questions.jsonl`` only each fifth question is used: the embedding model was trained on the others, and would look
better on them than it is. Three parts are fitted, each on what the one before gives:

- *statements*: a conditional logit over the statements of a question (McFadden, 1974), with an L2 penalty;
- *scope*: multinomial logistic regression over classes of messages (here all questions serve: the model's part in it
  is small, and without them hardly any message would be an everyday question);
- *evidence*: logistic regression for «one of the chosen statements answers».
"""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, cross_val_predict

from bot import coefficients as store
from bot import scope
from bot.answers import Message
from bot.bootstrap import open_bot
from bot.draft import Draft
from bot.evidence import Evidence, weigh
from bot.scope import LEAST_OURS, OURS, features
from bot.service import Bot
from bot.statements import SIGNALS, Candidate
from ingest.documents import Language
from ingest.embedding import StaticEmbedder
from ingest.settings import BUNDLED_MODEL, ROOT, load
from training import sheets

ROOM = Path(__file__).parent
GOLDEN = ROOT / "tests" / "evaluation" / "golden.jsonl"
DIAGRAM = ROOT / "docs" / "images" / "reliability.svg"
DATE = dt.date(2026, 11, 23)
"""The day that questions and answers suppose."""
FOLDS = 5
PENALTY = 0.05
"""Of the conditional logit, on the square of its weights."""
STRENGTH = 1.0
"""Inverse penalty of the logistic models."""
NOT_OURS = "other_subject"

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with what answers it: facts (``start-ia.f01``), or the topic of a gap, or nothing in the sources."""

    id: str
    text: str
    language: Language
    sheets: tuple[str, ...]
    facts: frozenset[str]
    gap: str | None = None
    history: tuple[Message, ...] = ()

    @property
    def group(self) -> str:
        """Questions on one sheet stay together when the set is split."""
        return self.sheets[0] if self.sheets else self.id


@dataclass(frozen=True, slots=True)
class Text:
    """A message with its class; variants of one idea have one group."""

    text: str
    language: Language
    label: str
    group: str


def read_questions(*, unseen: bool) -> list[Asked]:
    """Return the questions of this room; *unseen*: those that the embedding model has not seen, and the golden ones."""
    own = [json.loads(line) for line in (ROOM / "questions.jsonl").read_text("utf-8").splitlines()]
    kept = [row for row in own if int(row["id"].rpartition("-")[2]) % 5 == 0] if unseen else own
    golden = [json.loads(line) for line in GOLDEN.read_text("utf-8").splitlines()]
    kinds = ("answerable", "followup", "closed", "contradiction", "unanswerable")
    return [
        Asked(
            row["id"], row["question"], row["lang"], tuple(row["sheets"]), frozenset(row["facts"]), row.get("gap"),
            tuple(Message(turn["role"], turn["text"]) for turn in row.get("history", ())),
        )
        for row in (*kept, *(row for row in golden if unseen and row["kind"] in kinds))
    ]  # fmt: skip


def read_messages() -> list[Text]:
    """Return the labelled messages."""
    rows = [json.loads(line) for line in (ROOM / "messages.jsonl").read_text("utf-8").splitlines()]
    return [Text(row["question"], row["lang"], row["label"], row["group"]) for row in rows]


class Places:
    """Tells which fact of the corpus a statement is."""

    def __init__(self) -> None:
        self._facts = {
            (statement.language, statement.sheet, statement.text): statement.place.partition(".")[0]
            for sheet in sheets.read(ROOT / "corpus")
            for statement in sheet.statements
        }

    def answers(self, question: Asked, candidate: Candidate) -> bool:
        """Return whether a statement answers *question*: one of its facts, or the gap that is asked for."""
        if candidate.span.role == "gap":
            return bool(question.gap) and candidate.document in question.sheets and candidate.span.topic == question.gap
        place = self._facts.get((candidate.passage.language, candidate.document, candidate.text))
        return f"{candidate.document}.{place}" in question.facts


def fit_statements(drafts: Sequence[Draft], right: Sequence[NDArray[np.bool_]]) -> dict[str, float]:
    """Return the weight of each signal by the likelihood of the right statements among all that were looked at."""
    groups = [
        (np.stack([candidate.signals for candidate in draft.candidates]), good)
        for draft, good in zip(drafts, right, strict=True)
        if good.any()
    ]

    def loss(weights: Matrix) -> tuple[float, Matrix]:
        value, slope = 0.5 * PENALTY * float(weights @ weights), PENALTY * weights
        for signals, good in groups:
            scores = signals @ weights
            shares = np.exp(scores - scores.max())
            shares /= shares.sum()
            likely = shares[good].sum() + 1e-12
            value -= float(np.log(likely))
            slope = slope - signals.T @ (shares * good / likely - shares)
        return value, slope

    found = minimize(loss, np.zeros(len(SIGNALS)), jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
    first = [good[int(np.argmax(signals @ found))] for signals, good in groups]
    Console().print(f"statements: {len(groups)} questions, right one first {np.mean(first):.3f}")
    return {name: round(float(weight), 3) for name, weight in zip(SIGNALS, found, strict=True)}


def fit_scope(seen: Matrix, labels: Sequence[str], groups: Sequence[str], spoken: int) -> None:
    """Write the multinomial model, and say how it does on folds that it was not fitted on."""
    classes = np.unique(labels)
    model = LogisticRegression(C=STRENGTH, max_iter=5000)
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=1)
    likely = cross_val_predict(model, seen, labels, groups=groups, cv=folds, method="predict_proba")
    ours = np.asarray(labels) == OURS
    border = np.arange(len(labels)) < spoken
    declined = likely[:, list(classes).index(OURS)] < LEAST_OURS
    Console().print(
        f"scope: {len(labels)} messages, questions declined {declined[ours & ~border].mean():.3f}, "
        f"of those that look like something else {declined[ours & border].mean():.3f}, "
        f"others taken for ours {1 - declined[~ours].mean():.3f}, log loss {log_loss(labels, likely):.3f}"
    )
    model.fit(seen, labels)
    save_scope(model.classes_, model.coef_, model.intercept_)


def save_scope(labels: Sequence[str], weights: Matrix, intercepts: Matrix) -> None:
    """Write the weights of scope in half precision: they are many."""
    np.savez_compressed(
        scope.WEIGHTS, labels=np.array(labels, dtype=str), weights=weights.astype(np.float16),
        intercepts=intercepts.astype(np.float16),
    )  # fmt: skip


def fit_evidence(weighed: Sequence[Evidence], good: NDArray[np.bool_], groups: Sequence[str]) -> dict[str, Any]:
    """Return the logistic model, and draw how its probabilities on unseen folds compare with what was right."""
    names = [*asdict(weighed[0])]
    values = np.array([[*asdict(each).values()] for each in weighed])
    model = LogisticRegression(C=STRENGTH, max_iter=5000)
    likely = cross_val_predict(model, values, good, groups=groups, cv=GroupKFold(FOLDS), method="predict_proba")[:, 1]
    error = draw_reliability(likely, good)
    Console().print(
        f"evidence: {len(good)} answers, {good.mean():.3f} right, area under the curve "
        f"{roc_auc_score(good, likely):.3f}, calibration error {error:.3f}"
    )
    model.fit(values, good)
    weights = {name: round(float(weight), 3) for name, weight in zip(names, model.coef_[0], strict=True)}
    return {"weights": weights, "intercept": round(float(model.intercept_[0]), 3)}


def draw_reliability(likely: Matrix, good: NDArray[np.bool_]) -> float:
    """Draw the reliability diagram and return the expected calibration error over ten bins (Naeini et al., 2015)."""
    from matplotlib.figure import Figure

    bins = np.clip((likely * 10).astype(int), 0, 9)
    held = [place for place in range(10) if (bins == place).any()]
    means = [likely[bins == place].mean() for place in held]
    shares = [good[bins == place].mean() for place in held]
    counts = [int((bins == place).sum()) for place in held]
    figure = Figure(figsize=(6, 4.5), facecolor="#fbfaf7", layout="constrained")
    axes = figure.add_subplot(facecolor="#fbfaf7")
    axes.plot([0, 1], [0, 1], color="#5b6472", linewidth=1, linestyle="--", label="as it should be")
    axes.plot(means, shares, color="#0b6e6e", marker="o", label="answers, five folds")
    for mean, share, count in zip(means, shares, counts, strict=True):
        axes.annotate(
            str(count), (mean, share), xytext=(6, -12), textcoords="offset points", color="#14213d", fontsize=9
        )
    axes.set(xlabel="probability that the answer holds what is asked", ylabel="share of answers that do",
             xlim=(0, 1), ylim=(0, 1))  # fmt: skip
    axes.set_title("How far the evidence score can be trusted (numbers: answers)", fontsize=11, loc="left")
    axes.legend(frameon=False)
    figure.savefig(DIAGRAM, metadata={"Date": None})
    return float(
        sum(count * abs(mean - share) for mean, share, count in zip(means, shares, counts, strict=True)) / len(good)
    )


def ask(bot: Bot, questions: Sequence[Asked]) -> list[Draft]:
    """Return what the bot finds for each question."""
    return [bot.consider(each.text, each.history, each.language) for each in track(questions, "asking")]


def save(part: str, found: dict[str, Any]) -> None:
    """Write one part of the coefficients, from now on in force."""
    everything = json.loads(store.FILE.read_text("utf-8")) if store.FILE.is_file() else {}
    everything[part] = found
    # One line a row of weights: a change can be read as a difference.
    text = json.dumps(everything, indent=1, sort_keys=True)
    store.FILE.write_text(text + "\n", "utf-8")
    store.coefficients.cache_clear()


def main() -> None:
    """Fit all three parts in turn."""
    questions, messages, places = read_questions(unseen=True), read_messages(), Places()
    nothing = np.zeros(StaticEmbedder(BUNDLED_MODEL).dimension, dtype=np.float32)
    width = len(features("", nothing, [], {}, 0.0, 0))
    neutral: dict[str, dict[str, Any]] = {
        "statements": {name: float(name in ("document", "cosine", "overlap", "alike")) for name in SIGNALS},
        "evidence": {"weights": dict.fromkeys(Evidence.__dataclass_fields__, 0.0), "intercept": 9.0},
    }
    with tempfile.TemporaryDirectory(prefix="guichet-training-") as folder:
        settings = load(data_dir=Path(folder), today=DATE)
        for part, found in neutral.items():
            save(part, found)
        save_scope([OURS, NOT_OURS], np.zeros((2, width)), np.array([9.0, 0.0]))
        with open_bot(settings) as bot:
            drafts = ask(bot, questions)
            right = [
                np.array([places.answers(question, candidate) for candidate in draft.candidates])
                for question, draft in zip(questions, drafts, strict=True)
            ]
            save("statements", fit_statements(drafts, right))
            heard = [bot.consider(each.text, (), each.language) for each in track(messages, "reading")]
            everyday = read_questions(unseen=False)
            heard += ask(bot, everyday)
            seen = np.stack([bot.features(draft) for draft in heard])
            labels = [*(each.label for each in messages), *(OURS for _ in everyday)]
            groups = [*(each.group for each in messages), *(each.group for each in everyday)]
            fit_scope(seen, labels, groups, len(messages))
        with open_bot(settings) as bot:
            drafts = ask(bot, questions)
            good = [
                any(places.answers(question, candidate) for candidate in draft.chosen)
                for question, draft in zip(questions, drafts, strict=True)
            ]
            strangers = [each for each in messages if each.label == NOT_OURS]
            foreign = [bot.consider(each.text, (), each.language) for each in track(strangers, "reading")]
            weighed = [weigh(draft) for draft in (*drafts, *foreign)]
            groups = [*(each.group for each in questions), *(each.group for each in strangers)]
            save("evidence", fit_evidence(weighed, np.array([*good, *(False for _ in strangers)]), groups))


if __name__ == "__main__":
    main()

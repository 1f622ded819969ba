"""Decide whether a message is a question to our sources, and if not, what it is.

A multinomial logistic model over the meaning of the message (its vector by the bundled model), its pieces of three to
five letters, what the search found, the regions of the towns in it, and signs by pattern (``scope.yaml``). No sign
decides alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from bot.answers import Hit, Status
from bot.places import REGIONS, regions
from ingest.analysis import fold
from ingest.embedding import Vectors
from ingest.listing import read_list

OURS = "ours"
WEIGHTS = Path(__file__).parent / "scope.npz"
"""What ``python -m training.coefficients`` fitted: labels, weights (class by feature) and intercepts."""
PIECES = 8_192
"""Places into which pieces of words are hashed (Weinberger et al., 2009, "Feature hashing")."""
PIECES_WEIGHT = 4.0
LEAST_OURS = 0.3
"""Probability of being a question to our sources under which a message is taken for something else."""
LIKELY_FRAUD = 0.5
"""Probability from which somebody is told that he asks for fraud though no sign says so: «le maximum» alone is none."""
LEAST_OURS_SIGNED = 0.5
"""The same where a sign says what else it is."""
LEANING = frozenset(
    {"prompt_attack", "personal_data", "fraud", "other_region_flanders", "other_region_brussels", "abroad"}
)
"""What a message that leans on the turns before may be all the same; of its subject it says too little."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Signs of a class of messages, with the status and the words that answer it."""

    name: str
    label: str
    status: Status
    wording: str
    patterns: tuple[re.Pattern[str], ...]
    unless: re.Pattern[str] | None = None
    """What makes the signs not count: a hotel that asks for aid does not ask for a hotel."""
    facts: bool = False
    """Show as well what the sources say."""
    sheets: tuple[str, ...] = ()
    """The documents that speak of this class."""

    def applies(self, text: str) -> bool:
        """Return whether *text*, in lower case without accents, bears a sign of this class."""
        if self.unless and self.unless.search(text):
            return False
        return any(pattern.search(text) for pattern in self.patterns)


@cache
def rules() -> tuple[Rule, ...]:
    """Return the rules of ``scope.yaml`` in order."""
    entries = read_list(Path(__file__).parent / "scope.yaml")
    return tuple(
        Rule(
            entry["name"],
            entry["label"],
            entry["status"],
            entry["wording"],
            tuple(re.compile(pattern) for pattern in entry["patterns"]),
            re.compile(entry["unless"]) if "unless" in entry else None,
            entry.get("facts", False),
            tuple(entry.get("sheets", ())),
        )
        for entry in entries
    )


def sign(question: str) -> Rule | None:
    """Return the first rule of which *question* bears a sign."""
    text = re.sub(r"[’ʼ`´]", "'", fold(question))
    return next((rule for rule in rules() if rule.applies(text)), None)


def forbidding(question: str) -> Rule | None:
    """Return the first rule on attacks or other Regions of which *question* bears a sign, whatever else it bears."""
    text = re.sub(r"[’ʼ`´]", "'", fold(question))
    return next((rule for rule in rules() if rule.label in LEANING and rule.applies(text)), None)


def features(
    question: str, vector: Vectors, hits: Sequence[Hit], named: Mapping[str, float], known: float, words: int
) -> NDArray[np.float64]:
    """Return what the model sees of a message: its unit *vector*, what was found, regions, signs, pieces of words.

    *known* is the share of its words that the library knows, *words* how many say something.
    """
    found = (
        3 * max((hit.dense for hit in hits), default=0.0),
        3 * max((hit.match for hit in hits), default=0.0),
        max(named.values(), default=0.0),
        known,
        min(words, 12) / 12,
    )
    there = regions(question)
    borne = sign(question)
    return np.concatenate(
        [
            2 * np.asarray(vector, dtype=np.float64),
            found,
            [2.0 * (region in there) for region in REGIONS],
            [3.0 * (rule is borne) for rule in rules()],
            PIECES_WEIGHT * _pieces(question),
        ]
    )


def _pieces(text: str) -> NDArray[np.float64]:
    """Return the logarithmic counts of the pieces of the words of *text*, hashed, of unit length."""
    counts = np.zeros(PIECES)
    for piece in _letters(fold(text)):
        counts[crc32(piece.encode()) % PIECES] += 1
    counts = np.where(counts > 0, 1 + np.log(np.maximum(counts, 1)), 0.0)
    length = np.linalg.norm(counts)
    return counts / length if length else counts


def _letters(text: str) -> Iterator[str]:
    for word in text.split():
        framed = f" {word} "
        for size in (3, 4, 5):
            for start in range(max(1, len(framed) - size + 1)):
                yield framed[start : start + size]


class Scope:
    """The fitted model."""

    def __init__(self, weights: Path = WEIGHTS) -> None:
        with np.load(weights) as fitted:
            self._labels: list[str] = fitted["labels"].tolist()
            self._weights = fitted["weights"].astype(np.float32)
            self._intercepts = fitted["intercepts"].astype(np.float32)

    def probabilities(self, seen: NDArray[np.float64]) -> dict[str, float]:
        """Return how likely each class is, for the *features* of a message."""
        scores = self._weights @ seen.astype(np.float32) + self._intercepts
        shares = np.exp(scores - scores.max())
        return dict(zip(self._labels, (shares / shares.sum()).tolist(), strict=True))

    def decide(self, question: str, seen: NDArray[np.float64], *, leaning: bool) -> tuple[float, Rule | None]:
        """Return how likely a message is a question to our sources and, when it is not, the rule that answers it.

        *leaning*: the message makes sense only with the turns before it.
        """
        likely = self.probabilities(seen)
        ours = likely.pop(OURS)
        label = max(likely, key=lambda name: likely[name])
        borne = sign(question)
        backed = borne is not None and borne.label == label
        if ours >= (LEAST_OURS_SIGNED if backed else LEAST_OURS) or (leaning and label not in LEANING):
            return ours, None
        if label == "fraud" and not backed and likely[label] < LIKELY_FRAUD:
            return ours, None
        if backed:
            return ours, borne
        return ours, [rule for rule in rules() if rule.label == label][-1]

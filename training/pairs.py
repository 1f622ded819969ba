"""Pairs of texts that mean the same or answer each other: what the model learns from, and how batches are drawn."""

from __future__ import annotations

import csv
import itertools
import lzma
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

Groups = Mapping[str, Sequence["Pair"]]
"""Pairs by the name of what they have in common; a batch is drawn from one group."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts that belong together.

    *key* says what they are about: pairs of one key are never put into one batch, where each would be taught to be
    unlike the other. *against* is a text that looks right and is not, or empty.
    """

    left: str
    right: str
    key: str
    against: str = ""


def read(folder: Path) -> dict[str, list[Pair]]:
    """Return the pairs of all files under ``train/`` of the data *folder*, by group."""
    groups: dict[str, list[Pair]] = defaultdict(list)
    for name in ("parallel", "parallel_v2", "query_passage"):
        with lzma.open(folder / "train" / f"{name}.tsv.xz", "rt", encoding="utf-8", newline="") as lines:
            for group, pair in _translations(lines, name):
                groups[group].append(pair)
    groups["terms"] = [
        *concepts(folder / "train" / "domain_terms.tsv", "concept_id", "term"),
        *concepts(folder / "train" / "domain_paraphrases.tsv", "group_id", "text"),
    ]
    return dict(groups)


def _translations(lines: TextIO, name: str) -> Iterator[tuple[str, Pair]]:
    """Yield group and pair for each line: source, kind, two languages, two texts (see ``SOURCES.md`` of the data).

    News and interface strings are few and the least like Microsoft's documentation: a group of their own.
    """
    for line in lines:
        source, kind, one, other, left, right = line.rstrip("\r\n").split("\t")
        if name == "parallel":
            group = "plain" if source in ("ntrex-128", "anythingllm-ui") else f"parallel-{one}-{other}"
        elif name == "parallel_v2" and kind not in ("head-sec", "title-desc"):
            group = "catalogues"
        else:
            group = f"questions-{one}-{other}"
        yield group, Pair(left, right, left.casefold())


def concepts(path: Path, key: str, text: str) -> list[Pair]:
    """Return every pair of texts that share column *key* of the tab separated file *path*, in all languages."""
    texts: dict[str, list[str]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            texts[row[key]].append(row[text])
    return among(texts)


def among(texts: Mapping[str, Iterable[str]]) -> list[Pair]:
    """Return every pair of different texts of one key."""
    return [
        Pair(left, right, key)
        for key, alike in texts.items()
        for left, right in itertools.combinations(dict.fromkeys(alike), 2)
    ]


def draw(pairs: Sequence[Pair], batches: int, size: int, seed: int) -> list[Pair]:
    """Return *batches* batches, one after another, each of at most *size* pairs of different keys.

    Keys are drawn evenly, so that a concept with many words is not learnt more often than one with few. Each batch is
    as long as the number of keys allows, and all are of one length.
    """
    chance = np.random.default_rng(seed)
    by_key: dict[str, list[int]] = defaultdict(list)
    for number, pair in enumerate(pairs):
        by_key[pair.key].append(number)
    of_key = list(by_key.values())
    length = min(size, len(of_key))
    drawn: list[Pair] = []
    waiting = np.empty(0, dtype=np.int64)
    for _ in range(batches):
        if len(waiting) < length:
            waiting = chance.permutation(len(of_key))
        taken, waiting = waiting[:length], waiting[length:]
        for key in taken:
            drawn.append(pairs[of_key[key][chance.integers(len(of_key[key]))]])
    return drawn

"""Putting the best hits in order with a model that reads question and passage together."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence

import numpy as np
import pytest

from bot.answers import Hit
from bot.reranking import TOP, Scores, open_reranker, rerank
from ingest.documents import Passage
from ingest.errors import SettingsError
from ingest.settings import Settings


class WordsInCommon:
    """A reranker that counts the words that question and text share; remembers what it was given."""

    def __init__(self) -> None:
        self.given: list[str] = []

    def scores(self, question: str, texts: Sequence[str]) -> Scores:
        self.given = list(texts)
        wanted = set(question.split())
        return np.array([len(wanted & set(text.split())) for text in texts], dtype=np.float32)


def hits(*texts: str) -> list[Hit]:
    """Return hits on *texts*, each a little worse than the one before."""
    return [
        Hit(Passage(f"fr/a:1:{number}", "a", "fr/a", "fr", 1, "", (), text, ()), 0.9 - number / 100, 0.0, 0.0)
        for number, text in enumerate(texts)
    ]


def texts(found: Sequence[Hit]) -> list[str]:
    return [hit.passage.text for hit in found]


def test_the_better_answer_comes_first() -> None:
    """A hit that the reranker finds much better passes one that the fusion found a little better."""
    found = rerank(WordsInCommon(), "aide conseil", hits("rien", "presque rien", "aide conseil", "tout autre chose"))
    assert texts(found)[0] == "aide conseil"
    assert texts(found)[-1] == "tout autre chose"


def test_scores_stay_those_of_the_fusion() -> None:
    """The order is new, the scores are the same as before, best first."""
    before = hits("rien", "presque rien", "aide conseil", "tout autre chose")
    found = rerank(WordsInCommon(), "aide conseil", before)
    assert texts(found) != texts(before)
    assert [hit.score for hit in found] == [hit.score for hit in before]


def test_the_fusion_counts_as_much_as_the_reranker() -> None:
    """The best hit of the fusion that the reranker finds second best stays before the last that it finds best."""
    found = rerank(WordsInCommon(), "aide au conseil", hits("aide au", "rien", "aide au conseil"))
    assert texts(found)[0] == "aide au"


def test_only_the_first_are_looked_at_again() -> None:
    """What stands behind the first twenty keeps its place, however well it would do."""
    reranker = WordsInCommon()
    found = rerank(reranker, "aide", hits(*["rien"] * TOP, "aide"))
    assert len(reranker.given) == TOP
    assert texts(found)[-1] == "aide"


@pytest.mark.parametrize("number", [0, 1, 3])
def test_without_a_reranker_nothing_changes(number: int) -> None:
    """No reranker, no hit, or a reranker that finds all alike: the order of the fusion."""
    before = hits(*["rien"] * number)
    assert rerank(None, "aide", before) == before
    assert rerank(WordsInCommon(), "aide", before) == before


def test_off_by_default() -> None:
    """Without a setting there is no reranker."""
    assert open_reranker(Settings()) is None


@pytest.mark.skipif(importlib.util.find_spec("sentence_transformers") is not None, reason="the extra is installed")
def test_a_reranker_without_the_extra_names_the_command() -> None:
    """Setting a reranker without the extra is answered with the command that installs it."""
    with pytest.raises(SettingsError, match=r"GUICHET_RERANKER: .* install it with `uv sync --extra transformers`"):
        open_reranker(Settings(reranker="cross-encoder/ms-marco-MiniLM-L6-v2"))

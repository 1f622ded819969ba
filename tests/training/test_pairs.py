"""Reading the training data and drawing batches from it."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest

from training import pairs
from training.pairs import Pair

LINES = {
    "parallel": ["msdocs-operations\tsent\tfr\tnl\tLe compte\tDe rekening", "ntrex-128\tsent\ten\tde\tNews\tNachricht"],
    "parallel_v2": ["eforms\tlabel\ten\tfr\tLot\tLot", "algoritmekader\thead-sec\tnl\tnl\tKop\tTekst"],
    "query_passage": ["msdocs-m365\tfaq\tnl\tnl\tWat is een CDN?\tEen CDN is een netwerk."],
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder of a few lines, in the form of the real one."""
    train = tmp_path / "train"
    train.mkdir()
    for name, lines in LINES.items():
        with lzma.open(train / f"{name}.tsv.xz", "wt", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
    (train / "domain_terms.tsv").write_text(
        'concept_id\tlang\tterm\tvariant_of\na1\tfr\tsubside\t\na1\tde\tZuschuss\t\na1\tnl\ttoelage\t\na2\tfr\t"prêt\t\n',
        encoding="utf-8",
    )
    (train / "domain_paraphrases.tsv").write_text(
        "group_id\tlang\ttext\nq1\tfr\tQuelles aides ?\nq1\ten\tWhich grants?\n", encoding="utf-8"
    )
    return tmp_path


def test_each_file_goes_to_its_group(data: Path) -> None:
    """Translations are grouped by language pair, questions by theirs, and news and labels apart."""
    groups = pairs.read(data)
    assert {name: len(found) for name, found in groups.items()} == {
        "parallel-fr-nl": 1,
        "plain": 1,
        "catalogues": 1,
        "questions-nl-nl": 2,
        "terms": 4,
    }


def test_all_words_of_a_concept_are_paired(data: Path) -> None:
    """Three words of one concept make three pairs of one key; a word alone makes none."""
    found = [pair for pair in pairs.read(data)["terms"] if pair.key.startswith("a")]
    assert {(pair.left, pair.right) for pair in found} == {
        ("subside", "Zuschuss"),
        ("subside", "toelage"),
        ("Zuschuss", "toelage"),
    }
    assert {pair.key for pair in found} == {"a1"}


def test_a_batch_never_holds_a_key_twice() -> None:
    """Pairs that mean the same are not put side by side, where they would count as wrong answers to each other."""
    found = [Pair(f"{key}{number}", "x", str(key)) for key in range(7) for number in range(key + 1)]
    drawn = pairs.draw(found, batches=6, size=5, seed=1)
    assert len(drawn) == 30
    for start in range(0, 30, 5):
        assert len({pair.key for pair in drawn[start : start + 5]}) == 5


def test_a_batch_is_no_longer_than_there_are_keys() -> None:
    """A group of few concepts gives short batches rather than repeated concepts."""
    found = [Pair("a", "b", "1"), Pair("c", "d", "2"), Pair("a", "e", "1")]
    assert len(pairs.draw(found, batches=4, size=100, seed=1)) == 8


def test_drawing_is_repeatable() -> None:
    """The same seed draws the same pairs, another one others."""
    found = [Pair(str(number), "x", str(number)) for number in range(100)]
    assert pairs.draw(found, 3, 10, seed=1) == pairs.draw(found, 3, 10, seed=1)
    assert pairs.draw(found, 3, 10, seed=1) != pairs.draw(found, 3, 10, seed=2)

"""New tokens."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training.tables import StaticModel, quantised, soup
from training.vocabulary import count_words, extended, new_endings, new_words

MODEL = Path(__file__).parents[2] / "ingest" / "model"
TEXTS = ("Zorgverzekeringsplatform voor kmo's in Waals-Brabant", "Aanvraagformulierenbeheer, zorgverzekeringsplatform")


@pytest.fixture(scope="module")
def model() -> StaticModel:
    """The bundled model."""
    return StaticModel.load(MODEL)


def test_words_cut_into_pieces_are_found(model: StaticModel) -> None:
    """A word seen often enough that has no token of its own is proposed, folded; a known one is not."""
    counts = count_words(model.tokenizer, TEXTS)
    assert new_words(model.tokenizer, counts, least=2) == ["zorgverzekeringsplatform"]


def test_a_new_word_is_one_token_and_changes_no_vector(model: StaticModel) -> None:
    """Before training, a text with a new word has the vector that it had; and the word is one token."""
    larger = extended(model, ["zorgverzekeringsplatform"])
    assert larger.tokenizer.encode("Zorgverzekeringsplatform").tokens == ["zorgverzekeringsplatform"]
    assert len(larger.table) == len(model.table) + 1 == larger.tokenizer.get_vocab_size()
    assert larger.encode(TEXTS) == pytest.approx(model.encode(TEXTS), abs=1e-5)


def test_other_words_are_cut_as_before(model: StaticModel) -> None:
    """A longer vocabulary leaves the pieces of all other words alone."""
    larger = extended(model, ["zorgverzekeringsplatform"])
    for word in ("subside", "Aanvraagformulierenbeheer", "über", "xyzzyq"):
        assert larger.tokenizer.encode(word).tokens == model.tokenizer.encode(word).tokens


def test_heads_of_compounds_become_endings(model: StaticModel) -> None:
    """A word that ends two longer words is proposed as an ending, and then cut off them."""
    counts = count_words(model.tokenizer, ["qforderung xxxqforderung yyyqforderung qforderung"])
    assert new_endings(model.tokenizer, counts) == ["qforderung"]
    larger = extended(model, [], ["qforderung"])
    assert larger.tokenizer.encode("xxxqforderung").tokens[-1] == "##qforderung"


def test_one_byte_a_number_keeps_directions(model: StaticModel, tmp_path: Path) -> None:
    """A model written in one byte a number and read again gives the same vectors, but for a thousandth."""
    model.save(tmp_path / "small")
    again = StaticModel.load(tmp_path / "small")
    assert (model.encode(TEXTS) * again.encode(TEXTS)).sum(axis=1).min() > 0.999


def test_a_row_of_zeros_stays_zero() -> None:
    """The unknown token has no direction, and none comes from rounding."""
    numbers, scales = quantised(np.array([[0.0, 0.0], [1.0, -2.0]], dtype=np.float32))
    assert numbers.tolist() == [[0, 0], [64, -127]]
    assert scales[0] == 0


def test_a_soup_is_a_weighted_mean(model: StaticModel) -> None:
    """Share 0 is the start, share 1 the mean of the tuned models."""
    tuned = [StaticModel(model.tokenizer, model.table + step) for step in (1, 3)]
    # Not pytest.approx: it takes minutes for millions of numbers.
    assert np.allclose(soup(model, tuned, 0).table, model.table)
    assert np.allclose(soup(model, tuned, 1).table, model.table + 2, atol=1e-5)

"""The lexicon knows which words stand in which passage."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import pytest

from ingest.documents import Language, Passage, Span
from ingest.embedding import StaticEmbedder
from ingest.lexicon import Lexicon
from ingest.settings import load


@pytest.fixture(scope="module")
def model() -> StaticEmbedder:
    """The bundled model."""
    return StaticEmbedder(load().embedding_model)


def passage(id: str, text: str) -> Passage:
    """A passage in the language that its id begins with."""
    key, language = id.partition(":")[0], cast(Language, id[:2])
    return Passage(id, "a", key, language, 1, "", (), text, (Span(0, len(text)),))


def words(lexicon: Lexicon, id: str) -> set[str]:
    """The words of one passage."""
    return {lexicon.vocabulary[number] for number in lexicon.words_of([id])[0]}


def test_words_are_kept_over_a_restart(tmp_path: Path, model: StaticEmbedder) -> None:
    """What was taken in is there when the folder is opened again."""
    Lexicon(tmp_path, model).update([passage("fr/a:1:x:0", "La prime à l'été"), passage("nl/a:1:x:0", "De premie")])
    lexicon = Lexicon(tmp_path, model)
    assert words(lexicon, "fr/a:1:x:0") == {"prime"}
    assert lexicon.frequency("premie", "nl") == 1
    assert lexicon.frequency("premie", "fr") == 0


def test_removed_passages_no_longer_count(tmp_path: Path, model: StaticEmbedder) -> None:
    """A passage that goes takes its words out of the counts, and others keep theirs."""
    lexicon = Lexicon(tmp_path, model)
    lexicon.update([passage("fr/a:1:x:0", "prime taux"), passage("fr/b:1:x:0", "prime")])
    lexicon.update([], ["fr/a:1:x:0", "unknown"])
    assert (lexicon.count(), lexicon.frequency("prime"), lexicon.frequency("taux")) == (1, 1, 0)
    assert words(lexicon, "fr/b:1:x:0") == {"prime"}
    assert not words(lexicon, "fr/a:1:x:0")


def test_parts_of_compounds_stand_in_their_passage(tmp_path: Path, model: StaticEmbedder) -> None:
    """A German compound is found by its parts when both are known words."""
    lexicon = Lexicon(tmp_path, model)
    lexicon.update([passage("de/a:1:x:0", "Weiterbildungsscheck")])
    assert words(lexicon, "de/a:1:x:0") == {"weiterbildungsscheck", "weiterbildung", "scheck"}


def test_every_word_has_its_vector(tmp_path: Path, model: StaticEmbedder) -> None:
    """The vectors of words grow with the vocabulary, also over a restart, and stay in its order."""
    Lexicon(tmp_path, model).update([passage("fr/a:1:x:0", "prime taux")])
    lexicon = Lexicon(tmp_path, model)
    lexicon.update([passage("fr/b:1:x:0", "taux plafond")])
    assert lexicon.vocabulary == ["prime", "taux", "plafond"]
    assert np.allclose(lexicon.vectors, model.encode(lexicon.vocabulary))

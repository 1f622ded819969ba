"""Turning texts into vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from ingest.embedding import StaticEmbedder
from ingest.errors import SettingsError
from tests.ingest.samples import tiny_model, word_piece_model

ONE_PHRASE = (
    "Quelle aide pour la formation du personnel à l'intelligence artificielle ?",
    "Welke steun voor de opleiding van personeel in artificiële intelligentie?",
    "Welche Förderung für die Ausbildung des Personals in künstlicher Intelligenz?",
    "What support for training staff in artificial intelligence?",
)
ANOTHER = (
    "Le restaurant ferme à vingt-deux heures le dimanche.",
    "Het restaurant sluit op zondag om tien uur 's avonds.",
    "Das Restaurant schließt am Sonntag um zweiundzwanzig Uhr.",
    "The restaurant closes at ten in the evening on Sundays.",
)


def test_vectors_have_unit_length(embedder: StaticEmbedder) -> None:
    """Each text gives one vector of length one in single precision."""
    vectors = embedder.encode(ONE_PHRASE)
    assert vectors.shape == (4, embedder.dimension)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(4), abs=1e-5)


def test_empty_text_is_the_zero_vector(embedder: StaticEmbedder) -> None:
    """A text without a word has no direction, and no text gives no vector."""
    assert not embedder.encode(["", "  "]).any()
    assert embedder.encode([]).shape == (0, embedder.dimension)


def test_one_phrase_in_four_languages_is_close(embedder: StaticEmbedder) -> None:
    """A phrase is nearer to each of its translations than to any other phrase, and near in itself."""
    same, other = embedder.encode(ONE_PHRASE), embedder.encode(ANOTHER)
    assert (same @ same.T).min() > 0.6
    assert (same @ same.T).min() > (same @ other.T).max()


def test_a_text_does_not_depend_on_its_neighbours(embedder: StaticEmbedder) -> None:
    """A text has the same vector alone and among others."""
    assert embedder.encode(ONE_PHRASE)[2] == pytest.approx(embedder.encode(ONE_PHRASE[2:3])[0])


def test_a_vector_is_the_mean_of_known_words(tmp_path: Path) -> None:
    """Words that the model does not know are left out of the mean; with none left the vector is zero."""
    model = StaticEmbedder(tiny_model(tmp_path / "tiny"))
    vectors = model.encode(["aide lening autre", "autre"])
    assert vectors[0] == pytest.approx([0.6, 0.8])
    assert not vectors[1].any()


def test_a_name_tells_the_content_of_a_model(tmp_path: Path, embedder: StaticEmbedder) -> None:
    """Two models differ in name, also when their folders are called the same."""
    (tmp_path / "other").mkdir()
    model = StaticEmbedder(tiny_model(tmp_path / "other" / "model"))
    assert model.name.startswith("model@")
    assert model.name != embedder.name


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    """A wrong setting is answered with its name."""
    with pytest.raises(SettingsError, match="correct GUICHET_EMBEDDING_MODEL"):
        StaticEmbedder(tmp_path)


def test_a_question_is_encoded_like_a_passage(embedder: StaticEmbedder) -> None:
    """A static model knows no prompts: question and passage of the same words have the same vector."""
    assert np.array_equal(embedder.encode_queries(ONE_PHRASE), embedder.encode(ONE_PHRASE))


@pytest.mark.parametrize(("kind", "likeness"), [("float16", 0.9999), ("int8", 0.999)])
def test_a_smaller_table_gives_nearly_the_same_vectors(tmp_path: Path, kind: str, likeness: float) -> None:
    """A table of float16, or of int8 with a factor for each row, stands for the one of float32."""
    exact = StaticEmbedder(word_piece_model(tmp_path / "exact", kind="float32"))
    small = StaticEmbedder(word_piece_model(tmp_path / "small", kind=kind))
    texts = ["aide conseil", "leningen", "subside ia ki"]
    assert np.sum(exact.encode(texts) * small.encode(texts), axis=1).min() > likeness


def test_int8_without_factors_is_read_as_it_is(tmp_path: Path) -> None:
    """A table of int8 needs no factors: a vector has length one anyway."""
    folder = tiny_model(tmp_path / "tiny")
    save_file({"embedding.weight": np.array([[9, 9], [3, 0], [0, 4], [1, 1]], np.int8)}, folder / "model.safetensors")
    assert StaticEmbedder(folder).encode(["aide lening"])[0] == pytest.approx([0.6, 0.8])


def test_a_model_in_a_folder_of_its_own_is_found(tmp_path: Path) -> None:
    """Table and tokenizer may lie in a sub-folder that ``modules.json`` names."""
    flat = StaticEmbedder(word_piece_model(tmp_path / "flat"))
    nested = StaticEmbedder(word_piece_model(tmp_path / "nested", place="0_StaticEmbedding"))
    assert np.array_equal(nested.encode(["aide leningen"]), flat.encode(["aide leningen"]))


def test_words_beyond_the_limit_do_not_count(tmp_path: Path) -> None:
    """A text counts with its first 384 tokens, however long it is."""
    model = StaticEmbedder(tiny_model(tmp_path / "tiny"))
    assert model.encode(["aide " * 384 + "lening " * 10])[0] == pytest.approx([1.0, 0.0])


def test_more_tokens_than_vectors_are_refused(tmp_path: Path) -> None:
    """A tokenizer that does not fit the table is found out when the model is opened, not by a question."""
    folder = tiny_model(tmp_path / "tiny")
    save_file({"embedding.weight": np.ones((3, 2), np.float16)}, folder / "model.safetensors")
    with pytest.raises(SettingsError, match="no static embedding model is there"):
        StaticEmbedder(folder)

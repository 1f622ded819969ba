"""From the setting to the model."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from ingest.embedding import StaticEmbedder, open_embedder, open_words_model
from ingest.errors import SettingsError
from ingest.library import Library
from ingest.settings import Settings, load
from tests.ingest.samples import tiny_model, word_piece_model

without_extra = pytest.mark.skipif(
    importlib.util.find_spec("sentence_transformers") is not None, reason="the extra is installed"
)


def transformer_folder(folder: Path) -> Path:
    """Write what tells a transformer from other folders: the list of its parts."""
    folder.mkdir()
    parts = [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}]
    (folder / "modules.json").write_text(json.dumps(parts), "utf-8")
    return folder


def test_unset_is_the_bundled_model() -> None:
    """Without a setting the bundled model encodes, and the same object is the model of words."""
    embedder = open_embedder(Settings())
    assert isinstance(embedder, StaticEmbedder)
    assert open_words_model(embedder) is embedder


def test_a_folder_with_a_static_model_is_read_without_torch(tmp_path: Path) -> None:
    """A folder is looked into: a table of vectors makes a static model, whatever the folder is called."""
    for folder in (tiny_model(tmp_path / "tiny"), word_piece_model(tmp_path / "nested", place="0_StaticEmbedding")):
        embedder = open_embedder(Settings(embedding_model=folder))
        assert isinstance(embedder, StaticEmbedder)
        assert embedder.name.startswith(folder.name)


def test_words_keep_the_bundled_model(tmp_path: Path) -> None:
    """Single words are compared by the bundled model when another one is set for passages."""
    tiny = StaticEmbedder(tiny_model(tmp_path / "tiny"))
    with Library.open(Settings(data_dir=tmp_path / "data"), tiny) as library:
        assert library.embedder is tiny
        assert library.words_model.name == open_embedder(Settings()).name
        assert library.words_model is library.words_model


@pytest.mark.parametrize("value", ["ollama:nomic-embed-text", "openai:", "sentence-transformers: "])
def test_a_kind_that_is_not_known_is_refused(value: str) -> None:
    """What stands before a colon must be one of two words, and something must follow."""
    with pytest.raises(SettingsError, match="is not understood; give a folder, sentence-transformers:NAME or openai:"):
        open_embedder(Settings(embedding_model=value))


@pytest.mark.parametrize("value", ["/no/such/folder", "./model", "../a/b/c", "a/b/c", "model with spaces"])
def test_a_folder_that_is_not_there_is_refused(value: str) -> None:
    """What can only be a folder is never looked for on the internet."""
    with pytest.raises(SettingsError, match=r"no such folder; correct GUICHET_EMBEDDING_MODEL"):
        open_embedder(Settings(embedding_model=value))


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    """A folder without any model is answered with the setting to correct."""
    with pytest.raises(SettingsError, match="no embedding model is in this folder; correct GUICHET_EMBEDDING_MODEL"):
        open_embedder(Settings(embedding_model=tmp_path))


@without_extra
@pytest.mark.parametrize("prefix", ["", "sentence-transformers:"])
def test_a_folder_that_needs_the_extra_names_the_command(tmp_path: Path, prefix: str) -> None:
    """A transformer without the extra is refused with the command that installs it."""
    folder = transformer_folder(tmp_path / "transformer")
    with pytest.raises(SettingsError, match=r"transformer needs the extra .* install it with `uv sync --extra"):
        open_embedder(Settings(embedding_model=f"{prefix}{folder}"))


@without_extra
def test_a_name_that_needs_the_extra_says_that_it_is_no_folder() -> None:
    """A mistyped folder looks like a name: the sentence says both."""
    with pytest.raises(SettingsError, match="models/mine is no folder here, and a model by name needs the extra"):
        open_embedder(Settings(embedding_model="models/mine"))


def test_a_key_in_the_settings_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret stands in the environment only; in a file it is refused, without being repeated."""
    (tmp_path / "guichet.toml").write_text('embedding_api_key = "s3cret"\n', "utf-8")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match="take it out and set GUICHET_EMBEDDING_API_KEY instead") as refused:
        load()
    assert "s3cret" not in str(refused.value)

"""Any model of sentence-transformers, by folder or name."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from ingest import checking
from ingest.embedding import StaticEmbedder, open_embedder
from ingest.embedding.transformer import TransformerEmbedder
from ingest.errors import ModelMismatch, ModelUnavailable
from ingest.library import Library
from ingest.settings import BUNDLED_MODEL, ROOT, Settings
from tests.bot.library import document, small_bot
from tests.transformers.conftest import Builder

QUESTION = "Who pays for the training of my staff?"
PASSAGES = [
    "The training voucher covers a part of what courses for employees cost.",
    "The restaurant closes at ten in the evening on Sundays.",
]
COMMIT = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"
E5 = json.dumps({"prompts": {"query": "query: ", "passage": "passage: "}})


@pytest.fixture(scope="module")
def embedder(minilm: Path) -> TransformerEmbedder:
    """The real model as it comes."""
    opened = open_embedder(Settings(embedding_model=minilm))
    assert isinstance(opened, TransformerEmbedder)
    return opened


# --- vectors ---------------------------------------------------------------------------------------------------------


def test_vectors_are_those_of_the_model(embedder: TransformerEmbedder, minilm: Path) -> None:
    """Each text gets the vector that sentence-transformers itself gives, of length one in single precision."""
    from sentence_transformers import SentenceTransformer

    vectors = embedder.encode(PASSAGES)
    assert (vectors.shape, vectors.dtype) == ((2, 384), np.float32)
    assert vectors == pytest.approx(SentenceTransformer(str(minilm)).encode(PASSAGES), abs=1e-5)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(2), abs=1e-5)


def test_a_question_is_near_its_passage(embedder: TransformerEmbedder) -> None:
    """A question is much nearer to the passage that answers it than to another one."""
    answer, other = embedder.encode_queries([QUESTION])[0] @ embedder.encode(PASSAGES).T
    assert answer > other + 0.3


def test_a_blank_text_is_the_zero_vector(embedder: TransformerEmbedder) -> None:
    """A text without a word has no direction, alone and among others, and no text gives no vector."""
    vectors = embedder.encode(["", *PASSAGES, " \n"])
    assert [bool(vector.any()) for vector in vectors] == [False, True, True, False]
    assert embedder.encode([]).shape == (0, 384)


def test_many_threads_may_ask_at_once(embedder: TransformerEmbedder) -> None:
    """Questions of many visitors at a time get the vectors that each would get alone."""
    texts = [f"{QUESTION} {'again ' * number}" for number in range(24)]
    alone = [embedder.encode_queries([text])[0] for text in texts]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda text: embedder.encode_queries([text])[0], texts))
    assert np.array(together) == pytest.approx(np.array(alone), abs=1e-5)


def test_a_static_model_may_go_through_the_library(minilm: Path) -> None:
    """The bundled model gives the same vectors through sentence-transformers as through our own reader."""
    ours, theirs = StaticEmbedder(BUNDLED_MODEL), open_embedder(
        Settings(embedding_model=f"sentence-transformers:{BUNDLED_MODEL}")
    )  # fmt: skip
    assert isinstance(theirs, TransformerEmbedder)
    assert np.sum(ours.encode(PASSAGES) * theirs.encode(PASSAGES), axis=1).min() > 0.999


# --- prompts ---------------------------------------------------------------------------------------------------------


def test_prompts_of_the_model_are_used(copy_of_minilm: Builder, embedder: TransformerEmbedder) -> None:
    """A model that was trained with prompts reads them without a setting."""
    model = open_embedder(Settings(embedding_model=copy_of_minilm({"config_sentence_transformers.json": E5})))
    assert model.encode(["aid"]) == pytest.approx(embedder.encode(["passage: aid"]), abs=1e-5)
    assert model.encode_queries(["aid"]) == pytest.approx(embedder.encode_queries(["query: aid"]), abs=1e-5)


def test_prompts_of_the_settings_win(copy_of_minilm: Builder, embedder: TransformerEmbedder) -> None:
    """A prompt that is set replaces the model's own, also with nothing."""
    folder = copy_of_minilm({"config_sentence_transformers.json": E5})
    model = open_embedder(
        Settings(embedding_model=folder, embedding_query_prompt="ask: ", embedding_passage_prompt="")
    )  # fmt: skip
    assert model.encode(["aid"]) == pytest.approx(embedder.encode(["aid"]), abs=1e-5)
    assert model.encode_queries(["aid"]) == pytest.approx(embedder.encode_queries(["ask: aid"]), abs=1e-5)


def test_a_name_tells_weights_and_prompt_for_passages(copy_of_minilm: Builder, embedder: TransformerEmbedder) -> None:
    """What changes the vectors of passages changes the name; a copy elsewhere and a prompt for questions do not."""
    same = open_embedder(Settings(embedding_model=copy_of_minilm(), embedding_query_prompt="query: "))
    other = open_embedder(Settings(embedding_model=copy_of_minilm(), embedding_passage_prompt="passage: "))
    pooled = json.dumps({"word_embedding_dimension": 384, "pooling_mode_cls_token": True})
    changed = open_embedder(Settings(embedding_model=copy_of_minilm({"1_Pooling/config.json": pooled})))
    revisions = [model.name.partition("@")[2] for model in (embedder, same, other, changed)]
    assert revisions[0] == revisions[1]
    assert len(set(revisions)) == 3
    assert other.name.endswith("after 'passage: '")


# --- with a library --------------------------------------------------------------------------------------------------


def test_a_bot_answers_with_another_model(minilm: Path, tmp_path: Path) -> None:
    """One setting and one command change the model of an index, there and back, and questions find their passage."""
    sheets = [document("voucher", "en", "Training voucher", PASSAGES[0]), document("inn", "en", "The inn", PASSAGES[1])]
    with small_bot(tmp_path, *sheets) as bot:
        assert bot.library.embedder.dimension == 256
    changed = Settings(data_dir=tmp_path, embedding_model=minilm)
    with pytest.raises(ModelMismatch, match="run `python -m ingest rebuild`"):
        Library.open(changed)
    with Library.open(changed, repair=False) as library:
        library.rebuild()
        assert checking.check(library) == []
    with small_bot(tmp_path, embedding_model=minilm) as bot:
        answer = bot.ask(QUESTION, language="en")
        assert [citation.document for citation in answer.citations] == ["voucher"]
        assert isinstance(bot.library.words_model, StaticEmbedder)
    with Library.open(Settings(data_dir=tmp_path), repair=False) as library:
        library.rebuild()
        assert checking.check(library) == []


# --- by name, and what may go wrong ----------------------------------------------------------------------------------


@pytest.fixture
def hub() -> Iterator[str]:
    """The address of a hub that knows no model."""

    class Unknown(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.end_headers()

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Unknown) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def check(data: Path, model: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``python -m ingest check`` with a model, in a process of its own: the hub's client reads settings once."""
    values = {
        **os.environ, "GUICHET_DATA_DIR": str(data / "data"), "GUICHET_EMBEDDING_MODEL": model,
        "HF_HOME": str(data / "hub"), **environment,
    }  # fmt: skip
    command = [sys.executable, "-m", "ingest", "check"]
    return subprocess.run(command, cwd=ROOT, env=values, capture_output=True, text=True, timeout=120, check=False)


def test_a_name_that_is_in_the_cache_needs_no_network(tmp_path: Path, minilm: Path) -> None:
    """A model that was downloaded once opens without asking the hub; its revision is the commit."""
    cached = tmp_path / "hub" / "hub" / "models--sentence-transformers--all-MiniLM-L6-v2"
    shutil.copytree(minilm, cached / "snapshots" / COMMIT)
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text(COMMIT)
    program = "from ingest.embedding import *; from ingest.settings import load; print(open_embedder(load()).name)"
    environment = {
        **os.environ, "HF_HOME": str(tmp_path / "hub"), "HF_ENDPOINT": "http://127.0.0.1:9",
        "GUICHET_EMBEDDING_MODEL": "all-MiniLM-L6-v2",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == f"all-MiniLM-L6-v2@{COMMIT[:12]}"


def test_a_name_that_the_hub_does_not_know_is_one_sentence(tmp_path: Path, hub: str) -> None:
    """A mistyped name is answered with the setting to correct."""
    done = check(tmp_path, "nobody/nothing", HF_ENDPOINT=hub)
    assert done.returncode == 2
    assert done.stderr.strip() == (
        "GUICHET_EMBEDDING_MODEL: neither a folder nor a public model of the hub is called nobody/nothing; "
        "correct the name"
    )


def test_a_hub_that_cannot_be_reached_is_one_sentence(tmp_path: Path) -> None:
    """Without a network the start ends soon, with a sentence and the way out."""
    start = time.monotonic()
    done = check(tmp_path, "sentence-transformers:intfloat/multilingual-e5-small", HF_ENDPOINT="http://127.0.0.1:9")
    assert time.monotonic() - start < 60
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "intfloat/multilingual-e5-small is no folder here and cannot be downloaded" in done.stderr


@pytest.mark.parametrize(
    "contents",
    [{"model.safetensors": None}, {"model.safetensors": "garbage"}, {"config.json": "{"}, {"modules.json": "[{}]"}],
)
def test_a_damaged_folder_is_one_sentence(copy_of_minilm: Builder, contents: dict[str, str | None]) -> None:
    """A folder in which a part is missing or broken is refused by name, in one line."""
    folder = copy_of_minilm(contents)
    with pytest.raises(ModelUnavailable, match=r"minilm cannot be loaded \(.+\); give another model") as refused:
        open_embedder(Settings(embedding_model=f"sentence-transformers:{folder}"))
    assert "\n" not in str(refused.value)

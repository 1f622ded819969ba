"""A model behind an OpenAI-compatible address, against a real server on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fastapi.responses import JSONResponse, Response

from ingest.checking import check
from ingest.documents import SourceDocument
from ingest.embedding import Embedder, StaticEmbedder, open_embedder
from ingest.embedding.endpoint import EndpointEmbedder
from ingest.embedding.prompts import Prompts
from ingest.errors import GuichetError, ModelMismatch, ModelUnavailable, SettingsError
from ingest.library import Library
from ingest.settings import Settings
from tests.ingest.embedding.server import EmbeddingServer, serving
from tests.ingest.samples import word_piece_model

TEXTS = ["aide conseil", "leningen", "subside ia ki"]


@pytest.fixture
def model(tmp_path: Path) -> StaticEmbedder:
    """What stands behind the server."""
    return StaticEmbedder(word_piece_model(tmp_path / "served"))


@pytest.fixture
def server(model: StaticEmbedder) -> Iterator[EmbeddingServer]:
    with serving(EmbeddingServer(model)) as running:
        yield running


def opened(server: EmbeddingServer, **settings: object) -> Embedder:
    """Return the embedder that settings lead to."""
    return open_embedder(Settings(embedding_model="openai:tiny", embedding_base_url=server.base_url, **settings))


def answer(status: int, **headers: str) -> Response:
    return JSONResponse({"error": {"message": "secret detail"}}, status, headers)


# --- what it gives ---------------------------------------------------------------------------------------------------


def test_vectors_come_from_the_server(server: EmbeddingServer, model: StaticEmbedder) -> None:
    """Each text gets its vector, of length one, in the order of the texts; the dimension is the server's."""
    embedder = opened(server)
    assert embedder.dimension == model.dimension
    assert embedder.encode(TEXTS) == pytest.approx(model.encode(TEXTS), abs=1e-6)
    assert embedder.encode_queries(TEXTS) == pytest.approx(model.encode(TEXTS), abs=1e-6)


def test_blank_texts_are_not_sent(server: EmbeddingServer) -> None:
    """A blank text has the zero vector; servers refuse empty strings."""
    embedder = opened(server)
    asked = len(server.requests)
    vectors = embedder.encode(["", "aide", " \n"])
    assert [bool(vector.any()) for vector in vectors] == [False, True, False]
    assert embedder.encode([]).shape == (0, embedder.dimension)
    assert [request["input"] for request in server.requests[asked:]] == [["aide"]]


def test_many_texts_go_in_batches(server: EmbeddingServer) -> None:
    """No request carries more than 64 texts."""
    embedder = opened(server)
    assert embedder.encode(["aide"] * 150).shape == (150, embedder.dimension)
    assert [len(request["input"]) for request in server.requests[1:]] == [64, 64, 22]


def test_prompts_are_put_before_texts(server: EmbeddingServer) -> None:
    """Question and passage are sent after the prompts that are set; the one for passages is part of the name."""
    plain = opened(server)
    embedder = opened(server, embedding_query_prompt="query: ", embedding_passage_prompt="passage: ")
    embedder.encode(["aide"])
    embedder.encode_queries(["aide"])
    assert [request["input"] for request in server.requests[-2:]] == [["passage: aide"], ["query: aide"]]
    assert "passage: " in embedder.name
    assert embedder.name != plain.name


def test_the_key_is_sent_as_a_bearer(server: EmbeddingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key in the environment opens a server that asks for one."""
    server.key = "s3cret"
    monkeypatch.setenv("GUICHET_EMBEDDING_API_KEY", "s3cret")
    assert opened(server).encode(TEXTS).any()


@pytest.mark.parametrize("ending", ["", "/v1", "/v1/", "/v1/embeddings"])
def test_the_address_may_end_as_it_likes(server: EmbeddingServer, ending: str) -> None:
    """The address is understood with and without ``/v1``, a slash, or the whole path."""
    embedder = EndpointEmbedder("tiny", server.base_url.removesuffix("/v1") + ending)
    assert embedder.name == "openai:tiny@tiny"


# --- what may go wrong -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("failure", [lambda: answer(429, **{"Retry-After": "0"}), lambda: answer(500)])
def test_what_may_pass_is_tried_once_more(server: EmbeddingServer, failure) -> None:
    """After too many requests, or an error of the server, a second try is made; the vectors are those of it."""
    embedder = opened(server)
    server.failures.append(failure)
    assert embedder.encode(TEXTS).any()
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("status", "kind", "sentence", "requests"),
    [
        (400, SettingsError, "does not accept the request; check the name of the model", 1),
        (401, SettingsError, "refuses the key; correct GUICHET_EMBEDDING_API_KEY", 1),
        (404, SettingsError, "correct GUICHET_EMBEDDING_MODEL or GUICHET_EMBEDDING_BASE_URL", 1),
        (429, ModelUnavailable, "takes no more requests for now; try later", 2),
        (500, ModelUnavailable, "answers with the error 500; look there", 2),
    ],
)
def test_a_refusal_is_one_sentence(
    server: EmbeddingServer, status: int, kind: type[GuichetError], sentence: str, requests: int
) -> None:
    """Each refusal is a sentence that names the server and the way out, without what the server said."""
    server.failures.extend([lambda: answer(status, **{"Retry-After": "0"})] * 2)
    with pytest.raises(kind, match=sentence) as refused:
        opened(server)
    assert "127.0.0.1" in str(refused.value)
    assert "secret detail" not in str(refused.value)
    assert len(server.requests) == requests


@pytest.mark.parametrize(
    "body",
    [
        "<html>Welcome</html>", "[]", '{"data": []}', '{"data": [{"index": 0, "embedding": []}]}',
        '{"data": [{"index": 0, "embedding": "AAAA"}]}', '{"data": [{"index": 0, "embedding": [NaN, 1]}]}',
        '{"data": [{"index": 0, "embedding": [1]}, {"index": 1, "embedding": [1, 2]}]}',
    ],
)  # fmt: skip
def test_garbage_is_one_sentence(server: EmbeddingServer, body: str) -> None:
    """A page, an empty list, or something else than one vector a text is refused, not stored."""
    server.failures.append(lambda: Response(body, media_type="application/json"))
    with pytest.raises(ModelUnavailable, match="not with one vector a text"):
        opened(server)


def test_another_dimension_in_between_is_refused(server: EmbeddingServer, tmp_path: Path) -> None:
    """A server whose model changes while we run is found out before a vector is stored."""
    embedder = opened(server)
    server.model = StaticEmbedder(word_piece_model(tmp_path / "wider", dimension=12))
    with pytest.raises(ModelUnavailable, match="gives vectors of 12 numbers, and gave 8 at the start"):
        embedder.encode(TEXTS)


def test_a_slow_server_is_given_up(server: EmbeddingServer) -> None:
    """A reply that does not come in time is asked for once more, then given up."""
    embedder = EndpointEmbedder("tiny", server.base_url, prompts=Prompts(), seconds=0.3)
    server.delay = 2
    with pytest.raises(ModelUnavailable, match="gives no answer in time"):
        embedder.encode(TEXTS)
    assert len(server.requests) == 3


def test_a_server_that_is_down_is_one_sentence(server: EmbeddingServer) -> None:
    """Where nothing listens, the sentence names the address and the setting."""
    with pytest.raises(ModelUnavailable, match=r"127\.0\.0\.1:9: cannot be reached .* GUICHET_EMBEDDING_BASE_URL"):
        EndpointEmbedder("tiny", "http://127.0.0.1:9/v1")


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        (None, "needs GUICHET_EMBEDDING_BASE_URL, such as"),
        ("localhost:8080/v1", "must begin with http"),
        ("http://", "must begin with http"),
        ("http://[::1/v1", "is no address"),
    ],
)
def test_an_address_that_makes_no_sense_is_refused(address: str | None, sentence: str) -> None:
    """A missing or mistyped address is refused before anything is sent."""
    with pytest.raises(SettingsError, match=sentence):
        EndpointEmbedder("tiny", address)


# --- with a library --------------------------------------------------------------------------------------------------


def test_an_index_is_bound_to_what_the_server_reported(
    server: EmbeddingServer, documents: list[SourceDocument], tmp_path: Path
) -> None:
    """When the server later serves another model under the same name, the index is refused until it is rebuilt."""
    settings = Settings(
        data_dir=tmp_path / "data", embedding_model="openai:tiny", embedding_base_url=server.base_url
    )  # fmt: skip
    with Library.open(settings) as library:
        library.add_documents(documents)
        assert library.embedder.name == "openai:tiny@tiny"
    server.reported = "tiny-2"
    with pytest.raises(ModelMismatch, match="openai:tiny@tiny, not openai:tiny@tiny-2; run `python -m ingest rebuild`"):
        Library.open(settings)
    server.reported, server.model = None, StaticEmbedder(word_piece_model(tmp_path / "wider", dimension=12))
    with pytest.raises(ModelMismatch, match="holds vectors of 8 numbers, not 12; run `python -m ingest rebuild`"):
        Library.open(settings)
    with Library.open(settings, repair=False) as library:
        assert any("holds vectors of 8 numbers" in problem for problem in check(library))
        library.rebuild()
        assert check(library) == []
        vector = library.embedder.encode_queries(["conseil aide"])[0]
        assert np.shape(vector) == (12,)
        assert library.vectors.nearest(vector, "fr", 5)

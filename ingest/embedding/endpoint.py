"""A model behind an OpenAI-compatible ``/v1/embeddings``, as many servers offer it, on this machine or elsewhere."""

from __future__ import annotations

import time
from collections.abc import Sequence

import httpx
import numpy as np
from pydantic import BaseModel, SecretStr, ValidationError

from ingest.embedding.embedder import Vectors, encode_said
from ingest.embedding.prompts import Prompts
from ingest.errors import ModelUnavailable, SettingsError

_BATCH = 64
_SECONDS = 60.0
"""For the answer to one batch: a model on a processor takes its time."""
_CONNECT_SECONDS = 5.0
_LONGEST_WAIT = 5.0
"""Before the second try, whatever the server proposes: someone may be waiting for an answer."""
_TRY_AGAIN = frozenset({408, 429, 500, 502, 503, 504})
_ADVICE = {
    400: "does not accept the request; check the name of the model, and how long a text it takes",
    401: "refuses the key; correct GUICHET_EMBEDDING_API_KEY",
    403: "refuses the key; correct GUICHET_EMBEDDING_API_KEY",
    404: "has no such model or page; correct GUICHET_EMBEDDING_MODEL or GUICHET_EMBEDDING_BASE_URL",
    429: "takes no more requests for now; try later",
}


class _Embedding(BaseModel):
    index: int
    embedding: list[float]


class _Reply(BaseModel):
    """What is used of a reply; the rest is ignored."""

    data: list[_Embedding]
    model: str = ""


class EndpointEmbedder:
    """The model *model* of a server. Its dimension and its revision are what the first reply shows."""

    def __init__(
        self, model: str, base_url: str | None, key: SecretStr | None = None, prompts: Prompts | None = None,
        *, seconds: float = _SECONDS,
    ) -> None:  # fmt: skip
        """Ask once; raises ``SettingsError`` for a wrong address or key, ``ModelUnavailable`` when nothing answers.

        *seconds* is the longest wait for one reply.
        """
        self._model = model
        self._url = _address(base_url)
        self._prompts = prompts or Prompts()
        headers = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
        self._client = httpx.Client(headers=headers, timeout=httpx.Timeout(seconds, connect=_CONNECT_SECONDS))
        vectors, reported = self._ask(["guichet"])
        self._dimension = int(vectors.shape[1])
        self.name = self._prompts.named(f"openai:{model}@{reported or model}")

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._dimension

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector a passage, shape ``(len(texts), dimension)``; raises ``ModelUnavailable``."""
        return self._encode(texts, self._prompts.passage or "")

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return one unit vector a question, shape ``(len(texts), dimension)``; raises ``ModelUnavailable``."""
        return self._encode(texts, self._prompts.query or "")

    def _encode(self, texts: Sequence[str], prompt: str) -> Vectors:
        def vectors(said: list[str]) -> Vectors:
            return np.concatenate(
                [
                    self._checked(self._ask([prompt + text for text in said[start : start + _BATCH]])[0])
                    for start in range(0, len(said), _BATCH)
                ]
            )

        return encode_said(texts, self._dimension, vectors)

    def _checked(self, vectors: Vectors) -> Vectors:
        if vectors.shape[1] != self._dimension:
            raise ModelUnavailable(
                f"{self._place}: gives vectors of {vectors.shape[1]} numbers, and gave {self._dimension} at the start; "
                "restart, and run `python -m ingest rebuild` if the model was changed"
            )
        return vectors

    def _ask(self, texts: list[str]) -> tuple[Vectors, str]:
        """Return one vector a text, and the name of the model as the server gives it."""
        response = self._post(texts)
        if response.status_code in (400, 401, 403, 404):
            raise SettingsError(f"{self._place}: {_ADVICE[response.status_code]}")
        if not response.is_success:
            advice = _ADVICE.get(response.status_code, f"answers with the error {response.status_code}; look there")
            raise ModelUnavailable(f"{self._place}: {advice}")
        try:
            reply = _Reply.model_validate_json(response.content)
            vectors = np.array(
                [entry.embedding for entry in sorted(reply.data, key=lambda entry: entry.index)], dtype=np.float32
            )
        except (ValidationError, ValueError) as error:
            raise ModelUnavailable(self._no_vectors) from error
        if vectors.ndim != 2 or len(vectors) != len(texts) or not vectors.size or not np.isfinite(vectors).all():
            raise ModelUnavailable(self._no_vectors)
        return vectors, reply.model

    def _post(self, texts: list[str]) -> httpx.Response:
        """Return the reply, of the second try when the first one failed in a way that may pass."""
        body = {"model": self._model, "input": texts, "encoding_format": "float"}
        wait = 0.5
        try:
            response = self._client.post(self._url, json=body)
            if response.status_code not in _TRY_AGAIN:
                return response
            wait = _proposed_wait(response, wait)
        except httpx.TransportError:
            pass
        time.sleep(wait)
        try:
            return self._client.post(self._url, json=body)
        except httpx.TimeoutException as error:
            raise ModelUnavailable(f"{self._place}: gives no answer in time; see whether it is overloaded") from error
        except httpx.TransportError as error:
            raise ModelUnavailable(
                f"{self._place}: cannot be reached ({error}); start it, or correct GUICHET_EMBEDDING_BASE_URL"
            ) from error

    @property
    def _place(self) -> str:
        return f"The embedding server {self._url.host}{f':{self._url.port}' if self._url.port else ''}"

    @property
    def _no_vectors(self) -> str:
        return f"{self._place}: answers, but not with one vector a text; correct GUICHET_EMBEDDING_BASE_URL"


def _address(base_url: str | None) -> httpx.URL:
    """Return where to post, whether the ``/v1`` was given or not."""
    if not base_url:
        raise SettingsError(
            "GUICHET_EMBEDDING_MODEL: a model that begins with openai: needs GUICHET_EMBEDDING_BASE_URL, such as "
            "http://127.0.0.1:8080/v1"
        )
    try:
        url = httpx.URL(base_url.rstrip("/"))
    except httpx.InvalidURL as error:
        raise SettingsError(f"GUICHET_EMBEDDING_BASE_URL: {base_url} is no address ({error})") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise SettingsError(f"GUICHET_EMBEDDING_BASE_URL: {base_url} must begin with http:// or https://")
    path = url.path.rstrip("/") or "/v1"
    return url.copy_with(path=path if path.endswith("/embeddings") else f"{path}/embeddings")


def _proposed_wait(response: httpx.Response, otherwise: float) -> float:
    """Return the seconds to wait that the server proposes, within reason."""
    try:
        return min(max(float(response.headers["Retry-After"]), 0.0), _LONGEST_WAIT)
    except (KeyError, ValueError):
        return otherwise

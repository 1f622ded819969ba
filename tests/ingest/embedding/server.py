"""A small real server of ``/v1/embeddings`` over a static model, which also fails as servers do."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from ingest.embedding import Embedder

Failure = Callable[[], Response]


@dataclass
class EmbeddingServer:
    """What the server does and what it was asked. *failures* are used up first, one a request."""

    model: Embedder
    reported: str | None = None
    key: str | None = None
    delay: float = 0.0
    failures: deque[Failure] = field(default_factory=deque)
    requests: list[dict[str, Any]] = field(default_factory=list)
    base_url: str = ""

    def application(self) -> FastAPI:
        """Return the application that serves this object."""
        app = FastAPI()

        @app.post("/v1/embeddings")
        async def embeddings(request: Request) -> Response:
            body = await request.json()
            self.requests.append(body)
            if self.key and request.headers.get("Authorization") != f"Bearer {self.key}":
                return JSONResponse({"error": {"message": "Incorrect API key provided"}}, 401)
            if self.failures:
                return self.failures.popleft()()
            await asyncio.sleep(self.delay)
            vectors = self.model.encode(body["input"]) * 3  # not every server gives vectors of length one
            entries = [{"index": n, "embedding": vector.tolist()} for n, vector in enumerate(vectors)]
            # In any order: the index says where an entry belongs.
            return JSONResponse({"data": entries[::-1], "model": self.reported or body["model"]})

        return app


@contextmanager
def serving(server: EmbeddingServer) -> Iterator[EmbeddingServer]:
    """Serve on a free port of this machine until the test is done."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        server.base_url = f"http://127.0.0.1:{held.getsockname()[1]}/v1"
        running = uvicorn.Server(uvicorn.Config(server.application(), log_level="error", lifespan="off"))
        held.listen()
        thread = threading.Thread(target=running.run, kwargs={"sockets": [held]}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            running.should_exit = True
            running.force_exit = True
            thread.join(10)

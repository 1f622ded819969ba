"""What is measured: each measure is a function from plain arguments to plain data, run in a process of its own.

``python -m tests.benchmarks.measures NAME '{"argument": value}'`` prints one JSON object as its last line.
Times are in seconds unless a name ends in ``_ms``; memory is resident memory in MB (10**6 bytes).
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from ingest.settings import ROOT, Settings, load

HERE = Path(__file__).parent
LIMIT = 60
"""Passages that the bot asks the search for."""
PDF_PAGES = 200
PATIENCE = 180.0
"""Seconds that a server may take to be ready before the measure is given up."""
TUTORIAL_PYTHON = ROOT / ".venv-bench" / "bin" / "python"


class NotMeasured(Exception):
    """A measure that cannot be taken here; says why."""


def measure(name: str, **arguments: Any) -> dict[str, Any]:
    """Run the measure *name* in a fresh process and return what it found.

    Raises ``NotMeasured`` with the last line that the process wrote when it fails.
    """
    return _child([sys.executable, "-m", "tests.benchmarks.measures", name, json.dumps(arguments)])


def reading(repeats: int = 3) -> dict[str, Any]:
    """Read the sheets of the corpus, a generated PDF and, where they are there, PDFs of others; pages a second."""
    from ingest.errors import UnreadableFile
    from ingest.readers.sandbox import Sandbox
    from tests.evaluation.retrieval import sets_folder

    settings = load()

    def rate(paths: Sequence[Path]) -> dict[str, Any]:
        seconds, pages, refused = [], 0, 0
        with Sandbox(settings) as sandbox:
            sandbox.read(paths[0])
            for _ in range(repeats):
                pages = refused = 0
                start = time.perf_counter()
                for path in paths:
                    try:
                        pages += len(sandbox.read(path).pages)
                    except UnreadableFile:
                        refused += 1
                seconds.append(time.perf_counter() - start)
        rates = [pages / elapsed for elapsed in seconds]
        return {"files": len(paths), "refused": refused, "pages": pages, "pages_per_second": statistics.median(rates)}

    found = {"markdown": rate(sorted(settings.corpus_dir.glob("??/*.md")))}
    with tempfile.TemporaryDirectory(prefix="guichet-benchmark-") as folder:
        path = Path(folder) / "generated.pdf"
        path.write_bytes(long_pdf(PDF_PAGES))
        found["pdf_generated"] = rate([path])
    if others := sorted((sets_folder() / "pdfs" / "normal").glob("*.pdf")):
        found["pdf_real"] = rate(others)
    return found


def ingestion(size: int, folder: str) -> dict[str, Any]:
    """Take *size* generated passages into an empty library, all in: database, vectors, words; it stays in *folder*."""
    from ingest.library import Library
    from tests.benchmarks.passages import generate

    documents = list(generate(size))
    shutil.rmtree(folder, ignore_errors=True)
    with Library.open(load(data_dir=Path(folder))) as library:
        before, start, work = megabytes(), time.perf_counter(), time.process_time()
        library.add_documents(documents)
        seconds, work = time.perf_counter() - start, time.process_time() - work
        held = library.count()
    return {
        "passages": held,
        "words_per_passage": _words(documents) / held,
        "seconds": seconds,
        "cpu_seconds": work,
        "passages_per_second": held / seconds,
        "memory_added_mb": peak_megabytes() - before,
        "disk_mb": sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file()) / 1e6,
    }


def retrieval(folder: str, rounds: int = 3) -> dict[str, Any]:
    """Ask the library in *folder* every golden question, as the bot asks it.

    The first round finds no passage in memory; its times are the ones to hold to a bar. The others say what a question
    costs that others asked before.
    """
    from bot.retrieval import Retriever
    from ingest.library import Library

    questions = golden()
    start = time.perf_counter()
    with Library.open(load(data_dir=Path(folder))) as library:
        retriever = Retriever(library)
        opened = time.perf_counter() - start
        start = time.perf_counter()
        # The question that the bot warms up with.
        retriever.find("Start IA", "fr", LIMIT)
        first = time.perf_counter() - start
        times: list[list[tuple[str, float]]] = []
        work = time.process_time()
        for _ in range(rounds):
            times.append([])
            for question in questions:
                start = time.perf_counter()
                retriever.find(question.question, question.lang, LIMIT)
                times[-1].append((question.lang, (time.perf_counter() - start) * 1000))
        work = time.process_time() - work
        held = library.count()
        memory = megabytes()
    return {
        "passages": held,
        "open_ms": opened * 1000,
        "first_query_ms": first * 1000,
        **latency([ms for _, ms in times[0]]),
        "cpu_ms": work * 1000 / rounds / len(questions),
        "languages": {
            language: latency([ms for lang, ms in times[0] if lang == language])
            for language in dict.fromkeys(question.lang for question in questions)
        },
        "again": latency([ms for later in times[1:] for _, ms in later]),
        "memory_mb": memory,
    }


def answers(rounds: int = 3) -> dict[str, Any]:
    """Ask a bot over the starter corpus every golden question with its history: the complete answer, with receipt."""
    from bot.bootstrap import open_bot
    from tests.evaluation.answers import GOLDEN_DATE

    questions = golden()
    with tempfile.TemporaryDirectory(prefix="guichet-benchmark-") as folder:
        settings = load(data_dir=Path(folder), today=GOLDEN_DATE)
        with open_bot(settings) as bot:
            times: list[list[float]] = []
            for _ in range(rounds):
                times.append([])
                for question in questions:
                    start = time.perf_counter()
                    bot.ask(question.question, question.history)
                    times[-1].append((time.perf_counter() - start) * 1000)
    return {
        "questions": len(questions),
        **latency(times[0]),
        "again": latency([ms for later in times[1:] for ms in later]),
    }


def embedding(size: int = 10_000, repeats: int = 5) -> dict[str, Any]:
    """Embed generated passages in batches as the library does, and golden questions one at a time."""
    from ingest.embedding import StaticEmbedder
    from tests.benchmarks.passages import generate

    embedder = StaticEmbedder(load().embedding_model)
    texts = [page.text for document in generate(size) for page in document.pages]
    questions = [question.question for question in golden()]
    embedder.encode(texts[:1_000])
    rates, times = [], []
    for _ in range(repeats):
        start = time.perf_counter()
        for first in range(0, len(texts), 1_000):
            embedder.encode(texts[first : first + 1_000])
        rates.append(len(texts) / (time.perf_counter() - start))
        for question in questions:
            start = time.perf_counter()
            embedder.encode([question])
            times.append((time.perf_counter() - start) * 1000)
    return {"model": embedder.name, "passages_per_second": statistics.median(rates), "query": latency(times)}


def model_memory() -> dict[str, Any]:
    """Load the model into a process that has imported the library's code, and say what it added.

    What only the model needs (tokenizers, safetensors) counts as the model's.
    """
    import ingest.library  # noqa: F401 (what a server holds anyway must not count as the model's)
    from ingest.embedding import StaticEmbedder

    before, start = megabytes(), time.perf_counter()
    embedder = StaticEmbedder(load().embedding_model)
    embedder.encode(["Start IA"])
    return {"load_ms": (time.perf_counter() - start) * 1000, "memory_mb": megabytes() - before}


def startup(folder: str, questions: int = 50) -> dict[str, Any]:
    """Start the server over the data in *folder* and wait until it is ready; then ask it *questions* over HTTP.

    Where *folder* is empty this is the first start, which takes in the corpus. With questions, the memory afterwards is
    told too, once the server has prepared what it prepares after the start.
    """
    start = time.perf_counter()
    with _server(load(data_dir=Path(folder))) as (process, address):
        ready = time.perf_counter() - start
        found = {"ready_seconds": ready, "memory_ready_mb": megabytes(process.pid)}
        if questions:
            for question in golden()[:questions]:
                body = json.dumps({"question": question.question}).encode()
                headers = {"content-type": "application/json"}
                urllib.request.urlopen(urllib.request.Request(f"{address}/api/v1/ask", body, headers)).read()
            # The server prepares its statements some seconds after it is ready.
            time.sleep(12)
            found["memory_asked_mb"] = megabytes(process.pid)
    return found


def tutorial_index(folder: str, size: int = 1_000) -> dict[str, Any]:
    """Take the text of *size* of our passages into the stack of the tutorials; it stays in *folder*.

    It runs in an environment of its own; ``tutorial.py`` says what it is.
    """
    from tests.benchmarks.passages import generate

    documents = ["\n".join(page.text for page in document.pages) for document in generate(size)]
    return _tutorial("index", folder, {"documents": documents, "limit": size})


def tutorial_ask(folder: str, queries: int = 50) -> dict[str, Any]:
    """Ask what ``tutorial_index`` left in *folder* some golden questions, spread evenly over the file."""
    asked = [question.question for question in golden()]
    return _tutorial("ask", folder, {"questions": asked[:: max(1, len(asked) // queries)][:queries]})


def _tutorial(step: str, folder: str, given: dict[str, Any]) -> dict[str, Any]:
    if not TUTORIAL_PYTHON.exists():
        raise NotMeasured(f"{TUTORIAL_PYTHON.relative_to(ROOT).parts[0]} is not set up; `make bench` does that")
    Path(folder).mkdir(parents=True, exist_ok=True)
    path = Path(folder) / f"{step}.json"
    path.write_text(json.dumps(given), "utf-8")
    return _child([str(TUTORIAL_PYTHON), str(HERE / "tutorial.py"), step, str(path), str(Path(folder) / "chroma")])


def latency(milliseconds: Sequence[float]) -> dict[str, float]:
    """Return median, 95th percentile and maximum of *milliseconds*."""
    ordered = sorted(milliseconds)
    if len(ordered) < 2:
        return {"p50_ms": ordered[0], "p95_ms": ordered[0], "max_ms": ordered[0]}
    cuts = statistics.quantiles(ordered, n=100, method="inclusive")
    return {"p50_ms": cuts[49], "p95_ms": cuts[94], "max_ms": ordered[-1]}


def megabytes(pid: int | None = None) -> float:
    """Return the resident memory of a process with its children, in MB."""
    process = psutil.Process(pid)
    return sum(member.memory_info().rss for member in (process, *process.children(recursive=True))) / 1e6


def peak_megabytes() -> float:
    """Return the most resident memory that this process ever had, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def _child(command: Sequence[str]) -> dict[str, Any]:
    # What an operator has set must not move a figure; nothing here may fetch a model.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GUICHET_")}
    if "GUICHET_TESTDATA" in os.environ:
        environment["GUICHET_TESTDATA"] = os.environ["GUICHET_TESTDATA"]
    environment |= {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "true"}
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment, check=False)
    if ended.returncode:
        said = ended.stderr.strip().splitlines() or [f"exit status {ended.returncode}"]
        raise NotMeasured(said[-1])
    found: dict[str, Any] = json.loads(ended.stdout.strip().splitlines()[-1])
    return found


def golden() -> list[Any]:
    """Return the golden questions."""
    from tests.evaluation.answers import GOLDEN
    from tests.evaluation.metrics import Question, read_records

    return [Question.from_json(record) for record in read_records(GOLDEN)]


def _words(documents: Sequence[Any]) -> int:
    return sum(len(page.text.split()) for document in documents for page in document.pages)


def long_pdf(pages: int, skip: int = 0) -> bytes:
    """Return a PDF of *pages*, each with some 40 lines of the corpus; another one for each *skip*."""
    from tests.benchmarks.passages import generate
    from tests.ingest.readers.samples import pdf

    texts = (page.text for document in generate(pages * 4, seed=skip + 1) for page in document.pages)
    plain = (text.encode("cp1252", "ignore").decode("cp1252") for text in texts)
    safe = (text.replace("\\", "").replace("(", "[").replace(")", "]") for text in plain)
    return pdf(*([line for _ in range(4) for line in textwrap.wrap(next(safe), 85)] for _ in range(pages)))


@contextmanager
def _server(settings: Settings) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Yield a server in a process of its own, once it is ready, with its address."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    environment = {**os.environ, "GUICHET_DATA_DIR": str(settings.data_dir), "GUICHET_RATE_LIMIT": "off"}
    command = [sys.executable, "-m", "ui", "serve", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        _await_ready(process, address)
        yield process, address
    finally:
        process.terminate()
        process.wait(timeout=30)


def _await_ready(process: subprocess.Popen[bytes], address: str) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            raise NotMeasured(f"the server ended with status {process.returncode} before it was ready")
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.02)
    raise NotMeasured(f"the server was not ready after {PATIENCE:g} seconds")


MEASURES = {
    function.__name__: function
    for function in (
        *(reading, ingestion, retrieval, answers, embedding, model_memory),
        *(startup, tutorial_index, tutorial_ask),
    )
}


def main() -> int:
    """Run one measure in this process."""
    try:
        found = MEASURES[sys.argv[1]](**json.loads(sys.argv[2]))
    except NotMeasured as reason:
        sys.stderr.write(f"{reason}\n")
        return 1
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

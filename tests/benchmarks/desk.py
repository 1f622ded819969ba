"""The staff desk under work: a long PDF and a thousand mixed files through the real upload, while people ask.

``python -m tests.benchmarks.desk [--files 1000] [--pages 300]`` serves the application over the starter corpus in this
process, logs in as staff do, uploads over HTTP, publishes by the action of the desk, and has another process ask the
golden questions over HTTP, one at a time, before and meanwhile.
"""

from __future__ import annotations

import argparse
import html
import io
import json
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from bot.bootstrap import open_live
from bot.live import Live
from ingest.documents import SourceDocument
from ingest.revisions import Edit
from ingest.settings import ROOT, load
from tests.benchmarks.measures import golden, latency, long_pdf, megabytes
from tests.benchmarks.passages import generate
from ui.server import create_app
from ui.serving import Server, prepare
from ui.staff.desk import Outcome
from ui.staff.opening import Opened, open_desk
from ui.staff.people import Person

AT_ONCE = 3
"""Files that the page of the desk sends at a time."""
BEFORE = 150
"""Questions that are asked before there is other work."""
ASKER = """
import json, sys, time, urllib.request
address, questions = sys.argv[1], json.loads(sys.stdin.read())
while True:
    for question in questions:
        start = time.perf_counter()
        body = json.dumps({"question": question}).encode()
        request = urllib.request.Request(address + "/api/v1/ask", body, {"content-type": "application/json"})
        urllib.request.urlopen(request).read()
        print((time.perf_counter() - start) * 1000, flush=True)
        time.sleep(0.05)
"""


SENDER = """
import sys, httpx
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
address, token, cookie, at_once = sys.argv[1:5]
headers = {"x-guichet-token": token, "cookie": cookie, "origin": address, "sec-fetch-site": "same-origin"}
client = httpx.Client(base_url=address, headers=headers, timeout=120)
def send(path):
    file = Path(path)
    reply = client.post("/staff/files", params={"name": file.name}, content=file.read_bytes())
    return reply.raise_for_status().json()["revision"]
with ThreadPoolExecutor(int(at_once)) as senders:
    print(*senders.map(send, sys.stdin.read().splitlines()))
"""


@dataclass
class Desk:
    """A running guichet with somebody logged in at its desk."""

    address: str
    live: Live
    opened: Opened
    client: httpx.Client
    person: Person

    def upload(self, files: Iterable[Path]) -> list[int]:
        """Send files as the page of the desk does, from a process of their own; return the numbers of the revisions."""
        cookie = "; ".join(f"{name}={value}" for name, value in self.client.cookies.items())
        sent = subprocess.run(
            [sys.executable, "-c", SENDER, self.address, self.person.token, cookie, str(AT_ONCE)],
            input="\n".join(map(str, files)), capture_output=True, text=True, check=True, timeout=600,
        )  # fmt: skip
        return [int(number) for number in sent.stdout.split()]

    def act(self, action: str, **fields: str) -> Outcome:
        """Do an action of the desk to its end."""
        *_, last = self.opened.staff.desk.act(self.person, "fr", "documents", action, fields)
        if not isinstance(last, Outcome) or last.failed:
            raise RuntimeError(f"{action}: {last}")
        return last

    def read(self, numbers: Sequence[int]) -> None:
        """Wait until files have been read; one that was refused is an error."""
        revisions = self.live.library.revisions
        while revisions.counts().get("received"):
            time.sleep(0.05)
        refused = [each.name for each in revisions.list("refused") if each.number in set(numbers)]
        if refused:
            raise RuntimeError(f"refused: {refused[:5]}")


@contextmanager
def running() -> Iterator[Desk]:
    """Serve a guichet over the starter corpus and log in."""
    with tempfile.TemporaryDirectory(prefix="guichet-benchmark-") as folder, ExitStack() as stack:
        settings = load(data_dir=Path(folder), web_enabled=False, preview_blocks=False, rate_limit="off")
        live = stack.enter_context(open_live(settings))
        opened = stack.enter_context(open_desk(live, settings))
        prepare(live)
        held = socket.socket()
        held.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{held.getsockname()[1]}"
        server = Server(uvicorn.Config(create_app(live, settings, staff=opened.staff), log_level="error"))
        threading.Thread(target=server.run, kwargs={"sockets": [held]}, daemon=True).start()
        while not server.started:
            time.sleep(0.02)
        client = stack.enter_context(httpx.Client(headers={"accept": "text/html"}, follow_redirects=True))
        yield Desk(address, live, opened, client, _logged_in(client, address, opened))
        server.should_exit = True


def _logged_in(client: httpx.Client, address: str, opened: Opened) -> Person:
    own = {"origin": address, "sec-fetch-site": "same-origin"}
    client.post(
        f"{address}/staff/login", data={"name": "admin", "password": opened.first_password or ""}, headers=own
    ).raise_for_status()
    page = client.get(f"{address}/staff/password")
    token = html.unescape(re.findall(r'name="token" value="([^"]+)"', page.text)[0])
    password = "une phrase de passe assez longue"
    fields = {"new": password, "again": password, "token": token}
    client.post(f"{address}/staff/password", data=fields, headers=own).raise_for_status()
    person = opened.staff.gate.person(dict(client.cookies))
    if person is None:
        raise RuntimeError("could not log in")
    return person


@contextmanager
def asking(address: str) -> Iterator[list[float]]:
    """Have another process ask one question after another; the list grows by the milliseconds of each answer."""
    process = subprocess.Popen(
        [sys.executable, "-c", ASKER, address], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin
    process.stdin.write(json.dumps([each.question for each in golden()]))
    process.stdin.close()
    times: list[float] = []

    def listen() -> None:
        assert process.stdout
        times.extend(float(line) for line in process.stdout)

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        yield times
    finally:
        process.kill()
        process.wait()
        listener.join(5)


def large(pages: int) -> dict[str, Any]:
    """Upload a PDF of many pages, publish it, ask for something that only it holds; seconds until the answer."""
    with running() as desk, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rapport.pdf"
        path.write_bytes(long_pdf(pages))
        start = time.perf_counter()
        (number,) = desk.upload([path])
        desk.read([number])
        read = time.perf_counter() - start
        desk.live.library.revisions.edit(number, Edit(title="Rapport Zéphyrine"), "admin")
        desk.act("documents.publish", number=str(number))
        reply = httpx.post(
            f"{desk.address}/api/v1/ask", json={"question": "Que dit le Rapport Zéphyrine ?"}, timeout=60
        )
        cited = {citation["title"] for citation in reply.json()["citations"]}
        seconds = time.perf_counter() - start
        return {
            "pages": pages, "megabytes": path.stat().st_size / 1e6, "read_seconds": read, "seconds": seconds,
            "cited": "Rapport Zéphyrine" in cited, "passages": desk.live.library.count(), "memory_mb": megabytes(),
        }  # fmt: skip


def many(files: int) -> dict[str, Any]:
    """Upload and publish mixed files while people ask; seconds for all, and what answers take before and meanwhile."""
    with running() as desk, tempfile.TemporaryDirectory() as folder:
        mixed = list(_mixed(files, Path(folder)))
        with asking(desk.address) as times:
            while len(times) < BEFORE:
                time.sleep(0.1)
            before = list(times)
            start = time.perf_counter()
            numbers = desk.upload(mixed)
            sent = time.perf_counter() - start
            desk.read(numbers)
            read, by_reading = time.perf_counter() - start, len(times)
            desk.act("documents.publish", number=",".join(map(str, numbers)))
            seconds, by_publishing = time.perf_counter() - start, len(times)
        return {
            "files": files, "sent_seconds": sent, "read_seconds": read, "seconds": seconds,
            "documents": len(desk.live.library.documents), "passages": desk.live.library.count(),
            "before": latency(before), "meanwhile": latency(times[len(before) : by_publishing]),
            "while_reading": latency(times[len(before) : by_reading]),
            "while_publishing": latency(times[by_reading:by_publishing]), "memory_mb": megabytes(),
        }  # fmt: skip


def _mixed(count: int, folder: Path) -> Iterator[Path]:
    """Write files of five kinds in turn, each with its own text of some ten passages."""
    kinds = (_markdown, _page, _text, _word, _print)
    for number, document in enumerate(islice(generate(count * 10), count)):
        kind = kinds[number % len(kinds)]
        suffix, content = kind(document)
        path = folder / f"{document.id}.{suffix}"
        path.write_bytes(content)
        yield path


def _lines(document: SourceDocument) -> list[str]:
    return [line for page in document.pages for line in page.text.splitlines()]


def _markdown(document: SourceDocument) -> tuple[str, bytes]:
    return "md", f"# {document.title}\n\n{chr(10).join(line + chr(10) for line in _lines(document))}".encode()


def _page(document: SourceDocument) -> tuple[str, bytes]:
    lines = "".join(f"<p>{html.escape(line)}</p>" for line in _lines(document))
    title = html.escape(document.title)
    return "html", (
        f'<!doctype html><html lang="{document.language}"><title>{title}</title><main><h1>{title}</h1>{lines}</main>'
    ).encode()


def _text(document: SourceDocument) -> tuple[str, bytes]:
    return "txt", "\n\n".join([document.title, *_lines(document)]).encode()


def _word(document: SourceDocument) -> tuple[str, bytes]:
    from docx import Document

    written = Document()
    written.add_heading(document.title, 1)
    for line in _lines(document):
        written.add_paragraph(line)
    file = io.BytesIO()
    written.save(file)
    return "docx", file.getvalue()


def _print(document: SourceDocument) -> tuple[str, bytes]:
    return "pdf", long_pdf(3, skip=int(document.id.rpartition("-")[2]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.desk", description=__doc__)
    parser.add_argument("--files", type=int, default=1_000)
    parser.add_argument("--pages", type=int, default=300)
    given = parser.parse_args(arguments)
    found = {
        **({"large": large(given.pages)} if given.pages else {}),
        **({"many": many(given.files)} if given.files else {}),
    }
    sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

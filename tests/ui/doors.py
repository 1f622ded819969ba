"""The application with portals and keys in a database of its own, in process and behind a real port."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from sqlalchemy import Engine, text

from bot.answers import Answer, Message
from ingest.database import connect
from ingest.documents import Language
from ingest.settings import Settings
from tests.ui.scripted import ScriptedBot
from ui.admission import Admission
from ui.keys import Keys
from ui.portals import Portals
from ui.server import create_app
from ui.serving import Server, configuration

HOST = "127.0.0.1"
START = {"question": "Qu'est-ce que Start IA ?"}


class PayingBot(ScriptedBot):
    """The scripted bot, which also remembers who paid."""

    def __init__(self, *, pause: float = 0.0) -> None:
        super().__init__(pause=pause)
        self.payers: list[str] = []

    async def stream(
        self, question: str, history: tuple[Message, ...] = (), language: Language | None = None, origin: str = ""
    ) -> AsyncIterator[Answer]:
        """Answer as scripted."""
        self.payers.append(origin)
        async for answer in super().stream(question, history, language, origin):
            yield answer


@dataclass(frozen=True, slots=True)
class Doors:
    """An application, and what its tests look at."""

    app: FastAPI
    bot: PayingBot
    engine: Engine
    admission: Admission

    def tidy(self) -> None:
        """Forget portals, keys, and who asked."""
        with self.engine.begin() as connection:
            for table in ("portal_origin", "portal", "api_key", "journal"):
                connection.execute(text(f"DELETE FROM {table}"))
        self.admission.portals._allowed.forget()
        self.admission.keys._kept.forget()
        self.bot.payers.clear()

    def journal(self) -> list[tuple[str, str, str]]:
        """Return who did what to what, oldest first."""
        with self.engine.connect() as connection:
            rows = connection.execute(text('SELECT "by", action, subject FROM journal ORDER BY number'))
            return [(row[0], row[1], row[2]) for row in rows]


def opened(folder: Path, settings: Settings, *, pause: float = 0.0) -> Doors:
    """Return an application over a database in *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    engine = connect(folder / "guichet.sqlite")
    admission = Admission(settings, Portals(engine), Keys(engine))
    bot = PayingBot(pause=pause)
    return Doors(create_app(bot, settings, admission=admission), bot, engine, admission)


@contextmanager
def served(app: FastAPI, **options: Any) -> Iterator[int]:
    """Serve *app* on a free port of this machine and yield the port."""
    held = socket.socket()
    held.bind((HOST, 0))
    server = Server(configuration(app, **({"log_level": "error", "timeout_graceful_shutdown": 1} | options)))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [held]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield held.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)


def raw(port: int, path: str, *headers: str, method: str = "GET", body: bytes = b"") -> tuple[int, str]:
    """Send a request whose every header is ours, ``Host`` too, and return status and response."""
    lines = [f"{method} {path} HTTP/1.1", *headers, "Connection: close"]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    with socket.create_connection((HOST, port), timeout=20) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        received = b""
        while piece := connection.recv(65536):
            received += piece
    answer = received.decode("utf-8", "replace")
    return int(answer.split(" ", 2)[1]), answer


def asked(port: int, *headers: str, sent: Mapping[str, Any] = START, kind: str = "application/json") -> tuple[int, str]:
    """Ask a question over a raw connection."""
    body = json.dumps(sent).encode()
    return raw(port, "/api/v1/ask", *headers, f"Content-Type: {kind}", method="POST", body=body)


DONE = {"process_generating", "process_completed"}


def event(
    port: int, address: str, question: str, session: str, *, framed: str = "", **extra: Any
) -> list[dict[str, Any]]:
    """Ask through Gradio's queue as the page does, *framed* by a portal, and return what the room is given."""
    here = (f"Host: {HOST}", f"X-Forwarded-For: {address}")
    sent = {"question": question, "turn": "1", "language": "fr", "framed": framed}
    body = {"data": [None], "fn_index": 0, "session_hash": session, "trigger_id": 1, "event_data": sent} | extra
    status, answer = raw(
        port, "/gradio_api/queue/join", *here, "Content-Type: application/json", method="POST",
        body=json.dumps(body).encode(),
    )  # fmt: skip
    assert status == 200, answer
    _, stream = raw(port, f"/gradio_api/queue/data?session_hash={session}", *here)
    messages = [json.loads(line[5:]) for line in stream.splitlines() if line.startswith("data:")]
    outputs = [each["output"]["data"][0] for each in messages if each["msg"] in DONE and each["output"].get("data")]
    return [output for output in outputs if isinstance(output, dict)]

"""A guichet with its desk in a process of its own, with somebody logged in: for tests that kill or measure it.

``python -m tests.ui.running DATA`` serves as ``python -m ui serve`` does, over an empty folder of documents.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

from bot.bootstrap import open_live
from ingest.settings import ROOT, load
from tests.ui.staff.people import set_columns
from ui.serving import run
from ui.staff.accounts import AccountRefused
from ui.staff.entrance import Entrance
from ui.staff.opening import open_desk
from ui.staff.sessions import COOKIE, Came

NAME = "ella"
PATIENCE = 120
"""Seconds for one request: a test that is slow must fail for what it found, not for the machine."""


@dataclass(frozen=True, slots=True)
class Running:
    """The process, where it is, and the session of the person who is logged in."""

    process: subprocess.Popen[str]
    address: str
    cookie: str
    token: str

    def ask(self, path: str = "/", content: bytes | None = None) -> tuple[int, bytes]:
        """Send a request as the desk's own page does; return status and body."""
        headers = {"Cookie": f"{COOKIE}={self.cookie}", "X-Guichet-Token": self.token, "Origin": self.address,
                   "Sec-Fetch-Site": "same-origin"}  # fmt: skip
        try:
            with urlopen(Request(f"{self.address}{path}", content, headers), timeout=PATIENCE) as answer:
                return answer.status, answer.read()
        except HTTPError as error:
            return error.code, error.read()

    def upload(self, name: str, content: bytes) -> int:
        """Send a file and return the number of its revision, once it was acknowledged."""
        status, body = self.ask(f"/staff/files?name={quote(name, safe='')}", content)
        assert status == 200, body
        return int(json.loads(body)["revision"])


@contextmanager
def running(data: Path) -> Iterator[Running]:
    """Yield a guichet over *data* once it answers; afterwards it is killed, if it lives still."""
    command = [sys.executable, "-m", "tests.ui.running", str(data)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        told: dict[str, Any] = json.loads(process.stdout.readline())
        assert process.stdout.readline().startswith("Guichet IA: ")
        yield Running(process, **told)
    finally:
        process.kill()
        process.communicate()


def main(data: Path) -> None:
    """Serve, after telling where and with which session."""
    settings = load(data_dir=data, corpus_dir=data / "none", web_enabled=False, port=0)
    with ExitStack() as stack:
        live = stack.enter_context(open_live(settings))
        desk = stack.enter_context(open_desk(live, settings))
        held = stack.enter_context(socket.socket())
        held.bind(("127.0.0.1", 0))
        entrance = Entrance(live.library.engine, settings)
        with suppress(AccountRefused):  # it was started before
            entrance.accounts.add(NAME, "publisher", "test")
        set_columns(live.library.engine, NAME, must_change=False, valid_until=None)
        issued = entrance.sessions.begin(entrance.accounts.named(NAME).id, Came("127.0.0.1"), by_oidc=True)
        assert issued
        person = entrance.sessions.person({COOKIE: issued.token})
        assert person
        address = f"http://127.0.0.1:{held.getsockname()[1]}"
        sys.stdout.write(json.dumps({"address": address, "cookie": issued.token, "token": person.token}) + "\n")
        sys.stdout.flush()
        run(live, settings, held, desk.staff, desk.admission)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

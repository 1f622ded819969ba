"""Limits that several processes share, against a real Redis: shared while it is there, each its own while it is not."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.settings import load
from tests.slowness import slowness
from ui.admission import Admission, Caller
from ui.admission import windows as windows_module
from ui.asking import Refusal

PATIENT = 20.0
"""Seconds that an application waits for Redis here: nothing is to depend on how fast the machine is."""


class Redis:
    """A server of our own on this machine, that keeps nothing when it stops."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and return when it answers."""
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen([*command, "--dir", str(self._folder)], stdout=subprocess.DEVNULL)
        until = time.monotonic() + 20 * slowness()
        while not self._answers():
            assert self._process.poll() is None, "redis-server ended"
            assert time.monotonic() < until, "redis-server does not answer"
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop it at once."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(100).startswith(b"+PONG")
        except OSError:
            return False


@pytest.fixture
def redis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Redis]:
    """A server that runs, named in the settings."""
    missing = [name for name, there in (("redis-server", shutil.which("redis-server")),
                                        ("its client", importlib.util.find_spec("redis"))) if not there]  # fmt: skip
    if missing:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"missing: {', '.join(missing)}")
    server = Redis(tmp_path)
    server.start()
    monkeypatch.setenv("GUICHET_RATE_LIMIT_STORAGE", f"redis://127.0.0.1:{server.port}/0")
    monkeypatch.setattr(windows_module, "TOGETHER", PATIENT)
    yield server
    server.stop()


def application() -> Admission:
    """Return the limits of one more application over the same settings."""
    return Admission(load(rate_limit="3/minute; 100/day"))


async def asked(admission: Admission, address: str) -> str:
    """Ask one question and return why it was refused, empty if it was not."""
    try:
        async with admission.question(Caller("api", address), "en"):
            return ""
    except Refusal as refusal:
        return refusal.key


def test_two_applications_count_together_and_a_third_goes_on(redis: Redis, caplog: pytest.LogCaptureFixture) -> None:
    """A minute's questions are those of all; an application that comes when another has gone finds what was counted."""

    async def ask() -> list[str]:
        first, second = application(), application()
        said = [await asked(each, "192.0.2.1") for each in (first, second, first, second, first)]
        said.append(await asked(second, "192.0.2.2"))
        del first, second
        said += [await asked(application(), address) for address in ("192.0.2.1", "192.0.2.2")]
        return said

    too_many = "portals.too_many"
    assert asyncio.run(ask()) == ["", "", "", too_many, too_many, "", too_many, ""]
    assert "cannot be counted together" not in caplog.text


def test_without_redis_each_counts_by_itself_and_with_it_together_again(
    redis: Redis, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server goes in the middle: neither open to all nor closed to all, said once by each; then it is back."""
    too_many = "portals.too_many"

    async def ask() -> None:
        first, second = application(), application()
        assert [await asked(each, "192.0.2.1") for each in (first, second, first, second)] == ["", "", "", too_many]
        redis.stop()
        monkeypatch.setattr(windows_module, "TOGETHER", 0.5)
        monkeypatch.setattr(windows_module, "ALONE", 3600.0)
        for each in (first, second):
            assert [await asked(each, "192.0.2.1") for _ in range(4)] == ["", "", "", too_many]
        assert caplog.text.count("cannot be counted together") == 2
        redis.start()
        monkeypatch.setattr(windows_module, "TOGETHER", PATIENT)
        for each in (first, second):
            each._windows._alone_until = 0.0  # the time that each was to count by itself is over
        assert [await asked(each, "192.0.2.9") for each in (first, second, first, second)] == ["", "", "", too_many]
        assert caplog.text.count("cannot be counted together") == 2

    asyncio.run(ask())

"""The whole product on a free port over the double, in a thread, for clients that come over HTTP."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from bot.service import Bot
from ui.server import create_app


@contextmanager
def served(bot: Bot) -> Iterator[str]:
    """Yield the address at which *bot* answers."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        server = uvicorn.Server(uvicorn.Config(create_app(bot, bot.settings), log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [held]}, daemon=True)
        thread.start()
        until = time.monotonic() + 20
        while not server.started and time.monotonic() < until:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{held.getsockname()[1]}"
        server.should_exit = True
        thread.join(timeout=10)

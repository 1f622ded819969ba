"""Run the application on a port that is already held."""

from __future__ import annotations

import gc
import logging
import socket
import sys
from typing import Any

import uvicorn
from fastapi import FastAPI
from rich.console import Console

from bot.live import Live
from ingest.settings import Settings
from ui.admission import Admission
from ui.asking import Bot
from ui.server import create_app
from ui.staff.mount import Staff


class Server(uvicorn.Server):
    """A server that says where it is once it answers."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then print the address to open."""
        # An answer asks for the interpreter some twenty times. While a publication computes in another thread, it waits
        # that often for this long: a tenth of a second at the usual five milliseconds.
        sys.setswitchinterval(0.0005)
        await super().startup(sockets)
        if self.started and sockets:
            host, port = sockets[0].getsockname()[:2]
            shown = "127.0.0.1" if host in {"0.0.0.0", "::"} else host
            Console().print(f"Guichet IA: http://{f'[{shown}]' if ':' in shown else shown}:{port}", highlight=False)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let go of the pages that are open, then stop."""
        self.config.app.state.let_go()  # type: ignore[union-attr]
        await super().shutdown(sockets)


class WithoutQuery(logging.Filter):
    """Takes what stands after the question mark out of a line of access: a form sends a question there."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the address of *record*, the third of its five values."""
        if isinstance(record.args, tuple) and len(record.args) == 5:
            client, method, address, *rest = record.args
            record.args = (client, method, str(address).partition("?")[0], *rest)
        return True


def configuration(app: FastAPI, **options: Any) -> uvicorn.Config:
    """Return how *app* is served; *options* are those of uvicorn that differ."""
    ours: dict[str, Any] = {
        "log_level": "warning",
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": 5,
        # It would believe X-Forwarded-For of every program on this machine; GUICHET_TRUSTED_PROXIES says whom to.
        "proxy_headers": False,
    }
    made = uvicorn.Config(app, **(ours | options))
    access = logging.getLogger("uvicorn.access")
    if not any(isinstance(each, WithoutQuery) for each in access.filters):
        access.addFilter(WithoutQuery())
    return made


def prepare(bot: Live) -> None:
    """Prepare *bot*, and have what is in memory by then looked through for garbage no more: it stays for good.

    The collector stops everybody while it looks: a large publication had each answer that it met wait for that too.
    """
    bot.prepare()
    gc.collect()
    gc.freeze()


def run(
    bot: Bot, settings: Settings, held: socket.socket, staff: Staff | None = None, admission: Admission | None = None
) -> None:
    """Serve *bot*, with the desk of *staff*, on the socket *held* until interrupted."""
    app = create_app(bot, settings, staff=staff, admission=admission)
    Server(configuration(app)).run(sockets=[held])

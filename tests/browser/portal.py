"""A portal beside the guichet: two servers on two loopback ports, the portal's pages under a strict policy."""

from __future__ import annotations

import html
import json
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ingest.database import connect
from ingest.settings import load
from tests.ui.scripted import ScriptedBot
from ui.admission import Admission
from ui.portals import Portals
from ui.server import create_app
from ui.serving import Server, configuration

NONCE = "Zm9yIHRlc3Rz"
"""The same on every page of the tests: what it guards is the browser, not a secret."""


def strict(guichet: str) -> str:
    """Return the policy of a portal that trusts nothing but what it names, addresses of scripts included."""
    return (
        f"default-src 'none'; script-src 'nonce-{NONCE}' 'strict-dynamic'; connect-src {guichet}; style-src 'self';"
        f" img-src 'self'; frame-src {guichet}; base-uri 'none'; form-action 'self'; frame-ancestors 'none';"
        " require-trusted-types-for 'script'; trusted-types guichet-ia"
    )


def by_host(guichet: str) -> str:
    """Return the policy of a portal that names the host of the guichet instead of giving it a nonce."""
    return f"default-src 'none'; script-src {guichet}; connect-src {guichet}; style-src 'self'"


class Guichet:
    """The application, running, open to the pages of some origins."""

    def __init__(self, bot: Any, *, around: Callable[[ASGIApp], ASGIApp] = lambda app: app, **settings: Any) -> None:
        self.bot = bot
        self._folder = tempfile.TemporaryDirectory(prefix="guichet-portal-")
        self._portals = Portals(connect(Path(self._folder.name) / "guichet.sqlite"))
        held = socket.socket()
        held.bind(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{held.getsockname()[1]}"
        known = load(**settings)
        app: Any = create_app(bot, known, admission=Admission(known, self._portals))
        opened: Any = around(app)
        if opened is not app:
            opened.state = app.state
        self._server = Server(configuration(opened, log_level="error", timeout_graceful_shutdown=1))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [held]}, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.02)

    def allow(self, origin: str) -> None:
        """Let the pages of *origin* read answers and frame the chat."""
        self._portals.add("portail", [origin], "test")

    def forbid(self) -> None:
        """Let nobody any more."""
        self._portals.remove("portail", "test")

    def stop(self) -> None:
        """Close the port and end the thread."""
        self._server.should_exit = True
        self._thread.join(10)
        self._folder.cleanup()


class Interrupted:
    """Before the application: answers questions that hold a word of *troubles* with a status, as limits do."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.troubles: dict[str, tuple[int, dict[str, str], bytes]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        asks = scope["type"] == "http" and scope["method"] == "POST" and scope["path"] == "/api/v1/ask"
        if not asks or not self.troubles:
            await self.app(scope, receive, send)
            return
        body = bytearray()
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        asked = json.loads(body)["question"]
        for word, (status, headers, content) in self.troubles.items():
            if word in asked:
                origin = dict(scope["headers"]).get(b"origin", b"")
                raw = [(key.encode(), value.encode()) for key, value in headers.items()]
                raw += [(b"access-control-allow-origin", origin), (b"access-control-expose-headers", b"Retry-After")]
                await send({"type": "http.response.start", "status": status, "headers": raw})
                await send({"type": "http.response.body", "body": content})
                return
        left = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def again() -> Message:
            return left.pop() if left else await receive()

        await self.app(scope, again, send)


class Pages(BaseHTTPRequestHandler):
    """Serves what the portal holds at a path: type, text, further headers."""

    def __init__(self, held: Mapping[str, tuple[str, str, Mapping[str, str]]], *arguments: Any) -> None:
        self.held = held
        super().__init__(*arguments)

    def do_GET(self) -> None:
        """Answer with what is held."""
        found = self.held.get(self.path.partition("?")[0])
        kind, text, headers = found or ("text/plain", "", {})
        body = text.encode()
        self.send_response(200 if found else 404)
        for key, value in {
            "content-type": f"{kind}; charset=utf-8",
            "content-length": str(len(body)),
            **headers,
        }.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


class Portal:
    """Pages on a port of their own."""

    def __init__(self) -> None:
        self.held: dict[str, tuple[str, str, Mapping[str, str]]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Pages, self.held))
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def put(self, path: str, text: str, kind: str = "text/html", **headers: str) -> None:
        """Hold *text* at *path*; ``_`` in the name of a header is a hyphen."""
        self.held[path] = (kind, text, {key.replace("_", "-"): value for key, value in headers.items()})

    def stop(self) -> None:
        """Close the port and end the thread."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


def page(guichet: str, *, body: str = "", style: str = "", **attributes: str) -> str:
    """Return a page of a portal with the widget, given its ``data-…`` attributes without that beginning."""
    given = "".join(f' data-{key}="{html.escape(value)}"' for key, value in attributes.items())
    sheet = f'<link rel="stylesheet" href="{style}">' if style else ""
    return (
        f'<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>Portail</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{sheet}'
        f'<script src="{guichet}/widget.js" nonce="{NONCE}"{given} async></script></head>'
        f'<body><main><h1>Portail</h1><p id="text">Bienvenue <a href="/second">suite</a></p>{body}</main></body></html>'
    )


def bot() -> ScriptedBot:
    """A bot that lets one see its answer grow."""
    return ScriptedBot(pause=0.03)

"""Chromium before the application, served on a free loopback port over a scripted bot."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

from ingest.database import connect
from ingest.journal import Journal
from ingest.settings import load
from tests.ui.released import SAMPLE
from tests.ui.scripted import ScriptedBot
from tests.ui.staff.demo import COOKIE, Attacked, Desktop
from ui import quality
from ui.server import create_app
from ui.serving import Server
from ui.staff.rooms.journal import JournalRoom

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


class Site:
    """A running application; it can be stopped and started again on the same port."""

    def __init__(self, figures: Path, desktop: Desktop | None = None) -> None:
        self.bot = ScriptedBot(pause=0.05)
        self.figures = figures
        self.desktop = desktop
        self.port = 0
        self.start()

    @property
    def address(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Serve, on the port of the last time if there was one."""
        held = socket.socket()
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", self.port))
        self.port = held.getsockname()[1]
        staff = self.desktop.staff if self.desktop else None
        application = create_app(self.bot, load(max_question=200), figures=self.figures, staff=staff)
        self._server = Server(uvicorn.Config(application, log_level="error", timeout_graceful_shutdown=1))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [held]}, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.02)

    def stop(self) -> None:
        """Close the port and end the thread."""
        self._server.should_exit = True
        self._thread.join(10)


# Not for the whole session: while Playwright's own event loop is there, no other one can run in this thread.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of this folder; without it they are skipped, but never in CI."""
    if not CHROMIUM.exists():
        if os.environ.get("CI"):
            pytest.fail(f"{CHROMIUM} is missing; install Chromium")
        pytest.skip(f"{CHROMIUM} is missing")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The application, running, with the figures of a made-up release."""
    figures = tmp_path_factory.mktemp("released") / "quality.json"
    quality.write(SAMPLE, figures)
    site = Site(figures)
    yield site
    site.stop()


Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, site: Site) -> Iterator[Visit]:
    """A visitor's page; afterwards: no request elsewhere, no cookie, nothing stored, no script failed."""
    contexts = []
    asked: list[str] = []
    failed: list[str] = []

    def open_page(path: str = "/", **options: Any) -> Page:
        context = browser.new_context(**({"locale": "fr-BE", "viewport": {"width": 1280, "height": 860}} | options))
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: failed.append(str(error)))
        page.goto(site.address + path)
        page.wait_for_selector("body.ready")
        return page

    yield open_page
    for context in contexts:
        assert context.cookies() == []
        for page in context.pages:
            assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
        context.close()
    assert {urlsplit(url).hostname for url in asked if not url.startswith(("data:", "blob:"))} <= {"127.0.0.1"}
    assert failed == []


@pytest.fixture(scope="package")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The application with a staff desk, running."""
    folder = tmp_path_factory.mktemp("office")
    figures = folder / "quality.json"
    quality.write(SAMPLE, figures)
    journal = Journal(connect(folder / "guichet.db"))
    for number in range(3):
        journal.note("ella", "edited", f"revision {number}", changed=["title"])
    site = Site(figures, Desktop(folder / "arriving", JournalRoom(journal), Attacked()))
    yield site
    site.stop()


@pytest.fixture
def desktop(office: Site) -> Desktop:
    """The desk behind the office, as if nobody had been there."""
    assert office.desktop
    office.desktop.tidy()
    return office.desktop


@pytest.fixture
def enter(browser: Browser, office: Site, desktop: Desktop) -> Iterator[Visit]:
    """A page of the desk for somebody; afterwards: no request elsewhere, nothing stored, no script failed."""
    contexts = []
    asked: list[str] = []
    failed: list[str] = []

    def open_page(path: str = "", name: str = "ella", **options: Any) -> Page:
        context = browser.new_context(**({"locale": "fr-BE", "viewport": {"width": 1280, "height": 860}} | options))
        contexts.append(context)
        context.add_cookies([{"name": COOKIE, "value": name, "url": office.address}])
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: failed.append(str(error)))
        page.goto(f"{office.address}/staff/{path}")
        # The first page after a start waits for what Gradio imports with its first event.
        page.wait_for_selector("body.ready #room-page:not([aria-busy]) h1", timeout=60_000)
        return page

    yield open_page
    for context in contexts:
        assert [cookie["name"] for cookie in context.cookies()] in ([COOKIE], [])
        for page in context.pages:
            assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
        context.close()
    assert {urlsplit(url).hostname for url in asked if not url.startswith(("data:", "blob:"))} <= {"127.0.0.1"}
    assert failed == []

"""The way in to the desk in a real browser: strict cookies, addresses behind ``#``, narrow screens, access for all."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from playwright.sync_api import Browser, Page
from pydantic import SecretStr

from ingest.database import connect
from ingest.settings import load
from tests.ui.staff.people import CHEAP, PASSWORD
from tests.ui.staff.providers import CLIENT, ROLES, SECRET, certified
from ui.guard import content_policy
from ui.server import STATIC
from ui.staff.entrance import Entrance
from ui.staff.login import routes
from ui.staff.oidc import Provider
from ui.staff.passwords import Hasher


def desk_of(entrance: Entrance) -> FastAPI:
    """Return an application whose desk says who is there and by which address, and sends others to the login."""
    app = FastAPI()
    app.mount("/static", StaticFiles(directory=STATIC))

    @app.middleware("http")
    async def policy(request: Request, answer: Any) -> Response:
        response: Response = await answer(request)
        response.headers["content-security-policy"] = content_policy(None)
        return response

    return app


def add_desk(app: FastAPI, entrance: Entrance) -> None:
    """Put the desk behind the pages of the way in."""

    @app.get("/staff/{place:path}")
    async def desk(request: Request) -> Response:
        person = entrance.sessions.person_of(request)
        if person is None:
            return RedirectResponse(f"/staff/login?next={request.url.path}", 303)
        return HTMLResponse(f"<h1>{person.name}</h1>")


@pytest.fixture(scope="module")
def guichet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A guichet with a certified provider of another host name, so that the browser takes it for another site."""
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    address = f"http://localhost:{held.getsockname()[1]}"
    engine = connect(tmp_path_factory.mktemp("desk") / "guichet.sqlite")
    with certified(address) as issuer:
        settings = load(
            public_url=address, staff_oidc_issuer=issuer, staff_oidc_name="Wallex", staff_oidc_client_id=CLIENT,
            staff_oidc_client_secret=SecretStr(SECRET), staff_oidc_scopes="openid profile groups",
            staff_oidc_role_claim="groups", staff_oidc_roles=ROLES,
        )  # fmt: skip
        entrance = Entrance(engine, settings, Hasher(CHEAP))
        entrance.accounts.add("anna", "editor", "test", PASSWORD)
        app = desk_of(entrance)
        app.include_router(routes(entrance, settings, "v1", Provider(settings)))
        add_desk(app, entrance)
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [held]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield address
        server.should_exit = True
        thread.join(10)
    engine.dispose()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A browser without scripts, as wide as the narrowest telephone."""
    context = browser.new_context(locale="fr-BE", viewport={"width": 320, "height": 640}, java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(15_000)
    yield page
    context.close()


def test_first_login_without_any_script(page: Page, guichet: str) -> None:
    """From a link into the desk over login and new password to the very page, its ``#`` included, by keyboard."""
    page.goto(f"{guichet}/staff/#/documents/17")
    page.wait_for_selector("#name:focus")
    page.keyboard.type("anna")
    page.keyboard.press("Tab")
    page.keyboard.type("falsch und lang genug")
    page.keyboard.press("Enter")
    page.wait_for_selector("#password-error")
    page.wait_for_selector("#password:focus")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#again")
    for field in ("#new", "#again"):
        page.fill(field, "een fiets zonder stuur en bel")
    page.click("main button")
    page.wait_for_selector("h1:text('anna')")
    assert page.url == f"{guichet}/staff/#/documents/17"


def test_through_another_site_and_back(page: Page, guichet: str) -> None:
    """The strict cookie arrives although another site sent the browser back: the page that goes on is our own."""
    page.goto(f"{guichet}/staff/gaps")
    page.click("text=Se connecter avec Wallex")
    page.fill("input[name=login]", "eva")
    page.fill("input[name=password]", "x")
    page.click("button[type=submit]")
    page.click("button[type=submit]")
    page.wait_for_selector("h1:text('eva')")
    assert page.url == f"{guichet}/staff/gaps"


def test_another_site_cannot_act(page: Page, guichet: str) -> None:
    """A form on another site, in the browser of somebody who is logged in, does not log out."""
    test_through_another_site_and_back(page, guichet)
    page.route("http://127.0.0.1:9/", lambda route: route.fulfill(
        body=f"<form method=post action={guichet}/staff/logout><button>x</button></form>", content_type="text/html",
    ))  # fmt: skip
    page.goto("http://127.0.0.1:9/")
    page.click("button")
    page.wait_for_url(f"{guichet}/staff/logout")
    page.goto(f"{guichet}/staff/")
    page.wait_for_selector("h1:text('eva')")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_it(browser: Browser, guichet: str, scheme: Any) -> None:
    """No fault of accessibility, and nothing to scroll sideways at 320 px, in both colour schemes, with errors."""
    context = browser.new_context(locale="de-BE", viewport={"width": 320, "height": 640}, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{guichet}/staff/login")
    page.fill("#name", "anna")
    page.click("main button")
    page.wait_for_selector("#password-error")
    assert Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    context.close()

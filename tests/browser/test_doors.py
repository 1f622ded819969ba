"""Who may embed the guichet, as browsers have it: a page of another port is a page of another origin."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from ingest.settings import load
from tests.ui.doors import Doors, opened, served
from ui.portals import normal


class _Page(BaseHTTPRequestHandler):
    """A page of somebody else's, with whatever stands in its address."""

    def do_GET(self) -> None:
        """Answer with an empty page, or one with a frame."""
        frame = self.path.partition("?frame=")[2]
        body = (
            f"<!doctype html><title>portal</title><iframe src='{frame}' width=800 height=600></iframe>" if frame else ""
        )
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@dataclass(frozen=True, slots=True)
class Town:
    """The guichet, and a portal beside it."""

    doors: Doors
    guichet: str
    portal: str


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Both, running, each on a port of its own."""
    settings = load(rate_limit="2/minute", rate_limit_requests="1000/minute", trusted_hosts=(), trusted_proxies=())
    doors = opened(tmp_path_factory.mktemp("town"), settings)
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Page) as portal, served(doors.app) as port:
        portal.daemon_threads = True
        threading.Thread(target=portal.serve_forever, daemon=True).start()
        yield Town(doors, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{portal.server_address[1]}")
        portal.shutdown()


@pytest.fixture
def page(browser: Browser, town: Town) -> Iterator[Page]:
    """A browser on a page of the portal, which nobody has allowed yet; nobody has asked anything."""
    town.doors.tidy()
    town.doors.admission._windows._memory.storage.reset()
    context = browser.new_context(locale="fr-BE")
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.goto(town.portal)
    yield page
    context.close()


ASK = """async ([address, kind, mode]) => {
  try {
    const answer = await fetch(address + "/api/v1/ask", {
      method: "POST", mode, headers: {"Content-Type": kind}, body: JSON.stringify({question: "Start IA ?"}),
    });
    return [answer.type, answer.status, mode === "cors" ? await answer.text() : ""];
  } catch (error) { return ["failed", 0, ""]; }
}"""


def ask(page: Page, town: Town, kind: str = "application/json", mode: str = "cors") -> tuple[str, int, str]:
    """Ask from the page that is shown."""
    form, status, text = page.evaluate(ASK, [town.guichet, kind, mode])
    return form, status, text


def frame(page: Page, town: Town, path: str = "/?embed=1") -> bool:
    """Return whether the page of the portal shows that of the guichet in a frame."""
    page.goto(f"{town.portal}/?frame={town.guichet}{path}")
    # The page is there once its frame has loaded, or was refused: a page of the browser's own then.
    return not page.frames[1].url.startswith("chrome-error:")


def test_a_page_that_nobody_allowed_gets_nothing(page: Page, town: Town) -> None:
    """With a preflight or without one: the browser reads nothing, and nothing was computed."""
    assert ask(page, town) == ("failed", 0, "")
    assert ask(page, town, "text/plain") == ("failed", 0, "")
    assert ask(page, town, "text/plain", "no-cors") == ("failed", 0, "")
    # A form of the foreign page, and a page without any origin of its own.
    with page.expect_response(lambda response: response.url.endswith("/api/v1/ask")) as answer:
        page.evaluate(
            """address => { document.body.innerHTML = `<form method=post enctype="text/plain"
            action="${address}/api/v1/ask"><input name='{"question": "Start IA ?", "a": "' value='"}'></form>`;
            document.forms[0].submit(); }""",
            town.guichet,
        )
    assert answer.value.status == 403
    # In a page of its own: the navigation of the form may still be under way in the other one.
    nobody = page.context.new_page()
    nobody.goto("data:text/html,<title>null</title>")
    assert nobody.evaluate("location.origin") == "null"
    assert ask(nobody, town, "text/plain") == ("failed", 0, "")
    assert town.doors.bot.payers == []


def test_a_portal_that_is_allowed_reads_answers_until_it_is_closed(page: Page, town: Town) -> None:
    """Allowed, it asks; closed, the next question already gets a sentence; open again, it asks."""
    portals = town.doors.admission.portals
    portals.add("ville", [town.portal], "ada")
    form, status, text = ask(page, town)
    assert (form, status) == ("cors", 200)
    assert "Start IA est" in text
    assert town.doors.bot.payers == ["portal ville"]
    portals.switch("ville", "ada", closed=True)
    _, status, text = ask(page, town)
    assert status == 403
    assert "L'accès de ce portail au guichet est fermé." in text
    assert town.doors.bot.payers == ["portal ville"]
    portals.switch("ville", "ada", closed=False)
    assert ask(page, town)[1] == 200
    # The third question of this minute: the page of the portal reads how long to wait.
    assert page.evaluate(
        """async address => { const answer = await fetch(address + "/api/v1/ask", {method: "POST",
        headers: {"Content-Type": "application/json"}, body: JSON.stringify({question: "x"})});
        return [answer.status, Number(answer.headers.get("Retry-After")) > 0]; }""",
        town.guichet,
    ) == [429, True]


def test_the_chat_page_is_framed_by_portals_only(page: Page, town: Town) -> None:
    """Not by anybody, by an open portal, not by a closed one; the desk by nobody at all."""
    assert not frame(page, town)
    town.doors.admission.portals.add("ville", [town.portal], "ada")
    assert frame(page, town)
    inside = page.frame_locator("iframe")
    expect(inside.locator("body.ready")).to_be_attached()
    inside.locator("#question").fill("Qu'est-ce que Start IA ?")
    inside.locator("#question").press("Enter")
    # The first event after a start waits for what Gradio imports with it.
    expect(inside.locator("#log")).to_contain_text("Start IA est un accompagnement", timeout=60_000)
    assert town.doors.bot.payers == ["portal ville"]
    # The switch reaches the frame that is open, too.
    town.doors.admission.portals.switch("ville", "ada", closed=True)
    inside.locator("#question").fill("Qu'est-ce que Start IA ?")
    inside.locator("#question").press("Enter")
    expect(inside.locator("#log")).to_contain_text("accès de ce portail au guichet est fermé")
    assert town.doors.bot.payers == ["portal ville"]
    town.doors.admission.portals.switch("ville", "ada", closed=False)
    assert not frame(page, town, "/quality")
    town.doors.admission.portals.switch("ville", "ada", closed=True)
    assert not frame(page, town)


def test_a_visitor_at_the_limit_reads_it_in_the_chat(page: Page, town: Town) -> None:
    """The sentence with the wait stands where the answer would be, and the next question can be typed."""
    page.goto(town.guichet)
    page.wait_for_selector("body.ready")
    for number in range(1, 4):
        page.locator("#question").fill(f"Qu'est-ce que Start IA ? {number}")
        page.locator("#question").press("Enter")
        expect(page.locator("article.turn")).to_have_count(number)
        expect(page.locator(".answer[aria-busy]")).to_have_count(0, timeout=60_000)
    expect(page.locator("article.turn").nth(1)).to_contain_text("Start IA est un accompagnement")
    expect(page.locator("article.turn").nth(2)).to_contain_text(
        "Trop de questions depuis votre connexion. Réessayez dans"
    )
    expect(page.locator("#question")).to_be_enabled()
    assert town.doors.bot.payers == ["page", "page"]


@pytest.mark.parametrize(
    "text",
    ["https://Portal.Example.BE", "https://portal.example.be:443/", "https://Ville-de-Liège.example", "https://faß.example",
     "https://été.example:8443", "https://xn--ville-de-lige-6gb.example", "https://192.0.2.7",
     "https://[2001:DB8:0::1]:8443", "https://[::ffff:192.0.2.7]", "http://localhost:3000", "https://a_b.example",
     "https://☕.example", "https://日本.example", "https://BÜCHER.example"],
)  # fmt: skip
def test_an_origin_is_written_as_this_browser_writes_it(page: Page, text: str) -> None:
    """Whatever an administrator may type, what is kept is what the browser will send; or it is refused."""
    try:
        written = page.evaluate("text => new URL(text).origin", text)
    except Error:
        written = None
    assert normal(text) in {written, None}
    assert normal(text) is not None or "☕" in text

"""The page without script, in a browser that runs none, and the chat in a frame of a portal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, expect

from ingest.settings import ROOT
from tests.browser.conftest import Site
from tests.browser.portal import Guichet, Portal
from tests.ui.scripted import ScriptedBot

START = "Qu'est-ce que Start IA ?"
ATTACK = "Start IA <script>window.hit=1</script><img src=x onerror=window.hit=1>"
Look = Callable[..., Page]


@pytest.fixture
def look(browser: Browser, site: Site) -> Iterator[Look]:
    """A page of the guichet in a browser without scripts; afterwards: no cookie, no question in an address."""
    contexts, addresses = [], []

    def look(path: str = "/ask?lang=fr", **options: Any) -> Page:
        context = browser.new_context(**{"java_script_enabled": False, "locale": "fr-BE"} | options)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: addresses.append(request.url))
        page.goto(site.address + path)
        return page

    yield look
    for context in contexts:
        assert context.cookies() == []
        context.close()
    assert all(address.startswith(site.address) and "Start" not in address for address in addresses)


def ask(page: Page, question: str) -> Page:
    """Send a question with the form."""
    page.locator("#question").fill(question)
    page.get_by_role("button", name="Envoyer").click()
    return page


def test_the_whole_answer_comes_with_its_sources_open(look: Look) -> None:
    """Text, notes, programmes and every quote in its passage; a marker leads to its source, a link to the original."""
    page = ask(look(), START)
    expect(page.locator(".said")).to_contain_text("cinq jours")
    expect(page.locator(".status li")).to_have_count(2)
    expect(page.locator(".programme.closing")).to_contain_text("se termine le 10 décembre 2026")
    expect(page.locator(".open-sources mark").nth(1)).to_contain_text("515 organisations")
    page.get_by_role("link", name=re.compile("^Source 2 : Start IA")).click()
    expect(page.locator("#source-2")).to_be_in_viewport()
    expect(page.locator("#source-2 a")).to_have_attribute("href", re.compile("^https://ribbon"))


def test_a_starter_is_a_question(look: Look) -> None:
    """The examples are asked by a button, in the language of the page."""
    page = look("/ask?lang=de")
    page.get_by_role("button", name="Was ist Start IA?").click()
    expect(page.locator(".said")).to_contain_text("fünftägige")


def test_the_next_question_remembers_and_a_new_conversation_does_not(look: Look, site: Site) -> None:
    """The form carries what was said; «new» forgets it."""
    page = ask(ask(look(), START), "Et combien dure Start IA ?")
    assert site.bot.histories[-1][0].text == START
    page.get_by_role("link", name="Nouvelle conversation").click()
    ask(page, START)
    assert site.bot.histories[-1] == ()


def test_what_cannot_be_asked_is_told_and_kept(look: Look) -> None:
    """A long question gets its sentence, in the title too, and stays in the field; a crash leaves it there as well."""
    page = ask(look(), "x" * 201)
    expect(page.get_by_role("alert")).to_contain_text("201 caractères, 200 au plus")
    expect(page).to_have_title(re.compile("^Votre question n'a pas été posée"))
    expect(page.locator("#question")).to_have_value("x" * 201)
    ask(page, "crash")
    expect(page.get_by_role("alert")).to_contain_text("Une erreur est survenue de notre côté")
    expect(page.locator("#question")).to_have_value("crash")


def test_attacks_are_text(look: Look, site: Site) -> None:
    """A question full of markup is shown as it was typed, also by a browser that would run scripts."""
    page = ask(look(java_script_enabled=True), ATTACK)
    expect(page.locator(".asked")).to_have_text(ATTACK)
    assert page.evaluate("window.hit") is None
    assert page.evaluate("document.scripts.length") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(look: Look, scheme: str) -> None:
    """Form, answer and error have no accessibility violation, wide and at 320 pixels, without sideways scrolling."""
    for size in ((1280, 860), (320, 640)):
        # Axe needs a script: the page is the same with it.
        page = look(java_script_enabled=True, color_scheme=scheme, viewport={"width": size[0], "height": size[1]})
        for question in (None, START, "x" * 201):
            if question:
                ask(page, question)
                page.locator("article, #problem").first.wait_for()
            found = Axe().run(page).response["violations"]
            assert [f"{rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]] == []
            assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


def test_the_chat_page_names_the_way_without_script(look: Look) -> None:
    """Who has no script finds the form from the chat page, in the same language."""
    page = look("/?lang=nl")
    page.get_by_role("link", name="Uw vraag stellen op een pagina zonder JavaScript").click()
    expect(page.get_by_label("Uw vraag")).to_be_visible()


# In a frame


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    """The pages of a portal."""
    portal = Portal()
    yield portal
    portal.stop()


@pytest.fixture(scope="module")
def guichet(portal: Portal) -> Iterator[Guichet]:
    """A guichet that this portal may frame."""
    guichet = Guichet(ScriptedBot(pause=0.03), max_question=600)
    guichet.allow(portal.address)
    yield guichet
    guichet.stop()


def snippet(guichet: str) -> str:
    """Return the frame and the listener as the guide prints them, for the guichet at that address."""
    guide = (ROOT / "docs" / "portal" / "iframe.md").read_text(encoding="utf-8")
    parts = [block for block in re.findall(r"```html\n(.*?)```", guide, re.DOTALL) if "guichet-frame" in block]
    return "".join(parts).replace("https://guichet.example.be", guichet)


def test_the_frame_of_the_guide_takes_the_height_of_the_conversation(
    browser: Browser, portal: Portal, guichet: Guichet
) -> None:
    """The snippet of the guide shows the chat without its header and follows its height, down again too."""
    parts = snippet(guichet.address)
    portal.put("/", f'<!doctype html><html lang="fr"><title>Portail</title><body><h1>Portail</h1>{parts}')
    page = browser.new_page(viewport={"width": 900, "height": 900})
    page.goto(portal.address + "/")
    chat = page.frame_locator("#guichet-frame")
    chat.locator("body.ready").wait_for()
    expect(chat.locator("#top nav")).to_have_count(0)
    expect(chat.locator("h1")).to_have_text("Guichet IA")
    frame = page.locator("#guichet-frame")
    expect(frame).not_to_have_attribute("height", "640")
    before = int(frame.get_attribute("height") or 0)
    for question in (START, "Et combien dure Start IA ?"):
        chat.locator("#question").fill(question)
        chat.locator("#question").press("Enter")
        # The first question after a start waits for what Gradio imports with it.
        expect(chat.locator(".progress")).to_have_count(0, timeout=60_000)
    expect(chat.locator("button.chip")).to_have_count(4)
    page.wait_for_timeout(200)
    assert int(frame.get_attribute("height") or 0) > before + 200
    chat.get_by_role("button", name="Nouvelle conversation").click()
    page.wait_for_timeout(200)
    assert abs(int(frame.get_attribute("height") or 0) - before) <= 2
    assert chat.locator(".notes a").count() == 0
    page.context.close()


def test_a_stranger_s_message_does_not_move_the_frame(browser: Browser, portal: Portal, guichet: Guichet) -> None:
    """The listener of the guide heeds the frame's own window and address, and keeps heights within bounds."""
    portal.put("/", f'<!doctype html><html lang="fr"><title>Portail</title><body>{snippet(guichet.address)}')
    page = browser.new_page()
    page.goto(portal.address + "/")
    page.frame_locator("#guichet-frame").locator("body.ready").wait_for()
    page.wait_for_timeout(200)
    before = page.locator("#guichet-frame").get_attribute("height")
    page.evaluate("postMessage({type: 'guichet-ia:height', height: 3000}, '*')")
    page.wait_for_timeout(100)
    assert page.locator("#guichet-frame").get_attribute("height") == before
    page.context.close()


def test_without_a_known_portal_around_nothing_is_told(browser: Browser, guichet: Guichet) -> None:
    """Opened by itself the embedded page posts no height to anybody."""
    page = browser.new_page()
    page.add_init_script("window.told = []; addEventListener('message', (event) => told.push(event.data?.type))")
    page.goto(guichet.address + "/?embed=1&lang=fr")
    page.wait_for_selector("body.ready")
    page.wait_for_timeout(100)
    assert "guichet-ia:height" not in page.evaluate("told")
    page.context.close()

"""The page without script, in a browser that runs none, and the chat in a frame of a portal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Locator, Page, expect

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


def test_the_frame_s_own_message_moves_it_within_bounds(browser: Browser, portal: Portal, guichet: Guichet) -> None:
    """The listener of the guide heeds the frame's own window only, and keeps its heights within bounds."""
    other = f'<iframe id="other" title="Form" src="{guichet.address}/ask?lang=fr"></iframe>'
    portal.put("/", f'<!doctype html><html lang="fr"><title>Portail</title><body>{snippet(guichet.address)}{other}')
    page = browser.new_page()
    page.goto(portal.address + "/")
    frame = page.locator("#guichet-frame")
    chat = page.frame_locator("#guichet-frame")
    chat.locator("body.ready").wait_for()
    # From here on the page in the frame has nothing to tell of itself: its height does not change any more.
    height = chat.locator("#room").evaluate(
        "(room) => { Object.assign(room.style, {height: '500px', minHeight: '0'});"
        " return Math.ceil(room.getBoundingClientRect().height) }"
    )
    expect(frame).to_have_attribute("height", str(height))
    page.evaluate("window.told = 0; addEventListener('message', () => { told += 1 }); 0")

    def shown(teller: Locator, sent: str) -> str | None:
        """Return the height of the frame after *teller* said what it should be."""
        before = page.evaluate("told")
        teller.evaluate(f"() => parent.postMessage({{type: 'guichet-ia:height', height: {sent}}}, '*')")
        page.wait_for_function(f"told > {before}")
        return frame.get_attribute("height")

    # The page itself, and another frame of the same guichet, are not the frame.
    assert shown(page.locator("body"), "3000") == str(height)
    assert shown(page.frame_locator("#other").locator("body"), "3000") == str(height)
    for sent, bounded in (("9999", "4000"), ("1", "320"), ("-5", "320"), ("812.2", "813")):
        assert shown(chat.locator("body"), sent) == bounded
    for sent in ("Infinity", "NaN", "'999'", "{}", "null"):
        assert shown(chat.locator("body"), sent) == "813"
    page.context.close()


@pytest.fixture
def stranger() -> Iterator[Portal]:
    """A portal that the guichet does not know."""
    portal = Portal()
    yield portal
    portal.stop()


def test_without_a_known_portal_around_nothing_is_told(
    browser: Browser, guichet: Guichet, portal: Portal, stranger: Portal
) -> None:
    """A page that is not on the list has an empty frame and hears no height; opened by itself it tells nobody."""
    heard = "<script>window.told = []; addEventListener('message', (event) => told.push(event.data?.type))</script>"
    held = f'<!doctype html><html lang="fr"><title>Page</title>{heard}<body>{snippet(guichet.address)}'
    for around in (portal, stranger):
        around.put("/", held)
    page = browser.new_page()
    page.goto(portal.address + "/")
    expect(page.locator("#guichet-frame")).not_to_have_attribute("height", "640")
    assert "guichet-ia:height" in page.evaluate("told")
    with page.expect_console_message(lambda message: "frame-ancestors" in message.text):
        page.goto(stranger.address + "/")
    assert page.evaluate("told") == []
    expect(page.locator("#guichet-frame")).to_have_attribute("height", "640")
    expect(page.frame_locator("#guichet-frame").locator("body.ready")).to_have_count(0)
    page.context.close()
    alone = browser.new_page()
    alone.add_init_script("window.told = []; addEventListener('message', (event) => told.push(event.data?.type))")
    alone.goto(guichet.address + "/?embed=1&lang=fr")
    alone.wait_for_selector("body.ready")
    alone.wait_for_timeout(100)
    assert "guichet-ia:height" not in alone.evaluate("told")
    alone.context.close()

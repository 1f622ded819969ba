"""The chat page as a visitor meets it."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Site, Visit

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
NARROW = {"viewport": {"width": 320, "height": 640}, "is_mobile": True, "has_touch": True}
START = "Qu'est-ce que Start IA ?"


def ask(page: Page, question: str) -> None:
    """Type a question and send it with the Enter key."""
    page.locator("#question").fill(question)
    page.locator("#question").press("Enter")


def answered(page: Page, question: str = START) -> Page:
    """Ask and wait for the complete answer."""
    ask(page, question)
    page.wait_for_selector("button.chip")
    return page


def violations(page: Page) -> list[str]:
    """Return what axe finds, a line each."""
    page.wait_for_timeout(300)  # until the panel has slid in
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]]


def sideways(page: Page) -> int:
    """Return by how many pixels the page can be scrolled sideways."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def test_ask_then_source_then_escape(visit: Visit) -> None:
    """A question gets an answer, its chip opens the quote in its passage, Esc closes and the focus is back."""
    page = answered(visit())
    chip = page.get_by_role("button", name=re.compile("^Source 2"))
    chip.click()
    panel = page.get_by_role("dialog")
    expect(panel).to_be_visible()
    expect(panel.locator("mark")).to_have_text("En 2025, 515 organisations avaient été sélectionnées pour Start IA.")
    expect(panel.get_by_role("link")).to_have_attribute("href", re.compile("^https://ribbon"))
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(chip).to_be_focused()


def test_another_chip_changes_the_open_panel(visit: Visit) -> None:
    """While the panel is open on a wide screen, a second chip shows its own source."""
    page = answered(visit())
    page.locator("button.chip").nth(0).click()
    page.locator("button.chip").nth(1).click()
    expect(page.locator("#panel mark")).to_contain_text("515")
    expect(page.locator("#panel")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("button.chip").nth(1)).to_be_focused()


def test_the_sheet_of_a_phone_is_modal(visit: Visit) -> None:
    """On a phone the source comes from below, over the page, and closes by its button."""
    page = answered(visit(**PHONE))
    page.locator("button.chip").first.tap()
    assert page.evaluate("document.querySelector('#panel').matches(':modal')")
    page.get_by_role("button", name="Fermer").tap()
    expect(page.locator("#panel")).to_be_hidden()
    expect(page.locator("button.chip").first).to_be_focused()


@pytest.mark.parametrize(
    ("language", "question", "chip", "said"),
    [
        ("fr", "Qu'est-ce que Start IA ?", "Source 1", "cinq jours"),
        ("nl", "Wat is Start IA?", "Bron 1", "vijf dagen"),
        ("de", "Was ist Start IA?", "Quelle 1", "fünftägige"),
        ("en", "What is Start IA?", "Source 1", "five-day"),
    ],
)
def test_four_languages(visit: Visit, language: str, question: str, chip: str, said: str) -> None:
    """Page, starter question and answer are in the language of the address."""
    page = visit(f"/?lang={language}")
    assert page.evaluate("document.documentElement.lang") == language
    page.get_by_role("button", name=re.compile(re.escape(question[:-2]))).click()
    expect(page.get_by_role("button", name=re.compile(f"^{chip}"))).to_be_visible()
    expect(page.locator(".said")).to_contain_text(said)


def test_the_language_changes_without_losing_the_conversation(visit: Visit) -> None:
    """The switch renames the page, the address and what is typed stay."""
    page = answered(visit())
    page.locator("#question").fill("Et le prix ?")
    page.get_by_role("link", name="NL, Nederlands").click()
    expect(page.get_by_role("button", name="Verzenden")).to_be_visible()
    expect(page.locator("#question")).to_have_value("Et le prix ?")
    expect(page.locator(".said")).to_contain_text("cinq jours")
    assert page.evaluate("document.documentElement.lang") == "nl"
    assert page.url.endswith("?lang=nl")
    answered(page, "Wat is Start IA?")
    expect(page.get_by_role("button", name="Afdrukken")).to_have_count(1)


def test_a_quote_in_another_language_says_so(visit: Visit) -> None:
    """A French statement on a Dutch page carries lang and a mark, in the answer and in the panel."""
    page = answered(visit("/?lang=nl"), "Wat is Start IA? foreign")
    expect(page.locator(".said span[lang=fr]")).to_have_count(2)
    expect(page.locator(".said .foreign").first).to_have_text("(in de bron: Frans)")
    page.locator("button.chip").first.click()
    expect(page.locator("#panel .passage")).to_have_attribute("lang", "fr")
    expect(page.locator("#panel .foreign")).to_have_text("(in de bron: Frans)")


def test_everything_by_keyboard(visit: Visit) -> None:
    """Skip link, question, chip, panel and actions are reached and used with keys alone."""
    page = visit()
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#question")).to_be_focused()
    page.keyboard.type("Qu'est-ce que")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("Start IA ?")
    expect(page.locator("#question")).to_have_value("Qu'est-ce que\nStart IA ?")
    page.keyboard.press("Enter")
    page.wait_for_selector("button.chip")
    expect(page.locator("#question")).to_be_focused()
    for _ in range(20):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("document.activeElement.matches('button.chip')"):
            break
    chip = page.locator("button.chip").last
    expect(chip).to_be_focused()
    expect(page.locator(".peek")).to_contain_text("515")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineWidth") == "2px"
    page.keyboard.press("Enter")
    expect(page.locator("#panel-title")).to_be_focused()
    page.keyboard.press("Escape")
    expect(chip).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("options", [{}, PHONE], ids=["wide", "phone"])
def test_axe_finds_nothing(visit: Visit, scheme: str, options: dict[str, object]) -> None:
    """The start, the answer, the open panel, the about text and an error have no accessibility violation."""
    page = visit(color_scheme=scheme, reduced_motion="reduce", **options)
    assert violations(page) == []
    answered(page)
    assert violations(page) == []
    page.locator("button.chip").first.click()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Réponse pas utile").click()
    page.locator("#question").fill("x" * 190)
    assert violations(page) == []
    ask(page, "crash")
    page.wait_for_selector(".trouble")
    page.get_by_role("button", name="À propos").click()
    assert violations(page) == []


def test_landmarks_and_one_heading(visit: Visit) -> None:
    """The page has one banner, one main, one h1, and the conversation is a log."""
    page = visit()
    expect(page.get_by_role("banner")).to_have_count(1)
    expect(page.get_by_role("main")).to_have_count(1)
    expect(page.get_by_role("log")).to_have_count(1)
    expect(page.locator("h1")).to_have_count(1)
    expect(page.locator("h1")).to_have_text("Guichet IA")


@pytest.mark.parametrize("language", ["fr", "nl", "de", "en"])
def test_no_sideways_scroll_at_320_pixels(visit: Visit, language: str) -> None:
    """The narrowest phone, as 400 % zoom, scrolls one way only: start, answer, panel, about."""
    page = visit(f"/?lang={language}", **NARROW)
    assert sideways(page) == 0
    ask(page, "Start IA wat was what est-ce " + "x" * 60)
    page.wait_for_selector("button.chip")
    assert sideways(page) == 0
    page.locator("button.chip").first.tap()
    page.wait_for_timeout(250)
    assert sideways(page) == 0
    assert page.evaluate("document.querySelector('#panel').scrollWidth <= document.querySelector('#panel').clientWidth")


def test_targets_are_large_enough(visit: Visit) -> None:
    """Whatever can be pressed is at least 24 by 24 pixels."""
    page = answered(visit(**NARROW))
    sizes = page.evaluate(
        "[...document.querySelectorAll('button, #top a')].filter(e => e.offsetParent).map(e => {"
        "const r = e.getBoundingClientRect(); return [e.outerHTML.slice(0, 80), r.width, r.height]})"
    )
    assert [size for size in sizes if min(size[1], size[2]) < 23.9] == []


def test_the_log_announces_a_complete_answer_once(visit: Visit) -> None:
    """While it grows an answer is in no live region; complete, it is added to the log in one piece."""
    page = visit()
    page.evaluate(
        "window.added = []; new MutationObserver(list => list.forEach(one => one.addedNodes.forEach(node => {"
        "if (node.nodeType === 1 && !node.closest('[aria-live=off]')) added.push(node.className)})))"
        ".observe(document.querySelector('#log'), {childList: true, subtree: true})"
    )
    answered(page)
    assert page.evaluate("added") == ["turn", "answer"]


def test_the_work_is_said_in_words(visit: Visit) -> None:
    """While it searches, the page says in how many sheets, and Stop is there."""
    page = visit()
    ask(page, "Qu'est-ce que Start IA slow ?")
    expect(page.locator(".progress")).to_have_text("Je cherche dans 129 fiches…")
    expect(page.get_by_role("button", name="Arrêter")).to_be_visible()
    expect(page.get_by_role("button", name="Envoyer")).to_be_hidden()


def test_stop_stops_and_says_so(visit: Visit, site: Site) -> None:
    """Stop ends the work at once, on the server too, says that the answer is not complete; the next question works."""
    page = visit()
    finished = site.bot.finished
    ask(page, "Qu'est-ce que Start IA slow ?")
    page.get_by_role("button", name="Arrêter").click()
    expect(page.locator(".turn")).to_contain_text("Arrêté à votre demande")
    expect(page.locator(".progress")).to_have_count(0)
    answered(page)
    page.wait_for_timeout(5000)
    assert site.bot.finished == finished + 1


def test_a_new_conversation_forgets_the_old_one(visit: Visit, site: Site) -> None:
    """Turns are handed back to the bot until a new conversation begins; then the welcome is back too."""
    page = answered(visit())
    page.locator("#question").fill("Et combien dure Start IA ?")
    page.get_by_role("button", name="Envoyer").click()
    expect(page.locator("button.chip")).to_have_count(4)
    assert site.bot.histories[-1][0].text == START
    page.get_by_role("button", name="Nouvelle conversation").click()
    expect(page.locator("#welcome")).to_be_visible()
    expect(page.locator(".turn")).to_have_count(0)
    page.wait_for_timeout(300)
    answered(page)
    assert site.bot.histories[-1] == ()


def test_empty_and_long_questions_are_told_beside_the_field(visit: Visit) -> None:
    """An empty or too long question gets a sentence, is not sent, and the counter shows from 80 % on."""
    page = visit()
    ask(page, "  ")
    expect(page.get_by_role("alert")).to_have_text("Écrivez d'abord votre question.")
    page.locator("#question").fill("x" * 159)
    expect(page.locator("#counter")).to_be_hidden()
    page.locator("#question").fill("x" * 160)
    expect(page.locator("#counter")).to_have_text("160 caractères sur 200")
    ask(page, "x" * 201)
    expect(page.get_by_role("alert")).to_contain_text("201 caractères, 200 au plus")
    expect(page.locator("#question")).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".turn")).to_have_count(0)


def test_the_field_grows_to_five_lines(visit: Visit) -> None:
    """The field takes the height of its text, but never more than five lines."""
    page = visit()
    height = "document.querySelector('#question').offsetHeight"
    one = page.evaluate(height)
    page.locator("#question").fill("a\nb\nc")
    three = page.evaluate(height)
    page.locator("#question").fill("a\n" * 20)
    most = page.evaluate(height)
    line = (three - one) / 2
    assert line > 20
    assert abs(most - one - 4 * line) <= 2


def test_a_crash_is_a_sentence_with_a_way_to_retry(visit: Visit) -> None:
    """When the bot breaks, the visitor reads one sentence and can try again."""
    page = visit()
    ask(page, "crash")
    expect(page.locator(".trouble")).to_contain_text("Une erreur est survenue de notre côté")
    page.get_by_role("button", name="Réessayer").click()
    expect(page.locator(".trouble")).to_have_count(1)
    expect(page.get_by_role("button", name="Envoyer")).to_be_visible()


def test_a_changed_corpus_is_said(visit: Visit, site: Site) -> None:
    """When the sources change between two questions, the second answer says so."""
    page = answered(visit())
    site.bot.generation += 1
    ask(page, "Et Start IA ?")
    expect(page.locator(".updated")).to_contain_text("Les sources ont changé")


def test_feedback_with_a_reason_reaches_the_bot(visit: Visit, site: Site) -> None:
    """A thumb down is kept at once and its reason when it is sent."""
    page = answered(visit())
    page.get_by_role("button", name="Réponse pas utile").click()
    page.get_by_label("Que manque-t-il").fill("Le prix")
    page.get_by_role("button", name="Envoyer l'avis").click()
    expect(page.locator(".done")).to_have_text("C'est noté, merci.")
    expect(page.locator(".reason")).to_be_hidden()
    assert [rating[1:] for rating in site.bot.ratings[-2:]] == [(-1, None), (-1, "Le prix")]


def test_paper_shows_quotes_and_addresses_and_no_buttons(visit: Visit) -> None:
    """Printing gives question, answer, quotes with whole addresses, date and generation."""
    page = answered(visit())
    page.emulate_media(media="print")
    expect(page.locator(".on-paper")).to_be_visible()
    expect(page.locator(".on-paper .address").first).to_have_text(re.compile("^https://ribbon-agency.*wallonnes$"))
    expect(page.locator(".on-paper")).to_contain_text("23 novembre 2026")
    expect(page.locator(".actions")).to_be_hidden()
    expect(page.locator("#ask")).to_be_hidden()


def test_copy_takes_the_answer_with_its_sources(visit: Visit) -> None:
    """The clipboard gets the text and every quote with its address."""
    page = answered(visit(permissions=["clipboard-read", "clipboard-write"]))
    page.get_by_role("button", name="Copier").click()
    expect(page.locator(".done")).to_have_text("Copié")
    text = page.evaluate("navigator.clipboard.readText()")
    assert "cinq jours" in text
    assert "https://ribbon-agency" in text


def test_no_motion_for_those_who_ask(visit: Visit) -> None:
    """Under prefers-reduced-motion nothing is animated."""
    page = visit(reduced_motion="reduce")
    ask(page, "Qu'est-ce que Start IA slow ?")
    assert page.evaluate("getComputedStyle(document.querySelector('.progress i')).animationName") == "none"


def test_the_frame_is_readable_before_any_script(browser: Browser, site: Site) -> None:
    """Without scripts the heading and the notice are there, and a way to the telephone."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.address + "/?lang=de")
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator(".notice")).to_contain_text("Sie sprechen mit einem Programm")
    assert "1890" in page.content()
    context.close()


def test_a_server_that_goes_is_a_sentence_and_one_that_returns_answers(visit: Visit, site: Site) -> None:
    """When the server is gone the visitor reads so and keeps the question; once it is back, a retry is answered."""
    page = answered(visit())
    site.stop()
    ask(page, "Qu'est-ce que Start IA ?")
    expect(page.locator(".trouble")).to_contain_text("ne répond plus", timeout=20_000)
    expect(page.locator("#question")).to_have_value("Qu'est-ce que Start IA ?")
    site.start()
    page.get_by_role("button", name="Réessayer").click()
    expect(page.locator("button.chip")).to_have_count(4, timeout=20_000)
    expect(page.locator(".trouble")).to_have_count(0)
    expect(page.locator(".turn")).to_have_count(2)

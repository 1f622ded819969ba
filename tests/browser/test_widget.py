"""The widget on the pages of a portal, another origin under a strict policy."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, expect

from bot.answers import Answer
from ingest.settings import ROOT
from tests.browser import portal as portals
from tests.browser.portal import Guichet, Interrupted, Portal, by_host, page, strict
from tests.ui.scripted import TODAY, ScriptedBot

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
NARROW = {"viewport": {"width": 320, "height": 640}, "is_mobile": True, "has_touch": True}
ZOOMED = {"viewport": {"width": 320, "height": 256}}
"""1280 by 1024 pixels at 400 %."""
EXAMPLE = "https://guichet.example.be"
START = "Qu'est-ce que Start IA ?"
ATTACKS = (
    "<img src=x onerror=window.hit=1>",
    '"><script>window.hit=1</script>',
    "<svg/onload=window.hit=1>",
    "javascript:window.hit=1",
    "'-window.hit-'",
    "${window.hit=1}",
    "</style><script>window.hit=1</script>",
    "<iframe srcdoc='<script>parent.hit=1</script>'>",
)
HOSTILE = (
    "* { all: unset !important; color: red !important; font-size: 5px !important; }"
    " div, dialog, section, button, p { display: none !important; }"
    " guichet-ia { display: none !important; position: static !important; opacity: 0 !important; }"
)


class AttackedBot(ScriptedBot):
    """Answers with attacks in every text that a source could hold, when it is asked for them."""

    def _found(self, question: str, language: Any) -> Answer:
        answer = super()._found(question, language)
        if "attaque" not in question:
            return answer
        data = answer.as_json()
        attack = " ".join(ATTACKS)
        for citation in data["citations"]:
            citation.update(dict.fromkeys(("title", "quote", "heading", "as_of"), attack))
            citation.update(passage=f"avant {attack} après", url=ATTACKS[3], link=ATTACKS[3])
        for programme in data["programmes"]:
            programme.update(title=attack, url=ATTACKS[3], closes=attack)
        return Answer.from_json(data | {"text": f"{attack} [1]. https://{ATTACKS[1]} [2].\n\n{attack}"})


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    """The pages of a portal."""
    portal = Portal()
    yield portal
    portal.stop()


@pytest.fixture(scope="module")
def limits() -> dict[str, tuple[int, dict[str, str], bytes]]:
    """Words of questions that are refused before they reach the application, and how."""
    return {}


@pytest.fixture(scope="module")
def guichet(portal: Portal, limits: dict[str, tuple[int, dict[str, str], bytes]]) -> Iterator[Guichet]:
    """The guichet of that portal."""

    def interrupted(app: Any) -> Interrupted:
        before = Interrupted(app)
        before.troubles = limits
        return before

    guichet = Guichet(AttackedBot(pause=0.03), around=interrupted, max_question=600)
    guichet.allow(portal.address)
    yield guichet
    guichet.stop()


Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, portal: Portal, guichet: Guichet) -> Iterator[Visit]:
    """A page with the widget; afterwards: no other host, no cookie, nothing kept for long, nothing failed."""
    contexts, asked, failed = [], [], []

    def visit(
        options: dict[str, Any] | None = None, /, *, policy: str = "", on: dt.date | None = None, **given: Any
    ) -> Page:
        held = page(guichet.address, **{"lang": "fr"} | given)
        headers = {"content_security_policy": policy or strict(guichet.address)}
        portal.put("/", held, **headers)
        portal.put("/second", held.replace("Bienvenue", "Seconde page"), **headers)
        context = browser.new_context(
            **({"locale": "fr-BE", "viewport": {"width": 1280, "height": 860}} | (options or {}))
        )
        if on:
            context.clock.install(time=dt.datetime.fromisoformat(f"{on}T12:00+01:00"))
        contexts.append(context)
        opened = context.new_page()
        opened.set_default_timeout(15_000)
        opened.on("request", lambda request: asked.append(request.url))
        opened.on("pageerror", lambda error: failed.append(str(error)))
        opened.on("console", lambda told: failed.append(told.text) if "Content Security" in told.text else None)
        opened.goto(portal.address + "/")
        opened.locator("guichet-ia").wait_for(state="attached")
        return opened

    yield visit
    for context in contexts:
        assert context.cookies() == []
        for opened in context.pages:
            assert opened.evaluate("localStorage.length") == 0
            assert opened.evaluate("window.hit") is None
        context.close()
    hosts = {f"{urlsplit(url).scheme}://{urlsplit(url).netloc}" for url in asked}
    assert hosts <= {portal.address, guichet.address}
    assert failed == []


def opened(page: Page) -> Page:
    """Open the dialogue."""
    page.locator(".bubble").click()
    page.locator("dialog[open]").wait_for()
    return page


def ask(page: Page, question: str = START) -> Page:
    """Ask and wait for the whole answer."""
    before = page.locator(".actions").count()
    page.locator("#question").fill(question)
    page.locator("#question").press("Enter")
    expect(page.locator(".actions")).to_have_count(before + 1)
    return page


def focused(page: Page) -> str:
    """Return what has the focus within the widget: its id, class or name."""
    return str(page.evaluate(
        "(() => { const one = document.querySelector('guichet-ia').shadowRoot.activeElement;"
        " return one ? one.id || one.className || one.getAttribute('aria-label') || one.textContent : '' })()"
    ))  # fmt: skip


def violations(page: Page) -> list[str]:
    """Return what axe finds, a line each."""
    page.wait_for_timeout(250)  # until what slides has arrived
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]]


HEARD = (
    "window.heard = []; new MutationObserver((list) => list.forEach((one) => {"
    " const place = one.target.closest ? one.target : one.target.parentElement;"
    " for (const node of one.addedNodes.length ? one.addedNodes : [place])"
    " if (!(node.closest ? node : place).closest('[aria-live=off]')) heard.push(node.className || node.nodeName) }))"
    ".observe(document.querySelector('guichet-ia').shadowRoot.querySelector('.log'),"
    " {childList: true, subtree: true, characterData: true})"
)
"""Collects what a screen reader would be told of the log: what is added or changed where it is not off."""

# What it does


def test_a_question_gets_its_answer_with_chips_sources_and_programmes(visit: Visit) -> None:
    """Under a policy of nonces and trusted types: bubble, question, answer, quote in its passage, states, age."""
    page = ask(opened(visit(on=TODAY)))
    expect(page.locator(".said")).to_contain_text("cinq jours")
    expect(page.locator(".age")).to_have_text("Sources de 2025, vérifiées le 23.11.2026.")
    expect(page.locator(".notes li")).to_have_count(2)
    expect(page.locator(".programme.closing")).to_contain_text("se termine le 10 décembre 2026")
    expect(page.locator(".programme.unknown")).to_have_attribute("href", "https://www.digitalwallonia.be/")
    chip = page.get_by_role("button", name=re.compile("^Source 2 : Start IA"))
    chip.click()
    expect(page.locator(".source mark")).to_have_text(
        "En 2025, 515 organisations avaient été sélectionnées pour Start IA."
    )
    original = page.locator(".source a")
    expect(original).to_have_attribute("href", re.compile("^https://ribbon"))
    expect(original).to_have_attribute("target", "_blank")
    expect(original).to_have_attribute("rel", "noopener noreferrer")
    page.keyboard.press("Escape")
    expect(page.locator(".source")).to_be_hidden()
    expect(chip).to_be_focused()


def test_a_policy_that_names_the_host_is_enough(visit: Visit, guichet: Guichet) -> None:
    """Where scripts are allowed by host and not by nonce the widget works alike."""
    ask(opened(visit(policy=by_host(guichet.address))))


def test_the_text_grows_before_the_answer_is_there(visit: Visit) -> None:
    """The step is said in words, the text comes piece by piece, Stop is there meanwhile."""
    page = opened(visit())
    page.locator("#question").fill("Qu'est-ce que Start IA slow ?")
    page.locator("#question").press("Enter")
    expect(page.locator(".progress")).to_have_text("Je cherche dans 129 fiches…")
    expect(page.locator(".halt")).to_be_visible()
    expect(page.locator(".go")).to_be_hidden()
    expect(page.locator(".said .chip").first).to_be_visible()
    expect(page.locator(".actions")).to_have_count(0)


def test_stop_ends_the_work_and_the_next_question_is_answered(visit: Visit, guichet: Guichet) -> None:
    """Stop says that the answer is not complete and ends the work on the server too."""
    page = opened(visit())
    question = "Qu'est-ce que Start IA slow, arrêté ?"
    page.locator("#question").fill(question)
    page.locator("#question").press("Enter")
    expect(page.locator(".progress")).to_have_text("Je cherche dans 129 fiches…")
    with page.expect_response(lambda response: response.request.method == "DELETE") as stopped:
        page.locator(".halt").click()
    assert stopped.value.status == 204
    expect(page.locator(".log")).to_contain_text("Arrêté à votre demande")
    ask(page)
    assert all(answer.question != question for answer in guichet.bot.given.values())


@pytest.mark.parametrize(
    ("language", "question", "chip", "said", "date"),
    [("nl", "Wat is Start IA?", "Bron 1", "vijf dagen", "eindigt op 10 december 2026"),
     ("de", "Was ist Start IA?", "Quelle 1", "fünftägige", "endet am 10. Dezember 2026")],
)  # fmt: skip
def test_other_languages(visit: Visit, language: str, question: str, chip: str, said: str, date: str) -> None:
    """The language of the attribute is that of the bubble, the words, the starter questions and the answer."""
    page = opened(visit(lang=language, on=TODAY))
    page.get_by_role("button", name=question).click()
    expect(page.get_by_role("button", name=re.compile(f"^{chip}"))).to_be_visible()
    expect(page.locator(".said")).to_contain_text(said)
    expect(page.locator(".programme.closing")).to_contain_text(date)
    assert page.locator("section").first.get_attribute("lang") == language


def test_the_language_changes_and_the_conversation_stays(visit: Visit) -> None:
    """The switch renames all that is ours; a French answer stays French, and a second page keeps both."""
    page = ask(opened(visit(on=TODAY)))
    page.get_by_role("button", name="NL, Nederlands").click()
    expect(page.locator(".go")).to_have_attribute("title", "Verzenden")
    expect(page.locator(".said")).to_contain_text("cinq jours")
    expect(page.get_by_role("button", name=re.compile("^Source 1 : "))).to_be_visible()
    expect(page.locator(".programmes h4")).to_have_text("Genoemde programma's")
    assert focused(page) == "NL, Nederlands"
    page.locator("#text a").click()
    expect(page.locator(".go")).to_have_attribute("title", "Verzenden")
    expect(page.locator(".said")).to_contain_text("cinq jours")


def test_another_language_repeats_nothing_and_loses_nothing(visit: Visit) -> None:
    """After the switch no answer is announced again; a thumb stays pressed, a half-typed remark in its field."""
    page = ask(ask(opened(visit())), "Et combien dure Start IA ?")
    page.get_by_role("button", name="Réponse utile").first.click()
    page.get_by_role("button", name="Réponse pas utile").last.click()
    page.get_by_label("Que manque-t-il").last.fill("Le pri")
    expect(page.locator(".told")).to_have_text(["C'est noté, merci."] * 2)
    page.evaluate(HEARD)
    page.get_by_role("button", name="NL, Nederlands").click()
    expect(page.locator(".programmes h4").last).to_have_text(re.compile("^Genoemde"))
    assert page.evaluate("heard") == []
    pressed = page.locator(".actions [aria-pressed]").evaluate_all("(all) => all.map((one) => one.ariaPressed)")
    assert pressed == ["true", "false", "false", "true"]
    expect(page.locator(".remark textarea").last).to_be_visible()
    expect(page.locator(".remark textarea").last).to_have_value("Le pri")
    expect(page.locator(".remark textarea").first).to_be_hidden()
    page.locator(".remark .small").last.click()
    expect(page.locator(".remark textarea").last).to_be_hidden()
    page.get_by_role("button", name="FR, français").click()
    expect(page.locator(".programmes h4").last).to_have_text(re.compile("^Programmes"))
    expect(page.locator(".remark textarea").last).to_be_hidden()


def test_a_quote_in_another_language_says_so(visit: Visit) -> None:
    """A French statement in a Dutch answer carries lang and a mark, in the answer and with its source."""
    page = ask(opened(visit(lang="nl")), "Wat is Start IA? foreign")
    expect(page.locator(".said span[lang=fr]")).to_have_count(2)
    expect(page.locator(".said small").first).to_have_text("(in de bron: Frans)")
    page.locator("button.chip").first.click()
    expect(page.locator(".passage")).to_have_attribute("lang", "fr")
    expect(page.locator(".source small")).to_have_text("(in de bron: Frans)")


def test_not_found_is_said_with_who_knows(visit: Visit) -> None:
    """An answer without sources has no chip, and a link to the desk that knows."""
    page = ask(opened(visit()), "Combien coûte un avocat ?")
    expect(page.locator(".said")).to_have_text("Nos sources ne le disent pas.")
    expect(page.locator(".notes a")).to_have_text("1890.be")


def test_feedback_and_its_reason_reach_the_bot(visit: Visit, guichet: Guichet) -> None:
    """A thumb down is kept at once, its reason when it is sent; the page hears of it without words of the visitor."""
    page = ask(opened(visit()))
    page.evaluate("window.heard = []; GuichetIA.on('feedback', (detail) => heard.push(detail)); 0")
    page.get_by_role("button", name="Réponse pas utile").click()
    page.get_by_label("Que manque-t-il").fill("Le prix")
    with page.expect_response("**/feedback*"):
        page.get_by_role("button", name="Envoyer l'avis").click()
    page.wait_for_timeout(100)
    expect(page.locator(".told")).to_have_text("C'est noté, merci.")
    expect(page.locator(".remark")).to_be_hidden()
    assert len(page.evaluate("heard")) == 2
    assert [rating[1:] for rating in guichet.bot.ratings[-2:]] == [(-1, None), (-1, "Le prix")]
    assert "prix" not in json.dumps(page.evaluate("heard"))


def test_copy_takes_the_answer_with_its_sources(visit: Visit) -> None:
    """The clipboard gets question, text and every quote with its address."""
    page = ask(opened(visit({"permissions": ["clipboard-read", "clipboard-write"]})))
    page.get_by_role("button", name="Copier").click()
    expect(page.locator(".told")).to_have_text("Copié")
    text = page.evaluate("navigator.clipboard.readText()")
    assert text.startswith(START)
    assert "« En 2025, 515 organisations" in text
    assert "https://ribbon-agency" in text


def test_empty_and_long_questions_are_told_beside_the_field(visit: Visit) -> None:
    """An empty or too long question gets a sentence and is not sent; the counter shows from 80 % on."""
    page = opened(visit())
    field = page.locator("#question")
    field.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Écrivez d'abord votre question.")
    field.fill("x" * 479)
    expect(page.locator(".counter")).to_be_hidden()
    field.fill("x" * 480)
    expect(page.locator(".counter")).to_have_text("480 caractères sur 600")
    field.fill("x" * 601)
    field.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("601 caractères, 600 au plus")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.locator("article")).to_have_count(0)


# When something goes wrong


def test_too_many_questions_are_a_sentence_and_the_wait_is_kept(visit: Visit, limits: dict[str, Any]) -> None:
    """429: the sentence of the problem stands in the dialogue, nothing is sent before the time, then a retry works."""
    sentence = "Vous posez beaucoup de questions. Réessayez dans deux minutes."
    content = json.dumps({"type": "urn:x", "title": "Too many", "status": 429, "detail": sentence}).encode()
    limits["vite"] = (429, {"retry-after": "120", "content-type": "application/problem+json"}, content)
    page = opened(visit(on=TODAY))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/ask" in request.url else None)
    page.locator("#question").fill("Start IA vite")
    page.locator("#question").press("Enter")
    expect(page.locator(".trouble")).to_contain_text(sentence)
    again = page.locator(".trouble button")
    expect(again).to_contain_text("Réessayer dans")
    expect(page.locator("#question")).to_have_value("Start IA vite")
    page.locator("#question").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Réessayer dans")
    sent = len(asked)
    again.click(force=True)  # it says of itself that it is not to be used yet
    limits.clear()
    assert len(asked) == sent
    page.clock.fast_forward(121_000)
    expect(again).to_have_text("Réessayer")
    assert len(asked) == sent
    again.click()
    expect(page.locator("button.chip")).to_have_count(2)
    expect(page.locator(".trouble")).to_have_count(0)
    expect(page.locator("#question")).to_have_value("")


def test_who_listens_is_not_told_each_second_of_a_wait(visit: Visit, limits: dict[str, Any]) -> None:
    """429: sentence and wait are announced once; the seconds that go by are shown only."""
    limits["vite"] = (429, {"retry-after": "120", "content-type": "application/problem+json"}, b"{}")
    page = opened(visit(on=TODAY))
    page.evaluate(HEARD)
    page.locator("#question").fill("Start IA vite")
    page.locator("#question").press("Enter")
    again = page.locator(".trouble button")
    expect(again).to_have_text(re.compile(r"^Réessayer dans 1(19|20) s$"))
    limits.clear()
    page.clock.fast_forward(60_000)
    expect(again).to_have_text(re.compile(r"^Réessayer dans [56]\d s$"))
    assert page.evaluate("heard") == ["ARTICLE", "answer"]


def test_a_question_during_an_answer_is_refused_aloud(visit: Visit, guichet: Guichet) -> None:
    """A page that asks while an answer is being written hears an error; the answer goes on."""
    page = opened(visit())
    page.evaluate("window.heard = []; GuichetIA.on('error', (detail) => heard.push(detail)); 0")
    page.locator("#question").fill("Qu'est-ce que Start IA slow ?")
    page.locator("#question").press("Enter")
    expect(page.locator(".progress")).to_be_visible()
    page.evaluate("GuichetIA.ask('Et combien dure Start IA ?')")
    assert page.evaluate("heard") == [{"status": 0, "type": "busy"}]
    expect(page.locator("article")).to_have_count(1)
    expect(page.locator(".halt")).to_be_visible()


def test_a_broken_answer_and_a_lost_connection_are_sentences(visit: Visit) -> None:
    """A crash in the stream and a network that is gone each get a sentence, and a retry that works."""
    page = opened(visit())
    page.locator("#question").fill("crash")
    page.locator("#question").press("Enter")
    expect(page.locator(".trouble")).to_contain_text("Une erreur est survenue de notre côté")
    page.context.set_offline(True)
    page.locator("#question").fill(START)
    page.locator("#question").press("Enter")
    expect(page.locator(".trouble").last).to_contain_text("ne répond plus")
    page.context.set_offline(False)
    page.locator(".trouble button").last.click()
    expect(page.locator("button.chip")).to_have_count(2)


def test_a_foreign_page_that_may_not_read_says_so_and_nothing_breaks(
    visit: Visit, guichet: Guichet, portal: Portal
) -> None:
    """Where the guichet does not know the portal the browser keeps the answer back: one sentence."""
    guichet.forbid()
    try:
        page = opened(visit())
        page.locator("#question").fill(START)
        page.locator("#question").press("Enter")
        expect(page.locator(".trouble")).to_contain_text("ne répond plus")
    finally:
        guichet.allow(portal.address)


def test_parts_that_do_not_come_are_a_sentence_beside_the_bubble(visit: Visit) -> None:
    """When the dialogue cannot be loaded the bubble says so, and opens once it can."""
    page = visit()
    page.route("**/widget/**", lambda route: route.abort())
    page.locator(".bubble").click()
    expect(page.locator(".problem")).to_contain_text("Le guichet ne répond pas")
    page.unroute("**/widget/**")
    opened(page)
    expect(page.locator(".problem")).to_be_hidden()


# What it leaves alone


def test_one_global_name_and_no_layout_shift(visit: Visit, guichet: Guichet) -> None:
    """The page has one name more, nothing in it moves, nothing but the bubble loads before somebody comes near."""
    page = visit(body="<p>Texte</p>" * 40)
    assert page.evaluate(
        "(() => { const frame = document.createElement('iframe'); document.body.append(frame);"
        " const clean = new Set(Object.getOwnPropertyNames(frame.contentWindow)); frame.remove();"
        " return Object.getOwnPropertyNames(window).filter((name) => !clean.has(name) && !/^\\d+$/.test(name)) })()"
    ) == ["GuichetIA"]
    loaded = "performance.getEntriesByType('resource').map((one) => new URL(one.name).pathname)"
    assert [path for path in page.evaluate(loaded) if path != "/favicon.ico"] == ["/widget.js"]
    ask(opened(page))
    shift = page.evaluate(
        "new Promise((done) => { const seen = []; new PerformanceObserver((list) => seen.push(...list.getEntries()))"
        ".observe({type: 'layout-shift', buffered: true});"
        " setTimeout(() => done(seen.filter((one) => !one.hadRecentInput).map((one) => one.value)), 200) })"
    )
    assert shift == []


def test_the_style_of_the_page_cannot_break_it_nor_its_own_leak(visit: Visit, portal: Portal, guichet: Guichet) -> None:
    """Rules for everything, important ones too, do not reach the dialogue; the page looks the same with it."""
    portal.put("/hostile.css", HOSTILE, "text/css")
    looks = (
        "JSON.stringify([...document.querySelectorAll('html, body, body *')].map((one) => [...getComputedStyle(one)]"
        ".map((key) => getComputedStyle(one).getPropertyValue(key))))"
    )
    page = visit(style="/hostile.css")
    with_it = page.evaluate(looks)
    box = page.locator(".bubble").bounding_box()
    assert box
    assert box["width"] > 150
    ask(opened(page))
    assert page.evaluate(looks) == with_it
    style = "getComputedStyle(document.querySelector('guichet-ia').shadowRoot.querySelector('.said'))"
    assert page.evaluate(f"{style}.fontSize") == "16px"
    assert page.evaluate(f"{style}.color") == "rgb(20, 33, 61)"
    place = page.locator("dialog").bounding_box()
    assert place
    assert place["x"] + place["width"] == pytest.approx(1264)
    page.evaluate("document.querySelector('guichet-ia').remove()")
    assert page.evaluate(looks) == with_it


def test_a_page_with_small_letters_does_not_shrink_it(visit: Visit, portal: Portal) -> None:
    """Sizes follow the reader's own letter, not the page's root."""
    portal.put("/small.css", "html { font-size: 62.5% }", "text/css")
    page = opened(visit(style="/small.css"))
    assert page.evaluate(
        "getComputedStyle(document.querySelector('guichet-ia').shadowRoot.querySelector('#question')).fontSize"
    ) == "16px"  # fmt: skip


def test_pasted_twice_there_is_one(visit: Visit, guichet: Guichet) -> None:
    """A second line does nothing."""
    page = visit(body=f'<script src="{guichet.address}/widget.js" nonce="{portals.NONCE}"></script>')
    page.wait_for_load_state("load")
    expect(page.locator("guichet-ia")).to_have_count(1)


def test_loaded_as_a_module_it_does_nothing(visit: Visit, guichet: Guichet, portal: Portal) -> None:
    """A module knows no address of its own: a script of that name from elsewhere must not tell whom to ask."""
    decoy = f'<script src="{portal.address}/widget.js" nonce="{portals.NONCE}"></script>'
    module = f'<script type="module" src="{guichet.address}/widget.js" nonce="{portals.NONCE}"></script>'
    portal.put("/module", f"<!doctype html><html lang=fr>{decoy}{module}<p>Page")
    page = visit().context.new_page()
    with page.expect_response(f"{guichet.address}/widget.js"):
        page.goto(portal.address + "/module")
    page.wait_for_load_state("load")
    assert page.evaluate("[typeof window.GuichetIA, document.querySelectorAll('guichet-ia').length]") == [
        "undefined",
        0,
    ]


# The conversation, within the tab


def test_the_conversation_crosses_pages_and_ends_with_the_tab(visit: Visit, guichet: Guichet, portal: Portal) -> None:
    """After a link of the portal the dialogue is open, whole, without the focus; another tab knows nothing of it."""
    page = ask(opened(visit()))
    page.locator("#text a").click()
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("dialog[open] .asked")).to_have_text(START)
    assert focused(page) == ""
    ask(page, "Et combien dure Start IA ?")
    assert guichet.bot.histories[-1][0].text == START
    assert "[1]" not in guichet.bot.histories[-1][1].text
    other = page.context.new_page()
    other.goto(portal.address + "/second")
    other.locator(".bubble").click()
    expect(other.locator(".welcome")).to_be_visible()
    expect(other.locator("article")).to_have_count(0)


@pytest.mark.parametrize(
    ("language", "stood"),
    [("fr", "au 9 décembre 2026"), ("nl", "op 9 december 2026"), ("de", "Stand 9. Dezember 2026"),
     ("en", "as of 9 December 2026")],
)  # fmt: skip
def test_what_yesterday_left_in_the_tab_is_told_as_of_today(visit: Visit, language: str, stood: str) -> None:
    """A call that was open until yesterday is closed, a month that goes on is open; the day of the answer is shown."""
    page = ask(opened(visit(lang=language, on=TODAY)))
    expect(page.locator(".programmes h4")).not_to_contain_text("2026")
    page.evaluate(
        "(() => { const held = JSON.parse(sessionStorage.getItem('guichet-ia')), answer = held.turns[0].answer;"
        " answer.as_of = '2026-12-09'; answer.programmes = ["
        " {title: 'Past', state: 'open', closes: '2026-12-09'}, {title: 'Year', state: 'permanent', closes: '2025'},"
        " {title: 'Month', state: 'open', closes: '2026-12'}, {title: 'Near', state: 'open', closes: '2026-12-10'}];"
        " sessionStorage.setItem('guichet-ia', JSON.stringify(held)) })()"
    )
    # Half an hour past midnight in Brussels, when it is still the day before elsewhere.
    page.clock.set_system_time(dt.datetime.fromisoformat("2026-12-10T00:30+01:00"))
    page.reload()
    expect(page.locator(".programmes h4")).to_contain_text(re.compile(f" {stood}$"))
    looks = page.locator(".programme").evaluate_all("(all) => all.map((one) => one.className)")
    assert looks == ["programme closed", "programme closed", "programme open", "programme closing"]


def test_a_question_that_a_link_cut_off_is_back_in_the_field(visit: Visit) -> None:
    """Who leaves the page while the answer grows finds the question where it was typed."""
    page = opened(visit())
    page.locator("#question").fill("Qu'est-ce que Start IA slow ?")
    page.locator("#question").press("Enter")
    expect(page.locator(".progress")).to_be_visible()
    page.locator("#text a").click()
    expect(page.locator("#question")).to_have_value("Qu'est-ce que Start IA slow ?")


def test_a_new_conversation_forgets_the_old_one(visit: Visit, guichet: Guichet) -> None:
    """Nothing of it is left in the storage, on the screen, or in what is sent next."""
    page = ask(opened(visit()))
    assert START in page.evaluate("sessionStorage.getItem('guichet-ia')")
    page.get_by_role("button", name="Nouvelle conversation").click()
    expect(page.locator(".welcome")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0
    ask(page)
    assert guichet.bot.histories[-1] == ()


@pytest.mark.parametrize(
    "held",
    ["not json", "[]", "null", '{"v":2}', '{"v":1,"turns":7}',
     '{"v":1,"open":true,"turns":[null,7,{"question":{},"answer":[]}]}',
     '{"v":1,"open":true,"language":"<b>","turns":[{"question":"q","answer":{"text":"t","citations":[null,{"n":"x"}],'
     '"programmes":[{"title":7}],"statements":{}}}]}'],
)  # fmt: skip
def test_a_spoilt_storage_is_as_good_as_none(visit: Visit, held: str) -> None:
    """Whatever stands in the storage of the tab, the dialogue opens and answers."""
    page = visit()
    page.evaluate("(held) => sessionStorage.setItem('guichet-ia', held)", held)
    page.reload()
    page.locator("guichet-ia").wait_for(state="attached")
    page.evaluate("GuichetIA.open()")
    page.locator("dialog[open]").wait_for()
    ask(page)


def test_without_storage_it_answers(visit: Visit) -> None:
    """Where the browser forbids the storage of the tab, the conversation lives on the page."""
    page = visit()
    page.add_init_script("Object.defineProperty(window, 'sessionStorage', {get() { throw new DOMException('no') }})")
    page.reload()
    ask(opened(page))
    ask(page, "Et combien dure Start IA ?")


def test_what_is_kept_has_an_end(visit: Visit) -> None:
    """The storage holds the last ten turns at most, and a bounded number of characters."""
    page = ask(opened(visit()))
    page.evaluate(
        "(() => { const held = JSON.parse(sessionStorage.getItem('guichet-ia'));"
        " const turn = held.turns[0]; turn.answer.citations[0].passage = 'p'.repeat(19000);"
        " held.turns = Array.from({length: 40}, (_, n) => ({...turn, question: 'q' + n}));"
        " sessionStorage.setItem('guichet-ia', JSON.stringify(held)) })()"
    )
    page.reload()
    expect(page.locator("article")).to_have_count(10)
    ask(page)
    held = page.evaluate("sessionStorage.getItem('guichet-ia')")
    assert len(held) <= 200_000
    assert 2 <= len(json.loads(held)["turns"]) <= 10


# Hostile texts


def test_attacks_in_every_text_run_nothing(visit: Visit) -> None:
    """Question, answer, titles, quotes, dates, greeting, starters, storage: all are text; links lead to the web."""
    attack = " ".join(ATTACKS)
    page = opened(visit(greeting=attack, starters=json.dumps([attack]), color="red;}*{display:none", target=attack,
                        position=attack, policy="script-src * 'unsafe-inline' 'unsafe-eval'"))  # fmt: skip
    expect(page.locator(".welcome h3")).to_have_text(attack[:300])
    ask(page, f"attaque Start IA {attack}")
    for chip in page.locator("button.chip").all():
        chip.click()
        expect(page.locator(".source mark")).to_have_text(attack)
        page.keyboard.press("Escape")
    page.reload()
    expect(page.locator("article")).to_have_count(1)
    inside = "[...document.querySelector('guichet-ia').shadowRoot.querySelectorAll('*')]"
    assert (
        page.evaluate(f"{inside}.filter((one) => one.matches('script, img, iframe, style, link, object')).length") == 0
    )
    assert page.evaluate(
        f"{inside}.every((one) => [...one.attributes].every((each) => !/^on|^style$/.test(each.name)))"
    )
    assert set(page.evaluate(f"{inside}.filter((one) => one.href).map((one) => new URL(one.href).protocol)")) <= {
        "https:"
    }
    page.wait_for_timeout(100)
    assert page.evaluate("window.hit") is None


# Attributes and what the page may do


def test_attributes_decide(visit: Visit) -> None:
    """Colour, side, greeting, starters, target of links, open from the start without taking the focus."""
    page = visit(
        color="#ffd400", position="left", greeting="Bonjour !", starters="Un ?|Deux ?", target="_self", open="true"
    )
    page.locator("dialog[open]").wait_for()
    assert focused(page) == ""
    expect(page.locator(".welcome h3")).to_have_text("Bonjour !")
    expect(page.locator(".welcome li")).to_have_text(["Un ?", "Deux ?"])
    place = page.locator("dialog").bounding_box()
    assert place
    assert place["x"] == pytest.approx(16)
    go = "getComputedStyle(document.querySelector('guichet-ia').shadowRoot.querySelector('.go'))"
    assert page.evaluate(f"{go}.backgroundColor") == "rgb(255, 212, 0)"
    assert page.evaluate(f"{go}.color") == "rgb(0, 0, 0)"
    assert violations(page) == []
    ask(page)
    expect(page.locator(".notes a")).to_have_attribute("target", "_self")
    page.get_by_role("button", name="Fermer").click()
    page.reload()
    page.locator(".bubble").wait_for()
    page.wait_for_timeout(300)
    expect(page.locator("dialog[open]")).to_have_count(0)


def test_nothing_is_stored_before_the_first_question(visit: Visit) -> None:
    """Open from the start or opened by hand, nothing is kept but that it was closed, where it would open by itself."""
    page = visit(open="true")
    page.locator("dialog[open]").wait_for()
    assert page.evaluate("sessionStorage.length") == 0
    page.get_by_role("button", name="Fermer").click()
    held = json.loads(page.evaluate("sessionStorage.getItem('guichet-ia')"))
    assert (held["open"], held["asking"], held["turns"]) == (False, "", [])
    opened(page)
    assert page.evaluate("sessionStorage.length") == 0
    closed = opened(visit())
    closed.get_by_role("button", name="Fermer").click()
    assert closed.evaluate("sessionStorage.length") == 0


def test_custom_properties_are_the_theme(visit: Visit, portal: Portal) -> None:
    """What the page says of ``--guichet-…`` holds inside."""
    portal.put(
        "/theme.css", ":root { --guichet-accent: #5b2d8e; --guichet-width: 480px; --guichet-card: #fafafa }", "text/css"
    )
    page = opened(visit(style="/theme.css"))
    place = page.locator("dialog").bounding_box()
    assert place
    assert place["width"] == 480
    assert page.evaluate(
        "getComputedStyle(document.querySelector('guichet-ia').shadowRoot.querySelector('.go')).backgroundColor"
    ) == "rgb(91, 45, 142)"  # fmt: skip


def test_the_page_opens_asks_listens_and_closes(visit: Visit) -> None:
    """The script's interface: open, close, ask, on; what is heard holds no word of the question."""
    page = visit()
    page.evaluate(
        "window.heard = []; for (const type of ['open', 'close', 'question', 'answer', 'error', 'feedback'])"
        " window.off = GuichetIA.on(type, (detail) => heard.push([type, detail]))"
    )
    page.evaluate('GuichetIA.ask("Qu\'est-ce que Start IA ?")')
    expect(page.locator("button.chip")).to_have_count(2)
    page.evaluate("GuichetIA.close()")
    heard = page.evaluate("heard")
    assert [type for type, _ in heard] == ["open", "question", "answer", "close"]
    assert heard[1][1] == {"length": 24}
    assert heard[2][1] | {"id": ""} == {"id": "", "status": "answered", "language": "fr", "citations": 2}
    assert "Start IA" not in json.dumps(heard)


@pytest.mark.parametrize("options", [{}, PHONE], ids=["wide", "phone"])
def test_it_answers_who_calls_when_the_script_has_loaded(
    browser: Browser, portal: Portal, guichet: Guichet, options: dict[str, Any]
) -> None:
    """A page may call at the load event, before the element stands in the page: the dialogue opens once it does."""
    early = (
        f'<script nonce="{portals.NONCE}">window.requestIdleCallback = (call) => {{ window.later = call }};'
        " document.querySelector('script').addEventListener('load', () => {"
        f" window.asked = GuichetIA.ask({json.dumps(START)}) }});</script>"
    )
    held = page(guichet.address, lang="fr").replace("</head>", early + "</head>")
    portal.put("/early", held.replace(" async", " defer"), content_security_policy=strict(guichet.address))
    context = browser.new_context(locale="fr-BE", **options)
    opened = context.new_page()
    opened.goto(portal.address + "/early")
    assert opened.evaluate("[typeof asked, typeof later]") == ["object", "function"]
    assert opened.locator("guichet-ia").count() == 0
    opened.evaluate("later()")
    expect(opened.locator("button.chip")).to_have_count(2)
    expect(opened.locator(".problem")).to_be_hidden()
    context.close()


def test_an_older_browser_gets_a_link_to_the_page_without_script(
    browser: Browser, portal: Portal, guichet: Guichet
) -> None:
    """Where style sheets know no ``light-dark()`` the bubble is a plain link, in the language of the attribute."""
    portal.put("/", page(guichet.address, lang="nl"), content_security_policy=strict(guichet.address))
    context = browser.new_context()
    context.add_init_script("CSS.supports = (asked) => !asked.includes('light-dark')")
    older = context.new_page()
    older.goto(portal.address + "/")
    link = older.get_by_role("link", name="Een vraag stellen")
    expect(link).to_be_in_viewport()
    assert older.locator("guichet-ia").count() == 0
    assert violations(older) == []
    link.click()
    expect(older.get_by_label("Uw vraag")).to_be_visible()
    assert older.url == f"{guichet.address}/ask?lang=nl"
    context.close()


# Guides


@pytest.mark.parametrize("guide", ["html.md", "drupal.md", "wordpress.md"])
def test_the_lines_that_a_guide_prints_work_under_its_policy(
    browser: Browser, portal: Portal, guichet: Guichet, guide: str
) -> None:
    """Each line with the script, as the guide says it stands in the page, under each policy it gives, answers."""
    text = (ROOT / "docs" / "portal" / guide).read_text(encoding="utf-8")
    lines = re.findall(
        r"^<script src=.*|^<script type=.*", "".join(re.findall(r"```html\n(.*?)```", text, re.DOTALL)), re.M
    )
    policies = re.findall(r"^ *((?:script|default)-src .*)", text, re.MULTILINE)
    assert len(lines) == {"html.md": 1, "drupal.md": 1, "wordpress.md": 2}[guide]
    assert len(policies) == {"html.md": 2, "drupal.md": 1, "wordpress.md": 1}[guide]
    for line, policy in itertools.product(lines, policies):
        nonce = re.search(r"nonce-(\w+)", policy)
        printed = line.replace("<script ", f'<script nonce="{nonce[1]}" ') if nonce else line
        held = f'<!doctype html><html lang="fr"><title>Portail</title><body><h1>Portail</h1>{printed}'
        portal.put(
            "/",
            held.replace(EXAMPLE, guichet.address),
            content_security_policy=policy.replace(EXAMPLE, guichet.address),
        )
        context = browser.new_context()
        told: list[str] = []
        visited = context.new_page()
        visited.on("console", lambda message, told=told: told.append(message.text))
        visited.goto(portal.address + "/")
        ask(opened(visited))
        assert [one for one in told if "Content Security" in one] == []
        context.close()


# Access


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("options", [{}, PHONE], ids=["wide", "phone"])
def test_axe_finds_nothing(visit: Visit, scheme: str, options: dict[str, Any]) -> None:
    """Bubble, welcome, answer, source, remark and error have no accessibility violation."""
    page = visit({"color_scheme": scheme, "reduced_motion": "reduce"} | options)
    assert violations(page) == []
    opened(page)
    assert violations(page) == []
    ask(page)
    page.get_by_role("button", name="Réponse pas utile").click()
    page.locator("#question").fill("x" * 590)
    assert violations(page) == []
    page.locator("button.chip").first.click()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.locator("#question").fill("crash")
    page.locator("#question").press("Enter")
    page.locator(".trouble").wait_for()
    assert violations(page) == []


def test_the_whole_dialogue_by_keyboard(visit: Visit) -> None:
    """Open, ask, walk to a chip, read its source, come back, close: with keys alone, and the focus comes back."""
    page = visit()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert focused(page) == "bubble"
    page.keyboard.press("Enter")
    page.locator("dialog[open]").wait_for()
    expect(page.locator("#question")).to_be_focused()
    page.keyboard.type("Qu'est-ce que")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("Start IA ?")
    expect(page.locator("#question")).to_have_value("Qu'est-ce que\nStart IA ?")
    page.keyboard.press("Enter")
    page.locator("button.chip").first.wait_for()
    assert focused(page) == "question"
    for _ in range(20):
        page.keyboard.press("Shift+Tab")
        if focused(page) == "chip":
            break
    expect(page.locator(".peek")).to_contain_text("515")
    outline = "getComputedStyle(document.querySelector('guichet-ia').shadowRoot.activeElement).outlineWidth"
    assert page.evaluate(outline) == "2px"
    page.keyboard.press("Escape")
    expect(page.locator(".peek")).to_be_hidden()
    page.keyboard.press("Enter")
    assert focused(page) == "source-title"
    page.keyboard.press("Escape")
    assert focused(page) == "chip"
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    assert focused(page) == "bubble"


@pytest.mark.parametrize("options", [{}, PHONE, ZOOMED], ids=["wide", "phone", "zoom"])
def test_that_it_is_a_machine_is_said_first_and_always(visit: Visit, options: dict[str, Any]) -> None:
    """A line at the top says so to eyes and ears, also when the page asks the first question, in each language."""
    page = visit(options)
    page.evaluate('GuichetIA.ask("Qu\'est-ce que Start IA ?")')
    page.locator(".actions").wait_for()
    notice = page.get_by_text("Vous parlez à un programme, pas à un agent.")
    expect(notice).to_have_count(1)
    expect(notice).to_be_in_viewport(ratio=1)
    expect(page.locator("dialog")).to_have_accessible_description(re.compile("^Vous parlez à un programme"))
    page.get_by_role("button", name="NL, Nederlands").click()
    expect(page.get_by_text("U praat met een programma, niet met een medewerker.")).to_be_in_viewport(ratio=1)


def step(page: Page, wanted: str) -> None:
    """Walk with Tab until *wanted* has the focus."""
    for _ in range(30):
        if focused(page) == wanted:
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{wanted} is out of reach")


@pytest.mark.parametrize("options", [ZOOMED, PHONE], ids=["zoom", "phone"])
def test_on_the_smallest_screen_keys_alone_lead_in_and_out(visit: Visit, options: dict[str, Any]) -> None:
    """Ask with Enter, leave with Escape: the focus is never lost, the bubble is back and opens again."""
    page = visit(options)
    step(page, "bubble")
    for times in (1, 2):
        page.keyboard.press("Enter")
        page.locator("dialog[open]").wait_for()
        assert focused(page) == "title"
        step(page, "question")
        page.keyboard.type(START)
        page.keyboard.press("Enter")
        expect(page.locator(".actions")).to_have_count(times)
        # A finger's keyboard goes, and the focus with it to the title; other keys stay where they were.
        assert focused(page) == ("title" if options is PHONE else "question")
        page.keyboard.press("Escape")
        expect(page.locator("dialog[open]")).to_have_count(0)
        expect(page.locator(".bubble")).to_be_visible()
        assert focused(page) == "bubble"


@pytest.mark.parametrize("options", [ZOOMED, PHONE], ids=["zoom", "phone"])
def test_a_gesture_goes_one_step_back_and_the_bubble_returns(visit: Visit, options: dict[str, Any]) -> None:
    """Closed while nothing has the focus: the source goes first, then the dialogue, also where nothing is asked."""
    page = ask(opened(visit(options)))
    page.evaluate("window.heard = 0; GuichetIA.on('close', () => { heard += 1 }); 0")
    nowhere = "document.querySelector('guichet-ia').shadowRoot.activeElement?.blur()"
    page.locator("button.chip").first.click()
    page.evaluate(nowhere)
    page.keyboard.press("Escape")
    expect(page.locator(".source")).to_be_hidden()
    page.evaluate(nowhere)
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(page.locator(".bubble")).to_be_focused()
    opened(page)
    # What a browser does that asks no second time.
    page.evaluate("document.querySelector('guichet-ia').shadowRoot.querySelector('dialog').close()")
    expect(page.locator(".bubble")).to_be_focused()
    assert page.evaluate("heard") == 2
    expect(opened(page).locator(".asked")).to_have_text(START)


@pytest.mark.parametrize("options", [{}, PHONE], ids=["wide", "phone"])
def test_the_focus_stays_inside_until_it_is_closed(visit: Visit, options: dict[str, Any]) -> None:
    """Forward and backward, Tab goes round within the dialogue, with the source open too."""
    page = ask(opened(visit(options)))
    for key in ("Tab", "Shift+Tab"):
        for _ in range(30):
            page.keyboard.press(key)
            assert focused(page)
    page.locator("button.chip").first.click()
    for _ in range(12):
        page.keyboard.press("Tab")
        assert focused(page)
        assert not page.evaluate(
            "Boolean(document.querySelector('guichet-ia').shadowRoot.activeElement.closest('.main'))"
        )


def test_who_opened_it_gets_the_focus_back(visit: Visit) -> None:
    """A link of the page that opened the dialogue has the focus after it is closed."""
    page = visit()
    page.locator("#text a").focus()
    page.evaluate("GuichetIA.open()")
    expect(page.locator("#question")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#text a")).to_be_focused()


def test_an_answer_is_announced_once_when_it_is_complete(visit: Visit) -> None:
    """While it grows it is in no live region; complete, it is added to the log in one piece."""
    page = opened(visit())
    page.evaluate(HEARD)
    ask(page)
    assert page.evaluate("heard") == ["ARTICLE", "answer"]
    expect(page.locator(".log")).to_have_attribute("role", "log")


@pytest.mark.parametrize("options", [NARROW, ZOOMED], ids=["320", "zoom"])
def test_nothing_scrolls_sideways_on_the_smallest_screen(visit: Visit, options: dict[str, Any]) -> None:
    """At 320 pixels, and at 400 % zoom, welcome, answer and source scroll one way only; all can be reached."""
    page = opened(visit(options, lang="de"))
    wide = (
        "[...document.querySelector('guichet-ia').shadowRoot.querySelectorAll('dialog, dialog *')].filter((one) =>"
        " one.scrollWidth > one.clientWidth + 1 && !one.closest('.hush')"
        " && !/visible|clip/.test(getComputedStyle(one).overflowX))"
        ".map((one) => `${one.localName} ${one.id} ${one.className}`)"
    )
    assert page.evaluate(wide) == []
    ask(page, "Was ist Start IA? " + "x" * 60)
    assert page.evaluate(wide) == []
    page.locator("button.chip").first.click()
    assert page.evaluate(wide) == []
    page.get_by_role("button", name="Zurück zur Antwort").click()
    page.locator(".go").scroll_into_view_if_needed()
    expect(page.locator(".go")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


def test_targets_are_large_enough(visit: Visit) -> None:
    """Whatever can be pressed is at least 24 by 24 pixels; a link within a sentence is exempt."""
    page = ask(opened(visit(NARROW)))
    sizes = page.evaluate(
        "[...document.querySelector('guichet-ia').shadowRoot.querySelectorAll('button, a.programme, textarea')]"
        ".filter((one) => one.getClientRects().length).map((one) => { const place = one.getBoundingClientRect();"
        " return [one.className || one.textContent, place.width, place.height] })"
    )
    assert len(sizes) > 8
    assert [size for size in sizes if min(size[1], size[2]) < 23.9] == []


def test_no_motion_for_those_who_ask_and_edges_for_those_who_need_them(visit: Visit) -> None:
    """Under prefers-reduced-motion nothing moves; with forced colours the fields keep their edges."""
    page = opened(visit({"reduced_motion": "reduce", "forced_colors": "active"}))
    style = "getComputedStyle(document.querySelector('guichet-ia').shadowRoot.querySelector('{}'))"
    assert page.evaluate(style.format("dialog") + ".animationName") == "none"
    assert page.evaluate(style.format(".field") + ".borderTopWidth") == "1px"


def test_the_sheet_of_a_phone_is_modal_and_does_not_open_by_itself(visit: Visit) -> None:
    """On a phone the dialogue covers the page from below; a link of the portal shows the page, not the sheet again."""
    page = visit(PHONE, open="true")
    page.wait_for_timeout(300)
    expect(page.locator("dialog[open]")).to_have_count(0)
    ask(opened(page))
    assert page.evaluate("document.querySelector('guichet-ia').shadowRoot.querySelector('dialog').matches(':modal')")
    page.get_by_role("button", name="Fermer").tap()
    assert focused(page) == "bubble"
    page.locator("#text a").tap()
    page.locator(".bubble").wait_for()
    page.wait_for_timeout(300)
    expect(page.locator("dialog[open]")).to_have_count(0)
    opened(page)
    expect(page.locator(".asked")).to_have_text(START)

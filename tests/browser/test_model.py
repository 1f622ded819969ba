"""The page while a language model writes: unchecked words are pale, the reader can stop it, and is told who wrote."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, expect

from tests.llm.double import Double, serving
from tests.llm.library import model_bot
from tests.llm.served import served

QUESTION = "Combien paie la prime numérique ?"
Ask = Callable[[str], Page]


@pytest.fixture(scope="module")
def double() -> Iterator[Double]:
    """The server of the models."""
    with serving() as double:
        yield double


@pytest.fixture
def ask(tmp_path: Path, double: Double, browser: Browser) -> Iterator[Ask]:
    """Ask the question on a page whose bot uses the model of this name."""
    closing: list[Callable[[], object]] = []

    def ask(model: str) -> Page:
        bot = model_bot(tmp_path, double, model, llm_first_seconds=2, llm_between_seconds=1)
        site = served(bot.__enter__())
        address = site.__enter__()
        page = browser.new_page(locale="fr-BE")
        closing.extend((page.close, lambda: site.__exit__(None, None, None), lambda: bot.__exit__(None, None, None)))
        page.goto(f"{address}/?lang=fr")
        page.wait_for_selector("body.ready")
        page.locator("#question").fill(QUESTION)
        page.locator("#question").press("Enter")
        return page

    yield ask
    for close in closing:
        close()


def test_unchecked_words_are_pale_until_they_are_checked(ask: Ask) -> None:
    """Words come before their sentence is whole, marked; in the answer nothing is left that was not checked."""
    page = ask("quotes@60")
    pale = page.locator(".unchecked")
    expect(pale).to_be_visible(timeout=15_000)
    assert not any(letter.isdigit() for letter in pale.inner_text())
    expect(page.locator(".actions")).to_be_visible(timeout=20_000)
    expect(pale).to_have_count(0)
    expect(page.locator(".notes")).to_contain_text("Formulé par un modèle de langue (quotes@60)")
    violations = Axe().run(page).response["violations"]
    assert not violations, [violation["id"] for violation in violations]


def test_stop_ends_the_request_to_the_model(ask: Ask, double: Double) -> None:
    """The button does not only hide the text: the model's server sees the connection close."""
    double.exchanges.clear()
    page = ask("quotes@200")
    expect(page.locator(".unchecked")).to_be_visible(timeout=15_000)
    page.get_by_role("button", name="Arrêter").click()
    pressed = time.perf_counter()
    exchange = double.wait_for("quotes@200")
    assert exchange.end == "cancelled"
    assert exchange.ended - pressed < 1.5
    expect(page.locator(".turn")).to_contain_text("Arrêté à votre demande")


def test_a_failing_model_leaves_an_answer_and_a_reason(ask: Ask) -> None:
    """The reader gets the quotes in the same reply, and one plain line that says why."""
    page = ask("stall")
    expect(page.locator(".actions")).to_be_visible(timeout=30_000)
    expect(page.locator(".said")).to_contain_text("30 %")
    expect(page.locator(".notes")).to_contain_text("Réponse par citations")

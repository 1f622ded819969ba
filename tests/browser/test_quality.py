"""The public quality page as a visitor meets it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Site, Visit
from tests.browser.test_chat import NARROW, PHONE, sideways, violations


@pytest.mark.parametrize("language", ["fr", "nl", "de", "en"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_quality_page(visit: Visit, language: str, scheme: str) -> None:
    """In four languages, light and dark, the page has no accessibility violation."""
    assert violations(visit(f"/quality?lang={language}", color_scheme=scheme)) == []


@pytest.mark.parametrize("language", ["fr", "nl", "de", "en"])
@pytest.mark.parametrize("size", [PHONE, NARROW], ids=["phone", "320"])
def test_the_quality_page_fits_a_phone(visit: Visit, language: str, size: dict[str, object]) -> None:
    """On a phone, and at 320 pixels, nothing has to be scrolled sideways, no table either."""
    page = visit(f"/quality?lang={language}", **size)
    assert sideways(page) == 0
    assert page.evaluate("[...document.querySelectorAll('table')].every(e => e.scrollWidth <= e.clientWidth)")


def test_the_quality_page_changes_its_language(visit: Visit) -> None:
    """The switch in the header renames the page and stays on it."""
    page = visit("/quality?lang=fr")
    page.get_by_role("link", name="DE, Deutsch").click()
    expect(page.locator("h1")).to_have_text("Kann man sich auf die Antworten verlassen?")
    assert page.url.endswith("/quality?lang=de")


def test_landmarks_of_the_quality_page(visit: Visit) -> None:
    """One banner, one main, one h1; the skip link leads to the text."""
    page = visit("/quality?lang=en")
    for role in ("banner", "main"):
        expect(page.get_by_role(role)).to_have_count(1)
    expect(page.locator("h1")).to_have_count(1)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_from_the_chat_to_the_figures_and_back(visit: Visit) -> None:
    """The about panel opens the figures in a window of their own, and these lead to the chat in the same language."""
    page = visit("/?lang=nl")
    page.get_by_role("button", name="Over ons").click()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name=re.compile("^De kwaliteit van de antwoorden")).click()
    figures = opened.value
    expect(figures.locator("h1")).to_have_text("Kunt u op de antwoorden vertrouwen?")
    figures.get_by_role("link", name="Een vraag stellen").click()
    expect(figures.get_by_label("Uw vraag")).to_be_visible()


def test_the_quality_page_is_whole_without_scripts(browser: Browser, site: Site) -> None:
    """With scripts off, the figures, the tables and what is not good are there."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.address + "/quality?lang=en")
    expect(page.locator("table")).to_have_count(3)
    expect(page.get_by_role("heading", name="What is not good yet")).to_be_visible()
    expect(page.locator(".tally li").first).to_contain_text("88")
    context.close()

"""Answers as HTML: nothing gets in unescaped, everything a reader needs is there."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from bot.answers import Answer, Programme
from tests.ui.scripted import TODAY, ScriptedBot
from ui import markup, shell

NASTY = """<script>alert(1)</script>"><img src=x onerror=alert(2)>'`${alert(3)}{{4}}"""


def answered(question: str) -> Answer:
    """Return the complete answer of the scripted bot."""

    async def last() -> Answer:
        return [answer async for answer in ScriptedBot().stream(question)][-1]

    # In a thread of its own: the browser tests leave an event loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, last()).result()


class Tags(HTMLParser):
    """Collects the names of the elements and of their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one element."""
        self.names.add(tag)
        self.attributes.update(name for name, _ in attrs)


def test_hostile_text_stays_text() -> None:
    """No field of an answer, its citations or its programmes can open an element or an attribute."""
    answer = answered("Qu'est-ce que Start IA ?")
    citation = replace(
        answer.citations[0], title=NASTY, quote=NASTY, passage=NASTY * 2, heading=NASTY, url=NASTY, link=NASTY,
        as_of=NASTY, confidence=NASTY, document=NASTY,
    )  # fmt: skip
    programme = Programme(NASTY, NASTY, "open", NASTY, NASTY, NASTY, "javascript:alert(5)")
    hostile = replace(
        answer, question=NASTY, text=f"{NASTY} [1]\n\n{NASTY}", notes=(NASTY,), citations=(citation,),
        programmes=(programme,), id=NASTY,
    )  # fmt: skip
    tags = Tags()
    tags.feed(markup.finished(hostile, "fr", TODAY) + markup.growing(replace(hostile, complete=False), 1)[1])
    assert not {"script", "img"} & tags.names
    assert not any(name.startswith("on") for name in tags.attributes)
    assert "javascript:" not in markup.finished(hostile, "fr", TODAY)


def test_markers_become_named_buttons() -> None:
    """Each marker is a button that says its number, title and date."""
    text = markup.finished(answered("Qu'est-ce que Start IA ?"), "fr", TODAY)
    names = re.findall(r'class="chip"[^>]*aria-label="([^"]*)"', text)
    assert names == [f"Source {n}\u00a0: Start IA\u00a0: accompagnement de cinq jours, 2025" for n in (1, 2)]


def test_a_marker_without_citation_vanishes() -> None:
    """A number that was never offered leaves neither a button nor brackets."""
    text = markup.finished(replace(answered("Qu'est-ce que Start IA ?"), text="Rien [9].", notes=()), "fr", TODAY)
    shown = text.split('class="copy-text"')[0]
    assert "[9]" not in shown
    assert 'class="chip"' not in shown


def test_notes_are_shown_once_and_apart() -> None:
    """The lines at the end of the text stand under the statements, not in them."""
    answer = answered("Qu'est-ce que Start IA ?")
    assert markup.said(answer).endswith("[2].")
    assert markup.finished(answer, "fr", TODAY).count("nos sources ne disent pas") == 1 + 1  # and in the copied text


def test_statements_in_another_language_say_so() -> None:
    """A French statement in a Dutch answer carries its language and one note each."""
    answer = answered("Wat is Start IA? foreign")
    said = markup.finished(answer, "nl", TODAY).split('class="notes"')[0]
    assert said.count('<span lang="fr">') == 2
    assert said.count("(in de bron: Frans)") == 2


def test_the_passage_shows_the_quote_marked() -> None:
    """The panel's passage holds the whole text with exactly the quote in a mark."""
    answer = answered("What is Start IA?")
    text = markup.finished(answer, "en", TODAY)
    assert f"<mark>{answer.citations[1].quote}</mark>" in text
    assert text.count("<template") == 2


@pytest.mark.parametrize(
    ("state", "opens", "closes", "look", "words"),
    [
        ("open", None, "2026-12-10", "closing", "closes on 10 December 2026"),
        ("open", None, "2028-04-01", "open", "open until 1 April 2028"),
        ("open", None, "2027", "open", "open until 2027"),
        ("open", None, None, "open", "open"),
        ("opens", "2027-02", None, "opens", "opens on February 2027"),
        ("permanent", None, None, "open", "permanent"),
        ("closed", None, "2023-12-31", "closed", "closed"),
        ("unknown", "2019", None, "unknown", "state unknown"),
    ],
)
def test_a_programme_says_its_state_in_words(
    state: str, opens: str | None, closes: str | None, look: str, words: str
) -> None:
    """Each state has its look and its words; a date less than a month away is closing soon."""
    programme = Programme("x", "X", state, opens, closes, None, None)  # type: ignore[arg-type]
    assert markup.state_in_words(programme, "en", dt.date(2026, 11, 23)) == (look, words)


def test_every_sign_is_drawn() -> None:
    """No icon is named that the sprite does not hold."""
    frame = shell.Frame(600, 129, 7, TODAY, "x")
    text = markup.joined(
        markup.finished(answered("Qu'est-ce que Start IA ?"), "fr", TODAY),
        markup.trouble("x", "fr"),
        shell.before("fr", frame),
        shell.after("fr", frame, "n"),
    )
    assert set(re.findall(r'href="#sign-([\w-]+)"', text)) <= set(re.findall(r'id="sign-([\w-]+)"', text))


def test_the_print_gives_whole_addresses_date_and_generation() -> None:
    """Paper has no links: the addresses, the day and the state of the sources are written out."""
    paper = markup.finished(answered("Qu'est-ce que Start IA ?"), "fr", TODAY).split('class="on-paper"')[1]
    assert ">https://ribbon-agency.prezly.com/lia-seduit" in paper
    assert "23 novembre 2026" in paper
    assert "n° 7" in paper


def test_a_changed_corpus_is_said() -> None:
    """An answer from another generation than the one before says so."""
    text = markup.finished(answered("Qu'est-ce que Start IA ?"), "fr", TODAY, updated=True)
    assert "Les sources ont changé" in text

"""The frame of the staff desk: top bar, menu, the place for messages and the room. Sent with the first byte."""

from __future__ import annotations

import json
import logging

from bot.wording import catalogue
from ingest.documents import LANGUAGES, Language
from ui.markup import Markup, icon, joined, tag
from ui.shell import SPRITE
from ui.staff.desk import Desk, Room
from ui.staff.forms import titled, words
from ui.staff.people import Person
from ui.words import typeset, word

logger = logging.getLogger(__name__)

SCRIPT_WORDS = (
    "working", "gone", "reload", "ended", "login_again", "outdated", "required", "invalid", "too_long", "copied",
    "copy_failed", "file_waiting", "file_sending", "file_received", "file_failed", "file_too_large", "file_folder",
    "file_stop", "file_retry", "file_remove", "files_received", "files_failed",
)  # fmt: skip


def head(language: Language, version: str, nonce: str | None = None, title: str | None = None) -> Markup:
    """Return what a page of the desk adds to ``<head>``; without a *nonce* it has no script."""
    scripts = [
        tag("script", src=f"../static/{name}?v={version}", nonce=nonce, defer=True)
        for name in ("fields.js", "staff.js", "uploads.js")
    ]
    return joined(
        tag("title", title or words("desk.title", language)),
        Markup('<meta name="color-scheme" content="light dark">'),
        Markup('<meta name="robots" content="noindex, nofollow">'),
        Markup('<meta name="theme-color" content="#fbfaf7" media="(prefers-color-scheme: light)">'),
        Markup('<meta name="theme-color" content="#0f1720" media="(prefers-color-scheme: dark)">'),
        Markup(f'<link rel="icon" type="image/svg+xml" href="../static/mark.svg?v={version}">'),
        Markup(f'<link rel="stylesheet" href="../static/guichet.css?v={version}">'),
        Markup(f'<link rel="stylesheet" href="../static/staff.css?v={version}">'),
        scripts if nonce else None,
    )


def before(desk: Desk, person: Person, language: Language) -> Markup:
    """Return what stands above and beside the room, and the room as it is first painted."""
    return joined(
        tag("a", words("desk.skip", language), href="#desk", class_="skip"),
        header(language, person),
        _menu(desk, person, language),
        tag("div", _room(language), id="first"),
        tag("noscript", tag("p", words("desk.javascript", language))),
    )


def after(person: Person, language: Language, started: str, nonce: str) -> Markup:
    """Return what stands behind the room: the dialog that asks before an act, drawn signs, the script's words."""
    return joined(
        tag(
            "dialog",
            tag("p", id="sure-question"),
            tag(
                "div",
                tag("button", type="button", data_answer="yes", class_="primary"),
                tag("button", words("desk.cancel", language), type="button", data_answer="no"),
                class_="row",
            ),
            id="sure",
            aria_labelledby="sure-question",
        ),
        SPRITE,
        tag("script", _words(person, language, started), type="application/json", id="words", nonce=nonce),
    )


def _words(person: Person, language: Language, started: str) -> Markup:
    """Return the script's words as JSON that cannot end the element it stands in."""
    texts = {key: typeset(catalogue()[f"desk.{key}"][language], language) for key in SCRIPT_WORDS} | {
        "language": language,
        "title": words("desk.title", language),
        "token": person.token,
        "person": person.name,
        "role": person.role,
        "started": started,
    }
    return Markup(json.dumps(texts, ensure_ascii=False).replace("<", "\\u003c"))


def header(language: Language, person: Person | None = None) -> Markup:
    """Return the top bar: whose desk it is, the languages, the way out. Without a *person*, of a page to log in."""
    return tag(
        "header",
        tag(
            "div",
            tag(
                "p",
                tag("a", icon("mark"), tag("span", word("name", language)), tag("small", words("desk.name", language)),
                    href=f"./?lang={language}"),
                class_="brand",
            ),
            _who(person, language) if person else None,
            tag(
                "nav",
                tag("ul", [tag("li", _language_link(each, each == language)) for each in LANGUAGES]),
                aria_label=word("languages", language),
                class_="languages",
            ),
            _way_out(person, language) if person else None,
            class_="bar",
        ),
        id="top",
    )  # fmt: skip


def _who(person: Person, language: Language) -> Markup:
    return tag(
        "p",
        tag("span", person.name, class_="name"),
        " ",
        tag("span", words(f"desk.role_{person.role}", language), class_="role"),
        class_="who",
    )


def _way_out(person: Person, language: Language) -> Markup:
    return tag(
        "form",
        tag("input", type="hidden", name="token", value=person.token),
        tag("button", words("desk.logout", language), type="submit", class_="plain"),
        method="post",
        action=f"logout?lang={language}",
        class_="out",
    )


def _language_link(language: Language, current: bool) -> Markup:
    name = word("language_name", language)
    return tag(
        "a",
        language.upper(),
        href=f"?lang={language}",
        lang=language,
        hreflang=language,
        title=name,
        aria_label=f"{language.upper()}, {name}",
        aria_current="true" if current else None,
    )


def _menu(desk: Desk, person: Person, language: Language) -> Markup:
    return tag(
        "nav",
        tag(
            "button",
            tag("span", words("desk.menu", language)),
            tag("span", id="menu-here"),
            type="button",
            aria_expanded="false",
            aria_controls="rooms",
            id="menu-fold",
        ),
        menu(desk, person, language, None),
        id="menu",
        aria_label=words("desk.menu", language),
    )


def menu(desk: Desk, person: Person, language: Language, address: str | None) -> Markup:
    """Return the rooms with what waits in each; an *address* of None is the page before anything is known."""
    rooms = desk.open_to(person)
    here = None if address is None else address.partition("?")[0].strip("/").split("/")[0] or rooms[0].name
    return tag(
        "ul",
        [tag("li", _entry(room, language, room.name == here, counted=address is not None)) for room in rooms],
        id="rooms",
    )


def _entry(room: Room, language: Language, current: bool, *, counted: bool) -> Markup:
    waiting = _count(room) if counted else 0
    return tag(
        "a",
        tag("span", room_name(room.name, language)),
        tag("span", str(waiting), tag("span", " " + words("desk.waiting", language), class_="hush"), class_="count")
        if waiting
        else None,
        href=f"#/{room.name}",
        aria_current="page" if current else None,
    )


def _count(room: Room) -> int:
    try:
        return room.count()
    except Exception as error:  # noqa: BLE001  a number less is better than no menu
        logger.error("counting in %s failed: %s", room.name, type(error).__name__)
        return 0


def room_name(name: str, language: Language) -> str:
    """Return what the room is called in the menu."""
    key = f"desk.room_{name}"
    return words(key, language) if key in catalogue() else name


def _room(language: Language) -> Markup:
    return tag(
        "div",
        tag(
            "div",
            tag("p", id="said", tabindex="-1"),
            tag("p", tag("span", id="step"), tag("progress", aria_labelledby="step"), id="doing", hidden=True),
            id="message",
        ),
        tag("p", id="announce", class_="hush", role="status"),
        tag("div", tag("p", words("desk.working", language), class_="lead"), id="room-page", aria_busy="true"),
        id="desk",
        tabindex="-1",
    )


def trouble(key: str, language: Language) -> Markup:
    """Return the page of an address that cannot be shown: a sentence and the way back."""
    return titled(
        words(f"desk.{key}_title", language),
        tag("p", words(f"desk.{key}", language)),
        tag("p", tag("a", words("desk.back", language), href="#/")),
    )

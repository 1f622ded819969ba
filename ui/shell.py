"""The frame of the page: header, welcome, question field, panel. Sent with the first byte; Gradio adopts the room.

The reader sees and reads the page before Gradio's scripts have run; the room, with whatever was typed meanwhile, then
moves into Gradio's ``<main>``.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass

from bot.wording import say
from ingest.documents import LANGUAGES, Language
from ui.markup import Markup, icon, joined, tag
from ui.words import date_in_words, for_script, typeset, word

STARTERS = ("starter_1", "starter_2", "starter_3", "starter_4")
SCRIPT_WORDS = (
    "counter", "empty", "too_long", "working", "stopped", "gone", "busy", "retry",
    "thanks", "feedback_failed", "copied", "copy_failed",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Frame:
    """What the frame needs to know besides the language."""

    max_question: int
    documents: int
    generation: int
    today: dt.date
    started: str
    """Names this run of the server: a page that sees another one has lost its conversation."""
    framed: str = ""
    """What says which portal has the page in a frame."""


def head(
    language: Language, version: str, nonce: str | None = None, title: str | None = None, *, root: str = ""
) -> Markup:
    """Return what a page of ours adds to ``<head>``; without a *nonce* it has no script. Files lie under *root*."""
    return joined(
        tag("title", title or word("title", language)),
        Markup(f'<meta name="description" content="{_attribute(word("description", language))}">'),
        Markup('<meta name="color-scheme" content="light dark">'),
        Markup('<meta name="theme-color" content="#fbfaf7" media="(prefers-color-scheme: light)">'),
        Markup('<meta name="theme-color" content="#0f1720" media="(prefers-color-scheme: dark)">'),
        Markup(f'<link rel="icon" type="image/svg+xml" href="{root}static/mark.svg?v={version}">'),
        Markup(f'<link rel="stylesheet" href="{root}static/guichet.css?v={version}">'),
        tag("script", src=f"{root}static/guichet.js?v={version}", nonce=nonce, defer=True) if nonce else None,
    )


def _attribute(text: str) -> str:
    return str(tag("x", text))[3:-4].replace('"', "&quot;")


def before(language: Language, frame: Frame, *, embedded: bool = False) -> Markup:
    """Return what stands above the room, and the room as it is first painted; *embedded*: in a frame of a portal."""
    without_script = tag("a", typeset(say("widget.plain_link", language), language), href=f"ask?lang={language}")
    return joined(
        tag("a", word("skip", language), href="#question", class_="skip"),
        _embedded_header(language) if embedded else header(language),
        tag("div", _room(language, frame), id="first"),
        tag("noscript", tag("p", word("javascript", language)), tag("p", without_script)),
    )


def _embedded_header(language: Language) -> Markup:
    """Return a header that only those hear who cannot see whose page it is; the portal has one of its own."""
    return tag("header", tag("h1", word("name", language), class_="hush"), id="top", class_="embedded")


def after(language: Language, frame: Frame, nonce: str) -> Markup:
    """Return what stands behind the room: the panel, its texts, the drawn signs, the script's words."""
    return joined(
        tag(
            "dialog",
            tag(
                "button",
                icon("close"),
                type="button",
                class_="close",
                data_do="close",
                aria_label=word("close", language),
                title=word("close", language),
            ),
            tag("div", id="panel-body"),
            id="panel",
            aria_labelledby="panel-title",
        ),
        tag("template", _about(language, frame), id="about"),
        SPRITE,
        tag("script", _words(language, frame), type="application/json", id="words", nonce=nonce),
    )


def _words(language: Language, frame: Frame) -> Markup:
    """Return the script's words as JSON that cannot end the element it stands in."""
    words = for_script(language, SCRIPT_WORDS) | {
        "language": language,
        "limit": str(frame.max_question),
        "started": frame.started,
        "framed": frame.framed,
        "title": word("title", language),
    }
    return Markup(json.dumps(words, ensure_ascii=False).replace("<", "\\u003c"))


def header(language: Language, *, home: bool = True, root: str = "./", keep: str = "") -> Markup:
    """Return the header; on another page than the *home* page the name leads home, to *root*, and is no heading.

    *keep* is what the addresses of the other languages carry on of this page's own, such as ``&next=…``.
    """
    return tag(
        "header",
        tag(
            "div",
            tag(
                "h1" if home else "p",
                tag(
                    "a",
                    icon("mark"),
                    tag("span", word("name", language)),
                    href=f"?lang={language}" if home else f"{root}?lang={language}",
                ),
                class_="brand",
            ),
            tag(
                "nav",
                tag("ul", [tag("li", _language_link(each, each == language, keep)) for each in LANGUAGES]),
                aria_label=word("languages", language),
            ),
            tag("button", word("about", language), type="button", class_="plain", data_do="about",
                aria_haspopup="dialog") if home else None,
            class_="bar",
        ),
        id="top",
    )  # fmt: skip


def _language_link(language: Language, current: bool, keep: str) -> Markup:
    name = word("language_name", language)
    return tag(
        "a",
        language.upper(),
        href=f"?lang={language}{keep}",
        lang=language,
        hreflang=language,
        title=name,
        aria_label=f"{language.upper()}, {name}",
        aria_current="true" if current else None,
    )


def _room(language: Language, frame: Frame) -> Markup:
    return tag(
        "div",
        tag(
            "section",
            tag("h2", word("welcome", language)),
            tag(
                "p",
                word("notice_machine", language),
                tag("br"),
                word("notice_sources", language),
                class_="notice",
            ),
            tag("h3", word("starters", language)),
            tag(
                "ul",
                [tag("li", tag("button", word(key, language), type="button", data_do="starter")) for key in STARTERS],
            ),
            id="welcome",
        ),
        tag("div", id="log", role="log", aria_label=word("conversation", language), tabindex="-1"),
        tag("p", id="announce", class_="hush", role="status"),
        _form(language, frame),
        id="room",
    )


def _form(language: Language, frame: Frame) -> Markup:
    return tag(
        "form",
        tag("label", word("ask_label", language), for_="question"),
        tag(
            "div",
            tag("textarea", id="question", rows=1, autocomplete="off", enterkeyhint="send",
                aria_describedby="hint counter problem", data_limit=frame.max_question),
            tag("button", icon("send"), tag("span", word("send", language), class_="hush"), type="submit",
                class_="go", title=word("send", language)),
            tag("button", icon("stop"), tag("span", word("stop", language)), type="button", class_="halt",
                data_do="stop", hidden=True),
            class_="field",
        ),
        tag(
            "div",
            tag("p", id="problem", role="alert"),
            tag("p", id="counter"),
            tag("p", word("ask_hint", language), id="hint"),
            tag("button", icon("new"), tag("span", word("new", language)), type="button", class_="quiet",
                data_do="new", id="new", hidden=True),
            class_="under",
        ),
        id="ask",
        novalidate=True,
    )  # fmt: skip


def _about(language: Language, frame: Frame) -> Markup:
    date = date_in_words(frame.today.isoformat(), language)
    return joined(
        tag("h2", word("about", language), id="panel-title", tabindex="-1"),
        tag("p", word("about_what", language, count=frame.documents)),
        [
            joined(tag("h3", word(f"{part}_title", language)), tag("p", word(part, language)))
            for part in ("about_how", "about_not", "about_data")
        ],
        tag(
            "p",
            # A window of its own: leaving the page would end the conversation.
            tag(
                "a",
                word("about_quality", language),
                icon("out"),
                tag("span", f" ({word('new_window', language)})", class_="hush"),
                href=f"quality?lang={language}",
                target="_blank",
                rel="noopener",
            ),
            class_="original",
        ),
        tag("p", word("about_state", language, generation=frame.generation, date=date), class_="age"),
    )


_SIGNS = {
    # A counter window: a roof line, the opening, the sill, and a speech mark passing through it.
    "mark": '<path d="M3 8.5 5 4h14l2 4.5M4.5 8.5v11h15v-11M3 8.5h18M2.5 19.5h19"/>'
    '<path d="M8 12h8v3.2h-4.6L9.6 17v-1.8H8z"/>',
    "send": '<path d="M12 19V5M6 11l6-6 6 6"/>',
    "stop": '<rect x="7" y="7" width="10" height="10" rx="1.5" fill="currentColor"/>',
    "new": '<path d="M12 5v14M5 12h14"/>',
    "close": '<path d="m6 6 12 12M18 6 6 18"/>',
    "out": '<path d="M9 5H5v14h14v-4M13 5h6v6M19 5l-9 9"/>',
    "up": '<path d="M8 11v9H4v-9z"/>'
    '<path d="M8 11l4-8c1.6 0 2.4 1 2.2 2.4L13.5 9H19c1 0 1.7 1 1.4 2l-2 7.5c-.2.9-1 1.5-1.9 1.5H8"/>',
    "down": '<path d="M16 13V4h4v9z"/>'
    '<path d="M16 13l-4 8c-1.6 0-2.4-1-2.2-2.4L10.5 15H5c-1 0-1.7-1-1.4-2l2-7.5C5.8 4.6 6.6 4 7.5 4H16"/>',
    "copy": '<rect x="9" y="9" width="11" height="11" rx="1.5"/><path d="M5 15H4V4h11v1"/>',
    "print": '<path d="M7 9V4h10v5M7 17H4V9h16v8h-3M7 14h10v6H7z"/>',
    "retry": '<path d="M5 12a7 7 0 1 0 2.3-5.2M5 4v4h4"/>',
    "warning": '<path d="M12 4 2.5 20h19zM12 10v5M12 17.5v.2"/>',
    "validated": '<path d="M12 3 5 6v5c0 4.5 3 8 7 10 4-2 7-5.5 7-10V6z"/><path d="m9 11.5 2.3 2.3L15.5 9.5"/>',
    "open": '<path d="m5 12.5 4.5 4.5L19 7.5"/>',
    "closing": '<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5l3.5 2"/>',
    "opens": '<path d="M5 12h14M13 6l6 6-6 6"/>',
    "closed": '<path d="M5 12h14"/>',
    "unknown": '<path d="M9 9a3 3 0 1 1 4.6 2.5c-1 .7-1.6 1.3-1.6 2.5M12 17.5v.2"/>',
}
SPRITE = Markup(
    '<svg xmlns="http://www.w3.org/2000/svg" class="sprite" aria-hidden="true" focusable="false" width="0" height="0">'
    + "".join(f'<symbol id="sign-{name}" viewBox="0 0 24 24">{drawing}</symbol>' for name, drawing in _SIGNS.items())
    + "</svg>"
)

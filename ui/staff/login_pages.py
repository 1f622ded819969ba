"""What the way in to the desk looks like: login, own password, logout. Rendered here, in four languages, no script."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from ingest.documents import Language
from ui.markup import Child, Markup, joined, tag
from ui.shell import SPRITE, head, header
from ui.staff import oidc
from ui.staff.forms import words
from ui.staff.passwords import SHORTEST
from ui.staff.sessions import Login


@dataclass(frozen=True, slots=True)
class Look:
    """What every page of the way in needs to know."""

    language: Language
    version: str
    place: str
    """Where at the desk the person wants to go."""
    provider: str | None = None
    """How the organisation is called, if one can log in through it."""


@dataclass(frozen=True, slots=True)
class Form:
    """A form that comes back: what was typed, apart from passwords, and what is wrong with which field."""

    name: str = ""
    wrong: Mapping[str, str] = field(default_factory=dict)
    note: str | None = None
    """A sentence above the form."""
    bad: bool = False
    """The sentence is about something that went wrong."""


def say(key: str, language: Language, **values: object) -> str:
    """Return a string of this catalogue."""
    return words(f"desk_accounts.{key}", language, **values)


def login(look: Look, form: Form, *, elsewhere: bool = False, leave: bool = False) -> Markup:
    """Return the login page; *elsewhere*: a link on another site led here, so the cookie did not come along.

    *leave*: the person has logged out here, and may want to at the organisation.
    """
    language = look.language
    return _page(
        look,
        say("login_title", language),
        tag("p", say("login_lead", language), class_="lead"),
        _note(form),
        _leave(look) if leave else None,
        _already(look) if elsewhere else None,
        _organisation(look),
        tag(
            "form",
            _input(look, form, "name", autocomplete="username", value=form.name,
                   autofocus="password" not in form.wrong),
            _input(look, form, "password", kind="password", autocomplete="current-password",
                   autofocus="password" in form.wrong),
            tag("button", say("log_in", language), type="submit"),
            method="post",
            novalidate=True,
        ),
        tag("p", say("forgotten", language), class_="hint"),
        bad=bool(form.wrong) or form.bad,
    )  # fmt: skip


def password(look: Look, form: Form, who: Login) -> Markup:
    """Return the page on which somebody changes the own password."""
    language = look.language
    return _page(
        look,
        say("change_title", language),
        tag("p", say("must_change" if who.must_change else "change_ends", language), class_="lead"),
        _note(form),
        tag(
            "form",
            _input(look, form, "name", autocomplete="username", value=who.name, readonly=True),
            None if who.must_change else
            _input(look, form, "current", kind="password", autocomplete="current-password"),
            _input(look, form, "new", kind="password", autocomplete="new-password", hint=say("new_hint", language),
                   minlength=SHORTEST, passwordrules=f"minlength: {SHORTEST};"),
            _input(look, form, "again", kind="password", autocomplete="new-password"),
            tag("input", type="hidden", name="token", value=who.form_token),
            tag("button", say("change", language), type="submit"),
            method="post",
            novalidate=True,
        ),
        bad=bool(form.wrong) or form.bad,
        back=None if who.must_change else (look.place, say("go_on", language)),
    )  # fmt: skip


def logout(look: Look, who: Login) -> Markup:
    """Return the page that asks whether to log out: a link must not do it, or any site could."""
    language = look.language
    return _page(
        look,
        say("log_out_title", language),
        tag(
            "form",
            tag("input", type="hidden", name="token", value=who.form_token),
            tag("button", say("log_out", language), type="submit"),
            method="post",
            action=f"/staff/logout?lang={language}",
        ),
        back=(look.place, say("go_on", language)),
    )


def going_on(look: Look) -> Markup:
    """Return a page that goes on to the desk by itself.

    After a redirect from the provider the browser counts the whole way as another site's and would leave the strict
    cookie at home; what a page of ours asks for is ours.
    """
    return _page(
        look,
        say("logged_in", look.language),
        tag("a", say("go_on", look.language), href=look.place, class_="go"),
        inside=joined(
            Markup('<meta name="referrer" content="no-referrer">'),
            Markup(f'<meta http-equiv="refresh" content="0;url={html.escape(look.place)}">'),
        ),
    )


def message(look: Look, title: str, sentence: str) -> Markup:
    """Return a page that says one thing."""
    return _page(look, title, tag("p", sentence), bad=True)


def _page(
    look: Look,
    title: str,
    *children: Child,
    bad: bool = False,
    inside: Markup | None = None,
    back: tuple[str, str] | None = ("", ""),
) -> Markup:
    language = look.language
    if back == ("", ""):
        back = (f"/?lang={language}", say("public_page", language))
    return joined(
        Markup("<!doctype html>"),
        tag(
            "html",
            tag(
                "head",
                Markup('<meta charset="utf-8">'),
                Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
                Markup('<meta name="robots" content="noindex">'),
                head(
                    language,
                    look.version,
                    title=say("problem", language, title=title) if bad else title,
                    root="/",
                ),
                Markup(f'<link rel="stylesheet" href="/static/login.css?v={look.version}">'),
                inside,
            ),
            tag(
                "body",
                tag("a", say("skip", language), href="#login", class_="skip"),
                header(language, home=False, root="/", keep=f"&next={quote(look.place, safe='/')}"),
                tag(
                    "main",
                    tag("h1", title),
                    *children,
                    tag("p", tag("a", back[1], href=back[0]), class_="back") if back else None,
                    id="login",
                    tabindex="-1",
                ),
                SPRITE,
                class_="ready plain-page",
            ),
            lang=language,
        ),
    )


def _note(form: Form) -> Markup | None:
    if form.note is None:
        return None
    return tag("p", form.note, class_="note bad" if form.bad else "note", role="alert" if form.bad else "status")


def _already(look: Look) -> Markup:
    there = tag("a", say("go_on", look.language), href=look.place)
    return tag("p", say("already", look.language), " ", there)


def _leave(look: Look) -> Markup | None:
    if not look.provider:
        return None
    language = look.language
    return tag(
        "p",
        say("logged_out_there", language, provider=look.provider),
        " ",
        tag("a", say("log_out_there", language), href=f"{oidc.START}/logout"),
    )


def _organisation(look: Look) -> Markup | None:
    if not look.provider:
        return None
    language = look.language
    there = f"{oidc.START}?next={quote(look.place, safe='/')}"
    return joined(
        tag("a", say("log_in_with", language, provider=look.provider), href=there, class_="go"),
        tag("h2", say("or_local", language)),
    )


def _input(
    look: Look,
    form: Form,
    name: str,
    *,
    kind: str = "text",
    value: str = "",
    hint: str | None = None,
    **attributes: str | bool | int | None,
) -> Markup:
    """Return a field with its label, and beside it what is wrong; the password comes back empty."""
    wrong = form.wrong.get(name)
    described = [f"{name}-hint"] * bool(hint) + [f"{name}-error"] * bool(wrong)
    return tag(
        "div",
        tag("label", say(name, look.language), for_=name),
        tag("p", hint, class_="hint", id=f"{name}-hint") if hint else None,
        tag(
            "input",
            id=name,
            name=name,
            type=kind,
            value=value or None,
            required=True,
            spellcheck="false",
            autocapitalize="none",
            aria_invalid="true" if wrong else None,
            aria_describedby=" ".join(described) or None,
            **attributes,
        ),
        tag("p", wrong, class_="error", id=f"{name}-error", role="alert") if wrong else None,
        class_="field",
    )

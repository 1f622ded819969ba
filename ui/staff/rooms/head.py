"""The form of what a document says of itself: its fields, what is wrong with them, the edit that they make."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any, get_args
from urllib.parse import urlsplit

from ingest.documents import LANGUAGES, Language
from ingest.frontmatter import SheetKind
from ingest.revisions import EDITABLE, Edit, Revision
from ui.markup import Child, Markup, tag
from ui.staff import forms
from ui.staff.desk import SEEN, Fields
from ui.staff.forms import words
from ui.staff.verdict import guessed
from ui.words import date_in_words, word

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
_PARTIAL = re.compile(r"\d{4}(-\d\d){0,2}")
STATUSES = ("open", "closed", "permanent", "unknown")
OWN = ("owner", "review_by", "expires_on", "remark")
"""What may be set after publication too: it changes no answer while the document is served."""


def form(found: Revision, language: Language, *, may_end: bool, seen: int) -> Markup:
    """Return the form of a revision; what is published can change only in what concerns the staff.

    *seen* is the mark of what is shown (``ingest.writing.mark``).

    Who may not take a document out of service (*may_end*) may not set its last day either, once it is served.
    """
    editable = found.state in EDITABLE
    fields = [_about(found, language)] if editable else []
    return forms.form(
        "documents.save",
        tag("input", type="hidden", name="number", value=str(found.number)),
        tag("input", type="hidden", name=SEEN, value=str(seen)),
        fields,
        tag(
            "div",
            forms.field("owner", _label("owner", language), found.owner),
            forms.field("review_by", _label("review_by", language), found.review_by or "", kind="date"),
            forms.field("expires_on", _label("expires_on", language), found.expires_on or "", kind="date",
                        hint=words("desk_documents.expires_hint", language)) if editable or may_end else None,
            class_="columns",
        ),
        forms.field("remark", _label("remark", language), found.remark, rows=2),
        tag(
            "div",
            forms.submit(words("desk_documents.save", language), look="" if editable else "primary"),
            forms.submit(words("desk_documents.save_right", language), name="then", value="right")
            if editable and guesses(found)
            else None,
            class_="row",
        ),
    )  # fmt: skip


def _about(found: Revision, language: Language) -> Markup:
    meta = found.meta
    guess = _Guesses(found, language)
    kinds = {"": words("desk_documents.kind_none", language)}
    kinds |= {kind: words(f"desk_documents.kind_{kind}", language) for kind in get_args(SheetKind)}
    statuses = {"": words("desk_documents.status_none", language)}
    statuses |= {each: words(f"desk_documents.status_{each}", language) for each in STATUSES}
    spoken: Mapping[str, str] = {each: word("language_name", each) for each in LANGUAGES}
    date_hint = words("desk_documents.date_hint", language)
    contact = (meta.get("contact") or {}).get("url") or ""

    def plain(name: str, value: str, **how: Any) -> Markup:
        return forms.field(name, _label(name, language), value, guessed=guess(name), right=guess.right(name), **how)

    return tag(
        "div",
        plain("title", found.title, required=True),
        tag(
            "div",
            plain("id", found.id, hint=words("desk_documents.id_hint", language), required=True),
            forms.select("language", _label("language", language), spoken, found.language or "fr",
                         guessed=guess("language"), right=guess.right("language")),
            forms.select("kind", _label("kind", language), kinds, str(meta.get("kind") or ""), guessed=guess("kind"),
                         right=guess.right("kind")),
            plain("as_of", found.as_of or "", hint=date_hint),
            forms.select("status", _label("status", language), statuses, str(meta.get("status") or ""),
                         guessed=guess("status"), right=guess.right("status")),
            plain("opens", str(meta.get("opens") or ""), hint=date_hint),
            plain("closes", str(meta.get("closes") or ""), hint=date_hint),
            plain("operator", str(meta.get("operator") or "")),
            class_="columns",
        ),
        plain("url", found.url or "", kind="url"),
        plain("contact", contact, kind="url"),
        plain("aliases", ", ".join(meta.get("aliases") or ())),
    )  # fmt: skip


class _Guesses:
    """Says of a field that its value was guessed, until a person has changed or confirmed it."""

    def __init__(self, found: Revision, language: Language) -> None:
        self._guesses = guesses(found)
        self._language = language

    def right(self, name: str) -> str | None:
        """Return the label of the box that confirms a guess."""
        return words("desk_documents.right", self._language) if name in self._guesses else None

    def __call__(self, name: str) -> str | None:
        guess = self._guesses.get(name)
        return guessed(guess["basis"], self._language) if guess else None


def guesses(found: Revision) -> Mapping[str, Any]:
    """Return what was guessed of a revision and no person has settled yet, by field."""
    return dict(found.findings.get("guesses") or {})


def confirmed(fields: Fields, found: Revision) -> list[str]:
    """Return the fields whose guess a form says to be right: those that are ticked, or all."""
    if fields.get("then") == "right":
        return list(guesses(found))
    return [name for name in fields.get("right", "").split(",") if name]


def present(found: Revision) -> dict[str, str]:
    """Return what the form would show now, by the names that the journal has for its fields."""
    meta = found.meta
    plain = {name: str(meta.get(name) or "") for name in ("kind", "status", "opens", "closes", "operator")}
    return plain | {
        "title": found.title, "id": found.id, "language": found.language or "", "url": found.url or "",
        "as_of": found.as_of or "", "owner": found.owner, "review_by": found.review_by or "",
        "expires_on": found.expires_on or "", "remark": found.remark,
        "contact": (meta.get("contact") or {}).get("url") or "", "aliases": ", ".join(meta.get("aliases") or ()),
    }  # fmt: skip


def wrong(fields: Fields, found: Revision, language: Language, today: dt.date) -> dict[str, str]:
    """Return a sentence for each field that cannot be kept as it is."""
    problems: dict[str, str] = {}

    def say(name: str, key: str) -> None:
        problems[name] = words(f"desk_documents.{key}", language)

    for name in ("review_by", "expires_on"):
        if fields.get(name) and not _whole(fields[name]):
            say(name, "wrong_date")
    if fields.get("expires_on") and "expires_on" not in problems and fields["expires_on"] < today.isoformat():
        say("expires_on", "wrong_past")
    elif fields.get("expires_on") and "expires_on" not in problems and fields["expires_on"] < (found.publish_on or ""):
        say("expires_on", "wrong_before")
    if found.state not in EDITABLE:
        return problems
    if not fields.get("title", "").strip():
        say("title", "wrong_title")
    if not is_id(fields.get("id", "")):
        say("id", "wrong_id")
    for name in ("as_of", "opens", "closes"):
        if fields.get(name) and not _partial(fields[name]):
            say(name, "wrong_date")
    for name in ("url", "contact"):
        if fields.get(name) and not _web(fields[name]):
            say(name, "wrong_url")
    opens, closes = fields.get("opens", ""), fields.get("closes", "")
    if opens and closes and not problems.keys() & {"opens", "closes"} and closes < opens[: len(closes)]:
        say("closes", "wrong_order")
    return problems


def is_id(text: str) -> bool:
    """Return whether *text* may be the short name of a document."""
    return bool(_ID.fullmatch(text))


def edit(fields: Fields, found: Revision) -> Edit:
    """Return what a form without mistakes changes of a revision; a field that it does not have stays as it is."""
    own: dict[str, Any] = {name: fields[name].strip() for name in OWN if name in fields}
    if "title" not in fields:
        return Edit(**own)
    meta: dict[str, Any] = {
        name: fields[name].strip() or None
        for name in ("kind", "status", "opens", "closes", "operator")
        if name in fields
    }
    if "contact" in fields:
        meta |= _contact(fields["contact"].strip(), found.meta.get("contact") or {})
    shown = present(found)
    if fields.get("aliases", shown["aliases"]) != shown["aliases"]:
        meta["aliases"] = [name.strip() for name in fields["aliases"].split(",") if name.strip()] or None
    if meta.get("status") and any(fields.get(name, "").strip() != shown[name] for name in ("status", "as_of")):
        meta["status_as_of"] = fields.get("as_of", "").strip() or None
    language: Any = fields.get("language") if fields.get("language") in LANGUAGES else None
    return Edit(
        id=fields.get("id"), language=language, title=fields["title"].strip(), url=fields.get("url", "").strip(),
        as_of=fields.get("as_of", "").strip(), meta=meta, **own,
    )  # fmt: skip


def _contact(url: str, held: Mapping[str, Any]) -> dict[str, Any]:
    """Return the contact with another address, which whoever typed it vouches for; nothing if it is the same.

    The form has no field for the e-mail: it stays.
    """
    if url == (held.get("url") or ""):
        return {}
    if url:
        return {"contact": {**held, "url": url, "confirmed": True}}
    return {"contact": {**held, "url": None} if held.get("email") else None}


def _label(name: str, language: Language) -> str:
    return words(f"desk_documents.field_{name}", language)


def _whole(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == 10


def _partial(text: str) -> bool:
    """Return whether *text* is a date, whole or as far as it is known."""
    return bool(_PARTIAL.fullmatch(text)) and _whole(f"{text}-01-01"[:10])


def _web(text: str) -> bool:
    try:
        parts = urlsplit(text.strip())
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def lines(found: Revision, language: Language) -> list[tuple[str, Child]]:
    """Return what a revision says of itself, in words, for those who cannot change it any more."""
    meta = found.meta
    kind, status = meta.get("kind"), meta.get("status")
    values: dict[str, Child] = {
        "title": found.title,
        "id": found.id,
        "language": word("language_name", found.language) if found.language else "",
        "kind": words(f"desk_documents.kind_{kind}", language) if kind else "",
        "as_of": date_in_words(found.as_of, language) if found.as_of else "",
        "status": words(f"desk_documents.status_{status}", language) if status else "",
        "opens": date_in_words(str(meta["opens"]), language) if meta.get("opens") else "",
        "closes": date_in_words(str(meta["closes"]), language) if meta.get("closes") else "",
        "operator": str(meta.get("operator") or ""),
        "url": forms.outside(found.url, language) if found.url else "",
        "aliases": ", ".join(meta.get("aliases") or ()),
    }
    return [(_label(name, language), value) for name, value in values.items() if value]

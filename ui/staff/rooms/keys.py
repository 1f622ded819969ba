"""The keys of programs that ask from a server: made, rotated and revoked; a secret is shown once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from ingest.database import now
from ingest.documents import Language
from ingest.settings import BRUSSELS
from ui.keys import SCOPES, Key, KeyRefused, Keys
from ui.keys.command import day
from ui.keys.keys import GRACE
from ui.markup import Markup, tag
from ui.staff import forms
from ui.staff.desk import Action, Export, Fields, NoSuchPlace, Outcome, Visit
from ui.staff.people import Role
from ui.words import date_in_words

_FIELDS = {
    "bad_name": "name",
    "name_taken": "name",
    "no_scope": "scopes",
    "bad_expiry": "expires",
    "bad_grace": "grace",
}
"""Beside which field of the form a reason stands."""


class KeysRoom:
    """API keys; for administrators only."""

    name = "keys"
    role: Role = "administrator"
    exports: Mapping[str, Export] = {}

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        doings = {"add": self.add, "rotate": self.rotate, "revoke": self.revoke}
        self.actions: Mapping[str, Action] = {verb: Action("administrator", do) for verb, do in doings.items()}

    def count(self) -> int:
        """Return 0: nothing waits here."""
        return 0

    # To see

    def show(self, visit: Visit) -> Markup:
        """Return all keys with the form for another one; or one of them."""
        language = visit.language
        if visit.path:
            return self._one(visit)
        keys = self._keys.everyone()
        return forms.titled(
            _say("room", language),
            _list(keys, language) if keys else forms.empty(_say("none", language)),
            _add(language),
            lead=_say("lead", language),
        )

    def _one(self, visit: Visit) -> Markup:
        language = visit.language
        try:
            key = self._keys.named("/".join(visit.path))
        except KeyRefused as error:
            raise NoSuchPlace("/".join(visit.path)) from error
        return forms.titled(
            key.name,
            tag("p", _state(key, language), " ", _scopes(key, language)),
            tag("p", _limits(key, language)),
            tag("p", _say("made_by", language, name=key.created_by, day=_day(key.created_at, language))),
            None if key.revoked_at else _rotate(key, language),
            None if key.revoked_at else tag(
                "div",
                forms.do(
                    "keys.revoke", _say("revoke", language), look="danger",
                    confirm=_say("revoke_sure", language, name=key.name), name=key.name,
                ),
                class_="actions",
            ),
            tag("p", forms.link("keys", _say("back", language))),
        )  # fmt: skip

    # To do

    def add(self, visit: Visit, fields: Fields) -> Outcome:
        """Make a key; it stands in the answer and nowhere else."""
        name = fields.get("name", "").strip()
        try:
            made = self._keys.add(
                name,
                [scope for scope in fields.get("scopes", "").split(",") if scope],
                visit.person.name,
                expires=day(fields.get("expires", "").strip()),
                a_minute=_number(fields, "a_minute"),
                a_day=_number(fields, "a_day"),
            )
        except KeyRefused as error:
            return _refused(error, visit.language)
        return Outcome(_say("added", visit.language, name=name, made=made))

    def rotate(self, visit: Visit, fields: Fields) -> Outcome:
        """Give a key a new secret; it stands in the answer and nowhere else."""
        name = fields.get("name", "")
        grace = fields.get("grace", "").strip()
        try:
            if not (grace.isascii() and grace.isdecimal() and len(grace) < 4):
                raise KeyRefused("bad_grace", limit=90)
            made = self._keys.rotate(name, visit.person.name, dt.timedelta(days=int(grace)))
        except KeyRefused as error:
            return _refused(error, visit.language)
        return Outcome(_say("rotated", visit.language, name=name, made=made))

    def revoke(self, visit: Visit, fields: Fields) -> Outcome:
        """Shut a key out at once."""
        name = fields.get("name", "")
        try:
            self._keys.revoke(name, visit.person.name)
        except KeyRefused as error:
            return _refused(error, visit.language)
        return Outcome(_say("was_revoked", visit.language, name=name))


def _say(key: str, language: Language, **values: object) -> str:
    return forms.words(f"desk_keys.{key}", language, **values)


def _refused(error: KeyRefused, language: Language) -> Outcome:
    sentence = _say(error.reason, language, **error.values)
    field = error.values.get("field") or _FIELDS.get(error.reason)
    return Outcome(sentence, failed=True, wrong={str(field): sentence} if field else {})


def _number(fields: Fields, name: str) -> int | None:
    text = fields.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 12 and int(text)):
        raise KeyRefused("bad_number", limit="10000000", field=name)
    return int(text)


def _state(key: Key, language: Language) -> Markup:
    at = now()
    if key.revoked_at:
        return forms.badge("quiet", _say("state_revoked", language))
    if not key.is_good(at):
        return forms.badge("quiet", _say("state_expired", language))
    if key.former_until and at < key.former_until:
        return forms.badge("attention", _say("state_rotating", language, day=_day(key.former_until, language)))
    return forms.badge("good", _say("state_good", language))


def _scopes(key: Key, language: Language) -> str:
    return ", ".join(_say(f"scope_{scope}", language) for scope in SCOPES if scope in key.scopes)


def _limits(key: Key, language: Language) -> str:
    said = [
        _say(name, language, count=count)
        for name, count in (("per_minute", key.a_minute), ("per_day", key.a_day))
        if count
    ]
    ends = [_say("until", language, day=_day(key.expires_at - dt.timedelta(seconds=1), language))] \
        if key.expires_at else []  # fmt: skip
    return " · ".join([*(said or [_say("usual_limit", language)]), *ends])


def _day(at: dt.datetime, language: Language) -> str:
    return date_in_words(at.astimezone(BRUSSELS).date().isoformat(), language)


def _list(keys: list[Key], language: Language) -> Markup:
    rows = [
        (
            forms.link(forms.address("keys", key.name), key.name),
            _state(key, language),
            _scopes(key, language),
            _limits(key, language),
            date_in_words(key.used_on, language) if key.used_on else _say("never", language),
        )
        for key in keys
    ]
    heads = [_say(head, language) for head in ("name", "state", "scopes", "limits", "used")]
    return forms.table(_say("all", language), heads, rows)


def _rotate(key: Key, language: Language) -> Markup:
    return forms.form(
        "keys.rotate",
        tag("input", type="hidden", name="name", value=key.name),
        forms.field(
            "grace", _say("grace", language), str(GRACE.days), hint=_say("grace_hint", language), inputmode="numeric",
            maxlength=3,
        ),
        forms.submit(_say("rotate", language)),
    )  # fmt: skip


def _add(language: Language) -> Markup:
    scopes: dict[str, str] = {scope: _say(f"scope_{scope}", language) for scope in SCOPES}
    return tag(
        "section",
        tag("h2", _say("add_title", language)),
        forms.form(
            "keys.add",
            forms.field(
                "name", _say("name", language), hint=_say("name_hint", language), required=True, maxlength=40,
                autocomplete="off", autocapitalize="none", spellcheck="false",
            ),
            forms.choices("scopes", _say("scopes", language), scopes, ("ask",)),
            forms.field("expires", _say("expires", language), kind="date", hint=_say("expires_hint", language)),
            [
                forms.field(
                    name, _say(name, language), hint=_say("number_hint", language), inputmode="numeric", maxlength=11
                )
                for name in ("a_minute", "a_day")
            ],
            forms.submit(_say("add", language), look="primary"),
        ),
    )  # fmt: skip

"""The accounts: everybody sees the own one and its sessions; administrators see and keep all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from urllib.parse import quote

from ingest.documents import Language
from ingest.settings import BRUSSELS, Settings
from ui.markup import Child, Markup, joined, tag
from ui.staff import forms
from ui.staff.accounts import Account, AccountRefused
from ui.staff.desk import Action, Export, Fields, NoSuchPlace, Outcome, Visit
from ui.staff.entrance import Entrance
from ui.staff.people import ROLES, Role
from ui.staff.sessions import Open
from ui.words import date_in_words

_BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip
"""What browsers and systems write about themselves; the first that fits, for each also names those it descends from."""


class AccountsRoom:
    """Accounts, roles, one-time passwords and sessions."""

    name = "accounts"
    exports: Mapping[str, Export] = {}

    def __init__(self, entrance: Entrance, settings: Settings) -> None:
        self._accounts, self._sessions = entrance.accounts, entrance.sessions
        self._ruled = bool(settings.staff_oidc_issuer and settings.staff_oidc_role_claim)
        self.actions: Mapping[str, Action] = {
            "add": Action("administrator", self.add),
            "role": Action("administrator", self.set_role),
            "disable": Action("administrator", self.disable),
            "enable": Action("administrator", self.enable),
            "reset": Action("administrator", self.reset),
            "end": Action("administrator", self.end_all),
            "leave": Action("editor", self.end_own),
        }

    def count(self) -> int:
        """Return how many people of the organisation wait for a role."""
        return sum(account.role is None and not account.disabled for account in self._accounts.everyone())

    # To see

    def show(self, visit: Visit) -> Markup:
        """Return the own account with, for administrators, all accounts; or one account of them."""
        administrator = visit.person.may("administrator")
        if visit.path:
            if not administrator or len(visit.path) > 1:
                raise NoSuchPlace("/".join(visit.path))
            return self._one(visit, visit.path[0])
        return forms.titled(
            _say("room", visit.language),
            self._own(visit),
            self._everyone(visit) if administrator else None,
            self._add(visit) if administrator else None,
            lead=_say("lead", visit.language),
        )

    def _own(self, visit: Visit) -> Markup:
        language, person = visit.language, visit.person
        account = self._accounts.named(person.name)
        there = f"/staff/password?lang={language}&next={quote(f'/staff/?lang={language}')}"
        return tag(
            "section",
            tag("h2", _say("own_title", language)),
            tag("p", _say("own_line", language, name=person.name, role=_role(person.role, language))),
            tag("p", tag("a", _say("change_title", language), href=there)) if account.local else None,
            forms.table(
                _say("sessions_title", language),
                [_say(f"session_{head}", language) for head in ("browser", "began", "seen", "end")],
                [_session(open_one, language) for open_one in self._sessions.of(person)],
            ),
        )

    def _everyone(self, visit: Visit) -> Markup:
        language = visit.language
        heads = ("name", "column_role", "column_way", "column_state", "column_seen")
        return tag(
            "section",
            tag("h2", _say("everyone_title", language)),
            forms.table(
                _say("everyone_title", language),
                [_say(head, language) for head in heads],
                [
                    (
                        forms.link(f"accounts/{account.name}", account.name),
                        _role(account.role, language),
                        _way(account, language),
                        _state(account, language),
                        _day(account.seen_at, language),
                    )
                    for account in self._accounts.everyone()
                ],
            ),
        )

    def _add(self, visit: Visit) -> Markup:
        language = visit.language
        return tag(
            "section",
            tag("h2", _say("add_title", language)),
            forms.form(
                "accounts.add",
                forms.field(
                    "name", _say("name", language), hint=_say("name_hint", language), required=True,
                    autocomplete="off", autocapitalize="none", spellcheck="false",
                ),
                _roles(language, "editor"),
                forms.submit(_say("add", language), look="primary"),
            ),
        )  # fmt: skip

    def _one(self, visit: Visit, name: str) -> Markup:
        language = visit.language
        try:
            account = self._accounts.named(name)
        except AccountRefused as error:
            raise NoSuchPlace(f"accounts/{name}") from error
        name = account.name
        return forms.titled(
            name,
            tag("p", _state(account, language), " ", _way(account, language), " · ", _day(account.seen_at, language)),
            tag("p", _say("role_ruled", language, name=name)) if self._is_ruled(account) else forms.form(
                "accounts.role",
                tag("input", type="hidden", name="name", value=name),
                _roles(language, account.role or "editor", _say("role_of", language, name=name)),
                forms.submit(_say("role_change", language)),
            ),
            tag("div", self._acts(account, language), class_="actions"),
            tag("p", forms.link("accounts", _say("back_to_all", language))),
        )  # fmt: skip

    def _acts(self, account: Account, language: Language) -> list[Markup | None]:
        name = account.name
        if account.disabled:
            return [forms.do("accounts.enable", _say("enable", language), name=name)]
        reset = _say("reset_confirm", language, name=name)
        disable = _say("disable_confirm", language, name=name)
        return [
            forms.do("accounts.reset", _say("reset", language), confirm=reset, name=name) if account.local else None,
            forms.do("accounts.end", _say("end", language), name=name),
            forms.do("accounts.disable", _say("disable", language), look="danger", confirm=disable, name=name),
        ]

    # To do

    def add(self, visit: Visit, fields: Fields) -> Outcome:
        """Make an account; its one-time password stands in the answer and nowhere else."""
        try:
            password = self._accounts.add(fields.get("name", ""), fields.get("role", ""), visit.person.name)
        except AccountRefused as error:
            sentence = _sentence(error, visit.language)
            field = "role" if error.reason == "no_role" else "name"
            return Outcome(sentence, failed=True, wrong={field: sentence})
        name = self._accounts.named(fields["name"]).name
        return Outcome(_say("added", visit.language, name=name, password=password))

    def set_role(self, visit: Visit, fields: Fields) -> Outcome:
        """Give somebody another role, unless the organisation does."""
        name, role = fields.get("name", ""), fields.get("role", "")
        try:
            if self._is_ruled(self._accounts.named(name)):
                return Outcome(_say("role_ruled", visit.language, name=name), failed=True)
            self._accounts.set_role(name, role, visit.person.name)
        except AccountRefused as error:
            return Outcome(_sentence(error, visit.language), failed=True)
        return Outcome(_say("role_changed", visit.language, name=name, role=_say(f"role_{role}", visit.language)))

    def disable(self, visit: Visit, fields: Fields) -> Outcome:
        """Shut somebody out."""
        name = fields.get("name", "")
        try:
            self._accounts.disable(name, visit.person.name)
        except AccountRefused as error:
            return Outcome(_sentence(error, visit.language), failed=True)
        return Outcome(_say("was_disabled", visit.language, name=name))

    def enable(self, visit: Visit, fields: Fields) -> Outcome:
        """Let somebody in again."""
        name = fields.get("name", "")
        try:
            self._accounts.enable(name, visit.person.name)
        except AccountRefused as error:
            return Outcome(_sentence(error, visit.language), failed=True)
        return Outcome(_say("was_enabled", visit.language, name=name))

    def reset(self, visit: Visit, fields: Fields) -> Outcome:
        """Replace a password; the one-time one stands in the answer and nowhere else."""
        name = fields.get("name", "")
        try:
            password = self._accounts.reset(name, visit.person.name)
        except AccountRefused as error:
            return Outcome(_sentence(error, visit.language), failed=True)
        return Outcome(_say("was_reset", visit.language, name=name, password=password))

    def end_all(self, visit: Visit, fields: Fields) -> Outcome:
        """End every session of somebody."""
        try:
            count = self._accounts.end_sessions(fields.get("name", ""), visit.person.name)
        except AccountRefused as error:
            return Outcome(_sentence(error, visit.language), failed=True)
        return Outcome(_say("ended", visit.language, count=count))

    def end_own(self, visit: Visit, fields: Fields) -> Outcome:
        """End one of the own sessions; the number of another's does nothing."""
        number = fields.get("number", "")
        known = number.isascii() and number.isdecimal() and len(number) < 16
        ended = known and self._sessions.end(int(number), visit.person.name)
        return Outcome(_say("session_ended" if ended else "session_gone", visit.language), failed=not ended)

    def _is_ruled(self, account: Account) -> bool:
        return self._ruled and account.issuer is not None


def _say(key: str, language: Language, **values: object) -> str:
    return forms.words(f"desk_accounts.{key}", language, **values)


def _sentence(error: AccountRefused, language: Language) -> str:
    return _say(error.reason, language, **error.values)


def _role(role: Role | None, language: Language) -> str:
    return _say(f"role_{role or 'none'}", language)


def _roles(language: Language, value: str, label: str | None = None) -> Markup:
    options: dict[str, str] = {role: _say(f"role_{role}", language) for role in ROLES}
    hint = _say("role_hint", language)
    return forms.select("role", label or _say("column_role", language), options, value, hint=hint)


def _way(account: Account, language: Language) -> str:
    return _say("by_password" if account.local else "by_organisation", language)


def _state(account: Account, language: Language) -> Markup:
    for holds, look, key in (
        (account.disabled, "quiet", "state_disabled"),
        (account.role is None, "attention", "state_waiting"),
        (account.must_change, "attention", "state_one_time"),
    ):
        if holds:
            return forms.badge(look, _say(key, language))
    return forms.badge("good", _say("state_active", language))


def _day(at: dt.datetime | None, language: Language) -> str:
    return date_in_words(at.astimezone(BRUSSELS).date().isoformat(), language) if at else _say("never", language)


def _time(at: dt.datetime, language: Language) -> str:
    return f"{_day(at, language)}, {at.astimezone(BRUSSELS):%H:%M}"


def _session(session: Open, language: Language) -> tuple[Child, ...]:
    end: Child = forms.badge("quiet", _say("session_this", language))
    if not session.current:
        end = forms.do("accounts.leave", _say("session_end", language), number=session.number)
    return (
        joined(_browser(session.browser, language)),
        _time(session.began_at, language),
        _time(session.seen_at, language),
        end,
    )


def _browser(text: str, language: Language) -> str:
    """Return what a browser calls itself, in words; of the text itself, which anybody can write, nothing is shown."""
    browser = next((name for mark, name in _BROWSERS if mark in text), None)
    system = next((name for mark, name in _SYSTEMS if mark in text), None)
    if browser and system:
        return _say("session_on", language, browser=browser, system=system)
    return browser or system or _say("session_unnamed", language)

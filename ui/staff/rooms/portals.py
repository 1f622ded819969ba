"""The portals: which sites may embed the guichet, what each may ask, and the switch that closes it at once."""

from __future__ import annotations

from collections.abc import Mapping

from ingest.documents import Language
from ui.markup import Markup, joined, tag
from ui.portals import Portal, PortalRefused, Portals
from ui.staff import forms
from ui.staff.desk import Action, Export, Fields, NoSuchPlace, Outcome, Visit
from ui.staff.people import Role

_FIELDS = {
    "bad_name": "name", "name_taken": "name", "bad_origin": "origins", "origin_taken": "origins",
    "too_many_origins": "origins",
}  # fmt: skip
"""Beside which field of the form a reason stands."""


class PortalsRoom:
    """Portals, their origins and limits; for administrators only."""

    name = "portals"
    role: Role = "administrator"
    exports: Mapping[str, Export] = {}

    def __init__(self, portals: Portals) -> None:
        self._portals = portals
        doings = {"add": self.add, "limit": self.limit, "off": self.close, "on": self.open, "remove": self.remove}
        self.actions: Mapping[str, Action] = {verb: Action("administrator", do) for verb, do in doings.items()}

    def count(self) -> int:
        """Return 0: nothing waits here."""
        return 0

    # To see

    def show(self, visit: Visit) -> Markup:
        """Return all portals with the form for another one; or one of them."""
        language = visit.language
        if visit.path:
            return self._one(visit)
        portals = self._portals.everyone()
        return forms.titled(
            _say("room", language),
            _list(portals, language) if portals else forms.empty(_say("none", language)),
            _add(language),
            lead=_say("lead", language),
        )

    def _one(self, visit: Visit) -> Markup:
        language = visit.language
        try:
            portal = self._portals.named("/".join(visit.path))
        except PortalRefused as error:
            raise NoSuchPlace("/".join(visit.path)) from error
        return forms.titled(
            portal.name,
            tag("p", _state(portal.closed, language), " ", _limits(portal, language)),
            _origins(portal, language),
            forms.form(
                "portals.add",
                _hidden(portal),
                _origins_field(language),
                forms.submit(_say("add_origins", language)),
            ),
            forms.form(
                "portals.limit",
                _hidden(portal),
                _numbers(language, portal),
                forms.submit(_say("set_limits", language)),
            ),
            tag("div", _acts(portal, language), class_="actions"),
            tag("p", forms.link("portals", _say("back", language))),
        )

    # To do

    def add(self, visit: Visit, fields: Fields) -> Outcome:
        """Make a portal, or give one further origins."""
        name = fields.get("name", "").strip()
        try:
            minute, day = _number(fields, "a_minute"), _number(fields, "a_day")
            if fields.get("new") and any(portal.name == name for portal in self._portals.everyone()):
                raise PortalRefused("name_taken", name=name)
            self._portals.add(name, fields.get("origins", "").split(), visit.person.name, a_minute=minute, a_day=day)
        except PortalRefused as error:
            return _refused(error, visit.language)
        return Outcome(_say("saved", visit.language, name=name), go=forms.address("portals", name))

    def limit(self, visit: Visit, fields: Fields) -> Outcome:
        """Set how much a portal may ask."""
        name = fields.get("name", "")
        try:
            minute, day = _number(fields, "a_minute"), _number(fields, "a_day")
            self._portals.limit(name, minute, day, visit.person.name)
        except PortalRefused as error:
            return _refused(error, visit.language)
        return Outcome(_say("saved", visit.language, name=name))

    def close(self, visit: Visit, fields: Fields) -> Outcome:
        """Close a portal, or one origin of it, at once."""
        return self._switch(visit, fields, closed=True)

    def open(self, visit: Visit, fields: Fields) -> Outcome:
        """Open it again."""
        return self._switch(visit, fields, closed=False)

    def _switch(self, visit: Visit, fields: Fields, *, closed: bool) -> Outcome:
        name, origin = fields.get("name", ""), fields.get("origin") or None
        try:
            self._portals.switch(name, visit.person.name, closed=closed, origin=origin)
        except PortalRefused as error:
            return _refused(error, visit.language)
        return Outcome(_say("was_closed" if closed else "was_opened", visit.language, name=origin or name))

    def remove(self, visit: Visit, fields: Fields) -> Outcome:
        """Forget a portal, or one origin of it."""
        name, origin = fields.get("name", ""), fields.get("origin") or None
        try:
            self._portals.remove(name, visit.person.name, origin=origin)
        except PortalRefused as error:
            return _refused(error, visit.language)
        sentence = _say("was_removed", visit.language, name=origin or name)
        return Outcome(sentence, go=None if origin else "portals")


def _say(key: str, language: Language, **values: object) -> str:
    return forms.words(f"desk_portals.{key}", language, **values)


def _refused(error: PortalRefused, language: Language) -> Outcome:
    sentence = _say(error.reason, language, **error.values)
    field = error.values.get("field") or _FIELDS.get(error.reason)
    return Outcome(sentence, failed=True, wrong={str(field): sentence} if field else {})


def _number(fields: Fields, name: str) -> int | None:
    text = fields.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 12 and int(text)):
        raise PortalRefused("bad_number", limit="10000000", field=name)
    return int(text)


def _state(closed: bool, language: Language) -> Markup:
    return forms.badge("bad", _say("closed", language)) if closed else forms.badge("good", _say("open", language))


def _limits(portal: Portal, language: Language) -> str:
    said = [
        _say(key, language, count=count)
        for key, count in (("per_minute", portal.a_minute), ("per_day", portal.a_day))
        if count
    ]
    return " · ".join(said) or _say("no_limit", language)


def _list(portals: list[Portal], language: Language) -> Markup:
    rows = [
        (
            forms.link(forms.address("portals", portal.name), portal.name),
            _state(portal.closed, language),
            joined(*(tag("div", origin.text) for origin in portal.origins)),
            _limits(portal, language),
        )
        for portal in portals
    ]
    heads = [_say(key, language) for key in ("name", "state", "origins", "limits")]
    return forms.table(_say("all", language), heads, rows)


def _origins(portal: Portal, language: Language) -> Markup:
    if not portal.origins:
        return forms.empty(_say("no_origins", language))
    rows = []
    for origin in portal.origins:
        verb = "on" if origin.closed else "off"
        same = {"name": portal.name, "origin": origin.text}
        sure = _say("remove_sure", language, name=origin.text)
        acts = (
            forms.do(f"portals.{verb}", _say(f"do_{verb}", language), **same),
            forms.do("portals.remove", _say("remove", language), look="danger", confirm=sure, **same),
        )
        rows.append((origin.text, _state(origin.closed, language), tag("div", acts, class_="actions")))
    heads = [_say(key, language) for key in ("origin", "state", "act")]
    return forms.table(_say("origins", language), heads, rows)


def _acts(portal: Portal, language: Language) -> list[Markup]:
    verb = "on" if portal.closed else "off"
    close = None if portal.closed else _say("close_sure", language, name=portal.name)
    remove = _say("remove_sure", language, name=portal.name)
    look = "primary" if portal.closed else "danger"
    return [
        forms.do(f"portals.{verb}", _say(f"do_{verb}", language), look=look, confirm=close, name=portal.name),
        forms.do("portals.remove", _say("remove", language), look="danger", confirm=remove, name=portal.name),
    ]


def _add(language: Language) -> Markup:
    return tag(
        "section",
        tag("h2", _say("add_title", language)),
        forms.form(
            "portals.add",
            tag("input", type="hidden", name="new", value="yes"),
            forms.field(
                "name", _say("name", language), hint=_say("name_hint", language), required=True, maxlength=40,
                autocomplete="off", autocapitalize="none", spellcheck="false",
            ),
            _origins_field(language),
            _numbers(language),
            forms.submit(_say("add", language), look="primary"),
        ),
    )  # fmt: skip


def _origins_field(language: Language) -> Markup:
    return forms.field(
        "origins", _say("origins", language), hint=_say("origins_hint", language), required=True, rows=3,
        spellcheck="false",
    )  # fmt: skip


def _numbers(language: Language, portal: Portal | None = None) -> list[Markup]:
    values = {"a_minute": portal.a_minute if portal else None, "a_day": portal.a_day if portal else None}
    return [
        forms.field(
            name, _say(name, language), str(value or ""), hint=_say("number_hint", language), inputmode="numeric",
            maxlength=11,
        )
        for name, value in values.items()
    ]  # fmt: skip


def _hidden(portal: Portal) -> Markup:
    return tag("input", type="hidden", name="name", value=portal.name)

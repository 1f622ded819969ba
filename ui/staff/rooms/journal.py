"""The journal: who changed what, and when; newest first, as a list to read and as a file to keep."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.wording import catalogue
from ingest.documents import Language
from ingest.journal import COMMAND_LINE, GUICHET, Entry, Journal
from ingest.settings import BRUSSELS
from ui.markup import Markup, tag
from ui.staff import forms
from ui.staff.desk import Action, Export, Visit
from ui.staff.forms import words
from ui.staff.spreadsheet import spreadsheet
from ui.words import date_in_words

PAGE = 50
"""Entries that are shown together."""
AT_ONCE = 1000
"""Entries that are read together for the file."""
COLUMNS = ("number", "at", "by", "action", "subject", "detail")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class JournalRoom:
    """The room of the journal."""

    name = "journal"
    actions: Mapping[str, Action] = {}

    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    @property
    def exports(self) -> Mapping[str, Export]:
        """The whole journal as a table, for administrators."""
        return {"journal.csv": Export("administrator", "journal.csv", "text/csv; charset=utf-8", self.table)}

    def count(self) -> int:
        """Return 0: nothing waits in the journal."""
        return 0

    def show(self, visit: Visit) -> Markup:
        """Return the entries that the address asks for, with the way to older ones."""
        say = visit.language
        asked = {key: visit.query.get(key, "") for key in ("by", "action", "subject")}
        before = visit.query.get("before", "")
        entries = self.journal.entries(
            limit=PAGE + 1, before=int(before) if before.isdecimal() and len(before) < 16 else None, **asked
        )
        return forms.titled(
            words("desk_journal.title", say),
            self._filters(asked, say),
            _list(entries[:PAGE], say) if entries else self._nothing(asked, say),
            _pages(entries, asked, before, say),
            _download(visit),
            lead=words("desk_journal.lead", say),
        )

    def table(self, _visit: Visit) -> bytes:
        """Return every entry as CSV, oldest last; what a spreadsheet would take for a formula is text."""
        return spreadsheet(COLUMNS, self._rows())

    def _rows(self) -> Iterator[Sequence[str]]:
        before: int | None = None
        while entries := self.journal.entries(limit=AT_ONCE, before=before):
            for entry in entries:
                detail = json.dumps(dict(entry.detail), ensure_ascii=False, sort_keys=True) if entry.detail else ""
                at = entry.at.isoformat(timespec="seconds")
                yield str(entry.number), at, entry.by, entry.action, entry.subject, detail
            before = entries[-1].number

    def _filters(self, asked: Mapping[str, str], language: Language) -> Markup:
        people, actions = self.journal.people(), self.journal.actions()
        anyone = {"": words("desk_journal.all", language)}
        shown = {action: action_in_words(action, language) for action in actions}
        return forms.search(
            "journal",
            forms.select(
                "by", words("desk_journal.by", language), anyone | {name: name for name in people}, asked["by"]
            ),
            forms.select("action", words("desk_journal.action", language), anyone | shown, asked["action"]),
            forms.field("subject", words("desk_journal.subject", language), asked["subject"], maxlength=300),
            forms.submit(words("desk_journal.filter", language)),
        )

    def _nothing(self, asked: Mapping[str, str], language: Language) -> Markup:
        if any(asked.values()):
            again = tag("p", forms.link("journal", words("desk_journal.show_all", language)))
            return forms.empty(words("desk_journal.none_found", language), again)
        return forms.empty(words("desk_journal.empty", language))


def action_in_words(action: str, language: Language) -> str:
    """Return an action as a reader knows it; one without words is shown as it is written."""
    key = f"desk_journal.action_{action.replace(' ', '_')}"
    return words(key, language) if key in catalogue() else action.replace("_", " ")


def _list(entries: list[Entry], language: Language) -> Markup:
    heads = [words(f"desk_journal.{key}", language) for key in ("when", "by", "action", "subject", "detail")]
    rows = [
        (
            moment_in_words(entry, language),
            person_in_words(entry.by, language),
            action_in_words(entry.action, language),
            forms.link(forms.address("journal", subject=entry.subject), subject_in_words(entry.subject, language)),
            tag("small", _detail(entry.detail, language)),
        )
        for entry in entries
    ]
    return forms.table(words("desk_journal.caption", language), heads, rows)


def person_in_words(by: str, language: Language) -> str:
    """Return who did something; what was done from the command line, or by itself, has its words."""
    known = {COMMAND_LINE: "command_line", GUICHET: "itself"}
    return words(f"desk_journal.{known[by]}", language) if by in known else by


def subject_in_words(subject: str, language: Language) -> str:
    """Return what something was done to: «document fr/start-ia» with the first word in the reader's language."""
    kind, _, rest = subject.partition(" ")
    key = f"desk_journal.subject_{kind}"
    return words(key, language, name=rest) if rest and key in catalogue() else subject


def moment_in_words(entry: Entry, language: Language) -> Markup:
    """Return when something was done, in Brussels."""
    here = entry.at.astimezone(BRUSSELS)
    text = f"{date_in_words(here.date().isoformat(), language)}, {here:%H:%M}"
    return tag("time", text, datetime=entry.at.isoformat(timespec="seconds"))


def _detail(detail: Mapping[str, object], language: Language) -> str:
    """Return the details of an entry as a reader knows them; the file of the journal holds them all."""
    parts = []
    # What a revision said before and says now: nothing else in the journal has «values».
    told: Any = detail.get("values") or {}
    changed = detail.get("changed")
    names = {"changed": [each for each in changed if each not in told]} if isinstance(changed, list) else {}
    for name, value in {**detail, **names}.items():
        key = f"desk_journal.detail_{name}"
        if key in catalogue() and value not in (None, "", [], False):
            parts.append(words(key, language, value=_value(value, language)))
    return " · ".join([*parts, *(_exchanged(name, pair, language) for name, pair in told.items())])


def _exchanged(field: str, pair: Mapping[str, object], language: Language) -> str:
    """Return what stood in a field of a revision and what stands there now."""
    before, after = (_entered(field, pair.get(side), language) for side in ("before", "after"))
    return words("desk_journal.exchanged", language, field=_value(field, language), before=before, after=after)


def _entered(field: str, value: object, language: Language) -> str:
    """Return the value of a field as its form shows it."""
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "–"
    if isinstance(value, dict):
        return ", ".join(str(each) for each in value.values() if isinstance(each, str)) or "–"
    key = f"desk_documents.{field}_{value}"
    return words(key, language) if key in catalogue() else str(value or "–")


def _value(value: object, language: Language) -> str:
    if isinstance(value, list):
        return ", ".join(_value(each, language) for each in value)
    if isinstance(value, str):
        for key in (f"desk_documents.field_{value}", f"desk_todo.held_{value}", f"desk_accounts.role_{value}"):
            if key in catalogue():
                return words(key, language)
        return value
    return json.dumps(value, ensure_ascii=False)


def _pages(entries: list[Entry], asked: Mapping[str, str], before: str, language: Language) -> Markup | None:
    """Return the way to older entries, and back to the newest."""
    links = []
    if before:
        links.append(forms.link(forms.address("journal", **asked), words("desk_journal.newest", language)))
    if len(entries) > PAGE:
        older = forms.address("journal", **asked, before=entries[PAGE - 1].number)
        links.append(forms.link(older, words("desk_journal.older", language)))
    if not links:
        return None
    return tag("nav", links, class_="row", aria_label=words("desk_journal.pages", language))


def _download(visit: Visit) -> Markup | None:
    if not visit.person.may("administrator"):
        return None
    file = tag("a", words("desk_journal.download", visit.language), href="export/journal/journal.csv", download=True)
    return tag("p", file)

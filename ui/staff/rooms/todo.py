"""The first room: what waits for somebody, each with a count and the way to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from ingest.database import now
from ingest.documents import Language
from ingest.duties import REASONS, UNCITED_AFTER, Duty, duties
from ingest.library import Library
from ingest.revisions import Revision
from ingest.web.arriving import origin_of
from ingest.web.links import Link, Links, cited
from ingest.web.watching import Watched, Watching
from ui.markup import Child, Markup, tag
from ui.staff import forms
from ui.staff.desk import Action, Export, Visit
from ui.staff.forms import words
from ui.staff.rooms import listing
from ui.staff.rooms.listing import in_languages, named
from ui.staff.spreadsheet import spreadsheet
from ui.words import date_in_words

Thing = TypeVar("Thing")

SHOWN = 20
"""Lines of a list on one page."""
KNOWN_FOR = dt.timedelta(hours=1)
"""How long the list of cited documents holds: it takes a look at every answer of three months."""


class Todo:
    """The list of what waits, for the whole desk."""

    name = "todo"

    def __init__(
        self, library: Library, links: Links, watching: Watching, others: Mapping[str, tuple[str, Callable[[], int]]]
    ) -> None:
        """*others* are further things that wait: by key of their words, the address and the count."""
        self._library = library
        self._links = links
        self._watching = watching
        self._others = others
        self._cited: tuple[dt.datetime, set[str]] | None = None
        self.actions: Mapping[str, Action] = {}
        self.exports = {"todo.csv": Export("editor", "todo.csv", "text/csv; charset=utf-8", self._file)}

    def count(self) -> int:
        """Return nothing: every other room counts its own."""
        return 0

    def show(self, visit: Visit) -> Markup:
        """Return the lists that are not empty."""
        language = visit.language
        today = self._library.settings.current_date()
        drafts = self._library.revisions.list("draft", "waiting")
        refused = self._library.revisions.list("refused")
        due = self._due(today)
        blocks = [
            _held_back([each for each in drafts if each.held], visit),
            _revisions("drafts", [each for each in drafts if not each.held], visit),
            _revisions("refused", refused, visit),
            *(_duties(reason, [duty for duty in due if duty.reason == reason], visit) for reason in REASONS),
            self._dead(visit),
            self._vanished(visit),
            *(self._waiting(key, *other, language) for key, other in self._others.items()),
        ]
        shown = [block for block in blocks if block is not None]
        return forms.titled(
            words("desk_todo.title", language),
            shown or _nothing(language),
            tag("p", tag("a", words("desk_todo.export", language), href="export/todo/todo.csv", download=True))
            if due
            else None,
            lead=words("desk_todo.lead", language, date=date_in_words(today.isoformat(), language)),
        )

    def _due(self, today: dt.date) -> list[Duty]:
        return duties(self._library.revisions.list("published"), self._cited_lately(), today)

    def _cited_lately(self) -> set[str]:
        """Return the keys of the documents that answers have cited, as of an hour ago at most."""
        present = now()
        if self._cited is None or present - self._cited[0] > KNOWN_FOR:
            self._cited = present, self._library.receipts.cited(present - UNCITED_AFTER)
        return self._cited[1]

    def _dead(self, visit: Visit) -> Markup | None:
        language = visit.language
        dead, uncertain = (
            self._links.all("dead"),
            [link for link in self._links.all("uncertain") if link.health.problem],
        )
        if not dead and not uncertain:
            return None
        where = cited(self._library)
        heads = [words(f"desk_todo.column_{name}", language) for name in ("link", "since", "where")]
        blocks = [
            _list(key, heads, found, partial(_link_row, where=where, language=language), visit)
            for key, found in (("links_dead", dead), ("links_uncertain", uncertain))
            if found
        ]
        return tag("div", blocks)

    def _vanished(self, visit: Visit) -> Markup | None:
        language = visit.language
        gone = [watched for watched in self._watching.all() if watched.health.state == "dead"]
        if not gone:
            return None
        made = {revision.origin: revision for revision in self._library.revisions.list("published")}
        heads = [words(f"desk_todo.column_{name}", language) for name in ("link", "since", "document")]
        return _list("pages_vanished", heads, gone, partial(_watched_row, made=made, language=language), visit)

    def _waiting(self, key: str, address: str, count: Callable[[], int], language: Language) -> Markup | None:
        waiting = count()
        if not waiting:
            return None
        return tag(
            "section",
            tag("h2", words(f"desk_todo.{key}", language)),
            tag(
                "p",
                words("desk_todo.count", language, count=waiting),
                " · ",
                forms.link(address, words("desk_todo.see", language)),
            ),
        )

    def _file(self, visit: Visit) -> bytes:
        language = visit.language
        heads = [words(f"desk_todo.column_{name}", language) for name in ("document", "where", "day", "owner")]
        due = self._due(self._library.settings.current_date())
        rows = [
            [duty.revision.title, words(f"desk_todo.{duty.reason}", language), duty.day, duty.revision.owner]
            for duty in due
        ]
        return spreadsheet(heads, rows)


def _revisions(key: str, found: Sequence[Revision], visit: Visit) -> Markup | None:
    if not found:
        return None
    language = visit.language
    heads = [words(f"desk_todo.column_{name}", language) for name in ("document", "day", "owner")]

    def row(revision: Revision) -> list[Child]:
        made = forms.day(revision.created_at.date().isoformat(), language)
        return [named(revision), made, revision.edited_by or revision.created_by]

    return _list(key, heads, found, row, visit)


def _duties(reason: str, found: Sequence[Duty], visit: Visit) -> Markup | None:
    """Return the documents to look at for one reason; the languages of one document that wait alike are one line."""
    if not found:
        return None
    language = visit.language
    heads = [words(f"desk_todo.column_{name}", language) for name in ("document", "day", "owner")]
    together: dict[tuple[str, str, str], list[Revision]] = {}
    for duty in found:
        together.setdefault((duty.revision.id, duty.day, duty.revision.owner), []).append(duty.revision)

    def row(entry: tuple[tuple[str, str, str], list[Revision]]) -> list[Child]:
        (_, day, owner), revisions = entry
        return [in_languages(revisions, language), forms.day(day, language),
                owner or words("desk_todo.nobody", language)]  # fmt: skip

    return _list(reason, heads, list(together.items()), row, visit)


def _link_row(link: Link, *, where: Mapping[str, tuple[str, ...]], language: Language) -> list[Child]:
    keys = ", ".join(where.get(link.url, ())[:5])
    return [forms.outside(link.url, language), forms.day(link.health.since.date().isoformat(), language), keys]


def _watched_row(watched: Watched, *, made: Mapping[str, Revision], language: Language) -> list[Child]:
    served = made.get(origin_of(watched.url))
    since = forms.day(watched.health.since.date().isoformat(), language)
    what = named(served) if served else watched.document or ""
    return [forms.link(forms.address("watched", watched.url), watched.url), since, what]


def _held_back(found: Sequence[Revision], visit: Visit) -> Markup | None:
    """Return the drafts whose publication was set for a day and did not take place, with why."""
    if not found:
        return None
    language = visit.language
    heads = [words(f"desk_todo.column_{name}", language) for name in ("document", "day", "why")]

    def row(revision: Revision) -> list[Child]:
        held = revision.held or {}
        why = words(f"desk_todo.held_{held.get('why')}", language)
        return [named(revision), forms.day(held.get("day"), language), why]

    return _list("held", heads, found, row, visit)


def _list(
    key: str, heads: Sequence[str], found: Sequence[Thing], row: Callable[[Thing], list[Child]], visit: Visit
) -> Markup:
    """Return one list; each is parted into pages by itself."""
    language = visit.language
    title = f"{words(f'desk_todo.{key}', language)} ({len(found)})"
    part = listing.page(visit.query.get(key, ""), len(found), SHOWN)
    rows: Iterable[list[Child]] = map(row, found[part.start : part.end])
    return tag(
        "section",
        tag("h2", title, id=f"todo-{key}"),
        forms.table(title, heads, rows, headed=True),
        listing.pages(part, lambda start: forms.address("todo", **{key: start}), language),
        aria_labelledby=f"todo-{key}",
    )


def _nothing(language: Language) -> Markup:
    return forms.empty(
        words("desk_todo.nothing", language),
        tag("p", forms.link("documents", words("desk_todo.add_document", language))),
        tag("p", forms.link("questions", words("desk_todo.see_questions", language))),
    )

"""The first room: what waits for somebody, each with a count and the way to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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
from ui.markup import Child, Markup, joined, tag
from ui.staff import forms
from ui.staff.desk import Action, Export, Visit
from ui.staff.forms import words
from ui.staff.refusals import unreached
from ui.staff.rooms import listing
from ui.staff.rooms.listing import in_languages, named
from ui.staff.spreadsheet import spreadsheet
from ui.words import date_in_words

Thing = TypeVar("Thing")

SHOWN = 20
"""Lines of a list on one page."""
NAMED = 5
"""Documents that are named beside a link that they cite."""
KNOWN_FOR = dt.timedelta(hours=1)
"""How long the list of cited documents holds: it takes a look at every answer of three months."""


@dataclass(frozen=True, slots=True)
class Waits:
    """All that waits at one moment, for the page and for the file."""

    held: Sequence[Revision]
    """Publications that were set for a day and did not take place."""
    drafts: Sequence[Revision]
    refused: Sequence[Revision]
    due: Sequence[Duty]
    dead: Sequence[Link]
    uncertain: Sequence[Link]
    vanished: Sequence[Watched]
    others: Mapping[str, tuple[str, int]]
    """What other rooms count: by key of its words, the address and how many."""


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
        waits = self._waits()
        blocks = [
            _held_back(waits.held, visit),
            _revisions("drafts", waits.drafts, visit),
            _revisions("refused", waits.refused, visit),
            *(_duties(reason, [duty for duty in waits.due if duty.reason == reason], visit) for reason in REASONS),
            self._links_lists(waits, visit),
            self._vanished(waits.vanished, visit),
            *(_other(key, *other, language) for key, other in waits.others.items()),
        ]
        shown = [block for block in blocks if block is not None]
        file = tag(
            "a", words("desk_todo.export", language), href=f"export/todo/todo.csv?lang={language}", download=True
        )
        return forms.titled(
            words("desk_todo.title", language),
            shown or _nothing(language),
            file if shown else None,
            lead=words("desk_todo.lead", language, date=date_in_words(today.isoformat(), language)),
        )

    def _waits(self) -> Waits:
        revisions = self._library.revisions
        drafts = revisions.list("draft", "waiting")
        return Waits(
            held=[each for each in drafts if each.held],
            drafts=[each for each in drafts if not each.held],
            refused=revisions.list("refused"),
            due=self._due(self._library.settings.current_date()),
            dead=self._links.all("dead"),
            uncertain=[link for link in self._links.all("uncertain") if link.health.problem],
            vanished=[watched for watched in self._watching.all() if watched.health.state == "dead"],
            others={key: (address, waiting) for key, (address, count) in self._others.items() if (waiting := count())},
        )

    def _due(self, today: dt.date) -> list[Duty]:
        return duties(self._library.revisions.list("published"), self._cited_lately(), today)

    def _cited_lately(self) -> set[str]:
        """Return the keys of the documents that answers have cited, as of an hour ago at most."""
        present = now()
        if self._cited is None or present - self._cited[0] > KNOWN_FOR:
            self._cited = present, self._library.receipts.cited(present - UNCITED_AFTER)
        return self._cited[1]

    def _links_lists(self, waits: Waits, visit: Visit) -> Markup | None:
        language = visit.language
        if not waits.dead and not waits.uncertain:
            return None
        citing = self._citing()
        heads = [words(f"desk_todo.column_{name}", language) for name in ("link", "since", "where")]
        blocks = [
            _list(key, heads, found, partial(_link_row, citing=citing, language=language), visit)
            for key, found in (("links_dead", waits.dead), ("links_uncertain", waits.uncertain))
            if found
        ]
        return tag("div", blocks)

    def _citing(self) -> Mapping[str, Sequence[Revision]]:
        """Return for each link the documents that cite it, as they are served."""
        served = {revision.key: revision for revision in self._library.revisions.list("published")}
        return {
            url: [served[key] for key in keys if key in served] for url, keys in cited(self._library.current).items()
        }

    def _made(self) -> Mapping[str, Revision]:
        """Return the documents that are served, by where they come from."""
        return {revision.origin: revision for revision in self._library.revisions.list("published")}

    def _vanished(self, gone: Sequence[Watched], visit: Visit) -> Markup | None:
        language = visit.language
        if not gone:
            return None
        heads = [words(f"desk_todo.column_{name}", language) for name in ("link", "since", "document")]
        return _list("pages_vanished", heads, gone, partial(_watched_row, made=self._made(), language=language), visit)

    def _file(self, visit: Visit) -> bytes:
        """Return all that the room shows as a file, a row for each thing, with the way to it."""
        language = visit.language
        names = ("what", "document", "day", "owner", "why", "link", "open")
        heads = [words(f"desk_todo.column_{name}", language) for name in names]
        desk = f"{(self._library.settings.public_url or '').rstrip('/')}/staff/?lang={language}#/"
        return spreadsheet(heads, ([*row[:-1], desk + row[-1]] for row in self._rows(self._waits(), language)))

    def _rows(self, waits: Waits, language: Language) -> Iterator[list[str]]:
        """Yield the rows of the file; the last column is an address of the desk."""
        for key, revisions in (("held", waits.held), ("drafts", waits.drafts), ("refused", waits.refused)):
            for revision in revisions:
                yield _revision_cells(key, revision, language)
        for duty in waits.due:
            found = duty.revision
            what = words(f"desk_todo.{duty.reason}", language)
            yield [what, found.title, duty.day, found.owner, "", found.url or "", _page(found)]
        citing = self._citing() if waits.dead or waits.uncertain else {}
        for key, links in (("links_dead", waits.dead), ("links_uncertain", waits.uncertain)):
            for link in links:
                where, since = citing.get(link.url, ()), link.health.since.date().isoformat()
                titles, owners = (", ".join(dict.fromkeys(filter(None, texts))) for texts in (
                    [each.title for each in where], [each.owner for each in where]))  # fmt: skip
                yield [words(f"desk_todo.{key}", language), titles, since, owners, _why(link, language), link.url,
                       _page(where[0]) if where else "todo"]  # fmt: skip
        made = self._made()
        for page in waits.vanished:
            document, since = made.get(origin_of(page.url)), page.health.since.date().isoformat()
            yield [words("desk_todo.pages_vanished", language), document.title if document else page.document or "",
                   since, document.owner if document else "", _why(page, language), page.url,
                   forms.address("watched", page.url)]  # fmt: skip
        for key, (address, count) in waits.others.items():
            said = words("desk_todo.count", language, count=count)
            yield [words(f"desk_todo.{key}", language), "", "", "", said, "", address]


def _other(key: str, address: str, waiting: int, language: Language) -> Markup:
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


def _revision_cells(key: str, found: Revision, language: Language) -> list[str]:
    held = found.held or {}
    day = str(held.get("day") or "") if held else found.created_at.date().isoformat()
    why = words(f"desk_todo.held_{held.get('why')}", language) if held else ""
    return [words(f"desk_todo.{key}", language), found.title or found.name, day, found.edited_by or found.created_by,
            why, found.url or "", _page(found)]  # fmt: skip


def _page(revision: Revision) -> str:
    return forms.address("documents", revision.number)


def _why(found: Link | Watched, language: Language) -> str:
    health = found.health
    return unreached(health.problem, health.status, language) if health.problem else ""


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


def _link_row(link: Link, *, citing: Mapping[str, Sequence[Revision]], language: Language) -> list[Child]:
    together: dict[str, list[Revision]] = {}
    for revision in citing.get(link.url, ()):
        together.setdefault(revision.id, []).append(revision)
    documents = [tag("div", in_languages(revisions, language)) for revisions in list(together.values())[:NAMED]]
    left = (
        tag("div", words("desk_todo.others", language, count=len(together) - NAMED)) if len(together) > NAMED else None
    )
    return [forms.outside(link.url, language), forms.day(link.health.since.date().isoformat(), language),
            joined(documents, left)]  # fmt: skip


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

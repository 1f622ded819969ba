"""The room of watched pages: what was found there last, when somebody looks again, and the end of looking."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import get_args

from ingest.documents import Language
from ingest.errors import ChangedMeanwhile, WebError
from ingest.library import Library
from ingest.revisions import Revision
from ingest.settings import BRUSSELS
from ingest.web.arriving import origin_of
from ingest.web.health import State
from ingest.web.watching import NotWatched, Watched, Watching
from ingest.writing import mark
from ui.markup import Child, Markup, joined, tag
from ui.staff import forms
from ui.staff.desk import SEEN, Action, Export, Fields, NoSuchPlace, Outcome, Step, Visit, overtaken, seen
from ui.staff.forms import words
from ui.staff.refusals import unreached
from ui.staff.rooms import listing
from ui.staff.working import stepwise
from ui.words import date_in_words

PAGE = 50
MOST_DAYS = 365
LOOKS: Mapping[str, str] = {"valid": "good", "dead": "bad", "uncertain": "attention"}


class WatchedPages:
    """The room; *asks* says whether pages of the web are asked for at all."""

    name = "watched"
    exports: Mapping[str, Export] = {}

    def __init__(self, library: Library, watching: Watching, *, asks: bool = True) -> None:
        self._library = library
        self._watching = watching
        self._asks = asks
        self.actions = {
            "check": Action("editor", self._check),
            "every": Action("editor", self._every),
            "stop": Action("publisher", self._stop),
        }

    def count(self) -> int:
        """Return how many pages have vanished."""
        return sum(each.health.state == "dead" for each in self._watching.all())

    def show(self, visit: Visit) -> Markup:
        """Return the list, or one page."""
        if not visit.path:
            return self._list(visit)
        opened, url = mark(self._library.engine), "/".join(visit.path)
        found = next((each for each in self._watching.all() if each.url == url), None)
        if found is None:
            raise NoSuchPlace(url)
        return self._one(visit, found, opened)

    # --- what is seen --------------------------------------------------------------------------------------------

    def _list(self, visit: Visit) -> Markup:
        language, asked = visit.language, visit.query.get("text", "").casefold()
        state = visit.query.get("state", "")
        every = self._watching.all()
        title, lead = words("desk_watched.title", language), words("desk_watched.lead", language)
        if not every:
            way = tag("p", forms.link("documents", words("desk_watched.add", language)))
            return forms.titled(title, forms.empty(words("desk_watched.empty", language), way), lead=lead)
        made = self._made()
        found = [
            each
            for each in every
            if (not state or each.health.state == state)
            and all(word in f"{each.url} {self._called(each, made)}".casefold() for word in asked.split())
        ]
        part = listing.page(visit.query.get("from", ""), len(found), PAGE)
        query = {"text": visit.query.get("text", ""), "state": state}
        heads = [words(f"desk_watched.{name}", language) for name in ("page", "result", "checked", "next")]
        rows = [
            [
                joined(
                    forms.link(forms.address("watched", each.url), self._called(each, made) or each.url),
                    tag("div", each.url, class_="hint") if self._called(each, made) else None,
                ),
                _state(each, language),
                _when(each.health.checked_at, language),
                _when(each.health.next_at, language),
            ]
            for each in found[part.start : part.end]
        ]
        nothing = forms.empty(words("desk_watched.none_found", language))
        return forms.titled(
            title,
            None if self._asks else tag("p", words("desk_web.off", language), class_="attention"),
            forms.search(
                "watched",
                forms.field("text", words("desk_watched.search", language), query["text"], kind="search"),
                forms.select("state", words("desk_watched.result", language), _states(language), state),
                forms.submit(words("desk_watched.show", language)),
            ),
            forms.table(words("desk_watched.listed", language, count=len(found)), heads, rows) if rows else nothing,
            listing.pages(part, lambda start: forms.address("watched", **query, **{"from": start}), language),
            lead=lead,
        )

    def _one(self, visit: Visit, found: Watched, opened: int) -> Markup:
        language, health = visit.language, found.health
        document = self._made().get(origin_of(found.url))
        facts: list[tuple[str, Child]] = [
            ("address", forms.outside(found.url, language)),
            ("document", listing.named(document) if document else words("desk_watched.no_document", language)),
            ("result", _state(found, language)),
            ("since", _when(health.since, language)),
            ("checked", _when(health.checked_at, language)),
            ("next", _when(health.next_at, language)),
            ("by", f"{found.added_by}, {_when(found.added_at, language)}"),
        ]
        held = [tag("input", type="hidden", name=name, value=value)
                for name, value in (("url", found.url), (SEEN, str(opened)))]  # fmt: skip
        stop = forms.form(
            "watched.stop", held, forms.submit(words("desk_watched.stop", language), look="danger"),
            data_confirm=words("desk_watched.stop_sure", language),
        ) if visit.person.may("publisher") else None  # fmt: skip
        return forms.titled(
            self._called(found, self._made()) or found.url,
            tag("p", forms.link("watched", words("desk_watched.back", language))),
            tag("dl", [joined(tag("dt", words(f"desk_watched.{name}", language)), tag("dd", value))
                       for name, value in facts], class_="facts"),
            tag("p", unreached(health.problem, health.status, language), class_="attention")
            if health.problem
            else None,
            tag(
                "div",
                forms.do("watched.check", words("desk_watched.check", language), look="primary", url=found.url)
                if self._asks
                else None,
                forms.form(
                    "watched.every",
                    held,
                    forms.field("days", words("desk_watched.days", language), str(found.every_days), kind="number",
                                required=True, min="1", max=str(MOST_DAYS)),
                    forms.submit(words("desk_watched.save", language)),
                ),
                stop,
                class_="actions",
            ),
        )  # fmt: skip

    def _made(self) -> Mapping[str, Revision]:
        """Return the documents that are served, by where they come from."""
        return {revision.origin: revision for revision in self._library.revisions.list("published")}

    def _called(self, watched: Watched, made: Mapping[str, Revision]) -> str:
        document = made.get(origin_of(watched.url))
        return document.title if document else ""

    # --- what is done --------------------------------------------------------------------------------------------

    def _check(self, visit: Visit, fields: Fields) -> Iterator[Step | Outcome]:
        language, url = visit.language, fields.get("url", "")
        yield Step(words("desk_watched.asking", language))
        found = yield from stepwise(lambda _progress: self._watching.check(url), lambda step: step)
        failed = found.what in ("vanished", "failed")
        why = unreached(found.problem, found.health.status, language) if found.problem else ""
        said = " ".join(each for each in (words(f"desk_watched.was_{found.what}", language), why) if each)
        yield Outcome(said, forms.address("watched", url), failed=failed)

    def _every(self, visit: Visit, fields: Fields) -> Outcome:
        language, url, days = visit.language, fields.get("url", ""), fields.get("days", "")
        if not (days.isdecimal() and len(days) < 5 and 1 <= int(days) <= MOST_DAYS):
            sentence = words("desk_watched.wrong_days", language, most=MOST_DAYS)
            return Outcome(sentence, failed=True, wrong={"days": sentence})
        held = self._find(url)
        try:
            self._watching.add(held.url, visit.person.name, every_days=int(days), seen=seen(fields))
        except ChangedMeanwhile as error:
            return overtaken(error, visit, {"days": str(self._find(url).every_days)})
        return Outcome(words("desk_watched.saved", language), forms.address("watched", url))

    def _stop(self, visit: Visit, fields: Fields) -> Outcome:
        try:
            self._watching.remove(fields.get("url", ""), visit.person.name, seen=seen(fields))
        except WebError as error:
            raise NotWatched(fields.get("url", "")) from error
        return Outcome(words("desk_watched.stopped", visit.language), "watched")

    def _find(self, url: str) -> Watched:
        for each in self._watching.all():
            if each.url == url:
                return each
        raise NotWatched(url)


def _states(language: Language) -> dict[str, str]:
    return {"": words("desk_watched.any", language)} | {
        state: words(f"desk_web.state_{state}", language) for state in get_args(State)
    }


def _state(watched: Watched, language: Language) -> Markup:
    health = watched.health
    if health.checked_at is None:
        return forms.badge("quiet", words("desk_web.state_unchecked", language))
    return forms.badge(LOOKS[health.state], words(f"desk_web.state_{health.state}", language))


def _when(at: dt.datetime | None, language: Language) -> str:
    if at is None:
        return words("desk_watched.never", language)
    here = at.astimezone(BRUSSELS)
    return f"{date_in_words(here.date().isoformat(), language)}, {here:%H:%M}"

"""The documents room: add, check, publish, archive, roll back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence

from bot.preview import Previews
from ingest.documents import LANGUAGES, Language
from ingest.errors import GuichetError, UnreadableFile, WebError
from ingest.filenames import shown
from ingest.intake import Intake
from ingest.library import Library
from ingest.revisions import EDITABLE, Edit, Revision, State, UnknownRevision
from ingest.web.arriving import WebIntake
from ui.markup import Child, Markup, tag
from ui.staff import forms
from ui.staff.desk import Action, Doing, Export, Fields, NoSuchPlace, NotAllowed, Outcome, Step, Visit
from ui.staff.forms import words
from ui.staff.rooms import head, revision
from ui.staff.rooms.listing import in_languages, named, state_badge
from ui.staff.working import stepwise
from ui.words import date_in_words, word

PAGE = 50
IN_WORK: tuple[State, ...] = ("received", "refused", "draft", "waiting", "scheduled")
SUFFIXES = ".pdf,.docx,.html,.htm,.md,.markdown,.txt"


class NeedsSecondPerson(GuichetError):
    """A document that the person who prepared it may not publish."""


class LastDayPassed(GuichetError):
    """A draft that would be archived as soon as it is published."""


class Documents:
    """The room of documents."""

    name = "documents"

    def __init__(self, library: Library, intake: Intake, previews: Previews, web: WebIntake | None) -> None:
        self._library = library
        self._intake = intake
        self._previews = previews
        self._web = web
        self.exports = _Originals(library)
        self.actions = {
            "save": Action("editor", self._save),
            "version": Action("editor", self._version),
            "apart": Action("editor", self._moved(library.revisions.apart, "saved")),
            "submit": Action("editor", self._moved(library.revisions.submit, "submitted")),
            "withdraw": Action("editor", self._moved(library.revisions.withdraw, "withdrawn")),
            "discard": Action("editor", self._moved(library.revisions.discard, "discarded")),
            "recover": Action("editor", self._recover),
            "rewrite": Action("editor", self._rewrite),
            "fetch": Action("editor", self._fetched),
            "publish": Action("publisher", self._publish),
            "schedule": Action("publisher", self._schedule),
            "archive": Action("publisher", self._archive),
            "restore": Action("publisher", self._publish),
        }

    def count(self) -> int:
        """Return how many drafts wait for somebody."""
        counts = self._library.revisions.counts()
        return sum(counts.get(state, 0) for state in ("refused", "draft", "waiting"))

    # --- what is seen --------------------------------------------------------------------------------------------

    def show(self, visit: Visit) -> Markup:
        """Return the lists, one revision, or the comparison of two."""
        if not visit.path:
            return self._lists(visit)
        number = _number(visit.path[0])
        try:
            if len(visit.path) > 2 and visit.path[1] == "diff":
                return revision.comparison(self._library, visit, _number(visit.path[2]), number)
            return revision.page(self._library, self._previews, visit, number)
        except UnknownRevision as error:
            raise NoSuchPlace(visit.path[0]) from error

    def _lists(self, visit: Visit) -> Markup:
        language = visit.language
        return forms.titled(
            words("desk_documents.title", language),
            self._adding(visit),
            self._work(visit),
            self._served(visit),
            tag("p", forms.link(forms.address("documents", list="ended"), words("desk_documents.ended", language))),
            lead=words("desk_documents.lead", language),
        ) if visit.query.get("list") != "ended" else self._ended(visit)  # fmt: skip

    def _adding(self, visit: Visit) -> Markup:
        language = visit.language
        largest = self._library.settings.max_file_megabytes * 2**20
        web: Child = None
        if self._web:
            page = forms.form(
                "documents.fetch",
                forms.field("url", words("desk_documents.web_address", language), kind="url", required=True,
                            hint=words("desk_documents.web_hint", language)),
                forms.checkbox("sitemap", words("desk_documents.sitemap", language)),
                forms.submit(words("desk_documents.web_fetch", language)),
            )  # fmt: skip
            web = tag("details", tag("summary", words("desk_documents.web", language)), page)
        hint = words("desk_documents.drop_hint", language, limit=forms.size(largest, language))
        return tag(
            "section",
            tag("h2", words("desk_documents.add", language), id="add"),
            forms.dropzone("documents", language, largest=largest, accept=SUFFIXES, hint=hint),
            web,
            aria_labelledby="add",
        )

    def _work(self, visit: Visit) -> Markup:
        language = visit.language
        found = self._library.revisions.list(*IN_WORK, limit=500)
        title = tag("h2", words("desk_documents.work", language), id="work")
        if not found:
            return tag("section", title, forms.empty(words("desk_documents.work_empty", language)))
        may_publish = visit.person.may("publisher")
        heads = [words(f"desk_documents.column_{name}", language) for name in ("title", "state", "found", "by", "when")]
        rows = [
            [
                tag("span", _box(each, language) if may_publish and each.state in EDITABLE else None, " ", named(each)),
                state_badge(each, language),
                tag("span", revision.in_short(each, language)),
                each.edited_by or each.created_by,
                date_in_words(each.created_at.date().isoformat(), language),
            ]
            for each in found
        ]
        listed = forms.table(words("desk_documents.work", language), heads, rows, headed=True)
        if may_publish:
            listed = forms.form(
                "documents.publish", listed, forms.submit(words("desk_documents.publish_chosen", language))
            )
        reading = any(each.state == "received" for each in found)
        return tag("section", title, listed, data_refresh="2" if reading else None, aria_labelledby="work")

    def _served(self, visit: Visit) -> Markup:
        language = visit.language
        asked, spoken = visit.query.get("q", ""), visit.query.get("in", "")
        start = int(start) if (start := visit.query.get("from", "")).isdecimal() else 0
        found = [
            each
            for each in self._library.revisions.list("published")
            if (not spoken or each.language == spoken)
            and all(part in f"{each.title} {each.key} {each.url or ''}".casefold() for part in asked.casefold().split())
        ]
        together: dict[str, list[Revision]] = {}
        for each in sorted(found, key=lambda each: (each.id, each.key or "")):
            together.setdefault(each.id, []).append(each)
        title = tag("h2", words("desk_documents.served", language), id="served")
        if not self._library.documents:
            return tag("section", title, forms.empty(words("desk_documents.served_empty", language)))
        languages = {"": words("desk_documents.any_language", language)} | _languages(language)
        looking = forms.search(
            "documents",
            forms.field("q", words("desk_documents.search", language), asked, kind="search"),
            forms.select("in", words("desk_documents.field_language", language), languages, spoken),
            forms.submit(words("desk_documents.search_go", language)),
        )
        heads = [words(f"desk_documents.column_{name}", language) for name in ("title", "version", "review")]
        rows = [
            [
                in_languages(revisions, language),
                ", ".join(dict.fromkeys(str(each.version) for each in revisions)),
                date_in_words(review, language)
                if (review := min(each.review_by or "9999" for each in revisions)) != "9999"
                else "",
            ]
            for revisions in list(together.values())[start : start + PAGE]
        ]
        count = words("desk_documents.served_count", language, count=len(together))
        listed = forms.table(count, heads, rows) if rows else forms.empty(words("desk_documents.none_found", language))
        more = forms.address("documents", q=asked, **{"in": spoken}, **{"from": start + PAGE})
        further = tag("p", forms.link(more, words("desk_documents.more", language)))
        return tag(
            "section",
            title,
            looking,
            listed,
            further if start + PAGE < len(together) else None,
            aria_labelledby="served",
        )

    def _ended(self, visit: Visit) -> Markup:
        language = visit.language
        before = _number(visit.query["before"]) if visit.query.get("before") else None
        found = self._library.revisions.list("replaced", "archived", "discarded", limit=PAGE, after=before)
        heads = [words(f"desk_documents.column_{name}", language) for name in ("title", "state", "version", "when")]
        rows = [
            [
                named(each),
                state_badge(each, language),
                str(each.version or ""),
                date_in_words(each.ended_at.date().isoformat(), language) if each.ended_at else "",
            ]
            for each in found
        ]
        title = words("desk_documents.ended", language)
        more = forms.link(
            forms.address("documents", list="ended", before=found[-1].number), words("desk_documents.more", language)
        ) if len(found) == PAGE else None  # fmt: skip
        listed = forms.table(title, heads, rows) if rows else forms.empty(words("desk_documents.none_found", language))
        return forms.titled(title, listed, more, forms.link("documents", words("desk_documents.title", language)))

    # --- what is done --------------------------------------------------------------------------------------------

    def _save(self, visit: Visit, fields: Fields) -> Outcome:
        number, language = _number(fields.get("number", "")), visit.language
        found = self._library.revisions.get(number)
        if found.state == "published" and "expires_on" in fields and not visit.person.may("publisher"):
            raise NotAllowed("documents.save")
        wrong = head.wrong(fields, found, language, self._library.settings.current_date())
        if wrong:
            return Outcome(words("desk_documents.wrong_form", language), failed=True, wrong=wrong)
        edit = head.edit(fields)
        if found.state in EDITABLE:
            self._library.revisions.edit(number, edit, visit.person.name)
        else:
            self._library.revisions.mark(number, edit, visit.person.name)
        return Outcome(words("desk_documents.saved", language), f"documents/{number}")

    def _version(self, visit: Visit, fields: Fields) -> Outcome:
        """Make a draft the next version of the document that it looks like."""
        number, id = _number(fields.get("number", "")), fields.get("id", "")
        if not head.is_id(id):
            raise NoSuchPlace(id)
        self._library.revisions.edit(number, Edit(id=id), visit.person.name)
        return Outcome(words("desk_documents.saved", visit.language), f"documents/{number}")

    def _moved(self, move: Callable[[int, str], None], said: str) -> Doing:
        """Return the action that does *move* to a revision and says so."""

        def do(visit: Visit, fields: Fields) -> Outcome:
            number = _number(fields.get("number", ""))
            move(number, visit.person.name)
            return Outcome(words(f"desk_documents.{said}", visit.language), f"documents/{number}")

        return do

    def _recover(self, visit: Visit, fields: Fields) -> Outcome:
        number = _number(fields.get("number", ""))
        self._library.revisions.recover(number, visit.person.name)
        self._intake.wake()
        return Outcome(words("desk_documents.recovered", visit.language), f"documents/{number}")

    def _rewrite(self, visit: Visit, fields: Fields) -> Outcome:
        """Take the corrected text of a text file in, as if it had been uploaded."""
        found = self._library.revisions.get(_number(fields.get("number", "")))
        text = fields.get("text", "").replace("\r\n", "\n")
        number = self._intake.write(text, found.name, visit.person.name, key=found.key, language=found.language)
        return Outcome(words("desk_documents.rewritten", visit.language), f"documents/{number}")

    def _fetched(self, visit: Visit, fields: Fields) -> Outcome:
        url, language = fields.get("url", "").strip(), visit.language
        if self._web is None:
            raise NoSuchPlace("documents.fetch")
        try:
            if fields.get("sitemap"):
                count = self._web.import_sitemap(url, visit.person.name)
                return Outcome(words("desk_documents.sitemap_arrived", language, count=count), "documents")
            number = self._web.fetch(url, visit.person.name)
        except WebError as error:
            sentence = words(f"desk_web.{error.kind}", language)
            return Outcome(sentence, failed=True, wrong={"url": sentence})
        return Outcome(words("desk_documents.web_arrived", language), f"documents/{number}")

    def _publish(self, visit: Visit, fields: Fields) -> Iterator[Step | Outcome]:
        language, person = visit.language, visit.person.name
        numbers = [_number(part) for part in fields.get("number", "").split(",") if part]
        if not numbers:
            yield Outcome(words("desk_documents.nothing_chosen", language), failed=True)
            return
        found = [self._approved(number, visit) for number in numbers]
        titles = [each.title for each in found]
        if doubled := _doubled(found):
            said = words("desk_documents.doubled", language, titles=", ".join(doubled))
            yield Outcome(said, failed=True)
            return
        blocked, reason = self._blocked(numbers), fields.get("reason", "").strip()[:500]
        if blocked and not reason:
            yield _reason_needed(language)
            return
        report = yield from stepwise(
            lambda progress: self._library.publish(numbers, person, progress, overruled=reason if blocked else ""),
            lambda _step: words("desk_documents.step_index", language),
        )
        if report.failed:
            yield Outcome(report.failed[0].message, failed=True)
            return
        if len(titles) == 1:
            said = words("desk_documents.published_now", language, title=titles[0])
            yield Outcome(said, f"documents/{numbers[0]}")
        else:
            yield Outcome(words("desk_documents.published_many", language, count=len(titles)), "documents")

    def _schedule(self, visit: Visit, fields: Fields) -> Outcome:
        number, language = _number(fields.get("number", "")), visit.language
        self._approved(number, visit)
        try:
            day = dt.date.fromisoformat(fields.get("day", ""))
        except ValueError:
            sentence = words("desk_documents.wrong_date", language)
            return Outcome(sentence, failed=True, wrong={"day": sentence})
        if day <= self._library.settings.current_date():
            sentence = words("desk_documents.wrong_past", language)
            return Outcome(sentence, failed=True, wrong={"day": sentence})
        blocked, reason = self._blocked([number]), fields.get("reason", "").strip()[:500]
        if blocked and not reason:
            return _reason_needed(language)
        self._library.revisions.schedule(number, day, visit.person.name, overruled=reason if blocked else "")
        said = words("desk_documents.scheduled", language, date=date_in_words(day.isoformat(), language))
        return Outcome(said, f"documents/{number}")

    def _archive(self, visit: Visit, fields: Fields) -> Outcome:
        number = _number(fields.get("number", ""))
        key = self._library.revisions.get(number).key
        info = self._library.documents.get(key or "")
        if info and info.revision == number:
            self._library.remove([info.key], by=visit.person.name)
        return Outcome(words("desk_documents.archived", visit.language), f"documents/{number}")

    def _approved(self, number: int, visit: Visit) -> Revision:
        """Return a revision that this person may publish."""
        found = self._library.revisions.get(number)
        prepared = {found.created_by, found.edited_by}
        if self._library.settings.staff_second_person and found.state in EDITABLE and visit.person.name in prepared:
            raise NeedsSecondPerson(words("desk_documents.second_person", visit.language))
        today = self._library.settings.current_date().isoformat()
        if found.state in EDITABLE and found.expires_on and found.expires_on < today:
            raise LastDayPassed(words("desk_documents.last_day_passed", visit.language, title=found.title))
        return found

    def _blocked(self, numbers: Sequence[int]) -> bool:
        """Return whether control questions would fail, as far as was looked at: by all together, or by one alone."""
        return any(self._previews.blocks(each) for each in (numbers, *([number] for number in numbers)))


def _doubled(found: Sequence[Revision]) -> list[str]:
    """Return the titles of drafts of which only one can be served."""
    keys = [each.key for each in found]
    return [each.title for each in found if keys.count(each.key) > 1]


def _reason_needed(language: Language) -> Outcome:
    sentence = words("desk_documents.blocked", language)
    return Outcome(sentence, failed=True, wrong={"reason": sentence})


class _Originals(Mapping[str, Export]):
    """The files as they came, by the number of their revision; nothing but a download is done with them."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def __getitem__(self, name: str) -> Export:
        try:
            found = self._library.revisions.get(int(name))
            path = self._library.originals.path(found.original or "")
        except (ValueError, UnknownRevision, UnreadableFile) as error:
            raise KeyError(name) from error
        return Export("editor", shown(found.name), "application/octet-stream", lambda _visit: path.read_bytes())

    def __iter__(self) -> Iterator[str]:
        return (str(each.number) for each in self._library.revisions.list() if each.original)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _box(found: Revision, language: Language) -> Markup:
    label = words("desk_documents.choose", language, title=found.title or found.name)
    return tag("input", type="checkbox", name="number", value=str(found.number), aria_label=label)


def _languages(language: Language) -> dict[str, str]:
    return {each: word("language_name", each) for each in LANGUAGES} if language else {}


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 12:
        raise NoSuchPlace(text)
    return int(text)

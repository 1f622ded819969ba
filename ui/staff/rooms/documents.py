"""The documents room: add, check, publish, archive, roll back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.preview import LibraryChanged, Previews
from ingest.documents import LANGUAGES, Language
from ingest.errors import ChangedMeanwhile, NeedsSecondPerson, UnreadableFile, WebError
from ingest.filenames import shown
from ingest.intake import Intake
from ingest.library import Library
from ingest.progress import Progress
from ingest.report import Report
from ingest.revisions import EDITABLE, Revision, State, UnknownRevision
from ingest.web.arriving import WebIntake
from ui.markup import Child, Markup, tag
from ui.staff import forms, refusals
from ui.staff.desk import (
    Action,
    Doing,
    Export,
    Fields,
    NoSuchPlace,
    NotAllowed,
    Outcome,
    Step,
    Visit,
    overtaken,
    seen,
)
from ui.staff.forms import words
from ui.staff.refusals import Refused
from ui.staff.rooms import head, listing, revision
from ui.staff.rooms.listing import in_languages, named, state_badge
from ui.staff.rooms.preview import Looked, looked
from ui.staff.rooms.sitemap import told
from ui.staff.working import stepwise
from ui.words import date_in_words, word

PAGE = 50
ATTEMPTS = 3
"""How often a change is looked at anew because something else was published meanwhile."""
IN_WORK: tuple[State, ...] = ("received", "refused", "draft", "waiting", "scheduled")
SUFFIXES = ".pdf,.docx,.html,.htm,.md,.markdown,.txt"


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
        wanted = Work.of(visit.query)
        title = tag("h2", words("desk_documents.work", language), id="work")
        if not any(self._library.revisions.counts().get(state) for state in IN_WORK):
            return tag("section", title, forms.empty(words("desk_documents.work_empty", language)))
        numbers = wanted.numbers(self._library)
        page = listing.page(visit.query.get("at", ""), len(numbers), PAGE)
        found = self._library.revisions.several(numbers[page.start : page.end])
        looking = _looking(wanted, language)
        if not found:
            return tag("section", title, looking, forms.empty(words("desk_documents.none_found", language)))
        may_publish = visit.person.may("publisher")
        heads = [words(f"desk_documents.column_{name}", language) for name in ("title", "state", "found", "by", "when")]
        rows = [
            [
                tag(
                    "span",
                    _box(each, language) if may_publish and each.state in EDITABLE else None,
                    named(each),
                    class_="pick",
                ),
                state_badge(each, language),
                tag("span", revision.in_short(each, language)),
                each.edited_by or each.created_by,
                forms.day(each.created_at.date().isoformat(), language),
            ]
            for each in found
        ]
        listed = forms.table(words("desk_documents.work", language), heads, rows, headed=True)
        if may_publish:
            # Without what is being read or cannot be published: «all» are those that a box could choose.
            every = len(wanted.publishable(self._library))
            listed = forms.form(
                "documents.publish",
                [tag("input", type="hidden", name=name, value=value) for name, value in wanted.fields(numbers)],
                listed,
                forms.checkbox("all", words("desk_documents.choose_all", language, count=every)) if every > 1 else None,
                forms.submit(words("desk_documents.publish_chosen", language)),
            )
        more = listing.pages(page, lambda start: forms.address("documents", at=start, **wanted.query), language)
        reading = any(each.state == "received" for each in found)
        return tag(
            "section", title, looking, listed, more, data_refresh="2" if reading else None, aria_labelledby="work"
        )

    def _served(self, visit: Visit) -> Markup:
        language = visit.language
        asked, spoken = visit.query.get("q", ""), visit.query.get("in", "")
        found = [
            each
            for each in self._library.revisions.list("published")
            if (not spoken or each.language == spoken)
            and all(part in f"{each.title} {each.key} {each.url or ''}".casefold() for part in asked.casefold().split())
        ]
        together: dict[str, list[Revision]] = {}
        for each in sorted(found, key=lambda each: (each.id, each.key or "")):
            together.setdefault(each.id, []).append(each)
        page = listing.page(visit.query.get("from", ""), len(together), PAGE)
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
                forms.day(review, language)
                if (review := min(each.review_by or "9999" for each in revisions)) != "9999"
                else "",
            ]
            for revisions in list(together.values())[page.start : page.end]
        ]
        count = words("desk_documents.served_count", language, count=len(together))
        listed = forms.table(count, heads, rows) if rows else forms.empty(words("desk_documents.none_found", language))
        asked_for = {"q": asked, "in": spoken}
        further = listing.pages(
            page, lambda start: forms.address("documents", **asked_for, **{"from": start}), language
        )
        return tag(
            "section",
            title,
            looking,
            listed,
            further,
            aria_labelledby="served",
        )

    def _ended(self, visit: Visit) -> Markup:
        language = visit.language
        numbers = self._library.revisions.find("replaced", "archived", "discarded", text=visit.query.get("q", ""))
        page = listing.page(visit.query.get("from", ""), len(numbers), PAGE)
        found = self._library.revisions.several(numbers[page.start : page.end])
        heads = [words(f"desk_documents.column_{name}", language) for name in ("title", "state", "version", "when")]
        rows = [
            [
                named(each),
                state_badge(each, language),
                str(each.version or ""),
                forms.day(each.ended_at.date().isoformat(), language) if each.ended_at else "",
            ]
            for each in found
        ]
        title = words("desk_documents.ended", language)
        more = listing.pages(page, lambda start: forms.address("documents", list="ended", **{"from": start}), language)
        nothing = forms.empty(words("desk_documents.ended_empty", language))
        listed = forms.table(title, heads, rows, headed=True) if rows else nothing
        back = tag("p", forms.link("documents", words("desk_documents.back_to_all", language)))
        return forms.titled(title, listed, more, back)

    # --- what is done --------------------------------------------------------------------------------------------

    def _save(self, visit: Visit, fields: Fields) -> Outcome:
        number, language = _number(fields.get("number", "")), visit.language
        found = self._library.revisions.get(number)
        if found.state == "published" and "expires_on" in fields and not visit.person.may("publisher"):
            raise NotAllowed("documents.save")
        wrong = head.wrong(fields, found, language, self._library.settings.current_date())
        if wrong:
            return Outcome(words("desk_documents.wrong_form", language), failed=True, wrong=wrong)
        edit, person, mark = head.edit(fields, found), visit.person.name, seen(fields)
        try:
            if found.state in EDITABLE:
                right = head.confirmed(fields, found)
                saved = self._library.revisions.edit(number, edit, person, confirmed=right, seen=mark)
                return Outcome(_saved(found, saved, language), f"documents/{number}")
            self._library.revisions.mark(number, edit, person, seen=mark)
        except ChangedMeanwhile as error:
            return overtaken(error, visit, head.present(self._library.revisions.get(number)))
        return Outcome(words("desk_documents.saved", language), f"documents/{number}")

    def _version(self, visit: Visit, fields: Fields) -> Outcome:
        """Make a draft the next version of the document that it looks like."""
        number, id = _number(fields.get("number", "")), fields.get("id", "")
        if not head.is_id(id):
            raise NoSuchPlace(id)
        found = self._library.revisions.get(number)
        saved = self._library.revisions.become(number, id, visit.person.name)
        return Outcome(_saved(found, saved, visit.language), f"documents/{number}")

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
        draft = found.state in EDITABLE
        # Who changed the draft that it is made of is an author of this one too.
        editors = sorted(found.authors) if draft else []
        number = self._intake.write(
            text, found.name, visit.person.name, key=found.key, language=found.language, editors=editors,
            instead=found.number if draft else None,
        )  # fmt: skip
        said = [words("desk_documents.rewritten", visit.language)]
        if draft:
            said.append(words("desk_documents.rewritten_instead", visit.language))
        if found.state == "scheduled":
            date = date_in_words(found.publish_on, visit.language)
            said.append(words("desk_documents.rewritten_scheduled", visit.language, date=date))
        return Outcome(" ".join(said), f"documents/{number}")

    def _fetched(self, visit: Visit, fields: Fields) -> Outcome:
        url, language = fields.get("url", "").strip(), visit.language
        if self._web is None:
            raise NoSuchPlace("documents.fetch")
        try:
            if fields.get("sitemap"):
                imported = self._web.import_sitemap(url, visit.person.name)
                return Outcome(told(imported, language), "documents")
            number = self._web.fetch(url, visit.person.name)
        except WebError as error:
            sentence = refusals.sentence(error, language)
            return Outcome(sentence, failed=True, wrong={"url": sentence})
        return Outcome(words("desk_documents.web_arrived", language), f"documents/{number}")

    def _publish(self, visit: Visit, fields: Fields) -> Iterator[Step | Outcome]:
        language, person = visit.language, visit.person.name
        numbers = self._chosen(fields)
        if not numbers:
            yield Outcome(words("desk_documents.nothing_chosen", language), failed=True)
            return
        found = [self._approved(number, visit) for number in numbers]
        titles = [each.title for each in found]
        if doubled := _doubled(found):
            said = words("desk_documents.doubled", language, titles=", ".join(doubled))
            yield Outcome(said, failed=True)
            return

        def publish(look: Looked, progress: Progress) -> Report:
            return self._library.publish(
                numbers, person, progress, overruled=look.overruled, check=lambda: self._still(look, numbers, visit)
            )

        look, report = yield from self._done(visit, fields, numbers, (), publish)
        if look.refused or report is None:
            yield look.refused or Outcome(words("desk.changed_meanwhile", language), failed=True)
            return
        if report.failed:
            yield Outcome(words("desk_documents.doubled", language, titles=", ".join(titles)), failed=True)
            return
        if len(titles) == 1:
            said = words("desk_documents.published_now", language, title=titles[0])
            yield Outcome(f"{said} {look.said}".strip(), f"documents/{numbers[0]}")
        else:
            said = words("desk_documents.published_many", language, count=len(titles))
            yield Outcome(f"{said} {look.said}".strip(), "documents")

    def _chosen(self, fields: Fields) -> list[int]:
        """Return the revisions that a form names: those with a ticked box, or all that its list holds."""
        if fields.get("all"):
            return Work.of(fields).publishable(self._library)
        return sorted({_number(part) for part in fields.get("number", "").split(",") if part})

    def _done(
        self, visit: Visit, fields: Fields, numbers: Sequence[int], gone: Sequence[str],
        do: Callable[[Looked, Progress], Report],
    ) -> Generator[Step, None, tuple[Looked, Report | None]]:  # fmt: skip
        """Look at a change, then do it; look again when something else was published in between."""
        for attempt in range(ATTEMPTS):
            try:
                look = yield from looked(self._previews, visit, numbers, gone, fields)
                if look.refused:
                    return look, None
                report = yield from stepwise(
                    lambda progress, look=look: do(look, progress),  # type: ignore[misc]
                    lambda _step: words("desk_documents.step_index", visit.language),
                )
            except LibraryChanged:
                if attempt == ATTEMPTS - 1:
                    raise
            else:
                return look, report
        raise AssertionError("the last attempt ends above")

    def _still(self, look: Looked, numbers: Sequence[int], visit: Visit) -> None:
        """Make sure, at the last moment, that this person may publish these drafts, and has seen what they do."""
        for number in numbers:
            self._approved(number, visit)
        self._unseen(look, numbers, ())()

    def _unseen(self, look: Looked, numbers: Sequence[int], gone: Sequence[str]) -> Callable[[], None]:
        """Return what makes sure, at the last moment, that what was looked at is what is done."""
        return lambda: None if look.overruled else self._previews.refuse_unseen(numbers, gone)

    def _schedule(self, visit: Visit, fields: Fields) -> Iterator[Step | Outcome]:
        number, language = _number(fields.get("number", "")), visit.language
        found = self._approved(number, visit)
        wrong, day = "", dt.date.min
        try:
            day = dt.date.fromisoformat(fields.get("day", ""))
            if day <= self._library.settings.current_date():
                wrong = words("desk_documents.wrong_past", language)
            else:
                wrong = _ended(found, day, language)
        except ValueError:
            wrong = words("desk_documents.wrong_date", language)
        if wrong:
            yield Outcome(wrong, failed=True, wrong={"day": wrong})
            return
        look = yield from looked(self._previews, visit, [number], (), fields)
        if look.refused:
            yield look.refused
            return
        broken = self._previews.broken([number]) if look.overruled else ()

        def check(now: Revision) -> None:
            self._refuse(now, visit)
            if ended := _ended(now, day, language):
                raise Refused(ended)

        self._library.revisions.schedule(
            number, day, visit.person.name, overruled=look.overruled, questions=broken, check=check
        )
        said = words("desk_documents.scheduled", language, date=date_in_words(day.isoformat(), language))
        again = words("desk_documents.scheduled_again", language) if self._library.settings.preview_blocks else ""
        yield Outcome(" ".join(each for each in (said, again, look.said) if each), f"documents/{number}")

    def _archive(self, visit: Visit, fields: Fields) -> Iterator[Step | Outcome]:
        number, language = _number(fields.get("number", "")), visit.language
        found = self._library.revisions.get(number)
        info = self._library.documents.get(found.key or "")
        if info is None or info.revision != number:
            said = words("desk_documents.not_served", language, title=found.title or found.name)
            yield Outcome(said, f"documents/{number}", failed=True)
            return
        gone = [info.key]

        def remove(look: Looked, _progress: Progress) -> Report:
            return self._library.remove(
                gone, by=visit.person.name, overruled=look.overruled, check=self._unseen(look, (), gone)
            )

        look, _ = yield from self._done(visit, fields, (), gone, remove)
        said = words("desk_documents.archived", language)
        yield look.refused or Outcome(f"{said} {look.said}".strip(), f"documents/{number}")

    def _approved(self, number: int, visit: Visit) -> Revision:
        """Return a revision that this person may publish."""
        found = self._library.revisions.get(number)
        self._refuse(found, visit)
        return found

    def _refuse(self, found: Revision, visit: Visit) -> None:
        """Raise what keeps this person from publishing a revision."""
        second = self._library.settings.staff_second_person
        if second and found.state in EDITABLE and visit.person.name in found.authors:
            raise NeedsSecondPerson(f"{found.number}: {visit.person.name} wrote it; somebody else has to publish it")
        today = self._library.settings.current_date().isoformat()
        if found.state in EDITABLE and found.expires_on and found.expires_on < today:
            raise Refused(words("desk_documents.last_day_passed", visit.language, title=found.title))


@dataclass(frozen=True, slots=True)
class Work:
    """Which drafts somebody wants to see; empty fields leave nothing out."""

    text: str = ""
    state: str = ""
    by: str = ""
    upto: int | None = None
    """The newest that was shown: «all» are never more than those."""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Work:
        """Return what an address or a form asks for."""
        state = asked.get("state", "")
        upto = asked.get("upto", "")
        return cls(
            asked.get("text", "")[:200], state if state in IN_WORK else "", asked.get("by", "")[:100],
            int(upto) if upto.isdecimal() and len(upto) < 13 else None,
        )  # fmt: skip

    @property
    def query(self) -> dict[str, str]:
        """The fields of an address."""
        return {"text": self.text, "state": self.state, "by": self.by}

    def fields(self, numbers: Sequence[int]) -> list[tuple[str, str]]:
        """Return the hidden fields of a form over the list of these *numbers*."""
        return [*self.query.items(), ("upto", str(max(numbers, default=0)))]

    def numbers(self, library: Library) -> list[int]:
        """Return the revisions, newest first."""
        states = [state for state in IN_WORK if self.state in ("", state)]
        return library.revisions.find(*states, text=self.text, by=self.by, upto=self.upto)

    def publishable(self, library: Library) -> list[int]:
        """Return those that could be published."""
        states = [state for state in IN_WORK if self.state in ("", state) and state in EDITABLE]
        return library.revisions.find(*states, text=self.text, by=self.by, upto=self.upto) if states else []


def _looking(wanted: Work, language: Language) -> Markup:
    states = {"": words("desk_documents.any_state", language)}
    states |= {state: words(f"desk_documents.only_{state}", language) for state in IN_WORK}
    return forms.search(
        "documents",
        forms.field("text", words("desk_documents.search_work", language), wanted.text, kind="search", maxlength=200),
        forms.select("state", words("desk_documents.column_state", language), states, wanted.state),
        forms.field("by", words("desk_documents.column_by", language), wanted.by, maxlength=100),
        forms.submit(words("desk_documents.search_go", language)),
    )


def _saved(before: Revision, after: Revision, language: Language) -> str:
    """Return what is said when a draft was saved: with what it does not wait for any more, if it did."""
    said = [words("desk_documents.saved", language)]
    if after.state == "draft" and before.state in ("waiting", "scheduled"):
        date = date_in_words(before.publish_on, language) if before.publish_on else ""
        said.append(words(f"desk_documents.no_longer_{before.state}", language, date=date))
    return " ".join(said)


def _ended(found: Revision, day: dt.date, language: Language) -> str:
    """Return what is said of a draft whose last day comes before the *day* of its publication."""
    if not found.expires_on or found.expires_on >= day.isoformat():
        return ""
    return words("desk_documents.wrong_ended", language, date=date_in_words(found.expires_on, language))


def _doubled(found: Sequence[Revision]) -> list[str]:
    """Return the titles of drafts of which only one can be served."""
    keys = [each.key for each in found]
    return [each.title for each in found if keys.count(each.key) > 1]


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

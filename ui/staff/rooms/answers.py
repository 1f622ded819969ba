"""The room of validated answers: write one, see whom it would have answered, make it public, take it back."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from bot.answers import Answer
from bot.gaps.masking import masked
from bot.pins import PinMatcher, Suspension
from bot.validation import Problem
from ingest.database import now
from ingest.documents import LANGUAGES, Language
from ingest.errors import ChangedMeanwhile, UnknownPin
from ingest.languages import detect
from ingest.pins import Pin, PinContent, PinVersion
from ui.markup import Markup, joined, shown, tag
from ui.staff.desk import Action, Export, Fields, NoSuchPlace, Outcome, Visit, overtaken, seen
from ui.staff.forms import address, badge, day, do, empty, field, form, link, submit, table, titled
from ui.staff.forms import words as catalogued
from ui.staff.rooms import listing
from ui.staff.rooms.answer_form import Writing, shown_form, titled_source, words, year_from
from ui.words import date_in_words

MONTH = dt.timedelta(days=30)
PAGE = 50
"""Answers on one page of the list."""
WORKINGS = 200
"""Forms that are kept while they are written; the oldest goes first."""
NEAR_MISSES = 5
"""Questions just under the threshold that are shown."""
SCORED = 20
"""Pins whose score of a tried question is shown."""


class Answers:
    """The room; *matcher* returns the pins of the bot that answers now."""

    name = "answers"
    exports: Mapping[str, Export] = {}

    def __init__(self, matcher: Callable[[], PinMatcher]) -> None:
        self._matcher = matcher
        # What is written and not saved yet, by person and pin: a search for sources must not lose it.
        # With the mark of what was opened then.
        self._workings: OrderedDict[tuple[str, str], tuple[Writing, bool, int | None]] = OrderedDict()

    @property
    def actions(self) -> Mapping[str, Action]:
        """Editors prepare, publishers make public and take back."""
        return {
            "write": Action("editor", self._write),
            "start": Action("editor", self._start),
            "try": Action("editor", self._try),
            "wish": Action("editor", self._wish),
            "review": Action("publisher", self._review),
            "settle": Action("publisher", self._settle),
            "activate": Action("publisher", self._activate),
            "deactivate": Action("publisher", self._deactivate),
        }

    def count(self) -> int:
        """Return how many active answers wait for somebody: those that are not given, and those to be looked at."""
        matcher = self._matcher()
        held = {each.pin.number for each in matcher.suspended(self._today)}
        return len(held | {pin.number for pin in matcher.library.pins.all() if pin.active and pin.wish})

    def show(self, visit: Visit) -> Markup:
        """Return the list, the form of a new answer, one answer, or its form."""
        # Before anything is read: what is saved in between is noticed.
        opened = self._matcher().library.pins.mark()
        match visit.path:
            case ():
                return self._list(visit)
            case ("new",):
                return self._form(visit, None, opened)
            case (number,) if number.isdecimal() and len(number) < 10:
                return self._one(visit, self._pin(int(number)))
            case (number, "edit") if number.isdecimal() and len(number) < 10:
                return self._form(visit, self._pin(int(number)), opened)
        raise NoSuchPlace("/".join(visit.path))

    def _pin(self, number: int) -> Pin:
        try:
            return self._matcher().library.pins.pin(number)
        except UnknownPin as error:
            raise NoSuchPlace(str(number)) from error

    @property
    def _today(self) -> dt.date:
        return self._matcher().library.settings.current_date()

    # --- the list ------------------------------------------------------------------------------------------------

    def _list(self, visit: Visit) -> Markup:
        language, matcher = visit.language, self._matcher()
        pins = matcher.library.pins.all()
        head = [link("answers/new", words("new", language)), self._start_form(language)]
        if not pins:
            return titled(
                words("title", language), empty(words("empty", language), *head), lead=words("lead", language)
            )
        held = {each.pin.number: each for each in matcher.suspended(self._today)}
        times = matcher.library.pins.times_served(now() - MONTH)
        heads = [words(key, language) for key in ("question", "state", "owner", "expires", "times")]
        ordered = sorted(pins, key=lambda pin: (pin.number not in held, not pin.wish, not pin.active, -pin.number))
        part = listing.page(visit.query.get("from", ""), len(ordered), PAGE)
        rows = [
            (
                link(f"answers/{pin.number}", pin.latest.content.question),
                _state(pin, held.get(pin.number), language),
                pin.latest.content.owner,
                day(pin.latest.content.expires.isoformat(), language),
                str(times.get(pin.number, 0)),
            )
            for pin in ordered[part.start : part.end]
        ]
        return titled(
            words("title", language),
            *head,
            table(words("title", language), heads, rows, headed=True),
            listing.pages(part, lambda start: address("answers", **{"from": start}), language),
            self._tried(visit),
            lead=words("lead", language),
        )

    def _start_form(self, language: Language) -> Markup:
        return form(
            "answers.start",
            field("receipt", words("receipt", language), maxlength=32),
            submit(words("start", language)),
            aria_label=words("from_receipt", language),
        )

    def _tried(self, visit: Visit) -> Markup:
        language, asked = visit.language, visit.query.get("try", "")
        return joined(
            tag("h2", words("try_title", language)),
            form(
                "answers.try",
                field("asked", words("question", language), asked, hint=words("try_hint", language), maxlength=600),
                submit(words("try_do", language)),
            ),
            self._scores(asked, language) if asked.strip() else None,
        )

    def _scores(self, asked: str, language: Language) -> Markup:
        rows = []
        for pin, likeness in self._matcher().scores(asked, detect(asked))[:SCORED]:
            least = pin.latest.content.threshold
            if likeness.apart:
                verdict = badge("quiet", words(f"no_{likeness.apart}", language))
            elif likeness.score < least:
                verdict = badge("quiet", words("no_score", language, threshold=_number(least, language)))
            else:
                verdict = badge("good", words("does", language))
            question = link(f"answers/{pin.number}", pin.latest.content.question)
            rows.append((question, _number(likeness.score, language), verdict))
        heads = [words(key, language) for key in ("question", "score", "would")]
        return table(words("try_rows", language, text=asked), heads, rows)

    # --- the form ------------------------------------------------------------------------------------------------

    def _form(self, visit: Visit, pin: Pin | None, present: int) -> Markup:
        language, matcher = visit.language, self._matcher()
        number = str(pin.number) if pin else ""
        writing, previewed, opened = self._workings.get((visit.person.name, number), (None, False, None))
        if writing is None and pin:
            writing = Writing.of(pin.latest.content)
        elif writing is None:
            writing = Writing(
                question=visit.query.get("question", "")[:600], language=language, owner=visit.person.name,
                expires=year_from(self._today).isoformat(),
            )  # fmt: skip
        return titled(
            words("edit" if pin else "new", language),
            tag("p", link("answers", words("back", language))),
            shown_form(writing, "answers.write", number, language, matcher, present if opened is None else opened),
            self._preview(writing.content()[0], language) if previewed else None,
        )

    def _preview(self, content: PinContent, language: Language) -> Markup:
        """Return *content* as readers will see it, in each language that it has, and what it leaves out."""
        matcher = self._matcher()
        answers = {
            each: answer
            for each in LANGUAGES
            if each in content.texts and (answer := matcher.preview(content, each, self._today))
        }
        left = matcher.omissions(content)
        return joined(
            tag("h2", words("preview", language)),
            tag("p", words("preview_lead", language), class_="lead"),
            [tag("div", shown(answer, each, self._today), lang=each) for each, answer in answers.items()],
            tag(
                "div",
                tag("p", words("left_out", language)),
                tag("ul", [tag("li", tag("q", each.text, lang=each.passage.language)) for each in left]),
                class_="attention",
            )
            if left
            else None,
        )

    def _write(self, visit: Visit, fields: Fields) -> Outcome:
        """Search, preview or save, by the button that sent the form."""
        language, matcher = visit.language, self._matcher()
        number = fields.get("number", "")
        pin = matcher.library.pins.pin(int(number)) if number.isdecimal() else None
        key = (visit.person.name, str(pin.number) if pin else "")
        place = f"answers/{pin.number}/edit" if pin else "answers/new"
        writing = Writing.read(fields, matcher)
        then = fields.get("then", "save")
        opened = seen(fields)
        if then in ("search", "add") or then.startswith("drop-"):
            self._keep(key, writing, opened, previewed=False)
            return Outcome(words("kept", language), go=place)
        content, problems = writing.content()
        problems += [each for each in matcher.problems(content, self._today) if not _is_told(each, problems)]
        self._keep(key, writing, opened, previewed=not problems)
        if problems:
            return _refused(problems, language)
        if then == "preview":
            return Outcome(words("kept", language), go=place)
        try:
            saved = matcher.library.pins.save(content, visit.person.name, pin.number if pin else None, seen=opened)
        except ChangedMeanwhile as error:
            # Nothing of what was typed is lost: it stays in the form, and saving once more is meant.
            self._keep(key, writing, error.seen, previewed=True)
            return overtaken(error, visit)
        self._workings.pop(key, None)
        return Outcome(words("saved", language, version=saved.latest.number), go=f"answers/{saved.number}")

    def _start(self, visit: Visit, fields: Fields) -> Outcome:
        """Begin a form with an answer that was given."""
        receipt = self._matcher().library.receipts.answer(fields.get("receipt", "").strip())
        if receipt is None:
            sentence = words("no_receipt", visit.language)
            return Outcome(sentence, failed=True, wrong={"receipt": sentence})
        writing = Writing.of_answer(Answer.from_json(receipt), visit.person.name, year_from(self._today))
        self._keep((visit.person.name, ""), writing, None, previewed=False)
        return Outcome(words("started", visit.language), go="answers/new")

    def _try(self, visit: Visit, fields: Fields) -> Outcome:
        asked = urlencode({"try": fields.get("asked", "")[:600]})
        return Outcome(words("tried", visit.language), go=f"answers?{asked}")

    def _keep(self, key: tuple[str, str], writing: Writing, opened: int | None, *, previewed: bool) -> None:
        self._workings[key] = (writing, previewed, opened)
        self._workings.move_to_end(key)
        while len(self._workings) > WORKINGS:
            self._workings.popitem(last=False)

    # --- one answer ----------------------------------------------------------------------------------------------

    def _one(self, visit: Visit, pin: Pin) -> Markup:
        language, matcher = visit.language, self._matcher()
        held = next((each for each in matcher.suspended(self._today) if each.pin.number == pin.number), None)
        content = pin.latest.content
        return titled(
            content.question,
            tag("p", link("answers", words("back", language))),
            tag("p", _state(pin, held, language)),
            tag("p", words(f"reason_{held.reason}", language, detail=held.detail), class_="attention")
            if held
            else None,
            tag("p", words("wish_said", language, reason=pin.wish), class_="attention") if pin.wish else None,
            self._acts(visit, pin),
            self._facts(pin, language),
            self._preview(content, language),
            self._receipts(content, language),
            self._versions(visit, pin),
        )

    def _acts(self, visit: Visit, pin: Pin) -> Markup:
        language, publishes = visit.language, visit.person.may("publisher")
        newest = pin.served is not None and pin.served.number == pin.latest.number and not pin.review
        return joined(
            tag("p", link(f"answers/{pin.number}/edit", words("edit", language))),
            do("answers.activate", words("activate", language), look="primary", number=pin.number)
            if publishes and not newest
            else None,
            do("answers.deactivate", words("deactivate", language), number=pin.number)
            if publishes and pin.active
            else None,
            do("answers.settle", words("settle", language), number=pin.number) if publishes and pin.wish else None,
            self._asking(pin, language, publishes=publishes) if pin.active and not pin.review else None,
        )

    def _asking(self, pin: Pin, language: Language, *, publishes: bool) -> Markup:
        """Return the form that has a public answer looked at: whoever may publish takes it out of service with it."""
        verb = "review" if publishes else "wish"
        return form(
            f"answers.{verb}",
            tag("input", type="hidden", name="number", value=str(pin.number)),
            field("why", words("review_why", language), required=True, maxlength=300),
            submit(words("ask_review" if publishes else "ask_wish", language)),
        )

    def _facts(self, pin: Pin, language: Language) -> Markup:
        content, matcher = pin.latest.content, self._matcher()
        times = matcher.library.pins.times_served(now() - MONTH).get(pin.number, 0)
        facts = [
            (words("owner", language), content.owner),
            (words("expires", language), date_in_words(content.expires.isoformat(), language)),
            (words("threshold", language), _number(content.threshold, language)),
            (words("times", language), str(times)),
            (words("wordings", language), "; ".join(each.text for each in content.wordings[1:])),
        ]
        if pin.validated_on:
            date = date_in_words(pin.validated_on, language)
            facts.append((words("state", language), words("validated", language, date=date, person=pin.validated_by)))
        sources = [
            tag("li", tag("q", each.quote, lang=each.document[:2]), f" ({titled_source(each, language, matcher)})")
            for each in content.sources
        ]
        return joined(
            tag("dl", [joined(tag("dt", name), tag("dd", value)) for name, value in facts if value]),
            tag("h2", words("sources", language)),
            tag("ol", sources, class_="quotes"),
        )

    def _receipts(self, content: PinContent, language: Language) -> Markup:
        """Return the questions of the last month that this answer would have got, and those near it."""
        matcher = self._matcher()
        found = matcher.answered(content, matcher.library.pins.asked(now() - MONTH))
        over = [pair for pair in found if pair[1].score >= content.threshold]
        under = [pair for pair in found if pair[1].score < content.threshold][:NEAR_MISSES]
        rows = [
            (
                tag("span", masked(asked.question), lang=asked.language),
                catalogued(f"desk_questions.status_{asked.status}", language),
                _number(likeness.score, language),
                badge("good", words("does", language))
                if likeness.score >= content.threshold
                else badge("quiet", words("no_score", language, threshold=_number(content.threshold, language))),
            )
            for asked, likeness in (*over, *under)
        ]
        heads = [words(key, language) for key in ("question", "got", "score", "would")]
        lead = words("receipts_lead", language, threshold=_number(content.threshold, language))
        return joined(
            tag("h2", words("receipts", language)),
            tag("p", lead, class_="lead"),
            table(words("receipts", language), heads, rows) if rows else tag("p", words("no_receipts", language)),
        )

    def _versions(self, visit: Visit, pin: Pin) -> Markup:
        language = visit.language
        rows = [
            (
                str(version.number),
                version.by,
                day(version.at.date().isoformat(), language),
                [_said(version), self._again(visit, pin, version)],
            )
            for version in self._matcher().library.pins.versions(pin.number)
        ]
        heads = [words(key, language) for key in ("version", "by", "at", "state")]
        return joined(tag("h2", words("versions", language)), table(words("versions", language), heads, rows))

    def _again(self, visit: Visit, pin: Pin, version: PinVersion) -> Markup | None:
        """Return what makes a version public again: every act can be undone."""
        if pin.served and pin.served.number == version.number:
            return badge("good", words("given", visit.language))
        if not visit.person.may("publisher"):
            return None
        label = words("activate", visit.language)
        return do("answers.activate", label, number=pin.number, version=version.number)

    def _activate(self, visit: Visit, fields: Fields) -> Outcome:
        """Make a version public; what does not stand in the library today stays where it is."""
        language, matcher = visit.language, self._matcher()
        number, version = _whole(fields, "number"), _whole(fields, "version") or None
        pin = matcher.library.pins.pin(number)
        chosen = next(
            (each for each in matcher.library.pins.versions(number) if each.number == (version or pin.latest.number)),
            pin.latest,
        )
        if problems := matcher.problems(chosen.content, self._today):
            return _refused(problems, language)
        second = matcher.library.settings.staff_second_person
        matcher.library.pins.activate(number, visit.person.name, self._today, version, second_person=second)
        return Outcome(words("activated", language), go=f"answers/{number}")

    def _deactivate(self, visit: Visit, fields: Fields) -> Outcome:
        number = _whole(fields, "number")
        self._matcher().library.pins.deactivate(number, visit.person.name)
        return Outcome(words("deactivated", visit.language), go=f"answers/{number}")

    def _review(self, visit: Visit, fields: Fields) -> Outcome:
        number = _whole(fields, "number")
        self._matcher().library.pins.ask_review(number, visit.person.name, fields.get("why", "")[:300])
        return Outcome(words("review_asked", visit.language), go=f"answers/{number}")

    def _wish(self, visit: Visit, fields: Fields) -> Outcome:
        number, why = _whole(fields, "number"), " ".join(fields.get("why", "").split())[:300]
        if not why:
            sentence = words("review_why", visit.language)
            return Outcome(sentence, failed=True, wrong={"why": sentence})
        self._matcher().library.pins.wish_review(number, visit.person.name, why)
        return Outcome(words("wished", visit.language), go=f"answers/{number}")

    def _settle(self, visit: Visit, fields: Fields) -> Outcome:
        number = _whole(fields, "number")
        self._matcher().library.pins.wish_review(number, visit.person.name, "")
        return Outcome(words("settled", visit.language), go=f"answers/{number}")


def _whole(fields: Fields, name: str) -> int:
    written = fields.get(name, "")
    return int(written) if written.isdecimal() and len(written) < 10 else 0


def _number(value: float, language: Language) -> str:
    return f"{value:.2f}" if language == "en" else f"{value:.2f}".replace(".", ",")


def _said(version: PinVersion) -> Markup:
    """Return the text of a version, so that an old one is read before it is made public again."""
    texts = [
        tag("p", " ".join(statement.text for statement in statements), lang=language)
        for language, statements in version.content.texts.items()
    ]
    return tag("details", tag("summary", version.content.question), texts)


def _state(pin: Pin, held: Suspension | None, language: Language) -> Markup:
    if held:
        return badge("attention", words(f"state_{'expired' if held.reason == 'expired' else 'suspended'}", language))
    if pin.served and pin.wish:
        return badge("attention", words("state_wished", language))
    if pin.served is None:
        return badge("quiet", words("state_inactive", language))
    changed = pin.served.number != pin.latest.number
    return badge("good", words("state_changed" if changed else "state_active", language))


def _is_told(problem: Problem, told: list[Problem]) -> bool:
    return any(problem.field == other.field for other in told)


def _refused(problems: list[Problem], language: Language) -> Outcome:
    """Return one sentence about the first problem, and one beside each field."""
    wrong: dict[str, str] = {}
    for problem in problems:
        key = f"problem_{problem.kind}"
        if problem.kind == "missing":
            key += f"_{problem.field}"
        place = {"texts": f"text_{language}", "sources": "find"}.get(problem.field, problem.field)
        wrong.setdefault(place, words(key, language, detail=problem.detail))
    return Outcome(words("refused", language, sentence=next(iter(wrong.values()))), failed=True, wrong=wrong)

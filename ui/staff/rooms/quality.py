"""The quality room: how the guichet answers, the control questions, and the preview of a change."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from bot.preview import Comparison, GoldenInvalid, GoldenResult, Previews, Progress
from bot.wording import catalogue
from ingest import asked
from ingest.database import now
from ingest.documents import Language
from ingest.errors import UnknownDocument
from ingest.library import Library
from ingest.revisions import UnknownRevision, WrongState
from ingest.settings import BRUSSELS
from ui.markup import Child, Markup, tag
from ui.staff import charts, forms
from ui.staff.desk import Action, Export, Fields, NoSuchPlace, Outcome, Step, Visit
from ui.staff.forms import words
from ui.staff.rooms import preview
from ui.words import date_in_words

WEEKS = 8
"""Weeks that are told of."""
DRAWN: Mapping[str, charts.Look] = {
    "answered": "good", "partial": "attention", "not_in_sources": "bad", "rest": "quiet",
}  # fmt: skip
"""The outcomes that the chart tells apart, with their looks."""


class Quality:
    """The room of quality."""

    name = "quality"
    exports: Mapping[str, Export] = {}

    def __init__(self, library: Library, previews: Previews) -> None:
        self._library = library
        self._previews = previews
        self.actions = {
            "run": Action("editor", self._run),
            "check": Action("editor", self._check),
            "stop": Action("editor", self._stop),
        }

    def count(self) -> int:
        """Return how many control questions were not answered right when they were last asked."""
        made = self._previews.present()
        return len(made.result.failed) if made and made.current else 0

    # --- what is seen --------------------------------------------------------------------------------------------

    def show(self, visit: Visit) -> Markup:
        """Return the figures of the last weeks, or the preview of a change."""
        if visit.path == ("preview",):
            return preview.page(self._library, self._previews, visit)
        if visit.path:
            raise NoSuchPlace("/".join(visit.path))
        language = visit.language
        outside = tag("a", words("desk_quality.public", language), href="/quality")
        return forms.titled(
            words("desk_quality.title", language),
            preview.running(self._previews.running, language),
            self._golden(visit),
            self._weeks(language),
            tag("p", outside),
            lead=words("desk_quality.lead", language),
        )

    def _golden(self, visit: Visit) -> Markup:
        language = visit.language
        title = tag("h2", words("desk_quality.golden", language), id="golden")
        lead = tag("p", words("desk_quality.golden_lead", language))
        try:
            questions = {question.id: question for question in self._previews.golden().questions}
        except GoldenInvalid as error:
            sentence = words("desk_quality.golden_invalid", language, problem=error)
            return tag("section", title, lead, forms.empty(sentence), aria_labelledby="golden")
        if not questions:
            empty = forms.empty(words("desk_quality.golden_none", language))
            return tag("section", title, lead, empty, aria_labelledby="golden")
        ask = forms.do("quality.check", words("desk_quality.golden_run", language))
        made = self._previews.present()
        if made is None:
            never = forms.empty(words("desk_quality.golden_never", language, count=len(questions)), ask)
            return tag("section", title, lead, never, aria_labelledby="golden")
        result = made.result
        said = words("desk_quality.golden_passed", language, passed=result.passed, count=result.asked)
        look = "quiet" if not made.current else "bad" if result.failed else "good"
        failures = [
            [
                tag("span", questions[id].question, lang=questions[id].lang) if id in questions else id,
                tag("ul", [tag("li", preview.lacking(each, language)) for each in side.missing]),
            ]
            for id, side in result.failed.items()
        ]
        heads = [words("desk_quality.golden_failed", language), words("desk_quality.lacks", language)]
        return tag(
            "section",
            title,
            lead,
            tag("p", forms.badge(look, said)),
            tag("p", words("desk_quality.stale", language)) if not made.current else None,
            tag("p", tag("small", preview.made_in_words(made.by, made.at, result.day, language))),
            forms.table(heads[0], heads, failures) if failures else None,
            ask,
            aria_labelledby="golden",
        )

    def _weeks(self, language: Language) -> Markup:
        title = tag("h2", words("desk_quality.weeks", language), id="weeks")
        # Receipts bear the real moment, whatever day is answered for.
        today = now().astimezone(BRUSSELS).date()
        first = today - dt.timedelta(days=today.weekday() + 7 * (WEEKS - 1))
        since = dt.datetime.combine(first, dt.time(), BRUSSELS)
        given = asked.given(self._library.engine, since)
        if not given:
            return tag(
                "section", title, forms.empty(words("desk_quality.weeks_empty", language)), aria_labelledby="weeks"
            )
        thumbs = asked.ratings(self._library.engine, since)
        rows = [
            _week(first + dt.timedelta(days=7 * number), given, thumbs, language)
            for number in reversed(range(WEEKS))
        ]  # fmt: skip
        columns = ("week", "answers", "share_answered", "up", "down", "median_words", "p50", "p95")
        heads = [words(f"desk_quality.{name}", language) for name in columns]
        return tag(
            "section",
            title,
            _outcomes(first, given, language),
            forms.table(words("desk_quality.weeks", language), heads, rows, headed=True),
            _shares("by_status", "status", Counter(answer.status for answer in given), language),
            _shares("by_language", "spoken", Counter(answer.language for answer in given), language),
            aria_labelledby="weeks",
        )

    # --- what is done --------------------------------------------------------------------------------------------

    def _run(self, visit: Visit, fields: Fields) -> Iterator[Step | Outcome]:
        language = visit.language
        numbers, gone = preview.chosen(fields)
        if not numbers and not gone:
            yield Outcome(words("desk_quality.preview_nothing", language), failed=True)
            return
        yield from _told(self._previews.run(numbers, gone, visit.person.name), visit)

    def _check(self, visit: Visit, _fields: Fields) -> Iterator[Step | Outcome]:
        yield from _told(self._previews.check(visit.person.name), visit)

    def _stop(self, visit: Visit, _fields: Fields) -> Outcome:
        if self._previews.running is None:
            return Outcome(words("desk_quality.not_running", visit.language), failed=True)
        self._previews.stop()
        return Outcome(words("desk_quality.stopping", visit.language))


def _told(work: Iterator[Progress | Comparison | GoldenResult], visit: Visit) -> Iterator[Step | Outcome]:
    """Yield the steps of *work* in words, and how it ended."""
    try:
        for said in work:
            yield _in_words(said, visit.language)
    except (WrongState, UnknownRevision, UnknownDocument):
        yield Outcome(words("desk_quality.not_possible", visit.language), failed=True)


def _in_words(said: Progress | Comparison | GoldenResult, language: Language) -> Step | Outcome:
    if isinstance(said, Comparison):
        return Outcome(words("desk_quality.done", language, count=len(said.changes)))
    if isinstance(said, GoldenResult):
        return Outcome(words("desk_quality.golden_passed", language, passed=said.passed, count=said.asked))
    return preview.step(said, language)


def _week(
    monday: dt.date, given: Sequence[asked.Given], thumbs: Mapping[tuple[dt.date, int], int], language: Language
) -> list[Child]:
    """Return the row of one week."""
    days = [monday + dt.timedelta(days=number) for number in range(7)]
    told = asked.measures([answer for answer in given if answer.day in days])
    milliseconds = [words("desk_quality.milliseconds", language, count=count) for count in (told.p50, told.p95)]
    return [
        forms.day(monday.isoformat(), language),
        str(told.answers),
        _bar(told.answered, told.answers, language) if told.answers else "",
        str(sum(thumbs.get((day, 1), 0) for day in days)),
        str(sum(thumbs.get((day, -1), 0) for day in days)),
        *((str(told.words), *milliseconds) if told.answers else ("", "", "")),
    ]


def _outcomes(first: dt.date, given: Sequence[asked.Given], language: Language) -> Markup:
    """Return how answers ended, week by week, as a chart."""
    counted = [Counter[str]() for _ in range(WEEKS)]
    for answer in given:
        week = min((answer.day - first).days // 7, WEEKS - 1)
        counted[week][answer.status if answer.status in DRAWN else "rest"] += 1
    series = [
        charts.Series(words(f"desk_quality.status_{status}", language), look, [week[status] for week in counted])
        for status, look in DRAWN.items()
    ]
    places = [date_in_words((first + dt.timedelta(days=7 * week)).isoformat(), language) for week in range(WEEKS)]
    title, told = words("desk_quality.outcomes", language), words("desk_quality.outcomes_lead", language)
    return charts.stacked("outcomes", title, told, places, series, words("desk_quality.week", language), language)


def _shares(title: str, head: str, counted: Counter[str], language: Language) -> Markup:
    """Return a table of how many answers were of which kind, the most first, each with a bar."""
    total = counted.total()
    rows: list[list[Child]] = [
        [_name(head, kind, language), str(count), _bar(count, total, language)] for kind, count in counted.most_common()
    ]
    heads = [words(f"desk_quality.{name}", language) for name in (head, "answers", "share")]
    return forms.table(words(f"desk_quality.{title}", language), heads, rows)


def _name(head: str, kind: str, language: Language) -> str:
    key = f"desk_quality.{'language' if head == 'spoken' else 'status'}_{kind}"
    return words(key, language) if key in catalogue() else kind


def _bar(part: int, whole: int, language: Language) -> Markup:
    """Return a share as a bar with its figure beside it; the bar alone tells nothing to who does not see it."""
    share = round(100 * part / whole)
    bar = tag("meter", value=share, min="0", max="100", aria_hidden="true")
    return tag("span", bar, " ", words("desk_quality.percent", language, count=share))

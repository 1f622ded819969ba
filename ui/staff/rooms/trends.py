"""What was asked over time: how answers ended, what they were about, and by place where nobody can be told apart."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence

from bot.answers import STATUSES
from bot.gaps import Board
from bot.gaps.board import PLACE_WEEKS
from bot.gaps.items import last_mondays
from ingest.documents import Language
from ui.markup import Markup, joined, tag
from ui.staff.charts import Look, Series, bars, figure, stacked
from ui.staff.desk import Visit
from ui.staff.forms import empty, select, submit, table, titled
from ui.staff.forms import words as catalogued
from ui.staff.spreadsheet import spreadsheet

PERIODS = (4, 12, 26, 52)
FILE_WEEKS = 52
GROUPS: tuple[tuple[str, Look, tuple[str, ...]], ...] = (
    ("status_answered", "good", ("answered",)),
    ("status_partial", "attention", ("partial",)),
    ("status_not_in_sources", "bad", ("not_in_sources",)),
    ("status_clarify", "edge", ("clarify",)),
    ("group_apart", "quiet", ("out_of_scope", "other_region")),
    ("group_refused", "ink", ("refused", "unavailable")),
)
"""What stands together in the bars, from below."""
TOPICS: tuple[Look, ...] = ("good", "edge", "ink", "quiet", "attention")
"""How the topics of the weeks look, the most asked first: more could not be told apart."""
FILE_TOPICS = 10


def words(key: str, language: Language, **values: object) -> str:
    """Return a string of the room."""
    return catalogued(f"desk_questions.{key}", language, **values)


def trends_page(board: Board, visit: Visit, tabs: Markup) -> Markup:
    """Return the charts of a period."""
    language = visit.language
    chosen = visit.query.get("weeks", "")
    weeks = int(chosen) if chosen in {str(period) for period in PERIODS} else 12
    mondays = last_mondays(board.today, weeks)
    statuses = board.trends.statuses(mondays)
    period = tag(
        "form",
        select("weeks", words("period", language),
               {str(count): words("weeks", language, count=count) for count in PERIODS}, str(weeks)),
        submit(words("show", language)),
        data_go="questions/trends",
    )  # fmt: skip
    if not any(statuses):
        shown = empty(words("empty_trends", language))
    else:
        shown = joined(_statuses(mondays, statuses, language), _shares(statuses, language),
                       _topics(board, mondays, language), _topic_weeks(board, mondays, language),
                       _by_place(board, language), files(language))  # fmt: skip
    return titled(words("trends", language), tabs, period, shown, lead=words("trends_lead", language))


def files(language: Language) -> Markup:
    """Return the links to the files by week."""
    return tag("p", file_link("weeks.csv", words("csv_weeks", language), language), " · ",
               file_link("topics.csv", words("csv_topics", language), language))  # fmt: skip


def file_link(name: str, label: str, language: Language) -> Markup:
    """Return the link to a file of the room."""
    return tag("a", label, href=f"/staff/export/questions/{name}?lang={language}", download=name)


def weeks_file(board: Board, language: Language) -> bytes:
    """Return how answers ended, week by week for a year, as a file."""
    mondays = last_mondays(board.today, FILE_WEEKS)
    heads = [words("week", language), *(words(f"status_{status}", language) for status in STATUSES)]
    counted = board.trends.statuses(mondays)
    rows: list[list[str | int]] = [
        [monday.isoformat(), *(week[status] for status in STATUSES)]
        for monday, week in zip(mondays, counted, strict=True)
    ]
    return spreadsheet(heads, rows)


def topics_file(board: Board, language: Language) -> bytes:
    """Return what answers were about, week by week for a year, as a file; small figures are left out, and any sum."""
    mondays = last_mondays(board.today, FILE_WEEKS)
    counted = board.topics(mondays, FILE_TOPICS)
    heads = [words("week", language), *(board.title_of(document) for document in counted)]
    rows: list[list[str | int]] = [
        [monday.isoformat(), *(words("below", language) if week[number] is None else week[number] or 0
                               for week in counted.values())]
        for number, monday in enumerate(mondays)
    ]  # fmt: skip
    return spreadsheet(heads, rows)


def _statuses(mondays: Sequence[dt.date], statuses: Sequence[Counter[str]], language: Language) -> Markup:
    series = [
        Series(words(key, language), look, [sum(week[status] for status in held) for week in statuses])
        for key, look, held in GROUPS
    ]
    described = words(
        "status_described", language, total=sum(week.total() for week in statuses), count=len(mondays),
        answered=sum(week["answered"] for week in statuses), missing=sum(week["not_in_sources"] for week in statuses),
    )  # fmt: skip
    return stacked(
        "statuses", words("status_chart", language), described, _places(mondays), series, words("week", language),
        language,
    )  # fmt: skip


def _places(mondays: Sequence[dt.date]) -> list[str]:
    return [f"{monday:%d.%m.%y}" for monday in mondays]


def _shares(statuses: Sequence[Counter[str]], language: Language) -> Markup:
    whole: Counter[str] = Counter()
    for week in statuses:
        whole.update(week)
    rows = [
        [words(f"status_{status}", language), str(whole[status]), _percent(whole[status] / whole.total(), language)]
        for status in STATUSES
    ]
    heads = [words(key, language) for key in ("status", "answers", "share")]
    return joined(tag("h2", words("shares", language)), table(words("shares", language), heads, rows))


def _percent(share: float, language: Language) -> str:
    value = f"{100 * share:.1f}"
    return words("percent", language, value=value if language == "en" else value.replace(".", ","))


def _topics(board: Board, mondays: Sequence[dt.date], language: Language) -> Markup | None:
    found = board.trends.topics(mondays[0], mondays[-1] + dt.timedelta(days=7))
    if not found:
        return None
    rows = [(board.title_of(document), count, bad) for document, count, bad in found]
    described = words("topics_described", language, title=rows[0][0], count=rows[0][1])
    heads = (words("topic", language), words("answers", language), words("without_good", language))
    return bars(
        "topics", words("topics_chart", language), described, rows, heads, words("with_good", language), language
    )


def _topic_weeks(board: Board, mondays: Sequence[dt.date], language: Language) -> Markup | None:
    """Return the weeks of the most asked topics; without a figure that may be shown there is nothing to draw."""
    counted = board.topics(mondays, len(TOPICS))
    if not any(value for week in counted.values() for value in week):
        return None
    series = [
        Series(board.title_of(document), look, values)
        for (document, values), look in zip(counted.items(), TOPICS, strict=False)
    ]
    described = words("topic_weeks_described", language, names=", ".join(one.name for one in series))
    drawn = stacked(
        "topic-weeks", words("topic_weeks", language), described, _places(mondays), series, words("week", language),
        language,
    )  # fmt: skip
    return joined(drawn, tag("p", words("topic_weeks_note", language), class_="hint"))


def _by_place(board: Board, language: Language) -> Markup:
    crossed = board.by_place()
    title = tag("h2", words("by_place", language))
    if not crossed.rows:
        return joined(title, tag("p", words("by_place_empty", language)))
    heads = [words("programme", language), *(words(f"region_{region}", language) for region in crossed.columns)]
    rows = [
        [board.title_of(row), *(figure(crossed.cells[row, column], language) for column in crossed.columns)]
        for row in crossed.rows
    ]
    note = words("by_place_note", language, count=PLACE_WEEKS)
    return joined(title, tag("p", note, class_="hint"), table(words("by_place", language), heads, rows))

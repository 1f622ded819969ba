"""How good the answers are: the figures that ship with a release, and the public page that tells them in plain words.

The figures are written by ``python -m tests.evaluation --release``; nothing on the page is typed by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from bot.wording import say
from ingest.documents import LANGUAGES, Language
from ui.markup import Markup, icon, joined, tag
from ui.shell import SPRITE, head, header
from ui.words import date_in_words, word

FILE = Path(__file__).parent / "quality.json"


# The figures


@dataclass(frozen=True, slots=True)
class Share:
    """A share of *n* questions, between 0 and 1, with its 95 % interval."""

    n: int
    value: float
    low: float
    high: float

    @property
    def of_hundred(self) -> int:
        """How many of a hundred; «all» and «none» are said only where it is all or none."""
        return of_hundred(self.value)


@dataclass(frozen=True, slots=True)
class AnswerSet:
    """What one set of questions showed."""

    unseen: bool
    """Whether nobody worked with these questions before they were asked."""
    questions: int
    right: Share
    """Over the questions that the sources answer."""
    right_sheet: Share
    declined: Share
    """Turned away although the sources answer."""
    limits: Share
    """Over the questions that the sources do not answer or that do not belong here: said so, or partly."""
    languages: Mapping[Language, Share]
    """Right answers to questions that the sources answer, by the language of the question."""
    kinds: Mapping[str, Share]
    """Right answers by the kind of question."""
    quotes: int
    quotes_found: int
    uncited: int
    words: int
    """Of an answer that states something, median."""
    p95_ms: int
    """Within so many milliseconds 95 of 100 answers were complete, on the machine of the test."""


@dataclass(frozen=True, slots=True)
class Search:
    """How often the right document is among the first five, in our search and in simpler ones."""

    key: str
    ours: Share
    bm25: Share | None = None
    minilm: Share | None = None


@dataclass(frozen=True, slots=True)
class Missed:
    """A goal of the release that it does not reach."""

    key: str
    value: float
    limit: float
    unit: str
    """``share`` and ``points`` lie between 0 and 1; else ``count``, ``words`` or ``ms``."""
    at_most: bool
    against: str | None = None
    """The simpler search that sets the limit."""


@dataclass(frozen=True, slots=True)
class Quality:
    """Everything that the page tells."""

    released: str
    """ISO date."""
    verified_on: str | None
    """The latest day on which the sheets were compared with their sources, ISO."""
    documents: int
    sets: tuple[AnswerSet, ...]
    """The set that says most first: one that nobody worked with, where there is one."""
    searches: tuple[Search, ...]
    missed: tuple[Missed, ...] = field(default=())


_QUALITY = TypeAdapter(Quality)


def read(path: Path = FILE) -> Quality | None:
    """Return the figures of the release; ``None`` where the file is absent or of another form."""
    try:
        return _QUALITY.validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def write(quality: Quality, path: Path = FILE) -> None:
    """Write the figures of a release."""
    path.write_bytes(_QUALITY.dump_json(quality, indent=1) + b"\n")


def of_hundred(share: float) -> int:
    """Return how many of a hundred *share* is; 99.6 % is 99, for 100 would say «all», and 0.4 % is 1."""
    rounded = round(100 * share)
    if rounded == 100 and share < 1:
        return 99
    return 1 if rounded == 0 and share > 0 else rounded


# The page

ROWS: Mapping[str, str] = {
    "fr_service_public": "quality_set_service_public",
    "fr_cnil_crpa/headings": "quality_set_cnil_headings",
    "fr_cnil_crpa/paraphrases": "quality_set_cnil_paraphrases",
    "nl_algoritmekader": "quality_set_algoritmekader",
    "de_xquad": "quality_set_german",
    "de_xquad/other_language": "quality_set_german_english",
    "en_govt_multiturn": "quality_set_multiturn",
}
"""The words for each row of the search, by its key; a row without words is not shown."""
SHEETS = "quality_set_sheets"
KINDS: Mapping[str, str] = {
    "answerable": "quality_kind_answerable",
    "followup": "quality_kind_followup",
    "closed": "quality_kind_closed",
    "contradiction": "quality_kind_contradiction",
    "unanswerable": "quality_kind_unanswerable",
    "out_of_scope": "quality_kind_out_of_scope",
    "adversarial": "quality_kind_adversarial",
}
GOALS: Mapping[str, str] = {
    "pass": "quality_right",
    "spread": "quality_spread",
    "right_sheet": "quality_right_sheet",
    "right_status": "quality_limits",
    "false_declines": "quality_declined",
    "quotes": "quality_quotes_goal",
    "uncited": "quality_uncited_goal",
    "words": "quality_words_goal",
    "p95": "quality_time_goal",
}
SIMPLER: Mapping[str, str] = {"bm25": "quality_goal_bm25", "minilm": "quality_goal_minilm"}
UNITS: Mapping[str, str] = {"share": "quality_unit_share", "points": "quality_unit_points", "ms": "quality_unit_ms"}
FEW = 20
"""Under so many questions a share says little: the page says so."""


def page(quality: Quality | None, language: Language, version: str) -> Markup:
    """Return the whole page in *language*; without figures it says that there are none."""
    body = _report(quality, language) if quality else [tag("p", word("quality_absent", language), class_="lead")]
    return joined(
        Markup("<!doctype html>"),
        tag(
            "html",
            tag(
                "head",
                Markup('<meta charset="utf-8">'),
                Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
                head(language, version, title=word("quality_title", language)),
            ),
            tag(
                "body",
                tag("a", word("quality_skip", language), href="#quality", class_="skip"),
                header(language, home=False),
                tag(
                    "main",
                    tag("h1", word("quality_heading", language)),
                    body,
                    tag("p", tag("a", word("quality_back", language), href=f"./?lang={language}"), class_="back"),
                    id="quality",
                    tabindex="-1",
                ),
                SPRITE,
                class_="ready plain-page",
            ),
            lang=language,
        ),
    )


def _report(quality: Quality, language: Language) -> list[Markup]:
    best = quality.sets[0]
    return [
        tag(
            "p",
            word(
                "quality_dates",
                language,
                released=date_in_words(quality.released, language),
                verified=date_in_words(quality.verified_on, language),
                count=quality.documents,
            ),
            class_="age",
        ),
        tag("p", word("quality_lead", language, count=best.questions), class_="lead"),
        _answers(best, language),
        _languages(quality, language),
        _searches(quality, language),
        _not_good(quality, language),
        _method(quality, language),
    ]


def _answers(found: AnswerSet, language: Language) -> Markup:
    wrong = 100 - found.right.of_hundred
    return tag(
        "section",
        tag("h2", word("quality_answers_title", language)),
        tag("p", word("quality_unseen" if found.unseen else "quality_seen", language)),
        tag("h3", word("quality_of_sourced", language, count=found.right.n)),
        _tally(
            (
                (found.right.of_hundred, word("quality_right", language), _between(found.right, language)),
                (wrong, word("quality_wrong", language), None),
                (found.right_sheet.of_hundred, word("quality_right_sheet", language), None),
                (found.declined.of_hundred, word("quality_declined", language), None),
            )
        ),
        tag("h3", word("quality_of_declined", language, count=found.limits.n)),
        _tally(((found.limits.of_hundred, word("quality_limits", language), _between(found.limits, language)),)),
        tag("h3", word("quality_every_answer", language)),
        tag(
            "ul",
            tag("li", word("quality_quotes", language, found=found.quotes_found, all=found.quotes)),
            tag("li", word("quality_uncited", language, count=found.uncited)),
            tag("li", word("quality_words", language, count=found.words)),
            tag("li", word("quality_time", language, count=found.p95_ms)),
            class_="facts",
        ),
    )


def _tally(lines: tuple[tuple[int, str, str | None], ...]) -> Markup:
    """Return numbers with what they count, the number first and large."""
    return tag(
        "ul",
        [
            tag(
                "li",
                tag("strong", str(number)),
                " ",
                tag("span", meaning, tag("small", f" {note}") if note else None),
            )
            for number, meaning, note in lines
        ],
        class_="tally",
    )


def _between(share: Share, language: Language) -> str:
    return word("quality_between", language, low=of_hundred(share.low), high=of_hundred(share.high))


def _languages(quality: Quality, language: Language) -> Markup:
    found = quality.sets[0]
    sheets = {row.key.rpartition("/")[2]: row.ours for row in quality.searches if "/documents/" in row.key}
    shares = [*found.languages.values(), *found.kinds.values()]
    right = word("quality_column_right", language)
    return tag(
        "section",
        _table(
            word("quality_languages_title", language),
            "languages",
            (word("quality_column_language", language), right, word("quality_column_sheet", language)),
            [
                Line(say(f"answers.language_{each}", language), share.n, (share, sheets.get(each)))
                for each, share in ((each, found.languages[each]) for each in LANGUAGES if each in found.languages)
            ],
            language,
        ),
        _table(
            word("quality_kinds_title", language),
            "kinds",
            (word("quality_column_kind", language), right),
            [
                Line(word(KINDS[kind], language), share.n, (share,))
                for kind, share in found.kinds.items()
                if kind in KINDS
            ],
            language,
        ),
        tag("p", word("quality_few", language, count=FEW), class_="age")
        if any(share.n < FEW for share in shares)
        else None,
    )


def _searches(quality: Quality, language: Language) -> Markup:
    named = [(SHEETS if row.key.endswith("/documents") else ROWS.get(row.key), row) for row in quality.searches]
    return tag(
        "section",
        _table(
            word("quality_search_title", language),
            "search",
            (word("quality_column_set", language), word("name", language), "BM25", "MiniLM"),
            [
                Line(word(key, language), row.ours.n, (row.ours, row.bm25, row.minilm))
                for key, row in named
                if key is not None
            ],
            language,
            lead=word("quality_search", language),
        ),
    )


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a table: what it is about, how many questions were asked, and the shares."""

    subject: str
    questions: int
    shares: tuple[Share | None, ...]


def _table(
    title: str, name: str, headings: tuple[str, ...], lines: Sequence[Line], language: Language, lead: str | None = None
) -> Markup:
    """Return a heading and the table that it names; the first column says what each line is about."""
    first, *others = headings
    return joined(
        tag("h2", title, id=name),
        tag("p", lead) if lead else None,
        tag(
            "table",
            tag(
                "thead",
                tag("tr", tag("th", first, scope="col"), [tag("th", each, scope="col", class_="n") for each in others]),
            ),
            tag("tbody", [_line(line, language) for line in lines]),
            aria_labelledby=name,
        ),
    )


def _line(line: Line, language: Language) -> Markup:
    asked = word("quality_asked", language, count=line.questions)
    return tag(
        "tr",
        tag("th", _sentence(line.subject), " ", tag("small", asked), scope="row"),
        [tag("td", str(share.of_hundred) if share else "–", class_="n") for share in line.shares],
    )


def _not_good(quality: Quality, language: Language) -> Markup:
    found = quality.sets[0]
    weakest = min(found.kinds.items(), key=lambda entry: entry[1].value, default=None)
    last = min(found.languages.items(), key=lambda entry: entry[1].value, default=None)
    lines = [word("quality_wrong_line", language, count=100 - found.right.of_hundred)]
    if weakest and weakest[1].value < 1 and weakest[0] in KINDS:
        kind = word(KINDS[weakest[0]], language)
        lines.append(word("quality_weakest_kind", language, kind=kind, count=weakest[1].of_hundred))
    if last and last[1].value < 1:
        name = say(f"answers.language_{last[0]}", language)
        lines.append(word("quality_weakest_language", language, name=name, count=last[1].of_hundred))
    missed = [line for goal in quality.missed if (line := _goal(goal, language))]
    return tag(
        "section",
        tag("h2", word("quality_not_good_title", language)),
        tag(
            "ul",
            [tag("li", line) for line in (*lines, word("quality_limit_machine", language))],
            [tag("li", line) for line in (word("quality_limit_team", language),)],
            class_="facts",
        ),
        tag("h3", word("quality_goals_title", language)),
        tag("ul", [tag("li", line) for line in missed], class_="facts")
        if missed
        else tag("p", word("quality_goals_met", language)),
    )


def _goal(goal: Missed, language: Language) -> str | None:
    """Return a missed goal in words; ``None`` for one that the page has no words for."""
    subject = _subject(goal.key, language)
    if subject is None:
        return None
    key = SIMPLER[goal.against] if goal.against else "quality_goal_most" if goal.at_most else "quality_goal_least"
    value, limit = (_measured(number, goal.unit, language) for number in (goal.value, goal.limit))
    return _sentence(word(key, language, subject=subject, value=value, limit=limit))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _subject(key: str, language: Language) -> str | None:
    row, _, place = key.partition("@")
    if "/answers/" in row:
        name = GOALS.get(row.partition("/answers/")[2])
        return word(name, language) if name else None
    first, _, last = row.partition("/documents")
    name = SHEETS if first != row else ROWS.get(row)
    if name is None:
        return None
    spoken = f" ({last[1:].upper()})" if last[1:] in LANGUAGES else ""
    return (
        word("quality_first_place" if place == "1" else "quality_first_five", language, name=word(name, language))
        + spoken
    )


def _measured(number: float, unit: str, language: Language) -> str:
    count = of_hundred(number) if unit in {"share", "points"} else round(number)
    return word(UNITS[unit], language, count=count) if unit in UNITS else str(count)


def _method(quality: Quality, language: Language) -> Markup:
    lines = ("quality_method_asked", "quality_method_right", "quality_method_search", "quality_method_again")
    return tag(
        "section",
        tag("h2", word("quality_method_title", language)),
        [tag("p", word(line, language)) for line in lines],
        tag(
            "p",
            icon("warning"),
            " ",
            tag("span", word("quality_check", language)),
            class_="check",
        ),
    )

"""The gap board: what people asked and did not get, until it is done; and what was asked over time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from bot.gaps import Board, Item, NoSuchGap, Wanted
from bot.gaps.board import PAGE
from bot.gaps.items import KINDS, RECENT
from ingest.documents import LANGUAGES, Language
from ingest.errors import ChangedMeanwhile
from ingest.journal import Journal
from ui.markup import Markup, joined, tag
from ui.staff.charts import sparkline
from ui.staff.desk import Action, Export, Fields, Outcome, Visit, overtaken, seen
from ui.staff.forms import badge, empty, field, link, select, submit, table, titled
from ui.staff.forms import words as catalogued
from ui.staff.rooms.question import item_page, label_of, programme_of
from ui.staff.rooms.trends import file_link, files, topics_file, trends_page, weeks_file
from ui.staff.spreadsheet import spreadsheet

StartDraft = Callable[[str, Language, str, str], int]
"""Create the draft of a document from title, language, text and who does it; return its number."""
GATHERED = 500
"""Questions that are taken in while somebody waits for the page: some 50 ms."""
ARROWS = {"new": "✱", "up": "↗", "steady": "→", "down": "↘"}
LOOKS = {"todo": "attention", "in_hand": "quiet", "done": "good"}
STATES = ("open", "todo", "in_hand", "done", "all")


def words(key: str, language: Language, **values: object) -> str:
    """Return a string of this room."""
    return catalogued(f"desk_questions.{key}", language, **values)


class Questions:
    """The room of the gap board; *question_days* is how long visitors' words are kept."""

    name = "questions"

    def __init__(self, board: Board, journal: Journal, start_draft: StartDraft, question_days: int = 30) -> None:
        self._board = board
        self._journal = journal
        self._start_draft = start_draft
        self._days = question_days

    @property
    def actions(self) -> Mapping[str, Action]:
        """What can be done with an item: editors work on it, publishers say that it is done or one with another."""
        return {
            "take": Action("editor", self._take),
            "reopen": Action("editor", self._reopen),
            "rename": Action("editor", self._rename),
            "note": Action("editor", self._note),
            "start": Action("editor", self._start),
            "done": Action("publisher", self._done),
            "merge": Action("publisher", self._merge),
            "split": Action("publisher", self._split),
        }

    @property
    def exports(self) -> Mapping[str, Export]:
        """The board and the weeks as files for a spreadsheet."""
        return {
            "gaps.csv": Export("editor", "gaps.csv", "text/csv; charset=utf-8", self._gaps_file),
            "weeks.csv": Export(
                "editor", "weeks.csv", "text/csv; charset=utf-8", lambda visit: weeks_file(self._board, visit.language)
            ),
            "topics.csv": Export(
                "editor",
                "topics.csv",
                "text/csv; charset=utf-8",
                lambda visit: topics_file(self._board, visit.language),
            ),
        }

    def count(self) -> int:
        """Return how many items are to do."""
        return self._board.count()

    def show(self, visit: Visit) -> Markup:
        """Return the list, one item, or what was asked over time."""
        self._board.gather(GATHERED)
        opened = self._journal.mark()
        if not visit.path:
            return self._list(visit)
        if visit.path[0] == "trends":
            return trends_page(self._board, visit, view_tabs(visit.language, "questions/trends"))
        try:
            item = self._board.item(_number(visit.path[0]))
        except NoSuchGap:
            return titled(
                words("title", visit.language), empty(words("no_item", visit.language), _back(visit.language))
            )
        history = self._journal.entries(subject=f"gap {item.id}", limit=50)
        return item_page(self._board, item, history, visit, self._days, opened)

    # --- the list --------------------------------------------------------------------------------------------------

    def _list(self, visit: Visit) -> Markup:
        language, query = visit.language, visit.query
        wanted = Wanted(
            state=query.get("state") or "open", kind=query.get("kind", ""), language=query.get("language", ""),
            programme=query.get("programme", ""), text=query.get("text", ""),
        )  # fmt: skip
        page = self._board.page(wanted, _number(query.get("page", "1")) or 1)
        head = view_tabs(language, "questions")
        title, lead = words("title", language), words("lead", language)
        if page.empty:
            sentence = words("empty_board" if self._days else "empty_words_off", language)
            return titled(title, head, empty(sentence), lead=lead)
        filters = _filters(wanted, page.programmes, language)
        if not page.total:
            every = link("questions?state=all", words("show_all", language))
            return titled(title, head, filters, empty(words("empty_filter", language), every), lead=lead)
        heads = [words(key, language) for key in ("item", "asked", "in_language", "trend", "programme", "state",
                                                  "owner")]  # fmt: skip
        rows = [_row(item, language) for item in page.items]
        counted = tag("p", words("found", language, count=page.total))
        listed = table(words("list", language), heads, rows)
        board = tag("p", file_link("gaps.csv", words("csv_gaps", language), language))
        return titled(title, head, filters, counted, listed, _pages(wanted, page.number, page.total, language), board,
                      files(language), lead=lead)  # fmt: skip

    def _gaps_file(self, visit: Visit) -> bytes:
        """Return the board as a file. It leaves the house: no visitor's own words stand in it."""
        self._board.gather()
        language = visit.language
        keys = ("head_number", "new_title", "head_words", "programme", "state", "owner", "note", "asked")
        heads = [words(key, language) for key in keys]
        heads += [words(f"kind_{kind}", language) for kind in KINDS]
        heads += [words(f"language_{la}", language) for la in LANGUAGES]
        heads += [words("first_asked", language), words("last_asked", language), words("trend", language)]
        rows: list[list[str | int]] = []
        for item in self._board.every():
            gap, tally = item.gap, item.tally
            days = [moment.date().isoformat() if moment else "" for moment in (tally.first, tally.last)]
            rows.append([
                item.id, gap.title, ", ".join(gap.words), item.programme or "", words(f"state_{gap.state}", language),
                gap.owner, gap.note, tally.count, *(item.kinds.get(kind, 0) for kind in KINDS),
                *(tally.languages.get(la, 0) for la in LANGUAGES), *days, words(f"trend_{item.trend}", language),
            ])  # fmt: skip
        return spreadsheet(heads, rows)

    # --- actions ---------------------------------------------------------------------------------------------------

    def _take(self, visit: Visit, fields: Fields) -> Outcome:
        owner = fields.get("owner", "").strip()[:100] or visit.person.name
        by, mark = visit.person.name, seen(fields)
        return self._did("said_taken", visit, fields, lambda id: self._board.take_in_hand(id, owner, by, mark))

    def _done(self, visit: Visit, fields: Fields) -> Outcome:
        return self._did("said_done", visit, fields, lambda id: self._board.close(id, visit.person.name))

    def _reopen(self, visit: Visit, fields: Fields) -> Outcome:
        return self._did("said_reopened", visit, fields, lambda id: self._board.reopen(id, visit.person.name))

    def _rename(self, visit: Visit, fields: Fields) -> Outcome:
        title, by, mark = fields.get("title", ""), visit.person.name, seen(fields)
        return self._did("said_renamed", visit, fields, lambda id: self._board.rename(id, title, by, mark))

    def _note(self, visit: Visit, fields: Fields) -> Outcome:
        text, by, mark = fields.get("note", ""), visit.person.name, seen(fields)
        return self._did("said_noted", visit, fields, lambda id: self._board.note(id, text, by, mark))

    def _did(self, said: str, visit: Visit, fields: Fields, change: Callable[[int], None]) -> Outcome:
        """Return the outcome of a change of one item."""
        id = _number(fields.get("id", ""))
        try:
            change(id)
        except NoSuchGap:
            return Outcome(words("no_item", visit.language), failed=True)
        except ChangedMeanwhile as error:
            gap = self._board.item(id).gap
            return overtaken(error, visit, {"owner": gap.owner, "title": gap.title, "note": gap.note})
        return Outcome(words(said, visit.language), go=f"questions/{id}")

    def _merge(self, visit: Visit, fields: Fields) -> Outcome:
        id, into = _number(fields.get("id", "")), _number(fields.get("into", ""))
        try:
            kept = self._board.merge(id, into, visit.person.name)
        except NoSuchGap:
            sentence = words("wrong_merge", visit.language)
            return Outcome(sentence, failed=True, wrong={"into": sentence})
        return Outcome(words("said_merged", visit.language), go=f"questions/{kept}")

    def _split(self, visit: Visit, fields: Fields) -> Outcome:
        chosen = {id for id in fields.get("chosen", "").split(",") if id}
        try:
            new = self._board.split(_number(fields.get("id", "")), chosen, visit.person.name)
        except NoSuchGap:
            return Outcome(words("wrong_choice", visit.language), failed=True)
        return Outcome(words("said_split", visit.language), go=f"questions/{new}")

    def _start(self, visit: Visit, fields: Fields) -> Outcome:
        language = visit.language
        title, text = " ".join(fields.get("heading", "").split()), fields.get("text", "").strip()
        wrong = {}
        if not title:
            wrong["heading"] = words("wrong_title", language)
        if not text:
            wrong["text"] = words("wrong_text", language)
        if wrong:
            return Outcome(" ".join(wrong.values()), failed=True, wrong=wrong)
        chosen = next((la for la in LANGUAGES if la == fields.get("in_language")), language)
        try:
            item = self._board.item(_number(fields.get("id", "")))
            draft = self._start_draft(title, chosen, text, visit.person.name)
            self._board.link_draft(item.id, draft, visit.person.name)
        except NoSuchGap:
            return Outcome(words("no_item", language), failed=True)
        return Outcome(words("said_started", language, number=draft), go=f"documents/{draft}")


def view_tabs(language: Language, current: str) -> Markup:
    """Return the links to the two views of the room."""
    entries = [
        tag("li", tag("a", words(key, language), href=f"#/{where}", aria_current="page" if where == current else None))
        for where, key in (("questions", "board"), ("questions/trends", "trends"))
    ]
    return tag("nav", tag("ul", entries), class_="tabs", aria_label=words("tabs", language))


def _back(language: Language) -> Markup:
    return tag("p", link("questions", words("back", language)))


def _filters(wanted: Wanted, programmes: Mapping[str, str], language: Language) -> Markup:
    anything = {"": words("any", language)}
    return tag(
        "form",
        select("state", words("state", language), {state: words(f"state_{state}", language) for state in STATES},
               wanted.state),
        select("kind", words("kind", language),
               anything | {kind: words(f"kind_{kind}", language) for kind in KINDS}, wanted.kind),
        select("language", words("in_language", language),
               anything | {la: words(f"language_{la}", language) for la in LANGUAGES}, wanted.language),
        select("programme", words("programme", language),
               {"": words("any_programme", language)} | dict(programmes), wanted.programme),
        field("text", words("text", language), wanted.text, kind="search", maxlength=200),
        submit(words("show", language)),
        data_go="questions", role="search",
    )  # fmt: skip


def _row(item: Item, language: Language) -> list[Markup | str]:
    recent, before = sum(item.weeks[-RECENT:]), sum(item.weeks[-2 * RECENT : -RECENT])
    trend = words(f"trend_{item.trend}", language)
    said = words("trend_said", language, trend=trend, recent=recent, before=before)
    label = tag("span", label_of(item, language), lang=item.label.language)
    kinds = ", ".join(f"{words(f'kind_{kind}', language)} ({count})" for kind, count in item.kinds.items())
    return [
        joined(link(f"questions/{item.id}", label), tag("div", kinds, class_="hint")),
        str(item.tally.count),
        ", ".join(f"{la} {count}" for la, count in sorted(item.tally.languages.items())),
        joined(tag("span", f"{ARROWS[item.trend]} {trend} "), sparkline(item.weeks, said)),
        programme_of(item, language),
        badge(LOOKS[item.gap.state], words(f"state_{item.gap.state}", language)),
        item.gap.owner or words("nobody", language),
    ]


def _pages(wanted: Wanted, number: int, total: int, language: Language) -> Markup | None:
    last = -(-total // PAGE)
    if last == 1:
        return None
    filters = {"state": wanted.state, "kind": wanted.kind, "language": wanted.language,
               "programme": wanted.programme, "text": wanted.text}  # fmt: skip
    kept = {key: value for key, value in filters.items() if value}
    links = [
        link(f"questions?{urlencode({**kept, 'page': other})}", words(key, language))
        for key, other in (("earlier", number - 1), ("later", number + 1)) if 1 <= other <= last
    ]  # fmt: skip
    where = words("page", language, number=number, pages=last)
    return tag("nav", tag("p", where, [joined(" · ", one) for one in links]), aria_label=where)


def _number(text: str) -> int:
    """Return a number of an address; 0 for what is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0

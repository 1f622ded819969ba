"""One item of the gap board: what was asked, how it was answered, what became of it, what can be done."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from bot.gaps import Board, Item
from ingest.documents import LANGUAGES, Language
from ingest.gaps import Asked
from ingest.journal import Entry
from ingest.settings import BRUSSELS
from ui.markup import Markup, joined, tag
from ui.staff.desk import SEEN, Visit
from ui.staff.forms import do, field, form, link, select, submit, table, titled
from ui.staff.forms import words as catalogued
from ui.words import date_in_words

SHOWN = 100
"""Questions of an item that its page shows, the last ones."""
DONE = ("in hand", "closed", "reopened", "renamed", "noted", "merged", "split", "document started")
"""What the journal may say of an item."""


def words(key: str, language: Language, **values: object) -> str:
    """Return a string of the room."""
    return catalogued(f"desk_questions.{key}", language, **values)


def label_of(item: Item, language: Language) -> str:
    """Return what an item is called; the words of many questions, or its number, when nobody named it."""
    if item.label.source == "words":
        return words("words_label", language, shared=item.label.text)
    return item.label.text or words("purged_label", language, id=item.id)


def programme_of(item: Item, language: Language) -> str:
    """Return the title of the document concerned; one that no question calls by name is said to be the nearest."""
    if not item.programme:
        return words("none", language)
    return item.programme if item.gap.named else words("programme_near", language, title=item.programme)


def item_page(board: Board, item: Item, history: Sequence[Entry], visit: Visit, days: int, opened: int) -> Markup:
    """Return the page of an item; *opened* is the mark of what is shown."""
    language = visit.language
    asked = board.questions(item.id)
    return titled(
        label_of(item, language),
        tag("p", link("questions", words("back", language))),
        _facts(item, language),
        tag("h2", words("actions", language)),
        _actions(item, visit, opened),
        tag("h2", words("questions", language)),
        tag("p", words("masked_note", language, days=days), class_="hint"),
        _questions(item, asked, visit),
        tag("h2", words("start", language)),
        _start_form(item, language),
        _merge_form(board, item, visit),
        tag("h2", words("history", language)),
        _history(history, language),
    )


def _facts(item: Item, language: Language) -> Markup:
    gap, tally = item.gap, item.tally
    kinds = ", ".join(f"{words(f'kind_{kind}', language)} ({count})" for kind, count in item.kinds.items())
    languages = ", ".join(f"{words(f'language_{la}', language)} ({n})" for la, n in sorted(tally.languages.items()))
    facts: list[tuple[str, Markup | str]] = [
        ("state", words(f"state_{gap.state}", language)),
        ("owner", gap.owner or words("nobody", language)),
        ("asked", str(tally.count)),
        ("kind", kinds or words("none", language)),
        ("in_language", languages or words("none", language)),
        ("programme", programme_of(item, language)),
        ("trend", words(f"trend_{item.trend}", language)),
        ("first_asked", _day(tally.first, language)),
        ("last_asked", _day(tally.last, language)),
    ]
    listed = tag("dl", [joined(tag("dt", words(key, language)), tag("dd", value)) for key, value in facts])
    return tag("section", listed, _end(item, language), _draft(item, language), aria_label=words("facts", language))


def _end(item: Item, language: Language) -> Markup | None:
    gap = item.gap
    if gap.state != "done":
        return None
    if gap.generation is not None:
        return tag("p", _answered(gap.generation, gap.document, language))
    return tag("p", words("closed_by", language, who=gap.closed_by, date=_day(gap.closed_at, language)))


def _answered(generation: int, by: str, language: Language) -> str:
    """Return that a document, or a validated answer, answers an item since a generation."""
    pin = by.removeprefix("pin ")
    if pin != by:
        return words("answered_by_pin", language, number=pin)
    return words("answered_since", language, number=generation, document=by)


def _draft(item: Item, language: Language) -> Markup | None:
    number = item.gap.draft
    if number is None:
        return None
    return tag("p", link(f"documents/{number}", words("draft_link", language, number=number)))


def _actions(item: Item, visit: Visit, opened: int) -> Markup:
    language, gap = visit.language, item.gap
    held = joined(_id(item), tag("input", type="hidden", name=SEEN, value=str(opened)))
    publisher = visit.person.may("publisher")
    taken = form(
        "questions.take", held, field("owner", words("take_owner", language), gap.owner or visit.person.name,
                                           maxlength=100),
        submit(words("take", language), look="primary"),
    )  # fmt: skip
    renamed = form(
        "questions.rename", held,
        field("title", words("new_title", language), gap.title, hint=words("new_title_hint", language), maxlength=200),
        submit(words("rename", language)),
    )  # fmt: skip
    noted = form(
        "questions.note", held, field("note", words("note", language), gap.note, rows=3, maxlength=2000),
        submit(words("save_note", language)),
    )  # fmt: skip
    if gap.state == "done":
        ends: Markup | None = do("questions.reopen", words("reopen", language), id=item.id)
    else:
        ends = do("questions.done", words("done", language), id=item.id) if publisher else None
    return joined(ends, taken, renamed, noted)


def _questions(item: Item, asked: Sequence[Asked], visit: Visit) -> Markup:
    language = visit.language
    kept = [one for one in asked if one.text]
    shown = list(reversed(kept))[:SHOWN]
    can_split = visit.person.may("publisher") and len(asked) > 1
    heads = [words(key, language) for key in ("item", "day", "in_language", "status", "remark")]
    if can_split:
        heads.append(words("choose", language))
    rows = []
    for one in shown:
        remark = joined(
            tag("div", words("thumb_down", language)) if one.rated else None,
            [tag("div", f"« {reason} »") for reason in one.reasons],
        )
        row: list[Markup | str] = [
            tag("span", one.text, lang=one.language), _day(one.at, language),
            words(f"language_{one.language}", language), words(f"status_{one.status}", language), remark,
        ]  # fmt: skip
        if can_split:
            label = f"{words('choose_one', language)} : {one.text}"
            row.append(tag("input", type="checkbox", name="chosen", value=one.answer_id, aria_label=label))
        rows.append(row)
    listed = table(words("questions", language), heads, rows) if rows else None
    if listed and can_split:
        listed = form("questions.split", _id(item), listed, submit(words("split", language)))
    counts = [
        tag("p", words(key, language, count=count))
        for key, count in (("more_count", len(kept) - len(shown)), ("purged_count", len(asked) - len(kept))) if count
    ]  # fmt: skip
    return joined(listed, counts)


def _start_form(item: Item, language: Language) -> Markup:
    """Return the form of a new document. Nothing of the visitors stands in it: a document outlives their words."""
    most = max(item.tally.languages, key=lambda la: item.tally.languages[la], default=language)
    return form(
        "questions.start", _id(item), tag("p", words("start_hint", language), class_="hint"),
        field("heading", words("start_title", language), item.gap.title, maxlength=200),
        select("in_language", words("start_language", language),
               {la: words(f"language_{la}", language) for la in LANGUAGES}, most),
        field("text", words("start_text", language), "", rows=6),
        submit(words("start", language)),
    )  # fmt: skip


def _merge_form(board: Board, item: Item, visit: Visit) -> Markup | None:
    near = board.near(item.id) if visit.person.may("publisher") else []
    if not near:
        return None
    language = visit.language
    options = {str(other.id): f"{other.id}. {label_of(other, language)}"[:120] for other in near}
    return joined(
        tag("h2", words("merge", language)),
        form(
            "questions.merge", _id(item), select("into", words("merge_into", language), options),
            submit(words("merge", language)), data_confirm=words("merge_confirm", language),
        ),
    )  # fmt: skip


def _history(entries: Sequence[Entry], language: Language) -> Markup:
    if not entries:
        return tag("p", words("no_history", language))
    lines = []
    for entry in entries:
        key = f"did_{entry.action.replace(' ', '_')}"
        what = words(key, language) if entry.action in DONE else entry.action
        if entry.action == "closed" and "generation" in entry.detail:
            what = _answered(entry.detail["generation"], entry.detail.get("document", ""), language)
        lines.append(tag("li", words("history_row", language, date=_day(entry.at, language), who=entry.by, what=what)))
    return tag("ul", lines)


def _id(item: Item) -> Markup:
    return tag("input", type="hidden", name="id", value=item.id)


def _day(moment: dt.datetime | None, language: Language) -> str:
    if moment is None:
        return words("none", language)
    return date_in_words(moment.astimezone(BRUSSELS).date().isoformat(), language)

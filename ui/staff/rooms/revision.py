"""The page of one version of a document, top to bottom: state and actions, what readers will see, what was found,
what it says of itself, its history; and the comparison of two versions.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from bot.preview import Previews
from ingest.differences import Change, differences, lines_of, lines_of_passages
from ingest.documents import Language, Passage, SourceDocument
from ingest.errors import UnreadableFile
from ingest.findings import Findings, Resemblance
from ingest.library import Library
from ingest.passages import split
from ingest.readers import MARKDOWN_SUFFIXES, decode
from ingest.revisions import EDITABLE, Revision, WrongState
from ingest.writing import mark
from ui.markup import Child, Markup, joined, tag
from ui.staff import forms
from ui.staff.desk import NoSuchPlace, Visit
from ui.staff.differences import marked
from ui.staff.forms import words
from ui.staff.rooms import head, preview
from ui.staff.rooms.journal import action_in_words, moment_in_words, person_in_words
from ui.staff.rooms.listing import state_badge
from ui.staff.verdict import refusal, verdict
from ui.words import date_in_words

LINES = 60
"""Lines of the text that are shown at first."""
EDITED_AS_TEXT = (*MARKDOWN_SUFFIXES, ".txt")


def page(library: Library, previews: Previews, visit: Visit, number: int) -> Markup:
    """Return the page of the revision *number*."""
    opened = mark(library.engine)
    found, language = library.revisions.get(number), visit.language
    document = _document(library, found)
    passages = _passages(library, found, document)
    return forms.titled(
        found.title or found.name,
        _state(library, previews, visit, found),
        _text(visit, found, passages) if passages else None,
        _found(found, language),
        _about(found, language, visit.person.may("publisher"), opened),
        _rewriting(library, found, document, language),
        _history(library, found, language),
        lead=found.name if found.title else None,
    )


def in_short(found: Revision, language: Language) -> str:
    """Return the first thing to know of what was read, for a list."""
    if found.problem:
        return refusal(found.problem["kind"], found.name, language)
    if not found.findings.get("findings"):
        return ""
    return " · ".join(verdict(_findings(found), language)[:2])


# --- state and actions -------------------------------------------------------------------------------------------


def _state(library: Library, previews: Previews, visit: Visit, found: Revision) -> Markup:
    language = visit.language
    return tag(
        "section",
        tag("h2", words("desk_documents.state_and_actions", language), id="state"),
        tag("p", state_badge(found, language)),
        tag("p", words("desk_documents.reading", language), data_refresh="1") if found.state == "received" else None,
        _held(found, language),
        _becomes(library, found, language) if found.state in EDITABLE else None,
        tag("div", list(_actions(library, previews, visit, found)), class_="actions"),
        _original(found, language),
        aria_labelledby="state",
    )


def _held(found: Revision, language: Language) -> Markup | None:
    """Return why a publication was held back on its day."""
    if not found.held:
        return None
    day = date_in_words(found.held.get("day"), language)
    sentence = words(f"desk_documents.held_{found.held['why']}", language, date=day, count=found.held.get("count", 0))
    return tag("p", sentence, class_="attention")


def _original(found: Revision, language: Language) -> Markup | None:
    if not found.original:
        return None
    way = f"export/documents/{found.number}"
    return tag("p", tag("a", words("desk_documents.original", language), href=way, download=True))


def _becomes(library: Library, found: Revision, language: Language) -> Markup:
    """Return what publishing would make of a draft, and what it looks like if that is something else."""
    served = library.documents.get(found.key or "")
    said = (
        words("desk_documents.new_version_of", language, title=served.title, version=served.version + 1)
        if served
        else words("desk_documents.new_document", language)
    )
    alike = _resemblance(found)
    other = library.documents.get(alike.key) if alike else None
    question: Child = None
    if alike and other and other.key != found.key:
        question = tag(
            "div",
            tag("p", words("desk_documents.looks_like", language, title=other.title)),
            forms.do(
                "documents.version", words("desk_documents.make_version", language), number=found.number, id=other.id
            ),
            forms.do("documents.apart", words("desk_documents.make_apart", language), number=found.number),
            class_="attention",
        )
    difference = forms.link(
        forms.address("documents", found.number, "diff", served.revision), words("desk_documents.see_diff", language)
    ) if served else None  # fmt: skip
    return joined(tag("p", said, " ", difference), question)


def _actions(library: Library, previews: Previews, visit: Visit, found: Revision) -> Iterator[Markup]:
    language, number = visit.language, found.number
    publisher = visit.person.may("publisher")
    if found.state in EDITABLE:
        yield _publishing(library, previews, visit, found) if publisher else joined()
        if found.state == "draft" and (not publisher or library.settings.staff_second_person):
            yield forms.do("documents.submit", words("desk_documents.submit", language), number=number)
        if found.state in ("waiting", "scheduled"):
            yield forms.do("documents.withdraw", words("desk_documents.withdraw", language), number=number)
    if found.state in EDITABLE or found.state == "refused":
        yield forms.do("documents.discard", words("desk_documents.discard", language), number=number)
    if found.state in ("discarded", "refused"):
        yield forms.do("documents.recover", words("desk_documents.recover", language), number=number)
    if found.state == "published" and publisher:
        yield _archiving(previews, visit, found)
    if found.state in ("replaced", "archived") and publisher:
        sure = words("desk_documents.restore_sure", language)
        yield forms.do("documents.restore", words("desk_documents.restore", language), confirm=sure, number=number)


def _archiving(previews: Previews, visit: Visit, found: Revision) -> Markup:
    """Return the way to take a document out of the answers, with the effect on them before."""
    language, gone = visit.language, [found.key or ""]
    sure = words("desk_documents.archive_sure", language, title=found.title)
    blocked = previews.blocks((), gone)
    look = forms.link(preview.address((), gone), words("desk_documents.preview", language))
    return joined(
        forms.form(
            "documents.archive",
            tag("input", type="hidden", name="number", value=str(found.number)),
            tag("p", words("desk_documents.blocked", language), class_="attention") if blocked else None,
            _reason("archive", language) if blocked else None,
            forms.submit(words("desk_documents.archive", language), look="danger"),
            data_confirm=sure,
        ),
        tag("p", look),
    )


def _reason(within: str, language: Language) -> Markup:
    return forms.field("reason", words("desk_documents.reason", language), required=True, within=within, maxlength=500)


def _publishing(library: Library, previews: Previews, visit: Visit, found: Revision) -> Markup:
    """Return the ways to publish a draft: now, on a day; with the effect on the answers before."""
    language, number = visit.language, found.number
    demand = previews.demands([number])
    blocked = demand == "reason"
    look = forms.link(preview.address([number], ()), words("desk_documents.preview", language))
    if demand == "preview":
        unseen: str | None = words("desk_documents.will_look", language)
    else:
        unseen = None if previews.is_known([number]) else words("desk_documents.unpreviewed", language)
    tomorrow = library.settings.current_date() + dt.timedelta(days=1)
    return joined(
        forms.form(
            "documents.publish",
            tag("input", type="hidden", name="number", value=str(number)),
            tag("p", words("desk_documents.blocked", language), class_="attention") if blocked else None,
            _reason("publish", language) if blocked else None,
            forms.submit(words("desk_documents.publish", language), look="primary"),
        ),
        tag("p", look, tag("span", unseen, class_="hint") if unseen else None, class_="effect"),
        tag(
            "details",
            tag("summary", words("desk_documents.later", language)),
            forms.form(
                "documents.schedule",
                tag("input", type="hidden", name="number", value=str(number)),
                forms.field("day", words("desk_documents.schedule", language), found.publish_on or "", kind="date",
                            required=True, min=tomorrow.isoformat()),
                _reason("schedule", language) if blocked else None,
                forms.submit(words("desk_documents.schedule_go", language)),
            ),
        ),
    )  # fmt: skip


# --- what was read -----------------------------------------------------------------------------------------------


def _text(visit: Visit, found: Revision, passages: Sequence[Passage]) -> Markup:
    """Return the passages as they will be quoted, line by line."""
    language = visit.language
    most = None if visit.query.get("text") == "all" else LINES
    blocks: list[Markup] = []
    shown = left = 0
    page_number: int | None = None
    for passage in passages:
        quotes = list(passage.quotes())
        if most is not None and shown + len(quotes) > most and shown:
            left += len(quotes)
            continue
        shown += len(quotes)
        if passage.page != page_number:
            page_number = passage.page
            label = passage.page_label or str(page_number)
            blocks.append(tag("h3", words("desk_documents.page", language, number=label)))
        blocks.append(
            tag(
                "div",
                tag("p", " › ".join(passage.headings), class_="eyebrow") if passage.headings else None,
                [_line(quote, span.role == "order", language) for span, quote in quotes],
                class_="passage",
                lang=found.language if found.language != language else None,
            )
        )
    more = forms.link(
        forms.address("documents", found.number, text="all"), words("desk_documents.lines_more", language, count=left)
    ) if left else None  # fmt: skip
    return tag(
        "section",
        tag("h2", words("desk_documents.passages", language), id="passages"),
        tag("p", words("desk_documents.passages_lead", language), class_="hint"),
        blocks,
        tag("p", more) if more else None,
        aria_labelledby="passages",
    )


def _line(quote: str, order: bool, language: Language) -> Markup:
    if not order:
        return tag("p", quote)
    note = tag("small", words("desk_documents.left_out", language), lang=language)
    return tag("p", tag("s", quote), " ", note, class_="attention")


def _found(found: Revision, language: Language) -> Markup | None:
    if found.problem:
        title, lines = "refused", [refusal(found.problem["kind"], found.name, language)]
    elif found.findings.get("findings"):
        title, lines = "found", verdict(_findings(found), language, _resemblance(found))
    else:
        return None
    return tag(
        "section",
        tag("h2", words(f"desk_documents.{title}", language), id="found"),
        tag("ul", [tag("li", line) for line in lines]),
        aria_labelledby="found",
    )


def _about(found: Revision, language: Language, publisher: bool, opened: int) -> Markup | None:
    if found.state in ("received", "refused"):
        return None
    said = None
    if found.state not in EDITABLE:
        lines = [joined(tag("dt", name), tag("dd", value)) for name, value in head.lines(found, language)]
        said = tag("dl", lines, class_="facts")
    changeable = found.state in EDITABLE or found.state == "published"
    return tag(
        "section",
        tag("h2", words("desk_documents.about", language), id="about"),
        said,
        head.form(found, language, may_end=publisher, seen=opened) if changeable else None,
        aria_labelledby="about",
    )


def _rewriting(library: Library, found: Revision, document: SourceDocument | None, language: Language) -> Markup | None:
    """Return the form in which the text of a text file is corrected."""
    if document is None or not found.original or not found.original.endswith(EDITED_AS_TEXT):
        return None
    if found.state not in (*EDITABLE, "published"):
        return None
    try:
        path = library.originals.path(found.original)
        text = decode(path, path.read_bytes())
    except UnreadableFile:
        return None
    return tag(
        "details",
        tag("summary", words("desk_documents.rewrite", language)),
        forms.form(
            "documents.rewrite",
            tag("input", type="hidden", name="number", value=str(found.number)),
            forms.field("text", words("desk_documents.rewrite", language), text, rows=20,
                        hint=words("desk_documents.rewrite_hint", language)),
            forms.submit(words("desk_documents.save", language)),
        ),
    )  # fmt: skip


# --- history -----------------------------------------------------------------------------------------------------


def _history(library: Library, found: Revision, language: Language) -> Markup:
    others = library.revisions.list(key=found.key, limit=100) if found.key else [found]
    heads = [words(f"desk_documents.column_{name}", language) for name in ("when", "state", "version", "by")]
    heads.append(words("desk_documents.compare", language))
    rows: list[Sequence[Child]] = []
    for each in others:
        when = date_in_words((each.published_at or each.created_at).date().isoformat(), language)
        same = each.number == found.number
        compare = forms.address("documents", max(each.number, found.number), "diff", min(each.number, found.number))
        rows.append(
            [
                when if same else forms.link(forms.address("documents", each.number), when),
                state_badge(each, language),
                str(each.version or ""),
                person_in_words(each.published_by or each.edited_by or each.created_by, language),
                None if same else forms.link(compare, words("desk_documents.compare", language)),
            ]
        )
    entries = library.journal.entries(subject=f"revision {found.number}", limit=30)
    entries += library.journal.entries(subject=f"document {found.key}", limit=30) if found.key else []
    entries.sort(key=lambda entry: -entry.number)
    return tag(
        "section",
        tag("h2", words("desk_documents.history", language), id="history"),
        forms.table(words("desk_documents.versions", language), heads, rows),
        tag(
            "ol",
            [
                tag(
                    "li",
                    moment_in_words(entry, language),
                    f" · {action_in_words(entry.action, language)} · {person_in_words(entry.by, language)}",
                )
                for entry in entries
            ],
            class_="log",
        ),
        aria_labelledby="history",
    )


def comparison(library: Library, visit: Visit, before: int, after: int) -> Markup:
    """Return what the revision *after* says otherwise than the revision *before*."""
    language = visit.language
    old, new = library.revisions.get(before), library.revisions.get(after)
    old_text, new_text = _document(library, old), _document(library, new)
    if old_text is None or new_text is None:
        raise NoSuchPlace(f"{before}…{after}")
    if old_text.pages and new_text.pages:
        changes = differences(lines_of(old_text), lines_of(new_text))
    else:
        # Of what was served before texts were kept there are the passages: both sides as passages, cut alike.
        sides = [_passages(library, *side) for side in ((old, old_text), (new, new_text))]
        if not all(sides):
            raise NoSuchPlace(f"{before}…{after}")
        changes = differences(*map(lines_of_passages, sides))
    lead = words(
        "desk_documents.diff_lead",
        language,
        before=date_in_words((old.published_at or old.created_at).date().isoformat(), language),
        after=date_in_words((new.published_at or new.created_at).date().isoformat(), language),
    )
    same = all(change.kind == "kept" for change in changes)
    return forms.titled(
        f"{words('desk_documents.diff_title', language)} : {new.title or new.name}",
        tag("p", forms.link(forms.address("documents", after), words("desk_documents.back", language))),
        _heads(old, new, language),
        tag(
            "section",
            tag("h2", words("desk_documents.diff_text", language), id="text"),
            forms.empty(words("desk_documents.diff_same", language))
            if same
            else tag("div", [_change(change, language) for change in changes], class_="diff", lang=new.language),
            aria_labelledby="text",
        ),
        lead=lead,
    )


def _heads(old: Revision, new: Revision, language: Language) -> Markup | None:
    before, after = dict(head.lines(old, language)), dict(head.lines(new, language))
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    if not names:
        return None
    title = words("desk_documents.diff_head", language)
    heads = [words("desk_documents.about", language), words("desk_documents.diff_removed", language),
             words("desk_documents.diff_added", language)]  # fmt: skip
    return forms.table(title, heads, [(name, before.get(name), after.get(name)) for name in names])


def _change(change: Change, language: Language) -> Markup:
    if change.kind == "kept":
        return tag("p", words("desk_documents.diff_kept", language, count=change.count), class_="hint", lang=language)
    label = tag("small", words(f"desk_documents.diff_{change.kind}", language), lang=language)
    if change.kind == "changed":
        left, right = marked(change.before[0], change.after[0])
        return tag("div", label, tag("p", *left, class_="before"), tag("p", *right, class_="after"), class_="change")
    lines, element = (change.before, "del") if change.kind == "removed" else (change.after, "ins")
    look = "before" if change.kind == "removed" else "after"
    return tag("div", label, [tag("p", tag(element, line), class_=look) for line in lines], class_="change")


def _document(library: Library, found: Revision) -> SourceDocument | None:
    if found.key is None:
        return None
    try:
        return library.revisions.document(found.number)
    except WrongState:
        return None


def _passages(library: Library, found: Revision, document: SourceDocument | None) -> list[Passage]:
    """Return the passages that readers see of a revision: as they were stored, or as they would be cut."""
    if document is None:
        return []
    return split(document) if document.pages else library.passages_of_revision(found.number)


def _findings(found: Revision) -> Findings:
    return Findings.of_data(found.findings["findings"])


def _resemblance(found: Revision) -> Resemblance | None:
    alike = found.findings.get("resembles")
    return Resemblance(**alike) if alike else None

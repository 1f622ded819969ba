"""The page of the preview of a change: what each answer says before and after, side by side."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from bot.preview import KINDS, Change, GoldenInvalid, Made, Missing, Previews, Progress, Running, Side
from bot.wording import catalogue
from ingest.documents import Language
from ingest.library import Library
from ingest.revisions import UnknownRevision
from ingest.settings import BRUSSELS
from ui.markup import Child, Markup, joined, tag
from ui.staff import forms
from ui.staff.desk import NoSuchPlace, Visit
from ui.staff.differences import marked
from ui.staff.forms import words
from ui.words import date_in_words

PAGE = 20
"""Changes that are shown together."""
LOOKS = {"better": "good", "worse": "bad", "other": "attention"}
MOST = 100
"""Documents that one change may hold."""


def chosen(asked: Mapping[str, str]) -> tuple[list[int], list[str]]:
    """Return the revisions and the documents to remove that an address or a form names; raises ``NoSuchPlace``."""
    numbers = [part for part in asked.get("revisions", "").split(",") if part.strip()]
    gone = [part.strip() for part in asked.get("gone", "").split(",") if part.strip()]
    wrong = [part for part in numbers if not part.strip().isdecimal() or len(part) > 15]
    if wrong or len(numbers) + len(gone) > MOST:
        raise NoSuchPlace("quality/preview")
    return sorted({int(part) for part in numbers}), sorted(set(gone))


def page(library: Library, previews: Previews, visit: Visit) -> Markup:
    """Return the preview of the change that the address names."""
    language = visit.language
    numbers, gone = chosen(visit.query)
    title, lead = words("desk_quality.preview", language), words("desk_quality.preview_lead", language)
    back = tag("p", forms.link("documents", words("desk_quality.back", language)))
    if not numbers and not gone:
        return forms.titled(title, forms.empty(words("desk_quality.preview_nothing", language)), back, lead=lead)
    made = previews.latest(numbers, gone)
    return forms.titled(
        title,
        running(previews.running, language),
        _the_change(library, numbers, gone, language),
        _result(previews, made, numbers, gone, visit) if made else _unknown(numbers, gone, language),
        _changes(previews, made, numbers, gone, visit) if made else None,
        back,
        lead=lead,
    )


def made_in_words(by: str, at: dt.datetime, day: str, language: Language) -> str:
    """Return who made something when, and for which day answers were given."""
    date = date_in_words(at.astimezone(BRUSSELS).date().isoformat(), language)
    return words("desk_quality.made", language, by=by, date=date, day=date_in_words(day, language))


def status_in_words(status: str, language: Language) -> str:
    """Return how an answer ended, in words."""
    key = f"desk_quality.status_{status}"
    return words(key, language) if key in catalogue() else status


def running(present: Running | None, language: Language) -> Markup | None:
    """Return that a preview is being made, with the way to stop it; the page looks again by itself."""
    if present is None:
        return None
    return tag(
        "div",
        tag("p", running_in_words(present, language)),
        forms.do("quality.stop", words("desk_quality.stop", language)),
        class_="card",
        data_refresh="2",
    )


def lacking(missing: Missing, language: Language) -> str:
    """Return in words what a control question lacks."""
    detail = missing.detail
    if missing.kind == "status":
        detail = status_in_words(detail, language)
    elif missing.kind == "language":
        detail = words(f"desk_quality.language_{detail}", language)
    return words(f"desk_quality.missing_{missing.kind}", language, detail=detail.replace("|", " / "))


def counts(of: Progress | Running) -> dict[str, int]:
    """Return how far something is, for a sentence."""
    # The question that is being asked, not how many were: nobody counts from zero.
    return {"done": min(of.done + 1, of.total), "total": of.total}


def running_in_words(present: Running, language: Language) -> str:
    """Return who makes a preview now, and how far it is."""
    return words("desk_quality.is_running", language, by=present.by, **counts(present))


# --- the change and what came of it ------------------------------------------------------------------------------


def _the_change(library: Library, numbers: Sequence[int], gone: Sequence[str], language: Language) -> Markup:
    published, removed = [], []
    for number in numbers:
        try:
            title = library.revisions.get(number).title
        except UnknownRevision:
            title = ""
        published.append(tag("li", forms.link(forms.address("documents", number), title or str(number))))
    for key in gone:
        info = library.documents.get(key)
        removed.append(
            tag("li", forms.link(forms.address("documents", info.revision), info.title) if info else key)
        )  # fmt: skip
    return tag(
        "section",
        tag("h2", words("desk_quality.the_change", language), id="the-change"),
        joined(tag("p", words("desk_quality.publishes", language)), tag("ul", published)) if published else None,
        joined(tag("p", words("desk_quality.removes", language)), tag("ul", removed)) if removed else None,
        aria_labelledby="the-change",
    )


def _unknown(numbers: Sequence[int], gone: Sequence[str], language: Language) -> Markup:
    return forms.empty(words("desk_quality.none", language), _run(numbers, gone, language, "run", look="primary"))


def _run(numbers: Sequence[int], gone: Sequence[str], language: Language, word: str, look: str = "") -> Markup:
    fields = {"revisions": ",".join(map(str, numbers)), "gone": ",".join(gone)}
    return forms.do("quality.run", words(f"desk_quality.{word}", language), look=look, **fields)


def _result(previews: Previews, made: Made, numbers: Sequence[int], gone: Sequence[str], visit: Visit) -> Markup:
    language, found = visit.language, made.comparison
    lines: list[tuple[str, str]] = [
        (words("desk_quality.asked", language),
         words("desk_quality.asked_of", language, count=found.asked, golden=found.golden, real=found.real)),
        (words("desk_quality.right", language),
         words("desk_quality.right_of", language, before=found.passed_before, after=found.passed_after)),
        (words("desk_quality.unchanged", language), str(found.unchanged)),
        *((words(f"desk_quality.is_{kind}", language), str(len(found.of_kind(kind)))) for kind in KINDS),
    ]  # fmt: skip
    if found.left_out:
        lines.append((words("desk_quality.left_out", language), str(found.left_out)))
    return tag(
        "section",
        tag("h2", words("desk_quality.summary", language), id="summary"),
        tag("p", _verdict(made, language)),
        tag("p", words("desk_quality.stale", language), class_="attention") if not made.current else None,
        tag("dl", [joined(tag("dt", name), tag("dd", value)) for name, value in lines]),
        tag("p", tag("small", made_in_words(made.by, made.at, found.day, language))),
        tag("div", _run(numbers, gone, language, "run_again"), class_="row"),
        _publishing(previews, numbers, gone, visit) if made.current else None,
        aria_labelledby="summary",
    )


def _verdict(made: Made, language: Language) -> Markup:
    if not made.current:
        return forms.badge("attention", words("desk_quality.stale_short", language))
    if broken := made.comparison.regressions:
        return forms.badge("bad", words("desk_quality.regressions", language, count=len(broken)))
    return forms.badge("good", words("desk_quality.clear", language))


def _publishing(previews: Previews, numbers: Sequence[int], gone: Sequence[str], visit: Visit) -> Markup | None:
    """Return the way to publish what was looked at; where control questions break, a reason is asked for."""
    if not numbers or gone or not visit.person.may("publisher"):
        return None
    language = visit.language
    blocked = previews.blocks(numbers)
    hint = words("desk_quality.reason_hint", language)
    reason = forms.field("reason", words("desk_quality.reason", language), required=True, hint=hint, maxlength=500)
    return forms.form(
        "documents.publish",
        tag("input", type="hidden", name="number", value=",".join(map(str, numbers))),
        reason if blocked else None,
        forms.submit(words(f"desk_quality.{'publish_anyway' if blocked else 'publish'}", language),
                     look="danger" if blocked else "primary"),
    )  # fmt: skip


# --- the answers that change -------------------------------------------------------------------------------------


def _changes(previews: Previews, made: Made, numbers: Sequence[int], gone: Sequence[str], visit: Visit) -> Markup:
    language, found = visit.language, made.comparison
    title = tag("h2", words("desk_quality.changes", language), id="changes")
    if not found.changes:
        return tag("section", title, tag("p", words("desk_quality.changes_none", language)), aria_labelledby="changes")
    kind = visit.query.get("kind", "")
    kind = kind if kind in KINDS else ""
    here = {"revisions": ",".join(map(str, numbers)), "gone": ",".join(gone)}
    views = {
        forms.address("quality", "preview", **here, kind=each): words(
            f"desk_quality.kind_{each or 'all'}", language, count=len(found.of_kind(each) if each else found.changes)
        )
        for each in ("", *KINDS)
    }
    current = forms.address("quality", "preview", **here, kind=kind)
    shown = found.of_kind(kind) if kind else found.changes
    # What breaks stands first, whatever was asked first.
    ordered = sorted(shown, key=lambda change: (not change.is_regression, KINDS.index(change.kind)))
    asked = visit.query.get("from", "")
    start = int(asked) if asked.isdecimal() and len(asked) < 6 else 0
    part = ordered[start : start + PAGE]
    questions = _questions(previews, part, language)
    more = forms.address("quality", "preview", **here, kind=kind, **{"from": start + PAGE})
    return tag(
        "section",
        title,
        forms.tabs(words("desk_quality.filter", language), current, views),
        [_change(each, questions, language) for each in part],
        tag("p", words("desk_quality.changes_none_of", language)) if not part else None,
        tag("p", forms.link(more, words("desk_quality.more", language))) if start + PAGE < len(ordered) else None,
        aria_labelledby="changes",
    )


def _questions(previews: Previews, changes: Sequence[Change], language: Language) -> dict[tuple[bool, str], Markup]:
    """Return the questions of *changes* as far as they are there: those of visitors go with their receipts."""
    try:
        golden = {question.id: question for question in previews.golden().questions}
    except GoldenInvalid:
        golden = {}
    kept = previews.questions_of([change.id for change in changes if not change.golden])
    found: dict[tuple[bool, str], Markup] = {}
    for change in changes:
        text = golden[change.id].question if change.golden and change.id in golden else None
        text = kept.get(change.id) if not change.golden else text
        gone = tag("em", words(f"desk_quality.{'unknown' if change.golden else 'purged'}", language))
        found[change.golden, change.id] = gone if text is None else tag("span", text, lang=change.before.language)
    return found


def _change(change: Change, questions: Mapping[tuple[bool, str], Markup], language: Language) -> Markup:
    what = ", ".join(words(f"desk_quality.what_{name}", language) for name in change.what)
    return tag(
        "article",
        tag("h3", questions[change.golden, change.id]),
        tag(
            "p",
            forms.badge(LOOKS[change.kind], words(f"desk_quality.is_{change.kind}", language)),
            " · ",
            words(f"desk_quality.is_{'golden' if change.golden else 'asked'}", language),
        ),
        tag("p", words("desk_quality.differs", language, what=what)),
        tag("div", [tag("div", *part) for part in _sides(change, language)], class_="sides"),
        class_="card",
    )


def _sides(change: Change, language: Language) -> Iterator[list[Child]]:
    """Yield what stands on the left and on the right."""
    texts = marked(change.before.text, change.after.text)
    quotes = tuple({(cited.key, cited.quote) for cited in side.cited} for side in (change.before, change.after))
    for name, side, text, others in (
        ("before", change.before, texts[0], quotes[1]),
        ("after", change.after, texts[1], quotes[0]),
    ):
        label = "gone" if name == "before" else "come"
        yield [
            tag("h4", words(f"desk_quality.{name}", language)),
            tag("p", tag("strong", status_in_words(side.status, language))),
            tag("ul", [tag("li", lacking(each, language)) for each in side.missing]) if side.missing else None,
            tag("pre", *_spoken(text, label, language), lang=side.language)
            if side.text
            else tag("p", words("desk_quality.no_answer", language)),
            _programmes(side, language),
            _sources(side, others, label, language),
            joined(tag("h5", words("desk_quality.next", language)), tag("p", side.next_step))
            if side.next_step and "next_step" in change.what
            else None,
        ]


def _spoken(pieces: Sequence[Child], label: str, language: Language) -> list[Child]:
    """Return the pieces of a text; voices say where what differs begins and ends."""
    return [_labelled(piece, label, language) if isinstance(piece, Markup) else piece for piece in pieces]


def _labelled(piece: Markup, label: str, language: Language) -> Markup:
    begins, ends = (words(f"desk_quality.{name}_mark", language) for name in (label, "end"))
    return joined(
        tag("span", begins, class_="hush", lang=language), piece, tag("span", ends, class_="hush", lang=language)
    )


def _programmes(side: Side, language: Language) -> Markup | None:
    if not side.programmes:
        return None
    lines = []
    for programme in side.programmes:
        dates = [
            words(f"desk_quality.{name}", language, date=date_in_words(date, language))
            for name, date in (("from_day", programme.opens), ("until_day", programme.closes))
            if date
        ]
        state = words(f"desk_quality.state_{programme.state}", language)
        lines.append(tag("li", f"{programme.title} : " if language == "fr" else f"{programme.title}: ",
                         ", ".join([state, *dates])))  # fmt: skip
    return joined(tag("h5", words("desk_quality.programmes", language)), tag("ul", lines))


def _sources(side: Side, others: set[tuple[str, str]], label: str, language: Language) -> Markup | None:
    """Return what is cited; what only this side cites is marked."""
    if not side.cited:
        return None
    lines = []
    for cited in side.cited:
        quote: Markup = tag("q", cited.quote, lang=cited.key[:2])
        if (cited.key, cited.quote) not in others:
            quote = _labelled(tag("del" if label == "gone" else "ins", quote), label, language)
        lines.append(tag("li", tag("strong", cited.title), " ", quote, value=cited.n))
    return joined(tag("h5", words("desk_quality.sources", language)), tag("ol", lines))

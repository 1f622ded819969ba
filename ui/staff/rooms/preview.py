"""The page of the preview of a change: what each answer says before and after, side by side."""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.preview import (
    KINDS,
    Change,
    GoldenInvalid,
    LibraryChanged,
    Made,
    Missing,
    PreviewFailed,
    Previews,
    PreviewTooSlow,
    Progress,
    Running,
    Side,
)
from bot.wording import catalogue
from ingest.documents import Language
from ingest.library import Library
from ingest.revisions import UnknownRevision
from ingest.settings import BRUSSELS
from ui.markup import Child, Markup, joined, tag
from ui.staff import forms, refusals
from ui.staff.desk import Fields, NoSuchPlace, Outcome, Step, Visit
from ui.staff.differences import marked
from ui.staff.forms import words
from ui.words import date_in_words

PAGE = 20
"""Changes that are shown together."""
LOOKS = {"better": "good", "worse": "bad", "other": "attention"}
MOST = 2_000
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
        _publishing(library, previews, numbers, gone, visit),
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
        tag("p", refusals.running(present, language)),
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


def step(said: Progress, language: Language) -> Step:
    """Return a step of a preview in words."""
    # The question that is being asked, not how many were: nobody counts from zero.
    done = min(said.done + 1, said.total)
    return Step(words(f"desk_quality.step_{said.step}", language, done=done, total=said.total), said.done, said.total)


def address(numbers: Sequence[int], gone: Sequence[str], **query: str | int) -> str:
    """Return where the preview of a change stands."""
    return forms.address("quality", "preview", revisions=",".join(map(str, numbers)), gone=",".join(gone), **query)


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at a change, before it is made, has come to."""

    overruled: str = ""
    """Why the change is made although control questions would fail."""
    refused: Outcome | None = None
    """Set when the change is not made: what is said, and where to go."""
    said: str = ""
    """What is told with the success: that the effect was looked at, and what it is."""


def looked(
    previews: Previews, visit: Visit, numbers: Sequence[int], gone: Sequence[str], fields: Fields
) -> Generator[Step, None, Looked]:
    """Yield the steps of the preview that a change needs, if it needs one; return what it has come to.

    A regression needs a ``reason`` among the *fields*. So does a change of which nobody can tell what it does; the page
    of the preview has the form for that, which says so (``unseen``).
    """
    language, reason = visit.language, fields.get("reason", "").strip()[:500]
    demand, said = previews.demands(numbers, gone), ""
    if demand == "preview" and not (fields.get("unseen") and reason):
        try:
            for each in previews.run(numbers, gone, visit.person.name):
                if isinstance(each, Progress):
                    yield step(each, language)
                else:
                    said = words("desk_quality.was_looked", language, count=each.golden, changes=len(each.changes))
        except (PreviewTooSlow, PreviewFailed) as error:
            sentence = refusals.sentence(error, language)
            return Looked(refused=Outcome(sentence, address(numbers, gone, unseen="yes"), failed=True))
        demand = previews.demands(numbers, gone)
    if demand == "nothing":
        return Looked(said=said)
    if reason and (demand == "reason" or fields.get("unseen")):
        return Looked(overruled=reason)
    if demand == "preview":
        raise LibraryChanged("Something was published or edited while the preview was made. Run it again.")
    return Looked(refused=Outcome(words("desk_documents.blocked", language), address(numbers, gone), failed=True))


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
        aria_labelledby="summary",
    )


def _verdict(made: Made, language: Language) -> Markup:
    if not made.current:
        return forms.badge("attention", words("desk_quality.stale_short", language))
    if broken := made.comparison.regressions:
        return forms.badge("bad", words("desk_quality.regressions", language, count=len(broken)))
    return forms.badge("good", words("desk_quality.clear", language))


def _publishing(
    library: Library, previews: Previews, numbers: Sequence[int], gone: Sequence[str], visit: Visit
) -> Markup | None:
    """Return the way to do what was looked at; where control questions break, or cannot be asked, with a reason."""
    if not visit.person.may("publisher") or (numbers and gone) or len(gone) > 1:
        return None
    language, unseen = visit.language, bool(visit.query.get("unseen"))
    if gone:
        info = library.documents.get(gone[0])
        if info is None:
            return None
        action, sent, verb = "documents.archive", str(info.revision), "archive"
    else:
        action, sent, verb = "documents.publish", ",".join(map(str, numbers)), "publish"
    demand = previews.demands(numbers, gone)
    if demand == "preview" and not unseen:
        return None
    anyway = demand != "nothing"
    hint = words("desk_quality.reason_hint", language)
    return tag(
        "section",
        forms.form(
            action,
            tag("input", type="hidden", name="number", value=sent),
            tag("input", type="hidden", name="unseen", value="yes") if demand == "preview" else None,
            forms.field("reason", words("desk_quality.reason", language), required=True, hint=hint, maxlength=500)
            if anyway
            else None,
            forms.submit(words(f"desk_quality.{verb}{'_anyway' if anyway else ''}", language),
                         look="danger" if anyway or gone else "primary"),
        ),
        class_="actions",
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

"""Revisions: every version of every document, in its state. What is served is what is ``published`` here.

::

    received ─→ refused                                    a file that gives no text
        └────→ draft ─→ waiting ─→ scheduled ─→ published ─→ replaced   by another revision of the same document
                 │         (for a second person)    │  ↑        │
                 └─→ discarded                      └──┴── archived     by staff or by its last day

A replaced or archived revision can be published again; nothing is ever deleted.
"""

from __future__ import annotations

import builtins
import dataclasses
import datetime as dt
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Literal, cast

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session, undefer

from ingest.analysis import fold
from ingest.database import RevisionRow, now
from ingest.documents import Language, Page, Section, Source, SourceDocument, Statement
from ingest.errors import GuichetError
from ingest.filenames import shown
from ingest.journal import note
from ingest.writing import refuse_newer, writing

State = Literal[
    "received", "refused", "draft", "waiting", "scheduled", "published", "replaced", "archived", "discarded"
]
STATES: tuple[State, ...] = (
    "received", "refused", "draft", "waiting", "scheduled", "published", "replaced", "archived", "discarded",
)  # fmt: skip
EDITABLE: frozenset[State] = frozenset({"draft", "waiting", "scheduled"})
"""States in which what a revision says of itself may still be changed."""
HELD = ("regressions", "unknown", "doubled", "ended")
"""Why a publication is held back on its day: control questions would fail; it could not be found out whether they
would; two drafts of one document were set for the same day; the last day of publication was over by then."""
LASTING = ("kind", "status", "status_as_of", "operator", "contact", "aliases")
"""What a person has said of a document holds for its next version, until a person says otherwise; not so its days."""
ASIDE: frozenset[str] = frozenset({"owner", "review_by", "remark", "resembles"})
"""What only staff see of a revision: it changes neither what was approved of it nor what holds it back. Its last day is
not among them, since it takes the document out of the answers."""
SHORT = 500
"""Characters of a change of what a sheet's head says, from which on the journal tells only that there was one."""
_OWN = ("title", "url", "as_of", "owner", "review_by", "expires_on", "remark")
PUBLISHABLE: frozenset[State] = frozenset({"draft", "waiting", "scheduled", "replaced", "archived"})


class WrongState(GuichetError):
    """Something that cannot be done to a revision in its present state."""


class UnknownRevision(GuichetError):
    """No revision has this number."""


@dataclass(frozen=True, slots=True)
class Revision:
    """One version of a document, without its text."""

    number: int
    state: State
    name: str
    """The name of the file, or the address, as it is shown."""
    origin: str
    digest: str
    original: str | None
    key: str | None
    """The document; unknown while the file is not read."""
    language: Language | None
    title: str
    version: int | None
    """Counts the published versions of a document; none before it is published."""
    url: str | None
    as_of: str | None
    meta: Mapping[str, Any]
    warnings: tuple[str, ...]
    findings: Mapping[str, Any]
    problem: Mapping[str, str] | None
    """Why the file was refused: ``kind`` and ``message``."""
    pages: int
    owner: str
    review_by: str | None
    publish_on: str | None
    expires_on: str | None
    created_at: dt.datetime
    created_by: str
    edited_by: str
    submitted_by: str
    published_at: dt.datetime | None
    published_by: str
    ended_at: dt.datetime | None
    remark: str = ""
    editors: tuple[str, ...] = ()
    """Everyone who changed it before it was published."""
    overruled: Mapping[str, Any] | None = None
    """Set when its publication was set for a day in spite of control questions: ``reason``, ``questions`` (ids)."""
    held: Mapping[str, Any] | None = None
    """Set when its publication was held back on its day: ``why`` (one of ``HELD``), ``day``, ``count``."""

    @property
    def authors(self) -> frozenset[str]:
        """Who made or changed it: none of them may be the second person."""
        return frozenset({self.created_by, self.edited_by, *self.editors} - {""})

    @property
    def id(self) -> str:
        """The document without its language: ``start-ia`` of ``fr/start-ia``."""
        return (self.key or "").partition("/")[2]


@dataclass(frozen=True, slots=True)
class Edit:
    """What staff may change of a draft; None leaves a value as it is, an empty string takes it away."""

    id: str | None = None
    language: Language | None = None
    title: str | None = None
    url: str | None = None
    as_of: str | None = None
    owner: str | None = None
    review_by: str | None = None
    expires_on: str | None = None
    remark: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    """Keys of the head to set; a value of None takes the key away."""


class Revisions:
    """The revisions of one database; ``Library.revisions`` opens it. What is served, the library changes."""

    def __init__(self, engine: Engine, moved: Callable[[], object] = lambda: None) -> None:
        """*moved* is called after a day was set or taken away on which something is to happen."""
        self._engine = engine
        self._moved = moved
        self.turn = Lock()
        """Held by whoever changes a revision, from the look at its state to the commit."""

    # --- reading -------------------------------------------------------------------------------------------------

    def get(self, number: int) -> Revision:
        """Return one revision; raises ``UnknownRevision``."""
        with Session(self._engine) as session:
            return to_revision(_row(session, number))

    def list(
        self,
        *states: State,
        key: str | None = None,
        origin: str | None = None,
        limit: int | None = None,
        after: int | None = None,
    ) -> builtins.list[Revision]:
        """Return revisions, newest first, in some *states*, of one document, from one origin; those below *after*."""
        wanted = select(RevisionRow).order_by(RevisionRow.number.desc()).limit(limit)
        if states:
            wanted = wanted.where(RevisionRow.state.in_(states))
        if key is not None:
            wanted = wanted.where(RevisionRow.key == key)
        if origin is not None:
            wanted = wanted.where(RevisionRow.origin == origin)
        if after is not None:
            wanted = wanted.where(RevisionRow.number < after)
        with Session(self._engine) as session:
            return [to_revision(row) for row in session.scalars(wanted)]

    def find(self, *states: State, text: str = "", by: str = "", upto: int | None = None) -> builtins.list[int]:
        """Return the numbers of revisions in some *states*, newest first, without reading what they hold.

        Each word of *text* stands in title, name of the file, or short name; *by* is one of the people who made or
        changed it; *upto* leaves out what came later.
        """
        columns = select(
            RevisionRow.number, RevisionRow.title, RevisionRow.name, RevisionRow.key, RevisionRow.created_by,
            RevisionRow.edited_by,
        )  # fmt: skip
        wanted = columns.where(RevisionRow.state.in_(states)).order_by(RevisionRow.number.desc())
        if upto is not None:
            wanted = wanted.where(RevisionRow.number <= upto)
        words = fold(text).split()
        with Session(self._engine) as session:
            rows = session.execute(wanted).tuples().all()
        return [
            number
            for number, title, name, key, *people in rows
            if (not by or by in people)
            and (not words or all(word in fold(f"{title} {name} {key or ''}") for word in words))
        ]

    def several(self, numbers: Iterable[int]) -> builtins.list[Revision]:
        """Return the revisions with these numbers, newest first; unknown ones are left out."""
        wanted = select(RevisionRow).where(RevisionRow.number.in_(tuple(numbers)))
        with Session(self._engine) as session:
            return [to_revision(row) for row in session.scalars(wanted.order_by(RevisionRow.number.desc()))]

    def ids(self, *states: State, start: str = "") -> set[str]:
        """Return the ids, those that *start* with something, of documents that have a revision in one of *states*."""
        begun = RevisionRow.key.contains(f"/{start}", autoescape=True)
        keys = select(RevisionRow.key).where(RevisionRow.state.in_(states), begun).distinct()
        with Session(self._engine) as session:
            return {str(key).partition("/")[2] for key in session.scalars(keys)}

    def counts(self) -> dict[State, int]:
        """Return how many revisions are in each state."""
        counted = select(RevisionRow.state, func.count()).group_by(RevisionRow.state)
        with Session(self._engine) as session:
            return {cast(State, state): number for state, number in session.execute(counted).tuples()}

    def document(self, number: int) -> SourceDocument:
        """Return the content of a revision as a document; raises ``WrongState`` when it was never read."""
        with Session(self._engine) as session:
            row = _row(session, number, undefer(RevisionRow.content))
            # What was served has its passages in store: it needs no pages to be served again.
            if row.key is None or (row.content is None and row.version is None):
                raise WrongState(f"{row.name}: its text is not kept; add the file again")
            return _to_document(row)

    # --- the life before publication -----------------------------------------------------------------------------

    def receive(
        self, name: str, origin: str, digest: str, original: str, by: str, *, instead: int | None = None, **about: Any
    ) -> int:
        """Note a file that lies in the originals; return the number of its revision.

        It takes the place of the draft *instead*, but only once it was read: see ``draft``.
        """
        if instead is not None:
            about["findings"] = {"instead": instead}
        with self.turn, Session(self._engine) as session, session.begin():
            row = _new_row("received", name, origin, digest, by, original=original, **about)
            session.add(row)
            session.flush()
            note(session, by, "received", f"revision {row.number}", name=row.name, digest=digest)
            return row.number

    def refuse(self, number: int, kind: str, message: str) -> None:
        """Note why a received file gives no document."""
        with self.turn, Session(self._engine) as session, session.begin():
            row = _row(session, number)
            _in_state(row, frozenset({"received"}))
            row.state, row.problem, row.ended_at = "refused", {"kind": kind, "message": message}, now()
            note(session, row.created_by, "refused", f"revision {number}", kind=kind)

    def draft(self, number: int, document: SourceDocument, findings: Mapping[str, Any]) -> None:
        """Make a received file the draft of *document*; a draft whose text was corrected in it is put aside."""
        with self.turn, Session(self._engine) as session, session.begin():
            row = _row(session, number)
            _in_state(row, frozenset({"received"}))
            if instead := row.findings.get("instead"):
                _replace(session, _row(session, instead), row)
            asked = row.key is not None
            if asked:
                _inherit(session, row)
            set_document(row, document)
            if not asked:  # reading has told whose version it is; what the file says of its days itself goes before
                _inherit(session, row)
            row.state, row.findings = "draft", dict(findings)

    def write(self, document: SourceDocument, name: str, origin: str, by: str) -> int:
        """Return the number of a new draft of a document that comes without a file."""
        with self.turn, Session(self._engine) as session, session.begin():
            row = _new_row("draft", name, origin, document.digest, by)
            set_document(row, document)
            session.add(row)
            session.flush()
            note(session, by, "drafted", f"revision {row.number}", key=document.key)
            return row.number

    def edit(
        self, number: int, edit: Edit, by: str, *, confirmed: Iterable[str] = (), seen: int | None = None
    ) -> Revision:
        """Change what a draft says of itself; it waits for no second person and no day any more, unless for ``ASIDE``.

        What was guessed and is changed, or *confirmed* by name, is a guess no more. *seen* is the ``mark`` of what was
        opened: raises ``ChangedMeanwhile`` when somebody else has changed it since.
        """
        with self.turn, writing(self._engine) as session:
            row = _row(session, number, undefer(RevisionRow.content))
            _in_state(row, EDITABLE)
            refuse_newer(session, f"revision {number}", ("edited",), seen)
            before = _told(row)
            _changed_by(session, row, _apply(row, edit), by, before, confirmed)
            session.flush()
            changed_row = to_revision(row)
        self._moved()
        return changed_row

    def become(self, number: int, id: str, by: str) -> Revision:
        """Make a draft the next version of the document *id*: what staff said of that one holds for it too.

        What the draft says itself stays; what it lacks, or what was only guessed of it, is as it was.
        """
        with self.turn, writing(self._engine) as session:
            row = _row(session, number, undefer(RevisionRow.content))
            _in_state(row, EDITABLE)
            before = _told(row)
            changed = _apply(row, Edit(id=id))
            served = session.scalar(
                select(RevisionRow).where(RevisionRow.key == row.key, RevisionRow.state == "published")
            )
            if served is not None:
                changed |= _take_over(row, served)
            _changed_by(session, row, changed, by, before)
            row.findings = {**row.findings, "resembles": None}
            session.flush()
            changed_row = to_revision(row)
        self._moved()
        return changed_row

    def submit(self, number: int, by: str) -> None:
        """Ask a second person to publish a draft."""
        self._move(number, frozenset({"draft"}), "waiting", by, "submitted", submitted_by=by)

    def schedule(
        self,
        number: int,
        day: dt.date,
        by: str,
        *,
        overruled: str = "",
        questions: Iterable[str] = (),
        check: Callable[[Revision], object] = lambda _: None,
    ) -> None:
        """Have a draft published at the beginning of *day*, in Brussels.

        *overruled* is why, although the control *questions* (ids) would fail; for others it is held back on its day.
        *check* is called with the draft when nobody else can change it any more: what it raises leaves it as it is.
        """
        despite = {"reason": overruled, "questions": sorted(questions)} if overruled else None
        self._move(
            number, frozenset({"draft", "waiting"}), "scheduled", by, "scheduled", overruled, check,
            publish_on=day.isoformat(), published_by=by, overruled=despite, held=None,
        )  # fmt: skip

    def hold(self, number: int, why: str, by: str, count: int = 0) -> None:
        """Make a scheduled revision a draft again, which tells *why* (one of ``HELD``) it was not published."""
        with self.turn, writing(self._engine) as session:
            row = _row(session, number)
            _in_state(row, frozenset({"scheduled"}))
            row.held = {"why": why, "day": row.publish_on, "count": count}
            row.state, row.publish_on, row.published_by, row.overruled = "draft", None, "", None
            note(session, by, "held back", f"revision {number}", key=row.key or "", why=why, count=count)
        self._moved()

    def withdraw(self, number: int, by: str) -> None:
        """Make a waiting or scheduled revision a draft again."""
        self._move(
            number, frozenset({"waiting", "scheduled"}), "draft", by, "withdrawn", submitted_by="", publish_on=None,
            published_by="", overruled=None,
        )  # fmt: skip

    def discard(self, number: int, by: str) -> None:
        """Put a draft or a refused file aside."""
        self._move(number, EDITABLE | {"refused", "received"}, "discarded", by, "discarded", ended_at=now(), held=None)

    def recover(self, number: int, by: str) -> None:
        """Take back what was put aside: a draft if it was read, else it is read again."""
        with self.turn, Session(self._engine) as session, session.begin():
            row = _row(session, number, undefer(RevisionRow.content))
            _in_state(row, frozenset({"discarded", "refused"}))
            # The document may be known of a file that was never read: one that is a new version of a page.
            row.state = "received" if row.content is None else "draft"
            row.ended_at = row.problem = None
            note(session, by, "recovered", f"revision {number}")

    def mark(self, number: int, edit: Edit, by: str, *, seen: int | None = None) -> None:
        """Set the owner, the review day or the last day of a published revision: they change no index.

        *seen* as in ``edit``.
        """
        with self.turn, writing(self._engine) as session:
            row = _row(session, number)
            _in_state(row, EDITABLE | {"published"})
            refuse_newer(session, f"revision {number}", ("edited",), seen)
            own = Edit(owner=edit.owner, review_by=edit.review_by, expires_on=edit.expires_on, remark=edit.remark)
            before = _told(row)
            if changed := _apply(row, own):
                values = _exchanged(before, _told(row))
                note(session, by, "edited", f"revision {number}", changed=_named(changed), values=values)
        self._moved()

    def apart(self, number: int, by: str) -> None:
        """Note that a draft is no new version of the document that it looks like."""
        with self.turn, writing(self._engine) as session:
            row = _row(session, number)
            _in_state(row, EDITABLE)
            row.findings = {**row.findings, "resembles": None}
            _changed_by(session, row, {"resembles"}, by, _told(row))

    def _move(
        self, number: int, allowed: frozenset[State], state: State, by: str, action: str, reason: str = "",
        check: Callable[[Revision], object] = lambda _: None, **values: Any,
    ) -> None:  # fmt: skip
        with self.turn, writing(self._engine) as session:
            row = _row(session, number)
            _in_state(row, allowed)
            check(to_revision(row))
            row.state = state
            for name, value in values.items():
                setattr(row, name, value)
            if reason:
                note(session, by, "overruled", f"revision {number}", reason=reason)
            note(session, by, action, f"revision {number}", key=row.key or "")
        self._moved()


# --- rows --------------------------------------------------------------------------------------------------------


def set_document(row: RevisionRow, document: SourceDocument) -> None:
    """Write what *document* says into its row."""
    row.key, row.language, row.title = document.key, document.language, document.title
    row.url, row.as_of, row.digest = document.url, document.as_of, document.digest
    row.meta, row.warnings, row.pages = dict(document.meta), list(document.warnings), len(document.pages)
    row.review_by = row.review_by or document.meta.get("review_by")
    row.content = [dataclasses.asdict(page) for page in document.pages]


def new_row(state: State, document: SourceDocument, origin: str, folder: str | None, by: str, name: str) -> RevisionRow:
    """Return the row of a document that is taken in without being a draft first."""
    row = _new_row(state, name, origin, document.digest, by)
    row.folder = folder
    set_document(row, document)
    return row


def _new_row(state: State, name: str, origin: str, digest: str, by: str, **values: Any) -> RevisionRow:
    plain = {
        "title": "", "meta": {}, "warnings": [], "findings": {}, "pages": 0, "owner": "", "edited_by": "",
        "submitted_by": "", "published_by": "", "remark": "", "editors": [],
    }  # fmt: skip
    # Here once for all: every page, list and journal shows it.
    return RevisionRow(
        state=state, name=shown(name), origin=origin, digest=digest, created_at=now(), created_by=by, **(plain | values)
    )


def to_revision(row: RevisionRow) -> Revision:
    """Return the value of a row."""
    columns = {
        name.name: getattr(row, name.name)
        for name in dataclasses.fields(Revision)
        if name.name not in ("warnings", "editors")
    }
    for name in ("created_at", "published_at", "ended_at"):
        if columns[name] is not None:
            columns[name] = columns[name].replace(tzinfo=dt.UTC)
    return Revision(**columns, warnings=tuple(row.warnings), editors=tuple(row.editors or ()))


def _row(session: Session, number: int, *options: Any) -> RevisionRow:
    row = session.get(RevisionRow, number, options=options)
    if row is None:
        raise UnknownRevision(f"revision {number}: there is none; go back to the list of documents")
    return row


def _in_state(row: RevisionRow, allowed: Iterable[str]) -> None:
    if row.state not in allowed:
        raise WrongState(f"{row.title or row.name}: is {row.state} by now; look at it again before you go on")


def _replace(session: Session, old: RevisionRow, row: RevisionRow) -> None:
    """Put a draft aside of which another is the corrected text; that is of its authors too, and keeps their marks."""
    if old.state not in EDITABLE:
        return  # published or put aside meanwhile
    row.owner, row.remark = row.owner or old.owner, row.remark or old.remark
    row.review_by, row.expires_on = row.review_by or old.review_by, row.expires_on or old.expires_on
    row.editors = sorted({*(row.editors or ()), *to_revision(old).authors})
    old.state, old.ended_at, old.held = "discarded", now(), None
    note(session, row.created_by, "discarded", f"revision {old.number}", key=old.key or "", revision=row.number)


def _inherit(session: Session, row: RevisionRow) -> None:
    """Give the next version of a document that is served its owner and its days: they are of the document."""
    of_key = select(RevisionRow).where(RevisionRow.key == row.key, RevisionRow.state == "published")
    if served := session.scalar(of_key):
        row.owner = row.owner or served.owner
        row.review_by, row.expires_on = row.review_by or served.review_by, row.expires_on or served.expires_on


def _changed_by(
    session: Session, row: RevisionRow, changed: set[str], by: str, before: Mapping[str, Any],
    confirmed: Iterable[str] = (),
) -> None:  # fmt: skip
    """Note who changed what of a draft (*before*); what a person has changed or confirmed is no guess any more."""
    guesses = dict(row.findings.get("guesses") or {})
    settled = {name for name in (*changed, *confirmed) if name in guesses}
    if settled:
        row.findings = {
            **row.findings,
            "guesses": {name: each for name, each in guesses.items() if name not in settled},
        }
    if not changed and not settled:
        return
    row.edited_by = by
    row.editors = list(dict.fromkeys([*(row.editors or ()), by]))
    values = _exchanged(before, _told(row))
    note(session, by, "edited", f"revision {row.number}", changed=_named(changed | settled), values=values)
    if changed <= ASIDE:
        return
    row.held = None
    if row.state != "draft":
        row.state, row.submitted_by, row.publish_on, row.published_by, row.overruled = "draft", "", None, "", None
        note(session, by, "withdrawn", f"revision {row.number}", key=row.key or "")


def _told(row: RevisionRow) -> dict[str, Any]:
    """Return what staff can change of a revision, by the names that a form has."""
    own = {name: getattr(row, name) for name in _OWN}
    return {**row.meta, **own, "id": (row.key or "").partition("/")[2], "language": row.language}


def _exchanged(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what was there and what is there now, for the journal: there only can what was overwritten be read again.

    Of a sheet's head, which may hold whole lists, only what is short.
    """
    names = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    pairs = {name: {"before": before.get(name), "after": after.get(name)} for name in names}
    return {
        name: pair
        for name, pair in pairs.items()
        if name in _OWN or len(json.dumps(pair, ensure_ascii=False, default=str)) <= SHORT
    }


def _named(changed: Iterable[str]) -> list[str]:
    """Return the names of fields as a form has them."""
    return sorted({"id" if name == "key" else name for name in changed})


def _take_over(row: RevisionRow, served: RevisionRow) -> set[str]:
    """Give a draft what staff said of the version that is served; return the names of what is other than before."""
    guessed = row.findings.get("guesses") or {}
    # Not so its days: those are of the text.
    taken = {
        name: value
        for name in ("title", "url")
        if (value := getattr(served, name)) and (name in guessed or not getattr(row, name))
    }
    meta = {
        name: served.meta[name] for name in LASTING if name in served.meta and (name in guessed or name not in row.meta)
    }
    days = {name: getattr(row, name) or getattr(served, name) or None for name in ("owner", "review_by", "expires_on")}
    return _apply(row, Edit(**taken, **days, meta=meta))


def refuse_changed(row: RevisionRow, document: SourceDocument) -> None:
    """Raise ``WrongState`` when a revision is not any more what *document* was made of, for publication."""
    _in_state(row, PUBLISHABLE)
    said = (row.key, row.title, row.url, row.as_of, dict(row.meta))
    if said != (document.key, document.title, document.url, document.as_of, dict(document.meta)):
        raise WrongState(f"{row.title or row.name}: was changed meanwhile; look at it again before you go on")


def _apply(row: RevisionRow, edit: Edit) -> set[str]:
    """Write an edit into its row; return the names of what is other than before."""
    before = to_revision(row)
    held = dict(row.meta)
    if edit.id is not None or edit.language is not None:
        language = edit.language or row.language
        id = edit.id or before.id
        row.language, row.key = language, f"{language}/{id}"
    for name in _OWN:
        value = getattr(edit, name)
        if value is not None:
            setattr(row, name, value or ("" if name in ("title", "owner", "remark") else None))
    meta = dict(row.meta)
    for key, value in edit.meta.items():
        if value is None:
            meta.pop(key, None)
        else:
            meta[key] = value
    row.meta = meta
    after = to_revision(row)
    names = (each.name for each in dataclasses.fields(Revision) if each.name != "meta")
    changed = {name for name in names if getattr(before, name) != getattr(after, name)}
    return changed | {name for name in {*held, *meta} if held.get(name) != meta.get(name)}


def _to_document(row: RevisionRow) -> SourceDocument:
    pages = tuple(
        Page(
            tuple(
                Section(
                    tuple(section["headings"]),
                    tuple(
                        Statement(**{**statement, "source": Source(**statement["source"])})
                        for statement in section["statements"]
                    ),
                    section["key"],
                )
                for section in page["sections"]
            ),
            page["number"],
            page["label"],
        )
        for page in row.content or ()
    )
    return SourceDocument(
        id=(row.key or "").partition("/")[2], language=cast(Language, row.language), title=row.title, pages=pages,
        path=row.name, digest=row.digest, url=row.url, as_of=row.as_of, meta=row.meta, warnings=tuple(row.warnings),
    )  # fmt: skip

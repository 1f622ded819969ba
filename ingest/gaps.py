"""What people asked and did not get: items of questions of one meaning. Which meaning is one is not known here.

No word of a visitor is stored here: what was asked stands in its receipt, is read from there and goes with it. What
stays of an item then are counts, the document concerned and what staff wrote.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from sqlalchemy import Engine, and_, case, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from ingest.database import AnswerRow, FeedbackRow, GapQuestionRow, GapRow, StateRow, now
from ingest.documents import Language
from ingest.journal import GUICHET, note
from ingest.settings import BRUSSELS
from ingest.trends import NEAR, monday, within
from ingest.writing import refuse_newer, writing

Kind = Literal["unanswered", "weak", "given"]
State = Literal["todo", "in_hand", "done"]
OVERLAP = dt.timedelta(minutes=5)
"""A receipt may be stored a moment after a later one: so much is looked through again."""

_DERIVED = ("id", "words", "leading", "programme", "named", "vectors", "model")
"""The columns that follow from the questions; all others staff or a replay may have changed since an item was read."""
_ASKED = AnswerRow.data["standalone_question"].as_string()


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was not answered well, as its receipt tells; ``text`` is empty once it was purged."""

    answer_id: str
    at: dt.datetime
    language: Language
    kind: Kind
    text: str
    rated: bool = False
    near: str | None = None
    """Id of the document that its answer was about."""
    status: str = ""
    reasons: tuple[str, ...] = ()
    """What the asker wrote beside the thumb."""

    @property
    def day(self) -> dt.date:
        """The day in Brussels."""
        return self.at.astimezone(BRUSSELS).date()


@dataclass(frozen=True, slots=True)
class Joined:
    """A question with the item that it belongs to."""

    asked: Asked
    gap: int
    programme: str | None
    named: bool


@dataclass(frozen=True, slots=True)
class Gap:
    """An item as it is stored."""

    id: int
    title: str = ""
    words: tuple[str, ...] = ()
    leading: str | None = None
    programme: str | None = None
    named: bool = False
    vectors: bytes | None = None
    model: str = ""
    state: State = "todo"
    owner: str = ""
    note: str = ""
    closed_at: dt.datetime | None = None
    closed_by: str = ""
    generation: int | None = None
    document: str = ""
    replayed: int = 0
    replayed_pins: int = 0
    draft: int | None = None
    merged_into: int | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """The questions of an item, counted."""

    kinds: Mapping[Kind, int] = field(default_factory=dict)
    languages: Mapping[Language, int] = field(default_factory=dict)
    rated: int = 0
    first: dt.datetime | None = None
    last: dt.datetime | None = None

    @property
    def count(self) -> int:
        """How many questions there are."""
        return sum(self.kinds.values())


@dataclass(frozen=True, slots=True)
class Fresh:
    """Questions that are in no item yet; ``upto`` is how far the receipts were looked through."""

    asked: tuple[Asked, ...]
    upto: dt.datetime
    whole: bool
    """Whether there are no more."""


class Gaps:
    """The items of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    # --- taking in -------------------------------------------------------------------------------------------------

    def fresh(self, weak: float, limit: int) -> Fresh:
        """Return questions that are in no item, oldest first: not answered, with evidence below *weak*, badly rated."""
        started = now()
        with Session(self._engine) as session:
            since = _moment(session, "gaps_receipts")
            columns = _columns(weak)
            wanted = columns.where(
                AnswerRow.at >= since,
                _ASKED != "",
                or_(*_lacking(weak)),
                AnswerRow.id.not_in(select(GapQuestionRow.answer_id)),
            )
            found = session.execute(wanted.order_by(AnswerRow.at).limit(limit)).all()
            ratings = session.execute(_last_ratings(_moment(session, "gaps_feedback"))).tuples()
            bad = {id for id, rating in ratings if rating < 0}
            thumbs = columns.where(
                _ASKED != "", AnswerRow.id.in_(bad), AnswerRow.id.not_in(select(GapQuestionRow.answer_id))
            )
            entries = {row.id: row for row in (*found, *(session.execute(thumbs) if bad else ()))}
        asked = tuple(sorted((_asked(row, row.id in bad) for row in entries.values()), key=lambda one: one.at))
        whole = len(found) < limit
        return Fresh(asked, started if whole else _utc(found[-1].at), whole)

    def take_in(self, joined: Sequence[Joined], gaps: Iterable[Gap], fresh: Fresh, reopened: Mapping[int, int]) -> bool:
        """Store where questions went, the items they changed, and how far the receipts were looked through.

        *reopened*: items that were closed, with how many questions came after that; what staff did with one since it
        was read holds. Returns whether items went: those whose only questions were no gaps after all, because their
        askers think better of the answers now.
        """
        read = {gap.id: gap for gap in gaps}
        with writing(self._engine) as session:
            _store(session, list(read.values()))
            if joined:
                session.execute(insert(GapQuestionRow), [_question_values(entry) for entry in joined])
            for id, count in reopened.items():
                as_read = GapRow.id == id, GapRow.state == "done", GapRow.closed_at == read[id].closed_at
                if session.execute(update(GapRow).where(*as_read).values(state="todo")).rowcount:  # type: ignore[attr-defined]
                    note(session, GUICHET, "reopened", f"gap {id}", questions=count)
            went = _follow_ratings(session, _moment(session, "gaps_feedback"))
            session.merge(StateRow(name="gaps_receipts", value=(fresh.upto - OVERLAP).isoformat()))
            if fresh.whole:
                session.merge(StateRow(name="gaps_feedback", value=(fresh.upto - OVERLAP).isoformat()))
        return went

    # --- looking ---------------------------------------------------------------------------------------------------

    def gaps(self, ids: Iterable[int] | None = None) -> list[Gap]:
        """Return items, those that were merged into others only when asked for by id."""
        wanted = select(GapRow).order_by(GapRow.id)
        wanted = wanted.where(GapRow.merged_into.is_(None) if ids is None else GapRow.id.in_(list(ids)))
        with Session(self._engine) as session:
            return [_gap(row) for row in session.scalars(wanted)]

    def last_id(self) -> int:
        """Return the highest id that was given."""
        with Session(self._engine) as session:
            return session.scalar(select(func.max(GapRow.id))) or 0

    def count(self, state: State) -> int:
        """Return how many items are in a state."""
        wanted = select(func.count()).select_from(GapRow).where(GapRow.state == state, GapRow.merged_into.is_(None))
        with Session(self._engine) as session:
            return session.scalar(wanted) or 0

    def tallies(self, ids: Sequence[int] | None = None) -> dict[int, Tally]:
        """Return the counted questions of items, of all unless *ids* says which."""
        wanted = select(
            GapQuestionRow.gap_id, GapQuestionRow.kind, GapQuestionRow.language, func.count(),
            func.sum(case((GapQuestionRow.rated, 1), else_=0)),
            func.min(GapQuestionRow.at), func.max(GapQuestionRow.at),
        ).group_by(GapQuestionRow.gap_id, GapQuestionRow.kind, GapQuestionRow.language)  # fmt: skip
        if ids is not None:
            wanted = wanted.where(GapQuestionRow.gap_id.in_(ids))
        with Session(self._engine) as session:
            rows = session.execute(wanted).all()
        parts: dict[int, list[Any]] = {}
        for row in rows:
            parts.setdefault(row[0], []).append(row)
        return {id: _tally(group) for id, group in parts.items()}

    def weeks(self, ids: Sequence[int], since: dt.date) -> dict[int, Counter[str]]:
        """Return by item how many of its questions fall on each week, by its Monday, from *since* on."""
        wanted = select(GapQuestionRow.gap_id, GapQuestionRow.week, func.count()).where(
            GapQuestionRow.gap_id.in_(ids), GapQuestionRow.week >= since.isoformat()
        )
        found: dict[int, Counter[str]] = {id: Counter() for id in ids}
        with Session(self._engine) as session:
            for id, week, count in session.execute(
                wanted.group_by(GapQuestionRow.gap_id, GapQuestionRow.week)
            ).tuples():
                found[id][week] = count
        return found

    def questions(self, ids: Sequence[int], *, kept: bool = False) -> dict[int, list[Joined]]:
        """Return the questions of items, oldest first; *kept*: only those whose words are there still."""
        wanted = (
            _columns(0.0)
            .add_columns(
                GapQuestionRow.gap_id, GapQuestionRow.kind.label("grouped"), GapQuestionRow.rated,
                GapQuestionRow.programme, GapQuestionRow.named,
            )
            .join(GapQuestionRow, GapQuestionRow.answer_id == AnswerRow.id)
            .where(GapQuestionRow.gap_id.in_(ids)).order_by(AnswerRow.at, AnswerRow.id)
        )  # fmt: skip
        if kept:
            wanted = wanted.where(_ASKED != "")
        found: dict[int, list[Joined]] = {id: [] for id in ids}
        with Session(self._engine) as session:
            rows = session.execute(wanted).all()
            reasons = _reasons(session, [row.id for row in rows if row.rated]) if len(ids) == 1 else {}
        for row in rows:
            asked = _asked(row, row.rated, row.grouped, tuple(reasons.get(row.id, ())))
            found[row.gap_id].append(Joined(asked, row.gap_id, row.programme, row.named))
        return found

    def asked(self, answer_ids: Iterable[str]) -> dict[str, tuple[str, Language]]:
        """Return the words of questions, as far as they are kept, with their language, by the id of the answer."""
        wanted = select(AnswerRow.id, _ASKED, AnswerRow.language).where(
            AnswerRow.id.in_(list(answer_ids)), _ASKED != ""
        )
        with Session(self._engine) as session:
            return {id: (text, cast(Language, la)) for id, text, la in session.execute(wanted).tuples()}

    def ageing(self, before: dt.datetime) -> list[int]:
        """Return the items that are still derived from questions of *before*, purged already or not."""
        old = GapQuestionRow.at < before.astimezone(dt.UTC), ~GapQuestionRow.forgotten
        with Session(self._engine) as session:
            return list(session.scalars(select(GapQuestionRow.gap_id).where(*old).distinct()))

    # --- changing --------------------------------------------------------------------------------------------------

    def change(
        self, id: int, by: str, action: str, values: Mapping[str, Any], seen: int | None = None, /, **detail: Any
    ) -> bool:
        """Change columns of an item, or of the one that it was merged into; return whether it is there still.

        *seen* is the ``mark`` of what was opened: raises ``ChangedMeanwhile`` when somebody else did the same since,
        or merged it with another.
        """
        with writing(self._engine) as session:
            present = _followed(session, id)
            if present is None:
                return False
            for each in sorted({id, present}):
                refuse_newer(session, f"gap {each}", (action, "merged"), seen)
            session.execute(update(GapRow).where(GapRow.id == present).values(**values))
            changed = sorted(values.keys() & {"owner", "title", "note"})
            note(session, by, action, f"gap {present}", **detail, changed=changed)
        return True

    def link_draft(self, id: int, draft: int, by: str) -> bool:
        """Link an item to a document that was started from it; whoever started it owns what nobody owned."""
        owner = case((GapRow.owner == "", by), else_=GapRow.owner)
        return self.change(
            id, by, "document started", {"draft": draft, "state": "in_hand", "owner": owner}, draft=draft
        )

    def close_by_replay(self, id: int, generation: int, document: str, pins: int = 0) -> bool:
        """Close an open item that is answered now; return whether it was still open.

        *document* is the key of what answers it, or ``pin 3``; *pins* is ``Pins.public_changes`` of then.
        """
        values = {
            "state": "done", "closed_at": now(), "closed_by": GUICHET, "generation": generation, "document": document,
            "replayed": generation, "replayed_pins": pins,
        }  # fmt: skip
        with writing(self._engine) as session:
            open_still = update(GapRow).where(GapRow.id == id, GapRow.state != "done", GapRow.merged_into.is_(None))
            closed = bool(session.execute(open_still.values(**values)).rowcount)  # type: ignore[attr-defined]
            if closed:
                note(session, GUICHET, "closed", f"gap {id}", generation=generation, document=document)
        return closed

    def mark_replayed(self, id: int, generation: int, pins: int = 0) -> None:
        """Note that the questions of an item were asked again."""
        with writing(self._engine) as session:
            session.execute(update(GapRow).where(GapRow.id == id).values(replayed=generation, replayed_pins=pins))

    def rewrite(self, gaps: Iterable[Gap], before: dt.datetime | None = None) -> None:
        """Store items anew whose words or vectors were derived again; states and notes are left alone.

        Without their questions of *before*, where it is given: those count as forgotten.
        """
        rewritten = list(gaps)
        if rewritten:
            with writing(self._engine) as session:
                _derive(session, rewritten)
                if before is not None:
                    ids = [gap.id for gap in rewritten]
                    old = GapQuestionRow.at < before.astimezone(dt.UTC), GapQuestionRow.gap_id.in_(ids)
                    session.execute(update(GapQuestionRow).where(*old).values(forgotten=True))

    def merge(self, gap: Gap, into: Gap, by: str) -> None:
        """Move the questions of *gap* to the item *into*, which is given with what follows from all of them.

        What staff wrote on either is read here, where nobody else writes.
        """
        with writing(self._engine) as session:
            left, kept = session.get_one(GapRow, gap.id), session.get_one(GapRow, into.id)
            kept.note = "\n".join(text for text in (kept.note, left.note) if text)
            kept.owner, kept.title = kept.owner or left.owner, kept.title or left.title
            kept.draft = kept.draft or left.draft
            session.flush()
            moved = update(GapQuestionRow).where(GapQuestionRow.gap_id == gap.id)
            session.execute(moved.values(gap_id=into.id))
            earlier = update(GapRow).where(or_(GapRow.id == gap.id, GapRow.merged_into == gap.id))
            session.execute(earlier.values(merged_into=into.id, vectors=None, leading=None))
            _derive(session, [into])
            changed = ["note", "owner", "title"] if left.note or left.owner or left.title else []
            note(session, by, "merged", f"gap {gap.id}", into=into.id)
            note(session, by, "merged", f"gap {into.id}", taken=gap.id, changed=changed)

    def split(self, gap: Gap, new: Gap, answer_ids: Sequence[str], by: str) -> None:
        """Move questions of *gap* to a *new* item; both are given with what follows from the questions they have."""
        with writing(self._engine) as session:
            _store(session, [new, gap])
            chosen = GapQuestionRow.answer_id.in_(answer_ids), GapQuestionRow.gap_id == gap.id
            session.execute(update(GapQuestionRow).where(*chosen).values(gap_id=new.id))
            note(session, by, "split", f"gap {gap.id}", new=new.id, questions=len(answer_ids))

    def between(self, first: dt.date, end: dt.date) -> list[Joined]:
        """Return the questions of items that were asked in a period and whose words are kept."""
        wanted = (
            _columns(0.0)
            .add_columns(GapQuestionRow.gap_id, GapQuestionRow.programme, GapQuestionRow.named)
            .join(GapQuestionRow, GapQuestionRow.answer_id == AnswerRow.id)
            .where(*within(first, end), _ASKED != "")
        )
        with Session(self._engine) as session:
            return [Joined(_asked(row, False), row.gap_id, row.programme, row.named) for row in session.execute(wanted)]


# Rows to values and back


def _store(session: Session, gaps: Sequence[Gap]) -> None:
    """Write new items, and of those that are there what follows from their questions."""
    held = set(session.scalars(select(GapRow.id).where(GapRow.id.in_([gap.id for gap in gaps]))))
    new = [_values(gap) for gap in gaps if gap.id not in held]
    if new:
        session.execute(insert(GapRow), new)
    _derive(session, [gap for gap in gaps if gap.id in held])


def _derive(session: Session, gaps: Sequence[Gap]) -> None:
    """Write what follows from the questions of items that are there."""
    rows = [{name: value for name, value in _values(gap).items() if name in _DERIVED} for gap in gaps]
    if rows:
        session.execute(update(GapRow), rows)


def _followed(session: Session, id: int) -> int | None:
    """Return the item that *id* is now, after any merges; None when there is none."""
    into = session.execute(select(GapRow.merged_into).where(GapRow.id == id)).one_or_none()
    if into is None:
        return None
    return id if into.merged_into is None else _followed(session, into.merged_into)


def _columns(weak: float) -> Any:
    unanswered, little = _lacking(weak)
    kind = case((unanswered, "unanswered"), (little, "weak"), else_="given")
    return select(
        AnswerRow.id, AnswerRow.at, AnswerRow.language, AnswerRow.status, _ASKED.label("text"), kind.label("kind"),
        NEAR.label("near"),
    )  # fmt: skip


def _lacking(weak: float) -> tuple[Any, Any]:
    """Return the conditions of a receipt whose question was not answered, and of one with little evidence."""
    little = and_(AnswerRow.status == "answered", AnswerRow.trace["evidence"].as_float() < weak)
    return AnswerRow.status == "not_in_sources", or_(AnswerRow.status == "partial", little)


def _last_ratings(since: dt.datetime) -> Any:
    """Return the last rating of each answer that was rated from *since* on: who changes his mind is heard."""
    last = select(func.max(FeedbackRow.number)).where(FeedbackRow.at >= since).group_by(FeedbackRow.answer_id)
    return select(FeedbackRow.answer_id, FeedbackRow.rating).where(FeedbackRow.number.in_(last))


def _follow_ratings(session: Session, since: dt.datetime) -> bool:
    ratings = session.execute(_last_ratings(since)).tuples().all()
    if not ratings:
        return False
    for rated, ids in (
        (True, [id for id, rating in ratings if rating < 0]),
        (False, [id for id, rating in ratings if rating >= 0]),
    ):
        session.execute(update(GapQuestionRow).where(GapQuestionRow.answer_id.in_(ids)).values(rated=rated))
    withdrawn = GapQuestionRow.kind == "given", ~GapQuestionRow.rated
    left = set(session.scalars(select(GapQuestionRow.gap_id).where(*withdrawn)))
    if not left:
        return False
    session.execute(delete(GapQuestionRow).where(*withdrawn))
    empty = GapRow.id.in_(left), GapRow.id.not_in(select(GapQuestionRow.gap_id))
    untouched = GapRow.title == "", GapRow.note == "", GapRow.owner == "", GapRow.draft.is_(None)
    gone = delete(GapRow).where(*empty, *untouched, GapRow.state == "todo", GapRow.merged_into.is_(None))
    return bool(session.execute(gone).rowcount)  # type: ignore[attr-defined]


def _reasons(session: Session, ids: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    wanted = select(FeedbackRow.answer_id, FeedbackRow.reason).where(
        FeedbackRow.answer_id.in_(ids), FeedbackRow.reason.is_not(None)
    )
    for id, reason in session.execute(wanted.order_by(FeedbackRow.number)).tuples():
        found.setdefault(id, []).append(reason or "")
    return found


def _moment(session: Session, name: str) -> dt.datetime:
    value = session.scalar(select(StateRow.value).where(StateRow.name == name))
    return dt.datetime.fromisoformat(value) if value else dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


def _utc(at: dt.datetime) -> dt.datetime:
    # The tables hold moments in UTC, without saying so.
    return at.replace(tzinfo=dt.UTC)


def _asked(row: Any, rated: bool, kind: Kind | None = None, reasons: tuple[str, ...] = ()) -> Asked:
    return Asked(
        row.id, _utc(row.at), row.language, kind or row.kind, row.text or "", rated, row.near, row.status, reasons
    )


def _question_values(entry: Joined) -> dict[str, Any]:
    asked = entry.asked
    return {
        "answer_id": asked.answer_id, "gap_id": entry.gap, "at": asked.at, "week": monday(asked.day).isoformat(),
        "language": asked.language, "kind": asked.kind, "rated": asked.rated, "programme": entry.programme,
        "named": entry.named, "forgotten": False,
    }  # fmt: skip


def _values(gap: Gap) -> dict[str, Any]:
    return {name: getattr(gap, name) for name in Gap.__slots__} | {"words": list(gap.words)}


def _gap(row: GapRow) -> Gap:
    values = {name: getattr(row, name) for name in Gap.__slots__}
    closed_at = _utc(row.closed_at) if row.closed_at else None
    return Gap(**{**values, "words": tuple(row.words), "closed_at": closed_at})


def _tally(rows: Sequence[Any]) -> Tally:
    kinds: Counter[Kind] = Counter()
    languages: Counter[Language] = Counter()
    for _, kind, language, count, _, _, _ in rows:
        kinds[kind] += count
        languages[language] += count
    return Tally(
        kinds, languages, sum(row[4] for row in rows), _utc(min(row[5] for row in rows)),
        _utc(max(row[6] for row in rows)),
    )  # fmt: skip

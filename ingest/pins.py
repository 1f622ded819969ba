"""Pins: answers that staff wrote and validated for a question, with their sources, versions and end.

What is prepared is a version; what readers get is the version that a publisher activated. No version is ever changed or
removed, so that every act can be undone by activating another one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from ingest.database import AnswerRow, JournalRow, PinRow, PinVersionRow, StateRow, now
from ingest.documents import LANGUAGES, Language
from ingest.errors import NeedsSecondPerson, UnknownPin
from ingest.journal import note
from ingest.writing import mark, refuse_newer, writing

COUNTER = "pins"
"""Name of the state that counts the changes: whoever keeps pins in memory compares it."""
PUBLIC = "pins_public"
"""Name of the state that counts how often pins were made public or taken back."""
LONGEST_LIFE = dt.timedelta(days=366)
"""After a year somebody has to look again."""


@dataclass(frozen=True, slots=True)
class Wording:
    """A question that the pin answers, as somebody may ask it."""

    text: str
    language: Language


@dataclass(frozen=True, slots=True)
class PinSource:
    """A quote, letter for letter, of a document of the library."""

    document: str
    """Its key, such as ``fr/start-ia``: a later version serves as long as the quote stands in it."""
    quote: str


@dataclass(frozen=True, slots=True)
class PinStatement:
    """One statement of the answer with the numbers of its sources, counted from 1."""

    text: str
    sources: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PinContent:
    """What a version of a pin says, and when it serves."""

    wordings: tuple[Wording, ...]
    """The question first, then other ways to ask it."""
    texts: Mapping[Language, tuple[PinStatement, ...]]
    """The answer in at least one language."""
    sources: tuple[PinSource, ...]
    owner: str
    expires: dt.date
    """The last day on which it serves."""
    threshold: float

    @property
    def question(self) -> str:
        """What it is called."""
        return self.wordings[0].text if self.wordings else ""

    def text_for(self, language: Language) -> tuple[Language, tuple[PinStatement, ...]]:
        """Return the answer in *language*, or else in the first language that it has."""
        own = next(each for each in (language, *LANGUAGES) if each in self.texts)
        return own, self.texts[own]

    def as_json(self) -> dict[str, Any]:
        """The form in which a version keeps it."""
        return {
            "wordings": [[wording.language, wording.text] for wording in self.wordings],
            "texts": {
                language: [[statement.text, list(statement.sources)] for statement in statements]
                for language, statements in self.texts.items()
            },
            "sources": [[source.document, source.quote] for source in self.sources],
            "owner": self.owner, "expires": self.expires.isoformat(), "threshold": self.threshold,
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> PinContent:
        """Return the content that ``as_json`` made *data* of."""
        return cls(
            tuple(Wording(text, language) for language, text in data["wordings"]),
            {
                language: tuple(PinStatement(text, tuple(sources)) for text, sources in statements)
                for language, statements in data["texts"].items()
            },
            tuple(PinSource(document, quote) for document, quote in data["sources"]),
            data["owner"], dt.date.fromisoformat(data["expires"]), float(data["threshold"]),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class PinVersion:
    """A version as it was saved."""

    number: int
    at: dt.datetime
    by: str
    content: PinContent


@dataclass(frozen=True, slots=True)
class Pin:
    """A pin with its newest version and the one that readers get."""

    number: int
    latest: PinVersion
    served: PinVersion | None
    validated_on: str = ""
    """The day of its activation in Brussels, ISO."""
    validated_by: str = ""
    review: str = ""
    """Why its owner must look at it first."""
    wish: str = ""
    """Why an editor would have it looked at; it serves all the same until a publisher decides."""

    @property
    def active(self) -> bool:
        """Whether a publisher has made a version public and not taken it back."""
        return self.served is not None


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a receipt that still keeps its words."""

    id: str
    question: str
    """The stand-alone form."""
    language: Language
    status: str
    pin: int
    """The pin that answered it; 0 when none did."""


class Pins:
    """The pins of one database; ``Library.pins`` opens it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def changes(self) -> int:
        """Counts what was saved, activated or taken back; another number means that pins must be read again."""
        with self._engine.connect() as connection:
            value = connection.execute(_COUNTED).scalar()
        return int(value or 0)

    def mark(self) -> int:
        """Return the mark of what is there now, for a form."""
        return mark(self._engine)

    @property
    def public_changes(self) -> int:
        """Counts what was made public or taken back: another number means that other answers are given."""
        with self._engine.connect() as connection:
            value = connection.execute(select(StateRow.value).where(StateRow.name == PUBLIC)).scalar()
        return int(value or 0)

    def save(self, content: PinContent, by: str, number: int | None = None, *, seen: int | None = None) -> Pin:
        """Keep *content* as a new pin, or as the next version of one; what readers get stays as it is.

        *seen* is the ``mark`` of what was opened: raises ``ChangedMeanwhile`` when another version was saved since.
        """
        with writing(self._engine) as session:
            if number is None:
                row = PinRow(latest=0, review="")
                session.add(row)
                session.flush()
            else:
                row = _row(session, number)
                refuse_newer(session, f"pin {number}", ("changed",), seen)
            row.latest += 1
            session.add(PinVersionRow(pin=row.number, version=row.latest, at=now(), by=by, data=content.as_json()))
            action = "prepared" if number is None else "changed"
            _changed(session, by, action, row.number, version=row.latest, expires=content.expires.isoformat())
            found = row.number
        return self.pin(found)

    def activate(
        self, number: int, by: str, on: dt.date, version: int | None = None, *, second_person: bool = False
    ) -> Pin:
        """Make a version public, the newest unless another is named; *on* is the day that readers are told.

        With *second_person*, ``NeedsSecondPerson`` is raised for whoever wrote a version since the last public one.
        """
        with writing(self._engine) as session:
            row = _row(session, number)
            before, chosen = row.served, version or row.latest
            if session.get(PinVersionRow, (number, chosen)) is None:
                raise UnknownPin(f"{number}: this validated answer has no version {chosen}; open it and choose another")
            if second_person and by in _authors(session, number, chosen):
                raise NeedsSecondPerson(f"{number}: {by} wrote this version; somebody else has to make it public")
            row.served, row.validated_on, row.validated_by = chosen, on.isoformat(), by
            row.review = row.wish = ""
            _changed(session, by, "activated", number, version=chosen, before=before)
        return self.pin(number)

    def deactivate(self, number: int, by: str) -> Pin:
        """Take a pin back; its versions stay."""
        with writing(self._engine) as session:
            row = _row(session, number)
            before, row.served, row.wish = row.served, None, ""
            _changed(session, by, "deactivated", number, before=before)
        return self.pin(number)

    def ask_review(self, number: int, by: str, reason: str) -> Pin:
        """Hold a pin back until its owner has looked at it, that is, until it is activated anew."""
        with writing(self._engine) as session:
            row = _row(session, number)
            row.review, row.wish = reason.strip() or "?", ""
            _changed(session, by, "held back", number)
        return self.pin(number)

    def wish_review(self, number: int, by: str, reason: str) -> Pin:
        """Ask that somebody who may publish look at a pin; an empty *reason* says that it was looked at."""
        with writing(self._engine) as session:
            row = _row(session, number)
            row.wish = reason.strip()
            _changed(session, by, "review asked" if row.wish else "review settled", number)
        return self.pin(number)

    def pin(self, number: int) -> Pin:
        """Return one pin; raises ``UnknownPin``."""
        with Session(self._engine) as session:
            return _pin(session, _row(session, number))

    def all(self) -> list[Pin]:
        """Return every pin, oldest first."""
        with Session(self._engine) as session:
            rows = list(session.scalars(select(PinRow).order_by(PinRow.number)))
            wanted = {(row.number, version) for row in rows for version in (row.latest, row.served) if version}
            held = {
                (row.pin, row.version): _version(row)
                for row in session.scalars(select(PinVersionRow))
                if (row.pin, row.version) in wanted
            }
        return [_pin_of(row, held) for row in rows]

    def versions(self, number: int) -> list[PinVersion]:
        """Return what a pin said over time, newest first."""
        wanted = select(PinVersionRow).where(PinVersionRow.pin == number).order_by(PinVersionRow.version.desc())
        with Session(self._engine) as session:
            return [_version(row) for row in session.scalars(wanted)]

    # --- receipts ------------------------------------------------------------------------------------------------

    def times_served(self, since: dt.datetime) -> dict[int, int]:
        """Return how many answers each pin gave since a moment."""
        number = AnswerRow.trace["pin"].as_integer()
        counted = (
            select(number, func.count())
            .where(AnswerRow.at >= since.astimezone(dt.UTC), AnswerRow.trace.is_not(None), number > 0)
            .group_by(number)
        )
        with Session(self._engine) as session:
            return dict(session.execute(counted).tuples().all())

    def asked(self, since: dt.datetime, limit: int = 2_000) -> list[Asked]:
        """Return the questions of the receipts since a moment that keep their words, newest first."""
        wanted = (
            select(AnswerRow.id, AnswerRow.data, AnswerRow.language, AnswerRow.status, AnswerRow.trace)
            .where(AnswerRow.at >= since.astimezone(dt.UTC), ~AnswerRow.purged)
            .order_by(AnswerRow.at.desc())
            .limit(limit)
        )
        with Session(self._engine) as session:
            return [
                Asked(id, question, cast(Language, language), status, int((trace or {}).get("pin", 0)))
                for id, data, language, status, trace in session.execute(wanted).tuples()
                if (question := data["standalone_question"])
            ]


_COUNTED = select(StateRow.value).where(StateRow.name == COUNTER)


def _changed(session: Session, by: str, action: str, number: int, **detail: Any) -> None:
    """Count a change and write it into the journal, in the transaction of the change."""
    counter = session.get(StateRow, COUNTER)
    session.merge(StateRow(name=COUNTER, value=str(int(counter.value) + 1 if counter else 1)))
    if action in ("activated", "deactivated", "held back"):
        public = session.get(StateRow, PUBLIC)
        session.merge(StateRow(name=PUBLIC, value=str(int(public.value) + 1 if public else 1)))
    note(session, by, action, f"pin {number}", **detail)


def _authors(session: Session, number: int, version: int) -> set[str]:
    """Return who wrote a version, with those that it grew from, since the last one that was made public."""
    acts = select(JournalRow.detail).where(JournalRow.subject == f"pin {number}", JournalRow.action == "activated")
    public = {int(detail.get("version", 0)) for detail in session.scalars(acts)}
    if version in public:
        return set()
    since = max((each for each in public if each < version), default=0)
    wrote = select(PinVersionRow.by).where(
        PinVersionRow.pin == number, PinVersionRow.version > since, PinVersionRow.version <= version
    )
    return set(session.scalars(wrote))


def _row(session: Session, number: int) -> PinRow:
    row = session.get(PinRow, number)
    if row is None:
        raise UnknownPin(f"{number}: no validated answer has this number; go back to the list")
    return row


def _pin(session: Session, row: PinRow) -> Pin:
    wanted = [version for version in {row.latest, row.served} if version]
    rows = session.scalars(
        select(PinVersionRow).where(PinVersionRow.pin == row.number, PinVersionRow.version.in_(wanted))
    )
    return _pin_of(row, {(each.pin, each.version): _version(each) for each in rows})


def _pin_of(row: PinRow, held: Mapping[tuple[int, int], PinVersion]) -> Pin:
    served = held[row.number, row.served] if row.served else None
    return Pin(
        row.number, held[row.number, row.latest], served, row.validated_on or "", row.validated_by or "", row.review,
        row.wish,
    )  # fmt: skip


def _version(row: PinVersionRow) -> PinVersion:
    return PinVersion(row.version, row.at.replace(tzinfo=dt.UTC), row.by, PinContent.from_json(row.data))

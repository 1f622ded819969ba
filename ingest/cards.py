"""What staff decided on the cards of programmes: values with their quotes, programmes of their own, rulings.

Nothing is ever changed or deleted: a decision is a row, undoing it marks the row as withdrawn, and then the decision
before it holds again. Every change writes its entry in the journal in the same transaction.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from ingest.database import CardProgrammeRow, CardRulingRow, CardValueRow, now
from ingest.documents import LANGUAGES, Language
from ingest.errors import ChangedMeanwhile, GuichetError, NeedsSecondPerson
from ingest.journal import note
from ingest.writing import moment, writing

Field = Literal[
    "title", "operator", "kind", "audience", "state", "opens", "closes", "rate", "ceiling", "minimum", "duration",
    "eligibility", "cumulation", "contact", "next_step",
]  # fmt: skip
FIELDS: tuple[Field, ...] = (
    "title", "operator", "kind", "audience", "state", "opens", "closes", "rate", "ceiling", "minimum", "duration",
    "eligibility", "cumulation", "contact", "next_step",
)  # fmt: skip
ValueState = Literal["proposed", "confirmed", "rejected"]
Decision = Literal["first", "second", "both", "asked"]
"""What a ruling says: the first value holds, the second, both (of different populations or years), or not known yet."""
DECISIONS: tuple[Decision, ...] = ("first", "second", "both", "asked")


Word = TypeVar("Word", bound=str)


Flag = Literal["", "gone", "unpublished", "no_sentence", "replaced", "correction_lost"]
"""What is to be told of a value: its quote is gone from the document, or the document itself is; no sentence of the
sheet holds it; staff confirmed another one; it was corrected, and the correction lost its quote."""
Refusal = Literal["undone", "made", "unmade", "unquoted", "gone", "unpublished", "no_figure"]


class CardError(GuichetError):
    """Something that cannot be decided on a card; ``refusal`` is one word for programs."""

    def __init__(self, message: str, refusal: Refusal) -> None:
        super().__init__(message)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class CardValue:
    """One value of a programme's card, with the sentence that it rests on.

    ``value`` is plain JSON: a rate is a fraction or a range of two, money and durations are numbers in ``unit``, dates
    are ISO and may be partial, a rule of eligibility is ``{"criterion", "rule", "values"}``.
    """

    programme: str
    field: Field
    value: Any
    unit: str = ""
    what: str = ""
    """Of whom or what it is true: «small firms», «per hour»; as the source says it."""
    as_of: str | None = None
    """The date of the source, ISO, whole or partial."""
    quote: str = ""
    """Letter for letter as in the passage; empty when no sentence is known that says it."""
    document: str = ""
    """Key of the document that the quote stands in."""
    passage: str = ""
    version: int = 0
    url: str | None = None
    state: ValueState = "proposed"
    by: str = ""
    """Who confirmed, rejected or proposed it; empty for the guichet itself."""
    at: str = ""
    """When, as an ISO date or moment."""
    reason: str = ""
    """What the person who decided wrote about it."""
    flag: Flag = ""
    """Why it is not, or no longer, confirmed, where nobody decided that."""
    slot: str = ""
    """Its place in the head of a sheet (``amounts.2``); the same in every language of the sheet."""
    number: int = 0
    """Number of the decision that holds; 0 when nobody decided."""
    target: str = ""
    """Key of the value that a decision was made on, when the decision changed the value."""
    corrects: str = ""
    """Of a proposal: key of the value in whose place it comes once it is confirmed."""

    @property
    def key(self) -> str:
        """What tells this value from others, whatever was decided on it."""
        if self.target:
            return self.target
        # Not the quote: what was decided holds in every language of a document, and is asked anew when it is reworded.
        place = self.slot or f"{self.document_id}\n{self.what}"
        parts = (self.programme, self.field, place, json.dumps(self.value, sort_keys=True))
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]

    @property
    def document_id(self) -> str:
        """Id of the document, whatever its language."""
        return self.document.partition("/")[2]


@dataclass(frozen=True, slots=True)
class RuledSide:
    """One of two values as staff saw it when they decided: what, where, and the sentences."""

    value: Any
    document: str
    """Id of the document."""
    quotes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ruling:
    """What staff decided on two values that contradict each other."""

    programme: str
    field: Field
    first: RuledSide
    second: RuledSide
    verdict: Decision
    reason: str
    by: str = ""
    at: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class OwnProgramme:
    """A programme that staff made, of which no sheet speaks."""

    id: str
    title: str
    language: Language


class CardStore:
    """The decisions in one database; ``Library.cards`` opens it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.revision = 0
        """Counts the changes since it was opened: what was computed from the decisions of before is old."""

    @property
    def engine(self) -> Engine:
        """The database that they stand in."""
        return self._engine

    # --- values --------------------------------------------------------------------------------------------------

    def decide(
        self,
        value: CardValue,
        state: ValueState,
        by: str,
        reason: str = "",
        *,
        seen: int | None = None,
        second_person: bool = False,
        proposal: int = 0,
    ) -> int:
        """Keep that *by* proposes, confirms or rejects *value*; return the number of the decision.

        *seen* is the number of the decision that held when the value was opened (0: none): raises
        ``ChangedMeanwhile`` when another one holds by now. With *second_person*, who ever proposed a value may not
        confirm it: ``NeedsSecondPerson``. *proposal* is the number of a correction that waited and that this decision
        settles.
        """
        row = CardValueRow(
            target=value.key, programme=value.programme, field=value.field, what=value.what, value=value.value,
            unit=value.unit, as_of=value.as_of, quote=value.quote, document=value.document, passage=value.passage,
            version=value.version, url=value.url, state=state, by=by, at=now(), reason=reason, withdrawn=False,
            corrects=value.corrects,
        )  # fmt: skip
        with writing(self._engine) as session:
            held = session.get(CardValueRow, proposal) if proposal else _held(session, value.key)
            if seen is not None and (held.number if held else 0) != seen:
                raise _other(held)
            targets = {value.key, held.target} if held else {value.key}
            if second_person and state == "confirmed" and _proposed(session, targets, value.value, by):
                raise NeedsSecondPerson(f"{by} proposed this value; somebody else has to confirm it")
            if held is not None and proposal:
                held.withdrawn = True
            session.add(row)
            session.flush()
            number = row.number
            note(
                session, by, f"value {state}", f"programme {value.programme}",
                field=value.field, value=value.value, quote=value.quote, document=value.document, reason=reason,
                number=number,
            )  # fmt: skip
        self.revision += 1
        return number

    def values(self) -> list[CardValue]:
        """Return the decisions that hold, one for each value that was decided on, the oldest first."""
        wanted = select(CardValueRow).where(CardValueRow.withdrawn.is_(False)).order_by(CardValueRow.number)
        with Session(self._engine) as session:
            last = {row.target: row for row in session.scalars(wanted)}
            return [_value(row) for row in sorted(last.values(), key=lambda row: row.number)]

    def history(self, programme: str) -> list[tuple[CardValue, bool]]:
        """Return every decision on a programme, newest first, each with whether it was withdrawn."""
        wanted = select(CardValueRow).where(CardValueRow.programme == programme).order_by(CardValueRow.number.desc())
        with Session(self._engine) as session:
            return [(_value(row), row.withdrawn) for row in session.scalars(wanted)]

    def withdraw(self, number: int, by: str) -> CardValue:
        """Undo a decision on a value; the one before it, if any, holds again."""
        with writing(self._engine) as session:
            row = session.get(CardValueRow, number)
            if row is None or row.withdrawn:
                raise CardError("This decision was already undone; reload the page to see what holds now.", "undone")
            row.withdrawn = True
            value = _value(row)
            note(session, by, "decision undone", f"programme {row.programme}", field=row.field, number=number)
        self.revision += 1
        return value

    # --- rulings -------------------------------------------------------------------------------------------------

    def rule(self, ruling: Ruling, by: str) -> int:
        """Keep what *by* decided on a contradiction; return the number of the ruling."""
        row = CardRulingRow(
            programme=ruling.programme, field=ruling.field, first=dataclasses.asdict(ruling.first),
            second=dataclasses.asdict(ruling.second), verdict=ruling.verdict, reason=ruling.reason, by=by, at=now(),
            withdrawn=False,
        )  # fmt: skip
        with writing(self._engine) as session:
            session.add(row)
            session.flush()
            number = row.number
            note(
                session, by, "contradiction ruled", f"programme {ruling.programme}",
                field=ruling.field, first=ruling.first.value, second=ruling.second.value, verdict=ruling.verdict,
                reason=ruling.reason, number=number,
            )  # fmt: skip
        self.revision += 1
        return number

    def rulings(self) -> list[Ruling]:
        """Return the rulings that were not withdrawn, the newest first."""
        wanted = select(CardRulingRow).where(CardRulingRow.withdrawn.is_(False)).order_by(CardRulingRow.number.desc())
        with Session(self._engine) as session:
            return [_ruling(row) for row in session.scalars(wanted)]

    def withdraw_ruling(self, number: int, by: str) -> None:
        """Undo a ruling; the one before it, if any, holds again."""
        with writing(self._engine) as session:
            row = session.get(CardRulingRow, number)
            if row is None or row.withdrawn:
                raise CardError("This ruling was already undone; reload the page to see what holds now.", "undone")
            row.withdrawn = True
            note(session, by, "ruling undone", f"programme {row.programme}", field=row.field, number=number)
        self.revision += 1

    # --- programmes of staff -------------------------------------------------------------------------------------

    def add_programme(self, programme: OwnProgramme, by: str) -> None:
        """Make a programme of which no sheet speaks, or bring back one that was withdrawn."""
        with writing(self._engine) as session:
            held = session.get(CardProgrammeRow, programme.id)
            if held is not None and not held.withdrawn:
                raise CardError(
                    f"{programme.id}: a programme has this name already; open that one, or choose another.", "made"
                )
            session.merge(
                CardProgrammeRow(
                    id=programme.id,
                    title=programme.title,
                    language=programme.language,
                    by=by,
                    at=now(),
                    withdrawn=False,
                )
            )
            note(session, by, "programme made", f"programme {programme.id}", title=programme.title)
        self.revision += 1

    def withdraw_programme(self, id: str, by: str) -> None:
        """Undo the making of a programme; its values are kept and come back with it."""
        with writing(self._engine) as session:
            row = session.get(CardProgrammeRow, id)
            if row is None or row.withdrawn:
                raise CardError(
                    f"{id}: staff made no such programme; reload the page to see those there are.", "unmade"
                )
            row.withdrawn = True
            note(session, by, "programme withdrawn", f"programme {id}")
        self.revision += 1

    def programmes(self) -> list[OwnProgramme]:
        """Return the programmes that staff made."""
        wanted = select(CardProgrammeRow).where(CardProgrammeRow.withdrawn.is_(False)).order_by(CardProgrammeRow.id)
        with Session(self._engine) as session:
            return [OwnProgramme(row.id, row.title, _language(row.language)) for row in session.scalars(wanted)]


def _held(session: Session, target: str) -> CardValueRow | None:
    """Return the decision that holds on a value."""
    decided = select(CardValueRow).where(CardValueRow.target == target, CardValueRow.withdrawn.is_(False))
    return session.scalar(decided.order_by(CardValueRow.number.desc()).limit(1))


def _proposed(session: Session, targets: set[str], value: Any, by: str) -> bool:
    """Return whether *by* ever proposed *value* there: a rejection in between does not make a second person."""
    rows = CardValueRow
    own = select(rows).where(rows.target.in_(targets), rows.by == by, rows.state == "proposed", ~rows.withdrawn)
    wanted = json.dumps(value, sort_keys=True)
    return any(json.dumps(row.value, sort_keys=True) == wanted for row in session.scalars(own))


def _other(held: CardValueRow | None) -> ChangedMeanwhile:
    """Return the error for a value on which another decision holds than the one that was seen."""
    if held is None:  # the one that was seen was undone; by whom, the history tells
        return ChangedMeanwhile("", now())
    return ChangedMeanwhile(held.by, moment(held.at), ("value",), held.number)


def _language(code: str) -> Language:
    return next(language for language in LANGUAGES if language == code)


def _moment(at: dt.datetime) -> str:
    return at.replace(tzinfo=dt.UTC).isoformat(timespec="seconds")


def _value(row: CardValueRow) -> CardValue:
    return CardValue(
        programme=row.programme, field=_known(row.field, FIELDS), value=row.value, unit=row.unit, what=row.what,
        as_of=row.as_of, quote=row.quote, document=row.document, passage=row.passage, version=row.version, url=row.url,
        state=_known(row.state, ("proposed", "confirmed", "rejected")), by=row.by, at=_moment(row.at),
        reason=row.reason, number=row.number, target=row.target, corrects=row.corrects,
    )  # fmt: skip


def _known(word: str, words: Sequence[Word]) -> Word:
    return next(each for each in words if each == word)


def _ruling(row: CardRulingRow) -> Ruling:
    return Ruling(
        row.programme, _known(row.field, FIELDS), _side(row.first), _side(row.second), _known(row.verdict, DECISIONS),
        row.reason, row.by, _moment(row.at), row.number,
    )  # fmt: skip


def _side(data: dict[str, Any]) -> RuledSide:
    return RuledSide(data["value"], data["document"], tuple(data["quotes"]))

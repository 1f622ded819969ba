"""Two current documents that give different values for the same thing: found, ruled on by staff, told to askers.

Precise rather than complete. Values are compared only where both speak of the same field of the same programme, of the
same population (the marks of :mod:`bot.claims`) and of the present; a rate within a range is no contradiction of it.
Where one sheet itself says that its sources differ, staff see it, and the answer is the sheet's own.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

from bot.cards import Cards, Said
from bot.claims import Claim
from ingest.analysis import content_words
from ingest.cards import CardStore, Decision, Field, RuledSide, Ruling
from ingest.documents import Language
from ingest.snapshot import Reading

_NOTE = re.compile(r"\([^)]*\)")
_DECIDED: frozenset[Decision] = frozenset({"first", "second"})
Sentence = tuple[str, str]
"""Key of a document, and a quote in it."""
Pair = tuple[str, Field, frozenset[str]]
"""A programme, a field, and two values for it as JSON."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the values, with every sentence that says it."""

    value: Any
    said: tuple[Said, ...]

    @property
    def sentences(self) -> frozenset[Sentence]:
        """Where it is said."""
        return frozenset((said.value.document, said.value.quote) for said in self.said if said.value.quote)

    @property
    def documents(self) -> tuple[str, ...]:
        """Ids of the documents that say it."""
        return tuple(sorted({said.value.document_id for said in self.said}))

    def shown(self, language: Language) -> Said:
        """Return what to show a reader of *language*: a sentence in it, the youngest source first."""
        quoted = [said for said in self.said if said.value.quote] or list(self.said)
        return max(quoted, key=lambda said: (said.language == language, said.value.as_of or "", said.value.document))


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two values for one field of a programme, and what staff decided on them, if they did."""

    programme: str
    field: Field
    first: Side
    second: Side
    ruling: Ruling | None = None

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both sides."""
        return self.first, self.second

    @property
    def key(self) -> str:
        """What tells it from others."""
        values = json.dumps([self.first.value, self.second.value], sort_keys=True)
        marked = ",".join(sorted(self.first.said[0].claim.marks))
        return hashlib.sha256("\0".join((self.programme, self.field, values, marked)).encode()).hexdigest()[:16]

    @property
    def within(self) -> bool:
        """Whether it stands within one document in one language: its editors wrote both values down themselves."""
        places = {said.value.document for side in self.sides for said in side.said}
        shared = {s.value.document for s in self.first.said} & {s.value.document for s in self.second.said}
        return shared == places

    def differs(self, today: dt.date) -> bool:
        """Return whether both cannot be true on *today*."""
        return any(differ(a.claim, b.claim, today) for a in self.first.said for b in self.second.said)

    @property
    def is_open(self) -> bool:
        """Whether an answer has to show both values."""
        return self.ruling is None or self.ruling.verdict == "asked"

    @property
    def waits(self) -> bool:
        """Whether somebody at the desk has to do something about it."""
        return self.is_open and not self.within

    @property
    def lost(self) -> Side | None:
        """The side that no longer holds, by a ruling."""
        if (holds := self.holds) is None:
            return None
        return self.second if holds is self.first else self.first

    @property
    def holds(self) -> Side | None:
        """The side that holds, by a ruling."""
        if self.ruling is None or self.ruling.verdict not in _DECIDED:
            return None
        holds = self.ruling.first if self.ruling.verdict == "first" else self.ruling.second
        return self.first if self.first.value == holds.value else self.second


@dataclass(frozen=True, slots=True)
class Settled:
    """What rulings leave of one field of a programme."""

    lost: tuple[Side, ...]
    """What no longer holds."""
    holds: Any
    """The value that does; None where rulings leave several, or none."""


@dataclass(frozen=True, slots=True)
class Disputes:
    """What an answer has to know of contradictions."""

    open: tuple[Contradiction, ...] = ()
    superseded: Mapping[Sentence, Side] = field(default_factory=dict)
    """Sentences that no longer hold, never quoted as what is true now, each with the side that does hold."""

    def of(self, cited: Iterable[Sentence]) -> list[Contradiction]:
        """Return the open contradictions of which one side is *cited*."""
        cited = set(cited)
        return [each for each in self.open if cited & (each.first.sentences | each.second.sentences)]


class Contradictions:
    """The contradictions of a library, as staff have ruled on them."""

    def __init__(self, cards: Cards) -> None:
        self.cards = cards
        self._found: tuple[object, tuple[Contradiction, ...]] | None = None
        self._disputes: tuple[tuple[Contradiction, ...], Disputes] | None = None

    @property
    def store(self) -> CardStore:
        """The decisions of staff."""
        return self.cards.store

    def all(self, snapshot: Reading, today: dt.date) -> tuple[Contradiction, ...]:
        """Return every contradiction, ruled on or not."""
        version = (*self.cards.version(snapshot), today)
        kept = self._found
        if kept is None or kept[0] != version:
            rulings = self.store.rulings()
            ruled = (_ruled(each, rulings) for each in self._find(snapshot, today, _decided(rulings)))
            kept = (version, tuple(each for each in ruled if each.holds or each.differs(today)))
            self._found = kept
        return kept[1]

    def disputes(self, snapshot: Reading, today: dt.date) -> Disputes:
        """Return what an answer has to know."""
        found = self.all(snapshot, today)
        kept = self._disputes
        if kept is None or kept[0] is not found:
            self._disputes = kept = (found, _disputes(found))
        return kept[1]

    def settled(self, snapshot: Reading, today: dt.date) -> dict[str, dict[Field, Settled]]:
        """Return by programme and field what rulings leave."""
        ruled: dict[str, dict[Field, list[Contradiction]]] = defaultdict(lambda: defaultdict(list))
        for each in self.all(snapshot, today):
            if each.holds:
                ruled[each.programme][each.field].append(each)
        return {
            programme: {field: _settled(found) for field, found in fields.items()}
            for programme, fields in ruled.items()
        }

    def close(self) -> None:
        """Stop what is read beside the answers."""
        self.cards.reader.close()

    def rule(
        self, snapshot: Reading, today: dt.date, key: str, verdict: Decision, reason: str, by: str
    ) -> Contradiction | None:
        """Keep a ruling on the contradiction *key*; return that, or None when it is no longer there."""
        found = next((each for each in self.all(snapshot, today) if each.key == key), None)
        if found is None:
            return None
        first, second = (_as_ruled(side) for side in found.sides)
        self.store.rule(Ruling(found.programme, found.field, first, second, verdict, reason), by)
        return found

    def _find(self, snapshot: Reading, today: dt.date, decided: Collection[Pair]) -> list[Contradiction]:
        found: list[Contradiction] = []
        titled = self.cards.titled(snapshot)
        for programme, said in self.cards.said(snapshot).items():
            own = titled.get(programme, frozenset())
            groups: dict[tuple[Field, str, frozenset[str]], list[Said]] = defaultdict(list)
            for each in said:
                if is_current(each.claim, today):
                    groups[each.claim.field, each.claim.unit, each.claim.marks - own].append(each)
            for (name, _, _), group in groups.items():
                found += _within_group(programme, name, group, today, decided)
        return found


def _settled(found: Sequence[Contradiction]) -> Settled:
    lost = tuple(each.lost for each in found if each.lost)
    winners = [each.holds.value for each in found if each.holds]
    # Of three values, what won over the first may have lost to the third.
    left = [value for value in winners if not any(side.value == value for side in lost)]
    return Settled(lost, left[0] if left and all(value == left[0] for value in left) else None)


def _decided(rulings: Iterable[Ruling]) -> frozenset[Pair]:
    """Return what staff chose between: a choice between two days holds when one of them is past."""
    return frozenset(
        _pair(each.programme, each.field, each.first.value, each.second.value)
        for each in rulings
        if each.verdict in _DECIDED
    )


def _pair(programme: str, name: Field, one: Any, other: Any) -> Pair:
    return programme, name, frozenset((json.dumps(one), json.dumps(other)))


def _disputes(found: Sequence[Contradiction]) -> Disputes:
    held, superseded = set[Sentence](), dict[Sentence, Side]()
    for each in found:
        if (lost := each.lost) is not None:
            holds = each.first if lost is each.second else each.second
            held |= holds.sentences
            superseded.update(dict.fromkeys(lost.sentences, holds))
    gone = {place: holds for place, holds in superseded.items() if place not in held}
    return Disputes(tuple(each for each in found if each.waits), gone)


def is_current(claim: Claim, today: dt.date) -> bool:
    """Return whether *claim* is about the present: neither told as past nor of a year gone by."""
    if claim.past:
        return False
    if claim.field in ("opens", "closes"):
        return True
    return all(int(year) >= today.year for year in claim.years)


def differ(one: Claim, other: Claim, today: dt.date) -> bool:
    """Return whether two claims on one field and population cannot both be true."""
    if one.value == other.value:
        return False
    if one.field in ("opens", "closes"):
        return _days_differ(str(one.value), str(other.value), today)
    if one.field == "state":
        return {one.value, other.value} in ({"open", "closed"}, {"permanent", "closed"})
    if one.field == "rate":
        (low, high), (least, most) = _span(one), _span(other)
        if one.most == other.most and isinstance(one.value, float) == isinstance(other.value, float):
            return high != most
        return not (low <= least and most <= high) and not (least <= low and high <= most)
    return True


def _span(claim: Claim) -> tuple[float, float]:
    if isinstance(claim.value, list | tuple):
        return float(claim.value[0]), float(claim.value[1])
    return (0.0 if claim.most else float(claim.value)), float(claim.value)


def _days_differ(one: str, other: str, today: dt.date) -> bool:
    """Return whether two days differ; a year holds its days, and days of two calls are no contradiction."""
    if one.startswith(other) or other.startswith(one):
        return False
    present = today.isoformat()
    both_to_come = min(one, other) >= present[: len(min(one, other))]
    return both_to_come or one[:4] == other[:4]


def _within_group(
    programme: str, name: Field, group: Sequence[Said], today: dt.date, decided: Collection[Pair]
) -> list[Contradiction]:
    sides: dict[str, list[Said]] = defaultdict(list)
    told: dict[str, set[str]] = defaultdict(set)
    for said in group:
        value = json.dumps(said.claim.value)
        sides[value].append(said)
        told[said.value.document].add(value)
        told[said.value.document_id].add(value)
    # A document that gives several values means several things by them, though no mark tells them apart.
    plain = {document for document, values in told.items() if len(values) == 1}
    found = []
    for one, other in combinations(sorted(sides), 2):
        pairs = [
            (a, b)
            for a in sides[one]
            for b in sides[other]
            if (differ(a.claim, b.claim, today) or _pair(programme, name, a.claim.value, b.claim.value) in decided)
            and (_of_two(a, b, plain) or _compared_by_sheet(a, b))
        ]
        if pairs:
            first = tuple(dict.fromkeys(a for a, _ in pairs))
            second = tuple(dict.fromkeys(b for _, b in pairs))
            found.append(
                Contradiction(programme, name, Side(first[0].claim.value, first), Side(second[0].claim.value, second))
            )
    return found


def _of_two(one: Said, other: Said, plain: set[str]) -> bool:
    """Return whether two sayings are of two documents, or of two languages of one, that each give one value."""
    if one.value.document_id != other.value.document_id:
        return {one.value.document_id, other.value.document_id} <= plain
    if one.value.slot or other.value.slot:
        return one.value.slot == other.value.slot
    return one.value.document != other.value.document and {one.value.document, other.value.document} <= plain


def _compared_by_sheet(one: Said, other: Said) -> bool:
    """Return whether the head of one sheet gives two values for one thing, from two pages."""
    if one.value.document != other.value.document or not (one.value.slot and other.value.slot):
        return False
    language = one.language
    first, second = (set(content_words(_NOTE.sub(" ", said.value.what), language)) for said in (one, other))
    return bool(first and second) and (first <= second or second <= first) and one.value.url != other.value.url


def _ruled(found: Contradiction, rulings: Sequence[Ruling]) -> Contradiction:
    """Return *found* with the newest ruling on it, as long as sentences that staff saw still stand on both sides."""
    for ruling in rulings:
        if (ruling.programme, ruling.field) != (found.programme, found.field):
            continue
        for first, second in ((found.first, found.second), (found.second, found.first)):
            if _is_same(first, ruling.first) and _is_same(second, ruling.second):
                return replace(found, first=first, second=second, ruling=ruling)
    return found


def _is_same(side: Side, ruled: RuledSide) -> bool:
    quotes = {said.value.quote for said in side.said}
    return side.value == ruled.value and not quotes.isdisjoint(ruled.quotes)


def _as_ruled(side: Side) -> RuledSide:
    quotes = dict.fromkeys(said.value.quote for said in side.said)
    return RuledSide(side.value, ",".join(side.documents), tuple(quotes))

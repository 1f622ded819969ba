"""What the card of each programme holds: values from the heads of sheets, proposals from other documents, decisions.

``Cards.confirmed`` is what tools for owners build on: nothing in it was not confirmed by the editors of a sheet or by
staff, with a sentence that holds its figure and that stands in a current document. Heads and proposals are what the
documents say (:mod:`bot.reading`), joined to the programmes that there are; the decisions of staff
(:mod:`ingest.cards`) are laid over them.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, Literal

from bot.answers import State
from bot.claims import Claim
from bot.heads import holds_figure
from bot.names import Names
from bot.reading import Read, Reader, Told, claim_of
from bot.states import PROGRAMME_KINDS, state
from ingest.cards import CardError, CardStore, CardValue, Field, OwnProgramme
from ingest.claims import ClaimStore
from ingest.documents import LANGUAGES, Language
from ingest.snapshot import DocumentInfo, Reading

CALLED = 0.6
"""Weight of a name from which a sentence speaks of the programme that is called so."""
_STATED: tuple[Field, ...] = ("state", "opens", "closes")
_SINGLE: frozenset[Field] = frozenset({"title", "operator", "kind", "audience", "state", "opens", "closes", "contact"})
"""Fields of which a programme has one value."""
QUOTELESS: frozenset[Field] = frozenset({"title", "operator", "kind", "audience", "contact", "next_step"})
"""Fields that may be confirmed without a sentence that says them."""


@dataclass(frozen=True, slots=True)
class Card:
    """What is known of one programme, in one language where a sheet has it."""

    id: str
    title: str
    language: Language
    values: tuple[CardValue, ...] = ()
    missing: tuple[str, ...] = ()
    """What the sources do not say, as the sheet lists it."""
    verified_on: str | None = None
    own: bool = False
    """Whether staff made it, without a sheet."""

    def of(self, *fields: Field) -> tuple[CardValue, ...]:
        """Return the values of these fields."""
        return tuple(value for value in self.values if value.field in fields)

    def value(self, field: Field) -> Any:
        """Return the confirmed value of a field that has one, or nothing; a decision of staff goes before the sheet."""
        held = [value for value in self.of(field) if value.state == "confirmed"]
        return max(held, key=lambda value: value.number).value if held else None

    @property
    def rules(self) -> tuple[CardValue, ...]:
        """The confirmed rules of eligibility."""
        return tuple(value for value in self.of("eligibility") if value.state == "confirmed")

    @property
    def proposed(self) -> tuple[CardValue, ...]:
        """What waits for somebody to confirm or reject it."""
        return tuple(value for value in self.values if value.state == "proposed")

    @property
    def confirmed(self) -> Card:
        """The same card with its confirmed values only."""
        return replace(self, values=tuple(value for value in self.values if value.state == "confirmed"))

    def state(self, today: dt.date) -> State:
        """Return whether the programme is open on *today*, from its confirmed values."""
        shown = next((value.as_of for value in self.of("state") if value.state == "confirmed"), None)
        return state(
            {"status": self.value("state"), "opens": self.value("opens"), "closes": self.value("closes"),
             "status_as_of": shown}, today,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """A value as a document says it, with the marks by which it is compared with others."""

    value: CardValue
    claim: Claim
    language: Language


@dataclass(frozen=True, slots=True)
class _Scan:
    """What one generation says: per programme the values of its head by language, and everything that is claimed."""

    heads: Mapping[str, Mapping[Language, tuple[CardValue, ...]]]
    said: Mapping[str, tuple[Said, ...]]
    titled: Mapping[str, frozenset[str]]
    """The marks that the titles of a programme's sheets give it, in whatever language."""


class Cards:
    """The cards of programmes over a snapshot and the decisions of staff; what was computed once is kept."""

    def __init__(self, store: CardStore, reader: Reader | None = None) -> None:
        """*reader* may be shared with the cards over other generations: it has read most of their documents."""
        self.store = store
        self.reader = reader or Reader(ClaimStore(store.engine))
        self._lock = Lock()
        self._scanned: tuple[object, _Scan] | None = None
        self._kept: tuple[int, list[CardValue]] | None = None
        self._made: dict[Language, tuple[object, dict[str, Card]]] = {}

    def version(self, snapshot: Reading) -> tuple[int, int, int]:
        """Return what cards over *snapshot* rest on: what was computed for another version is old."""
        return snapshot.generation, self.store.revision, self.reader.revision

    def confirmed(self, snapshot: Reading, language: Language = "fr") -> dict[str, Card]:
        """Return every programme's card, by id, with confirmed values only: the reading side for tools."""
        return {id: card.confirmed for id, card in self.all(snapshot, language).items()}

    def all(self, snapshot: Reading, language: Language = "fr") -> dict[str, Card]:
        """Return every programme's card, by id, with everything that is confirmed, proposed or rejected."""
        version = self.version(snapshot)
        kept = self._made.get(language)
        if kept and kept[0] == version:
            return kept[1]
        scan, decisions = self._scan(snapshot), self._decisions()
        by_programme: dict[str, list[CardValue]] = defaultdict(list)
        for decision in decisions:
            by_programme[decision.programme].append(decision)
        standing = _Standing(snapshot)
        cards = {}
        for programme in self._programmes(snapshot):
            derived = [*_in(scan.heads.get(programme.id, {}), language), *_proposals(scan, programme.id, language)]
            values = _laid_over(derived, by_programme[programme.id], standing)
            cards[programme.id] = _card(programme, snapshot, language, values)
        self._made[language] = (version, cards)
        return cards

    def said(self, snapshot: Reading) -> dict[str, list[Said]]:
        """Return per programme what current documents say of it; what staff rejected or corrected is left out."""
        scan, cards = self._scan(snapshot), self.all(snapshot)
        decided = {decision.target: decision for decision in self._decisions()}
        found: dict[str, list[Said]] = defaultdict(list)
        for id in cards:
            for said in scan.said.get(id, ()):
                decision = decided.get(said.value.key)
                if decision is None or (decision.state != "rejected" and decision.value == said.value.value):
                    found[id].append(said)
            known = {(said.value.document, said.value.quote) for said in found[id]}
            for value in cards[id].values:
                if value.number and value.state == "confirmed" and (value.document, value.quote) not in known:
                    language = _language_of(value.document)
                    if claim := claim_of(value, language):
                        found[id].append(Said(value, claim, language))
        return found

    def titled(self, snapshot: Reading) -> Mapping[str, frozenset[str]]:
        """Return per programme the marks of its own title: they tell none of its claims from another."""
        return self._scan(snapshot).titled

    def stated(self, info: DocumentInfo, snapshot: Reading) -> DocumentInfo:
        """Return *info* with the state, opening and closing day that staff confirmed, where they did."""
        if info.meta.get("kind") not in PROGRAMME_KINDS or not self._decided():
            return info
        card = self.all(snapshot).get(info.id)
        return replace(info, meta=_stated(info.meta, card)) if card else info

    def spoken_of(self, infos: Sequence[DocumentInfo], snapshot: Reading, language: Language) -> list[DocumentInfo]:
        """Return the programmes of which documents among *infos* that are no sheets tell confirmed values."""
        if not self._decided():
            return []
        ids = {info.id for info in infos if info.meta.get("kind") not in PROGRAMME_KINDS}
        found = []
        for id, card in self.all(snapshot, language).items():
            told = any(v.number and v.state == "confirmed" and v.document_id in ids for v in card.values)
            if not told or any(info.id == id for info in infos):
                continue
            key = snapshot.key_of(id, language)
            info = snapshot.documents[key] if key else DocumentInfo(id, id, language, 0, card.title, None, None)
            kind = {"kind": "programme", "verified_on": None} if key is None else {}
            found.append(replace(info, meta={**_stated(info.meta, card), **kind}))
        return found

    def confirm(
        self,
        value: CardValue,
        by: str,
        snapshot: Reading,
        reason: str = "",
        *,
        seen: int | None = None,
        second_person: bool = False,
    ) -> int:
        """Confirm *value*; refused when its quote does not stand in a current document or lacks its figure.

        A correction that waited takes the place of what it corrects. *seen* and *second_person* as in
        ``CardStore.decide``.
        """
        refuse_unheld(value, snapshot)
        proposal = value.number if value.corrects else 0
        settled = replace(value, target=value.corrects, corrects="") if value.corrects else value
        return self.store.decide(
            settled, "confirmed", by, reason, seen=seen, second_person=second_person, proposal=proposal
        )

    # --- reading a snapshot --------------------------------------------------------------------------------------

    def _decided(self) -> bool:
        return any(value.state == "confirmed" for value in self._decisions())

    def _decisions(self) -> list[CardValue]:
        """Return the decisions that hold; every answer asks for them, so they are read once."""
        if self._kept is None or self._kept[0] != self.store.revision:
            self._kept = (self.store.revision, self.store.values())
        return self._kept[1]

    def _programmes(self, snapshot: Reading) -> list[OwnProgramme]:
        sheets: dict[str, OwnProgramme] = {}
        for info in snapshot.documents.values():
            if info.meta.get("kind") in PROGRAMME_KINDS:
                sheets.setdefault(info.id, OwnProgramme(info.id, info.title, info.language))
        return [*sheets.values(), *(own for own in self.store.programmes() if own.id not in sheets)]

    def _scan(self, snapshot: Reading) -> _Scan:
        programmes = self._programmes(snapshot)
        version = (snapshot.generation, self.reader.revision, tuple(programmes))
        with self._lock:
            if self._scanned is None or self._scanned[0] != version:
                self._scanned = (version, _joined(snapshot, programmes, self.reader.of(snapshot)))
            return self._scanned[1]


def refuse_unheld(value: CardValue, snapshot: Reading) -> None:
    """Raise a ``CardError`` when *value* may not be confirmed."""
    if value.field in QUOTELESS and not value.quote:
        return
    if not value.quote:
        raise CardError(
            "This value has no sentence to rest on; choose the sentence of a document that says it.", "unquoted"
        )
    gone = _Standing(snapshot).gone(value)
    if gone == "unpublished":
        raise CardError(f"{value.document} is not published; choose a sentence of a document that is.", "unpublished")
    if gone:
        raise CardError(
            f"The sentence no longer stands in {value.document}; choose one of its current version.", "gone"
        )
    if not holds_figure(value, _language_of(value.document)):
        raise CardError(
            "The chosen sentence does not hold this value; choose one that does, or correct the value.", "no_figure"
        )


class _Standing:
    """Tells whether quotes still stand in the current documents; reads each document once."""

    def __init__(self, snapshot: Reading) -> None:
        self._snapshot = snapshot
        self._texts: dict[str, list[str]] = {}

    def gone(self, value: CardValue) -> Literal["", "gone", "unpublished"]:
        """Return how the quote of *value* was lost, or nothing when it still stands."""
        if not value.quote:
            return ""
        if value.document not in self._snapshot.documents:
            return "unpublished"
        if value.document not in self._texts:
            passages = self._snapshot.passages_of([value.document])
            self._texts[value.document] = [passage.shown for passage in passages]
        return "" if any(value.quote in text for text in self._texts[value.document]) else "gone"


def _joined(snapshot: Reading, programmes: Sequence[OwnProgramme], read: Mapping[str, Read]) -> _Scan:
    """Return what documents say by the programmes that they say it of."""
    sheets = {programme.id for programme in programmes}
    subjects = _Subjects(snapshot, programmes)
    heads: dict[str, dict[Language, tuple[CardValue, ...]]] = defaultdict(dict)
    said: dict[str, list[Said]] = defaultdict(list)
    titled: dict[str, frozenset[str]] = defaultdict(frozenset)
    for key, info in snapshot.documents.items():
        if (own := read.get(key)) is None:
            continue
        if info.id in sheets:
            titled[info.id] |= own.titled
            heads[info.id][info.language] = tuple(value for value, _ in own.head)
            said[info.id] += [Said(value, claim, info.language) for value, claim in own.head if claim]
        for told in own.told:
            if subject := subjects.of(info.id, told):
                said[subject] += _said(subject, info, told)
    return _Scan(heads, {id: tuple(each) for id, each in said.items()}, titled)


def _said(subject: str, info: DocumentInfo, told: Told) -> Iterator[Said]:
    for claim in told.claims:
        value = CardValue(
            subject, claim.field, claim.value, claim.unit, as_of=told.as_of, quote=told.quote, document=info.key,
            passage=told.passage, version=info.version, url=told.url,
        )  # fmt: skip
        yield Said(value, claim, info.language)


class _Subjects:
    """Finds the one programme that a statement speaks of."""

    def __init__(self, snapshot: Reading, programmes: Sequence[OwnProgramme]) -> None:
        self._ids = {programme.id for programme in programmes}
        held = {info.id for info in snapshot.documents.values()}
        own = [
            DocumentInfo(f"{p.language}/{p.id}", p.id, p.language, 0, p.title, None, None)
            for p in programmes if p.id not in held
        ]  # fmt: skip
        # All documents: a sentence on a law of a similar name is none on the programme.
        self._names = Names([*snapshot.documents.values(), *own], {})
        self._known: dict[str, frozenset[str]] = {}

    def of(self, document: str, told: Told) -> str | None:
        """Return the id of the programme, or None when there is none or several are named."""
        named = self._named(told.quote) - {document}
        if document in self._ids:
            return None if named else document
        if named:
            return _one(named, self._ids)
        for text in told.around:
            if found := self._named(text) - {document}:
                return _one(found, self._ids)
        return None

    def _named(self, text: str) -> frozenset[str]:
        if text not in self._known:
            found = self._names.named(text)
            self._known[text] = frozenset(id for id, weight in found.items() if weight >= CALLED)
        return self._known[text]


def _one(found: Iterable[str], programmes: set[str]) -> str | None:
    found = set(found)
    return found.pop() if len(found) == 1 and found <= programmes else None


def _in(heads: Mapping[Language, tuple[CardValue, ...]], language: Language) -> tuple[CardValue, ...]:
    """Return a sheet's values in *language*, or in the first that it has."""
    return next((heads[each] for each in (language, *LANGUAGES) if each in heads), ())


def _proposals(scan: _Scan, programme: str, language: Language) -> list[CardValue]:
    """Return what other documents say and the head does not: one for each document and value."""
    known = {(v.field, str(v.value)) for values in scan.heads.get(programme, {}).values() for v in values}
    found: dict[str, CardValue] = {}
    ranked = sorted(scan.said.get(programme, ()), key=lambda said: said.language != language)
    for said in ranked:
        value, claim = said.value, said.claim
        if value.slot or value.document_id == programme or (value.field, str(value.value)) in known or claim.past:
            continue
        found.setdefault(value.key, value)
    return list(found.values())


def _laid_over(
    derived: Iterable[CardValue], decisions: Iterable[CardValue], standing: _Standing
) -> tuple[CardValue, ...]:
    """Return *derived* values as staff decided on them, and what staff added."""
    decided = {decision.target: decision for decision in decisions}
    values: list[CardValue] = []
    for value in derived:
        decision = decided.pop(value.key, None)
        values += [value] if decision is None else _decided(value, decision, standing)
    for decision in decided.values():
        gone = standing.gone(decision)
        lost = gone and decision.state == "confirmed"
        values.append(replace(decision, state="proposed", flag=gone) if lost else replace(decision, flag=gone))
    fixed = {v.field for v in values if v.number and v.state == "confirmed" and v.field in _SINGLE}
    return tuple(
        replace(v, state="rejected", flag="replaced") if v.field in fixed and v.slot and not v.number else v
        for v in values
    )


def _decided(value: CardValue, decision: CardValue, standing: _Standing) -> list[CardValue]:
    """Return what a decision makes of a value that a document still gives."""
    who: dict[str, Any] = {"by": decision.by, "at": decision.at, "reason": decision.reason, "number": decision.number}
    if decision.state == "rejected":
        return [replace(value, state="rejected", **who)]
    if decision.state == "proposed":
        return [replace(decision, slot=value.slot)]
    gone = standing.gone(decision)
    if not gone:
        return [replace(decision, slot=value.slot)]
    if decision.value != value.value:
        corrected = replace(decision, state="proposed", flag=gone, slot=value.slot)
        return [corrected, replace(value, state="proposed", flag="correction_lost")]
    # The head of a sheet, or another sentence, still gives the value. The editors of a sheet stand for theirs; what
    # was only read from another sentence has to be confirmed anew. What was confirmed before is in the history.
    return [value if value.state == "confirmed" else replace(value, flag=gone, **who)]


def _card(programme: OwnProgramme, snapshot: Reading, language: Language, values: tuple[CardValue, ...]) -> Card:
    key = snapshot.key_of(programme.id, language)
    info = snapshot.documents[key] if key else None
    if info is None or info.meta.get("kind") not in PROGRAMME_KINDS:
        title = CardValue(programme.id, "title", programme.title, state="confirmed")
        return Card(programme.id, programme.title, programme.language, (title, *values), own=True)
    return Card(
        programme.id, info.title, info.language, values, tuple(info.meta.get("missing", ())),
        info.meta.get("verified_on"),
    )  # fmt: skip


def _stated(meta: Mapping[str, Any], card: Card) -> dict[str, Any]:
    """Return *meta* with what staff confirmed of the state."""
    held = dict(meta)
    for value in card.of(*_STATED):
        if value.number and value.state == "confirmed":
            held["status" if value.field == "state" else value.field] = value.value
            if value.field == "state":
                held["status_as_of"] = value.as_of
    return held


def _language_of(key: str) -> Language:
    code = key.partition("/")[0]
    return next((language for language in LANGUAGES if language == code), "fr")

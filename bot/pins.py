"""Validated answers on the answer path: which pins may be served, and which of them a question asks for."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from threading import Lock

import numpy as np
from sqlalchemy.exc import SQLAlchemyError

from bot.answers import Answer, Hit, Validated
from bot.draft import Draft, Part
from bot.finishing import finish
from bot.omissions import omitted
from bot.retrieval import Retriever
from bot.sameness import Asking, Likeness, Naming, Points, asking, compare, least_cosine, points
from bot.scope import Rule, Scope, features, forbidding
from bot.statements import Candidate
from bot.validation import (
    Passages,
    Problem,
    Reason,
    fault_of,
    form_problems,
    parts_of,
    passages_cited,
    quoted,
    resolve,
    statement_problems,
)
from ingest.analysis import content_words
from ingest.documents import UNQUOTED, Language
from ingest.embedding import Vectors
from ingest.pins import Asked, Pin, PinContent
from ingest.snapshot import Reading

logger = logging.getLogger(__name__)

NEAR = 0.5
"""Score from which a question is shown to staff as one that the pin nearly answers."""
COMPARED = 8
"""Wordings, nearest first, that a question is compared with word by word."""


@dataclass(frozen=True, slots=True)
class Suspension:
    """An active pin that is not served, and why."""

    pin: Pin
    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """A pin that may be served, with its statements over their quotes, by language."""

    pin: Pin
    content: PinContent
    parts: Mapping[Language, tuple[Part, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The pin that a question asks for."""

    served: Served
    likeness: Likeness

    def parts(self, language: Language) -> list[Part]:
        """Return the answer in *language*, or in the language that it has."""
        return list(self.served.parts[self.served.content.text_for(language)[0]])


@dataclass(frozen=True, slots=True, eq=False)
class _Prepared:
    """What is prepared of one active pin for one generation of the library."""

    pin: Pin
    outcome: Served | Suspension
    askings: tuple[Asking, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Row:
    """One wording of a pin that may be served."""

    served: Served
    asking: Asking


@dataclass(frozen=True, slots=True, eq=False)
class _Index:
    """What is prepared of all pins for one state of theirs and one generation of the library."""

    state: tuple[int, int]
    pins: tuple[_Prepared, ...] = ()
    rows: Mapping[Points, list[_Row]] = field(default_factory=dict)
    """By what has to be equal."""
    vectors: Mapping[Points, Vectors] = field(default_factory=dict)
    """The meanings of the same wordings, a row each."""


class PinMatcher:
    """The pins of one library, ready to be asked for; what staff saves is served by the next question."""

    def __init__(self, retriever: Retriever, scope: Scope) -> None:
        self.retriever = retriever
        self.library: Reading = retriever.library
        self._scope = scope
        self._index: _Index | None = None
        self._lock = Lock()

    def find(self, question: str, language: Language, today: dt.date) -> Found | None:
        """Return the pin that *question*, which stands alone, asks for on the day *today*."""
        index = self._present()
        if not index.rows:
            return None
        of = points(question, language)
        rows = index.rows.get(of, ())
        # Names are cheap to read and tell most questions apart; the meaning is asked for last.
        naming = Naming.of(self.retriever.searcher.names.named(question) if rows else {})
        places = [place for place, row in enumerate(rows) if naming.agrees(row.asking.naming)]
        if not places:
            return None
        vector = self._vector(question)
        cosines = index.vectors[of][places] @ vector
        nearest = [
            row
            for at in np.argsort(-cosines)[:COMPARED]
            if cosines[at] >= least_cosine((row := rows[places[at]]).served.content.threshold)
        ]
        if not nearest:
            return None
        asked = asking(question, language, of, vector, self.retriever)
        found = [
            Found(row.served, likeness)
            for row in nearest
            if row.served.content.expires >= today
            and not (likeness := compare(asked, row.asking, self.retriever)).apart
            and likeness.score >= row.served.content.threshold
        ]
        return max(found, key=lambda each: (each.likeness.score, each.served.pin.number), default=None)

    def overruled(self, question: str, language: Language, found: Found) -> Rule | None:
        """Return the rule that goes before a pin: attacks and other Regions are answered as ever."""
        if borne := forbidding(question):
            return borne
        parts = next(iter(found.served.parts.values()))
        # What the search would find is known: the sources of the pin.
        hit = Hit(parts[0].quotes[0].passage, 1.0, found.likeness.cosine, 1.0, found.likeness.words)
        return self._ruled(question, language, hit)

    def _ruled(self, question: str, language: Language, hit: Hit) -> Rule | None:
        spoken = content_words(question, language)
        held = [self.library.lexicon.frequency(word) > 0 for word in spoken]
        named = self.retriever.searcher.names.named(question)
        known = sum(held) / len(held) if held else 0.0
        seen = features(question, self._vector(question), [hit], named, known, len(spoken))
        return self._scope.decide(question, seen, leaning=True)[1]

    # --- for staff -----------------------------------------------------------------------------------------------

    def suspended(self, today: dt.date) -> list[Suspension]:
        """Return the active pins that are not served on the day *today*, with the reason."""
        pins = [each.outcome for each in self._present().pins]
        expired = [
            Suspension(each.pin, "expired")
            for each in pins
            if isinstance(each, Served) and each.content.expires < today
        ]
        held = [each for each in pins if isinstance(each, Suspension)]
        return sorted([*held, *expired], key=lambda each: each.pin.number)

    def scores(self, question: str, language: Language) -> list[tuple[Pin, Likeness]]:
        """Return how much alike *question* is to each pin as it was last saved, the most alike first."""
        asked = self._asking(question, language)
        scored = [
            (pin, max((compare(asked, own, self.retriever) for own in self._askings(pin.latest.content)), key=_best))
            for pin in self.library.pins.all()
            if pin.latest.content.wordings
        ]
        return sorted(scored, key=lambda pair: _best(pair[1]), reverse=True)

    def answered(self, content: PinContent, asked: Iterable[Asked]) -> list[tuple[Asked, Likeness]]:
        """Return the questions of receipts that *content* would have answered, or nearly: its threshold tells which."""
        own: dict[Points, list[Asking]] = {}
        for each in self._askings(content):
            own.setdefault(each.points, []).append(each)
        found = []
        for receipt in asked:
            of = points(receipt.question, receipt.language)
            if of not in own:
                continue
            question = asking(receipt.question, receipt.language, of, self._vector(receipt.question), self.retriever)
            likeness = max((compare(question, each, self.retriever) for each in own[of]), key=_best)
            if not likeness.apart and likeness.score >= NEAR:
                found.append((receipt, likeness))
        return sorted(found, key=lambda pair: -pair[1].score)

    def problems(self, content: PinContent, today: dt.date) -> list[Problem]:
        """Return why *content* cannot be kept, by field of its form; nothing means that it can."""
        found = [*form_problems(content, today, self.library.settings.max_question)]
        cited, missing = resolve(content, self.library)
        found += [Problem("sources", reason, detail) for reason, detail in missing]
        if not missing:
            found += statement_problems(content, cited)
        if cited:
            found += self._wording_problems(content, next(iter(cited.values())))
        return found

    def omissions(self, content: PinContent) -> list[Candidate]:
        """Return the ceiling and the exclusion of the cited programme that the answer leaves out."""
        cited, missing = resolve(content, self.library)
        if missing or not content.texts:
            return []
        parts = parts_of(content, cited)
        # The same quote may have been read twice: the quotes of the answer stand for those of the document.
        held = {(each.passage.id, each.text): each for each in cited.values()}
        keys = list(dict.fromkeys(each.passage.document_key for each in cited.values()))
        every = [
            held.get((passage.id, text)) or quoted(passage, span)
            for passage in self.library.passages_of(keys)
            for span, text in passage.quotes()
            if span.role not in UNQUOTED
        ]
        left = [candidate for own in parts.values() for candidate in omitted(own, every, self.library)]
        return list({(each.passage.id, each.text): each for each in left}.values())

    def preview(self, content: PinContent, language: Language, today: dt.date) -> Answer | None:
        """Return the answer that readers would get on the day *today*; nothing when it does not stand in its quotes."""
        cited, missing = resolve(content, self.library)
        if missing or not content.texts or fault_of(content, cited):
            return None
        draft = Draft(content.question, language, (), content.question, today)
        draft.validated = Validated(today.isoformat())
        draft.parts = list(parts_of(content, cited)[content.text_for(language)[0]])
        return finish(draft, self.library, today, "preview")

    def _wording_problems(self, content: PinContent, source: Candidate) -> Iterator[Problem]:
        for wording in content.wordings:
            words = content_words(wording.text, wording.language)
            named = self.retriever.searcher.names.named(wording.text)
            if len(set(words)) < 2 and not named:
                yield Problem("wordings", "short", wording.text)
                continue
            hit = Hit(source.passage, 1.0, 1.0, 1.0, 1.0)
            if forbidding(wording.text) or self._ruled(wording.text, wording.language, hit):
                yield Problem("wordings", "overruled", wording.text)

    # --- what is prepared ----------------------------------------------------------------------------------------

    def _present(self) -> _Index:
        try:
            state = (self.library.pins.changes, self.library.generation)
            if self._index is None or self._index.state != state:
                with self._lock:
                    if self._index is None or self._index.state != state:
                        self._index = self._prepare(state)
        except SQLAlchemyError as error:
            # A busy disk must not cost the visitor his answer: the pins stay as they were a moment ago.
            logger.error("pins were not read: %s", type(error).__name__)
        return self._index or _Index((-1, -1))

    def _prepare(self, state: tuple[int, int]) -> _Index:
        """Prepare the active pins; what was prepared for the same generation and did not change is kept."""
        same = self._index.pins if self._index and self._index.state[1] == state[1] else ()
        known = {_state_of(each.pin): each for each in same}
        active = [pin for pin in self.library.pins.all() if pin.served]
        new = [pin.served.content for pin in active if pin.served and _state_of(pin) not in known]
        passages = passages_cited(new, self.library)
        pins = tuple(known.get(_state_of(pin)) or self._prepared(pin, passages) for pin in active)
        rows: dict[Points, list[_Row]] = {}
        for each in pins:
            for own in each.askings:
                assert isinstance(each.outcome, Served)
                rows.setdefault(own.points, []).append(_Row(each.outcome, own))
        vectors = {of: np.stack([row.asking.vector for row in held]) for of, held in rows.items()}
        return _Index(state, pins, rows, vectors)

    def _prepared(self, pin: Pin, passages: Passages) -> _Prepared:
        assert pin.served
        content = pin.served.content
        if pin.review:
            return _Prepared(pin, Suspension(pin, "review", pin.review))
        cited, missing = resolve(content, self.library, passages)
        if missing:
            return _Prepared(pin, Suspension(pin, *missing[0]))
        if fault := fault_of(content, cited):
            return _Prepared(pin, Suspension(pin, "statement", fault))
        return _Prepared(pin, Served(pin, content, parts_of(content, cited)), tuple(self._askings(content)))

    def _vector(self, question: str) -> Vectors:
        # The bundled model, whatever model searches: the threshold was measured with it.
        vector: Vectors = self.library.words_model.encode([question])[0]
        return vector

    def _asking(self, question: str, language: Language) -> Asking:
        of = points(question, language)
        return asking(question, language, of, self._vector(question), self.retriever)

    def _askings(self, content: PinContent) -> list[Asking]:
        return [self._asking(wording.text, wording.language) for wording in content.wordings]


def suspended(library: Reading, today: dt.date) -> list[Suspension]:
    """Return the active pins that *library* does not let be served on the day *today*, with the reason."""
    return PinMatcher(Retriever(library), Scope()).suspended(today)


def _state_of(pin: Pin) -> tuple[int, int, int, str, str]:
    """Return what tells whether a pin is as it was: a version is never changed."""
    return pin.number, pin.latest.number, pin.served.number if pin.served else 0, pin.validated_on, pin.review


def _best(likeness: Likeness) -> tuple[bool, float]:
    return not likeness.apart, likeness.score

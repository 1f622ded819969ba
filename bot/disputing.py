"""What an answer says where our sources contradict each other: both values, each with its source and its date.

It comes after the statements were chosen, so that it is the same whether a language model phrases them or not: the
sentence of the side that is not cited joins as a quote, and a line names both.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bot.contradictions import Contradiction, Contradictions, Sentence, Side
from bot.dates import in_words
from bot.draft import Part
from bot.standing import ruled
from bot.statements import SIGNALS, Candidate
from bot.values import value_in_words
from bot.verification import verified
from bot.wording import say
from ingest.documents import Language
from ingest.snapshot import DocumentInfo, Reading

MOST = 2
"""Contradictions that one answer tells; more would bury the answer."""


@dataclass(frozen=True, slots=True)
class Disputed:
    """What joins an answer: the quotes of other sides, and a line on each contradiction."""

    parts: tuple[Part, ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Disputing:
    """Adds to answers over one snapshot what they must say of contradictions and of confirmed values."""

    contradictions: Contradictions
    snapshot: Reading
    today: dt.date

    def holding(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Return *candidates* with the sentence that holds in the place of each that staff found superseded."""
        superseded = self.contradictions.disputes(self.snapshot, self.today).superseded
        if not superseded:
            return list(candidates)
        held: dict[Sentence, Candidate] = {}
        for each in candidates:
            side = superseded.get(_place(each))
            if side is None:
                held.setdefault(_place(each), each)
            elif held.keys().isdisjoint(side.sentences) and (quote := self._quote(side, each.passage.language)):
                # It answers the question as well as the other did, in whatever language it stands.
                held[_place(quote)] = replace(each, passage=quote.passage, span=quote.span, text=quote.text)
        return list(held.values())

    def disputed(self, parts: Sequence[Part], language: Language) -> Disputed:
        """Return what must join an answer of these *parts*."""
        disputes = self.contradictions.disputes(self.snapshot, self.today)
        if not disputes.open:
            return Disputed()
        cited = {_place(quote): quote for part in parts for quote in part.quotes}
        joining: list[Part] = []
        lines: list[str] = []
        for found in disputes.of(cited)[:MOST]:
            for side in found.sides:
                if side.sentences.isdisjoint(cited) and (quote := self._quote(side, language)):
                    cited[_place(quote)] = quote
                    joining.append(Part.quoted(quote))
            lines.append(self._line(found, language))
        return Disputed(tuple(joining), tuple(lines))

    def stated(self, infos: Sequence[DocumentInfo], language: Language) -> list[DocumentInfo]:
        """Return *infos* with what staff decided of their states, and the programmes that cited documents tell of."""
        cards = self.contradictions.cards
        own = [cards.stated(info, self.snapshot) for info in infos]
        told = (*own, *cards.spoken_of(infos, self.snapshot, language))
        return [ruled(info, self.snapshot, self.contradictions, self.today) for info in told]

    def _quote(self, side: Side, language: Language) -> Candidate | None:
        """Return the sentence of *side* as something to quote."""
        value = side.shown(language).value
        passage = self.snapshot.passages([value.passage]).get(value.passage)
        if passage is None:
            return None
        for span, text in passage.quotes():
            if text == value.quote:
                nothing = np.zeros(len(SIGNALS))
                found = Candidate(passage, span, text, np.zeros(0, dtype=np.float32), nothing)
                return found if verified(found) else None
        return None

    def _line(self, found: Contradiction, language: Language) -> str:
        key = self.snapshot.key_of(found.programme, language)
        name = self.snapshot.documents[key].title.split(":")[0].strip() if key else found.programme
        what = f"{name}, {say(f'answers.contradiction_{found.field}', language)}"
        first, second = (self._side(side, found, language) for side in found.sides)
        return say("answers.contradiction", language, what=what, first=first, second=second)

    def _side(self, side: Side, found: Contradiction, language: Language) -> str:
        said = side.shown(language)
        info = self.snapshot.documents.get(said.value.document)
        title = info.title.split(":")[0].strip() if info else said.value.document
        date = said.value.as_of
        value = value_in_words(found.field, side.value, said.claim.unit, language)
        if said.claim.most:
            value = say("answers.value_up_to", language, value=value)
        told = in_words(date, language) if date else say("answers.contradiction_undated", language)
        return say("answers.contradiction_side", language, value=value, title=title, date=told)


def _place(candidate: Candidate) -> Sentence:
    return candidate.passage.document_key, candidate.text

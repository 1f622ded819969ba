"""What holds of a programme after the rulings of staff: its card without superseded values, and its state of today."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

from bot import states
from bot.answers import State
from bot.cards import Card
from bot.contradictions import Contradictions, Settled
from ingest.cards import CardValue, Field
from ingest.documents import Language
from ingest.snapshot import DocumentInfo, Reading

STATED: Mapping[Field, str] = {"state": "status", "opens": "opens", "closes": "closes"}
"""The fields that make the state, with their names in the head of a sheet."""


def standing(library: Reading, contradictions: Contradictions, today: dt.date, language: Language) -> dict[str, Card]:
    """Return the cards by id without the values that staff found superseded by another source."""
    cards = contradictions.cards.all(library, language)
    settled = contradictions.settled(library, today)
    return {**cards, **{id: _without(cards[id], fields) for id, fields in settled.items() if id in cards}}


def state_of(card: Card, library: Reading, contradictions: Contradictions, today: dt.date) -> State:
    """Return the state of a card that is *standing*; never open where its sheet or a ruling says that it is over.

    It rests on confirmed values. Where a ruling left none, the day or state that holds may close the programme at once;
    until it is confirmed itself, it opens nothing.
    """
    settled = contradictions.settled(library, today).get(card.id, {})
    held = {name: card.value(field) for field, name in STATED.items()}
    if waiting := [field for field in STATED if field in settled and held[STATED[field]] is None]:
        held |= {STATED[field]: settled[field].holds for field in waiting}
        over = all(held[STATED[field]] is not None for field in waiting) and states.state(held, today) == "closed"
        return "closed" if over else "unknown"
    told = card.state(today)
    if told != "closed" and (key := library.key_of(card.id, card.language)):
        sheet = contradictions.cards.stated(library.documents[key], library)
        if states.state(sheet.meta, today) == "closed":
            # The closing day of the sheet waits for a sentence: then nothing is sure, least of all that one may apply.
            return "unknown"
    return told


def ruled(info: DocumentInfo, library: Reading, contradictions: Contradictions, today: dt.date) -> DocumentInfo:
    """Return *info* so that its head gives the state that :func:`state_of` tells, where a ruling touches it."""
    if not STATED.keys() & contradictions.settled(library, today).get(info.id, {}).keys():
        return info
    card = standing(library, contradictions, today, info.language).get(info.id)
    if card is None:
        return info
    state = state_of(card, library, contradictions, today)
    shown = next((value.as_of for value in card.of("state") if value.state == "confirmed"), None)
    status = {"closed": "closed", "unknown": None}.get(state, card.value("state"))
    days = {"opens": card.value("opens"), "closes": card.value("closes")}
    return replace(info, meta={**info.meta, **days, "status": status, "status_as_of": shown})


def _without(card: Card, settled: Mapping[Field, Settled]) -> Card:
    def stands(value: CardValue) -> bool:
        return value.field not in settled or not any(
            value.value == side.value and (value.document, value.quote) in side.sentences
            for side in settled[value.field].lost
        )

    return replace(card, values=tuple(value for value in card.values if stands(value)))

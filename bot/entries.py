"""What a person enters into a card: values as they are typed («25 à 50 %», «€ 50.000»), and the sentence they chose."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.states import last_day
from bot.values import STATES
from ingest.analysis import terms
from ingest.cards import Field
from ingest.documents import LANGUAGES, UNQUOTED, Language, Passage
from ingest.frontmatter import CRITERIA
from ingest.quantities import in_order, quantities
from ingest.snapshot import Reading

LONGEST = 500
"""Letters of a value that is text."""
SEARCHED = 30
"""Passages in which sentences are looked for."""
SHOWN = 12
"""Sentences to choose from."""
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d)?)?")
_WORD = re.compile(r"[a-z][a-z0-9_]*")


class BadValue(ValueError):
    """A typed value that cannot be read: the form's field, and the key of the sentence that says so."""

    def __init__(self, field: str, key: str) -> None:
        super().__init__(key)
        self.field = field
        self.key = key


@dataclass(frozen=True, slots=True)
class Read:
    """A value with its unit."""

    value: Any
    unit: str = ""


def read_value(field: Field, entered: Mapping[str, str], language: Language) -> Read:
    """Return the value that was *entered* for *field*; raises ``BadValue``."""
    if field == "eligibility":
        return _rule(entered)
    text = " ".join(entered.get("value", "").split())
    if not text:
        raise BadValue("value", "value_needed")
    if field == "rate":
        return _rate(text, language)
    if field in ("ceiling", "minimum"):
        return _money(text, language)
    if field in ("opens", "closes"):
        return _date(text, language)
    if field == "duration":
        return _duration(text, language)
    if field == "state":
        if text not in STATES:
            raise BadValue("value", "bad_state")
        return Read(text)
    if field == "contact":
        web = re.fullmatch(r"https?://\S+", text)
        mail = re.fullmatch(r"[^\s@]+@[^\s@]+\.\w+", text)
        if not (web or mail):
            raise BadValue("value", "bad_contact")
        return Read({"url": text if web else None, "email": text if mail else None, "confirmed": True})
    return Read(text[:LONGEST])


def _rate(text: str, language: Language) -> Read:
    rates = [round(float(q.value) / 100, 4) for q in in_order(text, language) if q.unit == "percent"]
    if len(rates) not in (1, 2) or not all(0 < rate <= 1 for rate in rates) or rates != sorted(rates):
        raise BadValue("value", "bad_rate")
    return Read(rates[0] if len(rates) == 1 else rates)


def _money(text: str, language: Language) -> Read:
    read = [q for q in quantities(text, language) if q.unit in ("EUR", "")]
    if len(read) != 1 or float(read[0].value) <= 0:
        raise BadValue("value", "bad_money")
    number = float(read[0].value)
    return Read(int(number) if number.is_integer() else number, "EUR")


def _date(text: str, language: Language) -> Read:
    found = [q.value for q in quantities(text, language) if q.unit == "date"]
    value = text if _DATE.fullmatch(text) else found[0] if len(found) == 1 else ""
    try:
        if not _DATE.fullmatch(value):
            raise ValueError
        last_day(value)
    except ValueError as error:
        raise BadValue("value", "bad_date") from error
    return Read(value, "date")


def _duration(text: str, language: Language) -> Read:
    found = [q for q in quantities(text, language) if q.unit in ("month", "day", "hour")]
    if len(found) != 1:
        raise BadValue("value", "bad_duration")
    number = float(found[0].value)
    return Read(int(number) if number.is_integer() else number, found[0].unit)


def _rule(entered: Mapping[str, str]) -> Read:
    criterion, rule = entered.get("criterion", ""), entered.get("rule", "")
    values = [word for each in entered.get("values", "").split(",") if (word := each.strip())]
    if criterion not in CRITERIA or rule not in ("only", "not"):
        raise BadValue("criterion", "bad_rule")
    known = CRITERIA[criterion]
    if not values or any((known and word not in known) or not _WORD.fullmatch(word) for word in values):
        raise BadValue("values", "bad_values")
    return Read({"criterion": criterion, "rule": rule, "values": values})


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence that a value may rest on: the passage, and its place among the sentences of that."""

    passage: Passage
    at: int
    text: str


def find_sentences(snapshot: Reading, asked: str, language: Language, document: str = "") -> list[Sentence]:
    """Return the sentences that hold most of the words *asked*, of one *document* (its key) or of all."""
    words = set(terms(asked, language))
    if not words:
        return []
    if document:
        passages = snapshot.passages_of([document]) if document in snapshot.documents else []
    else:
        found = [pair for each in LANGUAGES for pair in snapshot.words.best(
            dict.fromkeys(terms(asked, each), 1.0), each, SEARCHED)]  # fmt: skip
        ranked = [id for id, _ in sorted(found, key=lambda pair: -pair[1])[:SEARCHED]]
        passages = list(snapshot.passages(ranked).values())
    sentences = [
        (len(words & set(terms(text, passage.language))), Sentence(passage, at, text))
        for passage in passages
        for at, (span, text) in enumerate(passage.quotes())
        if span.role not in UNQUOTED
    ]
    best = sorted((pair for pair in sentences if pair[0]), key=lambda pair: -pair[0])
    return [sentence for _, sentence in best[:SHOWN]]


def sentence_at(snapshot: Reading, passage_id: str, at: str) -> Sentence | None:
    """Return the sentence at a place of a passage, if that may be quoted."""
    passage = snapshot.passages([passage_id]).get(passage_id)
    if passage is None or not at.isdecimal() or len(at) > 6:
        return None
    quotes = list(passage.quotes())
    if int(at) >= len(quotes) or quotes[int(at)][0].role in UNQUOTED:
        return None
    return Sentence(passage, int(at), quotes[int(at)][1])

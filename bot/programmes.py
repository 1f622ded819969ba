"""The programmes as tools for owners see them: the state of today, and values that somebody confirmed with a sentence.

What is not confirmed is no value here: ``to_confirm`` names the fields for which something waits, ``missing`` what the
sources do not say, ``disputed`` those in which our sources contradict each other. A day that is not known is None.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bot.answers import State
from bot.cards import Card
from bot.contradictions import Contradictions
from bot.dates import in_words
from bot.eligibility import SECTORS
from bot.finishing import state_wording
from bot.standing import standing, state_of
from bot.values import value_in_words
from bot.wording import say
from ingest.cards import CardValue, Field
from ingest.documents import LANGUAGES, Language
from ingest.frontmatter import CRITERIA
from ingest.snapshot import Reading

Kind = Literal["programme", "subsidy", "training", "compute"]
KINDS: tuple[Kind, ...] = ("programme", "subsidy", "training", "compute")
DESCRIBED: Mapping[str, Any] = {"use_attribute_docstrings": True}
"""For whoever makes a schema of these values: what stands below a field describes it."""
TOLD: tuple[Field, ...] = ("state", "opens", "closes", "rate", "ceiling", "minimum", "duration", "eligibility",
                           "cumulation")  # fmt: skip
"""The fields whose values are facts with a sentence."""


@dataclass(frozen=True, slots=True)
class Proof:
    """The sentence that a value rests on, letter for letter, and where it stands."""

    quote: str
    language: Language
    document: str
    title: str
    url: str | None
    """Address of the original page."""
    as_of: str | None
    """Date of the source, ISO, as far as it is known: 2026, 2026-05 or 2026-05-31."""

    __pydantic_config__ = DESCRIBED


@dataclass(frozen=True, slots=True)
class Fact:
    """One confirmed value of a programme."""

    field: Field
    value: Any
    """A rate is a fraction (0.5) or a range of two, money and durations are numbers, days are ISO and may be partial,
    a rule of eligibility is {"criterion", "rule", "values"}."""
    unit: str
    """EUR, month, day, hour or date; empty where there is none."""
    what: str
    """Of whom or what it is true, as the source says it; empty when of the whole programme."""
    text: str
    """The value in words, in the language that was asked for."""
    source: Proof | None
    """None where the editors vouch for it without a sentence, such as for the state."""

    __pydantic_config__ = DESCRIBED


@dataclass(frozen=True, slots=True)
class Contact:
    """The official place to ask."""

    url: str | None
    email: str | None
    confirmed: bool
    """Whether the address stands in a source."""

    __pydantic_config__ = DESCRIBED


@dataclass(frozen=True, slots=True)
class Aid:
    """One programme on one day."""

    id: str
    title: str
    language: Language
    """The language of the title: the one asked for, or else one that the programme has."""
    kind: Kind | None
    operator: str | None
    """Who runs it."""
    audience: str | None
    """Who it is for."""
    state: State
    """On the day of ``as_of``, in Brussels; a closing day counts in full."""
    state_text: str
    """The state in one sentence."""
    as_of: str
    """The day that the state was computed for, ISO."""
    opens: str | None
    """First day, ISO, as far as it is known; None: not known."""
    closes: str | None
    """Last day, ISO, as far as it is known; None: not known."""
    deadline: str | None
    """Last day to apply, only where it is known to the day and has not passed."""
    facts: tuple[Fact, ...]
    contact: Contact | None
    verified_on: str | None
    """Day on which the editors last checked it."""
    missing: tuple[str, ...]
    """What the sources do not say."""
    to_confirm: tuple[Field, ...]
    """Fields for which a value waits to be confirmed: what is told of them may not be all."""
    disputed: tuple[Field, ...]
    """Fields in which our sources contradict each other and nobody has decided yet: check before you rely on them."""

    __pydantic_config__ = DESCRIBED

    def of(self, *fields: Field) -> tuple[Fact, ...]:
        """Return the facts on these fields."""
        return tuple(fact for fact in self.facts if fact.field in fields)


def aids(library: Reading, contradictions: Contradictions, today: dt.date, language: Language) -> tuple[Aid, ...]:
    """Return every programme as it is on *today*, by title."""
    disputed = disputes(library, contradictions, today)
    cards = standing(library, contradictions, today, language)
    found = (_aid(card, library, contradictions, today, language, disputed.get(id, ())) for id, card in cards.items())
    return tuple(sorted(found, key=lambda aid: (aid.title.casefold(), aid.id)))


def disputes(library: Reading, contradictions: Contradictions, today: dt.date) -> dict[str, tuple[Field, ...]]:
    """Return by programme the fields in which our sources contradict each other and nobody has decided yet."""
    found: dict[str, dict[Field, None]] = {}
    for each in contradictions.all(library, today):
        if each.is_open:
            found.setdefault(each.programme, {})[each.field] = None
    return {programme: tuple(fields) for programme, fields in found.items()}


def waiting(card: Card) -> tuple[Field, ...]:
    """Return the fields of *card* for which a value waits to be confirmed."""
    return tuple(dict.fromkeys(value.field for value in card.proposed if value.field in TOLD))


def proof(value: CardValue, library: Reading) -> Proof | None:
    """Return the sentence that *value* rests on."""
    if not value.quote:
        return None
    info = library.documents.get(value.document)
    code = value.document.partition("/")[0]
    language: Language = next((each for each in LANGUAGES if each == code), "fr")
    title = info.title if info else value.document_id
    return Proof(value.quote, language, value.document_id, title, value.url, value.as_of)


def rule_in_words(rule: Mapping[str, Any], language: Language) -> str:
    """Return a rule of eligibility in words: «Size: only micro, small»."""
    criterion = str(rule["criterion"])
    listed = ", ".join(name_of(criterion, str(each), language) for each in rule["values"])
    name = say(f"desk_programmes.criterion_{criterion}", language)
    key = "desk_programmes.rule_only" if rule["rule"] == "only" else "desk_programmes.rule_not"
    return say(key, language, criterion=name, listed=listed)


def name_of(criterion: str, value: str, language: Language) -> str:
    """Return a value of a criterion in words; a word that is not listed stands as it is."""
    if criterion == "sector":
        return say(f"programmes_api.sector_{value}", language) if value in SECTORS else value
    known = value in CRITERIA.get(criterion, ())
    return say(f"desk_programmes.{criterion}_{value}", language) if known else value


def _aid(
    card: Card,
    library: Reading,
    contradictions: Contradictions,
    today: dt.date,
    language: Language,
    disputed: tuple[Field, ...],
) -> Aid:
    state = state_of(card, library, contradictions, today)
    held = card.confirmed
    opens, closes = (_text(held.value(field)) for field in ("opens", "closes"))
    whole = closes if closes and len(closes) == 10 else None
    kind = next((each for each in KINDS if each == held.value("kind")), None)
    contact = held.value("contact")
    return Aid(
        id=card.id, title=card.title, language=card.language, kind=kind, operator=_text(held.value("operator")),
        audience=_text(held.value("audience")), state=state,
        state_text=_state_in_words(card, state, opens, closes, language), as_of=today.isoformat(), opens=opens,
        closes=closes, deadline=whole if whole and state in ("open", "opens", "permanent") else None,
        facts=tuple(_fact(value, library, language) for value in held.of(*TOLD)),
        contact=_contact(contact) if isinstance(contact, Mapping) else None, verified_on=card.verified_on,
        missing=card.missing, to_confirm=waiting(card), disputed=disputed,
    )  # fmt: skip


def _fact(value: CardValue, library: Reading, language: Language) -> Fact:
    rule = value.field == "eligibility"
    text = rule_in_words(value.value, language) if rule else value_in_words(
        value.field, value.value, value.unit, language
    )  # fmt: skip
    return Fact(value.field, value.value, value.unit, value.what, text, proof(value, library))


def _contact(value: Mapping[str, Any]) -> Contact:
    return Contact(value.get("url"), value.get("email"), bool(value.get("confirmed")))


def _text(value: Any) -> str | None:
    return str(value) if value else None


def _state_in_words(card: Card, state: State, opens: str | None, closes: str | None, language: Language) -> str:
    """Return the state in the sentence that answers give it."""
    title = card.title.split(":")[0].strip()
    shown = next((value.as_of for value in card.of("state") if value.state == "confirmed"), None)
    first, last, as_of = (in_words(each, language) if each else "" for each in (opens, closes, shown))
    key = state_wording(state, opens or "", closes or "")
    return say(f"answers.state_{key}", language, title=title, opens=first, closes=last, as_of=as_of or "?")

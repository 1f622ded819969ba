"""What a firm tells of itself → whether it may apply for each programme, why, and which answer would decide it.

A profile lives for one call: nothing of it is kept.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.answers import State
from bot.cards import Card
from bot.contradictions import Contradictions
from bot.eligibility import SECTORS, Profile, Truth, Verdict, check
from bot.places import regions
from bot.programmes import DESCRIBED, Proof, disputes, name_of, proof, rule_in_words, waiting
from bot.standing import standing, state_of
from bot.wording import say
from ingest.cards import Field
from ingest.documents import Language
from ingest.frontmatter import CRITERIA
from ingest.snapshot import Reading

ASKED: tuple[str, ...] = ("size", "legal_form", "seat", "stage", "sector")
"""The criteria that rules know."""
_TRUTHS: tuple[Truth, ...] = ("yes", "unknown", "no")
_STATES: tuple[State, ...] = ("open", "permanent", "opens", "unknown", "closed")
_SEATS = frozenset({"wallonia", "brussels", "flanders"})


@dataclass(frozen=True, slots=True)
class RuleSays:
    """What one confirmed rule says of the firm."""

    truth: Truth
    criterion: str
    text: str
    """The rule in words."""
    source: Proof | None
    """The sentence that says it."""

    __pydantic_config__ = DESCRIBED


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to a question, and what the verdict would be after it."""

    value: str
    text: str
    then: Truth

    __pydantic_config__ = DESCRIBED


@dataclass(frozen=True, slots=True)
class NextQuestion:
    """A question whose answer may decide."""

    criterion: str
    """The key of the profile that it asks for."""
    text: str
    choices: tuple[Option, ...]

    __pydantic_config__ = DESCRIBED


@dataclass(frozen=True, slots=True)
class Judged:
    """Whether a firm may apply for one programme."""

    id: str
    title: str
    eligible: Truth
    """By the confirmed rules; unknown means that it cannot be told. With «yes», the quoted sentences may still hold
    conditions of other kinds, and whether it is open, ``state`` says."""
    text: str
    """The verdict in one sentence."""
    state: State
    closes: str | None
    rules: tuple[RuleSays, ...]
    questions: tuple[NextQuestion, ...]
    """What to ask next: only questions of which some answer decides, the most telling first."""
    incomplete: bool
    """Whether our sources do not give all rules; then «yes» is never said."""
    to_confirm: tuple[Field, ...]
    """Fields for which a value waits to be confirmed, ``closes`` among them: what is told of them may not be all."""
    disputed: tuple[Field, ...]
    """Fields in which our sources contradict each other and nobody has decided yet: check before you rely on them."""

    __pydantic_config__ = DESCRIBED


def seat_of(place: str) -> str | None:
    """Return the Region that the town *place* lies in; None when it is not known, abroad, or not one place."""
    found = regions(place)
    return next(iter(found)) if len(found) == 1 and found <= _SEATS else None


def judged(
    library: Reading,
    contradictions: Contradictions,
    profile: Profile,
    today: dt.date,
    language: Language,
    only: Sequence[str] = (),
) -> tuple[Judged, ...]:
    """Return the verdict on each programme, or on those of *only* that there are.

    Yes comes first, then unknown, then no; of equals the open ones.
    """
    cards = standing(library, contradictions, today, language)
    chosen = [cards[id] for id in dict.fromkeys(only) if id in cards] if only else cards.values()
    # Not the confirmed side of a card: a rule that waits to be confirmed keeps «yes» from being said.
    disputed = disputes(library, contradictions, today)
    found = [
        _judged(
            card, library, profile, state_of(card, library, contradictions, today), language, disputed.get(card.id, ())
        )
        for card in chosen
    ]
    return tuple(sorted(found, key=_place))


def _place(each: Judged) -> tuple[int, int, str, str]:
    return _TRUTHS.index(each.eligible), _STATES.index(each.state), each.title.casefold(), each.id


def _judged(
    card: Card, library: Reading, profile: Profile, state: State, language: Language, disputed: tuple[Field, ...]
) -> Judged:
    verdict = check(card, profile)
    rules = tuple(
        RuleSays(
            reason.truth, reason.criterion, rule_in_words(reason.rule.value, language), proof(reason.rule, library)
        )
        for reason in verdict.reasons
    )
    closes = card.value("closes")
    return Judged(
        card.id, card.title, verdict.truth, say(f"programmes_api.{_sentence(verdict)}", language), state,
        str(closes) if closes else None, rules, tuple(_questions(card, profile, verdict, language)),
        verdict.incomplete, waiting(card), disputed,
    )  # fmt: skip


def _sentence(verdict: Verdict) -> str:
    if verdict.truth != "unknown":
        return f"eligible_{verdict.truth}"
    if not verdict.reasons:
        return "eligible_no_rules"
    return "eligible_incomplete" if all(each.truth == "yes" for each in verdict.reasons) else "eligible_unknown"


def _questions(card: Card, profile: Profile, verdict: Verdict, language: Language) -> Iterator[NextQuestion]:
    """Yield the questions of which some answer decides, the one with the most such answers first."""
    if verdict.truth != "unknown":
        return
    open_ = dict.fromkeys(reason.criterion for reason in verdict.reasons if reason.truth == "unknown")
    asked = [_question(card, profile, criterion, language) for criterion in open_]
    for question in sorted(asked, key=lambda each: -sum(choice.then != "unknown" for choice in each.choices)):
        if any(choice.then != "unknown" for choice in question.choices):
            yield question


def _question(card: Card, profile: Profile, criterion: str, language: Language) -> NextQuestion:
    values = CRITERIA[criterion] or tuple(sorted(SECTORS))
    choices = tuple(
        Option(value, name_of(criterion, value, language), check(card, _with(profile, criterion, value)).truth)
        for value in values
    )
    return NextQuestion(criterion, say(f"programmes_api.ask_{criterion}", language), choices)


def _with(profile: Profile, criterion: str, value: str) -> Mapping[str, str | Sequence[str]]:
    return {**profile, criterion: value}

"""May a firm apply? Answered from the confirmed rules of a card in three values: yes, no, or cannot tell.

A rule that needs what the profile does not say is unknown, and so is a programme without rules: nobody hears «yes»
because a sheet is silent. Several rules are joined as Kleene does: one «no» decides, else one «unknown» leaves it open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.cards import Card
from ingest.cards import CardValue

Truth = Literal["yes", "no", "unknown"]
Profile = Mapping[str, str | Sequence[str]]
"""What is known of a firm, by criterion (see ``ingest.frontmatter.CRITERIA``); several values where it has several."""

WITHIN: Mapping[str, tuple[str, ...]] = {
    "german_community": ("wallonia", "belgium", "eu"), "wallonia": ("belgium", "eu"), "brussels": ("belgium", "eu"),
    "flanders": ("belgium", "eu"), "belgium": ("eu",), "micro": ("small",),
}  # fmt: skip
"""Values that lie within others: a firm in Wallonia is in Belgium; one of which only Belgium is known may be."""
OVERLAPS = frozenset(
    {frozenset({"self_employed", "liberal_profession"}), frozenset({"public_body", "university"}),
     frozenset({"university", "research_centre"}), frozenset({"self_employed", "individual"})}
)  # fmt: skip
"""Values of which one may be the other as well."""
SECTORS = frozenset(
    {"digital", "fishing", "aquaculture", "primary_agriculture", "construction", "retail", "hospitality",
     "manufacturing", "health", "transport", "crafts", "education", "energy", "finance"}
)  # fmt: skip
"""Sectors that are told apart; any other word may mean one of them, so that nothing follows from it."""


@dataclass(frozen=True, slots=True)
class Reason:
    """What one rule says of a profile."""

    truth: Truth
    rule: CardValue
    criterion: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a firm may apply, with every rule that was looked at."""

    truth: Truth
    reasons: tuple[Reason, ...] = ()
    missing: tuple[str, ...] = ()
    """What the profile does not say and a rule needs."""
    incomplete: bool = False
    """Whether our sources do not give all rules: then «yes» is never said."""


def check(card: Card, profile: Profile) -> Verdict:
    """Return whether a firm with *profile* may apply for the programme of *card*."""
    reasons = tuple(_reason(rule, profile) for rule in card.rules)
    missing = dict.fromkeys(r.criterion for r in reasons if r.truth == "unknown" and not _given(profile, r.criterion))
    incomplete = not reasons or "eligibility" in card.missing or any(v.field == "eligibility" for v in card.proposed)
    truth = both(reason.truth for reason in reasons)
    if truth == "yes" and incomplete:
        truth = "unknown"
    return Verdict(truth, reasons, tuple(missing), incomplete)


def both(truths: Iterable[Truth]) -> Truth:
    """Return the conjunction: «no» before «unknown» before «yes»; of nothing, «yes»."""
    held = set(truths)
    return "no" if "no" in held else "unknown" if "unknown" in held else "yes"


def turned(truth: Truth) -> Truth:
    """Return the negation; what is unknown stays so."""
    return {"yes": "no", "no": "yes"}.get(truth, "unknown")  # type: ignore[return-value]


def _reason(rule: CardValue, profile: Profile) -> Reason:
    criterion = str(rule.value["criterion"])
    wanted = [str(each) for each in rule.value["values"]]
    among = [_among(value, wanted, criterion) for value in _given(profile, criterion)]
    if rule.value["rule"] == "only":
        # A firm with a seat in Wallonia and another abroad has one in Wallonia.
        truth: Truth = "unknown" if not among else turned(both(turned(each) for each in among))
    else:
        # What is excluded and what is not at once has to ask.
        truth = "unknown" if not among or len(set(among)) > 1 else turned(among[0])
    return Reason(truth, rule, criterion)


def _given(profile: Profile, criterion: str) -> list[str]:
    value = profile.get(criterion, ())
    return [value] if isinstance(value, str) and value else [each for each in value if each] if value else []


def _among(value: str, wanted: Sequence[str], criterion: str) -> Truth:
    """Return whether *value* is one of those that a rule names."""
    held = {_is(value, each, criterion) for each in wanted}
    return "yes" if "yes" in held else "unknown" if "unknown" in held else "no"


def _is(value: str, named: str, criterion: str) -> Truth:
    if value == named or named in WITHIN.get(value, ()):
        return "yes"
    if value in WITHIN.get(named, ()) or frozenset({value, named}) in OVERLAPS:
        return "unknown"
    if criterion == "sector" and not {value, named} <= SECTORS:
        return "unknown"
    return "no"

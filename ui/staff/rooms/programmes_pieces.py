"""The pieces that the pages of programmes are built of: values in words, sentences, entries, verdicts."""

from __future__ import annotations

from typing import Any

from bot.eligibility import Verdict
from bot.entries import Sentence
from bot.values import value_in_words
from ingest.cards import CardValue
from ingest.documents import Language
from ingest.frontmatter import CRITERIA
from ui.markup import Markup, tag
from ui.staff.forms import badge, field, select, words

_TRUTH_LOOKS = {"yes": "good", "no": "bad", "unknown": "attention"}
MISSING = frozenset(
    {"amount", "ceiling", "rate", "price", "deadline", "duration", "state", "eligibility", "content", "how", "contact",
     "other"}
)  # fmt: skip


def say(key: str, language: Language, **values: object) -> str:
    """Return a string of the room's catalogue."""
    return words(f"desk_programmes.{key}", language, **values)


def in_words(value: CardValue, language: Language) -> str:
    """Return a value of a card as staff read it."""
    if value.field == "eligibility":
        return rule_in_words(value.value, language)
    if value.field == "contact" and isinstance(value.value, dict):
        return " · ".join(str(each) for key in ("url", "email") if (each := value.value.get(key)))
    if value.field == "kind" and value.value in ("programme", "subsidy", "training", "compute"):
        return say(f"kind_{value.value}", language)
    return value_in_words(value.field, value.value, value.unit, language)


def outside(url: str | None) -> Markup | None:
    """Return a link to the original page, if its address is one of the web."""
    if not url or not url.startswith(("https://", "http://")):
        return None
    return tag("a", "↗ ", url.split("/")[2], href=url, rel="noopener noreferrer", target="_blank")


def rule_in_words(rule: Any, language: Language) -> str:
    """Return a rule of eligibility: «size: only micro, small»."""
    criterion = rule.get("criterion", "")
    listed = ", ".join(_criterion_value(criterion, str(each), language) for each in rule.get("values", ()))
    if criterion not in CRITERIA:
        return listed
    key = "rule_only" if rule.get("rule") == "only" else "rule_not"
    return say(key, language, criterion=say(f"criterion_{criterion}", language), listed=listed)


def _criterion_value(criterion: str, value: str, language: Language) -> str:
    known = value in CRITERIA.get(criterion, ())
    return say(f"{criterion}_{value}", language) if known else value.replace("_", " ")


def hidden(**fields: object) -> list[Markup]:
    """Return hidden fields of a form."""
    return [tag("input", type="hidden", name=name, value=str(value)) for name, value in fields.items()]


def chosen_sentence(found: Sentence) -> Markup:
    """Return a sentence with where it stands."""
    passage = found.passage
    return tag(
        "figure",
        tag("blockquote", found.text, lang=passage.language),
        tag("figcaption", passage.title, f" · {passage.document_key}"),
    )


def entry(name: str, value: CardValue, language: Language) -> Markup:
    """Return the control for a value of one field."""
    if name == "eligibility":
        return rule_entry(value.value if isinstance(value.value, dict) else {}, language)
    if name == "state":
        states = {each: say(f"state_{each}", language) for each in ("open", "closed", "permanent", "unknown")}
        return select("value", say("value", language), states, str(value.value))
    return field(
        "value", say("value", language), in_words(value, language), hint=say("value_hint", language), maxlength=500
    )


def rule_entry(rule: dict[str, Any], language: Language) -> Markup:
    """Return the controls for a rule of eligibility."""
    criteria = {"": "–", **{name: say(f"criterion_{name}", language) for name in CRITERIA}}
    kinds = {"only": say("only", language), "not": say("not", language)}
    known = "; ".join(
        f"{say(f'criterion_{name}', language)}: {', '.join(each)}" for name, each in CRITERIA.items() if each
    )
    return tag(
        "fieldset",
        tag("legend", say("rule_legend", language)),
        select("criterion", say("criterion", language), criteria, str(rule.get("criterion", ""))),
        select("rule", say("rule", language), kinds, str(rule.get("rule", "only"))),
        field("values", say("values", language), ", ".join(rule.get("values", ())), hint=known),
    )


def asked_criterion(name: str, value: str, language: Language) -> Markup:
    """Return the control for one point of an example profile."""
    label = say(f"criterion_{name}", language)
    if not CRITERIA[name]:
        return field(name, label, value, hint=say("sector_hint", language), maxlength=50)
    options = {"": say("not_said", language), **{each: say(f"{name}_{each}", language) for each in CRITERIA[name]}}
    return select(name, label, options, value)


def verdict_shown(verdict: Verdict, language: Language) -> Markup:
    """Return whether a profile may apply, with each rule."""
    reasons = [
        tag("li", badge(_TRUTH_LOOKS[each.truth], say(f"truth_{each.truth}", language)), " ",
            rule_in_words(each.rule.value, language), tag("blockquote", each.rule.quote))
        for each in verdict.reasons
    ]  # fmt: skip
    missing = ", ".join(say(f"criterion_{each}", language) for each in verdict.missing)
    return tag(
        "div",
        tag("p", badge(_TRUTH_LOOKS[verdict.truth], say(f"truth_{verdict.truth}", language))),
        tag("p", say("profile_missing", language, listed=missing)) if missing else None,
        tag("p", say("rules_missing", language)) if verdict.incomplete else None,
        tag("ul", reasons) if reasons else None,
        role="status",
        class_="verdict",
    )

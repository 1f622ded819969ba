"""The rules that hold between a sheet of the corpus and its facts, and between the languages of a sheet.

A rule yields one sentence for each thing that is wrong, beginning with the sheet: ``fr/start-ia: …``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ingest.documents import LANGUAGES, Language, Source
from ingest.figures import Figure, figures
from ingest.frontmatter import Amount, FrontMatter
from ingest.readers.markdown import CONFIDENCE, SECTION_KEYS
from tests.corpus.sheets import FACT_LABEL, URL, FactSheet, Sheet, implied

GAP_OPENINGS: dict[Language, str] = {
    "fr": "Non précisé dans nos sources\u00a0: ",
    "nl": "Niet vermeld in onze bronnen: ",
    "de": "In unseren Quellen nicht angegeben: ",
    "en": "Not stated in our sources: ",
}
UNDATED = ("sans date", "zonder datum", "ohne Datum", "undated")


def _said(found: Iterable[Figure]) -> str:
    return ", ".join(sorted(f"{figure.kind} {figure.value}" for figure in found))


# --- the rules of one sheet ------------------------------------------------------------------------------------------


def sourced_figures(facts: FactSheet, sheet: Sheet) -> Iterator[str]:
    """A statement has no figure that the facts of its own footnotes lack; warnings of the editors go wider."""
    for line in sheet.lines:
        cited = [facts.facts[label] for label in line.fact_labels if label in facts.facts]
        if cited and line.section != "before":
            allowed = implied(figure for fact in cited for figure in fact.figures)
            if excess := sheet.figures(line) - allowed:
                yield f"{sheet.key}: {_said(excess)} is not in {', '.join(line.fact_labels)}: {line.text}"


def figures_of_editors(facts: FactSheet, sheet: Sheet) -> Iterator[str]:
    """Title, traps, gaps, warnings and amounts have no figure that the fact sheet lacks."""
    remarks = [line.text for line in sheet.lines if not line.fact_labels or line.section == "before"]
    amounts = [amount.what for amount in sheet.head.amounts]
    allowed = facts.wider_figures | implied(figures(sheet.head.verified_on.isoformat()))
    for text in (sheet.head.title, *sheet.head.traps, *amounts, *remarks):
        if excess := sheet.figures(text) - allowed:
            yield f"{sheet.key}: {_said(excess)} is not in the fact sheet: {text}"


def amounts_in_facts(facts: FactSheet, sheet: Sheet) -> Iterator[str]:
    """Every rate, ceiling and duration of the head stands in a fact."""
    for amount in sheet.head.amounts:
        if excess := frozenset(_figures_of(amount)) - facts.figures:
            yield f"{sheet.key}: {_said(excess)} of the amount «{amount.what}» is in no fact"


def _figures_of(amount: Amount) -> Iterator[Figure]:
    rates = amount.rate if isinstance(amount.rate, tuple) else (amount.rate,)
    yield from (Figure("percent", f"{rate * 100:.6g}") for rate in rates if rate is not None)
    if amount.ceiling_eur is not None:
        yield Figure("number", f"{amount.ceiling_eur:.12g}")
    if amount.duration_months is not None:
        yield Figure("number", str(amount.duration_months))


def facts_stated(facts: FactSheet, sheet: Sheet) -> Iterator[str]:
    """A fact of high or medium confidence is stated, with all its figures."""
    stated = sheet.figures_by_label()
    for label, fact in facts.facts.items():
        if fact.source.confidence == "low":
            continue
        if label not in stated:
            yield f"{sheet.key}: {label} is not stated: {fact.text}"
        elif lost := fact.figures - implied(stated[label]):
            yield f"{sheet.key}: {_said(lost)} of {label} is lost: {fact.text}"


def sources_of_facts(facts: FactSheet, sheet: Sheet) -> Iterator[str]:
    """A footnote of a fact shows its address, date and confidence; each footnote is there and used."""
    used = {label for line in sheet.lines for label in line.labels}
    for label in sorted(used ^ sheet.footnotes.keys()):
        yield f"{sheet.key}: the footnote {label} is {'missing' if label in used else 'not used'}"
    for label, text in sheet.footnotes.items():
        if not FACT_LABEL.fullmatch(label):
            continue
        if label not in facts.facts:
            yield f"{sheet.key}: {label} is no fact"
        elif (shown := _source(text)) != facts.facts[label].source:
            yield f"{sheet.key}: {label} shows {shown}, the fact has {facts.facts[label].source}"


def _source(text: str) -> Source:
    place, date, confidence = text.split(" · ")
    url = place.strip("<>") if URL.match(place.strip("<>")) else None
    return Source(url, None if date in UNDATED else date, CONFIDENCE.get(confidence))


def footnote_on_each_statement(_: FactSheet, sheet: Sheet) -> Iterator[str]:
    """Only the contact stands without a footnote, and it is the contact of the head."""
    for line in sheet.lines:
        contact = sheet.head.contact
        is_contact = line.section == "contact" and (contact.url or contact.email or "?") in line.text
        if not line.labels and not is_contact:
            yield f"{sheet.key}: no footnote: {line.text}"


def wording_of_gaps(_: FactSheet, sheet: Sheet) -> Iterator[str]:
    """A gap begins with the words of its language, and only a gap does."""
    opening = GAP_OPENINGS[sheet.head.lang]
    for line in sheet.lines:
        is_gap = any(label.startswith("note-") for label in line.labels)
        if is_gap != line.text.startswith(opening):
            yield f"{sheet.key}: {'does not begin' if is_gap else 'begins'} as a gap: {line.text}"


def known_headings(_: FactSheet, sheet: Sheet) -> Iterator[str]:
    """Every heading is one of its language's known ones, and none comes twice."""
    column = LANGUAGES.index(sheet.head.lang)
    # «Contact» is the same word in three languages.
    allowed = {names[column] for key, names in SECTION_KEYS.items() if key != "contact"}
    allowed.add("Kontakt" if sheet.head.lang == "de" else "Contact")
    for heading in sheet.headings:
        if heading not in allowed or sheet.headings.count(heading) > 1:
            yield f"{sheet.key}: {heading!r} is not a heading, or comes twice"


def traps_stated(_: FactSheet, sheet: Sheet) -> Iterator[str]:
    """A trap of the head is a statement of the sheet, so that it can be quoted."""
    stated = {line.text for line in sheet.lines}
    for trap in sheet.head.traps:
        if trap not in stated:
            yield f"{sheet.key}: the trap is not stated: {trap}"


# --- the rules between languages -------------------------------------------------------------------------------------


def same_figures(original: Sheet, translation: Sheet) -> Iterator[str]:
    """Two languages carry the same figures under each footnote."""
    first, second = original.figures_by_label(), translation.figures_by_label()
    for label in sorted(first.keys() | second.keys()):
        if difference := first.get(label, frozenset()) ^ second.get(label, frozenset()):
            yield f"{translation.key}: {label} differs from {original.key} in {_said(difference)}"


def same_head(original: Sheet, translation: Sheet) -> Iterator[str]:
    """Two languages say the same in all that is not words."""
    for key, value in _plain(original.head).items():
        if _plain(translation.head)[key] != value:
            yield f"{translation.key}: {key} differs from {original.key}"


def _plain(head: FrontMatter) -> dict[str, Any]:
    words = {"lang", "title", "operator", "audience", "aliases", "traps", "amounts"}
    amounts = [amount.model_dump(exclude={"what"}) for amount in head.amounts]
    return {**head.model_dump(exclude=words), "amounts": amounts, "traps": len(head.traps)}


Rule = Callable[[FactSheet, Sheet], Iterator[str]]
LanguageRule = Callable[[Sheet, Sheet], Iterator[str]]
SHEET_RULES: tuple[Rule, ...] = (
    sourced_figures, figures_of_editors, amounts_in_facts, facts_stated, sources_of_facts, footnote_on_each_statement,
    wording_of_gaps, known_headings, traps_stated,
)  # fmt: skip
LANGUAGE_RULES: tuple[LanguageRule, ...] = (same_figures, same_head)

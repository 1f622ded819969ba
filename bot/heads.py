"""The values in the head of a sheet, each with the sentence of the sheet that holds it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from ingest.analysis import content_words
from ingest.cards import CardValue, Field
from ingest.documents import Language, Passage, Span
from ingest.quantities import Quantity, holds, quantities
from ingest.snapshot import DocumentInfo

FIGURED: frozenset[Field] = frozenset({"opens", "closes", "rate", "ceiling", "minimum", "duration"})
"""Fields whose value is a figure: the quote has to hold it."""
_PLAIN: tuple[tuple[Field, str], ...] = (
    ("title", "title"), ("operator", "operator"), ("kind", "kind"), ("audience", "audience"),
)  # fmt: skip
_WEB = re.compile(r"https?://\S+")
_JOINED = re.compile(r"(?<=\d)[\s.,'’](?=\d)")


@dataclass(frozen=True, slots=True)
class _Sentence:
    passage: Passage
    span: Span
    text: str


def head_values(info: DocumentInfo, passages: Sequence[Passage]) -> Iterator[CardValue]:
    """Yield what the head of a sheet says; a figure that no sentence holds is only proposed."""
    sheet = _Sheet(info, passages)
    meta = {"title": info.title, **info.meta}
    for field, key in _PLAIN:
        if meta.get(key):
            yield sheet.value(field, meta[key], field)
    if meta.get("status") and meta["status"] != "unknown":
        shown = meta.get("status_as_of")
        found = sheet.stating()
        yield replace(sheet.value("state", meta["status"], "status", found), as_of=shown)
    for key in ("opens", "closes"):
        if date := meta.get(key):
            yield sheet.value(
                "opens" if key == "opens" else "closes",
                date,
                key,
                sheet.holding(Quantity(date, "date", date), "dates"),
                unit="date",
            )
    for number, amount in enumerate(meta.get("amounts", ())):
        yield from _amount(sheet, amount, f"amounts.{number}")
    for number, rule in enumerate(meta.get("eligibility", ())):
        yield _rule(sheet, rule, f"eligibility.{number}")
    contact = meta.get("contact") or {}
    if contact.get("url") or contact.get("email"):
        held = {key: contact.get(key) for key in ("url", "email", "confirmed")}
        yield sheet.value("contact", held, "contact", sheet.first(lambda each: each.span.role == "contact"))


def holds_figure(value: CardValue, language: Language) -> bool:
    """Return whether the quote of *value* holds its figure; a value that is none needs a sentence only."""
    if value.field not in FIGURED:
        return bool(value.quote)
    held = _quantities(value.quote, language)
    return bool(value.quote) and all(holds(held, wanted) for wanted in _figures(value))


def _figures(value: CardValue) -> list[Quantity]:
    """Return the figures of a value as they would be read."""
    if value.field == "rate":
        rates = value.value if isinstance(value.value, list | tuple) else [value.value]
        return [_quantity(Decimal(str(rate)) * 100, "percent") for rate in rates]
    if value.field in ("opens", "closes"):
        return [Quantity(str(value.value), "date", str(value.value))]
    return [_quantity(Decimal(str(value.value)), value.unit)]


def _quantity(number: Decimal, unit: str) -> Quantity:
    text = format(number, "f")
    return Quantity(text.rstrip("0").rstrip(".") if "." in text else text, unit, text)


class _Sheet:
    """The sentences of one sheet, and values that rest on them."""

    def __init__(self, info: DocumentInfo, passages: Sequence[Passage]) -> None:
        self._info = info
        self._sentences = [_Sentence(passage, span, text) for passage in passages for span, text in passage.quotes()]

    def value(
        self, field: Field, value: Any, slot: str, found: _Sentence | None = None, *, unit: str = "", what: str = ""
    ) -> CardValue:
        """Return a value of the head, confirmed by the editors on the day of their check."""
        info = self._info
        made = CardValue(
            info.id, field, value, unit, what, info.as_of, document=info.key, version=info.version, url=info.url,
            state="confirmed", at=str(info.meta.get("verified_on") or ""), slot=slot,
        )  # fmt: skip
        if found is not None:
            source = found.span.source
            made = replace(
                made, quote=found.text, passage=found.passage.id, as_of=source.as_of or found.passage.as_of,
                url=source.url or info.url,
            )  # fmt: skip
        if field in FIGURED and not holds_figure(made, info.language):
            return replace(made, state="proposed", flag="no_sentence")
        if field == "eligibility" and found is None:
            return replace(made, state="proposed", flag="no_sentence")
        return made

    def first(self, test: Callable[[_Sentence], bool]) -> _Sentence | None:
        """Return the first sentence that passes *test*."""
        return next((each for each in self._sentences if test(each)), None)

    def noted(self, note: str) -> _Sentence | None:
        """Return the sentence with the footnote *note*, the plainest first: warnings name several."""
        return self.first(lambda each: each.span.source.note == note and each.span.section != "before")

    def stating(self) -> _Sentence | None:
        """Return the sentence on the state: the first fact among the dates."""
        return self.first(lambda each: each.span.section == "dates" and each.span.role == "fact")

    def holding(self, wanted: Quantity, section: str, url: str | None = None, what: str = "") -> _Sentence | None:
        """Return the sentence that holds *wanted*: of the source *url*, in *section*, on *what*, the plainest first."""
        words = set(content_words(what, self._info.language))

        def rank(each: _Sentence) -> tuple[int, int, int, int]:
            spoken = set(content_words(each.text, self._info.language))
            return (
                -int(bool(url) and each.span.source.url == url),
                int(each.span.section == "before") - int(each.span.section == section),
                -len(words & spoken),
                len(_quantities(each.text, self._info.language)),
            )

        facts = [each for each in self._sentences if each.span.role == "fact"]
        # Reading figures takes a millisecond: first the sentences in which the digits stand as they are written.
        likely = [each for each in facts if _digits(wanted) in _JOINED.sub("", each.text)]
        held = [each for each in likely or facts if holds(_quantities(each.text, self._info.language), wanted)]
        return min(held, key=rank, default=None)


@lru_cache(maxsize=4096)
def _quantities(text: str, language: Language) -> tuple[Quantity, ...]:
    return quantities(_WEB.sub(" ", text), language)  # the digits of an address are no figures of the sentence


def _digits(wanted: Quantity) -> str:
    """Return the digits by which a figure can be told in any writing: 595600000 is «595,6 millions»."""
    if wanted.unit == "date":
        return wanted.value[:4]
    return wanted.value.replace(".", "").rstrip("0")


def _amount(sheet: _Sheet, amount: Mapping[str, Any], slot: str) -> Iterator[CardValue]:
    what, url = str(amount.get("what") or ""), amount.get("source")
    rate = amount.get("rate")
    if rate is not None:
        value = [float(each) for each in rate] if isinstance(rate, list | tuple) else float(rate)
        first = value[-1] if isinstance(value, list) else value
        found = sheet.holding(_quantity(Decimal(str(first)) * 100, "percent"), "pays", url, what)
        yield _dated(sheet.value("rate", value, f"{slot}.rate", found, what=what), amount)
    if (ceiling := amount.get("ceiling_eur")) is not None:
        number = int(ceiling) if float(ceiling).is_integer() else float(ceiling)
        found = sheet.holding(_quantity(Decimal(str(number)), "EUR"), "pays", url, what)
        yield _dated(sheet.value("ceiling", number, f"{slot}.ceiling", found, unit="EUR", what=what), amount)
    if months := amount.get("duration_months"):
        found = sheet.holding(_quantity(Decimal(months), "month"), "pays", url, what)
        yield _dated(sheet.value("duration", months, f"{slot}.duration", found, unit="month", what=what), amount)


def _dated(value: CardValue, amount: Mapping[str, Any]) -> CardValue:
    return replace(value, as_of=amount.get("as_of") or value.as_of)


def _rule(sheet: _Sheet, rule: Mapping[str, Any], slot: str) -> CardValue:
    held = {"criterion": rule["criterion"], "rule": rule["rule"], "values": list(rule["values"])}
    return sheet.value("eligibility", held, slot, sheet.noted(str(rule.get("source") or "")))

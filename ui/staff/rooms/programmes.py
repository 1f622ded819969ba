"""The room of programmes: their cards value by value, each with its sentence, and what our sources contradict."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import urlencode

from bot.cards import Cards, refuse_unheld
from bot.contradictions import Contradictions
from bot.entries import BadValue, read_value, sentence_at
from ingest.cards import DECISIONS, FIELDS, CardError, CardValue, Field, OwnProgramme
from ingest.snapshot import Reading
from ui.markup import Markup
from ui.staff.desk import SEEN, Action, Export, Fields, NoSuchPlace, Outcome, Visit
from ui.staff.forms import words
from ui.staff.rooms.programmes_pages import CRITERIA_ASKED, Page

REASON = 500
"""Letters of a reason that are kept."""
_ADDED: tuple[Field, ...] = tuple(field for field in FIELDS if field not in ("title", "kind"))


class Programmes:
    """Cards and contradictions over the current documents of a library."""

    name = "programmes"

    def __init__(self, library: Reading, contradictions: Contradictions) -> None:
        self._library = library
        self._contradictions = contradictions
        self._page = Page(library, contradictions)
        self.exports: Mapping[str, Export] = {}

    @property
    def actions(self) -> Mapping[str, Action]:
        """Editors propose; publishers decide."""
        return {
            "confirm": Action("publisher", self._confirm),
            "reject": Action("publisher", self._reject),
            "correct": Action("publisher", self._correct),
            "propose": Action("editor", self._propose),
            "undo": Action("publisher", self._undo),
            "make": Action("publisher", self._make),
            "unmake": Action("publisher", self._unmake),
            "rule": Action("publisher", self._rule),
            "unrule": Action("publisher", self._unrule),
            "find": Action("editor", self._find),
            "check": Action("editor", self._check),
        }

    @property
    def _cards(self) -> Cards:
        return self._contradictions.cards

    def count(self) -> int:
        """Return how many contradictions and proposals wait for a decision."""
        found = self._contradictions.all(self._library, self._library.settings.current_date())
        proposed = sum(len(card.proposed) for card in self._cards.all(self._library).values())
        return sum(each.waits for each in found) + proposed

    def show(self, visit: Visit) -> Markup:
        """Return the list of programmes, the contradictions, or one programme."""
        if not visit.path:
            tab = visit.query.get("tab")
            return self._page.contradictions(visit) if tab == "contradictions" else self._page.overview(visit)
        card = self._cards.all(self._library, visit.language).get(visit.path[0])
        if card is None or len(visit.path) > 1:
            raise NoSuchPlace("/".join(visit.path))
        return self._page.card(visit, card)

    # --- values --------------------------------------------------------------------------------------------------

    def _confirm(self, visit: Visit, fields: Fields) -> Outcome:
        value, by = self._value(visit, fields), visit.person.name
        second = self._library.settings.staff_second_person
        return self._try(
            visit,
            lambda: self._cards.confirm(value, by, self._library, seen=_held(fields), second_person=second),
            "confirmed",
        )

    def _reject(self, visit: Visit, fields: Fields) -> Outcome:
        value, reason = self._value(visit, fields), _reason(fields)
        if not reason:
            return _wrong(visit, "reason", "reason_needed")
        self._cards.store.decide(value, "rejected", visit.person.name, reason, seen=_held(fields))
        return Outcome(words("desk_programmes.done_rejected", visit.language))

    def _correct(self, visit: Visit, fields: Fields) -> Outcome:
        value = self._value(visit, fields)
        try:
            read = read_value(value.field, fields, visit.language)
        except BadValue as error:
            return _wrong(visit, error.field, error.key)
        changed = replace(value, value=read.value, unit=read.unit, what=fields.get("what", value.what).strip()[:200],
                          target=value.key)  # fmt: skip
        if fields.get("passage"):
            quoted = self._quoted(changed, fields)
            if quoted is None:
                return Outcome(words("desk_programmes.refused_gone", visit.language), failed=True)
            changed = quoted
        by, reason, held = visit.person.name, _reason(fields), _held(fields)
        if self._library.settings.staff_second_person:
            # It waits beside the value that is public until somebody else confirms it.
            waiting = replace(changed, target="", corrects=value.corrects or value.key)

            def wait() -> None:
                refuse_unheld(waiting, self._library)
                self._cards.store.decide(waiting, "proposed", by, reason)

            return self._try(visit, wait, "waits")
        return self._try(visit, lambda: self._cards.confirm(changed, by, self._library, reason, seen=held), "corrected")

    def _propose(self, visit: Visit, fields: Fields) -> Outcome:
        programme, field = fields.get("programme", ""), _field(fields)
        if programme not in self._cards.all(self._library) or field is None:
            raise NoSuchPlace(programme)
        try:
            read = read_value(field, fields, visit.language)
        except BadValue as error:
            return _wrong(visit, error.field, error.key)
        value = CardValue(programme, field, read.value, read.unit, fields.get("what", "").strip()[:200])
        quoted = self._quoted(value, fields)
        if quoted is None:
            return Outcome(words("desk_programmes.refused_unquoted", visit.language), failed=True)
        if any(each.key == quoted.key for each in self._cards.all(self._library)[programme].values):
            # To propose again what is confirmed would take it out of service.
            return Outcome(words("desk_programmes.refused_known", visit.language), failed=True)
        self._cards.store.decide(quoted, "proposed", visit.person.name, _reason(fields))
        return Outcome(words("desk_programmes.done_proposed", visit.language), go=f"programmes/{programme}")

    def _undo(self, visit: Visit, fields: Fields) -> Outcome:
        return self._try(visit, lambda: self._cards.store.withdraw(_number(fields), visit.person.name), "undone")

    def _value(self, visit: Visit, fields: Fields) -> CardValue:
        card = self._cards.all(self._library, visit.language).get(fields.get("programme", ""))
        found = [value for value in card.values if value.key == fields.get("key")] if card else []
        if not found:
            raise NoSuchPlace(fields.get("programme", ""))
        # Of a correction that lost its quote and the value it corrected, the open one is meant.
        return next((value for value in found if value.state == "proposed"), found[0])

    def _quoted(self, value: CardValue, fields: Fields) -> CardValue | None:
        """Return *value* resting on the chosen sentence, as it stands in its passage."""
        found = sentence_at(self._library, fields.get("passage", ""), fields.get("at", ""))
        if found is None:
            return None
        passage, source = found.passage, list(found.passage.spans)[found.at].source
        return replace(
            value, quote=found.text, document=passage.document_key, passage=passage.id, version=passage.version,
            url=source.url or passage.url, as_of=source.as_of or passage.as_of,
        )  # fmt: skip

    # --- programmes of staff -------------------------------------------------------------------------------------

    def _make(self, visit: Visit, fields: Fields) -> Outcome:
        title = " ".join(fields.get("title", "").split())[:200]
        id = _slug(title)
        if not id:
            return _wrong(visit, "title", "title_needed")
        if self._library.key_of(id, visit.language):
            return _wrong(visit, "title", "refused_made")
        own = OwnProgramme(id, title, visit.language)
        return self._try(
            visit, lambda: self._cards.store.add_programme(own, visit.person.name), "made", go=f"programmes/{id}"
        )

    def _unmake(self, visit: Visit, fields: Fields) -> Outcome:
        id = fields.get("programme", "")
        return self._try(
            visit, lambda: self._cards.store.withdraw_programme(id, visit.person.name), "unmade", go="programmes"
        )

    # --- contradictions ------------------------------------------------------------------------------------------

    def _rule(self, visit: Visit, fields: Fields) -> Outcome:
        verdict = next((each for each in DECISIONS if each == fields.get("verdict")), None)
        if verdict is None:
            return _wrong(visit, "verdict", "verdict_needed")
        if not _reason(fields):
            return _wrong(visit, "reason", "reason_needed")
        today = self._library.settings.current_date()
        found = self._contradictions.rule(
            self._library, today, fields.get("key", ""), verdict, _reason(fields), visit.person.name
        )
        if found is None:
            return Outcome(words("desk_programmes.no_contradiction", visit.language), failed=True)
        return Outcome(words(f"desk_programmes.done_{verdict}", visit.language))

    def _unrule(self, visit: Visit, fields: Fields) -> Outcome:
        return self._try(visit, lambda: self._cards.store.withdraw_ruling(_number(fields), visit.person.name), "undone")

    # --- looking -------------------------------------------------------------------------------------------------

    def _find(self, visit: Visit, fields: Fields) -> Outcome:
        return Outcome("", go=_address(fields, ("find", "document", "correct")))

    def _check(self, visit: Visit, fields: Fields) -> Outcome:
        return Outcome("", go=_address(fields, ("check", *CRITERIA_ASKED)))

    def _try(self, visit: Visit, do: Callable[[], object], done: str, go: str | None = None) -> Outcome:
        """Return what became of *do*, which the cards may refuse."""
        try:
            do()
        except CardError as error:
            return Outcome(words(f"desk_programmes.refused_{error.refusal}", visit.language), failed=True)
        return Outcome(words(f"desk_programmes.done_{done}", visit.language), go=go)


def _wrong(visit: Visit, field: str, key: str) -> Outcome:
    sentence = words(f"desk_programmes.{key}", visit.language)
    return Outcome(sentence, failed=True, wrong={field: sentence})


def _reason(fields: Fields) -> str:
    return " ".join(fields.get("reason", "").split())[:REASON]


def _held(fields: Fields) -> int | None:
    """Return the number of the decision that a form was opened on; 0: there was none."""
    number = fields.get(SEEN, "")
    return int(number) if number.isdecimal() and len(number) < 12 else None


def _field(fields: Fields) -> Field | None:
    return next((field for field in _ADDED if field == fields.get("field")), None)


def _number(fields: Fields) -> int:
    number = fields.get("number", "")
    return int(number) if number.isdecimal() and len(number) < 12 else 0


def _address(fields: Fields, names: tuple[str, ...]) -> str:
    query = urlencode({name: fields[name] for name in names if fields.get(name)})
    return f"programmes/{_slug(fields.get('programme', ''))}?{query}"


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.lower()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:80]

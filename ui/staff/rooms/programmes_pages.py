"""How the room of programmes looks: the list, one card as a form, and contradictions side by side."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from bot.cards import QUOTELESS, Card
from bot.contradictions import Contradiction, Contradictions, Side
from bot.eligibility import Profile, check
from bot.entries import Sentence, find_sentences, sentence_at
from bot.values import value_in_words
from ingest.analysis import fold
from ingest.cards import FIELDS, CardValue
from ingest.documents import Language
from ingest.snapshot import Reading
from ui.markup import Child, Markup, joined, tag
from ui.staff.desk import SEEN, Visit
from ui.staff.forms import address, badge, do, empty, field, form, link, search, select, submit, table, titled
from ui.staff.rooms import listing
from ui.staff.rooms.programmes_pieces import (
    MISSING,
    asked_criterion,
    chosen_sentence,
    entry,
    hidden,
    in_words,
    outside,
    rule_entry,
    say,
    verdict_shown,
)
from ui.words import date_in_words

PAGE = 50
"""Programmes on one page."""
CRITERIA_ASKED = ("size", "legal_form", "seat", "stage", "sector")
"""What an example profile may say."""
_LOOKS = {"confirmed": "good", "proposed": "attention", "rejected": "quiet"}
_STATE_LOOKS = {"open": "good", "opens": "attention", "permanent": "good", "closed": "quiet", "unknown": "quiet"}


class Page:
    """The pages of the room."""

    def __init__(self, library: Reading, contradictions: Contradictions) -> None:
        self._library = library
        self._contradictions = contradictions

    def overview(self, visit: Visit) -> Markup:
        """Return every programme with its state and how complete its card is."""
        language = visit.language
        asked = visit.query.get("text", "")
        every = self._contradictions.cards.all(self._library, language)
        cards = {id: card for id, card in every.items() if all(w in fold(card.title) for w in fold(asked).split())}
        clashing = [each.programme for each in self._all() if each.waits]
        heads = [say(f"head_{each}", language) for each in
                 ("programme", "state", "confirmed", "proposed", "missing", "contradicting")]  # fmt: skip
        ordered = sorted(cards.values(), key=lambda card: (-clashing.count(card.id), -len(card.proposed), card.title))
        part = listing.page(visit.query.get("from", ""), len(ordered), PAGE)
        rows = [self._row(card, clashing.count(card.id), language) for card in ordered[part.start : part.end]]
        shown = table(say("list", language), heads, rows) if rows else empty(say("empty", language))
        looking = search(
            "programmes", field("text", say("find_programme", language), asked, kind="search", maxlength=200),
            submit(say("search", language)),
        ) if every else None  # fmt: skip
        more = listing.pages(part, lambda start: address("programmes", text=asked, **{"from": start}), language)
        return titled(
            say("room", language), self._tabs(visit), looking, shown, more, self._make(visit),
            lead=say("lead", language),
        )  # fmt: skip

    def contradictions(self, visit: Visit) -> Markup:
        """Return what our sources contradict: what waits, what sheets say themselves, what is decided."""
        language, found = visit.language, self._all()
        waiting = [each for each in found if each.waits]
        within = [each for each in found if each.within and each.is_open]
        decided = [each for each in found if not each.is_open]
        parts = [self._contradiction(each, visit) for each in waiting]
        body: list[Child] = [*parts] if parts else [empty(say("no_contradictions", language))]
        for key, group in (("within", within), ("decided", decided)):
            if group:
                body.append(tag("h2", say(key, language)))
                body += [self._contradiction(each, visit) for each in group]
        return titled(
            say("contradictions", language), self._tabs(visit), *body, lead=say("contradictions_lead", language)
        )

    def card(self, visit: Visit, card: Card) -> Markup:
        """Return one programme: its values, what is missing, what contradicts, and an example of who may apply."""
        language = visit.language
        clashing = [each for each in self._all() if each.programme == card.id and not each.within]
        today = self._library.settings.current_date()
        state = card.state(today)
        groups = [(name, card.of(name)) for name in FIELDS]
        return titled(
            card.title,
            tag("p", link("programmes", say("back", language))),
            tag("p", badge(_STATE_LOOKS[state], say(f"state_{state}", language))),
            self._correcting(visit, card),
            [self._contradiction(each, visit) for each in clashing],
            [self._group(name, values, visit, card) for name, values in groups if values],
            self._missing(card, language),
            self._adding(visit, card),
            self._eligibility(visit, card),
            self._history(visit, card),
            self._unmake(visit, card),
        )

    # --- the list ------------------------------------------------------------------------------------------------

    def _all(self) -> tuple[Contradiction, ...]:
        return self._contradictions.all(self._library, self._library.settings.current_date())

    def _tabs(self, visit: Visit) -> Markup:
        waiting = sum(each.waits for each in self._all())
        here = visit.query.get("tab", "")
        tabs = (("", "programmes", say("room", visit.language)),
                ("contradictions", "programmes?tab=contradictions",
                 say("tab_contradictions", visit.language, n=waiting)))  # fmt: skip
        items = [
            tag("li", tag("a", text, href=f"#/{address}", aria_current="page" if here == name else None))
            for name, address, text in tabs
        ]
        return tag("nav", tag("ul", items), class_="tabs", aria_label=say("tabs", visit.language))

    def _row(self, card: Card, clashing: int, language: Language) -> tuple[Child, ...]:
        state = card.state(self._library.settings.current_date())
        return (
            link(f"programmes/{card.id}", card.title),
            badge(_STATE_LOOKS[state], say(f"state_{state}", language)),
            str(len(card.confirmed.values)),
            badge("attention", str(len(card.proposed))) if card.proposed else "0",
            str(len(card.missing)),
            badge("bad", str(clashing)) if clashing else "0",
        )

    def _make(self, visit: Visit) -> Markup | None:
        language = visit.language
        if not visit.person.may("publisher"):
            return None
        return tag(
            "section",
            tag("h2", say("make", language)),
            form(
                "programmes.make",
                field(
                    "title",
                    say("field_title", language),
                    required=True,
                    hint=say("make_hint", language),
                    maxlength=200,
                ),
                submit(say("make", language)),
            ),
        )

    # --- values --------------------------------------------------------------------------------------------------

    def _group(self, name: str, values: Iterable[CardValue], visit: Visit, card: Card) -> Markup:
        return tag(
            "section",
            tag("h2", say(f"field_{name}", visit.language)),
            [self._value(value, visit, card) for value in values],
            class_="values",
        )

    def _value(self, value: CardValue, visit: Visit, card: Card) -> Markup:
        language = visit.language
        return tag(
            "article",
            tag(
                "p",
                tag("strong", in_words(value, language)),
                " ",
                tag("span", value.what, class_="what") if value.what else None,
                " ",
                badge(_LOOKS[value.state], say(f"value_{value.state}", language)),
            ),
            self._corrects(value, card, language),
            self._flag(value, language),
            self._quote(value, language),
            tag("p", say("by", language, person=value.by, date=date_in_words(value.at[:10], language)), class_="small")
            if value.by
            else None,
            tag("p", say("because", language, reason=value.reason), class_="small") if value.reason else None,
            self._buttons(value, visit, card),
            class_=f"value {value.state}",
        )

    def _corrects(self, value: CardValue, card: Card, language: Language) -> Markup | None:
        """Return which value a correction that waits will replace."""
        former = next((each for each in card.values if value.corrects and each.key == value.corrects), None)
        if former is None:
            return None
        return tag("p", say("waits_for", language, value=in_words(former, language)), class_="small")

    def _flag(self, value: CardValue, language: Language) -> Markup | None:
        if not value.flag:
            return None
        info = self._library.documents.get(value.document)
        version = info.version if info else value.version
        sentence = say(f"flag_{value.flag}", language, version=version, document=value.document)
        return tag("p", sentence, class_="warning")

    def _quote(self, value: CardValue, language: Language) -> Markup | None:
        if not value.quote:
            return None
        info = self._library.documents.get(value.document)
        title = info.title if info else value.document
        spoken = value.document.partition("/")[0]
        return tag(
            "figure",
            tag("blockquote", value.quote, lang=spoken),
            tag(
                "figcaption",
                link(f"documents/{info.revision}", title) if info else title,
                " · ",
                say("version", language, version=value.version),
                " · ",
                date_in_words(value.as_of, language),
                " ",
                outside(value.url),
            ),
        )

    def _buttons(self, value: CardValue, visit: Visit, card: Card) -> Markup | None:
        language = visit.language
        if not visit.person.may("publisher") or (card.own and value.field == "title"):
            return None
        held: dict[str, Any] = {"programme": card.id, "key": value.key, SEEN: value.number}
        shown: list[Markup] = []
        if value.state == "proposed" and (value.quote or value.field in QUOTELESS):
            shown.append(do("programmes.confirm", say("confirm", language), look="primary", **held))
        if value.state != "rejected":
            correct = urlencode({"correct": value.key})
            shown.append(link(f"programmes/{card.id}?{correct}", say("correct", language)))
            shown.append(
                form(
                    "programmes.reject",
                    hidden(**held),
                    tag("input", name="reason", aria_label=say("reason", language), placeholder=say("reason", language),
                        required=True, maxlength=500),
                    submit(say("reject", language), look="danger"),
                    class_="inline",
                )
            )  # fmt: skip
        if value.number:
            shown.append(do("programmes.undo", say("undo", language), number=value.number))
        return tag("div", shown, class_="actions")

    def _missing(self, card: Card, language: Language) -> Markup | None:
        if not card.missing:
            return None
        items = [tag("li", say(f"missing_{each}", language) if each in MISSING else each) for each in card.missing]
        return tag("section", tag("h2", say("head_missing", language)), tag("ul", items))

    def _history(self, visit: Visit, card: Card) -> Markup | None:
        language = visit.language
        past = self._contradictions.store.history(card.id)
        if not past:
            return None
        heads = [say(f"history_{each}", language) for each in ("what", "decision", "who", "when", "quote")]
        rows = [
            (
                f"{say(f'field_{value.field}', language)} : {in_words(value, language)}",
                say("undone" if withdrawn else f"value_{value.state}", language),
                value.by,
                date_in_words(value.at[:10], language),
                value.quote,
            )
            for value, withdrawn in past
        ]
        return tag("section", table(say("history", language), heads, rows))

    def _unmake(self, visit: Visit, card: Card) -> Markup | None:
        if not card.own or not visit.person.may("publisher"):
            return None
        language = visit.language
        return do("programmes.unmake", say("unmake", language), look="danger", confirm=say("unmake_sure", language),
                  programme=card.id)  # fmt: skip

    # --- adding and correcting -----------------------------------------------------------------------------------

    def _correcting(self, visit: Visit, card: Card) -> Markup | None:
        """Return the form that corrects one value, when one was chosen."""
        language = visit.language
        value = next((each for each in card.values if each.key == visit.query.get("correct")), None)
        if value is None or not visit.person.may("publisher"):
            return None
        chosen = sentence_at(self._library, visit.query.get("passage", ""), visit.query.get("at", ""))
        return tag(
            "section",
            tag("h2", say("correcting", language, field=say(f"field_{value.field}", language))),
            self._quote(value, language) if chosen is None else chosen_sentence(chosen),
            self._search(visit, card, correct=value.key),
            form(
                "programmes.correct",
                hidden(programme=card.id, key=value.key, seen=value.number, passage=chosen.passage.id if chosen else "",
                        at=chosen.at if chosen else ""),
                entry(value.field, value, language),
                field("what", say("what", language), value.what, hint=say("what_hint", language), maxlength=200),
                field("reason", say("reason", language), maxlength=500),
                submit(say("correct", language), look="primary"),
            ),
        )  # fmt: skip

    def _adding(self, visit: Visit, card: Card) -> Markup:
        """Return the way to a new value: search a sentence, choose it, say what it gives."""
        language = visit.language
        chosen = sentence_at(self._library, visit.query.get("passage", ""), visit.query.get("at", ""))
        correcting = bool(visit.query.get("correct"))
        fields: dict[str, str] = {
            name: say(f"field_{name}", language) for name in FIELDS if name not in ("title", "kind")
        }
        return tag(
            "section",
            tag("h2", say("add", language)),
            None if correcting else self._search(visit, card),
            form(
                "programmes.propose",
                hidden(programme=card.id, passage=chosen.passage.id, at=chosen.at),
                chosen_sentence(chosen),
                select("field", say("field", language), fields, "rate"),
                field("value", say("value", language), hint=say("value_hint", language), maxlength=500),
                rule_entry({}, language),
                field("what", say("what", language), hint=say("what_hint", language), maxlength=200),
                submit(say("propose", language), look="primary"),
            )
            if chosen and not correcting
            else None,
            id="add",
        )

    def _search(self, visit: Visit, card: Card, correct: str = "") -> Markup:
        language = visit.language
        asked, document = visit.query.get("find", ""), visit.query.get("document", "")
        found = find_sentences(self._library, asked, language, document) if asked else []
        return joined(
            form(
                "programmes.find",
                hidden(programme=card.id, correct=correct),
                field("find", say("find", language), asked, kind="search", hint=say("find_hint", language)),
                field("document", say("find_document", language), document, hint=say("find_document_hint", language)),
                submit(say("search", language)),
            ),
            tag("ul", [self._result(each, card, correct, language) for each in found], class_="results")
            if found
            else None,
            tag("p", say("nothing_found", language)) if asked and not found else None,
        )

    def _result(self, found: Sentence, card: Card, correct: str, language: Language) -> Markup:
        query = {"passage": found.passage.id, "at": str(found.at), **({"correct": correct} if correct else {})}
        return tag(
            "li",
            chosen_sentence(found),
            link(f"programmes/{card.id}?{urlencode(query)}", say("choose", language)),
        )

    # --- who may apply -------------------------------------------------------------------------------------------

    def _eligibility(self, visit: Visit, card: Card) -> Markup:
        language = visit.language
        profile: Profile = {name: value for name in CRITERIA_ASKED if (value := visit.query.get(name))}
        return tag(
            "section",
            tag("h2", say("check", language)),
            form(
                "programmes.check",
                hidden(programme=card.id, check="1"),
                [asked_criterion(name, str(profile.get(name, "")), language) for name in CRITERIA_ASKED],
                submit(say("check", language)),
            ),
            verdict_shown(check(card, profile), language) if visit.query.get("check") else None,
        )

    # --- contradictions ------------------------------------------------------------------------------------------

    def _contradiction(self, found: Contradiction, visit: Visit) -> Markup:
        language = visit.language
        cards = self._contradictions.cards.all(self._library, language)
        title = cards[found.programme].title if found.programme in cards else found.programme
        return tag(
            "section",
            tag("h3", link(f"programmes/{found.programme}", title), " · ", say(f"field_{found.field}", language)),
            tag("p", say("within_note", language), class_="small") if found.within else None,
            tag("div", [self._side(side, found, language) for side in found.sides], class_="sides"),
            self._ruling(found, visit),
            class_="contradiction",
        )

    def _side(self, side: Side, found: Contradiction, language: Language) -> Markup:
        said = side.shown(language)
        lost = found.lost is side
        return tag(
            "div",
            tag("p", tag("strong", value_in_words(found.field, side.value, said.claim.unit, language)),
                " ", badge("quiet", say("superseded", language)) if lost else None),
            tag("p", said.value.what, class_="what") if said.value.what else None,
            self._quote(said.value, language),
            class_="side",
        )  # fmt: skip

    def _ruling(self, found: Contradiction, visit: Visit) -> Markup | None:
        language, ruling = visit.language, found.ruling
        told: list[Markup] = []
        if ruling is not None:
            told.append(
                tag("p", say(f"ruled_{ruling.verdict}", language), " ",
                    say("by", language, person=ruling.by, date=date_in_words(ruling.at[:10], language)), " ",
                    say("because", language, reason=ruling.reason))
            )  # fmt: skip
        if visit.person.may("publisher"):
            if ruling is not None:
                told.append(do("programmes.unrule", say("undo", language), number=ruling.number))
            if found.is_open:
                told.append(self._decide(found, language))
        return joined(*told) if told else None

    def _decide(self, found: Contradiction, language: Language) -> Markup:
        values = [value_in_words(found.field, side.value, side.said[0].claim.unit, language) for side in found.sides]
        verdicts = {
            "": say("choose_verdict", language),
            "first": say("holds", language, value=values[0]),
            "second": say("holds", language, value=values[1]),
            "both": say("both", language),
            "asked": say("asked", language),
        }
        return form(
            "programmes.rule",
            hidden(key=found.key),
            select("verdict", say("verdict", language), verdicts),
            field("reason", say("reason", language), required=True, hint=say("reason_hint", language), maxlength=500),
            submit(say("decide", language), look="primary"),
        )

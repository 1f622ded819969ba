"""The form in which a validated answer is written: what it holds, as text and as the pin that it becomes."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.answers import Answer
from bot.pins import PinMatcher
from bot.validation import THRESHOLD, Problem
from bot.wording import say
from ingest.documents import LANGUAGES, UNQUOTED, Language, Passage
from ingest.languages import detect
from ingest.pins import LONGEST_LIFE, PinContent, PinSource, PinStatement, Wording
from ui.markup import Markup, joined, tag
from ui.staff.desk import SEEN, Fields
from ui.staff.forms import field, form, select, submit
from ui.staff.forms import words as catalogued
from ui.words import date_in_words

FOUND = 8
"""Passages that a search for sources shows."""
LONGEST_FORM = 40
"""Sources that a form carries at most."""
_STATEMENT = re.compile(r"(?P<text>.+?)\s*(?P<markers>(?:\[\d+\]\s*)+)(?P<stop>[.!?…]*)\s*", re.DOTALL)
_LED = re.compile(r"\s*(fr|nl|de|en)\s*:\s*(.+)", re.IGNORECASE)
_TICK = "tick_"


def words(key: str, language: Language, **values: object) -> str:
    """Return a string of this room."""
    return catalogued(f"desk_answers.{key}", language, **values)


@dataclass(frozen=True, slots=True)
class Writing:
    """A form as it was typed: nothing of it is checked."""

    question: str = ""
    language: Language = "fr"
    wordings: str = ""
    texts: Mapping[Language, str] | None = None
    sources: tuple[PinSource, ...] = ()
    owner: str = ""
    expires: str = ""
    threshold: str = f"{THRESHOLD:.2f}"
    find: str = ""

    @classmethod
    def of(cls, content: PinContent) -> Writing:
        """Return the form that shows *content*."""
        first, *others = content.wordings
        return cls(
            first.text, first.language, "\n".join(f"{other.language}: {other.text}" for other in others),
            {language: written(statements) for language, statements in content.texts.items()},
            content.sources, content.owner, content.expires.isoformat(), f"{content.threshold:.2f}",
        )  # fmt: skip

    @classmethod
    def of_answer(cls, answer: Answer, owner: str, expires: dt.date) -> Writing:
        """Return the form that begins with an answer that was given: its statements and their quotes.

        The question is a visitor's and is not kept for ever: staff puts it in words of its own.
        """
        numbers = {citation.n: place for place, citation in enumerate(answer.citations, start=1)}
        statements = [
            PinStatement(statement.text, tuple(numbers[n] for n in statement.citations if n in numbers))
            for statement in answer.statements
        ]
        sources = tuple(PinSource(f"{each.language}/{each.document}", each.quote) for each in answer.citations)
        own = answer.statements[0].language if answer.statements else answer.language
        return cls(
            "", answer.language, "", {own: written(statements)}, sources, owner,
            expires.isoformat(),
        )  # fmt: skip

    @classmethod
    def read(cls, fields: Fields, matcher: PinMatcher) -> Writing:
        """Return what the form holds; sentences that were ticked join its sources, those to drop leave them."""
        language = fields.get("language", "fr")
        sources = _carried(fields.get("sources", ""))
        sources += [each for each in _ticked(fields, matcher) if each not in sources]
        dropped = fields.get("then", "").removeprefix("drop-")
        if dropped.isdecimal() and 0 < int(dropped) <= len(sources):
            # The numbers of the others stay: the text cites them.
            sources[int(dropped) - 1] = PinSource("", "")
        while sources and not sources[-1].quote:
            sources.pop()
        return cls(
            " ".join(fields.get("question", "").split()), language if language in LANGUAGES else "fr",
            fields.get("wordings", ""), {each: fields.get(f"text_{each}", "") for each in LANGUAGES},
            tuple(sources[:LONGEST_FORM]), " ".join(fields.get("owner", "").split())[:100], fields.get("expires", ""),
            fields.get("threshold", ""), fields.get("find", ""),
        )  # fmt: skip

    def content(self) -> tuple[PinContent, list[Problem]]:
        """Return the pin that the form describes, and what could not be read."""
        problems = []
        try:
            expires = dt.date.fromisoformat(self.expires.strip())
        except ValueError:
            expires = dt.date.min
            problems.append(Problem("expires", "day"))
        try:
            threshold = float(self.threshold.replace(",", "."))
        except ValueError:
            threshold = THRESHOLD
            problems.append(Problem("threshold", "range"))
        first = [Wording(self.question, self.language)] if self.question else []
        texts = {language: statements_of(text) for language, text in (self.texts or {}).items() if text.strip()}
        kept, texts = _renumbered(self.sources, texts)
        wordings = (*first, *_wordings(self.wordings))
        return PinContent(wordings, texts, kept, self.owner, expires, threshold), problems


def written(statements: Iterable[PinStatement]) -> str:
    """Return statements as they are typed: «Cinq jours [1]. Gratuit [2].»"""
    lines = []
    for statement in statements:
        markers = "".join(f"[{number}]" for number in statement.sources)
        text, stop = (statement.text[:-1], ".") if statement.text.endswith(".") else (statement.text, "")
        lines.append(f"{text} {markers}{stop}".strip())
    return " ".join(lines)


def statements_of(text: str) -> tuple[PinStatement, ...]:
    """Return the statements of a typed answer; what stands after the last marker cites nothing."""
    text = " ".join(text.split())
    found, reached = [], 0
    for match in _STATEMENT.finditer(text):
        numbers = tuple(dict.fromkeys(int(number) for number in re.findall(r"\d+", match["markers"])))
        said = match["text"].strip()
        stop = match["stop"] or ("" if said[-1:] in ".!?…" else ".")
        found.append(PinStatement(said + stop, numbers))
        reached = match.end()
    if rest := text[reached:].strip():
        found.append(PinStatement(rest, ()))
    return tuple(found)


def _renumbered(
    sources: Sequence[PinSource], texts: Mapping[Language, tuple[PinStatement, ...]]
) -> tuple[tuple[PinSource, ...], dict[Language, tuple[PinStatement, ...]]]:
    """Return the sources without the places of those that were dropped; a number without source becomes negative."""
    kept = [number for number, source in enumerate(sources, start=1) if source.quote]
    new = {old: place for place, old in enumerate(kept, start=1)}
    return tuple(sources[number - 1] for number in kept), {
        language: tuple(
            replace(statement, sources=tuple(new.get(number, -number) for number in statement.sources))
            for statement in statements
        )
        for language, statements in texts.items()
    }


def _wordings(lines: str) -> list[Wording]:
    found = []
    for line in lines.splitlines():
        if led := _LED.fullmatch(line):
            language = next(each for each in LANGUAGES if each == led[1].lower())
            found.append(Wording(" ".join(led[2].split()), language))
        elif line.strip():
            found.append(Wording(" ".join(line.split()), detect(line)))
    return found


def _carried(written: str) -> list[PinSource]:
    """Read the sources that the form carries; what is no such list is none."""
    try:
        held = json.loads(written or "[]")
        return [PinSource(str(document), str(quote)) for document, quote in held][:LONGEST_FORM]
    except (ValueError, TypeError):
        return []


def _ticked(fields: Fields, matcher: PinMatcher) -> list[PinSource]:
    """Return the sentences that were ticked, as they stand in the library: the form only says where."""
    places = [fields[name] for name in sorted(fields) if name.startswith(_TICK) and fields[name]]
    split = [(place.rpartition("~")[0], place.rpartition("~")[2]) for place in places]
    passages = matcher.library.passages([id for id, _ in split])
    found = []
    for id, number in split:
        quotes = list(passages[id].quotes()) if id in passages else []
        if number.isdecimal() and int(number) < len(quotes) and quotes[int(number)][0].role not in UNQUOTED:
            found.append(PinSource(passages[id].document_key, quotes[int(number)][1]))
    return found


def shown_form(
    writing: Writing, action: str, number: str, language: Language, matcher: PinMatcher, opened: int
) -> Markup:
    """Return the form with what is typed, its sources, and the passages that a search found.

    *opened* is the mark of the answer as it was opened (``ingest.writing.mark``).
    """
    tongues: dict[str, str] = {each: say(f"answers.language_{each}", language) for each in LANGUAGES}
    return form(
        action,
        tag("input", type="hidden", name="number", value=number),
        tag("input", type="hidden", name=SEEN, value=str(opened)),
        tag("input", type="hidden", name="sources", value=_as_json(writing.sources)),
        field("question", words("question", language), writing.question, hint=words("question_hint", language)),
        select("language", words("tongue", language), tongues, writing.language),
        field("wordings", words("wordings", language), writing.wordings, rows=4, hint=words("wordings_hint", language)),
        tag("h2", words("sources", language)),
        _sources(writing.sources, language, matcher),
        field("find", words("find", language), writing.find),
        submit(words("find_do", language), name="then", value="search"),
        _results(writing, language, matcher),
        [
            field(
                f"text_{each}", words("text", language, tongue=tongues[each]), (writing.texts or {}).get(each, ""),
                rows=4, hint=words("text_hint", language), lang=each,
            )
            for each in LANGUAGES
        ],
        field("owner", words("owner", language), writing.owner, hint=words("owner_hint", language)),
        field("expires", words("expires", language), writing.expires, kind="date",
              hint=words("expires_hint", language)),
        field(
            "threshold", words("threshold", language), writing.threshold, kind="number",
            hint=words("threshold_hint", language), min="0.65", max="1", step="0.01",
        ),
        tag(
            "div", submit(words("preview", language), name="then", value="preview"),
            submit(words("save", language), look="primary", name="then", value="save"), class_="row",
        ),
    )  # fmt: skip


def _as_json(sources: Sequence[PinSource]) -> str:
    return json.dumps([[source.document, source.quote] for source in sources], ensure_ascii=False)


def _sources(sources: Sequence[PinSource], language: Language, matcher: PinMatcher) -> Markup:
    if not any(source.quote for source in sources):
        return tag("p", words("no_sources", language), class_="hint")
    rows = [
        tag(
            "li",
            tag("q", source.quote, lang=source.document[:2]),
            " ",
            tag("small", titled_source(source, language, matcher)),
            " ",
            submit(words("drop", language, number=number), name="then", value=f"drop-{number}"),
            value=number,
        )
        for number, source in enumerate(sources, start=1)
        if source.quote
    ]
    return tag("ol", rows, class_="quotes")


def titled_source(source: PinSource, language: Language, matcher: PinMatcher) -> str:
    """Return which document a source is of, and its date."""
    info = matcher.library.documents.get(source.document)
    if info is None:
        return source.document
    date = date_in_words(info.as_of, language) if info.as_of else words("undated", language)
    return f"{info.title}, {date}"


def _results(writing: Writing, language: Language, matcher: PinMatcher) -> Markup | None:
    """Return the passages that hold what is looked for, each sentence with a box to tick."""
    if not writing.find.strip():
        return None
    hits = matcher.retriever.find(writing.find[:600], detect(writing.find, writing.language), FOUND)
    if not hits:
        return tag("p", words("nothing_found", language), class_="hint")
    return joined(
        tag("fieldset", tag("legend", words("found", language)), [_result(hit.passage, language) for hit in hits]),
        submit(words("add", language), name="then", value="add"),
    )


def _result(passage: Passage, language: Language) -> Markup:
    date = date_in_words(passage.as_of, language) if passage.as_of else words("undated", language)
    boxes = [
        tag(
            "li",
            tag(
                "label",
                tag("input", type="checkbox", name=f"{_TICK}{passage.id}~{number}", value=f"{passage.id}~{number}"),
                " ",
                tag("span", quote, lang=passage.language),
            ),
        )
        for number, (span, quote) in enumerate(passage.quotes())
        if span.role not in UNQUOTED
    ]
    return tag("div", tag("h3", f"{passage.title}, {date}"), tag("ul", boxes)) if boxes else joined()


def year_from(today: dt.date) -> dt.date:
    """Return the last day that may be chosen."""
    return today + LONGEST_LIFE

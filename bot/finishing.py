"""Finish an answer: number the sources, say the state, the contact and the age of what was quoted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from bot import states
from bot.answers import Answer, Citation, NextStep, Programme, State, Statement
from bot.dates import in_words
from bot.disputing import Disputed, Disputing
from bot.draft import Draft, Part
from bot.statements import Candidate
from bot.wording import say
from ingest.documents import Language
from ingest.snapshot import DocumentInfo, Reading

NEAR = 0.55
"""Cosine of a passage from which a message that is no question has a subject of ours all the same."""
SHOWN_STATES = 2
"""Programmes whose state stands in the text; the others are cards."""


def told(draft: Draft, text: str, today: dt.date, generation: int, id: str) -> Answer:
    """Return an answer that the bot gives in its own words."""
    return Answer(
        id=id, question=draft.question, standalone_question=draft.standalone, language=draft.language,
        status=draft.status, text=text, as_of=today.isoformat(), generation=generation, timings=dict(draft.timings),
    )  # fmt: skip


def finish(
    draft: Draft, library: Reading, today: dt.date, id: str, *, model: str = "", disputing: Disputing | None = None
) -> Answer:
    """Return the complete answer of a draft whose statements are chosen and verified; *model* phrased some of them.

    *disputing* knows on what our sources contradict each other, and what staff confirmed of programmes.
    """
    language = draft.language
    parts = draft.parts if model or draft.validated else [Part.quoted(candidate) for candidate in _shown(draft)]
    disputed = disputing.disputed(parts, language) if disputing else Disputed()
    parts = [*parts, *disputed.parts]
    cited = list(dict.fromkeys(candidate for part in parts for candidate in part.quotes))
    citations = [_cite(number, candidate) for number, candidate in enumerate(cited, start=1)]
    numbers = {candidate: number for number, candidate in enumerate(cited, start=1)}
    statements = [_state(part, numbers, language, model=model) for part in parts]
    near = [] if draft.status in ("out_of_scope", "refused") else draft.candidates[:1]
    infos = _documents(cited or near, library)
    mentioned = (library.key_of(id, language) for id in draft.mentioned)
    infos += [library.documents[key] for key in mentioned if key and library.documents[key] not in infos]
    stated = disputing.stated(infos, language) if disputing else infos
    programmes = [_programme(info, today) for info in stated if info.meta.get("kind") in states.PROGRAMME_KINDS]
    states_said = {} if draft.status in ("out_of_scope", "refused") else _state_lines(programmes, stated, language)
    first = cited[0].document if cited else ""
    closed = [states_said[p.id] for p in programmes if p.state == "closed" and p.id == first and p.id in states_said]
    contact, next_step = _contact(infos, language)
    as_of = [_as_of(cited, infos, language)] if citations else []
    lead = _lead(draft, closed, shown=bool(parts))
    # A list has a paragraph for each of its points.
    body = ("\n\n" if draft.overview else " ").join(marked(part) for part in statements)
    failure = [say(f"answers.model_{draft.failure}", language)] if draft.failure else []
    made = [say("answers.phrased", language, model=model)] if model else []
    if draft.validated:
        made = [say("answers.validated", language, date=in_words(draft.validated.on, language))]
    states_told = [line for line in states_said.values() if line not in closed]
    notes = [*disputed.lines, *states_told, *contact, *failure, *as_of, *made]
    text = "\n\n".join(part for part in (lead, body, "\n".join(notes)) if part)
    return Answer(
        id=id, question=draft.question, standalone_question=draft.standalone, language=language, status=draft.status,
        text=text, as_of=today.isoformat(), generation=library.generation,
        mode=f"llm:{model}" if model else "extractive",
        statements=tuple(statements), citations=tuple(citations), programmes=tuple(programmes), next_step=next_step,
        notes=tuple(notes), timings=dict(draft.timings), validated=draft.validated,
    )  # fmt: skip


def said(parts: Sequence[Part], language: Language) -> str:
    """Return what is said so far, with markers, while a model still speaks."""
    cited = dict.fromkeys(candidate for part in parts for candidate in part.quotes)
    numbers = {candidate: number for number, candidate in enumerate(cited, start=1)}
    return "".join(marked(_state(part, numbers, language, model="")) + " " for part in parts)


def marked(statement: Statement) -> str:
    """Return the text of a statement with its citation markers before the full stop."""
    markers = "".join(f"[{n}]" for n in statement.citations)
    text, stop = (statement.text[:-1], ".") if statement.text.endswith(".") else (statement.text, "")
    return f"{text} {markers}{stop}"


def _shown(draft: Draft) -> list[Candidate]:
    """Return the statements to show: few when they are only the nearest that the sources say."""
    if draft.status == "out_of_scope" and not (draft.rule and draft.rule.facts):
        return []
    if draft.rule and draft.rule.sheets:
        return [candidate for candidate in draft.candidates if candidate.document in draft.rule.sheets][:3]
    if draft.status == "out_of_scope" or (draft.status == "refused" and draft.rule):
        near = draft.named or any(hit.dense >= NEAR for hit in draft.hits)
        return draft.chosen[:3] if near else []
    if draft.status == "not_in_sources":
        gaps = [candidate for candidate in draft.chosen if candidate.span.role == "gap"]
        facts = [candidate for candidate in draft.chosen if candidate.span.role != "gap"]
        return [*gaps[:1], *facts[:3]]
    return draft.chosen


def _lead(draft: Draft, closed: Sequence[str], *, shown: bool) -> str:
    language = draft.language
    if draft.rule:
        said = say(f"answers.{draft.rule.wording}", language)
        # «Here is the rule:» announces statements; without any it is left out.
        return said if shown or not said.endswith(":") else said.rpartition(".")[0] + "."
    if draft.status == "out_of_scope":
        return say("answers.out_of_scope", language)
    if draft.status == "not_in_sources":
        lead = say("answers.not_found", language)
        if not any(candidate.span.role == "gap" for candidate in draft.chosen):
            lead += " " + say("answers.nearest", language)
        return " ".join((lead, *closed))
    if draft.status == "partial":
        return " ".join((*closed, say("answers.partial", language)))
    return " ".join(closed)


def _state(part: Part, numbers: Mapping[Candidate, int], language: Language, *, model: str) -> Statement:
    """Return a part as a statement; beside sentences of a *model*, a quote stands between quotation marks."""
    cited = tuple(numbers[candidate] for candidate in part.quotes)
    if part.phrased:
        return Statement(part.text if part.text[-1] in ".!?…" else f"{part.text}.", cited, language, phrased=True)
    own = part.language or part.quotes[0].passage.language
    text = say("answers.quoted", language, quote=part.text.removesuffix(".")) if model else part.text
    if own != language:
        text += " " + say("answers.in_language", language, language=say(f"answers.language_{own}", language))
    return Statement(f"{text}." if model else text, cited, own)


def _cite(number: int, candidate: Candidate) -> Citation:
    passage, span = candidate.passage, candidate.span
    url = span.source.url or passage.url
    return Citation(
        n=number, document=passage.document, version=passage.version, title=passage.title, url=url, page=passage.page,
        heading=span.heading, language=passage.language, quote=passage.text[span.start : span.end],
        passage=passage.shown, passage_id=passage.id, as_of=span.source.as_of or passage.as_of,
        confidence=span.source.confidence, link=linked(url, passage.page),
    )  # fmt: skip


def linked(url: str | None, page: int | None) -> str | None:
    """Return *url* at the page of a PDF, where it is one."""
    return f"{url}#page={page}" if url and page and url.endswith(".pdf") else url


def _documents(chosen: Iterable[Candidate], library: Reading) -> list[DocumentInfo]:
    keys = dict.fromkeys(candidate.passage.document_key for candidate in chosen)
    return [library.documents[key] for key in keys if key in library.documents]


def _programme(info: DocumentInfo, today: dt.date) -> Programme:
    meta = info.meta
    return Programme(
        info.id, info.title, states.state(meta, today), meta.get("opens"), meta.get("closes"),
        meta.get("verified_on"), (meta.get("contact") or {}).get("url"),
    )  # fmt: skip


def _state_lines(programmes: Sequence[Programme], infos: Sequence[DocumentInfo], language: Language) -> dict[str, str]:
    """Return by id what is said of the state of the first programmes."""
    meta = {info.id: info.meta for info in infos}
    return {
        programme.id: _state_line(programme, meta[programme.id], language)
        for programme in programmes[:SHOWN_STATES]
        # A sheet without any date and without «state» among its gaps is about no call.
        if programme.state != "unknown" or programme.opens or programme.closes or _asks_state(meta[programme.id])
    }


def _asks_state(meta: Mapping[str, Any]) -> bool:
    return "state" in meta.get("missing", ())


def _state_line(programme: Programme, meta: dict[str, object], language: Language) -> str:
    title = programme.title.split(":")[0].strip()
    opens, closes = programme.opens or "", programme.closes or ""
    shown = str(meta.get("status_as_of") or "")
    key = state_wording(programme.state, opens, closes)
    as_of = in_words(shown, language) if shown else "?"
    opens, closes = (in_words(date, language) if date else "" for date in (opens, closes))
    return say(f"answers.state_{key}", language, title=title, closes=closes, opens=opens, as_of=as_of)


def state_wording(state: State, opens: str, closes: str) -> str:
    """Return the key of the sentence: «until the 24th» needs a whole date, a mere year is said otherwise."""
    whole = len(opens if state == "opens" else closes) == 10
    if state == "opens":
        return "opens" if whole else "opens_partial"
    if not closes or state == "permanent":
        return state
    if state == "unknown":
        return "unknown_until"
    return {"open": "open_until", "closed": "closed_since"}[state] if whole else f"{state}_partial"


def _contact(infos: Sequence[DocumentInfo], language: Language) -> tuple[list[str], NextStep | None]:
    for info in infos:
        contact = info.meta.get("contact") or {}
        if contact.get("url"):
            key = "answers.contact" if contact.get("confirmed") else "answers.contact_check"
            name = str(contact.get("name") or info.meta.get("operator") or urlsplit(contact["url"]).netloc)
            step = NextStep(say("answers.next_step", language, name=info.title.split(":")[0].strip()), contact["url"])
            return [say(key, language, name=name, url=contact["url"])], step
    return [say("answers.counter", language)], NextStep("1890", "https://www.1890.be")


def _as_of(chosen: Sequence[Candidate], infos: Sequence[DocumentInfo], language: Language) -> str:
    # A remark of the editors has the date of the check; it says nothing about the age of a source.
    dates = [c.span.source.as_of or c.passage.as_of for c in chosen if c.span.role == "fact"]
    years = sorted({date[:4] for date in dates if date})
    checked = [str(info.meta["verified_on"]) for info in infos if info.meta.get("verified_on")]
    verified = in_words(min(checked), language) if checked else "?"
    if not years:
        return say("answers.sources_undated", language, verified=verified)
    key = "answers.sources_year" if len(years) == 1 else "answers.sources_range"
    return say(key, language, first=years[0], last=years[-1], verified=verified)

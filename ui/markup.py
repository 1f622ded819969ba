"""Answer → safe HTML; with the frame of :mod:`ui.shell` the only place that knows markup.

Whatever is not a ``Markup`` is escaped on the way in.
"""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import urlsplit

from bot.answers import MARKER, Answer, Citation, Programme
from bot.wording import catalogue, say
from ingest.documents import Language
from ui.words import date_in_words, typeset, word

CLOSING_SOON = dt.timedelta(days=30)
"""An open programme whose last day is nearer than this is shown as closing soon."""

_ADDRESS = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)\]»]")
_GAP_BEFORE_MARKER = re.compile(r"\s+(?=\[\d+\])")
_WORD_WITH_MARKERS = re.compile(r"((?<!\S)[^\s\[]{1,24})?((?:\[\d+\])+)([.,;:!?)]?)")
_VOID = frozenset({"br", "hr", "input", "use"})


class Markup(str):
    """A piece of HTML that is already safe."""

    __slots__ = ()


Child = str | None | Iterable[str | None]


def tag(name: str, /, *children: Child, **attributes: str | bool | int | None) -> Markup:
    """Return an element: strings are escaped, ``Markup`` is kept, ``data_source`` is written ``data-source``."""
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{html.escape(str(value))}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{joined(*children)}</{name}>")


def joined(*children: Child) -> Markup:
    """Return *children* side by side, each escaped unless it is ``Markup``; ``None`` is nothing."""
    return Markup("".join(_safe(child) for child in children))


def _safe(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Markup):
        return child
    if isinstance(child, str):
        return html.escape(child)
    return joined(*child)


def icon(name: str) -> Markup:
    """Return a drawn sign of the sprite in :mod:`ui.shell`; it says nothing by itself."""
    return tag("svg", tag("use", href=f"#sign-{name}"), class_="sign", aria_hidden="true", focusable="false")


def button(sign: str, label: str, **attributes: str | bool | int | None) -> Markup:
    """Return a quiet button with a sign and a word."""
    return tag("button", icon(sign), tag("span", label), type="button", **attributes)


# The answer


def growing(answer: Answer, count: int) -> tuple[str, Markup]:
    """Return the step in words and the text so far, without anything to click; what was not checked is pale."""
    checked = answer.text.removesuffix(answer.provisional)
    blocks = [_inline(block.strip(), answer) for block in re.split(r"\n\s*\n", checked.strip()) if block.strip()]
    if answer.provisional:
        if not blocks or checked.endswith("\n\n"):
            blocks.append([])
        blocks[-1] += [" ", tag("span", typeset(answer.provisional, answer.language), class_="unchecked")]
    paragraphs = [tag("p", block) for block in blocks]
    return stage_in_words(answer, count), tag("div", paragraphs, class_="said", lang=answer.language)


def stage_in_words(answer: Answer, count: int) -> str:
    """Return what is being done now; an unknown step is simply work."""
    key = f"stage_{answer.stage}"
    try:
        return word(key, answer.language, count=count)
    except KeyError:
        return word("working", answer.language)


def finished(answer: Answer, page: Language, today: dt.date, *, updated: bool = False) -> Markup:
    """Return a complete answer with its sources, programmes and actions for a page in language *page*."""
    return joined(
        _card(
            answer, page, tag("p", word("updated", page), class_="updated") if updated else None, _actions(answer, page)
        ),
        _programmes(answer, page, today),
        _printed(answer, page, today),
        [_source(citation, page) for citation in answer.citations],
        tag("pre", copy_text(answer, page), class_="copy-text", hidden=True),
    )


def shown(answer: Answer, page: Language, today: dt.date) -> Markup:
    """Return a complete answer as readers see it, without anything to do: what staff looks at before it is public."""
    return joined(
        _card(answer, page),
        _programmes(answer, page, today),
        tag("ol", [_printed_source(citation, page) for citation in answer.citations], class_="quotes"),
    )


def whole(answer: Answer, page: Language, today: dt.date) -> Markup:
    """Return a complete answer for a page without script: its markers lead to the sources, which stand open below."""
    return joined(
        _card(answer, page, chip=_reference),
        _programmes(answer, page, today),
        tag(
            "section",
            tag("h3", word("sources", page)),
            [
                tag(
                    "article",
                    _source_parts(citation, page, "h4", scrolls=False),
                    id=f"source-{citation.n}",
                    tabindex="-1",
                )
                for citation in answer.citations
            ],
            class_="open-sources",
        )
        if answer.citations
        else None,
        tag("p", _printed_line(answer, page, today), class_="age"),
    )


Chip = Callable[[Citation, Answer], Markup]
"""How a marker of an answer is shown."""


def _card(
    answer: Answer,
    page: Language,
    before: Markup | None = None,
    after: Markup | None = None,
    chip: Chip | None = None,
) -> Markup:
    # Who wrote it comes first; on which day staff validated it stands in the notes.
    badge = tag("p", icon("validated"), tag("span", word("validated", page)), class_="validated")
    said = tag("div", _paragraphs(answer, chip), class_="said", lang=answer.language)
    return tag("div", before, badge if answer.validated else None, said, _notes(answer), after, class_="card")


def trouble(sentence: str, page: Language) -> Markup:
    """Return one sentence in the place of an answer, with a way to try again."""
    return tag(
        "div",
        tag("p", icon("warning"), tag("span", sentence)),
        button("retry", word("retry", page), class_="quiet", data_do="retry"),
        class_="card trouble",
    )


def copy_text(answer: Answer, page: Language) -> str:
    """Return the answer as plain text with its sources, for the clipboard."""
    lines = [answer.question, "", answer.text.strip()]
    if answer.citations:
        lines += ["", word("sources", page)]
    for citation in answer.citations:
        parts = (citation.title, f"« {citation.quote} »", _place(citation, page), _web(citation.url) or "")
        lines.append(f"[{citation.n}] " + " · ".join(part for part in parts if part))
    return "\n".join([*lines, "", _printed_line(answer, page)])


def said(answer: Answer) -> str:
    """Return the statements of ``answer.text``: what stands before its notes."""
    lines = answer.text.rstrip().split("\n")
    for note in reversed(answer.notes):
        while lines and not lines[-1].strip():
            lines.pop()
        if lines and lines[-1].strip() == note.strip():
            lines.pop()
    return "\n".join(lines).strip()


def _paragraphs(answer: Answer, chip: Chip | None = None) -> list[Markup]:
    blocks = re.split(r"\n\s*\n", said(answer))
    return [tag("p", _inline(block.strip(), answer, chip)) for block in blocks if block.strip()]


def _inline(text: str, answer: Answer, chip: Chip | None = None) -> list[str]:
    """Return *text* with chips for its markers; a statement in another language says so, to eyes and to voices."""
    pieces: list[str] = []
    reached = 0
    for start, end, language in sorted(_foreign(text, answer)):
        if start < reached:
            continue
        note = in_language(language, answer.language)
        pieces += _chips(text[reached:start], answer, chip)
        pieces += [
            tag("span", *_chips(text[start:end], answer, chip), lang=language),
            " ",
            tag("small", note, class_="foreign"),
        ]
        reached = end
        if text[reached:].lstrip().startswith(note):
            reached = text.index(note, reached) + len(note)
    return pieces + _chips(text[reached:], answer, chip)


def _foreign(text: str, answer: Answer) -> Iterator[tuple[int, int, Language]]:
    """Yield the places in *text* of statements in another language, without the note that the bot adds to them."""
    for statement in answer.statements:
        if statement.language == answer.language:
            continue
        words = (
            statement.text.strip()
            .rstrip(".")
            .removesuffix(in_language(statement.language, answer.language))
            .strip(" .")
        )
        # The markers of a sentence may stand before its full stop.
        place = re.search(re.escape(words) + r"(?:\s*\[\d+\])*\.?(?:\s*\[\d+\])*", text) if words else None
        if place:
            yield place.start(), place.end(), statement.language


def in_language(source: Language, reader: Language) -> str:
    """Return the mark of a quote whose language the reader did not ask for."""
    # Not say(): the place is called «language», like its own argument.
    return catalogue()["answers.in_language"][reader].format(language=say(f"answers.language_{source}", reader))


def _chips(text: str, answer: Answer, chip: Chip | None = None) -> list[str]:
    """Return *text* with each marker as a button that keeps to its word; while the answer grows, as a plain number."""
    pieces: list[str] = []
    reached = 0
    text = typeset(_GAP_BEFORE_MARKER.sub("", text), answer.language)
    for place in _WORD_WITH_MARKERS.finditer(text):
        chips = [_chip(int(number), answer, chip or _button) for number in MARKER.findall(place[2])]
        pieces += _linked(text[reached : place.start()])
        pieces.append(tag("span", _linked(place[1] or ""), chips, place[3], class_="together"))
        reached = place.end()
    return pieces + _linked(text[reached:])


def _chip(number: int, answer: Answer, chip: Chip) -> Markup | None:
    citation = next((citation for citation in answer.citations if citation.n == number), None)
    if citation is None:
        return None
    return chip(citation, answer) if answer.complete else tag("span", str(number), class_="chip")


def _button(citation: Citation, answer: Answer) -> Markup:
    return tag(
        "button",
        str(citation.n),
        type="button",
        class_="chip",
        data_source=citation.n,
        data_quote=citation.quote,
        data_quote_language=citation.language,
        aria_haspopup="dialog",
        aria_label=_named(citation, answer.language),
    )


def _reference(citation: Citation, answer: Answer) -> Markup:
    return tag(
        "a",
        str(citation.n),
        class_="chip",
        href=f"#source-{citation.n}",
        title=citation.quote,
        aria_label=_named(citation, answer.language),
    )


def _named(citation: Citation, language: Language) -> str:
    date = date_in_words(citation.as_of, language)
    return word("source", language, n=citation.n, title=citation.title, date=date)


def _linked(text: str) -> list[str]:
    """Return *text* with its web addresses as links."""
    pieces: list[str] = []
    reached = 0
    for address in _ADDRESS.finditer(text):
        pieces += [text[reached : address.start()], _outward(address[0], _short(address[0]))]
        reached = address.end()
    return [*pieces, text[reached:]]


def _outward(url: str, *children: Child, **attributes: str) -> Markup:
    return tag("a", *children, href=url, target="_blank", rel="noopener noreferrer", **attributes)


def _short(url: str) -> str:
    """Return an address as one reads it aloud: ``https://www.1890.be/`` is ``1890.be``."""
    return re.sub(r"^https?://(www\.)?", "", url).rstrip("/")


def _web(url: str | None) -> str | None:
    """Return *url* if a browser may open it: never ``javascript:`` or a file."""
    return url if url and urlsplit(url).scheme in {"http", "https"} else None


def _notes(answer: Answer) -> Markup | None:
    """Return the lines under the statements: what to know and do, then, small, the age of the sources and who wrote."""
    if not answer.notes:
        return None
    small = (2 if answer.is_phrased or answer.validated else 1) if answer.citations else 0
    lines, age = answer.notes[: len(answer.notes) - small], answer.notes[len(answer.notes) - small :]
    return tag(
        "div",
        tag("ul", [tag("li", _linked(typeset(line, answer.language))) for line in lines], class_="status")
        if lines
        else None,
        [tag("p", _linked(typeset(line, answer.language)), class_="age") for line in age],
        class_="notes",
        lang=answer.language,
    )


def _actions(answer: Answer, page: Language) -> Markup:
    field = f"reason-{answer.id}"
    return joined(
        tag(
            "div",
            _thumb("up", page),
            _thumb("down", page),
            button("copy", word("copy", page), class_="quiet", data_do="copy"),
            button("print", word("print", page), class_="quiet", data_do="print"),
            tag("span", class_="done", role="status"),
            class_="actions",
        ),
        tag(
            "form",
            tag("label", word("reason_label", page), for_=field),
            tag("textarea", id=field, rows=2, maxlength=500),
            tag("button", word("reason_send", page), type="submit", class_="small"),
            class_="reason",
            hidden=True,
        ),
    )


def _thumb(which: str, page: Language) -> Markup:
    return tag(
        "button",
        icon(which),
        type="button",
        class_="quiet only",
        data_do=which,
        aria_pressed="false",
        aria_label=word(which, page),
        title=word(which, page),
    )


def _programmes(answer: Answer, page: Language, today: dt.date) -> Markup | None:
    if not answer.programmes:
        return None
    return tag(
        "div",
        tag("h3", word("programmes", page)),
        tag("ul", [tag("li", _programme(programme, page, today)) for programme in answer.programmes]),
        class_="programmes",
    )


def _programme(programme: Programme, page: Language, today: dt.date) -> Markup:
    look, state = state_in_words(programme, page, today)
    url = _web(programme.url)
    inside = joined(
        tag("span", programme.title.split(":")[0].strip(), class_="name"),
        tag("span", icon(look), tag("span", state), class_="state"),
    )
    return _outward(url, inside, class_=f"programme {look}") if url else tag("span", inside, class_=f"programme {look}")


def state_in_words(programme: Programme, language: Language, today: dt.date) -> tuple[str, str]:
    """Return the look (``open``, ``closing``, ``opens``, ``closed``, ``unknown``) and the state in words."""
    closes, opens = date_in_words(programme.closes, language), date_in_words(programme.opens, language)
    if programme.state == "open" and programme.closes:
        if _near(programme.closes, today):
            return "closing", word("state_closing", language, date=closes)
        return "open", word("state_open_until", language, date=closes)
    if programme.state == "opens" and programme.opens:
        return "opens", word("state_opens_on", language, date=opens)
    look = "open" if programme.state == "permanent" else programme.state
    return look, word(f"state_{programme.state}", language)


def _near(closes: str, today: dt.date) -> bool:
    try:
        return dt.date.fromisoformat(closes) - today < CLOSING_SOON
    except ValueError:
        return False  # «2027» alone is not a deadline one can be near to


# The source panel


def _source(citation: Citation, page: Language) -> Markup:
    """Return what the panel shows for one citation, kept in a ``<template>`` until it is asked for."""
    return tag("template", _source_parts(citation, page, "h2", id="panel-title", tabindex="-1"), data_source=citation.n)


def _source_parts(citation: Citation, page: Language, heading: str, scrolls: bool = True, **attributes: str) -> Markup:
    """Return title, facts, passage and link of one citation; its title is a *heading* with *attributes*."""
    url = _web(citation.link) or _web(citation.url)
    foreign = citation.language != page
    below = f"h{int(heading[1]) + 1}"
    reached = {"tabindex": "0", "role": "group", "aria_label": word("passage", page)} if scrolls else {}
    return joined(
        tag("p", word("source_number", page, n=citation.n), class_="eyebrow"),
        tag(heading, citation.title, lang=citation.language if foreign else None, **attributes),
        tag(
            "dl",
            [joined(tag("dt", name), tag("dd", value)) for name, value in _facts(citation, page) if value],
        ),
        tag(below, word("passage", page)),
        tag("p", in_language(citation.language, page), class_="foreign") if foreign else None,
        tag("div", *_marked(citation), class_="passage", lang=citation.language, **reached),
        tag(
            "p",
            _outward(
                url, word("original", page), icon("out"), tag("span", f" ({word('new_window', page)})", class_="hush")
            ),
            class_="original",
        )
        if url
        else None,
    )


def _facts(citation: Citation, page: Language) -> list[tuple[str, str | Markup | None]]:
    kind = word("kind_sheet", page) if citation.page is None else word("kind_pdf", page, page=citation.page)
    spoken = say(f"answers.language_{citation.language}", page)
    doubt = citation.confidence if citation.confidence in {"medium", "low"} else None
    host = urlsplit(_web(citation.url) or "").hostname
    return [
        (word("kind", page), kind),
        (word("section", page), citation.heading),
        (word("languages", page), spoken),
        (word("date", page), date_in_words(citation.as_of, page)),
        (word("origin", page), host.removeprefix("www.") if host else None),
        (word("sureness", page), word(f"sureness_{doubt}", page) if doubt else None),
    ]


def _marked(citation: Citation) -> list[Markup]:
    """Return the passage, a paragraph a line, with its quote marked; a quote that is not in it stands alone."""
    before, found, after = citation.passage.partition(citation.quote)
    if not found or not citation.quote:
        return [tag("p", tag("mark", citation.quote))]
    lines: list[list[str]] = [[]]
    for text, marked in ((before, False), (found, True), (after, False)):
        first, *others = text.split("\n")
        lines[-1].append(_mark(first, marked))
        lines += [[_mark(line, marked)] for line in others]
    return [tag("p", line) for line in lines if any(line)]


def _mark(text: str, marked: bool) -> str:
    return tag("mark", text) if marked and text else text


def _place(citation: Citation, page: Language) -> str:
    parts = [date_in_words(citation.as_of, page)]
    if citation.page is not None:
        parts.insert(0, word("kind_pdf", page, page=citation.page))
    return ", ".join(parts)


# On paper


def _printed(answer: Answer, page: Language, today: dt.date) -> Markup:
    """Return what only the printer shows: the quotes with their whole addresses, the date and the generation."""
    return tag(
        "div",
        tag("h3", word("sources", page)) if answer.citations else None,
        tag("ol", [_printed_source(citation, page) for citation in answer.citations]),
        tag("p", _printed_line(answer, page, today)),
        class_="on-paper",
    )


def _printed_source(citation: Citation, page: Language) -> Markup:
    return tag(
        "li",
        tag("strong", citation.title),
        f" ({_place(citation, page)})",
        tag("q", citation.quote, lang=citation.language),
        tag("span", _web(citation.url), class_="address"),
        value=citation.n,
    )


def _printed_line(answer: Answer, page: Language, today: dt.date | None = None) -> str:
    date = date_in_words(today.isoformat() if today else answer.as_of, page)
    return word("printed", page, date=date, generation=answer.generation)

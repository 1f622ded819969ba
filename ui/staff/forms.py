"""The pieces that the rooms of the staff desk are built of: forms, tables, badges. Everything given is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote, urlencode, urlsplit

from bot.wording import say
from ingest.documents import Language
from ui.markup import Child, Markup, icon, joined, tag
from ui.words import date_in_words, typeset, word


def words(key: str, language: Language, **values: object) -> str:
    """Return a string of the desk's catalogues: ``desk.save``, ``desk_documents.publish``."""
    return typeset(say(key, language, **values), language)


def form(action: str, *children: Child, **attributes: str | bool | int | None) -> Markup:
    """Return a form that does *action* (``documents.publish``) with its fields when it is sent."""
    return tag("form", *children, data_action=action, **attributes)


def submit(label: str, *, look: str = "", **attributes: str | bool | int | None) -> Markup:
    """Return the button that sends the form around it; *look* is ``primary``, ``danger`` or empty."""
    return tag("button", label, type="submit", class_=look or None, **attributes)


def do(action: str, label: str, *, look: str = "", confirm: str | None = None, **fields: object) -> Markup:
    """Return a single button that does *action* with hidden *fields*; *confirm* is asked before."""
    hidden = [tag("input", type="hidden", name=name, value=str(value)) for name, value in fields.items()]
    return form(action, hidden, submit(label, look=look), class_="inline", data_confirm=confirm)


def field(
    name: str,
    label: str,
    value: str = "",
    *,
    kind: str = "text",
    hint: str | None = None,
    guessed: str | None = None,
    right: str | None = None,
    required: bool = False,
    rows: int = 0,
    within: str = "",
    **attributes: str | bool | int | None,
) -> Markup:
    """Return a labelled field; *guessed* says, beside it, that the value was found by the guichet and not by a person.

    *right* is the label of a box that says so: the form's field ``right`` then holds this name.

    With *rows* it is a text area. An error of the field appears under it (``Outcome.wrong``). A page with several
    forms that have a field of this name tells them apart by *within*.
    """
    id = _id(name, within)
    shared: dict[str, str | bool | int | None] = {
        "id": id,
        "name": name,
        "required": required,
        "aria_describedby": _described(id, hint, guessed),
        **attributes,
    }
    control = tag("textarea", value, rows=rows, **shared) if rows else tag("input", type=kind, value=value, **shared)
    return _labelled(id, label, control, hint, guessed, _right(name, right))


def select(
    name: str,
    label: str,
    options: Mapping[str, str],
    value: str = "",
    *,
    hint: str | None = None,
    guessed: str | None = None,
    right: str | None = None,
    within: str = "",
    **attributes: str | bool | int | None,
) -> Markup:
    """Return a labelled list to choose from: *options* are values with their words."""
    id = _id(name, within)
    control = tag(
        "select",
        [tag("option", text, value=key, selected=key == value) for key, text in options.items()],
        id=id,
        name=name,
        aria_describedby=_described(id, hint, guessed),
        **attributes,
    )
    return _labelled(id, label, control, hint, guessed, _right(name, right))


def checkbox(name: str, label: str, checked: bool = False, *, value: str = "yes", within: str = "") -> Markup:
    """Return one box to tick: the field is *value* when it is ticked, else empty."""
    id = _id(name, within)
    return tag(
        "div",
        tag("input", type="checkbox", id=id, name=name, value=value, checked=checked, aria_describedby=f"{id}-error"),
        tag("label", label, for_=id),
        tag("p", class_="error", id=f"{id}-error", hidden=True),
        class_="field tick",
    )


def choices(
    name: str,
    legend: str,
    options: Mapping[str, str],
    chosen: Iterable[str] = (),
    *,
    one: bool = False,
    within: str = "",
) -> Markup:
    """Return boxes of which several may be ticked, or only *one*; the field holds the values, joined by commas."""
    ticked = set(chosen)
    id = _id(name, within)
    boxes = [
        tag(
            "label",
            tag("input", type="radio" if one else "checkbox", name=name, value=key, checked=key in ticked,
                aria_describedby=f"{id}-error"),
            tag("span", text),
        )
        for key, text in options.items()
    ]  # fmt: skip
    error = tag("p", class_="error", id=f"{id}-error", hidden=True)
    return tag("fieldset", tag("legend", legend), boxes, error, class_="field", id=id)


def _id(name: str, within: str) -> str:
    return f"field-{name}-{within}" if within else f"field-{name}"


def _described(id: str, hint: str | None, guessed: str | None) -> str:
    """Return the ids of what is read out with a field."""
    return " ".join([*([f"{id}-guess"] if guessed else []), *([f"{id}-hint"] if hint else []), f"{id}-error"])


def _right(name: str, label: str | None) -> Markup | None:
    """Return the box that says of a guess that it is right."""
    if label is None:
        return None
    return tag("label", tag("input", type="checkbox", name="right", value=name), " ", label, class_="right")


def _labelled(
    id: str, label: str, control: Markup, hint: str | None, guessed: str | None, right: Markup | None
) -> Markup:
    return tag(
        "div",
        tag("label", label, for_=id),
        tag("div", tag("span", guessed, class_="guess", id=f"{id}-guess"), right, class_="guesses")
        if guessed
        else None,
        control,
        tag("p", hint, class_="hint", id=f"{id}-hint") if hint else None,
        tag("p", class_="error", id=f"{id}-error", hidden=True),
        class_="field",
    )


def table(
    caption: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[Child]],
    *,
    headed: bool = False,
    **attributes: str | bool | int | None,
) -> Markup:
    """Return a table; the first cell of a row names it. A wide one scrolls within its own frame.

    On a phone each row is a block, each cell under the word of its column. One that is *headed* stands under a heading
    that says the same: its caption is for voices only.
    """
    # The roles are those that the elements have: some browsers forget them when a table is laid out as blocks.
    body = [
        tag(
            "tr",
            tag("th", row[0], scope="row", role="rowheader"),
            [
                tag("td", cell, role="cell", data_head=head or None)
                for head, cell in zip(heads[1:], row[1:], strict=True)
            ],
            role="row",
        )
        for row in map(list, rows)
    ]
    columns = [tag("th", head, scope="col", role="columnheader") for head in heads]
    inside = tag(
        "table",
        tag("caption", caption, class_="hush" if headed else None),
        tag("thead", tag("tr", columns, role="row"), role="rowgroup"),
        tag("tbody", body, role="rowgroup"),
        role="table",
        **attributes,
    )
    # Under a heading of the same words it is no landmark of its own: there would be two of one name.
    return tag("div", inside, class_="scroll", tabindex="0", role="group" if headed else "region", aria_label=caption)


def badge(look: str, text: str) -> Markup:
    """Return a state as a word with a sign; *look* is ``good``, ``attention``, ``bad`` or ``quiet``."""
    return tag("span", text, class_=f"badge {look}")


def link(address: str, *children: Child) -> Markup:
    """Return a link to another address of the desk."""
    return tag("a", *children, href=f"#/{address}")


def address(*path: str | int, **query: str | int) -> str:
    """Return an address of the desk for ``link`` and ``Outcome.go``; whatever its parts hold stays a part."""
    place = "/".join(quote(str(part), safe="") for part in path)
    asked = urlencode({key: value for key, value in query.items() if value != ""})
    return f"{place}?{asked}" if asked else place


def outside(url: str, language: Language, *children: Child) -> Markup:
    """Return a link that leaves the desk, in a window of its own; what is no web address is shown as text."""
    inside = children or (url,)
    try:
        web = urlsplit(url).scheme in {"http", "https"}
    except ValueError:
        web = False
    if not web:
        return tag("span", *inside)
    note = tag("span", f" ({word('new_window', language)})", class_="hush")
    return tag("a", *inside, icon("out"), note, href=url, target="_blank", rel="noopener noreferrer")


def tabs(label: str, current: str, texts: Mapping[str, str]) -> Markup:
    """Return the views of one thing as links: *texts* are addresses with their words, *current* the one shown."""
    links = [
        tag("li", tag("a", text, href=f"#/{where}", aria_current="page" if where == current else None))
        for where, text in texts.items()
    ]
    return tag("nav", tag("ul", links), class_="tabs", aria_label=label)


def search(where: str, *children: Child) -> Markup:
    """Return a form that changes the address: *where* with its filled fields after the question mark."""
    return tag("form", *children, data_go=where, role="search")


def copy(text: str, label: str) -> Markup:
    """Return a button that copies *text* and says so."""
    return tag("button", icon("copy"), tag("span", label), type="button", class_="quiet", data_copy=text)


def day(date: str | None, language: Language) -> Markup:
    """Return an ISO date in words that a narrow column does not break."""
    return tag("span", date_in_words(date, language), class_="day") if date else tag("span")


def size(count: int, language: Language) -> str:
    """Return a number of bytes as one reads it."""
    units = ("o", "ko", "Mo", "Go") if language == "fr" else ("B", "kB", "MB", "GB")
    step, amount = 0, float(count)
    while amount >= 1024 and step < len(units) - 1:
        step, amount = step + 1, amount / 1024
    figure = f"{amount:.1f}".removesuffix(".0")
    return f"{figure if language == 'en' else figure.replace('.', ',')}\u00a0{units[step]}"


def dropzone(where: str, language: Language, *, largest: int, accept: str = "", hint: str | None = None) -> Markup:
    """Return the place for files: dropped or chosen, many at once, a bar each; then *where* is shown again.

    *largest* is the limit in bytes (``Staff.largest``), said before a file is sent in vain.
    """
    limit = size(largest, language)
    return tag(
        "div",
        tag("p", words("desk.drop", language), class_="drop"),
        tag("label", words("desk.choose_files", language), for_="files"),
        tag("input", type="file", multiple=True, id="files", accept=accept or None, aria_describedby="files-hint"),
        tag(
            "p",
            hint or words("desk.drop_hint", language, limit=limit),
            class_="hint",
            id="files-hint",
        ),
        tag("ul", class_="uploads", aria_label=words("desk.uploads", language)),
        class_="dropzone",
        data_upload=where,
        data_largest=largest,
        data_too_large=words("desk.file_too_large", language, limit=limit),
    )


def empty(sentence: str, *children: Child) -> Markup:
    """Return what stands in a room that holds nothing yet: what to do first."""
    return tag("div", tag("p", sentence), *children, class_="empty")


def titled(title: str, *children: Child, lead: str | None = None) -> Markup:
    """Return a room's page: its heading, one line on what it is for, and the rest."""
    return joined(tag("h1", title, tabindex="-1"), tag("p", lead, class_="lead") if lead else None, *children)

"""The pieces that the rooms of the staff desk are built of: forms, tables, badges. Everything given is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bot.wording import say
from ingest.documents import Language
from ui.markup import Child, Markup, joined, tag
from ui.words import typeset


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
    required: bool = False,
    rows: int = 0,
    **attributes: str | bool | int | None,
) -> Markup:
    """Return a labelled field; *guessed* says, beside it, that the value was found by the guichet and not by a person.

    With *rows* it is a text area. An error of the field appears under it (``Outcome.wrong``).
    """
    id = f"field-{name}"
    notes = [f"{id}-hint"] if hint else []
    shared: dict[str, str | bool | int | None] = {
        "id": id,
        "name": name,
        "required": required,
        "aria_describedby": " ".join([*notes, f"{id}-error"]),
        **attributes,
    }
    control = tag("textarea", value, rows=rows, **shared) if rows else tag("input", type=kind, value=value, **shared)
    return _labelled(id, label, control, hint, guessed)


def select(
    name: str,
    label: str,
    options: Mapping[str, str],
    value: str = "",
    *,
    hint: str | None = None,
    guessed: str | None = None,
) -> Markup:
    """Return a labelled list to choose from: *options* are values with their words."""
    id = f"field-{name}"
    control = tag(
        "select",
        [tag("option", text, value=key, selected=key == value) for key, text in options.items()],
        id=id,
        name=name,
        aria_describedby=" ".join([*([f"{id}-hint"] if hint else []), f"{id}-error"]),
    )
    return _labelled(id, label, control, hint, guessed)


def _labelled(id: str, label: str, control: Markup, hint: str | None, guessed: str | None) -> Markup:
    return tag(
        "div",
        tag("label", label, for_=id),
        tag("span", guessed, class_="guess") if guessed else None,
        control,
        tag("p", hint, class_="hint", id=f"{id}-hint") if hint else None,
        tag("p", class_="error", id=f"{id}-error", hidden=True),
        class_="field",
    )


def table(
    caption: str, heads: Sequence[str], rows: Iterable[Sequence[Child]], **attributes: str | bool | int | None
) -> Markup:
    """Return a table; the first cell of a row names it. A wide one scrolls within its own frame."""
    body = [tag("tr", tag("th", row[0], scope="row"), [tag("td", cell) for cell in row[1:]]) for row in map(list, rows)]
    inside = tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", [tag("th", head, scope="col") for head in heads])),
        tag("tbody", body),
        **attributes,
    )
    return tag("div", inside, class_="scroll", tabindex="0", role="region", aria_label=caption)


def badge(look: str, text: str) -> Markup:
    """Return a state as a word with a sign; *look* is ``good``, ``attention``, ``bad`` or ``quiet``."""
    return tag("span", text, class_=f"badge {look}")


def link(address: str, *children: Child) -> Markup:
    """Return a link to another address of the desk."""
    return tag("a", *children, href=f"#/{address}")


def empty(sentence: str, *children: Child) -> Markup:
    """Return what stands in a room that holds nothing yet: what to do first."""
    return tag("div", tag("p", sentence), *children, class_="empty")


def titled(title: str, *children: Child, lead: str | None = None) -> Markup:
    """Return a room's page: its heading, one line on what it is for, and the rest."""
    return joined(tag("h1", title, tabindex="-1"), tag("p", lead, class_="lead") if lead else None, *children)

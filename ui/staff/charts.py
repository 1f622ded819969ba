"""Charts as drawings of our own: a name and a description for those who do not see them, and the figures as a table.

Colours are those of the pages and follow light and dark; stripes go with some, so that none is told by colour alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ingest.documents import Language
from ui.markup import Markup, joined, tag
from ui.staff.forms import table, words

Look = Literal["good", "attention", "bad", "quiet", "edge", "ink"]
_COLOURS: dict[Look, str] = {
    "good": "var(--open)", "attention": "var(--closing)", "bad": "var(--error)", "quiet": "var(--closed)",
    "edge": "var(--edge)", "ink": "var(--ink)",
}  # fmt: skip
_STRIPES: dict[Look, int] = {"attention": 45, "quiet": 135, "edge": 90}
"""The looks that are striped, with the angle of their stripes."""
_WIDTH, _LEFT = 400, 34
_TALL, _FOOT = 170, 22
_ROW = 38
_LONGEST = 46
"""Letters of a name beside a bar."""


@dataclass(frozen=True, slots=True)
class Series:
    """One kind of things, counted at each place of the axis; a figure that is too small to be shown is None."""

    name: str
    look: Look
    values: Sequence[int | None]


def stacked(id: str, title: str, description: str, places: Sequence[str], series: Sequence[Series], head: str,
            language: Language) -> Markup:  # fmt: skip
    """Return bars at *places* that are made of *series*, with a legend and the table; *head* names the places."""
    columns = zip(*(one.values for one in series), strict=True)
    top = _rounded_up(max((sum(value or 0 for value in column) for column in columns), default=0))
    step = (_WIDTH - _LEFT) / max(len(places), 1)
    scale = _TALL / top
    bars: list[Markup] = []
    for number, place in enumerate(places):
        level = float(_TALL)
        for one in series:
            value = one.values[number]
            if value:
                height = value * scale
                level -= height
                said = tag("title", f"{place}: {one.name} {value}")
                bars.append(_bar(id, one.look, _LEFT + step * (number + 0.1), level, step * 0.8, height, said))
    lines = [_line(level, round(top * share)) for level, share in ((0.0, 1.0), (_TALL / 2, 0.5), (float(_TALL), 0.0))]
    # The first and the last: a third date between them would run into its neighbour.
    named = sorted({0, len(places) - 1}) if places else []
    feet = [
        _text(_LEFT + step * (number + 0.5), _TALL + 17, places[number], anchor=_anchor(number, len(places)))
        for number in named
    ]
    drawn = _drawing(id, title, description, _TALL + _FOOT, _patterns(id), lines, bars, feet)
    rows = [[place, *(figure(one.values[number], language) for one in series)] for number, place in enumerate(places)]
    figures = table(title, [head, *(one.name for one in series)], rows)
    return _figure(title, drawn, _legend(id, series), figures, language)


def figure(count: int | None, language: Language) -> str:
    """Return a figure as it stands in a table."""
    return words("desk_questions.below", language) if count is None else str(count)


def bars(id: str, title: str, description: str, rows: Sequence[tuple[str, int, int]], heads: tuple[str, str, str],
         rest: str, language: Language) -> Markup:  # fmt: skip
    """Return lying bars, a name above each: *rows* hold name, count and a part of it; *rest* names what is left."""
    top = max((count for _, count, _ in rows), default=1) or 1
    drawn: list[Markup] = []
    for number, (name, count, part) in enumerate(rows):
        above, width = number * _ROW, (_WIDTH - 40) * count / top
        short = name if len(name) <= _LONGEST else name[: _LONGEST - 1].rstrip() + "…"
        drawn.append(_text(0, above + 14, short, anchor="start", fill="var(--ink)"))
        drawn.append(_bar(id, "good", 0, above + 19, width, 12))
        if part:
            drawn.append(_bar(id, "bad", 0, above + 19, width * part / count, 12))
        drawn.append(_text(width + 6, above + 30, str(count), anchor="start"))
    picture = _drawing(id, title, description, _ROW * len(rows), _patterns(id), drawn)
    legend = _legend(id, [Series(rest, "good", ()), Series(heads[2], "bad", ())])
    figures = table(title, heads, [[name, str(count), str(part)] for name, count, part in rows])
    return _figure(title, picture, legend, figures, language)


def sparkline(values: Sequence[int], said: str) -> Markup:
    """Return a small line over the weeks; *said* tells it in words."""
    top = max([*values, 1])
    step = 70 / max(len(values) - 1, 1)
    points = " ".join(f"{1 + step * number:.1f},{19 - 17 * value / top:.1f}" for number, value in enumerate(values))
    line = tag("polyline", points=points, fill="none", stroke="var(--accent)", stroke_width="1.5", **_ROUND)
    return tag("svg", tag("title", said), line, viewBox="0 0 72 20", width="72", height="20", role="img",
               aria_label=said)  # fmt: skip


_ROUND: dict[str, str | bool | int | None] = {"stroke_linejoin": "round", "stroke_linecap": "round"}


def _drawing(id: str, title: str, description: str, height: float, *parts: Markup | Sequence[Markup]) -> Markup:
    return tag(
        "svg", tag("title", title, id=f"{id}-title"), tag("desc", description, id=f"{id}-desc"), *parts,
        viewBox=f"0 0 {_WIDTH} {height:g}", width="100%", role="img", aria_labelledby=f"{id}-title {id}-desc",
    )  # fmt: skip


def _figure(title: str, drawn: Markup, legend: Markup, figures: Markup, language: Language) -> Markup:
    in_figures = tag("details", tag("summary", words("desk_questions.in_figures", language)), figures)
    return tag("figure", tag("figcaption", tag("h2", title)), tag("div", drawn, class_="chart"), legend, in_figures)


def _legend(id: str, series: Sequence[Series]) -> Markup:
    entries = []
    for one in series:
        swatch = tag("svg", _bar(id, one.look, 0, 0, 14, 14), viewBox="0 0 14 14", width="14", height="14",
                     aria_hidden="true", focusable="false")  # fmt: skip
        entries.append(tag("li", swatch, " ", one.name))
    return tag("ul", entries, class_="legend")


def _patterns(id: str) -> Markup:
    drawn = []
    for look, angle in _STRIPES.items():
        ground = tag("rect", width="6", height="6", fill=_COLOURS[look])
        stripe = tag("rect", width="2", height="6", fill="var(--paper)")
        drawn.append(
            tag("pattern", ground, stripe, id=f"{id}-{look}", width="6", height="6", patternUnits="userSpaceOnUse",
                patternTransform=f"rotate({angle})")
        )  # fmt: skip
    return tag("defs", drawn)


def _bar(id: str, look: Look, x: float, y: float, width: float, height: float, said: Markup | None = None) -> Markup:
    fill = f"url(#{id}-{look})" if look in _STRIPES else _COLOURS[look]
    return tag(
        "rect", said, x=f"{x:.1f}", y=f"{y:.1f}", width=f"{max(width, 0):.1f}", height=f"{max(height, 0):.1f}",
        fill=fill, stroke="var(--paper)", stroke_width="0.5",
    )  # fmt: skip


def _line(level: float, value: int) -> Markup:
    y = f"{level:.1f}"
    line = tag("line", x1=str(_LEFT), x2=str(_WIDTH), y1=y, y2=y, stroke="var(--hairline)", stroke_width="1")
    return joined(line, _text(_LEFT - 5, max(level + 4, 11), str(value), anchor="end"))


def _text(x: float, y: float, text: str, *, anchor: str, fill: str = "var(--soft)") -> Markup:
    return tag("text", text, x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor, fill=fill, font_size="13")


def _anchor(number: int, count: int) -> str:
    if number == count - 1 and count > 1:
        return "end"
    return "start" if number == 0 and count > 1 else "middle"


def _rounded_up(value: int) -> int:
    """Return the next even figure that is easy to read."""
    size = 1
    while True:
        for first in (2, 4, 6, 8, 10):
            if value <= first * size:
                return first * size
        size *= 10

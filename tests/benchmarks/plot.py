"""Draw the time to search by number of passages: ours, the bars, the tutorial stack."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

INK, ACCENT = "#14213d", "#0b6e6e"
COMPARED = 1_000
"""Passages that the tutorial stack was given the text of."""
TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000)

Pair = tuple[float, float]
"""p50 and p95 in milliseconds."""


def draw(ours: Mapping[int, Pair], bars: Mapping[int, float], tutorial: Pair | None, path: Path) -> None:
    """Write the plot to *path*, SVG or PNG by its suffix; the same figures give the same file.

    *ours* and *bars* (limits of p95) go by number of passages; what is missing is not drawn.
    """
    with matplotlib.rc_context({"svg.hashsalt": "guichet", "font.family": "DejaVu Sans", "text.color": INK}):
        figure = Figure(figsize=(8, 4.6), layout="constrained", facecolor="white")
        axes = figure.add_subplot(xscale="log", yscale="log")
        _draw_bars(axes, bars)
        if ours:
            _draw_ours(axes, ours)
        if tutorial:
            _draw_tutorial(axes, tutorial)
        pairs = [*ours.values(), *([tutorial] if tutorial else [])]
        _dress(axes, sorted(ours), [*bars.values(), *(value for pair in pairs for value in pair)])
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None, dpi=130)


def _draw_ours(axes: Axes, ours: Mapping[int, Pair]) -> None:
    sizes = sorted(ours)
    middle, upper = ([ours[size][place] for size in sizes] for place in (0, 1))
    axes.fill_between(sizes, middle, upper, color=ACCENT, alpha=0.14, linewidth=0)
    axes.plot(sizes, upper, color=ACCENT, linewidth=1.2, marker="o", markersize=4)
    axes.plot(sizes, middle, color=ACCENT, linewidth=2.4, marker="o", markersize=6)
    for size, half, most in zip(sizes, middle, upper, strict=True):
        # Both figures below the line: above it there may be a bar.
        side = "left" if size == sizes[0] else "center"
        _tell(axes, f"p50 {half:.3g} ms\np95 {most:.3g} ms", (size, half), (0, -14), ha=side, va="top", color=ACCENT)
    last = sizes[-1]
    for text, value, weight in (("p95", upper[-1], "normal"), ("p50", middle[-1], "bold")):
        _tell(axes, f"Guichet IA, {text}", (last, value), (12, 0), va="center", color=ACCENT, size=10, weight=weight)


def _draw_bars(axes: Axes, bars: Mapping[int, float]) -> None:
    for size, limit in bars.items():
        axes.plot([size / 1.35, size * 1.35], [limit] * 2, color=INK, linewidth=1.4, linestyle=(0, (4, 2)))
        _tell(axes, f"bar for p95: {limit:g} ms", (size * 1.1, limit), (0, 5), ha="right")


def _draw_tutorial(axes: Axes, pair: Pair) -> None:
    # Beside ours rather than on top of it: both are for the same text.
    place = COMPARED / 1.09
    axes.plot([place] * 2, pair, color=INK, linewidth=2)
    axes.plot([place], pair[:1], color=INK, marker="D", markersize=7)
    axes.plot([place], pair[1:], color=INK, marker="_", markersize=11, markeredgewidth=2)
    told = f"tutorial stack (MiniLM, Chroma)\np50 {pair[0]:.3g} ms, p95 {pair[1]:.3g} ms"
    _tell(axes, told, (place, (pair[0] * pair[1]) ** 0.5), (12, 0), va="center", size=10)


def _tell(
    axes: Axes, text: str, point: tuple[float, float], shift: tuple[float, float], size: float = 9, **style: str
) -> None:
    axes.annotate(text, point, shift, textcoords="offset points", fontsize=size, annotation_clip=False, **style)


def _dress(axes: Axes, sizes: list[int], values: list[float]) -> None:
    axes.set_title("Time to search, by number of passages", loc="left", fontsize=13, weight="bold", pad=12)
    axes.set_xlabel("passages in the library", color=INK)
    axes.set_ylabel("milliseconds a question", color=INK)
    if values:
        low, high = min(values) / 2.6, max(values) * 1.5
        axes.set_ylim(low, high)
        axes.set_yticks([tick for tick in TICKS if low <= tick <= high])
    if sizes:
        axes.set_xlim(sizes[0] / 1.35, sizes[-1] * 1.5)
        axes.set_xticks(sizes)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axis.set_minor_locator(NullLocator())
        axis.set_minor_formatter(NullFormatter())
    axes.grid(axis="y", color=INK, alpha=0.12, linewidth=0.8)
    axes.tick_params(which="both", color=INK, labelcolor=INK, length=0)
    for name, spine in axes.spines.items():
        spine.set_visible(name == "bottom")
        spine.set_color(INK)

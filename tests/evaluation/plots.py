"""Plots of a run as SVG: text stays text, the product's colours, light ground, readable at 800 pixels."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Canvas
from matplotlib.style import context

from tests.evaluation.figures import Figure
from tests.evaluation.metrics import DECLINED, SOURCED, Estimate, Verdict, percentile
from tests.evaluation.suite import Evaluation

INK, SOFT, PAPER, HAIRLINE = "#14213d", "#4a5468", "#fbfaf7", "#e3dfd5"
TEAL, AMBER, GREY = "#0b6e6e", "#9a5b00", "#5b6472"
WIDTH = 8.0
"""Inches of 100 pixels."""
SEARCHES: Mapping[str, tuple[str, str, str]] = {
    "ours": ("Guichet IA", TEAL, "o"),
    "bm25": ("BM25 alone", AMBER, "s"),
    "minilm": ("MiniLM alone", GREY, "D"),
}
"""Name, colour and marker: state is never colour alone."""
VERDICTS: Mapping[str, tuple[str, str, str]] = {
    "passed": ("right answer", TEAL, "o"),
    "right_sheet": ("right sheet cited", AMBER, "s"),
    "status_right": ("right status", GREY, "D"),
}
STYLE: Mapping[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "guichet",
    # Verdana has the metrics of DejaVu: what was laid out here fits there.
    "font.sans-serif": ["DejaVu Sans", "Verdana", "sans-serif"],
    "font.size": 11,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": SOFT,
    "axes.facecolor": PAPER,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 13,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 12,
    "xtick.color": INK,
    "ytick.color": INK,
    "figure.facecolor": PAPER,
    "legend.frameon": False,
    "grid.color": HAIRLINE,
    "axes.axisbelow": True,
}


@dataclass(frozen=True, slots=True)
class Group:
    """One line of a plot: what it is about, and an estimate for each series that has one."""

    label: str
    estimates: Mapping[str, Estimate | None]


def draw(run: Evaluation, folder: Path) -> tuple[Path, ...]:
    """Draw the four plots of *run* into *folder* and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    name, finished = next(iter(run.answers.items()))
    drawings = {
        "search": lambda: search(run.figures),
        "answers": lambda: answers(finished.verdicts, name),
        "latency": lambda: latency(finished.verdicts, name),
        "length": lambda: length(finished.verdicts, name),
    }
    paths = []
    for title, drawing in drawings.items():
        with context(dict(STYLE)):
            canvas = drawing()
            path = folder / f"{title}.svg"
            # Without the date a drawing changes only with what it shows.
            FigureCanvasSVG(canvas).print_svg(path, metadata={"Date": None, "Title": title})
        paths.append(path)
    return tuple(paths)


def search(figures: Mapping[str, Figure]) -> Canvas:
    """Recall@5 per set with 95 % intervals: ours, BM25, MiniLM; the number is ours."""
    rows = [figure for key, figure in figures.items() if key.endswith("@5") and "/every" not in key]
    groups = [
        Group(f"{row.label.removesuffix(', Recall@5')} (n\u00a0=\u00a0{row.n})", {"ours": row.estimate, **row.others})
        for row in rows
    ]
    return _lying(
        "Search: is the right document among the first five?", groups, SEARCHES, "share of the questions", heavy=()
    )


def answers(verdicts: Sequence[Verdict], name: str) -> Canvas:
    """Shares of right answers, right sheets and right statuses per language and kind; the number is right answers."""
    languages = list(dict.fromkeys(verdict.lang for verdict in verdicts))
    kinds = [*_ordered(verdicts, SOURCED), *_ordered(verdicts, DECLINED)]
    parts = [
        *((language.upper(), [verdict for verdict in verdicts if verdict.lang == language]) for language in languages),
        *((kind.replace("_", " "), [verdict for verdict in verdicts if verdict.kind == kind]) for kind in kinds),
    ]
    groups = [
        Group(f"{label} (n\u00a0=\u00a0{len(part)})", {measure: _judged(part, measure) for measure in VERDICTS})
        for label, part in parts
    ]
    return _lying(
        f"Answers to the {name} set, by language and by kind",
        groups,
        VERDICTS,
        "share of the questions",
        heavy=(len(languages),),
    )


def latency(verdicts: Sequence[Verdict], name: str) -> Canvas:
    """Distribution of the time from a question to its complete answer."""
    times = [verdict.latency_ms for verdict in verdicts]
    half, most_of = percentile(times, 50) or 0.0, percentile(times, 95) or 0.0
    canvas = Canvas(figsize=(WIDTH, 3.8), layout="constrained")
    axes = canvas.subplots()
    most = max(50.0, 1.6 * most_of)
    late = sum(time > most for time in times)
    axes.hist(times, bins=np.linspace(0, most, 41).tolist(), color=TEAL, edgecolor=PAPER, linewidth=0.8)
    top = axes.get_ylim()[1] * 1.3
    axes.set_ylim(0, top)
    for value, text, colour, height in (
        (half, f"half within {half:.0f} ms", INK, 0.97),
        (most_of, f"95 % within {most_of:.0f} ms", AMBER, 0.85),
    ):
        axes.axvline(value, color=colour, linewidth=1.5, linestyle="--", ymax=height)
        axes.text(value + 0.008 * most, top * height, text, color=colour, va="top", zorder=5,
                  bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1.5})  # fmt: skip
    axes.set_xlim(0, most)
    axes.set_xlabel("milliseconds, one question after another" + (f" ({late} slower than shown)" if late else ""))
    axes.set_ylabel("questions")
    axes.set_title(f"Time to a complete answer, {name} set (n = {len(times)})")
    axes.grid(axis="y")
    return canvas


def length(verdicts: Sequence[Verdict], name: str) -> Canvas:
    """Right answers against the length of the answer, sourced kinds, in groups of about equal size."""
    stated = sorted(
        (verdict for verdict in verdicts if verdict.kind in SOURCED and verdict.words),
        key=lambda verdict: (verdict.words, verdict.id),
    )
    canvas = Canvas(figsize=(WIDTH, 3.8), layout="constrained")
    axes = canvas.subplots()
    parts = [part for part in np.array_split(np.arange(len(stated)), 6) if len(part)]
    labels = []
    for place, part in enumerate(parts):
        chosen = [stated[number] for number in part]
        labels.append(f"{chosen[0].words}–{chosen[-1].words}\n(n = {len(chosen)})")
        if estimate := _judged(chosen, "passed"):
            axes.bar([place], [estimate.value], width=0.62, color=TEAL, alpha=0.22)
            axes.vlines(place, estimate.low or 0.0, estimate.high or 1.0, color=TEAL, linewidth=1.6)
            axes.plot([place], [estimate.value], "o", color=TEAL, markersize=7)
            axes.annotate(f"{100 * estimate.value:.0f} %", (place, estimate.value), xytext=(9, -4),
                          textcoords="offset points", fontsize=11, fontweight="bold")  # fmt: skip
    axes.set_xticks(range(len(parts)), labels)
    axes.tick_params(axis="x", length=0)
    axes.set_ylim(0, 1.04)
    axes.set_yticks(*_percent(0.0))
    axes.grid(axis="y")
    axes.set_xlabel("words of the answer's statements, in groups of equal size")
    axes.set_ylabel("right answers, 95 % intervals")
    axes.set_title(f"Are short answers right as often? {name} set, sourced kinds (n = {len(stated)})")
    return canvas


def _lying(
    title: str, groups: Sequence[Group], series: Mapping[str, tuple[str, str, str]], unit: str, heavy: Sequence[int]
) -> Canvas:
    """Draw groups below each other, each with a mark and an interval for every series; a *heavy* line parts some."""
    canvas = Canvas(figsize=(WIDTH, 1.5 + 0.5 * len(groups)), layout="constrained")
    axes = canvas.subplots()
    ends = [end for group in groups for found in group.estimates.values() if found for end in (found.low, found.value)]
    left = max(0.0, np.floor(10 * min((end for end in ends if end is not None), default=0.0)) / 10 - 0.05)
    shown = [name for name in series if any(group.estimates.get(name) for group in groups)]
    for place, group in enumerate(groups):
        for step, name in enumerate(shown):
            if estimate := group.estimates.get(name):
                offset = 0.26 * (step - (len(shown) - 1) / 2)
                _, colour, marker = series[name]
                if estimate.low is not None and estimate.high is not None:
                    axes.plot([estimate.low, estimate.high], [place + offset] * 2, color=colour, linewidth=1.6)
                axes.plot([estimate.value], [place + offset], marker, color=colour, markersize=6, clip_on=False)
        if first := group.estimates.get(shown[0]):
            axes.text(1.025, place, f"{100 * first.value:.0f} %", color=series[shown[0]][1], va="center",
                      fontweight="bold", transform=axes.get_yaxis_transform())  # fmt: skip
        if place:
            parts = place in heavy
            axes.axhline(place - 0.5, color=SOFT if parts else HAIRLINE, linewidth=1.2 if parts else 0.8)
    axes.set_yticks(range(len(groups)), [textwrap.fill(group.label, 32) for group in groups])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(groups) - 0.5, -0.5)
    axes.set_xlim(left, 1.01)
    axes.set_xticks(*_percent(left))
    axes.grid(axis="x")
    axes.set_xlabel(f"{unit}, 95 % intervals" + (" (the axis does not begin at 0)" if left > 0 else ""))
    canvas.suptitle(title, x=0.012, ha="left", fontsize=13, fontweight="bold")
    handles = [
        axes.plot([], [], marker, color=colour, linestyle="none", label=label)[0]
        for label, colour, marker in (series[name] for name in shown)
    ]
    canvas.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return canvas


def _judged(verdicts: Iterable[Verdict], measure: str) -> Estimate | None:
    values = (getattr(verdict, measure) for verdict in verdicts)
    return Estimate.of([float(value) for value in values if value is not None])


def _percent(left: float) -> tuple[list[float], list[str]]:
    """Ticks of an axis of shares that begins at *left*, and their words."""
    ticks = [tick / 10 for tick in range(0, 11, 2 if left < 0.5 else 1) if tick / 10 >= left]
    return ticks, [f"{100 * tick:.0f} %" for tick in ticks]


def _ordered(verdicts: Sequence[Verdict], kinds: Iterable[str]) -> list[str]:
    return [kind for kind in dict.fromkeys(verdict.kind for verdict in verdicts) if kind in set(kinds)]

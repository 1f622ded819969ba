"""One table of a run: every figure beside its bar, the last release and the simpler searches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.evaluation.bars import KNOWN_MISSES, BarResult
from tests.evaluation.baselines import INSTALL_MINILM
from tests.evaluation.figures import Figure, in_words
from tests.evaluation.metrics import Estimate
from tests.evaluation.released import Change, Released, compare
from tests.evaluation.suite import Evaluation


def report(run: Evaluation, released: Released | None, console: Console) -> None:
    """Print the table, the changes beyond chance, and what could not be measured."""
    title = f"against the release of {released.date}" if released else "no release yet"
    table = Table(title=f"Quality on {run.date}, {title}", title_justify="left")
    table.add_column("figure", overflow="fold")
    for heading in ("n", "now", "95 %", "released", "BM25", "MiniLM", "bar", ""):
        table.add_column(heading, justify="right", no_wrap=True)
    before = released.figures if released else {}
    bars = _limits(run.bars())
    section = ""
    for key, figure in run.figures.items():
        if section and section != _section(key):
            table.add_section()
        section = _section(key)
        table.add_row(*_line(figure, before.get(key), bars.get(key, ())))
    console.print(table)
    if released:
        _print_changes(compare(run.outcomes, released.outcomes), console)
    _print_misses(run, console)
    measured = {**(released.minilm if released else {}), **run.minilm}
    if behind := [name for name, texts in run.texts.items() if measured.get(name) != texts]:
        console.print(
            f"MiniLM was not measured on the present texts of {', '.join(behind)}; released figures, if any, are shown."
            f" To measure it: {INSTALL_MINILM}"
        )


def _section(key: str) -> str:
    first, _, rest = key.partition("/")
    return f"{first}/{rest[:7]}" if rest.startswith(("answers", "documents")) else "sets of others"


def _limits(results: Iterable[BarResult]) -> Mapping[str, tuple[BarResult, ...]]:
    found: dict[str, tuple[BarResult, ...]] = {}
    for result in results:
        found[result.bar.key] = (*found.get(result.bar.key, ()), result)
    return found


def _line(figure: Figure, before: Figure | None, results: tuple[BarResult, ...]) -> tuple[str | Text, ...]:
    own = next((result for result in results if result.bar.against is None), None)
    limit = f"{'≤' if own.bar.at_most else '≥'} {in_words(own.limit, own.unit)}" if own else ""
    return (
        figure.label,
        str(figure.n),
        Text(in_words(figure.value, figure.unit), "bold"),
        _interval(figure.estimate),
        in_words(before.value, figure.unit) if before else "–",
        *(_other(figure, name) for name in ("bm25", "minilm")),
        limit,
        _verdict(results),
    )


def _interval(estimate: Estimate | None) -> str:
    if estimate is None or estimate.low is None or estimate.high is None:
        return ""
    return f"{100 * estimate.low:.0f}–{100 * estimate.high:.0f}"


def _other(figure: Figure, name: str) -> Text:
    """What a simpler search reaches, in red where that is more."""
    other = figure.others.get(name)
    if other is None:
        return Text("")
    ahead = figure.value is not None and other.value > figure.value + 1e-9
    return Text(in_words(other.value, figure.unit), "red" if ahead else "")


def _verdict(results: tuple[BarResult, ...]) -> Text:
    missed = [result for result in results if not result.met]
    if not results:
        return Text("")
    if not missed:
        return Text("met", "green")
    known = all(result.bar.name in KNOWN_MISSES for result in missed)
    return Text("missed, known", "yellow") if known else Text("missed", "red")


def _print_changes(changes: Mapping[str, Change], console: Console) -> None:
    for change in changes.values():
        if not (change.worse or change.better):
            continue
        found = change.difference
        interval = f"{100 * (found.low or 0):+.1f} to {100 * (found.high or 0):+.1f}"
        style = "red" if change.regressed else "dim"
        console.print(
            f"{change.key}: {100 * found.value:+.1f} points ({interval}) over {change.n} questions; "
            f"better {len(change.better)}, worse {len(change.worse)}"
            + (f": {', '.join(change.worse[:12])}" if change.worse else ""),
            style=style,
            markup=False,
        )


def _print_misses(run: Evaluation, console: Console) -> None:
    missed = [result for result in run.bars() if not result.met]
    for result in missed:
        why = KNOWN_MISSES.get(result.bar.name, "not listed as known")
        limit = in_words(result.limit, result.unit)
        console.print(
            f"missed: {result.bar.name}: {in_words(result.value, result.unit)}, bar {limit} ({why})", markup=False
        )
    names = {result.bar.name for result in missed}
    for name in KNOWN_MISSES:
        if name not in names:
            console.print(f"listed as missed, but met or not measured: {name}", markup=False)

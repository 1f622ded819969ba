"""How far an ingestion is, and a bar of it for the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[str, int, int], None]
"""Called with the name of the step, how many are done and how many there are."""

STEPS = {"read": "Reading files", "index": "Indexing passages"}


@contextmanager
def bar() -> Iterator[Progress]:
    """Yield a function that moves the bar; it writes to standard error and leaves nothing behind."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichProgress

    columns = (TextColumn("{task.description:<18}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with RichProgress(*columns, console=Console(stderr=True), transient=True) as display:
        tasks = {step: display.add_task(text, total=None, visible=False) for step, text in STEPS.items()}

        def move(step: str, done: int, total: int) -> None:
            display.update(tasks[step], completed=done, total=total, visible=True)

        yield move

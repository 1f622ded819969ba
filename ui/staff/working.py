"""Long work behind an action: done in a thread, its progress yielded as the steps of the desk."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator
from typing import TypeVar

from ingest.progress import Progress
from ui.staff.desk import Step

Result = TypeVar("Result")


def stepwise(work: Callable[[Progress], Result], say: Callable[[str], str]) -> Generator[Step, None, Result]:
    """Yield the progress of *work* and return what it returns; *say* puts the name of a step in words.

    What *work* raises is raised here. It goes on to its end when nobody listens any more.
    """
    told: queue.SimpleQueue[Step | None] = queue.SimpleQueue()
    done: list[Result] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work(lambda step, reached, total: told.put(Step(say(step), reached, total))))
        except BaseException as error:  # noqa: BLE001  it is raised again where the action was asked for
            failed.append(error)
        finally:
            told.put(None)

    threading.Thread(target=run, name="action", daemon=True).start()
    while (step := told.get()) is not None:
        yield step
    if failed:
        raise failed[0]
    return done[0]

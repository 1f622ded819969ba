"""What the process that serves sets for itself."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from tests.ui.scripted import ScriptedBot
from ui.serving import prepare


@pytest.fixture(autouse=True)
def _looked_through_again() -> Iterator[None]:
    yield
    gc.unfreeze()


class Prepared(ScriptedBot):
    """Notes that it was prepared."""

    def prepare(self) -> None:
        """Note it."""
        self.prepared = True


def test_what_is_there_for_good_is_not_looked_through_again() -> None:
    """After the preparation the collector leaves alone what is in memory, and still frees what comes and goes."""
    bot = Prepared()
    prepare(bot)  # type: ignore[arg-type]
    assert bot.prepared
    assert gc.get_freeze_count() > 10_000

    class Node:
        pass

    alive = [Node(), Node()]
    alive[0].other, alive[1].other = alive[1], alive[0]  # type: ignore[attr-defined]
    alive.clear()
    gc.collect()
    assert not [each for each in gc.get_objects() if type(each) is Node]

"""Two who write at the same moment: each decides on what the other has written already."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from ingest.database import PinVersionRow, StateRow, connect
from ingest.errors import ChangedMeanwhile
from ingest.journal import Journal, note
from ingest.pins import COUNTER, Pins
from ingest.writing import mark, refuse_newer, writing
from tests.ingest.test_pins import CONTENT


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An empty database."""
    opened = connect(tmp_path / "guichet.sqlite")
    yield opened
    opened.dispose()


def test_versions_that_are_saved_at_once_are_all_kept(engine: Engine) -> None:
    """Eight people save a version of one answer at the same moment: eight versions, and every change is counted."""
    pins = Pins(engine)
    number = pins.save(CONTENT, "ann").number
    begin, failed = threading.Barrier(8), []

    def save(person: int) -> None:
        begin.wait()
        try:
            for _ in range(5):
                pins.save(CONTENT, f"person {person}", number)
        except Exception as error:  # noqa: BLE001  told by the test
            failed.append(error)

    threads = [threading.Thread(target=save, args=(person,)) for person in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with engine.connect() as connection:
        counted = connection.scalar(select(func.count()).select_from(PinVersionRow))
        changes = connection.scalar(select(StateRow.value).where(StateRow.name == COUNTER))
    assert (counted, changes, pins.pin(number).latest.number) == (41, "41", 41)


def test_a_form_is_refused_by_what_came_after_it_only(engine: Engine) -> None:
    """What somebody did before a form was opened, to another thing, or in another way, is no conflict."""
    journal = Journal(engine)
    journal.note("ann", "noted", "gap 1", changed=["note"])
    seen = mark(engine)
    journal.note("ann", "noted", "gap 2", changed=["note"])
    journal.note("ann", "renamed", "gap 1", changed=["title"])
    with writing(engine) as session:
        refuse_newer(session, "gap 1", ("noted",), seen)
        refuse_newer(session, "gap 1", ("noted",), None)
        note(session, "bob", "noted", "gap 1", changed=["note"])
    with pytest.raises(ChangedMeanwhile) as told, writing(engine) as session:
        refuse_newer(session, "gap 1", ("noted",), seen)
    assert (told.value.by, told.value.fields, told.value.seen) == ("bob", ("note",), mark(engine))

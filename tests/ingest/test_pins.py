"""Validated answers are kept with every version, and every act is in the journal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ingest.database import connect, now
from ingest.errors import UnknownPin
from ingest.journal import Journal
from ingest.pins import PinContent, Pins, PinSource, PinStatement, Wording
from ingest.receipts import Receipts

DAY = dt.date(2026, 11, 30)
CONTENT = PinContent(
    (Wording("Combien couvre la prime ?", "fr"), Wording("Hoeveel dekt de premie?", "nl")),
    {"fr": (PinStatement("La prime couvre 70 %.", (1,)),), "nl": (PinStatement("De premie dekt 70 %.", (1,)),)},
    (PinSource("fr/prime", "La prime couvre 70 % des frais."),), "ann", dt.date(2027, 6, 1), 0.7,
)  # fmt: skip


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = connect(tmp_path / "guichet.sqlite")
    yield opened
    opened.dispose()


@pytest.fixture
def pins(engine: Engine) -> Pins:
    return Pins(engine)


def receipt(id: str, question: str) -> dict[str, object]:
    """Return the public form of an answer that is kept."""
    return {
        "id": id, "language": "fr", "status": "answered", "generation": 1, "question": question,
        "standalone_question": question, "statements": [],
    }  # fmt: skip


def trace(pin: int) -> dict[str, object]:
    """Return how an answer was made that a pin gave, or none."""
    return {"pin": pin, "history": [], "verdicts": []}


def test_content_survives_json() -> None:
    """What a version keeps is read back exactly."""
    assert PinContent.from_json(CONTENT.as_json()) == CONTENT


def test_a_saved_pin_is_not_public(pins: Pins) -> None:
    """What an editor saves is a version that nobody gets until it is activated."""
    pin = pins.save(CONTENT, "ann")
    assert (pin.latest.content, pin.latest.by, pin.latest.number) == (CONTENT, "ann", 1)
    assert not pin.active
    assert pins.activate(pin.number, "bob", DAY).served == pin.latest


def test_a_new_version_leaves_the_public_one(pins: Pins) -> None:
    """Readers keep the validated text while another one is prepared."""
    pin = pins.activate(pins.save(CONTENT, "ann").number, "bob", DAY)
    changed = pins.save(replace(CONTENT, owner="eve"), "ann", pin.number)
    assert changed.served is not None
    assert (changed.served.content.owner, changed.latest.content.owner) == ("ann", "eve")
    assert (changed.validated_on, changed.validated_by) == ("2026-11-30", "bob")


def test_every_act_can_be_undone(pins: Pins) -> None:
    """A pin is taken back and made public again, in any version that it ever had."""
    pin = pins.save(CONTENT, "ann")
    pins.save(replace(CONTENT, owner="eve"), "ann", pin.number)
    pins.activate(pin.number, "bob", DAY)
    assert not pins.deactivate(pin.number, "bob").active
    back = pins.activate(pin.number, "bob", DAY, version=1)
    assert back.served is not None
    assert back.served.content == CONTENT
    assert [version.number for version in pins.versions(pin.number)] == [2, 1]


def test_a_review_ends_with_an_activation(pins: Pins) -> None:
    """Who asks for a review holds the pin back until somebody activates it anew."""
    pin = pins.activate(pins.save(CONTENT, "ann").number, "bob", DAY)
    assert pins.ask_review(pin.number, "ann", "Le taux a changé ?").review == "Le taux a changé ?"
    assert pins.activate(pin.number, "bob", DAY).review == ""


def test_every_change_is_counted_and_in_the_journal(pins: Pins, engine: Engine) -> None:
    """Each act raises the counter by one and leaves one entry that names who did it."""
    pin = pins.save(CONTENT, "ann")
    pins.activate(pin.number, "bob", DAY)
    pins.ask_review(pin.number, "ann", "secret reason")
    pins.deactivate(pin.number, "bob")
    assert pins.changes == 4
    entries = Journal(engine).entries(subject=f"pin {pin.number}")
    assert [(entry.action, entry.by) for entry in reversed(entries)] == [
        ("prepared", "ann"), ("activated", "bob"), ("held back", "ann"), ("deactivated", "bob"),
    ]  # fmt: skip
    assert "secret" not in str([entry.detail for entry in entries])


def test_what_is_not_there_is_named(pins: Pins) -> None:
    """A number without pin, or without that version, is one sentence, and changes nothing."""
    with pytest.raises(UnknownPin, match="7: no validated answer"):
        pins.deactivate(7, "bob")
    pin = pins.save(CONTENT, "ann")
    with pytest.raises(UnknownPin, match="no version 9"):
        pins.activate(pin.number, "bob", DAY, version=9)
    assert (pins.changes, pins.pin(pin.number).active) == (1, False)


def test_all_lists_what_is_public_and_what_is_prepared(pins: Pins) -> None:
    """The list tells of each pin what ``pin`` tells of it."""
    for _ in range(3):
        pins.save(CONTENT, "ann")
    pins.activate(2, "bob", DAY)
    pins.save(CONTENT, "ann", 2)
    assert pins.all() == [pins.pin(number) for number in (1, 2, 3)]


def test_answers_of_a_pin_are_counted(pins: Pins, engine: Engine) -> None:
    """Receipts tell how often a pin answered, and which questions still keep their words."""
    receipts = Receipts(engine)
    for id, pin in (("a", 4), ("b", 4), ("c", 0)):
        receipts.keep(receipt(id, f"Question {id}"), trace(pin))
    Receipts(engine, words=False).keep(receipt("d", "Secret"), trace(4))
    hour_ago = now() - dt.timedelta(hours=1)
    assert pins.times_served(hour_ago) == {4: 3}
    assert pins.times_served(now() + dt.timedelta(hours=1)) == {}
    assert {(asked.id, asked.question, asked.pin) for asked in pins.asked(hour_ago)} == {
        ("a", "Question a", 4), ("b", "Question b", 4), ("c", "Question c", 0),
    }  # fmt: skip

"""The documents room: who may do what to a draft and to what is served, and what is said when it cannot be done."""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.intake import Intake
from ingest.judging import Judge
from ingest.revisions import Edit
from tests.bot.library import TODAY
from tests.bot.previewing import BUS, COURSE, Desk, covering, opened
from ui.staff.desk import Desk as StaffDesk
from ui.staff.desk import NoSuchPlace, NotAllowed, Outcome
from ui.staff.forms import words
from ui.staff.people import Person
from ui.staff.rooms.documents import Documents

ELLA, PAUL = Person("ella", "editor"), Person("paul", "publisher")
TOMORROW = (TODAY + dt.timedelta(days=1)).isoformat()
YESTERDAY = (TODAY - dt.timedelta(days=1)).isoformat()


@pytest.fixture
def found(tmp_path: Path) -> Iterator[Desk]:
    """A library with two documents, its bot and its previews."""
    with opened(tmp_path) as desk:
        yield desk


@pytest.fixture
def room(found: Desk) -> StaffDesk:
    """A staff desk with this room only, whose files nobody reads."""
    intake = Intake(found.library, Judge(found.library))
    return StaffDesk([Documents(found.library, intake, found.previews, None)])


def act(room: StaffDesk, action: str, person: Person = PAUL, **fields: object) -> Outcome:
    """Return what an action says in the end."""
    texts = {name: str(value) for name, value in fields.items()}
    *_, last = room.act(person, "fr", "documents", f"documents.{action}", texts)
    assert isinstance(last, Outcome)
    return last


def said(key: str, **values: str) -> str:
    """Return a French sentence of the catalogue."""
    return words(key, "fr", **values)


def test_a_regression_holds_back_a_date_as_well(found: Desk, room: StaffDesk) -> None:
    """Where control questions break, neither a day nor a publication among others goes without a reason."""
    broken, clear = found.draft(covering("50 %")), found.draft(BUS)
    found.run(broken)
    for fields in ({"number": broken, "day": TOMORROW}, {"number": broken}, {"number": f"{broken},{clear}"}):
        outcome = act(room, "schedule" if "day" in fields else "publish", **fields)
        assert (outcome.failed, list(outcome.wrong)) == (True, ["reason"])
    assert found.library.revisions.get(broken).state == "draft"
    assert not act(room, "schedule", number=broken, day=TOMORROW, reason="urgent").failed
    (entry,) = found.library.journal.entries(action="overruled")
    assert (entry.by, entry.subject, entry.detail) == ("paul", f"revision {broken}", {"reason": "urgent"})


def test_a_reason_that_nobody_asked_for_overrules_nothing(found: Desk, room: StaffDesk) -> None:
    """The journal tells of a control question that was overruled only where one was, and what was published."""
    assert not act(room, "publish", number=found.draft(BUS), reason="parce que").failed
    assert found.library.journal.entries(action="overruled") == []
    found.run(broken := found.draft(covering("50 %")))
    assert not act(room, "publish", number=broken, reason="urgent").failed
    assert found.library.journal.entries(action="overruled")[0].subject == "document fr/prime"


def test_an_editor_takes_nothing_out_of_service(found: Desk, room: StaffDesk) -> None:
    """The last day of what is served is the publisher's: an editor has no field for it, and cannot send one."""
    number = found.library.documents["fr/prime"].revision
    assert 'name="expires_on"' not in room.show(ELLA, "fr", f"documents/{number}")
    assert 'name="expires_on"' in room.show(PAUL, "fr", f"documents/{number}")
    with pytest.raises(NotAllowed):
        act(room, "save", ELLA, number=number, expires_on=TOMORROW)
    assert not act(room, "save", ELLA, number=number, owner="ella").failed
    assert not act(room, "save", PAUL, number=number, expires_on=TOMORROW).failed
    kept = found.library.revisions.get(number)
    assert (kept.owner, kept.expires_on) == ("ella", TOMORROW)


def test_a_last_day_is_still_to_come(found: Desk, room: StaffDesk) -> None:
    """A last day that is past is refused in the form, and holds back a draft that has kept one."""
    number = found.draft(BUS)
    fields = {"title": "Bus", "id": "bus", "language": "fr"}
    assert list(act(room, "save", number=number, expires_on=YESTERDAY, **fields).wrong) == ["expires_on"]
    found.library.revisions.edit(number, Edit(expires_on=YESTERDAY), "ella")
    outcome = act(room, "publish", number=number)
    assert (outcome.failed, outcome.message) == (True, said("desk_documents.last_day_passed", title=BUS.title))


def test_what_had_ended_stays_when_it_is_published_again(found: Desk, room: StaffDesk) -> None:
    """A document that its last day archived does not go again at once when it is brought back."""
    number = found.library.documents["fr/prime"].revision
    found.library.revisions.mark(number, Edit(expires_on=YESTERDAY), "paul")
    found.live.settle()
    assert found.library.revisions.get(number).state == "archived"
    assert not act(room, "restore", number=number).failed
    found.live.settle()
    assert found.library.revisions.get(number).state == "published"


def test_two_drafts_of_one_document_are_both_held_back(found: Desk, room: StaffDesk) -> None:
    """Of drafts that exclude each other none is published, and the sentence names them in the reader's language."""
    numbers = [found.draft(covering("70 %")), found.draft(covering("80 %")), found.draft(COURSE)]
    outcome = act(room, "publish", number=",".join(map(str, numbers)))
    assert outcome.message == said("desk_documents.doubled", titles="Prime numérique, Prime numérique")
    assert [found.library.revisions.get(number).state for number in numbers] == ["draft"] * 3


def test_a_version_of_another_document_has_its_short_name(found: Desk, room: StaffDesk) -> None:
    """Only what may be a short name becomes one; what looks alike and is not is never asked about again."""
    number = found.draft(BUS)
    with pytest.raises(NoSuchPlace):
        act(room, "version", ELLA, number=number, id="../x y")
    assert not act(room, "version", ELLA, number=number, id="pret").failed
    assert found.library.revisions.get(number).key == "fr/pret"
    assert not act(room, "apart", ELLA, number=number).failed
    assert found.library.revisions.get(number).findings == {"resembles": None}


def test_what_cannot_be_done_any_more_is_said_in_the_readers_language(found: Desk, room: StaffDesk) -> None:
    """A page that is out of date, or a revision that is not there, gives a sentence of the catalogue."""
    number = found.draft(BUS)
    act(room, "discard", number=number)
    assert act(room, "publish", number=number).message == said("desk.changed_meanwhile")
    assert act(room, "submit", number=999).message == said("desk.no_such_place")
    with pytest.raises(NoSuchPlace):
        room.show(PAUL, "fr", "documents/999")


def test_a_text_is_corrected_in_its_own_letters(found: Desk, room: StaffDesk, tmp_path: Path) -> None:
    """The form to correct a text shows it as it was read, also one that is not in UTF-8."""
    path = found.library.originals.arriving / "note"
    path.write_bytes("Une aide à l'été pour les métiers du bois en Wallonie.\n".encode("cp1252"))
    digest, original = found.library.originals.take(path, "note.txt")
    number = found.library.revisions.receive("note.txt", "upload", digest, original, "ella")
    found.library.revisions.draft(number, BUS, {})
    assert "à l'été" in html.unescape(room.show(ELLA, "fr", f"documents/{number}"))


def test_the_original_is_handed_out_as_it_came(found: Desk) -> None:
    """A file can be downloaded byte for byte under its own name; no other name leads to a file."""
    intake = Intake(found.library, Judge(found.library))
    desk = StaffDesk([Documents(found.library, intake, found.previews, None)])
    number = intake.write("# Essai\n", "../../Où ça.md", "ella")
    export, content = desk.export(ELLA, "fr", "documents", str(number))
    assert (export.name, content) == ("Où ça.md", b"# Essai\n")
    for name in ("../guichet.sqlite", str(number + 1), "-1", ""):
        with pytest.raises(NoSuchPlace):
            desk.export(ELLA, "fr", "documents", name)

"""The documents room: who may do what to a draft and to what is served, and what is said when it cannot be done."""

from __future__ import annotations

import dataclasses
import datetime as dt
import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from ingest.database import RevisionRow
from ingest.intake import Intake
from ingest.judging import Judge
from ingest.revisions import Edit
from tests.bot.library import TODAY
from tests.bot.previewing import BUS, COURSE, Desk, covering, opened
from ui.staff.desk import Desk as StaffDesk
from ui.staff.desk import NoSuchPlace, NotAllowed, Outcome, Step
from ui.staff.forms import words
from ui.staff.people import Person
from ui.staff.rooms import head
from ui.staff.rooms.documents import Documents
from ui.staff.rooms.journal import JournalRoom
from ui.staff.rooms.quality import Quality
from ui.words import date_in_words

ELLA, PAUL = Person("ella", "editor"), Person("paul", "publisher")
PIA, QUINN = Person("pia", "publisher"), Person("quinn", "publisher")
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
        numbers = str(fields["number"]).replace(",", "%2C")
        assert (outcome.failed, outcome.go) == (True, f"quality/preview?revisions={numbers}")
        assert outcome.message == said("desk_documents.blocked")
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


def test_nothing_is_set_for_a_day_after_its_last(found: Desk, room: StaffDesk) -> None:
    """A draft that would end before its day is not scheduled, and what is scheduled gets no last day before it."""
    served = found.library.documents["fr/prime"].revision
    found.library.revisions.mark(served, Edit(expires_on=TODAY.isoformat()), "paul")
    number = found.draft(covering("70 %"))
    found.library.revisions.become(number, "prime", "ella")
    outcome = act(room, "schedule", number=number, day=TOMORROW)
    last = date_in_words(TODAY.isoformat(), "fr")
    assert outcome.wrong == {"day": said("desk_documents.wrong_ended", date=last)}
    assert found.library.revisions.get(number).state == "draft"
    fields = {"title": "Prime", "id": "prime", "language": "fr"}
    assert not act(room, "save", number=number, expires_on=TOMORROW, **fields).failed
    assert not act(room, "schedule", number=number, day=TOMORROW).failed
    outcome = act(room, "save", number=number, expires_on=TODAY.isoformat(), **fields)
    assert outcome.wrong == {"expires_on": said("desk_documents.wrong_before")}


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


@pytest.mark.parametrize("state", ["draft", "scheduled", "published"])
def test_a_corrected_text_takes_the_place_of_its_draft(found: Desk, room: StaffDesk, state: str) -> None:
    """The old draft is put aside once the new one was read, which has what was said of it; what is served stays."""
    library = found.library
    number = library.revisions.receive("bus.txt", "upload", "0" * 64, "bus.txt", "ella")
    library.revisions.draft(number, BUS, {})
    own = Edit(owner="ann", review_by="2027-03-01", expires_on="2027-12-31", remark="vu")
    library.revisions.edit(number, own, "pia")
    if state == "scheduled":
        library.revisions.schedule(number, dt.date.fromisoformat(TOMORROW), "paul")
    elif state == "published":
        library.publish([number], "paul")
    outcome = act(room, "rewrite", ELLA, number=number, text="Le bus 14 passe devant la gare de Namur chaque matin.")
    date = date_in_words(TOMORROW, "fr")
    assert (said("desk_documents.rewritten_scheduled", date=date) in outcome.message) == (state == "scheduled")
    assert library.revisions.get(number).state == state  # nothing was read yet
    made = int(str(outcome.go).partition("/")[2])
    library.revisions.draft(made, BUS, {})
    draft, old = library.revisions.get(made), library.revisions.get(number)
    assert (draft.state, draft.owner, draft.expires_on) == ("draft", "ann", "2027-12-31")
    assert old.state == ("published" if state == "published" else "discarded")
    if state != "published":
        assert (draft.remark, draft.authors) == ("vu", {"ella", "pia"})
        (entry,) = library.journal.entries(subject=f"revision {number}", action="discarded")
        assert (entry.by, entry.detail["revision"]) == ("ella", made)
        assert not act(room, "publish", all="yes", upto=made).failed


def test_a_draft_stays_whose_corrected_text_cannot_be_read(found: Desk, room: StaffDesk) -> None:
    """A correction that gives no text, or comes after the publication of its draft, puts nothing aside."""
    number, other = found.draft(BUS), found.draft(COURSE)
    refused = int(str(act(room, "rewrite", ELLA, number=number, text="-").go).partition("/")[2])
    found.library.revisions.refuse(refused, "no_text", "nothing")
    late = int(str(act(room, "rewrite", ELLA, number=other, text="Un autre texte.").go).partition("/")[2])
    found.library.publish([other], "paul")
    found.library.revisions.draft(late, COURSE, {})
    assert [found.library.revisions.get(each).state for each in (number, other)] == ["draft", "published"]


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


def test_no_name_of_a_file_deceives_who_reads_the_desk(found: Desk) -> None:
    """Signs that turn the direction of a name, or hide in it, reach no page, list, journal or comparison."""
    intake = Intake(found.library, Judge(found.library))
    documents = Documents(found.library, intake, found.previews, None)
    desk = StaffDesk([documents, JournalRoom(found.library.journal)])
    name = "Prime\u202efdp.exe\u200b\x07.md"
    waiting, refused, read = (intake.write(f"# Essai {n}", name, "ella") for n in range(3))
    found.library.revisions.refuse(refused, "damaged", "damaged")
    found.library.revisions.draft(read, dataclasses.replace(BUS, title=""), {})
    found.library.revisions.draft(intake.write("# Essai", name, "ella"), dataclasses.replace(BUS, id="bus-2"), {})
    places = ["documents", "journal", f"documents/{read}/diff/{read + 1}", "documents?list=ended"]
    for number in (waiting, refused, read, read + 1):
        places.append(f"documents/{number}")
    act(desk, "discard", number=waiting)
    pages = [desk.show(PAUL, "fr", place) for place in places]
    assert not [place for place, page in zip(places, pages, strict=True) if set(page) & set("\u202e\u200b\x07")]
    assert sum("Primefdp.exe.md" in page or "Primefdp.exe .md" in page for page in pages) > 4


# --- looked at before it is published ----------------------------------------------------------------------------


def test_what_nobody_looked_at_is_looked_at_first(found: Desk, room: StaffDesk) -> None:
    """Without a preview, or with one that is out of date, publishing makes one by itself: it is held back or told."""
    broken = found.draft(covering("50 %"))
    outcome = act(room, "publish", number=broken)
    assert (outcome.failed, outcome.go) == (True, f"quality/preview?revisions={broken}")
    assert found.library.revisions.get(broken).state == "draft"
    assert found.previews.verdict([broken]) == "regressions"
    steps = list(room.act(PAUL, "fr", "documents", "documents.publish", {"number": str(found.draft(BUS))}))
    assert [step for step in steps if isinstance(step, Step)]
    assert isinstance(steps[-1], Outcome)
    assert said("desk_quality.was_looked", count="2", changes="0") in steps[-1].message
    assert found.previews.verdict([broken]) == "stale"
    assert act(room, "publish", number=broken).failed
    assert not act(room, "publish", number=broken, reason="urgent").failed


def test_a_reason_does_not_spare_the_look(found: Desk, room: StaffDesk) -> None:
    """Who gives a reason before anything was looked at overrules nothing when nothing breaks."""
    assert not act(room, "publish", number=found.draft(BUS), reason="parce que").failed
    assert found.library.journal.entries(action="overruled") == []


def test_where_nothing_is_to_hold_back_nothing_is_looked_at(tmp_path: Path) -> None:
    """Without control questions, or with the setting off, a publication waits for no preview."""
    for name, flags in (("a", {"golden": ()}), ("b", {"preview_blocks": False})):
        (tmp_path / name).mkdir()
        with opened(tmp_path / name, **flags) as found:  # type: ignore[arg-type]
            room = StaffDesk(
                [Documents(found.library, Intake(found.library, Judge(found.library)), found.previews, None)]
            )
            number = found.draft(covering("50 %"))
            assert not act(room, "publish", number=number).failed
            assert found.previews.verdict([number]) == "none"


def test_what_cannot_be_looked_at_needs_a_reason(tmp_path: Path) -> None:
    """Where the control questions cannot be asked in time, the page of the preview has a form for a reason."""
    with opened(tmp_path, preview_seconds=1e-9) as found:
        documents = Documents(found.library, Intake(found.library, Judge(found.library)), found.previews, None)
        room = StaffDesk([documents, Quality(found.library, found.previews)])
        number = found.draft(BUS)
        outcome = act(room, "publish", number=number)
        assert (outcome.failed, outcome.message) == (True, said("desk_quality.too_slow"))
        assert outcome.go
        page = room.show(PAUL, "fr", outcome.go)
        assert 'name="unseen"' in page
        assert 'name="reason"' in page
        assert act(room, "publish", number=number, reason="urgent").failed
        assert not act(room, "publish", number=number, reason="urgent", unseen="yes").failed
        assert found.library.journal.entries(action="overruled")[0].detail["reason"] == "urgent"


def test_taking_a_document_out_is_looked_at_first(found: Desk, room: StaffDesk) -> None:
    """What breaks control questions by going needs a reason; the last day of what is served is not asked for one."""
    number = found.library.documents["fr/prime"].revision
    outcome = act(room, "archive", number=number)
    assert (outcome.failed, outcome.go) == (True, "quality/preview?gone=fr%2Fprime")
    assert "fr/prime" in found.library.documents
    assert 'name="reason"' in room.show(PAUL, "fr", f"documents/{number}")
    assert not act(room, "archive", number=number, reason="dépassé").failed
    assert "fr/prime" not in found.library.documents
    entries = found.library.journal.entries(subject="document fr/prime", limit=2)
    assert [entry.action for entry in entries] == ["archived", "overruled"]


def test_what_is_not_served_is_not_said_to_be_archived(found: Desk, room: StaffDesk) -> None:
    """A page that is out of date takes nothing out, and says so."""
    number = found.draft(BUS)
    outcome = act(room, "archive", number=number)
    assert (outcome.failed, outcome.message) == (True, said("desk_documents.not_served", title=BUS.title))


def test_a_change_between_look_and_publication_is_looked_at_again(found: Desk, room: StaffDesk) -> None:
    """What is edited while its preview is made is not published by what the preview saw of it before."""
    number = found.draft(BUS)
    steps = room.act(PAUL, "fr", "documents", "documents.publish", {"number": str(number)})
    next(steps)
    found.library.revisions.edit(number, Edit(title="Autobus"), "ella")
    *_, last = steps
    assert isinstance(last, Outcome)
    assert not last.failed
    assert found.library.documents["fr/bus"].title == "Autobus"
    assert found.library.revisions.get(number).title == "Autobus"


# --- who may publish what ----------------------------------------------------------------------------------------


def test_everyone_who_changed_a_version_is_its_author(tmp_path: Path) -> None:
    """Where a second person is needed, neither who made a draft nor anybody who changed it may publish it."""
    with opened(tmp_path, staff_second_person=True) as found:
        room = StaffDesk([Documents(found.library, Intake(found.library, Judge(found.library)), found.previews, None)])
        number = found.draft(BUS)
        for person in (PAUL, PIA):
            found.library.revisions.edit(number, Edit(remark=person.name), person.name)
        assert found.library.revisions.get(number).authors == {"ella", "paul", "pia"}
        for person in (PAUL, PIA):
            for verb, fields in (("publish", {}), ("schedule", {"day": TOMORROW})):
                outcome = act(room, verb, person, number=number, **fields)
                assert (outcome.failed, outcome.message) == (True, said("desk.second_person"))
        assert not act(room, "publish", QUINN, number=number).failed


@pytest.mark.parametrize("verb", ["publish", "schedule"])
@pytest.mark.parametrize("edit", [Edit(title="Autobus"), Edit(remark="vu")], ids=["title", "remark"])
def test_who_changes_a_draft_while_it_is_looked_at_is_its_author_too(tmp_path: Path, verb: str, edit: Edit) -> None:
    """Who presses the button and changes the draft in a second window meanwhile is not the second person any more."""
    with opened(tmp_path, staff_second_person=True) as found:
        room = StaffDesk([Documents(found.library, Intake(found.library, Judge(found.library)), found.previews, None)])
        number = found.draft(BUS)
        steps = room.act(PAUL, "fr", "documents", f"documents.{verb}", {"number": str(number), "day": TOMORROW})
        next(steps)
        found.library.revisions.edit(number, edit, "paul")
        *_, last = steps
        assert isinstance(last, Outcome)
        assert (last.failed, last.message) == (True, said("desk.second_person"))
        assert found.library.revisions.get(number).state == "draft"


def test_who_changed_a_draft_is_an_author_of_its_corrected_text(tmp_path: Path) -> None:
    """A text that is corrected out of a draft is also of those who changed the draft."""
    with opened(tmp_path, staff_second_person=True) as found:
        room = StaffDesk([Documents(found.library, Intake(found.library, Judge(found.library)), found.previews, None)])
        number = found.draft(BUS)
        found.library.revisions.edit(number, Edit(title="Autobus"), "paul")
        outcome = act(room, "rewrite", PIA, number=number, text="Le bus 14 passe.")
        made = found.library.revisions.get(int(str(outcome.go).partition("/")[2]))
        assert made.authors == {"ella", "paul", "pia"}


# --- two people, one form ----------------------------------------------------------------------------------------


def test_who_saves_second_is_told_who_was_first(found: Desk, room: StaffDesk) -> None:
    """A form that was opened before somebody else saved overwrites nothing by itself; saving once more is meant."""
    number = found.draft(BUS)
    fields = {"number": str(number), "title": "Bus", "id": "bus", "language": "fr"}
    first = seen_of(room, number)
    assert not act(room, "save", PIA, **fields | {"title": "Bus de Pia", "seen": first}).failed
    outcome = act(room, "save", PAUL, **fields | {"title": "Bus de Paul", "seen": first})
    assert outcome.failed
    assert outcome.go is None
    assert "pia" in outcome.message
    assert outcome.wrong["title"] == said("desk.there_now", value="Bus de Pia")
    assert found.library.revisions.get(number).title == "Bus de Pia"
    assert not act(room, "save", PAUL, **fields | {"title": "Bus de Paul", **outcome.renewed}).failed
    assert found.library.revisions.get(number).title == "Bus de Paul"


def test_the_marks_of_what_is_served_are_not_overwritten_either(found: Desk, room: StaffDesk) -> None:
    """The owner and the review day of a published document are guarded in the same way."""
    number = found.library.documents["fr/prime"].revision
    first = seen_of(room, number)
    assert not act(room, "save", PIA, number=number, owner="pia", seen=first).failed
    outcome = act(room, "save", PAUL, number=number, owner="paul", seen=first)
    assert outcome.wrong == {"owner": said("desk.there_now", value="pia")}


def test_nobody_is_told_of_himself_as_of_somebody_else(found: Desk, room: StaffDesk) -> None:
    """Who saves in two windows is told that it was he himself, in a sentence that names nobody."""
    number = found.library.documents["fr/prime"].revision
    first = seen_of(room, number)
    assert not act(room, "save", PAUL, number=number, owner="pia", seen=first).failed
    outcome = act(room, "save", PAUL, number=number, owner="paul", seen=first)
    assert outcome.wrong == {"owner": said("desk.there_now", value="pia")}
    assert outcome.message.startswith(said("desk.saved_elsewhere", when="@").partition("@")[0])


def seen_of(room: StaffDesk, number: int) -> str:
    """Return the mark in the form of a page."""
    found = re.search(r'name="seen" value="(\d+)"', room.show(PAUL, "fr", f"documents/{number}"))
    assert found
    return found[1]


def test_what_was_overwritten_can_be_read_in_the_journal(found: Desk) -> None:
    """The journal and its file tell what stood in a field before, of drafts and of what is served."""
    documents = Documents(found.library, Intake(found.library, Judge(found.library)), found.previews, None)
    room = StaffDesk([documents, JournalRoom(found.library.journal)])
    number, served = found.draft(BUS), found.library.documents["fr/prime"].revision
    for owner, remark, day in (("ann", "appeler la SWL", "2027-03-01"), ("bob", "", "2027-04-01")):
        own = {"owner": owner, "remark": remark, "review_by": day, "expires_on": day}
        assert not act(room, "save", number=served, **own).failed
        fields = head.present(found.library.revisions.get(number))
        status = {"status": "open", "contact": f"https://{owner}.example"}
        assert not act(room, "save", number=number, **fields | own | status | {"title": f"Bus de {owner}"}).failed
    for subject in (f"revision {number}", f"revision {served}"):
        page = html.unescape(room.show(PAUL, "fr", f"journal?subject={subject}"))
        for field, before, after in (
            ("owner", "ann", "bob"), ("remark", "appeler la SWL", "–"), ("review_by", "2027-03-01", "2027-04-01"),
            ("expires_on", "2027-03-01", "2027-04-01"), ("owner", "–", "ann"),
        ):  # fmt: skip
            name = said(f"desk_documents.field_{field}")
            assert said("desk_journal.exchanged", field=name, before=before, after=after) in page
    page = html.unescape(room.show(PAUL, "fr", f"journal?subject=revision {number}"))
    for field, before, after in (
        ("title", "Bus de ann", "Bus de bob"), ("contact", "https://ann.example", "https://bob.example"),
        ("status", "–", said("desk_documents.status_open")),
    ):  # fmt: skip
        name = said(f"desk_documents.field_{field}")
        assert said("desk_journal.exchanged", field=name, before=before, after=after) in page
    _, file = room.export(Person("boss", "administrator"), "fr", "journal", "journal.csv")
    assert '""owner"": {""after"": ""bob"", ""before"": ""ann""}' in file.decode("utf-8-sig")


# --- a draft that waits ---


@pytest.mark.parametrize("state", ["waiting", "scheduled"])
def test_what_only_staff_see_takes_back_no_decision(found: Desk, room: StaffDesk, state: str) -> None:
    """A note, an owner or a review day leaves a draft set for its day, or with the second person, as it is."""
    number = waiting(found, state)
    fields = head.present(found.library.revisions.get(number))
    outcome = act(room, "save", ELLA, number=number, **fields | {"remark": "vu", "owner": "ann", "review_by": TOMORROW})
    assert (outcome.failed, outcome.message) == (False, said("desk_documents.saved"))
    assert not act(room, "apart", ELLA, number=number).failed
    kept = found.library.revisions.get(number)
    assert (kept.state, kept.remark, kept.owner) == (state, "vu", "ann")
    assert kept.publish_on == (TOMORROW if state == "scheduled" else None)


@pytest.mark.parametrize("state", ["waiting", "scheduled"])
@pytest.mark.parametrize("changed", [{"title": "Autobus"}, {"expires_on": "2027-12-31"}], ids=["title", "last day"])
def test_who_takes_a_decision_back_by_saving_is_told(
    found: Desk, room: StaffDesk, state: str, changed: dict[str, str]
) -> None:
    """What readers notice makes a draft of it again, and the sentence says what does not happen any more."""
    number = waiting(found, state)
    fields = head.present(found.library.revisions.get(number))
    outcome = act(room, "save", ELLA, number=number, **fields | changed)
    date = date_in_words(TOMORROW, "fr")
    assert outcome.message.endswith(said(f"desk_documents.no_longer_{state}", date=date))
    assert found.library.revisions.get(number).state == "draft"
    entries = found.library.journal.entries(subject=f"revision {number}", limit=2)
    assert [entry.action for entry in entries] == ["withdrawn", "edited"]


def waiting(found: Desk, state: str) -> int:
    """Return the number of a draft that waits for a second person, or for its day."""
    meta = {"status": "open", "status_as_of": "2026-10-01", "aliases": ["Bus, tram", "TEC"]}
    number = found.draft(dataclasses.replace(BUS, meta=meta))
    if state == "waiting":
        found.library.revisions.submit(number, "ella")
    else:
        found.library.revisions.schedule(number, dt.date.fromisoformat(TOMORROW), "paul")
    return number


# --- what a version keeps ----------------------------------------------------------------------------------------


def test_a_new_version_keeps_what_staff_said_of_the_served_one(found: Desk, room: StaffDesk) -> None:
    """Owner, days, address and kind of the served document hold for the draft that becomes its version."""
    served = found.library.documents["fr/prime"].revision
    found.library.revisions.mark(served, Edit(owner="ann", review_by="2027-03-01", expires_on="2027-12-31"), "ann")
    number = found.draft(dataclasses.replace(BUS, url=None, meta={"kind": "law"}))
    with Session(found.library.engine) as session, session.begin():
        row = session.get_one(RevisionRow, number)
        row.findings = {"guesses": {"kind": {"value": "law", "basis": "words"}}}
        session.get_one(RevisionRow, served).url = "https://aides.example/prime"
    assert not act(room, "version", ELLA, number=number, id="prime").failed
    kept = found.library.revisions.get(number)
    assert (kept.key, kept.owner, kept.review_by, kept.expires_on) == ("fr/prime", "ann", "2027-03-01", "2027-12-31")
    assert (kept.url, kept.meta["kind"], kept.meta["status"]) == ("https://aides.example/prime", "programme", "open")
    assert kept.title == BUS.title
    assert "closes" not in kept.meta


def test_a_guess_is_shown_until_somebody_settles_it(found: Desk, room: StaffDesk) -> None:
    """A change of one field settles its guess only; the others stay marked until they are changed or confirmed."""
    number = found.draft(BUS)
    guesses = {name: {"value": "x", "basis": "text"} for name in ("title", "kind", "as_of", "language")}
    with Session(found.library.engine) as session, session.begin():
        session.get_one(RevisionRow, number).findings = {"guesses": guesses}
    fields = {"number": str(number), "title": BUS.title, "id": "bus", "language": "fr", "as_of": BUS.as_of or ""}

    def marked() -> int:
        return room.show(ELLA, "fr", f"documents/{number}").count('class="guess"')

    assert marked() == 4
    assert not act(room, "save", ELLA, **fields | {"owner": "ella"}).failed
    assert marked() == 4
    assert not act(room, "save", ELLA, **fields | {"title": "Autobus"}).failed
    assert marked() == 3
    assert not act(room, "save", ELLA, **fields | {"title": "Autobus", "right": "kind"}).failed
    assert marked() == 2
    assert not act(room, "save", ELLA, **fields | {"title": "Autobus", "then": "right"}).failed
    assert marked() == 0


@pytest.mark.parametrize(
    ("held", "typed", "kept"),
    [
        ({"url": "https://a.example", "email": None, "confirmed": False}, "https://a.example", None),
        ({"url": None, "email": "info@a.example", "confirmed": True}, "", None),
        ({"url": "https://a.example", "email": "info@a.example", "confirmed": False}, "https://b.example",
         {"url": "https://b.example", "email": "info@a.example", "confirmed": True}),
        ({"url": "https://a.example", "email": "info@a.example", "confirmed": True}, "",
         {"url": None, "email": "info@a.example", "confirmed": True}),
        ({"url": "https://a.example", "email": None, "confirmed": True}, "", {}),
    ],
    ids=["unconfirmed", "e-mail only", "another address", "no address", "nothing"],
)  # fmt: skip
def test_a_contact_is_only_what_somebody_said_of_it(
    found: Desk, room: StaffDesk, held: dict[str, object], typed: str, kept: dict[str, object] | None
) -> None:
    """Saving a form confirms no contact that was not touched, and loses no e-mail, for which it has no field."""
    number = found.draft(dataclasses.replace(BUS, meta={"contact": held}))
    fields = {"title": BUS.title, "id": "bus", "language": "fr", "owner": "ella"}
    assert not act(room, "save", ELLA, number=number, contact=typed, **fields).failed
    assert found.library.revisions.get(number).meta.get("contact", {}) == (held if kept is None else kept)


# --- long lists --------------------------------------------------------------------------------------------------


def test_every_draft_is_listed_and_all_that_are_found_can_be_chosen(found: Desk, room: StaffDesk) -> None:
    """Beyond 500 drafts nothing is lost: there are pages, a search, and «all», which is what was shown and no more."""
    revisions = found.library.revisions
    numbers = [found.draft(dataclasses.replace(BUS, id=f"bus-{n}", title=f"Ligne {n}")) for n in range(120)]
    page = room.show(PAUL, "fr", "documents")
    assert said("desk.part", first="1", last="50", total="120") in page
    assert "Ligne 0<" in room.show(PAUL, "fr", "documents?at=100")
    narrow = room.show(PAUL, "fr", "documents?text=ligne%20119")
    assert ("Ligne 119<" in narrow, "Ligne 118<" in narrow) == (True, False)
    few = dict(
        re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', room.show(PAUL, "fr", "documents?text=Ligne%2011"))
    )
    found.draft(dataclasses.replace(BUS, id="bus-neuf", title="Ligne 11 bis"))
    assert not act(room, "publish", **few | {"all": "yes", "number": ""}).failed
    published = {revisions.get(number).title for number in numbers if revisions.get(number).state == "published"}
    assert published == {"Ligne 11", *(f"Ligne 11{n}" for n in range(10))}


def test_several_that_break_a_question_are_published_with_a_reason(found: Desk, room: StaffDesk) -> None:
    """From a list one is led to the page that asks for the reason, and it is published from there."""
    documents = Documents(found.library, Intake(found.library, Judge(found.library)), found.previews, None)
    both = StaffDesk([documents, Quality(found.library, found.previews)])
    numbers = f"{found.draft(covering('50 %'))},{found.draft(BUS)}"
    outcome = act(both, "publish", number=numbers)
    assert outcome.go
    page = both.show(PAUL, "fr", outcome.go)
    assert 'name="reason"' in page
    assert f'name="number" value="{numbers}"' in page
    assert not act(both, "publish", number=numbers, reason="décidé par le comité").failed


# --- what was served before texts were kept ----------------------------------------------------------------------


def test_versions_without_their_text_are_compared_by_their_passages(found: Desk, room: StaffDesk) -> None:
    """Of a document that was taken in before texts were kept, only what changed is shown as changed."""
    served = found.library.documents["fr/prime"].revision
    with Session(found.library.engine) as session, session.begin():
        session.get_one(RevisionRow, served).content = None
    number = found.draft(covering("50 %"))
    page = room.show(PAUL, "fr", f"documents/{number}/diff/{served}")
    assert said("desk_documents.diff_changed") in page
    assert "<ins>50</ins>" in page
    assert said("desk_documents.diff_added") not in page.partition('id="text"')[2]
    assert "La prime numérique couvre 70 %" in room.show(PAUL, "fr", f"documents/{served}")

"""The room of the journal over a real one."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest

from bot.wording import catalogue
from ingest.database import connect
from ingest.journal import Journal
from ui.staff.desk import Desk, NotAllowed
from ui.staff.people import Person
from ui.staff.rooms.journal import JournalRoom

ELLA, ADA = Person("ella", "editor"), Person("ada", "administrator")


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """An empty journal."""
    return Journal(connect(tmp_path / "guichet.db"))


@pytest.fixture
def desk(journal: Journal) -> Desk:
    """A desk with the journal's room only."""
    return Desk([JournalRoom(journal)])


def subjects(page: str) -> list[str]:
    """Return the subjects that a page lists."""
    return re.findall(r'<a href="#/journal\?subject=[^"]*">([^<]*)</a>', page)


def test_an_empty_journal_says_what_will_stand_in_it(desk: Desk) -> None:
    """Before the first change there is a sentence, and no table."""
    page = desk.show(ELLA, "fr", "journal")
    assert "Rien n&#x27;a encore été changé" in page
    assert "<table" not in page


def test_entries_are_read_newest_first_in_the_readers_words(desk: Desk, journal: Journal) -> None:
    """Who, what, when in words, what exactly; an action without words is shown as it is written."""
    journal.note("ella", "published", "revision 7", title="Start IA")
    journal.note("paul", "odd_thing", "gap 3")
    page = desk.show(ELLA, "nl", "journal")
    assert subjects(page) == ["vraag nr. 3", "versie nr. 7"]
    assert "gepubliceerd" in page
    assert "odd thing" in page
    assert "Start IA" in page
    assert "title" not in page.partition("<tbody")[2]


def test_filters_narrow_the_list(desk: Desk, journal: Journal) -> None:
    """Person, action and subject each leave what belongs to them; nothing found is said."""
    journal.note("ella", "edited", "revision 7")
    journal.note("paul", "edited", "revision 8")
    journal.note("paul", "published", "revision 8")
    assert subjects(desk.show(ELLA, "fr", "journal?by=ella")) == ["version n° 7"]
    assert len(subjects(desk.show(ELLA, "fr", "journal?action=edited"))) == 2
    assert len(subjects(desk.show(ELLA, "fr", "journal?subject=revision+8"))) == 2
    assert "Aucun changement" in desk.show(ELLA, "fr", "journal?by=nobody")


def test_pages_follow_the_numbers(desk: Desk, journal: Journal) -> None:
    """Fifty entries a page, each once, the way on keeps the filters, and nonsense begins anew."""
    for number in range(120):
        journal.note("ella", "edited", f"revision {number}")
    seen: list[str] = []
    address = "journal?by=ella"
    for _ in range(5):
        page = desk.show(ELLA, "fr", address)
        seen += subjects(page)
        older = re.search(r'href="#/(journal\?by=ella&amp;before=\d+)"', page)
        if not older:
            break
        address = older[1].replace("&amp;", "&")
    assert seen == [f"version n° {number}" for number in reversed(range(120))]
    assert len(subjects(desk.show(ELLA, "fr", "journal?before=x9"))) == 50


def test_the_file_is_whole_and_for_administrators(desk: Desk, journal: Journal) -> None:
    """Every entry is in the file, and only administrators are offered and given it."""
    for number in range(1203):
        journal.note("ella", "edited", f"revision {number}")
    text = desk.export(ADA, "fr", "journal", "journal.csv")[1].decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    assert [row["subject"] for row in rows] == [f"revision {number}" for number in reversed(range(1203))]
    assert "journal.csv" in desk.show(ADA, "fr", "journal")
    assert "journal.csv" not in desk.show(ELLA, "fr", "journal")
    with pytest.raises(NotAllowed):
        desk.export(ELLA, "fr", "journal", "journal.csv")


def test_the_file_holds_no_formula(desk: Desk, journal: Journal) -> None:
    """Whatever a spreadsheet would compute is text in the file."""
    hostile = ["=cmd|'/c calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", " =1", "\r=1"]
    for text in hostile:
        journal.note("ella", "edited", text)
    text = desk.export(ADA, "fr", "journal", "journal.csv")[1].decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";"))
    assert all(row["subject"].startswith("'") for row in rows)


@pytest.mark.parametrize("room", ["documents", "pins", "gaps", "cards", "pages"])
def test_what_the_rooms_write_is_read_in_words(room: str) -> None:
    """Every action that is written into the journal has its words: nobody reads the names of our code."""
    written = {
        "documents": "received refused drafted edited submitted withdrawn scheduled published overruled archived "
        "discarded recovered",
        "pins": "prepared changed activated deactivated review_asked review_settled held_back",
        "gaps": "in_hand closed reopened renamed noted document_started merged split",
        "cards": "value_proposed value_confirmed value_rejected decision_undone contradiction_ruled ruling_undone "
        "programme_made programme_withdrawn",
        "pages": "watched unwatched vanished",
    }
    for action in written[room].split():
        assert f"desk_journal.action_{action}" in catalogue(), action

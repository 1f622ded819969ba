"""Files that come in are stored before anything else, read one after another, and never lost."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from ingest.documents import SourceDocument
from ingest.embedding import StaticEmbedder
from ingest.errors import UnreadableFile
from ingest.intake import Intake
from ingest.library import Library
from ingest.readers.sandbox import Examined
from ingest.revisions import Revision
from ingest.settings import Settings

TEXT = "# Une prime\n\nLa prime couvre 40 % des frais de conseil des petites entreprises wallonnes.\n"


def judge(examined: Examined, revision: Revision) -> tuple[SourceDocument, Mapping[str, Any]]:
    """Return the document as it is; one that says «panne» breaks the judge."""
    document = examined.document
    if "panne" in document.pages[0].text:
        raise ZeroDivisionError("a piece of the document")
    return document, {"name": revision.name}


@pytest.fixture
def intake(library: Library) -> Iterator[Intake]:
    with Intake(library, judge) as opened:
        yield opened


def arrived(library: Library, number: int, seconds: float = 30) -> Revision:
    """Return the revision once it was read."""
    until = time.monotonic() + seconds
    while (found := library.revisions.get(number)).state == "received":
        assert time.monotonic() < until, "not read in time"
        time.sleep(0.02)
    return found


def test_a_file_becomes_a_draft_under_its_own_name(intake: Intake, library: Library) -> None:
    """A received file is stored by its content, and read into a draft that shows the name it came with."""
    number = intake.write(TEXT, "../../Une prime.md", "anne")
    found = arrived(library, number)
    assert (found.state, found.name, found.created_by) == ("draft", "Une prime.md", "anne")
    digest = hashlib.sha256(TEXT.encode()).hexdigest()
    assert (found.digest, found.original) == (digest, f"{digest}.md")
    assert (library.settings.data_dir / "originals" / f"{digest}.md").read_text("utf-8") == TEXT
    assert library.documents == {}


def test_a_file_that_cannot_be_read_is_refused_with_its_reason(intake: Intake, library: Library) -> None:
    """A damaged PDF becomes a refusal with a kind and a sentence; the next file is read all the same."""
    bad = intake.write("%PDF-1.7 nothing of a PDF follows, startxref 0 endobj", "bad.pdf", "anne")
    good = intake.write(TEXT, "good.md", "anne")
    assert arrived(library, good).state == "draft"
    found = arrived(library, bad)
    assert found.state == "refused"
    assert found.problem
    assert found.problem["kind"] == "damaged"


def test_what_breaks_the_reading_does_not_end_it(intake: Intake, library: Library) -> None:
    """An error nobody foresaw refuses its own file, without a word of the document, and no other."""
    broken = intake.write("# Titre\n\nIl y a une panne dans cette phrase du document.\n", "broken.md", "anne")
    good = intake.write(TEXT, "good.md", "anne")
    assert arrived(library, good).state == "draft"
    found = arrived(library, broken)
    assert found.state == "refused"
    assert found.problem
    assert "piece" not in found.problem["message"]


def test_a_file_that_was_not_read_is_read_after_the_next_start(settings: Settings, embedder: StaticEmbedder) -> None:
    """A file that was acknowledged but not read when the process ended is read by the next one."""
    with Library.open(settings, embedder) as library:
        number = Intake(library, judge).write(TEXT, "prime.md", "anne")  # its thread never runs
        assert library.revisions.get(number).state == "received"
    with Library.open(settings, embedder) as library, Intake(library, judge):
        assert arrived(library, number).state == "draft"


def test_what_is_set_aside_while_it_is_read_stays_so(library: Library) -> None:
    """A file that somebody discards in the queue, or under the reader's hands, does not come back as a draft."""

    def discarding(examined: Examined, revision: Revision) -> tuple[SourceDocument, Mapping[str, Any]]:
        if revision.name == "read.md":
            library.revisions.discard(revision.number, "anne")
        return judge(examined, revision)

    intake = Intake(library, discarding)
    numbers = [intake.write(TEXT, name, "anne") for name in ("queued.md", "read.md", "kept.md")]
    library.revisions.discard(numbers[0], "anne")
    with intake:
        assert arrived(library, numbers[2]).state == "draft"
    assert [library.revisions.get(number).state for number in numbers[:2]] == ["discarded", "discarded"]


def test_a_refused_version_of_a_known_document_is_read_again(intake: Intake, library: Library) -> None:
    """What is taken back was read, or it is read again, even when its document is known already."""
    number = intake.write("%PDF-1.7 startxref 0 endobj", "bad.pdf", "anne", key="fr/page", language="fr")
    assert arrived(library, number).state == "refused"
    library.revisions.recover(number, "anne")
    assert library.revisions.get(number).state == "received"
    intake.wake()
    assert arrived(library, number).state == "refused"


def test_a_database_that_is_busy_does_not_end_the_reading(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of the database leaves files waiting; the next one that comes in wakes the reading."""
    busy = iter([OperationalError("SELECT", {}, Exception("database is locked"))])
    look = library.revisions.list

    def list_(*states: Any, **how: Any) -> list[Revision]:
        for error in busy:
            raise error
        return look(*states, **how)

    monkeypatch.setattr(library.revisions, "list", list_)
    with Intake(library, judge) as intake:
        time.sleep(0.1)
        assert arrived(library, intake.write(TEXT, "prime.md", "anne")).state == "draft"


def test_what_was_not_received_to_its_end_is_swept_away(settings: Settings, embedder: StaticEmbedder) -> None:
    """A half-written file of an upload that broke off is gone after the next start."""
    with Library.open(settings, embedder) as library:
        half = Intake(library, judge).folder / "half"
        half.write_text("half a f")
    with Library.open(settings, embedder):
        assert not half.exists()


def test_a_file_that_is_too_large_is_refused_at_once(library: Library, intake: Intake) -> None:
    """A file over the limit is refused before anything is stored."""
    path = intake.folder / "large"
    with path.open("wb") as file:
        file.truncate((library.settings.max_file_megabytes + 1) * 2**20)
    with pytest.raises(UnreadableFile, match=r"large\.bin: larger than 50 MB"):
        intake.receive(path, "large.bin", "anne")
    assert library.revisions.list() == []


def test_the_same_content_twice_is_stored_once(intake: Intake, library: Library) -> None:
    """Two uploads of one content are two revisions over one original."""
    numbers = [intake.write(TEXT, name, "anne") for name in ("a.md", "b.md")]
    assert [arrived(library, number).name for number in numbers] == ["a.md", "b.md"]
    assert len([path for path in (library.settings.data_dir / "originals").iterdir() if path.is_file()]) == 1


def test_a_name_cannot_leave_the_folder_of_originals(intake: Intake, library: Library, tmp_path: Path) -> None:
    """Whatever a name says, its file lies in the folder of originals under the digest of its content."""
    for name in ("../../../etc/passwd", "..\\..\\x.md", "a/b/c.pdf\x00.md", "con", ".md", "x." + "y" * 300):
        number = intake.write(TEXT + name, name, "anne")
        original = library.revisions.get(number).original or ""
        assert library.originals.path(original).parent == library.settings.data_dir / "originals"

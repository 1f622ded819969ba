"""Every version of a document has a state; what is served is what is published; nothing is lost on the way."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ingest import serving
from ingest.checking import check
from ingest.database import RevisionRow, StateRow
from ingest.documents import SourceDocument
from ingest.intake import Intake
from ingest.library import Library
from ingest.revisions import Edit, UnknownRevision, WrongState
from tests.ingest.samples import sheet

Draft = Callable[..., int]


@pytest.fixture
def draft(library: Library, documents: list[SourceDocument]) -> Draft:
    """Write a draft of the French sheet, with other words if they are given."""

    def write(text: str = "", **changes: object) -> int:
        document = documents[0]
        if text:
            page = document.pages[0]
            statement = replace(page.sections[0].statements[0], text=text)
            section = replace(page.sections[0], statements=(statement,))
            document = replace(document, pages=(replace(page, sections=(section,)),), digest=f"{hash(text):x}")
        return library.revisions.write(replace(document, **changes), "aide.md", "upload", "anne")  # type: ignore[arg-type]

    return write


def texts(library: Library) -> list[str]:
    """Return what is served, passage by passage."""
    return [passage.text for passage in library.passages_of(list(library.documents))]


def test_a_draft_is_not_served(library: Library, draft: Draft) -> None:
    """A draft is kept with its text, and no reader sees it."""
    number = draft()
    assert library.documents == {}
    assert library.revisions.document(number).pages[0].text.startswith("L'aide couvre")
    assert library.revisions.get(number).state == "draft"


def test_a_published_draft_is_served_in_all_stores(library: Library, draft: Draft) -> None:
    """Publishing a draft makes its passages found, and notes who did it."""
    report = library.publish([draft()], "bert")
    assert report.added == ("fr/aide",)
    assert library.count() == library.vectors.count() == library.words.count() == library.lexicon.count() == 1
    assert check(library) == []
    entry = library.journal.entries(subject="document fr/aide")[0]
    assert (entry.by, entry.action, entry.detail["version"]) == ("bert", "published", 1)


def test_a_new_version_replaces_the_old_one_and_keeps_it(library: Library, draft: Draft) -> None:
    """The second version is served instead of the first, which is kept as it was."""
    first = draft()
    library.publish([first], "anne")
    second = draft("L'aide est close.")
    library.publish([second], "anne")
    assert texts(library) == ["L'aide est close."]
    assert [library.revisions.get(number).state for number in (first, second)] == ["replaced", "published"]
    assert library.documents["fr/aide"].version == 2
    assert library.revisions.document(first).pages[0].text.startswith("L'aide couvre")


def test_a_roll_back_serves_the_very_passages_of_before(library: Library, draft: Draft) -> None:
    """Publishing a replaced version again serves the same passages under the same ids and version."""
    first = draft()
    library.publish([first], "anne")
    before = library.passages_of(["fr/aide"])
    library.publish([draft("L'aide est close.")], "anne")
    library.publish([first], "anne")
    assert library.passages_of(["fr/aide"]) == before
    assert library.documents["fr/aide"].version == 1
    assert check(library) == []
    library.publish([draft("Troisième texte.")], "anne")
    assert library.documents["fr/aide"].version == 3


def test_what_is_removed_can_be_published_again(library: Library, draft: Draft) -> None:
    """A document that was taken out is archived, not deleted, and comes back whole."""
    number = draft()
    library.publish([number], "anne")
    library.remove(["fr/aide"], by="bert")
    assert (library.documents, library.vectors.count()) == ({}, 0)
    assert library.revisions.get(number).state == "archived"
    library.publish([number], "bert")
    assert len(texts(library)) == 1
    assert check(library) == []


def test_a_reader_of_the_old_generation_is_not_disturbed(library: Library, draft: Draft) -> None:
    """A snapshot answers from its own documents and indexes while, and after, another generation is made."""
    library.publish([draft()], "anne")
    before = library.current
    vector = before.embedder.encode_queries(["aide conseil"])[0]
    library.publish([draft("Tout autre chose.")], "anne")
    (found,) = before.vectors.nearest(vector, "fr", 5)
    assert before.passages([found[0]])[found[0]].text.startswith("L'aide couvre")
    assert next(passage.text for passage in before.passages_of(["fr/aide"])).startswith("L'aide couvre")
    assert texts(library) == ["Tout autre chose."]


def test_the_folder_of_an_old_generation_goes_with_its_last_reader(library: Library, draft: Draft) -> None:
    """The indexes of an old generation are removed once nobody holds them."""
    library.publish([draft()], "anne")
    before = library.current
    library.publish([draft("Tout autre chose.")], "anne")
    folder = before.indexes.folder
    assert folder.is_dir()
    del before
    assert not folder.exists()
    assert library.current.indexes.folder.is_dir()


def test_a_candidate_shows_what_publishing_would_make(library: Library, draft: Draft) -> None:
    """A candidate holds the drafts and lacks what is to go, the library stays as it is, and no folder remains."""
    library.publish([draft()], "anne")
    number = draft("La prime est à 70 %.", id="prime")
    generation, folders = library.generation, set((library.settings.data_dir / "indexes").iterdir())
    with library.candidate([number], gone=["fr/aide"]) as candidate:
        assert list(candidate.documents) == ["fr/prime"]
        assert candidate.vectors.count() == candidate.words.count() == candidate.count() == 1
        (passage,) = candidate.passages_of(["fr/prime"])
        assert candidate.passages([passage.id]) == {passage.id: passage}
        del candidate, passage
    assert (list(library.documents), library.generation) == (["fr/aide"], generation)
    assert set((library.settings.data_dir / "indexes").iterdir()) == folders


def test_a_candidate_has_the_passages_that_publishing_then_makes(library: Library, draft: Draft) -> None:
    """What was looked at in a candidate is what is served afterwards, ids included."""
    library.publish([draft()], "anne")
    number = draft("La prime est à 70 %.")
    with library.candidate([number]) as candidate:
        looked_at = candidate.passages_of(["fr/aide"])
    library.publish([number], "anne")
    assert library.passages_of(["fr/aide"]) == looked_at


def test_two_drafts_of_one_document_are_not_published_together(library: Library, draft: Draft) -> None:
    """Of two drafts of one document the second is a failure that names both; the first is served."""
    report = library.publish([draft(), draft("Autre texte.")], "anne")
    assert (report.added, len(report.failed)) == (("fr/aide",), 1)
    assert report.failed[0].kind == "same_id"


@pytest.mark.parametrize("state", ["discarded", "published"])
def test_only_drafts_are_published(state: str, library: Library, draft: Draft) -> None:
    """What was set aside, or is served already, is refused with its name and state."""
    number = draft()
    if state == "discarded":
        library.revisions.discard(number, "anne")
    else:
        library.publish([number], "anne")
    with pytest.raises(WrongState, match=f"Une aide: is {state}"):
        library.publish([number], "anne")


def test_the_database_itself_refuses_two_served_versions(library: Library, draft: Draft) -> None:
    """Whatever a program does wrong, no document can have two published revisions."""
    library.publish([draft()], "anne")
    number = draft("Autre texte.")
    with pytest.raises(IntegrityError), Session(library.engine) as session, session.begin():
        session.get_one(RevisionRow, number).state = "published"


def test_an_edit_of_a_waiting_draft_asks_for_approval_anew(library: Library, draft: Draft) -> None:
    """What a second person was to approve is a draft again once it was changed; who changed it is known."""
    number = draft()
    library.revisions.submit(number, "anne")
    library.revisions.edit(number, Edit(title="Autre titre"), "carl")
    found = library.revisions.get(number)
    assert (found.state, found.title, found.submitted_by, found.edited_by) == ("draft", "Autre titre", "", "carl")


def test_an_edit_changes_what_is_served_of_the_head(library: Library, draft: Draft) -> None:
    """Title, language and id of an edit are those of the published passages."""
    number = draft()
    library.revisions.edit(number, Edit(id="hilfe", language="de", title="Eine Hilfe", meta={"closes": "2027"}), "anne")
    library.publish([number], "anne")
    (passage,) = library.passages_of(["de/hilfe"])
    assert (passage.title, passage.language, passage.document) == ("Eine Hilfe", "de", "hilfe")
    assert library.documents["de/hilfe"].meta["closes"] == "2027"


def test_a_document_is_published_on_its_day(library: Library, draft: Draft) -> None:
    """A scheduled draft is served from its day on, in the name of who scheduled it, and not before."""
    number = draft()
    library.revisions.schedule(number, dt.date(2026, 12, 1), "bert")
    assert library.settle(dt.date(2026, 11, 30)) is None
    assert library.is_due(dt.date(2026, 12, 1))
    report = library.settle(dt.date(2026, 12, 1))
    assert report
    assert report.added == ("fr/aide",)
    assert library.revisions.get(number).published_by == "bert"
    assert library.settle(dt.date(2026, 12, 1)) is None


def test_a_document_is_archived_after_its_last_day(library: Library, draft: Draft) -> None:
    """On its last day a document is served, on the next no more."""
    number = draft()
    library.publish([number], "anne")
    library.revisions.mark(number, Edit(expires_on="2026-12-31"), "anne")
    assert library.settle(dt.date(2026, 12, 31)) is None
    assert library.settle(dt.date(2027, 1, 1)).removed == ("fr/aide",)  # type: ignore[union-attr]
    assert library.revisions.get(number).state == "archived"


def test_a_last_day_that_was_set_before_publication_holds(library: Library, draft: Draft) -> None:
    """A draft that already has its last day is archived after it, although nobody touched it since."""
    number = draft()
    library.revisions.edit(number, Edit(expires_on="2026-12-31"), "anne")
    assert not library.is_due(dt.date(2026, 12, 1))
    library.publish([number], "anne")
    assert library.is_due(dt.date(2027, 1, 1))


@pytest.mark.parametrize("meanwhile", ["edited", "discarded"])
def test_what_changes_while_it_is_published_is_not_published(meanwhile: str, library: Library, draft: Draft) -> None:
    """A draft that is edited or set aside while its index is built is not served, and no folder stays behind."""
    library.publish([draft("Autre aide.", id="autre")], "anne")
    number, folders = draft(), set((library.settings.data_dir / "indexes").iterdir())

    def change(*_: object) -> None:
        if meanwhile == "edited":
            library.revisions.edit(number, Edit(id="vol"), "carl")
        else:
            library.revisions.discard(number, "carl")

    with pytest.raises(WrongState, match="Une aide"):
        library.publish([number], "bert", change)
    assert library.revisions.get(number).state == {"edited": "draft"}.get(meanwhile, meanwhile)
    assert list(library.documents) == ["fr/autre"]
    assert set((library.settings.data_dir / "indexes").iterdir()) == folders
    assert check(library) == []
    # The passages that it had laid out already are gone.
    assert library.passages_of_revision(number) == []
    library.publish([draft()], "bert")
    assert sorted(library.documents) == ["fr/aide", "fr/autre"]
    assert len(texts(library)) == 2
    assert check(library) == []


def test_others_write_while_passages_are_laid_out(
    library: Library, draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The passages of a large publication are stored before its transaction: a receipt needs not wait for them."""
    monkeypatch.setattr(serving, "_AT_ONCE", 1)
    numbers = [draft(f"Aide numéro {number}.", id=f"aide-{number}") for number in range(3)]
    waits: list[str] = []

    def write() -> bool:
        with Session(library.engine) as session, session.begin():
            session.merge(StateRow(name="probe", value=str(len(waits))))
        waits.append("written")
        return False

    library.waited_for = write
    library.publish(numbers, "bert")
    assert len(waits) >= len(numbers)
    assert len(library.documents) == 3


def test_what_changes_nothing_is_not_in_the_journal(library: Library, draft: Draft) -> None:
    """Of a form that was saved, the journal names what changed; nothing, if nothing did."""
    library.publish([number := draft()], "anne")
    library.revisions.mark(number, Edit(owner="anne", remark=""), "anne")
    library.revisions.mark(number, Edit(owner="anne", remark=""), "bert")
    entries = library.journal.entries(subject=f"revision {number}", action="edited")
    assert [(entry.by, entry.detail["changed"]) for entry in entries] == [("anne", ["owner"])]


def test_two_drafts_for_one_day_leave_the_choice_to_staff(library: Library, draft: Draft) -> None:
    """Of two drafts of one document that are due together one is published, the other is a draft again."""
    numbers = [draft(), draft("Autre texte.")]
    for number in numbers:
        library.revisions.schedule(number, dt.date(2026, 12, 1), "bert")
    library.settle(dt.date(2026, 12, 2))
    assert sorted(library.revisions.get(number).state for number in numbers) == ["draft", "published"]


def test_what_was_set_aside_can_be_taken_back(library: Library, draft: Draft) -> None:
    """A discarded draft is a draft again when it is recovered."""
    number = draft()
    library.revisions.discard(number, "anne")
    library.revisions.recover(number, "anne")
    assert library.revisions.get(number).state == "draft"


def test_an_unknown_revision_is_an_error(library: Library) -> None:
    """A number that no revision has is told in a sentence."""
    with pytest.raises(UnknownRevision, match="revision 99: there is none"):
        library.revisions.get(99)


def test_a_file_from_the_command_line_has_revisions_too(library: Library, documents: list[SourceDocument]) -> None:
    """What is added without the desk is kept version by version as well, and can be rolled back."""
    library.add_documents(documents)
    library.add_documents([replace(documents[0], title="Une autre aide", digest="other")])
    states = [(each.version, each.state) for each in library.revisions.list(key="fr/aide")]
    assert states == [(2, "published"), (1, "replaced")]
    library.publish([library.revisions.list("replaced")[0].number], "anne")
    assert library.documents["fr/aide"].title == "Une aide"


def test_a_folder_does_not_undo_what_staff_corrected(library: Library, folder: Path) -> None:
    """A sheet of a folder that was corrected at the desk stays corrected until its file changes."""
    library.add([folder])
    intake = Intake(library, lambda examined, _: (examined.document, {}))
    number = intake.write(sheet("aide", "L'aide est close."), "aide.md", "anne")
    with intake:
        while library.revisions.get(number).state == "received":
            time.sleep(0.02)
    library.publish([number], "anne")
    assert library.add([folder]).changes == 0
    assert library.documents["fr/aide"].revision == number
    (folder / "aide.md").write_text(sheet("aide", "L'aide rouvre."), "utf-8")
    assert library.add([folder]).replaced == ("fr/aide",)

"""A library takes in documents, keeps its three stores together, and belongs to one process."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.analysis import terms
from ingest.checking import check
from ingest.documents import SourceDocument
from ingest.embedding import StaticEmbedder
from ingest.errors import LibraryBusy, LibraryUnwritable, ModelMismatch, SettingsError, UnknownDocument
from ingest.library import Library
from ingest.report import Report
from ingest.settings import Settings
from tests.ingest.samples import sheet, tiny_model

ROOT = Path(__file__).parents[2]


def keys(report: Report) -> dict[str, tuple[str, ...]]:
    """Return what a report says of documents, without what is empty."""
    names = ("added", "replaced", "removed", "unchanged")
    return {name: getattr(report, name) for name in names if getattr(report, name)}


def found(library: Library, question: str) -> list[str]:
    """Return the French documents that share words with *question*, by way of the index."""
    ids = [id for id, _ in library.words.best(dict.fromkeys(terms(question, "fr"), 1.0), "fr", 10)]
    return sorted({passage.document_key for passage in library.passages(ids).values()})


# --- taking in -------------------------------------------------------------------------------------------------------


def test_a_folder_is_taken_in(library: Library, folder: Path) -> None:
    """Every sheet of a folder becomes a document with passages in all three stores."""
    report = library.add([folder])
    assert keys(report) == {"added": ("fr/aide", "nl/lening")}
    assert library.count() == library.vectors.count() == library.words.count() == 2
    assert library.documents["fr/aide"].version == 1
    assert found(library, "frais de conseil") == ["fr/aide"]


def test_a_second_add_changes_nothing(library: Library, folder: Path) -> None:
    """Adding an unchanged folder adds, replaces and removes no document, and the generation stays."""
    library.add([folder])
    generation = library.generation
    report = library.add([folder])
    assert keys(report) == {"unchanged": ("fr/aide", "nl/lening")}
    assert report.changes == 0
    assert library.generation == generation


def test_a_changed_file_is_replaced(library: Library, folder: Path) -> None:
    """A changed file gives the next version of its document; the words of the old one are found no more."""
    library.add([folder])
    (folder / "aide.md").write_text(sheet("aide", "La prime est fermée."), "utf-8")
    assert keys(library.add([folder])) == {"replaced": ("fr/aide",), "unchanged": ("nl/lening",)}
    assert library.documents["fr/aide"].version == 2
    assert (found(library, "conseil"), found(library, "fermée")) == ([], ["fr/aide"])
    assert [passage.text for passage in library.passages_of(["fr/aide"])] == ["La prime est fermée."]
    assert check(library) == []


def test_a_removed_file_is_removed(library: Library, folder: Path) -> None:
    """A file that is gone from an added folder is gone from the library and from both indexes."""
    library.add([folder])
    (folder / "aide.md").unlink()
    assert keys(library.add([folder])) == {"removed": ("fr/aide",), "unchanged": ("nl/lening",)}
    assert found(library, "conseil") == []
    assert check(library) == []


def test_a_single_file_is_not_removed(library: Library, folder: Path, tmp_path: Path) -> None:
    """A document that was added as a file of its own stays when folders are added and its file is gone."""
    single = tmp_path / "prime.md"
    single.write_text(sheet("prime", "La prime existe."), "utf-8")
    library.add([single])
    single.unlink()
    library.add([folder])
    assert "fr/prime" in library.documents


def test_a_file_that_moves_within_its_folder_is_replaced(library: Library, folder: Path) -> None:
    """A sheet in another place of the same folder is the same document, not a removed one."""
    library.add([folder])
    (folder / "old").mkdir()
    (folder / "aide.md").rename(folder / "old" / "aide.md")
    assert keys(library.add([folder])) == {"replaced": ("fr/aide",), "unchanged": ("nl/lening",)}
    assert check(library) == []


def test_a_file_with_another_id_leaves_no_old_document(library: Library, folder: Path) -> None:
    """When the id in a file changes, the document with the old id goes."""
    library.add([folder])
    (folder / "aide.md").write_text(sheet("prime", "La prime existe."), "utf-8")
    assert keys(library.add([folder]))["removed"] == ("fr/aide",)
    assert set(library.documents) == {"fr/prime", "nl/lening"}


def test_two_files_with_one_id_are_told_apart(library: Library, folder: Path) -> None:
    """Of two files with the same id the first is served; the failure names both, now and every next time."""
    (folder / "autre.md").write_text(sheet("aide", "Une autre aide."), "utf-8")
    for _ in range(2):
        report = library.add([folder])
        (failure,) = report.failed
        assert failure.kind == "same_id"
        assert failure.message.startswith("autre.md: ")
        assert " as aide.md;" in failure.message
        assert library.documents["fr/aide"].version == 1
        assert found(library, "conseil") == ["fr/aide"]


def test_a_new_file_does_not_push_out_another(library: Library, folder: Path) -> None:
    """A file that comes later with the id of one that is served fails, even if its name sorts first."""
    library.add([folder])
    (folder / "a.md").write_text(sheet("aide", "Une autre aide."), "utf-8")
    report = library.add([folder])
    assert keys(report) == {"unchanged": ("fr/aide", "nl/lening")}
    assert [Path(failure.path).name for failure in report.failed] == ["a.md"]


def test_a_file_that_breaks_stays_in_service(library: Library, folder: Path) -> None:
    """A file that cannot be read any more is a failure, and what it said before is kept."""
    library.add([folder])
    (folder / "aide.md").write_text(sheet("aide", "Une aide.", lang="es"), "utf-8")
    report = library.add([folder])
    assert [failure.kind for failure in report.failed] == ["front_matter"]
    assert "key lang" in report.failed[0].message
    assert found(library, "conseil") == ["fr/aide"]


def test_what_is_no_document_is_left_alone(library: Library, folder: Path) -> None:
    """A folder's README, its hidden files and files of another kind are passed over; a path that is not there fails."""
    for name in ("README.md", ".draft.md", "table.csv"):
        (folder / name).write_text("Rien.", "utf-8")
    report = library.add([folder / "gone.md", folder])
    assert keys(report) == {"added": ("fr/aide", "nl/lening")}
    assert [failure.kind for failure in report.failed] == ["missing"]


def test_the_original_is_stored(library: Library, folder: Path, settings: Settings) -> None:
    """The bytes of each file are kept under their digest, also when the file is gone."""
    content = (folder / "aide.md").read_bytes()
    library.add([folder / "aide.md"])
    (folder / "aide.md").unlink()
    (original,) = (path for path in (settings.data_dir / "originals").iterdir() if path.is_file())
    assert original.name == f"{hashlib.sha256(content).hexdigest()}.md"
    assert original.read_bytes() == content


def test_progress_is_told(library: Library, folder: Path) -> None:
    """Reading and indexing each count up to their total."""
    steps: list[tuple[str, int, int]] = []
    library.add([folder], lambda *step: steps.append(step))
    assert steps == [("read", 1, 2), ("read", 2, 2), ("index", 1, 2), ("index", 2, 2)]


# --- taking out, looking up ------------------------------------------------------------------------------------------


def test_documents_are_removed_by_id_or_by_key(library: Library, documents: list[SourceDocument]) -> None:
    """An id stands for every language of a document, a key for one, and naming both is no harm."""
    library.add_documents([*documents, replace(documents[0], language="en")])
    assert library.remove(["en/aide"]).removed == ("en/aide",)
    assert library.remove(["aide", "fr/aide"]).removed == ("fr/aide",)
    assert set(library.documents) == {"nl/lening"}
    assert check(library) == []


def test_an_unknown_id_is_told(library: Library) -> None:
    """Removing what is not there names the id and the way to see the others."""
    with pytest.raises(UnknownDocument, match=r"^gone: .*python -m ingest list"):
        library.remove(["gone"])


def test_a_passage_comes_back_as_it_was(library: Library, documents: list[SourceDocument]) -> None:
    """What the library stores of a passage is what was cut, quote and source included."""
    library.add_documents(documents)
    (passage,) = library.passages_of(["fr/aide"])
    ((span, quote),) = passage.quotes()
    assert quote == "L'aide couvre la moitié des frais de conseil."
    assert (span.source.url, span.source.as_of, span.section) == ("https://example.org/page", "2026-05-31", "brief")
    assert library.passages([passage.id, "fr/gone:1:0"]) == {passage.id: passage}


def test_meaning_is_found_across_words(
    library: Library, documents: list[SourceDocument], embedder: StaticEmbedder
) -> None:
    """A question finds the nearest passage of its language by meaning, and no passage of another one."""
    library.add_documents(documents)
    vector = embedder.encode(["subvention pour payer un consultant"])[0]
    ((id, likeness),) = library.vectors.nearest(vector, "fr", 5)
    assert id in {passage.id for passage in library.passages_of(["fr/aide"])}
    assert 0 < likeness < 1


def test_check_tells_what_is_due_for_review(library: Library, tmp_path: Path) -> None:
    """A healthy library has nothing wrong but the sheets whose day of review is past."""
    path = tmp_path / "aide.md"
    path.write_text(sheet("aide", "Une aide.", review_by="2020-02-01"), "utf-8")
    library.add([path])
    assert check(library) == ["fr/aide: was to be reviewed by 2020-02-01."]


# --- repairing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("index", ["chroma", "words"])
def test_another_generation_is_repaired(
    index: str, settings: Settings, embedder: StaticEmbedder, documents: list[SourceDocument]
) -> None:
    """When an index does not stand for the state of the database, it is derived anew on opening."""
    with Library.open(settings, embedder) as library:
        library.add_documents(documents)
        generation = library.generation
        library.vectors.remove([passage.id for passage in library.passages_of(["fr/aide"])])
        folder = library.current.indexes.folder
    (folder / index / "whole").unlink()
    with Library.open(settings, embedder, repair=False) as library:
        assert any("another generation" in problem for problem in check(library))
    with Library.open(settings, embedder) as library:
        assert check(library) == []
        assert library.generation == generation
        assert library.repair() is False


def test_a_deleted_index_is_repaired(
    settings: Settings, embedder: StaticEmbedder, documents: list[SourceDocument]
) -> None:
    """An index whose folder was deleted is derived anew on opening, also when a check made an empty one meanwhile."""
    with Library.open(settings, embedder) as library:
        library.add_documents(documents)
        folder = library.current.indexes.folder
    shutil.rmtree(folder / "words")
    with Library.open(settings, embedder, repair=False) as library:
        assert any("words 0" in problem for problem in check(library))
    with Library.open(settings, embedder) as library:
        assert check(library) == []
        assert found(library, "conseil") == ["fr/aide"]


def test_another_model_is_refused_until_the_index_is_rebuilt(
    settings: Settings, embedder: StaticEmbedder, documents: list[SourceDocument], tmp_path: Path
) -> None:
    """An index made with another model is not searched; the refusal names the command that mends it."""
    with Library.open(settings, embedder) as library:
        library.add_documents(documents)
    tiny = StaticEmbedder(tiny_model(tmp_path / "tiny"))
    with pytest.raises(ModelMismatch, match=f"{embedder.name}, not {tiny.name}; run `python -m ingest rebuild`"):
        Library.open(settings, tiny)
    with Library.open(settings, tiny, repair=False) as library:
        library.rebuild()
    with Library.open(settings, tiny) as library:
        assert len(library.vectors.nearest(tiny.encode(["moitié"])[0], "fr", 5)) == 1


def test_a_rebuild_that_is_interrupted_changes_nothing(
    settings: Settings, embedder: StaticEmbedder, documents: list[SourceDocument], tmp_path: Path
) -> None:
    """After a rebuild with another model that stopped half way, the index is that of the old model, and whole."""
    with Library.open(settings, embedder) as library:
        library.add_documents(documents)

    def stop(step: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    tiny = StaticEmbedder(tiny_model(tmp_path / "tiny"))
    with pytest.raises(KeyboardInterrupt), Library.open(settings, tiny, repair=False) as library:
        library.rebuild(stop)
    with pytest.raises(ModelMismatch):
        Library.open(settings, tiny)
    with Library.open(settings, embedder) as library:
        assert check(library) == []
        assert library.vectors.count() == library.count()
        assert len(list((settings.data_dir / "indexes").iterdir())) == 1


def test_check_tells_that_another_model_is_set(
    settings: Settings, embedder: StaticEmbedder, documents: list[SourceDocument], tmp_path: Path
) -> None:
    """An index of another model than the one that is set is a thing to mend."""
    with Library.open(settings, embedder) as library:
        library.add_documents(documents)
    with Library.open(settings, StaticEmbedder(tiny_model(tmp_path / "tiny")), repair=False) as library:
        (problem,) = check(library)
    assert problem.startswith(f"The index was made with the model {embedder.name}, not tiny@")


# --- owning the data folder ------------------------------------------------------------------------------------------


@contextmanager
def another_process(program: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Run *program*, which prints a line when it is where the test wants it and then waits, until the test is done."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        yield child
    finally:
        child.kill()
        child.communicate()


OWNER = """
import sys, time
from ingest.library import Library
from ingest.settings import Settings

with Library.open(Settings(data_dir=sys.argv[1])):
    print("ready", flush=True)
    time.sleep(60)
"""


def test_a_second_owner_is_refused(settings: Settings, embedder: StaticEmbedder) -> None:
    """While one process owns the data folder, another is told so; when the first dies, the folder is free."""
    busy = pytest.raises(LibraryBusy, match="a running guichet owns this folder; stop it")
    with another_process(OWNER, settings.data_dir), busy:
        Library.open(settings, embedder)
    Library.open(settings, embedder).close()


def test_a_failed_opening_frees_the_folder(settings: Settings, embedder: StaticEmbedder, tmp_path: Path) -> None:
    """An opening that is refused leaves no lock behind."""
    with pytest.raises(SettingsError):
        Library.open(Settings(data_dir=settings.data_dir, embedding_model=tmp_path / "none"))
    Library.open(settings, embedder).close()


def test_a_data_folder_that_cannot_be_made_is_refused(tmp_path: Path, embedder: StaticEmbedder) -> None:
    """A data folder in the place of a file is refused with the setting to change."""
    (tmp_path / "data").write_text("a file")
    with pytest.raises(LibraryUnwritable, match=r"cannot write there .* with GUICHET_DATA_DIR"):
        Library.open(Settings(data_dir=tmp_path / "data"), embedder)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_data_folder_that_is_read_only_is_refused(tmp_path: Path, embedder: StaticEmbedder) -> None:
    """A data folder without the right to write is refused with the setting to change."""
    (tmp_path / "data").mkdir(mode=0o500)
    with pytest.raises(LibraryUnwritable, match=r"cannot write there \(Permission denied\)"):
        Library.open(Settings(data_dir=tmp_path / "data"), embedder)


ADDER = """
import sys, time
from pathlib import Path
from ingest.library import Library
from ingest.settings import Settings

def stop(step, done, total):
    if step == sys.argv[3]:
        print("ready", flush=True)
        time.sleep(60)

with Library.open(Settings(data_dir=sys.argv[1])) as library:
    library.add([Path(sys.argv[2])], stop)
"""


@pytest.mark.parametrize("step", ["read", "index"])
def test_a_process_that_is_killed_leaves_a_library_that_mends_itself(
    step: str, settings: Settings, embedder: StaticEmbedder, documents: list[SourceDocument],
    tmp_path: Path,
) -> None:  # fmt: skip
    """An add that is killed, while reading or while indexing, has changed nothing, and can be done again."""
    with Library.open(settings, embedder) as library:
        library.add_documents(documents)
    path = tmp_path / "lening.md"
    path.write_text(sheet("lening", "De lening is gesloten.", lang="nl"), "utf-8")
    with another_process(ADDER, settings.data_dir, path, step) as child:
        child.send_signal(signal.SIGKILL)
        child.wait()
    with Library.open(settings, embedder) as library:
        assert check(library) == []
        assert [info.version for info in library.documents.values()] == [1, 1]
        library.add([path])
        assert [info.version for info in library.documents.values()] == [1, 2]
        assert check(library) == []

"""python -m ingest, as it is run in a terminal."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docx
import pytest

from tests.ingest.readers.samples import pdf
from tests.ingest.samples import sheet

ROOT = Path(__file__).parents[2]
TEXT = "La Région accorde aux petites entreprises une aide qui couvre la moitié de leurs frais de conseil."
KEYS = {"fr/aide", "fr/guide", "fr/note", "fr/page", "fr/tableau"}


@dataclass(frozen=True)
class Run:
    """What a command printed and its exit status."""

    status: int
    out: str
    errors: str

    @property
    def json(self) -> Any:
        """The one JSON object on standard output."""
        return json.loads(self.out)


def ingest(data: Path, *arguments: object) -> Run:
    """Run ``python -m ingest`` on the data folder *data*."""
    command = [sys.executable, "-m", "ingest", *map(str, arguments)]
    environment = {**os.environ, "GUICHET_DATA_DIR": str(data), "GUICHET_TODAY": "2026-11-23"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return Run(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one document of each format, one of them in a folder below."""
    folder = tmp_path_factory.mktemp("mixed")
    (folder / "aide.md").write_text(sheet("aide", TEXT), "utf-8")
    page = f"<!doctype html><html lang='fr'><title>Page</title><body><article><p>{TEXT}</p></article></body></html>"
    (folder / "page.html").write_text(page, "utf-8")
    (folder / "note.txt").write_text(TEXT, "utf-8")
    (folder / "below").mkdir()
    (folder / "below" / "guide.pdf").write_bytes(pdf([TEXT]))
    word = docx.Document()
    word.add_paragraph(TEXT)
    word.save(str(folder / "tableau.docx"))
    return folder


@pytest.fixture(scope="module")
def added(mixed: Path) -> tuple[Path, Run]:
    """A data folder after the mixed folder was added, and what the command said."""
    data = mixed.with_name(f"{mixed.name}-data")
    return data, ingest(data, "add", mixed, "--json")


@pytest.fixture
def data(added: tuple[Path, Run], tmp_path: Path) -> Path:
    """A copy of that data folder for a test of its own."""
    return Path(shutil.copytree(added[0], tmp_path / "data"))


def test_a_mixed_folder_is_added(added: tuple[Path, Run]) -> None:
    """Markdown, web page, Word file, PDF and text are taken in, and the report is one JSON object."""
    run = added[1]
    assert (run.status, set(run.json["added"]), run.json["failed"]) == (0, KEYS, [])


def test_a_second_add_tells_what_is_unchanged_and_what_failed(data: Path, mixed: Path, tmp_path: Path) -> None:
    """A file that cannot be read makes the status 1 and is told with its reason; the others are unchanged."""
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"%PDF-1.7\n1 0 obj\n<<")
    run = ingest(data, "add", mixed, broken)
    assert run.status == 1
    assert run.out.startswith("added 0, replaced 0, removed 0, unchanged 5, failed 1\n  failed: broken.pdf: ")
    assert len(run.out.splitlines()) == 2


def test_documents_are_listed(data: Path) -> None:
    """The list gives each document with key, version and title."""
    run = ingest(data, "list", "--json")
    assert run.status == 0
    assert {row["key"] for row in run.json} == KEYS
    assert next(row for row in run.json if row["key"] == "fr/aide")["title"] == "Une aide"


def test_documents_are_removed(data: Path) -> None:
    """Documents go by id or by key, and the report names them."""
    run = ingest(data, "remove", "guide", "fr/note", "--json")
    assert (run.status, run.json["removed"]) == (0, ["fr/guide", "fr/note"])


def test_an_unknown_document_is_an_error(data: Path) -> None:
    """An id that is not there is told on standard error in one sentence, with status 2."""
    run = ingest(data, "remove", "gone")
    assert (run.status, run.out) == (2, "")
    assert run.errors == "gone: no document has this id; `python -m ingest list` shows them all\n"


def test_a_lost_index_is_found_and_rebuilt(data: Path) -> None:
    """The check tells with status 1 that an index is lost, and a rebuild brings every passage back."""
    (folder,) = (data / "indexes").iterdir()
    shutil.rmtree(folder / "chroma")
    check = ingest(data, "check", "--json")
    assert check.status == 1
    assert all(problem.endswith("run `python -m ingest rebuild`.") for problem in check.json["problems"])
    rebuilt = ingest(data, "rebuild", "--json")
    assert (rebuilt.status, rebuilt.json) == (0, {"passages": 5, "generation": 1})
    assert ingest(data, "check").out == "All good.\n"


def test_a_wrong_setting_is_an_error(tmp_path: Path) -> None:
    """A data folder that cannot be made is told with the setting to change, with status 2."""
    (tmp_path / "file").write_text("")
    run = ingest(tmp_path / "file", "list")
    assert run.status == 2
    assert "GUICHET_DATA_DIR" in run.errors
    assert "Traceback" not in run.errors

"""Reading in a child process with limits."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest

from ingest.errors import UnreadableFile
from ingest.readers.sandbox import Sandbox
from ingest.settings import Settings
from tests.ingest.readers.bombs import fan_of_forms
from tests.ingest.readers.samples import pdf, statements
from tests.slowness import slowness

TEXT = "La Région accorde une aide aux entreprises."


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "note.txt"
    path.write_text(TEXT, "utf-8")
    return path


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A PDF whose forms call one another a billion times: its reader is busy with it for minutes."""
    path = tmp_path / "endless.pdf"
    path.write_bytes(fan_of_forms())
    return path


def test_documents_and_refusals_come_through(sandbox: Sandbox, note: Path, tmp_path: Path) -> None:
    """The sandbox returns the document and raises the refusal that reading alone would."""
    assert statements(sandbox.read(note, id="start-ia")) == [TEXT]
    assert sandbox.read(note, id="start-ia").key == "fr/start-ia"
    with pytest.raises(UnreadableFile, match=r"^gone\.pdf: cannot be opened"):
        sandbox.read(tmp_path / "gone.pdf")


def test_a_file_that_takes_too_long_is_given_up(endless: Path, note: Path) -> None:
    """A file that keeps its reader busy is refused in time, and the next one is read."""
    with Sandbox(Settings(reader_seconds=1, reader_megabytes=4096)) as sandbox:
        start = time.monotonic()
        with pytest.raises(UnreadableFile) as caught:
            sandbox.read(endless)
        assert caught.value.kind == "timeout"
        assert time.monotonic() - start < 6 * slowness()
        assert statements(sandbox.read(note)) == [TEXT]


def test_a_file_that_fills_the_memory_is_given_up(tmp_path: Path, note: Path) -> None:
    """A PDF whose content unpacks to hundreds of megabytes is refused for its memory, and the next one is read."""
    path = tmp_path / "bomb.pdf"
    path.write_bytes(_bomb(700))
    with Sandbox(Settings(reader_megabytes=256)) as sandbox:
        with pytest.raises(UnreadableFile) as caught:
            sandbox.read(path)
        assert caught.value.kind == "memory"
        assert statements(sandbox.read(note)) == [TEXT]


def _bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9)
    stream = b"".join(packer.compress(b" " * 2**20) for _ in range(megabytes)) + packer.flush()
    content = pdf([TEXT])
    start, end = content.rindex(b"<</Length"), content.rindex(b"endstream")
    head = b"<</Filter/FlateDecode/Length %d>>\nstream\n" % len(stream)
    return content[:start] + head + stream + b"\n" + content[end:]


def test_a_child_that_is_killed_is_replaced(note: Path) -> None:
    """When the system kills the child between two files, the next file is read by a new one."""
    with Sandbox(Settings()) as sandbox:
        sandbox.read(note)
        child = sandbox._child
        assert child is not None
        child.kill()
        child.wait()
        assert statements(sandbox.read(note)) == [TEXT]


def test_the_child_gets_no_secret(note: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key of the language model is not in the environment of the process that reads hostile files."""
    monkeypatch.setenv("GUICHET_LLM_API_KEY", "hidden")
    with Sandbox(Settings()) as sandbox:
        sandbox.read(note)
        assert sandbox._child is not None
        listing = Path(f"/proc/{sandbox._child.pid}/environ")
        if not listing.exists():
            pytest.skip("this system does not show the environment of a process")
        assert b"hidden" not in listing.read_bytes()


def test_many_small_files_are_read_quickly(tmp_path: Path) -> None:
    """Reading 500 short Markdown files takes less than 3 seconds once the child has loaded what it needs."""
    for number in range(500):
        (tmp_path / f"note-{number}.md").write_text(f"# Note {number}\n\n{TEXT}\n\n- un point\n", "utf-8")
    with Sandbox(Settings()) as sandbox:
        sandbox.read(tmp_path / "note-0.md")
        start = time.monotonic()
        for path in tmp_path.iterdir():
            sandbox.read(path)
    assert time.monotonic() - start < 3 * slowness()


def test_the_child_stays_light() -> None:
    """The module that the child starts from loads no parser, index, model or screen."""
    heavy = "{'chromadb', 'gradio', 'torch', 'trafilatura', 'docx', 'pypdfium2', 'numpy', 'pydantic'}"
    program = f"import sys, ingest.readers, ingest.readers.sandbox; sys.exit(str(set(sys.modules) & {heavy} or ''))"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=False
    )
    assert not result.stderr.strip()


def test_a_stored_file_is_refused_by_its_own_name(endless: Path) -> None:
    """What the sandbox itself refuses, for time or memory, bears the name that people know."""
    with (
        Sandbox(Settings(reader_seconds=0.05)) as sandbox,
        pytest.raises(UnreadableFile, match=r"^annexe\.html: takes"),
    ):
        sandbox.read(endless, name="../annexe.html")


def test_findings_come_with_the_document_when_asked_for(sandbox: Sandbox, note: Path) -> None:
    """Examining a file gives its document and what was found in it; reading alone does not look."""
    examined = sandbox.examine(note, name="Une note.txt")
    assert statements(examined.document) == [TEXT]
    assert (examined.findings.words, examined.findings.title.value) == (7, "Une note")


def test_only_documents_come_back(tmp_path: Path) -> None:
    """A reply that is larger than any document, or something else, is not taken into this process."""
    import io
    import pickle

    from ingest.readers import sandbox as module

    for content in (pickle.dumps("text"), pickle.dumps(module.Reply("text", False))):  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="neither a document nor a refusal"):
            module._received(io.BytesIO(len(content).to_bytes(8, "big") + content))
    with pytest.raises(ValueError, match="larger than any document"):
        module._received(io.BytesIO((2**40).to_bytes(8, "big")))
    with pytest.raises(pickle.UnpicklingError):
        module._received(io.BytesIO(len(pickle.dumps(print)).to_bytes(8, "big") + pickle.dumps(print)))

"""Files made to hang, fill or fool a reader are refused or read within limits."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.errors import UnreadableFile
from ingest.readers.sandbox import Sandbox
from ingest.settings import Settings
from tests.ingest.readers.bombs import BOMBS, TEXT, Bomb, many_members
from tests.ingest.readers.samples import statements
from tests.slowness import slowness

SECONDS = 3.0


@pytest.fixture(scope="module")
def seconds() -> float:
    """How long a file may take here and now."""
    return SECONDS * slowness()


@pytest.fixture(scope="module")
def hasty(seconds: float) -> Iterator[Sandbox]:
    """A sandbox without much time or memory."""
    with Sandbox(Settings(reader_seconds=seconds, reader_megabytes=512)) as opened:
        yield opened


@pytest.mark.parametrize("bomb", BOMBS, ids=[bomb.name for bomb in BOMBS])
def test_a_bomb_is_refused_or_read_within_limits(hasty: Sandbox, seconds: float, tmp_path: Path, bomb: Bomb) -> None:
    """Each ends in time with the text or one sentence of the right kind, and the next file is read."""
    path, note = tmp_path / bomb.name, tmp_path / "note.txt"
    path.write_bytes(bomb.make())
    note.write_text(TEXT, "utf-8")
    broken, start = hasty.broken, time.monotonic()
    try:
        hasty.read(path)
        outcome, message = "read", f"{bomb.name}: "
    except UnreadableFile as refusal:
        outcome, message = refusal.kind, str(refusal)
    assert time.monotonic() - start < seconds + 3 * slowness()
    # A busy machine may take its time for what is read otherwise.
    assert outcome in (*bomb.kinds, "timeout")
    assert message.startswith((f"{bomb.name}: ", f"{bomb.name}, line "))
    assert "\n" not in message
    assert hasty.broken == broken
    assert statements(hasty.read(note)) == [TEXT]


def test_the_count_of_members_is_looked_at_before_they_are(tmp_path: Path, sandbox: Sandbox) -> None:
    """A directory of ten thousand members is refused in a moment."""
    path = tmp_path / "many.docx"
    path.write_bytes(many_members(10_000))
    start = time.monotonic()
    with pytest.raises(UnreadableFile, match="parts") as caught:
        sandbox.read(path)
    assert caught.value.kind == "too_many_members"
    assert time.monotonic() - start < 2 * slowness()

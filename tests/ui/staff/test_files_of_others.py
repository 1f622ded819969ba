"""Files that others made, good and hostile ones, sent to a running guichet as the desk sends them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ingest.database import connect
from ingest.revisions import Revision, Revisions
from tests.evaluation.readers import Given, given, is_right
from tests.ingest.readers.bombs import BOMBS
from tests.ingest.readers.samples import pdf
from tests.slowness import slowness
from tests.testdata import needed
from tests.ui.running import Running, running

ENDS = 120.0
"""Seconds until a file is read or refused; the reader itself gives up after 15."""
ANSWERS = 10.0
"""Seconds for one page, on a quiet machine."""
GROWTH = 2**30
MADE = ("loop.pdf", "laughs.svg", "pages.pdf", "members.docx", "nested-head.md")
"""Bombs of the tests of the readers that are refused at once, each for another reason."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A file that goes up, and whether it may be refused so, or read where there is no refusal."""

    name: str
    content: bytes
    is_right: Callable[[str | None], bool]


def sample() -> list[Sent]:
    """Return the first file of each kind of PDFs, Word files, articles and odd pages, and some that we made to harm."""
    first: dict[tuple[str, str], Given] = {}
    for each in given(needed("pdfs").parent):
        first.setdefault((each.group, each.category), each)
    made = {bomb.name: bomb for bomb in BOMBS}
    harmful = [Sent(name, made[name].make(), among(*made[name].kinds)) for name in MADE]
    return [
        *(Sent(each.path.name.removesuffix(".gz"), each.content, partial(is_right, each.category))
          for each in first.values()),
        *harmful, Sent("blank.pdf", pdf([]), among("no_text", "empty")),
    ]  # fmt: skip


def among(*kinds: str) -> Callable[[str | None], bool]:
    """Return whether a refusal is one of *kinds*, ``read`` among them where there is none."""
    return lambda refusal: (refusal or "read") in kinds


def peak(guichet: Running) -> int:
    """Return the most memory that the server itself ever held, in bytes; its readers are processes of their own."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{guichet.process.pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


def ended(revisions: Revisions, number: int) -> Revision:
    """Return a revision once its file was read or refused."""
    until = time.monotonic() + ENDS * slowness()
    while (found := revisions.get(number)).state == "received":
        assert time.monotonic() < until, f"{found.name} was not read in time"
        time.sleep(0.05)
    return found


def test_each_kind_of_file_is_a_draft_or_refused_and_the_server_goes_on(tmp_path: Path) -> None:
    """What has to be read is a draft, what cannot be is refused for the right reason, and a page follows each."""
    chosen, kinds = sample(), set()
    assert len(chosen) > 12
    with running(tmp_path / "data") as guichet:
        revisions = Revisions(connect(tmp_path / "data" / "guichet.sqlite"))
        before, wrong = peak(guichet), []
        for each in chosen:
            found = ended(revisions, guichet.upload(each.name, each.content))
            refusal = found.problem["kind"] if found.problem else None
            assert found.state == ("refused" if refusal else "draft"), each.name
            kinds.add(refusal)
            if not each.is_right(refusal):
                wrong.append((each.name, refusal))
            asked = time.monotonic()
            assert guichet.ask("/")[0] == 200
            assert time.monotonic() - asked < ANSWERS * slowness()
        assert wrong == []
        assert kinds == {None, "password", "damaged", "wrong_type", "too_large", "too_many_members", "front_matter",
                         "no_text"}  # fmt: skip
        assert peak(guichet) - before < GROWTH

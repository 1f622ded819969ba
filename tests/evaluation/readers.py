"""Measure the readers on the files of others: ``python -m tests.evaluation.readers [--bombs] [--json] [--files]``.

Every PDF, Word file and web page of the test data goes through the sandbox, as an upload does. What comes out is held
against ``expected.jsonl`` of its folder: words that are due, texts that are due, or a refusal of the right kind. With
``--bombs`` the files that the tests make to hang or to fill a reader go the same way.
"""

from __future__ import annotations

import argparse
import gzip
import json
import resource
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ingest.documents import SourceDocument
from ingest.errors import UnreadableFile
from ingest.readers.sandbox import Sandbox
from ingest.settings import Settings
from tests.ingest.readers.bombs import BOMBS, TEXT
from tests.ingest.readers.samples import recall, shingles, statements, whole_text
from tests.testdata import TESTDATA

HANG_SECONDS = 20
RIGHT_KINDS: dict[str, frozenset[str]] = {
    "text": frozenset(),
    "mixed": frozenset({"no_text", "damaged"}),
    "no_text": frozenset({"no_text", "empty"}),
    "little_or_no_text": frozenset({"empty", "no_text"}),
    # Encryption that other engines do not know counts as unreadable there, and as what it is here.
    "unreadable": frozenset({"damaged", "password", "wrong_type"}),
    "password": frozenset({"password"}),
    "article": frozenset(),
    "odd": frozenset(),
}
"""For each category of ``expected.jsonl`` the kinds of refusal that are right; none where the file has to be read."""
MUST_BE_REFUSED = frozenset({"password", "unreadable"})


def is_right(category: str, refusal: str | None) -> bool:
    """Return whether a file of that category may have been refused so, or read where there is no refusal."""
    return category not in MUST_BE_REFUSED if refusal is None else refusal in RIGHT_KINDS[category]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file: its refusal, or how much of what is due was found."""

    group: str
    file: str
    category: str
    seconds: float
    refusal: str | None = None
    message: str = ""
    recall: float | None = None
    precision: float | None = None
    crashed: bool = False
    next_seconds: float = 0.0
    """For a bomb: how long the next file took, an ordinary one."""
    allowed: tuple[str, ...] = ()
    """For a bomb: the outcomes that are right."""

    @property
    def right(self) -> bool:
        """Whether it was read where it had to be, or refused for a right reason."""
        if self.crashed:
            return False
        if self.allowed:
            return (self.refusal or "read") in self.allowed
        return is_right(self.category, self.refusal)


@dataclass(frozen=True, slots=True)
class Given:
    """A file of the test data with what is due."""

    group: str
    path: Path
    category: str
    words: tuple[str, ...] = ()
    text: str = ""
    allowed: tuple[str, ...] = ()

    @property
    def content(self) -> bytes:
        """The file itself; some are kept compressed."""
        kept = self.path.read_bytes()
        return gzip.decompress(kept) if self.path.suffix == ".gz" else kept


def given(folder: Path) -> Iterator[Given]:
    """Yield the files of the test data, the hostile ones among them."""
    for row in _rows(folder / "pdfs"):
        group = "normal PDFs" if row["file"].startswith("normal") else "nasty PDFs"
        yield Given(group, folder / "pdfs" / row["file"], row["category"], tuple(row["words"]))
    for row in _rows(folder / "docx"):
        yield Given("Word files", folder / "docx" / row["file"], row["category"], tuple(row["words"]))
    for row in _rows(folder / "html"):
        yield Given("articles", folder / "html" / row["file"], "article", text=row["text"])
    for path in sorted((folder / "html" / "odd").glob("*.htm*")):
        yield Given("odd pages", path, "odd")


def explode(sandbox: Sandbox, folder: Path) -> Iterator[Outcome]:
    """Read every bomb, and after each an ordinary file."""
    note = folder / "note.txt"
    note.write_text(TEXT, "utf-8")
    for bomb in BOMBS:
        path = folder / bomb.name
        path.write_bytes(bomb.make())
        outcome = _outcome(Given("bombs", path, "bomb", allowed=bomb.kinds), sandbox, folder)
        start = time.monotonic()
        sandbox.read(note)
        yield replace(outcome, next_seconds=round(time.monotonic() - start, 3))
        path.unlink()


def _rows(folder: Path) -> list[dict[str, Any]]:
    listing = folder / "expected.jsonl"
    if not listing.exists():
        raise SystemExit(f"{listing}: not there; set GUICHET_TESTDATA to the folder of the test data")
    return [json.loads(line) for line in listing.read_text("utf-8").splitlines()]


def measure(files: Iterable[Given], sandbox: Sandbox, folder: Path) -> list[Outcome]:
    """Read every file; *folder* takes the unpacked copies of those that are kept compressed."""
    return [_outcome(file, sandbox, folder) for file in files]


def _outcome(file: Given, sandbox: Sandbox, folder: Path) -> Outcome:
    path = file.path
    if path.suffix == ".gz":
        path = folder / path.stem
        path.write_bytes(file.content)
    broken, start = sandbox.broken, time.monotonic()
    document, refusal, message, crashed = None, None, "", False
    try:
        document = sandbox.read(path)
    except UnreadableFile as error:
        refusal, message = error.kind, str(error)
    except Exception as error:  # noqa: BLE001 - a crash is what is measured
        message, crashed = repr(error), True
    seconds = round(time.monotonic() - start, 3)
    found, precise = _shares(file, document) if document else (None, None)
    crashed = crashed or sandbox.broken > broken
    return Outcome(
        file.group, file.path.name, file.category, seconds, refusal, message, found, precise, crashed,
        allowed=file.allowed,
    )  # fmt: skip


def _shares(file: Given, document: SourceDocument) -> tuple[float | None, float | None]:
    """Return recall and, for an article, precision."""
    if file.text:
        got, due = shingles(_shown(document)), shingles(file.text)
        common = (got & due).total()
        return common / due.total(), common / got.total()
    return (recall(list(file.words), whole_text(document)), None) if file.words else (None, None)


def _shown(document: SourceDocument) -> str:
    sections = [section for page in document.pages for section in page.sections]
    headed = (line for section in sections for line in (*section.headings[-1:], *(s.text for s in section.statements)))
    return "\n".join(headed) if sections else "\n".join(statements(document))


@dataclass(frozen=True, slots=True)
class Figures:
    """The bars and what was reached."""

    files: int
    normal_recall: float
    nasty_recall: float
    word_recall: float
    article_precision: float
    article_recall: float
    hangs: int
    crashes: int
    wrong: int
    slowest: str
    slowest_seconds: float
    seconds: float
    parent_megabytes: float
    child_megabytes: float
    next_seconds: float

    @property
    def article_f1(self) -> float:
        """F1 of the two averages, the metric of those who collected the articles."""
        both = self.article_precision + self.article_recall
        return 2 * self.article_precision * self.article_recall / both if both else 0.0

    @property
    def bars(self) -> list[tuple[str, str, str, bool]]:
        """What is asked, what was reached, and whether that is enough."""
        return [
            ("words of normal PDFs", "≥ 0.98", f"{self.normal_recall:.3f}", self.normal_recall >= 0.98),
            ("words of readable nasty PDFs", "≥ 0.80", f"{self.nasty_recall:.3f}", self.nasty_recall >= 0.80),
            ("words of Word files", "≥ 0.98", f"{self.word_recall:.3f}", self.word_recall >= 0.98),
            ("articles, F1 of four-word runs", "≥ 0.95", f"{self.article_f1:.3f}", self.article_f1 >= 0.95),
            ("hangs over 20 s", "0", str(self.hangs), self.hangs == 0),
            ("crashes", "0", str(self.crashes), self.crashes == 0),
            ("wrong refusals", "0", str(self.wrong), self.wrong == 0),
            ("memory of the parent", "< +1 GiB", f"+{self.parent_megabytes:.0f} MiB", self.parent_megabytes < 1024),
            ("the next file, after a bomb", "≤ 1 s", f"{self.next_seconds:.2f} s", self.next_seconds <= 1),
        ]


def figures(outcomes: Sequence[Outcome], parent_megabytes: float, child_megabytes: float) -> Figures:
    """Return the figures of *outcomes*; a text that was refused counts as found by nothing."""
    slowest = max(outcomes, key=lambda outcome: outcome.seconds)
    articles = [outcome for outcome in outcomes if outcome.category == "article"]
    return Figures(
        len(outcomes),
        _recall(outcomes, "normal PDFs"),
        _recall(outcomes, "nasty PDFs"),
        _recall(outcomes, "Word files"),
        _mean([outcome.precision or 0.0 for outcome in articles]),
        _mean([outcome.recall or 0.0 for outcome in articles]),
        sum(outcome.seconds > HANG_SECONDS for outcome in outcomes),
        sum(outcome.crashed for outcome in outcomes),
        sum(not outcome.right for outcome in outcomes),
        slowest.file,
        slowest.seconds,
        round(sum(outcome.seconds for outcome in outcomes), 1),
        parent_megabytes,
        child_megabytes,
        max(outcome.next_seconds for outcome in outcomes),
    )


def _recall(outcomes: Sequence[Outcome], group: str) -> float:
    due = [each for each in outcomes if each.group == group and each.category == "text"]
    return _mean([0.0 if each.refusal or each.crashed else each.recall or 0.0 for each in due])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _peak(who: int) -> float:
    return resource.getrusage(who).ru_maxrss / 1024


def report(outcomes: Sequence[Outcome], found: Figures, console: Console, *, files: bool) -> None:
    """Print the bars, what misses them, and with *files* every file."""
    table = Table(title=f"Readers on {found.files} files of others, {found.seconds:g} s")
    for heading in ("what", "bar", "reached", ""):
        table.add_column(heading)
    for what, bar, reached, met in found.bars:
        table.add_row(what, bar, reached, "met" if met else "[bold]missed[/bold]")
    console.print(table)
    console.print(
        f"Slowest: {found.slowest}, {found.slowest_seconds:g} s. Largest reader: {found.child_megabytes:.0f} MiB. "
        f"Articles: precision {found.article_precision:.3f}, recall {found.article_recall:.3f}."
    )
    for each in outcomes:
        if files or not each.right or (each.recall is not None and each.recall < 0.9):
            shares = " ".join(f"{share:.2f}" for share in (each.recall, each.precision) if share is not None)
            mark = "" if each.right else "WRONG "
            said = f"{each.refusal}: {each.message}" if each.message else ""
            console.print(f"{mark}{each.group}: {each.file} ({each.category}) {each.seconds:g} s {shares} {said}",
                          markup=False, soft_wrap=True)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.evaluation.readers", description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object, nothing else")
    parser.add_argument("--bombs", action="store_true", help="read the bombs of the tests too")
    parser.add_argument("--files", action="store_true", help="print what became of every file")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="guichet-readers-") as folder, Sandbox(Settings()) as sandbox:
        before = _peak(resource.RUSAGE_SELF)
        outcomes = measure(given(TESTDATA), sandbox, Path(folder))
        if options.bombs:
            outcomes += explode(sandbox, Path(folder))
        grown = _peak(resource.RUSAGE_SELF) - before
    found = figures(outcomes, grown, _peak(resource.RUSAGE_CHILDREN))
    if options.json:
        data = asdict(found) | {"article_f1": found.article_f1, "outcomes": [asdict(each) for each in outcomes]}
        sys.stdout.write(json.dumps(data, ensure_ascii=False) + "\n")
    else:
        report(outcomes, found, Console(highlight=False), files=options.files)
    return 0


if __name__ == "__main__":
    sys.exit(main())

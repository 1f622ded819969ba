"""The sheets of the corpus and the facts they were written from, as values that can be held against each other."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ingest import frontmatter
from ingest.documents import LANGUAGES, Source
from ingest.figures import Figure, figures
from ingest.frontmatter import FrontMatter
from ingest.readers.markdown import SECTION_KEYS

FACTS = Path(__file__).parent / "facts"
CORPUS = Path(__file__).parents[2] / "corpus"
NO_PAGE = ("seed", "general knowledge")
"""Sources that are no web page: the text that the project began with, and what everybody knows."""

_KEY_OF = {heading: key for key, headings in SECTION_KEYS.items() for heading in headings}
_LABEL = re.compile(r"\[\^([\w-]+)\]")
FACT_LABEL = re.compile(r"f\d+")
URL = re.compile(r"https?://\S+")
_FOOTNOTE = re.compile(r"\[\^(?P<label>[\w-]+)\]: (?P<text>.+)")


@dataclass(frozen=True)
class Fact:
    """One sourced fact, in English."""

    label: str
    text: str
    source: Source

    @property
    def figures(self) -> frozenset[Figure]:
        """The figures of the fact as they are written."""
        return _read(self.text, "en")


@dataclass(frozen=True)
class FactSheet:
    """The facts of one subject; ``asides`` is what the collectors wrote around them: titles, notes, dates."""

    id: str
    facts: Mapping[str, Fact]
    asides: tuple[str, ...]

    @property
    def figures(self) -> frozenset[Figure]:
        """Every figure that the facts allow to be written."""
        return implied(figure for fact in self.facts.values() for figure in fact.figures)

    @property
    def wider_figures(self) -> frozenset[Figure]:
        """The same with the asides, among them the dates of the sources."""
        return self.figures | implied(figure for text in self.asides for figure in _read(text, "en"))


@dataclass(frozen=True)
class Line:
    """A statement as it is written: its words, its footnotes and the name of its section."""

    text: str
    labels: tuple[str, ...]
    section: str | None

    @property
    def fact_labels(self) -> tuple[str, ...]:
        """The footnotes that stand for facts, not for remarks of the editors."""
        return tuple(label for label in self.labels if FACT_LABEL.fullmatch(label))


@dataclass(frozen=True)
class Sheet:
    """One language version of a sheet, as it is written."""

    key: str
    head: FrontMatter
    headings: tuple[str, ...]
    lines: tuple[Line, ...]
    footnotes: Mapping[str, str]

    def figures(self, line: Line | str) -> frozenset[Figure]:
        """Return the figures of a line, addresses left out."""
        return _read(URL.sub("", line if isinstance(line, str) else line.text), self.head.lang)

    def figures_by_label(self) -> dict[str, frozenset[Figure]]:
        """Return the figures of all statements that bear a footnote, by its label."""
        found: defaultdict[str, frozenset[Figure]] = defaultdict(frozenset)
        for line in self.lines:
            for label in line.labels:
                found[label] |= self.figures(line)
        return dict(found)


@cache
def fact_sheets() -> dict[str, FactSheet]:
    """Return every fact sheet by id."""
    rows = [row for path in sorted(FACTS.glob("*.yaml")) for row in yaml.safe_load(path.read_text("utf-8"))]
    return {row["id"]: _fact_sheet(row) for row in rows}


def _fact_sheet(row: dict[str, Any]) -> FactSheet:
    facts = {}
    for fact in row["facts"]:
        label = fact["fid"].rpartition(".")[2]
        url = None if fact["source"] in NO_PAGE else fact["source"]
        facts[label] = Fact(label, fact["text"], Source(url, fact["as_of"], fact["confidence"]))
    amounts = [f"{amount['what']} {amount.get('duration_months', 0) // 12}" for amount in row["amounts"]]
    dates = [*row["dates"].values(), *(fact.source.as_of for fact in facts.values())]
    asides = (row["title_fr"], row["title_en"], row["operator"], row["notes"], *amounts, *dates)
    return FactSheet(row["id"], facts, tuple(aside for aside in asides if aside))


@cache
def corpus() -> dict[str, Sheet]:
    """Return every sheet of the corpus by key."""
    paths = (path for language in LANGUAGES for path in sorted((CORPUS / language).glob("*.md")))
    return {f"{path.parent.name}/{path.stem}": parse(path) for path in paths}


def pairs() -> Iterator[tuple[FactSheet, Sheet]]:
    """Yield each sheet with the facts behind it."""
    for sheet in corpus().values():
        yield fact_sheets()[sheet.head.id], sheet


def parse(path: Path) -> Sheet:
    """Return the sheet in the file *path*, read line by line, apart from the reader of the library."""
    _, head, body = path.read_text("utf-8").split("---\n", 2)
    headings, lines, footnotes = [], [], {}
    for line in body.splitlines():
        if line.startswith("## "):
            headings.append(line.removeprefix("## "))
        elif line.startswith("- "):
            section = _KEY_OF.get(headings[-1]) if headings else None
            lines.append(Line(_LABEL.sub("", line.removeprefix("- ")), tuple(_LABEL.findall(line)), section))
        elif match := _FOOTNOTE.match(line):
            footnotes[match["label"]] = match["text"]
    key = f"{path.parent.name}/{path.stem}"
    return Sheet(key, frontmatter.parse(head, path), tuple(headings), tuple(lines), footnotes)


@cache
def _read(text: str, language: str) -> frozenset[Figure]:
    return frozenset(figures(text, language))


def implied(found: Iterable[Figure]) -> frozenset[Figure]:
    """Return *found* with what each date says as well: 24 November 2023 is in November 2023, and in 2023."""
    return frozenset(figure for whole in found for figure in (whole, *_parts(whole)))


def _parts(figure: Figure) -> Iterator[Figure]:
    if figure.kind == "date":
        year, _, rest = figure.value.partition("-") if figure.value[0] != "-" else ("", "", figure.value[2:])
        month, _, day = rest.partition("-")
        if year:
            yield from (Figure("number", year), Figure("date", f"{year}-{month}"))
        if day:
            yield Figure("date", f"--{month}-{day}")

"""Pairs of the corpus: a sheet exists in four languages, and the same footnote stands under the same statement."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ingest.documents import LANGUAGES
from ingest.frontmatter import parse
from training.pairs import Pair, among

_HEAD = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_STATEMENT = re.compile(r"^- (?P<text>.+?)\[\^(?P<note>[\w-]+)\]$")


@dataclass(frozen=True, slots=True)
class SheetStatement:
    """One statement of one language version of a sheet; *place* is the same in all four languages."""

    sheet: str
    language: str
    place: str
    """Footnote and, where one footnote stands under several statements, which of them: ``f03``, ``note-price.1``."""
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """One language version of a sheet."""

    id: str
    language: str
    title: str
    aliases: tuple[str, ...]
    statements: tuple[SheetStatement, ...]


def read(corpus: Path) -> list[Sheet]:
    """Return every language version of every sheet under *corpus*."""
    return [read_sheet(path) for language in LANGUAGES for path in sorted((corpus / language).glob("*.md"))]


def read_sheet(path: Path) -> Sheet:
    """Return the sheet in *path*: its titles, and its statements with the footnotes they carry."""
    text = path.read_text(encoding="utf-8")
    match = _HEAD.match(text)
    if match is None:
        raise ValueError(f"{path}: a sheet begins with its head between two lines ---")
    head = parse(match[1], path)
    heading, seen = "", defaultdict[str, int](int)
    statements = []
    for line in text[match.end() :].splitlines():
        if line.startswith("## "):
            heading = line[3:]
        elif found := _STATEMENT.match(line):
            note = found["note"]
            place = f"{note}.{seen[note]}" if seen[note] else note
            seen[note] += 1
            statements.append(SheetStatement(head.id, head.lang, place, heading, found["text"].strip()))
    return Sheet(head.id, head.lang, head.title, head.aliases, tuple(statements))


def aligned(sheets: Sequence[Sheet]) -> dict[tuple[str, str], dict[str, SheetStatement]]:
    """Return the language versions of each statement, by sheet and place."""
    versions: dict[tuple[str, str], dict[str, SheetStatement]] = defaultdict(dict)
    for sheet in sheets:
        for statement in sheet.statements:
            versions[sheet.id, statement.place][sheet.language] = statement
    return dict(versions)


def pairs(sheets: Sequence[Sheet]) -> dict[str, list[Pair]]:
    """Return two groups: statements with their translations, and titles with what stands under them.

    In the first, each statement is its own key: telling the statements of one sheet apart is what it teaches. In the
    second the sheet is the key, for every statement of a sheet belongs under its title.
    """
    translated = [
        Pair(versions[one].text, versions[other].text, f"{sheet} {place}")
        for (sheet, place), versions in aligned(sheets).items()
        for one, other in itertools.combinations(sorted(versions), 2)
    ]
    names: dict[str, list[str]] = defaultdict(list)
    texts: dict[str, list[SheetStatement]] = defaultdict(list)
    for sheet in sheets:
        names[sheet.id] += [sheet.title, *sheet.aliases]
        texts[sheet.id] += sheet.statements
    titled = among(names)
    for sheet in sheets:
        for statement in texts[sheet.id]:
            if not statement.place.startswith("note"):
                left = f"{sheet.title} - {statement.heading}" if statement.language == sheet.language else sheet.title
                titled.append(Pair(left, statement.text, sheet.id))
    return {"statements": translated, "titles": titled}


def glossary(path: Path) -> list[Pair]:
    """Return the pairs of words of the glossary *path* that mean the same, within and across languages."""
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    words = {
        f"glossary {number}": [word for alike in concept.values() for word in alike]
        for number, concept in enumerate(content["terms"])
    }
    notes = {
        f"{kind} {number}": list(entry["note"].values())
        for kind in ("names", "collisions")
        for number, entry in enumerate(content[kind])
        if entry.get("note")
    }
    return among(words) + among(notes)

"""What one version of a document says otherwise than another, line by line, for a person to read."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from ingest.documents import Passage, SourceDocument

ALIKE = 0.5
"""Share of common characters from which two lines at the same place are one that was changed, not two."""
LONGEST = 400
"""Lines that are compared with one another for likeness; beyond, all of the old ones went and all of the new came."""


@dataclass(frozen=True, slots=True)
class Change:
    """Lines that were added or removed, one line that was changed, or some that were kept (only counted)."""

    kind: Literal["added", "removed", "changed", "kept"]
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    count: int = 0
    """How many lines were kept."""


def differences(before: list[str], after: list[str]) -> list[Change]:
    """Return the changes from one text to another in reading order; where nothing changed, only how many lines."""
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    found: list[Change] = []
    for kind, first, last, new_first, new_last in matcher.get_opcodes():
        if kind == "equal":
            found.append(Change("kept", count=last - first))
        else:
            found.extend(_changes(before[first:last], after[new_first:new_last]))
    return found


def lines_of_passages(passages: Iterable[Passage]) -> list[str]:
    """Return the headings and quotes of passages: all that is left of what was served before texts were kept."""
    lines: list[str] = []
    path: tuple[str, ...] = ()
    for passage in passages:
        if passage.headings != path:
            lines.extend(passage.headings[-1:])
            path = passage.headings
        lines.extend(quote for _, quote in passage.quotes())
    return lines


def lines_of(document: SourceDocument) -> list[str]:
    """Return the headings and statements of a document in reading order."""
    lines: list[str] = []
    path: tuple[str, ...] = ()
    for page in document.pages:
        for section in page.sections:
            if section.headings != path:
                lines.extend(section.headings[-1:])
                path = section.headings
            lines.extend(statement.text for statement in section.statements)
    return lines


def _changes(before: list[str], after: list[str]) -> Iterator[Change]:
    """Yield the changes between two runs of lines that have no line in common."""
    if not before or not after or len(before) + len(after) > LONGEST:
        if before:
            yield Change("removed", before=tuple(before))
        if after:
            yield Change("added", after=tuple(after))
        return
    reached = 0
    for line in before:
        likeness = [difflib.SequenceMatcher(None, line, other).ratio() for other in after[reached:]]
        best = max(range(len(likeness)), key=likeness.__getitem__, default=-1)
        if best < 0 or likeness[best] < ALIKE:
            yield Change("removed", before=(line,))
            continue
        if best:
            yield Change("added", after=tuple(after[reached : reached + best]))
        yield Change("changed", before=(line,), after=(after[reached + best],))
        reached += best + 1
    if reached < len(after):
        yield Change("added", after=tuple(after[reached:]))

"""Make paragraphs, list items and headings out of the printed lines of a PDF."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from ingest.readers.blocks import Block, clean
from ingest.readers.text import BULLET

EDGE_LINES = 3
"""How many lines at the top and at the bottom of a page may be running headers and footers."""
_PAGE_NUMBER = re.compile(
    r"[-–—|\s]*(?:page|pagina|seite|p\.|blz\.)?\s*(?:\d{1,4}|[ivxlc]{1,7})\s*(?:(?:/|sur|van|von|of)\s*\d{1,4})?[-–—|\s]*",
    re.IGNORECASE,
)
_HYPHENS = ("-", "\u00ad", "\u0002", "\ufffe", "‐")
_KEEPS_HYPHEN = re.compile(
    r"(?:^|[\s'’(])(?:peut|celui|celle|ceux|celles|non|sous|vis|rendez|demi|mi|ex|e|co|self|well)-$", re.IGNORECASE
)
_AFTER_HYPHEN = re.compile(r"(?:être|ce|il|elle|ils|elles|on|je|tu|nous|vous|là|ci|mêmes?|t-|à-|en|y)\b")
_SENTENCE_END = (".", "!", "?", ":", ";", "…", "»", ".)", ".”", '."')


@dataclass(frozen=True, slots=True)
class Line:
    """A printed line with its place in points (zero where unknown) and the letters of its start.

    ``end_top`` is the top of its last letter: PDFium gives two printed lines as one where it saw a hyphen.
    """

    text: str
    left: float = 0
    right: float = 0
    top: float = 0
    end_top: float = 0
    size: float = 0
    bold: bool = False


def without_running_lines(pages: Sequence[list[Line]], labels: Sequence[str | None]) -> list[list[Line]]:
    """Return *pages* without the lines that head or foot many of them, nor bare page numbers."""
    seen = Counter(key for lines in pages for key in {_key(line) for line in _edges(lines)})
    often = max(3, len(pages) * 0.2)
    running = {key for key, count in seen.items() if count >= often}
    kept = [
        [line for line in lines if not (_is_edge(line, lines) and _runs(line, running, label, len(pages)))]
        for lines, label in zip(pages, labels, strict=True)
    ]
    # When most pages would be left blank, what repeats is the text itself.
    blank = sum(bool(lines) and not left for lines, left in zip(pages, kept, strict=True))
    return list(pages) if blank * 2 > len(pages) else kept


def _edges(lines: list[Line]) -> list[Line]:
    return lines if len(lines) <= 2 * EDGE_LINES else [*lines[:EDGE_LINES], *lines[-EDGE_LINES:]]


def _is_edge(line: Line, lines: list[Line]) -> bool:
    return any(line is edge for edge in _edges(lines))


def _runs(line: Line, running: set[str], label: str | None, pages: int) -> bool:
    text = clean(line.text)
    return _key(line) in running or text == label or (pages > 1 and _PAGE_NUMBER.fullmatch(text) is not None)


def _key(line: Line) -> str:
    """Return what a running line has in common from page to page: its words, whatever the numbers in it."""
    return re.sub(r"\d+", "#", clean(line.text)).lower()


def paragraphs(pages: Sequence[list[Line]], outlined: bool) -> Iterator[list[Block]]:
    """Yield the blocks of each page; with an outline, letters that are merely bold make no heading."""
    body = _body_size(pages)
    bolds = sum(len(line.text) for lines in pages for line in lines if line.bold)
    letters = sum(len(line.text) for lines in pages for line in lines)
    bold_counts = not outlined and bolds * 4 < letters
    hyphenated = _hyphenated_words(pages)
    sizes = sorted({line.size for lines in pages for line in lines if _is_larger(line, body)}, reverse=True)
    for lines in pages:
        blocks: list[Block] = []
        for group in _groups(lines, body, bold_counts):
            text = _join(group, hyphenated)
            mark = BULLET.match(text)
            if _is_heading(group, body, bold_counts):
                level = 1 + (sizes.index(group[0].size) if group[0].size in sizes else len(sizes))
                blocks.append(Block("heading", text, level))
            elif mark:
                blocks.append(Block("item", text[mark.end() :]))
            else:
                blocks.append(Block("paragraph", text))
        yield blocks


def _body_size(pages: Sequence[list[Line]]) -> float:
    sizes: Counter[float] = Counter()
    for lines in pages:
        for line in lines:
            sizes[line.size] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _is_larger(line: Line, body: float) -> bool:
    return body > 0 and line.size >= body * 1.15


def _stands_out(line: Line, body: float, bold_counts: bool) -> bool:
    return _is_larger(line, body) or (bold_counts and line.bold and line.size >= body)


def _is_heading(group: list[Line], body: float, bold_counts: bool) -> bool:
    text = " ".join(line.text.strip() for line in group)
    return (
        all(_stands_out(line, body, bold_counts) for line in group)
        and len(group) <= 3
        and 2 < len(text) <= 160
        and any(map(str.isalpha, text))
        and not text.endswith((".", ";", ",", "?!"))
    )


def _groups(lines: list[Line], body: float, bold_counts: bool) -> Iterator[list[Line]]:
    """Yield the lines that belong together: a paragraph, an item or a heading."""
    if not lines:
        return
    pitch, margins = _pitch(lines), _Margins(lines)
    group = [lines[0]]
    for line in lines[1:]:
        if _breaks(group, line, margins, pitch) or (
            _stands_out(group[-1], body, bold_counts) != _stands_out(line, body, bold_counts)
            and (_is_larger(group[-1], body) != _is_larger(line, body) or not _flows(group[-1], line))
        ):
            yield group
            group = [line]
        else:
            group.append(line)
    yield group


def _flows(line: Line, following: Line) -> bool:
    return following.text.lstrip()[:1].islower()


def _pitch(lines: list[Line]) -> float:
    steps = [step for above, below in pairwise(lines) if (step := above.end_top - below.top) > 2]
    return median(steps) if steps else 0.0


def _breaks(group: list[Line], line: Line, margins: _Margins, pitch: float) -> bool:
    """Say whether *line* begins something new: by a list mark, a gap, another column, or a line left short above."""
    above = group[-1]
    if BULLET.match(line.text) and not _is_lone_mark(above):
        return True
    if _is_lone_mark(above):
        return False
    step = above.end_top - line.top
    if pitch and step > pitch * 1.45 and step > 1.45 * max(above.size, line.size):
        return True
    if _flows(above, line) or above.text.rstrip().endswith(_HYPHENS):
        return False
    if pitch and step < -pitch * 2:
        return above.text.rstrip().endswith(_SENTENCE_END)
    return _left_short(above, line, margins)


def _is_lone_mark(line: Line) -> bool:
    """Say whether a list mark stands on a line of its own, which PDFium makes of a mark set apart from its item."""
    mark = line.text.strip()
    return len(mark) <= 3 and not mark.isalnum() and BULLET.match(f"{mark} x") is not None


class _Margins:
    """How far to the right the lines of a page reach, for each place where lines begin."""

    def __init__(self, lines: list[Line]) -> None:
        self._lines = lines
        self._known: dict[float, float] = {}

    def right_of(self, line: Line) -> float:
        """Return the right margin of the column that *line* stands in."""
        if line.left not in self._known:
            self._known[line.left] = max(other.right for other in self._lines if abs(other.left - line.left) < 40)
        return self._known[line.left]


def _left_short(above: Line, line: Line, margins: _Margins) -> bool:
    """Say whether the first word of *line* would have fitted on the line above: its author broke the line there."""
    if not above.right or not line.right:
        return False
    margin = margins.right_of(above)
    word = len(line.text.split(maxsplit=1)[0]) + 1
    return above.right + word * max(above.size, 4) * 0.55 < margin


def _hyphenated_words(pages: Sequence[list[Line]]) -> frozenset[str]:
    """Return the words that the document writes with a hyphen inside a line: these keep it at a line end."""
    return frozenset(
        word.lower()
        for lines in pages
        for line in lines
        if "-" in line.text
        for word in re.findall(r"[^\W\d]+(?:-[^\W\d]+)+", line.text)
    )


def _join(group: list[Line], hyphenated: frozenset[str]) -> str:
    text = group[0].text.strip()
    for line in group[1:]:
        following = line.text.strip()
        if text.endswith(_HYPHENS) and len(text) > 1 and text[-2].isalpha() and following[:1].isalpha():
            text = _join_hyphen(text[:-1], following, text[-1] != "\u00ad", hyphenated)
        else:
            text = f"{text} {following}"
    return clean(text)


def _join_hyphen(text: str, following: str, visible: bool, hyphenated: frozenset[str]) -> str:
    compound = re.split(r"[^\w-]", text)[-1] + "-" + re.split(r"[^\w-]", following)[0]
    keeps = (
        following[0].isupper()
        or compound.lower() in hyphenated
        or _KEEPS_HYPHEN.search(text + "-") is not None
        or _AFTER_HYPHEN.match(following) is not None
    )
    return f"{text}-{following}" if visible and keeps else text + following

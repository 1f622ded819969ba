"""Two versions of a text side by side, what differs marked: for eyes by colour and line, for voices by element."""

from __future__ import annotations

import difflib
import re

from ui.markup import Child, Markup, tag

_PIECES = re.compile(r"\w+|\s+|[^\w\s]")


def marked(before: str, after: str) -> tuple[list[Child], list[Child]]:
    """Return both texts, word by word: what only *before* has as ``<del>``, what only *after* has as ``<ins>``."""
    old, new = _PIECES.findall(before), _PIECES.findall(after)
    left: list[Child] = []
    right: list[Child] = []
    for kind, first, last, new_first, new_last in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        gone, come = "".join(old[first:last]), "".join(new[new_first:new_last])
        if kind == "equal":
            left.append(gone)
            right.append(come)
            continue
        if gone:
            left.append(tag("del", gone))
        if come:
            right.append(tag("ins", come))
    return left, right


def removed(text: str) -> Markup:
    """Return a line that went."""
    return tag("del", text)


def added(text: str) -> Markup:
    """Return a line that came."""
    return tag("ins", text)

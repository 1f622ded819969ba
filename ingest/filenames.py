"""Make the names of uploaded files harmless: one form to show, one to be the id of a document.

Uploads are stored under their digest: no name ever becomes a path. What is left to fear is a name that deceives who
reads it, or breaks the page, the terminal or the header that shows it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from urllib.parse import unquote

__all__ = ["distinct", "shown", "slug"]

LONGEST = 120
LONGEST_SLUG = 80
NAMELESS = "document"
"""What a file is called whose name says nothing."""
SUFFIXES = frozenset(
    {"pdf", "docx", "docm", "dotx", "dotm", "doc", "rtf", "odt", "html", "htm", "xhtml", "mhtml", "md", "markdown",
     "txt", "text"}
)  # fmt: skip
"""Endings that tell what a file is and do not belong to its title."""

_SEPARATORS = re.compile(r"[/\\\u2044\u2215\u29f5\u29f8\ufe68\uff0f\uff3c]")
_FORBIDDEN = re.compile(r'[<>:"|?*\ufffd]')
_DOTS = ".\u2024\u2025\ufe52\uff0e \u3002"
"""What a name may not begin with: a hidden file, or the folder above."""
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?=\.|$)", re.IGNORECASE)
_LATIN = str.maketrans(
    {"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ĳ": "ij"}
)
_DECODINGS = 4
"""How often a name may have been encoded for an address and still be understood."""


def shown(name: str) -> str:
    """Return *name* as people may see it: its last part only, nothing invisible, in NFC, 120 characters at most."""
    for _ in range(_DECODINGS):
        name = unquote(name[-20 * LONGEST :], errors="replace")
    parts = [kept for part in _SEPARATORS.split(name) if (kept := _visible(part).lstrip("…" + _DOTS).rstrip(_DOTS))]
    name = parts[-1] if parts else NAMELESS
    if _DEVICE.match(name):
        # Windows takes such a name for a device, whatever its ending.
        name = f"_{name}"
    return _shortened(name)


def slug(name: str) -> str:
    """Return *name* as an id, ``[a-z0-9][a-z0-9-]*``: ``Où s'adresser (2026).pdf`` becomes ``ou-s-adresser-2026``."""
    stem, dot, suffix = shown(name).rpartition(".")
    stem = stem if dot and suffix.lower() in SUFFIXES else shown(name)
    plain = unicodedata.normalize("NFKD", stem.casefold().translate(_LATIN)).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if _DEVICE.fullmatch(words):
        words = f"{NAMELESS}-{words}"
    if len(words) > LONGEST_SLUG:
        words = words[: LONGEST_SLUG + 1].rpartition("-")[0] or words[:LONGEST_SLUG]
    return words.strip("-") or NAMELESS


def distinct(slug: str, taken: Container[str]) -> str:
    """Return *slug*, or with the first number after it that is not *taken*: ``guide``, ``guide-2``, ``guide-3``."""
    candidate, number = slug, 1
    while candidate in taken:
        number += 1
        candidate = f"{slug[: LONGEST_SLUG - len(str(number)) - 1].rstrip('-')}-{number}"
    return candidate


def _visible(part: str) -> str:
    """Return *part* without what is not seen or deceives: control, format, private and unassigned characters."""
    kept: list[str] = []
    marks = 0
    for sign in unicodedata.normalize("NFC", part):
        category = unicodedata.category(sign)
        marks = marks + 1 if category == "Mn" else 0
        if category in ("Cc", "Zl", "Zp", "Zs"):
            kept.append(" ")
        # Letters under a tower of accents spill over the lines around them.
        elif category[0] != "C" and marks <= 2:
            kept.append(sign)
    return " ".join(_FORBIDDEN.sub(" ", "".join(kept)).split())


def _shortened(name: str) -> str:
    if len(name) <= LONGEST:
        return name
    stem, dot, suffix = name.rpartition(".")
    ending = f".{suffix}" if dot and suffix.lower() in SUFFIXES else ""
    return (stem if ending else name)[: LONGEST - len(ending) - 1].rstrip(_DOTS) + "…" + ending

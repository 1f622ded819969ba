"""Tell which characters of a PDF page nobody sees: no ink, ink of the colour beneath, tiny letters, off the page.

The objects of a page are looked through for what is suspect: that costs a tenth of a millisecond. Only a page with
suspects is rendered, and the pixels decide: white letters on a dark box are seen, on white paper they are not.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pypdfium2 import raw

PALE = 165
"""Lightness (of 255) from which on letters may drown in their background."""
FAINT = 13
"""Opacity (of 255) under which letters are not seen."""
TINY = 2.0
"""Points under which letters are not read."""
NEAR = 24
"""How far apart two colours may be, in steps of 255, and still not be told apart."""
DROWNED = 0.65
"""Share of the pixels of some letters that have their colour, from which on they stand on it: ink covers less."""
SCANNED = 0.4
"""Share of a page under pictures from which on invisible letters over them are the text of a scan."""
LARGEST_PICTURE = 4_000_000
"""Pixels of a rendered page at most."""

_NO_INK = (raw.FPDF_TEXTRENDERMODE_INVISIBLE, raw.FPDF_TEXTRENDERMODE_CLIP)

Box = tuple[float, float, float, float]
"""Left, bottom, right, top in points."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """Why a text object may be invisible: *how* it would be, and its colour where the pixels decide."""

    how: str
    colour: tuple[int, int, int] | None = None


@dataclass(frozen=True, slots=True)
class Veil:
    """Characters *start* to *end* of a page that nobody sees."""

    start: int
    end: int
    how: str


class Inspector:
    """Looks for suspects; its buffers serve every object, because there are thousands."""

    def __init__(self) -> None:
        self._colour = (ctypes.c_uint * 4)()
        self._colour_places = _places(self._colour, ctypes.c_uint)
        self._bounds = (ctypes.c_float * 4)()
        self._bounds_places = _places(self._bounds, ctypes.c_float)
        self._size = ctypes.c_float()
        self._matrix = raw.FS_MATRIX()
        self._judged: dict[bytes, Suspect | None] = {}

    def veils(self, page: Any, textpage: Any, count: int) -> list[Veil]:
        """Return the runs of the *count* characters of *page* that nobody sees."""
        suspects = dict(self._suspects(page))
        return _veils(page, textpage, count, suspects) if suspects else []

    def _suspects(self, page: Any) -> Iterator[tuple[int, Suspect]]:
        left, bottom, right, top = page.get_bbox()
        get, kind_of, bounds_of = raw.FPDFPage_GetObject, raw.FPDFPageObj_GetType, raw.FPDFPageObj_GetBounds
        places = self._bounds_places
        for index in range(raw.FPDFPage_CountObjects(page)):
            thing = get(page, index)
            kind = kind_of(thing)
            if kind == raw.FPDF_PAGEOBJ_TEXT:
                suspect = self._inked(thing)
                if suspect is None and bounds_of(thing, *places):
                    x1, y1, x2, y2 = self._bounds
                    if x2 < left or x1 > right or y2 < bottom or y1 > top:
                        suspect = Suspect("off the page")
                    elif y2 - y1 < TINY and x2 - x1 > 0.01 and self._is_tiny(thing):
                        suspect = Suspect("tiny letters")
                if suspect:
                    yield _address(thing), suspect
            elif kind == raw.FPDF_PAGEOBJ_FORM:
                # A form has a scale of its own: how large its letters are and where is not known.
                for text in _texts_in(thing):
                    if suspect := self._inked(text):
                        yield _address(text), suspect

    def _inked(self, thing: Any) -> Suspect | None:
        mode = raw.FPDFTextObj_GetTextRenderMode(thing)
        if mode in _NO_INK:
            return Suspect("invisible ink")
        if mode != raw.FPDF_TEXTRENDERMODE_FILL or not raw.FPDFPageObj_GetFillColor(thing, *self._colour_places):
            return None
        colour = bytes(self._colour)
        if colour not in self._judged:
            self._judged[colour] = _by_colour(*self._colour)
        return self._judged[colour]

    def _is_tiny(self, thing: Any) -> bool:
        """Say whether low letters have a small font: a comma is low as well."""
        raw.FPDFTextObj_GetFontSize(thing, self._size)
        raw.FPDFPageObj_GetMatrix(thing, self._matrix)
        return bool(0 < self._size.value * (self._matrix.c**2 + self._matrix.d**2) ** 0.5 < TINY)


def _places(buffer: Any, kind: Any) -> list[Any]:
    """Return pointers to the four numbers of a buffer."""
    size = ctypes.sizeof(kind)
    return [ctypes.cast(ctypes.addressof(buffer) + place * size, ctypes.POINTER(kind)) for place in range(4)]


def _by_colour(red: int, green: int, blue: int, alpha: int) -> Suspect | None:
    if alpha < FAINT:
        return Suspect("transparent ink")
    if 0.3 * red + 0.59 * green + 0.11 * blue < PALE:
        return None
    return Suspect("in the colour beneath", (red, green, blue))


def _texts_in(form: Any) -> Iterator[Any]:
    for index in range(raw.FPDFFormObj_CountObjects(form)):
        thing = raw.FPDFFormObj_GetObject(form, index)
        kind = raw.FPDFPageObj_GetType(thing)
        if kind == raw.FPDF_PAGEOBJ_TEXT:
            yield thing
        elif kind == raw.FPDF_PAGEOBJ_FORM:
            yield from _texts_in(thing)


def _address(thing: Any) -> int:
    return ctypes.cast(thing, ctypes.c_void_p).value or 0


def _veils(page: Any, textpage: Any, count: int, suspects: dict[int, Suspect]) -> list[Veil]:
    """Return the runs of characters whose suspect object turns out to be unseen."""
    owners = [_address(raw.FPDFText_GetTextObject(textpage, index)) for index in range(count)]
    picture: _Picture | None = None
    scan: Callable[[float, float], bool] | None = None
    found = []
    for owner, run in groupby(range(count), key=lambda index: owners[index]):
        suspect = suspects.get(owner)
        if suspect is None:
            continue
        indexes = list(run)
        if suspect.how == "invisible ink":
            scan = scan or _scan(page)
            left, bottom, right, top = _box(textpage, indexes)
            if scan((left + right) / 2, (bottom + top) / 2):
                continue
        elif suspect.colour is not None:
            picture = picture or _Picture(page)
            if not picture.drowns(_box(textpage, indexes), suspect.colour):
                continue
        found.append(Veil(indexes[0], indexes[-1] + 1, suspect.how))
    return found


def _box(textpage: Any, indexes: list[int]) -> Box:
    boxes = []
    for index in indexes:
        try:
            boxes.append(textpage.get_charbox(index, loose=True))
        except RuntimeError:
            continue  # PDFium knows no box for characters that it made up
    if not boxes:
        return 0.0, 0.0, 0.0, 0.0
    lefts, bottoms, rights, tops = zip(*boxes, strict=True)
    return min(lefts), min(bottoms), max(rights), max(tops)


def _scan(page: Any) -> Callable[[float, float], bool]:
    """Return a test whether a point lies on the picture of a scanned page."""
    pictures = [thing.get_bounds() for thing in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=1)]
    for form in page.get_objects(filter=[raw.FPDF_PAGEOBJ_FORM], max_depth=1):
        if _holds_picture(form):
            pictures.append(form.get_bounds())
    covered = sum((right - left) * (top - bottom) for left, bottom, right, top in pictures)
    if covered < SCANNED * page.get_width() * page.get_height():
        return lambda x, y: False
    return lambda x, y: any(left <= x <= right and bottom <= y <= top for left, bottom, right, top in pictures)


def _holds_picture(form: Any) -> bool:
    for index in range(raw.FPDFFormObj_CountObjects(form)):
        thing = raw.FPDFFormObj_GetObject(form, index)
        kind = raw.FPDFPageObj_GetType(thing)
        if kind == raw.FPDF_PAGEOBJ_IMAGE or (kind == raw.FPDF_PAGEOBJ_FORM and _holds_picture(thing)):
            return True
    return False


class _Picture:
    """A page as it looks."""

    def __init__(self, page: Any) -> None:
        self._page = page
        width, height = page.get_size()
        scale = min(2.0, (LARGEST_PICTURE / max(width * height, 1.0)) ** 0.5)
        bitmap = page.render(scale=scale, may_draw_forms=False, rev_byteorder=True, prefer_bgrx=False)
        self._pixels: NDArray[np.uint8] = bitmap.to_numpy()[:, :, :3].copy()
        bitmap.close()

    def drowns(self, box: Box, colour: tuple[int, int, int]) -> bool:
        """Return whether letters of *colour* in *box* stand on their own colour."""
        height, width = self._pixels.shape[:2]
        corners = [self._pixel(x, y) for x in (box[0], box[2]) for y in (box[1], box[3])]
        left, right = (sorted(x for x, _ in corners)[place] for place in (0, -1))
        top, bottom = (sorted(y for _, y in corners)[place] for place in (0, -1))
        seen = self._pixels[max(top, 0) : min(bottom + 1, height), max(left, 0) : min(right + 1, width)]
        if not seen.size:
            return False
        alike = (np.abs(seen.astype(np.int16) - np.array(colour, dtype=np.int16)) <= NEAR).all(axis=2)
        return bool(alike.mean() >= DROWNED)

    def _pixel(self, x: float, y: float) -> tuple[int, int]:
        height, width = self._pixels.shape[:2]
        column, row = ctypes.c_int(), ctypes.c_int()
        raw.FPDF_PageToDevice(self._page, 0, 0, width, height, 0, x, y, column, row)
        return column.value, row.value

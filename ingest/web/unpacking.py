"""Unpack what a server compressed, piece by piece and never past a limit: a few bytes may stand for gigabytes."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

__all__ = ["ENCODINGS", "BrokenPacking", "TooMuch", "unpack"]

ENCODINGS = ("gzip", "deflate")
"""What we say that we read. Brotli is not among them: its library gives out all that a piece holds at once."""
PIECE = 64 * 1024
RATIO = 200
"""Most bytes that one byte may stand for, after the first ``UNSUSPECTED``; web pages reach 30."""
UNSUSPECTED = 2**20
CRUMBS = 20_000
"""Most pieces of a page, and one more for each 512 bytes: a piece of one byte costs as much time as any other."""
MEMBERS = 100
"""Most files in a row in one gzip stream: each of them costs a copy of the rest."""


class TooMuch(Exception):
    """More comes out than the limit, or than a page could honestly be compressed to."""


class BrokenPacking(Exception):
    """The compressed data are damaged, or end too soon."""


def unpack(pieces: Iterable[bytes], encoding: str, limit: int) -> Iterator[bytes]:
    """Yield what *pieces* hold, at most *limit* bytes; *encoding* is ``gzip``, ``deflate`` or empty for none."""
    taken = given = 0
    unpacker = _Unpacker(encoding) if encoding else None
    for count, piece in enumerate(pieces):
        taken += len(piece)
        if count > CRUMBS + taken // 512:
            raise TooMuch
        for part in unpacker.parts(piece) if unpacker else (piece,):
            given += len(part)
            if given > limit or taken > limit or given > max(UNSUSPECTED, RATIO * taken):
                raise TooMuch
            yield part
    if unpacker and taken and not unpacker.complete:
        raise BrokenPacking("it ends too soon")


class _Unpacker:
    def __init__(self, encoding: str) -> None:
        # 32: the header says whether it is gzip or zlib. Some servers leave out the header of zlib.
        self._inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)
        self._may_lack_header = encoding == "deflate"
        self._members = 0

    @property
    def complete(self) -> bool:
        """Whether the last file came to its end."""
        return self._inflater.eof

    def parts(self, piece: bytes) -> Iterator[bytes]:
        """Yield what *piece* adds, in parts of bounded size."""
        while piece:
            if self._inflater.eof:
                if not piece.strip(b"\0"):
                    return  # padding
                self._members += 1
                if self._members > MEMBERS:
                    raise TooMuch
                self._inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)
            yield self._inflated(piece)
            while self._inflater.unconsumed_tail:
                yield self._inflated(self._inflater.unconsumed_tail)
            piece = self._inflater.unused_data if self._inflater.eof else b""

    def _inflated(self, piece: bytes) -> bytes:
        may_lack, self._may_lack_header = self._may_lack_header, False
        try:
            return self._inflater.decompress(piece, PIECE)
        except zlib.error as error:
            if not may_lack:
                raise BrokenPacking(str(error)) from error
            self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
            return self._inflated(piece)

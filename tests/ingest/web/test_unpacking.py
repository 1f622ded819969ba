"""Packed data are unpacked within limits, whatever they hold."""

from __future__ import annotations

import gzip
import time
import zlib
from collections.abc import Iterator

import pytest

from ingest.web.unpacking import CRUMBS, MEMBERS, BrokenPacking, TooMuch, unpack


def pieces(data: bytes, size: int = 1000) -> Iterator[bytes]:
    """Yield *data* as a network gives it."""
    return (data[start : start + size] for start in range(0, len(data), size))


def unpacked(data: bytes, encoding: str = "gzip", limit: int = 10**7, size: int = 1000) -> bytes:
    return b"".join(unpack(pieces(data, size), encoding, limit))


TEXT = "".join(f"Ligne {number}. " for number in range(20_000)).encode()


@pytest.mark.parametrize("size", [1, 7, 1000, 10**6])
def test_pieces_of_any_size_give_the_same(size: int) -> None:
    """Where a piece is cut does not matter."""
    assert unpacked(gzip.compress(TEXT[:5000]), size=size) == TEXT[:5000]
    assert unpacked(TEXT[:5000], "", size=size) == TEXT[:5000]


def test_files_in_a_row_are_one() -> None:
    """Several packed files in a row, with padding at the end, are read like one."""
    packed = gzip.compress(TEXT) + gzip.compress(b"Fin.") + b"\0" * 50
    assert unpacked(packed) == TEXT + b"Fin."


def test_the_limit_counts_what_comes_out() -> None:
    """At the limit all is given, a byte over it nothing is taken for whole."""
    packed = gzip.compress(TEXT)
    assert unpacked(packed, limit=len(TEXT)) == TEXT
    with pytest.raises(TooMuch):
        unpacked(packed, limit=len(TEXT) - 1)
    with pytest.raises(TooMuch):
        unpacked(TEXT, "", limit=len(TEXT) - 1)


def test_no_part_is_larger_than_asked_for() -> None:
    """A piece that stands for megabytes is given out in small parts, so that the limit holds before the memory does."""
    parts: list[int] = []
    with pytest.raises(TooMuch):
        parts.extend(len(part) for part in unpack(iter([gzip.compress(bytes(50 * 2**20))]), "gzip", 2**30))
    assert max(parts) <= 64 * 1024
    assert sum(parts) <= 11 * 2**20


def test_many_empty_files_are_refused_at_once() -> None:
    """Thousands of tiny files in a row, which would each cost a copy of the rest, are refused."""
    packed = gzip.compress(b"") * 500_000
    started = time.thread_time()
    with pytest.raises(TooMuch):
        unpacked(packed, size=65536, limit=10**8)
    assert time.thread_time() - started < 1
    assert unpacked(gzip.compress(b"a") * (MEMBERS + 1)) == b"a" * (MEMBERS + 1)


@pytest.mark.parametrize(
    "data", [gzip.compress(TEXT)[:-1], gzip.compress(TEXT)[:500], b"nonsense", b"\x1f\x8b\x08" + b"x" * 50]
)
def test_damaged_data_are_told(data: bytes) -> None:
    """Data that end too soon, or are none, are not taken for whole."""
    with pytest.raises(BrokenPacking):
        unpacked(data)


def test_deflate_comes_with_and_without_header() -> None:
    """Both forms that servers send under the name of deflate are read; nothing at all is an empty page."""
    raw = zlib.compressobj(wbits=-15)
    assert unpacked(raw.compress(TEXT) + raw.flush(), "deflate") == TEXT
    assert unpacked(zlib.compress(TEXT), "deflate") == TEXT
    assert unpacked(b"") == b""


def test_crumbs_are_refused() -> None:
    """A page in pieces of one byte is left early; one in small honest pieces is read."""
    with pytest.raises(TooMuch):
        unpacked(b"x" * (CRUMBS + 100), "", size=1)
    assert unpacked(b"x" * 10**6, "", size=60) == b"x" * 10**6

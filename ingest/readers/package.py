"""Open the package that a Word file is: an archive of XML parts that name each other, of which none is trusted.

Sizes in the directory may lie, parts may be missing, names may be written in any way: a part is found however it is
spelled, unpacked only up to a limit, and parsed without entities.
"""

from __future__ import annotations

import io
import posixpath
import re
import struct
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ingest.errors import UnreadableFile

MAX_UNPACKED_MEGABYTES = 200
MAX_PART_MEGABYTES = 60
MAX_MEMBERS = 2000

_END = b"PK\x05\x06"
_MAIN = re.compile(rb"(?:wordprocessingml|ms-word)\.(?:document|template)[\w.]*\.main\+xml")
_MAIN_NAME = re.compile(r"(?:.*/)?document\d*\.xml")
_STRICT = b"http://purl.oclc.org/ooxml/"
_TRANSITIONAL = {
    b"wordprocessingml/main": b"http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    b"officeDocument/relationships": b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
}
"""The strict form of the format has other names for the same things."""


def check_count(path: Path, content: bytes) -> None:
    """Raise when an archive says that it has too many members, before its directory is read."""
    place = content.rfind(_END)
    count = struct.unpack_from("<H", content, place + 10)[0] if 0 <= place <= len(content) - 22 else 0
    if count > MAX_MEMBERS:
        raise UnreadableFile(
            f"{path.name}: holds {count} parts, more than {MAX_MEMBERS}; save it again from Word", "too_many_members"
        )


def is_word(archive: zipfile.ZipFile, names: Iterable[str]) -> bool:
    """Say whether an archive is a Word file: its list of types says so, or a part has the usual name."""
    for name in names:
        if _spelled(name) == "[content_types].xml":
            return _MAIN.search(_unpacked(archive, archive.getinfo(name), 2**20)) is not None
    return any(_MAIN_NAME.fullmatch(_spelled(name)) for name in names)


def _spelled(name: str) -> str:
    return posixpath.normpath(name.replace("\\", "/")).lstrip("/").lower()


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limit: int) -> bytes:
    """Return the content of *member*, at most *limit* bytes, whatever size it pretends to have."""
    with archive.open(member) as opened:
        # Not read(): without a size, all is unpacked at once before the size that is told is looked at.
        return opened.read(limit)


class Package:
    """The parts of a Word file."""

    def __init__(self, path: Path, content: bytes) -> None:
        self._path = path
        self._archive = zipfile.ZipFile(io.BytesIO(content))
        self._check(self._archive.infolist())
        self._members = {_spelled(member.filename): member for member in self._archive.infolist()}

    def _check(self, members: list[zipfile.ZipInfo]) -> None:
        name = self._path.name
        if len(members) > MAX_MEMBERS:
            message = f"{name}: holds {len(members)} parts, more than {MAX_MEMBERS}; save it again from Word"
            raise UnreadableFile(message, "too_many_members")
        if sum(member.file_size for member in members) > MAX_UNPACKED_MEGABYTES * 2**20:
            message = f"{name}: unpacks to more than {MAX_UNPACKED_MEGABYTES} MB; take out pictures and attachments"
            raise UnreadableFile(message, "too_large")
        if any(member.flag_bits & 1 for member in members):
            raise UnreadableFile(f"{name}: is protected by a password; save it without one", "password")

    def main(self) -> str:
        """Return the name of the part that holds the text."""
        for kind, target in self._relations(""):
            if kind == "officeDocument" and _spelled(target) in self._members:
                return target
        found = next((name for name in self._members if _MAIN_NAME.fullmatch(name)), None)
        if found is None:
            raise UnreadableFile(f"{self._path.name}: is damaged (its text is missing); save it again", "damaged")
        return found

    def related(self, source: str, kind: str) -> Iterator[str]:
        """Yield the parts that *source* names as *kind*: ``styles``, ``footnotes``, …"""
        yield from (target for found, target in self._relations(source) if found == kind)

    def xml(self, name: str) -> Any:
        """Return the root of an XML part, or ``None`` when there is no such part."""
        from lxml import etree

        member = self._members.get(_spelled(name))
        if member is None:
            return None
        content = _unpacked(self._archive, member, MAX_PART_MEGABYTES * 2**20 + 1)
        if len(content) > MAX_PART_MEGABYTES * 2**20:
            message = f"{self._path.name}: holds more than {MAX_PART_MEGABYTES} MB of text; split it into smaller files"
            raise UnreadableFile(message, "too_large")
        if _STRICT in content[:65_536]:
            for strict, transitional in _TRANSITIONAL.items():
                content = content.replace(_STRICT + strict, transitional)
        parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
        root = etree.fromstring(content, parser)
        if root.getroottree().docinfo.internalDTD is not None:
            # Word writes none; with them a file is made to grow or to reach for other files.
            message = f"{self._path.name}: declares entities, as no Word file does; save it again from Word"
            raise UnreadableFile(message, "damaged")
        return root

    def _relations(self, source: str) -> Iterator[tuple[str, str]]:
        folder, name = posixpath.split(source)
        root = self.xml(posixpath.join(folder, "_rels", f"{name}.rels"))
        for relation in root if root is not None else ():
            if relation.get("TargetMode") == "External":
                continue
            target = relation.get("Target", "").replace("\\", "/")
            place = target if target.startswith("/") else posixpath.join("/", folder, target)
            yield relation.get("Type", "").rpartition("/")[2], posixpath.normpath(place).lstrip("/")

"""The files that documents come from: found in folders, read within limits, stored as they are."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from ingest.errors import UnreadableFile
from ingest.report import DraftReport, Failure

SUFFIXES = frozenset({".md", ".markdown", ".html", ".htm", ".pdf", ".docx", ".txt"})
"""What is picked up from a folder; a single file is read whatever its name, its content decides."""


class Originals:
    """The folder of the files that were taken in, each under the digest of its content."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        self._folder = folder
        self._megabytes = megabytes
        # What was not received to its end was never acknowledged.
        shutil.rmtree(self.arriving, ignore_errors=True)
        self.arriving.mkdir(parents=True)

    def read(self, path: Path) -> bytes:
        """Return the content of a file; one that is too large or cannot be opened is an ``UnreadableFile``."""
        limit = self._megabytes
        try:
            if path.stat().st_size > limit * 2**20:
                raise UnreadableFile(f"{path.name}: larger than {limit} MB; split it or raise the limit", "too_large")
            return path.read_bytes()
        except OSError as error:
            raise UnreadableFile(f"{path.name}: cannot be opened ({error.strerror})", "missing") from error

    @property
    def arriving(self) -> Path:
        """The folder for files that are still being written; it is emptied when the library is opened."""
        return self._folder / "arriving"

    def path(self, original: str) -> Path:
        """Return where the original of this name lies; one that is not there is an ``UnreadableFile``."""
        path = self._folder / original
        if path.parent != self._folder or not path.is_file():
            raise UnreadableFile(f"{original}: its original is not kept; add the file again", "missing")
        return path

    def keep(self, path: Path, digest: str) -> str:
        """Store the file before anything is derived from it, synced to disk; return its name among the originals."""
        target = self._folder / (digest + _suffix(path.name))
        if not target.exists():
            draft = self.arriving / target.name
            with draft.open("wb") as file:
                file.write(path.read_bytes())
                file.flush()
                os.fsync(file.fileno())
            self._enter(draft, target)
        return target.name

    def take(self, path: Path, name: str) -> tuple[str, str]:
        """Move the file *path* of the folder ``arriving`` in, synced to disk; return digest and name as original."""
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size > self._megabytes * 2**20:
                raise UnreadableFile(
                    f"{name}: larger than {self._megabytes} MB; split it or raise the limit", "too_large"
                )
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        target = self._folder / (digest + _suffix(name))
        self._enter(path, target)
        return digest, target.name

    def _enter(self, draft: Path, target: Path) -> None:
        draft.replace(target)
        # The new name is on disk only when its folder is.
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _suffix(name: str) -> str:
    """Return the ending of a file name, if it is a plain one: it is a hint to readers and part of a name on disk."""
    suffix = Path(name).suffix.lower()[:10]
    return suffix if re.fullmatch(r"\.[a-z0-9]+", suffix) else ""


def listed(paths: Iterable[Path], report: DraftReport) -> Iterator[tuple[Path, str | None]]:
    """Yield each file once with the folder it was given by; a path that is not there goes into the report."""
    seen: set[Path] = set()
    for path in (Path(path).resolve() for path in paths):
        if path.is_dir():
            report.folders.add(str(path))
            found = sorted(
                file
                for file in path.rglob("*")
                if file.is_file()
                and file.suffix.lower() in SUFFIXES
                and file.name != "README.md"
                and not any(part.startswith(".") for part in file.relative_to(path).parts)
            )
            folder: str | None = str(path)
        elif path.is_file():
            found, folder = [path], None
        else:
            report.failed.append(Failure(str(path), "missing", f"{path.name}: no such file or folder"))
            continue
        for file in found:
            if file not in seen:
                seen.add(file)
                yield file, folder

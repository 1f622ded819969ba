"""The files that documents come from: found in folders, read within limits, stored as they are."""

from __future__ import annotations

import os
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
        self._folder.mkdir(exist_ok=True)
        self._megabytes = megabytes

    def read(self, path: Path) -> bytes:
        """Return the content of a file; one that is too large or cannot be opened is an ``UnreadableFile``."""
        limit = self._megabytes
        try:
            if path.stat().st_size > limit * 1_000_000:
                raise UnreadableFile(f"{path.name}: larger than {limit} MB; split it or raise the limit", "too_large")
            return path.read_bytes()
        except OSError as error:
            raise UnreadableFile(f"{path.name}: cannot be opened ({error.strerror})", "missing") from error

    def keep(self, path: Path, digest: str) -> None:
        """Store the file before anything is derived from it, synced to disk."""
        target = self._folder / (digest + path.suffix.lower()[:10])
        if target.exists():
            return
        draft = target.with_name(target.name + ".part")
        with draft.open("wb") as file:
            file.write(path.read_bytes())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)


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

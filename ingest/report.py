"""What an ingestion changed, file by file and document by document."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that was not taken in, and why."""

    path: str
    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class Report:
    """What an ingestion changed; the first four hold document keys such as ``fr/start-ia``."""

    added: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    failed: tuple[Failure, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def changes(self) -> int:
        """How many documents are other than before."""
        return len(self.added) + len(self.replaced) + len(self.removed)


@dataclass
class DraftReport:
    """A report while it is being written."""

    added: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    folders: set[str] = field(default_factory=set)

    def frozen(self) -> Report:
        added, replaced, removed, unchanged = (
            tuple(sorted(keys)) for keys in (self.added, self.replaced, self.removed, self.unchanged)
        )
        return Report(added, replaced, removed, unchanged, tuple(self.failed), tuple(self.warnings))

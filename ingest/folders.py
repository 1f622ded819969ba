"""Files and folders of the command line: what of them is new, what has changed, what went."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from ingest import serving
from ingest.database import RevisionRow
from ingest.errors import UnreadableFile
from ingest.originals import Originals, listed
from ingest.progress import Progress
from ingest.readers.sandbox import Sandbox
from ingest.report import DraftReport, Failure
from ingest.serving import Arrival, without_doubles


@dataclass(frozen=True, slots=True)
class Incoming:
    """What is to be served of the files that were given, and what no longer, by key."""

    arrivals: tuple[Arrival, ...]
    gone: tuple[str, ...]


def read_in(
    paths: Iterable[Path],
    engine: Engine,
    originals: Originals,
    sandbox: Sandbox,
    report: DraftReport,
    progress: Progress | None,
) -> Incoming:
    """Read what is new or has changed; a folder is compared with what it held. Failures go into the *report*."""
    files = list(listed(paths, report))
    folders = {folder for _, folder in files if folder} | report.folders
    places = serving.places(engine)
    served: dict[str, dict[str, str]] = {}
    for key, origin, _, digest in places:
        served.setdefault(origin, {})[key] = digest
    corrected = _corrected(engine)
    arrivals: list[Arrival] = []
    for number, (path, folder) in enumerate(files, start=1):
        origin = str(path)
        keys = served.get(origin, {})
        try:
            digest = hashlib.sha256(originals.read(path)).hexdigest()
            if keys and all(known == digest for known in keys.values()):
                report.unchanged.extend(keys)
            elif not keys and (origin, digest) in corrected:
                report.unchanged.append(corrected[origin, digest])
            else:
                originals.keep(path, digest)
                arrivals.append(Arrival(sandbox.read(path), origin=origin, folder=folder, name=path.name))
                report.warnings.extend(arrivals[-1].document.warnings)
        except UnreadableFile as error:
            # What could be read before stays in service; the report says what to mend.
            report.failed.append(Failure(origin, error.kind, str(error)))
        if progress:
            progress("read", number, len(files))
    origins = {str(path) for path, _ in files}
    owners = {key: origin for origin, keys in served.items() if origin in origins for key in keys}
    gone = [key for key, origin, folder, _ in places if folder in folders and origin not in origins]
    return Incoming(tuple(without_doubles(arrivals, owners, report)), tuple(gone))


def _corrected(engine: Engine) -> dict[tuple[str, str], str]:
    """Return origin and digest of the files whose document was corrected at the desk since, with its key.

    A file that did not change must not take the place of what staff made of it.
    """
    replaced = select(RevisionRow.origin, RevisionRow.digest, RevisionRow.key).where(RevisionRow.state == "replaced")
    with Session(engine) as session:
        desk = set(
            session.scalars(
                select(RevisionRow.key).where(RevisionRow.state == "published", RevisionRow.original.is_not(None))
            )
        )
        found = session.execute(replaced.order_by(RevisionRow.number)).tuples()
        return {(origin, digest): key for origin, digest, key in found if key is not None and key in desk}

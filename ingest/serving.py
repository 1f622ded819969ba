"""What is served, as the database has it: the published revisions, and how one takes the place of another."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, delete, func, insert, select
from sqlalchemy.orm import Session

from ingest.database import PassageRow, RevisionRow, now
from ingest.documents import Passage, SourceDocument
from ingest.journal import GUICHET, note
from ingest.manners import in_pieces, stand_back
from ingest.report import DraftReport, Failure
from ingest.revisions import new_row, refuse_changed
from ingest.snapshot import DocumentInfo, passage_values

_AT_ONCE = 500
"""Passages that are stored, or drafts whose passages are removed, in one transaction."""
_ASKED_AT_ONCE = 10_000
"""Values in one query: SQLite takes 32,766 at most."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A document that is to be served: a revision that exists, or (``number`` None) one that is made of it."""

    document: SourceDocument
    number: int | None = None
    version: int | None = None
    """Set when this very version was served before: its passages are stored."""
    origin: str = ""
    folder: str | None = None
    name: str = ""
    """What its file is called, in sentences."""
    overruled: str = ""
    """Why it is published although control questions would fail."""


Cut = tuple[Arrival, int, Sequence[Passage]]
"""A document that is to be served, the number of its version, and its passages."""


def served(engine: Engine) -> dict[str, DocumentInfo]:
    """Return every document that is served, by key."""
    counted = (
        select(PassageRow.revision, func.count())
        .join(RevisionRow)
        .where(RevisionRow.state == "published")
        .group_by(PassageRow.revision)
    )
    with Session(engine) as session:
        sizes = dict(session.execute(counted).tuples().all())
        rows = session.scalars(select(RevisionRow).where(RevisionRow.state == "published")).all()
    infos = {
        str(row.key): DocumentInfo(
            str(row.key), str(row.key)[3:], row.language, row.version or 1, row.title, row.url, row.as_of, row.meta,  # type: ignore[arg-type]
            sizes.get(row.number, 0), row.number,
            published_at=row.published_at and row.published_at.replace(tzinfo=dt.UTC),
        )
        for row in rows
    }  # fmt: skip
    return in_order(infos)


def in_order(infos: Mapping[str, DocumentInfo]) -> dict[str, DocumentInfo]:
    """Return documents in the order in which they are served: that of their names, then of their languages."""
    return dict(sorted(infos.items(), key=lambda pair: (pair[1].id, pair[1].language)))


def places(engine: Engine) -> list[tuple[str, str, str | None, str]]:
    """Return key, origin, folder and digest of each document that is served."""
    columns = select(RevisionRow.key, RevisionRow.origin, RevisionRow.folder, RevisionRow.digest)
    with Session(engine) as session:
        found = session.execute(columns.where(RevisionRow.state == "published")).tuples()
        return [(str(key), origin, folder, digest) for key, origin, folder, digest in found]


def ends(engine: Engine) -> dict[str, str]:
    """Return the last day of the documents that have one, by key."""
    columns = select(RevisionRow.key, RevisionRow.expires_on)
    with Session(engine) as session:
        found = session.execute(
            columns.where(RevisionRow.state == "published", RevisionRow.expires_on.is_not(None))
        ).tuples()
        return {str(key): str(last) for key, last in found}


def versions(session: Session, keys: Iterable[str]) -> dict[str, int]:
    """Return the highest version that each document has had."""
    wanted = list(keys)
    found: dict[str, int] = {}
    for start in range(0, len(wanted), _ASKED_AT_ONCE):
        highest = (
            select(RevisionRow.key, func.max(RevisionRow.version))
            .where(RevisionRow.key.in_(wanted[start : start + _ASKED_AT_ONCE]), RevisionRow.version.is_not(None))
            .group_by(RevisionRow.key)
        )
        found.update((str(key), version or 0) for key, version in session.execute(highest).tuples())
    return found


def served_of(session: Session, origins: Iterable[str]) -> list[str]:
    served = select(RevisionRow.key, RevisionRow.origin).where(RevisionRow.state == "published")
    wanted = set(origins)
    return [str(key) for key, origin in session.execute(served).tuples() if origin in wanted]


def end(session: Session, keys: Sequence[str], state: str, by: str) -> None:
    """Take the revisions of documents that are served out of service."""
    for start in range(0, len(keys), _ASKED_AT_ONCE):
        wanted = RevisionRow.key.in_(keys[start : start + _ASKED_AT_ONCE])
        for row in session.scalars(select(RevisionRow).where(wanted, RevisionRow.state == "published")):
            row.state, row.ended_at = state, now()
            if state == "archived":
                note(session, by, state, f"document {row.key}", revision=row.number, version=row.version)
    # At once: there must never be two that are served.
    session.flush()


def lay_out(engine: Engine, cut: Sequence[Cut]) -> None:
    """Store the passages of revisions that are about to be served, some at a time.

    Nobody asks for the passages of what is not served. In the transaction that serves a thousand documents they would
    keep whoever writes, above all the receipts of answers, waiting for seconds.
    """
    rows: list[dict[str, Any]] = []
    clear_away(engine, [arrival for arrival, _, _ in cut])
    for arrival, _, passages in in_pieces(cut, 5):
        if arrival.number is not None and arrival.version is None:  # else it has no row yet, or its passages
            rows.extend(passage_values(passage, arrival.number) for passage in passages)
    for start in range(0, len(rows), _AT_ONCE):
        batch = rows[start : start + _AT_ONCE]
        with Session(engine) as session, session.begin():
            # What an earlier try left of another draft of this very text.
            session.execute(delete(PassageRow).where(PassageRow.id.in_([row["id"] for row in batch])))
            session.execute(insert(PassageRow), batch)
        stand_back()


def clear_away(engine: Engine, arrivals: Iterable[Arrival]) -> None:
    """Remove what was laid out for revisions that were never served."""
    drafts = [arrival.number for arrival in arrivals if arrival.number is not None and arrival.version is None]
    for start in range(0, len(drafts), _AT_ONCE):
        some = RevisionRow.number.in_(drafts[start : start + _AT_ONCE])
        # Looked at again: what is served must never lose its passages, whatever went wrong.
        unserved = select(RevisionRow.number).where(some, RevisionRow.version.is_(None))
        with Session(engine) as session, session.begin():
            session.execute(delete(PassageRow).where(PassageRow.revision.in_(unserved)))
        stand_back()


def serve(session: Session, cut: Sequence[Cut], by: str, today: dt.date) -> None:
    """Put documents into service, each instead of its revision that is served now.

    All at once, not one after another: the receipts of answers wait until the transaction ends.
    """
    end(session, [arrival.document.key for arrival, _, _ in cut], "replaced", by)
    drafts = _rows(session, [arrival.number for arrival, _, _ in cut if arrival.number is not None])
    rows = []
    for arrival, version, _ in cut:
        if arrival.number is None:
            row = new_row("published", arrival.document, arrival.origin, arrival.folder, by, arrival.name)
            session.add(row)
        else:
            row = drafts[arrival.number]
            refuse_changed(row, arrival.document)
        row.state, row.version, row.ended_at, row.publish_on, row.held = "published", version, None, None, None
        row.published_at, row.published_by = now(), row.published_by if by == GUICHET and row.published_by else by
        if arrival.version is not None and row.expires_on and row.expires_on < today.isoformat():
            row.expires_on = None  # who publishes it again wants more of it than a minute
        rows.append(row)
    session.flush()
    new = [
        passage_values(passage, row.number)
        for (arrival, _, passages), row in zip(cut, rows, strict=True)
        if arrival.number is None
        for passage in passages
    ]
    if new:
        session.execute(insert(PassageRow), new)
    for (arrival, version, _), row in zip(cut, rows, strict=True):
        subject = f"document {arrival.document.key}"
        if arrival.overruled:
            note(session, by, "overruled", subject, revision=row.number, reason=arrival.overruled)
        note(session, by, "published", subject, revision=row.number, version=version)


def _rows(session: Session, numbers: Sequence[int]) -> dict[int, RevisionRow]:
    found: dict[int, RevisionRow] = {}
    for start in range(0, len(numbers), _ASKED_AT_ONCE):
        wanted = select(RevisionRow).where(RevisionRow.number.in_(numbers[start : start + _ASKED_AT_ONCE]))
        found.update((row.number, row) for row in session.scalars(wanted))
    return found


def info(document: SourceDocument, revision: int, version: int, passages: int, *, draft: bool) -> DocumentInfo:
    """Return what would be known of a document that is not served, or not any more."""
    return DocumentInfo(
        document.key, document.id, document.language, version, document.title, document.url, document.as_of,
        dict(document.meta), passages, revision, draft,
    )  # fmt: skip


def without_doubles(arrivals: list[Arrival], served: dict[str, str], report: DraftReport) -> list[Arrival]:
    """Keep one file of each document key; any other is a failure that names both.

    The file that is *served* (origin by key) keeps its place, or else files of one id would take turns.
    """
    files = {arrival.origin: arrival.document.key for arrival in arrivals}
    names = {arrival.origin: arrival.name for arrival in arrivals}
    owners = {key: origin for key, origin in served.items() if files.get(origin, key) == key}
    kept = []
    for arrival in arrivals:
        owner = owners.setdefault(arrival.document.key, arrival.origin)
        if owner == arrival.origin:
            kept.append(arrival)
            continue
        message = (
            f"{arrival.name}: has the same id and language ({arrival.document.key}) as "
            f"{names.get(owner, Path(owner).name)}; give it another id"
        )
        report.failed.append(Failure(arrival.origin, "same_id", message))
    return kept

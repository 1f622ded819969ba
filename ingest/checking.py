"""Whether the stores of a library agree, and what is due for a look."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ingest.database import PassageRow, RevisionRow
from ingest.library import Library


def check(library: Library) -> list[str]:
    """Return what is wrong, one sentence each; an empty list means that all stores agree."""
    problems = []
    if mismatch := library.mismatch():
        problems.append(f"{mismatch[0].upper()}{mismatch[1:]}; run `python -m ingest rebuild`.")
    with Session(library.engine) as session:
        stored = session.scalar(
            select(func.count()).select_from(PassageRow).join(RevisionRow).where(RevisionRow.state == "published")
        )
    counts = {
        "database": stored or 0, "vectors": library.vectors.count(), "words": library.words.count(),
        "lexicon": library.lexicon.count(),
    }  # fmt: skip
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name} {count}" for name, count in counts.items())
        problems.append(f"The stores hold different numbers of passages ({listed}); run `python -m ingest rebuild`.")
    if library.generation and not library.fits():
        problems.append("The indexes are of another generation than the database; run `python -m ingest rebuild`.")
    today = library.settings.current_date().isoformat()
    for revision in library.revisions.list("published"):
        if revision.review_by and revision.review_by < today:
            problems.append(f"{revision.key}: was to be reviewed by {revision.review_by}.")
        problems.extend(f"{revision.key}: {warning}." for warning in revision.warnings)
    return problems

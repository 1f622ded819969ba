"""What waits for staff: documents that are stale, end soon, are never cited; computed for a day, never stored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from ingest.revisions import Revision

SOON = dt.timedelta(days=30)
UNCITED_AFTER = dt.timedelta(days=90)
"""A document that was served so long and that no answer has cited is perhaps not needed, or not found."""

Reason = Literal["stale", "review_soon", "expires_soon", "call_closed", "closes_soon", "never_cited"]
REASONS: tuple[Reason, ...] = ("stale", "call_closed", "expires_soon", "closes_soon", "review_soon", "never_cited")
"""The most pressing first."""


@dataclass(frozen=True, slots=True)
class Duty:
    """One document to look at: why, and since or until when (an ISO date)."""

    revision: Revision
    reason: Reason
    day: str = ""


def duties(published: Collection[Revision], cited: Collection[str] | None, today: dt.date) -> list[Duty]:
    """Return what is to be done about the *published* revisions, the most pressing first.

    *cited* are the keys of the documents that answers cited in the last ``UNCITED_AFTER``; None: not known.
    """
    found = [duty for revision in published for duty in _of(revision, cited, today)]
    return sorted(found, key=lambda duty: (REASONS.index(duty.reason), duty.day, duty.revision.title))


def _of(revision: Revision, cited: Collection[str] | None, today: dt.date) -> Iterator[Duty]:
    soon, day = (today + SOON).isoformat(), today.isoformat()
    review, last = revision.review_by, revision.expires_on
    if review and review < day:
        yield Duty(revision, "stale", review)
    elif review and review <= soon:
        yield Duty(revision, "review_soon", review)
    if last and last <= soon:
        yield Duty(revision, "expires_soon", last)
    closes, status = str(revision.meta.get("closes") or ""), revision.meta.get("status")
    if len(closes) == 10 and status in ("open", "permanent"):
        # Readers are told that it is closed; somebody should find out what comes after it.
        if closes < day:
            yield Duty(revision, "call_closed", closes)
        elif closes <= soon:
            yield Duty(revision, "closes_soon", closes)
    since = revision.published_at
    if cited is not None and since and since.date() + UNCITED_AFTER <= today and revision.key not in cited:
        yield Duty(revision, "never_cited", since.date().isoformat())

"""What is said of a sitemap that was read: what is watched from now on, and all that was not taken, with why."""

from __future__ import annotations

from ingest.documents import Language
from ingest.web import sitemaps
from ingest.web.arriving import Imported
from ui.staff.forms import words
from ui.staff.refusals import unreached

NAMED = 5
"""Lists that are named with why they could not be read."""


def told(imported: Imported, language: Language) -> str:
    """Return the sentences; what did not happen is not spoken of."""
    found, unread = imported.found, imported.found.problems
    counts = {
        "sitemap_known": imported.known,
        "sitemap_unread": len(unread),
        "sitemap_elsewhere": found.elsewhere,
        "sitemap_refused": found.refused,
        "sitemap_more": found.more,
    }
    more = {
        "which": " ".join(
            [*(_why(each, language) for each in unread[:NAMED]), *(["…"] if len(unread) > NAMED else [])]
        ),
        "total": len(found.files) + len(unread),
        "pages": sitemaps.URLS,
        "lists": sitemaps.FILES,
        "minutes": round(sitemaps.SECONDS / 60),
    }
    said = [words("desk_watched.sitemap_added", language, count=imported.added)]
    said += [words(f"desk_watched.{key}", language, count=count, **more) for key, count in counts.items() if count]
    return " ".join(said)


def _why(unread: sitemaps.Unread, language: Language) -> str:
    return f"{unread.url} – {unreached(unread.problem, unread.status, language)}"

"""Pages of the web as documents: taken in once by staff, then again as a draft whenever they have changed."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from sqlalchemy import Engine

from ingest.database import now
from ingest.intake import Intake
from ingest.journal import GUICHET
from ingest.library import Library
from ingest.readers.sandbox import Sandbox
from ingest.revisions import Revision
from ingest.web.fetching import Fetched, Fetcher, NotModified
from ingest.web.main_text import SUFFIXES, digest_with
from ingest.web.sitemaps import Found, Sitemaps
from ingest.web.watching import Outcome, Watched, Watching


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a sitemap."""

    found: Found
    added: int
    """Pages that are watched from now on."""

    @property
    def known(self) -> int:
        """Pages that were watched already."""
        return len(self.found.entries) - self.added


class WebIntake:
    """Takes pages in, and watches them; close it to end its reading process."""

    def __init__(self, library: Library, intake: Intake, fetcher: Fetcher) -> None:
        self._library = library
        self._intake = intake
        self._fetcher = fetcher
        self._sandbox = Sandbox(library.settings)
        engine: Engine = library.engine
        self.watching = Watching(
            engine, fetcher, digest_with(self._sandbox), self._arrived, every_days=library.settings.web_refetch_days
        )

    def close(self) -> None:
        """End the process that reads pages to compare them."""
        self._sandbox.close()

    def fetch(self, url: str, by: str) -> int:
        """Take in the page at *url* and watch it; return the number of its revision; raises a ``WebError``."""
        page = self._fetcher.fetch(url)
        assert not isinstance(page, NotModified)  # nothing was known of it
        number = self._receive(page, page.url, by)
        self.watching.add(url, by, known=page)
        return number

    def import_sitemap(self, url: str, by: str) -> Imported:
        """Watch all pages of a sitemap; they come in one after another; return what was taken and what was not."""
        found = Sitemaps(self._fetcher).read(url)
        added = self.watching.add_all([entry.url for entry in found.entries], by, url)
        return Imported(found, added)

    def look(self) -> list[Outcome]:
        """Look at the pages that are due."""
        return self.watching.run_due(now())

    def _arrived(self, watched: Watched, page: Fetched) -> None:
        """Take in a page that has changed, or is seen for the first time."""
        # A page that comes for the first time is from whoever put it on watch: a second person may have to publish it.
        by = GUICHET if self._document(watched.url) else watched.added_by
        number = self._receive(page, watched.url, by)
        # Of a page that changes again before anybody looked, the last draft is enough.
        for older in self._library.revisions.list("draft", origin=origin_of(watched.url)):
            if older.number < number and not older.edited_by:
                self._library.revisions.discard(older.number, GUICHET)

    def _receive(self, page: Fetched, url: str, by: str) -> int:
        path = self._intake.folder / secrets.token_hex(16)
        path.write_bytes(page.content)
        document = self._document(url)
        about = {"key": document.key, "language": document.language} if document else {}
        return self._intake.receive(path, _name(page), by, origin=origin_of(url), url=page.final_url, **about)

    def _document(self, url: str) -> Revision | None:
        """Return the revision that says which document is made of a page, if one is."""
        known = self._library.revisions.list(
            "published", "scheduled", "waiting", "draft", "replaced", "archived", origin=origin_of(url), limit=20
        )
        served = [revision for revision in known if revision.state == "published"]
        return next(iter([*served, *known]), None)


def origin_of(url: str) -> str:
    """Return the origin of the revisions that are made of the page at *url*."""
    return f"web:{url}"


def _name(page: Fetched) -> str:
    """Return what a page is called as a file: the last part of its address, with the ending of its type."""
    parts = urlsplit(page.final_url)
    stem = PurePosixPath(unquote(parts.path)).stem or parts.hostname or "page"
    return stem + SUFFIXES[page.media_type]

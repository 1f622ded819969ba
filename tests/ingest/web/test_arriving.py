"""Pages of the web become drafts: once when staff ask for them, then again whenever they have changed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from ingest.intake import Intake
from ingest.judging import Judge
from ingest.library import Library
from ingest.revisions import Edit, Revision
from ingest.web.arriving import WebIntake
from ingest.web.fetching import Fetcher
from ingest.web.sitemaps import Unread
from tests.ingest.web.world import HOST, World, page, reply

PLACE = f"{HOST}/prime"
URL = f"http://{PLACE}"
BEFORE = "La prime couvre 40 % des frais de conseil des petites entreprises wallonnes."
AFTER = "La prime couvre 60 % des frais de conseil des petites entreprises wallonnes."


@pytest.fixture
def web(library: Library, fetcher: Fetcher) -> Iterator[WebIntake]:
    with Intake(library, Judge(library)) as intake, closing(WebIntake(library, intake, fetcher)) as opened:
        yield opened


def read(library: Library, number: int) -> Revision:
    """Return a revision once it was read."""
    until = time.monotonic() + 30
    while (found := library.revisions.get(number)).state == "received":
        assert time.monotonic() < until, "not read in time"
        time.sleep(0.02)
    return found


def newest(library: Library) -> Revision:
    """Return the newest revision once it was read."""
    return read(library, library.revisions.list(limit=1)[0].number)


def test_a_changed_page_is_a_draft_that_keeps_what_staff_said(library: Library, web: WebIntake, world: World) -> None:
    """The next version of a page has the name, language, kind, owner and days that a person gave to the last one."""
    world.pages[PLACE] = reply(page(BEFORE))
    first = read(library, web.fetch(URL, "ella"))
    edit = Edit(
        id="prime", language="de", title="Unsere Prämie", owner="paul", review_by="2027-06-01", expires_on="2027-12-31",
        meta={"kind": "subsidy", "aliases": ["Prämie"]},
    )  # fmt: skip
    library.revisions.edit(first.number, edit, "ella", confirmed=("kind",))
    library.publish([first.number], "paul")
    world.pages[PLACE] = reply(page(AFTER))
    assert web.watching.check(URL).what == "changed"
    draft = newest(library)
    assert (draft.state, draft.key, draft.title, draft.created_by) == ("draft", "de/prime", "Unsere Prämie", "guichet")
    assert (draft.owner, draft.review_by, draft.expires_on) == ("paul", "2027-06-01", "2027-12-31")
    assert (draft.meta["kind"], draft.meta["aliases"]) == ("subsidy", ["Prämie"])
    assert not {"title", "language", "kind"} & draft.findings["guesses"].keys()
    assert "60 %" in library.revisions.document(draft.number).pages[0].text


def test_a_sitemap_tells_what_it_did_not_take(web: WebIntake, world: World) -> None:
    """Of a sitemap come the number of pages that are new on watch, those that were there, and all that was left out."""
    site = f"http://{HOST}"
    index = "".join(f"<sitemap><loc>{site}/{name}.xml</loc></sitemap>" for name in ("a", "gone"))
    pages = (f"{site}/1", f"{site}/2", f"{site}/3", "http://other.example/4", "javascript:x")
    urls = "".join(f"<url><loc>{url}</loc></url>" for url in pages)
    for path, content in (("map", f"<sitemapindex>{index}</sitemapindex>"), ("a", f"<urlset>{urls}</urlset>")):
        world.pages[f"{HOST}/{path}.xml"] = reply(content, content_type="application/xml")
    web.watching.add(f"{site}/2", "ella")
    imported = web.import_sitemap(f"{site}/map.xml", "paul")
    assert (imported.added, imported.known) == (2, 1)
    found = imported.found
    assert (found.elsewhere, found.refused, found.more) == (1, 1, False)
    assert found.problems == (Unread(f"{site}/gone.xml", "status", 404),)
    assert web.import_sitemap(f"{site}/map.xml", "paul").added == 0


def test_a_page_on_watch_comes_first_from_who_put_it_there(library: Library, web: WebIntake, world: World) -> None:
    """Who puts pages on watch has prepared their first drafts: where a second person must publish, it is another."""
    world.pages[PLACE] = reply(page(BEFORE))
    web.watching.add(URL, "paul")
    assert web.watching.check(URL).what == "changed"
    assert newest(library).created_by == "paul"

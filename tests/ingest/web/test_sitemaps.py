"""Sitemaps give the pages of a site, and nothing else."""

from __future__ import annotations

import datetime as dt
import gzip
import time

import pytest

from ingest.errors import WebError
from ingest.web import sitemaps
from ingest.web.fetching import Fetcher
from ingest.web.sitemaps import Entry, Sitemaps, Unread
from tests.ingest.web.world import HOST, OTHER, World, page, reply

SITE = f"http://{HOST}"
SPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def urlset(*urls: str, lastmod: str = "") -> str:
    """Return a sitemap of *urls*."""
    day = f"<lastmod>{lastmod}</lastmod>" if lastmod else ""
    rows = "".join(f"<url><loc>{url}</loc>{day}</url>\n" for url in urls)
    return f"<?xml version='1.0' encoding='UTF-8'?>\n<urlset {SPACE}>{rows}</urlset>"


def index(*urls: str) -> str:
    """Return an index of sitemaps."""
    return (
        f"<sitemapindex {SPACE}>" + "".join(f"<sitemap><loc>{url}</loc></sitemap>" for url in urls) + "</sitemapindex>"
    )


def serve(world: World, path: str, content: str | bytes, content_type: str = "application/xml") -> None:
    world.pages[f"{HOST}{path}"] = reply(content, content_type=content_type)


@pytest.fixture
def maps(fetcher: Fetcher) -> Sitemaps:
    return Sitemaps(fetcher)


def refused(maps: Sitemaps) -> WebError:
    """Return why the sitemap cannot be read."""
    with pytest.raises(WebError) as raised:
        maps.read(f"{SITE}/sitemap.xml")
    return raised.value


@pytest.mark.parametrize("lastmod", ["2026-11-02", "2026-11-02T10:00:00+01:00"])
def test_pages_come_with_their_day(lastmod: str, world: World, maps: Sitemaps) -> None:
    """Each page comes once, in order, in the form in which it is fetched, with the day of its last change."""
    serve(world, "/sitemap.xml", urlset(f"{SITE}/b", f" {SITE}/a?x=1&amp;y=2\n", f"{SITE}/b", lastmod=lastmod))
    found = maps.read(f"{SITE}/sitemap.xml")
    day = dt.date(2026, 11, 2)
    assert found.entries == (Entry(f"{SITE}/b", day), Entry(f"{SITE}/a?x=1&y=2", day))
    assert (found.files, found.more, found.problems) == ((f"{SITE}/sitemap.xml",), False, ())


@pytest.mark.parametrize("lastmod", ["", "hier", "2026-99-99", "02/11/2026"])
def test_a_day_that_is_none_is_left_out(lastmod: str, world: World, maps: Sitemaps) -> None:
    """A page without a readable day comes without one."""
    serve(world, "/sitemap.xml", urlset(f"{SITE}/a", lastmod=lastmod))
    assert maps.read(f"{SITE}/sitemap.xml").entries == (Entry(f"{SITE}/a"),)


def test_only_pages_of_the_site_come_unless_asked(world: World, maps: Sitemaps) -> None:
    """Pages elsewhere are counted and left out; what may not be asked never comes."""
    urls = (f"{SITE}/a", "http://aides.example/b", f"http://{OTHER}/c", "http://127.0.0.1/", "javascript:alert(1)")
    serve(world, "/sitemap.xml", urlset(*urls))
    found = maps.read(f"{SITE}/sitemap.xml")
    assert ([entry.url for entry in found.entries], found.elsewhere, found.refused) == (list(urls[:2]), 1, 2)
    everything = maps.read(f"{SITE}/sitemap.xml", same_site=False)
    assert [entry.url for entry in everything.entries] == list(urls[:3])


def test_an_index_is_followed(world: World, maps: Sitemaps) -> None:
    """The sitemaps of an index are read, packed ones too; one that is missing is told and stops nothing."""
    serve(world, "/sitemap.xml", index(f"{SITE}/1.xml", f"{SITE}/2.xml.gz", f"{SITE}/gone.xml", f"{SITE}/3.txt"))
    serve(world, "/1.xml", urlset(f"{SITE}/a"))
    serve(world, "/2.xml.gz", gzip.compress(urlset(f"{SITE}/b").encode()), "application/x-gzip")
    serve(world, "/3.txt", f"\ufeff{SITE}/c\r\n\r\n{SITE}/d", "text/plain")
    found = maps.read(f"{SITE}/sitemap.xml")
    assert [entry.url[-1] for entry in found.entries] == ["a", "b", "c", "d"]
    assert found.problems == (Unread(f"{SITE}/gone.xml", "status", 404),)


def test_an_index_does_not_lead_elsewhere_or_in_circles(world: World, maps: Sitemaps) -> None:
    """An index that names itself, another site, or an index of an index of an index ends."""
    serve(world, "/sitemap.xml", index(f"{SITE}/sitemap.xml", f"http://{OTHER}/s.xml", "http://10.0.0.1/", f"{SITE}/1"))
    serve(world, "/1", index(f"{SITE}/2"))
    serve(world, "/2", index(f"{SITE}/3"))
    serve(world, "/3", urlset(f"{SITE}/a"))
    found = maps.read(f"{SITE}/sitemap.xml")
    assert (found.entries, found.more, world.asked("/3"), world.asked("/sitemap.xml")) == ((), True, 0, 1)
    assert (found.elsewhere, found.refused) == (1, 1)
    assert not any(OTHER in request for request in world.requests)


def test_an_index_of_thousands_ends(world: World, maps: Sitemaps, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more files are read than the limit says, and the result tells that there were more."""
    monkeypatch.setattr(sitemaps, "FILES", 3)
    serve(world, "/sitemap.xml", index(*(f"{SITE}/{number}.xml" for number in range(1000))))
    for number in range(10):
        serve(world, f"/{number}.xml", urlset(f"{SITE}/page/{number}"))
    found = maps.read(f"{SITE}/sitemap.xml")
    assert (len(found.files), len(found.entries), found.more) == (3, 2, True)


def test_the_sitemaps_that_robots_txt_names_are_found(world: World, maps: Sitemaps) -> None:
    """The site's own word on where its sitemaps are is taken; without one the usual place is tried."""
    serve(world, "/sitemap.xml", urlset(f"{SITE}/usual"))
    serve(world, "/plan.xml", urlset(f"{SITE}/named"))
    assert [entry.url for entry in maps.of_site(f"{SITE}/x").entries] == [f"{SITE}/usual"]
    serve(world, "/robots.txt", f"Sitemap: {SITE}/plan.xml\n", "text/plain")
    named = Sitemaps(
        Fetcher(maps._fetcher._settings, resolve=world.resolve, connect=world.connect, pace=maps._fetcher.pace)
    )
    assert [entry.url for entry in named.of_site(f"{SITE}/x").entries] == [f"{SITE}/named"]


def test_the_number_of_pages_has_a_limit(world: World, maps: Sitemaps, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a sitemap with more pages than the limit the first come, each in less than a millisecond, and it is said."""
    monkeypatch.setattr(sitemaps, "URLS", 5000)
    serve(world, "/sitemap.xml", urlset(*(f"{SITE}/{number}" for number in range(sitemaps.URLS + 10))))
    started = time.thread_time()
    found = maps.read(f"{SITE}/sitemap.xml")
    assert (len(found.entries), found.more) == (sitemaps.URLS, True)
    assert time.thread_time() - started < 5


BOMB = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 9))


@pytest.mark.parametrize(
    "content",
    [
        f"<!DOCTYPE urlset [<!ENTITY e0 'x'>{BOMB}]><urlset><url><loc>&e8;</loc></url></urlset>",
        "<!DOCTYPE urlset SYSTEM 'http://127.0.0.1/x.dtd'><urlset/>",
        "<!DOCTYPE urlset [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><urlset><url><loc>&x;</loc></url></urlset>",
        "<urlset><url><loc>&unknown;</loc></url></urlset>", page("Perdu."), "<rss><channel/></rss>", "<urlset><url>",
        "<urlset>" + "<a>" * 100_000, "<urlset><url><loc>" + "a" * 100_000 + "</loc></url></urlset>",
        "<?xml version='1.0' encoding='nonsense'?><urlset/>", "<", "\x00\x01\x02" * 5000,
        "x" * 200_000, b"\x1f\x8bnonsense",
        gzip.compress(urlset(f"{SITE}/a").encode())[:-9],
    ],
    ids=["bomb", "dtd", "file", "entity", "page", "rss", "open", "deep", "long", "encoding", "start", "noise", "line",
         "packing", "cut"],
)  # fmt: skip
def test_what_is_no_sitemap_is_refused(content: str | bytes, world: World, maps: Sitemaps) -> None:
    """Entities, document types, other files and damaged ones are refused with one kind, and lead nowhere."""
    serve(world, "/sitemap.xml", content)
    assert refused(maps).kind == "type"
    assert len(world.connections) == 2


@pytest.mark.parametrize("endless", ["<!-- >", "<url a='", "<![CDATA[>"])
def test_a_tag_without_end_costs_no_time(endless: str, world: World, maps: Sitemaps) -> None:
    """A packed megabyte that stands for one endless tag or comment is left early: it would be read again and again."""
    packed = gzip.compress(f"<urlset>{endless}".encode() + b" >x" * 7_000_000)
    serve(world, "/sitemap.xml", packed, "application/gzip")
    started = time.thread_time()
    assert refused(maps).kind in {"type", "too_large"}
    assert time.thread_time() - started < 3


def test_a_list_of_nonsense_is_left_early(world: World, maps: Sitemaps) -> None:
    """Millions of lines that are no address are not all looked at."""
    serve(world, "/sitemap.xml", f"{SITE}/a\n" + "x\n" * 2_000_000, "text/plain")
    found = maps.read(f"{SITE}/sitemap.xml")
    assert (len(found.entries), found.refused, found.more) == (1, 2 * sitemaps.URLS - 1, True)


def test_a_sitemap_that_cannot_be_had_is_told(world: World, maps: Sitemaps) -> None:
    """Without any sitemap the reason of the first is the reason of all."""
    assert refused(maps).kind == "status"

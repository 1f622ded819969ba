"""The links of documents: which there are, and which of them live."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ingest.library import Library
from ingest.web.links import EVERY_DAYS, SPREAD_DAYS, Links, cited, plain
from tests.ingest.samples import sheet
from tests.ingest.web.conftest import MakeFetcher
from tests.ingest.web.world import HOST, OTHER, PUBLIC, World, leading_to, reply

NOW = dt.datetime(2099, 1, 1, 9, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
HERE, THERE, GONE = f"http://{HOST}/la", f"http://{OTHER}/la", f"http://{HOST}/plus"


@pytest.fixture
def links(engine: Engine, fetcher_with: MakeFetcher, world: World) -> Links:
    """Two links that live and one that is gone."""
    world.pages[f"{HOST}/la"] = reply("x", content_type="image/png")
    world.pages[f"{OTHER}/la"] = leading_to(f"http://{OTHER}/ici")
    world.pages[f"{OTHER}/ici"] = reply("x")
    made = Links(engine, fetcher_with())
    made.collect([HERE, THERE, GONE])
    return made


def test_what_documents_cite_is_collected(library: Library, tmp_path: Path) -> None:
    """Sources, contacts and pages are found with the documents that cite them, each once, without what follows «#»."""
    contact = "contact: {url: 'https://www.contact.example/aide#form', confirmed: true}\nreview_by"
    for id in ("aide", "autre"):
        text = sheet(id, "L'aide couvre la moitié des frais de conseil.").replace("review_by", contact)
        (tmp_path / f"{id}.md").write_text(text, "utf-8")
    (tmp_path / "page.html").write_text(
        "<!doctype html><html lang='fr'><link rel='canonical' href='https://www.page.example'><title>Page</title>"
        "<body><article><p>La Région accorde une aide aux petites entreprises.</p></article></body></html>",
        "utf-8",
    )
    assert not library.add([tmp_path / name for name in ("aide.md", "autre.md", "page.html")]).failed
    assert cited(library) == {
        "https://www.contact.example/aide": ("fr/aide", "fr/autre"),
        "https://example.org/page": ("fr/aide", "fr/autre"),
        "https://www.page.example/": ("fr/page",),
    }


@pytest.mark.parametrize(
    ("url", "kept"),
    [("https://WWW.Aides.example#x", "https://www.aides.example/"), ("mailto:a@b.be#x", "mailto:a@b.be"),
     ("http://localhost/#x", "http://localhost/"), ("https://aides.example:8443/a#b", "https://aides.example:8443/a")],
)  # fmt: skip
def test_links_have_one_form(url: str, kept: str) -> None:
    """Two ways to write an address are one link; what is no web address is kept as it is."""
    assert plain(url) == kept


def test_links_are_checked(links: Links) -> None:
    """A link that lives is valid, with where it leads; one that is gone is uncertain, and dead a day later."""
    assert {link.url: link.health.state for link in links.run_due(NOW)} == {
        HERE: "valid", THERE: "valid", GONE: "uncertain"
    }  # fmt: skip
    there = links.find(f"{THERE}#haut")
    assert there is not None
    assert there.final_url == f"http://{OTHER}/ici"
    assert [link.url for link in links.run_due(NOW + DAY)] == [GONE]
    assert [link.url for link in links.all("dead")] == [GONE]
    assert links.all("uncertain") == []


def test_living_links_are_looked_at_on_days_of_their_own(
    engine: Engine, fetcher_with: MakeFetcher, world: World
) -> None:
    """The next looks at many links are spread over days."""
    urls = [f"http://{HOST}/{number}" for number in range(20)]
    for number in range(20):
        world.pages[f"{HOST}/{number}"] = reply("x")
    links = Links(engine, fetcher_with())
    links.collect(urls)
    days = {(link.health.next_at - NOW).days for link in links.run_due(NOW)}
    assert days == set(range(EVERY_DAYS, EVERY_DAYS + SPREAD_DAYS + 1))


def test_a_round_is_taken_up_where_it_ended(links: Links) -> None:
    """Each link is kept as soon as it was checked: a round of two leaves one for the next."""
    assert [len(links.run_due(NOW, 2)) for _ in range(3)] == [2, 1, 0]


def test_what_is_known_outlives_a_new_collection(links: Links) -> None:
    """Links that are still cited keep their state; those that are not any more are given up."""
    links.run_due(NOW)
    links.collect([HERE, "http://www.nouveau.example/"])
    assert {link.url: link.health.checked_at for link in links.all()} == {
        HERE: NOW, "http://www.nouveau.example/": None
    }  # fmt: skip
    assert links.find(GONE) is None
    links.collect([])
    assert links.all() == []


def test_forbidden_links_are_never_asked(engine: Engine, fetcher_with: MakeFetcher, world: World) -> None:
    """A document may cite anything; what may not be asked is uncertain, with the reason, and is not connected to."""
    urls = {"http://169.254.169.254/": "refused_address", "mailto:a@b.be": "scheme", "https://a@b.be/": "credentials"}
    links = Links(engine, fetcher_with())
    links.collect(urls)
    assert {link.url: link.health.problem for link in links.run_due(NOW)} == urls
    assert world.connections == []


def test_a_robots_file_is_obeyed(links: Links, world: World) -> None:
    """A page that robots are asked to leave alone is uncertain, not dead, and not asked for."""
    world.pages[f"{HOST}/robots.txt"] = reply("User-agent: *\nDisallow: /", content_type="text/plain")
    assert {link.url: link.health.problem for link in links.run_due(NOW)}[GONE] == "robots"
    assert world.asked("/plus") == 0


def test_switched_off_no_link_is_blamed(engine: Engine, fetcher_with: MakeFetcher) -> None:
    """With fetching off a round checks nothing."""
    links = Links(engine, fetcher_with(web_enabled=False))
    links.collect([HERE])
    assert (links.run_due(NOW), links.all("uncertain")) == ([], [])


def test_without_a_line_no_link_is_blamed(engine: Engine, fetcher_with: MakeFetcher, world: World) -> None:
    """When nobody can be reached, the round ends early."""
    for number in range(9):
        world.names[f"www.site{number}.example"] = [[PUBLIC]]
    world.silent.add(PUBLIC)
    links = Links(engine, fetcher_with())
    links.collect(f"http://www.site{number}.example/" for number in range(9))
    assert len(links.run_due(NOW)) == 5

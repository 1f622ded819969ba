"""The robots.txt of a site is obeyed."""

from __future__ import annotations

import time

import pytest

from ingest.errors import FetchFailed
from ingest.web.addresses import parse
from ingest.web.connections import Deadline
from ingest.web.fetching import Fetcher
from ingest.web.robots import KEPT, KEPT_WHEN_BROKEN, LONGEST, LONGEST_PAUSE, Reply, Robots
from tests.ingest.web.world import HOST, OTHER, World, leading_to, page, reply
from tests.slowness import slowness


class Site:
    """A site with one robots.txt, which counts how often it is asked, and a clock."""

    def __init__(self, content: str | bytes = b"", status: int = 200) -> None:
        self.reply = Reply(status, content.encode() if isinstance(content, str) else content)
        self.asked: list[str] = []
        self.time = 0.0
        self.robots = Robots(self._ask, lambda: self.time)

    def _ask(self, address: object, deadline: Deadline) -> Reply:
        self.asked.append(str(address))
        return self.reply

    def allows(self, path: str, host: str = HOST) -> bool:
        """Say whether *path* may be read."""
        try:
            self.robots.check(parse(f"https://{host}{path}"), Deadline(5))
        except FetchFailed as failure:
            return failure.kind != "robots"
        return True


RULES = """\
User-agent: *
Disallow: /prive/
Allow: /prive/ouvert
Disallow: /*.php$
Disallow: /recherche?*tri=
"""


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/", True), ("/prive/x", False), ("/prive/ouvert/x", True), ("/a.php", False), ("/a.php?x", True),
     ("/recherche?q=a", True), ("/recherche?q=a&tri=b", False), ("/%70rive/x", False), ("/robots.txt", True)],
)  # fmt: skip
def test_the_longest_rule_counts(path: str, allowed: bool) -> None:
    """Of the rules that fit a path the longest decides; «*» and «$» mean what RFC 9309 says."""
    assert Site(RULES).allows(path) is allowed


@pytest.mark.parametrize(
    ("content", "allowed"),
    [
        ("User-agent: *\nDisallow: /\n\nUser-agent: GuichetIA\nAllow: /\n", True),
        ("User-agent: *\nAllow: /\n\nUser-agent: guichetia\nDisallow: /\n", False),
        ("User-Agent:GUICHETIA # nous\nDisallow: /\n", False),
        ("User-agent: Autre\nUser-agent: GuichetIA\nDisallow: /\n", False),
        ("User-agent: GuichetIA/1.0\nDisallow: /\n", False),
        ("User-agent: Guichet\nDisallow: /\n", True), ("User-agent: GuichetIA-Images\nDisallow: /\n", True),
        ("User-agent: IA\nDisallow: /\n", True), ("User-agent: another\nDisallow: /\n", True),
        ("User-agent: GuichetIA\nDisallow:\n\nUser-agent: *\nDisallow: /\n", True),
        ("\ufeffUser-agent: *\r\nDisallow: /\r\n", False), ("User-agent: *\rDisallow: /\r", False),
        ("<!doctype html><p>Disallow: /", True), ("", True), ("Disallow: /", True),
    ],
)  # fmt: skip
def test_rules_for_our_name_come_first(content: str, allowed: bool) -> None:
    """The group of our own name replaces that of all; groups of other names say nothing to us."""
    assert Site(content).allows("/page") is allowed


@pytest.mark.parametrize(
    ("status", "allowed"), [(404, True), (403, True), (410, True), (429, False), (500, False), (503, False)]
)
def test_a_missing_file_allows_and_a_broken_one_does_not(status: int, allowed: bool) -> None:
    """A site without robots.txt may be read; one that cannot say so now is left alone for now."""
    assert Site("User-agent: *\nDisallow: /", status).allows("/page") is allowed


def test_a_file_is_kept_for_a_day() -> None:
    """A site is asked once a day, each site for itself, and a broken one again after ten minutes."""
    site = Site(RULES)
    assert [site.allows("/"), site.allows("/a"), site.allows("/", OTHER)] == [True] * 3
    assert len(site.asked) == 2
    site.time = KEPT + 1
    site.reply = Reply(503, b"")
    assert not site.allows("/")
    site.reply = Reply(200, b"")
    site.time += KEPT_WHEN_BROKEN - 1
    assert not site.allows("/")
    site.time += 2
    assert site.allows("/")
    assert len(site.asked) == 4


def test_only_the_start_of_a_huge_file_counts() -> None:
    """Rules after the limit are not there, those before it are."""
    site = Site("User-agent: *\nDisallow: /a\n" + "#" * LONGEST + "\nDisallow: /b\n")
    assert (site.allows("/a"), site.allows("/b")) == (False, True)


@pytest.mark.parametrize(
    "content",
    [
        "".join(f"User-agent: a{number}\n" for number in range(16_000)) + "Allow: /a\n" * 25_000,
        "User-agent: *\n" + "Disallow: /*a*a*a*a*a*a*a*a*b$\n" * 15_000,
        "User-agent: *\nDisallow: /" + "*a" * 200_000,
        "User-agent: *\n" * 30_000,
        "\0" * LONGEST, "é" * (LONGEST // 2), "User-agent:" * 40_000,
    ],
    ids=["names", "stars", "long", "groups", "zeros", "accents", "colons"],
)  # fmt: skip
def test_a_hostile_file_costs_no_time(content: str) -> None:
    """A file made to cost time or memory is read in seconds."""
    site = Site(content)
    started = time.thread_time()
    site.allows("/" + "a" * 1900)
    assert time.thread_time() - started < 3 * slowness()


def test_pause_and_sitemaps_are_read() -> None:
    """How long the site wants to be left alone is known, within reason, and so are its sitemaps."""
    site = Site("User-agent: *\nCrawl-delay: 5\nSitemap: https://www.aides.example/plan.xml\n")
    address = parse(f"https://{HOST}/")
    assert site.robots.pause(address) == 0
    assert site.robots.sitemaps(address, Deadline(5)) == ["https://www.aides.example/plan.xml"]
    assert site.robots.pause(address) == 5
    site = Site("User-agent: *\nCrawl-delay: 86400\n")
    site.allows("/")
    assert site.robots.pause(address) == LONGEST_PAUSE


def test_a_forbidden_page_is_not_asked_for(world: World, fetcher: Fetcher) -> None:
    """The fetcher reads robots.txt first and leaves a forbidden page alone, also one that a redirect leads to."""
    world.pages[f"{HOST}/robots.txt"] = reply("User-agent: *\nDisallow: /prive", content_type="text/plain")
    world.pages[f"{HOST}/"] = leading_to("/prive")
    for path in ("/prive", "/"):
        with pytest.raises(FetchFailed) as failure:
            fetcher.fetch(f"http://{HOST}{path}")
        assert failure.value.kind == "robots"
    assert (world.asked("/prive"), world.asked("/robots.txt")) == (0, 1)


def test_a_robots_file_without_end_of_redirects_asks_for_nothing(world: World, fetcher: Fetcher) -> None:
    """A robots.txt that redirects to itself is as if there were none; one behind a redirect is read."""
    world.pages[f"{HOST}/robots.txt"] = leading_to("/robots.txt")
    world.pages[f"{HOST}/"] = reply(page("Une aide."))
    fetcher.fetch(f"http://{HOST}/")
    world.pages[f"{OTHER}/robots.txt"] = leading_to("/r.txt")
    world.pages[f"{OTHER}/r.txt"] = reply("User-agent: *\nDisallow: /", content_type="text/plain")
    with pytest.raises(FetchFailed):
        fetcher.fetch(f"http://{OTHER}/")

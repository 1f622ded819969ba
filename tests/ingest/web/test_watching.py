"""Pages on watch: what changed arrives, what vanished is flagged, nothing is lost."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine

from ingest.errors import AddressRefused, GuichetError, UnreadableFile
from ingest.journal import Journal
from ingest.readers.sandbox import Sandbox
from ingest.settings import Settings
from ingest.web.fetching import Fetched, Fetcher
from ingest.web.main_text import digest_with
from ingest.web.watching import NotWatched, Watched, Watching
from tests.ingest.readers.samples import pdf
from tests.ingest.web.conftest import MakeFetcher
from tests.ingest.web.world import HOST, PUBLIC, World, leading_to, page, reply

URL = f"http://{HOST}/aide"
START = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


class Desk:
    """Takes in what changed, as the staff desk does; refuses when it is told to."""

    def __init__(self) -> None:
        self.came: list[tuple[str, bytes]] = []
        self.refusing = False

    def __call__(self, watched: Watched, page: Fetched) -> None:
        if self.refusing:
            raise GuichetError("The disk is full; make room.")
        self.came.append((watched.url, page.content))


def words_of(page: Fetched) -> str:
    """Return a digest of what stands in paragraphs; a page without any is not readable."""
    found = page.content.partition(b"<p>")[2].rpartition(b"</p>")[0]
    if not found:
        raise UnreadableFile("page.html: gives no text", "no_text")
    return found.hex()[:64]


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def watching(engine: Engine, fetcher: Fetcher, desk: Desk) -> Watching:
    return Watching(engine, fetcher, words_of, desk)


def show(world: World, *paragraphs: str, **headers: str) -> None:
    """Put a page at the address."""
    world.pages[f"{HOST}/aide"] = reply(page(*paragraphs), **headers)


def only(watching: Watching) -> Watched:
    """Return the one page on watch."""
    (watched,) = watching.all()
    return watched


def test_a_new_page_arrives_once(world: World, watching: Watching, desk: Desk) -> None:
    """The first look hands the page on, the second finds it unchanged; the next is due after its days."""
    show(world, "Une aide.")
    watching.add(f"{URL}#haut", "anne", every_days=3)
    assert [watching.check(URL, START + day * DAY).what for day in (0, 3)] == ["changed", "unchanged"]
    assert desk.came == [(URL, page("Une aide.").encode())]
    watched = only(watching)
    assert (watched.health.state, watched.health.since, watched.health.next_at) == ("valid", START, START + 6 * DAY)


def test_only_the_text_of_a_page_counts(world: World, watching: Watching, desk: Desk) -> None:
    """Another banner around the same text is no change; another text is one."""
    show(world, "Une aide.")
    watching.add(URL, "anne")
    watching.check(URL, START)
    world.pages[f"{HOST}/aide"] = reply(page("Une aide.").replace("<article>", "<nav>Fêtes !</nav><article>"))
    assert watching.check(URL, START).what == "unchanged"
    show(world, "Une autre aide.")
    outcome = watching.check(URL, START)
    assert outcome.what == "changed"
    assert outcome.page is not None
    assert outcome.page.content == desk.came[-1][1] == page("Une autre aide.").encode()


def test_marks_spare_the_site_its_page(world: World, watching: Watching) -> None:
    """ETag and date of the last time are sent, and a server that says «the same» is believed."""
    show(world, "Une aide.", etag='"1"', last_modified="Mon, 23 Nov 2026 10:00:00 GMT")
    watching.add(URL, "anne")
    watching.check(URL, START)
    world.pages[f"{HOST}/aide"] = reply(status=304, content_length="", content_type="", etag='"2"')
    assert watching.check(URL, START).what == "unchanged"
    assert b'"1"' in world.heads[-1]
    assert b"Mon, 23 Nov 2026 10:00:00 GMT" in world.heads[-1]
    assert only(watching).etag == '"1"'


def test_a_page_that_was_not_taken_comes_again(world: World, watching: Watching, desk: Desk) -> None:
    """When the desk cannot take a page in, neither its text nor its mark counts as known: it comes the next time."""
    show(world, "Une aide.", etag='"1"')
    watching.add(URL, "anne")
    desk.refusing = True
    outcome = watching.check(URL, START)
    assert (outcome.what, outcome.problem, outcome.message) == ("failed", "not_taken", "The disk is full; make room.")
    assert (only(watching).digest, only(watching).etag) == (None, None)
    desk.refusing = False
    assert watching.check(URL, START).what == "changed"
    assert b'"1"' not in world.heads[-1]


def test_a_page_that_cannot_be_read_is_uncertain(world: World, watching: Watching, desk: Desk) -> None:
    """A page without text neither arrives nor replaces what is known."""
    show(world, "Une aide.")
    watching.add(URL, "anne")
    watching.check(URL, START)
    world.pages[f"{HOST}/aide"] = reply("<html>", etag='"2"')
    assert watching.check(URL, START).problem == "unreadable"
    assert (only(watching).health.state, only(watching).etag, len(desk.came)) == ("uncertain", None, 1)
    show(world, "Une aide.")
    assert watching.check(URL, START).what == "unchanged"


def test_a_vanished_page_is_flagged_and_kept(world: World, watching: Watching, engine: Engine) -> None:
    """Gone once is a failure, gone a day later is vanished: told once in the journal, and the page stays on watch."""
    show(world, "Une aide.")
    watching.add(URL, "anne", document="fr/aide")
    watching.check(URL, START)
    world.pages[f"{HOST}/aide"] = reply(status=410)
    looks = [watching.check(URL, START + hours * DAY / 24) for hours in (24, 30, 48, 72)]
    assert [look.what for look in looks] == ["failed", "failed", "vanished", "vanished"]
    assert (only(watching).health.state, only(watching).document) == ("dead", "fr/aide")
    vanished = Journal(engine).entries(action="vanished")
    assert [(entry.by, entry.subject, entry.detail) for entry in vanished] == [
        ("guichet", f"page {URL}", {"status": 410, "document": "fr/aide"})
    ]
    show(world, "Une aide.")
    assert watching.check(URL, START + 5 * DAY).what == "unchanged"
    assert only(watching).health.state == "valid"


@pytest.mark.parametrize(
    ("answer", "problem"),
    [(reply(status=503), "status"), (leading_to("http://127.0.0.1/"), "refused_address"), (b"nonsense", "connection"),
     (reply("x", content_type="image/png"), "type")],
)  # fmt: skip
def test_other_trouble_is_uncertain(answer: bytes, problem: str, world: World, watching: Watching) -> None:
    """A page that cannot be had for another reason is uncertain, with the reason, and asked again sooner."""
    world.pages[f"{HOST}/aide"] = answer
    watching.add(URL, "anne")
    assert watching.check(URL, START).problem == problem
    health = only(watching).health
    assert (health.state, health.problem, health.next_at - START) == ("uncertain", problem, DAY / 24)


def test_adding_and_removing_stand_in_the_journal(watching: Watching, engine: Engine) -> None:
    """Who put a page on watch and who took it off is known; a second time changes the first."""
    watching.add(URL, "anne")
    watching.add(URL.upper().replace("AIDE", "aide"), "bert", document="fr/aide", every_days=2)
    assert (only(watching).added_by, only(watching).document, only(watching).every_days) == ("anne", "fr/aide", 2)
    watching.remove(URL, "carl")
    assert watching.all() == []
    entries = [(entry.by, entry.action, entry.subject) for entry in Journal(engine).entries()]
    assert entries == [
        (who, what, f"page {URL}") for who, what in (("carl", "unwatched"), ("bert", "watched"), ("anne", "watched"))
    ]


def test_only_what_may_be_asked_is_watched(watching: Watching, engine: Engine) -> None:
    """A forbidden address is refused when it is put on watch, and an unknown one when it is taken off."""
    with pytest.raises(AddressRefused):
        watching.add("http://169.254.169.254/", "anne")
    with pytest.raises(NotWatched, match="is not on watch"):
        watching.remove(URL, "anne")
    with pytest.raises(NotWatched):
        watching.check(URL)
    assert (watching.all(), Journal(engine).count()) == ([], 0)


def test_a_page_that_was_taken_in_already_is_no_change(world: World, watching: Watching, desk: Desk) -> None:
    """A page that staff has just added is known: it arrives when its text is another one."""
    show(world, "Une aide.", etag='"1"')
    watching.add(URL, "anne", known=fetched(page("Une aide.").encode()))
    assert watching.check(URL, START).what == "unchanged"
    show(world, "Une autre aide.")
    assert watching.check(URL, START).what == "changed"
    watching.add(URL, "anne", document="fr/aide")
    assert [watched.url for watched in watching.all("fr/aide")] == [URL]
    assert watching.all("fr/autre") == []


def test_a_page_that_could_not_be_read_is_not_known(world: World, watching: Watching, desk: Desk) -> None:
    """A page that staff added without readable text is on watch, and arrives when it has one."""
    watching.add(URL, "anne", known=Fetched(URL, URL, b"<html>", "text/html", '"1"'))
    assert (only(watching).digest, only(watching).etag) == (None, None)
    show(world, "Une aide.")
    assert watching.check(URL, START).what == "changed"


def test_the_pages_of_a_list_come_together(watching: Watching, engine: Engine) -> None:
    """Thousands of pages are put on watch in one change; those that are there stay as they are."""
    watching.add(URL, "anne", document="fr/aide")
    urls = [f"http://{HOST}/{number}" for number in range(3000)]
    assert watching.add_all([*urls, URL], "bert", f"http://{HOST}/sitemap.xml") == 3000
    assert (len(watching.all()), watching.all("fr/aide")[0].added_by) == (3001, "anne")
    assert Journal(engine).entries()[0].detail == {"pages": 3000}
    with pytest.raises(AddressRefused):
        watching.add_all(["http://www.nouveau.example/", "http://localhost/"], "bert", "x")
    assert len(watching.all()) == 3001


def test_two_looks_at_once_take_in_once(world: World, watching: Watching, desk: Desk) -> None:
    """A person who looks while the daily round does gets the page once."""
    show(world, "Une aide.")
    watching.add(URL, "anne")
    with ThreadPoolExecutor(4) as threads:
        outcomes = list(threads.map(lambda _: watching.check(URL, START).what, range(4)))
    assert sorted(outcomes) == ["changed", "unchanged", "unchanged", "unchanged"]
    assert len(desk.came) == 1


def many(world: World, watching: Watching, count: int) -> list[str]:
    """Put pages of as many sites on watch."""
    urls = [f"http://www.site{number}.example/" for number in range(count)]
    for number, url in enumerate(urls):
        world.names[f"www.site{number}.example"] = [[PUBLIC]]
        world.pages[f"www.site{number}.example/"] = reply(page(f"Aide {number}."))
        watching.add(url, "anne")
    return urls


def test_a_round_looks_at_what_is_due(world: World, watching: Watching, desk: Desk) -> None:
    """A round takes as many pages as it may, the next one the rest, and then nothing is due for a week."""
    urls = many(world, watching, 5)
    now = dt.datetime.now(dt.UTC)
    assert [len(watching.run_due(now, limit)) for limit in (3, 3, 3)] == [3, 2, 0]
    assert sorted(url for url, _ in desk.came) == urls
    assert watching.due(now + 6.9 * DAY) == []
    assert len(watching.due(now + 7 * DAY)) == 5


def test_one_bad_page_stops_nothing(world: World, watching: Watching, desk: Desk) -> None:
    """A page that fails is noted, the others of the round are looked at."""
    many(world, watching, 4)
    world.pages["www.site0.example/"] = b"nonsense"
    outcomes = watching.run_due(dt.datetime.now(dt.UTC))
    assert [outcome.what for outcome in outcomes].count("failed") == 1
    assert len(desk.came) == 3


def test_without_a_line_no_page_is_blamed(world: World, watching: Watching) -> None:
    """When nobody can be reached the round ends after a few sites, and the others stay due."""
    many(world, watching, 12)
    world.silent.add(PUBLIC)
    now = dt.datetime.now(dt.UTC)
    assert len(watching.run_due(now)) == 5
    assert len(watching.due(now)) == 7


def test_switched_off_nothing_is_blamed(engine: Engine, fetcher_with: MakeFetcher, desk: Desk) -> None:
    """With fetching off a round does nothing, and every page stays as it was known."""
    off = Watching(engine, fetcher_with(web_enabled=False), words_of, desk)
    off.add(URL, "anne")
    assert off.run_due(dt.datetime.now(dt.UTC)) == []
    assert only(off).health.checked_at is None


def test_a_crash_in_the_middle_is_no_loop(world: World, watching: Watching, desk: Desk) -> None:
    """A page whose taking in breaks down with a bug is left alone for an hour, and comes again after it."""
    show(world, "Une aide.")
    watching.add(URL, "anne")

    def broken(watched: Watched, page: Fetched) -> None:
        raise RuntimeError("a bug")

    watching._arrived = broken
    now = dt.datetime.now(dt.UTC)
    with pytest.raises(RuntimeError):
        watching.run_due(now)
    assert watching.due(now + DAY / 25) == []
    watching._arrived = desk
    assert [outcome.what for outcome in watching.run_due(now + DAY / 24)] == ["changed"]


@pytest.fixture(scope="module")
def digest() -> Callable[[Fetched], str]:
    """The digest of production, which reads in a child process."""
    return digest_with(Sandbox(Settings(reader_seconds=120)))


def fetched(content: bytes, media_type: str = "text/html") -> Fetched:
    return Fetched(URL, URL, content, media_type)


TEXT = "La Région accorde aux petites entreprises une aide qui couvre la moitié de leurs frais de conseil."


def test_banners_menus_and_scripts_are_no_text(digest: Callable[[Fetched], str]) -> None:
    """Two pages with the same main text have one digest, whatever stands around it; another amount is another text."""
    bare = page(TEXT, "La demande se fait en ligne avant la fin du mois.")
    dressed = bare.replace(
        "<article>", "<nav><a href='/'>Accueil</a></nav><script>var n = 17</script><article class='b'>"
    )
    assert digest(fetched(bare.encode())) == digest(fetched(dressed.encode()))
    assert digest(fetched(bare.encode())) != digest(fetched(bare.replace("moitié", "totalité").encode()))


def test_other_files_have_a_text_too(digest: Callable[[Fetched], str], tmp_path: Path) -> None:
    """A PDF and plain text are read like uploads, and one without text is refused."""
    assert len(digest(fetched(pdf([TEXT]), "application/pdf"))) == 64
    assert digest(fetched(TEXT.encode(), "text/plain")) == digest(fetched(f"{TEXT}\n\n".encode(), "text/plain"))
    with pytest.raises(UnreadableFile):
        digest(fetched(b"%PDF-1.7 nonsense", "application/pdf"))

"""Fetching a page: nothing forbidden is connected to, nothing lasts or grows beyond its limit."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
import zlib
from pathlib import Path

import pytest

from ingest.errors import AddressRefused, FetchFailed, WebError
from ingest.settings import Settings
from ingest.web.fetching import Fetched, Fetcher, NotModified
from tests.ingest.web.asking import URL, fetched, refusal
from tests.ingest.web.conftest import MakeFetcher
from tests.ingest.web.world import HOST, OTHER, PUBLIC, PUBLIC_6, World, authority, leading_to, page, reply
from tests.testdata import TESTDATA, needed

ROWS = "ssrf/urls.jsonl"
FORBIDDEN = (
    [json.loads(line) for line in (TESTDATA / ROWS).read_text("utf-8").splitlines()]
    if (TESTDATA / ROWS).exists()
    else [{"id": "missing", "url": ""}]
)


def test_a_page_is_fetched(world: World, fetcher: Fetcher) -> None:
    """Content, type and marks come back, with where the page was found."""
    world.pages[f"{HOST}/aide"] = reply(page("Une aide."), etag='"1"', last_modified="Mon, 23 Nov 2026 10:00:00 GMT")
    found = fetched(fetcher)
    assert found == Fetched(
        URL, URL, page("Une aide.").encode(), "text/html", '"1"', "Mon, 23 Nov 2026 10:00:00 GMT", 200
    )
    assert world.connections == [(PUBLIC, 80), (PUBLIC, 80)]  # robots.txt, and the page


def test_a_page_is_known_by_one_address(world: World, fetcher: Fetcher) -> None:
    """However an address is written, the page says which one was asked: the form in which it is watched."""
    world.pages[f"{HOST}/aide"] = reply(page("Une aide."))
    assert fetched(fetcher, f" HTTP://{HOST.upper()}:80/aide#haut").url == URL


# --- where a connection may lead ------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", FORBIDDEN, ids=[row["id"] for row in FORBIDDEN])
def test_every_forbidden_address_is_refused_before_a_connection(row: dict[str, str], world: World) -> None:
    """Each address of the collection is refused and none is connected to, even if every name leads inside."""
    needed(ROWS)
    world.resolve = lambda host, port: ["169.254.169.254"]  # type: ignore[method-assign]
    with pytest.raises(AddressRefused):
        Fetcher(Settings(), resolve=world.resolve, connect=world.connect).fetch(row["url"])
    assert world.connections == []


@pytest.mark.parametrize("row", FORBIDDEN, ids=[row["id"] for row in FORBIDDEN])
def test_no_redirect_leads_to_a_forbidden_address(row: dict[str, str], world: World, fetcher: Fetcher) -> None:
    """A public page that redirects to an address of the collection leads to no connection but its own."""
    needed(ROWS)
    world.names["metadata.packet.net"] = [["10.0.0.1"]]
    world.pages[f"{HOST}/aide"] = leading_to(row["url"])
    with pytest.raises(WebError):
        fetcher.fetch(URL)
    assert {ip for ip, _ in world.connections} == {PUBLIC}


@pytest.mark.parametrize(
    "answers",
    [["127.0.0.1"], ["10.0.0.1"], [PUBLIC, "192.168.1.1"], ["::1", PUBLIC], [PUBLIC_6, "fe80::1%eth0"],
     ["::ffff:93.184.215.14"], ["64:ff9b::5db8:d70e"], ["169.254.169.254"], ["nonsense"]],
)  # fmt: skip
def test_a_name_that_leads_inside_is_refused(answers: list[str], world: World, fetcher: Fetcher) -> None:
    """One address that is not public among those of a name is enough, and none of them is connected to."""
    world.names[HOST] = [answers]
    assert refusal(fetcher).kind == "refused_address"
    assert world.connections == []


def test_rebinding_changes_nothing(world: World, fetcher: Fetcher) -> None:
    """A name that answers otherwise the second time is refused the second time: each connection has its own check."""
    world.names[HOST] = [[PUBLIC], ["127.0.0.1"]]
    assert refusal(fetcher).kind == "refused_address"
    assert world.connections == [(PUBLIC, 80)]


def test_a_connection_is_made_to_what_was_looked_up_for_it(world: World, fetcher: Fetcher) -> None:
    """One look-up a connection, and none after it: there is no moment in which a name could move."""
    world.pages[f"{HOST}/aide"] = reply(page("Une aide."))
    world.names[HOST] = [[PUBLIC], ["1.0.0.1"]]
    fetched(fetcher)
    assert (world.looked_up, world.connections) == ([HOST, HOST], [(PUBLIC, 80), ("1.0.0.1", 80)])


def test_a_redirect_to_a_name_that_leads_inside_is_refused(world: World, fetcher: Fetcher) -> None:
    """The name in a redirect is looked up and checked like the first one."""
    world.names["intern.example"] = [["10.1.1.1"]]
    world.pages[f"{HOST}/aide"] = leading_to("http://intern.example/")
    assert refusal(fetcher).kind == "refused_address"
    assert {ip for ip, _ in world.connections} == {PUBLIC}


def test_robots_txt_cannot_lead_inside(world: World, fetcher: Fetcher) -> None:
    """The robots.txt of a site is fetched with the same guards, its redirects too."""
    world.pages[f"{HOST}/robots.txt"] = leading_to("http://169.254.169.254/latest/meta-data/")
    assert refusal(fetcher).kind == "refused_address"
    assert world.connections == [(PUBLIC, 80)]


def test_a_number_is_fetched_without_a_look_up(world: World, fetcher: Fetcher) -> None:
    """A public IP address is asked as it stands, over IPv6 too."""
    world.pages[f"[{PUBLIC_6}]/aide"] = reply(page("Une aide."))
    assert fetched(fetcher, f"http://[{PUBLIC_6}]/aide").final_url == f"http://[{PUBLIC_6}]/aide"
    assert (world.looked_up, world.connections[-1]) == ([], (PUBLIC_6, 80))


def test_the_next_address_is_tried(world: World, fetcher: Fetcher) -> None:
    """A name with an address that does not answer is reached by its other one."""
    world.names[HOST] = [[PUBLIC_6, PUBLIC]]
    world.silent.add(PUBLIC_6)
    world.pages[f"{HOST}/aide"] = reply(page("Une aide."))
    fetched(fetcher)
    assert world.connections[-2:] == [(PUBLIC_6, 80), (PUBLIC, 80)]


@pytest.mark.parametrize("answers", [None, []])
def test_an_unknown_name_is_told(answers: list[str] | None, world: World, fetcher: Fetcher) -> None:
    """A name without an address is no connection but a word on the spelling."""
    if answers is None:
        del world.names[HOST]
    else:
        world.names[HOST] = [answers]
    assert refusal(fetcher).kind == "dns"


def test_a_name_server_that_never_answers_is_given_up(fetcher_with: MakeFetcher, world: World) -> None:
    """The look-up has a time limit although the system's resolver knows none."""
    never = threading.Event()
    needed(ROWS)
    world.resolve = lambda host, port: [str(never.wait(5))]  # type: ignore[method-assign]
    started = time.monotonic()
    assert refusal(fetcher_with(web_connect_seconds=0.2)).kind == "dns"
    never.set()
    assert time.monotonic() - started < 4


def test_a_host_that_refuses_is_told(world: World, fetcher: Fetcher) -> None:
    """A connection that is refused is its own kind of failure."""
    world.silent.add(PUBLIC)
    assert refusal(fetcher).kind == "connection"


# --- redirects ------------------------------------------------------------------------------------------------------


def test_redirects_are_followed(world: World, fetcher: Fetcher) -> None:
    """A page that moved to another site is found there, and the result says where."""
    world.pages[f"{HOST}/aide"] = leading_to("/bientot")
    world.pages[f"{HOST}/bientot"] = leading_to(f"http://{OTHER}/ici", 308)
    world.pages[f"{OTHER}/ici"] = reply(page("Une aide."))
    found = fetched(fetcher)
    assert (found.url, found.final_url) == (URL, f"http://{OTHER}/ici")


def test_redirects_end(world: World, fetcher: Fetcher) -> None:
    """Pages that lead to each other are given up after as many steps as the setting says."""
    world.pages[f"{HOST}/aide"] = leading_to("/autre")
    world.pages[f"{HOST}/autre"] = leading_to("/aide")
    assert refusal(fetcher).kind == "too_many_redirects"
    assert world.asked("/aide") + world.asked("/autre") == 6


def test_nothing_is_carried_along(world: World, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    """No cookie comes back, no referrer is named, and no proxy of the environment is used."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    world.pages[f"{HOST}/aide"] = reply(status=302, location="/ici", set_cookie="a=secret; Path=/")
    world.pages[f"{HOST}/ici"] = reply(page("Une aide."))
    fetched(fetcher)
    last = world.heads[-1].lower()
    assert b"cookie" not in last
    assert b"referer" not in last


def test_marks_are_not_told_to_another_site(world: World, fetcher: Fetcher) -> None:
    """The ETag of a page goes to its own site, not to where a redirect leads."""
    world.pages[f"{HOST}/aide"] = leading_to(f"http://{OTHER}/ici")
    world.pages[f"{OTHER}/ici"] = reply(page("Une aide."))
    fetcher.fetch(URL, etag='"1"')
    assert [b'"1"' in head for head in world.heads if b"robots" not in head] == [True, False]


# --- encryption -----------------------------------------------------------------------------------------------------


def test_the_certificate_is_that_of_the_name(world: World, fetcher_with: MakeFetcher, tmp_path: Path) -> None:
    """Over an address of its own choice the connection still names the host and checks its certificate."""
    trust = authority(tmp_path, world, HOST)
    world.pages[f"{HOST}/aide"] = reply(page("Une aide."))
    assert fetched(fetcher_with(trust), f"https://{HOST}/aide").media_type == "text/html"
    assert set(world.server_names) == {HOST}
    assert world.connections[-1] == (PUBLIC, 443)


def test_another_certificate_is_refused(world: World, fetcher_with: MakeFetcher, tmp_path: Path) -> None:
    """A certificate for another name, or of nobody whom we trust, ends the fetch before a request is sent."""
    trust = authority(tmp_path, world, OTHER)
    assert refusal(fetcher_with(trust), f"https://{HOST}/aide").kind == "tls"
    assert refusal(fetcher_with(), f"https://{HOST}/aide").kind == "tls"
    assert world.requests == []


def test_encryption_is_not_left(world: World, fetcher_with: MakeFetcher, tmp_path: Path) -> None:
    """A redirect from https to http is refused before a connection."""
    trust = authority(tmp_path, world, HOST)
    world.pages[f"{HOST}/aide"] = leading_to(f"http://{HOST}/aide")
    assert refusal(fetcher_with(trust), f"https://{HOST}/aide").kind == "scheme"
    assert {port for _, port in world.connections} == {443}


# --- time and size --------------------------------------------------------------------------------------------------


def dripping(start: bytes, piece: bytes = b"x", pause: float = 0.05) -> object:
    """Return a server that sends *start* and then *piece* for as long as it is listened to."""

    def send(wire: socket.socket) -> None:
        wire.sendall(start)
        while True:
            wire.sendall(piece)
            time.sleep(pause)

    return send


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n"


@pytest.mark.parametrize(
    "start", [HEAD + b"\r\n", HEAD + b"x-slow: ", b"HTTP/1.1 ", HEAD + b"transfer-encoding: chunked\r\n\r\n1;"]
)
def test_a_slow_drip_ends(start: bytes, world: World, fetcher_with: MakeFetcher) -> None:
    """A server that sends a byte now and then, in the body or in its headers, is cut off when the time is over."""
    world.pages[f"{HOST}/aide"] = dripping(start)  # type: ignore[assignment]
    started = time.monotonic()
    assert refusal(fetcher_with(web_total_seconds=0.6)).kind == "timeout"
    assert time.monotonic() - started < 4


def test_silence_ends(world: World, fetcher_with: MakeFetcher) -> None:
    """A server that says nothing is left after the longest silence, or when the whole time is over before."""
    world.pages[f"{HOST}/aide"] = lambda wire: time.sleep(3)
    assert refusal(fetcher_with(web_between_seconds=0.2)).kind == "timeout"
    started = time.monotonic()
    assert refusal(fetcher_with(web_between_seconds=10, web_total_seconds=0.3)).kind == "timeout"
    assert time.monotonic() - started < 4


def test_a_silent_handshake_ends(world: World, fetcher_with: MakeFetcher) -> None:
    """A server that never answers the greeting of encryption is left, too."""
    kept: list[socket.socket] = []

    def connect(ip: str, port: int, seconds: float) -> socket.socket:
        ours, theirs = socket.socketpair()
        kept.append(theirs)
        return ours

    world.connect = connect  # type: ignore[method-assign]
    started = time.monotonic()
    assert refusal(fetcher_with(web_connect_seconds=0.3), f"https://{HOST}/").kind == "timeout"
    assert time.monotonic() - started < 4


@pytest.mark.parametrize("extra", [b"", b"transfer-encoding: chunked\r\n"])
def test_an_endless_body_ends(extra: bytes, world: World, fetcher_with: MakeFetcher) -> None:
    """A page that never ends is left at the limit of its size."""
    piece = b"10000\r\n" + b"x" * 65536 + b"\r\n" if extra else b"x" * 65536
    world.pages[f"{HOST}/aide"] = dripping(HEAD + extra + b"\r\n", piece, 0)  # type: ignore[assignment]
    assert refusal(fetcher_with(web_megabytes=1)).kind == "too_large"


def test_an_announced_size_is_believed(world: World, fetcher_with: MakeFetcher) -> None:
    """A page that says that it is too large is not read at all."""
    world.pages[f"{HOST}/aide"] = reply("x", content_length=str(2**20 + 1))
    assert refusal(fetcher_with(web_megabytes=1)).kind == "too_large"


def test_a_broken_off_page_is_no_page(world: World, fetcher: Fetcher) -> None:
    """A page that ends before its announced length is not taken for whole."""
    world.pages[f"{HOST}/aide"] = reply(page("Une aide."), content_length="5000")
    assert refusal(fetcher).kind == "connection"


@pytest.mark.parametrize("packed", ["gzip", "x-gzip", "deflate", "raw"])
def test_packed_pages_are_unpacked(packed: str, world: World, fetcher: Fetcher) -> None:
    """The packings that we ask for are undone, also deflate without its header."""
    text = page("Une aide.").encode()
    raw = zlib.compressobj(wbits=-15)
    packings = {"deflate": zlib.compress(text), "raw": raw.compress(text) + raw.flush()}
    encoding = "deflate" if packed == "raw" else packed
    world.pages[f"{HOST}/aide"] = reply(packings.get(packed) or gzip.compress(text), content_encoding=encoding)
    assert fetched(fetcher).content == text


def test_a_bomb_is_refused(world: World, fetcher_with: MakeFetcher) -> None:
    """A packed page that swells beyond the limit, or beyond what is honest, is left early."""
    world.pages[f"{HOST}/aide"] = reply(gzip.compress(bytes(60 * 2**20)), content_encoding="gzip")
    assert refusal(fetcher_with(web_megabytes=200)).kind == "too_large"
    world.pages[f"{HOST}/aide"] = reply(gzip.compress(bytes(range(256)) * 8192), content_encoding="gzip")
    assert refusal(fetcher_with(web_megabytes=1)).kind == "too_large"


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "compress", "nonsense"])
def test_other_packings_are_refused(encoding: str, world: World, fetcher: Fetcher) -> None:
    """A packing that nobody asked for is not undone, nor are two of them."""
    world.pages[f"{HOST}/aide"] = reply(gzip.compress(b"x"), content_encoding=encoding)
    assert refusal(fetcher).kind == "type"


@pytest.mark.parametrize("cut", [slice(0, 30), slice(20, None)])
def test_damaged_packing_is_told(cut: slice, world: World, fetcher: Fetcher) -> None:
    """A packed page without its end or its beginning is not taken for whole."""
    world.pages[f"{HOST}/aide"] = reply(gzip.compress(page("Une aide." * 20).encode())[cut], content_encoding="gzip")
    assert refusal(fetcher).kind == "connection"


@pytest.mark.parametrize(
    "start", [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nx-long: ", b"", b"HTTP/1.1 100 Continue\r\n\r\n"]
)
def test_huge_headers_are_refused(start: bytes, world: World, fetcher: Fetcher) -> None:
    """Headers without end, one long or many, and interim answers without end, are cut off."""
    line = b"x-more: " + b"y" * 1000 + b"\r\n"
    endless = {b"HTTP/1.1 200 OK\r\n": line, b"HTTP/1.1 100 Continue\r\n\r\n": b"HTTP/1.1 100 Continue\r\n\r\n" * 50}
    world.pages[f"{HOST}/aide"] = dripping(start, endless.get(start, b"y" * 1000), 0)  # type: ignore[assignment]
    assert refusal(fetcher).kind == "too_large"


def test_another_protocol_is_told(world: World, fetcher: Fetcher) -> None:
    """A server that does not speak HTTP is a failed connection, not a crash."""
    world.pages[f"{HOST}/aide"] = b"220 mail.example ESMTP ready\r\n" * 3
    assert refusal(fetcher).kind == "connection"


# --- what servers say ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [204, 206, 301, 304, 400, 401, 403, 404, 410, 429, 500, 503])
def test_other_statuses_are_told(status: int, world: World, fetcher: Fetcher) -> None:
    """Whatever is no whole page is refused with the server's own number."""
    world.pages[f"{HOST}/aide"] = reply(status=status, content_length="" if status in {204, 304} else "0")
    failure = refusal(fetcher)
    assert isinstance(failure, FetchFailed)
    assert (failure.kind, failure.status) == ("status", status)


def test_an_unchanged_page_is_not_sent_again(world: World, fetcher: Fetcher) -> None:
    """ETag and date go to the server as they came, and its word that nothing changed is believed."""
    world.pages[f"{HOST}/aide"] = reply(status=304, content_length="", content_type="")
    date = "Mon, 23 Nov 2026 10:00:00 GMT"
    assert fetcher.fetch(URL, etag='W/"a"', last_modified=date) == NotModified(URL, URL)
    assert b'if-none-match: W/"a"\r\nif-modified-since: ' + date.encode() in world.heads[-1].replace(b"If-", b"if-")


@pytest.mark.parametrize("etag", ['"é"', "a" * 600])
def test_odd_marks_are_not_kept(etag: str, world: World, fetcher: Fetcher) -> None:
    """An ETag that could not be sent back, or is endless, is no mark; and sending one does no harm."""
    world.pages[f"{HOST}/aide"] = reply(page("Une aide."), etag=etag)
    found = fetcher.fetch(URL, etag=etag + "\r\nx: y", last_modified="é")
    assert isinstance(found, Fetched)
    assert found.etag is None


# --- manners --------------------------------------------------------------------------------------------------------


def test_we_say_who_we_are(world: World, fetcher_with: MakeFetcher) -> None:
    """The user agent names the product and where its people are reached."""
    world.pages[f"{HOST}/aide"] = reply(page("Une aide."))
    fetched(fetcher_with(web_contact="https://guichet.example/robot"))
    agents = [line for head in world.heads for line in head.split(b"\r\n") if line.lower().startswith(b"user-agent")]
    assert len(agents) == 2
    assert all(agent.endswith(b" (+https://guichet.example/robot)") and b"GuichetIA/" in agent for agent in agents)


def test_nothing_is_asked_when_it_is_off(world: World, fetcher_with: MakeFetcher) -> None:
    """With the setting off there is no look-up and no connection."""
    assert refusal(fetcher_with(web_enabled=False)).kind == "off"
    assert (world.looked_up, world.connections) == ([], [])


def test_a_probe_reads_no_page(world: World, fetcher: Fetcher) -> None:
    """Whether a page is there is asked with HEAD, and with GET where a server refuses that."""
    world.pages[f"{HOST}/aide"] = reply("x" * 1000, content_type="image/png")
    assert fetcher.probe(URL).status == 200
    world.pages[f"HEAD {HOST}/aide"] = reply(status=405)
    assert fetcher.probe(URL).final_url == URL
    assert [request.split(" ")[0] for request in world.requests if "robots" not in request] == ["HEAD", "HEAD", "GET"]


def test_a_probe_tells_what_is_gone(world: World, fetcher: Fetcher) -> None:
    """A page that is gone for HEAD and for GET is told with its status; a busy server is not asked twice."""
    with pytest.raises(FetchFailed) as failure:
        fetcher.probe(URL)
    assert failure.value.status == 404
    world.pages[f"{HOST}/busy"] = reply(status=429)
    with pytest.raises(FetchFailed):
        fetcher.probe(f"http://{HOST}/busy")
    assert world.asked("/busy") == 1

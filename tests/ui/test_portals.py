"""Who may embed the guichet: origins, the allow-list, what the guard makes of it, the desk and the command."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.datastructures import Headers
from starlette.routing import Mount

from bot.wording import catalogue
from ingest.documents import LANGUAGES, Language
from ingest.settings import load
from tests.slowness import slowness
from tests.ui.doors import START, Doors, asked, event, opened, raw, served
from ui.__main__ import main
from ui.admission.crossing import crossing
from ui.admission.hosts import Hosts
from ui.guard import content_policy
from ui.portals import Allowed, Origin, Portal, PortalRefused, normal
from ui.portals.portals import MOST_ORIGINS, MOST_QUESTIONS
from ui.staff.desk import Desk, NoSuchPlace, NotAllowed, Outcome
from ui.staff.people import Person
from ui.staff.rooms.portals import PortalsRoom

PORTAL = "https://portal.example.be"
OTHER = "https://other.example.be:8443"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Doors, int]]:
    """The application behind a real port, and the port."""
    doors = opened(tmp_path_factory.mktemp("doors"), load(rate_limit="off", trusted_hosts=()))
    with served(doors.app) as port:
        yield doors, port


@pytest.fixture
def doors(whole: tuple[Doors, int]) -> Doors:
    """The application with one portal that is open, and one origin of it that is not."""
    doors = whole[0]
    doors.tidy()
    doors.admission.portals.add("ville", [PORTAL, OTHER], "ada")
    doors.admission.portals.switch("ville", "ada", closed=True, origin=OTHER)
    return doors


@pytest.fixture
def port(whole: tuple[Doors, int], doors: Doors) -> int:
    """Where it listens."""
    return whole[1]


@pytest.fixture
def client(doors: Doors) -> TestClient:
    """A client in process that names this machine as its host."""
    return TestClient(doors.app, base_url="http://localhost:7860")


# Origins


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://Portal.Example.BE", "https://portal.example.be"),
        (" https://portal.example.be/ ", "https://portal.example.be"),
        ("https://portal.example.be:443", "https://portal.example.be"),
        ("https://portal.example.be:8443", "https://portal.example.be:8443"),
        ("https://portal.example.be:080", "https://portal.example.be:80"),
        ("https://Ville-de-Liège.example", "https://xn--ville-de-lige-6gb.example"),
        ("https://xn--ville-de-lige-6gb.example", "https://xn--ville-de-lige-6gb.example"),
        ("https://faß.example", "https://xn--fa-hia.example"),
        ("https://192.0.2.7", "https://192.0.2.7"),
        ("https://[2001:DB8:0::1]:8443", "https://[2001:db8::1]:8443"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("https://intranet", "https://intranet"),
    ],
)
def test_an_origin_is_kept_as_browsers_write_it(text: str, expected: str) -> None:
    """Case, usual ports, accents and IPv6 are brought into the one form that stands in «Origin»."""
    assert normal(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "*", "null", "https://*", "https://*.example.be", "https://", "portal.example.be", "//portal.example.be",
     "ftp://portal.example.be", "file:///etc", "http://portal.example.be", "https://portal.example.be/page",
     "https://portal.example.be?x", "https://portal.example.be#x", "https://user@portal.example.be",
     "https://user:pw@portal.example.be", "https://portal.example.be:0", "https://portal.example.be:65536",
     "https://portal.example.be:x", "https://portal.example.be:", "https://portal example.be", "https://-a.example",
     "https://a..example", "https://portal.example.be.", "https://0x7f.1", "https://127.1", "https://1.2.3.4.5",
     "https://[::1", "https://[fe80::1%25eth0]", "https://portal.example.be\\@evil.example", "https://xn--a.example",
     "https://a%2eb.example", "https://portal.example.be\r\nX: y", "https://portal.example.be\n",
     "https://" + "a" * 64 + ".example", "https://" + "a." * 200 + "example", "https://\u202eeb.example",
     "'self'", "https://a.example;script-src", "https://a.example https://b.example", "data:", "https:portal.be"],
)  # fmt: skip
def test_what_is_no_exact_origin_is_refused(text: str) -> None:
    """No wildcard, no null, no path, nothing that a browser would read as another host or a policy as more."""
    assert normal(text) is None


# The allow-list


def test_without_portals_only_the_own_pages_may() -> None:
    """An empty list means the same origin, never anybody."""
    assert Allowed.of([]) == Allowed({}, frozenset(), "'self'")
    assert "frame-ancestors 'self'" in content_policy(None, Allowed().ancestors)


def test_closed_portals_and_origins_stand_in_no_policy() -> None:
    """A portal that is off takes all its origins with it, an origin only itself."""
    on = Portal("on", (Origin("https://a.example", False), Origin("https://b.example", True)))
    off = Portal("off", (Origin("https://c.example", False),), closed=True)
    allowed = Allowed.of([on, off])
    assert allowed.open == {"https://a.example": on}
    assert allowed.closed == {"https://b.example", "https://c.example"}
    assert allowed.ancestors == "'self' https://a.example"


def test_every_change_stands_in_the_journal(doors: Doors) -> None:
    """Who made, limited, closed, opened and removed a portal can be read; what changed nothing cannot."""
    portals = doors.admission.portals
    portals.limit("ville", 10, 1000, "boss")
    portals.limit("ville", 10, 1000, "boss")
    portals.switch("ville", "boss", closed=True)
    portals.switch("ville", "boss", closed=True)
    portals.switch("ville", "boss", closed=False)
    portals.remove("ville", "boss", origin=OTHER)
    portals.remove("ville", "boss")
    assert doors.journal() == [
        ("ada", "portal_added", "portal ville"), ("ada", "origin_added", "portal ville"),
        ("ada", "origin_added", "portal ville"), ("ada", "portal_closed", "portal ville"),
        ("boss", "portal_limited", "portal ville"), ("boss", "portal_closed", "portal ville"),
        ("boss", "portal_opened", "portal ville"), ("boss", "origin_removed", "portal ville"),
        ("boss", "portal_removed", "portal ville"),
    ]  # fmt: skip
    assert portals.everyone() == []
    assert portals.allowed() == Allowed()


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "é", "a b", "a/b", "x" * 41, "a\n", "<b>"])
def test_a_name_that_is_none_is_refused(doors: Doors, name: str) -> None:
    """The name stands in addresses and in the accounts of a language model: plain signs only."""
    with pytest.raises(PortalRefused, match="A name has"):
        doors.admission.portals.add(name, ["https://new.example"], "ada")
    assert "https://new.example" not in doors.admission.portals.allowed().open


def test_an_origin_belongs_to_one_portal(doors: Doors) -> None:
    """Else nobody could say whose questions they are; and what is refused leaves nothing half done."""
    with pytest.raises(PortalRefused, match="belongs to the portal ville"):
        doors.admission.portals.add("second", ["https://new.example", PORTAL], "ada")
    assert [portal.name for portal in doors.admission.portals.everyone()] == ["ville"]


def test_there_are_only_so_many_origins(doors: Doors) -> None:
    """They all stand in a header of the page: their number has an end."""
    many = [f"https://p{number}.example" for number in range(MOST_ORIGINS - 2)]
    doors.admission.portals.add("many", many, "ada")
    with pytest.raises(PortalRefused, match="200 origins already"):
        doors.admission.portals.add("many", ["https://onemore.example"], "ada")


@pytest.mark.parametrize("number", [0, -1, MOST_QUESTIONS + 1])
def test_a_number_of_questions_has_bounds(doors: Doors, number: int) -> None:
    """No limit is said by nothing, not by a zero that would shut everybody out."""
    with pytest.raises(PortalRefused, match="whole number"):
        doors.admission.portals.limit("ville", number, None, "ada")


def addresses(routes: Iterable[Any], before: str = "") -> Iterator[str]:
    """Yield the paths of *routes* and of all that they lead to, Gradio's too."""
    for route in routes:
        if included := getattr(route, "original_router", None):
            yield from addresses(included.routes, before + route.include_context.prefix)
        elif isinstance(route, Mount):
            inner: Any = route.app
            yield from addresses(getattr(inner, "app", inner).routes, before + route.path)
        elif path := getattr(route, "path", None):
            yield before + path


def test_no_way_in_is_passed_by_a_sign_at_its_end(doors: Doors, client: TestClient) -> None:
    """A route's ``$`` looks past a line's end, and would be reached without keys, limits or the list of portals."""
    paths = {re.sub(r"\{[^}]*\}", "x", path) for path in addresses(doors.app.routes)}
    assert {"/mcp", "/ask", "/api/v1/ask", "/v1/chat/completions", "/gradio_api/queue/join"} <= paths
    evil = {"origin": "https://evil.example"}
    for path in sorted(paths):
        for method in ("GET", "POST"):
            answer = client.request(method, f"{path}%0A", json=START, headers=evil)
            assert answer.status_code == 404, (method, path)
    for number in (*range(32), 127):
        assert client.post(f"/api/v1/ask%{number:02X}", json=START).status_code == 404
        assert client.get(f"/static/%{number:02X}guichet.css").status_code == 404
    assert doors.bot.payers == []


# Where a request comes from


ALLOWED = Allowed.of([Portal("ville", (Origin(PORTAL, False), Origin(OTHER, True)))])


@pytest.mark.parametrize(
    ("method", "headers", "expected"),
    [
        ("POST", {}, "none"),
        ("POST", {"origin": "http://localhost:7860"}, "own"),
        ("POST", {"origin": "https://localhost:7860"}, "own"),
        ("GET", {"sec-fetch-site": "same-origin"}, "own"),
        ("POST", {"origin": PORTAL}, "portal"),
        ("POST", {"origin": OTHER}, "closed"),
        ("POST", {"origin": "null"}, "foreign"),
        ("POST", {"origin": ""}, "foreign"),
        ("POST", {"origin": "*"}, "foreign"),
        ("POST", {"origin": PORTAL.upper()}, "foreign"),
        ("POST", {"origin": PORTAL + "."}, "foreign"),
        ("POST", {"origin": PORTAL + "/"}, "foreign"),
        ("POST", {"origin": PORTAL + ":443"}, "foreign"),
        ("POST", {"origin": PORTAL + ".evil.example"}, "foreign"),
        ("POST", {"origin": "http://portal.example.be"}, "foreign"),
        ("POST", {"origin": "https://evil.example", "referer": PORTAL}, "foreign"),
        ("POST", {"origin": "http://localhost"}, "foreign"),
        ("POST", {"origin": "http://localhost:7861"}, "foreign"),
        ("POST", {"origin": "http://evil.example", "host": "evil.example"}, "foreign"),
        ("POST", {"sec-fetch-site": "cross-site"}, "foreign"),
        ("POST", {"sec-fetch-site": "same-site"}, "foreign"),
        ("GET", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}, "foreign"),
        ("GET", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}, "foreign"),
        ("GET", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}, "none"),
        ("GET", {"sec-fetch-site": "none", "sec-fetch-mode": "navigate"}, "none"),
        ("GET", {"referer": "https://evil.example/"}, "none"),
    ],
)
def test_a_browser_says_where_a_request_comes_from(method: str, headers: dict[str, str], expected: str) -> None:
    """Only an exact origin of an open portal, or our own, counts; a Referer never does."""
    hosts = Hosts(load(public_url=None, trusted_hosts=()))
    assert crossing(Headers({"host": "localhost:7860"} | headers), method, hosts, ALLOWED).relation == expected


def test_two_origins_are_none() -> None:
    """A request that names two origins is of no portal."""
    headers = Headers(raw=[(b"host", b"localhost"), (b"origin", PORTAL.encode()), (b"origin", PORTAL.encode())])
    assert crossing(headers, "POST", Hosts(load()), ALLOWED).relation == "foreign"


@pytest.mark.parametrize(
    ("settings", "host", "known"),
    [
        ({}, "127.0.0.1:7860", True), ({}, "localhost", True), ({}, "[::1]:7860", True), ({}, "", False),
        ({}, "guichet.example.be", False), ({}, "evil.example", False), ({}, "192.0.2.7", False),
        ({}, "localhost:7860@evil.example", False), ({}, "localhost, evil.example", False),
        ({}, "localhost.evil.example", False), ({}, "evil.example#localhost", False),
        ({"host": "0.0.0.0"}, "192.0.2.7:7860", True), ({"host": "0.0.0.0"}, "evil.example", False),
        ({"public_url": "https://guichet.example.be"}, "guichet.example.be", True),
        ({"public_url": "https://guichet.example.be"}, "GUICHET.example.be", True),
        ({"public_url": "https://guichet.example.be"}, "guichet.example.be:443", True),
        ({"public_url": "https://guichet.example.be", "host": "0.0.0.0"}, "192.0.2.7", False),
        ({"public_url": "https://guichet.example.be"}, "www.guichet.example.be", False),
        ({"trusted_hosts": ("guichet:7860",)}, "guichet:7860", True),
        ({"trusted_hosts": ("guichet:7860",)}, "guichet:7861", False),
    ],
)  # fmt: skip
def test_the_guichet_knows_its_names(settings: dict[str, object], host: str, known: bool) -> None:
    """Its public name, those of the settings and this machine's; a number only where nobody said a name."""
    assert Hosts(load(**{"trusted_hosts": (), **settings})).knows(host) is known


@pytest.mark.parametrize(
    ("origin", "host", "own"),
    [("https://guichet.example.be", "guichet.example.be", True),
     ("http://guichet.example.be", "guichet.example.be", False),
     ("https://guichet.example.be", "10.0.0.9", True),
     ("http://localhost:7860", "localhost:7860", True),
     ("http://evil.example", "evil.example", False),
     ("https://evil.example", "guichet.example.be", False),
     ("https://guichet.example.be:8443", "guichet.example.be:8443", False)],
)  # fmt: skip
def test_with_a_public_address_its_scheme_counts(origin: str, host: str, own: bool) -> None:
    """A page of the unencrypted twin, which anybody on the way could write, is not ours."""
    assert Hosts(load(public_url="https://guichet.example.be", trusted_hosts=())).is_own(origin, host) is own


# The real application


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "", PORTAL + ".evil.example", "https://evil.example, " + PORTAL]
)
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/x-www-form-urlencoded"])
def test_a_foreign_page_gets_nothing_and_nothing_is_computed(doors: Doors, port: int, origin: str, kind: str) -> None:
    """Also what browsers send without asking first: refused before the bot hears of it, and not readable."""
    status, answer = asked(port, "Host: localhost", f"Origin: {origin}", kind=kind)
    assert status == 403
    assert "access-control" not in answer.lower()
    assert "urn:guichet-ia:problem:foreign" in answer
    assert doors.bot.payers == []


@pytest.mark.parametrize("path", ["/api/v1/answers/none", "/api/v1/openapi.json", "/v1/models", "/mcp"])
def test_a_foreign_page_reads_nothing_either(port: int, path: str) -> None:
    """Nothing that programs may read can be fetched by a page of anybody."""
    status, answer = raw(port, path, "Host: localhost", "Origin: https://evil.example")
    assert status == 403
    assert "access-control" not in answer.lower()


def test_a_portal_asks_the_api_and_nothing_else(doors: Doors, port: int) -> None:
    """An open portal reads answers of the API; the ways in for servers and Gradio's queue are not for its pages."""
    status, answer = asked(port, "Host: localhost", f"Origin: {PORTAL}")
    head = answer.partition("\r\n\r\n")[0].lower()
    assert status == 200
    assert f"access-control-allow-origin: {PORTAL}" in head
    assert "access-control-expose-headers: retry-after, x-request-id, etag, location, content-location, link" in head
    assert "vary: origin" in head
    assert "credentials" not in head
    assert doors.bot.payers == ["portal ville"]
    for path in ("/v1/chat/completions", "/mcp", "/gradio_api/queue/join", "/ask"):
        status, answer = raw(port, path, "Host: localhost", f"Origin: {PORTAL}", method="POST", body=b"{}")
        assert status == 403, path
        assert "access-control" not in answer.lower()


def test_servers_and_own_pages_need_no_portal(doors: Doors, port: int) -> None:
    """Who sends no Origin is no page of anybody's; our own pages are the same origin."""
    assert asked(port, "Host: localhost")[0] == 200
    assert asked(port, "Host: localhost:7860", "Origin: http://localhost:7860")[0] == 200
    assert doors.bot.payers == ["api", "api"]


def test_a_preflight_is_answered_for_portals_only(port: int) -> None:
    """Methods and headers that the API takes, kept by the browser for a while; for others a refusal."""
    ask = ("Access-Control-Request-Method: POST", "Access-Control-Request-Headers: content-type")
    status, answer = raw(port, "/api/v1/ask", "Host: localhost", f"Origin: {PORTAL}", *ask, method="OPTIONS")
    head = answer.lower()
    assert status == 204
    assert f"access-control-allow-origin: {PORTAL}" in head
    headers = "content-type, accept, last-event-id, x-request-id, if-none-match"
    assert f"access-control-allow-headers: {headers}\r\n" in head
    assert "access-control-allow-methods: get, head, post, delete\r\n" in head
    assert "access-control-max-age: 7200" in head
    assert "allow-credentials" not in head
    for path, origin in (
        ("/api/v1/ask", "null"), ("/api/v1/ask", "https://evil.example"), ("/v1/models", PORTAL), ("/", PORTAL),
        ("/gradio_api/queue/join", PORTAL), ("/staff/", PORTAL), ("/staff/gradio_api/queue/join", PORTAL),
    ):  # fmt: skip
        status, answer = raw(port, path, "Host: localhost", f"Origin: {origin}", *ask, method="OPTIONS")
        assert status >= 400, (path, origin)
        assert "access-control" not in answer.lower()


def test_the_closed_portal_reads_why_and_nothing_else(doors: Doors, port: int) -> None:
    """Its visitors learn that access is closed; nothing is computed."""
    status, answer = asked(port, "Host: localhost", f"Origin: {OTHER}", "Accept-Language: en")
    assert status == 403
    assert "This portal's access to the guichet is closed." in answer
    assert f"access-control-allow-origin: {OTHER}" in answer.lower()
    assert doors.bot.payers == []


def test_the_scripts_of_the_widget_may_be_loaded_by_anybody(port: int) -> None:
    """Files that are the same for all need no list; they open nothing."""
    head = raw(port, "/widget.js", "Host: localhost", "Origin: https://evil.example")[1].lower()
    assert "access-control-allow-origin: *" in head
    assert "cross-origin-resource-policy: cross-origin" in head


@pytest.mark.parametrize("host", ["evil.example", "", "127.0.0.1.evil.example", "localhost, evil.example", "192.0.2.1"])
def test_a_forged_host_is_refused(doors: Doors, port: int, host: str) -> None:
    """A name that points here without our doing gets no page and no answer, whatever else it forges."""
    for path in ("/", "/staff/", "/static/guichet.css", "/api/v1/answers/none"):
        status, answer = raw(port, path, f"Host: {host}", f"X-Forwarded-Host: localhost, {host}")
        assert status in {400, 421}, path
        assert "gradio" not in answer
    status, _ = asked(port, f"Host: {host}", f"Origin: http://{host}", f"Referer: http://{host}/")
    assert status in {400, 421}
    assert doors.bot.payers == []
    # Machines that watch over the guichet call it by whatever name they know.
    assert raw(port, "/healthz", f"Host: {host or 'x'}")[0] == 200


@pytest.mark.parametrize(
    ("path", "method", "given", "status", "said"),
    [
        (
            "/ask",
            "POST",
            ("Host: localhost", "Origin: https://evil.example"),
            403,
            "Deze site mag het loket niet bevragen",
        ),
        ("/ask", "POST", ("Host: localhost", f"Origin: {OTHER}"), 403, "De toegang van dit portaal"),
        ("/", "GET", ("Host: evil.example",), 421, "Het loket is niet bekend onder deze naam"),
        ("/?embed=1", "GET", ("Host: evil.example",), 421, "Het loket is niet bekend onder deze naam"),
        ("/staff/", "GET", ("Host: evil.example",), 421, "Het loket is niet bekend onder deze naam"),
        ("/nothing", "GET", ("Host: localhost",), 404, "Op dit adres staat niets"),
    ],
)
def test_a_reader_who_is_refused_gets_a_page(
    port: int, path: str, method: str, given: tuple[str, ...], status: int, said: str
) -> None:
    """A browser that asks for a page reads the sentence in its language, under the same headers; a script a problem."""
    accept = ("Accept: text/html,application/xhtml+xml;q=0.9", "Accept-Language: nl-BE")
    found, answer = raw(port, path, *given, *accept, method=method, body=b"question=a" if method == "POST" else b"")
    head = answer.partition("\r\n\r\n")[0].lower()
    assert found == status
    assert "content-type: text/html" in head
    assert "content-language: nl" in head
    assert said in answer
    assert "urn:guichet-ia" not in answer
    for header in (
        "cache-control: no-store",
        "x-content-type-options: nosniff",
        "content-security-policy: ",
        "x-request-id: ",
    ):
        assert header in head
    found, answer = raw(port, path, *given, method=method, body=b"question=a" if method == "POST" else b"")
    assert found == status
    assert "content-type: application/problem+json" in answer.lower()


@pytest.mark.parametrize("path", ["/api/v1/status", "/v1/models", "/mcp"])
def test_programs_get_problems_whatever_they_accept(port: int, path: str) -> None:
    """An error of the API has the form that is documented, also in a browser's window."""
    answer = raw(port, path, "Host: evil.example", "Accept: text/html")[1]
    assert "json" in next(line for line in answer.lower().splitlines() if line.startswith("content-type"))


def test_what_the_guide_says_answers_under_every_name_does(port: int) -> None:
    """Each address that docs/portals.md names for machines is there, however the guichet is called."""
    guide = (Path(__file__).parents[2] / "docs" / "portals.md").read_text("utf-8")
    (sentence,) = re.findall(r"\n([^.\n]*) answer under every name", guide)
    addresses = re.findall(r"`([^`]+)`", sentence)
    assert addresses
    assert {path: raw(port, path, "Host: evil.example")[0] for path in addresses} == dict.fromkeys(addresses, 200)


def test_a_forged_forwarded_host_makes_no_origin_ours(doors: Doors, port: int) -> None:
    """What a proxy might say of the host is believed of nobody."""
    forged = (
        "Host: localhost",
        "X-Forwarded-Host: evil.example",
        "X-Forwarded-Proto: https",
        "Forwarded: host=evil.example",
    )
    assert asked(port, *forged, "Origin: https://evil.example")[0] == 403
    assert asked(port, *forged, "Origin: http://evil.example", f"Referer: {PORTAL}/")[0] == 403
    assert doors.bot.payers == []


@pytest.mark.parametrize(
    "header",
    ["X-Forwarded-Host: evil.example", "x-gradio-server: http://evil.example", "Forwarded: host=evil.example",
     "X-Forwarded-Server: evil.example", "X-Original-Host: evil.example"],
)  # fmt: skip
def test_a_forged_forwarded_host_stands_in_no_page(port: int, header: str) -> None:
    """Gradio would write its addresses for that host, and the page would send questions there."""
    status, answer = raw(port, "/", "Host: localhost", header, "X-Forwarded-Proto: https")
    assert status == 200
    assert "evil.example" not in answer
    assert "http://localhost" in answer
    assert "https://localhost" not in answer


def test_open_portals_may_show_the_page_in_a_frame(client: TestClient, doors: Doors) -> None:
    """The chat page names them in its policy, at once without those that were closed; no other page does."""
    assert f"frame-ancestors 'self' {PORTAL}" in client.get("/").headers["content-security-policy"]
    assert f"frame-ancestors 'self' {PORTAL}" in client.get("/?embed=1&lang=fr").headers["content-security-policy"]
    assert "x-frame-options" not in client.get("/").headers
    assert client.get("/quality").headers["content-security-policy"].endswith("frame-ancestors 'self'")
    assert client.get("/staff/").headers["content-security-policy"].endswith("frame-ancestors 'none'")
    doors.admission.portals.switch("ville", "ada", closed=True)
    assert client.get("/").headers["content-security-policy"].endswith("frame-ancestors 'self'")


def note(port: int, *headers: str, path: str = "/?embed=1&lang=fr") -> str:
    """Return what the page carries of the portal that asks for it."""
    _, page = raw(port, path, "Host: localhost", *headers)
    words = re.search(r'<script[^>]*id="words"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert words
    return str(json.loads(words[1])["framed"])


def test_a_page_in_a_frame_carries_which_portal_has_it(doors: Doors, port: int) -> None:
    """Of an open portal only, as the browser names it; the page as such, and everybody else's, carries nothing."""
    assert note(port, f"Referer: {PORTAL}/").endswith(f" {PORTAL}")
    for referer in (
        OTHER,
        "https://evil.example",
        PORTAL + ".evil.example",
        "http://portal.example.be",
        "https://[",
        "x",
    ):
        assert note(port, f"Referer: {referer}/") == ""
    assert note(port) == ""
    assert note(port, f"Referer: {PORTAL}/", path="/?lang=fr") == ""


def test_number_and_switch_of_a_portal_reach_its_frames(tmp_path: Path) -> None:
    """What is asked in a frame is the portal's to pay and counted to it, and refused once it is closed."""
    doors = opened(tmp_path, load(rate_limit="1000/minute", trusted_hosts=(), trusted_proxies=("127.0.0.1",)))
    portals = doors.admission.portals
    portals.add("ville", [PORTAL], "ada", a_day=2)
    question = "Qu'est-ce que Start IA ?"
    with served(doors.app) as port:
        carried = note(port, f"Referer: {PORTAL}/")

        def html(address: str, framed: str) -> str:
            return str(
                event(port, address, question, f"frame{address[-1]}{len(doors.bot.payers)}", framed=framed)[-1]["html"]
            )

        assert "Start IA est" in html("192.0.2.1", carried)
        assert "Start IA est" in html("192.0.2.2", carried)
        assert doors.bot.payers == ["portal ville"] * 2
        assert "Ce portail a reçu beaucoup de questions" in html("192.0.2.3", carried)
        # A note that is not ours is none: it charges nobody, and opens nothing.
        for forged in (
            "x",
            carried + "x",
            carried.split(" ")[0] + " https://other.example",
            f"{'0' * 64} {PORTAL}",
            "é",
        ):
            assert "Start IA est" in html("192.0.2.4", forged)
        assert doors.bot.payers[2:] == ["page"] * 5
        portals.switch("ville", "ada", closed=True)
        assert "accès de ce portail au guichet est fermé" in html("192.0.2.5", carried)
        portals.remove("ville", "ada")
        assert "est fermé" in html("192.0.2.5", carried)
        assert len(doors.bot.payers) == 7


def test_responses_say_that_they_are_not_for_other_origins(client: TestClient) -> None:
    """Without CORS a page cannot even load an answer as an image; pages that are framed may be."""
    assert client.get("/api/v1/answers/none").headers["cross-origin-resource-policy"] == "same-origin"
    assert client.get("/").headers["cross-origin-resource-policy"] == "cross-origin"
    assert "strict-transport-security" not in client.get("/").headers


def test_over_https_browsers_are_told_to_stay_there(tmp_path: Path) -> None:
    """With a public address that is encrypted, its name is never asked without encryption again."""
    doors = opened(tmp_path, load(public_url="https://guichet.example.be"))
    public = TestClient(doors.app, base_url="https://guichet.example.be")
    assert public.get("/healthz").headers["strict-transport-security"] == "max-age=31536000"
    local = TestClient(doors.app, base_url="http://localhost")
    assert "strict-transport-security" not in local.get("/healthz").headers


def test_the_switch_of_another_process_is_followed(
    doors: Doors, port: int, whole: tuple[Doors, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command closes and opens a portal of a running server within seconds, without a restart."""
    assert doors.engine.url.database
    monkeypatch.setenv("GUICHET_DATA_DIR", str(Path(doors.engine.url.database).parent))
    for verb, expected in (("off", 403), ("on", 200)):
        assert asked(port, "Host: localhost", f"Origin: {PORTAL}")[0] != expected
        assert main(["portals", verb, "ville"]) == 0
        until = time.monotonic() + 4 * slowness()
        while asked(port, "Host: localhost", f"Origin: {PORTAL}")[0] != expected:
            assert time.monotonic() < until
            time.sleep(0.1)


# The command


def test_the_command_keeps_the_portals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Add, list, off, on, remove; a wrong one is a sentence."""
    monkeypatch.setenv("GUICHET_DATA_DIR", str(tmp_path))
    assert main(["portals", "add", "ville", PORTAL, "https://été.example", "--a-day", "500"]) == 0
    assert main(["portals", "off", "ville", PORTAL]) == 0
    capsys.readouterr()
    assert main(["portals", "list"]) == 0
    said = capsys.readouterr().out
    assert "500 questions a day" in said
    assert f"{PORTAL}  off" in said
    assert f"    {normal('https://été.example')}\n" in said
    assert main(["portals", "limit", "ville", "--a-minute", "7"]) == 0
    assert "7 questions a minute, 500 questions a day for each origin" in capsys.readouterr().out
    assert main(["portals", "limit", "ville", "--a-day", "none"]) == 0
    assert " 7 questions a minute for each origin" in capsys.readouterr().out
    assert main(["portals", "limit", "ville", "--a-minute", "none"]) == 0
    assert "no limit of its own" in capsys.readouterr().out
    assert main(["portals", "limit", "ville", "--a-minute", "0"]) == 2
    assert main(["portals", "limit", "nobody", "--a-minute", "1"]) == 2
    with pytest.raises(SystemExit):
        main(["portals", "limit", "ville", "--a-day", "many"])
    capsys.readouterr()
    assert main(["portals", "add", "ville", "*"]) == 2
    assert "is not an origin" in capsys.readouterr().err
    assert main(["portals", "remove", "nobody"]) == 2
    assert main(["portals", "remove", "ville"]) == 0
    capsys.readouterr()
    assert main(["portals", "list"]) == 0
    assert capsys.readouterr().out == ""


# The room

ADA = Person("ada", "administrator")


@pytest.fixture
def desk(doors: Doors) -> Desk:
    """A desk with this room only."""
    return Desk([PortalsRoom(doors.admission.portals)])


def act(desk: Desk, verb: str, person: Person = ADA, language: Language = "en", **fields: str) -> Outcome:
    """Return what an action says in the end."""
    *_, last = desk.act(person, language, "portals", f"portals.{verb}", fields)
    assert isinstance(last, Outcome)
    return last


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_administrator_sees_the_portals(desk: Desk, language: Language) -> None:
    """All portals with their origins and states, in each language, and each by itself."""
    page = str(desk.show(ADA, language, "portals"))
    assert PORTAL in page
    assert 'href="#/portals/ville"' in page
    one = str(desk.show(ADA, language, "portals/ville"))
    assert all(f'data-action="portals.{verb}"' in one for verb in ("add", "limit", "off", "on", "remove"))


@pytest.mark.parametrize("role", ["editor", "publisher"])
def test_others_do_not_enter(desk: Desk, doors: Doors, role: str) -> None:
    """Whoever keeps no accounts keeps no portals, and does not see the room."""
    person = Person("ella", role)  # type: ignore[arg-type]
    assert desk.open_to(person) == []
    with pytest.raises(NotAllowed):
        desk.show(person, "en", "portals")
    with pytest.raises(NotAllowed):
        act(desk, "off", person, name="ville")
    assert PORTAL in doors.admission.portals.allowed().open


def test_what_is_done_at_the_desk_holds_at_once(desk: Desk, doors: Doors, port: int) -> None:
    """Allow, close, open and remove: the next request already follows."""
    new = "https://new.example"
    assert asked(port, "Host: localhost", f"Origin: {new}")[0] == 403
    assert act(desk, "add", name="new", origins=f"{new}\nhttps://two.example", a_day="5", new="yes").go == "portals/new"
    assert asked(port, "Host: localhost", f"Origin: {new}")[0] == 200
    assert not act(desk, "off", name="new", origin=new).failed
    assert asked(port, "Host: localhost", f"Origin: {new}")[0] == 403
    assert not act(desk, "on", name="new", origin=new).failed
    assert not act(desk, "off", name="new").failed
    assert asked(port, "Host: localhost", f"Origin: {new}")[0] == 403
    assert not act(desk, "limit", name="new", a_minute="", a_day="7").failed
    assert doors.admission.portals.named("new").a_day == 7
    assert act(desk, "remove", name="new").go == "portals"
    with pytest.raises(NoSuchPlace):
        desk.show(ADA, "en", "portals/new")


@pytest.mark.parametrize(
    ("verb", "fields", "field"),
    [("add", {"name": "<b>", "origins": "https://a.example", "new": "yes"}, "name"),
     ("add", {"name": "ville", "origins": "https://a.example", "new": "yes"}, "name"),
     ("add", {"name": "b", "origins": "*", "new": "yes"}, "origins"),
     ("add", {"name": "b", "origins": PORTAL, "new": "yes"}, "origins"),
     ("add", {"name": "b", "origins": "https://a.example", "a_day": "many", "new": "yes"}, "a_day"),
     ("limit", {"name": "ville", "a_minute": "0"}, "a_minute"), ("limit", {"name": "ville", "a_day": "²"}, "a_day"),
     ("limit", {"name": "nobody"}, None), ("off", {"name": "nobody"}, None),
     ("off", {"name": "ville", "origin": "https://x.example"}, None), ("remove", {"name": "../x"}, None),
     ("on", {}, None)],
)  # fmt: skip
def test_what_is_wrong_is_told_at_its_field(
    desk: Desk, doors: Doors, verb: str, fields: dict[str, str], field: str | None
) -> None:
    """A change that cannot be made says so, beside the field it is about, and changes nothing."""
    before = doors.admission.portals.everyone()
    *_, said = desk.act(ADA, "en", "portals", f"portals.{verb}", fields)
    assert isinstance(said, Outcome)
    assert said.failed
    assert list(said.wrong) == ([field] if field else [])
    assert doors.admission.portals.everyone() == before


# The words

WORDS = [key for key in catalogue() if key.partition(".")[0] in {"portals", "desk_portals", "desk_keys"}]


@pytest.mark.parametrize("key", WORDS)
def test_every_string_exists_in_four_languages_with_the_same_places(key: str) -> None:
    """No translation is missing, empty, or forgets a value."""
    texts = catalogue()[key]
    places = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in texts.values()]
    assert set(texts) == set(LANGUAGES)
    assert all(text.strip() for text in texts.values())
    assert all(place == places[0] for place in places)

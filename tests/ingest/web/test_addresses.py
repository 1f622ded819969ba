"""Which web addresses may be asked, told from how they are written."""

from __future__ import annotations

from ipaddress import ip_address

import httpx
import pytest

from ingest.errors import AddressRefused
from ingest.web.addresses import Address, follow, is_public, parse, shown


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://www.wallonie.be", "https://www.wallonie.be/"),
        (" HTTPS://WWW.Wallonie.BE./Aides/?q=a b#haut\n", "https://www.wallonie.be/Aides/?q=a%20b"),
        ("http://www.wallonie.be:80/", "http://www.wallonie.be/"),
        ("https://www.wallonie.be:/", "https://www.wallonie.be/"),
        ("http://www.wallonie.be:443/", "http://www.wallonie.be:443/"),
        ("https://www.liège.be/métier?é=1", "https://www.xn--lige-6oa.be/m%C3%A9tier?%C3%A9=1"),
        ("https://www.xn--lige-6oa.be/", "https://www.xn--lige-6oa.be/"),
        ("https://aides。wallonie．be/", "https://aides.wallonie.be/"),
        ("https://a_b.wallonie.be/", "https://a_b.wallonie.be/"),
        ("https://wallonie.be/a/../b/./c", "https://wallonie.be/b/c"),
        ("https://8.8.8.8/", "https://8.8.8.8/"),
        ("https://[2606:2800:021f:CB07::8b2c]/", "https://[2606:2800:21f:cb07::8b2c]/"),
        ("https://10.be/", "https://10.be/"),
        ("https://wallonie.be/?u=http://127.0.0.1@x", "https://wallonie.be/?u=http://127.0.0.1@x"),
    ],
)  # fmt: skip
def test_public_addresses_pass_in_one_form(text: str, url: str) -> None:
    """An address that people write is taken, in the one form in which it is sent; that form stays itself."""
    assert parse(text).url == url
    assert parse(parse(text).url) == parse(text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("www.wallonie.be", "scheme"), ("ftp://wallonie.be/", "scheme"), ("javascript:alert(1)", "scheme"),
        ("data:text/html,x", "scheme"), ("FILE:///etc/passwd", "scheme"), ("", "scheme"), ("//wallonie.be", "scheme"),
        ("https://wallonie.be:22/", "port"), ("https://wallonie.be:0/", "port"), ("http://wallonie.be:8080/", "port"),
        ("https://wallonie.be:99999/", "port"),
        ("https://me:secret@wallonie.be/", "credentials"), ("https://@wallonie.be/", "credentials"),
        ("https://wallonie.be%40127.0.0.1/", "refused_address"), ("https:wallonie.be", "refused_address"),
        ("https:///wallonie.be", "refused_address"), ("https://", "refused_address"),
        ("https://wallonie.be\\@127.0.0.1/", "credentials|refused_address"),
        ("https://wallonie.be\t.evil.be/", "refused_address"), ("https://wallo\u200bnie.be/", "refused_address"),
        ("https://wallonie.be/\u202egpj.exe", "refused_address"),
        ("https://wallonie.be/a\r\nHost: x", "refused_address"),
        ("https://wallonie .be/", "refused_address"), ("https://wallonie..be/", "refused_address"),
        ("https://-wallonie.be/", "refused_address"), ("https://127%2e0%2e0%2e1/", "refused_address"),
        ("https://" + "a" * 64 + ".be/", "refused_address"), ("https://" + "a." * 130 + "be/", "refused_address"),
        ("https://" + "é." * 300 + "be/", "refused_address"),
        ("https://wallonie.be/" + "a" * 2000, "refused_address"),
        ("https://wallonie.be/" + "é" * 1000, "refused_address"),
        ("https://[::1/", "refused_address"), ("https://[::1]x/", "refused_address"),
        ("https://[]/", "refused_address"),
        ("https://\ud800.be/", "refused_address"), ("https://xn--a.be/", "refused_address"),
        ("https://www.xn--99999999.be/", "refused_address"),
    ],
)  # fmt: skip
def test_what_is_no_public_web_address_is_refused(text: str, kind: str) -> None:
    """Other schemes, ports, credentials, hidden characters and broken hosts are refused, each with its kind."""
    with pytest.raises(AddressRefused) as refusal:
        parse(text)
    assert refusal.value.kind in kind.split("|")


@pytest.mark.parametrize(
    "host",
    [
        # One loopback, as browsers and inet_aton read it.
        "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001",
        "127.0.0.01",
        "0x7f.0x0.0x0.0x1", "0x7F000001", "127.0.0.1.", "１２７.０.０.１", "127。0。0。1", "①②⑦.⓪.⓪.①",
        "0", "0x", "1.0x",
        # Public numbers in notations that parsers read differently.
        "010.8.8.8", "8.8.2056", "134744072", "8.8.8.8.8", "8.8.8", "256.1.1.1", "99999999999",
        # IPv6, and IPv4 inside of it.
        "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:8.8.8.8]", "[::127.0.0.1]", "[::8.8.8.8]", "[64:ff9b::7f00:1]",
        "[64:ff9b::8.8.8.8]", "[64:ff9b:1::a00:1]", "[2002:7f00:1::]", "[2002:808:808::1]", "[2001:0:4136:e378::]",
        "[fe80::1]", "[fe80::1%25eth0]", "[2606:2800::1%25eth0]", "[fc00::1]", "[fd00:ec2::254]", "[fec0::1]",
        "[ff02::1]",
        "[2001:db8::1]", "[3fff::1]", "[100::1]", "[5f00::1]", "[::ffff:0:127.0.0.1]",
        # Names that only a network of one's own knows.
        "localhost", "LOCALHOST", "localhost.", "a.localhost", "intranet", "printer.local", "db.internal", "x.lan",
        "metadata.google.internal", "router.home.arpa", "1.0.0.127.in-addr.arpa",
        "ｌｏｃａｌｈｏｓｔ", "hidden.onion", "be",
    ],
)  # fmt: skip
def test_no_notation_of_a_forbidden_host_passes(host: str) -> None:
    """Loopback, internal names and numbers in odd notations are refused, however they are written."""
    with pytest.raises(AddressRefused) as refusal:
        parse(f"http://{host}/")
    assert refusal.value.kind == "refused_address"


@pytest.mark.parametrize(
    "ip",
    [
        "0.0.0.0", "0.1.2.3", "10.1.2.3", "100.64.0.1", "100.100.100.200", "100.127.255.255", "127.255.0.1",
        "168.63.129.16", "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.192",
        "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.7",
        "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::2", "::ffff:8.8.8.8", "64:ff9b::808:808", "64:ff9b:1::1", "100::", "2001::1", "2001:2::1",
        "2001:10::1", "2001:1ff::1", "2001:db8::", "2002:808:808::", "3fff:fff::", "4000::", "fc00::",
        "fdff::", "fe80::",
        "febf::", "fec0::", "ff00::", "ffff::",
    ],
)  # fmt: skip
def test_no_special_range_is_public(ip: str) -> None:
    """Private, reserved, multicast, documentation and translating ranges are not public, from edge to edge."""
    assert not is_public(ip_address(ip))


@pytest.mark.parametrize(
    "ip",
    ["1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
     "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255", "198.17.255.255", "198.20.0.0",
     "223.255.255.255", "2001:200::1", "2606:2800:21f:cb07::1", "2a01:690::1"],
)  # fmt: skip
def test_the_neighbours_of_special_ranges_are_public(ip: str) -> None:
    """The last address before a range and the first after it are hosts like any other."""
    assert is_public(ip_address(ip))


@pytest.mark.parametrize(
    "target",
    ["/", "/a", "/a/b/", "/a//b", "/a.b/c..d", "/~x_y-z", "/%C3%A9", "/%2e%2E/x", "/a?b=c&d", "/a?", "/.",
     "/..", "/a/.b",
     "/a/%2F", "/A?%20", "/a?b=/c", "/%zz", "/'", "/a;b", "/a?'"],
)  # fmt: skip
def test_short_cuts_lead_to_the_same_place(target: str) -> None:
    """Whatever way a path is taken, it is the one that the client of the connection sends."""
    found = parse(f"https://wallonie.be{target}")
    assert httpx.URL(found.url).raw_path.decode() == found.target
    assert found.target == httpx.URL(f"https://wallonie.be{target}").raw_path.decode().removesuffix("?")


def test_other_ports_may_be_allowed() -> None:
    """A port passes when it is in the list, and stands in the address."""
    assert parse("https://wallonie.be:8443/a", ports=(443, 8443)).url == "https://wallonie.be:8443/a"


HERE = Address("https", "www.wallonie.be", 443, "/aides/liste?page=2")


@pytest.mark.parametrize(
    ("location", "url"),
    [("/contact", "https://www.wallonie.be/contact"), ("suite", "https://www.wallonie.be/aides/suite"),
     ("//autre.be/x", "https://autre.be/x"), ("https://autre.be/é", "https://autre.be/%C3%A9"),
     ("?page=3", "https://www.wallonie.be/aides/liste?page=3"), ("/mon fichier.pdf", "https://www.wallonie.be/mon%20fichier.pdf")],
)  # fmt: skip
def test_a_redirect_is_followed_from_where_it_stands(location: str, url: str) -> None:
    """Relative, absolute and scheme-less locations lead where a browser would go."""
    assert follow(HERE, location).url == url


@pytest.mark.parametrize(
    ("location", "kind"),
    [("http://www.wallonie.be/aides", "scheme"), ("//127.0.0.1/", "refused_address"), ("file:///etc/passwd", "scheme"),
     ("https://a@autre.be/", "credentials"), ("//autre.be:6379/", "port"), ("https://[x", "refused_address")],
)  # fmt: skip
def test_a_redirect_is_refused_like_an_address(location: str, kind: str) -> None:
    """A redirect to a forbidden place, or out of encryption, is refused with its kind."""
    with pytest.raises(AddressRefused) as refusal:
        follow(HERE, location)
    assert refusal.value.kind == kind


def test_a_redirect_may_lead_into_encryption() -> None:
    """From http to https is how most old addresses lead to their page."""
    assert follow(Address("http", "wallonie.be", 80, "/"), "https://wallonie.be/").scheme == "https"


def test_a_refusal_is_one_printable_line() -> None:
    """What an attacker wrote neither moves the cursor of a terminal nor fills a screen."""
    with pytest.raises(AddressRefused) as refusal:
        parse("https://evil\x1b[2J\r\n\u202e" + "a" * 5000)
    assert str(refusal.value).isprintable()
    assert len(str(refusal.value)) < 300
    assert shown("a" * 201) == "a" * 199 + "…"

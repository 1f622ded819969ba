"""How much may be asked: windows, places, who is counted as whom; every face refuses with a wait, and logs no word."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from limits.aio.storage import MemoryStorage
from starlette.types import Scope

from bot.service import Bot
from ingest.documents import LANGUAGES, Language
from ingest.errors import SettingsError
from ingest.settings import Settings, load
from tests.slowness import slowness
from tests.ui.doors import Doors, asked, event, opened, raw, served
from ui.admission import Admission, Caller
from ui.admission import windows as windows_module
from ui.admission.addresses import Proxies, counted
from ui.admission.admission import PATIENCE, in_words
from ui.admission.opened import LONGEST, Opened, Ticket
from ui.admission.windows import (
    BoundedMemory,
    Limit,
    Window,
    Windows,
    at_least,
    filled,
    limits_of,
    options_of,
    parsed,
    share,
)
from ui.asking import Refusal
from ui.portals import Portal
from ui.server import create_app

HERE = Caller("api", "192.0.2.1")
NEXT = Caller("api", "192.0.2.2")
MARKER = "zanzibarquestion"


def settings(**given: Any) -> Settings:
    """Return settings with limits in force and a proxy on this machine."""
    ours = {"rate_limit": "3/minute; 100/day", "trusted_hosts": (), "trusted_proxies": ("127.0.0.1",)}
    return load(**(ours | given))


# Who is who


@pytest.mark.parametrize(
    ("address", "expected"),
    [("192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("2001:db8:1:2::", "2001:db8:1:2::/64"),
     ("2001:db8:1:3::1", "2001:db8:1:3::/64"), ("::ffff:192.0.2.7", "192.0.2.7"), ("fe80::1%eth0", "fe80::/64")],
)  # fmt: skip
def test_an_address_is_counted_as_its_network(address: str, expected: str) -> None:
    """Billions of addresses of one household are one; an IPv4 address in IPv6 writing is itself."""
    assert counted(address) == expected


def test_what_is_no_address_is_still_counted() -> None:
    """A socket without a number has a name of its own, which nobody reads."""
    assert counted("testclient") == counted("testclient") != counted("other")
    assert "testclient" not in counted("testclient")


@pytest.mark.parametrize(
    ("trusted", "written", "expected"),
    [
        ((), ["203.0.113.9"], "127.0.0.1"),
        (("10.0.0.0/8",), ["203.0.113.9"], "127.0.0.1"),
        (("127.0.0.1",), ["203.0.113.9"], "203.0.113.9"),
        (("127.0.0.1",), ["192.0.2.1, 203.0.113.9"], "203.0.113.9"),
        (("127.0.0.1",), ["192.0.2.1", "203.0.113.9"], "203.0.113.9"),
        (("127.0.0.1", "10.0.0.0/8"), ["192.0.2.1, 203.0.113.9, 10.1.1.1"], "203.0.113.9"),
        (("127.0.0.1", "10.0.0.0/8"), ["10.1.1.1"], "10.1.1.1"),
        (("127.0.0.1",), ["203.0.113.9:4711"], "203.0.113.9"),
        (("127.0.0.1",), ["[2001:db8::9]:4711"], "2001:db8::9"),
        (("127.0.0.1",), ["2001:db8::9"], "2001:db8::9"),
        (("127.0.0.1",), ["unknown"], "127.0.0.1"),
        (("127.0.0.1",), ["203.0.113.9, <script>"], "127.0.0.1"),
        (("127.0.0.1",), [""], "127.0.0.1"),
        (("127.0.0.1",), [], "127.0.0.1"),
        (("127.0.0.1",), [", ".join(["192.0.2.1"] * 5000)], "192.0.2.1"),
    ],
)
def test_only_proxies_that_are_named_say_who_asks(trusted: tuple[str, ...], written: list[str], expected: str) -> None:
    """The address that the nearest known proxy saw counts; what a visitor wrote before it, or by himself, does not."""
    headers = [(b"x-forwarded-for", value.encode()) for value in written]
    scope: Scope = {"type": "http", "client": ("127.0.0.1", 5), "scheme": "http", "headers": headers}
    assert Proxies(trusted).undo(scope)["client"][0] == expected


def test_a_proxy_says_the_scheme_too() -> None:
    """One that is not known, or says something else, does not."""
    scope: Scope = {"type": "http", "client": ("127.0.0.1", 5), "scheme": "http",
                    "headers": [(b"x-forwarded-proto", b"https")]}  # fmt: skip
    assert Proxies(("127.0.0.1",)).undo(scope)["scheme"] == "https"
    assert Proxies(()).undo(scope)["scheme"] == "http"
    assert Proxies(("127.0.0.1",)).undo({**scope, "headers": [(b"x-forwarded-proto", b"gopher")]})["scheme"] == "http"


# Windows


async def seconds(windows: Windows, limits: Sequence[Limit], name: str) -> float:
    """Enter something and return the seconds until there is room, 0 if there was."""
    full = await windows.enter([Window(limits, (name,))])
    return full[1] if full else 0.0


def test_a_window_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many in any sixty seconds; the wait ends when the eldest is a minute old, and refusals do not prolong it."""
    now = [1000.0]
    monkeypatch.setattr("ui.admission.windows.time.time", lambda: now[0])
    windows = Windows()
    limits = parsed("2/minute")

    def wait() -> float:
        return asyncio.run(seconds(windows, limits, "x"))

    assert wait() == 0
    now[0] += 10
    assert wait() == 0
    assert wait() == 50
    now[0] += 20
    assert wait() == 30
    now[0] += 30.5
    assert wait() == 0
    assert wait() == 9.5
    assert asyncio.run(seconds(windows, limits, "y")) == 0


def test_the_shorter_limit_is_looked_at_first() -> None:
    """Whoever is too quick is not also charged for the day."""
    assert [limit.get_expiry() for limit in parsed("100/day; 3/minute, 7/hour")] == [60, 3600, 86400]
    assert parsed("off") == ()
    assert [str(limit) for limit in limits_of(5, None)] == ["5 per 1 minute"]
    assert limits_of(None, None) == ()
    assert filled(limits_of(None, 9), parsed("240/minute; 500/day")) == parsed("240/minute; 9/day")
    assert filled((), parsed("240/minute")) == parsed("240/minute")
    assert at_least(parsed("300/minute; 5/day"), parsed("1000/minute; 2/day")) == parsed("1000/minute; 5/day")


def test_memory_forgets_what_is_over_and_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows that nobody asks for again go; a flood of addresses takes a bounded place, long windows between them."""
    now = [1000.0]
    monkeypatch.setattr("ui.admission.windows.time.time", lambda: now[0])
    storage = BoundedMemory()
    for number in range(3000):
        storage.acquire_entry(f"a{number}", 3, 60)
        storage.acquire_entry(f"d{number}", 3, 86400)
    assert len(storage) == 6000
    now[0] += 61
    for _ in range(3000):
        storage.acquire_entry("again", 10**6, 60)
    assert len(storage) == 3001
    monkeypatch.setattr(windows_module, "MOST_KEYS", 100)
    for number in range(2000):
        storage.acquire_entry(f"b{number}", 3, 60)
    assert len(storage) <= 100


class DownStorage(MemoryStorage):
    """A storage of others that cannot be reached."""

    STORAGE_SCHEME = ["async+unreachable"]  # noqa: RUF012  declared so by the library

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Fail as a client of a server that is gone does."""
        raise ConnectionError("secret: unreachable")


def test_a_storage_that_is_gone_leaves_each_process_its_own_count(caplog: pytest.LogCaptureFixture) -> None:
    """Limits then hold for each process by itself: neither none for all, nor a closed guichet."""

    async def ask() -> list[float]:
        windows = Windows("unreachable://")
        return [await seconds(windows, parsed("2/minute"), "x") for _ in range(3)]

    first, second, third = asyncio.run(ask())
    assert first == second == 0
    assert third > 0
    assert caplog.text.count("cannot be counted together") == 1
    assert "secret" not in caplog.text


class SilentStorage(MemoryStorage):
    """A storage of others whose server takes a connection, and never says a word."""

    STORAGE_SCHEME = ["async+silent"]  # noqa: RUF012  declared so by the library

    def __init__(self, uri: str, **_: Any) -> None:
        super().__init__(uri)
        self.port = int(uri.rpartition(":")[2])

    async def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Wait for what the server says."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(b"PING\r\n")
            return float(await reader.readline()), 0
        finally:
            writer.close()


def test_a_storage_that_is_silent_holds_nobody_up() -> None:
    """A question waits half a second for it, the next ones not at all, and the limit holds."""

    async def ask(port: int) -> list[tuple[float, float]]:
        windows, said = Windows(f"silent://127.0.0.1:{port}"), []
        for _ in range(3):
            began = time.perf_counter()
            wait = await asyncio.wait_for(seconds(windows, parsed("2/minute"), "x"), 20)
            said.append((wait, time.perf_counter() - began))
        return said

    with socket.create_server(("127.0.0.1", 0)) as server:
        first, second, third = asyncio.run(ask(server.getsockname()[1]))
    assert first[0] == second[0] == 0
    assert third[0] > 0
    assert first[1] < (windows_module.TOGETHER + 0.2) * slowness()
    assert second[1] + third[1] < 0.1 * slowness()


def test_the_client_of_redis_does_not_wait_for_ever_either() -> None:
    """Connecting and reading have an end of their own, so that no connection is left hanging."""
    options = options_of("async+redis://localhost:6379/0")
    assert options["socket_timeout"] == options["socket_connect_timeout"] == windows_module.TOGETHER
    assert options_of("async+memory://") == {}


@pytest.mark.parametrize("address", ["nonsense://x", "memcached://user:password@localhost:1/0", "x"])
def test_a_storage_that_cannot_be_used_is_one_sentence(address: str) -> None:
    """An unknown kind, or one whose client is not installed, is told at the start, without the password."""
    with pytest.raises(SettingsError, match="GUICHET_RATE_LIMIT_STORAGE") as raised:
        Windows(address)
    assert "password" not in str(raised.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [("rate_limit", "many"), ("rate_limit", "20"), ("rate_limit_key", "0x/minute"), ("rate_limit_requests", ""),
     ("trusted_hosts", ("*",)), ("trusted_hosts", ("https://a.example",)), ("trusted_hosts", ("a b",)),
     ("trusted_proxies", ("*",)), ("trusted_proxies", ("10.0.0.1/8",)), ("trusted_proxies", ("proxy",)),
     ("open_questions", 0)],
)  # fmt: skip
def test_a_setting_that_makes_no_sense_names_itself(key: str, value: object) -> None:
    """Neither a limit nor a host nor a proxy is guessed."""
    with pytest.raises(SettingsError, match=f"GUICHET_{key.upper()}"):
        load(**{key: value})


def test_lists_are_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator writes addresses into the environment as one does, and a wrong one is a sentence."""
    monkeypatch.setenv("GUICHET_TRUSTED_PROXIES", "10.0.0.2, 10.1.0.0/16")
    assert load().trusted_proxies == ("10.0.0.2", "10.1.0.0/16")
    monkeypatch.setenv("GUICHET_TRUSTED_PROXIES", "10.0.0.2,nginx")
    with pytest.raises(SettingsError, match='"nginx" is neither'):
        load()


# Places


def test_places_are_counted_and_given_back_once() -> None:
    """Of all, of a caller, of a conversation; giving back twice frees nothing of somebody else's."""
    places = Opened(3, 2)
    first = places.take("a", "talk")
    assert isinstance(first, Ticket)
    assert places.take("a", "talk") == "conversation"
    second = places.take("a", "other")
    assert isinstance(second, Ticket)
    assert places.take("a", None) == "caller"
    third = places.take("b", None)
    assert isinstance(third, Ticket)
    assert places.take("c", None) == "all"
    places.give_back(first)
    places.give_back(first)
    assert len(places) == 2
    assert isinstance(places.take("a", "talk"), Ticket)
    assert places.take("c", None) == "all"


def test_who_does_not_read_holds_no_place_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that takes no answer off the line counts for a while; its end takes no other's place then."""
    places = Opened(1, 1)
    stuck = places.take("slow", "talk")
    assert isinstance(stuck, Ticket)
    assert places.take("b", None) == "all"
    later = time.monotonic() + LONGEST + 1
    monkeypatch.setattr("ui.admission.opened.time.monotonic", lambda: later)
    assert isinstance(places.take("b", "talk"), Ticket)
    places.give_back(stuck)
    assert places.take("c", None) == "all"


def refusal(admission: Admission, caller: Caller, talk: str | None = None, language: Language = "en") -> Refusal | None:
    """Ask one question that is answered at once, and return why it was not."""

    async def ask() -> None:
        async with admission.question(caller, language, talk):
            pass

    try:
        asyncio.run(ask())
    except Refusal as refused:
        return refused
    return None


def test_one_visitor_at_the_limit_locks_out_nobody_else() -> None:
    """The fourth question of an address waits; the first of another, of the same portal too, does not."""
    admission = Admission(settings())
    portal = Portal("ville", a_minute=1000)
    greedy, other = (Caller("api", address, portal) for address in ("192.0.2.1", "192.0.2.2"))
    assert [refusal(admission, greedy) for _ in range(3)] == [None] * 3
    refused = refusal(admission, greedy)
    assert refused
    assert (refused.status, refused.key) == (429, "portals.too_many")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert (
        refused.sentence
        == f"Too many questions from your connection. Try again in {refused.headers['retry-after']} seconds."
    )
    assert refusal(admission, other) is None


def test_a_portal_has_its_own_share_and_the_day_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a portal may ask a day ends for its pages; whoever asks directly, or through another one, goes on."""
    admission = Admission(settings(rate_limit="1000/minute"))
    small, big = Portal("small", a_day=2), Portal("big")
    assert [refusal(admission, Caller("api", f"192.0.2.{number}", small)) for number in range(2)] == [None, None]
    refused = refusal(admission, Caller("api", "192.0.2.9", small))
    assert refused
    assert (refused.status, refused.key) == (429, "portals.portal_spent")
    assert int(refused.headers["retry-after"]) > 80_000
    assert "24 hours" in refused.sentence
    assert refusal(admission, Caller("api", "192.0.2.9", big)) is None
    assert refusal(admission, Caller("api", "192.0.2.9")) is None


def test_each_origin_of_a_portal_has_its_number() -> None:
    """The pages of one origin do not use up what those of another one have."""
    admission = Admission(settings())
    portal = Portal("ville", a_day=1)
    first, second = (Caller("api", "192.0.2.1", portal, origin=f"https://{name}.example") for name in ("a", "b"))
    assert refusal(admission, first) is None
    assert refusal(admission, first)
    assert refusal(admission, second) is None
    assert refusal(admission, second)


def test_one_visitor_cannot_spend_a_portal() -> None:
    """Of its number an address has a share, and is told that it is its own; the others ask on."""
    admission = Admission(settings(rate_limit="1000/minute"))
    portal = Portal("ville", a_day=40)
    assert [refusal(admission, Caller("api", "192.0.2.1", portal)) for _ in range(10)] == [None] * 10
    refused = refusal(admission, Caller("api", "192.0.2.1", portal))
    assert refused
    assert refused.key == "portals.too_many"
    assert refusal(admission, Caller("api", "192.0.2.2", portal)) is None


@pytest.mark.parametrize(
    ("number", "expected"),
    [(None, None), (1, 1), (2, 1), (3, 2), (10, 5), (20, 10), (40, 10), (41, 10), (200, 50), (5000, 1250)],
)
def test_the_share_of_an_address_is_for_an_office(number: int | None, expected: int | None) -> None:
    """A quarter, or ten where that is more, of a small number a half; always one question."""
    assert share(number) == expected


def test_a_refused_question_costs_nobody_anything() -> None:
    """Refused for its conversation or its portal, it is taken off no other number."""
    admission = Admission(settings(rate_limit_conversation="1/minute"))
    spent = Portal("ville", a_day=1)
    assert refusal(admission, NEXT) is None
    assert refusal(admission, Caller("api", "192.0.2.9", spent)) is None
    for _ in range(5):
        refused = refusal(admission, Caller("api", HERE.address, spent))
        assert refused
        assert refused.key == "portals.portal_spent"
    assert refusal(admission, HERE, "tab") is None
    assert [bool(refusal(admission, HERE, "tab")) for _ in range(5)] == [True] * 5
    assert [refusal(admission, HERE, name) for name in ("second", "third")] == [None, None]
    assert refusal(admission, HERE, "fourth")
    # Refused for its address, it is not counted in the conversation or at the portal either.
    other = Portal("other", a_day=1)
    assert refusal(admission, Caller("api", HERE.address, other))
    assert refusal(admission, Caller("api", "192.0.2.8", other)) is None


def test_a_conversation_has_a_pace_of_its_own() -> None:
    """One tab that asks and asks stops before it has used up what the office behind its address has."""
    admission = Admission(settings(rate_limit="100/minute", rate_limit_conversation="2/minute"))
    assert [refusal(admission, HERE, "tab-number-1") for _ in range(2)] == [None, None]
    assert refusal(admission, HERE, "tab-number-1")
    assert refusal(admission, HERE, "tab-number-2") is None
    assert refusal(admission, NEXT, "tab-number-1") is None


def test_an_office_at_human_pace_is_not_stopped() -> None:
    """Behind one address thirty people ask every forty seconds, for ten minutes, by the limits as they come."""
    admission = Admission(load(rate_limit=Settings.model_fields["rate_limit"].default))
    now = time.time()
    with pytest.MonkeyPatch.context() as patch:
        for moment in range(0, 600, 40):
            for person in range(30):
                patch.setattr("ui.admission.windows.time.time", lambda at=now + moment + person: at)
                assert refusal(admission, HERE, f"person-{person}") is None


def test_one_question_at_a_time_and_the_next_may_wait_a_moment() -> None:
    """A second question of a conversation waits for the first to end, as after «stop»; for long it does not."""
    admission = Admission(settings(rate_limit="100/minute", open_questions_address=2, open_questions=3))

    async def ask() -> list[str]:
        said = []
        async with admission.question(HERE, "en", "talk"):
            with pytest.raises(Refusal) as refused:
                async with admission.question(HERE, "en", "talk"):
                    pass
            said.append(refused.value.key)
            async with admission.question(HERE, "en", "other"):
                with pytest.raises(Refusal) as refused:
                    async with admission.question(HERE, "en", "third"):
                        pass
                said.append(refused.value.key)
                async with admission.question(NEXT, "en"):
                    with pytest.raises(Refusal) as refused:
                        async with admission.question(Caller("api", "192.0.2.3"), "en"):
                            pass
                    said.append(refused.value.key)
                    assert refused.value.status == 503
        first = asyncio.Event()

        async def answering() -> None:
            async with admission.question(HERE, "en", "talk"):
                first.set()
                await asyncio.sleep(0.2)

        working = asyncio.create_task(answering())
        await first.wait()
        async with admission.question(HERE, "en", "talk"):
            said.append("answered")
        await working
        return said

    assert asyncio.run(ask()) == ["portals.one_at_a_time", "portals.too_many_open", "portals.busy", "answered"]
    assert len(admission._opened) == 0


def test_a_refused_question_holds_no_place() -> None:
    """Whoever is over the limit takes no place from the others."""
    admission = Admission(settings(rate_limit="1/minute"))
    assert refusal(admission, HERE) is None
    assert [bool(refusal(admission, HERE)) for _ in range(20)] == [True] * 20
    assert len(admission._opened) == 0


def test_a_tool_that_answers_questions_is_counted_as_one() -> None:
    """Over MCP too; a tool that looks something up is counted with its request."""
    admission = Admission(settings(rate_limit="1/minute"))
    scope: Scope = {"type": "http", "client": ("192.0.2.1", 1)}

    async def use(tool: str) -> str:
        async with admission.passing(scope, tool, "en") as payer:
            return payer

    assert asyncio.run(use("ask")) == "mcp"
    assert asyncio.run(use("search_sources")) == "mcp"
    with pytest.raises(Refusal, match="Try again in"):
        asyncio.run(use("ask"))


def test_off_is_off_but_for_what_the_machine_can_bear() -> None:
    """For load tests nobody is counted; the number of open questions still has an end."""
    admission = Admission(load(rate_limit="off", open_questions=50))

    async def ask() -> str:
        held = [admission.question(HERE, "en", "talk") for _ in range(51)]
        for each in held[:50]:
            await each.__aenter__()
        with pytest.raises(Refusal) as refused:
            await held[50].__aenter__()
        return refused.value.key

    assert asyncio.run(ask()) == "portals.busy"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("seconds", "figure"), [(1, "1"), (45, "45"), (60, "60"), (61, "2"), (3600, "60"), (3601, "2"), (86400, "24")]
)
def test_a_wait_is_said_as_people_say_it(seconds: int, figure: str, language: Language) -> None:
    """Seconds, then whole minutes, then whole hours, never less than the wait."""
    assert in_words(seconds, language).split(" ")[0] == figure


def test_the_question_whether_costs_next_to_nothing() -> None:
    """All checks together, over fifty thousand addresses that asked before, take less than 0.2 ms."""
    admission = Admission(load(rate_limit="60/minute; 2000/day"))
    portal = Portal("ville", a_minute=10**6, a_day=10**6)
    memory = admission._windows._memory.storage
    for number in range(50_000):
        memory.acquire_entry(f"LIMITS:LIMITER/question/address {number}/2000/1/day", 2000, 86400)  # type: ignore[attr-defined]
    took = []

    async def ask() -> None:
        for number in range(1000):
            began = time.perf_counter()
            async with admission.question(
                Caller("api", f"10.0.{number % 50}.{number % 97}", portal), "fr", f"t{number}"
            ):
                pass
            took.append(time.perf_counter() - began)

    asyncio.run(ask())
    assert statistics.median(took) * 1000 < 0.2 * slowness()


def test_one_question_waits_and_the_next_does_not() -> None:
    """While one waits for the answer before it, a third of the same conversation is refused at once."""
    admission = Admission(settings(rate_limit="100/minute"))

    async def ask() -> float:
        async def waiting() -> None:
            async with admission.question(HERE, "en", "talk"):
                pass

        async with admission.question(HERE, "en", "talk"):
            second = asyncio.create_task(waiting())
            await asyncio.sleep(0)
            began = time.perf_counter()
            with pytest.raises(Refusal) as refused:
                await waiting()
            took = time.perf_counter() - began
            assert refused.value.key == "portals.one_at_a_time"
        await second  # it got its answer
        return took

    assert asyncio.run(ask()) < PATIENCE / 4
    assert not admission._waiting


# Every face


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Doors, int]]:
    """The application behind a real port, with limits that tests reach; each test comes from its own address."""
    doors = opened(tmp_path_factory.mktemp("limited"), settings(rate_limit_requests="20/minute"))
    with served(doors.app) as port:
        yield doors, port


def test_the_api_says_how_long_to_wait(limited: tuple[Doors, int]) -> None:
    """The fourth question of an address is a problem with the wait in head and sentence; another address asks on."""
    doors, port = limited
    here, other = (
        ("Host: localhost", f"X-Forwarded-For: {ip}", "Accept-Language: en") for ip in ("192.0.2.1", "192.0.2.2")
    )
    assert [asked(port, *here)[0] for _ in range(3)] == [200] * 3
    doors.bot.payers.clear()
    status, answer = asked(port, *here)
    head, _, body = answer.partition("\r\n\r\n")
    assert status == 429
    wait = next(line.split(": ")[1] for line in head.lower().splitlines() if line.startswith("retry-after"))
    assert 1 <= int(wait) <= 60
    assert f"Try again in {wait} seconds." in json.loads(body)["detail"]
    assert doors.bot.payers == []
    assert asked(port, *here, "Accept: text/event-stream")[0] == 429
    assert asked(port, *other)[0] == 200


def test_a_household_of_ipv6_is_one(limited: tuple[Doors, int]) -> None:
    """Changing the address within the network changes nothing."""
    _, port = limited
    statuses = [asked(port, "Host: localhost", f"X-Forwarded-For: 2001:db8:7::{number}")[0] for number in range(1, 5)]
    assert statuses == [200, 200, 200, 429]


def test_a_forwarded_address_that_nobody_vouches_for_changes_nothing(tmp_path: Path) -> None:
    """Without a proxy that is named, a header of the visitor's own is no way around the limit."""
    doors = opened(tmp_path, settings(trusted_proxies=()))
    with served(doors.app) as port:
        statuses = [
            asked(port, "Host: localhost", f"X-Forwarded-For: 192.0.2.{number}", f"X-Real-IP: 192.0.2.{number}",
                  f"Forwarded: for=192.0.2.{number}")[0]
            for number in range(4)
        ]  # fmt: skip
    assert statuses == [200, 200, 200, 429]


def test_other_requests_are_counted_apart(limited: tuple[Doors, int]) -> None:
    """Reading is limited too, more widely, and does not use up questions."""
    _, port = limited
    here = ("Host: localhost", "X-Forwarded-For: 192.0.2.30")
    statuses = [raw(port, "/api/v1/answers/none", *here)[0] for _ in range(21)]
    assert statuses == [404] * 20 + [429]
    assert asked(port, *here)[0] == 200


@pytest.mark.parametrize(
    ("number", "path", "method", "kind", "expected"),
    [(1, "/api/v1/ask", "POST", "text/plain", 415), (2, "/api/v1/ask", "GET", "application/json", 405),
     (3, "/v1/chat/completions", "POST", "application/json", 400), (4, "/api/v1/ask/none", "POST", "text/plain", 404),
     (5, "/ask", "POST", "application/x-www-form-urlencoded", 422), (6, "/ask", "POST", "application/json", 422)],
)  # fmt: skip
def test_what_becomes_no_question_is_counted_too(
    limited: tuple[Doors, int], number: int, path: str, method: str, kind: str, expected: int
) -> None:
    """Where questions are asked, what is malformed costs work as well; it uses up no question."""
    _, port = limited
    here = ("Host: localhost", f"X-Forwarded-For: 198.51.100.{number}", f"Content-Type: {kind}")
    statuses = [raw(port, path, *here, method=method, body=b"{}")[0] for _ in range(21)]
    assert statuses == [expected] * 20 + [429]


def test_who_only_looks_at_the_form_is_not_counted(limited: tuple[Doors, int]) -> None:
    """The page at /ask may be read as often as one likes; only what is sent costs work."""
    _, port = limited
    here = ("Host: localhost", "X-Forwarded-For: 198.51.100.20")
    assert {raw(port, "/ask", *here)[0] for _ in range(22)} == {200}


def test_a_reader_over_the_limit_gets_a_page(limited: tuple[Doors, int]) -> None:
    """Whoever sends too many forms reads the sentence in his language, with the wait in the head."""
    _, port = limited
    here = ("Host: localhost", "X-Forwarded-For: 198.51.100.21", "Accept: text/html", "Accept-Language: nl")
    for _ in range(20):
        raw(port, "/ask", *here, method="POST", body=b"question=")
    status, answer = raw(port, "/ask", *here, method="POST", body=b"question=")
    assert status == 429
    assert "retry-after: " in answer.lower()
    assert '<html lang="nl">' in answer
    assert "Te veel vragen vanaf uw verbinding" in answer


@pytest.mark.parametrize("path", ["/api/v1/ask", "/v1/chat/completions", "/ask"])
def test_who_names_no_conversation_has_the_places_of_his_address(tmp_path: Path, path: str) -> None:
    """As many questions as an office has at a time, and no more; another address has its own."""
    doors = opened(tmp_path, settings(rate_limit="1000/minute", open_questions_address=2), pause=60.0)
    question = "Start IA ?"
    bodies = {
        "/api/v1/ask": json.dumps({"question": question}),
        "/v1/chat/completions": json.dumps(
            {"model": "guichet-ia", "messages": [{"role": "user", "content": question}]}
        ),
        "/ask": f"question={question}",
    }
    kind = "application/x-www-form-urlencoded" if path == "/ask" else "application/json"
    body = bodies[path].encode()

    def sent(port: int, address: str) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", port), timeout=20 * slowness())
        head = (f"POST {path} HTTP/1.1", "Host: localhost", f"X-Forwarded-For: {address}", f"Content-Type: {kind}",
                f"Content-Length: {len(body)}", "", "")  # fmt: skip
        connection.sendall("\r\n".join(head).encode() + body)
        return connection

    with served(doors.app) as port:
        open_ = [sent(port, "192.0.2.1") for _ in range(2)]
        until = time.monotonic() + 20 * slowness()
        while len(doors.admission._opened) < 2:
            assert time.monotonic() < until
            time.sleep(0.01)
        third = sent(port, "192.0.2.1")
        assert third.recv(100).startswith(b"HTTP/1.1 429")
        other = sent(port, "192.0.2.2")
        while len(doors.admission._opened) < 3:
            assert time.monotonic() < until
            time.sleep(0.01)
        for each in (*open_, third, other):
            each.close()


def test_the_page_is_written_for_the_scheme_that_a_proxy_says(limited: tuple[Doors, int]) -> None:
    """Not for the host that it says: that one stands in ``Host``."""
    _, port = limited
    forwarded = ("X-Forwarded-For: 192.0.2.90", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil.example")
    status, answer = raw(port, "/", "Host: localhost", *forwarded)
    assert status == 200
    assert "evil.example" not in answer
    assert "https://localhost" in answer


def test_the_page_says_in_the_chat_how_long_to_wait(limited: tuple[Doors, int]) -> None:
    """A visitor at the limit reads the sentence where the answer would be; the next visitor gets an answer."""
    doors, port = limited
    for _ in range(3):
        assert event(port, "192.0.2.40", "Qu'est-ce que Start IA ?", "sesone")[-1]["done"]
    assert doors.bot.payers[-1] == "page"
    refused = event(port, "192.0.2.40", "Qu'est-ce que Start IA ?", "sestwo")[-1]
    assert refused["done"]
    assert "Trop de questions depuis votre connexion. Réessayez dans" in refused["html"]
    answered = event(port, "192.0.2.41", "Qu'est-ce que Start IA ?", "sesthree")
    assert any("Start IA est" in str(each) for each in answered)


def test_a_flood_of_events_does_not_fill_the_queue_for_others(limited: tuple[Doors, int]) -> None:
    """More events than an address has in a minute are refused before Gradio's queue, which all share."""
    _, port = limited
    body = json.dumps({"data": [None], "fn_index": 0, "session_hash": "floodflood", "event_data": {}}).encode()
    here = ("Host: localhost", "X-Forwarded-For: 192.0.2.50", "Content-Type: application/json")
    statuses = [raw(port, "/gradio_api/queue/join", *here, method="POST", body=body)[0] for _ in range(22)]
    assert statuses == [200] * 20 + [429] * 2
    assert event(port, "192.0.2.51", "Qu'est-ce que Start IA ?", "after")[-1]["done"]


def test_one_visitor_does_not_fill_the_queue_by_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty questions of one session, the first slow: all but one of the others are refused, and nobody stands behind.

    Gradio has forty places for events; each that waited for the first would hold one.
    """
    monkeypatch.setattr("ui.admission.admission.PATIENCE", 30.0)
    doors = opened(tmp_path, settings(rate_limit="1000/minute", rate_limit_conversation="1000/minute"), pause=0.5)
    slow = {"data": [None], "fn_index": 0, "session_hash": "crowd", "event_data": {"question": "slow Start IA"}}
    here = ("Host: localhost", "X-Forwarded-For: 192.0.2.1", "Content-Type: application/json")
    with served(doors.app) as port:
        for _ in range(60):
            assert raw(port, "/gradio_api/queue/join", *here, method="POST", body=json.dumps(slow).encode())[0] == 200
        assert len(doors.admission._opened) == 1
        assert len(doors.admission._waiting) == 1
        began = time.perf_counter()
        event(port, "192.0.2.2", "Qu'est-ce que Start IA ?", "behind")
        assert time.perf_counter() - began < 8 * slowness()


# Gradio's routes on the public mount


@pytest.fixture(scope="module")
def client(limited: tuple[Doors, int]) -> TestClient:
    """A client in process; what it is counted as is reached by nothing here."""
    return TestClient(
        create_app(limited[0].bot, load(rate_limit="off", trusted_hosts=())),
        base_url="http://localhost",
        raise_server_exceptions=False,
    )


GOOD: dict[str, Any] = {"data": [None], "fn_index": 0, "session_hash": "abc", "event_data": {}}


@pytest.mark.parametrize(
    ("change", "field"),
    [({"fn_index": 99}, "fn_index"), ({"fn_index": -1}, "fn_index"), ({"fn_index": "0"}, "fn_index"),
     ({"fn_index": True}, "fn_index"), ({"fn_index": None}, "fn_index"), ({"fn_index": 10**30}, "fn_index"),
     ({"session_hash": None}, "session_hash"), ({"session_hash": "../x"}, "session_hash"),
     ({"session_hash": "x" * 65}, "session_hash"), ({"session_hash": ["a"]}, "session_hash"),
     ({"data": None}, "data"), ({"data": "x"}, "data"), ({"data": [None] * 9}, "data"),
     ({"event_data": "x"}, "event_data"), ({"event_data": [1]}, "event_data"),
     ({"trigger_id": "x"}, "trigger_id"), ({"trigger_id": -5}, "trigger_id")],
)  # fmt: skip
def test_an_event_that_our_page_does_not_send_is_refused(
    client: TestClient, change: dict[str, Any], field: str
) -> None:
    """A number out of range, a session that is none: one sentence that names the member, and no trace of Gradio's."""
    answer = client.post("/gradio_api/queue/join", json=GOOD | change)
    assert answer.status_code == 422
    assert field in answer.json()["detail"]
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1", b'"x"', b"null", b"\xff\xfe", b"[" * 50_000])
def test_a_body_that_is_no_event_is_refused(client: TestClient, body: bytes) -> None:
    """Whatever is sent, it is a problem and no crash."""
    answer = client.post("/gradio_api/queue/join", content=body)
    assert answer.status_code == 422


def test_what_gradio_would_also_take_does_not_reach_it(limited: tuple[Doors, int]) -> None:
    """State, batches, simple formats and event ids of the visitor's choice are left out of the event."""
    doors, port = limited
    extra = {"batched": True, "simple_format": True, "event_id": "x", "oauth_token": "x", "data": [{"history": "x"}]}
    before = len(doors.bot.histories)
    assert event(port, "192.0.2.80", "Qu'est-ce que Start IA ?", "extras", **extra)[-1]["done"]
    assert doors.bot.histories[before:] == [()]


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/gradio_api/upload"), ("POST", "/gradio_api/run/ask"), ("POST", "/gradio_api/api/ask"),
     ("POST", "/gradio_api/call/ask"), ("GET", "/gradio_api/call/ask/x"), ("POST", "/gradio_api/cancel"),
     ("POST", "/gradio_api/reset"), ("GET", "/gradio_api/info"), ("GET", "/gradio_api/app_id"),
     ("POST", "/gradio_api/component_server"), ("GET", "/gradio_api/stream/a/b/1/playlist.m3u8"),
     ("GET", "/gradio_api/deep_link?session_hash=abc"), ("POST", "/gradio_api/predict"),
     ("GET", "/gradio_api/queue/status"), ("GET", "/gradio_api/upload_progress?upload_id=x"),
     ("GET", "/gradio_api/file=/etc/passwd"),
     ("GET", "/gradio_api/heartbeat/" + "x" * 65), ("GET", "/gradio_api/heartbeat/é"),
     ("GET", "/gradio_api/queue/join")],
)  # fmt: skip
def test_no_other_route_of_gradio_is_there(client: TestClient, method: str, path: str) -> None:
    """Uploads, calls by name, cancelling by somebody else's id, files: none of it."""
    assert client.request(method, path, json=GOOD).status_code in {404, 405}


def test_a_guessed_session_tells_nothing(client: TestClient) -> None:
    """Whoever names a session that is not his hears that there is none, and nothing of anybody's."""
    stream = client.get("/gradio_api/queue/data", params={"session_hash": "guessed"})
    assert "output" not in stream.text
    assert "Start IA" not in stream.text


def test_open_pages_of_an_address_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of heartbeats is refused, and only that address's."""
    monkeypatch.setattr("ui.admission.admission.MOST_STREAMS", 2)
    admission = Admission(settings())
    scope: Scope = {"type": "http", "path": "/gradio_api/heartbeat/abc", "client": ("192.0.2.1", 1)}
    with admission.stream(scope, "en"), admission.stream(scope, "en"):
        with pytest.raises(Refusal), admission.stream(scope, "en"):
            pass
        with admission.stream({**scope, "client": ("192.0.2.2", 1)}, "en"):
            pass
        with admission.stream({**scope, "path": "/"}, "en"):
            pass
    with admission.stream(scope, "en"):
        pass
    assert not admission._streams


def test_places_are_free_again_however_an_answer_ends(limited: tuple[Doors, int]) -> None:
    """After an answer, a crash, and a reader who went away in the middle of a stream."""
    doors, port = limited
    here = ("Host: localhost", "X-Forwarded-For: 192.0.2.60")
    assert asked(port, *here)[0] == 200
    assert asked(port, *here, sent={"question": "please crash"})[0] == 500
    with socket.create_connection(("127.0.0.1", port)) as connection:
        body = json.dumps({"question": "slow Start IA"}).encode()
        head = (
            "POST /api/v1/ask HTTP/1.1",
            "Host: localhost",
            "X-Forwarded-For: 192.0.2.61",
            "Accept: text/event-stream",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            "",
            "",
        )
        connection.sendall("\r\n".join(head).encode() + body)
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
        assert len(doors.admission._opened) == 1
    until = time.monotonic() + 10 * slowness()
    while len(doors.admission._opened):
        assert time.monotonic() < until
        time.sleep(0.02)


# The log


class Everything(logging.Handler):
    """Keeps every record of every logger, whatever its level."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the record as text, with its traceback."""
        self.lines.append(logging.Formatter("%(name)s %(levelname)s %(message)s").format(record))


@contextmanager
def loudest(handler: logging.Handler) -> Iterator[None]:
    """Have *handler* hear every logger that there is, also those that keep to themselves."""
    root = logging.getLogger()
    loggers = [root, *(each for each in root.manager.loggerDict.values() if isinstance(each, logging.Logger))]
    before = [(each, each.level, each.propagate) for each in loggers]
    root.addHandler(handler)
    for each in loggers:
        each.setLevel(logging.DEBUG)
        each.propagate = True
    try:
        yield
    finally:
        root.removeHandler(handler)
        for each, level, propagate in before:
            each.setLevel(level)
            each.propagate = propagate


MCP_CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
MCP_HEADERS = ("Accept: application/json, text/event-stream", "MCP-Protocol-Version: 2025-06-18")


def at_every_face(port: int, question: str) -> dict[str, tuple[int, str]]:
    """Ask *question* wherever one can, and return status and response by face."""

    def sent(path: str, body: object, *headers: str) -> tuple[int, str]:
        kind = ("Content-Type: application/json", "Host: localhost", *headers)
        return raw(port, path, *kind, method="POST", body=json.dumps(body, ensure_ascii=False).encode())

    chat = {"model": "guichet-ia", "messages": [{"role": "user", "content": question}]}
    form = f"question={quote(question)}&lang=fr".encode()
    said = {
        "json": sent("/api/v1/ask", {"question": question}),
        "events": sent("/api/v1/ask", {"question": question}, "Accept: text/event-stream"),
        "started": sent("/api/v1/streams", {"question": question}),
        "search": sent("/api/v1/search", {"query": question}),
        "openai": sent("/v1/chat/completions", chat),
        "openai events": sent("/v1/chat/completions", chat | {"stream": True}),
        "form": raw(port, "/ask", "Host: localhost", method="POST", body=form),
    }
    for tool, argument in (("ask", "question"), ("search_sources", "query")):
        call = {"name": tool, "arguments": {argument: question}}
        said[f"mcp {tool}"] = sent("/mcp", MCP_CALL | {"params": call}, *MCP_HEADERS)
    said["page"] = 200, str(event(port, "192.0.2.70", question, "logsession")[-1])
    return said


def test_no_word_of_a_question_is_logged(bot: Bot, capfd: pytest.CaptureFixture[str]) -> None:
    """With our loggers at their loudest, access lines included, no face leaves a question in log or output."""
    heard = Everything()
    with (
        loudest(heard),
        served(create_app(bot, load(rate_limit="off")), log_config=None, log_level="debug", access_log=True) as port,
        loudest(heard),
    ):
        question = f"Quelle prime pour {MARKER} à Namur ?"
        first = at_every_face(port, "Start IA")  # what a first call of a face loads has loggers too
        with loudest(heard), quiet_protocol():
            answers = at_every_face(port, question)
            asked(port, "Host: localhost", sent={"question": MARKER * 100})
            asked(port, "Host: localhost", sent={"question": question, "language": MARKER})
            asked(port, "Host: localhost", sent={"question": question, MARKER: question})
            asked(port, "Host: localhost", f"Origin: https://{MARKER}.example", sent={"question": question})
            asked(port, "Host: localhost", "Authorization: Bearer gk_" + MARKER, sent={"question": question})
            for path in ("/ask?", "/?lang=fr&", "/api/v1/ask?", "/v1/models?", "/mcp?"):
                raw(port, f"{path}question={MARKER}", "Host: localhost")
    said = capfd.readouterr()
    assert {face: status for face, (status, _) in first.items() if status not in (200, 201)} == {}
    assert {face: status for face, (status, _) in answers.items() if status not in (200, 201)} == {}
    for face in ("json", "events", "form", "page"):
        assert MARKER in answers[face][1]  # it did arrive
    assert '"isError":true' not in answers["mcp ask"][1] + answers["mcp search_sources"][1]
    for path in ("/api/v1/ask", "/v1/chat/completions", "/ask", "/mcp"):
        assert any(f'"POST {path} HTTP/1.1" 200' in line for line in heard.lines), path
    assert any('"GET /ask HTTP/1.1"' in line for line in heard.lines)
    assert [line for line in heard.lines if MARKER in line] == []
    assert MARKER not in said.out + said.err


@contextmanager
def quiet_protocol() -> Iterator[None]:
    """Leave the loggers of the MCP package as they are in the guichet: at DEBUG they tell messages (docs/mcp.md)."""
    loggers = [logging.getLogger(name) for name in list(logging.root.manager.loggerDict) if name.split(".")[0] == "mcp"]
    for each in loggers:
        each.setLevel(logging.INFO)
    yield

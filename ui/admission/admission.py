"""The one place where every face asks whether a question may be answered now. Cheap checks come first.

1. Is there a place at all?                 503 ``busy``
2. … for this caller, this conversation?     429 ``too_many_open``, ``one_at_a_time``
3. How often has this conversation, this address (or key) asked?   429 ``too_many``
4. How often has this address through this page of a portal, how often has that page?   429 ``portal_spent``

All of it is looked at before anything is entered: a question that is refused costs nobody anything. A portal is never
counted instead of the address: what one visitor asks too much costs the others nothing.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace

from starlette.datastructures import Headers
from starlette.types import Scope

from bot.wording import say
from ingest.documents import Language
from ingest.settings import Settings
from ui.admission import areas, windows
from ui.admission.addresses import Proxies, counted
from ui.admission.crossing import Crossing, crossing
from ui.admission.framed import Seals, framing
from ui.admission.hosts import Hosts
from ui.admission.opened import Opened, Ticket
from ui.admission.windows import Limit, Window, Windows
from ui.asking import SOON, Refusal
from ui.keys import Key, Keys
from ui.portals import Portal, Portals

CROSSING = "guichet.crossing"
KEY = "guichet.key"
HELD = "guichet.held"
"""Where a request's scope holds whence it comes, its key, and the places that end with its response."""

PORTAL = "portal"
"""The name of the windows of portals begins so."""

CHALLENGE = {"www-authenticate": 'Bearer realm="guichet"'}

PATIENCE = 2.0
"""Seconds that a question waits for the one before it in its conversation: who stops an answer asks on at once."""
STEP = 0.05
MOST_STREAMS = 400
"""Pages that may be open behind one address, two connections for each that is answered."""
_CONVERSATION = re.compile(r"[\w.-]{1,100}", re.ASCII)
_SHOWN = re.compile(r"bearer +(\S+) *", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks."""

    face: str
    """Through which face: ``page``, ``api``, ``mcp``."""
    address: str
    """What its address is counted as."""
    portal: Portal | None = None
    key: Key | None = None
    origin: str = ""
    """Which origin of the portal."""

    @property
    def payer(self) -> str:
        """Who pays for a language model: only names that are known here, so nobody makes up budgets."""
        if self.key:
            return f"key {self.key.name}"
        return f"portal {self.portal.name}" if self.portal else self.face

    @property
    def name(self) -> str:
        """What questions are counted by: a key has its own number, everybody else that of the address."""
        return f"key {self.key.id}" if self.key else f"address {self.address}"


class Admission:
    """Portals, keys and limits of one application."""

    def __init__(self, settings: Settings, portals: Portals | None = None, keys: Keys | None = None) -> None:
        self.portals, self.keys = portals or Portals(), keys or Keys()
        self.hosts, self.proxies = Hosts(settings), Proxies(settings.trusted_proxies)
        self.key_required = settings.api_key_required
        self._off = settings.rate_limit == "off"
        self._of_address = windows.parsed(settings.rate_limit)
        self._of_conversation = windows.parsed(settings.rate_limit_conversation)
        self._of_requests = windows.parsed(settings.rate_limit_requests)
        self._of_key = windows.parsed(settings.rate_limit_key)
        storage = settings.rate_limit_storage
        self._windows = Windows(storage.get_secret_value() if storage else None)
        self._opened = Opened(settings.open_questions, None if self._off else settings.open_questions_address)
        self._waiting: set[str] = set()
        """Conversations in which a question waits for the one before it."""
        self._streams: Counter[str] = Counter()
        self._seals = Seals()

    # Who

    def crossing(self, headers: Headers, method: str) -> Crossing:
        """Return from which page a request came."""
        return crossing(headers, method, self.hosts, self.portals.allowed())

    def caller(self, scope: Scope, face: str = "api") -> Caller:
        """Return who made the request of *scope*, which has passed the guard."""
        found: Crossing | None = scope.get(CROSSING)
        client = scope.get("client") or ("", 0)
        portal, origin = (found.portal, found.origin) if found and found.portal else (None, "")
        return Caller(face, counted(client[0]), portal, scope.get(KEY), origin)

    def note_of(self, headers: Headers) -> str:
        """Return what a page of ours carries that an open portal asks for to frame it; empty for every other."""
        origin = framing(headers)
        return self._seals.note(origin) if origin and origin in self.portals.allowed().open else ""

    def framed(self, caller: Caller, note: str, language: Language) -> Caller:
        """Return *caller* as the portal's whose *note* his page carries; raises ``Refusal`` where that is closed."""
        origin = self._seals.origin(note)
        if origin is None:
            return caller
        portal = self.portals.allowed().open.get(origin)
        if portal is None:
            raise Refusal("portals.portal_closed", language, 403)
        return replace(caller, portal=portal, origin=origin)

    def key_of(self, headers: Headers, language: Language) -> Key | None:
        """Return the key that a request shows, None if it shows none; raises ``Refusal`` 401 for a wrong one.

        A token that is not of our form is none: clients of OpenAI cannot go without one, and write anything.
        """
        bearers = (_SHOWN.fullmatch(each) for each in headers.getlist("authorization"))
        tokens = (*headers.getlist("x-api-key"), *(bearer[1] for bearer in bearers if bearer))
        shown = next((token for token in tokens if token.startswith("gk_")), None)
        if shown is None:
            return None
        if key := self.keys.opened_by(shown):
            self.keys.note_use(key)
            return key
        raise Refusal("portals.bad_key", language, 401, headers=CHALLENGE)

    def permit(self, where: Crossing, headers: Headers, path: str, language: Language) -> Key | None:
        """Return the key that is asked with at *path*; raises ``Refusal`` where none, or another one, is needed."""
        key = self.key_of(headers, language)
        if areas.DESCRIPTION.fullmatch(path):
            return key
        if key is None:
            # Where pages ask, theirs pass; a program can write what a browser writes, but nothing else is opened by it.
            from_page = areas.API.fullmatch(path) and where.relation in {"own", "portal"}
            if self.key_required and not from_page:
                raise Refusal("portals.key_needed", language, 401, headers=CHALLENGE)
            return None
        if (scope := areas.scope_of(path)) not in key.scopes:
            raise Refusal("portals.key_scope", language, 403, scope=scope)
        return key

    # Whether

    @asynccontextmanager
    async def question(
        self, caller: Caller, language: Language, conversation: str | None = None
    ) -> AsyncIterator[None]:
        """Hold a place for one question while it is answered; raises ``Refusal`` in *language* when there is none."""
        leave = await self.hold(caller, language, conversation)
        try:
            yield
        finally:
            leave()

    async def hold(self, caller: Caller, language: Language, conversation: str | None = None) -> Callable[[], None]:
        """The same until what is returned is called: for an answer that outlives the response to its question."""
        ticket = await self._admitted(caller, language, conversation)
        return lambda: self._opened.give_back(ticket)

    async def admit(self, scope: Scope, caller: Caller, language: Language, conversation: str | None = None) -> None:
        """The same for a question that is answered over HTTP: the place is held until its response has ended."""
        scope.setdefault(HELD, []).append(await self.hold(caller, language, conversation))

    @asynccontextmanager
    async def passing(self, scope: Scope, tool: str, language: Language) -> AsyncIterator[str]:
        """Hold a place while a *tool* is used over MCP, if it answers questions, and give who pays.

        What the others do is counted with the request that carries it.
        """
        caller = self.caller(scope, "mcp")
        if tool != "ask":
            yield caller.payer
            return
        async with self.question(caller, language):
            yield caller.payer

    def let_go(self, scope: Scope) -> None:
        """Give back what was held for a request."""
        for leave in scope.pop(HELD, ()):
            leave()

    async def request(self, caller: Caller, language: Language) -> None:
        """Count a request that is no question; raises ``Refusal`` when there were too many."""
        await self._enter((Window(self._of_requests, ("request", caller.name)),), caller, language)

    async def attempt(self, caller: Caller, language: Language) -> None:
        """Count a request where questions are asked, whatever becomes of it: most that are malformed are none.

        Apart from other requests, and never more narrowly than questions.
        """
        limits = windows.at_least(self._of_requests, self._questions_of(caller))
        await self._enter((Window(limits, ("attempt", caller.name)),), caller, language)

    @contextmanager
    def stream(self, scope: Scope, language: Language) -> Iterator[None]:
        """Count a connection that stays open as long as a page; raises ``Refusal`` when an address has too many."""
        if self._off or not areas.STREAMS.fullmatch(scope["path"]):
            yield
            return
        address = self.caller(scope).address
        if self._streams[address] >= MOST_STREAMS:
            raise _at_once("too_many_open", language)
        self._streams[address] += 1
        try:
            yield
        finally:
            self._streams[address] -= 1
            if not self._streams[address]:
                del self._streams[address]

    async def _admitted(self, caller: Caller, language: Language, conversation: str | None) -> Ticket:
        talk = f"{caller.name} {conversation}" if conversation and _CONVERSATION.fullmatch(conversation) else None
        ticket = await self._place(caller, language, None if self._off else talk)
        try:
            await self._enter(self._of_question(caller, talk), caller, language)
        except BaseException:
            self._opened.give_back(ticket)
            raise
        return ticket

    async def _place(self, caller: Caller, language: Language, talk: str | None) -> Ticket:
        """Return a place; in a conversation whose question is being answered, one may wait for it a moment."""
        taken = self._taken(caller, language, talk)
        if taken:
            return taken
        assert talk is not None  # only a conversation has to wait
        if talk in self._waiting:
            raise _at_once("one_at_a_time", language)
        self._waiting.add(talk)
        try:
            for _ in range(int(PATIENCE / STEP)):
                await asyncio.sleep(STEP)
                if taken := self._taken(caller, language, talk):
                    return taken
        finally:
            self._waiting.discard(talk)
        raise _at_once("one_at_a_time", language)

    def _taken(self, caller: Caller, language: Language, talk: str | None) -> Ticket | None:
        """Return a place, or None while the conversation has one."""
        taken = self._opened.take(caller.name, talk)
        if taken == "all":
            raise _at_once("busy", language, 503)
        if taken == "caller":
            raise _at_once("too_many_open", language)
        return taken if isinstance(taken, Ticket) else None

    def _questions_of(self, caller: Caller) -> tuple[Limit, ...]:
        """Return how many questions a caller may ask; what is not set for a key is that of every key."""
        if caller.key is None:
            return self._of_address
        return windows.filled(windows.limits_of(caller.key.a_minute, caller.key.a_day), self._of_key)

    def _of_question(self, caller: Caller, talk: str | None) -> Iterator[Window]:
        """Yield the windows in which a question is entered, the narrowest first."""
        if talk:
            yield Window(self._of_conversation, ("talk", talk))
        yield Window(self._questions_of(caller), ("question", caller.name))
        if (portal := caller.portal) and not caller.key:
            part = windows.limits_of(windows.share(portal.a_minute), windows.share(portal.a_day))
            yield Window(part, ("visitor", portal.name, caller.origin, caller.address))
            yield Window(windows.limits_of(portal.a_minute, portal.a_day), (PORTAL, portal.name, caller.origin))

    async def _enter(self, wanted: Iterable[Window], caller: Caller, language: Language) -> None:
        full = None if self._off else await self._windows.enter(tuple(wanted))
        if full is None:
            return
        window, wait = full
        if window.name[0] == PORTAL:
            raise _later("portal_spent", language, wait)
        raise _later("key_spent" if caller.key else "too_many", language, wait)


def _at_once(key: str, language: Language, status: int = 429) -> Refusal:
    return Refusal(f"portals.{key}", language, status, headers={"retry-after": str(SOON)})


def _later(key: str, language: Language, wait: float) -> Refusal:
    seconds = math.ceil(wait)
    headers = {"retry-after": str(seconds)}
    return Refusal(f"portals.{key}", language, 429, headers=headers, wait=in_words(seconds, language))


def in_words(seconds: int, language: Language) -> str:
    """Return a wait as one says it, rounded up: «12 secondes», «3 minutes», «5 heures»."""
    for unit, length in (("hour", 3600), ("minute", 60)):
        if seconds > length:
            return say(f"portals.{unit}s", language, count=-(-seconds // length))
    return say("portals.second" if seconds == 1 else "portals.seconds", language, count=seconds)

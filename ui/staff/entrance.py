"""The way in to the desk: a name and a password are counted, compared, written down, and become a session.

Whoever does not get in learns nothing: a name that does not exist, a wrong password and a disabled account get the same
answer after the same work.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from ingest.database import AccountRow, now
from ingest.errors import Busy, GuichetError
from ingest.journal import Journal
from ingest.settings import Settings
from ingest.writing import moment
from ui.staff import attempts
from ui.staff.accounts import AccountRefused, Accounts, clean_name
from ui.staff.attempts import Attempts, Key, Ticket
from ui.staff.passwords import Hasher
from ui.staff.sessions import Came, Issued, Login, Sessions

AT_ONCE = 2
IN_LINE = 30
UNKNOWN = "(unknown)"
"""Who stands in the journal for somebody without an account."""

P = ParamSpec("P")
T = TypeVar("T")


class NotRight(GuichetError):
    """Name and password do not open the desk; nobody learns why."""


class OneTimeExpired(GuichetError):
    """The right one-time password, but nobody used it in time."""


class MustWait(GuichetError):
    """Too many failures: the next attempt counts only after ``wait``."""

    def __init__(self, wait: dt.timedelta) -> None:
        self.wait = wait
        super().__init__(f"Too many failures; wait {self.minutes} minutes.")

    @property
    def minutes(self) -> int:
        """The wait in minutes, rounded up."""
        return max(1, -(-int(self.wait.total_seconds()) // 60))


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was read of an account before its password was compared."""

    id: int
    name: str
    kept: str | None
    disabled: bool
    valid_until: dt.datetime | None


class Entrance:
    """Accounts, sessions and attempts of one database together; the pages and the desk ask here."""

    def __init__(self, engine: Engine, settings: Settings, hasher: Hasher | None = None) -> None:
        self._engine = engine
        self.accounts = Accounts(engine, hasher)
        self.sessions = Sessions(engine, settings)
        self.attempts = Attempts(engine)
        self.journal = Journal(engine)
        # Their own threads: a flood of logins must not take those in which questions are answered, nor more memory
        # than two hashes.
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="login")
        self._pool.submit(self.accounts.hasher.prepare)  # a third of a second, for which nobody need wait
        self._in_line = 0

    async def aside(self, action: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Do *action* in a thread of logins; raises ``Busy`` at once when too many wait for one."""
        if self._in_line >= IN_LINE:
            raise Busy("Too many people log in at this moment; try again in a minute.")
        self._in_line += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: action(*args, **kwargs))
        finally:
            self._in_line -= 1

    def enter(self, name: str, password: str, came: Came) -> Issued:
        """Return the session that *name* and *password* open; raises ``NotRight``, ``MustWait``, ``OneTimeExpired``."""
        seen = self._seen(name)
        known = self.sessions.knows(seen.id if seen else 0, came.known)
        keys: tuple[Key, ...] = (attempts.of_name(clean_name(name)), attempts.of_address(came.address))
        if seen and known:
            keys = (attempts.of_browser(known, seen.id),)
        ticket = self._ticket(*keys)
        right = self.accounts.hasher.matches(seen.kept if seen else None, password)
        if seen is None or seen.kept is None or not right or seen.disabled:
            raise self._failed(seen, ticket)
        if seen.valid_until and moment(seen.valid_until) <= now():
            raise OneTimeExpired("This one-time password was not used in time; ask an administrator for another one.")
        self.attempts.give_back(ticket)
        kept = self.accounts.renew_hash(seen.id, seen.kept, password)
        issued = self.sessions.begin(seen.id, came, kept=kept)
        if issued is None:
            raise NotRight("changed meanwhile")
        return issued

    def change_password(self, login: Login, before: str, password: str, came: Came) -> Issued:
        """Give the person of *login* a new password, and a new session in place of all others.

        Who has just used a one-time password need not give it again. Raises ``NotRight``, ``MustWait``,
        ``AccountRefused``.
        """
        seen = self._seen(login.name)
        if seen is None or seen.kept is None:
            raise AccountRefused("no_password", name=login.name)
        if not login.must_change:
            ticket = self._ticket(attempts.of_browser("password", seen.id))
            if not self.accounts.hasher.matches(seen.kept, before):
                raise self._failed(seen, ticket)
            self.attempts.give_back(ticket)
        self.accounts.change_password(seen.id, seen.kept, password)
        after = self._seen(login.name)
        issued = self.sessions.begin(seen.id, came, kept=after.kept if after else None)
        if issued is None:
            raise NotRight("changed meanwhile")
        return issued

    def _seen(self, name: str) -> _Seen | None:
        with Session(self._engine) as session:
            row = session.scalar(select(AccountRow).where(AccountRow.name == (clean_name(name) or "")))
            if row is None:
                return None
            return _Seen(row.id, row.name, row.password, row.disabled, row.valid_until)

    def _ticket(self, *keys: Key) -> Ticket:
        ticket = self.attempts.take(keys)
        if ticket.wait:
            raise MustWait(ticket.wait)
        return ticket

    def _failed(self, seen: _Seen | None, ticket: Ticket) -> NotRight:
        # A name that does not exist is not written down: it may be a password in the wrong field.
        by, subject = (seen.name, f"account {seen.name}") if seen else (UNKNOWN, "account")
        self.journal.note(by, "login_failed", subject)
        for key in ticket.locks:
            self.journal.note(by, "login_locked", subject, what=key.name.partition(" ")[0])
        return NotRight("not right")

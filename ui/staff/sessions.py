"""Who is logged in: the cookie of the staff, what it stands for, when it ends, and which requests are not our own."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

from sqlalchemy import Engine, Row, delete, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from starlette.requests import HTTPConnection

from ingest.database import AccountRow, StaffBrowserRow, StaffSessionRow, now
from ingest.errors import GuichetError
from ingest.journal import note
from ingest.settings import LOOPBACK, Settings
from ingest.writing import at_once, moment, writing
from ui.admission.hosts import Hosts
from ui.staff.people import ROLES, Person, Role

COOKIE = "guichet_staff"
KNOWN = "guichet_known"
"""A browser in which somebody has logged in before; it opens nothing, it only is not locked out by others' failures."""
KNOWN_FOR = dt.timedelta(days=180)
MOST = 20
"""Sessions that one account can have; the oldest ends when another begins."""
TOUCHED = dt.timedelta(minutes=1)
"""How exactly the last request of a session is noted: not every request writes."""


class Forged(GuichetError):
    """A request that changes something and was not sent by a page of ours."""


@dataclass(frozen=True, slots=True)
class Came:
    """Where an attempt to log in comes from."""

    address: str
    browser: str = ""
    """As the browser calls itself."""
    known: str | None = None
    session: str | None = None
    """The session that this browser had before, which ends."""


@dataclass(frozen=True, slots=True)
class Login:
    """A session that is good now."""

    number: int
    account: int
    name: str
    role: Role | None
    must_change: bool
    local: bool
    by_oidc: bool
    form_token: str

    @property
    def person(self) -> Person | None:
        """Who may work at the desk; nobody as long as the password is a one-time one or no role was given."""
        return None if self.must_change or self.role is None else Person(self.name, self.role, self.form_token)


@dataclass(frozen=True, slots=True)
class Issued:
    """What a login gives the browser."""

    token: str
    known: str
    must_change: bool


@dataclass(frozen=True, slots=True)
class Open:
    """A session as its owner sees it in a list."""

    number: int
    browser: str
    began_at: dt.datetime
    seen_at: dt.datetime
    current: bool


def digest(token: str) -> str:
    """Return what is kept of a cookie: who reads the database cannot use it."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def cookie(connection: HTTPConnection, name: str) -> str | None:
    """Return the value of a cookie; ``None`` if it came twice, for a neighbouring host has planted one of them."""
    found = [
        value.strip()
        for header in connection.headers.getlist("cookie")
        for key, _, value in (part.partition("=") for part in header.split(";"))
        if key.strip() == name
    ]
    return found[0] if len(found) == 1 and 0 < len(found[0]) <= 2000 else None


class Sessions:
    """The sessions of one database."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings
        self._hosts = Hosts(settings)
        self._longest = dt.timedelta(hours=settings.staff_session_hours)
        self._idle = dt.timedelta(minutes=settings.staff_idle_minutes)

    # Every request

    def person(self, cookies: Mapping[str, str], /) -> Person | None:
        """Return whose cookies these are; what the mount of the desk asks (``ui.staff.mount.Gate``)."""
        token = cookies.get(COOKIE)
        found = self.login(token) if token else None
        return found.person if found else None

    def person_of(self, connection: HTTPConnection) -> Person | None:
        """Return who sent a request, or ``None``: one look by key into the database, at most one write a minute."""
        found = self.login_of(connection)
        return found.person if found else None

    def login_of(self, connection: HTTPConnection) -> Login | None:
        """Return the session of a request, also one whose person must first change the password."""
        token = cookie(connection, COOKIE)
        return self.login(token) if token else None

    def login(self, token: str) -> Login | None:
        """Return the session of a cookie's value while it lasts."""
        wanted = (
            select(
                StaffSessionRow.number, StaffSessionRow.form_token, StaffSessionRow.by_oidc, StaffSessionRow.seen_at,
                StaffSessionRow.ends_at, AccountRow.id, AccountRow.name, AccountRow.role, AccountRow.must_change,
                AccountRow.password.is_not(None).label("local"),
            )
            .join(AccountRow, AccountRow.id == StaffSessionRow.account_id)
            .where(StaffSessionRow.digest == digest(token), AccountRow.disabled.is_(False))
        )  # fmt: skip
        with self._engine.connect() as connection:
            row = connection.execute(wanted).one_or_none()
        at = now()
        if row is None or moment(row.ends_at) <= at or moment(row.seen_at) + self._idle <= at:
            return None
        if at - moment(row.seen_at) >= min(TOUCHED, self._idle / 4):
            self._touch(row.number, at)
        return _login(row)

    def _touch(self, number: int, at: dt.datetime) -> None:
        """Note that a session was used; while another transaction is long, the next request will."""
        used = update(StaffSessionRow).where(StaffSessionRow.number == number).values(seen_at=at)
        with suppress(OperationalError), at_once(self._engine) as connection:
            connection.execute(used)

    # To begin and to end

    def begin(self, account: int, came: Came, *, kept: str | None = None, by_oidc: bool = False) -> Issued | None:
        """Begin a session; ``None`` if the account has changed meanwhile.

        *kept* is the hash that the password was compared with: a reset in between shuts out.
        """
        token, known = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        with writing(self._engine) as session:
            row = session.get(AccountRow, account)
            if row is None or row.disabled or row.password != (row.password if by_oidc else kept):
                return None
            at = now()
            self._clear(session, row, came, at)
            session.add(
                StaffSessionRow(
                    digest=digest(token),
                    account_id=row.id,
                    form_token=secrets.token_urlsafe(32),
                    browser=came.browser[:200],
                    by_oidc=by_oidc,
                    began_at=at,
                    seen_at=at,
                    ends_at=at + self._longest,
                )
            )
            row.seen_at = at
            known = _remember(session, row.id, came.known, known, at)
            note(session, row.name, "login", f"account {row.name}", by_organisation=by_oidc)
            return Issued(token, known, row.must_change)

    def _clear(self, session: Session, row: AccountRow, came: Came, at: dt.datetime) -> None:
        """Delete the session that this browser had, those that have ended, and the oldest of too many."""
        rows = StaffSessionRow
        session.execute(delete(rows).where((rows.ends_at <= at) | (rows.seen_at <= at - self._idle)))
        if came.session:
            session.execute(delete(rows).where(rows.digest == digest(came.session)))
        oldest = select(rows.number).where(rows.account_id == row.id).order_by(rows.number.desc()).offset(MOST - 1)
        for number in session.scalars(oldest).all():
            session.execute(delete(rows).where(rows.number == number))
        session.execute(delete(StaffBrowserRow).where(StaffBrowserRow.seen_at <= at - KNOWN_FOR))

    def knows(self, account: int, known: str | None) -> str | None:
        """Return the digest of a browser that this account has logged in from, or ``None``."""
        if not known:
            return None
        with Session(self._engine) as session:
            row = session.get(StaffBrowserRow, (digest(known), account))
            return row.digest if row is not None and moment(row.seen_at) > now() - KNOWN_FOR else None

    def logout(self, token: str) -> Login | None:
        """End the session of a cookie and return whose it was."""
        found = self.login(token)
        if found:
            self.end(found.number, found.name, action="logout")
        return found

    def end(self, number: int, owner: str, *, action: str = "session_ended") -> bool:
        """End one session of *owner*; nobody can end another's by its number."""
        with writing(self._engine) as session:
            row = session.get(StaffSessionRow, number)
            account = session.get(AccountRow, row.account_id) if row else None
            if row is None or account is None or account.name != owner:
                return False
            session.delete(row)
            note(session, owner, action, f"account {owner}")
            return True

    def of(self, person: Person) -> list[Open]:
        """Return the sessions of *person*, the newest first."""
        at = now()
        wanted = (
            select(StaffSessionRow)
            .join(AccountRow, AccountRow.id == StaffSessionRow.account_id)
            .where(
                AccountRow.name == person.name,
                StaffSessionRow.ends_at > at,
                StaffSessionRow.seen_at > at - self._idle,
            )
            .order_by(StaffSessionRow.number.desc())
        )
        with Session(self._engine) as session:
            return [
                Open(
                    row.number,
                    row.browser,
                    moment(row.began_at),
                    moment(row.seen_at),
                    hmac.compare_digest(row.form_token.encode(), person.token.encode()),
                )
                for row in session.scalars(wanted)
            ]

    # What is not ours

    def refuse_forged(self, connection: HTTPConnection, expected: str | None = None, token: str = "") -> None:
        """Raise ``Forged`` unless a page of our own sent this request.

        For everything but GET and HEAD. Browsers tell in ``Sec-Fetch-Site`` or ``Origin`` which site a page came from,
        and no page can change that. With *expected*, ``Person.token``, the form must have carried it as its *token*.
        """
        site, origin = connection.headers.get("sec-fetch-site"), connection.headers.get("origin")
        if site is None and origin is None:
            raise Forged("neither Sec-Fetch-Site nor Origin says where the request comes from")
        if site not in {None, "same-origin"}:
            raise Forged("sent by another site")
        if origin is not None and not self._hosts.is_own(origin, connection.headers.get("host", "")):
            raise Forged("sent by another origin")
        if expected is not None and not hmac.compare_digest(expected.encode(), token.encode(errors="replace")):
            raise Forged("not a form of this session")

    def secure(self, connection: HTTPConnection) -> bool:
        """Return whether the cookies must travel encrypted; on ``http://localhost`` they could not come back then."""
        public = self._settings.public_url or ""
        local = urlsplit(f"//{connection.headers.get('host', '')}").hostname in LOOPBACK
        return connection.url.scheme == "https" or (public.startswith("https:") and not local)


def _login(row: Row[*tuple[object, ...]]) -> Login:
    found = row._mapping
    role = cast("str | None", found["role"])
    return Login(
        number=cast("int", found["number"]),
        account=cast("int", found["id"]),
        name=cast("str", found["name"]),
        role=role if role in ROLES else None,
        must_change=bool(found["must_change"]),
        local=bool(found["local"]),
        by_oidc=bool(found["by_oidc"]),
        form_token=cast("str", found["form_token"]),
    )


def _remember(session: Session, account: int, known: str | None, fresh: str, at: dt.datetime) -> str:
    """Note that *account* has logged in from a browser and return the cookie that says so.

    One browser has one such cookie for all its people; one that we did not give out is replaced.
    """
    ours = select(StaffBrowserRow.digest).where(StaffBrowserRow.digest == digest(known or "")).limit(1)
    kept = known if known and session.scalar(ours) else fresh
    row = session.get(StaffBrowserRow, (digest(kept), account))
    if row is None:
        session.add(StaffBrowserRow(digest=digest(kept), account_id=account, seen_at=at))
    else:
        row.seen_at = at
    return kept

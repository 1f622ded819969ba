"""Who may log in to the staff desk, with which role; every change stands in the journal and ends what it must end."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Engine, and_, delete, exists, func, or_, select
from sqlalchemy.orm import Session

from ingest.database import AccountRow, StaffAttemptRow, StaffBrowserRow, StaffSessionRow, now
from ingest.errors import GuichetError
from ingest.journal import GUICHET, note
from ingest.writing import moment, writing
from ui.staff import attempts
from ui.staff.passwords import Flaw, Hasher, flaw, one_time
from ui.staff.people import ROLES, Role

FIRST = "admin"
"""The account that the first start makes."""
ONE_TIME = dt.timedelta(days=7)
"""How long a one-time password waits for its first use."""

# Letters of one script only: no other sign looks like one of these, so no name looks like another's.
_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{1,63}")

REASONS = {
    "bad_name": "A name has 2 to 64 of the signs a-z, 0-9 and . _ @ + -, and begins with a letter or a digit.",
    "name_taken": "There is an account {name} already; choose another name.",
    "no_account": "There is no account {name}; see who there is with: python -m ui staff list",
    "no_role": "There is no such role; it is editor, publisher or administrator.",
    "last_administrator": "{name} is the last administrator; make somebody else administrator first.",
    "no_password": "{name} logs in through the organisation and has no password here.",
    "is_disabled": "The account {name} is disabled; enable it first.",
    "password_short": "The password is too short: 12 signs or more.",
    "password_long": "The password is too long, or holds signs that cannot be kept.",
    "password_name": "The password is nearly the name of the account; choose another one.",
    "password_common": "The password is one of those that are tried first; choose another one.",
    "not_twice": "The two passwords are not the same; begin again.",
    "password_same": "This is the password that should be replaced; choose another one.",
}
"""Each reason in English for the command line; the desk says it in its languages (``desk_accounts.bad_name``)."""


class AccountRefused(GuichetError):
    """A change to the accounts that cannot be made; ``reason`` is its key in ``REASONS`` and in the catalogue."""

    def __init__(self, reason: str, **values: object) -> None:
        self.reason, self.values = reason, values
        super().__init__(REASONS[reason].format(**values))


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may log in, as others may see it."""

    id: int
    name: str
    role: Role | None
    disabled: bool
    must_change: bool
    """The password is a one-time one."""
    local: bool
    """There is a password here; else the person comes through the organisation."""
    issuer: str | None
    created_at: dt.datetime
    seen_at: dt.datetime | None


def clean_name(text: str) -> str | None:
    """Return *text* as the name of an account, in small letters and plain forms; ``None`` if it cannot be one."""
    name = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text[:200]).casefold()).strip()
    return name if _NAME.fullmatch(name) else None


class Accounts:
    """The accounts of one database; used by the desk and, while it runs, by the command line."""

    def __init__(self, engine: Engine, hasher: Hasher | None = None) -> None:
        self._engine = engine
        self.hasher = hasher or Hasher()

    # To look

    def everyone(self) -> list[Account]:
        """Return all accounts by name."""
        with Session(self._engine) as session:
            return [_account(row) for row in session.scalars(select(AccountRow).order_by(AccountRow.name))]

    def named(self, name: str) -> Account:
        """Return the account *name*, or raise ``AccountRefused``."""
        with Session(self._engine) as session:
            return _account(_row(session, name))

    # To change

    def first_start(self) -> str | None:
        """Make ``admin`` if there is no account at all, and return its one-time password, to be printed once."""
        with Session(self._engine) as session:
            if session.scalar(select(exists(select(AccountRow.id)))):
                return None
        password = one_time()
        kept = self.hasher.hash(password)
        with writing(self._engine) as session:
            if session.scalar(select(exists(select(AccountRow.id)))):
                return None
            _insert(session, FIRST, "administrator", kept, GUICHET)
        return password

    def add(self, name: str, role: str, by: str, password: str | None = None) -> str:
        """Make an account and return its password for the first login: the one given, or a one-time one."""
        clean = clean_name(name)
        if clean is None or clean == GUICHET:
            raise AccountRefused("bad_name")
        role = _role(role)
        password = self._first_password(password, clean)
        kept = self.hasher.hash(password)
        with writing(self._engine) as session:
            if session.scalar(select(exists(select(AccountRow.id).where(AccountRow.name == clean)))):
                raise AccountRefused("name_taken", name=clean)
            _insert(session, clean, role, kept, by)
        return password

    def set_role(self, name: str, role: str, by: str) -> None:
        """Give *name* another role; who is logged in must log in again."""
        role = _role(role)
        with writing(self._engine) as session:
            row = _row(session, name)
            if row.role == role:
                return
            if role != "administrator":
                _keep_an_administrator(session, row)
            note(session, by, "role_changed", f"account {row.name}", before=row.role, after=role)
            row.role = role
            _end_sessions(session, row)

    def disable(self, name: str, by: str) -> None:
        """Shut *name* out at once; what the person did stays in the journal."""
        with writing(self._engine) as session:
            row = _row(session, name)
            if row.disabled:
                return
            _keep_an_administrator(session, row)
            row.disabled = True
            _end_sessions(session, row)
            _forget_browsers(session, row)
            note(session, by, "account_disabled", f"account {row.name}")

    def enable(self, name: str, by: str) -> None:
        """Let *name* in again, with the same password and role."""
        with writing(self._engine) as session:
            row = _row(session, name)
            if row.disabled:
                row.disabled = False
                note(session, by, "account_enabled", f"account {row.name}")

    def reset(self, name: str, by: str, password: str | None = None) -> str:
        """Replace the password by one for a single login, which is returned; failures before it are forgiven."""
        account = self.named(name)
        password = self._first_password(password, account.name)
        kept = self.hasher.hash(password)
        with writing(self._engine) as session:
            row = _row(session, account.name)
            if row.password is None:
                raise AccountRefused("no_password", name=row.name)
            if row.disabled:
                raise AccountRefused("is_disabled", name=row.name)
            row.password, row.must_change, row.valid_until = kept, True, now() + ONE_TIME
            _end_sessions(session, row)
            _forget_browsers(session, row)
            session.execute(delete(StaffAttemptRow).where(StaffAttemptRow.key == attempts.of_name(row.name).name))
            note(session, by, "password_reset", f"account {row.name}")
        return password

    def end_sessions(self, name: str, by: str) -> int:
        """Log *name* out everywhere and return how many sessions that were."""
        with writing(self._engine) as session:
            row = _row(session, name)
            ended = _end_sessions(session, row)
            if ended:
                note(session, by, "sessions_ended", f"account {row.name}", count=ended)
            return ended

    def change_password(self, account: int, before: str, password: str) -> None:
        """Give an account the *password* that its owner chose, and end all its sessions.

        *before* is the hash that was seen when the owner was asked: a reset in between is not overwritten.
        """
        name = self._found_flaw(account, before, password)
        kept = self.hasher.hash(password)
        with writing(self._engine) as session:
            row = session.get(AccountRow, account)
            if row is None or row.disabled or row.password != before:
                raise AccountRefused("no_account", name=name)
            row.password, row.must_change, row.valid_until = kept, False, None
            _end_sessions(session, row)
            note(session, row.name, "password_changed", f"account {row.name}")

    def _found_flaw(self, account: int, before: str, password: str) -> str:
        with Session(self._engine) as session:
            row = session.get(AccountRow, account)
        if row is None:
            raise AccountRefused("no_account", name=account)
        self._refuse_flaw(flaw(password, row.name))
        if self.hasher.matches(before, password):
            raise AccountRefused("password_same")
        return row.name

    def renew_hash(self, account: int, before: str, password: str) -> str:
        """Keep the right *password* at today's cost, if *before* was made at another, and return what is kept now."""
        if not self.hasher.is_old(before):
            return before
        kept = self.hasher.hash(password)
        with writing(self._engine) as session:
            row = session.get(AccountRow, account)
            if row is not None and row.password == before:
                row.password = kept
                return kept
        return before

    # Through the organisation

    def of_identity(self, issuer: str, subject: str, called: str, role: Role | None, *, ruled: bool) -> Account:
        """Return the account of a person at an OpenID provider, made if it is new.

        Only issuer and subject say who it is: somebody who is *called* like an account here gets another name. With
        *ruled* the provider decides the role at every login, also that there is none.
        """
        with writing(self._engine) as session:
            found = and_(AccountRow.issuer == issuer, AccountRow.subject == subject)
            row = session.scalar(select(AccountRow).where(found))
            if row is None:
                name = _free_name(session, called)
                row = _insert(session, name, role, None, GUICHET, issuer=issuer, subject=subject)
            elif ruled and row.role != role:
                note(session, GUICHET, "role_changed", f"account {row.name}", before=row.role, after=role)
                row.role = role
                _end_sessions(session, row)
            return _account(row)

    def _first_password(self, password: str | None, name: str) -> str:
        if password is None:
            return one_time()
        self._refuse_flaw(flaw(password, name))
        return password

    @staticmethod
    def _refuse_flaw(found: Flaw | None) -> None:
        if found:
            raise AccountRefused(f"password_{found}")


def _account(row: AccountRow) -> Account:
    return Account(
        id=row.id,
        name=row.name,
        role=row.role if row.role in ROLES else None,
        disabled=row.disabled,
        must_change=row.must_change,
        local=row.password is not None,
        issuer=row.issuer,
        created_at=moment(row.created_at),
        seen_at=moment(row.seen_at) if row.seen_at else None,
    )


def _row(session: Session, name: str) -> AccountRow:
    row = session.scalar(select(AccountRow).where(AccountRow.name == (clean_name(name) or "")))
    if row is None:
        raise AccountRefused("no_account", name=name[:64])
    return row


def _role(role: str) -> Role:
    if role not in ROLES:
        raise AccountRefused("no_role")
    return role


def _insert(
    session: Session,
    name: str,
    role: Role | None,
    password: str | None,
    by: str,
    *,
    issuer: str | None = None,
    subject: str | None = None,
) -> AccountRow:
    row = AccountRow(
        name=name,
        role=role,
        password=password,
        must_change=password is not None,
        valid_until=now() + ONE_TIME if password else None,
        disabled=False,
        issuer=issuer,
        subject=subject,
        created_at=now(),
        seen_at=None,
    )
    session.add(row)
    session.flush()
    note(session, by, "account_added", f"account {name}", role=role, by_organisation=issuer is not None)
    return row


def _free_name(session: Session, called: str) -> str:
    """Return *called* as a name that nobody has; a number is put behind one that is taken."""
    plain = unicodedata.normalize("NFKD", called[:200]).encode("ascii", "ignore").decode()
    wanted = re.sub(r"[^a-z0-9._@+-]+", "-", plain.casefold()).strip("-._@+")[:56]
    wanted = wanted if _NAME.fullmatch(wanted) and wanted not in {GUICHET, FIRST} else f"staff-{wanted}".strip("-")
    number, name = 1, wanted
    while session.scalar(select(exists(select(AccountRow.id).where(AccountRow.name == name)))):
        number += 1
        name = f"{wanted}-{number}"
    return name


def _keep_an_administrator(session: Session, row: AccountRow) -> None:
    if row.role != "administrator" or row.disabled:
        return
    can_enter: ColumnElement[bool] = or_(AccountRow.password.is_not(None), AccountRow.issuer.is_not(None))
    others = select(func.count()).where(
        AccountRow.role == "administrator", AccountRow.disabled.is_(False), AccountRow.id != row.id, can_enter
    )
    if not session.scalar(others):
        raise AccountRefused("last_administrator", name=row.name)


def _end_sessions(session: Session, row: AccountRow) -> int:
    ended = session.scalars(
        delete(StaffSessionRow).where(StaffSessionRow.account_id == row.id).returning(StaffSessionRow.number)
    )
    return len(ended.all())


def _forget_browsers(session: Session, row: AccountRow) -> None:
    session.execute(delete(StaffBrowserRow).where(StaffBrowserRow.account_id == row.id))

"""The keys of one database: made, rotated and revoked by administrators, looked up for every request that shows one.

A key is ``gk_`` + its id + ``_`` + a secret of 190 bits from the system's generator. Only the SHA-256 of the secret is
kept. A slow hash such as Argon2 protects passwords because people choose few of them; nobody can try 2^190 values
however quick the hash, and a quick one costs a request nothing.

KeyRefused    a change that cannot be made; ``reason`` is its key in ``REASONS`` and in ``desk_keys``
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import logging
import re
import secrets
import string
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, get_args

from sqlalchemy import Engine, exists, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ingest.database import ApiKeyRow, now
from ingest.errors import GuichetError
from ingest.journal import note
from ingest.settings import BRUSSELS
from ingest.writing import at_once, moment
from ui.recent import Recent, changing

logger = logging.getLogger(__name__)

ScopeName = Literal["ask", "search", "documents", "eligibility", "feedback", "mcp"]
SCOPES: tuple[ScopeName, ...] = get_args(ScopeName)
"""What a key may be good for; each has its words in the catalogue (``desk_keys.scope_ask``)."""
GRACE = dt.timedelta(days=7)
"""How long the secret before a rotation still opens, unless another time is given."""
LONGEST_GRACE = dt.timedelta(days=90)
MOST_QUESTIONS = 10_000_000

_LETTERS = string.ascii_letters + string.digits
_SECRET = 32
_KEY = re.compile(rf"gk_([a-z0-9]{{10}})_([A-Za-z0-9]{{{_SECRET}}})")
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_NOBODY = hashlib.sha256(secrets.token_bytes(32)).hexdigest()
"""Compared with where an id is unknown: it takes as long to learn nothing."""

REASONS = {
    "bad_name": "A name has 1 to 40 of the signs a-z, 0-9 and -, and begins and ends with a letter or a digit.",
    "name_taken": "There is a key {name} already; also a revoked one keeps its name.",
    "no_key": "There is no key {name}; see which there are with: python -m ui keys list",
    "no_scope": "Name at least one scope of: {scopes}.",
    "bad_expiry": "The last day of a key is a day to come, written like 2027-06-30.",
    "bad_number": "A number of questions is a whole number from 1 to {limit}, or nothing for the setting's.",
    "bad_grace": "The former secret may stay good for 0 to {limit} days.",
    "is_revoked": "The key {name} is revoked; make another one.",
}
"""Each reason in English for the command line; the desk says it in its languages."""


class KeyRefused(GuichetError):
    """A change to the keys that cannot be made."""

    def __init__(self, reason: str, **values: object) -> None:
        self.reason, self.values = reason, values
        super().__init__(REASONS[reason].format(**values))


@dataclass(frozen=True, slots=True)
class Key:
    """A key, as others may see it."""

    id: str
    name: str
    scopes: frozenset[ScopeName]
    a_minute: int | None
    a_day: int | None
    expires_at: dt.datetime | None
    former_until: dt.datetime | None
    revoked_at: dt.datetime | None
    created_at: dt.datetime
    created_by: str
    used_on: str | None

    def is_good(self, at: dt.datetime) -> bool:
        """Return whether it opens anything at that moment."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A key with the digests that open it."""

    key: Key
    digest: str
    former: str | None


class Keys:
    """The keys; without a database there are none."""

    def __init__(self, engine: Engine | None = None) -> None:
        self._engine = engine
        self._kept: Recent[Mapping[str, _Kept]] = Recent(self._read, {})
        self._used: dict[str, str] = {}

    # To look

    def everyone(self) -> list[Key]:
        """Return all keys by name, revoked ones too."""
        return sorted((kept.key for kept in self._read().values()), key=lambda key: key.name)

    def named(self, name: str) -> Key:
        """Return the key *name*, or raise ``KeyRefused``."""
        for key in self.everyone():
            if key.name == name:
                return key
        raise KeyRefused("no_key", name=name[:40])

    def opened_by(self, shown: str) -> Key | None:
        """Return the key that *shown* is, if it is good now."""
        parts = _KEY.fullmatch(shown)
        kept = self._kept.get().get(parts[1]) if parts else None
        digest = _digest(parts[2] if parts else shown[:100])
        at = now()
        former = kept.former if kept and kept.key.former_until and at < kept.key.former_until else None
        # Both are always compared, with something: how long it takes tells nothing of which there are.
        present = hmac.compare_digest(digest, kept.digest if kept else _NOBODY)
        before = hmac.compare_digest(digest, former or _NOBODY)
        if kept is None or not (present or before) or not kept.key.is_good(at):
            return None
        return kept.key

    def note_use(self, key: Key) -> None:
        """Remember that *key* was used today: one write a day, and none that a request waits for long."""
        today = dt.datetime.now(BRUSSELS).date().isoformat()
        if self._used.get(key.id) == today or self._engine is None:
            return
        self._used[key.id] = today
        try:
            with at_once(self._engine) as connection:
                connection.execute(update(ApiKeyRow).where(ApiKeyRow.id == key.id).values(used_on=today))
        except SQLAlchemyError as error:
            self._used.pop(key.id, None)  # the next request will
            logger.info("the use of a key was not noted: %s", type(error).__name__)

    # To change

    def add(
        self,
        name: str,
        scopes: Iterable[str],
        by: str,
        *,
        expires: dt.date | None = None,
        a_minute: int | None = None,
        a_day: int | None = None,
    ) -> str:
        """Make a key and return it whole: this is the only time that it can be read."""
        if not _NAME.fullmatch(name):
            raise KeyRefused("bad_name")
        wanted = sorted(set(scopes))
        if not wanted or not set(wanted) <= set(SCOPES):
            raise KeyRefused("no_scope", scopes=", ".join(SCOPES))
        _refuse_numbers(a_minute, a_day)
        ends = _end_of(expires)
        id, secret = _random(10).lower(), _random(_SECRET)
        with self._changing() as session:
            if session.scalar(select(exists(select(ApiKeyRow.id).where(ApiKeyRow.name == name)))):
                raise KeyRefused("name_taken", name=name)
            session.add(
                ApiKeyRow(
                    id=id,
                    name=name,
                    digest=_digest(secret),
                    scopes=wanted,
                    a_minute=a_minute,
                    a_day=a_day,
                    expires_at=ends,
                    created_at=now(),
                    created_by=by,
                )
            )
            until = {"expires": expires.isoformat()} if expires else {}
            note(session, by, "key_added", f"key {name}", scopes=wanted, **until)
        return f"gk_{id}_{secret}"

    def rotate(self, name: str, by: str, grace: dt.timedelta = GRACE) -> str:
        """Give a key a new secret and return it whole; the one before stays good for *grace*."""
        if not dt.timedelta() <= grace <= LONGEST_GRACE:
            raise KeyRefused("bad_grace", limit=LONGEST_GRACE.days)
        secret = _random(_SECRET)
        with self._changing() as session:
            row = _row(session, name)
            if row.revoked_at is not None:
                raise KeyRefused("is_revoked", name=name)
            row.former, row.former_until = row.digest, now() + grace
            row.digest = _digest(secret)
            note(session, by, "key_rotated", f"key {name}", grace_days=round(grace / dt.timedelta(days=1), 2))
            return f"gk_{row.id}_{secret}"

    def revoke(self, name: str, by: str) -> None:
        """Shut a key out at once, the secret before its rotation too."""
        with self._changing() as session:
            row = _row(session, name)
            if row.revoked_at is None:
                row.revoked_at, row.former, row.former_until = now(), None, None
                note(session, by, "key_revoked", f"key {name}")

    def _read(self) -> Mapping[str, _Kept]:
        if self._engine is None:
            return {}
        with Session(self._engine) as session:
            return {row.id: _Kept(_key(row), row.digest, row.former) for row in session.scalars(select(ApiKeyRow))}

    def _changing(self) -> AbstractContextManager[Session]:
        assert self._engine is not None
        return changing(self._engine, self._kept)


def _key(row: ApiKeyRow) -> Key:
    return Key(
        id=row.id,
        name=row.name,
        scopes=frozenset(scope for scope in SCOPES if scope in row.scopes),
        a_minute=row.a_minute,
        a_day=row.a_day,
        expires_at=moment(row.expires_at) if row.expires_at else None,
        former_until=moment(row.former_until) if row.former_until else None,
        revoked_at=moment(row.revoked_at) if row.revoked_at else None,
        created_at=moment(row.created_at),
        created_by=row.created_by,
        used_on=row.used_on,
    )


def _row(session: Session, name: str) -> ApiKeyRow:
    row = session.scalar(select(ApiKeyRow).where(ApiKeyRow.name == name[:100]))
    if row is None:
        raise KeyRefused("no_key", name=name[:40])
    return row


def _end_of(day: dt.date | None) -> dt.datetime | None:
    """Return the moment at which *day* is over in Brussels."""
    if day is None:
        return None
    try:
        over = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), BRUSSELS).astimezone(dt.UTC)
    except OverflowError as error:
        raise KeyRefused("bad_expiry") from error
    if over <= now():
        raise KeyRefused("bad_expiry")
    return over


def _refuse_numbers(*numbers: int | None) -> None:
    if any(number is not None and not 0 < number <= MOST_QUESTIONS for number in numbers):
        raise KeyRefused("bad_number", limit=MOST_QUESTIONS)


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()

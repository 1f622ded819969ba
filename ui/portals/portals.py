"""The portals of one database, kept by administrators at the desk and, while it runs, by the command line.

PortalRefused    a change that cannot be made; ``reason`` is its key in ``REASONS`` and in ``desk_portals``
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from sqlalchemy import Engine, delete, func, select
from sqlalchemy.orm import Session

from ingest.database import PortalOriginRow, PortalRow, now
from ingest.errors import GuichetError
from ingest.journal import note
from ingest.writing import moment
from ui.portals.origins import normal
from ui.recent import Recent, changing

MOST_ORIGINS = 200
"""Of all portals together: they all stand in a header of every page."""
MOST_QUESTIONS = 10_000_000

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")

REASONS = {
    "bad_name": "A name has 1 to 40 of the signs a-z, 0-9 and -, and begins and ends with a letter or a digit.",
    "name_taken": "There is a portal {name} already.",
    "no_portal": "There is no portal {name}; see which there are with: python -m ui portals list",
    "bad_origin": "{origin} is not an origin such as https://portal.example.be or https://portal.example.be:8443: no"
    " path, no wildcard, https (http only on this machine).",
    "origin_taken": "{origin} belongs to the portal {name} already.",
    "no_origin": "The portal {name} has no origin {origin}.",
    "too_many_origins": "There are {limit} origins already; remove some first.",
    "bad_number": "A number of questions is a whole number from 1 to {limit}, or nothing for no limit.",
}
"""Each reason in English for the command line; the desk says it in its languages."""


class PortalRefused(GuichetError):
    """A change to the portals that cannot be made."""

    def __init__(self, reason: str, **values: object) -> None:
        self.reason, self.values = reason, values
        super().__init__(REASONS[reason].format(**values))


@dataclass(frozen=True, slots=True)
class Origin:
    """An origin of a portal; one that is ``closed`` is switched off by itself."""

    text: str
    closed: bool


@dataclass(frozen=True, slots=True)
class Portal:
    """A portal; ``closed`` switches all its origins off. Each of them may ask so many questions."""

    name: str
    origins: tuple[Origin, ...] = ()
    closed: bool = False
    a_minute: int | None = None
    a_day: int | None = None
    created_at: dt.datetime | None = None
    created_by: str = ""


@dataclass(frozen=True, slots=True)
class Allowed:
    """The allow-list as requests need it."""

    open: Mapping[str, Portal] = field(default_factory=dict)
    """Portal by origin."""
    closed: frozenset[str] = frozenset()
    """Origins that are known but switched off."""
    ancestors: str = "'self'"
    """Who may show a page of ours in a frame, as a source list of a policy."""

    @classmethod
    def of(cls, portals: Sequence[Portal]) -> Allowed:
        """Return the allow-list of *portals*."""
        origins = [(origin, portal) for portal in portals for origin in portal.origins]
        opened = {origin.text: portal for origin, portal in origins if not (origin.closed or portal.closed)}
        shut = frozenset(origin.text for origin, _ in origins) - opened.keys()
        return cls(opened, shut, " ".join(("'self'", *sorted(opened))))


class Portals:
    """The portals; without a database there are none."""

    def __init__(self, engine: Engine | None = None) -> None:
        self._engine = engine
        self._allowed = Recent(lambda: Allowed.of(self.everyone()), Allowed())

    # To look

    def allowed(self) -> Allowed:
        """Return the allow-list, at most two seconds old."""
        return self._allowed.get()

    def everyone(self) -> list[Portal]:
        """Return all portals by name."""
        if self._engine is None:
            return []
        with Session(self._engine) as session:
            rows = session.scalars(select(PortalRow).order_by(PortalRow.name)).all()
            origins: dict[str, list[Origin]] = {row.name: [] for row in rows}
            for each in session.scalars(select(PortalOriginRow).order_by(PortalOriginRow.origin)):
                if each.portal in origins:
                    origins[each.portal].append(Origin(each.origin, each.closed))
            return [_portal(row, origins[row.name]) for row in rows]

    def named(self, name: str) -> Portal:
        """Return the portal *name*, or raise ``PortalRefused``."""
        for portal in self.everyone():
            if portal.name == name:
                return portal
        raise PortalRefused("no_portal", name=name[:40])

    # To change

    def add(
        self, name: str, origins: Sequence[str], by: str, *, a_minute: int | None = None, a_day: int | None = None
    ) -> None:
        """Make a portal, or give one that is there further origins and, if any are given, other limits."""
        if not _NAME.fullmatch(name):
            raise PortalRefused("bad_name")
        limits = {"a_minute": _number(a_minute), "a_day": _number(a_day)}
        wanted = [_origin(each) for each in origins]
        with self._changing() as session:
            row = session.get(PortalRow, name)
            if row is None:
                row = PortalRow(name=name, closed=False, created_at=now(), created_by=by, **limits)
                session.add(row)
                session.flush()
                note(session, by, "portal_added", f"portal {name}", **_said(limits))
            elif changed := {key: value for key, value in limits.items() if value and value != getattr(row, key)}:
                for key, value in changed.items():
                    setattr(row, key, value)
                note(session, by, "portal_limited", f"portal {name}", **changed)
            for origin in wanted:
                _insert(session, row, origin, by)

    def limit(self, name: str, a_minute: int | None, a_day: int | None, by: str) -> None:
        """Set how many questions each origin of a portal may ask; None is no limit."""
        limits = {"a_minute": _number(a_minute), "a_day": _number(a_day)}
        with self._changing() as session:
            row = _row(session, name)
            if limits != {"a_minute": row.a_minute, "a_day": row.a_day}:
                row.a_minute, row.a_day = limits["a_minute"], limits["a_day"]
                note(session, by, "portal_limited", f"portal {name}", **limits)

    def switch(self, name: str, by: str, *, closed: bool, origin: str | None = None) -> None:
        """Switch a portal off or on, or only one *origin* of it."""
        with self._changing() as session:
            row: PortalRow | PortalOriginRow = _row(session, name)
            if origin is not None:
                row = _origin_row(session, name, origin)
            if row.closed != closed:
                row.closed = closed
                action = "portal_closed" if closed else "portal_opened"
                note(session, by, action, f"portal {name}", **({"origin": origin} if origin else {}))

    def remove(self, name: str, by: str, *, origin: str | None = None) -> None:
        """Remove a portal with all its origins, or only one *origin* of it."""
        with self._changing() as session:
            row = _row(session, name)
            if origin is not None:
                found = _origin_row(session, name, origin)
                session.delete(found)
                note(session, by, "origin_removed", f"portal {name}", origin=found.origin)
                return
            session.execute(delete(PortalOriginRow).where(PortalOriginRow.portal == name))
            session.delete(row)
            note(session, by, "portal_removed", f"portal {name}")

    def _changing(self) -> AbstractContextManager[Session]:
        assert self._engine is not None
        return changing(self._engine, self._allowed)


def _portal(row: PortalRow, origins: Sequence[Origin]) -> Portal:
    return Portal(row.name, tuple(origins), row.closed, row.a_minute, row.a_day, moment(row.created_at), row.created_by)


def _row(session: Session, name: str) -> PortalRow:
    row = session.get(PortalRow, name[:100])
    if row is None:
        raise PortalRefused("no_portal", name=name[:40])
    return row


def _origin_row(session: Session, name: str, origin: str) -> PortalOriginRow:
    row = session.get(PortalOriginRow, normal(origin) or "")
    if row is None or row.portal != name:
        raise PortalRefused("no_origin", name=name, origin=origin[:100])
    return row


def _origin(text: str) -> str:
    found = normal(text)
    if found is None:
        raise PortalRefused("bad_origin", origin=text.strip()[:100] or "«»")
    return found


def _insert(session: Session, row: PortalRow, origin: str, by: str) -> None:
    there = session.get(PortalOriginRow, origin)
    if there is not None:
        if there.portal != row.name:
            raise PortalRefused("origin_taken", origin=origin, name=there.portal)
        return
    if (session.scalar(select(func.count()).select_from(PortalOriginRow)) or 0) >= MOST_ORIGINS:
        raise PortalRefused("too_many_origins", limit=MOST_ORIGINS)
    session.add(PortalOriginRow(origin=origin, portal=row.name, closed=False))
    session.flush()
    note(session, by, "origin_added", f"portal {row.name}", origin=origin)


def _number(value: int | None) -> int | None:
    if value is not None and not 0 < value <= MOST_QUESTIONS:
        raise PortalRefused("bad_number", limit=MOST_QUESTIONS)
    return value


def _said(limits: Mapping[str, int | None]) -> dict[str, int]:
    return {key: value for key, value in limits.items() if value is not None}

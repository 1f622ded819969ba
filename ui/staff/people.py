"""Who works at the staff desk, and what each may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["editor", "publisher", "administrator"]
ROLES: tuple[Role, ...] = ("editor", "publisher", "administrator")
"""Each may do what those before it may: editors prepare, publishers make public, administrators keep the accounts."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is logged in; ``name`` is what stands in the journal."""

    name: str
    role: Role
    token: str = ""
    """What every form of this session carries, against requests forged by other sites."""

    def may(self, role: Role) -> bool:
        """Return whether this person has the rights of *role*."""
        return ROLES.index(self.role) >= ROLES.index(role)

"""Passwords of the staff: which are good enough, how they are kept, and the one-time ones that the guichet makes."""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass
from typing import Literal

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 12
LONGEST = 1000
"""Far beyond any passphrase; it only keeps a body of 100 kB from being hashed."""

Flaw = Literal["short", "long", "name", "common", "same"]
"""What is wrong with a password; ``same`` is the one that it should replace."""

_COMMON = frozenset(
    (
        "admin", "administrateur", "administrator", "azerty", "bienvenue", "bonjour", "changeme",
        "changezmoi", "digitalwallonia", "geheim", "geheimnis", "guichet", "guichetia", "iloveyou", "jetaime",
        "letmein", "liverpool", "loulou", "monmotdepasse", "motdepasse", "password", "passwort", "princess",
        "qwerty", "qwertz", "sunshine", "superman", "tremplin", "wachtwoord", "wallonie", "wallonia", "welcome",
        "welkom", "willkommen",
    )
)  # fmt: skip
"""The commonest words of passwords in our languages, and those of this place; digits around them change nothing."""
_ROWS = (
    "01234567890123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "azertyuiopqsdfghjklmwxcvbn",
    "qwertzuiopasdfghjklyxcvbnm", "1q2w3e4r5t6y7u8i9o0p", "1a2z3e4r5t6y7u8i9o0p",
)  # fmt: skip
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without the letters and digits that are taken for each other."""


def normal(password: str) -> str:
    """Return *password* in the one form that is hashed: keyboards write ``é`` in two ways."""
    return unicodedata.normalize("NFKC", password)


def flaw(password: str, name: str) -> Flaw | None:
    """Return why *password* is not good enough for *name*; by NIST SP 800-63B no kinds of signs are required."""
    text = normal(password)
    folded = text.casefold()
    if len(text) < SHORTEST:
        return "short"
    if len(text) > LONGEST or not _writable(text):
        return "long"
    if len(folded.replace(name.casefold(), "")) < SHORTEST // 2:
        return "name"
    return "common" if _common(folded) else None


def _common(folded: str) -> bool:
    letters = "".join(sign for sign in folded if sign.isalpha())
    if len(set(folded)) < 5 or letters in _COMMON or any(letters == 2 * word for word in _COMMON):
        return True
    return any(folded in 2 * row or folded in 2 * row[::-1] for row in _ROWS)


def _writable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def one_time() -> str:
    """Return a password for a first login: 99 bits, in groups that can be read out on the telephone."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(4))


@dataclass(frozen=True, slots=True)
class Cost:
    """How dear a guess is. The memory is what holds back graphics cards; one lane leaves the other core to readers."""

    time: int = 3
    memory_kib: int = 65536
    lanes: int = 1


class Hasher:
    """Argon2id. Hashes of before a change of cost still verify, and ask to be made anew."""

    def __init__(self, cost: Cost | None = None) -> None:
        cost = cost or Cost()
        self._hasher = PasswordHasher(time_cost=cost.time, memory_cost=cost.memory_kib, parallelism=cost.lanes)
        self._nobody: str | None = None

    def prepare(self) -> None:
        """Make the hash that names without an account are compared with, so that they take as long as the others."""
        self._nobody = self._nobody or self._hasher.hash(secrets.token_urlsafe(32))

    def hash(self, password: str) -> str:
        """Return what is kept of *password*."""
        return self._hasher.hash(normal(password))

    def matches(self, kept: str | None, password: str) -> bool:
        """Return whether *password* is the one that is *kept*; without one it takes as long and is not."""
        self.prepare()
        try:
            self._hasher.verify(kept or self._nobody or "", normal(password)[: LONGEST + 1])
        except (VerificationError, InvalidHashError, UnicodeEncodeError):
            return False
        return kept is not None

    def is_old(self, kept: str) -> bool:
        """Return whether *kept* was made at another cost than today's."""
        return self._hasher.check_needs_rehash(kept)

"""Which passwords are good enough, and how they are kept."""

from __future__ import annotations

import time

import pytest

from tests.ui.staff.people import CHEAP
from ui.staff.passwords import Cost, Hasher, flaw, one_time


@pytest.mark.parametrize(
    ("password", "expected"),
    [("court", "short"), ("12345678901", "short"), ("x y" * 400, "long"), ("correct\ud800 horse staple", "long"),
     ("jean.dupont12", "name"), ("JEAN.DUPONT-2026", "name"), ("motdepasse2026", "common"),
     ("Password123456!", "common"),
     ("passwordpassword", "common"), ("aaaaaaaaaaaaaaaa", "common"), ("123456789012", "common"),
     ("azertyuiopqs", "common"), ("mlkjhgfdsqpo", "common"), ("abcabcabcabcabc", "common"),
     ("quatre girafes sous la pluie", None), ("dit is een lange zin", None), ("éàçù öü êîô", "short"),
     ("éàçù öü êîô!", None),
     ("k7fqx-9x2mh", "short"), ("Tr0ub4dor&3xyz", None), ("x" * 11 + "é", "common")],
)  # fmt: skip
def test_length_counts_and_kinds_of_signs_do_not(password: str, expected: str | None) -> None:
    """Twelve signs of any kind are enough, unless they are the name or among the first that anybody tries."""
    assert flaw(password, "jean.dupont") == expected


def test_a_long_passphrase_is_kept_whole() -> None:
    """The last of 900 signs counts: nothing is cut off."""
    hasher = Hasher(CHEAP)
    kept = hasher.hash("ab c" * 225)
    assert hasher.matches(kept, "ab c" * 225)
    assert not hasher.matches(kept, "ab c" * 224 + "ab d")


def test_a_letter_with_an_accent_is_the_same_on_every_keyboard() -> None:
    """``é`` as one sign and as two is one password."""
    hasher = Hasher(CHEAP)
    assert hasher.matches(hasher.hash("cafe\u0301 creme brulee"), "caf\u00e9 creme brulee")


def test_it_is_argon2id_with_a_salt() -> None:
    """The same password is kept in two forms, both argon2id at the cost that was asked for."""
    hasher = Hasher(CHEAP)
    one, other = hasher.hash("deux fois pareil"), hasher.hash("deux fois pareil")
    assert one != other
    assert one.startswith("$argon2id$v=19$m=8,t=1,p=1$")


def test_a_hash_of_another_cost_asks_to_be_renewed() -> None:
    """After a change of cost an old hash still verifies and is known to be old."""
    old = Hasher(CHEAP).hash("une phrase assez longue")
    new = Hasher(Cost(time=2, memory_kib=16))
    assert new.matches(old, "une phrase assez longue")
    assert new.is_old(old)
    assert not new.is_old(new.hash("une phrase assez longue"))


@pytest.mark.parametrize("kept", [None, "", "plain", "$argon2id$v=19$m=8,t=1,p=1$x$y"])
def test_nothing_matches_what_is_no_hash(kept: str | None) -> None:
    """An account without a password, or with a damaged one, is entered by no password."""
    hasher = Hasher(CHEAP)
    assert not any(hasher.matches(kept, guess) for guess in ("", "plain", "\ud800", "x" * 5000))


def test_nobody_takes_as_long_as_somebody() -> None:
    """Comparing for a name that does not exist does the same work."""
    hasher = Hasher(Cost(time=3, memory_kib=8192))
    kept = hasher.hash("une phrase assez longue")

    def took(against: str | None) -> float:
        began = time.process_time()  # by the clock, other work on the machine would tell
        hasher.matches(against, "une autre phrase longue")
        return time.process_time() - began

    somebody, nobody = (min(took(against) for _ in range(7)) for against in (kept, None))
    assert 0.6 < nobody / somebody < 1.67


def test_one_time_passwords_are_long_and_never_the_same() -> None:
    """Five hundred of them all differ, can be read out, and are good enough to be passwords."""
    made = {one_time() for _ in range(500)}
    assert len(made) == 500
    assert all(len(each) == 23 and not set(each) & set("ilo01") and flaw(each, "admin") is None for each in made)

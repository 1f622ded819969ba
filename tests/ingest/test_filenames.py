"""Names of uploads are made harmless."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest

from ingest.filenames import LONGEST, LONGEST_SLUG, distinct, shown, slug
from tests.testdata import needed


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Guide des aides 2026.pdf", "Guide des aides 2026.pdf"),
        ("C:\\Users\\Marie\\Desktop\\prime.docx", "prime.docx"),
        ("../../etc/passwd", "passwd"),
        ("%2e%2e%2f%2e%2e%2fetc%2fpasswd", "passwd"),
        ("%252e%252e%252fpasswd", "passwd"),
        ("..", "document"),
        ("", "document"),
        (".htaccess", "htaccess"),
        ("rapport\u202efdp.exe", "rapportfdp.exe"),
        ("a\u200bi\u200bd\u200be.pdf", "aide.pdf"),
        ("note\r\nSet-Cookie: a=b.txt", "note Set-Cookie a=b.txt"),
        ("<img src=x onerror=alert(1)>.pdf", "img src=x onerror=alert(1) .pdf"),
        ("Cafe\u0301.md", "Café.md"),
        ("..／..／secret.pdf", "secret.pdf"),
        ("NUL.pdf", "_NUL.pdf"),
        ("été" + "\u0301" * 50 + ".pdf", "été\u0301\u0301.pdf"),
    ],
)
def test_a_name_is_shown_without_what_deceives(name: str, expected: str) -> None:
    """Paths, invisible characters, mark-up and devices are gone from what people see."""
    assert shown(name) == expected


def test_a_long_name_keeps_its_ending() -> None:
    """A name is cut before its ending, with a sign that it was cut."""
    name = shown("a" * 5000 + ".pdf")
    assert len(name) == LONGEST
    assert name.endswith("a….pdf")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Où s'adresser (2026).pdf", "ou-s-adresser-2026"),
        ("Straße & Größe.docx", "strasse-grosse"),
        ("Cœur_de_l'œuvre.HTML", "coeur-de-l-oeuvre"),
        ("v1.2", "v1-2"),
        ("заявка.pdf", "document"),
        ("...", "document"),
        ("con", "document-con"),
    ],
)
def test_an_id_is_made_of_plain_letters(name: str, expected: str) -> None:
    """Accents and ligatures are written out, the ending is left out, and an id is never empty."""
    assert slug(name) == expected


def test_a_long_id_ends_with_a_whole_word() -> None:
    """An id is cut between words, and one long word is cut where it must be."""
    assert slug("aide " * 40) == "-".join(["aide"] * 16)
    assert slug("a" * 300) == "a" * LONGEST_SLUG


def test_a_taken_id_gets_a_number() -> None:
    """Numbers are tried until one is free, and the id stays short enough."""
    assert distinct("guide", {"aide"}) == "guide"
    assert distinct("guide", {"guide", "guide-2"}) == "guide-3"
    assert distinct("a" * LONGEST_SLUG, {"a" * LONGEST_SLUG}) == "a" * (LONGEST_SLUG - 2) + "-2"


def test_hostile_names_end_up_harmless() -> None:
    """Of 320 names made to climb out of folders, each is shown without a path and makes a proper id."""
    listing = needed("filenames/names.jsonl")
    for line in listing.read_text("utf-8").splitlines():
        name = json.loads(line)["name"]
        seen, id = shown(name), slug(name)
        assert 0 < len(seen) <= LONGEST, name
        assert re.fullmatch(r'[^./\\<>:"|?*][^/\\<>:"|?*]*', seen), name
        assert not any(unicodedata.category(sign)[0] == "C" for sign in seen), name
        assert seen == unicodedata.normalize("NFC", seen) == shown(seen), name
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,79}", id), name

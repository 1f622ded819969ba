"""The pieces that rooms are built of: labels, errors, addresses; nothing gets in unescaped."""

from __future__ import annotations

import re

import pytest

from tests.ui.test_markup import NASTY, Tags
from ui.staff import forms


def every_piece(text: str) -> str:
    """Return every kind of piece with *text* in every place."""
    return str(
        forms.titled(
            text,
            forms.form(text, forms.field(text, text, text, hint=text, guessed=text, rows=2, within=text)),
            forms.field(text, text, text, placeholder=text),
            forms.select(text, text, {text: text}, text, hint=text, guessed=text),
            forms.checkbox(text, text, value=text),
            forms.choices(text, text, {text: text}, [text]),
            forms.do(text, text, confirm=text, look=text, field=text),
            forms.table(text, [text, text], [(text, text)]),
            forms.badge(text, text),
            forms.link(text, text),
            forms.outside(text, "fr"),
            forms.tabs(text, text, {text: text}),
            forms.search(text, forms.submit(text)),
            forms.copy(text, text),
            forms.dropzone(text, "fr", largest=1, accept=text, hint=text),
            forms.empty(text, text),
            lead=text,
        )
    )


def test_hostile_text_stays_text_in_every_piece() -> None:
    """No argument of any piece can open an element or an attribute."""
    quiet, hostile = Tags(), Tags()
    quiet.feed(every_piece("a"))
    hostile.feed(every_piece(NASTY))
    assert hostile.names == quiet.names
    assert hostile.attributes == quiet.attributes


def test_a_field_is_named_described_and_has_a_place_for_its_error() -> None:
    """Label, guess, hint and error are tied to the control by its id."""
    text = forms.field("title", "Titre", "x", hint="court", guessed="deviné", required=True)
    assert '<label for="field-title">' in text
    described = re.search(r'aria-describedby="([^"]*)"', text)
    assert described
    assert described[1].split() == ["field-title-guess", "field-title-hint", "field-title-error"]
    assert all(f'id="{id}"' in text for id in described[1].split())


def test_two_forms_with_the_same_field_have_different_ids() -> None:
    """A page may hold a field twice: within tells them apart."""
    both = forms.field("note", "Note", within="1") + forms.field("note", "Note", within="2")
    ids = re.findall(r' id="([^"]*)"', both)
    assert len(ids) == len(set(ids)) == 4


@pytest.mark.parametrize(
    ("parts", "query", "expected"),
    [
        (("documents", 17), {"tab": "text"}, "documents/17?tab=text"),
        (("documents", "fr/start-ia"), {}, "documents/fr%2Fstart-ia"),
        (("questions",), {"q": "été & co?"}, "questions?q=%C3%A9t%C3%A9+%26+co%3F"),
        (("journal",), {"by": "", "before": 3}, "journal?before=3"),
    ],
)
def test_addresses_keep_their_parts(parts: tuple[str | int, ...], query: dict[str, str | int], expected: str) -> None:
    """Slashes, ampersands and letters of a part do not become parts of the address."""
    assert forms.address(*parts, **query) == expected


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//evil", "http://[x"]
)
def test_only_web_addresses_become_links_to_outside(url: str) -> None:
    """Whatever a browser might run or read from the disk is shown as text."""
    assert "<a" not in forms.outside(url, "fr")
    assert 'rel="noopener noreferrer"' in forms.outside("https://digitalwallonia.be", "fr")


@pytest.mark.parametrize(
    ("count", "fr", "en"),
    [(0, "0 o", "0 B"), (1536, "1,5 ko", "1.5 kB"), (52428800, "50 Mo", "50 MB"), (3 * 1024**4, "3072 Go", "3072 GB")],
)
def test_sizes_are_written_as_one_reads_them(count: int, fr: str, en: str) -> None:
    """Bytes have the unit and the comma of the language."""
    assert forms.size(count, "fr").replace("\u00a0", " ") == fr
    assert forms.size(count, "en").replace("\u00a0", " ") == en

"""The catalogue of visible strings is whole."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest
import yaml

from bot.answers import State
from bot.scope import rules
from bot.wording import FOLDER, catalogue, say
from ingest.documents import LANGUAGES, Language
from ingest.settings import ROOT

FILES = sorted(FOLDER.glob("*.yaml"))
STEMS = "|".join(path.stem for path in FILES)
ACTIONS = {
    f"answers.{verb}" for verb in ("activate", "deactivate", "review", "settle", "start", "try", "wish", "write")
}
ACTIONS |= {f"portals.{verb}" for verb in ("add", "limit", "off", "on", "remove")}
"""What can be done in rooms of the desk that are called like a file of strings."""


def placeholders(text: str) -> set[str]:
    """Return the names of the places that a string leaves open."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def keys_in(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield the catalogue keys that a module spells out, and whether the key is whole or the start of an f-string."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    starts = {id(node.values[0]) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) and node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            whole = id(node) not in starts
            if node.value in ACTIONS:
                continue
            if re.fullmatch(rf"({STEMS})\.\w+" if whole else rf"({STEMS})\.\w*", node.value):
                yield node.value, whole


USED = sorted({key for folder in ("bot", "ui") for path in (ROOT / folder).rglob("*.py") for key in keys_in(path)})


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_key_has_four_languages(path: Path) -> None:
    """Every key of every file is said in French, Dutch, German and English, and in no other language."""
    incomplete = [key for key, texts in yaml.safe_load(path.read_text("utf-8")).items() if set(texts) != set(LANGUAGES)]
    assert not incomplete


def test_no_string_is_empty() -> None:
    """No string of the catalogue is empty or something else than text."""
    empty = [
        (key, language)
        for key, texts in catalogue().items()
        for language, text in texts.items()
        if not isinstance(text, str) or not text.strip()
    ]
    assert not empty


def test_placeholders_are_the_same_in_every_language() -> None:
    """The four versions of a string leave the same places open."""
    different = [
        key for key, texts in catalogue().items() if len({frozenset(placeholders(t)) for t in texts.values()}) > 1
    ]
    assert not different


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_key_stands_twice(path: Path) -> None:
    """A key that stands twice in a file would silently lose its first string."""
    keys = [key.value for key, _ in yaml.compose(path.read_text("utf-8")).value]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(("key", "whole"), USED, ids=str)
def test_key_in_the_code_is_in_the_catalogue(key: str, whole: bool) -> None:
    """Every key that the code spells out, or begins, exists."""
    assert key in catalogue() if whole else any(known.startswith(key) for known in catalogue())


def test_code_was_searched() -> None:
    """The search for keys finds those that are surely used."""
    assert ("answers.not_found", True) in USED


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_can_be_said(language: Language) -> None:
    """Each state of a programme, with and without a closing date, has its sentence."""
    for state in (*get_args(State), "closed_since", "open_until", "unknown_until"):
        said = say(f"answers.state_{state}", language, title="Alpha", opens="x", closes="y", as_of="z")
        assert said.startswith("Alpha")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_scope_rule_can_be_said(language: Language) -> None:
    """Each rule of the scope names a string of the catalogue."""
    for rule in rules():
        assert say(f"answers.{rule.wording}", language)


def test_values_are_filled_in() -> None:
    """Values take their places; one of them may be called «language»."""
    assert say("answers.in_language", "fr", language="anglais") == "(en anglais dans la source)"


def test_unknown_key_is_an_error() -> None:
    """A key that is missing is an error, never an empty string."""
    with pytest.raises(KeyError):
        say("answers.no_such_key", "fr")

"""Each reason why an address gives no page has its words."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

from bot.wording import catalogue
from ingest.documents import LANGUAGES
from ingest.web import addresses
from ingest.web.addresses import KINDS
from ingest.web.health import State

WORDS = {key.removeprefix("desk_web."): texts for key, texts in catalogue().items() if key.startswith("desk_web.")}


def test_every_kind_and_state_has_words_and_no_others_are_there() -> None:
    """The catalogue holds a sentence for each kind and a word for each state."""
    states = {f"state_{state}" for state in (*get_args(State), "unchecked")}
    assert set(WORDS) == {*KINDS, "gone", *states}


@pytest.mark.parametrize("key", WORDS)
def test_words_are_there_in_four_languages(key: str) -> None:
    """No translation is missing, and each has the same places."""
    places = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in WORDS[key].values()]
    assert set(WORDS[key]) == set(LANGUAGES)
    assert all(place == ({"number"} if key in {"status", "gone"} else set()) for place in places)


def test_every_kind_that_is_raised_is_known() -> None:
    """No error carries a kind that has no words."""
    code = "".join(path.read_text("utf-8") for path in Path(addresses.__file__).parent.glob("*.py"))
    raised = re.findall(r'(?:FetchFailed|AddressRefused)\([^"]*"[^"]*(?:"[^"]*"[^"]*)?",\s*"(\w+)"', code)
    refused = re.findall(r'_refuse\([\w.]+, "(\w+)"', code)
    assert len(raised) + len(refused) > 30
    assert set(raised) | set(refused) <= set(KINDS)

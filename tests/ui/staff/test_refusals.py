"""Every error of ours that can reach the desk has a sentence there, in every language."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any, get_args

import pytest

import bot
import ingest
import ui
from bot.preview import GoldenInvalid, PreviewRunning, Running
from ingest.cards import CardError, Refusal
from ingest.database import now
from ingest.documents import LANGUAGES
from ingest.errors import ChangedMeanwhile, FetchFailed, GuichetError, UnknownPin, UnreadableFile, WebError
from ingest.web.addresses import KINDS
from ui.keys import KeyRefused, keys
from ui.portals import PortalRefused, portals
from ui.staff.accounts import REASONS, AccountRefused
from ui.staff.forms import words
from ui.staff.refusals import KEYS, Refused, sentence

ELSEWHERE = {
    # What stops the start of the server, or a command; somebody at the desk can do nothing about it.
    "SettingsError", "LibraryBusy", "LibraryUnwritable", "ModelUnavailable", "ModelMismatch", "NotReplayable",
    # The way in has pages of its own.
    "Forged", "OidcFailed", "OidcRefused", "OidcStale", "NotRight", "OneTimeExpired", "MustWait",
    # The desk itself has words for these.
    "NotAllowed", "NoSuchPlace",
    # The public pages and the interface for programs.
    "Refusal", "Refused", "ChatFailure",
}  # fmt: skip
"""Errors that no action of a room raises, by their names."""


def every(kind: type[GuichetError] = GuichetError) -> Iterator[type[GuichetError]]:
    """Yield all errors of ours, once all of our modules were loaded."""
    for each in kind.__subclasses__():
        yield each
        yield from every(each)


@pytest.fixture(scope="module")
def errors() -> set[type[GuichetError]]:
    """All errors of ours."""
    for package in (ingest, bot, ui):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__") and ".migrations" not in module.name:
                importlib.import_module(module.name)
    return {kind for kind in every() if kind.__module__.partition(".")[0] in ("ingest", "bot", "ui")}


def test_no_error_of_ours_was_forgotten(errors: set[type[GuichetError]]) -> None:
    """Each has a key, a sentence of its own making, or its place elsewhere."""
    told = (
        *KEYS, PortalRefused, KeyRefused, UnreadableFile, WebError, CardError, GoldenInvalid, PreviewRunning,
        AccountRefused, ChangedMeanwhile,
    )  # fmt: skip
    left = {kind.__name__ for kind in errors if not issubclass(kind, told)}
    assert left <= ELSEWHERE


def made() -> list[GuichetError]:
    """Return one error of each kind, as it is raised."""
    some: list[GuichetError] = [kind("English words") for kind in KEYS]
    some += [CardError("English words", refusal) for refusal in get_args(Refusal)]
    some += [WebError("English words", kind) for kind in KINDS]
    some += [FetchFailed("English words", "status", status) for status in (404, 503)]
    some += [UnreadableFile("a.pdf: English words", kind) for kind in ("password", "too_large", "whatever")]
    # Only the command line asks for a password twice.
    some += [AccountRefused(reason, name="x") for reason in REASONS if reason != "not_twice"]
    values = {"name": "x", "origin": "x", "limit": 1, "scope": "x", "scopes": "x", "field": "x"}
    some += [PortalRefused(reason, **values) for reason in portals.REASONS]
    some += [KeyRefused(reason, **values) for reason in keys.REASONS]
    some += [PreviewRunning(Running("x", (), ())), ChangedMeanwhile("x", now()), ChangedMeanwhile("", now())]
    return some


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_is_told_in_the_readers_language(language: Any) -> None:
    """No English text of an error reaches the desk, and no error is told as something unknown."""
    for error in made():
        said = sentence(error, language)
        assert "English words" not in said
        assert said != words("desk.unexpected", language), error


def test_an_error_that_nobody_thought_of_is_no_english_sentence() -> None:
    """What has no words is told as a failure on our side; what is a sentence already stays one."""
    assert sentence(GuichetError("English words"), "nl") == words("desk.unexpected", "nl")
    assert sentence(Refused("Dat kan niet."), "nl") == "Dat kan niet."
    assert sentence(UnknownPin("English words"), "de") == words("desk.no_such_place", "de")

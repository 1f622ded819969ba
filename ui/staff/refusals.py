"""What is said at the desk when something cannot be done: a sentence for each error, in the reader's language.

The texts of the errors themselves are English, for the command line and the log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from bot.gaps import NoSuchGap
from bot.preview import (
    GoldenInvalid,
    LibraryChanged,
    PreviewFailed,
    PreviewRunning,
    PreviewStopped,
    PreviewTooSlow,
    Running,
)
from ingest.cards import CardError
from ingest.documents import Language
from ingest.errors import (
    Busy,
    ChangedMeanwhile,
    GuichetError,
    NeedsSecondPerson,
    UnknownDocument,
    UnknownPin,
    UnreadableFile,
    WebError,
)
from ingest.revisions import UnknownRevision, WrongState
from ingest.settings import BRUSSELS
from ingest.web.health import GONE
from ingest.web.watching import NotWatched
from ui.keys import KeyRefused
from ui.portals import PortalRefused
from ui.staff.accounts import AccountRefused
from ui.staff.forms import words
from ui.staff.verdict import refusal
from ui.words import date_in_words

logger = logging.getLogger(__name__)


class Refused(GuichetError):
    """Something that cannot be done; its text is a sentence in the reader's language already."""


KEYS: Mapping[type[GuichetError], str] = {
    WrongState: "desk.changed_meanwhile",
    UnknownRevision: "desk.no_such_place",
    UnknownDocument: "desk.no_such_place",
    UnknownPin: "desk.no_such_place",
    NoSuchGap: "desk_questions.no_item",
    NotWatched: "desk_watched.not_watched",
    Busy: "desk.busy",
    NeedsSecondPerson: "desk.second_person",
    PreviewStopped: "desk_quality.was_stopped",
    PreviewTooSlow: "desk_quality.too_slow",
    LibraryChanged: "desk_quality.has_changed",
    PreviewFailed: "desk_quality.has_failed",
}
"""The string of the catalogue for each error that needs no more."""


def sentence(error: GuichetError, language: Language) -> str:
    """Return what is said of *error*; one that nobody thought of is told as something that failed on our side."""
    for kind, say in _WITH_MORE.items():
        if isinstance(error, kind):
            return say(error, language)
    for each, key in KEYS.items():
        if isinstance(error, each):
            return words(key, language)
    logger.error("an error without a sentence at the desk: %s", type(error).__name__)
    return words("desk.unexpected", language)


def running(present: Running, language: Language) -> str:
    """Return who makes a preview now, and how far it is."""
    # The question that is being asked, not how many were: nobody counts from zero.
    done = min(present.done + 1, present.total)
    return words("desk_quality.is_running", language, by=present.by, done=done, total=present.total)


def unreached(problem: str, status: int | None, language: Language) -> str:
    """Return why an address of the web gives no page: *problem* is one of ``ingest.web.addresses.KINDS``."""
    key = "gone" if problem == "status" and status in GONE else problem
    return words(f"desk_web.{key}", language, number=status or "–")


def changed(error: ChangedMeanwhile, language: Language, reader: str = "") -> str:
    """Return who changed meanwhile what somebody had opened: another person, or the *reader* in another window."""
    at = error.at.astimezone(BRUSSELS)
    when = f"{date_in_words(at.date().isoformat(), language)}, {at:%H:%M}"
    saved = "saved_elsewhere" if error.by == reader else "saved_meanwhile"
    return words(f"desk.{saved if error.by else 'undone_meanwhile'}", language, by=error.by, when=when)


_WITH_MORE: Mapping[type[GuichetError], Callable[..., str]] = {
    Refused: lambda error, _language: str(error),
    ChangedMeanwhile: changed,
    CardError: lambda error, language: words(f"desk_programmes.refused_{error.refusal}", language),
    WebError: lambda error, language: unreached(error.kind, getattr(error, "status", None), language),
    UnreadableFile: lambda error, language: refusal(error.kind, str(error).partition(":")[0], language),
    GoldenInvalid: lambda error, language: words("desk_quality.golden_invalid", language, problem=error),
    PreviewRunning: lambda error, language: running(error.running, language),
    AccountRefused: lambda error, language: words(f"desk_accounts.{error.reason}", language, **error.values),
    PortalRefused: lambda error, language: words(f"desk_portals.{error.reason}", language, **error.values),
    KeyRefused: lambda error, language: words(f"desk_keys.{error.reason}", language, **error.values),
}
"""Errors of which more is known: how their sentence is made."""

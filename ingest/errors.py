"""What can go wrong, as one family: whoever catches ``GuichetError`` catches everything we raise on purpose.

GuichetError
├── SettingsError        a setting that makes no sense
├── LibraryBusy          another process owns the data folder
├── LibraryUnwritable    the data folder cannot be written
├── ModelUnavailable     a model that cannot be loaded, downloaded or reached
├── ModelMismatch        the index was made with another embedding model
├── UnknownDocument      an id that the library does not hold
├── UnknownPin           a validated answer, or a version of one, that is not there
├── ChangedMeanwhile     somebody else changed what a form was opened on
├── NeedsSecondPerson    who wrote something may not make it public
├── Busy                 the database is being written by something long
├── UnreadableFile       a file that gives no text, with the kind of reason
│   └── InvalidFrontMatter   a Markdown sheet whose head is wrong: file, line and key
└── WebError             a web address that gives no page, with the kind of reason
    ├── AddressRefused       the guichet does not ask this address
    └── FetchFailed          it was asked, and no page came
"""

from __future__ import annotations

import datetime as dt


class GuichetError(Exception):
    """Base of every error raised on purpose; its text is one sentence for the person who reads it."""


class SettingsError(GuichetError):
    """A setting has a value that cannot be used."""


class LibraryBusy(GuichetError):
    """The data folder belongs to another running process."""


class LibraryUnwritable(GuichetError):
    """The data folder cannot be created or written."""


class ModelUnavailable(GuichetError):
    """A model cannot be loaded, downloaded or reached."""


class ModelMismatch(GuichetError):
    """The index was made with another embedding model than the one that is set."""


class UnknownDocument(GuichetError):
    """No document of the library has this id."""


class UnknownPin(GuichetError):
    """No validated answer has this number, or it has no such version."""


class ChangedMeanwhile(GuichetError):
    """Somebody else changed what a form was opened on: *by* whom and when, last, and which fields, if it is known.

    *seen* is the mark with which the same form may be sent again, by whoever knows that now.
    """

    def __init__(self, by: str, at: dt.datetime, fields: tuple[str, ...] = (), seen: int = 0) -> None:
        super().__init__(f"{by} has changed this meanwhile ({', '.join(fields)}); look at it before you save again")
        self.by = by
        self.at = at
        self.fields = fields
        self.seen = seen


class NeedsSecondPerson(GuichetError):
    """Something that must be made public by another person than those who wrote it."""


class Busy(GuichetError):
    """The database is being written by something long; a moment later it works."""


class UnreadableFile(GuichetError):
    """A file gives no text. ``kind`` is one word for programs (``password``, ``no_text``, ``damaged``, …)."""

    def __init__(self, message: str, kind: str = "damaged") -> None:
        super().__init__(message)
        self.kind = kind


class InvalidFrontMatter(UnreadableFile):
    """The head of a Markdown sheet is missing a key or holds a wrong value."""

    def __init__(self, message: str) -> None:
        super().__init__(message, kind="front_matter")


class WebError(GuichetError):
    """A web address gives no page. ``kind`` is one word for programs, one of ``ingest.web.addresses.KINDS``."""

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


class AddressRefused(WebError):
    """The guichet does not ask this address: nothing was sent to it."""


class FetchFailed(WebError):
    """The address was asked and no page came; ``status`` is what the server answered, if it did."""

    def __init__(self, message: str, kind: str, status: int | None = None) -> None:
        super().__init__(message, kind)
        self.status = status

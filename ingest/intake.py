"""Files that come in while the guichet runs: stored first, then read one after another, then drafts for staff.

What was acknowledged is stored: the file is synced to disk and its revision is in the database before ``receive``
returns. A file that was not read yet when the process ended is read after the next start.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy.exc import OperationalError

from ingest.documents import SourceDocument
from ingest.errors import UnreadableFile
from ingest.library import Library
from ingest.manners import stand_back, standing_back
from ingest.readers.sandbox import Examined, Sandbox
from ingest.revisions import Revision, WrongState

logger = logging.getLogger(__name__)

Judge = Callable[[Examined, Revision], tuple[SourceDocument, Mapping[str, Any]]]
"""Returns the document with what was guessed of it, and the findings to show."""


class Intake:
    """Takes files in and makes drafts of them in a thread of its own; a context manager."""

    def __init__(self, library: Library, judge: Judge) -> None:
        self._library = library
        self._judge = judge
        self._sandbox = Sandbox(library.settings)
        self._waiting = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=self._work, name="intake", daemon=True)

    def __enter__(self) -> Intake:
        self._thread.start()
        self._waiting.set()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        self._waiting.set()
        # The file at hand is given up: it is read again after the next start.
        self._sandbox.close()
        self._thread.join(10)

    @property
    def folder(self) -> Path:
        """Where a file may be written before it is received: on the same disk as the originals."""
        return self._library.originals.arriving

    def receive(self, path: Path, name: str, by: str, *, origin: str = "upload", **about: Any) -> int:
        """Take the file *path*, which is moved, as *name*; return the number of its revision.

        The name is only ever shown; raises ``UnreadableFile`` for a file that is too large.
        """
        with standing_back(self._library.waited_for):
            stand_back()
            digest, original = self._library.originals.take(path, name)
            stand_back()
            number = self._library.revisions.receive(name, origin, digest, original, by, **about)
        self._waiting.set()
        return number

    def write(self, text: str, name: str, by: str, **about: Any) -> int:
        """Take in a text that was written at the desk, as a file called *name*; return the number of its revision."""
        path = self.folder / secrets.token_hex(16)
        path.write_text(text, "utf-8")
        return self.receive(path, name, by, **about)

    def wake(self) -> None:
        """Look at once for files that are to be read."""
        self._waiting.set()

    def _work(self) -> None:
        while not self._ended:
            # Before the look, or a file that comes in after it would wait for the next one.
            self._waiting.clear()
            try:
                waiting = self._library.revisions.list("received")
                with standing_back(self._library.waited_for):
                    for revision in reversed(waiting):
                        if self._ended:
                            return
                        self._read(revision)
            except Exception as error:  # noqa: BLE001  a busy or full disk must not end the reading for good
                logger.error("files that came in wait: %s", type(error).__name__)
                waiting = []
            if not waiting:
                self._waiting.wait(30)

    def _read(self, revision: Revision) -> None:
        """Make a draft of a received file, or note why there is none; what was set aside meanwhile stays so."""
        if self._library.revisions.get(revision.number).state != "received":
            return
        try:
            path = self._library.originals.path(revision.original or "")
            modified = revision.meta.get("last_modified")
            stand_back()
            examined = self._sandbox.examine(path, name=revision.name, last_modified=modified)
            stand_back()
            document, findings = self._judge(examined, revision)
            stand_back()
            self._library.revisions.draft(revision.number, document, findings)
        except WrongState:
            return
        except UnreadableFile as error:
            if not self._ended:
                self._refuse(revision, error.kind, str(error))
        except OperationalError:
            raise  # it is not the file's fault: it is read again
        except Exception as error:  # noqa: BLE001  one file that breaks the reading must not end it for the others
            # Not the text of the error: it may hold pieces of the document.
            logger.error("revision %s could not be read: %s", revision.number, type(error).__name__)
            if not self._ended:
                message = f"{revision.name}: could not be read; try again, or export it anew"
                self._refuse(revision, "damaged", message)

    def _refuse(self, revision: Revision, kind: str, message: str) -> None:
        with suppress(WrongState):
            self._library.revisions.refuse(revision.number, kind, message)

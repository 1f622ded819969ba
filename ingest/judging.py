"""The verdict on a file that came in: what was found, what it seems to be, which document it may be a version of."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ingest.documents import SourceDocument
from ingest.filenames import LONGEST_SLUG, distinct, slug
from ingest.findings import Findings, Fingerprint, Guess, fingerprint, resembles
from ingest.library import Library
from ingest.readers.sandbox import Examined
from ingest.revisions import LASTING, Revision, State
from ingest.snapshot import DocumentInfo, Snapshot

_GUESSED_META = ("kind", "opens", "closes")


class Judge:
    """Looks at what the intake has read; what it guesses is shown as guessed until a person has saved it."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._known: dict[int, Fingerprint] = {}
        """The fingerprints of what is served, by revision: a revision never changes."""

    def __call__(self, examined: Examined, revision: Revision) -> tuple[SourceDocument, Mapping[str, Any]]:
        """Return the document under an id, with what was guessed of it, and the findings as plain data."""
        document, found = examined.document, examined.findings
        alike = resembles(found.fingerprint, self._fingerprints())
        guesses = _guesses(document, found)
        # A sheet says of itself what it is; of anything else, staff know better than we guess.
        known = revision.key or (alike.key if alike and alike.sure else None)
        former = self._former(revision.number, known) if guesses and known else None
        language = (revision.language if guesses else None) or document.language
        open_still = (former.findings.get("guesses") or {}) if former else {}
        said = former.meta if former else {}
        kept = {name: said[name] for name in LASTING if name in said and name not in open_still}
        title = former.title if former and former.edited_by and "title" not in open_still else None
        for name in [*kept, *(["title"] if title else []), *(["language"] if revision.language else [])]:
            guesses.pop(name, None)
        document = dataclasses.replace(
            document,
            id=self._id(document, revision, found, known),
            language=language,
            title=title or found.title.value,
            url=document.url or (found.url.value if found.url else None) or revision.url,
            as_of=document.as_of or (found.as_of.value if found.as_of else None),
            meta={**kept, **{name: guesses[name].value for name in _GUESSED_META if name in guesses}, **document.meta},
        )
        return document, {
            "findings": found.as_data(),
            "guesses": {name: {"value": guess.value, "basis": guess.basis} for name, guess in guesses.items()},
            "resembles": dataclasses.asdict(alike) if alike else None,
        }

    def _id(self, document: SourceDocument, revision: Revision, found: Findings, known: str | None) -> str:
        """Return the id: of a sheet its own, of a corrected text the old one, of a page that is *known* its document's.

        Anything else is a document of its own; that it looks like another is for a person to decide.
        """
        if "verified_on" in document.meta:
            return document.id
        if known:
            return known.partition("/")[2]
        wanted = slug(revision.name if revision.origin == "upload" else found.title.value)
        taken = {info.id for info in self._library.documents.values()}
        # A number may be put after the beginning of a long one: see ``distinct``.
        taken |= self._library.revisions.ids("draft", "waiting", "scheduled", start=wanted[: LONGEST_SLUG // 2])
        return distinct(wanted, taken)

    def _former(self, number: int, key: str) -> Revision | None:
        """Return the last version of a known document of which a person has saved the form, or else what is served."""
        states: tuple[State, ...] = ("published", "draft", "waiting", "scheduled")
        known = [each for each in self._library.revisions.list(*states, key=key) if each.number != number]
        served = next((each for each in known if each.state == "published"), None)
        return next((each for each in known if each.edited_by), served)

    def _fingerprints(self) -> dict[str, Fingerprint]:
        """Return those of the documents that are served, by key."""
        snapshot = self._library.current
        self._known = {
            info.revision: self._known.get(info.revision) or _fingerprint(snapshot, info)
            for info in snapshot.documents.values()
        }
        return {info.key: self._known[info.revision] for info in snapshot.documents.values()}


def _fingerprint(snapshot: Snapshot, info: DocumentInfo) -> Fingerprint:
    text = " ".join(passage.text for passage in snapshot.passages_of([info.key]))
    return fingerprint(info.language, info.title, info.id, info.url, text)


def _guesses(document: SourceDocument, found: Findings) -> dict[str, Guess]:
    """Return what was guessed, by the name of its field; what the document says itself in its head is no guess."""
    if "verified_on" in document.meta:
        return {}
    named = {
        "title": found.title, "as_of": found.as_of, "kind": found.kind, "opens": found.opens, "closes": found.closes,
        "url": found.url if not document.url else None,
        "language": Guess(found.language, found.language_basis),
    }  # fmt: skip
    return {name: guess for name, guess in named.items() if guess}

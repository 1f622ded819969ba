"""What one document says by itself, whatever programmes there are: the claims of its sentences, the values of its head.

It depends on nothing but the revision, which never changes, and on the rules. So it is read once: kept in memory across
generations, and in the database across starts. Which programme a sentence speaks of is found anew for each generation
(:mod:`bot.cards`), since that depends on what all the others are called.

A document of some pages is read within milliseconds; a hundred thousand passages take minutes. What is more than
``AT_ONCE`` is read beside the answers, sheets of programmes first: until it is done, answers and cards go by what was
read so far.
"""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from threading import Event, RLock
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from bot.claims import Claim, claims, marks
from bot.heads import FIGURED, head_values
from bot.states import PROGRAMME_KINDS
from ingest.cards import CardValue
from ingest.claims import ClaimStore
from ingest.documents import Language, Passage
from ingest.snapshot import DocumentInfo, Reading

logger = logging.getLogger(__name__)

COMPARED = "before"
"""The section of a sheet that compares sources: what it says of them is no claim."""
AT_ONCE = 2_500
"""Passages that are read while somebody waits: some seconds."""
SPARE = 1_000
"""Documents that are remembered beyond those of the present generation."""
_BATCH = 50
READ_BY = (
    "bot/claims.yaml", "bot/claims.py", "bot/heads.py", "bot/limits.py", "bot/reading.py", "ingest/analysis.py",
    "ingest/figures.py", "ingest/quantities.py",
)  # fmt: skip
"""The rules: another line in one of these files, and every document is read anew."""


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence that claims something, of whatever it speaks of."""

    quote: str
    passage: str
    as_of: str | None
    url: str | None
    around: tuple[str, ...]
    """The headings that it stands under, the nearest first, and the title of its document."""
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of one document."""

    head: tuple[tuple[CardValue, Claim | None], ...] = ()
    """The values of its head, each with what it claims, if it is to be compared with others."""
    told: tuple[Told, ...] = ()
    titled: frozenset[str] = frozenset()
    """The marks that its title gives it: what all of it is true of."""


def read(info: DocumentInfo, passages: Sequence[Passage]) -> Read:
    """Return what a document says."""
    told = []
    for passage in passages:
        for span, quote in passage.quotes():
            if span.role != "fact" or span.section == COMPARED or span.source.confidence == "low":
                continue
            if found := claims(quote, passage.language):
                around = dict.fromkeys((*reversed(passage.headings), span.heading or "", passage.title))
                told.append(
                    Told(
                        quote, passage.id, span.source.as_of or passage.as_of, span.source.url or passage.url,
                        tuple(text for text in around if text), found,
                    )
                )  # fmt: skip
    head = [(value, claim_of(value, info.language)) for value in head_values(info, passages)]
    return Read(tuple(head), tuple(told), marks(info.title, info.language))


def claim_of(value: CardValue, language: Language) -> Claim | None:
    """Return what a value of a head, or a decided one, claims, with the marks that its words and its quote give it."""
    if value.field not in FIGURED and value.field != "state":
        return None
    own = marks(value.what, language)
    told = next((c for c in claims(value.quote, language) if c.field == value.field and c.value == value.value), None)
    if told is not None:
        return replace(told, marks=told.marks | own)
    if value.field in ("state", "opens", "closes"):
        years = frozenset({str(value.value)[:4]}) if value.field != "state" else frozenset[str]()
        return Claim(value.field, value.value, value.unit, years=years)
    # A sentence with several rates: only the words of the head tell whose this one is.
    return Claim(value.field, value.value, value.unit, own) if value.field == "rate" and own else None


@cache
def rules() -> str:
    """Return a digest of everything by which documents are read."""
    root = Path(__file__).parent.parent
    digest = hashlib.sha256(version("text2num").encode())
    for name in READ_BY:
        digest.update((root / name).read_bytes())
    return digest.hexdigest()


class Reader:
    """What was read of the documents of one library."""

    def __init__(self, store: ClaimStore) -> None:
        self.revision = 0
        """Counts what was read beside the answers: what was computed before is old."""
        self._store = store
        self._held: dict[int, Read] = {}
        self._queued: set[int] = set()
        self._lock = RLock()
        self._closing = Event()
        self._beside = ThreadPoolExecutor(1, "claims")

    def of(self, snapshot: Reading) -> dict[str, Read]:
        """Return what the documents of *snapshot* say, by key; what is still being read is left out."""
        with self._lock:
            settled = {info.revision: info for info in snapshot.documents.values() if info.is_settled}
            self._recall(number for number in settled if number not in self._held and number not in self._queued)
            known = {*self._held, *self._queued}
            unread = [info for number, info in settled.items() if number not in known]
            at_once, later = _shared_out(unread)
            self._take(snapshot, at_once)
            self._queue(snapshot, later)
            if len(self._held) > len(settled) + SPARE:
                self._held = {number: own for number, own in self._held.items() if number in settled}
            found = {info.key: own for number, info in settled.items() if (own := self._held.get(number))}
        # What has no version yet is a draft in a preview: it may be another one the next time.
        found.update(_read_now(snapshot, [info for info in snapshot.documents.values() if not info.is_settled]))
        return found

    def close(self) -> None:
        """Stop reading beside the answers; what is left is read after the next start."""
        with self._lock:
            self._closing.set()
        self._beside.shutdown(cancel_futures=True)

    def wait(self) -> None:
        """Wait until everything that is read beside the answers is read."""
        self._beside.submit(lambda: None).result()

    def _recall(self, numbers: Iterable[int]) -> None:
        wanted = list(numbers)
        try:
            found = self._store.find(wanted, rules()) if wanted else {}
            self._held.update((number, _from_json(data)) for number, data in found.items())
        except (SQLAlchemyError, ValueError, TypeError, KeyError, AttributeError) as error:
            logger.warning("what was read of documents cannot be used, they are read anew: %s", type(error).__name__)

    def _take(self, snapshot: Reading, infos: Sequence[DocumentInfo]) -> None:
        """Read documents, and keep what they say."""
        fresh = {snapshot.documents[key].revision: own for key, own in _read_now(snapshot, infos).items()}
        with self._lock:
            self._held.update(fresh)
        try:
            if fresh:
                self._store.keep({number: _as_json(own) for number, own in fresh.items()}, rules())
        except SQLAlchemyError as error:
            logger.warning("what was read of documents is not kept for the next start: %s", type(error).__name__)

    def _queue(self, snapshot: Reading, infos: Sequence[DocumentInfo]) -> None:
        if self._closing.is_set():
            return
        self._queued.update(info.revision for info in infos)
        for batch in _batches(infos):
            self._beside.submit(self._read_beside, snapshot, batch)

    def _read_beside(self, snapshot: Reading, infos: Sequence[DocumentInfo]) -> None:
        start = time.perf_counter()
        try:
            if not self._closing.is_set():
                self._take(snapshot, infos)
        except SQLAlchemyError as error:
            logger.error("documents were not read for contradictions: %s", type(error).__name__)
        with self._lock:
            self._queued.difference_update(info.revision for info in infos)
            if not self._queued:
                self.revision += 1
        # Half of the time belongs to those who ask.
        self._closing.wait(time.perf_counter() - start)


def _shared_out(infos: Sequence[DocumentInfo]) -> tuple[list[DocumentInfo], list[DocumentInfo]]:
    """Return what is read at once and what later, sheets of programmes first."""
    at_once: list[DocumentInfo] = []
    later: list[DocumentInfo] = []
    room = AT_ONCE
    for info in sorted(infos, key=lambda info: info.meta.get("kind") not in PROGRAMME_KINDS):
        room -= info.passages
        (at_once if room >= 0 else later).append(info)
    return at_once, later


def _batches(infos: Sequence[DocumentInfo]) -> Iterable[Sequence[DocumentInfo]]:
    return (infos[start : start + _BATCH] for start in range(0, len(infos), _BATCH))


def _read_now(snapshot: Reading, infos: Sequence[DocumentInfo]) -> dict[str, Read]:
    found: dict[str, Read] = {}
    for batch in _batches(infos):
        by_key: dict[str, list[Passage]] = defaultdict(list)
        for passage in snapshot.passages_of([info.key for info in batch]):
            by_key[passage.document_key].append(passage)
        found.update((info.key, read(info, by_key[info.key])) for info in batch)
    return found


# --- as JSON -----------------------------------------------------------------------------------------------------


def _as_json(own: Read) -> dict[str, Any]:
    head = [[_plain(value), _plain(claim) if claim else None] for value, claim in own.head]
    told = [{**_plain(each), "claims": [_plain(claim) for claim in each.claims]} for each in own.told]
    return {"head": head, "told": told, "titled": sorted(own.titled)}


def _plain(value: CardValue | Claim | Told) -> dict[str, Any]:
    """Return the fields that say more than their default."""
    fields = ((field, getattr(value, field.name)) for field in dataclasses.fields(value))
    held = {field.name: own for field, own in fields if own != field.default}
    return {name: sorted(own) if isinstance(own, frozenset) else own for name, own in held.items()}


def _from_json(data: Mapping[str, Any]) -> Read:
    head = [(CardValue(**value), _claim(claim) if claim else None) for value, claim in data["head"]]
    told = [
        Told(**{**each, "around": tuple(each["around"]), "claims": tuple(map(_claim, each["claims"]))})
        for each in data["told"]
    ]
    return Read(tuple(head), tuple(told), frozenset(data["titled"]))


def _claim(data: Mapping[str, Any]) -> Claim:
    sets = {name: frozenset(data[name]) for name in ("marks", "years") if name in data}
    return Claim(**{**data, **sets})

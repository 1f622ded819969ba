"""What a document says is read once, and is the same wherever it is taken from afterwards."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from bot import reading
from bot.cards import Cards
from bot.contradictions import Contradictions
from bot.reading import READ_BY, Reader
from bot.service import Bot
from ingest.cards import CardStore
from ingest.claims import ClaimStore
from ingest.database import ClaimRow, connect
from ingest.documents import LANGUAGES, Passage, SourceDocument
from ingest.library import Library
from ingest.settings import load
from ingest.snapshot import DocumentInfo, Snapshot
from tests.bot.library import TODAY, document, small_bot

ROOT = Path(__file__).parents[2]
SHEET = document("cheque-boussole", "fr", "Chèque Boussole", "Le Chèque Boussole couvre 50 % du devis.", kind="subsidy")
GUIDE = document("guide", "fr", "Guide", "Le Chèque Boussole couvre 75 % de la facture.")
OTHER = document("note", "fr", "Note", "Le Chèque Boussole couvre 60 % de la facture.")


class Watched:
    """A snapshot that remembers which documents were read; everything else is the snapshot's own."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.read: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.snapshot, name)

    def passages_of(self, keys: Sequence[str]) -> list[Passage]:
        """Return the passages of these documents."""
        self.read += keys
        return self.snapshot.passages_of(keys)


class Slow(Watched):
    """A snapshot that gives no guide away before ``gate`` is open."""

    gate: Event

    def passages_of(self, keys: Sequence[str]) -> list[Passage]:
        """Return the passages of these documents."""
        assert GUIDE.key not in keys or self.gate.wait(30)
        return super().passages_of(keys)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A database of its own, in which nothing is served."""
    opened = connect(tmp_path / "guichet.sqlite")
    yield opened
    opened.dispose()


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """A library with a sheet and a guide that contradict each other."""
    settings = load(data_dir=tmp_path / "data", corpus_dir=tmp_path / "none", today=TODAY)
    with Library.open(settings) as opened:
        opened.add_documents([SHEET, GUIDE])
        yield opened


@contextmanager
def reader(engine: Engine) -> Iterator[Reader]:
    """Yield a reader that remembers nothing yet but what the database holds."""
    opened = Reader(ClaimStore(engine))
    try:
        yield opened
    finally:
        opened.close()


def read(engine: Engine, snapshot: Any) -> tuple[list[str], Mapping[str, reading.Read]]:
    """Return the documents that a new reader has to read, and what it makes of all."""
    watched: Any = Watched(snapshot)
    with reader(engine) as opened:
        return watched.read, opened.of(watched)


def kept(engine: Engine) -> int:
    """Return of how many revisions something is kept."""
    with Session(engine) as session:
        return session.scalar(select(func.count()).select_from(ClaimRow)) or 0


def told(snapshot: Any, store: CardStore, own: Reader) -> Any:
    """Return everything that cards and contradictions make of a snapshot, as plain values."""
    cards = Cards(store, own)
    said = {
        id: [(each.value, each.claim, each.language) for each in values] for id, values in cards.said(snapshot).items()
    }
    found = [
        (each.key, each.programme, each.field, [(side.value, side.sentences) for side in each.sides], each.ruling)
        for each in Contradictions(cards).all(snapshot, TODAY)
    ]
    return {language: cards.all(snapshot, language) for language in LANGUAGES}, said, found


def draft(library: Library, document: SourceDocument) -> int:
    """Return the number of a new draft."""
    return library.revisions.write(document, "note.md", "upload", "lea")


# --- the same from everywhere ------------------------------------------------------------------------------------


def test_what_is_kept_of_the_starter_corpus_is_what_a_fresh_reading_gives(bot: Bot, engine: Engine) -> None:
    """Cards, claims and contradictions of the starter corpus are the same from the database as from the passages."""
    library: Any = bot.library
    with reader(engine) as fresh, reader(library.cards.engine) as recalling:
        watched: Any = Watched(library)
        recalled = told(watched, library.cards, recalling)
        assert watched.read == []
        watched.read.clear()
        assert recalled == told(watched, library.cards, fresh)
        assert len(watched.read) == len(library.documents)


def test_only_what_is_new_is_read_after_a_publication(library: Library) -> None:
    """The reader of a running guichet reads the published document, and no other."""
    with reader(library.engine) as running:
        running.of(library.current)
        library.publish([draft(library, OTHER)], "lea")
        watched: Any = Watched(library.current)
        assert set(running.of(watched)) == {SHEET.key, GUIDE.key, OTHER.key}
    assert watched.read == [OTHER.key]


def test_the_next_version_is_read_anew(library: Library) -> None:
    """A new version of a document says what it says, not what the one before said; that one is not kept."""
    read(library.engine, library.current)
    later = document("guide", "fr", "Guide", "Le Chèque Boussole couvre 40 % de la facture.")
    library.add_documents([later])
    seen, found = read(library.engine, library.current)
    assert seen == [GUIDE.key]
    assert [claim.value for each in found[GUIDE.key].told for claim in each.claims] == [0.4]
    assert kept(library.engine) == 2


def test_a_draft_in_a_preview_is_neither_kept_nor_taken_from_what_is_kept(library: Library) -> None:
    """A draft is read as it stands each time, before and after it was changed, and leaves no row behind."""
    with reader(library.engine) as running:
        running.of(library.current)
        for share in (60, 65):
            text = f"Le Chèque Boussole couvre {share} % de la facture."
            number = draft(library, document("note", "fr", "Note", text))
            with library.candidate([number]) as snapshot:
                assert snapshot.documents[OTHER.key].revision == number
                found = running.of(snapshot)
            assert [claim.value for each in found[OTHER.key].told for claim in each.claims] == [share / 100]
        assert OTHER.key not in running.of(library.current)
    assert kept(library.engine) == 2


def test_a_preview_reads_its_drafts_only(tmp_path: Path) -> None:
    """The bot beside the one that serves takes what was read of all other documents from that one."""
    with small_bot(tmp_path, SHEET, GUIDE) as bot:
        library: Any = bot.library
        bot.contradictions.all(library, TODAY)
        with library.candidate([draft(library, OTHER)]) as snapshot:
            watched: Any = Watched(snapshot)
            beside = bot.beside(watched).contradictions
            assert len(beside.all(watched, TODAY)) > len(bot.contradictions.all(library, TODAY))
        assert watched.read == [OTHER.key]


# --- what is kept may be lost ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spoilt",
    [{"rules": "others"}, {"data": {}}, {"data": {"head": [], "told": [{"quote": 1}], "titled": []}}, {"data": []}],
)
def test_what_cannot_be_used_is_read_anew(spoilt: dict[str, Any], library: Library) -> None:
    """Rows by other rules, or of another form, cost the time of a reading and change nothing."""
    _, before = read(library.engine, library.current)
    with Session(library.engine) as session, session.begin():
        session.execute(update(ClaimRow).values(**spoilt))
    seen, after = read(library.engine, library.current)
    assert (sorted(seen), after) == ([SHEET.key, GUIDE.key], before)
    assert read(library.engine, library.current) == ([], before)


def test_a_database_that_cannot_be_written_costs_nothing_but_time(library: Library) -> None:
    """Without its table a reader reads, and tells what it read."""
    with library.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE claim")
    seen, found = read(library.engine, library.current)
    assert sorted(seen) == sorted(found) == [SHEET.key, GUIDE.key]


def test_every_file_that_a_reading_rests_on_is_among_the_rules() -> None:
    """A module that the rules import is itself one of them, or only says how things are called."""
    values = {"bot/states.py", "ingest/cards.py", "ingest/claims.py", "ingest/documents.py", "ingest/listing.py",
              "ingest/snapshot.py"}  # fmt: skip
    for name in READ_BY:
        if not name.endswith(".py"):
            continue
        for node in ast.walk(ast.parse((ROOT / name).read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(("bot.", "ingest.")):
                assert node.module.replace(".", "/") + ".py" in {*READ_BY, *values}, (name, node.module)


# --- large libraries ---------------------------------------------------------------------------------------------


def test_a_large_library_is_read_beside_the_answers(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is too much to wait for is left out at first, sheets coming first, and is there once it was read."""
    monkeypatch.setattr(reading, "AT_ONCE", 1)
    slow: Any = Slow(library.current)
    slow.gate = Event()
    with reader(library.engine) as running:
        contradictions = Contradictions(Cards(library.cards, running))
        assert set(running.of(slow)) == {SHEET.key}
        assert contradictions.all(slow, TODAY) == ()
        slow.gate.set()
        running.wait()
        assert [each.field for each in contradictions.all(slow, TODAY)] == ["rate"]
    assert slow.read == [SHEET.key, GUIDE.key]
    assert kept(library.engine) == 2


def test_a_guichet_that_closes_leaves_what_is_unread(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that is under way at the end is told of nothing; what was not read then is after the next start."""
    monkeypatch.setattr(reading, "AT_ONCE", 0)
    with reader(library.engine) as closed:
        closed.close()
        assert closed.of(library.current) == {}
    assert kept(library.engine) == 0


def test_a_stored_version_is_settled_and_a_draft_is_not() -> None:
    """Only what has a revision and a version never changes."""
    info = DocumentInfo("fr/note", "note", "fr", 1, "Note", None, None, revision=3)
    assert info.is_settled
    assert not dataclasses.replace(info, version=0).is_settled
    assert not dataclasses.replace(info, revision=0).is_settled

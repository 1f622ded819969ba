"""The truth: documents, passages, answers, feedback and usage in one SQL database; the indexes are derived from it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, DateTime, Engine, ForeignKey, Index, String, Text, create_engine, event, inspect, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

MIGRATIONS = Path(__file__).parent / "migrations"
# secure_delete: what was taken out of a receipt must not stay readable in the free parts of the file.
PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=5000", "secure_delete=ON")


class Base(DeclarativeBase):
    """The tables of a guichet."""


class RevisionRow(Base):
    """One version of one language version of a document, whatever its state; see ``ingest.revisions``."""

    __tablename__ = "revision"
    number: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str | None] = mapped_column(String(200), index=True)
    language: Mapped[str | None] = mapped_column(String(2))
    version: Mapped[int | None]
    state: Mapped[str] = mapped_column(String(12), index=True)
    name: Mapped[str] = mapped_column(Text)
    origin: Mapped[str] = mapped_column(Text, index=True)
    """Where the file was read from: a path, an address, ``upload``, or the key of a document that came without one."""
    folder: Mapped[str | None] = mapped_column(Text, index=True)
    """The folder that was given to ``add``, if one was."""
    digest: Mapped[str] = mapped_column(String(64), index=True)
    original: Mapped[str | None] = mapped_column(String(80))
    """Its name in the folder of originals."""
    title: Mapped[str] = mapped_column(Text)
    url: Mapped[str | None] = mapped_column(Text)
    as_of: Mapped[str | None] = mapped_column(String(10))
    meta: Mapped[dict[str, Any]] = mapped_column(JSON)
    warnings: Mapped[list[str]] = mapped_column(JSON)
    findings: Mapped[dict[str, Any]] = mapped_column(JSON)
    problem: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))
    pages: Mapped[int]
    content: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True), deferred=True)
    """The pages as they were read; none for what was taken in before revisions were kept."""
    owner: Mapped[str] = mapped_column(String(100))
    review_by: Mapped[str | None] = mapped_column(String(10))
    publish_on: Mapped[str | None] = mapped_column(String(10))
    expires_on: Mapped[str | None] = mapped_column(String(10))
    """The last day on which it is served."""
    created_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str] = mapped_column(String(100))
    edited_by: Mapped[str] = mapped_column(String(100))
    """Who changed it last before it was published."""
    submitted_by: Mapped[str] = mapped_column(String(100))
    published_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    published_by: Mapped[str] = mapped_column(String(100))
    ended_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    remark: Mapped[str] = mapped_column(Text)
    __table_args__ = (
        # One version of a document is served, never two.
        Index("ix_revision_served", "key", unique=True, sqlite_where=text("state = 'published'")),
    )


class PassageRow(Base):
    """One passage of a published or once published revision; ``data`` holds headings, spans and page as JSON."""

    __tablename__ = "passage"
    id: Mapped[str] = mapped_column(String(230), primary_key=True)
    revision: Mapped[int] = mapped_column(ForeignKey("revision.number", ondelete="CASCADE"), index=True)
    document_key: Mapped[str] = mapped_column(String(200), index=True)
    language: Mapped[str] = mapped_column(String(2))
    text: Mapped[str] = mapped_column(Text)
    data: Mapped[dict[str, Any]] = mapped_column(JSON)


class StateRow(Base):
    """Named values of the library: ``generation``, ``model`` (with its revision), ``dimension``, ``format``."""

    __tablename__ = "state"
    name: Mapped[str] = mapped_column(String(50), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class AnswerRow(Base):
    """The receipt of an answer."""

    __tablename__ = "answer"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True), index=True)
    language: Mapped[str] = mapped_column(String(2))
    status: Mapped[str] = mapped_column(String(20), index=True)
    generation: Mapped[int]
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    trace: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """How the answer was made; none for receipts of before there were traces."""
    purged: Mapped[bool] = mapped_column(default=False)
    """Whether the words of the visitor were taken out."""
    __table_args__ = (Index("ix_answer_purged_at", "purged", "at"),)


class FeedbackRow(Base):
    """A thumb up (1) or down (-1) with an optional reason."""

    __tablename__ = "feedback"
    number: Mapped[int] = mapped_column(primary_key=True)
    answer_id: Mapped[str] = mapped_column(String(32), index=True)
    at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    rating: Mapped[int]
    reason: Mapped[str | None] = mapped_column(Text)


class UsageRow(Base):
    """What one origin asked of the language model on one day."""

    __tablename__ = "usage"
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    """In Europe/Brussels, as an ISO date."""
    origin: Mapped[str] = mapped_column(String(200), primary_key=True)
    tokens_in: Mapped[int]
    tokens_out: Mapped[int]
    euro: Mapped[float]
    requests: Mapped[int]


class JournalRow(Base):
    """One change by staff, or by the guichet itself."""

    __tablename__ = "journal"
    number: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True), index=True)
    by: Mapped[str] = mapped_column(String(100), index=True)
    action: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(300), index=True)
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)


class PinRow(Base):
    """An answer that staff wrote for a question; what it says stands in its versions."""

    __tablename__ = "pin"
    number: Mapped[int] = mapped_column(primary_key=True)
    latest: Mapped[int]
    served: Mapped[int | None]
    """The version that readers get; none while it is inactive."""
    validated_on: Mapped[str | None] = mapped_column(String(10))
    validated_by: Mapped[str | None] = mapped_column(String(100))
    review: Mapped[str] = mapped_column(Text, default="")
    """Why the owner must look at it before it is served again; empty when he need not."""


class PinVersionRow(Base):
    """One version of a pin; ``data`` is a ``PinContent`` as JSON. Versions are only ever added."""

    __tablename__ = "pin_version"
    pin: Mapped[int] = mapped_column(ForeignKey("pin.number"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    by: Mapped[str] = mapped_column(String(100))
    data: Mapped[dict[str, Any]] = mapped_column(JSON)


def now() -> dt.datetime:
    """Return the present moment, as the tables store it."""
    return dt.datetime.now(dt.UTC)


def connect(path: Path) -> Engine:
    """Open the SQLite database at *path*, bringing its tables to the present form."""
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", _prepare)
    _migrate(engine)
    return engine


def _prepare(connection: Any, _record: Any) -> None:
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _migrate(engine: Engine) -> None:
    with engine.connect() as connection:
        if inspect(connection).has_table("alembic_version"):
            present = connection.scalar(text("SELECT version_num FROM alembic_version"))
            if present == max(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py")):
                return  # Alembic takes half a second to load.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

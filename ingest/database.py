"""The truth: documents, passages, answers, feedback and usage in one SQL database; the indexes are derived from it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    DateTime,
    Engine,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    create_engine,
    event,
    inspect,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

MIGRATIONS = Path(__file__).parent / "migrations"
PATIENCE = 20_000
"""Milliseconds that a connection waits for whoever is writing: a receipt outlasts a large publication that way."""
# synchronous: what was acknowledged survives a power cut too; a commit takes half a millisecond for it on a good disk.
# secure_delete: what was taken out of a receipt must not stay readable in the free parts of the file.
PRAGMAS = (
    "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={PATIENCE}", "secure_delete=ON"
)  # fmt: skip


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
    editors: Mapped[list[str]] = mapped_column(JSON, default=list)
    """Everyone who changed it before it was published."""
    overruled: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """Set when its publication was set for a day although control questions would fail: ``reason``, ``questions``."""
    held: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """Set when its publication was held back on its day: ``why`` (a word), ``day``, ``count`` of control questions."""
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


class PreviewRow(Base):
    """What a change would do to answers, as it was last looked at; see ``ingest.previews``. It holds no question."""

    __tablename__ = "preview"
    subject: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Which change it is of."""
    at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True), index=True)
    by: Mapped[str] = mapped_column(String(100))
    generation: Mapped[int]
    basis: Mapped[str] = mapped_column(String(64))
    """What it rests on besides the generation; another one now means that it is out of date."""
    data: Mapped[dict[str, Any]] = mapped_column(JSON)


class _Checked:
    """An address of the web, and what was found there the last times."""

    url: Mapped[str] = mapped_column(String(2100), primary_key=True)
    final_url: Mapped[str | None] = mapped_column(Text)
    """Where redirects led the last time that it was there."""
    state: Mapped[str] = mapped_column(String(10), index=True)
    """``valid``, ``dead`` or ``uncertain``."""
    since: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    checked_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    next_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True), index=True)
    failures: Mapped[int] = mapped_column(default=0)
    """How many in a row."""
    gone_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    """When the server first said that the page is not there any more."""
    problem: Mapped[str | None] = mapped_column(String(30))
    """Why the last check failed, one of ``ingest.web.addresses.KINDS``."""
    status: Mapped[int | None]


class WatchedRow(_Checked, Base):
    """A page of the web that is fetched again and again, to see whether it changed."""

    __tablename__ = "watched"
    document: Mapped[str | None] = mapped_column(String(200), index=True)
    """The key of the document that was made of it; it need not exist any more."""
    etag: Mapped[str | None] = mapped_column(Text)
    last_modified: Mapped[str | None] = mapped_column(Text)
    digest: Mapped[str | None] = mapped_column(String(64))
    """Of its main text, when it was last handed on."""
    every_days: Mapped[int]
    added_by: Mapped[str] = mapped_column(String(100))
    added_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))


class LinkRow(_Checked, Base):
    """An address that documents cite."""

    __tablename__ = "link"


class AccountRow(Base):
    """Somebody of the staff who may log in."""

    __tablename__ = "account"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    role: Mapped[str | None] = mapped_column(String(20))
    """None: known to the organisation, but no administrator has given access yet."""
    password: Mapped[str | None] = mapped_column(Text)
    """Argon2id, with its parameters; None: logs in through the organisation only."""
    must_change: Mapped[bool]
    valid_until: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    """When a one-time password that nobody used stops working."""
    disabled: Mapped[bool]
    issuer: Mapped[str | None] = mapped_column(String(500))
    subject: Mapped[str | None] = mapped_column(String(255))
    """Who this is at the OpenID provider ``issuer``."""
    created_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    seen_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    __table_args__ = (
        Index("ix_account_name", "name", unique=True),
        Index("ix_account_subject", "issuer", "subject", unique=True),
    )


class StaffSessionRow(Base):
    """A browser that is logged in; of its cookie only the digest is kept."""

    __tablename__ = "staff_session"
    number: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    form_token: Mapped[str] = mapped_column(String(64))
    browser: Mapped[str] = mapped_column(String(200))
    by_oidc: Mapped[bool]
    began_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    seen_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    ends_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    __table_args__ = (Index("ix_staff_session_digest", "digest", unique=True),)


class StaffBrowserRow(Base):
    """A browser in which somebody has logged in before: failures elsewhere do not lock it out."""

    __tablename__ = "staff_browser"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True, index=True)
    seen_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))


class StaffAttemptRow(Base):
    """Failures to log in of one name, address or browser, and until when it has to wait."""

    __tablename__ = "staff_attempt"
    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True), index=True)
    blocked_until: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))


class GapRow(Base):
    """Something that people asked and did not get: questions of one meaning. No word of a visitor stands here."""

    __tablename__ = "gap"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(Text, default="")
    """What staff called it; empty until then."""
    words: Mapped[list[str]] = mapped_column(JSON, default=list)
    """Content words that stood in several of its questions: what is left when those are gone."""
    leading: Mapped[str | None] = mapped_column(String(32))
    """The answer whose question stands for all; none when no question is kept any more."""
    programme: Mapped[str | None] = mapped_column(String(190))
    """Id of the document concerned."""
    named: Mapped[bool] = mapped_column(default=False)
    """Whether a question calls that document by its name; else it was only the nearest."""
    vectors: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Sums of the questions' vectors, float32, a row for each group that was merged into it."""
    model: Mapped[str] = mapped_column(String(200), default="")
    """The model that the vectors are of."""
    state: Mapped[str] = mapped_column(String(10), default="todo", index=True)
    owner: Mapped[str] = mapped_column(String(100), default="")
    note: Mapped[str] = mapped_column(Text, default="")
    closed_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    closed_by: Mapped[str] = mapped_column(String(100), default="")
    generation: Mapped[int | None]
    """Where a replay closed it: the generation of the library that answers it."""
    document: Mapped[str] = mapped_column(String(200), default="")
    """… and the key of the document that does."""
    replayed: Mapped[int] = mapped_column(default=0)
    """The generation for which its questions were asked again last."""
    replayed_pins: Mapped[int] = mapped_column(default=0)
    """… and how often validated answers had been made public or taken back by then."""
    draft: Mapped[int | None]
    """The document that was started from it."""
    merged_into: Mapped[int | None]


class GapQuestionRow(Base):
    """One question of a gap. What was asked stands in its receipt only, and goes with it."""

    __tablename__ = "gap_question"
    answer_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    gap_id: Mapped[int] = mapped_column(ForeignKey("gap.id", ondelete="CASCADE"), index=True)
    at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True), index=True)
    week: Mapped[str] = mapped_column(String(10), index=True)
    """The Monday of its week in Brussels, as an ISO date."""
    language: Mapped[str] = mapped_column(String(2))
    kind: Mapped[str] = mapped_column(String(10))
    """``unanswered``, ``weak`` (little evidence) or ``given`` (answered, but badly rated)."""
    rated: Mapped[bool] = mapped_column(default=False)
    """Whether the asker's last word on the answer is a thumb down."""
    programme: Mapped[str | None] = mapped_column(String(190))
    named: Mapped[bool] = mapped_column(default=False)
    forgotten: Mapped[bool] = mapped_column(default=False, index=True)
    """Whether the item was derived again without it, since its words are gone."""


class CardProgrammeRow(Base):
    """A programme that staff made, of which no sheet speaks."""

    __tablename__ = "card_programme"
    id: Mapped[str] = mapped_column(String(190), primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(2))
    by: Mapped[str] = mapped_column(String(100))
    at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    withdrawn: Mapped[bool] = mapped_column(default=False)


class CardValueRow(Base):
    """One decision of staff on a value of a programme's card; the last one that was not withdrawn holds."""

    __tablename__ = "card_value"
    number: Mapped[int] = mapped_column(primary_key=True)
    target: Mapped[str] = mapped_column(String(16), index=True)
    """The key of the value that was decided on."""
    corrects: Mapped[str] = mapped_column(String(16), default="")
    """Of a proposal: the key of the value in whose place it comes once it is confirmed."""
    programme: Mapped[str] = mapped_column(String(190), index=True)
    field: Mapped[str] = mapped_column(String(20))
    what: Mapped[str] = mapped_column(Text)
    value: Mapped[Any] = mapped_column(JSON)
    unit: Mapped[str] = mapped_column(String(20))
    as_of: Mapped[str | None] = mapped_column(String(10))
    quote: Mapped[str] = mapped_column(Text)
    document: Mapped[str] = mapped_column(String(200))
    passage: Mapped[str] = mapped_column(String(230))
    version: Mapped[int]
    url: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10))
    by: Mapped[str] = mapped_column(String(100))
    at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    reason: Mapped[str] = mapped_column(Text)
    withdrawn: Mapped[bool] = mapped_column(default=False)


class CardRulingRow(Base):
    """What staff decided on two values that contradict each other."""

    __tablename__ = "card_ruling"
    number: Mapped[int] = mapped_column(primary_key=True)
    programme: Mapped[str] = mapped_column(String(190), index=True)
    field: Mapped[str] = mapped_column(String(20))
    first: Mapped[dict[str, Any]] = mapped_column(JSON)
    """The value, the document and the quotes that staff saw; so does ``second``."""
    second: Mapped[dict[str, Any]] = mapped_column(JSON)
    verdict: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(String(100))
    at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    withdrawn: Mapped[bool] = mapped_column(default=False)


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
    wish: Mapped[str] = mapped_column(Text, default="")
    """Why an editor would have it looked at; it is served all the same until a publisher decides."""


class PinVersionRow(Base):
    """One version of a pin; ``data`` is a ``PinContent`` as JSON. Versions are only ever added."""

    __tablename__ = "pin_version"
    pin: Mapped[int] = mapped_column(ForeignKey("pin.number"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    by: Mapped[str] = mapped_column(String(100))
    data: Mapped[dict[str, Any]] = mapped_column(JSON)


class ClaimRow(Base):
    """What was read of a revision that is served; see ``bot.reading``. It is derived: losing it costs time only."""

    __tablename__ = "claim"
    revision: Mapped[int] = mapped_column(ForeignKey("revision.number", ondelete="CASCADE"), primary_key=True)
    rules: Mapped[str] = mapped_column(String(64))
    """A digest of the rules by which it was read; by others it is read anew."""
    data: Mapped[dict[str, Any]] = mapped_column(JSON)


class PortalRow(Base):
    """A portal whose pages may ask the guichet and show it in a frame."""

    __tablename__ = "portal"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    closed: Mapped[bool] = mapped_column(default=False)
    a_minute: Mapped[int | None]
    """Questions that it may ask; none is no limit. So is ``a_day``."""
    a_day: Mapped[int | None]
    created_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str] = mapped_column(String(100))


class PortalOriginRow(Base):
    """An origin of a portal, as browsers write it in ``Origin``; each belongs to one portal only."""

    __tablename__ = "portal_origin"
    origin: Mapped[str] = mapped_column(String(300), primary_key=True)
    portal: Mapped[str] = mapped_column(ForeignKey("portal.name", ondelete="CASCADE"), index=True)
    closed: Mapped[bool] = mapped_column(default=False)


class ApiKeyRow(Base):
    """A key of a program; of its secret only the digest is kept."""

    __tablename__ = "api_key"
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    """The part of the key by which it is found; it opens nothing."""
    name: Mapped[str] = mapped_column(String(40), unique=True)
    digest: Mapped[str] = mapped_column(String(64))
    former: Mapped[str | None] = mapped_column(String(64))
    """The digest of the secret before the last rotation, good until ``former_until``."""
    former_until: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    scopes: Mapped[list[str]] = mapped_column(JSON)
    a_minute: Mapped[int | None]
    a_day: Mapped[int | None]
    expires_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[dt.datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str] = mapped_column(String(100))
    used_on: Mapped[str | None] = mapped_column(String(10))
    """The last day on which it was used, in Brussels."""


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

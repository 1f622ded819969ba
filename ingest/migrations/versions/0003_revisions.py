"""The journal, and the life of documents: every version of a document in its state."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "journal",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, index=True),
        sa.Column("by", sa.String(100), nullable=False, index=True),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(300), nullable=False, index=True),
        sa.Column("detail", sa.JSON, nullable=False),
    )
    _create_revision()
    op.execute(
        """INSERT INTO revision (key, language, version, state, name, origin, folder, digest, title, url, as_of, meta,
        warnings, findings, pages, owner, created_at, created_by, edited_by, submitted_by, published_at, published_by,
        remark)
        SELECT key, language, version, 'published', origin, origin, folder, digest, title, url, as_of, meta,
        warnings, '{}', pages, '', added_at, 'guichet', '', '', added_at, 'guichet', '' FROM document"""
    )
    op.rename_table("passage", "old_passage")
    op.drop_index("ix_passage_document_key", "old_passage")
    _create_passage(
        sa.Column("revision", sa.Integer, sa.ForeignKey("revision.number", ondelete="CASCADE"), nullable=False),
        sa.Column("document_key", sa.String(200), nullable=False, index=True),
    )
    op.execute(
        """INSERT INTO passage (id, revision, document_key, language, text, data)
        SELECT p.id, r.number, p.document_key, p.language, p.text, p.data
        FROM old_passage AS p JOIN revision AS r ON r.key = p.document_key"""
    )
    op.create_index("ix_passage_revision", "passage", ["revision"])
    op.drop_table("old_passage")
    op.drop_table("document")


def downgrade() -> None:
    """Keep what is served; other versions, drafts and the journal are lost."""
    op.create_table(
        "document",
        sa.Column("key", sa.String(200), primary_key=True),
        sa.Column("id", sa.String(190), nullable=False, index=True),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False, index=True),
        sa.Column("folder", sa.Text, index=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("url", sa.Text),
        sa.Column("as_of", sa.String(10)),
        sa.Column("meta", sa.JSON, nullable=False),
        sa.Column("warnings", sa.JSON, nullable=False),
        sa.Column("pages", sa.Integer, nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.execute(
        """INSERT INTO document (key, id, language, version, title, origin, folder, digest, url, as_of, meta, warnings,
        pages, added_at) SELECT key, substr(key, 4), language, version, title, origin, folder, digest, url, as_of, meta,
        warnings, pages, published_at FROM revision WHERE state = 'published'"""
    )
    op.rename_table("passage", "old_passage")
    for name in ("ix_passage_document_key", "ix_passage_revision"):
        op.drop_index(name, "old_passage")
    _create_passage(
        sa.Column(
            "document_key",
            sa.String(200),
            sa.ForeignKey("document.key", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
    )
    op.execute(
        """INSERT INTO passage (id, document_key, language, text, data)
        SELECT p.id, p.document_key, p.language, p.text, p.data
        FROM old_passage AS p JOIN revision AS r ON r.number = p.revision WHERE r.state = 'published'"""
    )
    op.drop_table("old_passage")
    op.drop_table("revision")
    op.drop_table("journal")


def _create_passage(*columns: sa.Column[object]) -> None:
    op.create_table(
        "passage",
        sa.Column("id", sa.String(230), primary_key=True),
        *columns,
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
    )


def _create_revision() -> None:
    op.create_table(
        "revision",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("key", sa.String(200), index=True),
        sa.Column("language", sa.String(2)),
        sa.Column("version", sa.Integer),
        sa.Column("state", sa.String(12), nullable=False, index=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False, index=True),
        sa.Column("folder", sa.Text, index=True),
        sa.Column("digest", sa.String(64), nullable=False, index=True),
        sa.Column("original", sa.String(80)),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("url", sa.Text),
        sa.Column("as_of", sa.String(10)),
        sa.Column("meta", sa.JSON, nullable=False),
        sa.Column("warnings", sa.JSON, nullable=False),
        sa.Column("findings", sa.JSON, nullable=False),
        sa.Column("problem", sa.JSON),
        sa.Column("pages", sa.Integer, nullable=False),
        sa.Column("content", sa.JSON),
        sa.Column("owner", sa.String(100), nullable=False),
        sa.Column("review_by", sa.String(10)),
        sa.Column("publish_on", sa.String(10)),
        sa.Column("expires_on", sa.String(10)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(100), nullable=False),
        sa.Column("edited_by", sa.String(100), nullable=False),
        sa.Column("submitted_by", sa.String(100), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True)),
        sa.Column("published_by", sa.String(100), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("remark", sa.Text, nullable=False),
    )
    op.create_index("ix_revision_served", "revision", ["key"], unique=True, sqlite_where=sa.text("state = 'published'"))

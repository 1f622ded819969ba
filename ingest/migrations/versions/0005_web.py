"""Web addresses that are watched, and links that are checked."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "watched",
        *_checked(),
        sa.Column("document", sa.String(200), index=True),
        sa.Column("etag", sa.Text),
        sa.Column("last_modified", sa.Text),
        sa.Column("digest", sa.String(64)),
        sa.Column("every_days", sa.Integer, nullable=False),
        sa.Column("added_by", sa.String(100), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table("link", *_checked())


def _checked() -> list[sa.Column[Any]]:
    return [
        sa.Column("url", sa.String(2100), primary_key=True),
        sa.Column("final_url", sa.Text),
        sa.Column("state", sa.String(10), nullable=False, index=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True)),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False, index=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True)),
        sa.Column("problem", sa.String(30)),
        sa.Column("status", sa.Integer),
    ]


def downgrade() -> None:
    op.drop_table("link")
    op.drop_table("watched")

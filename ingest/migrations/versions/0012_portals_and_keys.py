"""Portals with their origins, and the keys of programs."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "portal",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("closed", sa.Boolean, nullable=False),
        sa.Column("a_minute", sa.Integer),
        sa.Column("a_day", sa.Integer),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(100), nullable=False),
    )
    op.create_table(
        "portal_origin",
        sa.Column("origin", sa.String(300), primary_key=True),
        sa.Column(
            "portal", sa.String(40), sa.ForeignKey("portal.name", ondelete="CASCADE"), nullable=False, index=True
        ),
        sa.Column("closed", sa.Boolean, nullable=False),
    )
    op.create_table(
        "api_key",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("name", sa.String(40), nullable=False, unique=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("former", sa.String(64)),
        sa.Column("former_until", sa.DateTime(timezone=True)),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("a_minute", sa.Integer),
        sa.Column("a_day", sa.Integer),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(100), nullable=False),
        sa.Column("used_on", sa.String(10)),
    )


def downgrade() -> None:
    for table in ("api_key", "portal_origin", "portal"):
        op.drop_table(table)

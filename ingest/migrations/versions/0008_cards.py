"""Values of programme cards, and rulings on contradictions."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "card_programme",
        sa.Column("id", sa.String(190), primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        *_who_and_when(),
    )
    op.create_table(
        "card_value",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("target", sa.String(16), nullable=False, index=True),
        sa.Column("programme", sa.String(190), nullable=False, index=True),
        sa.Column("field", sa.String(20), nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("value", sa.JSON, nullable=False),
        sa.Column("unit", sa.String(20), nullable=False),
        sa.Column("as_of", sa.String(10)),
        sa.Column("quote", sa.Text, nullable=False),
        sa.Column("document", sa.String(200), nullable=False),
        sa.Column("passage", sa.String(230), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("url", sa.Text),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        *_who_and_when(),
    )
    op.create_table(
        "card_ruling",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("programme", sa.String(190), nullable=False, index=True),
        sa.Column("field", sa.String(20), nullable=False),
        sa.Column("first", sa.JSON, nullable=False),
        sa.Column("second", sa.JSON, nullable=False),
        sa.Column("verdict", sa.String(10), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        *_who_and_when(),
    )


def downgrade() -> None:
    for table in ("card_ruling", "card_value", "card_programme"):
        op.drop_table(table)


def _who_and_when() -> list[sa.Column]:  # type: ignore[type-arg]
    return [
        sa.Column("by", sa.String(100), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn", sa.Boolean, nullable=False, server_default=sa.false()),
    ]

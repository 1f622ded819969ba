"""What was read of the documents that are served: claims and values of heads, derived from their text."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "claim",
        sa.Column("revision", sa.Integer, sa.ForeignKey("revision.number", ondelete="CASCADE"), primary_key=True),
        sa.Column("rules", sa.String(64), nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("claim")

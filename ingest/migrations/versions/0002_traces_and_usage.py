"""How an answer was made, whether the visitor's words were taken out of it, and what language models cost."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("answer", sa.Column("trace", sa.JSON))
    op.add_column("answer", sa.Column("purged", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_index("ix_answer_purged_at", "answer", ["purged", "at"])
    op.create_table(
        "usage",
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("origin", sa.String(200), primary_key=True),
        sa.Column("tokens_in", sa.Integer, nullable=False),
        sa.Column("tokens_out", sa.Integer, nullable=False),
        sa.Column("euro", sa.Float, nullable=False),
        sa.Column("requests", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("usage")
    op.drop_index("ix_answer_purged_at", "answer")
    with op.batch_alter_table("answer") as table:
        table.drop_column("purged")
        table.drop_column("trace")

"""What people asked and did not get."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "gap",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("words", sa.JSON, nullable=False),
        sa.Column("leading", sa.String(32)),
        sa.Column("programme", sa.String(190)),
        sa.Column("named", sa.Boolean, nullable=False),
        sa.Column("vectors", sa.LargeBinary),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("state", sa.String(10), nullable=False, index=True),
        sa.Column("owner", sa.String(100), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("closed_by", sa.String(100), nullable=False),
        sa.Column("generation", sa.Integer),
        sa.Column("document", sa.String(200), nullable=False),
        sa.Column("replayed", sa.Integer, nullable=False),
        sa.Column("draft", sa.Integer),
        sa.Column("merged_into", sa.Integer),
    )
    op.create_table(
        "gap_question",
        sa.Column("answer_id", sa.String(32), primary_key=True),
        sa.Column("gap_id", sa.Integer, sa.ForeignKey("gap.id", ondelete="CASCADE"), nullable=False, index=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, index=True),
        sa.Column("week", sa.String(10), nullable=False, index=True),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("rated", sa.Boolean, nullable=False),
        sa.Column("programme", sa.String(190)),
        sa.Column("named", sa.Boolean, nullable=False),
        sa.Column("forgotten", sa.Boolean, nullable=False, index=True),
    )


def downgrade() -> None:
    op.drop_table("gap_question")
    op.drop_table("gap")

"""Answers that staff has validated, with every version of them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "pin",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("latest", sa.Integer, nullable=False),
        sa.Column("served", sa.Integer),
        sa.Column("validated_on", sa.String(10)),
        sa.Column("validated_by", sa.String(100)),
        sa.Column("review", sa.Text, nullable=False, server_default=""),
    )
    op.create_table(
        "pin_version",
        sa.Column("pin", sa.Integer, sa.ForeignKey("pin.number"), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(100), nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("pin_version")
    op.drop_table("pin")
    op.execute("DELETE FROM state WHERE name = 'pins'")

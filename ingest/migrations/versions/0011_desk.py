"""Who wrote a version, why it was published all the same or held back; what waits beside a public value or answer."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("revision", sa.Column("editors", sa.JSON, nullable=False, server_default="[]"))
    op.add_column("revision", sa.Column("overruled", sa.JSON))
    op.add_column("revision", sa.Column("held", sa.JSON))
    # Of drafts of before only the last editor is known.
    op.execute("UPDATE revision SET editors = json_array(edited_by) WHERE edited_by != ''")
    op.add_column("pin", sa.Column("wish", sa.Text, nullable=False, server_default=""))
    op.add_column("card_value", sa.Column("corrects", sa.String(16), nullable=False, server_default=""))
    op.add_column("gap", sa.Column("replayed_pins", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("gap", "replayed_pins")
    op.drop_column("card_value", "corrects")
    op.drop_column("pin", "wish")
    for name in ("held", "overruled", "editors"):
        op.drop_column("revision", name)

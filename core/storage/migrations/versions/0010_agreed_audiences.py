"""How many recipients a second person was asked about, and agreed to."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("broadcast", sa.Column("approved_for", sa.Integer(), nullable=True))
    op.add_column("broadcast", sa.Column("asked_for", sa.Integer(), nullable=True))
    # Of what is begun the frozen audience was agreed to; what is large and not begun is asked about again.
    op.execute(
        sa.text(
            "UPDATE broadcast SET approved_for = total "
            "WHERE approved_version = version AND started_at IS NOT NULL"
        )
    )


def downgrade() -> None:
    op.drop_column("broadcast", "asked_for")
    op.drop_column("broadcast", "approved_for")

"""How far the audit trail goes, beside it: entries that were cut off its end are missed."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_head",
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.CheckConstraint("place = 1", name=op.f("ck_audit_head_place")),
        sa.PrimaryKeyConstraint("place", name=op.f("pk_audit_head")),
    )
    op.execute(
        sa.text(
            "INSERT INTO audit_head (place, number, hash) "
            "SELECT 1, number, hash FROM audit ORDER BY number DESC LIMIT 1"
        )
    )


def downgrade() -> None:
    op.drop_table("audit_head")

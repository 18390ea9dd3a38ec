"""Parts of long SMS that were joined are known for a time, by whichever process they come to again."""

import sqlalchemy as sa
from alembic import op

from core.storage.types import Utc

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sms_part_joined",
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("joined_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("key", "number", "digest", name=op.f("pk_sms_part_joined")),
    )
    op.create_index(op.f("ix_sms_part_joined_joined_at"), "sms_part_joined", ["joined_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_sms_part_joined_joined_at"), table_name="sms_part_joined")
    op.drop_table("sms_part_joined")

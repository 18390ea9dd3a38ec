"""The register of numbers: which company a phone's number was given to."""

import sqlalchemy as sa
from alembic import op

from core.storage.types import Json, Utc

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "def_register",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("imported_at", Utc(), nullable=False),
        sa.Column("imported_by", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("ranges", sa.Integer(), nullable=False),
        sa.Column("holders", Json, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_def_register")),
    )


def downgrade() -> None:
    op.drop_table("def_register")

"""What SMSCs made of each part of an outgoing text, receipts that came too early, whose a part is."""

import sqlalchemy as sa
from alembic import op

from core.storage.types import Utc

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

STATES = ("queued", "sent", "delivered", "failed", "expired", "unknown")


def upgrade() -> None:
    op.create_table(
        "sms_submission",
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("trial", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("smsc", sa.String(length=64), nullable=False),
        sa.Column("bind", sa.String(length=80), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column(
            "state",
            sa.Enum(*STATES, name="state", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("message_id", sa.String(length=80), nullable=True),
        sa.Column("known_as", sa.String(length=80), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=120), nullable=True),
        sa.Column("receipt", sa.Boolean(name="receipt"), nullable=False),
        sa.Column("submitted_at", Utc(), nullable=False),
        sa.Column("settled_at", Utc(), nullable=True),
        sa.Column("ask_at", Utc(), nullable=True),
        sa.Column("asked", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_sms_submission_notice_id")),
        sa.PrimaryKeyConstraint("notice_id", "trial", "part", name=op.f("pk_sms_submission")),
    )
    op.create_index("ix_sms_submission_smsc_known_as", "sms_submission", ["smsc", "known_as"])
    op.create_index(
        "ix_sms_submission_ask_at",
        "sms_submission",
        ["ask_at"],
        sqlite_where=sa.text("ask_at IS NOT NULL"),
        postgresql_where=sa.text("ask_at IS NOT NULL"),
    )
    op.create_index(
        "ix_sms_submission_unknown",
        "sms_submission",
        ["submitted_at"],
        sqlite_where=sa.text("state = 'unknown'"),
        postgresql_where=sa.text("state = 'unknown'"),
    )
    op.create_table(
        "sms_receipt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("smsc", sa.String(length=64), nullable=False),
        sa.Column("known_as", sa.String(length=80), nullable=False),
        sa.Column("phone", sa.String(length=32), nullable=False),
        sa.Column(
            "state",
            sa.Enum(*STATES, name="state", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("reason", sa.String(length=120), nullable=False),
        sa.Column("received_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sms_receipt")),
    )
    op.create_index("ix_sms_receipt_phone", "sms_receipt", ["phone"])
    op.create_index("ix_sms_receipt_received_at", "sms_receipt", ["received_at"])
    op.create_index("ix_sms_receipt_smsc_known_as", "sms_receipt", ["smsc", "known_as"])
    with op.batch_alter_table("sms_part") as batch_op:
        batch_op.add_column(sa.Column("sender", sa.String(length=32), server_default="", nullable=False))
        batch_op.create_index(batch_op.f("ix_sms_part_sender"), ["sender"])


def downgrade() -> None:
    with op.batch_alter_table("sms_part") as batch_op:
        batch_op.drop_index(batch_op.f("ix_sms_part_sender"))
        batch_op.drop_column("sender")
    op.drop_table("sms_receipt")
    op.drop_table("sms_submission")

"""Reconciliation with the providers' registers; money that staff assign; the audit trail."""

import sqlalchemy as sa
from alembic import op

from core.storage.triggers import append_only
from core.storage.types import Json, Kopecks, Utc

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=160), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit")),
        sa.UniqueConstraint("key", name=op.f("uq_audit_key")),
    )
    op.create_table(
        "reconciliation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "running",
                "incomplete",
                "done",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(length=160), nullable=True),
        sa.Column("lines", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("finished_at", Utc(), nullable=True),
        sa.Column("next_at", Utc(), nullable=True),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("lease_until", Utc(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliation")),
        sa.UniqueConstraint("provider", "day", name=op.f("uq_reconciliation_provider_day")),
    )
    op.create_table(
        "difference",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "missing_here",
                "missing_there",
                "amount",
                "account",
                "currency",
                "merchant",
                "unknown_payment",
                "second_success",
                "held",
                "refund_missing_here",
                "refund_missing_there",
                "refund_amount",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("theirs", Json, nullable=True),
        sa.Column("ours", Json, nullable=True),
        sa.Column("first_seen_at", Utc(), nullable=False),
        sa.Column("last_seen_at", Utc(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open", "gone", "solved", name="state", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("solved_at", Utc(), nullable=True),
        sa.Column("solved_by", sa.String(length=64), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["reconciliation.id"], name=op.f("fk_difference_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_difference")),
        sa.UniqueConstraint(
            "provider", "kind", "reference", name=op.f("uq_difference_provider_kind_reference")
        ),
    )
    with op.batch_alter_table("difference", schema=None) as batch_op:
        batch_op.create_index(
            "ix_difference_open",
            ["provider", "reference"],
            unique=False,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )
        batch_op.create_index(batch_op.f("ix_difference_run_id"), ["run_id"], unique=False)

    op.create_table(
        "register_line",
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("payment", "refund", name="kind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("of", sa.String(length=64), nullable=True),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("total", Kopecks, nullable=False),
        sa.Column("vouched", Kopecks, nullable=True),
        sa.Column("currency", sa.String(length=8), nullable=False),
        sa.Column(
            "method",
            sa.Enum(
                "card", "sbp", "mobile", name="method", native_enum=False, create_constraint=True, length=32
            ),
            nullable=True,
        ),
        sa.Column("merchant", sa.String(length=64), nullable=True),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("seen_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["reconciliation.id"], name=op.f("fk_register_line_run_id")),
        sa.PrimaryKeyConstraint("provider", "kind", "reference", name=op.f("pk_register_line")),
    )
    with op.batch_alter_table("register_line", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_register_line_run_id_kind_reference"),
            ["run_id", "kind", "reference"],
            unique=False,
        )

    op.create_table(
        "assignment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("from_account", sa.Uuid(), nullable=True),
        sa.Column("to_account", sa.Uuid(), nullable=False),
        sa.Column("amount", Kopecks, nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_assignment_amount_positive")),
        sa.CheckConstraint(
            "from_account IS NULL OR from_account <> to_account", name=op.f("ck_assignment_two_accounts")
        ),
        sa.ForeignKeyConstraint(["from_account"], ["account.id"], name=op.f("fk_assignment_from_account")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_assignment_payment_id")),
        sa.ForeignKeyConstraint(["to_account"], ["account.id"], name=op.f("fk_assignment_to_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
        sa.UniqueConstraint("payment_id", name=op.f("uq_assignment_payment_id")),
    )
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_payment_provider_created_at"), ["provider", "created_at"], unique=False
        )
    for statement in append_only("audit", ("number", "key"), dialect=op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_payment_provider_created_at"))

    op.drop_table("assignment")
    with op.batch_alter_table("register_line", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_register_line_run_id_kind_reference"))

    op.drop_table("register_line")
    with op.batch_alter_table("difference", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_difference_run_id"))
        batch_op.drop_index(
            "ix_difference_open",
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )

    op.drop_table("difference")
    op.drop_table("reconciliation")
    op.drop_table("audit")

"""Providers: the fast payment system as a method, refunds."""

import sqlalchemy as sa
from alembic import op

from core.storage.triggers import append_only
from core.storage.types import Utc

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

METHODS, OLD_METHODS = ("card", "sbp", "mobile"), ("card", "mobile")
OLD_KINDS = ("opening", "top_up", "commission", "suspense", "fee", "correction", "reversal")
KINDS = (*OLD_KINDS, "refund")


def upgrade() -> None:
    _allow("top_up", "method", METHODS)
    _allow("payment", "method", METHODS)
    _allow("ledger_transfer", "kind", KINDS)
    op.create_table(
        "refund",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("provider_ref", sa.String(length=80), nullable=True),
        sa.Column("payment_ref", sa.String(length=64), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("amount", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "intent",
                "sending",
                "pending",
                "unknown",
                "waiting",
                "done",
                "declined",
                "held",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.Column("transfer_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("asked", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_at", Utc(), nullable=True),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("lease_until", Utc(), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_refund_amount_positive")),
        sa.CheckConstraint(
            "state <> 'done' OR transfer_id IS NOT NULL", name=op.f("ck_refund_done_is_booked")
        ),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_refund_payment_id")),
        sa.ForeignKeyConstraint(["transfer_id"], ["ledger_transfer.id"], name=op.f("fk_refund_transfer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund")),
        sa.UniqueConstraint("provider", "provider_ref", name=op.f("uq_refund_provider_provider_ref")),
    )
    op.create_index(op.f("ix_refund_payment_id"), "refund", ["payment_id"], unique=False)
    op.create_index(op.f("ix_refund_payment_ref"), "refund", ["payment_ref"], unique=False)
    unfinished = sa.text("state IN ('intent', 'sending', 'pending', 'unknown')")
    op.create_index(
        "ix_refund_unfinished",
        "refund",
        ["next_at"],
        unique=False,
        sqlite_where=unfinished,
        postgresql_where=unfinished,
    )


def downgrade() -> None:
    op.drop_table("refund")
    _allow("ledger_transfer", "kind", OLD_KINDS)
    _allow("payment", "method", OLD_METHODS)
    _allow("top_up", "method", OLD_METHODS)


def _allow(table: str, column: str, values: tuple[str, ...]) -> None:
    """Replace the CHECK that lists a column's values. SQLite copies the table and drops its triggers."""
    name = f"ck_{table}_{column}"
    listed = ", ".join(f"'{value}'" for value in values)
    with op.batch_alter_table(table) as batch:
        batch.drop_constraint(op.f(name), type_="check")
        batch.create_check_constraint(op.f(name), f"{column} IN ({listed})")
    if table == "ledger_transfer" and op.get_bind().dialect.name == "sqlite":
        for statement in append_only(table, ("id", "key", "reverses"), dialect="sqlite"):
            op.execute(statement)

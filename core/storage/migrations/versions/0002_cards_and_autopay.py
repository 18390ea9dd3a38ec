"""Saved cards, mandates, refunds, one-time codes by SMS."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.storage.triggers import append_only
from core.storage.types import Utc

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KINDS = "'opening', 'top_up', 'commission', 'suspense', 'fee', 'correction', 'reversal'"


def upgrade() -> None:
    op.create_table(
        "card",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum("telegram", "sms", name="channel", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("payer", sa.String(length=32), nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("mask", sa.String(length=32), nullable=False),
        sa.Column("expires", sa.Date(), nullable=True),
        sa.Column("is_default", sa.Boolean(name="is_default"), nullable=False),
        sa.Column("saved_by", sa.Uuid(), nullable=False),
        sa.Column("saved_at", Utc(), nullable=False),
        sa.Column("expiry_told", sa.Boolean(name="expiry_told"), server_default=sa.false(), nullable=False),
        sa.Column("revoked_at", Utc(), nullable=True),
        sa.Column("asked", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_at", Utc(), nullable=True),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("lease_until", Utc(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card")),
        sa.UniqueConstraint("saved_by", name=op.f("uq_card_saved_by")),
    )
    with op.batch_alter_table("card", schema=None) as batch_op:
        batch_op.create_index(
            "ix_card_expiring",
            ["expires"],
            unique=False,
            sqlite_where=sa.text("revoked_at IS NULL AND NOT expiry_told"),
            postgresql_where=sa.text("revoked_at IS NULL AND NOT expiry_told"),
        )
        batch_op.create_index(
            "ix_card_live",
            ["channel", "payer"],
            unique=False,
            sqlite_where=sa.text("revoked_at IS NULL"),
            postgresql_where=sa.text("revoked_at IS NULL"),
        )
        batch_op.create_index(
            "ix_card_unfinished",
            ["next_at"],
            unique=False,
            sqlite_where=sa.text("next_at IS NOT NULL"),
            postgresql_where=sa.text("next_at IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_card_default",
            ["channel", "payer"],
            unique=True,
            sqlite_where=sa.text("is_default AND revoked_at IS NULL"),
            postgresql_where=sa.text("is_default AND revoked_at IS NULL"),
        )

    op.create_table(
        "mandate",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum("telegram", "sms", name="channel", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("payer", sa.String(length=32), nullable=False),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column("card_id", sa.Uuid(), nullable=True),
        sa.Column("amount", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("every_days", sa.Integer(), nullable=True),
        sa.Column("month_day", sa.Integer(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("consent", sa.String(length=32), nullable=False),
        sa.Column("consented_at", Utc(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "requested",
                "active",
                "paused",
                "deleted",
                "ended",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("requested_at", Utc(), nullable=False),
        sa.Column("activated_at", Utc(), nullable=True),
        sa.Column("ended_at", Utc(), nullable=True),
        sa.Column("scheduled", sa.Date(), nullable=False),
        sa.Column("next_on", sa.Date(), nullable=True),
        sa.Column("warned_on", sa.Date(), nullable=True),
        sa.Column("warned_at", Utc(), nullable=True),
        sa.Column("retry_period", sa.Date(), nullable=True),
        sa.Column("retry_on", sa.Date(), nullable=True),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("failed_cycles", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_at", Utc(), nullable=True),
        sa.CheckConstraint(
            "state <> 'active' OR (card_id IS NOT NULL AND activated_at IS NOT NULL)",
            name=op.f("ck_mandate_active"),
        ),
        sa.CheckConstraint("(every_days IS NULL) <> (month_day IS NULL)", name=op.f("ck_mandate_one_period")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_mandate_amount_positive")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_mandate_account_id")),
        sa.ForeignKeyConstraint(["card_id"], ["card.id"], name=op.f("fk_mandate_card_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandate")),
    )
    with op.batch_alter_table("mandate", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mandate_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_mandate_card_id"), ["card_id"], unique=False)
        batch_op.create_index(
            "ix_mandate_requested",
            ["requested_at"],
            unique=False,
            sqlite_where=sa.text("state = 'requested'"),
            postgresql_where=sa.text("state = 'requested'"),
        )
        batch_op.create_index(
            "ix_mandate_unfinished",
            ["next_at"],
            unique=False,
            sqlite_where=sa.text("state = 'active' AND next_at IS NOT NULL"),
            postgresql_where=sa.text("state = 'active' AND next_at IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_mandate_live",
            ["account_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('requested', 'active', 'paused')"),
            postgresql_where=sa.text("state IN ('requested', 'active', 'paused')"),
        )

    op.create_table(
        "one_time_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum("telegram", "sms", name="channel", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("address", sa.String(length=32), nullable=False),
        sa.Column(
            "purpose",
            sa.Enum(
                "link",
                "autopay_connect",
                "autopay_raise",
                name="purpose",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("phone", sa.String(length=15), nullable=True),
        sa.Column("code_hash", sa.String(length=255), nullable=False),
        sa.Column(
            "facts",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("expires_at", Utc(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("ended_at", Utc(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_one_time_code_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_code")),
    )
    with op.batch_alter_table("one_time_code", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_one_time_code_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(
            "uq_one_time_code_open",
            ["channel", "address", "purpose"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "provider_mandate",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("last_on", sa.Date(), nullable=True),
        sa.Column("next_on", sa.Date(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "live", "deleting", "gone", name="state", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("seen_at", Utc(), nullable=False),
        sa.Column("asked", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_at", Utc(), nullable=True),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("lease_until", Utc(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_provider_mandate_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_mandate")),
        sa.UniqueConstraint("provider", "reference", name=op.f("uq_provider_mandate_provider_reference")),
    )
    with op.batch_alter_table("provider_mandate", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_provider_mandate_account_id"), ["account_id"], unique=False)
        batch_op.create_index(
            "ix_provider_mandate_unfinished",
            ["next_at"],
            unique=False,
            sqlite_where=sa.text("state = 'deleting'"),
            postgresql_where=sa.text("state = 'deleting'"),
        )

    op.create_table(
        "mandate_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("mandate_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "requested",
                "active",
                "paused",
                "deleted",
                "ended",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("why", sa.String(length=160), nullable=False),
        sa.ForeignKeyConstraint(["mandate_id"], ["mandate.id"], name=op.f("fk_mandate_event_mandate_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandate_event")),
    )
    with op.batch_alter_table("mandate_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mandate_event_mandate_id"), ["mandate_id"], unique=False)

    op.create_table(
        "mandate_charge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("mandate_id", sa.Uuid(), nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "intent",
                "sending",
                "pending",
                "unknown",
                "paid",
                "declined",
                "cancelled",
                "held",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("sending_at", Utc(), nullable=True),
        sa.ForeignKeyConstraint(["mandate_id"], ["mandate.id"], name=op.f("fk_mandate_charge_mandate_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_mandate_charge_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandate_charge")),
        sa.UniqueConstraint(
            "mandate_id", "period", "attempt", name=op.f("uq_mandate_charge_mandate_id_period_attempt")
        ),
        sa.UniqueConstraint("payment_id", name=op.f("uq_mandate_charge_payment_id")),
    )
    with op.batch_alter_table("mandate_charge", schema=None) as batch_op:
        batch_op.create_index(
            "uq_mandate_charge_period",
            ["mandate_id", "period"],
            unique=True,
            sqlite_where=sa.text("state IN ('intent', 'sending', 'pending', 'unknown', 'paid')"),
            postgresql_where=sa.text("state IN ('intent', 'sending', 'pending', 'unknown', 'paid')"),
        )

    op.create_table(
        "refund",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("provider_ref", sa.String(length=64), nullable=True),
        sa.Column("amount", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "intent",
                "sending",
                "pending",
                "unknown",
                "done",
                "declined",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("why", sa.String(length=64), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("asked", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_at", Utc(), nullable=True),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("lease_until", Utc(), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_refund_amount_positive")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_refund_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund")),
        sa.UniqueConstraint("provider", "provider_ref", name=op.f("uq_refund_provider_provider_ref")),
    )
    with op.batch_alter_table("refund", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_refund_payment_id"), ["payment_id"], unique=False)
        batch_op.create_index(
            "ix_refund_unfinished",
            ["next_at"],
            unique=False,
            sqlite_where=sa.text("state IN ('intent', 'sending', 'pending', 'unknown')"),
            postgresql_where=sa.text("state IN ('intent', 'sending', 'pending', 'unknown')"),
        )

    with op.batch_alter_table("link", schema=None) as batch_op:
        batch_op.add_column(sa.Column("phone", sa.String(length=15), nullable=True))

    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("card_id", sa.Uuid(), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_payment_card_id"), "card", ["card_id"], ["id"])

    with op.batch_alter_table("top_up", schema=None) as batch_op:
        batch_op.add_column(sa.Column("card_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("mandate_id", sa.Uuid(), nullable=True))
        batch_op.add_column(
            sa.Column("save_card", sa.Boolean(name="save_card"), server_default=sa.false(), nullable=False)
        )
        batch_op.create_foreign_key(batch_op.f("fk_top_up_card_id"), "card", ["card_id"], ["id"])
        batch_op.create_foreign_key(batch_op.f("fk_top_up_mandate_id"), "mandate", ["mandate_id"], ["id"])

    _kinds_of_transfers(_KINDS + ", 'refund'")
    _guard("mandate_event", ("id",))


def downgrade() -> None:
    # Refunds stay in the book: where there are some, the old CHECK refuses to come back.
    _kinds_of_transfers(_KINDS)

    with op.batch_alter_table("top_up", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_top_up_mandate_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_top_up_card_id"), type_="foreignkey")
        batch_op.drop_column("save_card")
        batch_op.drop_column("mandate_id")
        batch_op.drop_column("card_id")

    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_payment_card_id"), type_="foreignkey")
        batch_op.drop_column("card_id")

    with op.batch_alter_table("link", schema=None) as batch_op:
        batch_op.drop_column("phone")

    with op.batch_alter_table("refund", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_refund_unfinished",
            sqlite_where=sa.text("state IN ('intent', 'sending', 'pending', 'unknown')"),
            postgresql_where=sa.text("state IN ('intent', 'sending', 'pending', 'unknown')"),
        )
        batch_op.drop_index(batch_op.f("ix_refund_payment_id"))

    op.drop_table("refund")
    with op.batch_alter_table("mandate_charge", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_mandate_charge_period",
            sqlite_where=sa.text("state IN ('intent', 'sending', 'pending', 'unknown', 'paid')"),
            postgresql_where=sa.text("state IN ('intent', 'sending', 'pending', 'unknown', 'paid')"),
        )

    op.drop_table("mandate_charge")
    with op.batch_alter_table("mandate_event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mandate_event_mandate_id"))

    op.drop_table("mandate_event")
    with op.batch_alter_table("provider_mandate", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_provider_mandate_unfinished",
            sqlite_where=sa.text("state = 'deleting'"),
            postgresql_where=sa.text("state = 'deleting'"),
        )
        batch_op.drop_index(batch_op.f("ix_provider_mandate_account_id"))

    op.drop_table("provider_mandate")
    with op.batch_alter_table("one_time_code", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_one_time_code_open",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_one_time_code_expires_at"))

    op.drop_table("one_time_code")
    with op.batch_alter_table("mandate", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_mandate_live",
            sqlite_where=sa.text("state IN ('requested', 'active', 'paused')"),
            postgresql_where=sa.text("state IN ('requested', 'active', 'paused')"),
        )
        batch_op.drop_index(
            "ix_mandate_unfinished",
            sqlite_where=sa.text("state = 'active' AND next_at IS NOT NULL"),
            postgresql_where=sa.text("state = 'active' AND next_at IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_mandate_requested",
            sqlite_where=sa.text("state = 'requested'"),
            postgresql_where=sa.text("state = 'requested'"),
        )
        batch_op.drop_index(batch_op.f("ix_mandate_card_id"))
        batch_op.drop_index(batch_op.f("ix_mandate_account_id"))

    op.drop_table("mandate")
    with op.batch_alter_table("card", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_card_default",
            sqlite_where=sa.text("is_default AND revoked_at IS NULL"),
            postgresql_where=sa.text("is_default AND revoked_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_card_unfinished",
            sqlite_where=sa.text("next_at IS NOT NULL"),
            postgresql_where=sa.text("next_at IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_card_live",
            sqlite_where=sa.text("revoked_at IS NULL"),
            postgresql_where=sa.text("revoked_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_card_expiring",
            sqlite_where=sa.text("revoked_at IS NULL AND NOT expiry_told"),
            postgresql_where=sa.text("revoked_at IS NULL AND NOT expiry_told"),
        )

    op.drop_table("card")


def _kinds_of_transfers(kinds: str) -> None:
    with op.batch_alter_table("ledger_transfer") as batch_op:
        batch_op.drop_constraint(op.f("ck_ledger_transfer_kind"), type_="check")
        batch_op.create_check_constraint(op.f("ck_ledger_transfer_kind"), f"kind IN ({kinds})")
    if op.get_bind().dialect.name == "sqlite":
        # Batch ALTER has copied the table and dropped its triggers with the old one.
        _guard("ledger_transfer", ("id", "key", "reverses"))


def _guard(table: str, unique: tuple[str, ...]) -> None:
    for statement in append_only(table, unique, dialect=op.get_bind().dialect.name):
        op.execute(statement)

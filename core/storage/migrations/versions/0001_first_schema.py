"""First schema: accounts, ledger, top-ups, payments, messages."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.storage.triggers import append_only
from core.storage.types import Utc

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = {"ledger_transfer": ("id", "key", "reverses"), "top_up_event": ("id",)}


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=10), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("city", sa.Text(), nullable=False),
        sa.Column("street", sa.Text(), nullable=False),
        sa.Column("house", sa.Text(), nullable=False),
        sa.Column("flat", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("tariff", sa.String(length=64), nullable=True),
        sa.Column("tariff_next", sa.String(length=64), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "active",
                "blocked",
                "voluntarily_blocked",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("accrued_until", Utc(), nullable=False),
        sa.Column("negative_since", sa.Date(), nullable=True),
        sa.Column("runs_out_at", Utc(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("login", name=op.f("uq_account_login")),
        sa.UniqueConstraint("number", name=op.f("uq_account_number")),
    )
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_account_accrued_until"), ["accrued_until"], unique=False)
        batch_op.create_index(batch_op.f("ix_account_runs_out_at"), ["runs_out_at"], unique=False)

    op.create_table(
        "incoming",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum("telegram", "sms", name="channel", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("external_id", sa.String(length=160), nullable=False),
        sa.Column("sender", sa.String(length=32), nullable=False),
        sa.Column(
            "payload",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "new", "done", "failed", name="state", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("outcome", sa.String(length=64), nullable=True),
        sa.Column("received_at", Utc(), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_until", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incoming")),
        sa.UniqueConstraint(
            "channel", "source", "external_id", name=op.f("uq_incoming_channel_source_external_id")
        ),
    )
    with op.batch_alter_table("incoming", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_incoming_channel_sender_received_at"),
            ["channel", "sender", "received_at"],
            unique=False,
        )
        batch_op.create_index(
            "ix_incoming_unfinished",
            ["channel", "lease_until"],
            unique=False,
            sqlite_where=sa.text("state = 'new'"),
            postgresql_where=sa.text("state = 'new'"),
        )

    op.create_table(
        "ledger_account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "subscriber",
                "clearing",
                "revenue",
                "commission",
                "suspense",
                "opening",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("balance", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "version",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            server_default=sa.text("0"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(kind = 'subscriber') = (balance IS NOT NULL)", name=op.f("ck_ledger_account_materialised")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_account")),
        sa.UniqueConstraint("name", name=op.f("uq_ledger_account_name")),
    )
    op.create_table(
        "limit_hit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.String(length=160), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_limit_hit")),
    )
    with op.batch_alter_table("limit_hit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_limit_hit_subject_at"), ["subject", "at"], unique=False)

    op.create_table(
        "provider_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("event_key", sa.String(length=160), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "new",
                "applied",
                "refused",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.Column("received_at", Utc(), nullable=False),
        sa.Column("next_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_event")),
        sa.UniqueConstraint("provider", "event_key", name=op.f("uq_provider_event_provider_event_key")),
    )
    with op.batch_alter_table("provider_event", schema=None) as batch_op:
        batch_op.create_index(
            "ix_provider_event_unfinished",
            ["next_at"],
            unique=False,
            sqlite_where=sa.text("state = 'new'"),
            postgresql_where=sa.text("state = 'new'"),
        )

    op.create_table(
        "sms_part",
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column(
            "payload",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("received_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("key", "number", name=op.f("pk_sms_part")),
    )
    with op.batch_alter_table("sms_part", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sms_part_received_at"), ["received_at"], unique=False)

    op.create_table(
        "account_phone",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("msisdn", sa.String(length=15), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_account_phone_account_id")),
        sa.PrimaryKeyConstraint("account_id", "msisdn", name=op.f("pk_account_phone")),
    )
    with op.batch_alter_table("account_phone", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_account_phone_msisdn"), ["msisdn"], unique=False)

    op.create_table(
        "ledger_transfer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("debit", sa.Uuid(), nullable=False),
        sa.Column("credit", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "opening",
                "top_up",
                "commission",
                "suspense",
                "fee",
                "correction",
                "reversal",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("reverses", sa.Uuid(), nullable=True),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("at", Utc(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_ledger_transfer_amount_positive")),
        sa.CheckConstraint("debit <> credit", name=op.f("ck_ledger_transfer_two_accounts")),
        sa.ForeignKeyConstraint(["credit"], ["ledger_account.id"], name=op.f("fk_ledger_transfer_credit")),
        sa.ForeignKeyConstraint(["debit"], ["ledger_account.id"], name=op.f("fk_ledger_transfer_debit")),
        sa.ForeignKeyConstraint(
            ["reverses"], ["ledger_transfer.id"], name=op.f("fk_ledger_transfer_reverses")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_transfer")),
        sa.UniqueConstraint("key", name=op.f("uq_ledger_transfer_key")),
        sa.UniqueConstraint("reverses", name=op.f("uq_ledger_transfer_reverses")),
    )
    with op.batch_alter_table("ledger_transfer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ledger_transfer_credit_at"), ["credit", "at"], unique=False)
        batch_op.create_index(batch_op.f("ix_ledger_transfer_debit_at"), ["debit", "at"], unique=False)
        batch_op.create_index(
            "ix_ledger_transfer_payment",
            ["payment_id"],
            unique=False,
            sqlite_where=sa.text("payment_id IS NOT NULL"),
            postgresql_where=sa.text("payment_id IS NOT NULL"),
        )

    op.create_table(
        "link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum("telegram", "sms", name="channel", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("address", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column(
            "access",
            sa.Enum("full", "read", name="access", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("linked_at", Utc(), nullable=False),
        sa.Column("ended_at", Utc(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_link_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link")),
    )
    with op.batch_alter_table("link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_link_account_id"), ["account_id"], unique=False)
        batch_op.create_index(
            "uq_link_live",
            ["channel", "address", "account_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "link_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column(
            "channel",
            sa.Enum("telegram", "sms", name="channel", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("address", sa.String(length=32), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("expires_at", Utc(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("code_hash", sa.String(length=255), nullable=True),
        sa.Column("code_expires_at", Utc(), nullable=True),
        sa.Column("code_tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("ended_at", Utc(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_link_request_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_request")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_link_request_token_hash")),
    )
    with op.batch_alter_table("link_request", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_link_request_channel_address"), ["channel", "address"], unique=False
        )

    op.create_table(
        "notice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("dedupe_key", sa.String(length=160), nullable=False),
        sa.Column("incoming_id", sa.Uuid(), nullable=True),
        sa.Column(
            "channel",
            sa.Enum("telegram", "sms", name="channel", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("address", sa.String(length=32), nullable=False),
        sa.Column("template", sa.String(length=64), nullable=False),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column(
            "params",
            sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql"),
            nullable=False,
        ),
        sa.Column("edit", sa.String(length=32), nullable=True),
        sa.Column(
            "lane",
            sa.Enum("people", "bulk", name="lane", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "due",
                "taken",
                "sent",
                "delivered",
                "failed",
                "uncertain",
                "expired",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(length=120), nullable=True),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("repeat", sa.Boolean(name="repeat"), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("next_at", Utc(), nullable=False),
        sa.Column("expires_at", Utc(), nullable=True),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("lease_until", Utc(), nullable=True),
        sa.Column("provider_id", sa.String(length=80), nullable=True),
        sa.Column("sent_at", Utc(), nullable=True),
        sa.ForeignKeyConstraint(["incoming_id"], ["incoming.id"], name=op.f("fk_notice_incoming_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_notice_dedupe_key")),
        sa.UniqueConstraint("incoming_id", name=op.f("uq_notice_incoming_id")),
    )
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_notice_channel_address_created_at"),
            ["channel", "address", "created_at"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_notice_provider_id"), ["provider_id"], unique=False)
        batch_op.create_index(
            "ix_notice_unfinished",
            ["channel", "next_at"],
            unique=False,
            sqlite_where=sa.text("state IN ('due', 'taken')"),
            postgresql_where=sa.text("state IN ('due', 'taken')"),
        )

    op.create_table(
        "subscriber",
        sa.Column(
            "channel",
            sa.Enum("telegram", "sms", name="channel", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("address", sa.String(length=32), nullable=False),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column("locale_chosen", sa.Boolean(name="locale_chosen"), nullable=False),
        sa.Column("current_account", sa.Uuid(), nullable=True),
        sa.Column("reachable", sa.Boolean(name="reachable"), nullable=False),
        sa.Column("stopped", sa.Boolean(name="stopped"), nullable=False),
        sa.Column("first_seen_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(
            ["current_account"], ["account.id"], name=op.f("fk_subscriber_current_account")
        ),
        sa.PrimaryKeyConstraint("channel", "address", name=op.f("pk_subscriber")),
    )
    op.create_table(
        "top_up",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum("telegram", "sms", name="channel", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("payer", sa.String(length=32), nullable=False),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column(
            "method",
            sa.Enum("card", "mobile", name="method", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("operator", sa.String(length=32), nullable=True),
        sa.Column("amount", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("commission", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("total", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("commission_from", sa.Boolean(name="commission_from"), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "quoted",
                "confirmed",
                "paid",
                "declined",
                "unknown",
                "expired",
                "cancelled",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("needs_sum", sa.Boolean(name="needs_sum"), nullable=False),
        sa.Column("code", sa.String(length=8), nullable=True),
        sa.Column("screen", sa.String(length=32), nullable=True),
        sa.Column("quoted_by", sa.Uuid(), nullable=True),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("expires_at", Utc(), nullable=False),
        sa.CheckConstraint("amount > 0 AND commission >= 0 AND total >= amount", name=op.f("ck_top_up_sums")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_top_up_account_id")),
        sa.ForeignKeyConstraint(["confirmed_by"], ["incoming.id"], name=op.f("fk_top_up_confirmed_by")),
        sa.ForeignKeyConstraint(["quoted_by"], ["incoming.id"], name=op.f("fk_top_up_quoted_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_top_up")),
        sa.UniqueConstraint("confirmed_by", name=op.f("uq_top_up_confirmed_by")),
        sa.UniqueConstraint("quoted_by", name=op.f("uq_top_up_quoted_by")),
    )
    with op.batch_alter_table("top_up", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_top_up_account_id_created_at"), ["account_id", "created_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_top_up_channel_payer_created_at"), ["channel", "payer", "created_at"], unique=False
        )
        batch_op.create_index(
            "ix_top_up_unfinished",
            ["expires_at"],
            unique=False,
            sqlite_where=sa.text("state = 'quoted'"),
            postgresql_where=sa.text("state = 'quoted'"),
        )
        batch_op.create_index(
            "uq_top_up_open_sms",
            ["payer"],
            unique=True,
            sqlite_where=sa.text("channel = 'sms' AND state = 'quoted'"),
            postgresql_where=sa.text("channel = 'sms' AND state = 'quoted'"),
        )

    op.create_table(
        "payment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("top_up_id", sa.Uuid(), nullable=True),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("provider_ref", sa.String(length=64), nullable=True),
        sa.Column(
            "method",
            sa.Enum("card", "mobile", name="method", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("total", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "intent",
                "sending",
                "pending",
                "unknown",
                "succeeded",
                "held",
                "declined",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(length=64), nullable=True),
        sa.Column("checkout_url", sa.Text(), nullable=True),
        sa.Column("card_mask", sa.String(length=32), nullable=True),
        sa.Column("transfer_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("asked", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_at", Utc(), nullable=True),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("lease_until", Utc(), nullable=True),
        sa.CheckConstraint(
            "state NOT IN ('succeeded', 'held') OR transfer_id IS NOT NULL",
            name=op.f("ck_payment_success_is_booked"),
        ),
        sa.ForeignKeyConstraint(["top_up_id"], ["top_up.id"], name=op.f("fk_payment_top_up_id")),
        sa.ForeignKeyConstraint(["transfer_id"], ["ledger_transfer.id"], name=op.f("fk_payment_transfer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        sa.UniqueConstraint("provider", "provider_ref", name=op.f("uq_payment_provider_provider_ref")),
    )
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_payment_top_up_id"), ["top_up_id"], unique=False)
        batch_op.create_index(
            "ix_payment_unfinished",
            ["next_at"],
            unique=False,
            sqlite_where=sa.text("state IN ('intent', 'sending', 'pending', 'unknown')"),
            postgresql_where=sa.text("state IN ('intent', 'sending', 'pending', 'unknown')"),
        )
        batch_op.create_index(
            "uq_payment_live",
            ["top_up_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('intent', 'sending', 'pending', 'unknown')"),
            postgresql_where=sa.text("state IN ('intent', 'sending', 'pending', 'unknown')"),
        )

    op.create_table(
        "top_up_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("top_up_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "quoted",
                "confirmed",
                "paid",
                "declined",
                "unknown",
                "expired",
                "cancelled",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("why", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["top_up_id"], ["top_up.id"], name=op.f("fk_top_up_event_top_up_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_top_up_event")),
    )
    with op.batch_alter_table("top_up_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_top_up_event_top_up_id"), ["top_up_id"], unique=False)
    for table, unique in APPEND_ONLY.items():
        for statement in append_only(table, unique, dialect=op.get_bind().dialect.name):
            op.execute(statement)


def downgrade() -> None:
    with op.batch_alter_table("top_up_event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_top_up_event_top_up_id"))

    op.drop_table("top_up_event")
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_payment_live",
            sqlite_where=sa.text("state IN ('intent', 'sending', 'pending', 'unknown')"),
            postgresql_where=sa.text("state IN ('intent', 'sending', 'pending', 'unknown')"),
        )
        batch_op.drop_index(
            "ix_payment_unfinished",
            sqlite_where=sa.text("state IN ('intent', 'sending', 'pending', 'unknown')"),
            postgresql_where=sa.text("state IN ('intent', 'sending', 'pending', 'unknown')"),
        )
        batch_op.drop_index(batch_op.f("ix_payment_top_up_id"))

    op.drop_table("payment")
    with op.batch_alter_table("top_up", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_top_up_open_sms",
            sqlite_where=sa.text("channel = 'sms' AND state = 'quoted'"),
            postgresql_where=sa.text("channel = 'sms' AND state = 'quoted'"),
        )
        batch_op.drop_index(
            "ix_top_up_unfinished",
            sqlite_where=sa.text("state = 'quoted'"),
            postgresql_where=sa.text("state = 'quoted'"),
        )
        batch_op.drop_index(batch_op.f("ix_top_up_channel_payer_created_at"))
        batch_op.drop_index(batch_op.f("ix_top_up_account_id_created_at"))

    op.drop_table("top_up")
    op.drop_table("subscriber")
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_notice_unfinished",
            sqlite_where=sa.text("state IN ('due', 'taken')"),
            postgresql_where=sa.text("state IN ('due', 'taken')"),
        )
        batch_op.drop_index(batch_op.f("ix_notice_provider_id"))
        batch_op.drop_index(batch_op.f("ix_notice_channel_address_created_at"))

    op.drop_table("notice")
    with op.batch_alter_table("link_request", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_link_request_channel_address"))

    op.drop_table("link_request")
    with op.batch_alter_table("link", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_link_live",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_link_account_id"))

    op.drop_table("link")
    with op.batch_alter_table("ledger_transfer", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_ledger_transfer_payment",
            sqlite_where=sa.text("payment_id IS NOT NULL"),
            postgresql_where=sa.text("payment_id IS NOT NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_ledger_transfer_debit_at"))
        batch_op.drop_index(batch_op.f("ix_ledger_transfer_credit_at"))

    op.drop_table("ledger_transfer")
    with op.batch_alter_table("account_phone", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_account_phone_msisdn"))

    op.drop_table("account_phone")
    with op.batch_alter_table("sms_part", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sms_part_received_at"))

    op.drop_table("sms_part")
    with op.batch_alter_table("provider_event", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_provider_event_unfinished",
            sqlite_where=sa.text("state = 'new'"),
            postgresql_where=sa.text("state = 'new'"),
        )

    op.drop_table("provider_event")
    with op.batch_alter_table("limit_hit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_limit_hit_subject_at"))

    op.drop_table("limit_hit")
    op.drop_table("ledger_account")
    with op.batch_alter_table("incoming", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_incoming_unfinished",
            sqlite_where=sa.text("state = 'new'"),
            postgresql_where=sa.text("state = 'new'"),
        )
        batch_op.drop_index(batch_op.f("ix_incoming_channel_sender_received_at"))

    op.drop_table("incoming")
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_account_runs_out_at"))
        batch_op.drop_index(batch_op.f("ix_account_accrued_until"))

    op.drop_table("account")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION aliance_append_only()")

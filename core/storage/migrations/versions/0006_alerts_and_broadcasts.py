"""Alerts and broadcasts: settings and episodes, staff and consents, and what a notice is sent for."""

import sqlalchemy as sa
from alembic import op

from core.storage.types import Json, Utc

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

OLD_STATES = ("due", "taken", "sent", "delivered", "failed", "uncertain", "expired")
STATES = (*OLD_STATES, "cancelled")
OF_BROADCASTS = {
    "ix_notice_broadcast": (
        ["broadcast_id", "state", "id"],
        "broadcast_id IS NOT NULL AND parent_id IS NULL",
    ),
    "ix_notice_broadcast_later": (
        ["broadcast_id", "template", "state"],
        "broadcast_id IS NOT NULL AND parent_id IS NOT NULL",
    ),
    "ix_notice_broadcast_sent": (["broadcast_id", "sent_at"], "broadcast_id IS NOT NULL"),
}


def upgrade() -> None:
    op.create_table(
        "broadcast",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "service", "advertising", name="kind", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "waiting",
                "scheduled",
                "freezing",
                "running",
                "paused",
                "cancelling",
                "cancelled",
                "done",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "reach",
            sa.Enum(
                "telegram",
                "sms",
                "telegram_else_sms",
                name="reach",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("texts", Json, nullable=False),
        sa.Column("audience", Json, nullable=False),
        sa.Column("urgent", sa.Boolean(name="urgent"), server_default=sa.false(), nullable=False),
        sa.Column("lives_seconds", sa.Integer(), nullable=True),
        sa.Column("sms_most", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("written_by", sa.String(length=64), nullable=False),
        sa.Column("created_at", Utc(), nullable=False),
        sa.Column("approved_by", sa.String(length=64), nullable=True),
        sa.Column("approved_version", sa.Integer(), nullable=True),
        sa.Column("start_at", Utc(), nullable=True),
        sa.Column("started_at", Utc(), nullable=True),
        sa.Column("each_account", sa.Boolean(name="each_account"), server_default=sa.false(), nullable=False),
        sa.Column("frozen_to", sa.Uuid(), nullable=True),
        sa.Column("total", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("expires_at", Utc(), nullable=True),
        sa.Column("finished_at", Utc(), nullable=True),
        sa.CheckConstraint("sms_most IS NULL OR sms_most >= 0", name=op.f("ck_broadcast_sms_most")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcast")),
        sa.UniqueConstraint("number", name=op.f("uq_broadcast_number")),
    )
    with op.batch_alter_table("broadcast") as batch_op:
        batch_op.create_index(
            "ix_broadcast_unfinished",
            ["start_at"],
            unique=False,
            sqlite_where=sa.text("state IN ('scheduled', 'freezing', 'running', 'paused', 'cancelling')"),
            postgresql_where=sa.text("state IN ('scheduled', 'freezing', 'running', 'paused', 'cancelling')"),
        )

    op.create_table(
        "consent",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum("telegram", "sms", name="channel", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("address", sa.String(length=32), nullable=False),
        sa.Column("given_at", Utc(), nullable=False),
        sa.Column("how", sa.String(length=64), nullable=False),
        sa.Column("ended_at", Utc(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    with op.batch_alter_table("consent") as batch_op:
        batch_op.create_index(
            "uq_consent_live",
            ["channel", "address"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "sms_budget",
        sa.Column("purpose", sa.String(length=64), nullable=False),
        sa.Column("segments", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("segments >= 0", name=op.f("ck_sms_budget_segments")),
        sa.PrimaryKeyConstraint("purpose", name=op.f("pk_sms_budget")),
    )
    op.create_table(
        "staff",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("telegram", sa.String(length=32), nullable=True),
        sa.Column(
            "role",
            sa.Enum(
                "viewer",
                "sender",
                "approver",
                "admin",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("added_at", Utc(), nullable=False),
        sa.Column("ended_at", Utc(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("name", name=op.f("uq_staff_name")),
    )
    with op.batch_alter_table("staff") as batch_op:
        batch_op.create_index(
            "uq_staff_telegram",
            ["telegram"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "alert_episode",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("opened_at", Utc(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("closed_at", Utc(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_alert_episode_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_episode")),
    )
    with op.batch_alter_table("alert_episode") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_alert_episode_account_id_opened_at"), ["account_id", "opened_at"], unique=False
        )
        batch_op.create_index(
            "uq_alert_episode_open",
            ["account_id", "kind"],
            unique=True,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )

    op.create_table(
        "alert_setting",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("telegram", sa.Boolean(name="telegram"), nullable=False),
        sa.Column(
            "sms",
            sa.Enum(
                "never",
                "without_telegram",
                "always",
                name="sms",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("changed_at", Utc(), nullable=False),
        sa.Column("changed_by", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_alert_setting_account_id")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_alert_setting")),
    )
    op.create_table(
        "broadcast_account",
        sa.Column("broadcast_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_broadcast_account_account_id")),
        sa.ForeignKeyConstraint(
            ["broadcast_id"], ["broadcast.id"], name=op.f("fk_broadcast_account_broadcast_id")
        ),
        sa.PrimaryKeyConstraint("broadcast_id", "account_id", name=op.f("pk_broadcast_account")),
    )
    with op.batch_alter_table("account") as batch_op:
        batch_op.add_column(sa.Column("alert_at", Utc(), nullable=True))
        batch_op.add_column(sa.Column("alerts", sa.Integer(), server_default=sa.text("0"), nullable=False))
        batch_op.add_column(sa.Column("watch", Json, nullable=True))
        batch_op.create_index(
            "ix_account_alert_at",
            ["alert_at"],
            unique=False,
            sqlite_where=sa.text("alert_at IS NOT NULL"),
            postgresql_where=sa.text("alert_at IS NOT NULL"),
        )

    # Each is looked at once, by the pass itself: what its next moment is only the core can say.
    op.execute(
        sa.text("UPDATE account SET alert_at = accrued_until WHERE state = 'active' AND tariff IS NOT NULL")
    )

    with op.batch_alter_table("notice") as batch_op:
        batch_op.add_column(sa.Column("account_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("broadcast_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("parent_id", sa.Uuid(), nullable=True))
        batch_op.add_column(
            sa.Column("quiet", sa.Boolean(name="quiet"), server_default=sa.false(), nullable=False)
        )
        batch_op.drop_index(
            batch_op.f("ix_notice_unfinished"), sqlite_where=sa.text("state IN ('due', 'taken')")
        )
        batch_op.create_index(
            "ix_notice_unfinished",
            ["channel", "lane", "broadcast_id", "next_at"],
            unique=False,
            sqlite_where=sa.text("state IN ('due', 'taken')"),
            postgresql_where=sa.text("state IN ('due', 'taken')"),
        )
        batch_op.create_index(
            "ix_notice_alert",
            ["account_id"],
            unique=False,
            sqlite_where=sa.text("account_id IS NOT NULL AND state IN ('due', 'taken')"),
            postgresql_where=sa.text("account_id IS NOT NULL AND state IN ('due', 'taken')"),
        )
        for name, (columns, where) in OF_BROADCASTS.items():
            batch_op.create_index(
                name, columns, unique=False, sqlite_where=sa.text(where), postgresql_where=sa.text(where)
            )
        batch_op.create_index(
            "ix_notice_taken",
            ["channel", "lane", "lease_until"],
            unique=False,
            sqlite_where=sa.text("state = 'taken'"),
            postgresql_where=sa.text("state = 'taken'"),
        )
        batch_op.create_index(
            "ix_notice_broadcast_any",
            ["broadcast_id", "state"],
            unique=False,
            sqlite_where=sa.text("broadcast_id IS NOT NULL"),
            postgresql_where=sa.text("broadcast_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_notice_parent",
            ["parent_id"],
            unique=False,
            sqlite_where=sa.text("parent_id IS NOT NULL"),
            postgresql_where=sa.text("parent_id IS NOT NULL"),
        )
        batch_op.drop_constraint(op.f("ck_notice_state"), type_="check")
        batch_op.create_check_constraint(op.f("ck_notice_state"), _listed(STATES))
        batch_op.create_foreign_key(
            batch_op.f("fk_notice_broadcast_id"), "broadcast", ["broadcast_id"], ["id"]
        )
        batch_op.create_foreign_key(batch_op.f("fk_notice_account_id"), "account", ["account_id"], ["id"])
        batch_op.create_foreign_key(batch_op.f("fk_notice_parent_id"), "notice", ["parent_id"], ["id"])
    _create_orders()
    # The people of an account, found by it also where there are no statistics yet.
    op.drop_index("ix_link_account_id", "link")
    op.create_index(
        "ix_link_account",
        "link",
        ["account_id", "channel", "address"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _create_orders() -> None:
    op.create_table(
        "broadcast_order",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("broadcast_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "retry", "edit", "recall", name="kind", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column(
            "picks",
            sa.Enum(*STATES, name="picks", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("reasons", Json, nullable=True),
        sa.Column("texts", Json, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("begun_at", Utc(), nullable=True),
        sa.Column("done_to", sa.Uuid(), nullable=True),
        sa.Column("made", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("left_out", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("finished_at", Utc(), nullable=True),
        sa.ForeignKeyConstraint(
            ["broadcast_id"], ["broadcast.id"], name=op.f("fk_broadcast_order_broadcast_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcast_order")),
    )
    with op.batch_alter_table("broadcast_order") as batch_op:
        batch_op.create_index(batch_op.f("ix_broadcast_order_broadcast_id"), ["broadcast_id"], unique=False)
        batch_op.create_index(
            "ix_broadcast_order_unfinished",
            ["broadcast_id", "at"],
            unique=False,
            sqlite_where=sa.text("finished_at IS NULL"),
            postgresql_where=sa.text("finished_at IS NULL"),
        )
    op.create_table(
        "broadcast_resend",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_broadcast_resend_notice_id")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["broadcast_order.id"], name=op.f("fk_broadcast_resend_order_id")
        ),
        sa.PrimaryKeyConstraint("order_id", "notice_id", name=op.f("pk_broadcast_resend")),
    )
    with op.batch_alter_table("broadcast_resend") as batch_op:
        batch_op.create_index(batch_op.f("ix_broadcast_resend_notice_id"), ["notice_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_link_account", "link")
    op.create_index("ix_link_account_id", "link", ["account_id"], unique=False)
    op.drop_table("broadcast_resend")
    op.drop_table("broadcast_order")
    op.execute(sa.text("DELETE FROM notice WHERE broadcast_id IS NOT NULL OR parent_id IS NOT NULL"))
    op.execute(sa.text("UPDATE notice SET state = 'expired' WHERE state = 'cancelled'"))
    with op.batch_alter_table("notice") as batch_op:
        batch_op.drop_constraint(op.f("ck_notice_state"), type_="check")
        batch_op.create_check_constraint(op.f("ck_notice_state"), _listed(OLD_STATES))
        batch_op.drop_constraint(batch_op.f("fk_notice_parent_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_notice_account_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_notice_broadcast_id"), type_="foreignkey")
        batch_op.drop_index(
            "ix_notice_parent",
            sqlite_where=sa.text("parent_id IS NOT NULL"),
            postgresql_where=sa.text("parent_id IS NOT NULL"),
        )
        for name, (_, where) in OF_BROADCASTS.items():
            batch_op.drop_index(name, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
        batch_op.drop_index(
            "ix_notice_taken",
            sqlite_where=sa.text("state = 'taken'"),
            postgresql_where=sa.text("state = 'taken'"),
        )
        batch_op.drop_index(
            "ix_notice_broadcast_any",
            sqlite_where=sa.text("broadcast_id IS NOT NULL"),
            postgresql_where=sa.text("broadcast_id IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_notice_alert",
            sqlite_where=sa.text("account_id IS NOT NULL AND state IN ('due', 'taken')"),
            postgresql_where=sa.text("account_id IS NOT NULL AND state IN ('due', 'taken')"),
        )
        batch_op.drop_index(
            "ix_notice_unfinished",
            sqlite_where=sa.text("state IN ('due', 'taken')"),
            postgresql_where=sa.text("state IN ('due', 'taken')"),
        )
        batch_op.create_index(
            batch_op.f("ix_notice_unfinished"),
            ["channel", "next_at"],
            unique=False,
            sqlite_where=sa.text("state IN ('due', 'taken')"),
            postgresql_where=sa.text("state IN ('due', 'taken')"),
        )
        batch_op.drop_column("quiet")
        batch_op.drop_column("parent_id")
        batch_op.drop_column("broadcast_id")
        batch_op.drop_column("account_id")

    with op.batch_alter_table("account") as batch_op:
        batch_op.drop_index(
            "ix_account_alert_at",
            sqlite_where=sa.text("alert_at IS NOT NULL"),
            postgresql_where=sa.text("alert_at IS NOT NULL"),
        )
        batch_op.drop_column("watch")
        batch_op.drop_column("alerts")
        batch_op.drop_column("alert_at")

    op.drop_table("broadcast_account")
    op.drop_table("alert_setting")
    with op.batch_alter_table("alert_episode") as batch_op:
        batch_op.drop_index(
            "uq_alert_episode_open",
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_alert_episode_account_id_opened_at"))

    op.drop_table("alert_episode")
    with op.batch_alter_table("staff") as batch_op:
        batch_op.drop_index(
            "uq_staff_telegram",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.drop_table("staff")
    op.drop_table("sms_budget")
    with op.batch_alter_table("consent") as batch_op:
        batch_op.drop_index(
            "uq_consent_live",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.drop_table("consent")
    with op.batch_alter_table("broadcast") as batch_op:
        batch_op.drop_index(
            "ix_broadcast_unfinished",
            sqlite_where=sa.text("state IN ('scheduled', 'freezing', 'running', 'paused', 'cancelling')"),
            postgresql_where=sa.text("state IN ('scheduled', 'freezing', 'running', 'paused', 'cancelling')"),
        )

    op.drop_table("broadcast")


def _listed(states: tuple[str, ...]) -> str:
    return f"state IN ({', '.join(repr(state) for state in states)})"

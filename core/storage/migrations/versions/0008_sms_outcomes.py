"""Outcomes: what became of an incoming message is one of a list; what else is to be told is the reason."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SILENT = (
    "silent: not_a_phone",
    "silent: own_number",
    "silent: no_text",
    "silent: own_text",
    "silent: not_ours",
    "silent: unknown_phone",
    "silent: nothing_open",
    "silent: too_many_unknown_accounts",
    "silent: loop_guard",
    "silent: daily_cap",
    "silent: incomplete",
)
OUTCOMES = ("reply", "answered", "failed", *SILENT)
LISTED = ", ".join(f"'{outcome}'" for outcome in OUTCOMES)


def upgrade() -> None:
    with op.batch_alter_table("incoming") as batch:
        batch.add_column(sa.Column("reason", sa.String(length=120), nullable=True))
    op.execute(sa.text("UPDATE incoming SET reason = outcome, outcome = 'failed' WHERE state = 'failed'"))
    op.execute(
        sa.text(
            "UPDATE incoming SET reason = outcome, outcome = 'answered'"
            f" WHERE state = 'done' AND (outcome IS NULL OR outcome NOT IN ({LISTED}))"
        )
    )
    with op.batch_alter_table("incoming") as batch:
        batch.create_check_constraint(op.f("ck_incoming_outcome"), f"outcome IN ({LISTED})")
        batch.create_check_constraint(op.f("ck_incoming_closed"), "(state = 'new') = (outcome IS NULL)")


def downgrade() -> None:
    with op.batch_alter_table("incoming") as batch:
        batch.drop_constraint(op.f("ck_incoming_closed"), type_="check")
        batch.drop_constraint(op.f("ck_incoming_outcome"), type_="check")
    op.execute(sa.text("UPDATE incoming SET outcome = substr(reason, 1, 64) WHERE reason IS NOT NULL"))
    with op.batch_alter_table("incoming") as batch:
        batch.drop_column("reason")

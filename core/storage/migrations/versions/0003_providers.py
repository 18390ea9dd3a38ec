"""Providers: the fast payment system as a method; refunds that are told before their payments."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

METHODS, OLD_METHODS = ("card", "sbp", "mobile"), ("card", "mobile")
OLD_EVENTS = ("new", "applied", "refused")
EVENTS = (*OLD_EVENTS, "waiting")


def upgrade() -> None:
    _allow("top_up", "method", METHODS)
    _allow("payment", "method", METHODS)
    _allow("provider_event", "state", EVENTS)
    waiting = sa.text("state = 'waiting'")
    op.create_index(
        "ix_provider_event_waiting",
        "provider_event",
        ["provider", "reason"],
        unique=False,
        sqlite_where=waiting,
        postgresql_where=waiting,
    )


def downgrade() -> None:
    op.drop_index("ix_provider_event_waiting", "provider_event")
    _allow("provider_event", "state", OLD_EVENTS)
    _allow("payment", "method", OLD_METHODS)
    _allow("top_up", "method", OLD_METHODS)


def _allow(table: str, column: str, values: tuple[str, ...]) -> None:
    """Replace the CHECK that lists a column's values."""
    name = op.f(f"ck_{table}_{column}")
    listed = ", ".join(f"'{value}'" for value in values)
    with op.batch_alter_table(table) as batch:
        batch.drop_constraint(name, type_="check")
        batch.create_check_constraint(name, f"{column} IN ({listed})")

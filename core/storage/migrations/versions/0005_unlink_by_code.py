"""Codes to unlink: one more thing that a one-time code may prove."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

OLD_PURPOSES = ("link", "autopay_connect", "autopay_raise")
PURPOSES = ("link", "unlink", "autopay_connect", "autopay_raise")
NAME = "ck_one_time_code_purpose"


def upgrade() -> None:
    _allow(PURPOSES)


def downgrade() -> None:
    op.execute(sa.text("DELETE FROM one_time_code WHERE purpose = 'unlink'"))
    _allow(OLD_PURPOSES)


def _allow(purposes: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{purpose}'" for purpose in purposes)
    with op.batch_alter_table("one_time_code") as batch:
        batch.drop_constraint(op.f(NAME), type_="check")
        batch.create_check_constraint(op.f(NAME), f"purpose IN ({listed})")

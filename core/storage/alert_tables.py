"""The tables of low-balance alerts: how an account's people want to be told, and the episodes already told.

What they want to be told of is the account's own (`watch`): whatever moves its balance reads it with the row.
"""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Uuid

from core.notice_states import AlertBySms
from core.storage.schema_parts import id_column, metadata, partial_index
from core.storage.types import Utc, states

alert_setting = Table(
    "alert_setting",
    metadata,
    # No row: the profile's defaults.
    Column("account_id", Uuid, ForeignKey("account.id"), primary_key=True),
    Column("telegram", Boolean(name="telegram"), nullable=False),
    Column("sms", states(AlertBySms, "sms"), nullable=False),
    Column("changed_at", Utc, nullable=False),
    Column("changed_by", String(64), nullable=False),  # who changed any of the settings last
)

alert_episode = Table(
    "alert_episode",
    metadata,
    id_column(),
    Column("account_id", Uuid, ForeignKey("account.id"), nullable=False),
    Column("kind", String(32), nullable=False),  # days:3, days:1, threshold, negative, grace
    Column("opened_at", Utc, nullable=False),
    Column("told", Integer, nullable=False),  # notices stored with it; 0: a more urgent one spoke for it
    Column("closed_at", Utc),  # armed again
    partial_index("uq_alert_episode_open", "account_id", "kind", where="closed_at IS NULL", unique=True),
    Index(None, "account_id", "opened_at"),
)

"""The tables of low-balance alerts: what an account's holder asked for, and the episodes already told."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, String, Table, Uuid

from core.notice_states import AlertBySms
from core.storage.schema_parts import id_column, metadata, partial_index
from core.storage.types import Json, Kopecks, Utc, states

alert_setting = Table(
    "alert_setting",
    metadata,
    # No row: the profile's defaults.
    Column("account_id", Uuid, ForeignKey("account.id"), primary_key=True),
    Column("days", Json, nullable=False),  # a list of days left, [] for none
    Column("threshold", Kopecks),  # the subscriber's own; none: not asked for
    Column("negative", Boolean(name="negative"), nullable=False),  # going below zero, and day 7 of the grace
    Column("telegram", Boolean(name="telegram"), nullable=False),
    Column("sms", states(AlertBySms, "sms"), nullable=False),
    Column("changed_at", Utc, nullable=False),
    Column("changed_by", String(64), nullable=False),
)

alert_episode = Table(
    "alert_episode",
    metadata,
    id_column(),
    Column("account_id", Uuid, ForeignKey("account.id"), nullable=False),
    Column("kind", String(32), nullable=False),  # days:3, days:1, threshold, negative, grace
    Column("opened_at", Utc, nullable=False),
    Column("closed_at", Utc),  # armed again
    partial_index("uq_alert_episode_open", "account_id", "kind", where="closed_at IS NULL", unique=True),
    Index(None, "account_id", "opened_at"),
)

"""The table of refunds: money that a provider gave back, or is to give back."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
    UniqueConstraint,
    Uuid,
    text,
)

from core.states import RefundState
from core.storage.schema_parts import id_column, metadata, partial_index
from core.storage.tables import ledger_transfer, payment
from core.storage.types import Kopecks, Utc, states

refund = Table(
    "refund",
    metadata,
    id_column(),  # our key at the provider
    Column("provider", String(32), nullable=False),
    Column("provider_ref", String(80)),
    Column("payment_ref", String(64), nullable=False, index=True),  # the payment's name at the provider
    Column("payment_id", Uuid, ForeignKey(payment.c.id), index=True),  # none: told before its payment
    Column("amount", Kopecks, nullable=False),
    Column("state", states(RefundState, "state"), nullable=False),
    Column("reason", String(64)),
    Column("transfer_id", Uuid, ForeignKey(ledger_transfer.c.id)),
    Column("created_at", Utc, nullable=False),
    Column("asked", Integer, nullable=False, server_default=text("0")),
    Column("next_at", Utc),
    Column("lease", Uuid),
    Column("lease_until", Utc),
    UniqueConstraint("provider", "provider_ref"),
    CheckConstraint("amount > 0", name="amount_positive"),
    CheckConstraint("state <> 'done' OR transfer_id IS NOT NULL", name="done_is_booked"),
    partial_index(
        "ix_refund_unfinished",
        "next_at",
        where="state IN ('intent', 'sending', 'pending', 'unknown')",
    ),
)

"""The tables of saved cards, mandates and refunds."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    Uuid,
    false,
    text,
)

from core.states import Channel, ChargeState, MandateState, RefundState, SubscriptionState
from core.storage.schema_parts import id_column, metadata, partial_index
from core.storage.types import Kopecks, Utc, states

card = Table(
    "card",
    metadata,
    id_column(),
    Column("channel", states(Channel, "channel"), nullable=False),
    Column("payer", String(32), nullable=False),
    Column("provider", String(32), nullable=False),
    Column("token", LargeBinary, nullable=False),  # sealed: core/payments/seal.py
    Column("mask", String(32), nullable=False),
    Column("expires", Date),  # the last day on which it works
    Column("is_default", Boolean(name="is_default"), nullable=False),
    Column("saved_by", Uuid, nullable=False, unique=True),  # the payment: what it saved once stays unlinked
    Column("saved_at", Utc, nullable=False),
    Column("expiry_told", Boolean(name="expiry_told"), nullable=False, server_default=false()),
    Column("revoked_at", Utc),
    Column("asked", Integer, nullable=False, server_default=text("0")),  # to have it forgotten
    Column("next_at", Utc),  # when the provider is to forget it
    Column("lease", Uuid),
    Column("lease_until", Utc),
    partial_index(
        "uq_card_default", "channel", "payer", where="is_default AND revoked_at IS NULL", unique=True
    ),
    partial_index("ix_card_live", "channel", "payer", where="revoked_at IS NULL"),
    partial_index("ix_card_expiring", "expires", where="revoked_at IS NULL AND NOT expiry_told"),
    partial_index("ix_card_unfinished", "next_at", where="next_at IS NOT NULL"),
)

mandate = Table(
    "mandate",
    metadata,
    id_column(),
    Column("account_id", Uuid, ForeignKey("account.id"), nullable=False, index=True),
    Column("channel", states(Channel, "channel"), nullable=False),
    Column("payer", String(32), nullable=False),
    Column("locale", String(8), nullable=False),
    Column("card_id", Uuid, ForeignKey("card.id"), index=True),
    Column("amount", Kopecks, nullable=False),
    Column("every_days", Integer),
    Column("month_day", Integer),  # the anchor: 31 stays 31 after a February
    Column("until", Date),
    Column("consent", String(32), nullable=False),  # the version of the text that was agreed to
    Column("consented_at", Utc, nullable=False),
    Column("state", states(MandateState, "state"), nullable=False),
    Column("reason", String(32)),  # why it is paused, deleted or ended
    Column("requested_at", Utc, nullable=False),
    Column("activated_at", Utc),
    Column("ended_at", Utc),
    Column("scheduled", Date, nullable=False),  # the chain's last date: the payment's, then each charge's
    Column("next_on", Date),  # none: the last charge was made
    Column("warned_on", Date),  # the next_on that was told of
    Column("warned_at", Utc),
    Column("retry_period", Date),
    Column("retry_on", Date),
    Column("attempt", Integer, nullable=False, server_default=text("0")),  # of retry_period, so far
    Column("failed_cycles", Integer, nullable=False, server_default=text("0")),
    Column("next_at", Utc),
    CheckConstraint("amount > 0", name="amount_positive"),
    CheckConstraint("(every_days IS NULL) <> (month_day IS NULL)", name="one_period"),
    CheckConstraint("state <> 'active' OR (card_id IS NOT NULL AND activated_at IS NOT NULL)", name="active"),
    partial_index(
        "uq_mandate_live", "account_id", where="state IN ('requested', 'active', 'paused')", unique=True
    ),
    partial_index("ix_mandate_unfinished", "next_at", where="state = 'active' AND next_at IS NOT NULL"),
    partial_index("ix_mandate_requested", "requested_at", where="state = 'requested'"),
)

mandate_event = Table(
    "mandate_event",
    metadata,
    id_column(),
    Column("mandate_id", Uuid, ForeignKey("mandate.id"), nullable=False, index=True),
    Column("state", states(MandateState, "state"), nullable=False),
    Column("at", Utc, nullable=False),
    Column("why", String(160), nullable=False),
)

mandate_charge = Table(
    "mandate_charge",
    metadata,
    id_column(),
    Column("mandate_id", Uuid, ForeignKey("mandate.id"), nullable=False),
    Column("period", Date, nullable=False),  # the scheduled date
    Column("attempt", Integer, nullable=False),
    Column("payment_id", Uuid, ForeignKey("payment.id"), nullable=False, unique=True),
    Column("state", states(ChargeState, "state"), nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("sending_at", Utc),  # when it began: never after a deletion or an unlinking
    UniqueConstraint("mandate_id", "period", "attempt"),
    partial_index(
        "uq_mandate_charge_period",
        "mandate_id",
        "period",
        where="state IN ('intent', 'sending', 'pending', 'unknown', 'paid')",
        unique=True,
    ),
)

provider_mandate = Table(
    "provider_mandate",
    metadata,
    id_column(),
    Column("provider", String(32), nullable=False),
    Column("reference", String(64), nullable=False),
    Column("number", String(32), nullable=False),
    Column("account_id", Uuid, ForeignKey("account.id"), index=True),  # none: no account of ours
    Column("ends_on", Date),
    Column("last_on", Date),
    Column("next_on", Date),
    Column("state", states(SubscriptionState, "state"), nullable=False),
    Column("seen_at", Utc, nullable=False),
    Column("asked", Integer, nullable=False, server_default=text("0")),
    Column("next_at", Utc),
    Column("lease", Uuid),
    Column("lease_until", Utc),
    UniqueConstraint("provider", "reference"),
    partial_index("ix_provider_mandate_unfinished", "next_at", where="state = 'deleting'"),
)

refund = Table(
    "refund",
    metadata,
    id_column(),  # our key at the provider
    Column("payment_id", Uuid, ForeignKey("payment.id"), nullable=False),
    Column("provider", String(32), nullable=False),
    Column("provider_ref", String(64)),
    Column("amount", Kopecks, nullable=False),
    Column("state", states(RefundState, "state"), nullable=False),
    Column("why", String(64), nullable=False),
    Column("by", String(64), nullable=False),
    Column("reason", String(64)),  # why it was declined
    Column("created_at", Utc, nullable=False),
    Column("asked", Integer, nullable=False, server_default=text("0")),
    Column("next_at", Utc),
    Column("lease", Uuid),
    Column("lease_until", Utc),
    UniqueConstraint("provider", "provider_ref"),
    CheckConstraint("amount > 0", name="amount_positive"),
    Index(None, "payment_id"),
    partial_index(
        "ix_refund_unfinished", "next_at", where="state IN ('intent', 'sending', 'pending', 'unknown')"
    ),
)

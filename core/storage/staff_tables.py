"""The tables of reconciliation and of what staff do with money."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from core.states import DifferenceKind, DifferenceState, LineKind, Method, ReconciliationState
from core.storage.schema_parts import id_column, metadata, partial_index
from core.storage.types import Json, Kopecks, Utc, states

audit = Table(
    "audit",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),  # 1, 2, 3 … without a hole
    Column("at", Utc, nullable=False),
    Column("by", String(64), nullable=False),
    Column("action", String(32), nullable=False),
    Column("subject", String(160), nullable=False),
    Column("key", String(160), nullable=False, unique=True),  # the same action asked for again is one
    Column("why", Text, nullable=False),
    Column("facts", Text, nullable=False),  # JSON, as it was hashed
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

audit_head = Table(
    "audit_head",
    metadata,
    # The last entry's number and hash: a chain does not tell that its end is missing.
    Column("place", Integer, primary_key=True, autoincrement=False),  # the only one
    Column("number", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
    CheckConstraint("place = 1", name="place"),
)

assignment = Table(
    "assignment",
    metadata,
    id_column(),
    # Where staff put a payment's money, once; refunds are then taken from there.
    Column("payment_id", Uuid, ForeignKey("payment.id"), nullable=False, unique=True),
    Column("from_account", Uuid, ForeignKey("account.id")),  # none: out of suspense
    Column("to_account", Uuid, ForeignKey("account.id"), nullable=False),
    Column("amount", Kopecks, nullable=False),
    Column("at", Utc, nullable=False),
    CheckConstraint("amount > 0", name="amount_positive"),
    CheckConstraint("from_account IS NULL OR from_account <> to_account", name="two_accounts"),
)

reconciliation = Table(
    "reconciliation",
    metadata,
    id_column(),
    Column("provider", String(32), nullable=False),
    Column("day", Date, nullable=False),  # local
    Column("source", String(80), nullable=False),  # api, state, or file: and its digest
    Column("state", states(ReconciliationState, "state"), nullable=False),
    Column("reason", String(160)),
    Column("lines", Integer, nullable=False, server_default=text("0")),
    Column("finished_at", Utc),
    Column("next_at", Utc),
    Column("lease", Uuid),
    Column("lease_until", Utc),
    UniqueConstraint("provider", "day"),
)

register_line = Table(
    "register_line",
    metadata,
    # A mirror of what the provider lists: reading a line again changes nothing.
    Column("provider", String(32), primary_key=True),
    Column("kind", states(LineKind, "kind"), primary_key=True),
    Column("reference", String(64), primary_key=True),
    Column("of", String(64)),  # a refund's payment
    Column("payment_id", Uuid),
    Column("number", String(32), nullable=False),
    Column("total", Kopecks, nullable=False),
    Column("vouched", Kopecks),
    Column("currency", String(8), nullable=False),
    Column("method", states(Method, "method")),
    Column("merchant", String(64)),  # another one than ours
    Column("at", Utc, nullable=False),
    Column("run_id", Uuid, ForeignKey("reconciliation.id"), nullable=False),  # who saw it last
    Column("seen_at", Utc, nullable=False),
    Index(None, "run_id", "kind", "reference"),
)

difference = Table(
    "difference",
    metadata,
    id_column(),
    Column("run_id", Uuid, ForeignKey("reconciliation.id"), nullable=False),
    Column("provider", String(32), nullable=False),
    Column("kind", states(DifferenceKind, "kind"), nullable=False),
    Column("reference", String(64), nullable=False),
    Column("payment_id", Uuid),
    Column("theirs", Json),
    Column("ours", Json),
    Column("first_seen_at", Utc, nullable=False),
    Column("last_seen_at", Utc, nullable=False),
    Column("state", states(DifferenceState, "state"), nullable=False),
    Column("solved_at", Utc),
    Column("solved_by", String(64)),
    Column("why", Text),
    UniqueConstraint("provider", "kind", "reference"),
    partial_index("ix_difference_open", "provider", "reference", where="state = 'open'"),
    Index(None, "run_id"),
)

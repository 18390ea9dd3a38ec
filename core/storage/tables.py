"""The tables: accounts and people, the ledger, top-ups and payments."""

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
    Text,
    UniqueConstraint,
    Uuid,
    false,
    text,
)

from core.states import (
    Access,
    Channel,
    EventState,
    LedgerAccountKind,
    Method,
    PaymentState,
    ServiceState,
    TopUpState,
    TransferKind,
)
from core.storage.schema_parts import id_column, metadata, partial_index
from core.storage.types import Json, Kopecks, Utc, states

account = Table(
    "account",
    metadata,
    id_column(),
    Column("number", String(10), nullable=False, unique=True),
    Column("login", String(64), nullable=False, unique=True),
    Column("password_hash", String(255), nullable=False),
    Column("holder", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("street", Text, nullable=False),
    Column("house", Text, nullable=False),
    Column("flat", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("tariff", String(64)),  # a code of the profile's; none: nothing is charged
    Column("tariff_next", String(64)),
    Column("state", states(ServiceState, "state"), nullable=False),
    Column("accrued_until", Utc, nullable=False, index=True),  # fees are posted up to here
    Column("negative_since", Date),  # the first local day with a balance below zero
    Column("runs_out_at", Utc, index=True),
    Column("alert_at", Utc),  # when its next alert may be due; none: nothing to watch
    Column("alerts", Integer, nullable=False, server_default=text("0")),  # episodes that are open
    Column("watch", Json),  # what its people want to be told of; none: as the profile has it
    partial_index("ix_account_alert_at", "alert_at", where="alert_at IS NOT NULL"),
)

account_phone = Table(
    "account_phone",
    metadata,
    Column("account_id", Uuid, ForeignKey("account.id"), primary_key=True),
    Column("msisdn", String(15), primary_key=True, index=True),
)

subscriber = Table(
    "subscriber",
    metadata,
    Column("channel", states(Channel, "channel"), primary_key=True),
    Column("address", String(32), primary_key=True),
    Column("locale", String(8), nullable=False),
    Column("locale_chosen", Boolean(name="locale_chosen"), nullable=False),
    Column("current_account", Uuid, ForeignKey("account.id")),
    Column("reachable", Boolean(name="reachable"), nullable=False),
    Column("stopped", Boolean(name="stopped"), nullable=False),
    Column("first_seen_at", Utc, nullable=False),
)

link = Table(
    "link",
    metadata,
    id_column(),
    Column("channel", states(Channel, "channel"), nullable=False),
    Column("address", String(32), nullable=False),
    Column("account_id", Uuid, ForeignKey("account.id"), nullable=False),
    Column("access", states(Access, "access"), nullable=False),
    Column("phone", String(15)),  # the registered number that proved it, where one did
    Column("linked_at", Utc, nullable=False),
    Column("ended_at", Utc),
    partial_index("uq_link_live", "channel", "address", "account_id", where="ended_at IS NULL", unique=True),
    partial_index("ix_link_account", "account_id", "channel", "address", where="ended_at IS NULL"),
)

ledger_account = Table(
    "ledger_account",
    metadata,
    id_column(),  # a subscriber's is the account's own id
    Column("kind", states(LedgerAccountKind, "kind"), nullable=False),
    Column("name", String(64), nullable=False, unique=True),
    Column("balance", Kopecks),
    Column("version", Kopecks, nullable=False, server_default=text("0")),
    # A hot row costs two thirds of the speed: only subscribers' balances are materialised.
    CheckConstraint("(kind = 'subscriber') = (balance IS NOT NULL)", name="materialised"),
)

ledger_transfer = Table(
    "ledger_transfer",
    metadata,
    id_column(),
    Column("debit", Uuid, ForeignKey("ledger_account.id"), nullable=False),
    Column("credit", Uuid, ForeignKey("ledger_account.id"), nullable=False),
    Column("amount", Kopecks, nullable=False),
    Column("kind", states(TransferKind, "kind"), nullable=False),
    Column("key", String(160), nullable=False, unique=True),
    Column("reverses", Uuid, ForeignKey("ledger_transfer.id"), unique=True),
    Column("payment_id", Uuid),
    Column("at", Utc, nullable=False),
    CheckConstraint("amount > 0", name="amount_positive"),
    CheckConstraint("debit <> credit", name="two_accounts"),
    Index(None, "debit", "at"),
    Index(None, "credit", "at"),
    partial_index("ix_ledger_transfer_payment", "payment_id", where="payment_id IS NOT NULL"),
)

top_up = Table(
    "top_up",
    metadata,
    id_column(),
    Column("account_id", Uuid, ForeignKey("account.id"), nullable=False),
    Column("channel", states(Channel, "channel"), nullable=False),
    Column("payer", String(32), nullable=False),
    Column("locale", String(8), nullable=False),
    Column("method", states(Method, "method"), nullable=False),
    Column("operator", String(32)),
    Column("amount", Kopecks, nullable=False),
    Column("commission", Kopecks, nullable=False),
    Column("total", Kopecks, nullable=False),  # what is charged at the provider
    Column("commission_from", Boolean(name="commission_from"), nullable=False),
    Column("state", states(TopUpState, "state"), nullable=False),
    Column("needs_sum", Boolean(name="needs_sum"), nullable=False),
    Column("code", String(8)),
    Column("card_id", Uuid, ForeignKey("card.id")),  # charged with no page of the provider's
    Column("mandate_id", Uuid, ForeignKey("mandate.id")),  # asked for by the clock
    Column("save_card", Boolean(name="save_card"), nullable=False, server_default=false()),
    Column("screen", String(32)),  # the message that the receipt replaces
    Column("quoted_by", Uuid, ForeignKey("incoming.id"), unique=True),
    Column("confirmed_by", Uuid, ForeignKey("incoming.id"), unique=True),
    Column("created_at", Utc, nullable=False),
    Column("expires_at", Utc, nullable=False),
    CheckConstraint("amount > 0 AND commission >= 0 AND total >= amount", name="sums"),
    partial_index(
        "uq_top_up_open_sms",
        "payer",
        where="channel = 'sms' AND state = 'quoted'",
        unique=True,
    ),
    partial_index("ix_top_up_unfinished", "expires_at", where="state = 'quoted'"),
    Index(None, "account_id", "created_at"),
    Index(None, "channel", "payer", "created_at"),
)

top_up_event = Table(
    "top_up_event",
    metadata,
    id_column(),
    Column("top_up_id", Uuid, ForeignKey("top_up.id"), nullable=False, index=True),
    Column("state", states(TopUpState, "state"), nullable=False),
    Column("at", Utc, nullable=False),
    Column("why", String(64), nullable=False),
)

payment = Table(
    "payment",
    metadata,
    id_column(),  # our key at the provider
    Column("top_up_id", Uuid, ForeignKey("top_up.id"), index=True),  # none: stray money
    Column("provider", String(32), nullable=False),
    Column("provider_ref", String(64)),
    Column("method", states(Method, "method"), nullable=False),
    Column("card_id", Uuid, ForeignKey("card.id")),
    Column("total", Kopecks, nullable=False),
    Column("state", states(PaymentState, "state"), nullable=False),
    Column("reason", String(64)),
    Column("checkout_url", Text),
    Column("card_mask", String(32)),
    Column("transfer_id", Uuid, ForeignKey("ledger_transfer.id")),
    Column("created_at", Utc, nullable=False),
    Column("asked", Integer, nullable=False, server_default=text("0")),
    Column("next_at", Utc),
    Column("lease", Uuid),
    Column("lease_until", Utc),
    UniqueConstraint("provider", "provider_ref"),
    CheckConstraint(
        "state NOT IN ('succeeded', 'held') OR transfer_id IS NOT NULL", name="success_is_booked"
    ),
    Index(None, "provider", "created_at"),
    partial_index(
        "uq_payment_live",
        "top_up_id",
        where="state IN ('intent', 'sending', 'pending', 'unknown')",
        unique=True,
    ),
    partial_index(
        "ix_payment_unfinished",
        "next_at",
        where="state IN ('intent', 'sending', 'pending', 'unknown')",
    ),
)

provider_event = Table(
    "provider_event",
    metadata,
    id_column(),
    Column("provider", String(32), nullable=False),
    Column("event_key", String(160), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("state", states(EventState, "state"), nullable=False),
    Column("reason", String(64)),
    Column("received_at", Utc, nullable=False),
    Column("next_at", Utc, nullable=False),
    UniqueConstraint("provider", "event_key"),
    partial_index("ix_provider_event_unfinished", "next_at", where="state = 'new'"),
    partial_index("ix_provider_event_waiting", "provider", "reason", where="state = 'waiting'"),
)

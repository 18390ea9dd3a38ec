"""The tables of messages: what came in, the parts of long texts, the outbox, and what SMSCs made of it."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
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

from core.sms_states import SmsState
from core.states import Channel, IncomingOutcome, IncomingState, Lane, NoticeState
from core.storage.schema_parts import id_column, metadata, partial_index
from core.storage.types import Json, Utc, states

incoming = Table(
    "incoming",
    metadata,
    id_column(),
    Column("channel", states(Channel, "channel"), nullable=False),
    Column("source", String(64), nullable=False),
    Column("external_id", String(160), nullable=False),
    Column("sender", String(32), nullable=False),
    Column("payload", Json, nullable=False),
    Column("state", states(IncomingState, "state"), nullable=False),
    Column("outcome", states(IncomingOutcome, "outcome", length=64)),  # none while it is new
    Column("reason", String(120)),  # what the outcome alone does not tell
    Column("received_at", Utc, nullable=False),
    Column("attempt", Integer, nullable=False, server_default=text("0")),
    Column("lease_until", Utc, nullable=False),
    UniqueConstraint("channel", "source", "external_id"),
    CheckConstraint("(state = 'new') = (outcome IS NULL)", name="closed"),
    partial_index("ix_incoming_unfinished", "channel", "lease_until", where="state = 'new'"),
    Index(None, "channel", "sender", "received_at"),
)

sms_part = Table(
    "sms_part",
    metadata,
    Column("key", String(160), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("total", Integer, nullable=False),
    Column("sender", String(32), nullable=False, server_default="", index=True),
    Column("raw", LargeBinary, nullable=False),
    Column("payload", Json, nullable=False),
    Column("received_at", Utc, nullable=False, index=True),
)

# Parts of texts that are accepted, while they may come again; by a digest, for octets may hold a card.
sms_part_joined = Table(
    "sms_part_joined",
    metadata,
    Column("key", String(160), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("joined_at", Utc, nullable=False, index=True),
)

notice = Table(
    "notice",
    metadata,
    id_column(),
    Column("dedupe_key", String(160), nullable=False, unique=True),
    Column("incoming_id", Uuid, ForeignKey("incoming.id"), unique=True),  # what it answers
    Column("channel", states(Channel, "channel"), nullable=False),
    Column("address", String(32), nullable=False),
    Column("template", String(64), nullable=False),
    Column("locale", String(8), nullable=False),
    Column("params", Json, nullable=False),
    Column("edit", String(32)),  # the message on screen that it replaces
    Column("lane", states(Lane, "lane"), nullable=False),
    Column("state", states(NoticeState, "state"), nullable=False),
    Column("reason", String(120)),
    Column("attempt", Integer, nullable=False, server_default=text("0")),
    Column("repeat", Boolean(name="repeat"), nullable=False),  # may have been sent before
    Column("created_at", Utc, nullable=False),
    Column("next_at", Utc, nullable=False),
    Column("expires_at", Utc),
    Column("lease", Uuid),
    Column("lease_until", Utc),
    Column("provider_id", String(80), index=True),
    Column("sent_at", Utc),
    Column("account_id", Uuid, ForeignKey("account.id")),  # whom it is about, where that matters later
    Column("broadcast_id", Uuid, ForeignKey("broadcast.id")),
    # Another notice that this one stands in for (an SMS, or what staff send again), edits, or takes back.
    Column("parent_id", Uuid, ForeignKey("notice.id")),
    Column("quiet", Boolean(name="quiet"), nullable=False, server_default=false()),  # not at night
    # People's first: a broadcast's million rows must not lie before them.
    partial_index(
        "ix_notice_unfinished",
        "channel",
        "lane",
        "broadcast_id",
        "next_at",
        where="state IN ('due', 'taken')",
    ),
    # A broadcast's recipients, and what was made of them later.
    partial_index(
        "ix_notice_broadcast",
        "broadcast_id",
        "state",
        "id",
        where="broadcast_id IS NOT NULL AND parent_id IS NULL",
    ),
    partial_index(
        "ix_notice_broadcast_later",
        "broadcast_id",
        "template",
        "state",
        where="broadcast_id IS NOT NULL AND parent_id IS NOT NULL",
    ),
    partial_index("ix_notice_broadcast_sent", "broadcast_id", "sent_at", where="broadcast_id IS NOT NULL"),
    # What somebody held too long is found without a look at what waits.
    partial_index("ix_notice_taken", "channel", "lane", "lease_until", where="state = 'taken'"),
    partial_index("ix_notice_broadcast_any", "broadcast_id", "state", where="broadcast_id IS NOT NULL"),
    partial_index("ix_notice_parent", "parent_id", where="parent_id IS NOT NULL"),
    partial_index(
        "ix_notice_alert", "account_id", where="account_id IS NOT NULL AND state IN ('due', 'taken')"
    ),
    Index(None, "channel", "address", "created_at"),
)

# A part of an outgoing text as an SMSC was given it: one submit_sm, or one request to an HTTP gateway.
sms_submission = Table(
    "sms_submission",
    metadata,
    Column("notice_id", Uuid, ForeignKey("notice.id"), primary_key=True),
    Column("trial", Uuid, primary_key=True),  # the lease of who sent it: a later one sorts later
    Column("part", Integer, primary_key=True),  # from 1
    Column("parts", Integer, nullable=False),
    Column("smsc", String(64), nullable=False),  # whose message ids they are
    Column("bind", String(80), nullable=False),  # by which of its binds
    # Of the text as it was cut: a trial with the same goes on where the one before was stopped.
    Column("digest", String(32), nullable=False),
    Column("state", states(SmsState, "state"), nullable=False),
    Column("message_id", String(80)),  # the SMSC's, as it gave it
    Column("known_as", String(80)),  # the same as receipts are looked for
    Column("status", Integer),  # command_status of a refusal
    Column("reason", String(120)),
    Column("receipt", Boolean(name="receipt"), nullable=False),  # whether the SMSC is to tell of its end
    Column("submitted_at", Utc, nullable=False),
    Column("settled_at", Utc),  # delivered, failed or expired
    Column("ask_at", Utc),  # when the SMSC is asked by query_sm
    Column("asked", Integer, nullable=False, server_default=text("0")),
    Index(None, "smsc", "known_as"),
    partial_index("ix_sms_submission_ask_at", "ask_at", where="ask_at IS NOT NULL"),
    partial_index("ix_sms_submission_unknown", "submitted_at", where="state = 'unknown'"),
)

# A receipt that no part is known for yet: it overtook its submit_sm_resp, or it is nobody's.
sms_receipt = Table(
    "sms_receipt",
    metadata,
    id_column(),
    Column("smsc", String(64), nullable=False),
    Column("known_as", String(80), nullable=False),
    Column("phone", String(32), nullable=False),
    Column("state", states(SmsState, "state"), nullable=False),
    Column("reason", String(120), nullable=False),
    Column("received_at", Utc, nullable=False, index=True),
    Index(None, "smsc", "known_as"),
    Index(None, "phone"),
)

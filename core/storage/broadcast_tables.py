"""The tables of what staff send to many: broadcasts, who may send them, and who wants advertising."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
    Uuid,
    false,
    text,
)

from core.notice_states import BroadcastKind, BroadcastState, OrderKind, Reach, Role
from core.states import Channel, NoticeState
from core.storage.schema_parts import id_column, metadata, partial_index
from core.storage.types import Json, Utc, states

staff = Table(
    "staff",
    metadata,
    id_column(),
    Column("name", String(64), nullable=False, unique=True),  # as the audit names them
    Column("telegram", String(32)),  # the user id that the bot knows them by
    Column("role", states(Role, "role"), nullable=False),
    Column("added_at", Utc, nullable=False),
    Column("ended_at", Utc),
    partial_index("uq_staff_telegram", "telegram", where="ended_at IS NULL", unique=True),
)

consent = Table(
    "consent",
    metadata,
    id_column(),
    # To advertising; a service notice needs none.
    Column("channel", states(Channel, "channel"), nullable=False),
    Column("address", String(32), nullable=False),
    Column("given_at", Utc, nullable=False),
    Column("how", String(64), nullable=False),
    Column("ended_at", Utc),
    partial_index("uq_consent_live", "channel", "address", where="ended_at IS NULL", unique=True),
)

broadcast = Table(
    "broadcast",
    metadata,
    id_column(),
    Column("number", Integer, nullable=False, unique=True),  # as staff name it
    Column("title", String(80), nullable=False),  # for staff alone
    Column("kind", states(BroadcastKind, "kind"), nullable=False),
    Column("state", states(BroadcastState, "state"), nullable=False),
    Column("reach", states(Reach, "reach"), nullable=False),
    Column("texts", Json, nullable=False),  # by language: {"telegram": HTML, "sms": plain}
    Column("audience", Json, nullable=False),  # the conditions; a list of accounts lies apart
    Column("urgent", Boolean(name="urgent"), nullable=False, server_default=false()),  # at night, too
    Column("lives_seconds", Integer),  # from its start; later it is of no use
    Column("sms_most", Integer),  # segments that it may cost
    # One up with every edit of a draft, and where the audience has outgrown what people agreed to.
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("created_by", String(64), nullable=False),
    Column("written_by", String(64), nullable=False),  # this version
    Column("created_at", Utc, nullable=False),
    Column("approved_by", String(64)),
    Column("approved_version", Integer),
    Column("approved_for", Integer),  # recipients, as they were told to who approved
    Column("asked_for", Integer),  # recipients that a second person is asked about; none: nobody is asked
    Column("start_at", Utc),  # business time; none: as soon as it is approved
    Column("started_at", Utc),
    Column("each_account", Boolean(name="each_account"), nullable=False, server_default=false()),
    Column("frozen_to", Uuid),  # accounts up to this one have their recipients
    Column("total", Integer, nullable=False, server_default=text("0")),  # the frozen audience
    Column("expires_at", Utc),
    Column("finished_at", Utc),  # kept by one that was cancelled while an order of it is carried out
    CheckConstraint("sms_most IS NULL OR sms_most >= 0", name="sms_most"),
    partial_index(
        "ix_broadcast_unfinished",
        "start_at",
        where="state IN ('scheduled', 'freezing', 'running', 'paused', 'cancelling')",
    ),
)

broadcast_account = Table(
    "broadcast_account",
    metadata,
    # An audience given as a list.
    Column("broadcast_id", Uuid, ForeignKey("broadcast.id"), primary_key=True),
    Column("account_id", Uuid, ForeignKey("account.id"), primary_key=True),
)

broadcast_order = Table(
    "broadcast_order",
    metadata,
    id_column(),
    # What staff want done with recipients of a broadcast that has ended; a job does it in chunks.
    Column("broadcast_id", Uuid, ForeignKey("broadcast.id"), nullable=False, index=True),
    Column("kind", states(OrderKind, "kind"), nullable=False),
    Column("picks", states(NoticeState, "picks"), nullable=False),  # recipients in this state
    Column("reasons", Json),  # and with one of these reasons; none: any
    Column("texts", Json),  # an edit's
    Column("version", Integer, nullable=False),  # of the broadcast, as it will be
    Column("by", String(64), nullable=False),
    Column("at", Utc, nullable=False),
    Column("begun_at", Utc),  # none: waits for a second person
    Column("done_to", Uuid),  # recipients up to this one are done
    Column("made", Integer, nullable=False, server_default=text("0")),
    Column("left_out", Integer, nullable=False, server_default=text("0")),  # Telegram does not let
    Column("finished_at", Utc),
    partial_index("ix_broadcast_order_unfinished", "broadcast_id", "at", where="finished_at IS NULL"),
)

broadcast_resend = Table(
    "broadcast_resend",
    metadata,
    # Staff's word that an uncertain one may go out a second time.
    Column("order_id", Uuid, ForeignKey("broadcast_order.id"), primary_key=True),
    Column("notice_id", Uuid, ForeignKey("notice.id"), primary_key=True, index=True),
)

sms_budget = Table(
    "sms_budget",
    metadata,
    # Segments spent: a day's on what Telegram could not bring, a broadcast's on all of it.
    Column("purpose", String(64), primary_key=True),
    Column("segments", Integer, nullable=False, server_default=text("0")),
    CheckConstraint("segments >= 0", name="segments"),
)

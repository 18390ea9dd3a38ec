"""The tables of what proves who a person is: login pages, one-time codes, and the limits on trying."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text, Uuid, text

from core.states import Channel, Purpose
from core.storage.schema_parts import id_column, metadata, partial_index
from core.storage.types import Json, Utc, states

link_request = Table(
    "link_request",
    metadata,
    id_column(),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("channel", states(Channel, "channel"), nullable=False),
    Column("address", String(32), nullable=False),
    Column("display_name", Text, nullable=False),
    Column("expires_at", Utc, nullable=False),
    Column("account_id", Uuid, ForeignKey("account.id")),  # proven on the page
    Column("code_hash", String(255)),
    Column("code_expires_at", Utc),
    Column("code_tries", Integer, nullable=False, server_default=text("0")),
    Column("ended_at", Utc),
    Index(None, "channel", "address"),
)

one_time_code = Table(
    "one_time_code",
    metadata,
    id_column(),
    Column("channel", states(Channel, "channel"), nullable=False),
    Column("address", String(32), nullable=False),
    Column("purpose", states(Purpose, "purpose"), nullable=False),
    Column("account_id", Uuid, ForeignKey("account.id")),  # none: no such account
    Column("phone", String(15)),  # the registered number that it went to
    Column("code_hash", String(255), nullable=False),
    Column("facts", Json, nullable=False),  # what the right code sets going
    Column("created_at", Utc, nullable=False),
    Column("expires_at", Utc, nullable=False),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("ended_at", Utc),
    partial_index(
        "uq_one_time_code_open", "channel", "address", "purpose", where="ended_at IS NULL", unique=True
    ),
    Index(None, "expires_at"),
)

limit_hit = Table(
    "limit_hit",
    metadata,
    id_column(),
    Column("subject", String(160), nullable=False),
    Column("at", Utc, nullable=False),
    Index(None, "subject", "at"),
)

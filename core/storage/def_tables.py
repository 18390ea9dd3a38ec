"""The table of the register of numbers (DEF codes): one row a version, as staff imported it."""

from sqlalchemy import Column, Date, Integer, LargeBinary, String, Table

from core.storage.schema_parts import id_column, metadata
from core.storage.types import Json, Utc

def_register = Table(
    "def_register",
    metadata,
    id_column(),
    Column("valid_from", Date, nullable=False),  # local; of two with one day the later import holds
    Column("imported_at", Utc, nullable=False),
    Column("imported_by", String(64), nullable=False),
    Column("digest", String(64), nullable=False),  # of the ranges, however the file was written
    Column("ranges", Integer, nullable=False),
    Column("holders", Json, nullable=False),  # [company, region] of each that a range belongs to
    # All ranges as one value: a version is read whole or not at all, and a hundred thousand in milliseconds.
    Column("body", LargeBinary, nullable=False),
)

"""Identifiers: UUIDv7, made before we act, with a type for each kind."""

from typing import NewType
from uuid import UUID

import uuid_utils.compat

AccountId = NewType("AccountId", UUID)
IncomingId = NewType("IncomingId", UUID)
LinkId = NewType("LinkId", UUID)
NoticeId = NewType("NoticeId", UUID)
PaymentId = NewType("PaymentId", UUID)
TopUpId = NewType("TopUpId", UUID)
TransferId = NewType("TransferId", UUID)


def new_id() -> UUID:
    """A fresh UUIDv7 (RFC 9562): sortable by the time it was made."""
    return uuid_utils.compat.uuid7()

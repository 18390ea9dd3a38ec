"""Identifiers: UUIDv7, made before we act, with a type for each kind."""

import hashlib
from dataclasses import dataclass
from typing import NewType
from uuid import UUID

import uuid_utils.compat

from core.states import Channel

AccountId = NewType("AccountId", UUID)
CardId = NewType("CardId", UUID)
IncomingId = NewType("IncomingId", UUID)
LinkId = NewType("LinkId", UUID)
MandateId = NewType("MandateId", UUID)
NoticeId = NewType("NoticeId", UUID)
PaymentId = NewType("PaymentId", UUID)
RefundId = NewType("RefundId", UUID)
TopUpId = NewType("TopUpId", UUID)
TransferId = NewType("TransferId", UUID)


def new_id() -> UUID:
    """A fresh UUIDv7 (RFC 9562): sortable by the time it was made."""
    return uuid_utils.compat.uuid7()


@dataclass(frozen=True, slots=True)
class Payer:
    """A person as a channel knows them: a Telegram user id, or a phone in E.164 digits without "+"."""

    channel: Channel
    address: str

    @classmethod
    def telegram(cls, user_id: int) -> "Payer":
        return cls(Channel.TELEGRAM, str(user_id))

    @classmethod
    def sms(cls, msisdn: str) -> "Payer":
        return cls(Channel.SMS, msisdn)

    @property
    def opaque(self) -> str:
        """A name for providers: the same for the same person, and no address."""
        return hashlib.sha256(f"{self.channel}:{self.address}".encode()).hexdigest()[:32]

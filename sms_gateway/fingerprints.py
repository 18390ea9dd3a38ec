"""Which incoming short messages are one message sent again: the key that storing goes by."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime

from core.messages.incoming import SAME_WITHIN
from sms_gateway.smpp.pdu import TAG_USER_MESSAGE_REFERENCE, DataSm, DeliverSm

# SMSCs redeliver within seconds; a person who means it again is slower. Money has a key of its own.
SAME_WITHIN_SECONDS = SAME_WITHIN.total_seconds()
MOST_ID_OCTETS = 64


class Recently:
    """What was met in the last minute, and when first. Wall clock: the time goes into what is stored."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        # A dict's first key is found by a walk over all that were deleted before it.
        self._met: OrderedDict[str, float] = OrderedDict()

    def first_met(self, key: str) -> float:
        """Meet it: the time of this meeting, or that of the first one."""
        self._forget()
        return self._met.setdefault(key, self._now())

    def _forget(self) -> None:
        now = self._now()
        while self._met:
            # In order of meeting: what is still young ends the search.
            oldest = next(iter(self._met))
            if now - self._met[oldest] < SAME_WITHIN_SECONDS:
                return
            del self._met[oldest]


def id_before(external_id: str) -> str:
    """The id that another process gave it in the time bucket before; empty where the SMSC's own tells."""
    digest, _, bucket = external_id.partition(".")
    return f"{digest}.{int(bucket) - 1}" if bucket else ""


def id_of_joined(key: str, octets: bytes, came_at: datetime) -> str:
    """The id of a text of parts: it stays the same until these are dropped, in every process."""
    said = b"\n".join((key.encode(), f"{came_at.timestamp():.6f}".encode(), octets))
    return f"joined:{hashlib.sha256(said).hexdigest()}"


class Fingerprints:
    """SMPP gives an incoming message no id, and a redelivery gets a new sequence_number."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._recently = Recently(now)

    def of(self, pdu: DeliverSm | DataSm, octets: bytes, *, id_tlv: int | None = None) -> str:
        """The external id: of who, to whom, what and when.

        Where the SMSC gives messages an id in the TLV `id_tlv`, that is it. A redelivery that comes in the
        next time bucket keeps the id of the first; another process, or this one after a restart, looks for
        `id_before`.
        """
        given = None if id_tlv is None else pdu.tlv(id_tlv)
        if given:
            return f"id:{given[:MOST_ID_OCTETS].hex()}"
        content = hashlib.sha256()
        reference = pdu.tlv(TAG_USER_MESSAGE_REFERENCE) or b""
        for part in (pdu.source_addr.encode(), pdu.destination_addr.encode(), reference, octets):
            content.update(len(part).to_bytes(4, "big") + part)
        digest = content.hexdigest()
        return f"{digest}.{int(self._recently.first_met(digest) // SAME_WITHIN_SECONDS)}"

"""From an HTTP gateway into the inbox: what has come is stored, and the gateway answered after the commit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.messages.incoming import Accepted, Arrival
from core.states import Channel
from core.storage.batch import Batch
from core.use_cases.receiving import Receiving
from sms_gateway.senders import msisdn

MOST_SOURCE_LETTERS = 64  # what the inbox keeps
MOST_ID_LETTERS = 160

# What becomes of the messages of a commit that this process is to handle.
TakeUp = Callable[[Sequence[Accepted]], None]


class Arrivals:
    """Gateways give a message an id, and give it again with a redelivery: the inbox knows it by that."""

    def __init__(self, receiving: Receiving, take_up: TakeUp) -> None:
        self._take_up = take_up
        self._stored: Batch[Arrival, Accepted] = Batch(receiving.accept)

    async def store(self, arrival: Arrival) -> Accepted:
        """Committed when it returns; the database's own errors where it could not be."""
        accepted = await self._stored.put(arrival)
        if accepted.fresh:
            self._take_up([accepted])
        return accepted


def arrival_of(
    *, source: str, external_id: str, sender: str, text: str | None, octets: bytes, facts: Mapping[str, Any]
) -> Arrival:
    """`text` is None where the octets are no text: staff see them. `facts`: what is told beside the text."""
    payload: dict[str, Any] = {"text": text or "", **facts}
    if text is None:
        # Read text says all that its octets did; kept beside it they would show a masked card number.
        payload |= {"undecodable": True, "raw": octets.hex()}
    return Arrival(
        channel=Channel.SMS,
        source=source[:MOST_SOURCE_LETTERS],
        external_id=external_id[:MOST_ID_LETTERS],
        sender=msisdn(sender),
        payload=payload,
    )

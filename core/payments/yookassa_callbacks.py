"""YooKassa's callbacks: unsigned, so where they come from is checked, and only a name is taken from them."""

import json
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from core.payments.provider import (
    CallbackAnswer,
    CallbackRejected,
    Hint,
    Noted,
    ProviderEvent,
    Told,
)
from core.payments.yookassa_objects import UNREADABLE, identifier
from core.states import Method

EVENT_LARGEST = 64
# What is final. We capture at once, so the others tell nothing that we wait for.
FINAL = {"payment.succeeded": "payment", "payment.canceled": "payment", "refund.succeeded": "refund"}


class Networks:
    """The addresses that callbacks come from."""

    def __init__(self, networks: Sequence[IPv4Network | IPv6Network]) -> None:
        self._networks = networks

    @classmethod
    def parse(cls, text: str) -> "Networks":
        """Addresses and networks, separated by commas or spaces; ValueError on any other text."""
        return cls([ip_network(part) for part in text.replace(",", " ").split()])

    def __contains__(self, peer: str) -> bool:
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        return any(address in network for network in self._networks)


def parse(body: bytes, peer: str, networks: Networks) -> Told:
    """Raises CallbackRejected. Nothing is kept but the names: the rest holds tokens and phone numbers."""
    if peer not in networks:
        raise CallbackRejected("address", status=403)
    try:
        said = json.loads(body, object_pairs_hook=_without_duplicates)
        kept = {"event": said["event"], "object": {"id": identifier(said["object"]["id"])}}
    except UNREADABLE as error:
        raise CallbackRejected("malformed") from error
    raw = json.dumps(kept).encode()
    return Told(read(raw), raw, CallbackAnswer(200, "OK"))


def read(kept: bytes) -> ProviderEvent:
    try:
        said = json.loads(kept)
        event, reference = said["event"], said["object"]["id"]
        if not isinstance(event, str) or not event or len(event) > EVENT_LARGEST:
            raise ValueError("event")
    except UNREADABLE as error:
        raise CallbackRejected("malformed") from error
    kind = FINAL.get(event)
    return ProviderEvent(
        key=f"{event}:{reference}",
        payment_id=None,
        outcome=Noted() if kind is None else Hint(kind, reference),
        method=Method.CARD,
        at=None,
    )


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two values under one name are two readings: refused."""
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError("duplicate names")
    return dict(pairs)

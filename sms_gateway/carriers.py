"""Between delivery and the binds: which of them a message goes out by, and how much each may have in hand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from core.messages.outbox import DueNotice
from core.states import Lane
from sms_gateway.lanes import Lanes
from sms_gateway.outcomes import Outcome
from sms_gateway.smpp.cutting import Piece
from sms_gateway.smpp.session import OnOutcome

OperatorOf = Callable[[str], Awaitable[str]]  # a phone's operator, by the profile's code; empty: unknown


class Carrier(Protocol):
    """A way out: one bind, or one HTTP gateway."""

    name: str  # the SMSC: whose message ids they are
    label: str  # this way to it
    operator: str  # whose phones it serves; empty: anybody's
    at_once: int  # how many texts of a lane it may have in hand
    bulk_places: int  # how many submissions in bulk at once
    offers_query: bool

    @property
    def up(self) -> bool: ...

    @property
    def paused(self) -> bool:
        """It was asked for less and takes nothing at the moment."""

    def cut(self, text: str, *, reference: int) -> list[Piece]: ...

    def tells_of(self, *, last: bool) -> bool: ...

    async def submit(
        self,
        to: str,
        piece: Piece,
        *,
        last: bool,
        lives_seconds: float | None,
        until: float,
        on_late: OnOutcome | None = None,
    ) -> Outcome: ...


class Lasting(Carrier, Protocol):
    """A carrier that the door starts and stops."""

    async def run(self) -> None: ...

    async def close(self) -> None:
        """Take nothing more; return when what was submitted is answered, or was waited for long enough."""


class Way:
    """A carrier with what delivery has in hand there; people go first in each of them."""

    def __init__(self, carrier: Carrier) -> None:
        self.carrier = carrier
        self.lanes = Lanes(carrier.bulk_places)
        self.in_hand = {Lane.PEOPLE: 0, Lane.BULK: 0}

    def room(self, lane: Lane) -> int:
        if not self.carrier.up or self.carrier.paused:
            return 0
        return max(0, self.carrier.at_once - self.in_hand[lane])

    def take(self, lane: Lane) -> None:
        self.in_hand[lane] += 1

    def give_back(self, lane: Lane) -> None:
        self.in_hand[lane] -= 1


class Carriers:
    def __init__(self, carriers: Sequence[Carrier], operator_of: OperatorOf) -> None:
        self._ways = [Way(each) for each in carriers]
        self._operator_of = operator_of
        self._changed = asyncio.Event()

    def note_change(self) -> None:
        """A carrier came up or went down, or has room again."""
        self._changed.set()

    async def changed(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    def room(self, lane: Lane) -> int:
        """How many texts of a lane may be claimed."""
        return sum(way.room(lane) for way in self._ways)

    def worth_a_claim(self, lane: Lane, least: float) -> bool:
        """Whether some way has that much of its own room left: a stalled one holds up no other."""
        return any(way.room(lane) >= max(1, way.carrier.at_once * least) for way in self._ways)

    def full(self, lane: Lane) -> frozenset[str]:
        """The SMSCs that are there and take no more: what is theirs waits in the outbox, in its order."""
        there = {way.carrier.name for way in self._ways if way.carrier.up}
        return frozenset(there - {way.carrier.name for way in self._ways if way.room(lane)})

    async def way_for(self, notice: DueNotice) -> Way | None:
        """The one its SMS came by where that is up, else one of the phone's operator, else any that is up."""
        up = [way for way in self._ways if way.carrier.up]
        if not up:
            return None
        same = [way for way in up if way.carrier.name == notice.smsc]
        if not same:
            same = await self._by_operator(up, notice.address)
        mine = [way for way in same if way.carrier.label == notice.bind and way.room(notice.lane)]
        return max(mine or same, key=lambda way: way.room(notice.lane))

    async def _by_operator(self, up: list[Way], phone: str) -> list[Way]:
        if any(way.carrier.operator for way in up):
            operator = await self._operator_of(phone)
            mine = [way for way in up if operator and way.carrier.operator == operator]
            if mine:
                return mine
        return [way for way in up if not way.carrier.operator] or up

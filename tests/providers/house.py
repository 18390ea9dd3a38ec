"""A house where subscribers pay by one of the ways: its core, its books and theirs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from core.ids import AccountId, Payer
from core.ledger.transfer import clearing
from core.money import Money
from core.settings import Settings
from core.states import EventState, Method, PaymentState
from core.storage.tables import payment, provider_event
from core.wiring import Core, open_core
from tests.accounts import open_account
from tests.core.scenes import CHAT, PHONE, deliver_all, posted, rows, summed, told
from tests.fakes import FakeClock
from tests.providers.ways import WAYS, Way, open_way

ROUNDS = 10  # more than what one moment makes due
CALLING = [name for name in WAYS if name != "ArsenalPay, card"]


@dataclass
class House:
    core: Core
    way: Way
    clock: FakeClock
    owner: AccountId

    @property
    def total(self) -> str:
        """What 100 roubles cost the payer."""
        return "103.00" if self.way.method is Method.MOBILE else "100.00"

    async def lives(self, by: timedelta) -> None:
        """Time passes, with every job at its work."""
        self.clock.shift(by)
        for _ in range(ROUNDS):
            if not await self.core.jobs.run_all_once():
                return

    async def balance(self) -> Money:
        return await posted(self.core, self.owner)

    async def states(self) -> list[PaymentState]:
        return [row.state for row in await rows(self.core, payment)]

    async def events(self) -> list[EventState]:
        return [row.state for row in await rows(self.core, provider_event)]

    async def tells(self) -> list[str]:
        return [each for each in await told(self.core, self._payer) if each not in ("quoted", "pending")]

    @property
    def _payer(self) -> Payer:
        return PHONE if self.way.method is Method.MOBILE else CHAT

    async def agrees(self) -> None:
        """Their books and ours hold the same sum, and nothing that must not happen happened."""
        assert -(await summed(self.core, clearing(self.way.provider).id)) == Money(self.way.money)
        await deliver_all(self.core)
        assert await self.core.invariants.check() == []


@asynccontextmanager
async def open_house(
    name: str, settings: Settings, clock: FakeClock, *, timeout: float = 10.0
) -> AsyncIterator[House]:
    async with (
        open_way(name, timeout=timeout) as (way, provider),
        open_core(settings, clock=clock, wall=clock, providers=[provider]) as core,
    ):
        yield House(core, way, clock, await open_account(core))

"""Alerts over any payments, fees, settings and times: a low balance is told once, and not once it is paid."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.ids import AccountId
from core.money import ZERO, Money
from core.settings import Settings
from core.states import NoticeState, ServiceState
from core.storage.alert_tables import alert_episode
from core.storage.tables import account
from core.use_cases.account_screen import AccountScreen
from core.use_cases.alert_settings import Settings as Wished
from core.wiring import Core, open_core
from tests.core.alert_scenes import alerts, day_of, low, pays
from tests.core.scenes import CHAT, deliver_all, rows
from tests.fakes import FakeClock, FakeProvider
from tests.properties.conftest import FreshDatabase

LEVELS = (None, Money(50_00), Money(150_00), Money(400_00))
DAYS: tuple[tuple[int, ...], ...] = ((3, 1), (7, 2), (1,), ())


class World:
    """The product, and beside it what ought to be told, reckoned from the account screen alone."""

    def __init__(self, core: Core, clock: FakeClock, provider: FakeProvider, owner: AccountId) -> None:
        self.core, self.clock, self.provider, self.owner = core, clock, provider, owner
        self.wished: Wished = core.alert_settings.usual
        self.told: set[str] = set()  # and not armed again since
        self.seen = 0  # alerts so far

    async def passes(self, hours: int) -> None:
        self.clock.shift(timedelta(hours=hours))
        while await self.core.fees.post_once(50):
            pass
        begin = [kind for kind in await self._holding() if kind not in self.told]
        while await self.core.alerts.due_once(50):
            pass
        new = [await self._kind(row) for row in (await alerts(self.core))[self.seen :]]
        assert new == begin[:1], f"{begin} begin, {new} are told"
        self.seen += len(new)
        self.told |= set(begin)

    async def pays(self, roubles: int) -> None:
        await pays(self.core, self.provider, roubles)
        await self._armed_again()
        for row in await alerts(self.core):
            if row.state == NoticeState.DUE:
                assert await self._kind(row) in self.told, "what was paid is still to be told"

    async def wishes(self, n: int) -> None:
        self.wished = replace(
            self.wished, threshold=LEVELS[n % 4], days=DAYS[n // 4 % 4], negative=n % 3 != 0
        )
        await self.core.alert_settings.change(CHAT, self.owner, lambda _now: self.wished)
        await self._armed_again()
        self.told |= set(await self._holding())

    async def delivers(self, _n: int) -> None:
        await deliver_all(self.core)

    async def _armed_again(self) -> None:
        screen, kinds = await self._screen(), self._kinds()
        self.told = {kind for kind in self.told if kind in kinds and not self._is_over(kind, screen)}

    def _is_over(self, kind: str, screen: AccountScreen) -> bool:
        name, _, n = kind.partition(":")
        if name == "days":
            return screen.days_until_block is None or screen.days_until_block > int(n)
        if name == "threshold":
            return self.wished.threshold is not None and screen.balance > self.wished.threshold
        return screen.balance >= ZERO

    async def _holding(self) -> list[str]:
        """By urgency."""
        screen, row = await self._screen(), await self._row()
        if row.state != ServiceState.ACTIVE:
            return []
        found = {
            "negative": screen.balance < ZERO,
            "grace": screen.balance < ZERO and self._negative_days(row) >= 6,
            "threshold": self.wished.threshold is not None and screen.balance < self.wished.threshold,
        }
        days = screen.days_until_block
        found |= {f"days:{n}": days is not None and days <= n for n in self.wished.days}
        return [kind for kind in self._kinds() if found[kind]]

    def _kinds(self) -> list[str]:
        last = ["grace", "negative"] if self.wished.negative else []
        days = [f"days:{n}" for n in sorted(self.wished.days)]
        return [*last, *days, *(["threshold"] if self.wished.threshold is not None else [])]

    def _negative_days(self, row: Any) -> int:
        today = day_of(self.core, self.clock.now())
        return 0 if row.negative_since is None else (today - row.negative_since).days

    async def _screen(self) -> AccountScreen:
        return await self.core.accounts.screen(self.owner)

    async def _row(self) -> Any:
        return (await rows(self.core, account, id=self.owner))[0]

    async def _kind(self, alert: Any) -> str:
        opened = {str(row.id): str(row.kind) for row in await rows(self.core, alert_episode)}
        return opened[alert.params["episode"]]


Step = tuple[Callable[[World, int], Awaitable[None]], int]
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.tuples(st.just(World.passes), st.integers(1, 60)),
    st.tuples(st.just(World.passes), st.integers(1, 60)),
    st.tuples(st.just(World.pays), st.sampled_from([10, 30, 61, 90, 150, 700])),
    st.tuples(st.just(World.wishes), st.integers(0, 47)),
    st.tuples(st.just(World.delivers), st.just(0)),
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    steps=st.lists(STEPS, min_size=4, max_size=14),
    balance=st.integers(-20_00, 250_00),
    late=st.integers(0, 40),
)
def test_each_low_balance_is_told_once_and_none_that_is_paid(
    fresh_database: FreshDatabase, steps: list[Step], balance: int, late: int
) -> None:
    with fresh_database() as url:
        asyncio.run(_live(url, steps, Money(balance), timedelta(hours=late * 19)))


async def _live(url: str, steps: list[Step], balance: Money, late: timedelta) -> None:
    clock = FakeClock()
    clock.shift(late)
    provider = FakeProvider(clock)
    kept = Settings(_env_file=None, env="test", database_url=url)
    async with open_core(kept, clock=clock, wall=clock, providers=[provider]) as core:
        world = World(core, clock, provider, await low(core, balance))
        await world.passes(0)
        for step, n in steps:
            await step(world, n)
        broken = [each for each in await core.invariants.check() if each.code == "I10"]
        assert broken == []

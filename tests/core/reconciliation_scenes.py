"""What tests of reconciliation do over and over: a payment we never heard of, a day, its differences."""

from datetime import date, timedelta
from typing import Any

from core.ids import AccountId
from core.money import Money
from core.states import DifferenceState, PaymentState
from core.storage.staff_tables import difference
from core.use_cases.reconciliations import Report
from core.wiring import Core
from tests.accounts import open_account
from tests.core.autopay_scenes import work
from tests.core.scenes import card_page, rows, the_payment
from tests.fakes import FakeClock, FakeProvider

DAY = timedelta(days=1)
LATER = timedelta(hours=1)
MONDAY = date(2026, 4, 27)  # the clock's first day
HUNDRED = Money.roubles(100)


async def compared(core: Core, day: date = MONDAY, **more: Any) -> Report:
    return await core.reconciliations.run("fake", day, **more)


async def kinds(core: Core, *states: DifferenceState) -> list[str]:
    wanted = states or (DifferenceState.OPEN,)
    return [row.kind.value for row in await rows(core, difference) if row.state in wanted]


async def lost(core: Core, clock: FakeClock, provider: FakeProvider) -> AccountId:
    """A card page that was abandoned by time, paid after all, and whose callback never came."""
    owner = await open_account(core, tariff=None)
    await card_page(core)
    for _ in range(5):
        clock.shift(LATER)
        await work(core, rounds=1)
    row = await the_payment(core)
    assert (row.state, row.reason) == (PaymentState.DECLINED, "abandoned")
    provider.pays(row.id)
    return owner

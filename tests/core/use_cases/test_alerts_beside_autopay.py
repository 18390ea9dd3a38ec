"""Days left are not told of where autopay will have paid by then; where it does not pay, they are."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from core.ids import AccountId
from core.money import Money
from core.payments.provider import Declined
from core.states import Access
from core.storage.tables import account
from core.wiring import Core
from tests.accounts import open_account
from tests.core.alert_scenes import goes, looks, said, the_account
from tests.core.autopay_scenes import connect, link_to, pay_and_save, with_card_key, work
from tests.core.scenes import CHAT, ON_SQLITE
from tests.fakes import FakeClock, FakeProvider

pytestmark = ON_SQLITE

settings = with_card_key


async def _three_days_left(core: Core, provider: FakeProvider, *, roubles: int) -> AccountId:
    """On 26 May at 12:00, the day before autopay's first date; the fee runs from then on."""
    owner = await open_account(core, tariff=None, balance=Money(0))
    await link_to(core, owner, CHAT, access=Access.FULL)
    await pay_and_save(core, provider, 100)
    await connect(core, owner, roubles=roubles)
    return owner


async def _with_a_fee(core: Core, clock: FakeClock, owner: AccountId, *, at: str) -> None:
    goes(core, clock, at)
    await work(core)
    async with core.database.transaction() as tx:
        await tx.execute(
            update(account).where(account.c.id == owner).values(tariff="moskva", alert_at=clock.now())
        )


async def test_days_that_autopay_pays_for_in_time_are_not_told(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    owner = await _three_days_left(core, provider, roubles=500)
    await _with_a_fee(core, clock, owner, at="2026-05-26T12:00")
    assert await looks(core) == 1
    assert await said(core) == []
    goes(core, clock, "2026-05-27T10:00")
    await work(core)
    goes(core, clock, "2026-05-27T12:00")
    await looks(core)
    assert await said(core) == []


async def test_they_are_told_once_autopay_was_declined(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    owner = await _three_days_left(core, provider, roubles=500)
    await _with_a_fee(core, clock, owner, at="2026-05-26T12:00")
    await looks(core)
    provider.will(Declined("insufficient_funds"))
    goes(core, clock, "2026-05-27T10:00")
    await work(core)
    assert (await the_account(core, owner)).alert_at == clock.now() + timedelta(hours=1)
    goes(core, clock, "2026-05-27T11:00")
    await looks(core)
    assert await said(core) == [("days", 2)]


@pytest.mark.parametrize("roubles, at", [(10, "2026-05-26T12:00"), (500, "2026-05-20T12:00")])
async def test_too_small_a_sum_or_too_late_a_date_saves_nobody_an_alert(
    core: Core, clock: FakeClock, provider: FakeProvider, roubles: int, at: str
) -> None:
    owner = await _three_days_left(core, provider, roubles=roubles)
    await _with_a_fee(core, clock, owner, at=at)
    await looks(core)
    assert await said(core) == [("days", 2)]

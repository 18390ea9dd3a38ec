"""A provider honours our keys for a while only: after it nothing is repeated, and what happened is asked."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from core.money import Money
from core.payments.provider import Unknown
from core.settings import Settings
from core.states import PaymentState
from core.storage.tables import payment
from core.wiring import Core, open_core
from tests.accounts import open_account
from tests.core.scenes import CHAT, ON_SQLITE, posted, quote_by_card, the_payment
from tests.fakes import FakeClock, FakeProvider

pytestmark = ON_SQLITE
LIVE = timedelta(hours=23)


@pytest.fixture
def provider(clock: FakeClock) -> FakeProvider:
    made = FakeProvider(clock)
    made.capabilities = replace(made.capabilities, keys_live=LIVE)
    return made


@pytest.fixture
async def core(settings: Settings, clock: FakeClock, provider: FakeProvider) -> AsyncIterator[Core]:
    async with open_core(settings, clock=clock, wall=clock, providers=[provider]) as opened:
        yield opened
        assert [each for each in await opened.invariants.check() if each.code != "I13"] == []


async def _died(core: Core, state: PaymentState) -> None:
    """The payment's process ended after its first call, and nobody came for it."""
    now = core.wall.now()
    async with core.database.transaction() as tx:
        await tx.execute(update(payment).values(state=state, asked=1, next_at=now, lease_until=now))


@pytest.mark.parametrize("state", [PaymentState.SENDING, PaymentState.INTENT])
@pytest.mark.parametrize("age", [timedelta(hours=22), timedelta(hours=24)])
async def test_a_key_is_repeated_only_while_it_is_honoured(
    core: Core, clock: FakeClock, provider: FakeProvider, state: PaymentState, age: timedelta
) -> None:
    owner = await open_account(core)
    provider.will(Unknown("no answer"), charged=True)
    quote = await quote_by_card(core)
    await core.top_ups.confirm(quote.id, by=CHAT)
    await _died(core, state)
    clock.shift(age)
    for _ in range(3):
        await core.payments.collect_once(10)
    assert len(provider.calls) == (2 if age < LIVE else 1)
    clock.shift(timedelta(seconds=10))
    await core.payments.ask_once(10)
    assert (await the_payment(core)).state == PaymentState.SUCCEEDED
    assert await posted(core, owner) >= Money(90_00)
    assert len(provider.charges) == 1

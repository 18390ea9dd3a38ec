"""An agreement that has no date left ends, whatever became of its last one: it never lives on idle."""

from core.money import Money
from core.payments.provider import Succeeded
from core.states import MandateState
from core.storage.tables import payment
from core.wiring import Core
from tests.core.autopay_scenes import (
    DAY,
    FIRST,
    charges,
    connect,
    goes_to,
    linked_account,
    live_until,
    pay_and_save,
    the_mandate,
    with_card_key,
)
from tests.core.scenes import CHAT, ON_SQLITE, in_suspense, quote_by_card, rows, told
from tests.fakes import FakeClock, FakeProvider

pytestmark = ON_SQLITE

settings = with_card_key


async def _idle(core: Core) -> list[str]:
    return [each.about for each in await core.invariants.check() if "waits for nothing" in each.about]


async def test_a_card_saved_too_late_for_any_date_ends_it(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    """Agreed to on the chain of an older payment; it begins with the payment that saves the card."""
    owner = await linked_account(core)
    quote = await quote_by_card(core, 300)
    await core.top_ups.confirm(quote.id, by=CHAT)
    (paid,) = await rows(core, payment)
    await core.callbacks.take("fake", body=provider.pays(paid.id), headers={})
    goes_to(clock, core.profile, FIRST - 10 * DAY)
    mandate_id = await connect(core, owner, until=FIRST)
    await pay_and_save(core, provider)
    assert (await the_mandate(core, mandate_id)).state == MandateState.ENDED
    assert "autopay_ended" in await told(core, CHAT)
    assert "autopay_connected" not in await told(core, CHAT)
    assert await _idle(core) == []


async def test_money_held_of_the_last_date_ends_it(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    owner = await linked_account(core)
    await pay_and_save(core, provider)
    mandate_id = await connect(core, owner, until=FIRST)
    await live_until(core, clock, FIRST - DAY)
    provider.will(Succeeded("odd", number="100080", total=Money.roubles(299), currency="RUB"))
    await live_until(core, clock, FIRST)
    assert await charges(core, mandate_id) == [(FIRST, 1, "held")]
    assert await in_suspense(core) == Money.roubles(299)
    assert (await the_mandate(core, mandate_id)).state == MandateState.ENDED
    assert await _idle(core) == []

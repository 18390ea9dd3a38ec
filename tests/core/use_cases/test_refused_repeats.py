"""A charge whose answer was lost is repeated; a refusal of the repeat says nothing of the first call."""

from datetime import timedelta
from uuid import UUID

import pytest
from pydantic import SecretStr

from core.ids import AccountId
from core.money import Money
from core.payments.charge import Charge
from core.payments.provider import Declined, Outcome, Succeeded, Unknown
from core.settings import Settings
from core.states import PaymentState
from core.storage.tables import payment
from core.wiring import Core, open_core
from tests.core.autopay_scenes import linked_account, pay_and_save, with_card_key
from tests.core.scenes import CHAT, ON_SQLITE, posted, quote_by_card, rows
from tests.fakes import FakeClock, FakeProvider

pytestmark = ON_SQLITE

settings = with_card_key


async def _charged_and_lost(core: Core, provider: FakeProvider) -> tuple[AccountId, UUID]:
    """One tap with a saved card: the provider has the money, and its answer did not come."""
    owner = await linked_account(core)
    card_id = await pay_and_save(core, provider)
    provider.will(Unknown("timeout"), charged=True)
    quote = await quote_by_card(core, 100)
    await core.top_ups.confirm(quote.id, by=CHAT, card_id=card_id)
    return owner, quote.id


async def _asked_after(core: Core, clock: FakeClock, top_up_id: UUID) -> PaymentState:
    for _ in range(4):
        clock.shift(timedelta(seconds=6))
        await core.payments.collect_once(10)
        await core.payments.ask_once(10)
    (row,) = await rows(core, payment, top_up_id=top_up_id)
    return PaymentState(row.state)


async def test_a_repeat_that_is_refused_as_a_request_declines_nothing(
    core: Core, clock: FakeClock, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, top_up_id = await _charged_and_lost(core, provider)

    async def refuses(_charge: Charge, _token: str) -> Outcome:
        return Declined("unavailable")  # such as 401: the shop's key was changed meanwhile

    monkeypatch.setattr(provider, "charge_saved", refuses)
    assert await _asked_after(core, clock, top_up_id) == PaymentState.SUCCEEDED
    assert await posted(core, owner) == Money.roubles(400)


async def test_a_key_that_is_gone_before_the_repeat_declines_nothing(
    core: Core, clock: FakeClock, provider: FakeProvider, settings: Settings
) -> None:
    owner, top_up_id = await _charged_and_lost(core, provider)
    rekeyed = settings.model_copy(update={"card_key": SecretStr("A" * 43 + "=")})
    async with open_core(rekeyed, clock=clock, wall=clock, providers=[provider]) as other:
        assert await _asked_after(other, clock, top_up_id) == PaymentState.SUCCEEDED
    assert await posted(core, owner) == Money.roubles(400)


async def test_an_answer_that_cannot_be_booked_leaves_the_payment_openly_unknown(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    """Dollars: they are in no book, and the charge is not made again and again."""
    owner = await linked_account(core)
    card_id = await pay_and_save(core, provider)
    provider.will(Succeeded("odd", number="100080", total=Money.roubles(100), currency="USD"))
    quote = await quote_by_card(core, 100)
    confirmed = await core.top_ups.confirm(quote.id, by=CHAT, card_id=card_id)
    assert confirmed.state == PaymentState.UNKNOWN
    calls = len(provider.calls)
    for _ in range(3):
        clock.shift(timedelta(minutes=1))
        await core.payments.collect_once(10)
        await core.payments.ask_once(10)
    assert len(provider.calls) == calls
    (row,) = await rows(core, payment, top_up_id=quote.id)
    assert (row.state, row.next_at > clock.now() + timedelta(minutes=3)) == (PaymentState.UNKNOWN, True)
    assert await posted(core, owner) == Money.roubles(300)

"""What is shown of top-ups: the sums on offer, the history, and a quote that waits."""

from datetime import timedelta

import pytest

from core.errors import (
    AlreadyConfirmed,
    NotYours,
    QuoteExpired,
    StaleScreen,
)
from core.ids import Payer, TopUpId, new_id
from core.money import Money
from core.states import Method, PaymentState
from core.wiring import Core
from tests.accounts import open_account
from tests.core.scenes import (
    CHAT,
    ON_SQLITE,
    PHONE,
    card_page,
    quote_by_card,
    quote_by_sms,
    says_yes,
)
from tests.fakes import FakeClock, FakeProvider


@ON_SQLITE
async def test_chips_offer_the_recommended_the_monthly_and_the_last_sum(core: Core) -> None:
    owner = await open_account(core, balance=Money(198_19))
    before = await core.top_ups.chips(PHONE, owner)
    assert (before.recommended, before.monthly, before.last) == (Money(691_91), Money(890_00), None)
    await quote_by_sms(core, 800)
    await says_yes(core)
    after = await core.top_ups.chips(PHONE, owner)
    assert (after.recommended, after.last) == (None, Money(800_00))
    untariffed = await core.top_ups.chips(PHONE, await open_account(core, "2", tariff=None))
    assert (untariffed.recommended, untariffed.monthly, untariffed.last) == (None, None, None)


@ON_SQLITE
async def test_history_is_paged_newest_first(core: Core, provider: FakeProvider) -> None:
    owner = await open_account(core, balance=Money(5_00))
    for roubles in (100, 200, 300):
        quote = await quote_by_sms(core, roubles)
        await says_yes(core, code=quote.code)
    confirmed = await card_page(core, 400)
    assert confirmed.state == PaymentState.PENDING
    await core.callbacks.take("fake", body=provider.pays(provider.calls[-1].id), headers={})
    first = await core.top_ups.history(owner, limit=3)
    assert [item.amount for item in first.items] == [Money(400_00), Money(300_00), Money(200_00)]
    assert [item.method for item in first.items] == [Method.CARD, Method.MOBILE, Method.MOBILE]
    assert first.items[0].card_mask is not None
    rest = await core.top_ups.history(owner, before=first.next_cursor, limit=3)
    assert [(item.amount, item.method) for item in rest.items] == [
        (Money(100_00), Method.MOBILE),
        (Money(5_00), None),
    ]
    assert rest.next_cursor is None


@ON_SQLITE
async def test_a_quote_can_be_read_again_while_it_waits(core: Core, clock: FakeClock) -> None:
    await open_account(core)
    quote = await quote_by_card(core)
    assert await core.top_ups.quoted(quote.id, by=CHAT) == quote
    with pytest.raises(NotYours):
        await core.top_ups.quoted(quote.id, by=Payer.telegram(200))
    with pytest.raises(StaleScreen):
        await core.top_ups.quoted(TopUpId(new_id()), by=CHAT)
    paid = await quote_by_card(core)
    await core.top_ups.confirm(paid.id, by=CHAT)
    with pytest.raises(AlreadyConfirmed):
        await core.top_ups.quoted(paid.id, by=CHAT)
    clock.shift(timedelta(minutes=16))
    with pytest.raises(QuoteExpired):
        await core.top_ups.quoted(quote.id, by=CHAT)
    await core.top_ups.cancel(quote.id, by=CHAT)
    with pytest.raises(StaleScreen):
        await core.top_ups.quoted(quote.id, by=CHAT)

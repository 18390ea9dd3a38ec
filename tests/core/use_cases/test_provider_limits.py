"""The stricter of the operator's limits and the provider's holds, commission included."""

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import AmountTooLarge, AmountTooSmall, MethodUnavailable
from core.money import Money
from core.payments.capabilities import Limits
from core.profile_mobile import MobileOperator
from core.settings import Settings
from core.states import Method
from core.wiring import Core, open_core
from tests.accounts import open_account
from tests.core.scenes import CHAT, NUMBER, ON_SQLITE, PHONE, quote_by_card, quote_by_sms
from tests.fakes import FakeClock, FakeProvider

NARROW = Limits(least=Money.roubles(50), most=Money.roubles(1030))


@pytest.fixture
async def narrow(settings: Settings, clock: FakeClock) -> AsyncIterator[Core]:
    provider = FakeProvider(clock)
    limits = {Method.CARD: NARROW, Method.MOBILE: NARROW}
    provider.capabilities = replace(provider.capabilities, limits=limits)
    async with open_core(settings, clock=clock, wall=clock, providers=[provider]) as core:
        await open_account(core)
        yield core


@ON_SQLITE
async def test_the_providers_limits_hold_where_they_are_stricter(narrow: Core) -> None:
    for quote in (quote_by_card, quote_by_sms):
        with pytest.raises(AmountTooSmall) as small:
            await quote(narrow, 49)
        assert small.value.least == Money.roubles(50)
    assert (await quote_by_card(narrow, 1030)).total == Money.roubles(1030)
    with pytest.raises(AmountTooLarge):
        await quote_by_card(narrow, 1031)


@ON_SQLITE
async def test_the_commission_has_to_fit_too_and_the_refusal_names_what_does(narrow: Core) -> None:
    assert (await quote_by_sms(narrow, 1000)).total == Money.roubles(1030)
    with pytest.raises(AmountTooLarge) as large:
        await quote_by_sms(narrow, 1001, payer=PHONE)
    assert large.value.most == Money.roubles(1000)


@ON_SQLITE
async def test_a_method_that_nobody_takes_is_refused(narrow: Core) -> None:
    with pytest.raises(MethodUnavailable):
        await narrow.top_ups.quote(
            CHAT, number=NUMBER, amount=Money.roubles(100), method=Method.SBP, locale="ru"
        )


@given(
    st.integers(1, 2_000_000),
    st.decimals(0, 30, places=2),
    st.integers(0, 50_00),
)
def test_the_largest_amount_fits_and_a_kopeck_more_does_not(total: int, percent: Decimal, fixed: int) -> None:
    operator = MobileOperator(code="x", name="x", percent=percent, fixed=Money(fixed))
    largest = operator.largest(Money(total))
    more = largest + Money(1)
    assert largest + operator.commission(largest) <= Money(total)
    assert more + operator.commission(more) > Money(total)

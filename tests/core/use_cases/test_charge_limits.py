"""What phones may put on accounts in a day and a month: asked at the quote and at the confirmation."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from core.errors import LimitReached, NoOpenQuote, SumNeeded
from core.ids import Payer
from core.money import Money
from core.payments.provider import Declined, Unknown
from core.settings import Settings
from core.states import TopUpState
from core.storage.proof_tables import limit_hit
from core.storage.tables import account_phone, payment
from core.use_cases.charge_limits import MOST_REFUSALS
from core.wiring import Core
from tests.accounts import open_account
from tests.core.other_profile import with_profile
from tests.core.scenes import (
    CHAT,
    MTS,
    ON_POSTGRES,
    ON_SQLITE,
    PHONE,
    arrives,
    processes,
    quote_by_card,
    quote_by_sms,
    rows,
    says_yes,
    the_top_up,
)
from tests.fakes import FakeClock, FakeProvider

LIMITS = (
    ('phone_day = "15000.00"', 'phone_day = "1000.00"'),
    ('phone_month = "40000.00"', 'phone_month = "1500.00"'),
    ('account_day = "30000.00"', 'account_day = "1200.00"'),
    ('account_month = "80000.00"', 'account_month = "2000.00"'),
)
LINES = [old for old, _ in LIMITS]
DAY = timedelta(days=1)


def _reached(whose: str, period: str, limit: int, left: int | None, number: str = "100080") -> LimitReached:
    told = None if left is None else Money.roubles(left)
    return LimitReached(whose, period, Money.roubles(limit), told, number)


@pytest.fixture
async def limited(
    settings: Settings, clock: FakeClock, provider: FakeProvider, tmp_path: Path
) -> AsyncIterator[Core]:
    """A phone gives 1000 a day and 1500 a month, an account gets 1200 a day and 2000 a month."""
    async with with_profile(settings, clock, provider, tmp_path, *LIMITS) as core:
        for number in ("100080", "100081"):
            await open_account(core, number)
        yield core


async def _pays(core: Core, roubles: int, payer: Payer = PHONE, number: str = "100080") -> None:
    quote = await quote_by_sms(core, roubles, payer=payer, number=number)
    assert await says_yes(core, payer, code=quote.code) is None


async def _refused(core: Core, roubles: int, payer: Payer = PHONE, number: str = "100080") -> LimitReached:
    with pytest.raises(LimitReached) as refused:
        await quote_by_sms(core, roubles, payer=payer, number=number)
    return refused.value


async def _refused_at_yes(core: Core, roubles: int, payer: Payer = MTS, number: str = "100080") -> object:
    quote = await quote_by_sms(core, roubles, payer=payer, number=number)
    return await says_yes(core, payer, amount=Money.roubles(roubles), code=quote.code)


@ON_SQLITE
async def test_a_phone_gives_so_much_a_day_and_a_month(limited: Core, clock: FakeClock) -> None:
    await _pays(limited, 600, number="100081")
    assert await _refused(limited, 401) == _reached("phone", "day", 1000, 400)
    await _pays(limited, 400)
    assert (await _refused(limited, 10, number="100081")).left == Money(0)
    clock.shift(timedelta(hours=8, minutes=59))  # the last minute of the local day
    assert (await _refused(limited, 10)).period == "day"
    clock.shift(timedelta(minutes=1))
    assert await _refused(limited, 501) == _reached("phone", "month", 1500, 500)
    await _pays(limited, 500)
    clock.shift(2 * DAY)  # the last of the month
    assert (await _refused(limited, 10)).period == "month"
    clock.shift(DAY)
    await _pays(limited, 1000)


async def test_an_account_gets_so_much_a_day_and_a_month(limited: Core, clock: FakeClock) -> None:
    await _pays(limited, 700)
    await _pays(limited, 500, MTS)
    stranger = Payer.sms("79020000009")
    assert await _refused_at_yes(limited, 10, stranger) == _reached("account", "day", 1200, None)
    await _pays(limited, 10, stranger, "100081")
    clock.shift(DAY)
    assert await _refused_at_yes(limited, 801, stranger) == _reached("account", "month", 2000, None)
    await _pays(limited, 800, stranger)


@ON_SQLITE
async def test_what_is_left_of_an_accounts_limit_is_told_to_its_own_phones_alone(limited: Core) -> None:
    own, payer_before = Payer.sms("79020000007"), Payer.sms("79020000008")
    await open_account(limited, "100082", phones=[own.address])
    await _pays(limited, 10, payer_before, "100082")
    await _pays(limited, 790, number="100082")
    assert await _refused(limited, 401, own, "100082") == _reached("account", "day", 1200, 400, "100082")
    for payer in (Payer.sms("79020000009"), payer_before):
        refusal = await _refused_at_yes(limited, 401, payer, "100082")
        assert refusal == _reached("account", "day", 1200, None, "100082")
    quote = await quote_by_sms(limited, 400, payer=own, number="100082")
    await _pays(limited, 200, number="100082")
    refusal = await says_yes(limited, own, code=quote.code)
    assert refusal == _reached("account", "day", 1200, 200, "100082")


@ON_SQLITE
async def test_a_strangers_request_says_nothing_of_an_accounts_limit_and_uses_up_nothing(
    limited: Core,
) -> None:
    await _pays(limited, 900)
    for roubles in (400, 301, 400, 10):
        await quote_by_sms(limited, roubles, payer=MTS, vouched=False)
    await _pays(limited, 10, MTS)
    assert (await _refused(limited, 1001, MTS)).whose == "phone"  # its own is asked at once


@ON_SQLITE
async def test_a_stranger_is_refused_twice_a_day_and_then_alike_whatever_the_sum(
    limited: Core, clock: FakeClock
) -> None:
    await _pays(limited, 900)
    alike = _reached("account", "day", 1200, None)
    assert await _refused_at_yes(limited, 600) == alike
    await _pays(limited, 50, MTS)  # what fits is paid for, and counts nothing
    await _pays(limited, 40, MTS)
    assert [await _refused_at_yes(limited, roubles) for roubles in (400, 210, 10)] == [alike] * 3
    await _pays(limited, 10, MTS, "100081")
    await _pays(limited, 10, Payer.sms("79020000009"))
    clock.shift(timedelta(hours=8, minutes=59))  # the last minute of the local day
    assert await _refused_at_yes(limited, 10) == alike
    clock.shift(timedelta(minutes=1))
    await _pays(limited, 300, MTS)


@ON_SQLITE
async def test_a_months_limit_cannot_be_found_out_sum_by_sum(limited: Core, clock: FakeClock) -> None:
    await _pays(limited, 900)
    clock.shift(DAY)
    await _pays(limited, 600)
    alike = _reached("account", "month", 2000, None)
    assert [await _refused_at_yes(limited, roubles) for roubles in (900, 501, 500, 10)] == [alike] * 4
    counted = [hit for hit in await rows(limited, limit_hit) if hit.subject.startswith("no_charge:")]
    assert len(counted) == MOST_REFUSALS


@ON_SQLITE
async def test_an_accounts_own_phone_may_try_as_often_as_it_likes(limited: Core) -> None:
    await open_account(limited, "100082", phones=[MTS.address])
    await _pays(limited, 900, number="100082")
    for _ in range(3):
        assert (await _refused(limited, 600, MTS, "100082")).left == Money.roubles(300)
    await _pays(limited, 300, MTS, "100082")


@ON_SQLITE
async def test_a_phone_that_is_registered_after_its_tries_is_told_what_is_left(limited: Core) -> None:
    owner = await open_account(limited, "100082")
    await _pays(limited, 900, number="100082")
    for _ in range(MOST_REFUSALS):
        await _refused_at_yes(limited, 600, MTS, "100082")
    async with limited.database.transaction() as tx:
        await tx.execute(insert(account_phone).values(account_id=owner, msisdn=MTS.address))
    assert (await _refused(limited, 601, MTS, "100082")).left == Money.roubles(300)


@ON_SQLITE
async def test_the_limit_with_the_least_left_is_told(limited: Core) -> None:
    await open_account(limited, "100082", phones=[PHONE.address, MTS.address])
    await _pays(limited, 900, number="100082")
    assert await _refused(limited, 500, number="100082") == _reached("phone", "day", 1000, 100, "100082")
    await _pays(limited, 500, MTS)
    assert await _refused(limited, 501, MTS, "100082") == _reached("account", "day", 1200, 300, "100082")


@ON_SQLITE
async def test_a_declined_charge_and_a_card_count_nothing_and_an_unknown_one_counts(
    limited: Core, provider: FakeProvider
) -> None:
    provider.will(Declined("insufficient_funds"))
    await _pays(limited, 1000)
    quote = await quote_by_card(limited, 2000)
    await limited.top_ups.confirm(quote.id, by=CHAT)
    provider.will(Unknown("timeout"))
    await _pays(limited, 600)
    assert await _refused(limited, 401) == _reached("phone", "day", 1000, 400)


async def test_the_limit_is_asked_again_where_the_quote_is_confirmed(
    limited: Core, provider: FakeProvider
) -> None:
    quote = await quote_by_sms(limited, 700)
    await _pays(limited, 700, MTS)
    assert await says_yes(limited) == _reached("account", "day", 1200, None)
    assert (await the_top_up(limited, quote.id)).state == TopUpState.CANCELLED
    assert isinstance(await says_yes(limited), NoOpenQuote)
    assert len(provider.charges) == len(await rows(limited, payment)) == 1


@ON_SQLITE
async def test_a_yes_past_a_limit_charges_nothing_when_it_is_given_again_the_next_day(
    limited: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    clock.shift(timedelta(hours=8, minutes=58))
    await quote_by_sms(limited, 700)
    await _pays(limited, 700, MTS)
    assert isinstance(await says_yes(limited), LimitReached)
    clock.shift(timedelta(minutes=2))
    assert isinstance(await says_yes(limited), NoOpenQuote)
    clock.shift(timedelta(minutes=13))
    assert (await quote_by_sms(limited, 700)).code is not None
    assert len(provider.charges) == 1


@ON_SQLITE
async def test_what_is_confirmed_after_midnight_belongs_to_the_new_day(
    limited: Core, clock: FakeClock
) -> None:
    await _pays(limited, 500)
    clock.shift(timedelta(hours=8, minutes=55))
    await quote_by_sms(limited, 400)
    clock.shift(timedelta(minutes=10))
    assert await says_yes(limited) is None
    assert await _refused(limited, 601) == _reached("phone", "day", 1000, 600)
    await _pays(limited, 600)


@ON_SQLITE
async def test_what_is_confirmed_after_a_months_last_midnight_belongs_to_the_new_month(
    limited: Core, clock: FakeClock
) -> None:
    clock.shift(timedelta(days=3, hours=8, minutes=59))  # the last minute of April
    await quote_by_sms(limited, 600)
    clock.shift(timedelta(minutes=2))
    assert await says_yes(limited) is None
    assert await _refused(limited, 401) == _reached("phone", "day", 1000, 400)
    clock.shift(2 * DAY)
    assert await _refused(limited, 901) == _reached("phone", "month", 1500, 900)


@ON_SQLITE
async def test_a_refused_request_leaves_the_open_quote_as_it_is(limited: Core) -> None:
    quote = await quote_by_sms(limited, 100)
    await _refused(limited, 1001)
    assert (await the_top_up(limited, quote.id)).state == TopUpState.QUOTED
    assert await says_yes(limited) == SumNeeded(Money.roubles(100))
    assert await says_yes(limited, amount=Money.roubles(100)) is None


@ON_POSTGRES
async def test_confirmations_at_once_stay_within_the_accounts_limit(
    limited: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    phones = [Payer.sms(f"7902000000{n}") for n in range(8)]
    for phone in phones:
        await quote_by_sms(limited, 500, payer=phone)
    answering = [await arrives(limited, phone) for phone in phones]
    async with processes(limited.settings, clock, provider, count=2) as cores:
        answers = await asyncio.gather(
            *(
                cores[n % 2].top_ups.confirm_open(
                    phone, amount=None, code=None, answering=answering[n], vouched=True
                )
                for n, phone in enumerate(phones)
            ),
            return_exceptions=True,
        )
    assert sum(answer is None for answer in answers) == 2
    assert sum(isinstance(answer, LimitReached) for answer in answers) == 6
    assert [each.charge.total for each in provider.charges] == [Money.roubles(515)] * 2


@ON_SQLITE
async def test_a_profile_without_limits_has_none(
    settings: Settings, clock: FakeClock, provider: FakeProvider, tmp_path: Path
) -> None:
    none = [(line, "") for line in LINES]
    async with with_profile(settings, clock, provider, tmp_path, *none) as core:
        await open_account(core)
        for _ in range(3):
            await _pays(core, 14_000)

"""Quotes: what is fixed before anything is charged, and what a second request does to the first."""

import asyncio
import tomllib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import (
    AmountTooLarge,
    AmountTooSmall,
    MethodUnavailable,
    Refusal,
    SumNeeded,
)
from core.ids import Payer
from core.money import Money
from core.profile import SHIPPED
from core.settings import Settings
from core.states import Method, TopUpState
from core.storage.message_tables import notice
from core.storage.tables import payment, top_up, top_up_event
from core.wiring import Core, open_core
from tests.accounts import open_account
from tests.core.scenes import (
    CHAT,
    MTS,
    NUMBER,
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
    told,
)
from tests.fakes import FakeClock, FakeProvider


@dataclass(frozen=True)
class Price:
    roubles: int
    payer: Payer
    total: int


PRICES = [
    Price(100, MTS, 113_00),
    Price(100, PHONE, 103_00),
    Price(500, MTS, 525_00),
    Price(500, PHONE, 515_00),
    Price(890, MTS, 926_70),
    Price(890, PHONE, 916_70),
    Price(10_000, MTS, 10_310_00),
    Price(10_000, PHONE, 10_300_00),
]


@ON_SQLITE
async def test_a_mobile_quote_adds_the_operators_commission(core: Core) -> None:
    await open_account(core)
    for price in PRICES:
        quote = await quote_by_sms(core, price.roubles, payer=price.payer)
        assert quote.amount == Money.roubles(price.roubles)
        assert quote.total == Money(price.total)
        assert quote.commission == quote.total - quote.amount
        assert not quote.commission_from


@ON_SQLITE
async def test_a_card_quote_has_no_commission(core: Core, clock: FakeClock) -> None:
    await open_account(core)
    quote = await quote_by_card(core, 890)
    assert (quote.total, quote.commission, quote.operator) == (Money(890_00), Money(0), None)
    assert quote.expires_at == clock.now() + timedelta(minutes=15)
    assert await told(core, CHAT) == []  # a screen, sent by the door itself


@ON_SQLITE
@pytest.mark.parametrize(
    "method, payer, kopecks, refusal",
    [
        (Method.CARD, CHAT, 9_99, AmountTooSmall(Money(10_00))),
        (Method.CARD, CHAT, 10_00, None),
        (Method.CARD, CHAT, 14_999_00, None),
        (Method.CARD, CHAT, 14_999_01, AmountTooLarge(Money(14_999_00))),
        (Method.MOBILE, PHONE, 9_99, AmountTooSmall(Money(10_00))),
        (Method.MOBILE, PHONE, 10_00, None),
        (Method.MOBILE, MTS, 14_500_00, None),
        (Method.MOBILE, MTS, 14_500_01, AmountTooLarge(Money(14_500_00))),
    ],
)
async def test_an_amount_keeps_to_its_limits(
    core: Core, method: Method, payer: Payer, kopecks: int, refusal: Refusal | None
) -> None:
    await open_account(core)
    asked = core.top_ups.quote(payer, number=NUMBER, amount=Money(kopecks), method=method, locale="ru")
    if refusal is None:
        assert (await asked).amount == Money(kopecks)
        return
    with pytest.raises(type(refusal)) as raised:
        await asked
    assert raised.value == refusal


@pytest.fixture
def other_profile(tmp_path: Path) -> Path:
    """An operator whose mobile provider takes the commission, takes little, and wants codes."""
    text = SHIPPED.read_text(encoding="utf-8").replace('confirm = "word"', 'confirm = "code"')
    text = text.replace('taken_by = "ours"', 'taken_by = "provider"', 1)
    text = text.replace('most_total = "14999.00"\n\n#', 'most_total = "14600.00"\n\n#')
    assert tomllib.loads(text)["methods"]["mobile"]["most_total"] == "14600.00"
    path = tmp_path / "profile.toml"
    path.write_text(text, encoding="utf-8")
    return path


@ON_SQLITE
async def test_another_profile_prices_and_confirms_its_own_way(
    settings: Settings, clock: FakeClock, provider: FakeProvider, other_profile: Path
) -> None:
    settings = settings.model_copy(update={"operator_profile": str(other_profile)})
    async with open_core(settings, clock=clock, wall=clock, providers=[provider]) as core:
        await open_account(core)
        taken_by_provider = await quote_by_sms(core, 100, payer=MTS)
        assert (taken_by_provider.total, taken_by_provider.commission) == (Money(100_00), Money(13_00))
        assert taken_by_provider.commission_from
        with pytest.raises(AmountTooLarge):  # 14 200 and 3 % are more than the provider takes
            await quote_by_sms(core, 14_200)
        with_code = await quote_by_sms(core, 100)
        assert with_code.code is not None
        assert len(with_code.code) == 3
        assert (await quote_by_card(core)).code is None


@ON_SQLITE
async def test_a_method_that_nobody_takes_is_refused(settings: Settings, clock: FakeClock) -> None:
    async with open_core(settings, clock=clock, wall=clock, providers=[]) as core:
        await open_account(core)
        with pytest.raises(MethodUnavailable):
            await quote_by_card(core)


@ON_SQLITE
async def test_a_method_that_the_operator_does_not_list_is_refused(
    settings: Settings, clock: FakeClock, provider: FakeProvider, tmp_path: Path
) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    without = text[: text.index("[methods.mobile]")] + text[text.index('# "from 3 %"') :]
    (tmp_path / "profile.toml").write_text(without, encoding="utf-8")
    settings = settings.model_copy(update={"operator_profile": str(tmp_path / "profile.toml")})
    async with open_core(settings, clock=clock, wall=clock, providers=[provider]) as core:
        await open_account(core)
        with pytest.raises(MethodUnavailable):
            await quote_by_sms(core)
        await quote_by_card(core)


@ON_SQLITE
async def test_a_chat_has_no_phone_to_charge(core: Core) -> None:
    await open_account(core)
    with pytest.raises(MethodUnavailable):
        await core.top_ups.quote(
            CHAT, number=NUMBER, amount=Money.roubles(100), method=Method.MOBILE, locale="ru"
        )


async def test_an_sms_quote_is_answered_once(core: Core) -> None:
    await open_account(core)
    answering = await arrives(core)
    quotes = [
        await core.top_ups.quote(
            PHONE, number="00" + NUMBER, amount=Money.roubles(100), method=Method.MOBILE, locale="en",
            answering=answering,
        )
        for _ in range(3)  # the SMSC repeats its message
    ]  # fmt: skip
    assert {(quote.id, quote.number) for quote in quotes} == {(quotes[0].id, NUMBER)}
    (said,) = await rows(core, notice)
    assert (said.template, said.locale, said.incoming_id) == ("quoted", "en", answering)
    assert said.params["total"] == 103_00
    assert [row.state for row in await rows(core, top_up_event)] == [TopUpState.QUOTED]
    assert await rows(core, payment) == []


@ON_SQLITE
async def test_an_identical_request_returns_the_open_quote(core: Core, clock: FakeClock) -> None:
    await open_account(core)
    first = await quote_by_sms(core, 100)
    clock.shift(timedelta(minutes=5))
    second = await quote_by_sms(core, 100)
    assert second == first
    assert await told(core, PHONE) == ["quoted", "quoted"]
    assert await says_yes(core) is None


@ON_SQLITE
async def test_another_request_replaces_the_open_quote_and_needs_the_sum(core: Core) -> None:
    await open_account(core)
    await open_account(core, "100081")
    first = await quote_by_sms(core, 100)
    second = await quote_by_sms(core, 200)
    third = await quote_by_sms(core, 200, number="100081")
    assert [first.needs_sum, second.needs_sum, third.needs_sum] == [False, True, True]
    assert (await the_top_up(core, first.id)).state == TopUpState.CANCELLED
    assert (await the_top_up(core, second.id)).state == TopUpState.CANCELLED
    assert (await the_top_up(core, third.id)).state == TopUpState.QUOTED


@ON_SQLITE
@pytest.mark.parametrize("roubles, number", [(500, "999999"), (5, NUMBER), (20_000, NUMBER)])
async def test_who_was_refused_something_else_has_to_name_the_open_quotes_sum_at_once(
    core: Core, roubles: int, number: str
) -> None:
    await open_account(core)
    await quote_by_sms(core, 100)
    with pytest.raises(Refusal):
        await quote_by_sms(core, roubles, number=number)
    assert await says_yes(core) == SumNeeded(Money.roubles(100))


@ON_SQLITE
async def test_a_quote_that_ran_out_is_replaced_without_a_word(core: Core, clock: FakeClock) -> None:
    await open_account(core)
    first = await quote_by_sms(core, 100)
    clock.shift(timedelta(minutes=15))
    second = await quote_by_sms(core, 200)
    assert (await the_top_up(core, first.id)).state == TopUpState.EXPIRED
    assert not second.needs_sum


@ON_SQLITE
async def test_quotes_in_a_chat_stand_beside_each_other(core: Core) -> None:
    await open_account(core)
    assert (await quote_by_card(core, 100)).id != (await quote_by_card(core, 100)).id


@ON_POSTGRES
async def test_requests_at_once_leave_one_open_quote(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    await open_account(core)
    async with processes(settings, clock, provider, count=2) as cores:
        same = await asyncio.gather(*(quote_by_sms(cores[i % 2], 100) for i in range(8)))
        assert len({quote.id for quote in same}) == 1
        texts = [await arrives(core, MTS) for _ in range(2)]
        ten = await asyncio.gather(
            *(
                cores[i % 2].top_ups.quote(
                    MTS, number=NUMBER, amount=Money.roubles(100 + i), method=Method.MOBILE, locale="ru",
                    answering=texts[i],
                )
                for i in range(2)
            )
        )  # fmt: skip
    assert sorted(quote.needs_sum for quote in ten) == [False, True]
    open_quotes = await rows(core, top_up, payer=MTS.address, state=TopUpState.QUOTED)
    assert [row.needs_sum for row in open_quotes] == [True]

"""Digits instead of a yes are decided from what all processes share."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select, text

from core.errors import NoOpenQuote, QuoteExpired, Refusal
from core.ids import Payer
from core.money import Money
from core.settings import Settings
from core.states import Method, TopUpState
from core.storage.tables import top_up
from core.use_cases.quote_codes import (
    CONFIRM_WINDOW,
    YES_REMEMBERED,
    code_besides,
    note_yes_in_vain,
)
from core.use_cases.top_up_moves import alone_by_sms, move, newest_by_sms
from core.wiring import Core
from tests.accounts import open_account
from tests.core.scenes import (
    MTS,
    NUMBER,
    ON_POSTGRES,
    ON_SQLITE,
    PHONE,
    arrives,
    processes,
    quote_by_sms,
    says_yes,
    the_top_up,
)
from tests.deadlines import until
from tests.fakes import FakeClock, FakeProvider


async def test_a_yes_that_another_process_took_has_the_next_quote_ask_for_digits(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    await open_account(core)
    async with processes(settings, clock, provider, count=1) as (other,):
        assert (await quote_by_sms(core)).code is None
        assert await says_yes(core) is None
        assert (await quote_by_sms(other, 200)).code is not None
        assert (await quote_by_sms(other, 200, payer=MTS)).code is None  # another phone
        assert (await quote_by_sms(other, 300)).code is not None  # it replaces one with digits
        clock.shift(YES_REMEMBERED)
        assert (await quote_by_sms(other, 400)).code is None


@ON_POSTGRES
async def test_a_quote_made_beside_the_yes_to_the_one_before_asks_for_digits(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    await open_account(core)
    async with processes(settings, clock, provider, count=2) as (one, other):
        for n in range(6):
            phone = Payer.sms(f"7902000000{n}")
            first = await quote_by_sms(core, payer=phone)
            _, second = await asyncio.gather(says_yes(one, phone), quote_by_sms(other, 200, payer=phone))
            was_paid = (await the_top_up(core, first.id)).state == TopUpState.PAID
            assert second.code is not None or (second.needs_sum and not was_paid)


@ON_POSTGRES
async def test_a_quote_made_beside_a_yes_in_vain_asks_for_digits(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    await open_account(core)
    await quote_by_sms(core)
    clock.shift(CONFIRM_WINDOW)
    async with processes(settings, clock, provider, count=1) as (other,), asyncio.TaskGroup() as tasks:
        async with core.database.transaction() as tx:  # as far as a late yes has come
            await alone_by_sms(tx, PHONE)
            await newest_by_sms(tx, PHONE)
            quoting = tasks.create_task(quote_by_sms(other, 200))
            await until(lambda: _waits(core))
            await note_yes_in_vain(tx, PHONE, now=clock.now())
        assert (await quoting).code is not None


@ON_POSTGRES
@pytest.mark.parametrize("said", ["yes", "no"])
async def test_an_answer_waits_for_the_request_that_is_being_made(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider, said: str
) -> None:
    await open_account(core)
    quote = await quote_by_sms(core)
    async with processes(settings, clock, provider, count=1) as (other,), asyncio.TaskGroup() as tasks:
        async with core.database.transaction() as tx:  # a request that has read nothing yet
            await alone_by_sms(tx, PHONE)
            answers = tasks.create_task(says_yes(other) if said == "yes" else _says_no(other))
            await until(lambda: _waits(core))
            await move(
                tx, await newest_by_sms(tx, PHONE), TopUpState.CANCELLED, at=clock.now(), why="replaced"
            )
        assert isinstance(await answers, NoOpenQuote)
    assert (await the_top_up(core, quote.id)).state == TopUpState.CANCELLED


async def _says_no(core: Core) -> Refusal | None:
    try:
        await core.top_ups.cancel_open(PHONE, answering=await arrives(core), vouched=True)
    except Refusal as refusal:
        return refusal
    return None


@ON_POSTGRES
async def test_a_yes_waits_for_the_quote_that_is_being_closed(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    await open_account(core)
    quote = await quote_by_sms(core)
    async with processes(settings, clock, provider, count=1) as (other,), asyncio.TaskGroup() as tasks:
        async with core.database.transaction() as tx:  # as what closes late quotes, which waits for nobody
            row = await tx.one(select(top_up).where(top_up.c.id == quote.id).with_for_update())
            await move(tx, row, TopUpState.EXPIRED, at=clock.now(), why="window passed")
            answers = tasks.create_task(says_yes(other))
            await until(lambda: _waits(core))
        assert isinstance(await answers, QuoteExpired)
    assert provider.charges == []


async def _waits(core: Core) -> bool:
    async with core.database.read() as tx:
        return bool(await tx.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))


@ON_SQLITE
async def test_who_does_not_say_how_a_text_came_is_asked_for_digits(core: Core) -> None:
    await open_account(core)
    quote = await quote_by_sms(core, vouched=False)
    assert quote.code is not None
    assert await says_yes(core, code=quote.code, vouched=False) is None
    assert (await the_top_up(core, quote.id)).payer == PHONE.address


@ON_SQLITE
async def test_a_request_that_two_processes_handled_gives_no_digits_to_what_is_confirmed(core: Core) -> None:
    await open_account(core)
    answering = await arrives(core, vouched=True)
    request: dict[str, Any] = {
        "number": NUMBER,
        "amount": Money.roubles(100),
        "method": Method.MOBILE,
        "locale": "ru",
    }
    quotes = []
    for yeses in (2, 0):  # the second is in vain, and speaks for digits
        quotes.append(await core.top_ups.quote(PHONE, answering=answering, vouched=True, **request))
        for _ in range(yeses):
            await says_yes(core)
    assert [quote.code for quote in quotes] == [None, None]
    assert quotes[0].id == quotes[1].id


@pytest.mark.parametrize("taken", [{"482"}, {f"{n:03d}" for n in range(1, 1000)}])
def test_a_code_is_none_that_means_something_else(taken: set[str]) -> None:
    assert code_besides(taken) not in taken

"""Accounts: a balance by SMS goes to a registered phone alone, and tells strangers nothing."""

from datetime import datetime, timedelta

import pytest

from core.errors import NoRegisteredPhone, NotLinked, Refusal, UnknownAccount
from core.ids import Payer
from core.ledger.transfer import REVENUE, clearing
from core.money import Money
from core.states import Access, IncomingOutcome, TransferKind
from core.storage.message_tables import notice
from core.wiring import Core
from tests.accounts import open_account
from tests.core.scenes import (
    ON_SQLITE,
    PHONE,
    arrives,
    card_page,
    deliver_all,
    quote_by_sms,
    rows,
    says_yes,
    told,
)
from tests.fakes import FakeClock, FakeProvider


async def _asks(core: Core, number: str | None = None, *, payer: Payer = PHONE) -> Refusal | None:
    answering = await arrives(core, payer)
    try:
        said = await core.accounts.balance_by_sms(payer, number)
    except Refusal as refusal:
        await core.receiving.finish(answering, silent=IncomingOutcome.NOT_OURS)
        return refusal
    await core.receiving.finish(answering, reply=said, to=payer)
    return None


async def test_a_registered_phone_is_told_its_accounts(core: Core) -> None:
    owner = await open_account(core, balance=Money(198_19), phones=[PHONE.address])
    await open_account(core, "2", balance=Money(-5), phones=[PHONE.address], tariff=None)
    assert await _asks(core) is None
    (said,) = await rows(core, notice)
    assert said.params == {
        "lines": [
            {"number": "100080", "balance": 198_19, "days_until_block": 6, "recommended": 691_91},
            {"number": "2", "balance": -5, "days_until_block": 0, "recommended": None},
        ],
        "more": 0,
    }
    assert await core.accounts.of_phone(PHONE.address) == [
        owner,
        *[each.id for each in await core.accounts.linked(PHONE) if each.number == "2"],
    ]
    assert {each.access for each in await core.accounts.linked(PHONE)} == {Access.READ}


@ON_SQLITE
async def test_three_accounts_fit_and_the_rest_are_counted(core: Core) -> None:
    for number in range(1, 6):
        await open_account(core, str(number), phones=[PHONE.address])
    await _asks(core)
    await _asks(core, "5")
    all_, one = [row.params for row in await rows(core, notice)]
    assert ([line["number"] for line in all_["lines"]], all_["more"]) == (["1", "2", "3"], 2)
    assert ([line["number"] for line in one["lines"]], one["more"]) == (["5"], 0)


@ON_SQLITE
async def test_a_stranger_learns_nothing_of_an_account(core: Core) -> None:
    await open_account(core)
    assert isinstance(await _asks(core), NoRegisteredPhone)
    assert isinstance(await _asks(core, "100080"), NoRegisteredPhone)
    await open_account(core, "2", phones=[PHONE.address])
    refusals = {str(await _asks(core, number)) + "?" for number in ("100080", "999999")}
    assert len(refusals) == 1  # another's account and none are not told apart
    assert isinstance(await _asks(core, "100080"), NotLinked)
    assert await told(core, PHONE) == []


@ON_SQLITE
async def test_the_ledger_shows_both_sides_by_name(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    await open_account(core, balance=Money(50_00))
    await quote_by_sms(core)
    await says_yes(core)
    clock.at = datetime.fromisoformat("2026-04-28T10:00:00+10:00")
    await core.fees.post_once(10)
    view = await core.statements.ledger("100080")
    assert [(row.kind, row.debit, row.credit) for row in view.rows] == [
        (TransferKind.FEE, "subscriber:100080", REVENUE.name),
        (TransferKind.TOP_UP, clearing("fake").name, "subscriber:100080"),
        (TransferKind.OPENING, "opening", "subscriber:100080"),
    ]
    fee = view.rows[0].amount
    assert [row.change for row in view.rows] == [-fee, Money(100_00), Money(50_00)]
    assert [row.balance_after for row in view.rows] == [Money(150_00) - fee, Money(150_00), Money(50_00)]
    assert (view.number, view.balance_posted) == ("100080", Money(150_00) - fee)
    assert view.balance < view.balance_posted
    with pytest.raises(UnknownAccount):
        await core.statements.ledger("1")
    booked = core.reconciliations.booked
    assert await booked("fake") == {"mobile-1": Money(103_00)}
    assert await booked("other") == {}


@ON_SQLITE
async def test_queues_tell_how_long_their_oldest_waits(core: Core, clock: FakeClock) -> None:
    queues = core.queues
    assert set((await queues.oldest()).values()) == {None}
    await open_account(core)
    await arrives(core)
    clock.shift(timedelta(minutes=1))
    await card_page(core)
    await quote_by_sms(core)
    clock.shift(timedelta(minutes=2))
    waiting = await queues.oldest()
    assert waiting["incoming"] == timedelta(minutes=3)
    assert waiting["payments"] == waiting["notices"] == timedelta(minutes=2)
    assert waiting["provider_events"] is None
    await deliver_all(core)
    assert (await queues.oldest())["notices"] is None
    clock.shift(-timedelta(hours=1))
    assert (await queues.oldest())["incoming"] == timedelta()

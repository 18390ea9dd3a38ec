"""Claims: staff move a top-up to the account it was meant for, once, whoever else is at it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from core.errors import (
    AllGivenBack,
    AlreadyAssigned,
    NotAssignable,
    NotOnAnAccount,
    RefundUnderWay,
    Refusal,
    SameAccount,
    UnknownAccount,
    UnknownPayment,
)
from core.ids import AccountId, new_id
from core.ledger.transfer import clearing
from core.money import ZERO, Money
from core.payments.provider import Pending, Refunded
from core.settings import Settings
from core.storage.autopay_tables import refund
from core.storage.staff_tables import assignment, audit
from core.storage.tables import payment
from core.wiring import Core
from tests.accounts import open_account
from tests.core.autopay_scenes import work
from tests.core.scenes import (
    MTS,
    ON_POSTGRES,
    ON_SQLITE,
    PHONE,
    commission,
    posted,
    processes,
    quote_by_sms,
    rows,
    says_yes,
    summed,
    told,
)
from tests.core.staff_scenes import HUNDRED, WHO, stray_money, two_accounts
from tests.fakes import FakeClock, FakeProvider

two = two_accounts


async def test_a_claim_moves_the_credit_and_leaves_the_commission(
    core: Core, two: tuple[AccountId, AccountId, Any]
) -> None:
    wrong, right, row = two
    moved = await core.claims.claim(str(row.id), to="100081", **WHO)
    assert (moved.amount, moved.from_number, moved.to_number) == (HUNDRED, "100080", "100081")
    assert (moved.from_after, moved.to_after, moved.repeated) == (ZERO, HUNDRED, False)
    assert (await posted(core, wrong), await posted(core, right)) == (ZERO, HUNDRED)
    assert await commission(core) == Money.roubles(13)
    assert await core.reconciliations.booked("fake") == {row.provider_ref: Money(row.total)}
    (entry,) = await rows(core, audit)
    assert (entry.by, entry.action, entry.subject, entry.why) == ("Anna", "claim", str(row.id), WHO["why"])
    assert (await told(core, MTS))[-1] == "paid"


async def test_a_claim_again_moves_nothing_and_another_is_refused(
    core: Core, two: tuple[AccountId, AccountId, Any]
) -> None:
    _, right, row = two
    await open_account(core, number="100082", tariff=None)
    await core.claims.claim(row.provider_ref, to="100081", **WHO)
    again = await core.claims.claim(str(row.id), to="100081", by="Boris", why="again")
    assert again.repeated
    assert await posted(core, right) == HUNDRED
    assert len(await rows(core, audit)) == 1
    with pytest.raises(AlreadyAssigned) as refused:
        await core.claims.claim(str(row.id), to="100082", **WHO)
    assert refused.value.number == "100081"


async def test_a_dry_run_tells_what_would_move_and_moves_nothing(
    core: Core, provider: FakeProvider, two: tuple[AccountId, AccountId, Any]
) -> None:
    wrong, right, row = two
    stray = await stray_money(core, provider)
    moved = await core.claims.claim(str(row.id), to="100081", dry_run=True, **WHO)
    assert (moved.amount, moved.to_after) == (HUNDRED, HUNDRED)
    assigned = await core.suspense.assign(str(stray.id), to="100081", dry_run=True, **WHO)
    assert (assigned.from_number, assigned.to_after) == (None, HUNDRED)
    given = await core.suspense.give_back(str(stray.id), dry_run=True, **WHO)
    assert (given.amount, given.left) == (HUNDRED, ZERO)
    asked = await core.refund_orders.order(str(row.id), Money(50_00), dry_run=True, **WHO)
    assert asked.left == Money(63_00)
    assert (await posted(core, wrong), await posted(core, right)) == (HUNDRED, ZERO)
    assert await rows(core, audit) == await rows(core, refund) == await rows(core, assignment) == []


@ON_SQLITE
async def test_a_claim_counts_what_was_given_back(core: Core, two: tuple[AccountId, AccountId, Any]) -> None:
    wrong, right, row = two
    await core.refund_orders.order(str(row.id), Money(30_00), **WHO)
    with pytest.raises(RefundUnderWay):
        await core.claims.claim(str(row.id), to="100081", **WHO)
    await work(core, rounds=1)
    assert (await core.claims.claim(str(row.id), to="100081", **WHO)).amount == Money(70_00)
    assert (await posted(core, wrong), await posted(core, right)) == (ZERO, Money(70_00))


async def test_a_refund_after_a_claim_is_taken_from_where_the_money_is(
    core: Core, provider: FakeProvider, two: tuple[AccountId, AccountId, Any]
) -> None:
    wrong, right, row = two
    await core.claims.claim(str(row.id), to="100081", **WHO)
    body = provider.tells(row.id, Refunded("r-1", row.provider_ref, Money(105_00), "RUB"))
    await core.callbacks.take("fake", body=body, headers={})
    assert (await posted(core, wrong), await posted(core, right)) == (ZERO, ZERO)
    assert await commission(core) == Money(8_00)
    assert await summed(core, clearing("fake").id) == -Money(8_00)


@ON_SQLITE
async def test_a_claim_is_refused_where_there_is_nothing_to_move(
    core: Core, provider: FakeProvider, two: tuple[AccountId, AccountId, Any]
) -> None:
    _, _, row = two
    stray = await stray_money(core, provider)
    provider.will(Pending("open-1"))
    await quote_by_sms(core, payer=PHONE)
    await says_yes(core)
    refusals: list[tuple[str, str, type[Refusal]]] = [
        (str(row.id), "100080", SameAccount),
        (str(row.id), "55", UnknownAccount),
        ("none", "100081", UnknownPayment),
        (str(new_id()), "100081", UnknownPayment),
        (str(stray.id), "100081", NotOnAnAccount),
        ("open-1", "100081", NotAssignable),
    ]
    for name, to, refusal in refusals:
        with pytest.raises(refusal):
            await core.claims.claim(name, to=to, **WHO)
    await core.refund_orders.order(str(row.id), Money(113_00), **WHO)
    await work(core, rounds=1)
    with pytest.raises(AllGivenBack):
        await core.claims.claim(str(row.id), to="100081", **WHO)


@ON_POSTGRES
async def test_members_of_staff_at_once_move_a_payment_once(
    core: Core,
    settings: Settings,
    clock: FakeClock,
    provider: FakeProvider,
    two: tuple[AccountId, AccountId, Any],
) -> None:
    wrong, right, row = two
    await open_account(core, number="100082", tariff=None)
    async with processes(settings, clock, provider, count=2) as both:
        ended = await asyncio.gather(
            *(each.claims.claim(str(row.id), to=to, **WHO) for each in both for to in ("100081", "100082")),
            *(each.refund_orders.order(str(row.id), Money(90_00), **WHO) for each in both),
            return_exceptions=True,
        )
    assert all(not isinstance(each, BaseException) or isinstance(each, Refusal) for each in ended)
    await work(core, rounds=1)
    assert len(await rows(core, assignment)) <= 1
    balances = [await posted(core, wrong), await posted(core, right)]
    assert all(balance >= ZERO for balance in balances)


async def test_two_claims_that_cross_do_not_lock_each_other_out(
    core: Core, clock: FakeClock, two: tuple[AccountId, AccountId, Any]
) -> None:
    wrong, right, row = two
    clock.shift(timedelta(minutes=1))
    await quote_by_sms(core, payer=PHONE, number="100081")
    await says_yes(core)
    other = (await rows(core, payment))[-1]
    await asyncio.gather(
        core.claims.claim(str(row.id), to="100081", **WHO),
        core.claims.claim(str(other.id), to="100080", **WHO),
    )
    assert (await posted(core, wrong), await posted(core, right)) == (HUNDRED, HUNDRED)

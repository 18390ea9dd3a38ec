"""What staff do with money: claims, suspense, refunds; once a key, with who and why, never more than came."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update

from core.errors import (
    AllGivenBack,
    AlreadyAssigned,
    KeyUsed,
    NotAssignable,
    NotOnAnAccount,
    NotRefundable,
    RefundTooLarge,
    RefundUnderWay,
    Refusal,
    SameAccount,
    UnknownAccount,
    UnknownPayment,
)
from core.ids import AccountId, PaymentId, new_id
from core.ledger.transfer import clearing
from core.money import ZERO, Money
from core.payments.provider import Declined, Pending, Refunded, Succeeded
from core.settings import Settings
from core.states import RefundState
from core.storage.autopay_tables import refund
from core.storage.staff_tables import assignment, audit, audit_head
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
    in_suspense,
    posted,
    processes,
    quote_by_sms,
    rows,
    says_yes,
    summed,
    told,
)
from tests.fakes import FakeClock, FakeProvider

HUNDRED = Money.roubles(100)
WHO: dict[str, Any] = {"by": "Anna", "why": "application 12"}


@pytest.fixture
async def two(core: Core) -> tuple[AccountId, AccountId, Any]:
    """A wrong account with 100 roubles that were meant for the right one, and the payment."""
    wrong = await open_account(core, tariff=None)
    right = await open_account(core, number="100081", tariff=None)
    await quote_by_sms(core, payer=MTS)
    await says_yes(core, MTS)
    (row,) = await rows(core, payment)
    return wrong, right, row


async def _stray(core: Core, provider: FakeProvider, reference: str = "stray-1", roubles: int = 100) -> Any:
    said = Succeeded(reference, "999", Money.roubles(roubles), "RUB")
    await core.callbacks.take("fake", body=provider.tells(PaymentId(new_id()), said), headers={})
    (row,) = await rows(core, payment, provider_ref=reference)
    return row


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
    stray = await _stray(core, provider)
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
    stray = await _stray(core, provider)
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


async def test_stray_money_is_listed_and_put_on_an_account_once(core: Core, provider: FakeProvider) -> None:
    owner = await open_account(core, tariff=None)
    row = await _stray(core, provider)
    (waiting,) = await core.suspense.waiting()
    assert (waiting.payment_id, waiting.left, waiting.reason) == (row.id, HUNDRED, "unknown payment")
    assert (await core.suspense.assign("stray-1", to="100080", **WHO)).amount == HUNDRED
    assert (await core.suspense.assign("stray-1", to="100080", **WHO)).repeated
    assert await core.suspense.waiting() == []
    assert (await posted(core, owner), await in_suspense(core)) == (HUNDRED, ZERO)
    with pytest.raises(NotAssignable):
        await core.suspense.give_back("stray-1", **WHO)
    body = provider.tells(row.id, Refunded("r-1", "stray-1", Money(40_00), "RUB"))
    await core.callbacks.take("fake", body=body, headers={})
    assert (await posted(core, owner), await in_suspense(core)) == (Money(60_00), ZERO)


async def test_money_that_did_not_fit_its_top_up_is_put_where_it_belongs_and_told(
    core: Core, provider: FakeProvider
) -> None:
    owner = await open_account(core, tariff=None)
    provider.will(Pending("m-1"))
    await quote_by_sms(core)
    await says_yes(core)
    (row,) = await rows(core, payment)
    less = Succeeded("m-1", "100080", Money(60_00), "RUB")
    await core.callbacks.take("fake", body=provider.tells(row.id, less), headers={})
    (waiting,) = await core.suspense.waiting()
    assert (waiting.left, waiting.asked_for) == (Money(60_00), "100080")
    await core.suspense.assign(str(row.id), to="100080", **WHO)
    assert await posted(core, owner) == Money(60_00)
    assert (await told(core, PHONE))[-2:] == ["held", "paid"]


async def test_stray_money_goes_back_once_and_no_more_than_came(core: Core, provider: FakeProvider) -> None:
    await open_account(core, tariff=None)
    row = await _stray(core, provider)
    first = await core.suspense.give_back("stray-1", **WHO)
    again = await core.suspense.give_back("stray-1", by="Boris", why="again")
    assert (again.refund_id, again.repeated) == (first.refund_id, True)
    with pytest.raises(RefundUnderWay):
        await core.suspense.assign("stray-1", to="100080", **WHO)
    await work(core, rounds=1)
    assert (await core.suspense.give_back("stray-1", **WHO)).state == RefundState.DONE
    assert await in_suspense(core) == ZERO
    with pytest.raises(AllGivenBack):
        await core.suspense.give_back("stray-1", key="another", **WHO)
    with pytest.raises(AllGivenBack):
        await core.suspense.assign(str(row.id), to="100080", **WHO)


@ON_SQLITE
async def test_no_more_than_came_is_given_back_of_money_that_did_not_fit(
    core: Core, provider: FakeProvider
) -> None:
    await open_account(core, tariff=None)
    provider.will(Pending("m-1"))
    await quote_by_sms(core)
    await says_yes(core)
    (row,) = await rows(core, payment)
    less = Succeeded("m-1", "100080", Money(60_00), "RUB")
    await core.callbacks.take("fake", body=provider.tells(row.id, less), headers={})
    with pytest.raises(RefundTooLarge) as refused:
        await core.refund_orders.order("m-1", Money(60_01), **WHO)
    assert refused.value.left == Money(60_00)


async def test_the_same_refund_asked_for_again_is_one(
    core: Core, provider: FakeProvider, two: tuple[AccountId, AccountId, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, row = two
    first = await core.refund_orders.order(str(row.id), Money(30_00), **WHO)
    again = await core.refund_orders.order(str(row.id), Money(30_00), **WHO)
    assert (again.refund_id, again.repeated, again.left) == (first.refund_id, True, Money(83_00))
    other = await core.refund_orders.order(str(row.id), Money(30_00), key="on purpose", **WHO)
    assert other.refund_id != first.refund_id
    with pytest.raises(KeyUsed):
        await core.refund_orders.order(str(row.id), Money(31_00), key="on purpose", **WHO)
    await core.claims.claim(str((await _stray_credited(core)).id), to="100081", **WHO)
    with pytest.raises(KeyUsed):
        await core.refund_orders.order(str(row.id), None, key=f"claim:{await _last(core)}", **WHO)


async def _stray_credited(core: Core) -> Any:
    await quote_by_sms(core, 50, payer=PHONE)
    await says_yes(core)
    return (await rows(core, payment))[-1]


async def _last(core: Core) -> str:
    return str((await rows(core, payment))[-1].id)


@ON_SQLITE
async def test_a_refund_that_the_provider_declined_is_told_so_when_it_is_asked_for_again(
    core: Core, provider: FakeProvider, two: tuple[AccountId, AccountId, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, row = two

    async def declines(_asked: object) -> Declined:
        return Declined("other")

    monkeypatch.setattr(provider, "refund", declines)
    await core.refund_orders.order(str(row.id), Money(30_00), **WHO)
    await work(core, rounds=1)
    again = await core.refund_orders.order(str(row.id), Money(30_00), **WHO)
    assert (again.state, again.reason, again.left) == (RefundState.DECLINED, "other", Money(113_00))


@ON_SQLITE
async def test_what_is_not_paid_is_not_given_back(core: Core, provider: FakeProvider) -> None:
    await open_account(core, tariff=None)
    provider.will(Pending("open-1"))
    await quote_by_sms(core)
    await says_yes(core)
    with pytest.raises(NotRefundable):
        await core.refund_orders.order("open-1", Money(1), **WHO)
    with pytest.raises(UnknownPayment):
        await core.refund_orders.order("none", Money(1), **WHO)


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


async def _tamper(core: Core, sqlite: str, postgres: str, *statements: Any) -> None:
    """What only the owner of the database can do, and only on purpose."""
    async with core.database.transaction() as tx:
        await tx.execute(text(sqlite if core.settings.embedded else postgres))
        for statement in statements:
            await tx.execute(statement)


async def test_a_changed_and_a_missing_entry_of_the_audit_trail_are_found(
    core: Core, provider: FakeProvider
) -> None:
    await open_account(core, tariff=None)
    for name in ("s-1", "s-2", "s-3"):
        await _stray(core, provider, name, 10)
        await core.suspense.assign(name, to="100080", **WHO)
    assert await core.invariants.check() == []
    why = update(audit).where(audit.c.number == 2)
    disable = "ALTER TABLE audit DISABLE TRIGGER ALL"
    await _tamper(core, "DROP TRIGGER audit_no_update", disable, why.values(why="another"))
    assert [each.code for each in await core.invariants.check()] == ["I11"]
    gone, back = text("DELETE FROM audit WHERE number = 1"), why.values(why=WHO["why"])
    await _tamper(core, "DROP TRIGGER audit_no_delete", disable, gone, back)
    assert [each.code for each in await core.invariants.check()] == ["I11"]
    await _tamper(core, "DELETE FROM audit", "DELETE FROM audit")
    assert [each.about for each in await core.invariants.check()] == [
        "the audit trail does not end with entry 0, as it does now"
    ]
    async with core.database.transaction() as tx:
        await tx.execute(text("DELETE FROM audit_head"))  # the fixture asks for the invariants once more


async def test_entries_that_are_cut_off_the_end_are_missed(core: Core, provider: FakeProvider) -> None:
    await open_account(core, tariff=None)
    for name in ("s-1", "s-2"):
        await _stray(core, provider, name, 10)
        await core.suspense.assign(name, to="100080", **WHO)
    cut = text("DELETE FROM audit WHERE number = 2")
    await _tamper(core, "DROP TRIGGER audit_no_delete", "ALTER TABLE audit DISABLE TRIGGER ALL", cut)
    assert [each.code for each in await core.invariants.check()] == ["I11"]
    async with core.database.transaction() as tx:
        held = await tx.one(select(audit.c.hash).where(audit.c.number == 1))
        await tx.execute(update(audit_head).values(number=1, hash=held.hash))

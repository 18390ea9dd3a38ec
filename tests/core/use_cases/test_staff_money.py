"""What staff do with stray money and payments: put on an account, given back, once a key, never too much."""

from typing import Any

import pytest

from core.errors import (
    AllGivenBack,
    KeyUsed,
    NotAssignable,
    NotRefundable,
    RefundTooLarge,
    RefundUnderWay,
    UnknownPayment,
)
from core.ids import AccountId
from core.money import ZERO, Money
from core.payments.provider import Declined, Pending, Refunded, Succeeded
from core.states import RefundState
from core.storage.tables import payment
from core.wiring import Core
from tests.accounts import open_account
from tests.core.autopay_scenes import work
from tests.core.scenes import ON_SQLITE, PHONE, in_suspense, posted, quote_by_sms, rows, says_yes, told
from tests.core.staff_scenes import HUNDRED, WHO, stray_money, two_accounts
from tests.fakes import FakeProvider

two = two_accounts


async def test_stray_money_is_listed_and_put_on_an_account_once(core: Core, provider: FakeProvider) -> None:
    owner = await open_account(core, tariff=None)
    row = await stray_money(core, provider)
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
    row = await stray_money(core, provider)
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

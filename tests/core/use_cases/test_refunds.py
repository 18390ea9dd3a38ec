"""Refunds: asked for once a key, never more than was paid, back out of where the money went."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from core.errors import NotRefundable, RefundTooLarge
from core.ids import AccountId, PaymentId, new_id
from core.ledger.transfer import clearing
from core.money import ZERO, Money
from core.payments.charge import Refund
from core.payments.provider import Declined, NotSent, Pending, Refunded, RefundOutcome, Succeeded, Unknown
from core.settings import Settings
from core.states import RefundState
from core.storage.autopay_tables import refund
from core.storage.tables import payment
from core.wiring import Core
from tests.core.autopay_scenes import linked_account, pay_and_save, with_card_key, work
from tests.core.scenes import (
    CHAT,
    MTS,
    ON_POSTGRES,
    ON_SQLITE,
    card_page,
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

settings = with_card_key


class Answers:
    """What the provider's refund call gives, one answer after another; each call is kept."""

    def __init__(self, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[Refund] = []
        self._given: list[RefundOutcome] = []
        self._usual = provider.refund
        monkeypatch.setattr(provider, "refund", self._refund)

    def will(self, *outcomes: RefundOutcome) -> None:
        self._given += outcomes

    async def _refund(self, asked: Refund) -> RefundOutcome:
        self.calls.append(asked)
        return self._given.pop(0) if self._given else await self._usual(asked)


@pytest.fixture
def answers(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> Answers:
    return Answers(provider, monkeypatch)


async def _paid(core: Core, provider: FakeProvider) -> tuple[AccountId, Any]:
    owner = await linked_account(core)
    await pay_and_save(core, provider, 300)
    (row,) = await rows(core, payment)
    return owner, row


async def _ask(core: Core, of: PaymentId, roubles: int) -> None:
    await core.refunds.refund(of, Money.roubles(roubles), why="wrong payment", by="staff")


async def test_parts_are_given_back_up_to_the_whole(core: Core, provider: FakeProvider) -> None:
    owner, row = await _paid(core, provider)
    await _ask(core, row.id, 100)
    await _ask(core, row.id, 150)
    with pytest.raises(RefundTooLarge) as raised:
        await _ask(core, row.id, 51)
    assert raised.value.left == Money.roubles(50)
    await work(core, rounds=1)
    assert await posted(core, owner) == Money.roubles(50)
    assert await summed(core, clearing("fake").id) == -Money.roubles(50)
    await _ask(core, row.id, 50)
    await work(core, rounds=1)
    assert await posted(core, owner) == ZERO
    with pytest.raises(RefundTooLarge):
        await _ask(core, row.id, 1)
    assert (await told(core, CHAT)).count("refunded") == 3
    assert [each.state for each in await rows(core, refund)] == [RefundState.DONE] * 3


@ON_SQLITE
async def test_the_accounts_part_goes_first_and_then_the_commission(
    core: Core, provider: FakeProvider
) -> None:
    owner = await linked_account(core)
    await quote_by_sms(core, payer=MTS)
    await says_yes(core, MTS)
    (row,) = await rows(core, payment)
    assert (row.total, await commission(core)) == (113_00, Money.roubles(13))
    await core.refunds.refund(row.id, Money(105_00), why="wrong payment", by="staff")
    await work(core, rounds=1)
    assert (await posted(core, owner), await commission(core)) == (ZERO, Money(8_00))
    await core.refunds.refund(row.id, Money(8_00), why="wrong payment", by="staff")
    await work(core, rounds=1)
    assert (await posted(core, owner), await commission(core)) == (ZERO, ZERO)


@ON_SQLITE
async def test_stray_money_goes_back_out_of_suspense(core: Core, provider: FakeProvider) -> None:
    await linked_account(core)
    success = Succeeded("stray-1", "100080", HUNDRED, "RUB")
    await core.callbacks.take("fake", body=provider.tells(PaymentId(new_id()), success), headers={})
    (row,) = await rows(core, payment)
    assert await in_suspense(core) == HUNDRED
    await _ask(core, row.id, 100)
    await work(core, rounds=1)
    assert await in_suspense(core) == ZERO
    assert await summed(core, clearing("fake").id) == ZERO


@ON_SQLITE
async def test_what_is_not_paid_is_not_given_back(core: Core, provider: FakeProvider) -> None:
    await linked_account(core)
    with pytest.raises(NotRefundable):
        await _ask(core, PaymentId(new_id()), 1)
    provider.will(Declined("other"))
    await quote_by_sms(core)
    await says_yes(core)
    (row,) = await rows(core, payment)
    with pytest.raises(NotRefundable):
        await _ask(core, row.id, 1)


@ON_SQLITE
async def test_a_lost_answer_is_repeated_with_the_same_key(
    core: Core, clock: FakeClock, provider: FakeProvider, answers: Answers
) -> None:
    owner, row = await _paid(core, provider)
    answers.will(Unknown("timeout"), NotSent("unreachable"))
    await _ask(core, row.id, 100)
    for _ in range(3):
        await work(core, rounds=1)
        clock.shift(timedelta(seconds=31))
    assert len({call.id for call in answers.calls}) == 1
    assert len(answers.calls) == 3
    assert await posted(core, owner) == Money.roubles(200)


@ON_SQLITE
async def test_a_declined_refund_leaves_the_money_where_it_was(
    core: Core, provider: FakeProvider, answers: Answers
) -> None:
    owner, row = await _paid(core, provider)
    answers.will(Declined("other"))
    await _ask(core, row.id, 300)
    await work(core)
    (asked,) = await rows(core, refund)
    assert (asked.state, asked.reason) == (RefundState.DECLINED, "other")
    assert await posted(core, owner) == Money.roubles(300)
    await _ask(core, row.id, 300)  # and may be asked for again
    await work(core)
    assert await posted(core, owner) == ZERO


@ON_SQLITE
async def test_a_pending_refund_is_asked_after_until_it_is_done(
    core: Core, clock: FakeClock, provider: FakeProvider, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, row = await _paid(core, provider)
    answers.will(Pending("r-1"))
    found: list[RefundOutcome] = [Pending("r-1"), Refunded("r-1", row.provider_ref, HUNDRED, "RUB")]

    async def look(_asked: Refund, _reference: str) -> RefundOutcome:
        return found.pop(0)

    monkeypatch.setattr(provider, "get_refund", look)
    await _ask(core, row.id, 100)
    for wait in (0, 31, 301, 3601):
        clock.shift(timedelta(seconds=wait))
        await work(core, rounds=1)
    assert found == []
    assert await posted(core, owner) == Money.roubles(200)


async def test_a_refund_that_a_callback_tells_first_is_booked_once(
    core: Core, provider: FakeProvider, answers: Answers
) -> None:
    owner, row = await _paid(core, provider)
    answers.will(Pending())
    await _ask(core, row.id, 100)
    await work(core, rounds=1)
    body = provider.tells(row.id, Refunded("r-1", row.provider_ref, HUNDRED, "RUB"))
    for _ in range(3):
        await core.callbacks.take("fake", body=body, headers={})
    again = provider.tells(row.id, Refunded("r-1", row.provider_ref, HUNDRED, "RUB"))
    await core.callbacks.take("fake", body=again, headers={})
    assert await posted(core, owner) == Money.roubles(200)
    assert len(await rows(core, refund)) == 1


@ON_SQLITE
async def test_a_refund_by_the_provider_itself_is_booked_and_one_too_many_is_not(
    core: Core, provider: FakeProvider
) -> None:
    owner, row = await _paid(core, provider)
    for name in ("r-1", "r-2", "r-3", "r-4"):
        body = provider.tells(row.id, Refunded(name, row.provider_ref, HUNDRED, "RUB"))
        await core.callbacks.take("fake", body=body, headers={})
    assert await posted(core, owner) == ZERO
    assert [each.state for each in await rows(core, refund)] == [RefundState.DONE] * 3


@ON_SQLITE
@pytest.mark.parametrize("asked", [300, 100])
async def test_what_the_provider_gave_back_before_ours_came_is_booked_once_ours_is_declined(
    core: Core, clock: FakeClock, provider: FakeProvider, answers: Answers, asked: int
) -> None:
    owner, row = await _paid(core, provider)
    await _ask(core, row.id, asked)
    whole = Refunded("by-itself", row.provider_ref, Money.roubles(300), "RUB")
    await core.callbacks.take("fake", body=provider.tells(row.id, whole), headers={})
    answers.will(Declined("other"))  # nothing is left there to give back
    await work(core)
    clock.shift(timedelta(seconds=11))
    await work(core)
    assert await posted(core, owner) == ZERO
    done = [each for each in await rows(core, refund) if each.state == RefundState.DONE]
    assert [each.provider_ref for each in done] == ["by-itself"]


@ON_SQLITE
async def test_what_is_in_suspense_without_the_fee_goes_back_without_it(
    core: Core, provider: FakeProvider
) -> None:
    await linked_account(core)
    confirmed = await card_page(core, 300)
    (row,) = await rows(core, payment, top_up_id=confirmed.quote.id)
    net, full = Money.roubles(290), Money.roubles(300)
    odd = Succeeded("odd", number="999", total=full, currency="RUB", vouched=net)
    await core.callbacks.take("fake", body=provider.tells(row.id, odd), headers={})
    assert await in_suspense(core) == net
    back = Refunded("odd:reverse", of="odd", amount=net, currency="RUB", full=full)
    await core.callbacks.take("fake", body=provider.tells(row.id, back), headers={})
    assert await in_suspense(core) == ZERO


@ON_POSTGRES
async def test_two_members_of_staff_at_once_give_back_no_more_than_was_paid(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    owner, row = await _paid(core, provider)
    async with processes(settings, clock, provider, count=2) as both:
        ended = await asyncio.gather(
            *(_ask(each, row.id, 100) for each in both for _ in range(4)), return_exceptions=True
        )
        assert sum(isinstance(each, RefundTooLarge) for each in ended) == 5
        await asyncio.gather(*(each.refunds.refund_once(10) for each in both))
    assert await posted(core, owner) == ZERO
    assert len(provider.refunds) == 3

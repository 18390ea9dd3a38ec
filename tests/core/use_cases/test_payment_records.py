"""What staff see of payments: a line each, one's whole story, and no whole number without a trace."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from core.errors import UnknownAccount, UnknownPayment
from core.ids import PaymentId, new_id
from core.money import Money
from core.payments.provider import Refunded, Succeeded, Unknown
from core.staff_errors import NotStaff
from core.states import PaymentState
from core.storage.staff_tables import audit
from core.storage.tables import payment
from core.use_cases.disclosures import Look
from core.use_cases.payment_record_filters import WantedPayments
from core.wiring import Core
from tests.accounts import open_account
from tests.core.autopay_scenes import work
from tests.core.broadcast_scenes import VERA, hire
from tests.core.scenes import (
    MTS,
    ON_SQLITE,
    PHONE,
    card_page,
    deliver_all,
    quote_by_sms,
    rows,
    says_yes,
)
from tests.fakes import FakeClock, FakeProvider

HUNDRED = Money.roubles(100)
WHO: dict[str, Any] = {"by": "Anna", "why": "she called from 89141234567"}
LOOK = Look(VERA, "call 12")


@pytest.fixture
async def paid(core: Core, provider: FakeProvider, clock: FakeClock) -> list[PaymentId]:
    """By a phone, on a page that waits, by a phone without an answer, and a stray; a minute each."""
    for number in ("100080", "100081"):
        await open_account(core, number, tariff=None)
    await hire(core)
    await quote_by_sms(core)
    await says_yes(core)
    clock.shift(timedelta(minutes=1))
    await card_page(core, 200)
    clock.shift(timedelta(minutes=1))
    provider.will(Unknown("timeout"))
    await quote_by_sms(core, payer=MTS)
    await says_yes(core, MTS)
    clock.shift(timedelta(minutes=1))
    stray = Succeeded("stray-1", "999", Money.roubles(55), "RUB")
    await core.callbacks.take("fake", body=provider.tells(PaymentId(new_id()), stray), headers={})
    return [PaymentId(row.id) for row in await rows(core, payment)]


async def _found(core: Core, paid: list[PaymentId], **wanted: Any) -> list[int]:
    """Which of the payments the log shows."""
    return [paid.index(each.id) for each in await core.payment_records.log(WantedPayments(**wanted))]


async def test_payments_are_found_by_account_phone_state_provider_and_time(
    core: Core, paid: list[PaymentId], clock: FakeClock
) -> None:
    assert await _found(core, paid) == [3, 2, 1, 0]
    assert await _found(core, paid, limit=1) == [3]
    assert await _found(core, paid, account="0100080") == [2, 1, 0]
    assert await _found(core, paid, account="100081") == []
    assert await _found(core, paid, phone=MTS.address) == [2]
    assert await _found(core, paid, state=PaymentState.UNKNOWN) == [2]
    assert await _found(core, paid, state=PaymentState.HELD) == [3]
    assert await _found(core, paid, provider="fake", state=PaymentState.PENDING) == [1]
    assert await _found(core, paid, provider="another") == []
    began = clock.now() - timedelta(minutes=3)
    middle = {"since": began + timedelta(minutes=1), "until": began + timedelta(minutes=3)}
    assert await _found(core, paid, **middle) == [2, 1]
    await core.suspense.assign("stray-1", to="100081", **WHO)
    assert await _found(core, paid, account="100081") == [3]
    with pytest.raises(UnknownAccount):
        await _found(core, paid, account="17")


@ON_SQLITE
async def test_a_payer_is_whole_for_who_says_why_alone(core: Core, paid: list[PaymentId]) -> None:
    async with core.database.transaction() as tx:
        await tx.execute(update(payment).where(payment.c.id == paid[1]).values(reason="abandoned"))
    stray, mts, card, phone = await core.payment_records.log(WantedPayments())
    assert (stray.payer, stray.number, stray.amount, stray.total) == (None, None, None, Money.roubles(55))
    assert (mts.payer, mts.amount, mts.total) == ("7914…67", HUNDRED, Money(113_00))
    assert (card.payer, card.channel, card.reason) == ("…", "telegram", "abandoned")
    assert (phone.payer, phone.reference, phone.state) == ("7924…67", "mobile-1", "succeeded")
    named = len(await rows(core, audit))  # staff, by an admin
    for full in (await core.payment_records.log(WantedPayments(phone=PHONE.address), full=LOOK))[:1]:
        assert full.payer == PHONE.address
    *before, entry = await rows(core, audit)
    assert len(before) == named
    assert (entry.action, entry.by, PHONE.address in entry.facts) == ("payment_numbers", VERA, False)
    with pytest.raises(NotStaff):
        await core.payment_records.log(WantedPayments(), full=Look("Somebody", "x"))


async def test_a_payment_tells_its_whole_story(
    core: Core, paid: list[PaymentId], provider: FakeProvider
) -> None:
    same = Succeeded("mobile-1", "100080", Money.roubles(103), "RUB")
    for payment_id in (paid[0], None):
        await core.callbacks.take("fake", body=provider.tells(payment_id, same), headers={})
    await core.refund_orders.order("mobile-1", Money.roubles(10), **WHO)
    await work(core)
    await core.claims.claim("mobile-1", to="100081", **WHO)
    await deliver_all(core)
    back = Refunded("refund-9", "mobile-1", Money.roubles(1), "RUB")
    await core.callbacks.take("fake", body=provider.tells(None, back), headers={})
    await core.payment_records.show("mobile-1", full=LOOK)
    found, story = await core.payment_records.show("mobile-1")
    assert (found.id, found.moved_to, found.payer) == (paid[0], "100081", "7924…67")
    assert story.top_up is not None
    assert [move.state for move in story.top_up.moves] == ["quoted", "confirmed", "paid"]
    assert [(each.kind, each.reference) for each in story.callbacks] == [
        ("succeeded", "mobile-1"), ("succeeded", "mobile-1"), ("refunded", "mobile-1"),
    ]  # fmt: skip
    ordered = story.refunds[0]
    assert (ordered.amount, ordered.state, ordered.by) == (Money.roubles(10), "done", "Anna")
    assert story.moved is not None
    assert (story.moved.from_number, story.moved.to_number) == ("100080", "100081")
    legs = [(leg.kind.value, leg.amount.kopecks) for leg in story.legs]
    assert legs[:5] == [
        ("top_up", 100_00), ("commission", 3_00), ("refund", 10_00), ("correction", 90_00),
        ("correction", 90_00),
    ]  # fmt: skip
    assert "clearing:fake" in story.legs[0].debit
    assert {"quoted", "paid", "refunded"} <= {each.template for each in story.notices}
    assert {each.address for each in story.notices} == {"7924…67"}
    assert [each.action for each in story.deeds] == ["refund", "claim", "payment_numbers"]
    assert story.deeds[0].why == "she called from 8914…67"


@ON_SQLITE
async def test_a_stray_payment_tells_what_brought_it(core: Core, paid: list[PaymentId]) -> None:
    found, story = await core.payment_records.show("stray-1")
    assert (found.id, story.top_up) == (paid[3], None)
    assert [(each.kind, each.state) for each in story.callbacks] == [("succeeded", "applied")]
    assert [leg.kind for leg in story.legs] == ["suspense"]
    assert (story.notices, story.deeds) == ([], [])
    with pytest.raises(UnknownPayment):
        await core.payment_records.show("stray-2")
    with pytest.raises(UnknownPayment):
        await core.payment_records.show(str(new_id()))


@ON_SQLITE
async def test_a_reference_that_looks_like_our_id_names_its_payment(
    core: Core, paid: list[PaymentId]
) -> None:
    reference = "22e12f66-000f-5000-8000-18db351245c7"
    async with core.database.transaction() as tx:
        await tx.execute(update(payment).where(payment.c.id == paid[0]).values(provider_ref=reference))
    assert (await core.payment_records.show(reference))[0].id == paid[0]
    moved = await core.claims.claim(reference, to="100081", dry_run=True, **WHO)
    assert moved.payment_id == paid[0]

"""Staff's word for a payment that stays open: booked once as the provider's would be, and held against it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from core.errors import ReconciliationUnderWay, Refusal, UnknownPayment
from core.ids import AccountId, PaymentId, new_id
from core.money import ZERO, Money
from core.payments.provider import Succeeded, Unknown
from core.settings import Settings
from core.staff_errors import (
    PaymentInHand,
    PaymentNotOpen,
    ReferenceMalformed,
    ReferenceTaken,
    SettledOtherwise,
)
from core.states import ChargeState, DifferenceState, PaymentState, ReconciliationState, TopUpState
from core.storage.autopay_tables import mandate, mandate_charge
from core.storage.staff_tables import audit, difference, reconciliation
from core.storage.tables import payment, top_up, top_up_event
from core.use_cases.payment_settling import SettledPayment
from core.wiring import Core
from tests.accounts import open_account
from tests.core.autopay_scenes import CARD_KEY, agreed, live_until, today, work
from tests.core.register import ListingProvider
from tests.core.scenes import (
    CHAT,
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
    the_payment,
    told,
)
from tests.fakes import FakeClock, FakeProvider

HUNDRED, WITH_COMMISSION = Money.roubles(100), Money.roubles(103)
DAY = timedelta(days=1)
DONE = ReconciliationState.DONE
WHO: dict[str, Any] = {"by": "Anna", "why": "their cabinet"}


@pytest.fixture
async def owner(core: Core, provider: FakeProvider) -> AccountId:
    """An account to which a phone pays 100 roubles, and the provider's answer is lost."""
    owner = await open_account(core, tariff=None)
    provider.will(Unknown("timeout"))
    await quote_by_sms(core)
    await says_yes(core)
    assert (await the_payment(core)).state == PaymentState.UNKNOWN
    return owner


async def _settle(core: Core, paid: str | None = "rrn-1", **more: Any) -> SettledPayment:
    return await core.payment_settling.settle(
        str((await rows(core, payment))[0].id), paid=paid, **{**WHO, **more}
    )


async def _refused(core: Core, paid: str | None = "rrn-1") -> Refusal:
    with pytest.raises(Refusal) as no:
        await _settle(core, paid)
    return no.value


async def _calls_back(core: Core, provider: FakeProvider, reference: str) -> None:
    row = (await rows(core, payment))[0]
    success = Succeeded(reference, "100080", WITH_COMMISSION, "RUB")
    await core.callbacks.take("fake", body=provider.tells(PaymentId(row.id), success), headers={})


async def test_what_staff_say_was_paid_is_credited_once_with_an_entry(core: Core, owner: AccountId) -> None:
    done = await _settle(core)
    assert (done.state, done.reference, done.repeated) == (PaymentState.SUCCEEDED, "rrn-1", False)
    assert (await _settle(core, by="Vera", why="again")).repeated
    assert (await posted(core, owner), await commission(core)) == (HUNDRED, Money.roubles(3))
    row = await the_payment(core)
    assert (row.state, row.reason, row.next_at) == (PaymentState.SUCCEEDED, "paid, say staff", None)
    (entry,) = await rows(core, audit)
    assert (entry.action, entry.by, entry.subject) == ("payment_settle", "Anna", str(row.id))
    assert await told(core, PHONE) == ["quoted", "pending", "paid"]
    assert (await rows(core, top_up))[0].state == TopUpState.PAID


async def test_the_same_success_told_later_changes_nothing_and_another_is_stray(
    core: Core, owner: AccountId, provider: FakeProvider
) -> None:
    await _settle(core)
    await _calls_back(core, provider, "rrn-1")
    assert (await posted(core, owner), await in_suspense(core)) == (HUNDRED, ZERO)
    await _calls_back(core, provider, "rrn-2")
    assert (await posted(core, owner), await in_suspense(core)) == (HUNDRED, WITH_COMMISSION)


async def test_what_staff_say_was_not_paid_is_declined_and_late_money_is_credited(
    core: Core, owner: AccountId, provider: FakeProvider
) -> None:
    assert (await _settle(core, None)).state == PaymentState.DECLINED
    assert (await _settle(core, None)).repeated
    assert (await rows(core, top_up_event))[-1].why == "not paid, say staff"
    assert (await told(core, PHONE))[-1] == "declined"
    refused = await _refused(core)
    assert isinstance(refused, SettledOtherwise)
    assert refused.paid is None
    await _calls_back(core, provider, "rrn-1")
    assert await posted(core, owner) == HUNDRED
    assert (await rows(core, top_up_event))[-1].why == "late success"


@ON_SQLITE
async def test_a_dry_run_settles_nothing(core: Core, owner: AccountId) -> None:
    assert (await _settle(core, dry_run=True)).state == PaymentState.SUCCEEDED
    assert (await the_payment(core)).state == PaymentState.UNKNOWN
    assert (await posted(core, owner), await rows(core, audit)) == (ZERO, [])
    assert await told(core, PHONE) == ["quoted", "pending"]


@ON_SQLITE
@pytest.mark.usefixtures("owner")
async def test_only_what_is_open_and_in_nobodys_hands_is_settled(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    async with core.database.transaction() as tx:
        await tx.execute(update(payment).values(lease_until=clock.now() + timedelta(seconds=5)))
    assert isinstance(await _refused(core), PaymentInHand)
    clock.shift(timedelta(seconds=6))  # who held it died
    for wrong in ("", "../refunds", "a b", "r" * 65):
        assert isinstance(await _refused(core, wrong), ReferenceMalformed)
    stray = Succeeded("rrn-9", "999", HUNDRED, "RUB")
    await core.callbacks.take("fake", body=provider.tells(None, stray), headers={})
    assert isinstance(await _refused(core, "rrn-9"), ReferenceTaken)
    await _settle(core)
    (entry,) = await rows(core, audit)
    with pytest.raises(UnknownPayment):
        await core.payment_settling.settle("rrn-7", paid=None, **WHO)
    with pytest.raises(PaymentNotOpen):
        await core.payment_settling.settle("rrn-9", paid=None, **WHO)
    assert [row.number for row in await rows(core, audit)] == [entry.number]


class TestAgainstTheRegister:
    """The payment's day was compared before staff settled it."""

    @pytest.fixture
    def provider(self, clock: FakeClock) -> ListingProvider:
        return ListingProvider(clock)

    async def _next_morning(self, core: Core, clock: FakeClock, *, days: int = 1) -> None:
        clock.shift(DAY)
        for _ in range(days):
            assert await core.reconciliations.due_once()

    async def _settled_later(self, core: Core, clock: FakeClock) -> None:
        await self._next_morning(core, clock)
        (run,) = await rows(core, reconciliation)
        assert run.state == DONE
        done = await _settle(core)
        assert done.compared == run.day == today(core) - DAY

    @ON_SQLITE
    async def test_what_the_provider_confirms_is_no_difference(
        self, core: Core, owner: AccountId, clock: FakeClock, provider: ListingProvider
    ) -> None:
        began = clock.now()
        await self._settled_later(core, clock)
        provider.lists(Succeeded("rrn-1", "100080", WITH_COMMISSION, "RUB"), at=began)
        await self._next_morning(core, clock, days=2)
        runs = await rows(core, reconciliation)
        assert [(run.state, run.lines) for run in runs] == [(DONE, 1), (DONE, 0)]
        assert await rows(core, difference) == []
        assert await posted(core, owner) == HUNDRED

    @ON_SQLITE
    @pytest.mark.usefixtures("owner")
    async def test_what_the_provider_does_not_have_is_a_difference(
        self, core: Core, clock: FakeClock
    ) -> None:
        await self._settled_later(core, clock)
        await self._next_morning(core, clock, days=2)
        (found,) = await rows(core, difference)
        assert (found.kind, found.state) == ("missing_there", DifferenceState.OPEN)
        assert found.reference == "rrn-1"

    @ON_SQLITE
    @pytest.mark.usefixtures("owner")
    async def test_nobody_settles_while_the_day_is_compared(self, core: Core, clock: FakeClock) -> None:
        await self._next_morning(core, clock)
        async with core.database.transaction() as tx:
            await tx.execute(update(reconciliation).values(lease_until=clock.now() + DAY))
        assert isinstance(await _refused(core), ReconciliationUnderWay)


@ON_SQLITE
@pytest.mark.usefixtures("owner")
async def test_a_provider_that_is_asked_for_each_payment_is_asked_again(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    clock.shift(timedelta(minutes=1))
    await work(core)
    clock.shift(DAY)
    await core.reconciliations.due_once()
    await _settle(core)
    await core.reconciliations.due_once()  # at once: nothing is on its way to a list
    (found,) = await rows(core, difference)
    assert (found.kind, found.reference) == ("missing_there", "rrn-1")
    assert found.state == DifferenceState.OPEN


@ON_POSTGRES
async def test_staff_a_callback_and_a_question_at_once_credit_once(
    core: Core, owner: AccountId, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    (row,) = await rows(core, payment)
    success = Succeeded("rrn-1", "100080", WITH_COMMISSION, "RUB")
    told_twice = [provider.tells(PaymentId(row.id), success), provider.tells(PaymentId(row.id), success)]
    async with processes(settings, clock, provider, count=3) as each:
        ended = await asyncio.gather(
            *(_settle(one) for one in each),
            *(
                one.callbacks.take("fake", body=body, headers={})
                for one, body in zip(each, told_twice, strict=False)
            ),
            each[2].payments.ask_once(10),
            return_exceptions=True,
        )
    refusals = [no for no in ended if isinstance(no, BaseException)]
    assert all(isinstance(no, PaymentNotOpen) for no in refusals)
    assert (await posted(core, owner), await in_suspense(core)) == (HUNDRED, ZERO)
    assert len(await rows(core, audit)) <= 1


@ON_POSTGRES
async def test_a_stray_of_the_same_reference_at_once_is_held_or_refused_and_never_both(
    core: Core, owner: AccountId, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    body = provider.tells(PaymentId(new_id()), Succeeded("rrn-1", "100080", WITH_COMMISSION, "RUB"))
    async with processes(settings, clock, provider, count=2) as (one, two):
        ended = await asyncio.gather(
            _settle(one), two.callbacks.take("fake", body=body, headers={}), return_exceptions=True
        )
    if isinstance(ended[0], BaseException):
        assert isinstance(ended[0], ReferenceTaken)
        assert (await posted(core, owner), await in_suspense(core)) == (ZERO, WITH_COMMISSION)
    else:
        assert (await posted(core, owner), await in_suspense(core)) == (HUNDRED, ZERO)


class TestOfAutopay:
    """A charge by mandate whose answer was lost."""

    @pytest.fixture
    def settings(self, database_url: str) -> Settings:
        return Settings(_env_file=None, env="test", database_url=database_url, card_key=CARD_KEY)

    @pytest.fixture
    async def lost(self, core: Core, clock: FakeClock, provider: FakeProvider) -> str:
        await agreed(core, provider)
        for _ in range(3):
            provider.will(Unknown("timeout"))
        await live_until(core, clock, today(core) + 30 * DAY)
        for _ in range(4):
            clock.shift(timedelta(seconds=6))
            await core.payments.collect_once(10)
        (charge,) = await rows(core, mandate_charge)
        assert charge.state == ChargeState.UNKNOWN
        return str(charge.payment_id)

    @ON_SQLITE
    @pytest.mark.parametrize("paid, state", [("rrn-1", ChargeState.PAID), (None, ChargeState.DECLINED)])
    async def test_its_cycle_ends_as_by_the_providers_word(
        self, core: Core, lost: str, paid: str | None, state: ChargeState
    ) -> None:
        await core.payment_settling.settle(lost, paid=paid, **WHO)
        (charge,) = await rows(core, mandate_charge)
        assert charge.state == state
        (held,) = await rows(core, mandate)
        assert (held.retry_on is None) == (paid is not None)  # a soft decline is tried again
        assert (await told(core, CHAT))[-1] == ("paid" if paid else "autopay_declined")

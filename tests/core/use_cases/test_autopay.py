"""Autopay in the chat: what may be agreed to, what each change makes of the dates, what is told."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from pydantic import SecretStr

from core.errors import (
    AmountTooLarge,
    AmountTooSmall,
    CardNeeded,
    ConsentOutdated,
    MandateExists,
    MethodUnavailable,
    NoMandate,
    NotYours,
    PeriodOutOfRange,
    Refusal,
    StaleScreen,
    UntilTooEarly,
)
from core.ids import CardId, new_id
from core.money import Money
from core.settings import Settings
from core.states import MandateState
from core.storage.autopay_tables import mandate, mandate_event
from core.storage.message_tables import notice
from core.use_cases.agreements import Terms
from core.use_cases.autopay_charging import ACTIVE_WITHIN
from core.use_cases.schedules import EveryDays, Monthly
from core.wiring import Core, open_core
from tests.core.autopay_scenes import (
    CONSENT,
    FIRST,
    MONTH,
    TERMS,
    agreed,
    charges,
    connect,
    linked_account,
    live_until,
    pay_and_save,
    the_mandate,
    with_card_key,
    work,
)
from tests.core.scenes import CHAT, ON_SQLITE, card_page, deliver_all, rows, told
from tests.fakes import FakeClock, FakeProvider

settings = with_card_key


async def test_the_offer_is_the_last_payment_and_thirty_days(core: Core, provider: FakeProvider) -> None:
    owner = await linked_account(core)
    card_id = await pay_and_save(core, provider, 450)
    offer = await core.autopay.offer(CHAT, owner)
    assert (offer.number, offer.terms.amount, offer.terms.period) == ("100080", Money.roubles(450), MONTH)
    assert (offer.next_on, offer.consent, offer.terms.card_id) == (FIRST, CONSENT, card_id)
    (said,) = [each for each in await rows(core, notice) if each.template == "autopay_offer"]
    assert said.params == {"number": "100080", "amount": 450_00, "days": 30, "next_on": "2026-05-27"}
    screen = await core.autopay.connect(CHAT, owner, offer.terms, consent=offer.consent, screen="9")
    assert (screen.state, screen.next_on, screen.mine) == (MandateState.ACTIVE, FIRST, True)
    (said,) = [each for each in await rows(core, notice) if each.template == "autopay_connected"]
    assert (said.edit, said.params["period"], said.params["mask"]) == ("9", {"days": 30}, "220012******0004")
    with pytest.raises(MandateExists):
        await core.autopay.offer(CHAT, owner)
    await pay_and_save(core, provider)
    assert (await told(core, CHAT)).count("autopay_offer") == 1  # who has it is not offered it


@ON_SQLITE
async def test_a_late_yes_stays_on_the_chain_of_the_payment(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    owner = await linked_account(core)
    await pay_and_save(core, provider)
    clock.shift(timedelta(days=45))
    await connect(core, owner)
    state = await core.autopay.state(CHAT, owner)
    assert state is not None
    assert state.next_on == FIRST + timedelta(days=30)


@ON_SQLITE
async def test_manual_payments_change_nothing(core: Core, clock: FakeClock, provider: FakeProvider) -> None:
    owner, mandate_id = await agreed(core, provider)
    clock.shift(timedelta(days=10))
    await pay_and_save(core, provider, 1000)
    row = await the_mandate(core, mandate_id)
    assert (row.amount, row.next_on) == (300_00, FIRST)
    assert owner == row.account_id


REFUSED: list[tuple[Terms, str, Refusal]] = [
    (replace(TERMS, amount=Money(9_99)), CONSENT, AmountTooSmall(Money.roubles(10))),
    (replace(TERMS, amount=Money(10_000_01)), CONSENT, AmountTooLarge(Money.roubles(10_000))),
    (replace(TERMS, period=EveryDays(6)), CONSENT, PeriodOutOfRange(7, 90)),
    (replace(TERMS, period=EveryDays(91)), CONSENT, PeriodOutOfRange(7, 90)),
    (replace(TERMS, period=Monthly(0)), CONSENT, PeriodOutOfRange(1, 31)),
    (replace(TERMS, period=Monthly(32)), CONSENT, PeriodOutOfRange(1, 31)),
    (replace(TERMS, until=FIRST - timedelta(days=1)), CONSENT, UntilTooEarly(FIRST)),
    (replace(TERMS, card_id=CardId(new_id())), CONSENT, NotYours()),
    (TERMS, "2020-01", ConsentOutdated()),
]


@ON_SQLITE
async def test_what_may_not_be_agreed_to(core: Core, provider: FakeProvider) -> None:
    owner = await linked_account(core)
    await pay_and_save(core, provider)
    for terms, consent, refusal in REFUSED:
        with pytest.raises(type(refusal)) as raised:
            await core.autopay.connect(CHAT, owner, terms, consent=consent)
        assert vars(raised.value) == vars(refusal)
    assert await rows(core, mandate) == []
    for least_or_most in (Money.roubles(10), Money.roubles(10_000)):
        assert await core.autopay.preview(CHAT, owner, replace(TERMS, amount=least_or_most)) == FIRST
    assert await core.autopay.preview(CHAT, owner, replace(TERMS, until=FIRST)) == FIRST


@ON_SQLITE
async def test_a_change_is_agreed_to_anew_and_keeps_the_date_where_the_period_stays(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    owner, mandate_id = await agreed(core, provider)
    clock.shift(timedelta(days=3))
    terms = replace(TERMS, amount=Money.roubles(500), until=date(2026, 12, 31))
    changed = await core.autopay.change(CHAT, owner, terms, consent=CONSENT, screen="4")
    assert (changed.terms.amount, changed.terms.until, changed.next_on) == (
        Money.roubles(500),
        terms.until,
        FIRST,
    )
    row = await the_mandate(core, mandate_id)
    assert row.consented_at == clock.now()
    changed = await core.autopay.change(CHAT, owner, replace(terms, period=Monthly(31)), consent=CONSENT)
    assert changed.next_on == date(2026, 5, 31)
    assert (await told(core, CHAT))[-2:] == ["autopay_changed", "autopay_changed"]
    assert [row.why.split(" by ")[0] for row in await rows(core, mandate_event)] == [
        "connected", "changed", "changed",
    ]  # fmt: skip


@ON_SQLITE
async def test_a_skipped_date_is_left_out_once(core: Core, clock: FakeClock, provider: FakeProvider) -> None:
    _, mandate_id = await agreed(core, provider)
    await live_until(core, clock, FIRST - timedelta(days=1))
    skipped = await core.autopay.skip(CHAT, mandate_id, FIRST, screen="2")
    assert skipped is not None
    assert skipped.next_on == FIRST + timedelta(days=30)
    again = await core.autopay.skip(CHAT, mandate_id, FIRST)
    assert again == skipped
    await live_until(core, clock, FIRST + timedelta(days=31))
    assert await charges(core, mandate_id) == [(FIRST + timedelta(days=30), 1, "paid")]
    with pytest.raises(StaleScreen):
        await core.autopay.skip(CHAT, mandate_id, FIRST + timedelta(days=30))
    assert (await told(core, CHAT)).count("autopay_skipped") == 1


@ON_SQLITE
async def test_a_paused_one_charges_nothing_and_goes_on_along_its_chain(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    owner, mandate_id = await agreed(core, provider)
    paused = await core.autopay.pause(CHAT, owner, screen="1")
    assert (paused.state, paused.reason, paused.next_on) == (MandateState.PAUSED, "by_subscriber", None)
    await live_until(core, clock, FIRST + timedelta(days=5))
    assert await charges(core, mandate_id) == []
    resumed = await core.autopay.resume(CHAT, owner)
    assert (resumed.state, resumed.next_on) == (MandateState.ACTIVE, FIRST + timedelta(days=30))
    assert (await core.autopay.resume(CHAT, owner)) == resumed
    assert (await told(core, CHAT)).count("autopay_resumed") == 1


@ON_SQLITE
async def test_without_a_card_it_is_requested_and_the_next_saved_card_activates_it(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    owner = await linked_account(core)
    screen = await core.autopay.connect(CHAT, owner, TERMS, consent=CONSENT)
    assert (screen.state, screen.card, screen.next_on) == (MandateState.REQUESTED, None, None)
    with pytest.raises(CardNeeded):
        await core.autopay.resume(CHAT, owner)
    clock.shift(timedelta(hours=20))
    await pay_and_save(core, provider)
    state = await core.autopay.state(CHAT, owner)
    assert state is not None
    assert (state.state, state.next_on) == (MandateState.ACTIVE, date(2026, 5, 28))
    assert await told(core, CHAT) == ["autopay_requested", "paid", "card_saved", "autopay_connected"]
    row = await the_mandate(core, state.mandate_id)
    assert row.activated_at - row.requested_at < ACTIVE_WITHIN


@ON_SQLITE
async def test_a_request_that_no_card_came_for_ends_after_a_day_and_the_doctor_knows(
    core: Core, clock: FakeClock, provider: FakeProvider
) -> None:
    owner = await linked_account(core)
    await core.autopay.connect(CHAT, owner, TERMS, consent=CONSENT)
    await deliver_all(core)
    clock.shift(timedelta(hours=24, minutes=16))
    found = [each for each in await core.invariants.check() if "24 hours" in each.about]
    assert [each.code for each in found] == ["I13"]
    await work(core)
    await deliver_all(core)
    assert await core.invariants.check() == []
    assert await core.autopay.state(CHAT, owner) is None
    (said,) = await rows(core, notice, template="autopay_ended")
    assert said.params == {"number": "100080", "reason": "no_card"}
    await core.autopay.connect(CHAT, owner, TERMS, consent=CONSENT)  # another may be agreed to


@ON_SQLITE
async def test_without_a_key_there_is_no_autopay(
    settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    keyless = settings.model_copy(update={"card_key": SecretStr("")})
    async with open_core(keyless, clock=clock, wall=clock, providers=[provider]) as core:
        owner = await linked_account(core)
        with pytest.raises(MethodUnavailable):
            await core.autopay.offer(CHAT, owner)
        with pytest.raises(MethodUnavailable):
            await core.autopay.connect(CHAT, owner, TERMS, consent=CONSENT)
        assert await core.autopay.state(CHAT, owner) is None
        await card_page(core)
        assert "autopay_offer" not in await told(core, CHAT)


@ON_SQLITE
async def test_there_is_nothing_to_change_where_there_is_none(core: Core) -> None:
    owner = await linked_account(core)
    for attempt in (
        core.autopay.change(CHAT, owner, TERMS, consent=CONSENT),
        core.autopay.pause(CHAT, owner),
        core.autopay.resume(CHAT, owner),
        core.autopay.delete(CHAT, owner),
    ):
        with pytest.raises(NoMandate):
            await attempt

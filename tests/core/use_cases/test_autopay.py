"""Autopay in the chat: who may agree to what, what each change tells whom, and that two at once are one."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest
from pydantic import SecretStr

from core.errors import (
    AmountTooLarge,
    AmountTooSmall,
    CardNeeded,
    ConsentOutdated,
    FullAccessNeeded,
    MandateExists,
    MethodUnavailable,
    NoMandate,
    NotLinked,
    NotYours,
    PeriodOutOfRange,
    Refusal,
    StaleScreen,
    UntilTooEarly,
)
from core.ids import CardId, Payer, new_id
from core.money import Money
from core.settings import Settings
from core.states import Access, MandateState
from core.storage.autopay_tables import mandate, mandate_event
from core.storage.message_tables import notice
from core.use_cases.agreements import Terms
from core.use_cases.autopay_charging import ACTIVE_WITHIN
from core.use_cases.schedules import EveryDays, Monthly
from core.wiring import Core, open_core
from tests.core.autopay_scenes import (
    CONSENT,
    MONTH,
    agreed,
    charges,
    connect,
    goes_to,
    link_to,
    linked_account,
    live_until,
    pay_and_save,
    the_mandate,
    with_card_key,
    work,
)
from tests.core.scenes import CHAT, ON_POSTGRES, ON_SQLITE, card_page, deliver_all, processes, rows, told
from tests.fakes import FakeClock, FakeProvider

OTHER = Payer.telegram(200)
STRANGER = Payer.telegram(300)
TERMS = Terms(Money.roubles(300), MONTH)
FIRST = date(2026, 5, 27)

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
async def test_only_full_access_agrees_and_ends(core: Core, provider: FakeProvider) -> None:
    owner, mandate_id = await agreed(core, provider)
    await link_to(core, owner, OTHER, access=Access.READ)
    for who, refusal in ((STRANGER, NotLinked), (OTHER, FullAccessNeeded)):
        for attempt in (
            core.autopay.offer(who, owner),
            core.autopay.connect(who, owner, TERMS, consent=CONSENT),
            core.autopay.change(who, owner, TERMS, consent=CONSENT),
            core.autopay.pause(who, owner),
            core.autopay.resume(who, owner),
            core.autopay.skip(who, mandate_id, FIRST),
            core.autopay.delete(who, owner),
        ):
            with pytest.raises(refusal):
                await attempt
    with pytest.raises(NotLinked):
        await core.autopay.state(STRANGER, owner)
    seen = await core.autopay.state(OTHER, owner)
    assert seen is not None
    assert not seen.mine


@ON_SQLITE
async def test_another_with_full_access_may_end_and_not_change(core: Core, provider: FakeProvider) -> None:
    owner, _ = await agreed(core, provider)
    await link_to(core, owner, OTHER)
    with pytest.raises(NotYours):
        await core.autopay.change(OTHER, owner, replace(TERMS, amount=Money.roubles(900)), consent=CONSENT)
    with pytest.raises(MandateExists):
        await core.autopay.connect(OTHER, owner, TERMS, consent=CONSENT)
    await core.autopay.pause(OTHER, owner)
    with pytest.raises(NotYours):
        await core.autopay.resume(OTHER, owner)
    await core.autopay.delete(OTHER, owner)
    assert (await told(core, CHAT))[-2:] == ["autopay_paused", "autopay_deleted"]
    assert await told(core, OTHER) == ["autopay_paused", "autopay_deleted"]
    by_other = {
        each.address: each.params["by_other"] for each in await rows(core, notice, template="autopay_deleted")
    }
    assert by_other == {CHAT.address: True, OTHER.address: False}


@ON_SQLITE
async def test_who_agreed_may_end_it_without_a_link(core: Core, provider: FakeProvider) -> None:
    owner, _ = await agreed(core, provider)
    await core.links_by_sms.unlink(CHAT, owner)
    assert (await core.autopay.state(CHAT, owner)) is not None
    with pytest.raises(NotLinked):
        await core.autopay.change(CHAT, owner, TERMS, consent=CONSENT)
    await core.autopay.delete(CHAT, owner)
    with pytest.raises(NotLinked):
        await core.autopay.state(CHAT, owner)


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


@ON_POSTGRES
async def test_two_taps_in_two_processes_make_one_mandate(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    owner = await linked_account(core)
    await link_to(core, owner, OTHER)
    async with processes(settings, clock, provider, count=2) as both:
        for _ in range(6):
            ended = await asyncio.gather(
                *(
                    each.autopay.connect(who, owner, TERMS, consent=CONSENT)
                    for each in both
                    for who in (CHAT, OTHER)
                ),
                return_exceptions=True,
            )
            assert sum(isinstance(each, MandateExists) for each in ended) == 3
            await core.autopay.delete(CHAT, owner)


@ON_POSTGRES
async def test_two_processes_charge_each_period_once(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    owner, mandate_id = await agreed(core, provider)
    async with processes(settings, clock, provider, count=2) as both:
        for day in (FIRST - timedelta(days=1), FIRST):
            while clock.now().astimezone(core.profile.zone).date() < day:
                goes_to(
                    clock, core.profile, clock.now().astimezone(core.profile.zone).date() + timedelta(days=1)
                )
            for _ in range(3):
                await asyncio.gather(*(each.jobs.run_all_once() for each in both for _ in range(2)))
    assert await charges(core, mandate_id) == [(FIRST, 1, "paid")]
    assert len(provider.tokens) == 1
    assert (await told(core, CHAT)).count("autopay_warning") == 1
    assert owner is not None


@ON_POSTGRES
async def test_no_charge_starts_after_a_deletion_however_they_race(
    core: Core, settings: Settings, clock: FakeClock, provider: FakeProvider
) -> None:
    """The sender in one process, the deletion in another, over and over."""
    owner = await linked_account(core)
    await pay_and_save(core, provider)
    async with processes(settings, clock, provider, count=2) as (one, two):
        for _ in range(8):
            mandate_id = await connect(core, owner, period=EveryDays(7))
            row = await the_mandate(core, mandate_id)
            day = clock.now().astimezone(core.profile.zone).date()
            while day < row.next_on - timedelta(days=1):
                day += timedelta(days=1)
                goes_to(clock, core.profile, day)
            await work(core, rounds=1)
            goes_to(clock, core.profile, row.next_on)
            (due,) = [job for job in one.jobs._jobs if job.name == "charge by mandate"]
            assert await due.once() == 1
            before = len(provider.tokens)
            _, under_way = await asyncio.gather(
                one.payments.collect_once(10), two.autopay.delete(CHAT, owner)
            )
            (made,) = await charges(core, mandate_id)
            began = len(provider.tokens) > before
            assert made[2] == ("paid" if began else "cancelled")
            assert began or not under_way
            clock.shift(timedelta(seconds=2))
            await work(core)


async def test_who_agreed_finds_the_account_also_after_unlinking_it(
    core: Core, provider: FakeProvider
) -> None:
    owner, _ = await agreed(core, provider)
    await core.links_by_sms.unlink(CHAT, owner)
    (one,) = await core.autopay.agreed_on(CHAT)
    assert (one.id, one.number, one.access) == (owner, "100080", Access.READ)
    assert await core.autopay.agreed_on(STRANGER) == []
    await core.autopay.delete(CHAT, owner)
    assert await core.autopay.agreed_on(CHAT) == []

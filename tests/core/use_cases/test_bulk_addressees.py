"""Who of a frozen audience, or of an account's people, is written to: by what is so at the last moment."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, update

from core.ids import AccountId, Payer
from core.money import Money
from core.notice_states import AlertBySms, Reach
from core.states import Channel, NoticeState
from core.storage.alert_tables import alert_setting
from core.storage.message_tables import notice
from core.storage.tables import account, account_phone, link
from core.use_cases import joining
from core.wiring import Core
from tests.core.alert_scenes import alerts, looks, low
from tests.core.broadcast_scenes import ANNA, hire, live_at, recipients, started, work
from tests.core.frozen_scenes import claimed, follows, is_frozen, lives_here, outcomes
from tests.core.frozen_scenes import recipients as lie_frozen
from tests.core.scenes import CHAT, ON_SQLITE, rows
from tests.fakes import FakeClock

HOUR = timedelta(hours=1)
PHONE = "79241234567"
PLAIN = {"ru": {"telegram": "Работы ночью", "sms": "Работы ночью"}}
FAILED, CANCELLED = NoticeState.FAILED, NoticeState.CANCELLED


async def _unlinked(core: Core, owner: AccountId, payer: Payer = CHAT) -> None:
    async with core.database.transaction() as tx:
        await joining.part(tx, core.profile, payer, owner, number="100080", now=core.clock.now())


async def _sms(core: Core) -> list[str]:
    return sorted(row.address for row in await rows(core, notice, channel=Channel.SMS))


async def test_who_unlinked_meanwhile_reads_nothing_of_the_account(core: Core) -> None:
    one = await lives_here(core, "100080", chat=100, phones=[PHONE])
    await is_frozen(core, [100], [PHONE], accounts=[one, one])
    await is_frozen(core, [100], texts=PLAIN, accounts=[one])
    await _unlinked(core, one)
    async with core.database.transaction() as tx:
        await tx.execute(delete(account_phone))
    assert [held.params["telegram"] for held in await claimed(core)] == ["Работы ночью"]
    assert await claimed(core, Channel.SMS) == []
    stopped = await rows(core, notice, state=CANCELLED)
    assert {(row.address, row.reason) for row in stopped} == {("100", "unlinked"), (PHONE, "unlinked")}


@ON_SQLITE
async def test_an_edit_tells_no_facts_to_who_unlinked(core: Core) -> None:
    one = await lives_here(core, "100080", chat=100)
    of = await is_frozen(core, [100], accounts=[one])
    (held,) = await claimed(core)
    await core.sending.sent([(held, "7")])
    await follows(core, of, held.id, "broadcast_edit", edit="7")
    await follows(core, of, held.id, "broadcast_recall", edit="7")
    async with core.database.transaction() as tx:
        await tx.execute(update(notice).values(account_id=one))
    await _unlinked(core, one)
    assert [each.template for each in await claimed(core)] == ["broadcast_recall"]


async def test_a_night_after_the_unlinking_no_alert_comes(core: Core, clock: FakeClock) -> None:
    owner = await low(core, Money(50_00), phones=[PHONE])
    async with core.database.transaction() as tx:
        row = {"telegram": True, "sms": AlertBySms.ALWAYS, "changed_at": clock.now(), "changed_by": "test"}
        await tx.execute(insert(alert_setting).values(account_id=owner, **row))
    await looks(core)
    await _unlinked(core, owner)
    assert "alert" not in {held.template for held in await claimed(core)}
    (by_sms,) = await claimed(core, Channel.SMS)
    assert (by_sms.template, by_sms.address) == ("alert", PHONE)
    assert {row.channel: row.reason for row in await alerts(core)} == {
        Channel.TELEGRAM: "unlinked",
        Channel.SMS: None,
    }


@ON_SQLITE
async def test_the_phone_that_proved_a_link_gets_the_alert_in_the_chats_place(core: Core) -> None:
    owner = await low(core, Money(50_00))
    async with core.database.transaction() as tx:
        await tx.execute(update(link).values(phone=PHONE))
    await looks(core)
    await core.sending.blocked(*await claimed(core))
    (by_sms,) = await claimed(core, Channel.SMS)
    assert (by_sms.address, by_sms.account_id) == (PHONE, owner)


@ON_SQLITE
@pytest.mark.parametrize("wish, expected", [(AlertBySms.NEVER, []), (AlertBySms.ALWAYS, [PHONE])])
async def test_a_blocked_alert_goes_by_sms_as_was_chosen_and_once(
    core: Core, wish: AlertBySms, expected: list[str]
) -> None:
    owner = await low(core, Money(50_00), phones=[PHONE])
    async with core.database.transaction() as tx:
        row = {"telegram": True, "sms": wish, "changed_at": core.clock.now(), "changed_by": "test"}
        await tx.execute(insert(alert_setting).values(account_id=owner, **row))
    await looks(core)
    await core.sending.blocked(*await claimed(core))
    assert await _sms(core) == expected


@ON_SQLITE
async def test_two_blocked_chats_of_one_phone_get_one_alert_by_sms(core: Core) -> None:
    await low(core, Money(50_00), people=(CHAT, Payer.telegram(101)), phones=[PHONE])
    await looks(core)
    for held in await claimed(core):
        await core.sending.blocked(held)
    assert await _sms(core) == [PHONE]
    assert await core.invariants.check() == []


@ON_SQLITE
@pytest.mark.parametrize("own_row", [False, True])
async def test_one_phone_gets_a_broadcast_once_whoever_blocked_the_bot(core: Core, own_row: bool) -> None:
    one = await lives_here(core, "100080", chat=100, phones=[PHONE])
    async with core.database.transaction() as tx:
        (tie,) = await tx.all(link.select())
        await tx.execute(insert(link).values({**tie._asdict(), "id": one, "address": "101"}))
    phones = [PHONE] if own_row else []
    await is_frozen(core, [100, 101], phones, accounts=[one, one], reach=Reach.TELEGRAM_ELSE_SMS, texts=PLAIN)
    for held in await claimed(core):
        await core.sending.blocked(held)
    assert [held.address for held in await claimed(core, Channel.SMS)] == [PHONE]
    assert {state for state, _ in (await outcomes(core)).values()} >= {FAILED}


@ON_SQLITE
async def test_with_a_field_each_account_has_its_sms_in_the_chats_place(core: Core) -> None:
    owners = [await lives_here(core, f"10008{n}", chat=100, phones=[PHONE]) for n in range(2)]
    of = await is_frozen(core, reach=Reach.TELEGRAM_ELSE_SMS, each_account=True, total=2)
    async with core.database.transaction() as tx:
        for one in owners:
            to = [(Channel.TELEGRAM, "100")]
            await lie_frozen(tx, of, to, now=core.wall.now(), accounts=[one], dedupe_key=str(one))
    for held in await claimed(core):
        await core.sending.blocked(held)
    told = {held.params["facts"]["account"] for held in await claimed(core, Channel.SMS)}
    assert told == {"100080", "100081"}


async def test_an_sms_that_failed_goes_again_with_its_recipient(core: Core, clock: FakeClock) -> None:
    await hire(core)
    await live_at(core, "1", chats=("10",), phones=(PHONE,))
    await chose_away(core, "10")
    made = await started(core)  # frozen as an SMS: nobody is reached in Telegram
    assert list(await recipients(core, made)) == [PHONE]
    await core.broadcasts.cancel(made.number, by=ANNA)
    await work(core)
    await core.subscribers.set_reachable(Payer.telegram(10), reachable=True)
    made = await started(core, title="Снова")
    await core.sending.blocked(*await claimed(core))
    (by_sms,) = await claimed(core, Channel.SMS)
    await core.sending.failed(by_sms, "sms budget")
    await work(core)
    clock.shift(2 * HOUR)
    await core.broadcast_orders.retry(made.number, ["blocked"], by=ANNA)
    await work(core)
    await chose_away(core, "10")
    assert await claimed(core) == []  # known to have blocked the bot
    (again,) = await claimed(core, Channel.SMS)
    assert (again.id, again.attempt, again.address) == (by_sms.id, 1, PHONE)
    await core.sending.sent([(again, "smsc-1")])
    await work(core)
    assert await core.invariants.check() == []


async def chose_away(core: Core, chat: str) -> None:
    await core.subscribers.set_reachable(Payer.telegram(int(chat)), reachable=False)


@ON_SQLITE
async def test_who_blocked_the_bot_before_the_claim_can_be_tried_again(core: Core) -> None:
    await hire(core)
    await live_at(core, "1", chats=("10",))
    made = await started(core, reach=Reach.TELEGRAM)
    await chose_away(core, "10")
    assert await claimed(core) == []
    await work(core)
    await core.subscribers.set_reachable(Payer.telegram(10), reachable=True)
    await core.broadcast_orders.retry(made.number, ["blocked"], by=ANNA)
    await work(core)
    assert [held.address for held in await claimed(core)] == ["10"]


@ON_SQLITE
async def test_an_account_whose_tariff_is_gone_stops_nobody_else(core: Core) -> None:
    owners = [await lives_here(core, f"10008{n}", chat=100 + n) for n in range(2)]
    await is_frozen(core, [100, 101], accounts=owners)
    async with core.database.transaction() as tx:
        await tx.execute(update(account).where(account.c.id == owners[0]).values(tariff="long gone"))
    assert [held.address for held in await claimed(core)] == ["101"]
    assert (await outcomes(core))["100"][0] == FAILED


@ON_SQLITE
async def test_what_was_sent_by_mistake_is_taken_back_at_night(core: Core, clock: FakeClock) -> None:
    of = await is_frozen(core, [100, 101])
    (held,) = await claimed(core, n=1)
    await core.sending.sent([(held, "7")])
    clock.shift(7 * HOUR)  # 22:00
    assert await claimed(core) == []
    await follows(core, of, held.id, "broadcast_recall", edit="7")
    assert [each.template for each in await claimed(core)] == ["broadcast_recall"]
    assert await claimed(core) == []


@ON_SQLITE
async def test_an_sms_beside_the_phones_own_is_found(core: Core) -> None:
    one = await lives_here(core, "100080", chat=100, phones=[PHONE])
    await is_frozen(core, [100], [PHONE], accounts=[one, one], reach=Reach.TELEGRAM_ELSE_SMS, texts=PLAIN)
    (held,) = await claimed(core)
    await core.sending.failed(held, "blocked")
    (own,) = await claimed(core, Channel.SMS)
    await core.sending.sent([(own, "smsc-1")])
    (row,) = await rows(core, notice, id=own.id)
    again = row._asdict() | {"id": one, "dedupe_key": "fallback", "parent_id": held.id}
    async with core.database.transaction() as tx:
        await tx.execute(insert(notice).values(again))
    (found,) = await core.invariants.check()
    assert (found.code, "two confirmed sends" in found.about) == ("I9", True)
    async with core.database.transaction() as tx:
        await tx.execute(delete(notice).where(notice.c.id == one))

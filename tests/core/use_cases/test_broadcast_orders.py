"""Orders: the failed again and nobody else, the uncertain and those left out by a word of staff."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from core.ids import Payer
from core.messages.sms_trials import End, PartSent, ReceiptTold, Trial
from core.notice_states import BroadcastState
from core.sms_states import SmsState
from core.staff_errors import NothingToDo, WrongState
from core.states import Channel, Lane, NoticeState
from core.storage.broadcast_tables import broadcast_resend
from core.storage.message_tables import notice
from core.storage.staff_tables import audit
from core.use_cases.broadcast_rows import Broadcast
from core.use_cases.broadcast_work import BroadcastWork
from core.wiring import Core
from tests.core.broadcast_scenes import (
    ANNA,
    OTHER_TEXTS,
    OUTCOMES,
    deliver,
    ended,
    live_at,
    recipients,
    seven_people,
    started,
    state_of,
    states_of,
    told_instead,
    work,
)
from tests.core.scenes import ON_SQLITE, rows
from tests.fakes import FakeClock

S, N = BroadcastState, NoticeState
city = seven_people


async def test_only_who_failed_for_the_reason_is_tried_again(city: Core) -> None:
    made = await ended(city, OUTCOMES)
    before = await states_of(city, made)
    again = await city.broadcast_orders.retry(made.number, ["HTTP 500"], by=ANNA, why="mended")
    assert again.state == S.RUNNING
    await work(city)
    assert await states_of(city, made) == before | {"30": N.DUE}
    row = (await recipients(city, made))["30"]
    assert (row.attempt, row.reason, row.repeat) == (0, None, False)
    await deliver(city, made)
    await work(city)
    assert await state_of(city, made) == S.DONE
    assert await states_of(city, made) == before | {"30": N.SENT}
    assert len(await rows(city, notice, broadcast_id=made.id)) == made.total == 7


@ON_SQLITE
async def test_all_who_failed_are_tried_again_where_no_reason_is_named(city: Core) -> None:
    made = await ended(city, OUTCOMES)
    await city.broadcast_orders.retry(made.number, by=ANNA)
    await work(city, chunk=1)
    states = await states_of(city, made)
    assert {address for address, state in states.items() if state == N.DUE} == {"20", "30"}


@ON_SQLITE
async def test_one_who_fails_again_is_not_tried_for_ever(city: Core) -> None:
    again: dict[str, tuple[NoticeState, str | None]] = {
        str(n): (N.FAILED, "HTTP 500") for n in range(10, 70, 10)
    }
    made = await ended(city, again)
    await city.broadcast_orders.retry(made.number, by=ANNA)
    job = BroadcastWork(city.database, city.profile, city.clock, city.wall)
    for _ in range(10):
        await job.work_once(1)
        await deliver(city, made, again)
    assert await state_of(city, made) == S.DONE
    (order,) = (await city.broadcast_reports.progress(made.number, by=ANNA)).orders
    assert (order.made, order.finished) == (6, True)


@ON_SQLITE
async def test_who_got_it_by_sms_instead_is_not_sent_to_again(city: Core) -> None:
    made = await ended(city, OUTCOMES)
    await told_instead(city, made, "20", N.SENT)
    with pytest.raises(NothingToDo):
        await city.broadcast_orders.retry(made.number, ["blocked"], by=ANNA)
    async with city.database.transaction() as tx:
        await tx.execute(update(notice).where(notice.c.parent_id.is_not(None)).values(state=N.FAILED))
    await city.broadcast_orders.retry(made.number, ["blocked"], by=ANNA)


@pytest.mark.parametrize("arrived", [False, True])
async def test_who_is_blocked_still_gets_the_sms_that_had_failed(city: Core, arrived: bool) -> None:
    await live_at(city, "8", chats=("80",), phones=("79140000008",))
    made = await started(city)
    await deliver(city, made, {"80": (N.DUE, None)})
    (held,) = await city.sending.claim(Channel.TELEGRAM, 10, lane=Lane.BULK)
    await city.sending.blocked(held)
    (sms,) = await city.sending.claim(Channel.SMS, 10, lane=Lane.BULK)
    part = PartSent(1, SmsState.SENT, "m8", receipt=True)
    await city.sms_sending.conclude([Trial(sms, "smsc", "smsc", "", 1, [part], End.SENT)])
    end = SmsState.DELIVERED if arrived else SmsState.FAILED
    await city.sms_sending.receipts.take([ReceiptTold("smsc", ("m8",), "", end, "UNDELIV")])
    await work(city)
    await city.subscribers.set_reachable(Payer.telegram(80), reachable=False)
    if arrived:
        with pytest.raises(NothingToDo):
            await city.broadcast_orders.retry(made.number, ["blocked"], by=ANNA)
        return
    await city.broadcast_orders.retry(made.number, ["blocked"], by=ANNA)
    await work(city)
    assert await city.sending.claim(Channel.TELEGRAM, 10, lane=Lane.BULK) == []
    assert (await recipients(city, made))["80"].reason == "blocked"
    (again,) = await city.sending.claim(Channel.SMS, 10, lane=Lane.BULK)
    assert (again.id, again.address, again.attempt) == (sms.id, "79140000008", 1)
    await city.sending.sent([(again, "m9")])
    await work(city)
    assert await state_of(city, made) == S.DONE


@ON_SQLITE
async def test_the_uncertain_go_out_again_by_a_word_of_staff_alone(city: Core) -> None:
    made = await ended(city, OUTCOMES)
    await city.broadcast_orders.retry(made.number, ["HTTP 500"], by=ANNA)
    await work(city)
    assert (await states_of(city, made))["40"] == N.UNCERTAIN
    await deliver(city, made)
    await work(city)
    await city.broadcast_orders.retry(made.number, by=ANNA, uncertain=True, why="nobody got it")
    await work(city)
    row = (await recipients(city, made))["40"]
    assert (row.state, row.repeat) == (N.DUE, True)
    assert (await states_of(city, made))["20"] == N.FAILED  # no reason was named: the uncertain alone
    (word,) = await rows(city, broadcast_resend)
    assert word.notice_id == row.id
    assert [each.why for each in await rows(city, audit, action="broadcast_retry")] == ["", "nobody got it"]
    assert await city.invariants.check() == []


@ON_SQLITE
async def test_what_a_cancel_left_goes_on_where_staff_say_so(city: Core, clock: FakeClock) -> None:
    made = await started(city)
    await city.broadcasts.cancel(made.number, by=ANNA)
    await work(city)
    clock.shift(timedelta(days=2))
    await city.broadcast_orders.retry(made.number, ["by staff"], by=ANNA)
    await work(city)
    found = await recipients(city, made)
    assert {row.state for row in found.values()} == {N.DUE}
    assert {row.expires_at for row in found.values()} == {clock.now() + timedelta(days=1)}


async def _cancelled_half_way(city: Core) -> Broadcast:
    made = await started(city)
    await deliver(city, made, dict.fromkeys(["30", "40", "50", "60"], (N.DUE, None)))
    await city.broadcasts.cancel(made.number, by=ANNA)
    await work(city)
    return made


@ON_SQLITE
@pytest.mark.parametrize("order", ["edit", "recall", "retry"])
async def test_a_cancelled_broadcast_stays_cancelled_after_an_order(city: Core, order: str) -> None:
    made = await _cancelled_half_way(city)
    async with city.database.transaction() as tx:
        await tx.execute(update(notice).where(notice.c.address == "10").values(state=N.FAILED, reason="x"))
    orders = city.broadcast_orders
    await {
        "edit": lambda: orders.edit(made.number, OTHER_TEXTS, by=ANNA),
        "recall": lambda: orders.recall(made.number, by=ANNA),
        "retry": lambda: orders.retry(made.number, by=ANNA),
    }[order]()
    await work(city)
    assert await state_of(city, made) == S.RUNNING
    await deliver(city, made)
    await work(city)
    assert await state_of(city, made) == S.CANCELLED
    assert (await city.broadcast_reports.progress(made.number, by=ANNA)).cancelled == {"by staff": 4}


@ON_SQLITE
async def test_a_cancelled_broadcast_is_done_once_those_left_out_have_it(city: Core) -> None:
    made = await _cancelled_half_way(city)
    await city.broadcast_orders.retry(made.number, ["by staff"], by=ANNA)
    await work(city)
    await deliver(city, made)
    await work(city)
    assert await state_of(city, made) == S.DONE


@ON_SQLITE
async def test_orders_are_for_what_has_ended(city: Core) -> None:
    made = await started(city)
    for order in (
        city.broadcast_orders.retry(made.number, by=ANNA),
        city.broadcast_orders.recall(made.number, by=ANNA),
        city.broadcast_orders.edit(made.number, OTHER_TEXTS, by=ANNA),
    ):
        with pytest.raises(WrongState):
            await order
    await deliver(city, made, dict.fromkeys(await recipients(city, made), (N.EXPIRED, None)))
    await work(city)
    with pytest.raises(NothingToDo):
        await city.broadcast_orders.recall(made.number, by=ANNA)


@ON_SQLITE
async def test_a_cancel_stops_an_order(city: Core) -> None:
    made = await ended(city)
    await city.broadcast_orders.edit(made.number, OTHER_TEXTS, by=ANNA)
    await city.broadcasts.cancel(made.number, by=ANNA)
    await work(city)
    assert await state_of(city, made) == S.CANCELLED
    (order,) = (await city.broadcast_reports.progress(made.number, by=ANNA)).orders
    assert (order.finished, order.made) == (True, 0)

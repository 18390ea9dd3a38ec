"""Orders: the failed again and nobody else, the uncertain by a word of staff, edits and recalls; reports."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update

from core.ids import Payer, new_id
from core.messages.sms_trials import End, PartSent, ReceiptTold, Trial
from core.notice_states import BroadcastState, OrderKind, Reach
from core.sms_states import SmsState
from core.staff_errors import NothingToDo, OwnBroadcast, TextsRefused, VersionChanged, WrongState
from core.states import Channel, Lane, NoticeState
from core.storage.broadcast_tables import broadcast, broadcast_resend
from core.storage.message_tables import notice
from core.storage.staff_tables import audit
from core.use_cases.broadcast_rows import Broadcast
from core.use_cases.broadcast_work import BroadcastWork
from core.wiring import Core
from tests.core.broadcast_scenes import (
    ADMIN,
    ANNA,
    BORIS,
    TEXTS,
    VERA,
    deliver,
    ended,
    hire,
    live_at,
    recipients,
    started,
    state_of,
    work,
)
from tests.core.scenes import ON_SQLITE, rows
from tests.fakes import FakeClock

S, N = BroadcastState, NoticeState
OTHER = {"ru": {"telegram": "Работы <i>завтра</i>", "sms": "Работы завтра"}}
OUTCOMES = {
    "20": (N.FAILED, "blocked"),
    "30": (N.FAILED, "HTTP 500"),
    "40": (N.UNCERTAIN, "timeout"),
    "50": (N.CANCELLED, "opted out"),
    "60": (N.EXPIRED, "too late to be of use"),
}


@pytest.fixture
async def city(core: Core) -> Core:
    await hire(core)
    for n in range(1, 7):
        await live_at(core, str(n), chats=(f"{n}0",))
    await live_at(core, "7", phones=("79140000007",))
    return core


async def _states(core: Core, of: Broadcast) -> dict[str, NoticeState]:
    return {address: row.state for address, row in (await recipients(core, of)).items()}


async def test_only_who_failed_for_the_reason_is_tried_again(city: Core) -> None:
    made = await ended(city, OUTCOMES)
    before = await _states(city, made)
    again = await city.broadcast_orders.retry(made.number, ["HTTP 500"], by=ANNA, why="mended")
    assert again.state == S.RUNNING
    await work(city)
    assert await _states(city, made) == before | {"30": N.DUE}
    row = (await recipients(city, made))["30"]
    assert (row.attempt, row.reason, row.repeat) == (0, None, False)
    await deliver(city, made)
    await work(city)
    assert await state_of(city, made) == S.DONE
    assert await _states(city, made) == before | {"30": N.SENT}
    assert len(await rows(city, notice, broadcast_id=made.id)) == made.total == 7


@ON_SQLITE
async def test_all_who_failed_are_tried_again_where_no_reason_is_named(city: Core) -> None:
    made = await ended(city, OUTCOMES)
    await city.broadcast_orders.retry(made.number, by=ANNA)
    await work(city, chunk=1)
    states = await _states(city, made)
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
    await _instead(city, made, "20", N.SENT)
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
    assert (await _states(city, made))["40"] == N.UNCERTAIN
    await deliver(city, made)
    await work(city)
    await city.broadcast_orders.retry(made.number, by=ANNA, uncertain=True, why="nobody got it")
    await work(city)
    row = (await recipients(city, made))["40"]
    assert (row.state, row.repeat) == (N.DUE, True)
    assert (await _states(city, made))["20"] == N.FAILED  # no reason was named: the uncertain alone
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
        "edit": lambda: orders.edit(made.number, OTHER, by=ANNA),
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
        city.broadcast_orders.edit(made.number, OTHER, by=ANNA),
    ):
        with pytest.raises(WrongState):
            await order
    await deliver(city, made, dict.fromkeys(await recipients(city, made), (N.EXPIRED, None)))
    await work(city)
    with pytest.raises(NothingToDo):
        await city.broadcast_orders.recall(made.number, by=ANNA)


async def test_what_was_sent_to_telegram_is_edited_and_nothing_else(city: Core) -> None:
    made = await ended(city, OUTCOMES)
    await city.broadcast_orders.edit(made.number, OTHER, by=ANNA)
    await work(city, chunk=1)
    first = (await recipients(city, made))["10"]
    (edit,) = await rows(city, notice, parent_id=first.id)
    assert (edit.template, edit.edit, edit.lane, edit.state) == ("broadcast_edit", "m10", Lane.BULK, N.DUE)
    assert (edit.quiet, edit.broadcast_id, edit.account_id) == (False, made.id, first.account_id)
    assert len(await rows(city, notice, broadcast_id=made.id)) == made.total + 1
    held = await city.broadcasts.get(made.number, by=ANNA)
    assert (held.texts, held.version, held.state, held.total) == (OTHER, 2, S.RUNNING, 7)
    await deliver(city, made)
    await work(city)
    assert await state_of(city, made) == S.DONE


@ON_SQLITE
async def test_an_edit_of_many_waits_for_a_second_person(city: Core) -> None:
    notices = city.profile.notices.model_copy(update={"approve_above": 0})
    city.broadcast_orders._profile = city.profile.model_copy(update={"notices": notices})
    made = await ended(city, {"20": (N.FAILED, "blocked")})
    assert (await city.broadcast_orders.edit(made.number, OTHER, by=BORIS)).state == S.DONE
    assert await work(city) == 0
    assert (await city.broadcasts.get(made.number, by=ANNA)).texts == TEXTS
    with pytest.raises(OwnBroadcast):
        await city.broadcasts.approve(made.number, 2, by=BORIS)
    with pytest.raises(VersionChanged):
        await city.broadcasts.approve(made.number, 1, by=ADMIN)
    approved = await city.broadcasts.approve(made.number, 2, by=ADMIN)
    assert (approved.state, approved.version, approved.texts) == (S.RUNNING, 2, OTHER)
    await work(city)
    assert len(await rows(city, notice, template="broadcast_edit")) == 5


@ON_SQLITE
async def test_an_edit_has_every_language_that_was_sent(city: Core) -> None:
    made = await ended(city, texts={**TEXTS, "en": TEXTS["ru"]})
    with pytest.raises(TextsRefused):
        await city.broadcast_orders.edit(made.number, OTHER, by=ANNA)


@ON_SQLITE
async def test_a_recall_takes_what_is_younger_than_two_days_and_tells_of_the_rest(
    city: Core, clock: FakeClock
) -> None:
    made = await ended(city, reach=Reach.TELEGRAM)
    async with city.database.transaction() as tx:
        old = clock.now() - timedelta(hours=48)
        await tx.execute(update(notice).where(notice.c.address.in_(["10", "20"])).values(sent_at=old))
    await city.broadcast_orders.recall(made.number, by=ANNA)
    await work(city)
    recalls = await rows(city, notice, template="broadcast_recall")
    assert sorted(row.edit for row in recalls) == ["m30", "m40", "m50", "m60"]
    progress = await city.broadcast_reports.progress(made.number, by=VERA)
    (order,) = progress.orders
    assert (order.kind, order.made, order.left_out, order.finished) == (OrderKind.RECALL, 4, 2, True)
    await deliver(city, made)
    await work(city)
    # What is taken back is neither edited nor taken back again.
    await city.broadcast_orders.edit(made.number, OTHER, by=ANNA)
    await work(city)
    assert sorted(row.edit for row in await rows(city, notice, template="broadcast_edit")) == ["m10", "m20"]


@ON_SQLITE
async def test_a_cancel_stops_an_order(city: Core) -> None:
    made = await ended(city)
    await city.broadcast_orders.edit(made.number, OTHER, by=ANNA)
    await city.broadcasts.cancel(made.number, by=ANNA)
    await work(city)
    assert await state_of(city, made) == S.CANCELLED
    (order,) = (await city.broadcast_reports.progress(made.number, by=ANNA)).orders
    assert (order.finished, order.made) == (True, 0)


async def test_the_progress_adds_up_by_outcome(city: Core, clock: FakeClock) -> None:
    made = await started(city)
    clock.shift(timedelta(seconds=30))
    now = await city.broadcast_reports.progress(made.number, by=VERA)
    assert (now.total, now.left, now.per_second, now.eta) == (7, 7, 0.0, None)
    async with city.database.transaction() as tx:
        sent = update(notice).where(notice.c.address.in_(["10", "79140000007"]))
        await tx.execute(sent.values(state=N.SENT, sent_at=clock.now(), reason="HTTP 500"))
        for address, (state, reason) in OUTCOMES.items():
            if address != "60":
                changed = update(notice).where(notice.c.address == address)
                await tx.execute(changed.values(state=state, reason=reason))
    now = await city.broadcast_reports.progress(made.number, by=VERA)
    assert (now.sent, now.blocked, now.opted_out, now.uncertain, now.left) == (2, 1, 1, 1, 1)
    assert (now.failed, now.cancelled, now.total) == ({"HTTP 500": 1}, {}, 7)
    assert now.per_second == pytest.approx(2 / 30)
    assert now.eta == timedelta(seconds=15)
    clock.shift(timedelta(minutes=2))
    assert (await city.broadcast_reports.progress(made.number, by=VERA)).per_second == 0.0


async def test_the_report_has_a_line_a_recipient(city: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.use_cases.broadcast_lines.PAGE", 2)
    made = await ended(city, OUTCOMES)
    await _instead(city, made, "20", N.DELIVERED)
    lines = [line async for page in city.broadcast_reports.lines(made.number, by=VERA) for line in page]
    told: dict[str, Any] = {line.address: line for line in lines}
    assert (len(lines), set(told)) == (7, set(await recipients(city, made)))
    assert (told["20"].account, told["20"].state, told["20"].reason) == ("2", N.FAILED, "blocked")
    assert (told["20"].instead, told["20"].instead_to) == (N.DELIVERED, "79140000020")
    assert (told["10"].state, told["10"].instead, told["10"].resent) == (N.SENT, None, False)
    assert [row.by for row in await rows(city, audit, action="broadcast_report")] == [VERA]


@ON_SQLITE
@pytest.mark.parametrize(
    "change, told",
    [
        ({"total": 8}, "do not add up"),
        ({"state": S.DONE}, "ended with recipients left"),
    ],
)
async def test_a_broadcast_that_does_not_add_up_is_found(
    city: Core, change: dict[str, Any], told: str
) -> None:
    made = await started(city)
    async with city.database.transaction() as tx:
        await tx.execute(update(broadcast).where(broadcast.c.id == made.id).values(change))
    (found,) = await city.invariants.check()
    assert (found.code, told in found.about) == ("I9", True)
    async with city.database.transaction() as tx:
        await tx.execute(update(broadcast).values(total=7, state=S.RUNNING))


@ON_SQLITE
async def test_who_was_sent_to_twice_is_found(city: Core) -> None:
    made = await ended(city, OUTCOMES)
    twice = update(notice).where(notice.c.address.in_(["10", "30"]))
    async with city.database.transaction() as tx:
        await tx.execute(twice.values(address="10", state=N.SENT))
    assert ["two confirmed sends" in each.about for each in await city.invariants.check()] == [True]
    async with city.database.transaction() as tx:
        await tx.execute(twice.values(state=N.FAILED))
        await tx.execute(update(notice).where(notice.c.address == "40").values(repeat=True))
    assert ["uncertain send" in each.about for each in await city.invariants.check()] == [True]
    async with city.database.transaction() as tx:
        await tx.execute(update(notice).values(repeat=False))
    await _instead(city, made, "20", N.SENT)
    assert await city.invariants.check() == []
    async with city.database.transaction() as tx:
        await tx.execute(update(notice).where(notice.c.address == "20").values(state=N.SENT))
    assert ["had arrived" in each.about for each in await city.invariants.check()] == [True]
    async with city.database.transaction() as tx:
        await tx.execute(update(notice).where(notice.c.address == "20").values(state=N.FAILED))


async def _instead(core: Core, of: Broadcast, address: str, state: NoticeState) -> None:
    """The SMS that a delivery stores where a bot is blocked."""
    row = (await recipients(core, of))[address]
    values = row._asdict() | {
        "id": new_id(), "dedupe_key": f"instead:{row.id}", "channel": Channel.SMS, "state": state,
        "address": f"791400000{address}", "parent_id": row.id, "reason": None,
    }  # fmt: skip
    async with core.database.transaction() as tx:
        await tx.execute(insert(notice).values(values))

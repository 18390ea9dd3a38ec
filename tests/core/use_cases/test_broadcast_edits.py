"""Orders that change what was sent: edits and recalls, in Telegram alone."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from core.notice_states import BroadcastState, OrderKind, Reach
from core.staff_errors import OwnBroadcast, TextsRefused, VersionChanged
from core.states import Lane, NoticeState
from core.storage.message_tables import notice
from core.wiring import Core
from tests.core.broadcast_scenes import (
    ADMIN,
    ANNA,
    BORIS,
    OTHER_TEXTS,
    OUTCOMES,
    TEXTS,
    VERA,
    deliver,
    ended,
    recipients,
    seven_people,
    state_of,
    work,
)
from tests.core.scenes import ON_SQLITE, rows
from tests.fakes import FakeClock

S, N = BroadcastState, NoticeState
city = seven_people


async def test_what_was_sent_to_telegram_is_edited_and_nothing_else(city: Core) -> None:
    made = await ended(city, OUTCOMES)
    await city.broadcast_orders.edit(made.number, OTHER_TEXTS, by=ANNA)
    await work(city, chunk=1)
    first = (await recipients(city, made))["10"]
    (edit,) = await rows(city, notice, parent_id=first.id)
    assert (edit.template, edit.edit, edit.lane, edit.state) == ("broadcast_edit", "m10", Lane.BULK, N.DUE)
    assert (edit.quiet, edit.broadcast_id, edit.account_id) == (False, made.id, first.account_id)
    assert len(await rows(city, notice, broadcast_id=made.id)) == made.total + 1
    held = await city.broadcasts.get(made.number, by=ANNA)
    assert (held.texts, held.version, held.state, held.total) == (OTHER_TEXTS, 2, S.RUNNING, 7)
    await deliver(city, made)
    await work(city)
    assert await state_of(city, made) == S.DONE


@ON_SQLITE
async def test_an_edit_of_many_waits_for_a_second_person(city: Core) -> None:
    notices = city.profile.notices.model_copy(update={"approve_above": 0})
    city.broadcast_orders._profile = city.profile.model_copy(update={"notices": notices})
    made = await ended(city, {"20": (N.FAILED, "blocked")})
    assert (await city.broadcast_orders.edit(made.number, OTHER_TEXTS, by=BORIS)).state == S.DONE
    assert await work(city) == 0
    assert (await city.broadcasts.get(made.number, by=ANNA)).texts == TEXTS
    with pytest.raises(OwnBroadcast):
        await city.broadcasts.approve(made.number, 2, by=BORIS)
    with pytest.raises(VersionChanged):
        await city.broadcasts.approve(made.number, 1, by=ADMIN)
    approved = await city.broadcasts.approve(made.number, 2, by=ADMIN)
    assert (approved.state, approved.version, approved.texts) == (S.RUNNING, 2, OTHER_TEXTS)
    await work(city)
    assert len(await rows(city, notice, template="broadcast_edit")) == 5


@ON_SQLITE
async def test_an_edit_has_every_language_that_was_sent(city: Core) -> None:
    made = await ended(city, texts={**TEXTS, "en": TEXTS["ru"]})
    with pytest.raises(TextsRefused):
        await city.broadcast_orders.edit(made.number, OTHER_TEXTS, by=ANNA)


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
    await city.broadcast_orders.edit(made.number, OTHER_TEXTS, by=ANNA)
    await work(city)
    assert sorted(row.edit for row in await rows(city, notice, template="broadcast_edit")) == ["m10", "m20"]

"""Drafts of broadcasts: each is one, faults are refused, a preview and the cost are shown."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from core.ids import Payer
from core.notice_states import BroadcastKind, BroadcastState, Reach
from core.staff_errors import NoAddress, TextsRefused
from core.states import Channel, Lane
from core.storage.broadcast_tables import broadcast
from core.storage.message_tables import notice
from core.use_cases.broadcast_drafts import Draft
from core.wiring import Core
from tests.core.broadcast_scenes import ANNA, BORIS, TEXTS, VERA, drafted, seven_people, state_of
from tests.core.scenes import ON_SQLITE, rows

S = BroadcastState
city = seven_people


@ON_SQLITE
async def test_the_same_draft_is_one_until_it_is_begun_and_with_a_key_for_good(city: Core) -> None:
    made = await drafted(city)
    assert (await drafted(city)).number == made.number
    assert (await drafted(city, title="Другое")).number == made.number + 1
    await city.broadcasts.cancel(made.number, by=ANNA)
    again = await drafted(city)
    assert again.number == made.number + 2
    assert (await drafted(city)).number == again.number
    keyed = [await city.broadcast_drafts.new(Draft(title=t, texts=TEXTS), by=ANNA, key="k") for t in "ab"]
    assert [each.number for each in keyed] == [made.number + 3] * 2


@ON_SQLITE
async def test_a_draft_with_faults_is_not_stored(city: Core) -> None:
    with pytest.raises(TextsRefused) as refused:
        await drafted(city, title=" ", texts={"ru": {"telegram": "<b>"}}, lives=timedelta())
    assert [fault.what for fault in refused.value.faults] == ["tag", "missing", "title", "lives"]
    assert await rows(city, broadcast) == []


@ON_SQLITE
async def test_advertising_is_never_urgent(city: Core) -> None:
    advertising = BroadcastKind.ADVERTISING
    with pytest.raises(TextsRefused) as refused:
        await drafted(city, kind=advertising, urgent=True)
    assert [fault.what for fault in refused.value.faults] == ["urgent"]
    made = await drafted(city, urgent=True)
    changed = replace(Draft.of(made), kind=advertising)
    with pytest.raises(TextsRefused):
        await city.broadcast_drafts.change(made.number, changed, by=ANNA)
    async with city.database.transaction() as tx:  # as a version of before this rule stored it
        await tx.execute(update(broadcast).values(kind=advertising))
    with pytest.raises(TextsRefused):
        await city.broadcasts.start(made.number, by=ANNA)
    assert await state_of(city, made) == S.DRAFT


@ON_SQLITE
async def test_a_preview_is_one_notice_that_nobody_counts(city: Core) -> None:
    texts = {"ru": {"telegram": "{account}: {days}", "sms": "смс {account}"}}
    made = await drafted(city, texts=texts)
    for _ in range(2):
        assert await city.broadcast_drafts.preview(made.number, by=ANNA) == Payer.telegram(500)
    (seen,) = await rows(city, notice)
    assert (seen.template, seen.lane, seen.broadcast_id, seen.quiet) == (
        "broadcast",
        Lane.PEOPLE,
        None,
        False,
    )
    assert seen.params["telegram"] == "{account}: {days}"
    assert (seen.params["facts"]["account"], seen.params["opt_out"]) == ("1", False)
    await city.broadcast_drafts.preview(made.number, by=ANNA, to=Payer.sms("79990000001"))
    (by_sms,) = await rows(city, notice, channel=Channel.SMS)
    assert by_sms.params["sms"] == "смс {account}"
    await city.broadcast_drafts.preview(made.number, by=ANNA, of=Channel.SMS)
    in_chat = [row.params for row in await rows(city, notice, channel=Channel.TELEGRAM) if row.id != seen.id]
    assert [params.keys() for params in in_chat] == [{"sms", "facts", "opt_out"}]
    with pytest.raises(NoAddress):
        await city.broadcast_drafts.preview(made.number, by=BORIS)


@ON_SQLITE
async def test_the_cost_is_that_of_the_longest_language(city: Core) -> None:
    texts = {"ru": {"sms": "я" * 71}, "en": {"sms": "x" * 10}}
    made = await drafted(city, reach=Reach.SMS, texts=texts)
    found = await city.broadcast_drafts.count(made.number, by=VERA)
    assert (found.sms, found.cost.segments) == (1, 2)
    assert found.cost.sms.kopecks == 2 * city.profile.notices.sms_price.kopecks

"""A broadcast on its way to Telegram: every way that a sending can end, and nobody skipped or sent twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp import ClientTimeout
from sqlalchemy import select

from bot.bulk import BulkDelivery
from bot.pace import BulkPace
from core.ids import Payer
from core.messages import outbox
from core.messages.notices import Unlinked
from core.messages.rates import LocalRates
from core.notice_states import BroadcastKind, BroadcastState
from core.settings import Settings
from core.states import Channel, Lane, NoticeState
from core.storage.broadcast_tables import broadcast
from core.storage.message_tables import notice
from tests.bot.stand import Stand, open_stand
from tests.core.frozen_scenes import agreed, becomes, claimed, follows, is_frozen, lives_here, outcomes
from tests.deadlines import until

CHATS = range(8000, 8010)
SECOND = timedelta(seconds=1)
SENT, FAILED, DUE, UNCERTAIN = NoticeState.SENT, NoticeState.FAILED, NoticeState.DUE, NoticeState.UNCERTAIN


@pytest.fixture
async def stand(sqlite_url: str) -> AsyncIterator[Stand]:
    settings = Settings(_env_file=None, env="test", database_url=sqlite_url)
    async with open_stand(settings, runs=False) as opened:
        for chat in CHATS:
            opened.api.chats.of(chat).started = True
        yield opened


@pytest.fixture
def bulk(stand: Stand, pace: BulkPace) -> BulkDelivery:
    core = stand.core
    return BulkDelivery(core.sending, core.subscribers, core.wakeups, stand.door.bot, stand.catalogues, pace)


def texts(stand: Stand, chat: int) -> list[str]:
    seen = stand.api.screen.seen(chat)["messages"]
    return [message["text"] for message in seen if message["from"] == "bot"]


def time_passes(pace: BulkPace) -> None:
    assert isinstance(pace._rates, LocalRates)
    pace._paused_until = pace._rates._paused_until = 0.0
    pace._chats._buckets.clear()


async def works(stand: Stand, bulk: BulkDelivery, pace: BulkPace, *, waits: timedelta = 30 * SECOND) -> None:
    """Rounds until nothing is due, whatever has to be waited for."""
    for _ in range(40):
        time_passes(pace)
        await bulk.run_once()
        stand.clock.shift(waits)
        if not {state for state, _ in (await outcomes(stand.core)).values()} & {DUE, NoticeState.TAKEN}:
            return
    raise AssertionError(await outcomes(stand.core))


async def proves(stand: Stand) -> Counter[NoticeState]:
    """I9: nobody was sent twice, who is marked sent was sent, and who was not is not marked so."""
    said = await outcomes(stand.core)
    assert set(said) == {str(chat) for chat in CHATS}
    for address, (state, _) in said.items():
        heard = len(texts(stand, int(address)))
        assert heard == 1 if state == SENT else heard <= (state == UNCERTAIN), (address, state, heard)
    return Counter(state for state, _ in said.values())


async def test_a_broadcast_reaches_everybody_with_facts_of_their_account(
    stand: Stand, bulk: BulkDelivery
) -> None:
    one = await lives_here(stand.core, "100080", chat=8000)
    said = {"telegram": "<b>{account}</b> {name}: {balance}, {days}, {sum}, {city} {unknown}"}
    await is_frozen(stand.core, [8000], accounts=[one], texts={"ru": said})
    assert await bulk.run_once() == 1
    money = "0,00\N{NO-BREAK SPACE}₽, 0 дней, 890,10\N{NO-BREAK SPACE}₽"
    assert texts(stand, 8000) == [f"100080 Анна <Ли>: {money}, Находка {{unknown}}"]
    assert await bulk.run_once() == 0


async def test_all_of_a_broadcast_are_marked_with_their_messages(stand: Stand, bulk: BulkDelivery) -> None:
    await is_frozen(stand.core, CHATS)
    assert await bulk.run_once() == len(CHATS)
    assert await proves(stand) == {SENT: len(CHATS)}
    async with stand.core.database.read() as tx:
        ids = [row.provider_id for row in await tx.all(select(notice))]
    assert all(ids)


async def test_one_in_twenty_blocked_is_told_apart(stand: Stand, bulk: BulkDelivery) -> None:
    stand.api.chats.of(8003).blocked = True
    await is_frozen(stand.core, CHATS)
    await bulk.run_once()
    assert await proves(stand) == {SENT: len(CHATS) - 1, FAILED: 1}
    assert (await outcomes(stand.core))["8003"] == (FAILED, "blocked")
    assert not (await stand.core.subscribers.get(Payer.telegram(8003))).reachable


@pytest.mark.parametrize("retry_after", [1, 30, 3600])
async def test_a_storm_of_429_skips_nobody(
    stand: Stand, bulk: BulkDelivery, pace: BulkPace, retry_after: int
) -> None:
    stand.api.set_faults({"too_many_requests": {"retry_after": retry_after, "calls": 30}})
    await is_frozen(stand.core, CHATS)
    await bulk.run_once()
    assert retry_after - 1 < pace.paused_for() <= retry_after
    assert {state for state, _ in (await outcomes(stand.core)).values()} == {DUE}
    later = timedelta(seconds=retry_after + 1)
    stand.clock.shift(later)
    await works(stand, bulk, pace, waits=later)
    assert await proves(stand) == {SENT: len(CHATS)}


async def test_5xx_are_tried_again(stand: Stand, bulk: BulkDelivery, pace: BulkPace) -> None:
    stand.api.set_faults({"server_error": {"calls": 20}})
    await is_frozen(stand.core, CHATS)
    await works(stand, bulk, pace)
    assert await proves(stand) == {SENT: len(CHATS)}


@pytest.mark.parametrize(
    "faults",
    [
        {"reset_after": {"calls": 5}},
        {"server_error": {"calls": 5, "status": 504}},
        {"slow_answer": {"calls": 5, "seconds": 3}},
    ],
)
async def test_what_may_have_gone_out_is_uncertain_and_not_sent_again(
    stand: Stand,
    bulk: BulkDelivery,
    pace: BulkPace,
    faults: dict[str, dict[str, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bot.session.PATIENCE", ClientTimeout(total=1.5))
    stand.api.set_faults(faults)
    await is_frozen(stand.core, CHATS)
    await works(stand, bulk, pace)
    assert await proves(stand) == {SENT: len(CHATS) - 5, UNCERTAIN: 5}


async def test_a_bot_api_out_of_reach_costs_no_attempts(
    stand: Stand, bulk: BulkDelivery, pace: BulkPace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.pace.TROUBLE_SECONDS", (3.0,))
    await is_frozen(stand.core, CHATS)
    api = stand.door.bot.session.api
    stand.door.bot.session.api = type(api).from_base("http://127.0.0.1:1")
    stand.door.bot.session._urls.clear()  # type: ignore[attr-defined]  # ours has them
    for _ in range(12):
        time_passes(pace)
        await bulk.run_once()
        stand.clock.shift(30 * SECOND)
    stand.door.bot.session.api = api
    stand.door.bot.session._urls.clear()  # type: ignore[attr-defined]  # ours has them
    await works(stand, bulk, pace)
    assert await proves(stand) == {SENT: len(CHATS)}


async def test_a_pause_takes_effect_at_the_next_claim(stand: Stand, bulk: BulkDelivery) -> None:
    of = await is_frozen(stand.core, CHATS)
    held = await claimed(stand.core, n=4)
    await stand.core.sending.put_back(held, after=timedelta(), reason="")
    await becomes(stand.core.database, of, BroadcastState.PAUSED)
    assert await bulk.run_once() == 0
    await becomes(stand.core.database, of, BroadcastState.RUNNING)
    assert await bulk.run_once() == len(CHATS)


async def test_advertising_has_a_way_out_and_a_service_message_none(stand: Stand, bulk: BulkDelivery) -> None:
    await agreed(stand.core, Channel.TELEGRAM, "8000")
    await is_frozen(stand.core, [8000], kind=BroadcastKind.ADVERTISING)
    await is_frozen(stand.core, [8001])
    await bulk.run_once()
    (advertising,) = stand.api.screen.seen(8000)["messages"]
    assert [button["text"] for row in advertising["buttons"] for button in row] == ["Не присылать рекламу"]
    assert not stand.api.screen.seen(8001)["messages"][0]["buttons"]


async def test_what_was_sent_is_edited_and_recalled(stand: Stand, bulk: BulkDelivery, pace: BulkPace) -> None:
    of = await is_frozen(stand.core, [8000, 8001, 8002])
    await bulk.run_once()
    async with stand.core.database.transaction() as tx:
        sent = {row.address: row for row in await tx.all(select(notice))}
        await tx.execute(broadcast.update().values(texts={"ru": {"telegram": "Связь есть."}}))
    await follows(stand.core, of, sent["8000"].id, "broadcast_edit", edit=sent["8000"].provider_id)
    await follows(stand.core, of, sent["8001"].id, "broadcast_recall", edit=sent["8001"].provider_id)
    await follows(stand.core, of, sent["8002"].id, "broadcast_edit", edit="999999")
    stand.api.set_faults({"reset_after": {"calls": 2}})
    for _ in range(4):
        time_passes(pace)
        await bulk.run_once()
        stand.clock.shift(30 * SECOND)
    assert (texts(stand, 8000), texts(stand, 8001)) == (["Связь есть."], [])
    assert "Авария" in texts(stand, 8002)[0]
    async with stand.core.database.read() as tx:
        found = await tx.all(select(notice).where(notice.c.parent_id.is_not(None)))
    assert {row.address: row.state for row in found} == {"8000": SENT, "8001": SENT, "8002": FAILED}


async def test_a_broadcast_without_words_for_somebody_stops_nobody(stand: Stand, bulk: BulkDelivery) -> None:
    await is_frozen(stand.core, [8000], texts={"ru": {"sms": "no words for Telegram"}})
    await is_frozen(stand.core, [8001])
    await bulk.run_once()
    assert {state for state, _ in (await outcomes(stand.core)).values()} == {SENT, FAILED}


async def test_paid_broadcasts_say_so(stand: Stand, pace: BulkPace) -> None:
    core, asked = stand.core, []

    async def noted(make, bot, method):  # type: ignore[no-untyped-def]  # as aiogram calls it
        asked.append(method.allow_paid_broadcast)
        return await make(bot, method)

    stand.door.bot.session.middleware(noted)
    house = (core.sending, core.subscribers, core.wakeups, stand.door.bot, stand.catalogues, pace)
    await is_frozen(core, [8000])
    await BulkDelivery(*house, paid=True).run_once()
    await is_frozen(core, [8001])
    await BulkDelivery(*house).run_once()
    assert asked == [True, None]


async def test_an_answer_goes_out_while_a_broadcast_waits_for_its_turn(stand: Stand) -> None:
    """The door itself, at a rate that would keep the broadcast busy for minutes."""
    stand.door._rates = LocalRates(1.0, first=1.0)
    await is_frozen(stand.core, CHATS)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(stand.door.run())
        await until(lambda: texts(stand, 8000))
        async with stand.core.database.transaction() as tx:
            await outbox.add(
                tx, Payer.telegram(8009), Unlinked("100080"), key="k", locale="ru", now=stand.clock.now()
            )
        await until(lambda: texts(stand, 8009), within=3.0)
        running.cancel()
    async with stand.core.database.read() as tx:
        left = await tx.all(select(notice).where(notice.c.lane == Lane.BULK, notice.c.state != SENT))
    assert len(left) >= len(CHATS) - 5

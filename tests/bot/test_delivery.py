"""The outbox to Telegram: every way that a sending can end."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiogram import Bot
from sqlalchemy import select

from bot.delivery import Delivery
from bot.outcomes import RETRY_SECONDS
from bot.session import JsonSession
from core.ids import Payer
from core.messages import outbox
from core.messages.notices import Linked, Notice, Paid, Unlinked
from core.money import Money
from core.settings import Settings
from core.states import NoticeState
from core.storage.message_tables import notice
from tests.bot.stand import TOKEN, Stand, open_stand
from tests.deadlines import until

RECEIPT = Paid("100080", Money(50000), Money(0), Money(50000), "card", card_mask="4276 85xx xxxx 7173")
_keys = itertools.count()


@pytest.fixture
async def stand(sqlite_url: str) -> AsyncIterator[Stand]:
    settings = Settings(_env_file=None, env="test", database_url=sqlite_url)
    async with open_stand(settings, runs=False) as opened:
        opened.api.chats.of(7001).started = True
        yield opened


async def told(stand: Stand, said: Notice = RECEIPT, *, edit: str | None = None, to: int = 7001) -> None:
    async with stand.core.database.transaction() as tx:
        key, now = str(next(_keys)), stand.clock.now()
        await outbox.add(tx, Payer.telegram(to), said, key=key, locale="ru", now=now, edit=edit)


async def outcome(stand: Stand) -> Any:
    async with stand.core.database.read() as tx:
        return await tx.one(select(notice))


async def test_a_notice_is_sent_and_its_message_is_remembered(stand: Stand, delivery: Delivery) -> None:
    await told(stand)
    assert await delivery.run_once() == 1
    row, message = await outcome(stand), stand.person.messages[-1]
    assert (row.state, row.provider_id) == (NoticeState.SENT, str(message["message_id"]))
    assert "Деньги на счёте" in message["text"]
    assert "7173" in message["text"]
    assert await delivery.run_once() == 0


async def test_a_receipt_takes_the_place_of_its_screen(stand: Stand, delivery: Delivery) -> None:
    await told(stand, Unlinked("100080"))
    await delivery.run_once()
    screen = stand.person.messages[-1]["message_id"]
    await told(stand, edit=str(screen))
    await delivery.run_once()
    assert [message["message_id"] for message in stand.person.messages] == [screen]
    assert "Деньги на счёте" in stand.person.messages[-1]["text"]


async def test_a_screen_that_is_gone_is_replaced_by_a_new_message(stand: Stand, delivery: Delivery) -> None:
    await told(stand, edit="12345")
    await delivery.run_once()
    assert "Деньги на счёте" in stand.person.messages[-1]["text"]
    assert (await outcome(stand)).state == NoticeState.SENT


async def test_a_screen_that_says_so_already_is_a_success(stand: Stand, delivery: Delivery) -> None:
    await told(stand)
    await delivery.run_once()
    screen = str(stand.person.messages[-1]["message_id"])
    await told(stand, edit=screen)
    await delivery.run_once()
    assert len(stand.person.messages) == 1
    async with stand.core.database.read() as tx:
        assert {row.provider_id for row in await tx.all(select(notice))} == {screen}


async def test_who_blocked_the_bot_is_unreachable_and_the_notice_is_over(
    stand: Stand, delivery: Delivery
) -> None:
    stand.api.chats.of(7001).blocked = True
    await told(stand)
    await delivery.run_once()
    row = await outcome(stand)
    assert (row.state, row.reason) == (NoticeState.FAILED, "blocked")
    assert not (await stand.core.subscribers.get(stand.person.payer)).reachable


async def test_a_chat_that_is_not_there_ends_the_notice(stand: Stand, delivery: Delivery) -> None:
    await told(stand, to=999)
    await delivery.run_once()
    row = await outcome(stand)
    assert row.state == NoticeState.FAILED
    assert "chat not found" in row.reason


@pytest.mark.parametrize("retry_after", [1, 30, 3600])
async def test_a_429_stops_the_lane_and_loses_nothing(
    stand: Stand, delivery: Delivery, retry_after: int
) -> None:
    stand.api.set_faults({"too_many_requests": {"retry_after": retry_after, "calls": 1}})
    await told(stand)
    await told(stand, Unlinked("100080"))
    await delivery.run_once()
    assert retry_after - 1 < delivery._pace.paused_for() <= retry_after
    async with stand.core.database.read() as tx:
        states = await tx.all(select(notice.c.state, notice.c.next_at))
    assert {row.state for row in states} == {NoticeState.DUE}
    stand.clock.shift(timedelta(seconds=retry_after + 1))
    delivery._pace._paused_until = 0.0
    assert await delivery.run_once() == 2
    assert len(stand.person.messages) == 2


async def test_a_paused_lane_claims_nothing(stand: Stand, delivery: Delivery) -> None:
    delivery._pace.pause(1)
    await told(stand)
    assert await delivery.run_once() == 0
    assert (await outcome(stand)).state == NoticeState.DUE


@pytest.mark.parametrize(
    "faults", [{"server_error": {"calls": 1}}, {"server_error": {"calls": 1, "status": 500}}]
)
async def test_a_5xx_is_tried_again(stand: Stand, delivery: Delivery, faults: dict[str, Any]) -> None:
    stand.api.set_faults(faults)
    await told(stand)
    await delivery.run_once()
    assert (await outcome(stand)).state == NoticeState.DUE
    stand.clock.shift(timedelta(seconds=RETRY_SECONDS[0] + 1))
    await delivery.run_once()
    assert len(stand.person.messages) == 1


async def test_a_receipt_whose_answer_was_lost_comes_again_with_a_mark(
    stand: Stand, delivery: Delivery
) -> None:
    stand.api.set_faults({"reset_after": {"calls": 1}})
    await told(stand)
    await delivery.run_once()
    stand.clock.shift(timedelta(minutes=1))
    await delivery.run_once()
    texts = [message["text"] for message in stand.person.messages]
    assert len(texts) == 2
    assert "Повтор" not in texts[0]
    assert "Повтор" in texts[1]


async def test_an_edit_whose_answer_was_lost_is_made_again_without_a_mark(
    stand: Stand, delivery: Delivery
) -> None:
    await told(stand, Unlinked("100080"))
    await delivery.run_once()
    stand.api.set_faults({"reset_after": {"calls": 1}})
    await told(stand, edit=str(stand.person.messages[-1]["message_id"]))
    await delivery.run_once()
    stand.clock.shift(timedelta(minutes=1))
    await delivery.run_once()
    assert len(stand.person.messages) == 1
    assert "Повтор" not in stand.person.messages[-1]["text"]


async def test_a_token_that_is_refused_loses_nothing(stand: Stand, delivery: Delivery) -> None:
    stand.api._token = "4242:another"
    await told(stand)
    await delivery.run_once()
    assert (await outcome(stand)).state == NoticeState.DUE


async def test_a_bot_api_out_of_reach_loses_nothing(stand: Stand) -> None:
    bot, core = Bot(TOKEN, session=JsonSession("http://127.0.0.1:1")), stand.core
    await told(stand)
    await Delivery(core.sending, core.subscribers, core.wakeups, bot, stand.catalogues).run_once()
    await bot.session.close()
    row = await outcome(stand)
    assert (row.state, row.reason) == (NoticeState.DUE, "NotSent")


async def test_an_answer_that_is_no_telegram_answer_is_tried_again(
    stand: Stand, delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand.api.set_faults({"server_error": {"calls": 1, "status": 418}})
    await told(stand)
    await delivery.run_once()
    assert (await outcome(stand)).state == NoticeState.DUE


async def test_a_notice_without_words_stops_nobody(stand: Stand, delivery: Delivery) -> None:
    class Unheard(Notice):
        template = "unheard"

    class Misnamed(Notice):
        """Facts of another shape than its words want."""

        template = "card_unlinked"

        def params(self) -> dict[str, Any]:
            return {"mask": "*0004", "numbers": 7, "in_flight": False}

    await told(stand, Unheard())
    await told(stand, Misnamed())
    await told(stand, Linked("100080", "full", by_other=True), to=7001)
    await delivery.run_once()
    assert "ещё к одному чату" in stand.person.messages[-1]["text"]
    async with stand.core.database.read() as tx:
        states = {row.template: row.state for row in await tx.all(select(notice))}
    assert states == {
        "unheard": NoticeState.FAILED,
        "card_unlinked": NoticeState.FAILED,
        "linked": NoticeState.SENT,
    }


async def test_a_new_notice_wakes_the_delivery(stand: Stand, delivery: Delivery) -> None:
    async with asyncio.TaskGroup() as group:
        running = group.create_task(delivery.run())
        await asyncio.sleep(0)
        await told(stand)
        await until(lambda: stand.person.messages)
        running.cancel()

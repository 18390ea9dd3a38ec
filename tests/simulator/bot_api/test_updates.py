"""Updates by long polling: offsets, waiting, what is asked for, two pollers at once."""

import asyncio

import pytest

from simulator.bot_api.server import BotApi
from simulator.bot_api.updates import UpdateQueue
from tests.deadlines import until
from tests.simulator.bot_api.served import USER, Served

OTHER = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"


async def write(api: Served, *texts: str) -> None:
    for text in texts:
        await api.phone("text", text=text)


async def poll_waits(api: Served) -> None:
    await until(lambda: api.bot_api.updates.is_polled, what="a poll that waits")


async def test_updates_come_again_until_an_offset_confirms_them(api: Served) -> None:
    await write(api, "a", "b", "c")
    first = await api.updates()
    assert [update["message"]["text"] for update in first] == ["a", "b", "c"]
    assert await api.updates() == first
    ids = [update["update_id"] for update in first]
    assert ids == [ids[0], ids[0] + 1, ids[0] + 2]
    assert await api.updates(offset=ids[1]) == first[1:]
    assert await api.updates() == first[1:]
    assert await api.updates(offset=ids[2] + 1) == []


async def test_a_negative_offset_keeps_only_the_last(api: Served) -> None:
    await write(api, "a", "b", "c")
    assert [update["message"]["text"] for update in await api.updates(offset=-2)] == ["b", "c"]
    assert len(await api.updates()) == 2


@pytest.mark.parametrize("limit,count", [(1, 1), (2, 2), (0, 1), (1000, 3)])
async def test_a_limit_is_kept_within_its_bounds(api: Served, limit: int, count: int) -> None:
    await write(api, "a", "b", "c")
    assert len(await api.updates(limit=limit)) == count


async def test_a_long_poll_ends_with_the_update_that_comes(api: Served) -> None:
    async with asyncio.TaskGroup() as group:
        poll = group.create_task(api.updates(timeout=30))
        await poll_waits(api)
        await write(api, "a")
    assert [update["message"]["text"] for update in poll.result()] == ["a"]


async def test_a_long_poll_ends_empty_after_its_time(api: Served) -> None:
    assert await api.updates(timeout=1) == []


async def test_the_second_of_two_pollers_ends_the_first(api: Served) -> None:
    async with asyncio.TaskGroup() as group:
        first = group.create_task(api.refusal("getUpdates", timeout=30))
        await poll_waits(api)
        second = group.create_task(api.refusal("getUpdates", timeout=30))
        await until(first.done)
        third = group.create_task(api.updates(timeout=30))
        await until(second.done)
        await write(api, "a")
    assert first.result() == second.result() == (409, OTHER)
    assert len(third.result()) == 1


async def test_a_webhook_and_a_poll_exclude_each_other(api: Served) -> None:
    async with asyncio.TaskGroup() as group:
        poll = group.create_task(api.refusal("getUpdates", timeout=30))
        await poll_waits(api)
        await api.result("setWebhook", url="http://127.0.0.1:9/hook")
    assert poll.result() == (409, "Conflict: terminated by setWebhook request")
    for _ in range(2):
        assert await api.refusal("getUpdates") == (
            409,
            "Conflict: can't use getUpdates method while webhook is active; "
            "use deleteWebhook to delete the webhook first",
        )
    await api.result("deleteWebhook")
    assert await api.updates() == []


async def test_only_the_asked_for_kinds_come(api: Served) -> None:
    await api.updates(allowed_updates=["my_chat_member"])
    await write(api, "a")
    await api.phone("block", blocked=True)
    await api.updates(allowed_updates="not a list")
    await api.updates(allowed_updates={})
    assert [set(update) - {"update_id"} for update in await api.updates()] == [{"my_chat_member"}]
    await api.phone("block", blocked=False)
    await api.updates(allowed_updates=[])
    await write(api, "b")
    assert len(await api.updates()) == 3


async def test_an_update_is_kept_only_for_its_time() -> None:
    queue = UpdateQueue(repeats=lambda: 0)
    queue.add("callback_query", {}, ("presses", USER), seconds=0)
    queue.add("message", {}, ("messages", USER))
    assert [update.kind for update in queue.pending()] == ["message"]
    assert queue.next_of(("presses", USER)) is None
    queue.add("callback_query", {}, ("presses", USER), seconds=0)
    later = queue.add("callback_query", {}, ("presses", USER))
    found = queue.next_of(("presses", USER))
    assert found is not None
    assert found.update_id == later


async def test_ids_of_a_later_process_are_above_those_of_an_earlier(monkeypatch: pytest.MonkeyPatch) -> None:
    def first_ids(at: float) -> tuple[int, int]:
        monkeypatch.setattr("time.time", lambda: at)
        bot_api = BotApi("1:x", bus=lambda topic: None)
        bot_api.phones.write(USER, "a")
        update = bot_api.updates.pending()[0]
        return update.update_id, update.body["message_id"]

    earlier, later = first_ids(1_790_000_000.0), first_ids(1_790_000_001.0)
    assert all(before < after < 2**31 for before, after in zip(earlier, later, strict=True))


async def test_a_server_that_stops_lets_a_waiting_poll_go(api: Served) -> None:
    async with asyncio.TaskGroup() as group:
        poll = group.create_task(api.updates(timeout=30))
        await poll_waits(api)
        api.bot_api.close_polls()
    assert poll.result() == []

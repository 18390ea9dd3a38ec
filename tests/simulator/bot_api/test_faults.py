"""Troubles on a switch, seen from the bot."""

import time

import aiohttp
import pytest
from aiohttp import web

from simulator.bot_api.faults import Fault, Faults, Trouble
from tests.deadlines import until
from tests.simulator.bot_api.served import TOKEN, USER, Hook, Served


async def shown(api: Served) -> list[str]:
    return [message["text"] for message in (await api.screen())["messages"]]


async def test_a_server_error_comes_before_anything_is_done(api: Served, chat: int) -> None:
    api.bot_api.set_faults({"server_error": {"calls": 1}})
    asked = await api.refusal("sendMessage", chat_id=chat, text="a")
    assert asked == (502, "Bad Gateway")
    assert await shown(api) == ["/start"]
    await api.result("sendMessage", chat_id=chat, text="a")


async def test_a_reset_comes_after_the_message_was_sent(api: Served, chat: int) -> None:
    api.bot_api.set_faults({"reset_after": {"calls": 1, "methods": ["sendMessage"]}})
    await api.result("getMe")
    with pytest.raises(aiohttp.ClientError):
        await api.result("sendMessage", chat_id=chat, text="a")
    assert await shown(api) == ["/start", "a"]


async def test_too_many_requests_name_the_wait_twice(api: Served, chat: int) -> None:
    api.bot_api.set_faults({"too_many_requests": {"retry_after": 17, "users": [chat]}})
    await api.result("getMe")
    url = f"{api.url}/bot{TOKEN}/sendMessage"
    async with api.session.post(url, json={"chat_id": chat, "text": "a"}) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (429, "17")
        assert await answer.json() == {
            "ok": False,
            "error_code": 429,
            "description": "Too Many Requests: retry after 17",
            "parameters": {"retry_after": 17},
        }


async def test_forbidden_is_a_block_that_nobody_was_told_of(api: Served, chat: int) -> None:
    api.bot_api.set_faults({"forbidden": True})
    asked = await api.refusal("sendMessage", chat_id=chat, text="a")
    assert asked == (403, "Forbidden: bot was blocked by the user")
    assert await api.updates() == []
    api.bot_api.set_faults({"forbidden": False})
    await api.result("sendMessage", chat_id=chat, text="a")


@pytest.mark.parametrize("trouble", ["slow", "slow_answer"])
async def test_a_slow_call_is_done_all_the_same(api: Served, chat: int, trouble: str) -> None:
    api.bot_api.set_faults({trouble: {"seconds": 0.2, "calls": 1}})
    began = time.monotonic()
    await api.result("sendMessage", chat_id=chat, text="a")
    assert time.monotonic() - began >= 0.2
    assert await shown(api) == ["/start", "a"]


async def test_a_slow_answer_comes_after_the_message(api: Served, chat: int) -> None:
    api.bot_api.set_faults({"slow_answer": {"seconds": 30}})
    with pytest.raises(TimeoutError):
        async with api.session.post(
            f"{api.url}/bot{TOKEN}/sendMessage",
            json={"chat_id": chat, "text": "a"},
            timeout=aiohttp.ClientTimeout(total=0.2),
        ):
            pass
    assert await shown(api) == ["/start", "a"]


async def test_a_poll_gets_a_duplicate_under_the_same_id(api: Served) -> None:
    api.bot_api.set_faults({"duplicate_updates": {"calls": 1}})
    await api.phone("text", text="twice")
    await api.phone("text", text="once")
    twice, once = await api.updates()
    assert await api.updates(offset=once["update_id"] + 1) == [twice]
    assert await api.updates(offset=twice["update_id"] + 1) == []


async def test_a_webhook_gets_a_duplicate_under_the_same_id(api: Served, hook: Hook) -> None:
    api.bot_api.set_faults({"duplicate_updates": {"calls": 1}})
    await api.result("setWebhook", url=hook.url)
    await api.phone("text", text="twice")
    await until(lambda: len(hook.updates) == 2)
    assert hook.updates[0] == hook.updates[1]
    await until(lambda: not api.bot_api.updates.pending())


async def test_polls_are_spared_unless_they_are_named(api: Served) -> None:
    api.bot_api.set_faults({"server_error": {"status": 500}})
    assert await api.updates() == []
    api.bot_api.set_faults({"server_error": {"status": 500, "methods": ["getUpdates"]}})
    assert await api.refusal("getUpdates") == (500, "Internal Server Error")
    assert (await api.result("getMe"))["is_bot"]
    api.bot_api.set_faults(None)
    assert await api.updates() == []


@pytest.mark.parametrize(
    "settings", [{"flood": True}, {"slow": {"hours": 1}}, {"slow": 5}, {"slow": {"methods": [1]}}]
)
def test_an_unknown_trouble_is_an_error_and_changes_nothing(settings: dict[str, object]) -> None:
    faults = Faults()
    faults.set(Trouble.FORBIDDEN, Fault())
    with pytest.raises(ValueError, match=r"flood|hours|fault"):
        faults.read({"forbidden": None} | settings)
    assert faults.take(Trouble.FORBIDDEN, "sendmessage", USER)


async def test_a_fault_of_an_answered_call_is_seen_by_a_webhook_answer_too(api: Served, hook: Hook) -> None:
    api.bot_api.phones.write(USER, "/start")
    call = {"method": "sendMessage", "chat_id": USER, "text": "a"}
    hook.answer = lambda update: web.json_response(call)
    api.bot_api.set_faults({"forbidden": {"calls": 1}})
    await api.result("setWebhook", url=hook.url)
    await until(lambda: not api.bot_api.updates.pending())
    assert await shown(api) == ["/start"]

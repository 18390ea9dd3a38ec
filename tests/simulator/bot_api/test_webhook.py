"""Updates pushed to a webhook: the secret, retries, order, calls in answers."""

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from simulator.bot_api.server import BotApi
from simulator.bot_api.webhook import Target, pause_seconds
from tests.deadlines import until
from tests.simulator.bot_api.served import USER, Hook, Served, listening

OTHER_USER = 1002


def texts(hook: Hook) -> list[str]:
    return [update["message"]["text"] for update in hook.updates]


async def test_updates_come_with_the_secret(api: Served, hook: Hook) -> None:
    await api.phone("text", text="before")
    status, body = await api.ask("setWebhook", url=hook.url, secret_token="s3cret_-")
    assert (status, body["description"]) == (200, "Webhook was set")
    await api.phone("text", text="after")
    await until(lambda: texts(hook) == ["before", "after"])
    assert {headers["X-Telegram-Bot-Api-Secret-Token"] for headers in hook.headers} == {"s3cret_-"}
    assert {headers["Content-Type"] for headers in hook.headers} == {"application/json"}


async def test_without_a_secret_there_is_no_header(api: Served, hook: Hook) -> None:
    await api.result("setWebhook", url=hook.url)
    await api.phone("text", text="a")
    await until(lambda: hook.updates)
    assert "X-Telegram-Bot-Api-Secret-Token" not in hook.headers[0]


async def test_an_update_is_pushed_again_until_it_is_taken_and_its_queue_waits(
    api: Served, hook: Hook
) -> None:
    statuses = iter([500, 404, 302, 204])
    hook.answer = lambda update: web.Response(status=next(statuses, 200))
    await api.result("setWebhook", url=hook.url)
    await api.phone("text", text="a")
    await api.phone("text", text="b")
    await until(lambda: len(hook.updates) == 5)
    assert texts(hook) == ["a", "a", "a", "a", "b"]
    assert len({update["update_id"] for update in hook.updates[:4]}) == 1
    info = await api.result("getWebhookInfo")
    assert info["last_error_message"].startswith("Wrong response from the webhook: 302")
    assert info["pending_update_count"] == 0


async def test_one_chat_does_not_wait_for_another(api: Served, hook: Hook) -> None:
    def answer(update: dict[str, Any]) -> web.Response:
        return web.Response(status=500 if update["message"]["from"]["id"] == USER else 200)

    hook.answer = answer
    await api.result("setWebhook", url=hook.url)
    await api.phone("text", user=USER, text="stuck")
    await api.phone("text", user=OTHER_USER, text="free")
    await until(lambda: "free" in texts(hook))
    assert (await api.result("getWebhookInfo"))["pending_update_count"] == 1


async def test_a_press_does_not_wait_for_a_message_of_the_same_person(api: Served, hook: Hook) -> None:
    hook.answer = lambda update: web.Response(status=500 if "message" in update else 200)
    markup = {"inline_keyboard": [[{"text": "a", "callback_data": "x"}]]}
    api.bot_api.phones.write(USER, "/start")
    sent = await api.result("sendMessage", chat_id=USER, text="a", reply_markup=markup)
    await api.result("setWebhook", url=hook.url)
    await api.phone("press", message_id=sent["message_id"], data="x")
    await until(lambda: any("callback_query" in update for update in hook.updates))


@pytest.mark.parametrize("failures,least,most", [(0, 0, 0), (1, 2, 2), (2, 4, 4), (5, 32, 32), (30, 60, 120)])
def test_pauses_grow_up_to_a_minute_or_two(failures: int, least: float, most: float) -> None:
    assert least <= pause_seconds(failures) <= most


async def test_retry_after_of_the_webhook_is_kept(api: Served, hook: Hook) -> None:
    hook.answer = lambda update: web.Response(status=429, headers={"Retry-After": "3000"})
    await api.result("setWebhook", url=hook.url)
    await api.phone("text", text="a")
    await until(lambda: hook.updates)
    hook.answer = lambda update: web.Response()
    await api.phone("text", user=OTHER_USER, text="b")
    await until(lambda: len(hook.updates) == 2)
    assert texts(hook) == ["a", "b"]


async def test_a_webhook_that_is_not_there_is_told_of(api: Served, unused_tcp_port: int) -> None:
    await api.result("setWebhook", url=f"http://127.0.0.1:{unused_tcp_port}/hook")
    await api.phone("text", text="a")
    await until(lambda: api.bot_api.webhook.last_error_date)
    info = await api.result("getWebhookInfo")
    assert info["last_error_message"] == "Connection failed: ClientConnectorError"


async def test_an_update_that_grows_too_old_is_given_up(api: Served, hook: Hook) -> None:
    hook.answer = lambda update: web.Response(status=429, headers={"Retry-After": "3600"})
    await api.result("setWebhook", url=hook.url)
    api.bot_api.updates.add("message", {}, ("messages", USER), seconds=60)
    await until(lambda: not api.bot_api.updates.pending())
    assert len(hook.updates) == 1


def multipart(**fields: str) -> Callable[[dict[str, Any]], web.Response]:
    def answer(update: dict[str, Any]) -> web.Response:
        writer = aiohttp.MultipartWriter("form-data")
        for name, value in fields.items():
            writer.append(value).set_content_disposition("form-data", name=name)
        return web.Response(body=writer)

    return answer


CALL = {"method": "sendMessage", "chat_id": str(USER), "text": "ответ"}


@pytest.mark.parametrize(
    "answer",
    [
        lambda update: web.json_response(CALL | {"chat_id": USER}),
        lambda update: web.Response(
            text=f"method=SENDMESSAGE&chat_id={USER}&text=%D0%BE%D1%82%D0%B2%D0%B5%D1%82",
            content_type="application/x-www-form-urlencoded",
        ),
        multipart(**CALL),
    ],
)
async def test_a_call_in_the_answer_is_done(
    api: Served, hook: Hook, answer: Callable[[dict[str, Any]], web.Response]
) -> None:
    hook.answer = answer
    await api.result("setWebhook", url=hook.url)
    await api.phone("text", text="a")
    await until(lambda: api.bot_api.chats.of(USER).messages and len(api.bot_api.chats.of(USER).messages) == 2)
    assert (await api.screen())["messages"][-1]["text"] == "ответ"


@pytest.mark.parametrize(
    "body",
    [
        {"method": "deleteWebhook"},
        {"method": "getMe"},
        {"method": "sendMessage", "chat_id": 5, "text": "to nobody"},
        {"ok": True},
        [],
    ],
)
async def test_another_answer_is_just_an_answer(api: Served, hook: Hook, body: object) -> None:
    hook.answer = lambda update: web.json_response(body)
    await api.result("setWebhook", url=hook.url)
    await api.phone("text", text="a")
    await until(lambda: not api.bot_api.updates.pending())
    assert len(hook.updates) == 1
    assert (await api.result("getWebhookInfo"))["url"] == hook.url
    assert "getme" not in [call.method for call in api.bot_api.calls]


@pytest.mark.parametrize(
    "arguments,refusal",
    [
        ({"url": "ftp://a.b"}, "invalid webhook URL specified"),
        ({"url": "https://a.b", "secret_token": "a" * 257}, "secret token is too long"),
        ({"url": "https://a.b", "secret_token": "ключ"}, "secret token contains unallowed characters"),
    ],
)
async def test_a_wrong_webhook_is_refused(api: Served, arguments: dict[str, str], refusal: str) -> None:
    assert await api.refusal("setWebhook", **arguments) == (400, f"Bad Request: {refusal}")


async def test_the_webhook_is_told_of_as_it_was_set(api: Served, hook: Hook) -> None:
    wanted: dict[str, object] = {"url": hook.url, "max_connections": 500, "allowed_updates": ["message"]}
    calls: list[tuple[str, dict[str, object]]] = [
        ("deleteWebhook", {}),
        ("setWebhook", wanted),
        ("setWebhook", wanted),
        ("setWebhook", {"url": ""}),
        ("setWebhook", wanted),
    ]
    descriptions = []
    for method, arguments in calls:
        _, body = await api.ask(method, **arguments)
        descriptions.append(body["description"])
    assert descriptions == [
        "Webhook is already deleted",
        "Webhook was set",
        "Webhook is already set",
        "Webhook was deleted",
        "Webhook was set",
    ]
    assert await api.result("getWebhookInfo") == {
        "url": hook.url,
        "has_custom_certificate": False,
        "pending_update_count": 0,
        "max_connections": 100,
        "allowed_updates": ["message"],
    }


async def test_what_waits_can_be_dropped(api: Served, hook: Hook) -> None:
    await api.phone("text", text="old")
    await api.result("setWebhook", url=hook.url, drop_pending_updates=True)
    await api.phone("text", text="new")
    await until(lambda: hook.updates)
    assert texts(hook) == ["new"]


async def test_what_a_webhook_did_not_take_a_poll_gets(api: Served, hook: Hook) -> None:
    hook.answer = lambda update: web.Response(status=500)
    await api.result("setWebhook", url=hook.url)
    await api.phone("text", text="a")
    await until(lambda: len(hook.updates) >= 3)
    await api.result("deleteWebhook")
    assert [update["message"]["text"] for update in await api.updates()] == ["a"]


async def test_at_most_so_many_pushes_go_at_once(api: Served) -> None:
    under_way: set[int] = set()
    seen: list[int] = []
    enough = asyncio.Event()

    async def take(request: web.Request) -> web.Response:
        update_id = (await request.json())["update_id"]
        under_way.add(update_id)
        seen.append(len(under_way))
        await enough.wait()
        under_way.discard(update_id)
        return web.Response()

    app = web.Application()
    app.router.add_post("/", take)
    async with listening(app) as url:
        await api.result("setWebhook", url=url, max_connections=2)
        for user in range(1, 6):
            await api.phone("text", user=user, text="a")
        await until(lambda: len(under_way) == 2)
        enough.set()
        await until(lambda: len(seen) == 5)
    assert max(seen) == 2


async def test_a_webhook_without_a_running_server_is_an_error_of_the_simulator() -> None:
    bot_api = BotApi("1:x", bus=lambda topic: None)
    bot_api.webhook.set(Target("http://127.0.0.1:9/"))
    with pytest.raises(RuntimeError, match="running"):
        bot_api.phones.write(USER, "a")

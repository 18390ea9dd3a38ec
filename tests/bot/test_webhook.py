"""The webhook: who may call it, what it stores, and when it answers."""

import asyncio
from typing import Any

import aiohttp
import pytest
from sqlalchemy import func, select

from bot.inbox import arrival_of
from core.storage.message_tables import incoming
from tests.bot.stand import SECRET, Person, Stand
from tests.deadlines import until

HEADER = "X-Telegram-Bot-Api-Secret-Token"


def update(number: int, text: str = "/help", user: int = 7001) -> dict[str, Any]:
    person = {"id": user, "is_bot": False, "first_name": "A", "language_code": "ru"}
    chat = {"id": user, "type": "private", "first_name": "A"}
    message = {"message_id": number, "date": 1, "chat": chat, "from": person, "text": text}
    return {"update_id": number, "message": message}


async def post(stand: Stand, body: Any, *, secret: str | None = SECRET) -> int:
    headers = {} if secret is None else {HEADER: secret}
    data = body if isinstance(body, bytes) else None
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"{stand.url}/telegram", json=None if data else body, data=data, headers=headers
        ) as response,
    ):
        return response.status


async def stored(stand: Stand) -> int:
    async with stand.core.database.read() as tx:
        return int(await tx.scalar(select(func.count()).select_from(incoming)))


def answers(stand: Stand) -> int:
    return sum(call.method == "sendmessage" for call in stand.api.calls)


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET + "x", "секрет"])
async def test_a_wrong_secret_stores_nothing(stand: Stand, secret: str | None) -> None:
    told = None if secret is None else secret.encode().decode("latin-1")
    assert await post(stand, update(1), secret=told) == 401
    assert await stored(stand) == 0


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"update_id": "1"}', b'"text"', b"\xff\xfe"])
async def test_what_is_no_update_is_refused(stand: Stand, body: bytes) -> None:
    assert await post(stand, body) == 400
    assert await stored(stand) == 0


async def test_a_body_larger_than_any_update_is_refused(stand: Stand) -> None:
    assert await post(stand, b" " * (256 * 1024 + 1)) == 413

    async def chunks() -> Any:
        for _ in range(30):
            yield b" " * 10_000

    async with aiohttp.ClientSession() as session:
        headers = {HEADER: SECRET}
        async with session.post(f"{stand.url}/telegram", data=chunks(), headers=headers) as response:
            assert response.status == 413


async def test_the_answer_comes_after_the_handler(stand: Stand, person: Person) -> None:
    stand.api.chats.of(person.id).started = True
    assert await post(stand, update(1)) == 200
    assert answers(stand) == 1
    async with stand.core.database.read() as tx:
        assert await tx.scalar(select(incoming.c.state)) == "done"


async def test_the_same_update_five_times_is_answered_once(stand: Stand, person: Person) -> None:
    stand.api.chats.of(person.id).started = True
    assert [await post(stand, update(1)) for _ in range(5)] == [200] * 5
    assert answers(stand) == 1


async def test_the_same_update_five_times_at_once_is_answered_once(stand: Stand, person: Person) -> None:
    stand.api.chats.of(person.id).started = True
    assert await asyncio.gather(*(post(stand, update(1)) for _ in range(5))) == [200] * 5
    assert answers(stand) == 1
    assert await stored(stand) == 1


async def test_an_update_in_another_process_hands_is_asked_for_again(stand: Stand, person: Person) -> None:
    arrival = arrival_of(update(1), str(stand.door.bot.id))
    assert arrival is not None
    (elsewhere,) = await stand.core.receiving.accept([arrival])
    assert await post(stand, update(1)) == 503
    await stand.core.receiving.finish(elsewhere.id)
    assert await post(stand, update(1)) == 200
    assert answers(stand) == 0


async def test_a_group_is_not_answered(stand: Stand) -> None:
    group = update(1)
    group["message"]["chat"] = {"id": -100, "type": "supergroup", "title": "G"}
    assert await post(stand, group) == 200
    assert await stored(stand) == 0


async def test_what_broke_is_told_with_its_number_and_not_run_again(
    stand: Stand, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand.api.chats.of(person.id).started = True

    async def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(type(stand.core.accounts), "linked", broken)
    assert await post(stand, update(1, "/accounts")) == 200
    text = await person.sees("сломалось")
    number = text.rstrip(".").rpartition(" ")[2]
    async with stand.core.database.read() as tx:
        row = await tx.one(select(incoming.c.state, incoming.c.outcome, incoming.c.reason))
    assert (row.state, row.outcome, row.reason) == ("failed", "failed", f"incident {number}")
    stand.api.phones.press(person.id, person.messages[-1]["message_id"], "accounts", stale=True)
    await person.is_told("сломалось")


async def test_an_incident_that_cannot_be_told_is_still_recorded(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(type(stand.core.accounts), "linked", broken)
    assert await post(stand, update(1, "/accounts")) == 200  # the chat is unknown: nothing can be sent
    async with stand.core.database.read() as tx:
        assert await tx.scalar(select(incoming.c.state)) == "failed"


async def test_a_lost_answer_is_no_incident(stand: Stand, person: Person) -> None:
    stand.api.chats.of(person.id).started = True
    stand.api.set_faults({"server_error": {"methods": ["sendMessage"], "calls": 1}})
    assert await post(stand, update(1)) == 200
    async with stand.core.database.read() as tx:
        assert await tx.scalar(select(incoming.c.state)) == "done"


async def test_who_blocks_the_bot_is_unreachable_until_they_write(stand: Stand, person: Person) -> None:
    person.says("/start")
    await person.sees("бот")
    stand.api.phones.block(person.id, blocked=True)

    async def unreachable() -> bool:
        return not (await stand.core.subscribers.get(person.payer)).reachable

    await until(unreachable)
    stand.api.phones.block(person.id, blocked=False)

    async def reachable() -> bool:
        return (await stand.core.subscribers.get(person.payer)).reachable

    await until(reachable)


async def test_an_answer_to_who_has_blocked_the_bot_marks_them(stand: Stand, person: Person) -> None:
    stand.api.chats.of(person.id).started = True
    stand.api.set_faults({"forbidden": {"methods": ["sendMessage"], "calls": 1}})
    assert await post(stand, update(1)) == 200
    assert not (await stand.core.subscribers.get(person.payer)).reachable
    assert await post(stand, update(2)) == 200
    assert (await stand.core.subscribers.get(person.payer)).reachable

"""The way out: what is sent, and whether a failed call may have had an effect."""

import asyncio
import gc
import json
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiogram import Bot
from aiogram.client.default import DefaultBotProperties
from aiogram.exceptions import TelegramBadRequest, TelegramRetryAfter, TelegramServerError
from aiogram.methods import GetMe, Response, SendMessage, SendPhoto
from aiogram.types import BufferedInputFile, Message
from aiohttp import web

from bot.fast import keep_response_models
from bot.session import JsonSession, NotSent, Unanswered
from tests.bot.stand import TOKEN, reserved, served

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def bot_against(answer: Answer) -> AsyncIterator[Bot]:
    listening, url = reserved()
    async with served([web.post("/{path:.*}", answer), web.get("/{path:.*}", answer)], listening):
        defaults = DefaultBotProperties(parse_mode="HTML", link_preview_is_disabled=True)
        bot = Bot(TOKEN, session=JsonSession(url), default=defaults)
        try:
            yield bot
        finally:
            await bot.session.close()


async def test_only_what_is_said_is_sent() -> None:
    seen: list[Any] = []

    async def take(request: web.Request) -> web.Response:
        seen.append((request.path, request.content_type, await request.json()))
        return web.json_response({"ok": True, "result": {"message_id": 5}})

    async with bot_against(take) as bot:
        sent = await bot(SendMessage(chat_id=7, text="<b>текст</b>"))
    assert sent.message_id == 5
    body = {"chat_id": 7, "text": "<b>текст</b>", "parse_mode": "HTML"}
    body |= {"link_preview_options": {"is_disabled": True}, "disable_web_page_preview": True}
    assert seen == [(f"/bot{TOKEN}/sendMessage", "application/json", body)]


async def test_no_connection_is_not_sent() -> None:
    listening, url = reserved()
    listening.close()
    bot = Bot(TOKEN, session=JsonSession(url))
    with pytest.raises(NotSent):
        await bot(GetMe())
    await bot.session.close()


async def test_a_connection_that_ends_without_an_answer_is_unanswered() -> None:
    async def hang_up(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    async with bot_against(hang_up) as bot:
        with pytest.raises(Unanswered):
            await bot(SendMessage(chat_id=7, text="x"))


async def test_an_answer_that_does_not_come_in_time_is_unanswered() -> None:
    async def never(request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async with bot_against(never) as bot:
        with pytest.raises(Unanswered):
            await bot.session.make_request(bot, GetMe(), timeout=1)


@pytest.mark.parametrize(
    "status, body, error",
    [
        (502, "<html>Bad Gateway</html>", TelegramServerError),
        (500, json.dumps({"ok": False, "description": "Internal"}), TelegramServerError),
        (400, json.dumps({"ok": False, "description": "Bad Request: x"}), TelegramBadRequest),
        (400, "<html>", TelegramServerError),
        (200, "<html>Please log in to this network</html>", Unanswered),
        (429, json.dumps({"ok": False, "description": "Too Many Requests"}), TelegramRetryAfter),
        (
            429,
            json.dumps({"ok": False, "description": "Too Many", "parameters": {"retry_after": 0}}),
            TelegramRetryAfter,
        ),
    ],
)
async def test_an_error_is_told_by_its_kind(status: int, body: str, error: type[Exception]) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=status, text=body)

    async with bot_against(refuse) as bot:
        with pytest.raises(error):
            await bot(SendMessage(chat_id=7, text="x"))


async def test_a_file_is_refused_before_it_is_lost() -> None:
    async def take(_: web.Request) -> web.Response:
        raise AssertionError("nothing is sent")

    async with bot_against(take) as bot:
        with pytest.raises(TypeError):
            await bot(SendPhoto(chat_id=7, photo=BufferedInputFile(b"x", "x.png")))


async def test_content_comes_in_pieces() -> None:
    async def give(_: web.Request) -> web.Response:
        return web.Response(body=b"x" * 10)

    async with bot_against(give) as bot:
        url = bot.session.api.file_url(TOKEN, "x")
        pieces = [piece async for piece in bot.session.stream_content(url, chunk_size=4)]
    assert b"".join(pieces) == b"x" * 10


def test_tls_trusts_the_public_authorities() -> None:
    assert JsonSession("https://api.telegram.org")._tls is not True


def test_the_models_of_answers_are_built_once() -> None:
    keep_response_models()
    kept = weakref.ref(Response[Message])
    gc.collect()
    assert kept() is Response[Message]

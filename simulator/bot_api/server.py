"""The Bot API server: HTTP in, a method called, Telegram's kind of answer out, with the faults asked for."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from aiohttp import web

from simulator.bot_api import arguments
from simulator.bot_api.arguments import Arguments
from simulator.bot_api.chats import Chats
from simulator.bot_api.errors import ApiError, ApiObject, forbidden, too_many_requests
from simulator.bot_api.faults import Faults, Trouble
from simulator.bot_api.files import Files
from simulator.bot_api.methods import Described, Methods
from simulator.bot_api.phone import Phones
from simulator.bot_api.profile import Profile
from simulator.bot_api.rates import Rates
from simulator.bot_api.screen import Screen
from simulator.bot_api.sending import Sending
from simulator.bot_api.updates import UpdateQueue
from simulator.bot_api.webhook import Webhook

CALLS_KEPT = 10_000
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER of no seconds: the peer sees a reset


@dataclass(frozen=True)
class Call:
    """One call as it came, for tests to look at."""

    method: str
    arguments: Mapping[str, str]


class BotApi:
    """Add routes() and phone_routes() to an application and let it live inside running()."""

    def __init__(
        self,
        token: str,
        *,
        bus: Callable[[str], None],
        username: str = "aliance_demo_bot",
        name: str = "Альянс",
    ) -> None:
        bot_id = int(token.partition(":")[0])
        bot: ApiObject = {"id": bot_id, "is_bot": True, "first_name": name, "username": username}
        self._token = token
        self.calls: deque[Call] = deque(maxlen=CALLS_KEPT)
        self.faults = Faults()
        self.rates = Rates()
        self.chats = Chats(bot)
        self.updates = UpdateQueue(self._repeats)
        self.webhook = Webhook(self.updates, self.perform)

        def changed(user_id: int) -> None:
            bus(f"telegram:{user_id}")

        def all_changed() -> None:
            for user_id in self.chats.people():
                changed(user_id)

        self.profile = Profile(self.chats, name, all_changed)
        self.files = Files()
        self.sending = Sending(self.chats, self.rates, self.files, changed)
        self.phones = Phones(bot, self.chats, self.profile, self.sending, self.updates, changed)
        self.methods = Methods(bot, self.chats, self.profile, self.sending, self.updates, self.webhook)
        self.screen = Screen(self.phones)

    def routes(self) -> list[web.RouteDef]:
        place = "/bot{token:[^/]+}"
        return [
            web.get(f"{place}/{{method}}", self._answer),
            web.post(f"{place}/{{method}}", self._answer),
            web.get("/file/bot{token:[^/]+}/{path:.+}", self._file),
            web.route("*", f"{place}{{rest:(/.*)?}}", self._not_found),
        ]

    def phone_routes(self) -> list[web.RouteDef]:
        return self.screen.routes()

    def set_faults(self, settings: Mapping[str, Any] | None) -> None:
        """The "bot_api" part of POST /phone/faults: troubles by name, "rates": true|false; None for calm.

        Raises ValueError for what it does not know.
        """
        settings = dict(settings) if settings is not None else None
        if settings is not None and "rates" in settings:
            self.rates.enabled = bool(settings.pop("rates"))
        self.faults.read(settings)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The webhook's pushes live here; at the end waiting polls are let go."""
        async with self.webhook.running():
            try:
                yield
            finally:
                self.close_polls()

    def close_polls(self) -> None:
        """Call before the HTTP server stops: it waits for answers that are under way."""
        self.updates.end_poll()

    async def perform(self, method: str, call: Arguments) -> Any:
        """One call by whatever way it came. Raises ApiError when it is refused."""
        self.calls.append(Call(method, call.values))
        user_id = call.integer("chat_id")
        if call.has("chat_id") and self.faults.take(Trouble.FORBIDDEN, method, user_id):
            raise forbidden("bot was blocked by the user")
        fault = self.faults.take(Trouble.TOO_MANY_REQUESTS, method, user_id)
        if fault:
            raise too_many_requests(fault.retry_after)
        return await self.methods.call(method, call)

    def _repeats(self) -> int:
        return 1 if self.faults.take(Trouble.DUPLICATE_UPDATES) else 0

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"].lower()
        try:
            self._check_token(request.match_info["token"])
            call = await arguments.of_request(request)
            user_id = call.integer("chat_id")
            slow = self.faults.take(Trouble.SLOW, method, user_id)
            if slow:
                await asyncio.sleep(slow.seconds)
            broken = self.faults.take(Trouble.SERVER_ERROR, method, user_id)
            if broken:
                raise ApiError(broken.status, HTTPStatus(broken.status).phrase)
            answer = _accepted(await self.perform(method, call))
        except ApiError as refusal:
            return _refused(refusal)
        slow = self.faults.take(Trouble.SLOW_ANSWER, method, user_id)
        if slow:
            await asyncio.sleep(slow.seconds)
        if self.faults.take(Trouble.RESET_AFTER, method, user_id):
            _reset(request)
        return answer

    async def _file(self, request: web.Request) -> web.Response:
        try:
            self._check_token(request.match_info["token"])
        except ApiError as refusal:
            return _refused(refusal)
        document = self.files.by_path(request.match_info["path"])
        return _refused(ApiError(404, "Not Found")) if document is None else document.answer()

    async def _not_found(self, _: web.Request) -> web.Response:
        return _refused(ApiError(404, "Not Found"))

    def _check_token(self, token: str) -> None:
        if not token.partition(":")[0].isdecimal():
            raise ApiError(401, "Unauthorized: invalid token specified")
        if token != self._token:
            raise ApiError(401, "Unauthorized")


def _accepted(result: Any) -> web.Response:
    body: ApiObject = {"ok": True}
    if isinstance(result, Described):
        body |= {"result": result.result, "description": result.description}
    else:
        body["result"] = result
    return web.json_response(body, dumps=_dumped)


def _refused(refusal: ApiError) -> web.Response:
    headers = {}
    if "retry_after" in refusal.parameters:
        headers["Retry-After"] = str(refusal.parameters["retry_after"])
    return web.json_response(refusal.body(), status=refusal.code, headers=headers, dumps=_dumped)


def _dumped(body: Any) -> str:
    return json.dumps(body, ensure_ascii=False)


def _reset(request: web.Request) -> None:
    transport = request.transport
    assert transport is not None
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    transport.abort()

"""The SMS phones, the event stream and the switches as JSON over HTTP: for the page, the demo and tests."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from simulator.bus import Bus
from simulator.phones import SmsPhones
from simulator.smsc import Smsc

HEARTBEAT_SECONDS = 15  # a proxy must not take a quiet stream for a dead one
LONGEST_TEXT = 2000

# A part of POST /phone/faults: changes what it is given, None means calm, and raises ValueError.
Switch = Callable[[Mapping[str, Any] | None], None]


class PhoneRoutes:
    def __init__(
        self,
        bus: Bus,
        phones: SmsPhones,
        smsc: Smsc | None,
        *,
        config: Mapping[str, object],
        switches: Mapping[str, Switch],
    ) -> None:
        self._bus = bus
        self._phones = phones
        self._smsc = smsc
        self._config = config
        self._switches = switches

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/phone/config", self._get_config),
            web.get("/phone/events", self._get_events),
            web.get("/phone/smsc", self._get_smsc),
            web.get(r"/phone/sms/{msisdn:\d{5,15}}/messages", self._get_messages),
            web.post(r"/phone/sms/{msisdn:\d{5,15}}/send", self._post_send),
            web.post("/phone/faults", self._post_faults),
        ]

    async def _get_config(self, request: web.Request) -> web.Response:
        return web.json_response(self._config)

    async def _get_smsc(self, request: web.Request) -> web.Response:
        smsc = self._smsc
        told = {"sessions": smsc.sessions, "waiting": smsc.waiting} if smsc else {"sessions": None}
        return web.json_response(told)

    async def _get_messages(self, request: web.Request) -> web.Response:
        messages = self._phones.messages(request.match_info["msisdn"])
        return web.json_response({"messages": [message.facts() for message in messages]})

    async def _post_send(self, request: web.Request) -> web.Response:
        asked = await _asked(request)
        text, to = asked.get("text"), asked.get("to", self._config["short_code"])
        if not isinstance(text, str) or not text.strip() or len(text) > LONGEST_TEXT:
            raise _bad_request("text")
        if not isinstance(to, str) or not to.isdecimal():
            raise _bad_request("to")
        if self._smsc is None:
            raise web.HTTPServiceUnavailable(text='{"error": "no_smsc"}', content_type="application/json")
        message = self._smsc.send(request.match_info["msisdn"], to=to, text=text)
        return web.json_response(message.facts())

    async def _post_faults(self, request: web.Request) -> web.Response:
        """{"smsc" | "provider" | "bot_api": {fault: value, …} or null for calm}; {} changes nothing."""
        asked = await _asked(request)
        for part, changes in asked.items():
            if part not in self._switches or not isinstance(changes, dict | None):
                raise _bad_request(f"parts: {', '.join(self._switches)}")
            try:
                self._switches[part](changes)
            except (TypeError, ValueError) as wrong:
                raise _bad_request(str(wrong)) from wrong
        return web.json_response({})

    async def _get_events(self, request: web.Request) -> web.StreamResponse:
        stream = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        with self._bus.listen() as listener:
            await stream.prepare(request)
            try:
                await stream.write(b": listening\n\n")
                async for topic in listener.topics(idle_seconds=HEARTBEAT_SECONDS):
                    line = f"data: {json.dumps({'topic': topic})}" if topic else ": still here"
                    await stream.write(f"{line}\n\n".encode())
            except ConnectionError:
                pass  # the page was closed
        return stream


async def _asked(request: web.Request) -> dict[str, Any]:
    try:
        asked = await request.json()
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        raise _bad_request("malformed")
    return asked


def _bad_request(code: str) -> web.HTTPBadRequest:
    return web.HTTPBadRequest(text=json.dumps({"error": code}), content_type="application/json")

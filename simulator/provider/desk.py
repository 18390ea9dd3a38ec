"""The provider's staff desk: what a bank or a person there would decide, for tests and visitors."""

import json
from typing import Any

from aiohttp import web

from simulator.bus import Bus
from simulator.provider.books import Books, Charge, Status
from simulator.provider.callbacks import Callbacks
from simulator.provider.vault import Mood, Vault


class Desk:
    def __init__(self, books: Books, callbacks: Callbacks, vault: Vault, bus: Bus) -> None:
        self._books = books
        self._callbacks = callbacks
        self._vault = vault
        self._bus = bus

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/phone/provider/settle", self._post_settle),
            web.post("/phone/provider/resend", self._post_resend),
            web.get("/phone/provider/saved-cards", self._get_mood),
            web.post("/phone/provider/saved-cards", self._post_mood),
            web.get("/phone/provider/balance/{phone}", self._get_balance),
            web.post("/phone/provider/balance/{phone}", self._post_balance),
        ]

    async def _post_settle(self, request: web.Request) -> web.Response:
        """{"id" or "payment", "status": "succeeded" | "declined"}: also a success after a decline."""
        asked = await _asked(request)
        charge = self._charge(asked)
        status = asked.get("status")
        if status not in (Status.SUCCEEDED, Status.DECLINED):
            raise _bad_request("status")
        if charge.status is Status.SUCCEEDED:
            raise web.HTTPConflict(text='{"error": "settled"}', content_type="application/json")
        reason = "other" if status == Status.DECLINED else None
        self._books.move(charge, Status(status), reason=reason)
        self._callbacks.tell(charge)
        return web.json_response(charge.facts())

    async def _post_resend(self, request: web.Request) -> web.Response:
        """{"id" or "payment"}: the charge's last callback once more."""
        charge = self._charge(await _asked(request))
        if not self._callbacks.tell_again(charge):
            raise web.HTTPConflict(text='{"error": "nothing_told"}', content_type="application/json")
        return web.json_response(charge.facts())

    async def _get_mood(self, request: web.Request) -> web.Response:
        return web.json_response({"mood": self._vault.mood})

    async def _post_mood(self, request: web.Request) -> web.Response:
        """{"mood": "pays" | "insufficient_funds" | "card_lost"}: what remembered cards do from now on."""
        mood = (await _asked(request)).get("mood")
        if mood not in list(Mood):
            raise _bad_request("mood")
        self._vault.mood = Mood(mood)
        self._bus.publish("provider")
        return web.json_response({"mood": self._vault.mood})

    async def _get_balance(self, request: web.Request) -> web.Response:
        return web.json_response({"kopecks": self._books.phone_balance(request.match_info["phone"])})

    async def _post_balance(self, request: web.Request) -> web.Response:
        kopecks = (await _asked(request)).get("kopecks")
        if type(kopecks) is not int or kopecks < 0:
            raise _bad_request("kopecks")
        self._books.set_phone_balance(request.match_info["phone"], kopecks)
        return web.json_response({"kopecks": kopecks})

    def _charge(self, asked: dict[str, Any]) -> Charge:
        """By its id, else the newest of the payment."""
        named = [one for one in self._books.all() if one.id == asked.get("id")]
        found = named or self._books.of_payment(str(asked.get("payment")))
        if not found:
            raise web.HTTPNotFound(text='{"error": "charge"}', content_type="application/json")
        return found[-1]


async def _asked(request: web.Request) -> dict[str, Any]:
    try:
        asked = await request.json()
    except json.JSONDecodeError:
        asked = None
    if not isinstance(asked, dict):
        raise _bad_request("malformed")
    return asked


def _bad_request(code: str) -> web.HTTPBadRequest:
    return web.HTTPBadRequest(text=json.dumps({"error": code}), content_type="application/json")

"""The payment provider's way in: raw bytes to the core, the core's answer back."""

from aiohttp import web

from core.use_cases.callbacks import Callbacks
from web import bodies
from web.client import Proxies


class CallbackRoutes:
    def __init__(self, callbacks: Callbacks, proxies: Proxies) -> None:
        self._callbacks = callbacks
        self._proxies = proxies

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/callbacks/{provider}", self.take)]

    async def take(self, request: web.Request) -> web.Response:
        """Answered once the event is committed; a provider that hears anything but its word asks again."""
        bodies.refuse_duplicates(name for name, _ in request.query.items())
        body = await bodies.read(request)
        if request.content_type == bodies.FORM:
            bodies.fields(body)
        answer = await self._callbacks.take(
            request.match_info["provider"],
            body=body,
            headers=request.headers,
            peer=self._proxies.client(request),
        )
        return web.Response(status=answer.status, text=answer.body, content_type=answer.content_type)

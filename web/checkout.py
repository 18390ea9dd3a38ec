"""The way to the provider's card page: an address of ours that holds while the payment is open."""

from http import HTTPStatus

from aiohttp import web

from core.errors import LinkExpired
from core.use_cases.checkouts import Checkouts
from web.pages import Pages


class CheckoutPage:
    def __init__(self, checkouts: Checkouts, pages: Pages) -> None:
        self._checkouts = checkouts
        self._pages = pages

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/checkout/{token}", self.lead_on)]

    async def lead_on(self, request: web.Request) -> web.Response:
        try:
            url = await self._checkouts.open(request.match_info["token"])
        except LinkExpired:
            return self._pages.answer(request, "checkout_closed.html", status=HTTPStatus.GONE)
        return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": url})

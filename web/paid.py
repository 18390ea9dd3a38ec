"""Where the card page sends the payer back to. It promises nothing: only the provider's callback is proof."""

from aiohttp import web

from web.pages import Pages


class PaidPage:
    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/paid", self.show)]

    async def show(self, request: web.Request) -> web.Response:
        return self._pages.answer(request, "paid.html")

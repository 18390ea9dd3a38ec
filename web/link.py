"""The linking page: an account is proven by its password, and the chat that asked by a code from here."""

import unicodedata
from http import HTTPStatus
from math import ceil

import structlog
from aiohttp import web

from core.errors import LinkExpired, LoginRefused, TooManyTries
from core.use_cases.links import LinkPage, Links
from web import bodies
from web.client import Proxies
from web.pages import Pages

NAME_LARGEST = 64  # Telegram's first and last names together

log = structlog.get_logger()


class LinkPages:
    def __init__(self, links: Links, pages: Pages, proxies: Proxies) -> None:
        self._links = links
        self._pages = pages
        self._proxies = proxies

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/link/{token}", self.ask), web.post("/link/{token}", self.log_in)]

    async def ask(self, request: web.Request) -> web.Response:
        """Looking uses nothing up: messengers open links to preview them."""
        try:
            started = await self._links.look(request.match_info["token"])
        except LinkExpired:
            return self._expired(request)
        return self._form(request, started)

    async def log_in(self, request: web.Request) -> web.Response:
        """The token in the address is known to nobody but who asked: no other page can send this form."""
        said = await bodies.form(request)
        token = request.match_info["token"]
        try:
            started = await self._links.look(token)
        except LinkExpired:
            return self._expired(request)
        try:
            code = await self._links.log_in(
                token,
                said.get("login", ""),
                said.get("password", ""),
                address=self._proxies.client(request),
            )
        except LinkExpired:
            return self._expired(request)
        except LoginRefused:
            return self._form(request, started, problem="refused", status=HTTPStatus.FORBIDDEN)
        except TooManyTries as refusal:
            return self._wait(request, started, ceil(refusal.retry_after.total_seconds()))
        return self._pages.answer(request, "code.html", code=code, name=shown_name(started.display_name))

    def _wait(self, request: web.Request, started: LinkPage, seconds: int) -> web.Response:
        log.warning("logins refused for a while", seconds=seconds)
        minutes = ceil(seconds / 60)
        answer = self._form(
            request, started, problem="wait", minutes=minutes, status=HTTPStatus.TOO_MANY_REQUESTS
        )
        answer.headers["Retry-After"] = str(seconds)
        return answer

    def _form(
        self,
        request: web.Request,
        started: LinkPage,
        *,
        problem: str = "",
        minutes: int = 0,
        status: HTTPStatus = HTTPStatus.OK,
    ) -> web.Response:
        name = shown_name(started.display_name)
        return self._pages.answer(
            request, "link.html", status=status, name=name, problem=problem, minutes=minutes
        )

    def _expired(self, request: web.Request) -> web.Response:
        return self._pages.answer(request, "link_expired.html", status=HTTPStatus.GONE)


def shown_name(name: str) -> str:
    """A name that a stranger chose, without the characters that could rearrange the page's own words."""
    visible = "".join(" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in name)
    short = " ".join(visible.split())
    return short if len(short) <= NAME_LARGEST else short[:NAME_LARGEST].rstrip() + "…"

"""The HTTP door: who is let in, what every answer carries, and the pages behind it."""

import secrets
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from core.wiring import Core
from handlers.locale import Catalogues
from web.bodies import BODY_LARGEST_BYTES
from web.callbacks import CallbackRoutes
from web.checkout import CheckoutPage
from web.client import Proxies
from web.health import Health
from web.ledger import LedgerPages
from web.link import LinkPages
from web.pages import Pages
from web.paid import PaidPage

STATIC = Path(__file__).parent / "static"
STATIC_SECONDS = 3600

# Our pages load our own style and script, talk to us alone and are shown in nobody's frame.
CONTENT_SECURITY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors {frames}"
)
# The demo's page shows the ledger in a frame; any other frame could only be a trap.
NO_FRAME, DEMO_FRAMES = "'none'", "http://127.0.0.1:* http://localhost:*"

log = structlog.get_logger()


def make_app(core: Core, catalogues: Catalogues) -> web.Application:
    """All of the HTTP door; the Telegram door adds its webhook's routes."""
    settings = core.settings
    pages = Pages(core.profile, catalogues)
    proxies = Proxies.parse(settings.trusted_proxies)
    ledger = LedgerPages(core.statements, core.wakeups, pages, token=settings.ledger_token.get_secret_value())
    app = web.Application(
        client_max_size=BODY_LARGEST_BYTES, middlewares=[_problems_as_pages(pages), _incidents(pages)]
    )
    for door in (
        CallbackRoutes(core.callbacks, proxies),
        LinkPages(core.links, pages, proxies),
        CheckoutPage(core.checkouts, pages),
        PaidPage(pages),
        Health(core.queues),
        ledger,
    ):
        app.add_routes(door.routes())
    app.router.add_static("/static", STATIC)
    app.on_shutdown.append(ledger.close)
    encrypted = urlsplit(settings.public_url).scheme == "https"
    app.on_response_prepare.append(_headers(framed=settings.env == "demo", encrypted=encrypted))
    return app


def _headers(
    *, framed: bool, encrypted: bool
) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """What every answer says to the browser, streams and errors included."""

    async def add(request: web.Request, response: web.StreamResponse) -> None:
        cached = request.path.startswith("/static/") and response.status == HTTPStatus.OK
        frames = DEMO_FRAMES if framed and request.path.startswith("/ledger/") else NO_FRAME
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY.format(frames=frames)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"  # addresses hold one-time tokens
        response.headers["Cache-Control"] = f"max-age={STATIC_SECONDS}" if cached else "no-store"
        if encrypted:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"

    return add


def _problems_as_pages(pages: Pages) -> Middleware:
    """Errors of HTTP as a page where a person reads, as one line where a machine does."""

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPError as error:
            return _problem(pages, request, error.status, allow=error.headers.get("Allow"))

    return answer


def _incidents(pages: Pages) -> Middleware:
    """The one catch-all of this door: the log and the page share a number."""

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException:
            raise
        except Exception:
            incident = secrets.token_hex(4)
            route = request.match_info.route.resource
            place = None if route is None else route.canonical  # without tokens
            log.exception("request failed", incident=incident, route=place)
            return _problem(pages, request, HTTPStatus.INTERNAL_SERVER_ERROR, incident=incident)

    return answer


def _problem(
    pages: Pages, request: web.Request, status: int, *, incident: str = "", allow: str | None = None
) -> web.Response:
    if "text/html" in request.headers.get("Accept", ""):
        response = pages.answer(request, "problem.html", status=status, incident=incident)
    else:
        response = web.Response(text=HTTPStatus(status).phrase, status=status)
    if allow is not None:
        response.headers["Allow"] = allow
    return response

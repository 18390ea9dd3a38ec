"""The page where a payer gives a card: form, its checks, the bank's answer, the result."""

import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader

from simulator.provider import cards
from simulator.provider.books import Books, Charge, Status
from simulator.provider.callbacks import Callbacks
from simulator.provider.vault import SavedCard, Vault
from simulator.provider.words import WORDS, roubles

HERE = Path(__file__).parent
HEADERS = {
    # Everything from this server; shown in a frame of the demo page only.
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; "
    "form-action 'self'; frame-ancestors 'self'; base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
CVC_DIGITS = 3


class CardPage:
    def __init__(self, books: Books, callbacks: Callbacks, vault: Vault, now: Callable[[], datetime]) -> None:
        self._books = books
        self._callbacks = callbacks
        self._now = now
        self._vault = vault
        self._templates = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True)

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get(r"/provider/card/{id:\d+}", self._get_form),
            web.post(r"/provider/card/{id:\d+}", self._post_form),
            web.get(r"/provider/card/{id:\d+}/result", self._get_result),
            web.static("/provider/static", HERE / "static"),
        ]

    async def _get_form(self, request: web.Request) -> web.Response:
        charge = self._charge(request)
        if charge is None:
            return self._page(request, "missing.html", status=404)
        if charge.status is Status.SUCCEEDED or charge.with_bank:
            return _to_result(request)
        return self._form(request, charge)

    async def _post_form(self, request: web.Request) -> web.Response:
        charge = self._charge(request)
        if charge is None:
            return self._page(request, "missing.html", status=404)
        given = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        form = given.get("form", "")
        # A form pays once: sent a second time, or after the payment, it shows the result that there is.
        if charge.status is Status.SUCCEEDED or charge.with_bank or form in charge.used_forms:
            return _to_result(request)
        card, errors = self._read_card(given, charge)
        if card is None:
            return self._form(request, charge, given=given, errors=errors)
        charge.used_forms.add(form)
        number = "" if given.get("card") == "saved" else cards.digits_of(given.get("number", ""))
        self._pay(charge, card, number=number, remember="remember" in given)
        return _to_result(request)

    def _read_card(self, given: dict[str, str], charge: Charge) -> tuple[SavedCard | None, dict[str, str]]:
        errors = {}
        cvc = given.get("cvc", "").strip()
        if not (len(cvc) == CVC_DIGITS and cvc.isascii() and cvc.isdecimal()):
            errors["cvc"] = "wrong_cvc"
        if given.get("card") == "saved":
            card = self._saved(charge)
            return (None if errors else card), errors
        number, expires = cards.digits_of(given.get("number", "")), cards.expiry(given.get("expiry", ""))
        if not cards.is_card_number(number):
            errors["number"] = "wrong_number"
        if expires is None:
            errors["expiry"] = "wrong_expiry"
        elif not cards.is_valid_on(expires, self._now().date()):
            errors["expiry"] = "expired"
        if errors or expires is None:
            return None, errors
        return self._vault.read(number, expires), errors

    def _saved(self, charge: Charge) -> SavedCard | None:
        """The card that the product named; where it named none, the one that the payer had remembered."""
        order = charge.order
        return self._vault.find(order.token) if order.token else self._vault.of(order.payer)

    def _pay(self, charge: Charge, card: SavedCard, *, number: str, remember: bool) -> None:
        known = self._vault.token_of(charge.order.payer, card)
        charge.card_mask, charge.card_saved = card.mask, known is not None
        if number == cards.PENDING_CARD:
            self._books.move(charge, Status.PENDING)
            return
        reason = cards.DECLINES.get(number) if number else self._vault.why_declined(card)
        if reason is not None:
            self._books.move(charge, Status.DECLINED, reason=reason)
        else:
            charge.token = self._vault.keep(charge.order.payer, card) if remember else known
            charge.card_saved, charge.card_expires = charge.token is not None, card.valid_to
            self._books.move(charge, Status.SUCCEEDED)
        self._callbacks.tell(charge)

    async def _get_result(self, request: web.Request) -> web.Response:
        charge = self._charge(request)
        if charge is None:
            return self._page(request, "missing.html", status=404)
        if charge.card_mask is None:
            return _see(request, f"/provider/card/{charge.id}")
        return self._page(request, "result.html", charge=charge)

    def _form(
        self,
        request: web.Request,
        charge: Charge,
        *,
        given: dict[str, str] | None = None,
        errors: dict[str, str] | None = None,
    ) -> web.Response:
        given = given or {}
        saved = self._saved(charge)
        other = "other" in request.query or (bool(given) and given.get("card") != "saved")
        return self._page(
            request,
            "card.html",
            status=422 if errors else 200,
            charge=charge,
            saved=saved,
            asks_number=saved is None or other,
            given=given,
            remember="remember" in given if given else charge.order.save,
            errors=errors or {},
            form=secrets.token_urlsafe(16),
            cards=cards,
        )

    def _charge(self, request: web.Request) -> Charge | None:
        charge = self._books.charge(request.match_info["id"])
        return charge if charge is not None and charge.on_page else None

    def _page(self, request: web.Request, template: str, *, status: int = 200, **facts: Any) -> web.Response:
        language = _language(request)
        text = self._templates.get_template(template).render(
            facts, words=WORDS[language], language=language, roubles=roubles
        )
        return web.Response(text=text, status=status, content_type="text/html", headers=HEADERS)


def _language(request: web.Request) -> str:
    return "en" if request.query.get("lang") == "en" else "ru"


def _to_result(request: web.Request) -> web.Response:
    return _see(request, f"/provider/card/{request.match_info['id']}/result")


def _see(request: web.Request, path: str) -> web.Response:
    location = f"{path}?lang={_language(request)}"
    return web.Response(status=303, headers={**HEADERS, "Location": location})

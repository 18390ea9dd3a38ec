"""What the product sees of the sandbox provider (docs/sandbox.md): charges, refunds, questions about them."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TypeVar

from aiohttp import web

from simulator.connections import reset
from simulator.provider.books import Books, Charge, Kind, Status
from simulator.provider.callbacks import Callbacks
from simulator.provider.faults import ProviderFaults
from simulator.provider.vault import Vault
from simulator.provider.wire import (
    Order,
    Refused,
    read_checkout,
    read_forgetting,
    read_mobile_charge,
    read_refund,
    read_saved_charge,
    verify,
)

Asked = TypeVar("Asked")


class ProviderApi:
    def __init__(
        self,
        books: Books,
        callbacks: Callbacks,
        vault: Vault,
        *,
        key: bytes,
        faults: ProviderFaults,
        public_url: str,
    ) -> None:
        self._books = books
        self._callbacks = callbacks
        self._vault = vault
        self._key = key
        self._faults = faults
        self._public_url = public_url

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/provider/checkouts", self._post_checkout),
            web.post("/provider/mobile-charges", self._post_mobile_charge),
            web.post("/provider/saved-charges", self._post_saved_charge),
            web.post("/provider/refunds", self._post_refund),
            web.post("/provider/cards/forget", self._post_forget),
            web.get("/provider/payments", self._get_payments),
            web.get("/provider/books", self._get_books),
        ]

    async def _post_checkout(self, request: web.Request) -> web.StreamResponse:
        try:
            order = await self._asked(request, read_checkout)
            charge, _ = self._once(order)
        except Refused as refused:
            return _refusal(refused)
        answer = {"id": charge.id, "url": self._page(request, charge), "status": Status.PENDING}
        return await self._answer(request, answer, status=201)

    def _once(self, order: Order) -> tuple[Charge, bool]:
        """The key is honoured: the same payment is the same charge, however often it is asked for."""
        for charge in self._books.of_payment(order.payment):
            if charge.kind is Kind.CARD:
                if charge.order != order:
                    raise Refused(409, "payment_reused")
                return charge, False
        return self._books.open(order, Kind.CARD), True

    def _page(self, request: web.Request, charge: Charge) -> str:
        return f"{self._public_url or request.url.origin()}/provider/card/{charge.id}"

    async def _post_saved_charge(self, request: web.Request) -> web.StreamResponse:
        try:
            charge, is_new = self._once(await self._asked(request, read_saved_charge))
        except Refused as refused:
            return _refusal(refused)
        card = self._vault.find(charge.order.token)
        if is_new and not (charge.on_page and card):
            self._charge_card(charge)
        answer = {**charge.facts(), "url": None}
        if charge.on_page and charge.status is Status.PENDING:
            answer["url"] = self._page(request, charge)
        return await self._answer(request, answer, status=200)

    def _charge_card(self, charge: Charge) -> None:
        """By mandate, or with a card that was forgotten: there is no page to show."""
        card = self._vault.find(charge.order.token)
        if card is None:
            self._books.move(charge, Status.DECLINED, reason="card_forgotten")
        else:
            charge.card_mask, charge.card_saved = card.mask, True
            reason = self._vault.why_declined(card)
            self._books.move(charge, Status.DECLINED if reason else Status.SUCCEEDED, reason=reason)
        self._callbacks.tell(charge)

    async def _post_refund(self, request: web.Request) -> web.StreamResponse:
        try:
            refund = self._books.refund(await self._asked(request, read_refund))
        except Refused as refused:
            return _refusal(refused)
        return await self._answer(request, refund.facts(), status=200)

    async def _post_forget(self, request: web.Request) -> web.StreamResponse:
        try:
            self._vault.forget(await self._asked(request, read_forgetting))
        except Refused as refused:
            return _refusal(refused)
        return await self._answer(request, {"status": "forgotten"}, status=200)

    async def _post_mobile_charge(self, request: web.Request) -> web.StreamResponse:
        try:
            order = await self._asked(request, read_mobile_charge)
        except Refused as refused:
            return _refusal(refused)
        charge = self._books.open(order, Kind.MOBILE)  # no key is honoured: each request charges
        self._charge_phone(charge)
        if charge.status is not Status.PENDING:
            self._callbacks.tell(charge)
        answer = {"id": charge.id, "status": charge.status, "reason": charge.reason}
        return await self._answer(request, answer, status=200)

    def _charge_phone(self, charge: Charge) -> None:
        phone, amount = charge.order.phone, charge.order.amount
        balance = self._books.phone_balance(phone)
        if self._faults.take("mobile_pending"):
            return
        if self._faults.take("mobile_declined") or balance < amount:
            self._books.move(charge, Status.DECLINED, reason="insufficient_funds")
        else:
            self._books.set_phone_balance(phone, balance - amount)
            self._books.move(charge, Status.SUCCEEDED)

    async def _get_payments(self, request: web.Request) -> web.StreamResponse:
        try:
            query = request.raw_path.partition("?")[2]
            verify(self._key, query.encode(), request.headers.get("X-Signature", ""))
            if "payment" not in request.query:
                raise Refused(400, "malformed")
        except Refused as refused:
            return _refusal(refused)
        charges = self._books.of_payment(request.query["payment"])
        return web.json_response({"payments": [charge.told() for charge in charges]})

    async def _get_books(self, request: web.Request) -> web.StreamResponse:
        charges = [charge.facts() for charge in self._books.all()]
        refunds = [refund.facts() for refund in self._books.refunds()]
        return web.json_response({"charges": charges, "refunds": refunds})

    async def _asked(self, request: web.Request, read: Callable[[bytes], Asked]) -> Asked:
        body = await request.read()
        verify(self._key, body, request.headers.get("X-Signature", ""))
        asked = read(body)
        if self._faults.take("refuse_500"):
            raise Refused(500, "out_of_order")
        return asked

    async def _answer(
        self, request: web.Request, facts: Mapping[str, object], *, status: int
    ) -> web.StreamResponse:
        """What is in the books stays there, whatever becomes of the answer."""
        if self._faults.take("charge_then_500"):
            return _refusal(Refused(500, "out_of_order"))
        if self._faults.take("charge_then_reset") and request.transport is not None:
            reset(request.transport)
        if self._faults.take("charge_then_late"):
            await asyncio.sleep(self._faults.late_seconds)
        return web.json_response(facts, status=status)


def _refusal(refused: Refused) -> web.Response:
    return web.json_response({"error": refused.code}, status=refused.status)

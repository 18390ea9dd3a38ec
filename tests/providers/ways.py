"""The ways to pay at the real providers, told alike: a payer begins, pays, is declined, gets money back."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from sqlalchemy import select

from core.money import Money
from core.payments.provider import CallbackAnswer, Provider
from core.states import Method
from core.storage.tables import payment
from core.wiring import Core
from tests.core.scenes import CHAT, NUMBER, quote_by_sms, says_yes
from tests.providers import test_arsenalpay, yookassa_desk, yookassa_scenes
from tests.providers.arsenalpay_desk import ArsenalPayDesk, Transaction
from tests.providers.faults import Faults
from tests.providers.served import served
from tests.providers.yookassa_desk import YooKassaDesk


class Way(ABC):
    """`name` of the provider; `calls`: beginning to pay is a request to it."""

    provider: str
    method: Method
    calls: bool
    faults: Faults

    @abstractmethod
    def app(self) -> web.Application: ...

    @abstractmethod
    def adapter(self, url: str, *, timeout: float) -> Provider: ...

    async def begins(self, core: Core, roubles: int = 100) -> None:
        """The payer confirms the quote; by SMS the total holds the commission."""
        if self.method is Method.MOBILE:
            quote = await quote_by_sms(core, roubles)
            assert await says_yes(core, code=quote.code) is None
            return
        quote = await core.top_ups.quote(
            CHAT, number=NUMBER, amount=Money.roubles(roubles), method=self.method, locale="ru"
        )
        await core.top_ups.confirm(quote.id, by=CHAT)

    @abstractmethod
    async def arrives(self, core: Core) -> Any:
        """What the newest payment is at the provider, once the payer stands before it."""

    @abstractmethod
    def pays(self, there: Any) -> bytes: ...

    @abstractmethod
    def declines(self, there: Any) -> bytes: ...

    @abstractmethod
    def gives_back(self, there: Any, value: str) -> bytes: ...

    @abstractmethod
    def takes(self, there: Any, *, amount: str | None = None, number: str | None = None) -> None:
        """Another sum, or for another account, than we asked for."""

    @property
    @abstractmethod
    def made(self) -> int:
        """How many payments the provider knows of."""

    @property
    @abstractmethod
    def money(self) -> int:
        """Kopecks that the provider has taken and not given back."""

    async def delivers(self, core: Core, *bodies: bytes) -> list[CallbackAnswer]:
        """Callbacks come, and what has to be looked up is looked up."""
        answers = [
            await core.callbacks.take(self.provider, body=body, headers={}, peer=yookassa_desk.PEER)
            for body in bodies
        ]
        while await core.callbacks.events_once(50):
            pass
        return answers


class ByArsenalPay(Way):
    provider = "arsenalpay"

    def __init__(self, method: Method) -> None:
        self.method, self.calls = method, method is Method.MOBILE
        self.desk = ArsenalPayDesk()
        self.faults = self.desk.faults
        self.back = 0

    def app(self) -> web.Application:
        return self.desk.app()

    def adapter(self, url: str, *, timeout: float) -> Provider:
        self.desk.url = url
        return test_arsenalpay.adapter(url, timeout=timeout)

    async def arrives(self, core: Core) -> Transaction:
        if self.method is Method.MOBILE:
            return self.desk.transactions[-1]
        address = await newest_page(core)
        return self.desk.opens_widget(await core.checkouts.open(address.rpartition("/")[2]))

    def pays(self, there: Transaction) -> bytes:
        self.desk.confirms(there)
        return self.desk.callback(there, "payment")

    def declines(self, there: Transaction) -> bytes:
        there.status = "ERR_PAY"
        return self.desk.callback(there, "cancel")

    def gives_back(self, there: Transaction, value: str) -> bytes:
        self.back += int(Money.parse(value).kopecks)
        return self.desk.callback(there, "refund", AMOUNT=value)

    def takes(self, there: Transaction, *, amount: str | None = None, number: str | None = None) -> None:
        there.amount, there.account = amount or there.amount, number or there.account

    @property
    def made(self) -> int:
        return len(self.desk.transactions)

    @property
    def money(self) -> int:
        return sum(Money.parse(each.amount).kopecks for each in self.desk.taken) - self.back


class ByYooKassa(Way):
    provider = "yookassa"
    calls = True

    def __init__(self, method: Method) -> None:
        self.method = method
        self.desk = YooKassaDesk()
        self.faults = self.desk.faults

    def app(self) -> web.Application:
        return self.desk.app()

    def adapter(self, url: str, *, timeout: float) -> Provider:
        return yookassa_scenes.adapter(url, timeout=timeout)

    async def arrives(self, core: Core) -> str:
        return next(reversed(self.desk.payments))

    def pays(self, there: str) -> bytes:
        return self.desk.pays(there)

    def declines(self, there: str) -> bytes:
        return self.desk.declines(there)

    def gives_back(self, there: str, value: str) -> bytes:
        return self.desk.gives_back(there, value)

    def takes(self, there: str, *, amount: str | None = None, number: str | None = None) -> None:
        made = self.desk.payments[there]
        made["amount"] = {"value": amount or made["amount"]["value"], "currency": "RUB"}
        made["metadata"]["account"] = number or made["metadata"]["account"]

    @property
    def made(self) -> int:
        return len(self.desk.payments)

    @property
    def money(self) -> int:
        taken = sum(map(yookassa_desk.kopecks, self.desk.taken))
        return taken - sum(map(yookassa_desk.kopecks, self.desk.refunds.values()))


WAYS: dict[str, Callable[[], Way]] = {
    "ArsenalPay, card": lambda: ByArsenalPay(Method.CARD),
    "ArsenalPay, phone": lambda: ByArsenalPay(Method.MOBILE),
    "YooKassa, card": lambda: ByYooKassa(Method.CARD),
    "YooKassa, SBP": lambda: ByYooKassa(Method.SBP),
    "YooKassa, phone": lambda: ByYooKassa(Method.MOBILE),
}


@asynccontextmanager
async def open_way(name: str, *, timeout: float = 10.0) -> AsyncIterator[tuple[Way, Provider]]:
    way = WAYS[name]()
    async with served(way.app()) as url:
        yield way, way.adapter(url, timeout=timeout)


async def newest_page(core: Core) -> str:
    async with core.database.read() as tx:
        newest = select(payment.c.checkout_url).order_by(payment.c.id.desc()).limit(1)
        return str(await tx.scalar(newest))

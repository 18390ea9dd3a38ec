"""The SMS door: binds, receiving, handling, delivery and settling, started and stopped in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from core.errors import OperatorUnknown
from core.use_cases.mobile_operators import MobileOperators
from core.use_cases.sms_queries import SmsQueries
from core.wiring import Core
from handlers.locale import Catalogues
from handlers.sms.dispatch import Dispatch
from handlers.sms.texts import Texts
from sms_gateway.carriers import Carriers, Lasting
from sms_gateway.configured import UNSAID, binds_of, unsaid
from sms_gateway.delivery import Delivery
from sms_gateway.handling import Handling
from sms_gateway.receive import Receive
from sms_gateway.settling import Settling
from sms_gateway.smpp.bind import Bind
from sms_gateway.smpp.link import Patience

if TYPE_CHECKING:
    from aiohttp import web

    from sms_gateway.callers import ClientOf
    from sms_gateway.gateways import Gateways

STOP_SECONDS = 8.0  # for what delivery holds, then again for what the handlers hold

log = structlog.get_logger(__name__)


class SmsDoor:
    """`run` until cancelled or stopped; it then finishes what it holds, drains the windows and unbinds."""

    def __init__(self, core: Core, catalogues: Catalogues, *, patience: Patience | None = None) -> None:
        self._handling = Handling(core.receiving, Dispatch(core, catalogues).handle, core.wakeups)
        self._settling = Settling(core.sms_sending.receipts, SmsQueries(core.database, core.wall))
        self._receive = Receive(
            core.receiving, take_up=self._handling.take_up, on_receipt=self._settling.take_receipt
        )
        self.binds = [
            Bind(
                smsc,
                short_code=core.profile.sms.short_code,
                on_message=partial(self._receive.on_message, smsc),
                patience=patience,
                on_change=self._note_change,
            )
            for smsc in binds_of(core.settings)
        ]
        self._gateways = _gateways_of(core, patience, self._note_change)
        self._ways: list[Lasting] = [*self.binds, *(self._gateways.carriers if self._gateways else [])]
        self._carriers = Carriers(self._ways, partial(operator_of, core.mobile_operators))
        self._delivery = Delivery(
            core.sending,
            core.sms_sending,
            self._carriers,
            core.wakeups,
            render=Texts(core.profile, catalogues).render,
            settling=self._settling,
            wall=core.wall,
        )
        self._core = core
        self._ending = asyncio.Event()

    def routes(self, client_of: ClientOf) -> list[web.RouteDef]:
        """Where gateways call over HTTP; `client_of` tells from which address a request was made."""
        if self._gateways is None:
            return []
        return self._gateways.routes(self._handling.take_up, self._settling.take_receipt, client_of)

    async def run(self) -> None:
        _warn_of_unsaid(self._core)
        async with asyncio.TaskGroup() as tasks:
            workers = [
                tasks.create_task(work)
                for work in (self._receive.run(), self._handling.run(), self._settling.run(self.binds))
            ]
            sessions = [tasks.create_task(way.run()) for way in self._ways]
            delivery = tasks.create_task(self._delivery.run())
            try:
                await self._ending.wait()
            finally:
                # In reverse: no new claims, what is in hand out, the binds closed, then what was received.
                await _at_most(self._delivery.stop())
                delivery.cancel()
                await _closed(self._ways)
                for session in sessions:
                    session.cancel()
                await _at_most(self._handling.idle())
                for worker in workers:
                    worker.cancel()

    def stop(self) -> None:
        """Let `run` end as it does when cancelled."""
        self._ending.set()

    def _note_change(self) -> None:
        self._carriers.note_change()


def _warn_of_unsaid(core: Core) -> None:
    """A plain yes by what is an aggregator's bind in truth would be anybody's."""
    if core.profile.sms.confirm == "word":
        for name in unsaid(core.settings):
            log.warning(UNSAID, smsc=name)


def _gateways_of(core: Core, patience: Patience | None, on_change: Callable[[], None]) -> Gateways | None:
    if not core.settings.takes_sms_by_http:
        return None
    from sms_gateway.gateways import Gateways  # aiohttp: a bind alone does without

    return Gateways(core, patience=patience, on_change=on_change)


async def operator_of(operators: MobileOperators, phone: str) -> str:
    """Whose phone it is, as its commission would be found; empty where nobody tells."""
    try:
        return (await operators.of(phone)).operator.code
    except OperatorUnknown:
        return ""


async def _closed(ways: Sequence[Lasting]) -> None:
    async with asyncio.TaskGroup() as tasks:
        for way in ways:
            tasks.create_task(way.close())


async def _at_most(ending: Coroutine[Any, Any, None]) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(STOP_SECONDS):
            await ending

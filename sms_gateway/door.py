"""The SMS door: session, receiving, handling and delivery of one SMSC, started and stopped in order."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from core.wiring import Core
from handlers.locale import Catalogues
from handlers.sms.dispatch import Dispatch
from handlers.sms.texts import Texts
from sms_gateway.delivery import AT_ONCE, Delivery
from sms_gateway.handling import Handling
from sms_gateway.receipts import Receipt
from sms_gateway.receive import Receive
from sms_gateway.smpp.link import Patience, Smsc
from sms_gateway.smpp.session import Session

STOP_SECONDS = 8.0  # for the batch in delivery, then again for what the handlers hold
BATCH_SECONDS = 2  # of sending at full rate: far below a lease, even where a text has several parts


class SmsDoor:
    """`run` until cancelled or stopped; it then finishes what it holds, drains the window and unbinds."""

    def __init__(self, core: Core, catalogues: Catalogues, *, patience: Patience | None = None) -> None:
        settings = core.settings
        smsc = Smsc.of_url(settings.smsc_url.get_secret_value())
        self._handling = Handling(core.receiving, Dispatch(core, catalogues).handle, core.wakeups)
        self._receive = Receive(
            core.receiving,
            smsc=smsc.name,
            alphabet=settings.smsc_data_coding_0,
            take_up=self._handling.take_up,
            on_receipt=self._take_receipt,
        )
        self.session = Session(
            smsc,
            on_message=self._receive.on_message,
            window=settings.smsc_window,
            messages_per_second=settings.smsc_messages_per_second,
            patience=patience,
        )
        self._delivery = Delivery(
            core.sending,
            self.session,
            core.wakeups,
            render=Texts(core.profile, catalogues).render,
            short_code=core.profile.sms.short_code,
            alphabet=settings.smsc_data_coding_0,
            at_once=min(AT_ONCE, BATCH_SECONDS * settings.smsc_messages_per_second),
            bulk_places=max(1, settings.smsc_window // 2),
        )

        self._ending = asyncio.Event()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            workers = [tasks.create_task(self._receive.run()), tasks.create_task(self._handling.run())]
            session = tasks.create_task(self.session.run())
            delivery = tasks.create_task(self._delivery.run())
            try:
                await self._ending.wait()
            finally:
                # In reverse: no new claims, the batch out, the bind closed, then what was received.
                await _at_most(self._delivery.stop())
                delivery.cancel()
                await self.session.close()
                session.cancel()
                await _at_most(self._handling.idle())
                for worker in workers:
                    worker.cancel()

    def stop(self) -> None:
        """Let `run` end as it does when cancelled."""
        self._ending.set()

    async def _take_receipt(self, receipt: Receipt) -> None:
        await self._delivery.take_receipt(receipt)


async def _at_most(ending: Coroutine[Any, Any, None]) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(STOP_SECONDS):
            await ending

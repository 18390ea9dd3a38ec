"""Tells the product what became of a charge: signed, and again until it answers 200 "OK"."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, repeat
from uuid import uuid4

import aiohttp

from simulator.background import Background
from simulator.provider.books import Charge, Kind, Status
from simulator.provider.faults import LIES, ProviderFaults
from simulator.provider.wire import signature

# Pauses between tries; the last one goes on.
PAUSES_SECONDS: tuple[float, ...] = (1, 2, 5, 10, 30, 60)
ANSWER_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Letter:
    url: str
    body: bytes
    signature: str
    # What is untrue comes once: its refusal is right, and repeating it would prove nothing more.
    once: bool = False


class Callbacks:
    def __init__(
        self,
        background: Background,
        session: aiohttp.ClientSession,
        *,
        key: bytes,
        faults: ProviderFaults,
        now: Callable[[], datetime],
        pauses: tuple[float, ...] = PAUSES_SECONDS,
    ) -> None:
        self._background = background
        self._session = session
        self._key = key
        self._faults = faults
        self._now = now
        self._pauses = pauses
        self._told: dict[str, Letter] = {}

    def tell(self, charge: Charge) -> None:
        """Of a success or a decline that is in the books."""
        event = self._event(charge)
        letter = self._told[charge.id] = self._letter(charge, event)
        if not self._faults.callbacks:
            return
        lie = self._faults.callback_wrong
        if lie:
            event[lie] = charge.order.amount + 1_00 if lie == "amount" else LIES[lie]
            letter = self._letter(charge, event, once=True)
        if self._faults.take("forge_signature"):
            letter = Letter(letter.url, letter.body, signature(b"another key", letter.body), once=True)
        for _ in range(self._faults.callback_times):
            self._background.start(self._bring(letter))

    def tell_again(self, charge: Charge) -> bool:
        """The last event of the charge, word for word, as a provider may send it a month later."""
        letter = self._told.get(charge.id)
        if letter is None:
            return False
        self._background.start(self._bring(letter))
        return True

    def _event(self, charge: Charge) -> dict[str, object]:
        card = None
        if charge.kind is Kind.CARD:
            card = {"mask": charge.card_mask, "saved": charge.card_saved}
        return {
            "event": str(uuid4()),
            "kind": f"payment.{charge.status}",
            "id": charge.id,
            "payment": charge.order.payment,
            "merchant": charge.order.merchant,
            "account": charge.order.account,
            "amount": charge.order.amount,
            "currency": charge.order.currency,
            "test": True,
            "method": charge.kind,
            "card": card,
            "reason": charge.reason if charge.status is Status.DECLINED else None,
            "at": self._now().isoformat(),
        }

    def _letter(self, charge: Charge, event: dict[str, object], *, once: bool = False) -> Letter:
        body = json.dumps(event, ensure_ascii=False).encode()
        return Letter(charge.order.callback_url, body, signature(self._key, body), once)

    async def _bring(self, letter: Letter) -> None:
        await asyncio.sleep(self._faults.callback_delay)
        for pause in chain(self._pauses, repeat(self._pauses[-1])):
            if await self._taken(letter) or letter.once:
                return
            await asyncio.sleep(pause)

    async def _taken(self, letter: Letter) -> bool:
        headers = {"Content-Type": "application/json", "X-Signature": letter.signature}
        limit = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        try:
            async with self._session.post(
                letter.url, data=letter.body, headers=headers, timeout=limit
            ) as answer:
                return answer.status == 200 and await answer.text() == "OK"
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return False  # the product is down or does not answer as agreed: it is told again

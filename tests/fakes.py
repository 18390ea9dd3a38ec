"""Stand-ins that tests look into afterwards: a clock that stands still, a provider that does as told."""

import asyncio
import itertools
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from core.ids import PaymentId
from core.money import Money
from core.payments.provider import (
    CallbackAnswer,
    CallbackRejected,
    Charge,
    Declined,
    NotSent,
    Outcome,
    Pending,
    ProviderEvent,
    Succeeded,
    Unknown,
)
from core.states import Method

CARD_MASK = "220012******0004"


class FakeClock:
    """Stands still until a test moves it. Starts on Monday 27 April 2026 at 15:00 in Vladivostok."""

    def __init__(self, at: datetime | None = None) -> None:
        self.at = at or datetime.fromisoformat("2026-04-27T15:00:00+10:00").astimezone(UTC)

    def now(self) -> datetime:
        return self.at

    def shift(self, by: timedelta) -> None:
        self.at += by


@dataclass(slots=True)
class Held:
    """A charge in the fake provider's books."""

    charge: Charge
    method: Method
    outcome: Succeeded | Pending | Declined

    @property
    def succeeded(self) -> bool:
        return isinstance(self.outcome, Succeeded)


class FakeProvider:
    """Keeps books as a provider does: a repeated checkout is one charge, a repeated mobile charge is two.

    Mobile charges succeed at once and checkouts wait for `pays`, unless `will` said otherwise. Calls wait for
    `gate` where it is set.
    """

    name = "fake"
    methods = frozenset({Method.CARD, Method.MOBILE})
    keys_honoured = frozenset({Method.CARD})

    def __init__(self, clock: FakeClock) -> None:
        self.charges: list[Held] = []
        self.calls: list[Charge] = []
        self.asked: list[PaymentId] = []
        self.gate: asyncio.Event | None = None
        self._clock = clock
        self._wished: deque[tuple[Outcome, bool]] = deque()
        self._told: dict[bytes, ProviderEvent] = {}
        self._numbers = itertools.count(1)

    def will(self, outcome: Outcome, *, charged: bool = False) -> None:
        """Answer a coming call so; `charged` with Unknown: the money is taken and the answer is lost."""
        self._wished.append((outcome, charged))

    def pays(self, payment: PaymentId, *, total: Money | None = None) -> bytes:
        """The payer pays: the books say so, and the callback's body is returned (deliver it or not)."""
        held = self._last(payment)
        succeeded = self._success(held.charge, held.method)
        reference = held.outcome.reference or succeeded.reference
        held.outcome = replace(succeeded, total=total or succeeded.total, reference=reference)
        return self.tells(payment, held.outcome)

    def declines(self, payment: PaymentId, reason: str = "insufficient_funds") -> bytes:
        """The payer's bank refuses; the callback's body is returned."""
        held = self._last(payment)
        held.outcome = Declined(reason, reference=held.outcome.reference)
        return self.tells(payment, held.outcome)

    def tells(
        self, payment: PaymentId, outcome: Succeeded | Declined, *, method: Method = Method.CARD
    ) -> bytes:
        """A genuine callback's body with any content; the same body is the same event."""
        body = f"event-{next(self._numbers)}".encode()
        self._told[body] = ProviderEvent(
            key=body.decode(), payment_id=payment, outcome=outcome, method=method, at=self._clock.now()
        )
        return body

    async def start_checkout(self, charge: Charge) -> Outcome:
        held = [each for each in self.charges if each.charge.id == charge.id]
        if held:
            self.calls.append(charge)
            return held[0].outcome
        number = next(self._numbers)
        pending = Pending(reference=f"card-{number}", checkout_url=f"https://pay.example/card-{number}")
        return await self._answer(charge, Method.CARD, pending)

    async def charge_mobile(self, charge: Charge) -> Outcome:
        return await self._answer(charge, Method.MOBILE, self._success(charge, Method.MOBILE))

    async def get_state(self, payment_id: PaymentId) -> Sequence[Outcome] | Unknown:
        self.asked.append(payment_id)
        await self._pass_gate()
        return [held.outcome for held in self.charges if held.charge.id == payment_id]

    def parse_callback(self, body: bytes, headers: Mapping[str, str]) -> ProviderEvent:
        if body not in self._told:
            raise CallbackRejected("signature", status=403)
        return self._told[body]

    def read_callback(self, body: bytes) -> ProviderEvent:
        return self._told[body]

    def acknowledge(self) -> CallbackAnswer:
        return CallbackAnswer(200, "OK")

    async def close(self) -> None:
        self.gate = None

    async def _answer(self, charge: Charge, method: Method, usual: Succeeded | Pending) -> Outcome:
        self.calls.append(charge)
        await self._pass_gate()
        outcome, charged = self._wished.popleft() if self._wished else (usual, False)
        if charged:
            self.charges.append(Held(charge, method, self._success(charge, method)))
        elif not isinstance(outcome, NotSent | Unknown):
            self.charges.append(Held(charge, method, outcome))
        return outcome

    async def _pass_gate(self) -> None:
        if self.gate is not None:
            await self.gate.wait()

    def _success(self, charge: Charge, method: Method) -> Succeeded:
        return Succeeded(
            reference=f"{method}-{next(self._numbers)}",
            number=charge.number,
            total=charge.total,
            currency="RUB",
            card_mask=CARD_MASK if method is Method.CARD else None,
        )

    def _last(self, payment: PaymentId) -> Held:
        return [held for held in self.charges if held.charge.id == payment][-1]

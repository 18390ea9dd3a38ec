"""Stand-ins that tests look into afterwards: a clock that stands still, a provider that does as told."""

import asyncio
import itertools
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from core.ids import PaymentId
from core.money import Money
from core.payments.capabilities import Capabilities, Operation
from core.payments.charge import Charge, Refund
from core.payments.provider import (
    CallbackAnswer,
    CallbackRejected,
    Declined,
    Done,
    NotSent,
    Outcome,
    Pending,
    Provider,
    ProviderEvent,
    Refunded,
    RefundOutcome,
    SavedMethod,
    Succeeded,
    Told,
    Unknown,
)
from core.states import Method

CARD_MASK = "220012******0004"
CARD_EXPIRES = date(2030, 12, 31)


class FakeClock:
    """Stands still until a test moves it. Starts on Monday 27 April 2026 at 15:00 in Vladivostok."""

    def __init__(self, at: datetime | None = None) -> None:
        self.at = at or datetime.fromisoformat("2026-04-27T15:00:00+10:00").astimezone(UTC)

    def now(self) -> datetime:
        return self.at

    def shift(self, by: timedelta) -> None:
        self.at += by


class Dies(BaseException):
    """The process is gone."""


@dataclass(slots=True)
class Held:
    """A charge in the fake provider's books."""

    charge: Charge
    method: Method
    outcome: Succeeded | Pending | Declined

    @property
    def succeeded(self) -> bool:
        return isinstance(self.outcome, Succeeded)


class FakeProvider(Provider):
    """Keeps books as a provider does: a repeated key is one charge, but for mobile charges, where it is two.

    Charges of phones and saved cards succeed at once and checkouts wait for `pays`, unless `will` said
    otherwise. Calls wait for `gate` where it is set. Tokens in `revoked` are declined for good.
    """

    name = "fake"
    capabilities = Capabilities(
        methods=frozenset({Method.CARD, Method.MOBILE}),
        keys_honoured=frozenset({Operation.CHECKOUT, Operation.CHARGE_SAVED, Operation.REFUND}),
        saves=frozenset({Method.CARD}),
        charges_saved=True,
        revokes=True,
        refunds=True,
        tells_state=frozenset({Method.CARD, Method.MOBILE}),
    )

    def __init__(self, clock: FakeClock) -> None:
        self.charges: list[Held] = []
        self.calls: list[Charge] = []
        self.asked: list[PaymentId] = []
        self.saved_mask = CARD_MASK  # of the cards remembered from now on
        self.tokens: list[str] = []  # what saved cards were charged with, call by call
        self.revoked: list[str] = []
        self.refunds: dict[str, Refund] = {}
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
        self,
        payment: PaymentId | None,
        outcome: Succeeded | Declined | Refunded,
        *,
        method: Method = Method.CARD,
    ) -> bytes:
        """A genuine callback's body with any content; the same body is the same event."""
        of = outcome.of if isinstance(outcome, Refunded) else outcome.reference
        body = f"event-{next(self._numbers)} {payment} {of}".encode()
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

    async def charge_saved(self, charge: Charge, token: str) -> Outcome:
        self.tokens.append(token)
        held = [each for each in self.charges if each.charge.id == charge.id]
        if held:
            self.calls.append(charge)
            return held[0].outcome
        if token in self.revoked:
            self.calls.append(charge)
            return Declined("other", hard=True)
        return await self._answer(charge, Method.CARD, self._success(charge, Method.CARD))

    async def revoke_method(self, token: str) -> Done | NotSent | Unknown:
        self.revoked.append(token)
        return Done()

    async def refund(self, refund: Refund) -> RefundOutcome:
        await self._pass_gate()
        reference = f"refund-{refund.id}"
        self.refunds[reference] = refund
        return Refunded(reference, of=refund.reference, amount=refund.amount, currency="RUB")

    async def get_state(self, charge: Charge, reference: str | None) -> Sequence[Outcome] | Unknown:
        self.asked.append(charge.id)
        await self._pass_gate()
        return [held.outcome for held in self.charges if held.charge.id == charge.id]

    def parse_callback(self, body: bytes, headers: Mapping[str, str], peer: str) -> Told:
        if body not in self._told:
            raise CallbackRejected("signature", status=403)
        return Told(self._told[body], body, CallbackAnswer(200, "OK"))

    def read_callback(self, kept: bytes) -> ProviderEvent:
        return self._told[kept]

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
            saved=self._saved(charge) if charge.save else None,
        )

    def _saved(self, charge: Charge) -> SavedMethod:
        return SavedMethod(token=f"token-{charge.id}", mask=self.saved_mask, expires=CARD_EXPIRES)

    def _last(self, payment: PaymentId) -> Held:
        return [held for held in self.charges if held.charge.id == payment][-1]

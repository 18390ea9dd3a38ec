"""Providers of the Telegram tests that can more than the usual fake: SBP, mandates of their own."""

from collections.abc import Sequence
from dataclasses import replace

from core.payments.charge import Charge
from core.payments.provider import Done, Outcome, Pending, Subscription
from core.states import Method
from tests.fakes import FakeClock, FakeProvider, Held


class WithSbp(FakeProvider):
    """Takes SBP on a page, beside cards."""

    capabilities = replace(
        FakeProvider.capabilities, methods=frozenset({Method.CARD, Method.SBP, Method.MOBILE})
    )

    async def start_checkout(self, charge: Charge) -> Outcome:
        if charge.method != Method.SBP:
            return await super().start_checkout(charge)
        self.calls.append(charge)
        pending = Pending(reference=f"sbp-{charge.id}", checkout_url="https://pay.example/sbp")
        self.charges.append(Held(charge, Method.SBP, pending))
        return pending


class Scheduler(FakeProvider):
    """Charges by a calendar of its own."""

    capabilities = replace(FakeProvider.capabilities, schedules=True)

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.kept: dict[str, Subscription] = {}

    async def subscriptions(self) -> Sequence[Subscription]:
        return list(self.kept.values())

    async def delete_subscription(self, reference: str) -> Done:
        self.kept.pop(reference)
        return Done()

"""A provider that lists what it has, for tests of reconciliation."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime

import pytest

from core.ids import PaymentId
from core.money import Money
from core.payments.charge import Charge, Refund
from core.payments.provider import (
    Outcome,
    Refunded,
    RefundOutcome,
    RegisterLine,
    RegisterUnavailable,
    Succeeded,
)
from core.states import Method
from tests.fakes import FakeClock, FakeProvider


class ListingProvider(FakeProvider):
    """The fake one with a register: its books' successes, and `lines` that its books do not hold."""

    capabilities = replace(FakeProvider.capabilities, register=True)

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.lines: list[RegisterLine] = []
        self.left_out: set[str] = set()
        self.breaks_after: int | None = None
        self._listing = clock
        self._times: dict[str, datetime] = {}

    def lists(
        self,
        money: Succeeded | Refunded,
        *,
        payment: PaymentId | None = None,
        merchant: str | None = None,
        at: datetime | None = None,
    ) -> None:
        """One more line; a second one of its reference takes its place."""
        self.lines = [line for line in self.lines if line.money.reference != money.reference]
        when = at or self._listing.now()
        self.lines.append(RegisterLine(when, money, payment, Method.CARD, merchant))

    def pays(self, payment: PaymentId, *, total: Money | None = None) -> bytes:
        body = super().pays(payment, total=total)
        self.all_lines()
        return body

    async def charge_mobile(self, charge: Charge) -> Outcome:
        outcome = await super().charge_mobile(charge)
        self.all_lines()
        return outcome

    async def refund(self, refund: Refund) -> RefundOutcome:
        outcome = await super().refund(refund)
        self.all_lines()
        return outcome

    async def register(self, since: datetime, until: datetime) -> AsyncIterator[RegisterLine]:
        found = [line for line in self.all_lines() if since <= line.at < until]
        for number, line in enumerate(found):
            if number == self.breaks_after:
                raise RegisterUnavailable("status_500")
            yield line

    def all_lines(self) -> list[RegisterLine]:
        own = {line.money.reference for line in self.lines}
        books = [
            RegisterLine(self._at(held.outcome.reference), held.outcome, held.charge.id, held.method)
            for held in self.charges
            if isinstance(held.outcome, Succeeded) and held.outcome.reference not in own
        ]
        back = [
            RegisterLine(self._at(name), Refunded(name, each.reference, each.amount, "RUB"))
            for name, each in self.refunds.items()
        ]
        found = [*self.lines, *back, *books]  # refunds before their payments: any order will do
        return [line for line in found if line.money.reference not in self.left_out]

    def _at(self, reference: str) -> datetime:
        """When it was first seen in the books."""
        return self._times.setdefault(reference, self._listing.now())


def success(reference: str, roubles: int, number: str = "100080", currency: str = "RUB") -> Succeeded:
    return Succeeded(reference, number, Money.roubles(roubles), currency)


@pytest.fixture
def listing(clock: FakeClock) -> ListingProvider:
    """A test module whose core is wired with it says so: `provider = listing`."""
    return ListingProvider(clock)

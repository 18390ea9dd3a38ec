"""The provider of the autopay property: it dies with its caller, and knows what may not be called now."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from core.payments.charge import Charge
from core.payments.provider import Outcome
from tests.fakes import FakeClock
from tests.properties.test_payments import Mortal


class Desk(Mortal):
    """Remembers which first calls came when, and can be told a payment in the middle of a call."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.forbidden: Callable[[], Awaitable[set[UUID]]] | None = None
        self.broken: list[UUID] = []

    async def charge_saved(self, charge: Charge, token: str) -> Outcome:
        if self.forbidden is not None and charge.id in await self.forbidden():
            self.broken.append(charge.id)

        async def call(charge: Charge) -> Outcome:
            return await super(Desk, self).charge_saved(charge, token)

        return await self._or_die(call, charge)

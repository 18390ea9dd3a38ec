"""Fees: the monthly fee posted once an account and local day."""

from datetime import datetime

from sqlalchemy import or_, select

from core.clock import Clock
from core.ids import AccountId
from core.profile import Profile
from core.storage.database import Database
from core.storage.tables import account
from core.use_cases import balances
from core.use_cases.accrual import day_start


class Fees:
    def __init__(self, database: Database, profile: Profile, clock: Clock) -> None:
        self._database = database
        self._profile = profile
        self._clock = clock

    async def post_once(self, n: int) -> int:
        """Post what is missing up to the last local midnight, for up to `n` accounts."""
        midnight = day_start(self._clock.now(), self._profile.zone)
        # An account whose tariff has left the profile stops no other's; the invariants tell of it.
        known = [
            or_(code.is_(None), code.in_(self._profile.tariffs_by_code))
            for code in (account.c.tariff, account.c.tariff_next)
        ]
        async with self._database.read() as tx:
            behind = await tx.all(
                select(account.c.id)
                .where(account.c.accrued_until < midnight, *known)
                .order_by(account.c.accrued_until)
                .limit(n)
            )
        for row in behind:
            await self._post(row.id, midnight)
        return len(behind)

    async def _post(self, account_id: AccountId, until: datetime) -> None:
        async with self._database.transaction() as tx:
            service = await balances.lock(tx, account_id, self._profile)
            # Another process may have been here since the look.
            if service.accrued_until < until:
                await balances.bring_up(tx, service, until, self._profile)
                tx.wake("ledger")

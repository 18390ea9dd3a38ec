"""Claims: a payment that went to a wrong account is moved to the right one by staff."""

from core.clock import Clock
from core.errors import NotOnAnAccount
from core.profile import Profile
from core.states import PaymentState
from core.storage.database import Database
from core.use_cases import assignments, audit
from core.use_cases.asking import Moment
from core.use_cases.assignments import Moved


class Claims:
    def __init__(self, database: Database, profile: Profile, clock: Clock, wall: Clock) -> None:
        self._database = database
        self._profile = profile
        self._clock = clock
        self._wall = wall

    async def claim(self, name: str, *, to: str, by: str, why: str, dry_run: bool = False) -> Moved:
        """Move what is left of a payment to the account `to`, in two legs; the same again moves nothing.

        `name`: our id, or the provider's reference. Raises UnknownPayment, UnknownAccount, NotOnAnAccount
        (then the payment system refunds), NotAssignable, AlreadyAssigned, AllGivenBack, RefundUnderWay,
        SameAccount.
        """
        now = Moment(self._clock.now(), self._wall.now())
        async with assignments.perhaps(self._database, dry_run=dry_run) as tx:
            await tx.alone("audit")
            row = await assignments.named(tx, name)
            if row.state == PaymentState.HELD:
                raise NotOnAnAccount
            moved = await assignments.move(tx, row, to, self._profile, now)
            if not moved.repeated:
                await audit.record(
                    tx, key=f"claim:{row.id}", action="claim", subject=str(row.id), by=by, why=why,
                    at=now.wall, facts={"amount": moved.amount.kopecks, "from": moved.from_number, "to": to},
                )  # fmt: skip
        return moved

"""Limits on charges of phones: what one phone may give and one account may get, in a local day and month."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, func, literal, or_, select, union_all

from core.clock import Clock
from core.errors import LimitReached
from core.ids import AccountId, Payer
from core.money import ZERO, Money
from core.profile import Profile
from core.states import Channel, Method, TopUpState
from core.storage.database import Transaction
from core.storage.proof_tables import limit_hit
from core.storage.tables import top_up, top_up_event
from core.use_cases import limits
from core.use_cases.accounts import is_linked
from core.use_cases.accrual import month_start
from core.use_cases.top_up_moves import number_of

PHONE, ACCOUNT, DAY, MONTH = "phone", "account", "day", "month"
HINTS = "hints"
# Answers that tell a stranger what others have left of an account's limit: the first refusal, and one more.
# From then on every sum is refused alike, or what is left could be found out sum by sum.
MOST_HINTS = 2
HINTS_REMEMBERED = timedelta(days=1)
QUOTED_EARLIER = timedelta(hours=1)  # than its confirmation, which is what counts: a quote's window and more
# What was charged, is being charged, or may have been.
CHARGED = (TopUpState.CONFIRMED, TopUpState.PAID, TopUpState.UNKNOWN)


def _sums(whose: str, of: ColumnElement[bool]) -> Select[Any]:
    confirmed = and_(top_up_event.c.top_up_id == top_up.c.id, top_up_event.c.state == TopUpState.CONFIRMED)
    today = case((top_up_event.c.at >= bindparam("day"), top_up.c.amount), else_=0)
    return (
        select(
            literal(whose).label("whose"),
            func.coalesce(func.sum(today), 0).label(DAY),
            func.coalesce(func.sum(top_up.c.amount), 0).label(MONTH),
        )
        .join(top_up_event, confirmed)
        .where(
            of,
            top_up.c.created_at >= bindparam("quoted"),
            top_up_event.c.at >= bindparam("month"),
            top_up.c.method == Method.MOBILE,
            top_up.c.state.in_(CHARGED),
        )
    )


def _hints() -> Select[Any]:
    """In the place of sums: how often the day's limit, and the month's, was hinted at to who asks."""
    of_day, of_month = (limit_hit.c.subject == bindparam(f"hints_of_{period}") for period in (DAY, MONTH))
    return select(
        literal(HINTS).label("whose"),
        func.coalesce(func.sum(case((of_day, 1), else_=0)), 0).label(DAY),
        func.coalesce(func.sum(case((of_month, 1), else_=0)), 0).label(MONTH),
    ).where(
        or_(of_day, of_month),
        limit_hit.c.at > bindparam("hinted_since", type_=limit_hit.c.at.type),
    )


_SPENT = union_all(
    _sums(PHONE, and_(top_up.c.channel == Channel.SMS, top_up.c.payer == bindparam("phone"))),
    _sums(ACCOUNT, top_up.c.account_id == bindparam("account")),
    _hints(),
)


class ChargeLimits:
    """Asked when a quote is made, and again, alone, in the transaction that confirms it."""

    def __init__(self, profile: Profile, clock: Clock) -> None:
        self._zone = profile.zone
        self._clock = clock
        of = profile.mobile_limits
        named = {
            (PHONE, DAY): of.phone_day,
            (PHONE, MONTH): of.phone_month,
            (ACCOUNT, DAY): of.account_day,
            (ACCOUNT, MONTH): of.account_month,
        }
        self._limits = {which: limit for which, limit in named.items() if limit is not None}

    async def alone(self, tx: Transaction, payer: Payer, account_id: AccountId) -> None:
        """Wait for who else confirms a charge of this phone or for this account, so as to see it."""
        if self._limits:
            await tx.alone(f"charges:{PHONE}:{payer.address}")
            await tx.alone(f"charges:{ACCOUNT}:{account_id}")

    async def why_no_quote(
        self, tx: Transaction, payer: Payer, account_id: AccountId, amount: Money
    ) -> LimitReached | None:
        """As `why_not`; but who may not know what is left of the account's limit gets MOST_HINTS answers.

        What it counts is to be committed, also where it refuses. Nobody else may ask for the phone meanwhile.
        """
        if not self._limits:
            return None
        spent = await self._spent(tx, payer, account_id)
        if sum(spent.hints.values()) >= MOST_HINTS and not await is_linked(tx, payer, account_id):
            return await self._reached(tx, account_id, (ACCOUNT, spent.hinted), left=None)
        refusal = await self._refusal(tx, spent, payer, account_id, amount)
        if any(spent.hints.values()) and (refusal is None or refusal.whose == PHONE):
            # Who was told to try less hears that this was little enough.
            await self._hint(tx, payer, account_id, spent.hinted)
        return refusal

    async def why_not(
        self, tx: Transaction, payer: Payer, account_id: AccountId, amount: Money
    ) -> LimitReached | None:
        """The limit that another charge of `amount` would pass; of several that with the least left."""
        if not self._limits:
            return None
        return await self._refusal(tx, await self._spent(tx, payer, account_id), payer, account_id, amount)

    async def _refusal(
        self, tx: Transaction, spent: "_Spent", payer: Payer, account_id: AccountId, amount: Money
    ) -> LimitReached | None:
        left = {
            which: max(ZERO, limit - spent.sums[which])
            for which, limit in self._limits.items()
            if spent.sums[which] + amount > limit
        }
        if not left:
            return None
        which = min(left, key=lambda each: left[each])
        # Who has paid for an account before may still be anybody: ten roubles would buy the others' sums.
        if which[0] == PHONE or await is_linked(tx, payer, account_id):
            return await self._reached(tx, account_id, which, left=left[which])
        await self._hint(tx, payer, account_id, which[1])
        return await self._reached(tx, account_id, which, left=None)

    async def _reached(
        self, tx: Transaction, account_id: AccountId, which: tuple[str, str], *, left: Money | None
    ) -> LimitReached:
        whose, period = which
        number = await number_of(tx, account_id)
        return LimitReached(whose, period, limit=self._limits[which], left=left, number=number)

    async def _hint(self, tx: Transaction, payer: Payer, account_id: AccountId, period: str) -> None:
        await limits.hit(tx, _hints_of(payer, account_id, period), now=self._clock.now())

    async def _spent(self, tx: Transaction, payer: Payer, account_id: AccountId) -> "_Spent":
        now = self._clock.now()
        month = month_start(now, self._zone)
        asked = {
            "phone": payer.address,
            "account": account_id,
            "day": _day_start(now.astimezone(self._zone)),
            "month": month,
            "quoted": month - QUOTED_EARLIER,
            "hints_of_day": _hints_of(payer, account_id, DAY),
            "hints_of_month": _hints_of(payer, account_id, MONTH),
            "hinted_since": now - HINTS_REMEMBERED,
        }
        found = {
            (row.whose, period): int(getattr(row, period))
            for row in await tx.all(_SPENT, asked)
            for period in (DAY, MONTH)
        }
        sums = {which: Money(found[which]) for which in found if which[0] != HINTS}
        hints = {period: found[HINTS, period] for period in (DAY, MONTH) if (ACCOUNT, period) in self._limits}
        return _Spent(sums, hints)


@dataclass(frozen=True, slots=True)
class _Spent:
    sums: Mapping[tuple[str, str], Money]  # by whose, and in which period
    hints: Mapping[str, int]  # by period

    @property
    def hinted(self) -> str:
        """The period that was told of before: it says nothing new."""
        return max(self.hints, key=lambda period: self.hints[period])


def _hints_of(payer: Payer, account_id: AccountId, period: str) -> str:
    return limits.subject(payer, f"hints:{account_id}:{period}")


def _day_start(local: datetime) -> datetime:
    return datetime.combine(local.date(), time(), local.tzinfo)

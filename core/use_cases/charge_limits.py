"""Limits on charges of phones: what one phone may give and one account may get, in a local day and month."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, func, literal, select, union_all

from core.clock import Clock
from core.errors import LimitReached
from core.ids import AccountId, Payer
from core.money import ZERO, Money
from core.profile import Profile
from core.states import Channel, Method, TopUpState
from core.storage.database import Transaction
from core.storage.tables import top_up, top_up_event
from core.use_cases.accounts import is_linked
from core.use_cases.accrual import month_start
from core.use_cases.top_up_moves import number_of

PHONE, ACCOUNT, DAY, MONTH = "phone", "account", "day", "month"
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


_SPENT = union_all(
    _sums(PHONE, and_(top_up.c.channel == Channel.SMS, top_up.c.payer == bindparam("phone"))),
    _sums(ACCOUNT, top_up.c.account_id == bindparam("account")),
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

    async def why_not(
        self, tx: Transaction, payer: Payer, account_id: AccountId, amount: Money
    ) -> LimitReached | None:
        """The limit that another charge of `amount` would pass; of several that with the least left."""
        if not self._limits:
            return None
        spent = await self._spent(tx, payer, account_id)
        left = {
            which: max(ZERO, limit - spent[which])
            for which, limit in self._limits.items()
            if spent[which] + amount > limit
        }
        if not left:
            return None
        which = min(left, key=lambda each: left[each])
        whose, period = which
        # Who has paid for an account before may still be anybody: ten roubles would buy the others' sums.
        may_know = whose == PHONE or await is_linked(tx, payer, account_id)
        return LimitReached(
            whose,
            period,
            limit=self._limits[which],
            left=left[which] if may_know else None,
            number=await number_of(tx, account_id),
        )

    async def _spent(
        self, tx: Transaction, payer: Payer, account_id: AccountId
    ) -> Mapping[tuple[str, str], Money]:
        now = self._clock.now()
        month = month_start(now, self._zone)
        asked = {
            "phone": payer.address,
            "account": account_id,
            "day": _day_start(now.astimezone(self._zone)),
            "month": month,
            "quoted": month - QUOTED_EARLIER,
        }
        rows = await tx.all(_SPENT, asked)
        return {
            (row.whose, period): Money(int(getattr(row, period))) for row in rows for period in (DAY, MONTH)
        }


def _day_start(local: datetime) -> datetime:
    return datetime.combine(local.date(), time(), local.tzinfo)

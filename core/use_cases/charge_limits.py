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
from core.use_cases import limits
from core.use_cases.accounts import is_linked
from core.use_cases.accrual import month_start
from core.use_cases.top_up_moves import number_of

PHONE, ACCOUNT, DAY, MONTH = "phone", "account", "day", "month"
# Of a stranger's confirmations for one account, in a local day. From then on each is refused alike, or what
# others have left of the account's limit could be found out sum by sum; a sum that fits is paid for.
MOST_REFUSALS = 2
QUOTED_EARLIER = timedelta(hours=1)  # than its confirmation, which is what counts: a quote's window and more
# What was charged, is being charged, or may have been.
CHARGED = (TopUpState.CONFIRMED, TopUpState.PAID, TopUpState.UNKNOWN)

_Left = Mapping[tuple[str, str], Money]  # of limits, by whose and of which period


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

    async def why_no_quote(
        self, tx: Transaction, payer: Payer, account_id: AccountId, amount: Money
    ) -> LimitReached | None:
        """The limit that `amount` would pass; a stranger hears of the account's at the confirmation alone."""
        passed = _passed(await self._left(tx, payer, account_id), amount)
        if _of(ACCOUNT, passed) and not await is_linked(tx, payer, account_id):
            passed = _of(PHONE, passed)
        return await self._reached(tx, account_id, passed)

    async def why_no_charge(
        self, tx: Transaction, payer: Payer, account_id: AccountId, amount: Money
    ) -> LimitReached | None:
        """The limit that stands against a confirmation. What it counts is to be committed with the refusal.

        It waits for who confirms a charge for this account; nobody else may confirm for the phone meanwhile.
        """
        if not self._limits:
            return None
        await tx.alone(f"charges:{ACCOUNT}:{account_id}")
        left, now = await self._left(tx, payer, account_id), self._clock.now()
        passed = _passed(left, amount)
        # Who has paid for an account before may still be anybody: ten roubles would buy the others' sums.
        refusals = limits.subject(payer, f"no_charge:{account_id}:{now.astimezone(self._zone):%Y%m%d}")
        is_past = await limits.count(tx, refusals) >= MOST_REFUSALS
        if not (is_past or _of(ACCOUNT, passed)) or await is_linked(tx, payer, account_id):
            return await self._reached(tx, account_id, passed)
        if not is_past:
            await limits.hit(tx, refusals, now=now)
        # The account's limit with the least left, whatever the sum is.
        return await self._reached(tx, account_id, _of(ACCOUNT, left), is_told=False)

    async def _reached(
        self, tx: Transaction, account_id: AccountId, left: _Left, *, is_told: bool = True
    ) -> LimitReached | None:
        """Of several limits that with the least left."""
        if not left:
            return None
        whose, period = which = min(left, key=lambda each: left[each])
        number = await number_of(tx, account_id)
        return LimitReached(whose, period, self._limits[which], left[which] if is_told else None, number)

    async def _left(self, tx: Transaction, payer: Payer, account_id: AccountId) -> _Left:
        if not self._limits:
            return {}
        now = self._clock.now()
        month = month_start(now, self._zone)
        asked = {
            "phone": payer.address,
            "account": account_id,
            "day": _day_start(now.astimezone(self._zone)),
            "month": month,
            "quoted": month - QUOTED_EARLIER,
        }
        spent = {row.whose: {DAY: row.day, MONTH: row.month} for row in await tx.all(_SPENT, asked)}
        return {
            (whose, period): max(ZERO, limit - Money(int(spent[whose][period])))
            for (whose, period), limit in self._limits.items()
        }


def _passed(left: _Left, amount: Money) -> _Left:
    return {which: each for which, each in left.items() if amount > each}


def _of(whose: str, left: _Left) -> _Left:
    return {which: each for which, each in left.items() if which[0] == whose}


def _day_start(local: datetime) -> datetime:
    return datetime.combine(local.date(), time(), local.tzinfo)

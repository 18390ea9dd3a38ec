"""Quotes: account, amount and commission fixed for fifteen minutes, before anything is charged."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, bindparam, insert, select

from core.clock import Clock
from core.errors import (
    AlreadyConfirmed,
    MethodUnavailable,
    NotYours,
    QuoteExpired,
    Refusal,
    StaleScreen,
    TooManyUnknownAccounts,
    UnknownAccount,
)
from core.ids import AccountId, IncomingId, Payer, TopUpId, new_id
from core.messages import incoming
from core.money import Money
from core.profile import Profile
from core.states import Channel, Method, TopUpState
from core.storage.database import Database, Transaction
from core.storage.queue import unfinished
from core.storage.tables import account, top_up
from core.use_cases import limits, quote_codes
from core.use_cases.accounts import is_linked
from core.use_cases.charge_limits import ChargeLimits
from core.use_cases.mobile_operators import MobileOperators
from core.use_cases.payments import Payments
from core.use_cases.prices import priced, within
from core.use_cases.quote import Quote, quote_of, said_of
from core.use_cases.quotes_before import Asked, quoted_before
from core.use_cases.top_up_moves import alone_by_sms, ask_for_sum, move, number_of, record
from core.use_cases.top_up_moves import by as by_payer

# Asked with every request, and so built once.
_FIND = select(
    select(account.c.id).where(account.c.number == bindparam("number")).scalar_subquery().label("id"),
    limits.past(limits.UNKNOWN_ACCOUNTS).label("past"),
    quote_codes.YES_IN_VAIN.label("yes_in_vain"),
)


class Quotes:
    def __init__(
        self,
        database: Database,
        profile: Profile,
        clock: Clock,
        wall: Clock,
        payments: Payments,
        operators: MobileOperators,
        charge_limits: ChargeLimits,
    ) -> None:
        self._database = database
        self._profile = profile
        self._clock = clock
        self._wall = wall
        self._payments = payments
        self._operators = operators
        self._charge_limits = charge_limits

    async def make(
        self,
        payer: Payer,
        *,
        number: str,
        amount: Money,
        method: Method,
        locale: str,
        answering: IncomingId | None = None,
        told: Sequence[str] = (),
        vouched: bool = False,
    ) -> Quote:
        """Fix account, amount and commission for 15 minutes; by SMS the reply is stored with it.

        `told` are the names that the SMSC has for the phone's operator, `vouched` says that the message came
        by a bind to the operator itself: else the quote asks for a code, and is the open one's where that was
        asked for by such a bind. Raises MethodUnavailable, AmountTooSmall, AmountTooLarge, OperatorUnknown,
        LimitReached, UnknownAccount and, for who guesses at numbers, TooManyUnknownAccounts: by SMS an open
        quote is then confirmed by a yes that names the sum.
        """
        by_phone = method == Method.MOBILE
        try:
            values, why = await self._priced(payer, amount, method, told)
        except Refusal:
            if by_phone:
                await self.ask_for_sum(payer)
            raise
        asked = Asked(
            payer,
            number,
            values | {"locale": locale, "quoted_by": answering},
            answering,
            why=why,
            vouched=vouched,
            by_code=by_phone and (self._profile.sms.confirm == "code" or not vouched),
        )
        return await self._store_quote(asked)

    async def ask_for_sum(self, payer: Payer) -> None:
        """SMS: from now on a plain yes is not enough for the phone's open quote."""
        async with self._database.transaction() as tx:
            await alone_by_sms(tx, payer)
            await ask_for_sum(tx, payer)

    async def show_again(self, tx: Transaction, row: Any, answering: IncomingId, *, vouched: bool) -> None:
        """SMS: what must neither confirm nor end the open quote is answered with it, and with its digits."""
        row = await quote_codes.give_code(tx, row, vouched=vouched, now=self._clock.now())
        quote = quote_of(row, await number_of(tx, row.account_id))
        await self._tell(tx, quote, row, answering, replaces=False)

    async def read(self, top_up_id: TopUpId, *, by: Payer) -> Quote:
        """A quote that still waits; raises StaleScreen, NotYours, AlreadyConfirmed, QuoteExpired."""
        async with self._database.read() as tx:
            row = await tx.first(
                select(top_up, account.c.number)
                .join(account, account.c.id == top_up.c.account_id)
                .where(top_up.c.id == top_up_id)
            )
        if row is None or row.state == TopUpState.CANCELLED:
            raise StaleScreen
        if (row.channel, row.payer) != (by.channel, by.address):
            raise NotYours
        if row.state not in (TopUpState.QUOTED, TopUpState.EXPIRED):
            raise AlreadyConfirmed(row.id)
        if row.state == TopUpState.EXPIRED or row.expires_at <= self._clock.now():
            raise QuoteExpired
        return quote_of(row, row.number)

    async def expire_once(self, n: int) -> int:
        """Close quotes whose window has passed."""
        now = self._clock.now()
        late = and_(unfinished(top_up), top_up.c.expires_at <= now)
        async with self._database.read() as tx:
            if await tx.scalar(select(top_up.c.id).where(late).limit(1)) is None:
                return 0
        async with self._database.transaction() as tx:
            rows = await tx.all(
                select(top_up)
                .where(late)
                .order_by(top_up.c.expires_at)
                .limit(n)
                .with_for_update(skip_locked=True)
            )
            for row in rows:
                await move(tx, row, TopUpState.EXPIRED, at=now, why="window passed")
        return len(rows)

    async def _priced(
        self, payer: Payer, amount: Money, method: Method, told: Sequence[str]
    ) -> tuple[dict[str, Any], str]:
        """What a quote holds of the payer and the sums, and why they are these."""
        by_phone = method == Method.MOBILE
        if not self._payments.takes(method) or (by_phone and payer.channel != Channel.SMS):
            raise MethodUnavailable  # only an SMS tells a phone whose account may be charged
        limit = within(amount, method, self._profile, self._payments.limits(method))
        whose = await self._operators.of(payer.address, told) if by_phone else None
        of_payer = {"payer": payer.address, "channel": payer.channel, "method": method}
        values = of_payer | priced(amount, limit, None if whose is None else whose.operator)
        return values, "asked" if whose is None else f"asked, {whose.operator.code}: {whose.because}"

    async def _store_quote(self, asked: Asked) -> Quote:
        is_sms = asked.payer.channel == Channel.SMS
        async with self._database.transaction() as tx:
            if is_sms:
                await alone_by_sms(tx, asked.payer)
            answer = await self._answer(tx, asked)
            if isinstance(answer, Quote):
                return answer
            if is_sms:
                await ask_for_sum(tx, asked.payer)
        raise answer  # outside, or what it counted would be rolled back with it

    async def _answer(self, tx: Transaction, asked: Asked) -> Quote | Refusal:
        found = await self._find(tx, asked)
        if found.id is None and not found.past:
            return await self._count_unknown(tx, asked)
        # From this limit on an existing account is passed over in silence too, or a guesser would go on.
        if found.id is None or (found.past and not await self._knows(tx, asked.payer, found.id)):
            return TooManyUnknownAccounts()
        row = await quoted_before(tx, found.id, asked, now=self._clock.now(), wall_now=self._wall.now())
        if row is None:
            refusal = await self._limit(tx, found.id, asked)
            if refusal is not None:
                return refusal
            row = await self._insert(tx, found.id, asked)
        is_own = row.account_id == found.id
        quote = quote_of(row, asked.number if is_own else await number_of(tx, row.account_id))
        await self._tell(tx, quote, row, asked.answering, replaces=asked.replaces is not None)
        return quote

    async def _limit(self, tx: Transaction, account_id: AccountId, asked: Asked) -> Refusal | None:
        if asked.values["method"] != Method.MOBILE:
            return None
        return await self._charge_limits.why_no_quote(
            tx, asked.payer, account_id, Money(asked.values["amount"])
        )

    async def _knows(self, tx: Transaction, payer: Payer, account_id: AccountId) -> bool:
        """Whether an answer tells the payer nothing new: the account is theirs, or they paid for it."""
        paid = select(top_up.c.id).where(
            by_payer(payer), top_up.c.account_id == account_id, top_up.c.state == TopUpState.PAID
        )
        return await is_linked(tx, payer, account_id) or await tx.scalar(paid.limit(1)) is not None

    async def _count_unknown(self, tx: Transaction, asked: Asked) -> Refusal:
        guesses, now = _guesses_of(asked), self._clock.now()
        if await limits.reached(tx, guesses, limits.UNKNOWN_ACCOUNTS, now=now) is not None:
            return TooManyUnknownAccounts()
        await limits.hit(tx, guesses, now=now)
        return UnknownAccount(asked.number)

    async def _find(self, tx: Transaction, asked: Asked) -> Any:
        """The account; whether who asks is `past` the limit for numbers that are none; a yes in vain."""
        past = limits.past_params(_guesses_of(asked), limits.UNKNOWN_ACCOUNTS, now=self._clock.now())
        yes = quote_codes.yes_in_vain_params(asked.payer, now=self._wall.now())
        row = await tx.one(_FIND, {"number": asked.number.lstrip("0"), **past, **yes})
        asked.by_code |= bool(row.yes_in_vain)
        return row

    async def _insert(self, tx: Transaction, account_id: AccountId, asked: Asked) -> Any:
        now, code = self._clock.now(), None
        if asked.replaces is not None:
            await move(tx, asked.replaces, TopUpState.CANCELLED, at=now, why="replaced")
        if asked.by_code:
            sums = (asked.values["amount"], asked.values["total"])
            code = await quote_codes.new_code(tx, asked.payer, *sums)
        values = {
            "id": new_id(),
            "account_id": account_id,
            "state": TopUpState.QUOTED,
            "needs_sum": False,
            "code": code,
            "created_at": now,
            "expires_at": now + quote_codes.CONFIRM_WINDOW,
            **asked.values,
        }
        row = (await tx.execute(insert(top_up).values(values).returning(*top_up.c))).one()
        await record(tx, row.id, TopUpState.QUOTED, at=now, why=asked.why)
        return row

    async def _tell(
        self, tx: Transaction, quote: Quote, row: Any, answering: IncomingId | None, *, replaces: bool
    ) -> None:
        if answering is not None:
            payer, said = Payer(row.channel, row.payer), said_of(quote, replaces=replaces)
            await incoming.answer(tx, answering, payer, said, locale=row.locale, now=self._wall.now())


def _guesses_of(asked: Asked) -> str:
    return limits.subject(asked.payer, "unknown_account", vouched=asked.vouched)

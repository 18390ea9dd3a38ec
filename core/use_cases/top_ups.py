"""Top-ups: quoted, confirmed once, paid. What a payer may do with a quote."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from core.clock import Clock
from core.errors import (
    AlreadyConfirmed,
    NoOpenQuote,
    NotYours,
    QuoteExpired,
    Refusal,
    StaleScreen,
)
from core.ids import AccountId, CardId, IncomingId, Payer, TopUpId, TransferId
from core.messages import incoming
from core.messages.notices import Cancelled
from core.money import Money
from core.profile import Profile
from core.states import IncomingOutcome, Method, PaymentState, TopUpState
from core.storage.database import Database, Transaction
from core.storage.tables import account, payment, top_up
from core.use_cases import confirmations, history, quote_codes
from core.use_cases.cards import Cards
from core.use_cases.charge_limits import ChargeLimits
from core.use_cases.history import Chips, HistoryPage
from core.use_cases.mobile_operators import MobileOperators
from core.use_cases.payments import Payments
from core.use_cases.quote import Quote, quote_of
from core.use_cases.quotes import Quotes
from core.use_cases.top_up_moves import (
    NEWEST_FIRST,
    alone_by_sms,
    ask_for_sum,
    by_sms,
    move,
    newest_by_sms,
    number_of,
)
from core.use_cases.top_up_moves import by as by_payer


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What came of a confirmation. `state` is the payment's; `repeated`: it had been confirmed before."""

    quote: Quote
    state: PaymentState
    checkout_url: str | None
    reason: str | None
    repeated: bool


class TopUps:
    def __init__(
        self,
        database: Database,
        profile: Profile,
        clock: Clock,
        wall: Clock,
        payments: Payments,
        cards: Cards,
        operators: MobileOperators,
    ) -> None:
        self._database = database
        self._profile = profile
        self._clock = clock
        self._wall = wall
        self._payments = payments
        self._cards = cards
        self._limits = ChargeLimits(profile, clock)
        self._quotes = Quotes(database, profile, clock, wall, payments, operators, self._limits)

    async def chips(self, payer: Payer, account_id: AccountId) -> Chips:
        """The sums to offer for an account that the payer is linked to."""
        async with self._database.read() as tx:
            return await history.chips(tx, payer, account_id, self._profile, self._clock.now())

    async def history(
        self, account_id: AccountId, *, before: TransferId | None = None, limit: int = 10
    ) -> HistoryPage:
        """What came to an account, newest first; the caller has made sure who reads it."""
        async with self._database.read() as tx:
            return await history.page(tx, account_id, before=before, limit=limit)

    async def quote(
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
        """Fix account, amount and commission for 15 minutes, as Quotes.make tells."""
        return await self._quotes.make(
            payer,
            number=number,
            amount=amount,
            method=method,
            locale=locale,
            answering=answering,
            told=told,
            vouched=vouched,
        )

    async def quoted(self, top_up_id: TopUpId, *, by: Payer) -> Quote:
        """A quote that still waits; raises StaleScreen, NotYours, AlreadyConfirmed, QuoteExpired."""
        return await self._quotes.read(top_up_id, by=by)

    async def confirm(
        self,
        top_up_id: TopUpId,
        *,
        by: Payer,
        screen: str | None = None,
        card_id: CardId | None = None,
        save_card: bool = False,
    ) -> Confirmed:
        """Take the quote's one confirmation and start to collect; a repeat returns what came of it.

        Raises StaleScreen, NotYours, QuoteExpired. `screen` is the message that the receipt replaces,
        `card_id` a saved card to charge, `save_card` the wish to have the card remembered.
        """
        late = False
        async with self._database.transaction() as tx:
            row = await tx.first(select(top_up).where(top_up.c.id == top_up_id).with_for_update())
            if row is None or row.state == TopUpState.CANCELLED:
                raise StaleScreen
            if (row.channel, row.payer) != (by.channel, by.address):
                raise NotYours
            fresh = row.state == TopUpState.QUOTED
            late = row.state == TopUpState.EXPIRED
            if fresh and row.expires_at <= self._clock.now():
                await move(tx, row, TopUpState.EXPIRED, at=self._clock.now(), why="window passed")
                late = True
            elif fresh:
                card = await self._card(tx, row, by, card_id)
                await self._consume(tx, row, screen=screen, card=card, save_card=save_card)
        if late:
            raise QuoteExpired
        if fresh:
            await self._payments.collect_for(top_up_id)
        return await self._confirmed(top_up_id, repeated=not fresh)

    async def confirm_open(
        self,
        payer: Payer,
        *,
        amount: Money | None,
        code: str | None,
        answering: IncomingId,
        vouched: bool = False,
    ) -> None:
        """SMS: confirm the phone's one open quote. Its outcome is the reply, and is stored with it.

        What cannot be an answer to it (it came before the request, or by a way that does not vouch for the
        number, `vouched`, and without digits) is answered with the quote again, with digits. Raises
        NoOpenQuote, AlreadyConfirmed, QuoteExpired, SumNeeded, WrongSum, CodeNeeded, TooManyCodes,
        LimitReached.
        """
        refusal: Refusal | None = None
        async with self._database.transaction() as tx:
            await alone_by_sms(tx, payer)
            confirmed = await tx.scalar(select(top_up.c.id).where(top_up.c.confirmed_by == answering))
            if confirmed is None:
                row, now = await newest_by_sms(tx, payer), self._clock.now()
                if quote_codes.is_no_answer(row, answering, vouched=vouched, now=now):
                    await self._quotes.show_again(tx, row, answering, vouched=vouched)
                else:
                    refusal = await confirmations.why_not(tx, row, amount, code, now, vouched=vouched)
                    refusal = refusal or await confirmations.past_limit(tx, row, now, self._limits)
                    if refusal is None:
                        await self._consume(tx, row, confirmed_by=answering)
                        await incoming.finish(tx, answering, outcome=incoming.REPLY)
                        confirmed = row.id
                if confirmed is None and vouched:  # by another way it confirms nothing, given again or not
                    await quote_codes.note_yes_in_vain(tx, payer, now=self._wall.now())
        if refusal is not None:
            raise refusal  # outside, or what it closed and counted would be rolled back with it
        if confirmed is not None:
            await self._payments.collect_for(confirmed)

    async def pass_over_yes(self, payer: Payer, *, answering: IncomingId, silent: IncomingOutcome) -> None:
        """SMS: a yes that is neither done nor answered; given again, it is to confirm nothing either."""
        async with self._database.transaction() as tx:
            await alone_by_sms(tx, payer)
            await quote_codes.note_yes_in_vain(tx, payer, now=self._wall.now())
            await incoming.finish(tx, answering, outcome=silent)

    async def cancel(self, top_up_id: TopUpId, *, by: Payer) -> None:
        """Drop a quote that was not confirmed; raises StaleScreen, NotYours."""
        async with self._database.transaction() as tx:
            row = await tx.first(select(top_up).where(top_up.c.id == top_up_id).with_for_update())
            if row is None:
                raise StaleScreen
            if (row.channel, row.payer) != (by.channel, by.address):
                raise NotYours
            if row.state in (TopUpState.CANCELLED, TopUpState.EXPIRED):
                return
            if row.state != TopUpState.QUOTED:
                raise AlreadyConfirmed(top_up_id)
            await move(tx, row, TopUpState.CANCELLED, at=self._clock.now(), why="by payer")

    async def cancel_open(self, payer: Payer, *, answering: IncomingId, vouched: bool = False) -> None:
        """SMS: drop the phone's open quote and say so; raises NoOpenQuote.

        One by a way that vouches for nobody (`vouched`) is answered with a quote that one by another made.
        """
        now = self._clock.now()
        async with self._database.transaction() as tx:
            await alone_by_sms(tx, payer)
            row = await newest_by_sms(tx, payer)
            if row is None or row.state != TopUpState.QUOTED:
                raise NoOpenQuote
            if not vouched and await quote_codes.stands(tx, row, now):
                await ask_for_sum(tx, payer)  # who said no does not mean it by a yes to something else
                await self._quotes.show_again(tx, row, answering, vouched=False)
                return
            await move(tx, row, TopUpState.CANCELLED, at=now, why="by payer")
            said = Cancelled(await number_of(tx, row.account_id), Money(row.amount))
            await incoming.answer(tx, answering, payer, said, locale=row.locale, now=self._wall.now())

    async def ask_for_sum(self, payer: Payer) -> None:
        """SMS: something else was written since the phone's open quote, and a plain yes may mean that."""
        await self._quotes.ask_for_sum(payer)

    async def is_by_code(self, payer: Payer) -> bool:
        """SMS: whether three digits from this phone are the answer to its newest quote, be it late."""
        since = self._clock.now() - confirmations.EXPIRED_REMEMBERED
        async with self._database.read() as tx:
            newest = select(top_up.c.code).where(by_sms(payer), top_up.c.created_at > since)
            return await tx.scalar(newest.order_by(*NEWEST_FIRST).limit(1)) is not None

    async def has_open(self, payer: Payer) -> bool:
        """Whether the phone has a quote that a reply could confirm."""
        lives = top_up.c.expires_at > self._clock.now()
        is_open = select(top_up.c.id).where(by_payer(payer), top_up.c.state == TopUpState.QUOTED, lives)
        async with self._database.read() as tx:
            return await tx.scalar(is_open) is not None

    async def expire_once(self, n: int) -> int:
        """Close quotes whose window has passed."""
        return await self._quotes.expire_once(n)

    async def _consume(
        self,
        tx: Transaction,
        row: Any,
        *,
        screen: str | None = None,
        confirmed_by: IncomingId | None = None,
        card: Any = None,
        save_card: bool = False,
    ) -> None:
        values = {
            "screen": screen,
            "confirmed_by": confirmed_by,
            "card_id": None if card is None else card.id,
            "save_card": save_card and self._cards.enabled,
        }
        await move(tx, row, TopUpState.CONFIRMED, at=self._clock.now(), why="by payer", **values)
        await self._payments.intend(tx, row, card=card)

    async def _card(self, tx: Transaction, row: Any, by: Payer, card_id: CardId | None) -> Any:
        """The saved card to charge, held against unlinking; none: the provider's page asks for one."""
        if card_id is None:
            return None
        card = await self._cards.usable(tx, by, row.account_id, card_id)
        if card is None or row.method != Method.CARD:
            raise NotYours
        return card

    async def _confirmed(self, top_up_id: TopUpId, *, repeated: bool) -> Confirmed:
        async with self._database.read() as tx:
            row = await tx.one(
                select(top_up, account.c.number)
                .join(account, account.c.id == top_up.c.account_id)
                .where(top_up.c.id == top_up_id)
            )
            paid = await tx.one(
                select(payment).where(payment.c.top_up_id == top_up_id).order_by(payment.c.id).limit(1)
            )
        return Confirmed(
            quote=quote_of(row, row.number),
            state=paid.state,
            checkout_url=paid.checkout_url,
            reason=paid.reason,
            repeated=repeated,
        )

"""Autopay in the chat: offered, connected, changed, paused, skipped, deleted; its screen."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from core.clock import Clock
from core.errors import FullAccessNeeded, MandateExists, NoMandate, NotLinked, StaleScreen
from core.ids import AccountId, MandateId, Payer
from core.money import Money
from core.profile import Profile
from core.states import LIVE_MANDATE, Access, MandateState
from core.storage.autopay_tables import card, mandate, mandate_charge
from core.storage.database import Database, Transaction
from core.storage.tables import account
from core.use_cases.accounts import LinkedAccount, access_to, read_screen
from core.use_cases.agreements import Agreements, Terms, last_card_payment, terms_of
from core.use_cases.autopay_ending import AutopayEnding
from core.use_cases.cards import Cards, CardView
from core.use_cases.mandates import By, in_flight
from core.use_cases.schedules import EveryDays
from core.use_cases.top_up_moves import number_of


@dataclass(frozen=True, slots=True)
class Offer:
    """Terms to begin with; `consent` is the version of the text that goes with them."""

    number: str
    terms: Terms
    next_on: date
    card: CardView | None
    consent: str


@dataclass(frozen=True, slots=True)
class AutopayScreen:
    """How a mandate stands. `mine`: the reader agreed to it, and may change it."""

    mandate_id: MandateId
    number: str
    state: MandateState
    reason: str | None
    terms: Terms
    card: CardView | None  # none: no card, or one that was unlinked
    next_on: date | None  # of an active one
    retry_on: date | None
    in_flight: bool
    mine: bool


class Autopay:
    """Each takes the person and the account: who has no link is NotLinked, who only reads FullAccessNeeded.

    Who agreed to a mandate may always see and end it. What was changed is told by a notice, which
    replaces the message `screen`.
    """

    def __init__(
        self,
        database: Database,
        profile: Profile,
        clock: Clock,
        cards: Cards,
        agreements: Agreements,
        ending: AutopayEnding,
    ) -> None:
        self._database = database
        self._profile = profile
        self._clock = clock
        self._cards = cards
        self._agreements = agreements
        self._ending = ending

    async def offer(self, payer: Payer, account_id: AccountId) -> Offer:
        """The sum of the last payment by card, every 30 days; raises MandateExists, MethodUnavailable."""
        async with self._database.transaction() as tx:
            await self._may(tx, payer, account_id)
            number = await number_of(tx, account_id)
            if await self._row(tx, account_id) is not None:
                raise MandateExists(number)
            held = await self._cards.usable(tx, payer, account_id, None)
            terms = Terms(
                amount=await self._usual(tx, payer, account_id),
                period=EveryDays(self._profile.autopay.days),
                card_id=None if held is None else held.id,
            )
            consent = self._profile.autopay.consent
            self._agreements.check(terms, consent)
            next_on = await self._next(tx, payer, account_id, terms)
        return Offer(number, terms, next_on, None if held is None else self._cards.view(held), consent)

    async def preview(self, payer: Payer, account_id: AccountId, terms: Terms) -> date:
        """The next date by these terms; refuses what `connect` and `change` would."""
        async with self._database.read() as tx:
            await self._may(tx, payer, account_id)
            self._agreements.check(terms, self._profile.autopay.consent)
            return await self._next(tx, payer, account_id, terms)

    async def connect(
        self, payer: Payer, account_id: AccountId, terms: Terms, *, consent: str, screen: str | None = None
    ) -> AutopayScreen:
        """Agree. Without a live card it is `requested`: the next card saved for this account activates it.

        Raises MandateExists, ConsentOutdated, MethodUnavailable, NotYours (the card), AmountTooSmall,
        AmountTooLarge, PeriodOutOfRange, UntilTooEarly.
        """
        by = By(payer, screen)
        try:
            async with self._database.transaction() as tx:
                await self._may(tx, payer, account_id)
                await self._agreements.connect(tx, by, account_id, terms, consent=consent)
                return await self._screen(tx, payer, account_id)
        except IntegrityError:
            async with self._database.read() as tx:
                raise MandateExists(await number_of(tx, account_id)) from None  # two at once

    async def agreed_on(self, payer: Payer) -> list[LinkedAccount]:
        """The accounts whose live mandate is the person's own; also after unlinking, to see and end it."""
        async with self._database.read() as tx:
            rows = await tx.all(
                select(account.c.id, account.c.number)
                .join(mandate, mandate.c.account_id == account.c.id)
                .where(
                    mandate.c.channel == payer.channel,
                    mandate.c.payer == payer.address,
                    mandate.c.state.in_(LIVE_MANDATE),
                )
                .order_by(account.c.number)
            )
        return [LinkedAccount(row.id, row.number, Access.READ, None) for row in rows]

    async def state(self, payer: Payer, account_id: AccountId) -> AutopayScreen | None:
        """Also for who may only read; None where there is no live mandate."""
        async with self._database.read() as tx:
            row = await self._row(tx, account_id)
            if await access_to(tx, payer, account_id) is None and not _is_of(row, payer):
                raise NotLinked
            return None if row is None else await self._screen(tx, payer, account_id)

    async def change(
        self, payer: Payer, account_id: AccountId, terms: Terms, *, consent: str, screen: str | None = None
    ) -> AutopayScreen:
        """Agree anew; raises NoMandate, NotYours (not his to change, or the card) and what connect does."""
        async with self._database.transaction() as tx:
            await self._may(tx, payer, account_id)
            by = By(payer, screen)
            await self._agreements.change(tx, by, account_id, terms, consent=consent, own=True)
            return await self._screen(tx, payer, account_id)

    async def pause(self, payer: Payer, account_id: AccountId, *, screen: str | None = None) -> AutopayScreen:
        async with self._database.transaction() as tx:
            await self._may_end(tx, payer, account_id)
            await self._ending.pause(tx, By(payer, screen), account_id)
            return await self._screen(tx, payer, account_id)

    async def resume(
        self, payer: Payer, account_id: AccountId, *, screen: str | None = None
    ) -> AutopayScreen:
        """Raises NoMandate, NotYours, CardNeeded, UntilTooEarly."""
        async with self._database.transaction() as tx:
            await self._may(tx, payer, account_id)
            await self._agreements.resume(tx, By(payer, screen), account_id)
            return await self._screen(tx, payer, account_id)

    async def skip(
        self, payer: Payer, mandate_id: MandateId, period: date, *, screen: str | None = None
    ) -> AutopayScreen | None:
        """Leave out the date that a warning named; None where it was the last. Raises StaleScreen."""
        async with self._database.transaction() as tx:
            account_id = await tx.scalar(select(mandate.c.account_id).where(mandate.c.id == mandate_id))
            row = None if account_id is None else await self._row(tx, account_id)
            if row is None or row.id != mandate_id:
                raise StaleScreen
            await self._may_end(tx, payer, account_id)
            await self._ending.skip(tx, By(payer, screen), account_id, period)
            alive = await self._row(tx, account_id)
            return None if alive is None else await self._screen(tx, payer, account_id)

    async def delete(self, payer: Payer, account_id: AccountId, *, screen: str | None = None) -> bool:
        """End it at once. True: a charge is under way; it finishes, and is given back by itself."""
        async with self._database.transaction() as tx:
            await self._may_end(tx, payer, account_id)
            return await self._ending.delete(tx, By(payer, screen), account_id)

    async def _may(self, tx: Transaction, payer: Payer, account_id: AccountId) -> None:
        access = await access_to(tx, payer, account_id)
        if access is None:
            raise NotLinked
        if access != Access.FULL:
            raise FullAccessNeeded

    async def _may_end(self, tx: Transaction, payer: Payer, account_id: AccountId) -> None:
        if not _is_of(await self._row(tx, account_id), payer):
            await self._may(tx, payer, account_id)

    async def _row(self, tx: Transaction, account_id: AccountId) -> Any:
        return await tx.first(
            select(mandate).where(mandate.c.account_id == account_id, mandate.c.state.in_(LIVE_MANDATE))
        )

    async def _usual(self, tx: Transaction, payer: Payer, account_id: AccountId) -> Money:
        """The last payment by card, or else the month's fee, within the limits."""
        limits, last = self._profile.autopay, await last_card_payment(tx, payer, account_id)
        if last is not None:
            wished = Money(last.amount)
        else:
            screen = await read_screen(tx, account_id, self._profile, self._clock.now())
            wished = screen.monthly or limits.least
        return min(max(wished, limits.least), limits.most)

    async def _next(self, tx: Transaction, payer: Payer, account_id: AccountId, terms: Terms) -> date:
        row = await self._row(tx, account_id)
        if row is None:
            scheduled = await self._agreements.last_paid_on(tx, payer, account_id)
        else:
            scheduled = row.scheduled
        return self._agreements.first(terms, scheduled, self._clock.now())

    async def _screen(self, tx: Transaction, payer: Payer, account_id: AccountId) -> AutopayScreen:
        row = await self._row(tx, account_id)
        if row is None:
            raise NoMandate
        charged = await tx.first(select(card).where(card.c.id == row.card_id, card.c.revoked_at.is_(None)))
        return AutopayScreen(
            mandate_id=row.id,
            number=await number_of(tx, account_id),
            state=row.state,
            reason=row.reason,
            terms=terms_of(row),
            card=None if charged is None else self._cards.view(charged),
            next_on=row.next_on if row.state == MandateState.ACTIVE else None,
            retry_on=row.retry_on,
            in_flight=await in_flight(tx, mandate_charge.c.mandate_id == row.id),
            mine=_is_of(row, payer),
        )


def _is_of(row: Any, payer: Payer) -> bool:
    return row is not None and (row.channel, row.payer) == (payer.channel, payer.address)

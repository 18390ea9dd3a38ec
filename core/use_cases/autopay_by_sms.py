"""Autopay by SMS from a registered phone: state, stop and less at once; more only with a code."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import insert, select

from core.clock import Clock
from core.errors import AccountNeeded, NoMandate, NoRegisteredPhone, NotLinked, NotYours
from core.ids import AccountId, IncomingId, Payer, TopUpId, new_id
from core.messages import incoming
from core.messages.autopay_notices import AutopayNone, AutopayState
from core.messages.notices import Notice
from core.money import ZERO, Money
from core.profile import Profile
from core.states import LIVE_MANDATE, MandateState, Method, Purpose, TopUpState
from core.storage.autopay_tables import mandate
from core.storage.database import Database, Transaction
from core.storage.tables import account, account_phone, top_up
from core.use_cases import codes
from core.use_cases.agreements import Agreements, Terms
from core.use_cases.autopay_ending import AutopayEnding
from core.use_cases.cards import Cards, same_person
from core.use_cases.codes import Codes
from core.use_cases.mandates import By, facts, live_of
from core.use_cases.payments import Payments
from core.use_cases.schedules import EveryDays
from core.use_cases.top_up_moves import record

PURPOSES = (Purpose.AUTOPAY_CONNECT, Purpose.AUTOPAY_RAISE)


@dataclass(frozen=True, slots=True)
class _Account:
    id: AccountId
    number: str
    mandate: Any  # live, or none


class AutopayBySms:
    """`number` may be left out where the phone has one account, or one with autopay: else AccountNeeded.

    All raise NoRegisteredPhone, and NotLinked for an account that is not the phone's or is none. The
    reply is stored with what it tells of.
    """

    def __init__(
        self,
        database: Database,
        profile: Profile,
        clock: Clock,
        wall: Clock,
        cards: Cards,
        codes: Codes,
        agreements: Agreements,
        ending: AutopayEnding,
        payments: Payments,
    ) -> None:
        self._database = database
        self._profile = profile
        self._clock = clock
        self._wall = wall
        self._cards = cards
        self._codes = codes
        self._agreements = agreements
        self._ending = ending
        self._payments = payments

    async def tell_state(
        self, payer: Payer, number: str | None, *, locale: str, answering: IncomingId
    ) -> None:
        """Replies AutopayState, or AutopayNone."""
        async with self._database.transaction() as tx:
            found = await self._account(tx, payer, number)
            row = found.mandate
            said: Notice = AutopayNone(found.number)
            if row is not None:
                mask = await self._cards.mask(tx, row.card_id)
                stands = {"state": row.state.value, "reason": row.reason, "retry_on": row.retry_on}
                said = AutopayState(**facts(row, found.number, mask), **stands)
            await self._reply(tx, payer, said, locale, answering)

    async def stop(self, payer: Payer, number: str | None, *, locale: str, answering: IncomingId) -> None:
        """Delete it at once; replies AutopayDeleted. Raises NoMandate."""
        async with self._database.transaction() as tx:
            found = await self._account(tx, payer, number)
            if found.mandate is None:
                raise NoMandate
            await self._ending.delete(tx, By(payer, answering=answering, locale=locale), found.id)

    async def set_amount(
        self, payer: Payer, number: str | None, amount: Money, *, locale: str, answering: IncomingId
    ) -> None:
        """Less at once (replies AutopayChanged); more, or autopay anew, by a code (replies SmsCode).

        Raises MethodUnavailable, AmountTooSmall, AmountTooLarge, NotYours (more than another person
        agreed to), TooManyTries.
        """
        self._agreements.check(self._terms(amount), self._profile.autopay.consent)
        async with self._database.transaction() as tx:
            found = await self._account(tx, payer, number)
            held = await live_of(tx, found.id)  # locked: another text may be lowering it
            if held is not None and amount.kopecks <= held.amount:
                by = By(payer, answering=answering, locale=locale)
                await self._agreements.set_amount(tx, by, found.id, amount)
                return
            await self._may_raise(tx, payer, held)
        await self._send_code(payer, replace(found, mandate=held), amount, locale, answering)

    async def _may_raise(self, tx: Transaction, payer: Payer, held: Any) -> None:
        """What is charged from a card is raised by who agreed to it, as in the chat."""
        if held is not None and Payer(held.channel, held.payer) not in await same_person(
            tx, payer, held.account_id
        ):
            raise NotYours

    async def _send_code(
        self, payer: Payer, found: _Account, amount: Money, locale: str, answering: IncomingId
    ) -> None:
        purpose = Purpose.AUTOPAY_CONNECT if found.mandate is None else Purpose.AUTOPAY_RAISE
        sent = await self._codes.make()
        async with self._database.transaction() as tx:
            await self._codes.count(tx, payer)
            await self._codes.end(tx, payer, *PURPOSES)
            await self._codes.store(
                tx, payer, sent, purpose,
                account_id=found.id, phone=payer.address, facts={"amount": amount.kopecks},
            )  # fmt: skip
            said = codes.sms(sent, purpose, found.number, amount)
            await self._reply(tx, payer, said, locale, answering)

    async def has_code(self, payer: Payer) -> bool:
        """Whether six digits from this phone are the answer to a code."""
        return await self._codes.is_awaited(payer, *PURPOSES)

    async def confirm(self, payer: Payer, code: str, *, locale: str, answering: IncomingId) -> None:
        """Do what the code was sent for; replies AutopayChanged, AutopayConnected, or AutopayRequested
        and then CheckoutReady, where there is no live card. Raises CodeExpired, CodeWrong, NotYours.
        """
        row = await self._codes.prove(payer, code, *PURPOSES)
        by = By(payer, answering=answering, locale=locale)
        amount, top_up_id = Money(row.facts["amount"]), None
        async with self._database.transaction() as tx:
            await self._codes.take(tx, row)
            if row.purpose == Purpose.AUTOPAY_RAISE:
                await self._may_raise(tx, payer, await live_of(tx, row.account_id))
                await self._agreements.set_amount(tx, by, row.account_id, amount)
            else:
                consent, terms = self._profile.autopay.consent, self._terms(amount)
                state = await self._agreements.connect(tx, by, row.account_id, terms, consent=consent)
                if state == MandateState.REQUESTED:
                    top_up_id = await self._first_payment(tx, by, row.account_id, amount)
        if top_up_id is not None:
            await self._payments.collect_for(top_up_id, inline=False)

    async def _first_payment(self, tx: Transaction, by: By, account_id: AccountId, amount: Money) -> TopUpId:
        """A top-up by a card to be saved: its page's address follows as CheckoutReady."""
        now = self._clock.now()
        values = {
            "id": new_id(),
            "account_id": account_id,
            "channel": by.payer.channel,
            "payer": by.payer.address,
            "locale": by.locale,
            "method": Method.CARD,
            "amount": amount.kopecks,
            "commission": ZERO.kopecks,
            "total": amount.kopecks,
            "commission_from": False,
            "state": TopUpState.CONFIRMED,
            "needs_sum": False,
            "save_card": True,
            "created_at": now,
            "expires_at": now,
        }
        row = (await tx.execute(insert(top_up).values(values).returning(*top_up.c))).one()
        await record(tx, row.id, TopUpState.CONFIRMED, at=now, why="by code")
        await self._payments.intend(tx, row)
        return TopUpId(row.id)

    def _terms(self, amount: Money) -> Terms:
        return Terms(amount, EveryDays(self._profile.autopay.days))

    async def _account(self, tx: Transaction, payer: Payer, number: str | None) -> _Account:
        """The account that a text means, with its live mandate."""
        rows = await tx.all(
            select(account.c.id, account.c.number)
            .join(account_phone, account_phone.c.account_id == account.c.id)
            .where(account_phone.c.msisdn == payer.address)
            .order_by(account.c.number)
        )
        if not rows:
            raise NoRegisteredPhone
        ids = [row.id for row in rows]
        live = select(mandate).where(mandate.c.account_id.in_(ids), mandate.c.state.in_(LIVE_MANDATE))
        mandates = {each.account_id: each for each in await tx.all(live)}
        if number is not None:
            meant = [row for row in rows if row.number == number.lstrip("0")]
            if not meant:
                raise NotLinked
        else:
            meant = [row for row in rows if row.id in mandates] or rows
        if len(meant) > 1:
            raise AccountNeeded([row.number for row in meant])
        return _Account(meant[0].id, meant[0].number, mandates.get(meant[0].id))

    async def _reply(
        self, tx: Transaction, payer: Payer, said: Notice, locale: str, answering: IncomingId
    ) -> None:
        await incoming.answer(tx, answering, payer, said, locale=locale, now=self._wall.now())

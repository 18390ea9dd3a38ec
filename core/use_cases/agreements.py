"""Agreements: what a subscriber may agree to, and each change of it, whichever channel it came by."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, insert, select

from core.clock import Clock
from core.errors import (
    AmountTooLarge,
    AmountTooSmall,
    CardNeeded,
    ConsentOutdated,
    MandateExists,
    MethodUnavailable,
    NoMandate,
    NotYours,
    PeriodOutOfRange,
    UntilTooEarly,
)
from core.ids import AccountId, CardId, Payer, new_id
from core.messages import autopay_notices as notices
from core.money import Money
from core.profile import Profile
from core.states import LIVE_MANDATE, MandateState, Method, TopUpState
from core.storage.autopay_tables import mandate
from core.storage.database import Transaction
from core.storage.tables import top_up
from core.use_cases.asking import Moment
from core.use_cases.autopay_outcomes import NO_RETRY
from core.use_cases.cards import Cards
from core.use_cases.mandates import (
    By,
    Calendar,
    facts,
    live_of,
    move,
    next_date,
    period_of,
    period_values,
    record,
    tell_all,
)
from core.use_cases.schedules import EveryDays, Period, following
from core.use_cases.subscribers import locale_of
from core.use_cases.top_up_moves import by as by_payer
from core.use_cases.top_up_moves import number_of

LAST_DAY = 31
_NO_WARNING = {"warned_on": None, "warned_at": None}


@dataclass(frozen=True, slots=True)
class Terms:
    """What is agreed to. Without a card: the one that is charged now, or the default one."""

    amount: Money
    period: Period
    until: date | None = None
    card_id: CardId | None = None


class Agreements:
    """Works inside its caller's transaction; the caller has made sure who may see the account."""

    def __init__(self, profile: Profile, cards: Cards, clock: Clock, wall: Clock) -> None:
        self._profile = profile
        self._cards = cards
        self._clock = clock
        self._wall = wall
        self._calendar = Calendar.of(profile)

    async def connect(
        self, tx: Transaction, by: By, account_id: AccountId, terms: Terms, *, consent: str
    ) -> MandateState:
        """Active at once with a live card; else requested, and the next card saved makes it active."""
        self.check(terms, consent)
        card = await self._card(tx, by.payer, account_id, terms.card_id)
        if await live_of(tx, account_id) is not None:
            raise MandateExists(await number_of(tx, account_id))
        now = self._moment()
        scheduled = await self.last_paid_on(tx, by.payer, account_id)
        next_on = self.first(terms, scheduled, now.at)
        state = MandateState.REQUESTED if card is None else MandateState.ACTIVE
        values = {
            "id": new_id(),
            "account_id": account_id,
            "channel": by.payer.channel,
            "payer": by.payer.address,
            "locale": by.locale or await locale_of(tx, by.payer, self._profile),
            "state": state,
            "requested_at": now.at,
            "activated_at": None if card is None else now.at,
            "scheduled": scheduled,
            "next_on": next_on,
            **_NO_WARNING,
            **NO_RETRY,
            **_agreed(terms, card, consent, now.at),
        }
        values["next_at"] = self._calendar.next_at(values)
        row = (await tx.execute(insert(mandate).values(values).returning(*mandate.c))).one()
        await record(tx, row.id, state, at=now.at, why=_why("connected", by, terms))
        kind = notices.AutopayRequested if card is None else notices.AutopayConnected
        said = kind(**facts(row, await number_of(tx, account_id), None if card is None else card.mask))
        await tell_all(tx, self._profile, row, said, by, now=now)
        return state

    async def change(
        self, tx: Transaction, by: By, account_id: AccountId, terms: Terms, *, consent: str, own: bool
    ) -> None:
        """Agree anew; `own`: only who agreed before may. Another card takes up what a refused one paused."""
        self.check(terms, consent)
        card = None if terms.card_id is None else await self._card(tx, by.payer, account_id, terms.card_id)
        row = await self._live(tx, account_id, by, own=own)
        now = self._moment()
        values = _agreed(terms, card, consent, now.at)
        if card is None:
            values["card_id"] = row.card_id
        waits = row.state == MandateState.REQUESTED or row.reason == "card_needed"
        state = MandateState.ACTIVE if waits and card is not None else row.state
        if row.activated_at is None and state == MandateState.ACTIVE:
            values["activated_at"] = now.at
        if state == MandateState.ACTIVE:
            values |= {"reason": None, **self._redated(row, terms, now.at)}
            if row.state != MandateState.ACTIVE:
                values |= NO_RETRY
        else:
            self.first(terms, row.scheduled, now.at)
        planned = self._calendar.planned(row, values)
        await move(tx, row, state, at=now.at, why=_why("changed", by, terms), **planned)
        await self._tell_terms(tx, notices.AutopayChanged, account_id, by, now)

    async def set_amount(self, tx: Transaction, by: By, account_id: AccountId, amount: Money) -> None:
        """Another sum, and all else as it was."""
        self._check_amount(amount)
        row = await self._live(tx, account_id, by, own=False)
        now = self._moment()
        terms = replace(terms_of(row), amount=amount)
        why = _why("changed", by, terms)
        await move(tx, row, row.state, at=now.at, why=why, amount=amount.kopecks)
        await self._tell_terms(tx, notices.AutopayChanged, account_id, by, now)

    async def resume(self, tx: Transaction, by: By, account_id: AccountId) -> None:
        """Take up a paused one, with its card or else the default one; raises CardNeeded."""
        charged = await tx.scalar(select(mandate.c.card_id).where(_live(account_id)))
        card = await self._cards.usable(tx, by.payer, account_id, charged) if charged else None
        card = card or await self._cards.usable(tx, by.payer, account_id, None)
        row = await self._live(tx, account_id, by, own=True)
        if row.state == MandateState.ACTIVE:
            return
        if card is None:
            raise CardNeeded
        now = self._moment()
        next_on = self.first(terms_of(row), row.scheduled, now.at)
        values = {"next_on": next_on, "card_id": card.id, "failed_cycles": 0, "reason": None}
        if row.activated_at is None:
            values["activated_at"] = now.at
        planned = self._calendar.planned(row, {**values, **NO_RETRY, **_NO_WARNING})
        await move(tx, row, MandateState.ACTIVE, at=now.at, why=_why("resumed", by), **planned)
        await self._tell_terms(tx, notices.AutopayResumed, account_id, by, now)

    def check(self, terms: Terms, consent: str) -> None:
        """Raises MethodUnavailable, ConsentOutdated, AmountTooSmall, AmountTooLarge, PeriodOutOfRange."""
        if not self._cards.enabled:
            raise MethodUnavailable
        if consent != self._profile.autopay.consent:
            raise ConsentOutdated
        self._check_amount(terms.amount)
        limits = self._profile.autopay
        if isinstance(terms.period, EveryDays):
            if not limits.days_least <= terms.period.days <= limits.days_most:
                raise PeriodOutOfRange(limits.days_least, limits.days_most)
        elif not 1 <= terms.period.day <= LAST_DAY:
            raise PeriodOutOfRange(1, LAST_DAY)

    def _check_amount(self, amount: Money) -> None:
        limits = self._profile.autopay
        if amount < limits.least:
            raise AmountTooSmall(limits.least)
        if amount > limits.most:
            raise AmountTooLarge(limits.most)

    def first(self, terms: Terms, scheduled: date, at: datetime) -> date:
        """The next date by these terms; raises UntilTooEarly."""
        earliest = self._calendar.earliest(at)
        found = next_date(terms.period, scheduled, terms.until, earliest=earliest)
        if found is None:
            raise UntilTooEarly(following(terms.period, scheduled, earliest=earliest))
        return found

    def _redated(self, row: Any, terms: Terms, at: datetime) -> dict[str, Any]:
        """The dates of an active one by its new terms: the next stays where the period does."""
        stays = row.state == MandateState.ACTIVE and period_of(row) == terms.period
        if stays and row.next_on is not None and (terms.until is None or row.next_on <= terms.until):
            return {}
        return {"next_on": self.first(terms, row.scheduled, at), **_NO_WARNING}

    async def last_paid_on(self, tx: Transaction, payer: Payer, account_id: AccountId) -> date:
        """The local day of the person's last payment by card, which the period counts from; else today."""
        last = await last_card_payment(tx, payer, account_id)
        return self._calendar.today(self._clock.now() if last is None else last.created_at)

    async def _card(
        self, tx: Transaction, payer: Payer, account_id: AccountId, card_id: CardId | None
    ) -> Any:
        card = await self._cards.usable(tx, payer, account_id, card_id)
        if card is None and card_id is not None:
            raise NotYours
        return card

    async def _live(self, tx: Transaction, account_id: AccountId, by: By, *, own: bool) -> Any:
        row = await live_of(tx, account_id)
        if row is None:
            raise NoMandate
        if own and (row.channel, row.payer) != (by.payer.channel, by.payer.address):
            raise NotYours
        return row

    async def _tell_terms(
        self, tx: Transaction, kind: Any, account_id: AccountId, by: By, now: Moment
    ) -> None:
        row = await live_of(tx, account_id)
        mask = await self._cards.mask(tx, row.card_id)
        said = kind(**facts(row, await number_of(tx, account_id), mask))
        await tell_all(tx, self._profile, row, said, by, now=now)

    def _moment(self) -> Moment:
        return Moment(self._clock.now(), self._wall.now())


async def last_card_payment(tx: Transaction, payer: Payer, account_id: AccountId) -> Any:
    return await tx.first(
        select(top_up.c.amount, top_up.c.created_at)
        .where(
            by_payer(payer),
            top_up.c.account_id == account_id,
            top_up.c.state == TopUpState.PAID,
            top_up.c.method == Method.CARD,
        )
        .order_by(top_up.c.created_at.desc())
        .limit(1)
    )


def terms_of(row: Any) -> Terms:
    return Terms(Money(row.amount), period_of(row), row.until, row.card_id)


def _agreed(terms: Terms, card: Any, consent: str, at: datetime) -> dict[str, Any]:
    return {
        "card_id": None if card is None else card.id,
        "amount": terms.amount.kopecks,
        "until": terms.until,
        "consent": consent,
        "consented_at": at,
        **period_values(terms.period),
    }


def _live(account_id: AccountId) -> Any:
    return and_(mandate.c.account_id == account_id, mandate.c.state.in_(LIVE_MANDATE))


def _why(what: str, by: By, terms: Terms | None = None) -> str:
    who = f"{what} by {by.payer.channel} {by.payer.opaque[:8]}"
    return who if terms is None else f"{who}: {terms.amount} {terms.period} until {terms.until}"

"""Payments: intent, call, outcome, each its own commit; what is unknown is asked about, never repeated."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import and_, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from core.clock import Clock
from core.ids import TopUpId, new_id
from core.payments.capabilities import Limits
from core.payments.charge import Charge
from core.payments.choice import Providers
from core.payments.provider import (
    Declined,
    NotSent,
    Outcome,
    Pending,
    Succeeded,
    Unknown,
)
from core.states import Method, PaymentState
from core.storage.database import Database, Transaction
from core.storage.queue import claim, unfinished
from core.storage.tables import payment
from core.use_cases.asking import ASK_AFTER, CHECKOUT_ASK_AFTER, Moment, on_a_page
from core.use_cases.autopay_outcomes import AutopayOutcomes
from core.use_cases.cards import Cards
from core.use_cases.charging import Taken, charge_of, end_of, is_forgotten, operation_of, told_by
from core.use_cases.receipts import Receipts
from core.use_cases.settling import Settling

INLINE_GRACE = timedelta(seconds=10)  # the confirming process collects at once; jobs follow if it dies
LEASE = timedelta(seconds=20)  # longer than any call to a provider
NOT_SENT_AGAIN = timedelta(seconds=5)
NOT_SENT_TRIES = 3

log = structlog.get_logger()


class Payments:
    """Collects money at the providers and books what comes of it."""

    def __init__(
        self,
        database: Database,
        settling: Settling,
        cards: Cards,
        autopay: AutopayOutcomes,
        receipts: Receipts,
        providers: Providers,
        clock: Clock,
        wall: Clock,
    ) -> None:
        self._database = database
        self._settling = settling
        self._cards = cards
        self._autopay = autopay
        self._receipts = receipts
        self._providers = providers
        self._clock = clock
        self._wall = wall

    def takes(self, method: Method) -> bool:
        return self._providers.of(method) is not None

    def limits(self, method: Method) -> Limits | None:
        """What the provider takes at once by this method, where it says so."""
        provider = self._providers.of(method)
        return None if provider is None else provider.capabilities.limits.get(method)

    async def intend(self, tx: Transaction, asked: Any, *, card: Any = None) -> None:
        """Store the intent to collect a top-up, in the transaction that confirms it."""
        provider = self._providers.of(asked.method) if card is None else self._providers[card.provider]
        assert provider is not None, "no quote is made for a method that nobody takes"
        await tx.execute(
            insert(payment).values(
                id=new_id(),
                top_up_id=asked.id,
                provider=provider.name,
                method=asked.method,
                card_id=None if card is None else card.id,
                total=asked.total,
                state=PaymentState.INTENT,
                created_at=self._wall.now(),
                next_at=self._wall.now() + INLINE_GRACE,
            )
        )
        tx.wake("payments")

    async def collect_for(self, top_up_id: TopUpId, *, inline: bool = True) -> None:
        """Collect a top-up's payment at once, if it is still an intent; `inline`: its payer looks on."""
        async with self._database.transaction() as tx:
            rows = await self._take(tx, payment.c.top_up_id == top_up_id, limit=1)
        for row in rows:
            await self._collect(row, inline=inline)

    async def collect_once(self, n: int) -> int:
        """Collect due intents, and classify what was left in `sending` by who died."""
        if not await self._is_due(PaymentState.INTENT, PaymentState.SENDING):
            return 0
        now = self._wall.now()
        async with self._database.transaction() as tx:
            await self._recover(tx)
            rows = await self._take(tx, payment.c.next_at <= now, limit=n)
        await self._each(rows, partial(self._collect, inline=False))
        return len(rows)

    async def ask_once(self, n: int) -> int:
        """Ask the providers after payments that are pending or unknown for a while."""
        if not await self._is_due(PaymentState.PENDING, PaymentState.UNKNOWN):
            return 0
        now = self._wall.now()
        due = and_(
            payment.c.state.in_([PaymentState.PENDING, PaymentState.UNKNOWN]),
            payment.c.provider.in_(self._providers),
            payment.c.next_at <= now,
            or_(payment.c.lease_until.is_(None), payment.c.lease_until < now),
        )
        async with self._database.transaction() as tx:
            rows = await claim(
                tx, payment, due, order=payment.c.next_at, limit=n, now=now, lease=LEASE,
                asked=payment.c.asked + 1,
            )  # fmt: skip
        await self._each(rows, self._ask)
        return len(rows)

    async def _each(self, rows: Sequence[Any], work: Callable[[Any], Awaitable[None]]) -> None:
        """A batch at once, all to the end: trouble with one payment stops no other's call."""
        ended = await asyncio.gather(*(work(row) for row in rows), return_exceptions=True)
        if troubles := [each for each in ended if isinstance(each, BaseException)]:
            raise BaseExceptionGroup("payments", troubles)

    async def _take(self, tx: Transaction, which: Any, *, limit: int) -> Sequence[Taken]:
        """Intents that enter `sending`; those that were stopped before this commit are cancelled."""
        rows = await claim(
            tx,
            payment,
            and_(payment.c.state == PaymentState.INTENT, payment.c.provider.in_(self._providers), which),
            order=payment.c.next_at,
            limit=limit,
            now=self._wall.now(),
            lease=LEASE,
            state=PaymentState.SENDING,
            asked=payment.c.asked + 1,
        )
        dead = await self._autopay.dead(tx, rows)
        for row in rows:
            if row.id in dead:
                await self._settling.stopped(tx, row, self._moment())
        alive = [row for row in rows if row.id not in dead]
        await self._autopay.began(tx, alive)
        tokens = await self._cards.tokens(tx, alive)
        return [Taken(row, tokens.get(row.card_id)) for row in alive]

    async def _recover(self, tx: Transaction) -> None:
        """A lease that ran out in `sending`: repeated where the provider honours our key, else unknown."""
        now = self._wall.now()
        left = await tx.all(
            select(payment)
            .where(
                unfinished(payment),
                payment.c.state == PaymentState.SENDING,
                payment.c.provider.in_(self._providers),
                payment.c.lease_until < now,
            )
            .with_for_update(skip_locked=True)
        )
        for row in left:
            able = self._providers[row.provider].capabilities
            if able.honours(operation_of(row), age=now - row.created_at):
                await self._back_to_intent(tx, row, timedelta())
            else:
                await self._settling.undecided(tx, row.id, Unknown("died while sending"), self._moment())

    async def _collect(self, taken: Taken, *, inline: bool) -> None:
        row, able = taken.row, self._providers[taken.row.provider].capabilities
        if is_forgotten(able, row, self._wall.now()):
            await self._write(row, Unknown("key too old"))
            return
        repeatable = able.honours(operation_of(row))
        outcome = told_by(row, await self._call(row, taken.token), repeatable=repeatable)
        if isinstance(outcome, NotSent) or (isinstance(outcome, Unknown) and repeatable):
            await self._not_sent(row, outcome.reason, repeatable=repeatable)
        else:
            await self._write(row, outcome, inline=inline)

    async def _call(self, row: Any, token: str | None) -> Outcome:
        charge, provider = await self.charge_of(row), self._providers[row.provider]
        if row.method == Method.MOBILE:
            return await provider.charge_mobile(charge)
        if row.card_id is None:
            return await provider.start_checkout(charge)
        if token is None:
            return Declined("card_unreadable", hard=True)
        return await provider.charge_saved(charge, token)

    async def _not_sent(self, row: Any, reason: str, *, repeatable: bool) -> None:
        """To be sent again: under a key that is honoured this charges nothing twice."""
        if row.asked >= NOT_SENT_TRIES:
            # A page that nobody saw takes no money; of another call, one of the tries may have charged.
            lost = repeatable and not on_a_page(row)
            await self._write(row, Unknown(reason) if lost else Declined("unavailable"))
            return
        async with self._database.transaction() as tx:
            await self._back_to_intent(tx, row, NOT_SENT_AGAIN)
        log.warning("payment not sent", payment=str(row.id), reason=reason, attempt=row.asked)

    async def _back_to_intent(self, tx: Transaction, row: Any, after: timedelta) -> None:
        again = await tx.execute(
            update(payment)
            .where(payment.c.id == row.id, payment.c.lease == row.lease)
            .values(
                state=PaymentState.INTENT,
                lease=None,
                lease_until=None,
                next_at=self._wall.now() + after,
            )
        )
        if again.rowcount:
            await self._autopay.follow(tx, row, PaymentState.INTENT)

    async def _ask(self, row: Any) -> None:
        found = await self._state(row)
        if isinstance(found, Unknown):
            log.warning("provider did not tell", payment=str(row.id), reason=found.reason)
            await self._ask_later(row)
            return
        for outcome in found:
            if isinstance(outcome, Succeeded):
                await self._write(row, outcome)
        end = end_of(row, found)
        if end is not None:
            await self._write(row, end)
        else:
            await self._ask_later(row)

    async def _state(self, row: Any) -> Sequence[Outcome] | Unknown:
        provider = self._providers[row.provider]
        if row.method not in provider.capabilities.tells_state:
            return [Pending(row.provider_ref)]  # what became of it comes by callback or by the register
        return await provider.get_state(await self.charge_of(row), row.provider_ref)

    async def _ask_later(self, row: Any) -> None:
        """The next time to ask; nothing is written where the payment was settled meanwhile."""
        waits = CHECKOUT_ASK_AFTER if on_a_page(row) else ASK_AFTER
        if row.asked >= len(waits):
            log.error("payment still unknown: for staff", payment=str(row.id))
        wait = waits[min(row.asked, len(waits) - 1)]
        async with self._database.transaction() as tx:
            await tx.execute(
                update(payment)
                .where(payment.c.id == row.id, payment.c.lease == row.lease)
                .values(next_at=self._wall.now() + wait, lease=None, lease_until=None)
            )

    async def _write(self, row: Any, outcome: Outcome, *, inline: bool = False) -> None:
        try:
            await self._write_once(row, outcome, inline=inline)
        except IntegrityError:
            # A callback booked the same success meanwhile: the second look sees it.
            await self._write_once(row, outcome, inline=inline)

    async def _write_once(self, row: Any, outcome: Outcome, *, inline: bool) -> None:
        now = self._moment()
        async with self._database.transaction() as tx:
            if isinstance(outcome, Succeeded):
                booked = await self._settling.succeeded(tx, row.provider, row.id, outcome, row.method, now)
                if not booked and row.state == PaymentState.SENDING:
                    await self._settling.undecided(tx, row.id, Unknown("not booked"), now)
            elif isinstance(outcome, Declined):
                await self._settling.declined(tx, row.provider, row.id, outcome, now)
            else:
                await self._settling.undecided(tx, row.id, outcome, now, inline=inline)

    async def charge_of(self, row: Any) -> Charge:
        """A payment as its provider is asked for it."""
        async with self._database.read() as tx:
            return await charge_of(tx, row, self._receipts, saves=self._cards.saved_at(row.provider))

    async def _is_due(self, *states: PaymentState) -> bool:
        # A look costs no write lock: an idle job disturbs nobody.
        now = self._wall.now()
        late = or_(payment.c.next_at <= now, payment.c.lease_until < now)
        async with self._database.read() as tx:
            due = select(payment.c.id).where(
                unfinished(payment),
                payment.c.state.in_(states),
                payment.c.provider.in_(self._providers),
                late,
            )
            return await tx.scalar(due.limit(1)) is not None

    def _moment(self) -> Moment:
        return Moment(at=self._clock.now(), wall=self._wall.now())

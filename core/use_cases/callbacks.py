"""Callbacks: what a provider tells by itself is verified, stored, applied and acknowledged."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import and_, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from core.clock import Clock
from core.ids import PaymentId, new_id
from core.payments.choice import Providers
from core.payments.provider import (
    CallbackAnswer,
    CallbackRejected,
    Check,
    Declined,
    Hint,
    Pending,
    ProviderEvent,
    Refunded,
    Succeeded,
    Told,
    Unknown,
    Verdict,
)
from core.profile import Profile
from core.states import EventState
from core.storage.batch import Batch
from core.storage.database import Database, Transaction
from core.storage.new_rows import NewRows
from core.storage.queue import unfinished
from core.storage.tables import account, provider_event
from core.use_cases import early_refunds
from core.use_cases.asking import Moment
from core.use_cases.matching import match
from core.use_cases.receipts import Receipts
from core.use_cases.refunds import Refunds
from core.use_cases.settling import Settling

EVENT_AGAIN = timedelta(seconds=10)
# In a burst the others are acknowledged once they are stored: applying costs ten times that, and as many at
# once as this leave the loop to those who wait for their acknowledgement.
APPLIED_AT_ONCE = 2

_NEW = NewRows(provider_event, "provider", "event_key", returning="id")

log = structlog.get_logger()

_Event = dict[str, Any]  # a row of provider_event


class Callbacks:
    def __init__(
        self,
        database: Database,
        settling: Settling,
        refunds: Refunds,
        providers: Providers,
        receipts: Receipts,
        profile: Profile,
        clock: Clock,
        wall: Clock,
    ) -> None:
        self._database = database
        self._settling = settling
        self._refunds = refunds
        self._providers = providers
        self._receipts = receipts
        self._profile = profile
        self._clock = clock
        self._wall = wall
        self._applying = asyncio.Semaphore(APPLIED_AT_ONCE)
        self._new: Batch[_Event, bool] = Batch(self._store)

    async def take(
        self, provider_name: str, *, body: bytes, headers: Mapping[str, str], peer: str = ""
    ) -> CallbackAnswer:
        """Verify, store, apply and acknowledge a provider's callback, in that order.

        Nothing is stored of one that is not genuine, nor of a question before a payment. Once stored
        it is acknowledged whatever comes of applying it: the jobs apply it again. What has to be
        looked up at the provider first is left to the jobs, and so is what comes in a burst.
        """
        provider = self._providers.get(provider_name)
        if provider is None:
            return CallbackAnswer(404, "no such provider")
        try:
            said = provider.parse_callback(body, headers, peer)
        except CallbackRejected as rejected:
            log.warning("callback rejected", provider=provider_name, reason=rejected.reason)
            return rejected.answer
        if isinstance(said, Check):
            return await self._answer(said)
        if isinstance(said.event.outcome, Hint) or self._applying.locked():
            await self._store_event(provider_name, said, later=True)
            return said.answer
        async with self._applying:
            if await self._store_event(provider_name, said, later=False):
                await self._apply(provider_name, said.event)
        return said.answer

    async def _answer(self, check: Check) -> CallbackAnswer:
        """Whether the money would find its account, and what the receipt is to say."""
        try:
            async with self._database.read() as tx:
                known = await tx.scalar(select(account.c.id).where(account.c.number == check.number))
        except (SQLAlchemyError, OSError) as error:
            log.error("a provider's question is left open", error=type(error).__name__)
            return check.answer(Verdict.TROUBLE, None)
        limits = self._profile.methods.get(check.method.value)
        if known is None or limits is None or not limits.least <= check.total <= limits.most_total:
            return check.answer(Verdict.NO, None)
        receipt = self._receipts.to(check.number, phone=check.phone) if check.wants_receipt else None
        return check.answer(Verdict.YES, receipt)

    async def events_once(self, n: int) -> int:
        """Apply stored callbacks whose first application did not finish."""
        now = self._wall.now()
        due = and_(
            unfinished(provider_event),
            provider_event.c.provider.in_(self._providers),
            provider_event.c.next_at <= now,
        )
        async with self._database.read() as tx:
            if await tx.scalar(select(provider_event.c.id).where(due).limit(1)) is None:
                return 0
        async with self._database.transaction() as tx:
            rows = await tx.all(
                select(provider_event)
                .where(due)
                .order_by(provider_event.c.next_at)
                .limit(n)
                .with_for_update(skip_locked=True)
            )
            await tx.execute(
                update(provider_event)
                .where(provider_event.c.id.in_([row.id for row in rows]))
                .values(next_at=now + EVENT_AGAIN)
            )
        ended = await asyncio.gather(*(self._apply_stored(row) for row in rows), return_exceptions=True)
        if troubles := [each for each in ended if isinstance(each, BaseException)]:
            raise BaseExceptionGroup("callbacks", troubles)
        return len(rows)

    async def _apply_stored(self, row: Any) -> None:
        event = self._providers[row.provider].read_callback(row.body)
        if isinstance(event.outcome, Hint):
            found = await self._providers[row.provider].look_up(event)
            if isinstance(found, Unknown):
                log.warning("provider did not tell", provider=row.provider, reason=found.reason)
                return
            event = found
        async with self._applying:
            await self._apply(row.provider, event)

    async def _store_event(self, provider: str, told: Told, *, later: bool) -> bool:
        """False where it is known; `later`: the jobs apply it."""
        now = self._wall.now()
        return await self._new.put(
            {
                "id": new_id(),
                "provider": provider,
                "event_key": told.event.key[:160],
                "body": told.kept,
                "state": EventState.NEW,
                "received_at": now,
                "next_at": now if later else now + EVENT_AGAIN,
            }
        )

    async def _store(self, events: Sequence[_Event]) -> Sequence[bool]:
        # In one order everywhere: two processes with the same events would lock each other out.
        ordered = sorted(events, key=lambda event: (event["provider"], event["event_key"]))
        async with self._database.transaction() as tx:
            fresh = await _NEW.add(tx, ordered)
            if any(event["next_at"] == event["received_at"] for event in events):
                tx.wake("callbacks")
        return [event["id"] in fresh for event in events]

    async def _apply(self, provider: str, event: ProviderEvent) -> None:
        try:
            await self._apply_once(provider, event)
        except IntegrityError:
            await self._apply_once(provider, event)

    async def _apply_once(self, provider: str, event: ProviderEvent) -> None:
        async with self._database.transaction() as tx:
            state = await self.settle(tx, provider, event)
            await tx.execute(
                update(provider_event)
                .where(
                    provider_event.c.provider == provider,
                    provider_event.c.event_key == event.key[:160],
                )
                .values(state=state, reason=_why(event, state))
            )

    async def settle(self, tx: Transaction, provider: str, event: ProviderEvent) -> EventState:
        """What a callback or the register tells becomes postings, once however often it is told."""
        now = Moment(at=self._clock.now(), wall=self._wall.now())
        if isinstance(event.outcome, Refunded):
            if await early_refunds.is_early(tx, provider, event.outcome):
                return EventState.WAITING
            return await self._refunds.told(tx, provider, event.outcome, now)
        payment_id = await match(tx, provider, event)
        match event.outcome:
            case Succeeded() as success:
                # Without a payment of ours it is held in suspense.
                of = payment_id or PaymentId(new_id())
                booked = await self._settling.succeeded(tx, provider, of, success, event.method, now)
                return EventState.APPLIED if booked else EventState.REFUSED
            case Declined() as declined if payment_id is not None:
                await self._settling.declined(tx, provider, payment_id, declined, now)
            case Pending() as pending if payment_id is not None:
                await self._settling.undecided(tx, payment_id, pending, now)
        return EventState.APPLIED


def _why(event: ProviderEvent, state: EventState) -> str | None:
    """What a refused event was of: a success among them is money that nobody has; what another waits for."""
    if state == EventState.WAITING and isinstance(event.outcome, Refunded):
        return event.outcome.of
    return f"{type(event.outcome).__name__.lower()} not booked" if state == EventState.REFUSED else None

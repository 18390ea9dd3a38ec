"""From the outbox to the SMSC: notices are claimed, worded, cut, submitted, and their outcomes written."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Protocol

import structlog

from core.messages.outbox import LEASE, DueNotice, topic
from core.messages.segments import Alphabet, Segment, TooLong, segments_of
from core.messages.wakeups import Wakeups
from core.states import Channel, Lane
from core.use_cases.sending import Sending
from sms_gateway.lanes import Lanes
from sms_gateway.receipts import Receipt
from sms_gateway.smpp.codec import EncodeError
from sms_gateway.smpp.pdu import ESM_CLASS_UDH, SubmitSm
from sms_gateway.smpp.session import NotSent, Outcome, Refused, Submitted, Unknown
from sms_gateway.smpp.status import SLOW_DOWN

log = structlog.get_logger(__name__)

AT_ONCE = 100
BULK_PLACES = 5  # half of the window that is the default
SAFE_SECONDS = 6.0  # of the lease must be left when a message in bulk goes out
COMPANY_SECONDS = 0.05  # what comes meanwhile shares the next claim: a claim costs as much as three SMS
IDLE_SECONDS = 1.0  # wake-ups are hints: the outbox is looked at this often without one
REFUSED_AGAIN_AFTER = timedelta(seconds=30)
REFUSED_MOST = timedelta(minutes=10)
NOT_SENT_AGAIN_AFTER = timedelta(seconds=2)
MOST_EARLY_RECEIPTS = 10_000
MOST_ID_LETTERS = 80  # what the outbox keeps; the standard has 64

# 5.2.5 and 5.2.6: the short code is the network's own number, phones are international ISDN numbers.
TON_INTERNATIONAL, TON_NETWORK, NPI_ISDN, NPI_UNKNOWN = 1, 3, 1, 0
RECEIPT_WANTED = 1

SEALED, OPENED = "sealed", "code"  # a one-time code as it rests, and as a claim hands it out

Render = Callable[[DueNotice], str]


class Submitter(Protocol):
    """What a delivery needs of a session."""

    async def bound(self) -> None: ...

    async def submit(self, pdu: SubmitSm) -> Outcome: ...


class Delivery:
    def __init__(
        self,
        sending: Sending,
        session: Submitter,
        wakeups: Wakeups,
        *,
        render: Render,
        short_code: str,
        alphabet: Alphabet,
        at_once: int = AT_ONCE,
        bulk_places: int = BULK_PLACES,
    ) -> None:
        self._sending = sending
        self._session = session
        self._wakeups = wakeups
        self._render = render
        self._short_code = short_code
        self._alphabet: Alphabet = alphabet
        self._at_once = at_once
        self._lanes = Lanes(bulk_places)
        self._stopping = False
        self._at_work = 0
        self._resting = asyncio.Event()
        self._resting.set()
        self._early: dict[str, Receipt] = {}

    async def run(self) -> None:
        """A round for people; two in bulk, so that one sends while the other claims or marks."""
        async with asyncio.TaskGroup() as tasks:
            for lane in (Lane.PEOPLE, Lane.BULK, Lane.BULK):
                tasks.create_task(self._rounds(lane))

    async def stop(self) -> None:
        """Claim no more; return when the batches in hand are through."""
        self._stopping = True
        await self._resting.wait()

    async def run_once(self, lane: Lane = Lane.PEOPLE) -> int:
        """Claim what is due and see it through; how many notices that were."""
        until = asyncio.get_running_loop().time() + LEASE.total_seconds() - SAFE_SECONDS
        notices = await self._sending.claim(Channel.SMS, self._at_once, lane=lane)
        texts = [(notice, self._segments(notice)) for notice in notices]
        refused = await self._sending.spend([(notice, len(segments)) for notice, segments in texts])
        async with asyncio.TaskGroup() as tasks:
            trials = [
                (notice, tasks.create_task(self._send(notice, segments, until)))
                for notice, segments in texts
                if notice.id not in refused
            ]
        await self._settle([(notice, trial.result()) for notice, trial in trials])
        return len(notices)

    async def _rounds(self, lane: Lane) -> None:
        while True:
            await self._session.bound()
            if self._stopping:
                return
            self._begin()
            try:
                found = await self.run_once(lane)
            except Exception:
                # What was claimed comes back when its lease ends, marked as perhaps sent.
                log.exception("delivery of sms failed")
                found = 0
            finally:
                self._end()
            if not found:
                await self._wakeups.wait(topic(Channel.SMS, lane), IDLE_SECONDS)
            elif found < self._at_once and not self._stopping:
                await asyncio.sleep(COMPANY_SECONDS)

    def _begin(self) -> None:
        self._at_work += 1
        self._resting.clear()

    def _end(self) -> None:
        self._at_work -= 1
        if not self._at_work:
            self._resting.set()

    async def _settle(self, outcomes: Sequence[tuple[DueNotice, Outcome]]) -> None:
        sent: list[tuple[DueNotice, str | None]] = []
        unsent: dict[tuple[str, timedelta], list[DueNotice]] = defaultdict(list)
        for notice, outcome in outcomes:
            match outcome:
                case Submitted(message_id):
                    sent.append((notice, message_id[:MOST_ID_LETTERS] or None))
                case Refused(status) if status in SLOW_DOWN:
                    unsent[f"smsc {status:#x}", REFUSED_AGAIN_AFTER].append(notice)
                case Refused(status, retry=True):
                    after = min(REFUSED_AGAIN_AFTER * notice.attempt, REFUSED_MOST)
                    await self._sending.retry(notice, after=after, reason=f"smsc {status:#x}")
                case Refused(status):
                    await self._sending.failed(notice, f"smsc {status:#x}" if status else "cannot be sent")
                case NotSent(why):
                    unsent[why, NOT_SENT_AGAIN_AFTER].append(notice)
                case Unknown(why):
                    await self._sending.uncertain(notice, why)
        if sent:
            await self._sending.sent(sent)
            await self._apply_early_receipts(sent)
        for (why, after), notices in unsent.items():
            await self._sending.put_back(notices, after=after, reason=why)

    async def take_receipt(self, receipt: Receipt) -> None:
        """Write what became of a message; a receipt that overtakes its submit_sm_resp is kept for it."""
        if not receipt.final or not receipt.ids:
            return
        # Kept before asking: the outcome may be written between the question and its answer.
        for message_id in receipt.ids:
            self._early[message_id] = receipt
        while len(self._early) > MOST_EARLY_RECEIPTS:
            del self._early[next(iter(self._early))]
        for message_id in receipt.ids:
            if await self._write_receipt(message_id, receipt):
                break

    def _segments(self, notice: DueNotice) -> list[Segment]:
        """The parts to submit; none where it cannot be sent."""
        if SEALED in notice.params and OPENED not in notice.params:
            log.error("one-time code cannot be opened here", notice=str(notice.id), template=notice.template)
            return []
        try:
            text = self._render(notice)
        except Exception:  # whatever is wrong with one notice, the others of the batch go out
            log.exception("notice not rendered", notice=str(notice.id), template=notice.template)
            return []
        try:
            return segments_of(text, reference=notice.id.int & 0xFF, alphabet=self._alphabet)
        except TooLong as error:
            log.error("sms cannot be sent", notice=str(notice.id), template=notice.template, why=str(error))
            return []

    async def _send(self, notice: DueNotice, segments: Sequence[Segment], until: float) -> Outcome:
        if notice.lane == Lane.PEOPLE:
            with self._lanes.people():
                return await self._submit(notice, segments)
        async with self._lanes.bulk():
            if asyncio.get_running_loop().time() > until:
                return NotSent("held too long")
            return await self._submit(notice, segments)

    async def _submit(self, notice: DueNotice, segments: Sequence[Segment]) -> Outcome:
        outcome: Outcome = Refused(0, retry=False)
        try:
            for number, segment in enumerate(segments, start=1):
                outcome = await self._session.submit(
                    self._message(notice.address, segment, last=number == len(segments))
                )
                if not isinstance(outcome, Submitted):
                    break
        except EncodeError as error:
            log.error("sms cannot be sent", notice=str(notice.id), template=notice.template, why=str(error))
            return Refused(0, retry=False)
        return outcome

    def _message(self, address: str, segment: Segment, *, last: bool) -> SubmitSm:
        # One receipt a text: that of its last part, by whose id the outbox knows it.
        return SubmitSm(
            source_addr_ton=TON_NETWORK,
            source_addr_npi=NPI_UNKNOWN,
            source_addr=self._short_code,
            dest_addr_ton=TON_INTERNATIONAL,
            dest_addr_npi=NPI_ISDN,
            destination_addr=address,
            esm_class=ESM_CLASS_UDH if segment.udh else 0,
            registered_delivery=RECEIPT_WANTED if last else 0,
            data_coding=segment.data_coding,
            short_message=segment.udh + segment.payload,
        )

    async def _apply_early_receipts(self, sent: list[tuple[DueNotice, str | None]]) -> None:
        for _, message_id in sent:
            receipt = self._early.get(message_id) if message_id else None
            if message_id and receipt:
                await self._write_receipt(message_id, receipt)

    async def _write_receipt(self, message_id: str, receipt: Receipt) -> bool:
        known = await self._sending.receipt(
            message_id[:MOST_ID_LETTERS],
            delivered=receipt.delivered,
            reason=f"{receipt.state} {receipt.error}".strip(),
        )
        if known:
            for each in receipt.ids:
                self._early.pop(each, None)
        return known

"""From the outbox to the SMSCs: notices are claimed, worded, cut, submitted, and their outcomes written."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import structlog

from core.clock import Clock
from core.messages.outbox import LEASE, DueNotice, topic
from core.messages.segments import TooLong
from core.messages.sms_trials import NO_ANSWER, End, Trial
from core.messages.wakeups import Wakeups
from core.sms_states import SmsState
from core.states import Channel, Lane
from core.storage.batch import Batch
from core.use_cases.sending import Sending
from core.use_cases.sms_sending import Given, SmsSending
from sms_gateway.carriers import Carriers, Way
from sms_gateway.settling import Settling
from sms_gateway.smpp.cutting import Piece
from sms_gateway.trying import digest_of, try_to_send

log = structlog.get_logger(__name__)

SAFE_SECONDS = 6.0  # of the lease must be left when a part goes out
COMPANY_SECONDS = 0.05  # what comes meanwhile shares the next claim: a claim costs as much as three SMS
IDLE_SECONDS = 1.0  # wake-ups are hints: the outbox is looked at this often without one
CROWDED = timedelta(seconds=5)  # what answers nothing comes back so late where its way has no room
LEAST_CLAIM = 0.5  # of a way's room: many small claims cost more than they gain

SEALED, OPENED = "sealed", "code"  # a one-time code as it rests, and as a claim hands it out

NOTHING = Piece(0, 0, b"")  # stands for a text that no way is there to cut for

Render = Callable[[DueNotice], str]


@dataclass(frozen=True, slots=True)
class Job:
    """A notice on its way: by which way, in which pieces (none where it cannot be sent)."""

    notice: DueNotice
    way: Way | None
    pieces: Sequence[Piece]
    digest: str


class Delivery:
    """`run` until cancelled; after `stop` nothing is claimed any more."""

    def __init__(
        self,
        sending: Sending,
        sms: SmsSending,
        carriers: Carriers,
        wakeups: Wakeups,
        *,
        render: Render,
        settling: Settling,
        wall: Clock,
    ) -> None:
        self._sending = sending
        self._sms = sms
        self._carriers = carriers
        self._wakeups = wakeups
        self._render = render
        self._settling = settling
        self._wall = wall
        self._outcomes: Batch[Trial, None] = Batch(sms.conclude)
        self._stopping = False
        self._in_hand = 0
        self._resting = asyncio.Event()
        self._resting.set()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for lane in (Lane.PEOPLE, Lane.BULK):
                tasks.create_task(self._rounds(lane, tasks))

    async def stop(self) -> None:
        """Claim no more; return when what is in hand is through."""
        self._stopping = True
        self._carriers.note_change()
        await self._resting.wait()

    async def run_once(self, lane: Lane = Lane.PEOPLE) -> int:
        """Claim what is due and see it through; how many notices that were."""
        async with asyncio.TaskGroup() as tasks:
            return await self._take_up(lane, tasks, self._carriers.room(lane))

    async def _rounds(self, lane: Lane, tasks: asyncio.TaskGroup) -> None:
        while not self._stopping:
            room = self._carriers.room(lane)
            if not self._carriers.worth_a_claim(lane, LEAST_CLAIM):
                # A pause ends by itself, without a change to be told of.
                with suppress(TimeoutError):
                    async with asyncio.timeout(IDLE_SECONDS / 2):
                        await self._carriers.changed()
                continue
            try:
                found = await self._take_up(lane, tasks, room)
            except Exception:
                # What was claimed comes back when its lease ends, marked as perhaps sent.
                log.exception("delivery of sms failed")
                found = 0
            if not found:
                await self._wakeups.wait(topic(Channel.SMS, lane), IDLE_SECONDS)
            elif found < room and not self._stopping:
                await asyncio.sleep(COMPANY_SECONDS)

    async def _take_up(self, lane: Lane, tasks: asyncio.TaskGroup, room: int) -> int:
        until = asyncio.get_running_loop().time() + LEASE.total_seconds() - SAFE_SECONDS
        self._hold(1)  # a stop waits for what this claim brings
        notices: Sequence[DueNotice] = ()
        jobs: list[Job] = []
        try:
            notices = await self._sending.claim(Channel.SMS, room, lane=lane, avoid=self._carriers.full(lane))
            crowded = []
            for notice in notices:
                way = await self._carriers.way_for(notice)
                if way is not None and not way.room(lane) and not _was_asked_for_there(notice, way):
                    crowded.append(notice)  # the claim was for the room of others
                else:
                    jobs.append(self._job(notice, way))
            await self._sending.put_back(crowded, after=CROWDED, reason="its way is full")
            costs = [(job.notice, sum(piece.segments for piece in job.pieces)) for job in jobs]
            refused = await self._sending.spend(costs)
            given = await self._sms.given([job.notice for job in jobs])
            for job in jobs:
                if job.notice.id in refused:
                    self._let_go(job)
                else:
                    self._hold(1)
                    tasks.create_task(self._see_through(job, given, until))
        except Exception:
            await self._give_back(notices, jobs)
            raise
        finally:
            self._hold(-1)
        return len(notices)

    async def _give_back(self, notices: Sequence[DueNotice], jobs: Sequence[Job]) -> None:
        """Nothing of them left us: they are due again where they stood, and not perhaps sent."""
        for job in jobs:
            self._let_go(job)
        await self._sms.conclude(
            [Trial(each, "", "", "", 0, (), End.NOT_SENT, "not begun") for each in notices]
        )

    async def _see_through(self, job: Job, given: Given, until: float) -> None:
        try:
            trial = await self._trial(job, given, until)
            await self._outcomes.put(trial)
        except Exception:
            log.exception("outcome of an sms not written", notice=str(job.notice.id))
        finally:
            self._let_go(job)
            self._hold(-1)

    async def _trial(self, job: Job, given: Given, until: float) -> Trial:
        notice, way = job.notice, job.way
        if not job.pieces:
            return Trial(notice, "", "", "", 0, (), End.REFUSED, "cannot be sent")
        if way is None:
            return Trial(notice, "", "", "", 0, (), End.NOT_SENT, "not bound")
        carrier, total = way.carrier, len(job.pieces)
        mine = given.get(notice.id, {})
        if not notice.repeat and _may_be_had(mine, otherwise_than=job.digest):
            return Trial(notice, carrier.name, carrier.label, job.digest, total, (), End.UNKNOWN, NO_ANSWER)
        going = try_to_send(
            carrier, notice, job.pieces, before=mine.get(job.digest, {}), until=until,
            lives_seconds=self._lives_seconds(notice), on_late=self._settling.late_of(carrier, notice),
        )  # fmt: skip
        if notice.lane == Lane.PEOPLE:
            with way.lanes.people():
                sent, end, reason = await going
        else:
            async with way.lanes.bulk():
                sent, end, reason = await going
        return Trial(
            notice, carrier.name, carrier.label, job.digest, total, sent, end, reason,
            asks=carrier.offers_query,
        )  # fmt: skip

    def _job(self, notice: DueNotice, way: Way | None) -> Job:
        if way is None:
            return Job(notice, None, (NOTHING,), "")
        way.take(notice.lane)
        text = self._text(notice)
        try:
            pieces = way.carrier.cut(text, reference=_reference_of(notice, text)) if text else []
        except TooLong as error:
            log.error("sms cannot be sent", notice=str(notice.id), template=notice.template, why=str(error))
            pieces = []
        return Job(notice, way, pieces, digest_of(way.carrier.name, pieces))

    def _text(self, notice: DueNotice) -> str:
        """Empty where there are no words for it."""
        if SEALED in notice.params and OPENED not in notice.params:
            log.error("one-time code cannot be opened here", notice=str(notice.id), template=notice.template)
            return ""
        try:
            return self._render(notice)
        except Exception:  # whatever is wrong with one notice, the others of the batch go out
            log.exception("notice not rendered", notice=str(notice.id), template=notice.template)
            return ""

    def _lives_seconds(self, notice: DueNotice) -> float | None:
        if notice.expires_at is None:
            return None
        return (notice.expires_at - self._wall.now()).total_seconds()

    def _let_go(self, job: Job) -> None:
        if job.way is not None:
            job.way.give_back(job.notice.lane)
        self._carriers.note_change()

    def _hold(self, more: int) -> None:
        self._in_hand += more
        if self._in_hand:
            self._resting.clear()
        else:
            self._resting.set()


def _was_asked_for_there(notice: DueNotice, way: Way) -> bool:
    """A claim leaves out the answers to what came by a way without room; it knows of no others."""
    return notice.incoming_id is not None and notice.smsc == way.carrier.name


def _reference_of(notice: DueNotice, text: str) -> int:
    """Of the text as it is worded: a phone joins no part of a marked repeat to those that it has."""
    return zlib.crc32(text.encode(), notice.id.int & 0xFFFFFFFF) & 0xFFFF


def _may_be_had(given: Mapping[str, Mapping[int, SmsState]], *, otherwise_than: str) -> bool:
    """Whether an answer is missing of the text in another cut, or at another SMSC: it is not begun anew."""
    return any(
        SmsState.UNKNOWN in parts.values() for digest, parts in given.items() if digest != otherwise_than
    )

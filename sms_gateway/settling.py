"""What becomes of SMS after they have left: receipts, answers that come late, query_sm where offered."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog
from sqlalchemy.exc import DBAPIError

from core.messages.masking import mask_phone
from core.messages.outbox import DueNotice
from core.messages.sms_trials import PartTold, ReceiptTold
from core.sms_states import SmsState
from core.storage.batch import Batch
from core.use_cases.sms_queries import SmsQueries
from core.use_cases.sms_receipts import SmsReceipts
from sms_gateway.carriers import Carrier
from sms_gateway.outcomes import Outcome, Refused, Submitted
from sms_gateway.receipts import STATES, Receipt, sms_state_of
from sms_gateway.smpp.bind import Bind
from sms_gateway.trying import OnLatePart

log = structlog.get_logger(__name__)

LATE_SECONDS = 1.0  # by then the missing answer is written down, and can be put right
AGAIN_SECONDS = 1.0  # where the database is away
ASK_SECONDS = 5.0
ASK_AT_ONCE = 50


class Settling:
    """`run` for late answers and questions; receipts are written when they come."""

    def __init__(self, receipts: SmsReceipts, queries: SmsQueries) -> None:
        self._receipts = receipts
        self._queries = queries
        self._told: Batch[ReceiptTold, None] = Batch(receipts.take)
        self._late: asyncio.Queue[tuple[float, PartTold]] = asyncio.Queue()

    async def take_receipt(self, smsc: str, receipt: Receipt) -> None:
        """Written down when this returns: it may be acknowledged then."""
        state = sms_state_of(receipt.state)
        if state is None or not (receipt.ids or receipt.phone):
            phone = mask_phone(receipt.phone)
            log.warning("receipt tells nothing", smsc=smsc, phone=phone, state=receipt.state, ids=receipt.ids)
            return
        reason = f"{receipt.state} {receipt.error}".strip()
        await self._told.put(ReceiptTold(smsc, receipt.ids, receipt.phone, state, reason))

    def late_of(self, carrier: Carrier, notice: DueNotice) -> OnLatePart:
        """Where an answer goes that comes after its part was given up as unknown."""

        def take(part: int, outcome: Outcome) -> None:
            told = _late(notice, part, outcome, asks=carrier.offers_query)
            if told is not None:
                log.info("late answer of the smsc", smsc=carrier.label, notice=str(notice.id))
                self._put_late(told, LATE_SECONDS)

        return take

    async def run(self, binds: Sequence[Bind]) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._write_late())
            asking = [bind for bind in binds if bind.offers_query]
            if asking:
                tasks.create_task(self._ask(asking))

    async def write_late_once(self) -> None:
        """Wait for a late answer and write it."""
        due_at, told = await self._late.get()
        # Counted from its own coming: of many that come together none waits for the others.
        await asyncio.sleep(due_at - asyncio.get_running_loop().time())
        try:
            await self._receipts.settle([told])
        except (DBAPIError, OSError) as trouble:
            log.warning("late answer not written yet", error=type(trouble).__name__)
            self._put_late(told, AGAIN_SECONDS)
        except Exception:
            log.exception("late answer not written", notice=str(told.notice_id))

    async def ask_once(self, binds: Sequence[Bind]) -> int:
        """Ask after parts that no receipt came for; how many."""
        up = {bind.name: bind for bind in binds if bind.up}
        due = await self._queries.due(sorted(up), ASK_AT_ONCE)
        for part in due:
            answer = await up[part.smsc].query(part.message_id)
            state = sms_state_of(STATES.get(answer.message_state, "")) if answer else None
            if answer is None or state in (None, SmsState.SENT):
                continue
            reason = f"query {STATES[answer.message_state]} {answer.error_code}"
            await self._receipts.settle(
                [PartTold(part.notice_id, part.trial, part.part, state, reason, None)]
            )
        return len(due)

    def _put_late(self, told: PartTold, seconds: float) -> None:
        self._late.put_nowait((asyncio.get_running_loop().time() + seconds, told))

    async def _write_late(self) -> None:
        while True:
            await self.write_late_once()

    async def _ask(self, binds: Sequence[Bind]) -> None:
        while True:
            try:
                asked = await self.ask_once(binds)
            except Exception:
                log.exception("smsc not asked")
                asked = 0
            if asked < ASK_AT_ONCE:
                await asyncio.sleep(ASK_SECONDS)


def _late(notice: DueNotice, part: int, outcome: Outcome, *, asks: bool) -> PartTold | None:
    match outcome:
        case Submitted(message_id):
            state, why, said = SmsState.SENT, "late answer", message_id or None
        case Refused(status):
            state, why, said = SmsState.FAILED, f"smsc {status:#x}", None
        case _:
            return None
    return PartTold(notice.id, notice.lease, part, state, why, said, asks=asks and said is not None)

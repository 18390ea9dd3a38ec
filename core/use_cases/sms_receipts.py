"""Receipts: what the mobile network says became of each part, however early, and of the whole text."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import (
    Boolean,
    ColumnElement,
    Row,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    null,
    or_,
    select,
    true,
    update,
)

from core.clock import Clock
from core.ids import NoticeId, new_id
from core.messages.masking import mask_phone
from core.messages.sms_trials import MOST_ID_LETTERS, PartTold, ReceiptTold, Trial, joined, known_as
from core.sms_states import SmsState
from core.states import NoticeState
from core.storage.away import outlasting
from core.storage.database import Database, Transaction
from core.storage.message_tables import notice, sms_receipt, sms_submission
from core.use_cases.sms_matching import (
    STRANGE_AFTER,
    alone_of_a_phone,
    is_of,
    known_to,
    left_behind,
    parts_of,
    with_readings,
)

log = structlog.get_logger(__name__)

FINAL = (SmsState.DELIVERED, SmsState.FAILED, SmsState.EXPIRED)
ASK_FIRST = timedelta(minutes=10)  # most receipts have come by then
KEPT = timedelta(days=2)  # a receipt that nobody waited for
MOST_PHONE_LETTERS = 32

_NOTICE_STATE = {
    SmsState.SENT: NoticeState.SENT,
    SmsState.DELIVERED: NoticeState.DELIVERED,
    SmsState.FAILED: NoticeState.FAILED,
    SmsState.EXPIRED: NoticeState.EXPIRED,
    SmsState.UNKNOWN: NoticeState.UNCERTAIN,
}
_PART = sms_submission.c
_SETTLE = (
    update(sms_submission)
    .where(
        _PART.notice_id == bindparam("of"),
        _PART.trial == bindparam("by"),
        _PART.part == bindparam("nth"),
        or_(_PART.state == SmsState.SENT, _PART.state == SmsState.UNKNOWN),
    )
    .values(
        state=bindparam("becomes", type_=_PART.state.type),
        reason=bindparam("why", type_=_PART.reason.type),
        message_id=func.coalesce(bindparam("said", type_=_PART.message_id.type), _PART.message_id),
        known_as=func.coalesce(bindparam("known", type_=_PART.known_as.type), _PART.known_as),
        settled_at=bindparam("settled", type_=_PART.settled_at.type),
        # No receipt on the way takes the question away; an end does.
        ask_at=case(
            (bindparam("ends", type_=Boolean(create_constraint=False)), null()),
            else_=func.coalesce(bindparam("asks", type_=_PART.ask_at.type), _PART.ask_at),
        ),
    )
)


class SmsReceipts:
    def __init__(self, database: Database, wall: Clock) -> None:
        self._database = database
        self._wall = wall

    async def take(self, told: Sequence[ReceiptTold]) -> Sequence[None]:
        """Write what they say; one that overtakes its submission is kept. They may be acknowledged then."""
        came_at = self._wall.now()
        strangers = await self._apply(told, came_at)
        if strangers:
            await self._keep(strangers, came_at)
            # The submission may have been written between the question and the keeping.
            found = set(strangers) - set(await self._apply(strangers, came_at))
            await self._forget([each for each in strangers if each in found])
        return [None] * len(told)

    async def apply_early(self, trials: Sequence[Trial]) -> None:
        """The receipts that came before their submissions were written."""
        if not trials:
            return
        given = [part.message_id for trial in trials for part in trial.sent if part.message_id]
        keys = with_readings(known_as(each) for each in given)
        smscs = {trial.smsc for trial in trials}
        theirs = and_(
            sms_receipt.c.phone.in_({trial.held.address for trial in trials}),
            sms_receipt.c.received_at > self._wall.now() - STRANGE_AFTER,
        )
        kept = select(sms_receipt).where(
            sms_receipt.c.smsc.in_(smscs),
            sms_receipt.c.known_as.in_({*keys, ""}),
            or_(sms_receipt.c.known_as != "", theirs),
        )
        async with self._database.read() as tx:
            rows = await tx.all(kept)
        if not rows:
            return
        early = [_told(row) for row in rows]
        left = await self._apply(early, self._wall.now())
        await self._forget([each for each in early if each not in left])

    @outlasting
    async def settle(self, told: Sequence[PartTold]) -> None:
        """What became of parts that are known: by a late answer, by query_sm, by staff."""
        async with self._database.transaction() as tx:
            await self._settle(tx, told)

    async def match_once(self) -> int:
        """Attribute receipts without a known id to submissions without an answer: to one of a phone alone.

        And those whose process died before it applied them. How many were settled so.
        """
        now = self._wall.now()
        async with self._database.read() as tx:
            pairs = await left_behind(tx, now) or await alone_of_a_phone(tx, now)
        if pairs:
            async with self._database.transaction() as tx:
                await self._settle(
                    tx,
                    [_of(part, each.state, each.reason, each.known_as or None) for part, each in pairs],
                )
                ids = [each.id for _, each in pairs]
                await tx.execute(delete(sms_receipt).where(sms_receipt.c.id.in_(ids)))
        return len(pairs)

    async def forget_once(self) -> int:
        """Receipts that turned out to be nobody's."""
        old = sms_receipt.c.received_at < self._wall.now() - KEPT
        async with self._database.read() as tx:
            if await tx.scalar(select(sms_receipt.c.id).where(old).limit(1)) is None:
                return 0
        async with self._database.transaction() as tx:
            return (await tx.execute(delete(sms_receipt).where(old))).rowcount

    async def _apply(self, told: Sequence[ReceiptTold], now: datetime) -> list[ReceiptTold]:
        """Write those whose parts are known; the others."""
        async with self._database.read() as tx:
            known = await known_to(tx, told)
            may_be_of = [await parts_of(tx, each, known, now) for each in told]
        found, strangers = [], []
        for each, parts in zip(told, may_be_of, strict=True):
            if not parts:
                strangers.append(each)
            elif len(parts) > 1 or not is_of(each, parts[0], now):
                log.info(
                    "receipt without an id settles nothing", smsc=each.smsc, phone=mask_phone(each.phone)
                )
            elif each.state is not SmsState.SENT:
                found.append(_of(parts[0], each.state, each.reason, None))
        if found:
            async with self._database.transaction() as tx:
                await self._settle(tx, found)
        return strangers

    async def _settle(self, tx: Transaction, told: Sequence[PartTold]) -> None:
        now = self._wall.now()
        ids = sorted({each.notice_id for each in told})
        # One at a time a text: of two parts settled side by side neither would see the other.
        await tx.all(select(notice.c.id).where(notice.c.id.in_(ids)).order_by(notice.c.id).with_for_update())
        await tx.execute(_SETTLE, [_values(each, now) for each in told])
        await self.join(tx, ids)

    async def join(self, tx: Transaction, ids: Sequence[NoticeId]) -> None:
        """Give texts the state that their parts come to."""
        now = self._wall.now()
        parts = defaultdict(list)
        for row in await tx.all(select(sms_submission).where(_PART.notice_id.in_(ids))):
            parts[row.notice_id].append(row)
        becomes: dict[tuple[SmsState, str | None], list[NoticeId]] = defaultdict(list)
        for notice_id, rows in parts.items():
            end = joined(rows)
            if end is not None:
                becomes[end].append(notice_id)
        for (state, reason), those in becomes.items():
            await _write(tx, those, state, reason, now)

    async def _keep(self, strangers: Sequence[ReceiptTold], came_at: datetime) -> None:
        rows: list[dict[str, Any]] = [
            {
                "id": new_id(),
                "smsc": each.smsc,
                "known_as": key,
                "phone": each.phone[:MOST_PHONE_LETTERS],
                "state": each.state,
                "reason": each.reason[:120],
                "received_at": came_at,
            }
            for each in strangers
            if each.state is not SmsState.SENT
            for key in sorted(each.keys) or [""]
        ]
        for row in rows:
            if not row["known_as"]:
                log.info("receipt without an id waits", smsc=row["smsc"], phone=mask_phone(row["phone"]))
        if rows:
            async with self._database.transaction() as tx:
                await tx.execute(insert(sms_receipt), rows)

    async def _forget(self, told: Sequence[ReceiptTold]) -> None:
        if not told:
            return
        these = [
            and_(
                sms_receipt.c.smsc == each.smsc,
                sms_receipt.c.known_as.in_(each.keys or [""]),
                sms_receipt.c.phone == each.phone[:MOST_PHONE_LETTERS] if not each.ids else true(),
            )
            for each in told
        ]
        async with self._database.transaction() as tx:
            await tx.execute(delete(sms_receipt).where(or_(*these)))


def _told(row: Row[Any]) -> ReceiptTold:
    ids = (row.known_as,) if row.known_as else ()
    return ReceiptTold(row.smsc, ids, row.phone, row.state, row.reason, row.received_at)


def _of(part: Row[Any], state: SmsState, reason: str | None, message_id: str | None) -> PartTold:
    return PartTold(part.notice_id, part.trial, part.part, state, reason, message_id)


def _values(told: PartTold, now: datetime) -> dict[str, Any]:
    return {
        "of": told.notice_id,
        "by": told.trial,
        "nth": told.part,
        "becomes": told.state,
        "why": told.reason and told.reason[:120],
        "said": told.message_id and told.message_id[:MOST_ID_LETTERS],
        "known": told.message_id and known_as(told.message_id),
        "settled": now if told.state in FINAL else None,
        "ends": told.state in FINAL,
        "asks": now + ASK_FIRST if told.asks else None,
    }


async def _write(
    tx: Transaction, ids: Sequence[NoticeId], state: SmsState, reason: str | None, now: datetime
) -> None:
    """A text that was perhaps sent, and waits to go again, stays here where it turns out to have gone."""
    waits = and_(notice.c.state == NoticeState.DUE, notice.c.repeat == true())
    went: ColumnElement[bool] = notice.c.state.in_([NoticeState.SENT, NoticeState.UNCERTAIN])
    values: dict[str, Any] = {"state": _NOTICE_STATE[state], "reason": reason}
    if state in (SmsState.SENT, SmsState.DELIVERED):
        went = or_(went, waits)
        values["sent_at"] = func.coalesce(
            notice.c.sent_at, bindparam("now", now, type_=notice.c.sent_at.type)
        )
    await tx.execute(
        update(notice)
        .where(notice.c.id.in_(ids), went, notice.c.state != _NOTICE_STATE[state])
        .values(values)
    )

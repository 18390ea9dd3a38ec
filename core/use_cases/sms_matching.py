"""Which part a receipt is of: by the SMSC's id in either base, or by being the only one of its phone."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, or_, select, text, true

from core.messages.sms_trials import ReceiptTold, readings
from core.sms_states import SmsState
from core.states import Channel, NoticeState
from core.storage.database import Transaction
from core.storage.message_tables import notice, sms_receipt, sms_submission

STRANGE_AFTER = timedelta(seconds=60)  # by then its submission is written, if it was ours and was answered
UNKNOWN_WITHIN = timedelta(days=1)
TOLD_AGAIN_WITHIN = timedelta(hours=6)  # SMSCs repeat receipts, after a rebind those of hours
AT_ONCE = 100
OPEN = (SmsState.SENT, SmsState.UNKNOWN)
PHONE_DIGITS = 10  # that two forms of a number share

_PART = sms_submission.c


def with_readings(keys: Iterable[str]) -> set[str]:
    return {reading for key in keys for reading in (key, *readings(key))}


async def known_to(tx: Transaction, told: Sequence[ReceiptTold]) -> list[Row[Any]]:
    """The parts that these receipts may be of."""
    keys = with_readings(key for receipt in told for key in receipt.keys)
    if not keys:
        return []
    return await tx.all(
        select(
            _PART.notice_id,
            _PART.trial,
            _PART.part,
            _PART.smsc,
            _PART.known_as,
            _PART.state,
            notice.c.address,
        )
        .join(notice, notice.c.id == _PART.notice_id)
        .where(_PART.smsc.in_({each.smsc for each in told}), _PART.known_as.in_(keys))
        .order_by(_PART.submitted_at)
    )


async def parts_of(
    tx: Transaction, told: ReceiptTold, known: Sequence[Row[Any]], now: datetime
) -> Sequence[Row[Any]]:
    """The part that a receipt is of; where it has no id, those that it may be of."""
    if not told.ids:
        return await _of_its_phone(tx, told, now)
    part = _choose(told, known)
    return [] if part is None else [part]


def _choose(told: ReceiptTold, known: Sequence[Row[Any]]) -> Row[Any] | None:
    """The part that a receipt is of by its ids; they come round again, so the newest of several."""
    phone = told.phone if len(told.phone) >= PHONE_DIGITS else ""
    may_be = [
        row for row in known if row.smsc == told.smsc and (not phone or _same_phone(row.address, phone))
    ]
    mine = [row for row in may_be if row.known_as in told.keys]
    if not mine:
        # The number in the other base may be another message's id: it is not, where nothing else fits.
        other = {reading for key in told.keys for reading in readings(key)}
        mine = [row for row in may_be if row.known_as in other and row.state in OPEN]
        if not phone and len(mine) > 1:
            return None
    return mine[-1] if mine else None


async def _of_its_phone(tx: Transaction, told: ReceiptTold, now: datetime) -> list[Row[Any]]:
    """The parts that a receipt without an id may be of: all of its phone that wait for one, by whatever way.

    None where another text is on its way there: its submission is not written yet. One that was settled
    lately counts too, whatever settled it: this may be its receipt, told again.
    """
    to_phone = and_(notice.c.channel == Channel.SMS, notice.c.address == told.phone)
    under_way = select(notice.c.id).where(to_phone, notice.c.state == NoticeState.TAKEN).limit(1)
    if await tx.scalar(under_way) is not None:
        return []
    return await tx.all(
        select(_PART.notice_id, _PART.trial, _PART.part, _PART.smsc, _PART.state, _PART.submitted_at)
        .join(notice, notice.c.id == _PART.notice_id)
        .where(
            to_phone,
            _PART.submitted_at > now - UNKNOWN_WITHIN,
            or_(
                and_(_PART.receipt == true(), _PART.state.in_(OPEN)),
                # One that was refused has no receipt.
                and_(_PART.settled_at > now - TOLD_AGAIN_WITHIN, _PART.status.is_(None)),
            ),
        )
    )


def is_of(told: ReceiptTold, part: Row[Any], now: datetime) -> bool:
    """Whether a receipt is of the only part that it may be of.

    Without an id it is of none that left after it came, and of none that nobody knows to have arrived at the
    SMSC: what tells of money would not be told again.
    """
    if told.ids:
        return True
    came_at = told.received_at or now
    return part.smsc == told.smsc and part.state is SmsState.SENT and part.submitted_at < came_at


def _same_phone(one: str, other: str) -> bool:
    return one[-PHONE_DIGITS:] == other[-PHONE_DIGITS:]


async def left_behind(tx: Transaction, now: datetime) -> list[tuple[Row[Any], Row[Any]]]:
    """Kept receipts whose submissions are written, each with its part: nobody lived to apply them."""
    mine = and_(
        _PART.smsc == sms_receipt.c.smsc,
        _PART.known_as == sms_receipt.c.known_as,
        _PART.state.in_(OPEN),
        _PART.submitted_at > now - UNKNOWN_WITHIN,
    )
    rows = await tx.all(
        select(
            _PART.notice_id, _PART.trial, _PART.part, sms_receipt.c.id, sms_receipt.c.state,
            sms_receipt.c.reason, sms_receipt.c.known_as,
        )
        .join(sms_submission, mine)
        .join(notice, notice.c.id == _PART.notice_id)
        .where(
            or_(sms_receipt.c.phone == notice.c.address, sms_receipt.c.phone == ""),
            sms_receipt.c.received_at < now - STRANGE_AFTER,
        )
        .limit(AT_ONCE)
    )  # fmt: skip
    return [(row, row) for row in rows]


async def alone_of_a_phone(tx: Transaction, now: datetime) -> list[tuple[Row[Any], Row[Any]]]:
    """Each submission without an answer that is alone of its phone, with the only receipt it may have."""
    unknown = defaultdict(list)
    for row in await tx.all(
        select(_PART.notice_id, _PART.trial, _PART.part, _PART.smsc, _PART.submitted_at, notice.c.address)
        .join(notice, notice.c.id == _PART.notice_id)
        .where(
            text("sms_submission.state = 'unknown'"),
            _PART.submitted_at > now - UNKNOWN_WITHIN,
            _PART.message_id.is_(None),
        )
    ):
        unknown[row.smsc, row.address].append(row)
    pairs = []
    for (smsc, phone), parts in unknown.items():
        if len(parts) == 1:
            receipts = await tx.all(
                select(sms_receipt).where(
                    sms_receipt.c.smsc == smsc,
                    sms_receipt.c.phone == phone,
                    sms_receipt.c.known_as != "",
                    # It is written down some seconds after it went out.
                    sms_receipt.c.received_at > parts[0].submitted_at - STRANGE_AFTER,
                    sms_receipt.c.received_at < now - STRANGE_AFTER,
                )
            )
            if len({each.received_at for each in receipts}) == 1:
                pairs.append((parts[0], receipts[0]))
    return pairs

"""One notice's pieces, in order, through one carrier: how far it came, and why no farther."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from functools import partial

import structlog

from core.messages.outbox import DueNotice
from core.messages.sms_trials import End, PartSent
from core.sms_states import SmsState
from sms_gateway.carriers import Carrier
from sms_gateway.outcomes import NotSent, Outcome, Refused, Submitted, Unknown
from sms_gateway.smpp.codec import EncodeError
from sms_gateway.smpp.cutting import Piece

log = structlog.get_logger(__name__)

DIGEST_LETTERS = 32

OnLatePart = Callable[[int, Outcome], None]
Ended = tuple[Sequence[PartSent], End, str]


def digest_of(smsc: str, pieces: Sequence[Piece]) -> str:
    """The same for the same text, cut in the same way for the same SMSC."""
    digest = hashlib.sha256(smsc.encode())
    for piece in pieces:
        digest.update(b"\0" + repr(piece).encode())
    return digest.hexdigest()[:DIGEST_LETTERS]


async def try_to_send(
    carrier: Carrier,
    notice: DueNotice,
    pieces: Sequence[Piece],
    *,
    before: Collection[int],
    until: float,
    lives_seconds: float | None,
    on_late: OnLatePart,
) -> Ended:
    """The parts that left us, the end of it, and its reason; those of `before` are the SMSC's already."""
    sent: list[PartSent] = []
    for number, piece in enumerate(pieces, start=1):
        if number in before:
            continue
        last = number == len(pieces)
        try:
            outcome = await carrier.submit(
                notice.address,
                piece,
                last=last,
                lives_seconds=lives_seconds,
                until=until,
                on_late=partial(on_late, number),
            )
        except EncodeError as error:
            log.error("sms cannot be sent", notice=str(notice.id), template=notice.template, why=str(error))
            return sent, End.REFUSED, "cannot be sent"
        part, end, reason = _part_of(outcome, number, receipt=carrier.tells_of(last=last))
        if part is not None:
            sent.append(part)
        if end is not None:
            return sent, end, reason
    return sent, End.SENT, ""


def _part_of(outcome: Outcome, number: int, *, receipt: bool) -> tuple[PartSent | None, End | None, str]:
    """The part as it is kept, and where the text ends with it."""
    match outcome:
        case Submitted(message_id):
            return PartSent(number, SmsState.SENT, message_id or None, receipt=receipt), None, ""
        case Refused(status, slow_down=True):
            return None, End.NOT_SENT, f"smsc {status:#x}"
        case Refused(status, retry):
            why = f"smsc {status:#x}"
            part = PartSent(number, SmsState.FAILED, status=status, reason=why)
            return part, End.LATER if retry else End.REFUSED, why
        case NotSent(why):
            return None, End.NOT_SENT, why
        case Unknown(why, message_id):
            part = PartSent(number, SmsState.UNKNOWN, message_id or None, reason=why, receipt=receipt)
            return part, End.UNKNOWN, why

"""One notice's pieces, in order, through one carrier: how far it came, and why no farther."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import structlog

from core.messages.outbox import DueNotice
from core.messages.sms_trials import NO_ANSWER, End, PartSent
from core.sms_states import SmsState
from sms_gateway.carriers import Carrier
from sms_gateway.outcomes import NotSent, Outcome, Refused, Submitted, Unknown
from sms_gateway.smpp.codec import EncodeError
from sms_gateway.smpp.cutting import Piece

log = structlog.get_logger(__name__)

DIGEST_LETTERS = 32
BY_WEIGHT = (End.SENT, End.UNKNOWN, End.NOT_SENT, End.LATER, End.REFUSED)  # the heaviest part's is the text's

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
    before: Mapping[int, SmsState],
    until: float,
    lives_seconds: float | None,
    on_late: OnLatePart,
) -> Ended:
    """The parts that left us, the end of it, and its reason; those of `before` are not given again.

    What follows a part that no answer came to goes out all the same: half a text is no use to its reader.
    """
    answers, last = _Answers(on_late), len(pieces)

    def tells_of(number: int) -> bool:
        return carrier.tells_of(last=number == last)

    for number, piece in enumerate(pieces, start=1):
        if number in before:
            continue
        if answers.stop:
            break
        try:
            outcome = await carrier.submit(
                notice.address,
                piece,
                last=number == last,
                lives_seconds=lives_seconds,
                until=until,
                on_late=partial(answers.take_late, number),
            )
        except EncodeError as error:
            log.error("sms cannot be sent", notice=str(notice.id), template=notice.template, why=str(error))
            sent, _, _ = _ended(answers, before, tells_of)
            return sent, End.REFUSED, "cannot be sent"
        answers.take(number, outcome)
    return _ended(answers, before, tells_of)


def _ended(answers: _Answers, before: Mapping[int, SmsState], tells_of: Callable[[int], bool]) -> Ended:
    parts = [_part_of(outcome, number, receipt=tells_of(number)) for number, outcome in answers.closed()]
    ends = [(end, reason) for _, end, reason in parts]
    if SmsState.UNKNOWN in before.values():
        ends.append((End.UNKNOWN, NO_ANSWER))
    end, reason = max(ends, key=lambda each: BY_WEIGHT.index(each[0]), default=(End.SENT, ""))
    return [part for part, _, _ in parts if part is not None], end, reason


class _Answers:
    """What came of each part. While others go out a late answer is in time; then it is `on_late`'s."""

    def __init__(self, on_late: OnLatePart) -> None:
        self._outcomes: dict[int, Outcome] = {}
        self._on_late = on_late
        self._is_closed = False

    @property
    def stop(self) -> bool:
        return not all(isinstance(each, Submitted | Unknown) for each in self._outcomes.values())

    def take(self, number: int, outcome: Outcome) -> None:
        self._outcomes.setdefault(number, outcome)

    def take_late(self, number: int, outcome: Outcome) -> None:
        if self._is_closed:
            self._on_late(number, outcome)
        elif isinstance(outcome, Submitted | Refused):
            self._outcomes[number] = outcome

    def closed(self) -> list[tuple[int, Outcome]]:
        self._is_closed = True
        return sorted(self._outcomes.items())


def _part_of(outcome: Outcome, number: int, *, receipt: bool) -> tuple[PartSent | None, End, str]:
    """The part as it is kept, and where the text ends with it."""
    match outcome:
        case Submitted(message_id):
            return PartSent(number, SmsState.SENT, message_id or None, receipt=receipt), End.SENT, ""
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

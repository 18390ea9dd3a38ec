"""What came of an outgoing SMS, as its delivery tells it and as the tables keep it, part by part."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

from core.ids import NoticeId
from core.messages.outbox import DueNotice
from core.sms_states import SmsState

MOST_ID_LETTERS = 80  # what is kept of a message id; the standard has 64
NO_ANSWER = "no response"


class End(Enum):
    """How a trial ended for its text as a whole."""

    SENT = "sent"  # all its parts are the SMSC's
    REFUSED = "refused"  # for good
    LATER = "later"  # refused for now
    NOT_SENT = "not sent"  # what is left of it never left us, or the SMSC takes nothing at the moment
    UNKNOWN = "unknown"  # all its parts left us, and no answer came to some


@dataclass(frozen=True, slots=True)
class PartSent:
    """A part that left us; `state` is sent, failed (refused) or unknown."""

    number: int
    state: SmsState
    message_id: str | None = None
    status: int | None = None
    reason: str | None = None
    receipt: bool = False  # whether the SMSC was asked to tell of its end


@dataclass(frozen=True, slots=True)
class Trial:
    """A notice that was given to an SMSC, and how far that went."""

    held: DueNotice
    smsc: str
    bind: str
    digest: str  # of the text as it was cut for that SMSC
    parts: int
    sent: Sequence[PartSent]
    end: End
    reason: str = ""
    asks: bool = False  # whether the SMSC can be asked by query_sm


@dataclass(frozen=True, slots=True)
class ReceiptTold:
    """A receipt: `ids` are its names for its message; `sent` is a state on the way."""

    smsc: str
    ids: tuple[str, ...]
    phone: str  # digits; empty where it names none
    state: SmsState
    reason: str
    received_at: datetime | None = None  # None: now

    @property
    def keys(self) -> frozenset[str]:
        """Its names in the form that they are looked for."""
        return frozenset(known_as(each) for each in self.ids)


@dataclass(frozen=True, slots=True)
class PartTold:
    """What a part becomes, and why; the id it is known by, and whether the SMSC can be asked for it."""

    notice_id: NoticeId
    trial: UUID
    part: int
    state: SmsState
    reason: str | None
    message_id: str | None
    asks: bool = False


def known_as(message_id: str) -> str:
    """A message id in the form that it is looked for: SMSCs pad it, and write it in either case."""
    plain = message_id.strip().lower()[:MOST_ID_LETTERS]
    return plain.lstrip("0") or plain[:1]


def readings(key: str) -> list[str]:
    """The same number in the other base: SMSCs answer in hex and receipt in decimal, or the reverse."""
    found = []
    if re.fullmatch(r"[0-9]{1,32}", key):
        found.append(f"{int(key):x}")
    if re.fullmatch(r"[0-9a-f]{1,32}", key):
        found.append(str(int(key, 16)))
    return [each for each in dict.fromkeys(found) if each != key]


def joined(rows: Iterable[Any]) -> tuple[SmsState, str | None] | None:
    """What the parts of a notice's trials, by rows of sms_submission, come to; None where parts are missing.

    A text that arrived once has arrived; else its newest trial counts. Where that is not through, or no
    answer came to it, a text that an SMSC has whole does: its repeat need not go on.
    """
    texts: dict[str, list[Any]] = {}
    for row in sorted(rows, key=lambda row: (row.trial, row.part)):
        # A trial that went on where another was stopped is the same text.
        texts.setdefault(row.digest, []).append(row)
    ends = [_of_text(parts) for parts in texts.values()]
    newest = ends[-1] if ends else None
    in_doubt = newest is None or newest[0] is SmsState.UNKNOWN
    for state in (SmsState.DELIVERED, SmsState.SENT) if in_doubt else (SmsState.DELIVERED,):
        for end in ends:
            if end is not None and end[0] is state:
                return end
    return newest


_HAS = {SmsState.SENT: 1, SmsState.DELIVERED: 2}


def _of_text(rows: Sequence[Any]) -> tuple[SmsState, str | None] | None:
    found: dict[int, Any] = {}
    for row in rows:
        # A part that the SMSC has once it has, whatever became of another try.
        if row.part not in found or _HAS.get(row.state, 0) >= _HAS.get(found[row.part].state, 0):
            found[row.part] = row
    told = {row.state: row.reason for row in found.values()}
    for state in (SmsState.FAILED, SmsState.EXPIRED, SmsState.UNKNOWN):
        if state in told:
            return state, told[state]
    if len(found) < rows[0].parts:
        return None
    promised = [row for row in found.values() if row.receipt]
    if promised and all(row.state is SmsState.DELIVERED for row in promised):
        return SmsState.DELIVERED, promised[-1].reason
    return SmsState.SENT, None

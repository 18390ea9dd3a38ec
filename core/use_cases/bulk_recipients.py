"""After a claim in bulk: who of those held is written to after all, asked at the last moment."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, false, select

from core.messages import outbox
from core.messages.notices import Notice
from core.messages.outbox import DueNotice, held_of
from core.states import Channel, NoticeState
from core.storage.broadcast_tables import consent
from core.storage.database import Transaction
from core.storage.tables import subscriber
from core.use_cases import fallbacks

OPTED_OUT, BLOCKED, LATE = "opted out", "blocked", "too late to be of use"
# The same edit twice leaves one message, a second recall none.
HARMLESS_AGAIN = fallbacks.NOT_AGAIN

Outcome = tuple[NoticeState, str]


@dataclass(frozen=True, slots=True)
class Running:
    """A broadcast under way, as one claim reads it."""

    id: UUID
    texts: dict[str, dict[str, str]]
    advertises: bool
    urgent: bool

    def text(self, channel: Channel, locale: str, default: str) -> str | None:
        """In the person's language, else the operator's, else the first."""
        said = self.texts.get(locale) or self.texts.get(default) or next(iter(self.texts.values()))
        return said.get(channel)


async def sift(
    tx: Transaction,
    channel: Channel,
    found: Sequence[Row[Any]],
    running: dict[UUID, Running],
    now: datetime,
) -> list[DueNotice]:
    """Settle those who are not written to after all; the rest."""
    if not found:
        return []
    away = await _stopped_or_away(tx, channel, found)
    agreed = await _agreed(tx, channel, found) if _any_advertises(found, running) else set()
    out: dict[Outcome, list[DueNotice]] = defaultdict(list)
    going = []
    for row in found:
        held, of = held_of(row), running.get(row.broadcast_id)
        outcome = _outcome_of(row, of, now, away=row.address in away, agreed=row.address in agreed)
        if outcome is None:
            going.append(held)
        elif outcome == (NoticeState.CANCELLED, BLOCKED) and await fallbacks.by_sms(tx, held, now=now):
            out[NoticeState.FAILED, BLOCKED].append(held)
        else:
            out[outcome].append(held)
    for (state, reason), rows in out.items():
        await outbox.settle(tx, rows, state, reason=reason)
    return going


def repeating() -> list[str]:
    return [template for template, kind in Notice.kinds.items() if kind.repeats]


def _repeats(template: str) -> bool:
    return template in Notice.kinds and Notice.kinds[template].repeats


def _any_advertises(found: Sequence[Row[Any]], running: dict[UUID, Running]) -> bool:
    return any(row.broadcast_id in running and running[row.broadcast_id].advertises for row in found)


async def _stopped_or_away(tx: Transaction, channel: Channel, found: Sequence[Row[Any]]) -> set[str]:
    out = subscriber.c.stopped if channel == Channel.SMS else subscriber.c.reachable == false()
    rows = await tx.all(
        select(subscriber.c.address).where(
            subscriber.c.channel == channel,
            subscriber.c.address.in_([row.address for row in found]),
            out,
        )
    )
    return {row.address for row in rows}


async def _agreed(tx: Transaction, channel: Channel, found: Sequence[Row[Any]]) -> set[str]:
    rows = await tx.all(
        select(consent.c.address).where(
            consent.c.channel == channel,
            consent.c.address.in_([row.address for row in found]),
            consent.c.ended_at.is_(None),
        )
    )
    return {row.address for row in rows}


def _outcome_of(
    row: Row[Any], of: Running | None, now: datetime, *, away: bool, agreed: bool
) -> Outcome | None:
    """Why it is not sent; None where it is."""
    if row.expires_at is not None and row.expires_at < now:
        return NoticeState.EXPIRED, LATE
    if away and row.channel == Channel.TELEGRAM:
        return NoticeState.CANCELLED, BLOCKED
    if row.template in HARMLESS_AGAIN:
        return None  # of a message that they have: what they chose since does not matter
    if away and not _repeats(row.template):
        return NoticeState.CANCELLED, OPTED_OUT
    if of is not None and of.advertises and not agreed:
        return NoticeState.CANCELLED, OPTED_OUT
    return None

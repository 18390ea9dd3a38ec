"""After a claim in bulk: who of those held is written to after all, asked at the last moment."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, false, select

from core.messages import outbox
from core.messages.alert_notices import Alert
from core.messages.broadcast_text import language_of
from core.messages.notices import Notice
from core.messages.outbox import DueNotice, held_of
from core.profile import Profile
from core.states import Channel, NoticeState
from core.storage.broadcast_tables import consent
from core.storage.database import Transaction
from core.storage.tables import account_phone, link, subscriber
from core.use_cases import fallbacks

OPTED_OUT, BLOCKED, LATE = "opted out", "blocked", "too late to be of use"
UNLINKED = "unlinked"
# The same edit twice leaves one message, a second recall none.
HARMLESS_AGAIN = fallbacks.NOT_AGAIN
RECALL = "broadcast_recall"

Outcome = tuple[NoticeState, str]


@dataclass(frozen=True, slots=True)
class Running:
    """A broadcast under way, as one claim reads it."""

    id: UUID
    texts: dict[str, dict[str, str]]
    advertises: bool
    urgent: bool
    tells_facts: bool  # of the recipient's account

    def text(self, channel: Channel, locale: str, default: str) -> str | None:
        return self.texts[language_of(self.texts, locale, default)].get(channel)


async def sift(
    tx: Transaction,
    channel: Channel,
    found: Sequence[Row[Any]],
    running: dict[UUID, Running],
    profile: Profile,
    now: datetime,
) -> list[DueNotice]:
    """Settle those who are not written to after all; the rest."""
    if not found:
        return []
    away = await _stopped_or_away(tx, channel, found)
    agreed = await _agreed(tx, channel, found) if _any_advertises(found, running) else set()
    strangers = await _strangers(tx, channel, [row for row in found if _tells_facts(row, running)])
    out: dict[Outcome, list[DueNotice]] = defaultdict(list)
    going = []
    for row in found:
        held, of = held_of(row), running.get(row.broadcast_id)
        outcome = _outcome_of(row, of, now, away=row.address in away, agreed=row.address in agreed)
        if outcome is None and row.id in strangers:
            outcome = NoticeState.CANCELLED, UNLINKED
        if outcome is None:
            going.append(held)
            continue
        out[outcome].append(held)
        if outcome == (NoticeState.FAILED, BLOCKED):
            await fallbacks.by_sms(tx, held, profile, now=now)
    for (state, reason), rows in out.items():
        await outbox.settle(tx, rows, state, reason=reason)
    return going


def repeating() -> list[str]:
    return [template for template, kind in Notice.kinds.items() if kind.repeats]


def _repeats(template: str) -> bool:
    return template in Notice.kinds and Notice.kinds[template].repeats


def _any_advertises(found: Sequence[Row[Any]], running: dict[UUID, Running]) -> bool:
    return any(row.broadcast_id in running and running[row.broadcast_id].advertises for row in found)


def _tells_facts(row: Row[Any], running: dict[UUID, Running]) -> bool:
    """Whether it is for the account's own people alone."""
    if row.account_id is None or row.template == RECALL:
        return False
    of = running.get(row.broadcast_id)
    return row.template == Alert.template if of is None else of.tells_facts


async def _strangers(tx: Transaction, channel: Channel, found: Sequence[Row[Any]]) -> set[UUID]:
    """Of these those whose chat or phone is not the account's any more: unlinked, or taken off it."""
    if not found:
        return set()
    accounts = {row.account_id for row in found}
    # A phone is the account's by registration, or as the one that proved a chat's link.
    by_link = link.c.phone if channel == Channel.SMS else link.c.address
    links = select(by_link, link.c.account_id).where(
        link.c.channel == Channel.TELEGRAM, link.c.account_id.in_(accounts), link.c.ended_at.is_(None)
    )
    known = {tuple(row) for row in await tx.all(links)}
    if channel == Channel.SMS:
        phones = select(account_phone.c.msisdn, account_phone.c.account_id)
        known |= {tuple(row) for row in await tx.all(phones.where(account_phone.c.account_id.in_(accounts)))}
    return {row.id for row in found if (row.address, row.account_id) not in known}


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
        return NoticeState.FAILED, BLOCKED
    if row.template in HARMLESS_AGAIN:
        return None  # of a message that they have: what they chose since does not matter
    if away and not _repeats(row.template):
        return NoticeState.CANCELLED, OPTED_OUT
    if of is not None and of.advertises and not agreed:
        return NoticeState.CANCELLED, OPTED_OUT
    return None

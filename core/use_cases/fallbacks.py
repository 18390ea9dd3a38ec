"""Where Telegram reaches nobody: the SMS that goes instead, once to a phone however many blocked the bot."""

from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from core.ids import Payer, new_id
from core.messages import outbox
from core.messages.alert_notices import Alert
from core.messages.notices import Notice, addressed
from core.messages.outbox import DueNotice
from core.notice_states import AlertBySms, BroadcastKind, Reach
from core.profile import Profile
from core.states import Channel, Lane, NoticeState
from core.storage.alert_tables import alert_setting
from core.storage.broadcast_tables import broadcast, consent
from core.storage.database import Transaction
from core.storage.message_tables import notice
from core.storage.new_rows import NewRows
from core.storage.tables import account_phone, link, subscriber
from core.use_cases.alert_recipients import Ways

_NEW = NewRows(notice, "dedupe_key", returning="id")
NOT_ARRIVED = (NoticeState.FAILED, NoticeState.EXPIRED, NoticeState.CANCELLED)
NOT_AGAIN = ("broadcast_edit", "broadcast_recall")  # of a message that is there: an SMS is neither


async def by_sms(tx: Transaction, held: DueNotice, profile: Profile, *, now: datetime) -> bool:
    """Store the SMS in place of a notice whose reader blocked the bot; whether there is one to send."""
    of = None
    if held.broadcast_id is not None:
        columns = (broadcast.c.reach, broadcast.c.kind, broadcast.c.each_account)
        of = await tx.one(select(*columns).where(broadcast.c.id == held.broadcast_id))
    if not await _falls_back(tx, held, of, profile):
        return False
    phone = await _phone_of(tx, held)
    advertises = of is not None and of.kind == BroadcastKind.ADVERTISING
    if phone is None or not await _may_write_to(tx, phone, advertises=advertises):
        return False
    if of is not None and await _has_its_own(tx, held, of, phone):
        return False
    return await _store(tx, held, of, phone, now)


async def _falls_back(tx: Transaction, held: DueNotice, of: Any, profile: Profile) -> bool:
    if of is not None:
        return of.reach == Reach.TELEGRAM_ELSE_SMS and held.template not in NOT_AGAIN
    if held.template == Alert.template:
        chosen = await tx.first(select(alert_setting).where(alert_setting.c.account_id == held.account_id))
        return Ways.of(chosen, profile).sms != AlertBySms.NEVER
    return held.template in Notice.kinds and Notice.kinds[held.template].falls_back


async def _phone_of(tx: Transaction, held: DueNotice) -> str | None:
    """The number that proved the chat's link, or else the only one that its accounts have."""
    links = select(link.c.account_id, link.c.phone).where(
        link.c.channel == held.channel, link.c.address == held.address, link.c.ended_at.is_(None)
    )
    if held.account_id is not None:
        links = links.where(link.c.account_id == held.account_id)
    linked = await tx.all(links.order_by(link.c.linked_at.desc()))
    proved = [row.phone for row in linked if row.phone is not None]
    if proved:
        return str(proved[0])
    accounts = {row.account_id for row in linked}
    registered = select(account_phone.c.msisdn).where(account_phone.c.account_id.in_(accounts)).distinct()
    phones = [row.msisdn for row in await tx.all(registered)]
    return phones[0] if len(phones) == 1 else None


async def _may_write_to(tx: Transaction, phone: str, *, advertises: bool) -> bool:
    stopped = select(subscriber.c.stopped).where(
        subscriber.c.channel == Channel.SMS, subscriber.c.address == phone
    )
    if await tx.scalar(stopped):
        return False
    if not advertises:
        return True
    agreed = select(consent.c.id).where(
        consent.c.channel == Channel.SMS, consent.c.address == phone, consent.c.ended_at.is_(None)
    )
    return await tx.scalar(agreed) is not None


async def _has_its_own(tx: Transaction, held: DueNotice, of: Any, phone: str) -> bool:
    """Whether the phone is a recipient of the broadcast by itself: as that of an account without a chat."""
    own = select(notice.c.id).where(
        notice.c.channel == Channel.SMS,
        notice.c.address == phone,
        notice.c.broadcast_id == held.broadcast_id,
        notice.c.parent_id.is_(None),
    )
    if of.each_account:
        own = own.where(notice.c.account_id == held.account_id)
    return await tx.scalar(own.limit(1)) is not None


def _key(held: DueNotice, kept: Any, of: Any, phone: str) -> str:
    """One for all chats that the phone stands behind."""
    if of is not None:
        key = f"fallback:{held.broadcast_id}:{phone}"
        return f"{key}:{held.account_id}" if of.each_account else key
    # What goes to each of an account's people has a key for each: the phone's own, where it has one already.
    chats = addressed(Payer(held.channel, held.address), "")
    if kept.dedupe_key.startswith(chats):
        return addressed(Payer.sms(phone), kept.dedupe_key.removeprefix(chats))
    return f"fallback:{held.id}"


async def _store(tx: Transaction, held: DueNotice, of: Any, phone: str, now: datetime) -> bool:
    kept = await tx.one(
        select(notice.c.dedupe_key, notice.c.params, notice.c.expires_at, notice.c.quiet).where(
            notice.c.id == held.id
        )
    )
    values: dict[str, Any] = {
        "id": new_id(),
        "dedupe_key": _key(held, kept, of, phone),
        "channel": Channel.SMS,
        "address": phone,
        "template": held.template,
        "locale": held.locale,
        "params": kept.params,
        "lane": Lane.BULK,
        "state": NoticeState.DUE,
        "repeat": held.repeat,
        "created_at": now,
        "next_at": now,
        "expires_at": kept.expires_at,
        "account_id": held.account_id,
        "broadcast_id": held.broadcast_id,
        "parent_id": held.id,
        "quiet": kept.quiet,
    }
    if not await _NEW.add_one(tx, **values) and (of is None or not await _again(tx, values)):
        return False
    tx.wake(outbox.topic(Channel.SMS, Lane.BULK))
    return True


async def _again(tx: Transaction, values: dict[str, Any]) -> bool:
    """It fell back before, and staff had it tried again: so is its SMS, where that did not arrive either."""
    anew = ("address", "locale", "state", "repeat", "next_at", "expires_at", "quiet")
    again = await tx.execute(
        update(notice)
        .where(notice.c.dedupe_key == values["dedupe_key"], notice.c.state.in_(NOT_ARRIVED))
        .values({name: values[name] for name in anew})
        .values(attempt=0, reason=None, provider_id=None, sent_at=None)
    )
    return again.rowcount > 0

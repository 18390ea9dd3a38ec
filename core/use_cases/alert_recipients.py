"""Whom an account's alerts reach: its people in Telegram, and its registered phones as was chosen."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import and_, or_, select

from core.ids import Payer
from core.notice_states import AlertBySms
from core.profile import Profile
from core.states import Channel
from core.storage.alert_tables import alert_setting
from core.storage.database import Transaction
from core.storage.tables import account_phone, link, subscriber


@dataclass(frozen=True, slots=True)
class Ways:
    """By which channels an account's people are told."""

    telegram: bool
    sms: AlertBySms

    @classmethod
    def of(cls, row: Any, profile: Profile) -> "Ways":
        if row is None:
            return cls(profile.alerts.telegram, profile.alerts.sms)
        return cls(row.telegram, row.sms)


@dataclass(frozen=True, slots=True)
class Recipient:
    payer: Payer
    locale: str


_CHATS = (
    select(link.c.account_id, link.c.address, subscriber.c.locale)
    .outerjoin(
        subscriber, and_(subscriber.c.channel == link.c.channel, subscriber.c.address == link.c.address)
    )
    .where(
        link.c.channel == Channel.TELEGRAM,
        link.c.ended_at.is_(None),
        or_(subscriber.c.reachable.is_(None), subscriber.c.reachable),
    )
    .order_by(link.c.id)
)
_PHONES = (
    select(account_phone.c.account_id, account_phone.c.msisdn.label("address"), subscriber.c.locale)
    .outerjoin(
        subscriber,
        and_(subscriber.c.channel == Channel.SMS, subscriber.c.address == account_phone.c.msisdn),
    )
    .where(or_(subscriber.c.stopped.is_(None), ~subscriber.c.stopped))
    .order_by(account_phone.c.msisdn)
)


async def recipients(
    tx: Transaction, accounts: Collection[UUID], profile: Profile
) -> dict[UUID, list[Recipient]]:
    """For each account who is told: reachable chats, and phones that did not say STOP."""
    settings = await tx.all(select(alert_setting).where(alert_setting.c.account_id.in_(accounts)))
    chosen = {row.account_id: Ways.of(row, profile) for row in settings}
    chats = await tx.all(_CHATS.where(link.c.account_id.in_(accounts)))
    phones = await tx.all(_PHONES.where(account_phone.c.account_id.in_(accounts)))
    found: dict[UUID, list[Recipient]] = {each: [] for each in accounts}
    for row in chats:
        if chosen.get(row.account_id, Ways.of(None, profile)).telegram:
            found[row.account_id].append(_recipient(Channel.TELEGRAM, row, profile))
    without = {each for each, people in found.items() if not people}
    for row in phones:
        ways = chosen.get(row.account_id, Ways.of(None, profile))
        if ways.sms == AlertBySms.ALWAYS or (ways.sms != AlertBySms.NEVER and row.account_id in without):
            found[row.account_id].append(_recipient(Channel.SMS, row, profile))
    return found


def _recipient(channel: Channel, row: Any, profile: Profile) -> Recipient:
    return Recipient(Payer(channel, row.address), row.locale or profile.default_locale)

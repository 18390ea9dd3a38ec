"""Joining and parting: the row that ties a person to an account, and the word to all others."""

from datetime import datetime
from typing import Any

from sqlalchemy import and_, insert, select, update

from core.errors import NotLinked
from core.ids import AccountId, Payer, new_id
from core.messages import outbox
from core.messages.notices import Linked, Notice, Unlinked
from core.profile import Profile
from core.states import Access
from core.storage.database import Transaction
from core.storage.tables import link, subscriber
from core.use_cases.subscribers import locale_of


async def join(
    tx: Transaction,
    profile: Profile,
    payer: Payer,
    account_id: AccountId,
    *,
    number: str,
    access: Access,
    now: datetime,
    phone: str | None = None,
) -> None:
    """Link a person, or widen what the link allows; `phone` is the registered number that proved it."""
    await tx.alone(f"link:{payer.channel}:{payer.address}")
    held = await tx.first(select(link.c.access, link.c.phone).where(live(payer, account_id)))
    if held is None:
        await tx.execute(
            insert(link).values(
                id=new_id(),
                channel=payer.channel,
                address=payer.address,
                account_id=account_id,
                access=access,
                phone=phone,
                linked_at=now,
            )
        )
    else:
        most = Access.FULL if Access.FULL in (held.access, access) else access
        values = {"access": most, "phone": phone or held.phone}
        await tx.execute(update(link).where(live(payer, account_id)).values(values))
        if most == held.access:
            return
    await tell_others(tx, profile, payer, account_id, Linked(number, access.value, by_other=True), now)


async def part(
    tx: Transaction, profile: Profile, payer: Payer, account_id: AccountId, *, number: str, now: datetime
) -> None:
    """End a link; raises NotLinked."""
    ended = await tx.execute(update(link).where(live(payer, account_id)).values(ended_at=now))
    if ended.rowcount == 0:
        raise NotLinked
    await tx.execute(
        update(subscriber)
        .where(
            subscriber.c.channel == payer.channel,
            subscriber.c.address == payer.address,
            subscriber.c.current_account == account_id,
        )
        .values(current_account=None)
    )
    await tell_others(tx, profile, payer, account_id, Unlinked(number), now)


async def tell_others(
    tx: Transaction, profile: Profile, payer: Payer, account_id: AccountId, said: Notice, now: datetime
) -> None:
    others = await tx.all(
        select(link.c.channel, link.c.address).where(
            link.c.account_id == account_id, link.c.ended_at.is_(None)
        )
    )
    event = new_id()
    for row in others:
        other = Payer(row.channel, row.address)
        if other != payer:
            locale = await locale_of(tx, other, profile)
            key = f"link:{event}:{other.address}"
            await outbox.add(tx, other, said, key=key, locale=locale, now=now)


def live(payer: Payer, account_id: AccountId) -> Any:
    return and_(
        link.c.channel == payer.channel,
        link.c.address == payer.address,
        link.c.account_id == account_id,
        link.c.ended_at.is_(None),
    )

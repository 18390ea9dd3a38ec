"""Broadcasts as they stand once frozen: rows of recipients, put there without the use case that freezes."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update

from core.clock import Clock
from core.ids import AccountId, new_id
from core.ledger.opening import Opened, open_subscribers
from core.messages.autopay_notices import AutopayWarning
from core.messages.outbox import DueNotice
from core.money import Money
from core.notice_states import BroadcastKind, BroadcastState, Reach
from core.states import Access, Channel, Lane, NoticeState, ServiceState
from core.storage.broadcast_tables import broadcast, consent
from core.storage.database import Database, Transaction
from core.storage.message_tables import notice
from core.storage.tables import account, account_phone, link, subscriber
from core.wiring import Core
from tests.core.autopay_scenes import FIRST

TEXT = "<b>Авария</b>: {name}, до вечера нет связи."
PLAIN = "Авария: {name}, до вечера нет связи."
TEXTS = {"ru": {"telegram": TEXT, "sms": PLAIN}}
PHONE = "79241234567"
WARNING = AutopayWarning("m", "100080", Money(100), FIRST, FIRST, None)

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Outbox:
    """What of a core a broadcast needs to lie there: a test without one brings the two."""

    database: Database
    wall: Clock


async def is_frozen(
    core: Core | Outbox,
    chats: Sequence[int] = (),
    phones: Sequence[str] = (),
    *,
    lives: timedelta | None = None,
    accounts: Sequence[AccountId] = (),
    **columns: Any,
) -> UUID:
    """A broadcast under way, and a row for each chat and phone; the n-th is about the n-th account."""
    one, now = UUID(str(new_id())), core.wall.now()
    values = {
        "kind": BroadcastKind.SERVICE, "state": BroadcastState.RUNNING, "reach": Reach.TELEGRAM,
        "texts": TEXTS, "urgent": False, "total": len(chats) + len(phones),
    } | columns  # fmt: skip
    expires_at = None if lives is None else now + lives
    to = [(Channel.TELEGRAM, str(chat)) for chat in chats] + [(Channel.SMS, phone) for phone in phones]
    async with core.database.transaction() as tx:
        await tx.execute(
            insert(broadcast).values(
                id=one, number=next(_numbers), title="", audience={}, created_by="ann", written_by="ann",
                created_at=now, started_at=now, expires_at=expires_at, **values,
            )
        )  # fmt: skip
        await recipients(
            tx, one, to, now=now, quiet=not values["urgent"], expires_at=expires_at, accounts=accounts
        )
    return one


async def recipients(
    tx: Transaction,
    of: UUID,
    to: Sequence[tuple[Channel, str]],
    *,
    accounts: Sequence[AccountId] = (),
    **columns: Any,
) -> None:
    now, rows = columns.pop("now"), []
    for (channel, address), about in itertools.zip_longest(to, accounts[: len(to)]):
        rows.append(
            {
                "id": new_id(), "dedupe_key": f"broadcast:{of}:{channel}:{address}", "channel": channel,
                "address": address, "template": "broadcast", "locale": "ru", "params": {}, "lane": Lane.BULK,
                "state": NoticeState.DUE, "repeat": False, "created_at": now, "next_at": now,
                "broadcast_id": of, "account_id": about, **columns,
            }
        )  # fmt: skip
    if rows:
        await tx.execute(insert(notice), rows)


async def follows(core: Core, of: UUID, parent: UUID, template: str, *, edit: str) -> None:
    """An edit or a recall of what a recipient got."""
    now = core.wall.now()
    async with core.database.transaction() as tx:
        row = await tx.one(select(notice).where(notice.c.id == parent))
        await recipients(
            tx, of, [(row.channel, row.address)], now=now, template=template, edit=edit, parent_id=parent,
            dedupe_key=f"{template}:{parent}",
        )  # fmt: skip


async def becomes(database: Database, of: UUID, state: BroadcastState) -> None:
    async with database.transaction() as tx:
        await tx.execute(update(broadcast).where(broadcast.c.id == of).values(state=state))


async def lives_here(
    core: Core,
    number: str,
    *,
    chat: int | None = None,
    phones: Sequence[str] = (),
) -> AccountId:
    """An account on the first tariff, its phones, and its chat."""
    one, now = AccountId(new_id()), core.clock.now()
    async with core.database.transaction() as tx:
        await tx.execute(
            insert(account).values(
                id=one, number=number, login=number, password_hash="", holder="Анна <Ли>", city="Находка",
                street="Мира", house="1", flat="", email="", tariff=core.profile.tariffs[0].code,
                state=ServiceState.ACTIVE, accrued_until=now,
            )
        )  # fmt: skip
        await open_subscribers(tx, [Opened(one, number, None)])
        for phone in phones:
            await tx.execute(insert(account_phone).values(account_id=one, msisdn=phone))
        if chat is not None:
            await tx.execute(
                insert(link).values(
                    id=new_id(), channel=Channel.TELEGRAM, address=str(chat), account_id=one,
                    access=Access.FULL, linked_at=now,
                )
            )  # fmt: skip
    return one


async def chose(core: Core, channel: Channel, address: str, **columns: Any) -> None:
    """What a person is: reachable, stopped."""
    row = {"locale": "ru", "locale_chosen": False, "reachable": True, "stopped": False} | columns
    async with core.database.transaction() as tx:
        await tx.execute(
            insert(subscriber).values(channel=channel, address=address, first_seen_at=core.wall.now(), **row)
        )


async def agreed(core: Core, channel: Channel, address: str) -> None:
    """To advertising."""
    async with core.database.transaction() as tx:
        await tx.execute(
            insert(consent).values(
                id=new_id(), channel=channel, address=address, given_at=core.wall.now(), how="test"
            )
        )


async def claimed(core: Core, channel: Channel = Channel.TELEGRAM, n: int = 50) -> list[DueNotice]:
    return await core.sending.claim(channel, n, lane=Lane.BULK)


async def outcomes(core: Core, of: UUID | None = None) -> dict[str, tuple[NoticeState, str | None]]:
    """By address: what became of a broadcast's recipients."""
    async with core.database.read() as tx:
        rows = await tx.all(
            select(notice).where(notice.c.parent_id.is_(None), notice.c.broadcast_id.is_not(None))
        )
    return {row.address: (row.state, row.reason) for row in rows if of in (None, row.broadcast_id)}

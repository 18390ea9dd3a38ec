"""A broadcast's notices, written where its rows are: one a recipient, later its edit or its recall."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Select,
    String,
    Uuid,
    and_,
    cast,
    func,
    literal,
    null,
    select,
    true,
    type_coerce,
)
from sqlalchemy.dialects import postgresql, sqlite

from core.notice_states import OrderKind
from core.states import Lane, NoticeState
from core.storage.database import Transaction
from core.storage.message_tables import notice
from core.storage.types import Json, Utc

RECALLABLE = timedelta(hours=48)  # Telegram deletes no older message of a bot


async def store_recipients(tx: Transaction, row: Any, found: Select[Any], now: datetime) -> int:
    """A due notice for each of these (channel, address, locale, account); how many were new.

    A person of two accounts gets one, unless the text tells of the account.
    """
    to = found.subquery()
    key = literal(f"broadcast:{row.id}:", String) + to.c.channel + ":" + to.c.address
    if row.each_account:
        key = key + ":" + cast(to.c.account_id, String)
    values = {
        "channel": to.c.channel,
        "address": to.c.address,
        "template": literal("broadcast", String),
        "locale": to.c.locale,
        "edit": null(),
        "account_id": to.c.account_id,
        "parent_id": null(),
        "quiet": literal(not row.urgent, Boolean),
    }
    return await _store(tx, row, key, values, now, select_from=to, where=[to.c.address != ""])


async def store_later(
    tx: Transaction, row: Any, order: Any, which: list[ColumnElement[bool]], now: datetime
) -> tuple[int, int]:
    """An edit or a recall for each of these recipients; how many, and how many are too old for it."""
    old = notice.c.sent_at <= now - RECALLABLE
    left_out = 0
    if order.kind is OrderKind.RECALL:
        left_out = int(await tx.scalar(select(func.count()).select_from(notice).where(*which, old)))
        which = [*which, ~old]
    sent = notice.alias("sent")
    chosen = select(notice.c.id).where(*which)
    key = literal(f"broadcast:{order.id}:", String) + cast(sent.c.id, String)
    values = {
        "channel": sent.c.channel,
        "address": sent.c.address,
        "template": literal(f"broadcast_{order.kind}", String),
        "locale": sent.c.locale,
        "edit": sent.c.provider_id,
        "account_id": sent.c.account_id,
        "parent_id": sent.c.id,
        "quiet": literal(False, Boolean),  # neither rings
    }
    made = await _store(tx, row, key, values, now, select_from=sent, where=[sent.c.id.in_(chosen)])
    return made, left_out


async def _store(
    tx: Transaction,
    row: Any,
    key: ColumnElement[str],
    values: Mapping[str, ColumnElement[Any]],
    now: datetime,
    *,
    select_from: Any,
    where: list[ColumnElement[bool]],
) -> int:
    shared: dict[str, ColumnElement[Any]] = {
        "id": _fresh_id(tx, now),
        "dedupe_key": key,
        "params": literal({}, Json),
        "lane": literal(Lane.BULK.value, String),
        "state": literal(NoticeState.DUE.value, String),
        "repeat": literal(False, Boolean),
        "created_at": literal(now, Utc()),
        "next_at": literal(now, Utc()),
        "expires_at": literal(row.expires_at, Utc()),
        "broadcast_id": literal(row.id, Uuid),
    }
    columns = shared | dict(values)
    rows = select(*columns.values()).select_from(select_from).where(and_(true(), *where))
    insert = sqlite.insert if tx.sqlite else postgresql.insert
    statement = insert(notice).from_select(list(columns), rows)
    return int((await tx.execute(statement.on_conflict_do_nothing(index_elements=["dedupe_key"]))).rowcount)


def _fresh_id(tx: Transaction, now: datetime) -> ColumnElement[UUID]:
    """A UUIDv7 for each row (RFC 9562, 5.7): the moment, then chance; made where the rows are."""
    moment = literal(f"{int(now.timestamp() * 1000):012x}7", String)
    if tx.sqlite:
        drawn = func.lower(func.hex(func.randomblob(16)))
        return type_coerce(moment + func.substr(drawn, 1, 3) + "8" + func.substr(drawn, 1, 15), Uuid)
    made = cast(func.gen_random_uuid(), String)
    # Of a version 4 the first and the last group are chance alone.
    said = moment + func.substr(made, 1, 3) + "8" + func.substr(made, 1, 3) + func.substr(made, 25)
    return cast(said, Uuid)

"""Charges: a payment's row as its provider is asked for it."""

from typing import Any

from sqlalchemy import select

from core.ids import Payer
from core.money import Money
from core.payments.charge import Charge
from core.states import Channel
from core.storage.database import Database
from core.storage.tables import account, top_up
from core.use_cases.receipts import Receipts


class Charges:
    def __init__(self, database: Database, receipts: Receipts) -> None:
        self._database = database
        self._receipts = receipts

    async def of(self, row: Any) -> Charge:
        async with self._database.read() as tx:
            asked = await tx.one(
                select(top_up.c.channel, top_up.c.payer, top_up.c.account_id, account.c.number)
                .join(account, account.c.id == top_up.c.account_id)
                .where(top_up.c.id == row.top_up_id)
            )
            payer = Payer(asked.channel, asked.payer)
            receipt = await self._receipts.of_payer(tx, payer, asked.account_id, asked.number)
        return Charge(
            row.id,
            asked.number,
            Money(row.total),
            payer.opaque,
            phone=payer.address if payer.channel == Channel.SMS else None,
            method=row.method,
            receipt=receipt,
        )

"""Reconciliations: what our ledger says a provider collected, charge by charge."""

from sqlalchemy import func, select

from core.ledger.transfer import clearing
from core.money import Money
from core.storage.database import Database
from core.storage.tables import ledger_transfer, payment


class Reconciliations:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def booked(self, provider: str) -> dict[str, Money]:
        """The sum taken out of the provider's clearing account for each of its references."""
        booked = (
            select(payment.c.provider_ref, func.sum(ledger_transfer.c.amount).label("total"))
            .join(ledger_transfer, ledger_transfer.c.payment_id == payment.c.id)
            .where(payment.c.provider == provider, ledger_transfer.c.debit == clearing(provider).id)
            .group_by(payment.c.provider_ref)
        )
        async with self._database.read() as tx:
            return {row.provider_ref: Money(int(row.total)) for row in await tx.all(booked)}

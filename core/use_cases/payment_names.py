"""What staff call a payment, our id or the reference on its receipt, and what they said became of it."""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select

from core.storage.database import Transaction
from core.storage.tables import payment

# The reason of a payment that staff settled.
SAID_PAID, SAID_NOT_PAID = "paid, say staff", "not paid, say staff"


async def which(tx: Transaction, name: str) -> ColumnElement[bool]:
    """The payments of this id or reference; some providers' references look like our ids."""
    referred = and_(payment.c.provider.in_(await providers(tx)), payment.c.provider_ref == name)
    try:
        return or_(payment.c.id == UUID(name), referred)
    except ValueError:
        return referred


async def providers(tx: Transaction) -> list[str]:
    """Every provider that has a payment, read off the index: theirs begin with the provider."""
    found: list[str] = []
    while True:
        after = select(func.min(payment.c.provider)).where(payment.c.provider > (found[-1] if found else ""))
        name = await tx.scalar(after)
        if name is None:
            return found
        found.append(name)

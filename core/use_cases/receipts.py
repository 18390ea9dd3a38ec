"""Receipts: what the fiscal receipt (54-ФЗ) of a payment says, and whom it is sent to."""

from sqlalchemy import select

from core.ids import AccountId, Payer
from core.payments.charge import Receipt
from core.settings import Settings
from core.states import Channel
from core.storage.database import Transaction
from core.storage.tables import account, account_phone, link


class Receipts:
    def __init__(self, settings: Settings) -> None:
        self._vat_code = settings.receipt_vat_code
        self._tax_system = settings.receipt_tax_system or None
        self._item = settings.receipt_item
        self._email = settings.receipt_email

    async def of_payer(
        self, tx: Transaction, payer: Payer, account_id: AccountId, number: str
    ) -> Receipt | None:
        """None where no receipts are made. A stranger who pays is not told the subscriber's contacts."""
        if not self._vat_code:
            return None
        if payer.channel == Channel.SMS:
            return self.to(number, phone=payer.address)
        linked = select(link.c.account_id).where(
            link.c.channel == payer.channel,
            link.c.address == payer.address,
            link.c.account_id == account_id,
            link.c.ended_at.is_(None),
        )
        if await tx.scalar(linked) is None:
            return self.to(number)
        email = await tx.scalar(select(account.c.email).where(account.c.id == account_id))
        phones = select(account_phone.c.msisdn).where(account_phone.c.account_id == account_id)
        phone = None if email else await tx.scalar(phones.order_by(account_phone.c.msisdn).limit(1))
        return self.to(number, email=email or None, phone=phone)

    def to(self, number: str, *, email: str | None = None, phone: str | None = None) -> Receipt | None:
        """To the one contact that is known, else to the operator's own address."""
        if not self._vat_code:
            return None
        return Receipt(
            item=self._item.replace("{number}", number),
            vat_code=self._vat_code,
            email=email or (None if phone else self._email),
            phone=None if email else phone,
            tax_system=self._tax_system,
        )

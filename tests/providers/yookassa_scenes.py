"""What tests of YooKassa do over and over: an adapter is made, a payment is started on it."""

from dataclasses import replace

from core.ids import PaymentId, new_id
from core.money import Money
from core.payments.charge import Charge, Receipt
from core.payments.provider import Pending
from core.payments.yookassa import YooKassa
from core.states import Method
from tests.providers import yookassa_desk as documents

PUBLIC_URL = "https://aliance.test"
PHONE = "79140001111"
CHARGE = Charge(PaymentId(new_id()), "100080", Money(500_00), "someone", phone=PHONE)
SBP = replace(CHARGE, method=Method.SBP)
RECEIPT = Receipt("Услуги связи, лицевой счёт 100080", vat_code=11, email="a@b.test", tax_system=1)


def adapter(url: str, *, timeout: float = 5.0, key: str = documents.KEY, test: bool = False) -> YooKassa:
    return YooKassa(
        url=f"{url}/v3",
        public_url=PUBLIC_URL,
        shop=documents.SHOP,
        key=key,
        networks=documents.NETWORKS,
        test=test,
        timeout=timeout,
    )


async def started(yookassa: YooKassa, charge: Charge = CHARGE) -> str:
    pending = await yookassa.start_checkout(charge)
    assert isinstance(pending, Pending)
    assert pending.reference is not None
    return pending.reference

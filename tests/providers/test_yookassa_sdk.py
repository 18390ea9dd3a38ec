"""Our requests are those that YooKassa's own SDK sends for the same payment: it is the oracle here."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import yookassa as sdk

from core.clock import SystemClock
from core.ids import PaymentId, new_id
from core.money import Money
from core.payments.charge import Charge, Refund
from core.payments.yookassa import YooKassa
from core.states import Method
from tests.providers.served import served
from tests.providers.yookassa_desk import KEY, SHOP, YooKassaDesk
from tests.providers.yookassa_scenes import PUBLIC_URL, RECEIPT, adapter

CHARGE = Charge(PaymentId(new_id()), "100080", Money(113_50), "someone", phone="79140001111")
TOKEN = "2a7834f6-0001-5000-a000-1da326e5e123"

AMOUNT = {"value": "113.50", "currency": "RUB"}
METADATA = {"payment": str(CHARGE.id), "account": "100080"}
BACK = {"type": "redirect", "return_url": f"{PUBLIC_URL}/paid"}
SDK_RECEIPT = {
    "customer": {"email": "a@b.test"},
    "tax_system_code": 1,
    "items": [
        {
            "description": RECEIPT.item,
            "quantity": "1.00",
            "amount": AMOUNT,
            "vat_code": 11,
            "payment_subject": "payment",
            "payment_mode": "advance",
        }
    ],
}


@pytest.fixture
async def desk() -> AsyncIterator[YooKassaDesk]:
    there = YooKassaDesk(now=SystemClock().now(), tokens={TOKEN: "succeeded"})
    async with served(there.app()) as url:
        there.url = url
        yield there


@pytest.fixture
async def ours(desk: YooKassaDesk) -> AsyncIterator[YooKassa]:
    made = adapter(desk.url)
    yield made
    await made.close()


async def _by_sdk(desk: YooKassaDesk, call: Callable[..., object], *arguments: Any) -> None:
    sdk.Configuration.configure(SHOP, KEY, api_url=f"{desk.url}/v3")
    await asyncio.to_thread(call, *arguments)


def _sdk_payment(**more: Any) -> dict[str, Any]:
    return {"amount": AMOUNT, "capture": True, "metadata": METADATA, **more}


def _same(desk: YooKassaDesk) -> None:
    """The two newest requests are one; the SDK adds its name, and empty lists of what it was not given."""
    (*_, ours, (method, path, body, key)) = desk.asked
    body.get("metadata", {}).pop("cms_name", None)
    assert ours == (method, path, {name: value for name, value in body.items() if value != []}, key)


async def test_a_card_page(desk: YooKassaDesk, ours: YooKassa) -> None:
    await ours.start_checkout(CHARGE)
    wish = _sdk_payment(
        description="100080",
        payment_method_data={"type": "bank_card"},
        confirmation=BACK,
        save_payment_method=False,
    )
    await _by_sdk(desk, sdk.Payment.create, wish, str(CHARGE.id))
    _same(desk)


async def test_a_page_of_the_fast_payment_system_with_a_receipt(desk: YooKassaDesk, ours: YooKassa) -> None:
    await ours.start_checkout(replace(CHARGE, method=Method.SBP, save=True, receipt=RECEIPT))
    wish = _sdk_payment(
        description=RECEIPT.item,
        payment_method_data={"type": "sbp"},
        confirmation=BACK,
        save_payment_method=True,
        receipt=SDK_RECEIPT,
    )
    await _by_sdk(desk, sdk.Payment.create, wish, str(CHARGE.id))
    _same(desk)


async def test_a_phone_account(desk: YooKassaDesk, ours: YooKassa) -> None:
    await ours.charge_mobile(replace(CHARGE, method=Method.MOBILE))
    wish = _sdk_payment(
        description="100080",
        payment_method_data={"type": "mobile_balance", "phone": "79140001111"},
        confirmation={"type": "external"},
    )
    await _by_sdk(desk, sdk.Payment.create, wish, str(CHARGE.id))
    _same(desk)


@pytest.mark.parametrize("by_mandate", [True, False])
async def test_a_saved_card(desk: YooKassaDesk, ours: YooKassa, by_mandate: bool) -> None:
    await ours.charge_saved(replace(CHARGE, by_mandate=by_mandate), TOKEN)
    wish = _sdk_payment(description="100080", payment_method_id=TOKEN)
    await _by_sdk(
        desk, sdk.Payment.create, wish | ({} if by_mandate else {"confirmation": BACK}), str(CHARGE.id)
    )
    _same(desk)


async def test_a_refund_and_what_becomes_of_it(desk: YooKassaDesk, ours: YooKassa) -> None:
    await ours.start_checkout(CHARGE)
    (reference,) = desk.payments
    desk.pays(reference)
    wish = Refund(UUID(int=7), reference, Money(113_50), RECEIPT)
    await ours.refund(wish)
    said = {"payment_id": reference, "amount": AMOUNT, "receipt": SDK_RECEIPT}
    await _by_sdk(desk, sdk.Refund.create, said, str(wish.id))
    _same(desk)
    (name,) = desk.refunds
    await ours.get_refund(wish, name)
    await _by_sdk(desk, sdk.Refund.find_one, name)
    _same(desk)
    await ours.get_state(CHARGE, reference)
    await _by_sdk(desk, sdk.Payment.find_one, reference)
    _same(desk)


async def test_the_register(desk: YooKassaDesk, ours: YooKassa) -> None:
    since = SystemClock().now().replace(microsecond=0)
    until = since + timedelta(days=1)
    assert [line async for line in ours.register(since, until)] == []
    sought = {
        "status": "succeeded",
        "captured_at.gte": since.isoformat().replace("+00:00", ".000Z"),
        "captured_at.lt": until.isoformat().replace("+00:00", ".000Z"),
        "limit": "100",
    }
    await _by_sdk(desk, sdk.Payment.list, sought)
    ours_asked, _, theirs_asked = desk.queries
    assert ours_asked == theirs_asked

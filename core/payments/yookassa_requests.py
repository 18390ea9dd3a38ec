"""YooKassa's requests: a charge or a refund of ours as the JSON that its API takes."""

from typing import Any

from core.money import Money
from core.payments.charge import Charge, Receipt, Refund
from core.states import Method

DESCRIPTION_LARGEST = 128
PAY_WITH = {Method.CARD: "bank_card", Method.SBP: "sbp"}

Body = dict[str, Any]


def checkout(charge: Charge, *, return_url: str) -> Body:
    return {
        **_payment(charge),
        "payment_method_data": {"type": PAY_WITH[charge.method]},
        "confirmation": {"type": "redirect", "return_url": return_url},
        "save_payment_method": charge.save,
    }


def mobile(charge: Charge) -> Body:
    """The payer confirms by SMS to his operator."""
    return {
        **_payment(charge),
        "payment_method_data": {"type": "mobile_balance", "phone": charge.phone},
        "confirmation": {"type": "external"},
    }


def saved(charge: Charge, token: str, *, return_url: str) -> Body:
    """With an address to come back to, the payer may be asked for the CVC; a mandate has nobody there."""
    body = {**_payment(charge), "payment_method_id": token}
    if not charge.by_mandate:
        body["confirmation"] = {"type": "redirect", "return_url": return_url}
    return body


def refund(wanted: Refund) -> Body:
    body: Body = {"payment_id": wanted.reference, "amount": _amount(wanted.amount)}
    if wanted.receipt is not None:
        body["receipt"] = _receipt(wanted.receipt, wanted.amount)
    return body


def _payment(charge: Charge) -> Body:
    body: Body = {
        "amount": _amount(charge.total),
        "capture": True,
        "description": _description(charge),
        "metadata": {"payment": str(charge.id), "account": charge.number},
    }
    if charge.receipt is not None:
        body["receipt"] = _receipt(charge.receipt, charge.total)
    return body


def _description(charge: Charge) -> str:
    """What the payer reads on the page and in his bank."""
    item = charge.receipt.item if charge.receipt else charge.number
    return item[:DESCRIPTION_LARGEST]


def _receipt(receipt: Receipt, amount: Money) -> Body:
    contacts = {"email": receipt.email, "phone": receipt.phone}
    body: Body = {
        "customer": {name: value for name, value in contacts.items() if value},
        "items": [
            {
                "description": receipt.item[:DESCRIPTION_LARGEST],
                "quantity": "1.0",
                "amount": _amount(amount),
                "vat_code": receipt.vat_code,
                "payment_subject": "payment",
                "payment_mode": "advance",
            }
        ],
    }
    if receipt.tax_system is not None:
        body["tax_system_code"] = receipt.tax_system
    return body


def _amount(amount: Money) -> Body:
    return {"value": str(amount), "currency": "RUB"}

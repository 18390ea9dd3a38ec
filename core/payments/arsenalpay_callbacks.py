"""ArsenalPay's callbacks: a signed form becomes an event, or a question before a payment."""

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from urllib.parse import parse_qsl

from core.money import ZERO, Money
from core.payments import amounts
from core.payments.arsenalpay_signatures import CALLBACK_SIGNED, genuine
from core.payments.charge import Receipt
from core.payments.provider import (
    CallbackAnswer,
    CallbackRejected,
    Check,
    Declined,
    Pending,
    ProviderEvent,
    Refunded,
    Succeeded,
    Told,
    Verdict,
)
from core.states import Method

FIELDS_LARGEST = 50
REFERENCE_LARGEST = 40  # with a refund's ending it fits our columns
FEE_LARGEST_PERCENT = Decimal(15)  # the full sum is not signed: a larger gap to the signed one is no fee
REFUNDS = {"refund": "refund", "reverse": "reverse", "reversal": "reverse"}
CANCELS = ("cancel", "cancelinit")
# By VAT code (core.settings): the names that its cash register knows.
TAXES = (
    "none", "vat0", "vat10", "vat20", "vat110", "vat120",
    "vat5", "vat7", "vat105", "vat107", "vat22", "vat122",
)  # fmt: skip

Fields = Mapping[str, str]


def parse(body: bytes, *, key: str, merchant: str) -> Told | Check:
    """Verify a form and read it. Raises CallbackRejected; its answer is ERR."""
    fields = _fields(body)
    if not genuine(fields, CALLBACK_SIGNED, key):
        raise _rejected(fields, "signature", status=403)
    if merchant and fields["ID"] != merchant:
        raise _rejected(fields, "merchant", status=403)
    try:
        if fields["FUNCTION"] == "check":
            return _check(fields)
        return Told(_event(fields), body, _answer(fields, "OK"))
    except ValueError as error:
        raise _rejected(fields, str(error)) from error


def read(kept: bytes) -> ProviderEvent:
    fields = _fields(kept)
    try:
        return _event(fields)
    except ValueError as error:
        raise _rejected(fields, str(error)) from error


def _fields(body: bytes) -> Fields:
    """The form's fields, each once; all that is signed has to be there."""
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_LARGEST
        )
    except ValueError as error:
        raise _rejected({}, "malformed") from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise _rejected({}, "duplicate parameter")
    for name in (*CALLBACK_SIGNED, "SIGN"):
        if not fields.get(name):
            raise _rejected(fields, f"no {name}")
    if fields["FUNCTION"] != fields["STATUS"]:
        raise _rejected(fields, "function and status differ")
    return fields


def _check(fields: Fields) -> Check:
    def answer(verdict: Verdict, receipt: Receipt | None) -> CallbackAnswer:
        words = {Verdict.YES: "YES", Verdict.NO: "NO", Verdict.TROUBLE: "ERR"}
        ofd = None if receipt is None or verdict is not Verdict.YES else _fiscal(fields, receipt)
        return _answer(fields, words[verdict], ofd)

    total, vouched = _total(fields)
    return Check(
        number=fields["ACCOUNT"],
        total=total if vouched is None else vouched,
        method=_method(fields),
        wants_receipt=fields.get("OFD") == "1",
        phone=_phone(fields["PAYER"]),
        answer=answer,
    )


def _event(fields: Fields) -> ProviderEvent:
    outcome, method = outcome_of(fields)
    function, reference = fields["FUNCTION"], _reference(fields)
    key = f"{fields['ID']}:{reference}:{function}"
    if function == "refund" and isinstance(outcome, Refunded):
        key = f"{key}:{outcome.amount.kopecks}"
    return ProviderEvent(
        key=key,
        payment_id=None,
        outcome=outcome,
        method=method,
        at=moment_of(fields.get("DATETIME", "")),
        number=fields["ACCOUNT"],
        total=_total(fields)[0],
    )


def outcome_of(
    fields: Fields, *, currency: str = "RUB"
) -> tuple[Succeeded | Pending | Declined | Refunded, Method]:
    """What fields of these names tell, in a callback or in the register. Raises ValueError."""
    function, reference, number = fields["FUNCTION"], _reference(fields), fields["ACCOUNT"]
    total, vouched = _total(fields)
    outcome: Succeeded | Pending | Declined | Refunded
    if function == "payment":
        outcome = Succeeded(reference, number=number, total=total, currency=currency, vouched=vouched)
    elif function == "hold":
        outcome = Pending(reference)
    elif function in CANCELS:
        outcome = Declined("abandoned", reference)
    elif function in REFUNDS:
        back, name = total if vouched is None else vouched, f"{reference}:{REFUNDS[function]}"
        if function == "refund":
            # Several parts of one payment may be given back: only their amounts tell them apart.
            name = f"{name}:{back.kopecks}"
        outcome = Refunded(name, of=reference, amount=back, currency=currency, full=total)
    else:
        raise ValueError("unknown function")
    return outcome, _method(fields)


def _total(fields: Fields) -> tuple[Money, Money | None]:
    """What the payer paid, and what of it is signed where the two differ: a fee was taken out of the sum."""
    signed = amounts.read(fields["AMOUNT"])
    if fields.get("MERCH_TYPE") != "1":
        return signed, None
    try:
        full = amounts.read(fields.get("AMOUNT_FULL"))
    except ValueError:
        return signed, None
    fee = full - signed
    if not ZERO <= fee <= full.share(FEE_LARGEST_PERCENT):
        return signed, None
    return full, signed


def _reference(fields: Fields) -> str:
    found = fields["RRN"]
    if not found.isascii() or not found.isprintable() or len(found) > REFERENCE_LARGEST:
        raise ValueError("reference")
    return found


def _method(fields: Fields) -> Method:
    """A payer that is a phone paid from its account."""
    return Method.MOBILE if _phone(fields["PAYER"]) else Method.CARD


def _phone(payer: str) -> str | None:
    return f"7{payer}" if len(payer) == 10 and payer.isdecimal() and payer.isascii() else None


def moment_of(text: str) -> datetime | None:
    """It is not signed, and nothing depends on it."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _fiscal(fields: Fields, receipt: Receipt) -> dict[str, object]:
    # JSON knows one kind of number; these are written with the digits they were read with.
    price = float(fields["AMOUNT"])
    contacts = {"email": receipt.email, "phone": receipt.phone and receipt.phone[-10:]}
    return {
        "id": fields["ID"],
        "type": "sell",
        "receipt": {
            "attributes": {name: value for name, value in contacts.items() if value},
            "items": [
                {
                    "name": receipt.item,
                    "quantity": 1,
                    "price": price,
                    "sum": price,
                    "tax": TAXES[receipt.vat_code - 1],
                }
            ],
        },
    }


def _answer(fields: Fields, word: str, ofd: object = None, *, status: int = 200) -> CallbackAnswer:
    if fields.get("FORMAT") != "json":
        return CallbackAnswer(status, word)
    said = {"response": word} if ofd is None else {"response": word, "ofd": ofd}
    return CallbackAnswer(status, json.dumps(said, ensure_ascii=False), "application/json")


def _rejected(fields: Fields, reason: str, *, status: int = 400) -> CallbackRejected:
    return CallbackRejected(reason, answer=_answer(fields, "ERR", status=status))

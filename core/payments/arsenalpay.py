"""ArsenalPay: a widget for cards, charges of phone accounts, and mandates that it charges by itself."""

import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlencode
from xml.etree import ElementTree

import structlog

from core.money import Money
from core.payments import amounts, arsenalpay_callbacks, arsenalpay_register
from core.payments.arsenalpay_signatures import CHARGE_SIGNED, STATE_SIGNED, of_fields, of_widget
from core.payments.arsenalpay_subscriptions import Subscriptions
from core.payments.capabilities import Capabilities, Limits
from core.payments.charge import Charge
from core.payments.line import TIMEOUT_SECONDS, Answer, Line
from core.payments.provider import (
    BadLine,
    Check,
    Declined,
    Done,
    NotSent,
    Outcome,
    Pending,
    Provider,
    ProviderEvent,
    RegisterLine,
    Subscription,
    Succeeded,
    Told,
    Unknown,
)
from core.states import Method

LIMITS = Limits(least=Money.roubles(10), most=Money.roubles(14_999))
MOBILE_PATH = "/init_pay_mk/"
STATUS_LARGEST = 32
_REFERENCE = re.compile(r"[0-9A-Za-z-]{1,40}")
_PHONE = re.compile(r"7[0-9]{10}")
# Its own trouble: what became of the charge is open.
TROUBLE = frozenset({"ERROR", "ERR_NODB"})

log = structlog.get_logger()


class ArsenalPay(Provider):
    """Knows accounts, not our keys: its callbacks are matched by reference, or by account and total.

    The card page is at an address of ours, which leads on to the widget while the payment is open. A
    mobile charge is confirmed by the payer and has no key: one of unknown outcome is never repeated.
    """

    name = "arsenalpay"

    def __init__(
        self,
        *,
        url: str,
        public_url: str,
        merchant: str,
        callback_key: str,
        widget: str = "",
        widget_key: str = "",
        mobile_key: str = "",
        client_id: str = "",
        client_secret: str = "",
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        self._url = url.rstrip("/")
        self._public_url = public_url.rstrip("/")
        self._merchant = merchant
        self._callback_key = callback_key
        self._widget = widget
        self._widget_key = widget_key
        self._mobile_key = mobile_key
        self._line = Line(url, timeout=timeout)
        self._subscriptions = Subscriptions(self._line, client_id=client_id, client_secret=client_secret)
        self.capabilities = _capabilities(
            card=bool(widget and widget_key), mobile=bool(merchant and mobile_key), schedules=bool(client_id)
        )

    async def start_checkout(self, charge: Charge) -> Outcome:
        token = f"{charge.id.hex}{secrets.token_urlsafe(16)}"
        return Pending(checkout_url=f"{self._public_url}/checkout/{token}")

    def checkout_page(self, charge: Charge) -> str:
        amount, nonce = str(charge.total), secrets.token_hex(16)
        sign = of_widget(
            payer=charge.payer,
            destination=charge.number,
            amount=amount,
            widget=self._widget,
            nonce=nonce,
            key=self._widget_key,
        )
        query = {
            "widget": self._widget,
            "destination": charge.number,
            "amount": amount,
            "userId": charge.payer,
            "nonce": nonce,
            "widgetSign": sign,
        }
        return f"{self._url}/widget.html?{urlencode(query)}"

    async def charge_mobile(self, charge: Charge) -> Outcome:
        if charge.phone is None or not _PHONE.fullmatch(charge.phone):
            return Declined("other")
        fields = {
            "ID": self._merchant,
            "FUNCTION": "init_pay_mk",
            "ACCOUNT": charge.number,
            "PHONE": charge.phone[1:],
            "AMOUNT": str(charge.total),
            "CURRENCY": "RUR",
        }
        answer = await self._ask_mobile(fields, CHARGE_SIGNED)
        return answer if isinstance(answer, NotSent | Unknown) else _charged(answer, charge)

    async def get_state(self, charge: Charge, reference: str | None) -> Sequence[Outcome] | Unknown:
        if reference is None:
            return Unknown("no reference to ask by")
        fields = {"ID": self._merchant, "FUNCTION": "init_pay_mk_status", "RRN": reference}
        answer = await self._ask_mobile(fields, STATE_SIGNED)
        if isinstance(answer, NotSent | Unknown):
            return Unknown(answer.reason)
        found = _state(answer, reference)
        return found if isinstance(found, Unknown) else [found]

    def read_register(self, path: Path) -> Iterator[RegisterLine | BadLine]:
        return arsenalpay_register.read(path, merchant=self._merchant)

    async def subscriptions(self) -> Sequence[Subscription] | Unknown:
        return await self._subscriptions.live()

    async def delete_subscription(self, reference: str) -> Done | NotSent | Unknown:
        return await self._subscriptions.delete(reference)

    def parse_callback(self, body: bytes, headers: Mapping[str, str], peer: str) -> Told | Check:
        return arsenalpay_callbacks.parse(body, key=self._callback_key, merchant=self._merchant)

    def read_callback(self, kept: bytes) -> ProviderEvent:
        return arsenalpay_callbacks.read(kept)

    async def close(self) -> None:
        await self._line.close()

    async def _ask_mobile(
        self, fields: Mapping[str, str], signed: tuple[str, ...]
    ) -> dict[str, str] | NotSent | Unknown:
        """The fields of the answer's XML."""
        sign = of_fields(fields, signed, self._mobile_key)
        answer = await self._line.ask("POST", MOBILE_PATH, form={**fields, "SIGN": sign})
        if not isinstance(answer, Answer):
            return answer
        if answer.status != 200:
            log.warning("provider did not answer properly", provider=self.name, status=answer.status)
            return Unknown(f"status_{answer.status}")
        return _xml(answer.body)


def _capabilities(*, card: bool, mobile: bool, schedules: bool) -> Capabilities:
    methods = {Method.CARD: card, Method.MOBILE: mobile}
    return Capabilities(
        methods=frozenset(method for method, able in methods.items() if able),
        limits={method: LIMITS for method, able in methods.items() if able},
        tells_state=frozenset({Method.MOBILE} if mobile else ()),
        register_file=True,
        schedules=schedules,
        pre_checks=True,
        payer_confirms=frozenset({Method.MOBILE} if mobile else ()),
    )


def _xml(body: bytes) -> dict[str, str] | Unknown:
    """One level of elements. A document type could define entities without end: there is none here."""
    if b"<!" in body:
        return Unknown("unreadable answer")
    try:
        root = ElementTree.fromstring(body)
    except (ElementTree.ParseError, ValueError, LookupError):
        return Unknown("unreadable answer")
    found = {each.tag: (each.text or "").strip() for each in root}
    return found if len(found) == len(root) else Unknown("unreadable answer")


def _charged(answer: Mapping[str, str], charge: Charge) -> Outcome:
    """What became of the request to charge; where it was taken, the payer has to confirm by SMS."""
    status, reference = answer.get("status", ""), _reference(answer)
    if status == "OK" and reference is not None:
        return Pending(reference)
    if status in TROUBLE and reference is not None:
        return Pending(reference)  # with its name the state can be asked for
    if status.startswith("ERR_") and status not in TROUBLE:
        log.warning("mobile charge refused", payment=str(charge.id), status=status[:STATUS_LARGEST])
        return Declined("other", reference)
    return Unknown(f"status {status}"[:STATUS_LARGEST])


def _state(answer: Mapping[str, str], reference: str) -> Outcome:
    status = answer.get("status", "")
    if answer.get("rrn") != reference:
        return Unknown("an answer about another charge")
    if status in ("NO_ANSWER", "OK_INIT", "OK_ANSWER"):
        return Pending(reference)
    if status == "ERR_PAY":
        return Declined("other", reference)
    if status != "OK_PAY":
        return Unknown(f"status {status}"[:STATUS_LARGEST])
    try:
        total = amounts.read(answer.get("amount"))
    except ValueError:
        return Unknown("unreadable answer")
    return Succeeded(reference, number=answer.get("account", ""), total=total, currency="RUB")


def _reference(answer: Mapping[str, str]) -> str | None:
    found = answer.get("rrn", "")
    return found if _REFERENCE.fullmatch(found) else None

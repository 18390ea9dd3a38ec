"""ArsenalPay's side of the wire, written from its documents and SDKs: books, signatures, callbacks."""

import hashlib
import hmac
import itertools
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

from aiohttp import web

from tests.providers.faults import Faults

MERCHANT = "2096"
CALLBACK_KEY = "callback-key"
WIDGET, WIDGET_KEY = "1001", "widget-key"
MOBILE_KEY = "mobile-key"
CLIENT_ID, CLIENT_SECRET = "client-1", "client-secret-1"


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def signed(key: str, *values: str) -> str:
    return md5("".join(md5(value) for value in values) + md5(key))


@dataclass
class Transaction:
    rrn: str
    account: str
    amount: str
    payer: str
    status: str = "OK_INIT"


@dataclass
class ArsenalPayDesk:
    """Takes money of payers by widget and by phone, and tells of it by callbacks that a test delivers."""

    url: str = ""
    transactions: list[Transaction] = field(default_factory=list)
    charges: list[dict[str, str]] = field(default_factory=list)  # requests for mobile charges as they came
    subscriptions: dict[str, dict[str, str]] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)
    tokens: list[str] = field(default_factory=list)
    refuses: str = ""  # the status that mobile charges are answered with instead of OK
    hidden: int = 0  # subscriptions that the list leaves out
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(567456755678))

    def app(self) -> web.Application:
        app = web.Application()
        before = self.faults.before
        app.router.add_post("/init_pay_mk/", before(self._mobile))
        app.router.add_post("/api/oauth2/token", before(self._token))
        app.router.add_get("/api/v1/subscriptions", before(self._list))
        app.router.add_delete("/api/v1/subscriptions/{id}", before(self._delete))
        return app

    # What payers do.

    def opens_widget(self, url: str) -> Transaction:
        """A payer opens the widget's address; the widget refuses one that is not signed by us."""
        where, query = urlsplit(url), parse_qs(urlsplit(url).query, strict_parsing=True)
        assert f"{where.scheme}://{where.netloc}{where.path}" == f"{self.url}/widget.html"
        said = {name: value for name, (value,) in query.items()}
        assert said.keys() == {"widget", "destination", "amount", "userId", "nonce", "widgetSign"}
        assert said["widget"] == WIDGET
        over = ";".join((said["userId"], said["destination"], said["amount"], WIDGET, said["nonce"]))
        assert said["widgetSign"] == hmac.new(WIDGET_KEY.encode(), over.encode(), "sha256").hexdigest()
        return self._book(said["destination"], said["amount"], payer=said["userId"])

    def confirms(self, transaction: Transaction) -> None:
        """The payer answers his operator's SMS, or enters the card: the money is taken."""
        transaction.status = "OK_PAY"

    # What the provider tells.

    def callback(
        self, transaction: Transaction, function: str, *, key: str = CALLBACK_KEY, **changes: str
    ) -> bytes:
        fields = {
            "ID": MERCHANT,
            "FUNCTION": function,
            "RRN": transaction.rrn,
            "PAYER": transaction.payer,
            "AMOUNT": transaction.amount,
            "ACCOUNT": transaction.account,
            "STATUS": function,
            "DATETIME": "2026-04-27T15:00:00+10:00",
            "MERCH_TYPE": "0",
        } | changes
        fields["SIGN"] = signed(
            key, *(fields[name] for name in ("ID", "FUNCTION", "RRN", "PAYER", "AMOUNT", "ACCOUNT", "STATUS"))
        )
        return urlencode(fields).encode()

    @property
    def taken(self) -> list[Transaction]:
        return [each for each in self.transactions if each.status == "OK_PAY"]

    # Its servers.

    async def _mobile(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        if form["FUNCTION"] == "init_pay_mk":
            return self._charge(form)
        assert form["SIGN"] == signed(MOBILE_KEY, form["ID"], "init_pay_mk_status", form["RRN"])
        found = [each for each in self.transactions if each.rrn == form["RRN"]]
        if not found:
            return _xml(rrn=form["RRN"], status="ERR_RRN")
        (one,) = found
        return _xml(
            rrn=one.rrn,
            account=one.account,
            amount=one.amount,
            phone=one.payer,
            datetime="2026-04-27 15:00:00",
            status=one.status,
        )

    def _charge(self, form: dict[str, str]) -> web.Response:
        self.charges.append(form)
        fields = [form[name] for name in ("ID", "FUNCTION", "ACCOUNT", "PHONE", "AMOUNT")]
        assert form["SIGN"] == signed(MOBILE_KEY, *fields)
        assert form["ID"] == MERCHANT
        assert form["CURRENCY"] == "RUR"
        assert len(form["PHONE"]) == 10
        if self.refuses:
            return _xml(rrn=str(next(self._numbers)), stan="1", status=self.refuses)
        one = self._book(form["ACCOUNT"], form["AMOUNT"], payer=form["PHONE"])
        return _xml(
            stan="12345", rrn=one.rrn, account=one.account, phone=one.payer, amount=one.amount, status="OK"
        )

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        assert form["grant_type"] == "client_credentials"
        if (form["client_id"], form["client_secret"]) != (CLIENT_ID, CLIENT_SECRET):
            return web.json_response({"error": "invalid_client", "error_description": ""}, status=400)
        self.tokens.append(f"token-{len(self.tokens) + 1}")
        return web.json_response(
            {"access_token": self.tokens[-1], "token_type": "bearer", "expires_in": 3600}
        )

    def _known(self, request: web.Request) -> bool:
        return bool(self.tokens) and request.headers.get("Authorization") == f"Bearer {self.tokens[-1]}"

    async def _list(self, request: web.Request) -> web.Response:
        if not self._known(request):
            return web.json_response({"error": "invalid_token"}, status=401)
        items = [{"id": name, **said} for name, said in self.subscriptions.items()]
        shown = items[: len(items) - self.hidden]
        return web.json_response({"total": len(items), "items": shown})

    async def _delete(self, request: web.Request) -> web.Response:
        if not self._known(request):
            return web.json_response({"error": "invalid_token"}, status=401)
        if self.subscriptions.pop(request.match_info["id"], None) is None:
            return web.json_response({"code": 404, "message": "not found"}, status=404)
        return web.json_response({"code": 200, "message": "OK"})

    def _book(self, account: str, amount: str, *, payer: str) -> Transaction:
        one = Transaction(str(next(self._numbers)), account, amount, payer)
        self.transactions.append(one)
        return one


def _xml(**fields: str) -> web.Response:
    body = "".join(f"    <{name}>{value}</{name}>\n" for name, value in fields.items())
    return web.Response(text=f"<main>\n{body}</main>", content_type="text/xml")

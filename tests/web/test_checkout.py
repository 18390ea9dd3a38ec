"""Real providers at the HTTP door: the way to the card page, and callbacks from where they may come."""

from collections.abc import AsyncIterator

import pytest

from core.ids import Payer
from core.money import Money
from core.settings import Settings
from core.states import EventState, Method
from core.storage.tables import account, payment, provider_event
from core.wiring import Core, open_core
from tests.core.scenes import rows
from tests.fakes import FakeClock
from tests.providers import test_arsenalpay, yookassa_desk, yookassa_scenes
from tests.providers.arsenalpay_desk import ArsenalPayDesk, Transaction
from tests.providers.served import served
from tests.providers.yookassa_desk import YooKassaDesk
from tests.web.conftest import Client, Serve
from web import bodies

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CHAT = Payer.telegram(1001)
URL = "https://arsenalpay.test"


@pytest.fixture
async def core(core: Core, settings: Settings, clock: FakeClock) -> AsyncIterator[Core]:
    """The core of this folder's tests, its card payments at ArsenalPay."""
    arsenalpay = test_arsenalpay.adapter(URL)
    async with open_core(settings, clock=clock, wall=clock, providers=[arsenalpay]) as opened:
        yield opened


async def _address(core: Core) -> str:
    quote = await core.top_ups.quote(
        CHAT, number="100080", amount=Money.roubles(500), method=Method.CARD, locale="ru"
    )
    address = (await core.top_ups.confirm(quote.id, by=CHAT)).checkout_url
    assert address is not None
    assert address.startswith("https://aliance.test/checkout/")
    return address.removeprefix("https://aliance.test")


async def test_our_address_leads_on_to_the_widget_while_the_payment_is_open(
    core: Core, client: Client
) -> None:
    path, desk = await _address(core), ArsenalPayDesk(url=URL)
    for _ in range(2):  # a messenger that previews it uses nothing up
        async with client.get(path, allow_redirects=False) as response:
            assert response.status == 303
            assert response.headers["Cache-Control"] == "no-store"
            assert response.headers["Referrer-Policy"] == "no-referrer"
            desk.opens_widget(response.headers["Location"])
    body = desk.callback(desk.transactions[-1], "payment")
    async with client.post("/callbacks/arsenalpay", data=body, headers=FORM) as response:
        assert (response.status, await response.text()) == (200, "OK")
    async with client.get(path, allow_redirects=False, headers={"Accept-Language": "ru"}) as response:
        assert response.status == 410
        assert "Платёж закрыт" in await response.text()


@pytest.mark.parametrize("token", ["x", "0" * 32, "0" * 31 + "g", "0" * 60, "%20", "ю"])
async def test_an_address_that_was_not_given_leads_nowhere(core: Core, client: Client, token: str) -> None:
    await _address(core)
    async with client.get(f"/checkout/{token}", allow_redirects=False) as response:
        assert response.status == 410


async def test_the_key_alone_opens_nothing(core: Core, client: Client) -> None:
    await _address(core)
    (row,) = await rows(core, payment)
    for token in (row.id.hex, f"{row.id.hex}{'A' * 22}"):
        async with client.get(f"/checkout/{token}", allow_redirects=False) as response:
            assert response.status == 410


async def test_a_form_that_is_refused_stores_nothing(core: Core, client: Client) -> None:
    await _address(core)
    paid = ArsenalPayDesk().callback(Transaction("1", "100080", "500.00", "me"), "payment")
    changed = paid.replace(b"AMOUNT=500.00", b"AMOUNT=900.00")
    for body, status in (
        (changed, 403),
        (paid + b"&AMOUNT=500.00", 400),
        (paid + b"&X=" + b"x" * bodies.BODY_LARGEST_BYTES, 413),
        (b"", 400),
    ):
        async with client.post("/callbacks/arsenalpay", data=body, headers=FORM) as response:
            assert response.status == status
    async with client.post("/callbacks/arsenalpay?ID=1&ID=2", data=paid, headers=FORM) as response:
        assert response.status == 400
    # Under another name of its kind the door does not look at the fields, and the adapter still does.
    async with client.post(
        "/callbacks/arsenalpay", data=paid + b"&RRN=2", headers={"Content-Type": "text/plain"}
    ) as response:
        assert (response.status, await response.text()) == (400, "ERR")
    assert await rows(core, provider_event) == []


async def test_a_question_is_answered_and_stores_nothing(core: Core, client: Client) -> None:
    desk = ArsenalPayDesk()
    for number, word in (("100080", '{"response": "YES"}'), ("7", '{"response": "NO"}')):
        body = desk.callback(Transaction("1", number, "500.00", "me"), "check", FORMAT="json")
        async with client.post("/callbacks/arsenalpay", data=body, headers=FORM) as response:
            assert (await response.text(), response.content_type) == (word, "application/json")
    assert await rows(core, provider_event) == []


async def test_a_question_in_time_of_trouble_is_left_open(core: Core, client: Client) -> None:
    async with core.database.transaction() as tx:
        await tx.connection.exec_driver_sql(f"ALTER TABLE {account.name} RENAME TO gone")
    body = ArsenalPayDesk().callback(Transaction("1", "100080", "500.00", "me"), "check")
    async with client.post("/callbacks/arsenalpay", data=body, headers=FORM) as response:
        assert await response.text() == "ERR"
    async with core.database.transaction() as tx:
        await tx.connection.exec_driver_sql(f"ALTER TABLE gone RENAME TO {account.name}")


@pytest.mark.parametrize(
    "through, status",
    [
        (None, 403),  # the peer itself is no address of the provider's
        (yookassa_desk.PEER, 403),  # nobody but a proxy of ours is believed
    ],
)
async def test_a_stranger_tells_us_nothing(
    settings: Settings, clock: FakeClock, open_client: Serve, through: str | None, status: int, core: Core
) -> None:
    yookassa = yookassa_scenes.adapter("https://api.yookassa.test")
    async with open_core(settings, clock=clock, wall=clock, providers=[yookassa]) as opened:
        client = await open_client(opened)
        headers = {} if through is None else {"X-Forwarded-For": through}
        body = YooKassaDesk().tells("payment.succeeded", "23d93cac-000f-5000-8000-126628f15141")
        async with client.post("/callbacks/yookassa", data=body, headers=headers) as response:
            assert response.status == status
        assert await rows(opened, provider_event) == []


async def test_a_notification_through_our_proxy_is_taken_and_looked_up(
    settings: Settings, clock: FakeClock, open_client: Serve, core: Core
) -> None:
    desk = YooKassaDesk()
    behind = settings.model_copy(update={"trusted_proxies": "127.0.0.1"})
    async with served(desk.app()) as url:
        yookassa = yookassa_scenes.adapter(url)
        async with open_core(behind, clock=clock, wall=clock, providers=[yookassa]) as opened:
            client = await open_client(opened)
            quote = await opened.top_ups.quote(
                CHAT, number="100080", amount=Money.roubles(500), method=Method.SBP, locale="ru"
            )
            await opened.top_ups.confirm(quote.id, by=CHAT)
            body = desk.pays(next(iter(desk.payments)))
            headers = {"X-Forwarded-For": f"6.6.6.6, {yookassa_desk.PEER}"}
            async with client.post("/callbacks/yookassa", data=body, headers=headers) as response:
                assert (response.status, await response.text()) == (200, "OK")
            await opened.callbacks.events_once(10)
            (event,) = await rows(opened, provider_event)
            assert event.state == EventState.APPLIED
            assert await opened.invariants.check() == []

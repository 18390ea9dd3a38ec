"""What the sandbox provider does wrong when asked to, and its callbacks, which go on until they are taken."""

import asyncio

import aiohttp
import pytest

from tests.deadlines import until
from tests.simulator.peers import Shop


async def test_a_callback_is_repeated_until_it_is_answered_ok(shop: Shop) -> None:
    shop.answers = [(500, ""), (200, "YES"), (404, "OK")]
    await shop.charge()
    events = await shop.heard(4)
    assert events == [events[0]] * 4
    assert shop.genuine == [True] * 4


async def test_a_callback_waits_for_a_shop_that_is_down(shop: Shop) -> None:
    knocks: list[asyncio.StreamWriter] = []

    def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        knocks.append(writer)
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        await shop.charge(callback_url=f"http://127.0.0.1:{port}/")
        await until(lambda: len(knocks) >= 3)


async def test_an_old_callback_can_be_sent_again_word_for_word(shop: Shop) -> None:
    _, answer = await shop.charge()
    await shop.heard()
    await shop.phone("provider/resend", {"id": answer["id"]})
    first, second = await shop.heard(2)
    assert first == second


async def test_callbacks_come_as_often_as_told(shop: Shop) -> None:
    await shop.faults(callback_times=10)
    await shop.charge()
    events = await shop.heard(10)
    assert events == [events[0]] * 10


async def test_callbacks_can_be_off_and_the_books_know_all_the_same(shop: Shop) -> None:
    await shop.faults(callbacks=False)
    _, silent = await shop.charge()
    await shop.faults(callbacks=True)
    _, loud = await shop.charge()
    assert [event["id"] for event in await shop.heard()] == [loud["id"]]
    assert {one["id"] for one in await shop.books()} == {silent["id"], loud["id"]}


async def test_a_delayed_callback_comes_after_one_that_is_not(shop: Shop) -> None:
    await shop.faults(callback_delay=0.2)
    _, late = await shop.charge()
    await shop.faults(callback_delay=0.0)
    _, prompt = await shop.charge()
    assert [event["id"] for event in await shop.heard(2)] == [prompt["id"], late["id"]]


@pytest.mark.parametrize(
    "field,lie", [("amount", 101_00), ("currency", "USD"), ("account", "9999999999"), ("test", False)]
)
async def test_a_callback_can_lie_about_one_field(shop: Shop, field: str, lie: object) -> None:
    shop.answers = [(400, "no")]
    await shop.faults(callback_wrong=field)
    _, first = await shop.charge()
    await shop.heard()
    await shop.faults(callback_wrong="")
    await shop.charge()
    wrong, right = await shop.heard(2)  # a lie comes once, though it was refused
    assert shop.genuine == [True, True]
    assert wrong == {**right, "event": wrong["event"], "at": wrong["at"], "id": first["id"], field: lie,
                     "payment": wrong["payment"]}  # fmt: skip


async def test_a_forged_signature_comes_once(shop: Shop) -> None:
    shop.answers = [(403, "no")]
    await shop.faults(forge_signature=1)
    await shop.charge()
    await shop.heard()
    await shop.charge()
    await shop.heard(2)
    assert shop.genuine == [False, True]


async def test_refusing_with_500_charges_nothing(shop: Shop) -> None:
    await shop.faults(refuse_500=1)
    assert await shop.charge() == (500, {"error": "out_of_order"})
    assert await shop.books() == []
    assert (await shop.charge())[0] == 200


async def test_charging_then_500_leaves_the_charge(shop: Shop) -> None:
    await shop.faults(charge_then_500=1)
    assert (await shop.charge(payment="p1"))[0] == 500
    assert [one["status"] for one in await shop.payments("p1")] == ["succeeded"]


async def test_charging_then_a_reset_leaves_the_charge(shop: Shop) -> None:
    await shop.faults(charge_then_reset=1)
    with pytest.raises(aiohttp.ClientError):
        await shop.charge(payment="p1")
    assert [one["status"] for one in await shop.payments("p1")] == ["succeeded"]


async def test_an_answer_after_the_client_gave_up_leaves_the_charge(shop: Shop) -> None:
    await shop.faults(charge_then_late=1, late_seconds=30)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await shop.charge(payment="p1")
    assert [one["status"] for one in await shop.payments("p1")] == ["succeeded"]


async def test_a_late_answer_is_the_right_one(shop: Shop) -> None:
    await shop.faults(charge_then_late=1, late_seconds=0.01)
    assert (await shop.charge())[1]["status"] == "succeeded"


@pytest.mark.parametrize(
    "asked",
    [
        {"provider": {"unknown": 1}},
        {"provider": {"refuse_500": -1}},
        {"provider": {"refuse_500": True}},
        {"provider": {"callbacks": 1}},
        {"provider": {"callback_delay": "1"}},
        {"provider": {"callback_wrong": "payment"}},
        {"smsc": {"throttle": 1.5}},
        {"bot_api": {"unknown": True}},
        {"weather": {}},
        {"smsc": 1},
        [],
    ],
)
async def test_a_fault_that_does_not_exist_is_refused(shop: Shop, asked: object) -> None:
    status, answer = await shop.phone("faults", asked)
    assert status == 400
    assert answer["error"]


async def test_faults_can_be_calmed(shop: Shop) -> None:
    await shop.faults(refuse_500=5, callbacks=False)
    assert await shop.phone("faults", {"provider": None, "smsc": None, "bot_api": None}) == (200, {})
    assert (await shop.charge())[0] == 200
    await shop.heard()

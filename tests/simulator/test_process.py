"""The simulator as a process: its ready line, its ends, its event stream, what it never imports."""

import asyncio
import json
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
import smpp34

from simulator.__main__ import read_arguments
from simulator.bus import Bus
from simulator.world import Options, Person, World, open_world
from tests.deadlines import until
from tests.simulator.peers import KEY, Shop

ARGUMENTS = ["--http-port", "0", "--smpp-port", "0", "--provider-key", "key", "--bot-token", "42:token"]
PHONE = "79140000001"


@asynccontextmanager
async def started(*arguments: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, dict[str, Any]]]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulator", *ARGUMENTS, *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    try:
        async with asyncio.timeout(30):
            ready = json.loads(await process.stdout.readline())
        yield process, ready
        async with asyncio.timeout(30):
            _, errors = await process.communicate()
        assert (process.returncode, errors) == (0, b"")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
async def test_a_process_says_where_it_listens_and_ends_politely(sign: signal.Signals) -> None:
    async with started() as (process, ready), aiohttp.ClientSession() as session:
        assert ready == {"ready": True, "http": ready["http"], "smpp": ready["smpp"]}
        product = await smpp34.Client("127.0.0.1", ready["smpp"], "demo", "demo").connect()
        assert product.system_id == "demo"
        url = f"http://127.0.0.1:{ready['http']}"
        async with session.get(f"{url}/phone/events") as events, session.get(url) as page:
            assert page.status == 200
            process.send_signal(sign)  # with a page, a session and a stream open
            assert await events.content.readline() == b": listening\n"
            await events.read()


async def test_a_process_ends_with_its_standard_input_when_told_so() -> None:
    async with started("--die-with-stdin", "--no-smsc", "--no-bot-api") as (process, ready):
        assert ready["smpp"] is None
        assert process.stdin
        process.stdin.close()


def test_arguments_name_people_and_places() -> None:
    options, die_with_stdin = read_arguments([*ARGUMENTS, "--users", "7=Seven, 8", "--no-bot-api"])
    assert options.users == (Person("7", "Seven"), Person("8", "8"))
    assert [person.address for person in options.phones] == [PHONE, "79020000002"]
    assert (options.bot_token, options.smsc, die_with_stdin) == ("", True, False)
    assert "key" not in repr(options)


@pytest.mark.parametrize("arguments", [["--users", "seven"], ["--phones", ""], ["--bot-token", ""]])
def test_arguments_that_cannot_work_are_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        read_arguments([*ARGUMENTS, *arguments])
    assert "error" in capsys.readouterr().err


async def test_a_port_that_is_taken_stops_the_start() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        options = Options(provider_key="key", http_port=taken.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            async with open_world(options):
                pass


async def test_a_stream_names_what_changed_and_ends_with_the_world(shop: Shop) -> None:
    world = shop.world
    async with shop.session.get(f"{world.url}/phone/events") as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        assert await stream.content.readline() == b": listening\n"
        await shop.phone(f"sms/{PHONE}/send", {"text": "да"})
        assert await topic(stream) == f"sms:{PHONE}"
        await shop.phone("telegram/1001/text", {"text": "/start"})
        assert await topic(stream) == "telegram:1001"
        await shop.checkout()
        assert await topic(stream) == "provider"
        world.bus.close()
        assert (await stream.content.read()).strip() == b""
    async with shop.session.get(f"{world.url}/phone/events") as stream:
        assert await stream.content.read() == b": listening\n\n"


async def topic(stream: aiohttp.ClientResponse) -> str:
    async for line in stream.content:
        if line.startswith(b"data: "):
            named: str = json.loads(line.removeprefix(b"data: "))["topic"]
            return named
    raise AssertionError("the stream has ended")


async def test_a_reader_hears_a_topic_once_however_often_it_changed() -> None:
    bus = Bus()
    with bus.listen() as listener:
        topics = listener.topics(idle_seconds=0.01)
        for name in ("a", "b", "a"):
            bus.publish(name)
        assert [await anext(topics), await anext(topics), await anext(topics)] == ["a", "b", None]
    bus.publish("nobody listens")


async def test_a_stream_that_the_page_left_is_forgotten(shop: Shop) -> None:
    async with shop.session.get(f"{shop.world.url}/phone/events") as stream:
        await stream.content.readline()
        stream.close()

    async def nobody_listens() -> bool:
        shop.world.bus.publish("provider")
        return not shop.world.bus.listeners

    await until(nobody_listens)


async def test_an_sms_over_http_is_shown_with_its_state(shop: Shop) -> None:
    world = shop.world
    assert await sessions(shop) == 0
    status, sent = await shop.phone(f"sms/{PHONE}/send", {"text": "баланс", "to": "3116"})
    assert (status, sent["direction"], sent["state"], sent["segments"]) == (200, "mo", "waiting", 1)
    product = await smpp34.Client("127.0.0.1", world.smpp_port or 0, "demo", "demo").connect()
    assert isinstance(await product.next(), smpp34.DeliverSmEvent)
    assert await sessions(shop) == 1

    async def delivered() -> list[dict[str, Any]]:
        return [message for message in await messages(shop) if message["state"] == "done"]

    (message,) = await until(delivered)
    assert (message["from"], message["to"], message["text"]) == (PHONE, "3116", "баланс")


async def messages(shop: Shop) -> list[dict[str, Any]]:
    async with shop.session.get(f"{shop.world.url}/phone/sms/{PHONE}/messages") as answer:
        found: list[dict[str, Any]] = (await answer.json())["messages"]
        return found


async def sessions(shop: Shop) -> int:
    async with shop.session.get(f"{shop.world.url}/phone/smsc") as answer:
        count: int = (await answer.json())["sessions"]
        return count


@pytest.mark.parametrize(
    "asked", [{}, {"text": " "}, {"text": 5}, {"text": "x" * 2001}, {"text": "да", "to": "Shop"}, []]
)
async def test_a_text_that_no_phone_could_send_is_refused(shop: Shop, asked: object) -> None:
    assert (await shop.phone(f"sms/{PHONE}/send", asked))[0] == 400
    async with shop.session.post(f"{shop.world.url}/phone/sms/{PHONE}/send", data=b"{") as answer:
        assert answer.status == 400


async def test_a_fault_is_switched_for_the_centre_and_the_connection_cut(world: World, shop: Shop) -> None:
    product = await smpp34.Client("127.0.0.1", world.smpp_port or 0, "demo", "demo").connect()
    assert await shop.phone("faults", {"smsc": {"throttle": 1}}) == (200, {})
    assert (await product.submit_sm(PHONE, b"x", source_addr="3116")).command_status == 0x58
    assert await shop.phone("faults", {"smsc": {"cut": True}}) == (200, {})
    assert isinstance(await product.next(), smpp34.Disconnected)


async def test_without_a_centre_no_text_goes_out() -> None:
    async with (
        open_world(Options(provider_key=KEY.decode(), smsc=False)) as world,
        aiohttp.ClientSession() as session,
    ):
        assert world.smpp_port is None
        async with session.post(f"{world.url}/phone/sms/{PHONE}/send", json={"text": "да"}) as answer:
            assert answer.status == 503


async def test_the_simulator_imports_nothing_of_the_product() -> None:
    script = (
        "import simulator.__main__, sys; "
        "print(*{name.partition('.')[0] for name in sys.modules} & "
        "{'aiogram', 'aliance', 'bot', 'commands', 'core', 'handlers', 'sms_gateway', 'web'})"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    assert (process.returncode, printed.split()) == (0, [])

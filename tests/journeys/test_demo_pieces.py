"""The demo with pieces of the outside world replaced, and when one goes away."""

import asyncio
import os
import signal
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from simulator.world import Options, World, open_world
from sms_gateway.configured import UNSAID
from tests.cli.conftest import start
from tests.deadlines import until, until_now
from tests.journeys.conftest import ready

PHONE = "79140000001"
TOKEN = "42:token-of-another"
PATIENCE_SECONDS = 60


@asynccontextmanager
async def demo(folder: Path, world: World) -> AsyncIterator[str]:
    """A demo against the SMSC and the Bot API of another world; what it printed until ready."""
    process = start(
        folder,
        "demo",
        "--no-browser",
        "--port",
        "0",
        SMSC_URL=f"smpp://demo:demo@127.0.0.1:{world.smpp_port}",
        TELEGRAM_API=world.url,
        TELEGRAM_TOKEN=TOKEN,
    )
    try:
        yield await asyncio.to_thread(ready, process)
    finally:
        process.terminate()
        await asyncio.to_thread(process.communicate)


async def test_an_smsc_and_a_bot_api_of_somebody_else_are_used(tmp_path: Path) -> None:
    async with open_world(Options(provider_key="key", bot_token=TOKEN)) as world:
        assert world.smsc is not None
        assert world.bot_api is not None
        smsc, phones = world.smsc, world.bot_api.phones
        async with demo(tmp_path, world):
            await until(lambda: smsc.sessions, within=PATIENCE_SECONDS)
            smsc.send(PHONE, to="3116", text="aliance 100080 100")
            await until(lambda: "113" in _received(world), within=PATIENCE_SECONDS)
            smsc.send(PHONE, to="3116", text="да")
            await until(lambda: "Оплачено" in _received(world), within=PATIENCE_SECONDS)
            phones.write(1001, "/start")
            chat = phones.chats.of(1001)
            await until(
                lambda: [each for each in chat.messages.values() if each.from_bot], within=PATIENCE_SECONDS
            )


def _received(world: World) -> str:
    messages = [message.facts() for message in world.sms_phones.messages(PHONE)]
    return " ".join(str(each["text"]) for each in messages if each["direction"] == "mt")


def test_what_is_somebody_elses_is_not_played(tmp_path: Path) -> None:
    nowhere = {
        "SMSC_URL": "smpp://demo:demo@127.0.0.1:9",
        "TELEGRAM_API": "http://127.0.0.1:9",
        "TELEGRAM_TOKEN": TOKEN,
    }
    process = start(tmp_path, "demo", "--once", **nowhere)
    said, told = process.communicate(timeout=PATIENCE_SECONDS * 2)
    assert process.returncode == 0, said + told
    assert "The SMSC is not the simulator's: nobody sends an SMS." in said
    assert "The Bot API is not the simulator's: nobody writes in Telegram." in said
    assert "Provider's books: 0 charges" in said


def test_the_demo_ends_with_its_outside_world_and_tells(tmp_path: Path) -> None:
    process = start(tmp_path, "demo", "--no-browser", "--port", "0")
    ready(process)
    os.kill(_simulator_of(process), signal.SIGKILL)
    _, told = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert "the simulator has ended" in told
    assert UNSAID not in told  # its SMSC is the operator's own, and said to be


def test_the_outside_world_ends_with_a_demo_that_was_killed(tmp_path: Path) -> None:
    process = start(tmp_path, "demo", "--no-browser", "--port", "0")
    ready(process)
    simulator = _simulator_of(process)
    process.kill()
    process.communicate(timeout=PATIENCE_SECONDS)
    assert until_now(lambda: "simulator" not in _command_of(simulator))


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        process = start(tmp_path, "demo", "--no-browser", "--port", port)
        _, told = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert "is its port taken? choose another with --port" in told


def _simulator_of(process: subprocess.Popen[str]) -> int:
    """The process id of the demo's child."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    [found] = [int(child) for child in children if "simulator" in _command_of(int(child))]
    return found


def _command_of(process_id: int) -> list[str]:
    """Empty once the process has ended."""
    try:
        return Path(f"/proc/{process_id}/cmdline").read_text().split("\0")
    except FileNotFoundError:
        return []

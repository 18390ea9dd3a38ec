"""`python -m simulator`: the demo's outside world as a process; says when it is ready, stops politely."""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence

from simulator.world import Options, Person, open_world

USERS = "1001=Абонент 1001,1002=Абонент 1002"
PHONES = "79140000001=МТС,79020000002=другой оператор"


def people(text: str) -> tuple[Person, ...]:
    """ "address=name,…"; without a name the address is shown."""
    pairs = (one.strip().partition("=") for one in text.split(",") if one.strip())
    found = tuple(Person(address, name or address) for address, _, name in pairs)
    if not found or not all(person.address.isdecimal() for person in found):
        raise argparse.ArgumentTypeError(f"not a list like {USERS}: {text}")
    return found


def read_arguments(arguments: Sequence[str] | None = None) -> tuple[Options, bool]:
    """The options, and whether the process ends with its standard input."""
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--http-port", type=int, default=8090, help="0: any free one")
    parser.add_argument("--smpp-port", type=int, default=2775, help="0: any free one")
    parser.add_argument("--bot-token", default="", help="the token that the bot will use")
    parser.add_argument("--provider-key", required=True, help="signs requests and callbacks")
    parser.add_argument("--system-id", default="demo")
    parser.add_argument("--password", default="demo")
    parser.add_argument("--public-url", default="", help="where a browser finds this server")
    parser.add_argument("--ledger-url", default="", help="the page of the product that is shown in a frame")
    parser.add_argument("--clock-url", default="", help="where the product's clock can be moved")
    parser.add_argument("--hint", default="", help="login and password to try, shown on the page")
    parser.add_argument("--short-code", default="3116")
    parser.add_argument(
        "--sms-example", default="aliance 100080 100", help="a text to try, shown on the page"
    )
    parser.add_argument("--users", type=people, default=USERS, help=f"Telegram users: {USERS}")
    parser.add_argument("--phones", type=people, default=PHONES, help=f"SMS phones: {PHONES}")
    parser.add_argument("--no-bot-api", action="store_true")
    parser.add_argument("--no-smsc", action="store_true")
    parser.add_argument("--die-with-stdin", action="store_true", help="end when standard input closes")
    given = vars(parser.parse_args(arguments))
    no_bot_api, no_smsc, die_with_stdin = (
        given.pop(name) for name in ("no_bot_api", "no_smsc", "die_with_stdin")
    )
    if not no_bot_api and not given["bot_token"]:
        parser.error("--bot-token is needed without --no-bot-api")
    if no_bot_api:
        given["bot_token"] = ""
    return Options(**given, smsc=not no_smsc), die_with_stdin


async def run(options: Options, *, die_with_stdin: bool) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stopped.set)
    if die_with_stdin:
        threading.Thread(target=_wait_for_stdin, args=(loop, stopped), daemon=True).start()
    async with open_world(options) as world:
        print(json.dumps({"ready": True, "http": world.http_port, "smpp": world.smpp_port}), flush=True)
        await stopped.wait()


def _wait_for_stdin(loop: asyncio.AbstractEventLoop, stopped: asyncio.Event) -> None:
    """A pipe closes with the process that holds its other end, however that one died."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    with contextlib.suppress(RuntimeError):  # the loop has just ended for another reason
        loop.call_soon_threadsafe(stopped.set)


def main() -> None:
    options, die_with_stdin = read_arguments()
    asyncio.run(run(options, die_with_stdin=die_with_stdin))
    sys.stdout.flush()
    # smpp34's threads outlive the loop, and one that still runs while Python winds up aborts the process.
    os._exit(0)


if __name__ == "__main__":
    main()

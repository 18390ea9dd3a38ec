"""The people of the demo: what they do with their phones and browsers, over plain HTTP."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from html import unescape
from typing import Any, TypeVar

import aiohttp

ANSWER_SECONDS = 30.0  # for an answer on the screen; it takes well under one
JOURNEY_SECONDS = 180.0  # for a month to pass; it takes a few
JOURNEY_LOOK_SECONDS = 0.2
LOOK_AGAIN_SECONDS = 0.05

T = TypeVar("T")
Json = dict[str, Any]


class Off(Exception):
    """What a person saw is not what should have come."""


@dataclass(frozen=True, slots=True)
class Button:
    message_id: int
    text: str
    data: str | None
    url: str | None


class Phones:
    """The simulator's phones, as its page uses them."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = url

    @classmethod
    @asynccontextmanager
    async def at(cls, url: str) -> AsyncIterator["Phones"]:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS)) as http:
            yield cls(http, url)

    async def until_bound(self) -> None:
        """The product is bound to the SMSC."""
        await until(self.sessions, "a bind at the SMSC")

    async def until_commands(self) -> None:
        """The bot has introduced itself."""
        await until(lambda: self._commands(1), "the bot's commands")

    async def send_sms(self, msisdn: str, text: str, *, to: str) -> None:
        await self._post(f"/phone/sms/{msisdn}/send", {"text": text, "to": to})

    async def received_sms(self, msisdn: str) -> list[Json]:
        told = await self._get(f"/phone/sms/{msisdn}/messages")
        return [message for message in told["messages"] if message["direction"] == "mt"]

    async def write(self, user: int, text: str) -> None:
        await self._post(f"/phone/telegram/{user}/text", {"text": text})

    async def press(self, user: int, pressed: Button) -> None:
        said = {"message_id": pressed.message_id, "data": pressed.data}
        await self._post(f"/phone/telegram/{user}/press", said)

    async def unblock(self, user: int) -> None:
        """The bot may write to this person from now on."""
        await self._post(f"/phone/telegram/{user}/block", {"blocked": False})

    async def bot_messages(self, user: int) -> list[Json]:
        """What the bot has on this person's screen, oldest first."""
        told = await self._get(f"/phone/telegram/{user}/messages")
        return [message for message in told["messages"] if message["from"] == "bot"]

    async def open(self, url: str) -> str:
        """A page as a browser shows it."""
        async with self._http.get(url, headers={"Accept": "text/html"}) as response:
            return _shown(response, await response.text())

    async def submit(self, url: str, fields: dict[str, str]) -> str:
        async with self._http.post(url, data=fields, headers={"Accept": "text/html"}) as response:
            return _shown(response, await response.text())

    async def today(self) -> date:
        """The product's date by the operator's wall."""
        return datetime.fromisoformat((await self._get("/phone/clock"))["now"]).date()

    async def wait(self, days: int) -> None:
        """Let the product's days pass."""
        await self._post("/phone/clock", {"days": days})
        arrived = f"the end of {days} days"
        await until(self._arrived, arrived, within=JOURNEY_SECONDS, every=JOURNEY_LOOK_SECONDS)

    async def set_saved_cards(self, mood: str) -> None:
        """What the banks of remembered cards answer from now on."""
        await self._post("/phone/provider/saved-cards", {"mood": mood})

    async def provider_books(self) -> list[Json]:
        charges: list[Json] = (await self._get("/provider/books"))["charges"]
        return charges

    async def _arrived(self) -> bool:
        return not (await self._get("/phone/clock"))["moving"]

    async def sessions(self) -> int:
        return int((await self._get("/phone/smsc"))["sessions"] or 0)

    async def undelivered_sms(self) -> int:
        """Texts and receipts that the SMSC still repeats, because the product has not acknowledged them."""
        return int((await self._get("/phone/smsc"))["waiting"])

    async def _commands(self, user: int) -> list[Json]:
        commands: list[Json] = (await self._get(f"/phone/telegram/{user}/messages"))["commands"]
        return commands

    async def _get(self, path: str) -> Json:
        async with self._http.get(self._url + path) as response:
            response.raise_for_status()
            told: Json = await response.json()
            return told

    async def _post(self, path: str, said: Json) -> None:
        async with self._http.post(self._url + path, json=said) as response:
            if response.status != 200:
                raise Off(f"{path}: {response.status} {await response.text()}")


async def until(
    look: Callable[[], Awaitable[T | None]],
    what: str,
    *,
    within: float = 0.0,
    every: float = LOOK_AGAIN_SECONDS,
) -> T:
    """Look until there is something; raises Off after a while."""
    seconds = within or ANSWER_SECONDS
    try:
        async with asyncio.timeout(seconds):
            while True:
                if seen := await look():
                    return seen
                await asyncio.sleep(every)
    except TimeoutError:
        raise Off(f"within {seconds:g} s there was not: {what}") from None


def button(message: Json, kind: str) -> Button | None:
    """The button whose data begins with this word; "url" for one that opens a page."""
    for each in (one for row in message["buttons"] for one in row):
        found = Button(message["message_id"], each["text"], each.get("data"), each.get("url"))
        if found.url is not None if kind == "url" else (found.data or "").partition(":")[0] == kind:
            return found
    return None


def field(page: str, name: str) -> str:
    """The value of a form's hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    if found is None:
        raise Off(f"the page has no field {name!r}")
    return unescape(found[1])


def _shown(response: aiohttp.ClientResponse, page: str) -> str:
    if response.status != 200:
        raise Off(f"{response.url.path}: {response.status}")
    return page

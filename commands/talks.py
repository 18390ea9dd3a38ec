"""One person and the product in turn: each thing said waits for what is answered, and both are printed."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from bot.pace import Bucket
from commands.phones import Button, Json, Off, Phones, button, until

# Telegram takes a message a second into a chat, after a burst of some ten; an answer beyond that is lost.
# What came by itself since the last act, alerts and warnings, is counted too.
ACTS_AT_ONCE = 5


class SmsTalk:
    """A phone and the short code."""

    def __init__(self, phones: Phones, msisdn: str, short_code: str) -> None:
        self._phones = phones
        self._msisdn = msisdn
        self._short_code = short_code

    async def says(self, text: str, *expected: str) -> None:
        """Send a text; the next SMS that comes must hold all of `expected`."""
        before = len(await self._phones.received_sms(self._msisdn))

        async def answered() -> Json | None:
            received = await self._phones.received_sms(self._msisdn)
            return received[before] if len(received) > before else None

        print(f"  > {text}")
        await self._phones.send_sms(self._msisdn, text, to=self._short_code)
        answer = await until(answered, f"an answer to {text!r}")
        print(f"  < {answer['text']}  [segments: {answer['segments']}]")
        must_hold(answer["text"], *expected)


class Chat:
    """A Telegram user and the bot."""

    def __init__(self, phones: Phones, user: int) -> None:
        self._phones = phones
        self._user = user
        self._before: list[Json] = []
        self._pace = Bucket(per_second=1.0, burst=ACTS_AT_ONCE)

    async def says(self, text: str, *expected: str, button: str = "", shown: str = "") -> Json:
        """Write; the bot's new or changed message with that button and all of `expected`."""
        print(f"  > {shown or text}")
        return await self._after(lambda: self._phones.write(self._user, text), expected, button)

    async def presses(self, pressed: Button, *expected: str, button: str = "") -> Json:
        print(f"  > [{pressed.text}]")
        return await self._after(lambda: self._phones.press(self._user, pressed), expected, button)

    async def sees(self, act: Callable[[], Awaitable[object]], *expected: str, button: str = "") -> Json:
        """What the bot shows by itself after something outside the chat."""
        return await self._after(act, expected, button)

    async def messages(self) -> list[Json]:
        return await self._phones.bot_messages(self._user)

    async def also(self, *expected: str, button: str = "") -> Json:
        """One more message that came after the last act."""
        return await self._answered(expected, button)

    async def _after(
        self, act: Callable[[], Awaitable[object]], expected: tuple[str, ...], kind: str
    ) -> Json:
        now = await self._phones.bot_messages(self._user)
        came = len(now) - len(self._before) - 1  # the answer is counted with the act that it answers
        for _ in range(came):
            self._pace.take(time.monotonic())
        await asyncio.sleep(self._pace.take(time.monotonic()))
        self._before = await self._phones.bot_messages(self._user)
        await act()
        return await self._answered(expected, kind)

    async def _answered(self, expected: tuple[str, ...], kind: str) -> Json:
        async def answered() -> Json | None:
            now = [each for each in await self._phones.bot_messages(self._user) if each not in self._before]
            fitting = [each for each in now if not kind or button(each, kind)]
            return next((each for each in fitting if all(part in each["text"] for part in expected)), None)

        answer = await until(answered, f"a message with {[*expected, kind]}")
        _show(answer)
        return answer


def press_of(message: Json, kind: str) -> Button:
    """The button that must be there."""
    found = button(message, kind)
    if found is None:
        raise Off(f"no button {kind!r} under {message['text']!r}")
    return found


def page_of(message: Json) -> str:
    """The address behind the button that opens a page."""
    url = press_of(message, "url").url
    assert url is not None
    return url


def must_hold(text: str, *expected: str) -> None:
    missing = [each for each in expected if each not in text]
    if missing:
        raise Off(f"{missing} is not in {text[:300]!r}")


def _show(message: Json) -> None:
    print("  < " + message["text"].replace("\n", "\n    "))
    for row in message["buttons"]:
        print("    " + " ".join(f"[{each['text']}]" for each in row))

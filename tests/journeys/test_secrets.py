"""I12: after cards, passwords and codes went through the demo, none is in its files or its log."""

import asyncio
import re
import sqlite3
from pathlib import Path

from commands.phones import Button, Phones, button, field, until
from tests.cli.conftest import start
from tests.journeys.conftest import ready

PHONE = "79140000001"
PERSON = 1001
PASSWORD = "demo-1000"
TYPED_CARD = "5555 5555 5555 4444"
CARD = {"number": "4276 8500 0003 7173", "expiry": "12/30", "cvc": "739"}


async def _live(url: str) -> list[str]:
    """Say all that must not be kept; returns it."""
    async with Phones.at(url) as phones:
        await phones.until_bound()
        await phones.until_commands()
        await phones.send_sms(PHONE, f"aliance {TYPED_CARD} 100", to="3116")
        await until(lambda: phones.received_sms(PHONE), "an answer to a card number by SMS")
        await phones.write(PERSON, f"моя карта {TYPED_CARD}")
        await phones.write(PERSON, "/start")
        link = await until(lambda: _button(phones, "link"), "the button to link")
        await phones.press(PERSON, link)
        page = await until(lambda: _button(phones, "url"), "the login page")
        assert page.url is not None
        proven = await phones.submit(page.url, {"login": "100080", "password": PASSWORD})
        shown = re.search(r'id="code">(\d{6})<', proven)
        assert shown is not None
        await phones.write(PERSON, shown[1])
        await phones.write(PERSON, "/pay")
        await until(lambda: _button(phones, "amount"), "the sums to choose from")
        await phones.write(PERSON, "500")
        await phones.press(PERSON, await until(lambda: _button(phones, "confirm"), "the quote"))
        checkout = await until(lambda: _button(phones, "url"), "the card page")
        assert checkout.url is not None
        form = field(await phones.open(checkout.url), "form")
        await phones.submit(checkout.url, CARD | {"form": form})
        await until(lambda: _said(phones, "xxxx 7173"), "the receipt")
        return [shown[1], page.url.rsplit("/", 1)[1]]


async def _button(phones: Phones, kind: str) -> Button | None:
    messages = await phones.bot_messages(PERSON)
    return button(messages[-1], kind) if messages else None


async def _said(phones: Phones, words: str) -> bool:
    return any(words in message["text"] for message in await phones.bot_messages(PERSON))


def _texts(folder: Path) -> str:
    """Every text that the database holds, a line each."""
    [path] = folder.rglob("*.db")
    lines = []
    with sqlite3.connect(path) as database:
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in database.execute(f'SELECT * FROM "{table}"'):
                lines += [
                    each.decode(errors="replace") if isinstance(each, bytes) else str(each) for each in row
                ]
    return "\n".join(lines)


def test_nothing_secret_is_kept_or_logged(tmp_path: Path) -> None:
    process = start(tmp_path, "demo", "--no-browser", "--keep", "--port", "0")
    try:
        said = asyncio.run(_live(ready(process)))
    finally:
        process.terminate()
        _, logged = process.communicate(timeout=60)
    kept = _texts(tmp_path)
    files = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert r"\u2022" * 4 in kept, "the card number typed by SMS did come through here"
    for secret in (TYPED_CARD, TYPED_CARD.replace(" ", ""), CARD["number"], CARD["number"].replace(" ", "")):
        assert secret.encode() not in files
        assert secret not in kept + logged
    for secret in (PASSWORD, *said):
        assert not re.search(rf"(?<!\w){re.escape(secret)}(?!\w)", kept + logged)

"""The live ledger: for who holds the token, and as it changes."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp import ClientResponse
from sqlalchemy import select

from commands.site import site
from core.ids import TransferId, new_id
from core.ledger import book
from core.ledger.transfer import OPENING, Transfer
from core.money import Money
from core.states import TransferKind
from core.storage.tables import account
from core.wiring import Core
from handlers.locale import Catalogues
from tests.deadlines import until
from tests.web.conftest import LEDGER_TOKEN, Client, Serve
from web import ledger

PLACE = "/ledger/100080"
GIVEN = {"token": LEDGER_TOKEN}


async def credit(core: Core, amount: Money, *, wake: bool = True) -> None:
    async with core.database.transaction() as tx:
        owner = await tx.scalar(select(account.c.id).where(account.c.number == "100080"))
        await book.post(
            tx,
            Transfer(
                id=TransferId(new_id()),
                debit=OPENING.id,
                credit=owner,
                amount=amount,
                kind=TransferKind.CORRECTION,
                key=f"test:{new_id()}",
                at=core.clock.now(),
            ),
        )
        if wake:
            tx.wake(ledger.TOPIC)


async def tables(response: ClientResponse) -> AsyncIterator[str]:
    """The tables that the stream sends, one an event."""
    async for line in response.content:
        if line.startswith(b"data: "):
            yield json.loads(line.removeprefix(b"data: "))


@pytest.mark.parametrize("query", ["", "?token=", "?token=wrong", "?token=%ff", f"?token={LEDGER_TOKEN}x"])
@pytest.mark.parametrize("place", [PLACE, f"{PLACE}/events"])
async def test_without_the_token_there_is_no_ledger(client: Client, place: str, query: str) -> None:
    async with client.get(place + query) as response:
        assert response.status == 404


async def test_without_a_configured_token_there_is_no_ledger(core: Core, open_client: Serve) -> None:
    settings = core.settings.model_copy(update={"ledger_token": type(core.settings.ledger_token)("")})
    client = await open_client(replace(core, settings=settings))
    async with client.get(f"{PLACE}?token=") as response:
        assert response.status == 404


async def test_a_missing_account_looks_like_a_wrong_token(client: Client) -> None:
    async with client.get("/ledger/999999", params=GIVEN) as response:
        assert response.status == 404


async def test_the_page_shows_the_transfers_and_the_balance(core: Core, client: Client) -> None:
    await credit(core, Money.roubles(100))
    async with client.get(PLACE, params=GIVEN) as response:
        page = await response.text()
        assert response.headers["Cache-Control"] == "no-store"
    assert 'id="posted" data-kopecks="29819"' in page
    assert "198,19\N{NO-BREAK SPACE}₽" in page
    assert "Начальный остаток" in page
    assert page.index("Исправление") < page.index("Начальный остаток")
    assert "subscriber:100080" in page


async def test_only_a_demo_shows_it_in_a_frame(core: Core, client: Client, open_client: Serve) -> None:
    async with client.get(PLACE, params=GIVEN) as response:
        assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    demo = await open_client(replace(core, settings=core.settings.model_copy(update={"env": "demo"})))
    async with demo.get(PLACE, params=GIVEN) as response:
        assert "frame-ancestors http://127.0.0.1:*" in response.headers["Content-Security-Policy"]
    async with demo.get("/paid") as response:
        assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]


async def test_the_stream_sends_the_table_anew_when_it_changes(core: Core, client: Client) -> None:
    async with client.get(f"{PLACE}/events", params=GIVEN) as response:
        assert response.content_type == "text/event-stream"
        seen = aiter(tables(response))
        assert "298,19" not in await anext(seen)
        await credit(core, Money.roubles(100))
        assert "298,19" in await anext(seen)


async def test_a_lost_wake_up_costs_a_second_at_most(
    core: Core, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ledger.LOOK_AGAIN_SECONDS <= 1
    monkeypatch.setattr(ledger, "LOOK_AGAIN_SECONDS", 0.01)
    async with client.get(f"{PLACE}/events", params=GIVEN) as response:
        seen = aiter(tables(response))
        await anext(seen)
        await credit(core, Money.roubles(100), wake=False)
        assert "298,19" in await anext(seen)


async def test_a_quiet_stream_says_that_it_lives(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "LOOK_AGAIN_SECONDS", 0.01)
    async with client.get(f"{PLACE}/events", params=GIVEN) as response:
        lines = [line async for line in _until_comment(response)]
    assert lines[-1] == b": quiet\n"


async def _until_comment(response: ClientResponse) -> AsyncIterator[bytes]:
    async for line in response.content:
        yield line
        if line.startswith(b":"):
            return


async def test_the_stream_ends_when_the_server_stops(client: Client) -> None:
    async with client.get(f"{PLACE}/events", params=GIVEN) as response:
        seen = aiter(tables(response))
        await anext(seen)
        await client.server.close()
        with pytest.raises(StopAsyncIteration):
            await anext(seen)


async def test_a_reader_who_leaves_is_no_trouble(
    core: Core, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ledger, "LOOK_AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(ledger, "QUIET_LOOKS", 1)
    logged: list[str] = []

    def told() -> bool:
        logged.append(capsys.readouterr().out)
        return "ledger page closed" in "".join(logged)

    # As in production: aiohttp's own test server would cancel the handler instead.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with site(core, Catalogues(core.profile.zone), [], listener, pages=True):
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            writer.write(f"GET {PLACE}/events?token={LEDGER_TOKEN} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            await reader.readuntil(b"data: ")
            writer.transport.abort()
            await until(told)
    assert "request failed" not in "".join(logged)
